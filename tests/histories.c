#include "tests/histories.h"

#include <math.h>

/* ---- configurations ---- */

const char *const channel_names[N_CHANNELS] = { "log", "hook", "page" };

#define ALL "change_lead_time, deployment_frequency, change_fail_rate, time_to_restore"
#define SOUND                                                                            \
	"  - name: sound\n"                                                              \
	"    metric: change_fail_rate\n"                                                 \
	"    team: red\n"                                                                \
	"    environment: production\n"                                                  \
	"    at_most: 15%\n"                                                             \
	"    over: 7d\n"                                                                 \
	"    minimum: 3\n"

const struct variant variants[N_VARIANTS] = {
	{ ALL, "default", SOUND, LOG | HOOK, LOG },
	{ ALL, "default", SOUND, HOOK | PAGE, PAGE },
	{ ALL, "default", SOUND, LOG | HOOK, HOOK },
	{ "change_lead_time, time_to_restore", "default", "", LOG, LOG | HOOK | PAGE },
};

static const char config_text[] = "database:\n"
				  "  uri: \"%s dbname=%s\"\n"
				  "sources:\n"
				  "  git:\n"
				  "    - name: shop\n"
				  "      url: https://git.example/shop\n"
				  "alerts:\n"
				  "  channels:\n"
				  "    - name: log\n"
				  "      journal: true\n"
				  "    - name: hook\n"
				  "      webhook:\n"
				  "        url: http://127.0.0.1:9/\n"
				  "    - name: page\n"
				  "      webhook:\n"
				  "        url: http://127.0.0.1:9/page\n"
				  "  guardrail_channels: [%s]\n"
				  "  rules:\n"
				  "    - name: all\n"
				  "      metrics: [%s]\n"
				  "      sensitivity: %s\n"
				  "      channels: [%s]\n"
				  "guardrails:\n"
				  "  - name: fast\n"
				  "    metric: change_lead_time\n"
				  "    service: cart\n"
				  "    environment: production\n"
				  "    at_most: 2d\n"
				  "    over: 7d\n"
				  "    minimum: 3\n"
				  "%s"
				  "orgs:\n"
				  "  - name: acme\n"
				  "teams:\n"
				  "  - name: red\n"
				  "    org: acme\n"
				  "services:\n"
				  "  - name: cart\n"
				  "    team: red\n"
				  "    time_zone: Europe/Berlin\n"
				  "    components:\n"
				  "      - repository: shop\n"
				  "        paths: [\"cart/**\"]\n"
				  "    deployments:\n"
				  "      - from: tags\n"
				  "  - name: search\n"
				  "    team: red\n"
				  "    components:\n"
				  "      - repository: shop\n"
				  "    deployments:\n"
				  "      - from: tags\n";

static char *list_of(guint channels)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < N_CHANNELS; i++)
		if (channels & 1u << i)
			g_string_append_printf(list, "%s%s", list->len ? ", " : "",
					       channel_names[i]);
	return g_string_free(list, FALSE);
}

struct config *variant_config(const struct rig *rig, guint variant)
{
	const struct variant *v = &variants[variant];
	g_autofree char *rule = list_of(v->rule), *rails = list_of(v->guardrails);
	g_autofree char *text = g_strdup_printf(config_text, getenv("DORAD_TEST_PG"),
						rig->database, rails, v->metrics,
						v->sensitivity, rule, v->sound);

	return rig_load(text);
}

/* ---- scripts ---- */

static gint32 dice(GRand *rand, gint32 sides)
{
	return g_rand_int_range(rand, 0, sides);
}

static double noise(GRand *rand)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += g_rand_double(rand);
	return sum - 6;
}

static gint64 some_lead(GRand *rand)
{
	return (gint64)(24 * 3600 * exp(0.6 * noise(rand))) * G_USEC_PER_SEC;
}

/* How things go for some weeks. */
struct weather {
	double lead;	  /* as long as usual */
	gint32 a_day;	  /* deployments, of each working day */
	gint32 fail, out; /* of 100 */
};
static const struct weather weathers[] = {
	{ 1, 2, 8, 0 },	  { 1, 2, 8, 0 },  { 1, 2, 8, 0 },  { 3.5, 2, 8, 0 },
	{ 3.5, 2, 8, 0 }, { 1, 2, 60, 0 }, { 3, 1, 40, 0 }, { 1, 2, 8, 85 },
};

struct author {
	struct script *script;
	GRand *rand;
	const char *service;
	guint n; /* deployments so far */
};

static void deploy(struct author *author, gint32 day, gint32 heard, double factor)
{
	gint64 clean = some_lead(author->rand);

	g_string_append_printf(
		author->script->days[heard].facts,
		"SELECT histories.deploy('%s', '%s-%u', timestamptz"
		" '1970-01-01 00:00Z' + interval '%d days %d min', %" G_GINT64_FORMAT
		", %" G_GINT64_FORMAT ");",
		author->service, author->service, author->n++, DAY0 + day,
		8 * 60 + dice(author->rand, 600), (gint64)((double)clean * factor),
		clean);
}

static void say(struct author *author, gint32 day, const char *what, guint n, gint32 hour)
{
	if (day < DAYS)
		g_string_append_printf(
			author->script->days[day].facts,
			"SELECT histories.%s('%s-%u', timestamptz"
			" '1970-01-01 00:00Z' + interval '%d days %d hours');",
			what, author->service, n, DAY0 + day, hour);
}

/* The last that was deployed fails, sooner or later, and is repaired. */
static void break_it(struct author *author, gint32 day, double factor)
{
	gint32 failed = day + dice(author->rand, 3);
	gint32 repaired = failed + (dice(author->rand, (gint32)(3 * factor)) + 1) / 2;

	say(author, failed, "fail", author->n - 1, 20);
	say(author, repaired, "repair", author->n - 1, 21 + dice(author->rand, 2));
}

static void write_service(struct author *author)
{
	const struct weather *weather = &weathers[0];
	gint32 left = LIFE + dice(author->rand, 15) - 14;

	for (gint32 day = 0; day < DAYS; day++) {
		if (left-- <= 0) {
			weather = &weathers[dice(author->rand, G_N_ELEMENTS(weathers))];
			left = weather->out > 0 ? 8 : 25 + dice(author->rand, 25);
		}
		for (gint32 k = 0; k < weather->a_day && day % 7 < 5; k++) {
			if (dice(author->rand, 100) < weather->out)
				continue;
			deploy(author, day, day, weather->lead);
			if (dice(author->rand, 100) < weather->fail)
				break_it(author, day, weather->lead);
		}
	}
}

/* What is heard of late, of any day of the last two months. */
static void correct(struct author *author, gint32 day)
{
	GString *facts = author->script->days[day].facts;
	gint32 past = day - 1 - dice(author->rand, 60);
	guint n = author->n - 1 - (guint)dice(author->rand, 40);

	switch (dice(author->rand, 4)) {
	case 0:
		deploy(author, past, day, exp(noise(author->rand)));
		break;
	case 1:
		g_string_append_printf(facts, "SELECT histories.forget('%s-%u');",
				       author->service, n);
		break;
	case 2:
		g_string_append_printf(facts, "SELECT histories.lead('%s-%u', %g);",
				       author->service, n, exp(noise(author->rand)));
		break;
	default:
		g_string_append_printf(facts, "SELECT histories.fail('%s-%u', NULL);",
				       author->service, n);
	}
}

/* The days of life, once what happens in them is known. */
static void write_life(struct author *authors, struct script *script, GRand *rand)
{
	guint variant = 0;

	for (gint32 i = LIFE; i < DAYS; i++) {
		struct script_day *day = &script->days[i];
		struct author *author = &authors[dice(rand, 2)];
		bool quiet;

		for (gint32 k = dice(rand, 7) == 0 ? 1 + dice(rand, 4) : 0; k > 0; k--) {
			correct(author, i);
			day->late = true;
		}
		if (i > LIFE + 30 && dice(rand, 35) == 0) {
			day->healed = author->service;
			g_string_append_printf(day->facts, "SELECT histories.heal('%s');",
					       author->service);
			day->late = true;
		}
		if (dice(rand, 25) == 0)
			variant = (guint)dice(rand, N_VARIANTS);
		day->variant = variant;
		day->accepts = dice(rand, 40) == 0;
		day->acks = dice(rand, 15) == 0;
		/* what they judge then is what others judged the day before */
		quiet = !day->late && day->variant == script->days[i - 1].variant;
		if (i > LIFE + 1 && quiet && dice(rand, 3) > 0) {
			struct script_day *before = &script->days[i - 1];

			/* what is no longer watched ends when somebody looks */
			before->skipped = !before->accepts && !before->acks &&
					  before->variant ==
						  script->days[i - 2].variant &&
					  dice(rand, 2) > 0;
		}
	}
}

struct script *script_new(guint seed)
{
	struct script *script = g_new0(struct script, 1);
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	struct author authors[] = { { script, rand, "cart", 0 },
				    { script, rand, "search", 0 } };

	script->seed = seed;
	for (gint32 day = 0; day < DAYS; day++)
		script->days[day].facts = g_string_new(NULL);
	write_service(&authors[0]);
	write_service(&authors[1]);
	write_life(authors, script, rand);
	return script;
}

void script_free(struct script *script)
{
	for (gint32 day = 0; day < DAYS; day++)
		g_string_free(script->days[day].facts, TRUE);
	g_free(script);
}

/* ---- databases ---- */

static const char functions[] =
	"CREATE SCHEMA histories;"
	"CREATE TABLE histories.fact (key text PRIMARY KEY, service_id int, at "
	"timestamptz,"
	" clean bigint, rollout_id bigint);"

	"CREATE FUNCTION histories.dirty(service int, at timestamptz) RETURNS void"
	" LANGUAGE sql BEGIN ATOMIC INSERT INTO dorad.dirty (scope_id, day) SELECT"
	" parent_id, floor(extract(epoch FROM at) / 86400) FROM dorad.within"
	" WHERE scope_id = service; END;"

	"CREATE FUNCTION histories.deploy(whose text, key text, at timestamptz,"
	" lead bigint, clean bigint) RETURNS void LANGUAGE plpgsql AS $$"
	" DECLARE s int := (SELECT x.scope_id FROM dorad.scope x WHERE x.kind = 'service'"
	" AND x.name = whose); d bigint; BEGIN INSERT INTO dorad.deployment "
	"(service_id,"
	" source_id, external_id, attempt, environment, finished_at, outcome,"
	" first_seen_at) VALUES (s, (SELECT min(source_id) FROM dorad.source), key, 1,"
	" 'production', at, 'success', at) RETURNING deployment_id INTO d;"
	" INSERT INTO dorad.rollout (deployment_id, service_id, environment, finished_at,"
	" kind) VALUES (d, s, 'production', at, 'normal');"
	" INSERT INTO dorad.rollout_state (rollout_id, service_id, environment,"
	" finished_at, kind, state, pending_until, unplanned) VALUES (d, s, 'production',"
	" at, 'normal', 'ok', at, false);"
	" INSERT INTO dorad.shipped (rollout_id, finished_at, lead_us, service_id,"
	" repo_id, environment, sha, author) VALUES (d, at, lead, s, (SELECT min(repo_id)"
	" FROM dorad.repo), 'production', sha256(convert_to(key, 'UTF8')), 1 + d % 5);"
	" INSERT INTO histories.fact VALUES (key, s, at, clean, d);"
	" PERFORM histories.dirty(s, at); END $$;"

	/* an incident that began then, or 5 hours after it */
	"CREATE FUNCTION histories.fail(what text, since timestamptz) RETURNS void"
	" LANGUAGE plpgsql AS $$ DECLARE f histories.fact; BEGIN SELECT * INTO f FROM"
	" histories.fact x WHERE x.key = what; IF NOT FOUND OR EXISTS (SELECT FROM"
	" dorad.failure x WHERE x.rollout_id = f.rollout_id) THEN RETURN; END IF;"
	" since := coalesce(since, f.at + interval '5 hours');"
	" UPDATE dorad.rollout_state SET state = 'failed' WHERE rollout_id = "
	"f.rollout_id;"
	" INSERT INTO dorad.failure SELECT f.service_id, f.rollout_id, 'incident', 0, 7,"
	" '', what; INSERT INTO dorad.service_incident (service_id, environment, "
	"source_id,"
	" project, external_id, started_at) VALUES (f.service_id, 'production', 7, '',"
	" what, since); PERFORM histories.dirty(f.service_id, f.at);"
	" PERFORM histories.dirty(f.service_id, since); END $$;"

	"CREATE FUNCTION histories.repair(what text, at timestamptz) RETURNS void"
	" LANGUAGE plpgsql AS $$ DECLARE f histories.fact; BEGIN SELECT * INTO f FROM"
	" histories.fact x WHERE x.key = what; IF NOT FOUND THEN RETURN; END IF;"
	" UPDATE dorad.rollout_state SET recovered_at = at WHERE rollout_id = "
	"f.rollout_id"
	" AND state = 'failed' AND recovered_at IS NULL;"
	" UPDATE dorad.service_incident SET restored_at = at WHERE external_id = what"
	" AND restored_at IS NULL;"
	" PERFORM histories.dirty(f.service_id, at); END $$;"

	"CREATE FUNCTION histories.forget(what text) RETURNS void LANGUAGE plpgsql AS $$"
	" DECLARE f histories.fact; BEGIN DELETE FROM histories.fact x WHERE x.key = what"
	" RETURNING * INTO f; IF NOT FOUND THEN RETURN; END IF;"
	" DELETE FROM dorad.deployment WHERE deployment_id = f.rollout_id;"
	" DELETE FROM dorad.rollout_state WHERE rollout_id = f.rollout_id;"
	" DELETE FROM dorad.failure WHERE rollout_id = f.rollout_id;"
	" DELETE FROM dorad.shipped WHERE rollout_id = f.rollout_id;"
	" DELETE FROM dorad.service_incident WHERE external_id = what;"
	" PERFORM histories.dirty(f.service_id, f.at); END $$;"

	"CREATE FUNCTION histories.lead(what text, factor double precision) RETURNS void"
	" LANGUAGE sql BEGIN ATOMIC UPDATE dorad.shipped s SET lead_us = f.clean * factor"
	" FROM histories.fact f WHERE f.key = what AND s.rollout_id = f.rollout_id;"
	" SELECT histories.dirty(f.service_id, f.at) FROM histories.fact f"
	" WHERE f.key = what; END;"

	"CREATE FUNCTION histories.heal(whose text) RETURNS void LANGUAGE sql"
	" BEGIN ATOMIC SELECT histories.dirty(f.service_id, min(f.at)) FROM "
	"histories.fact"
	" f JOIN dorad.scope c ON c.scope_id = f.service_id AND c.name = whose JOIN"
	" dorad.shipped s ON s.rollout_id = f.rollout_id AND s.lead_us <> f.clean"
	" GROUP BY f.service_id, date(f.at AT TIME ZONE 'UTC');"
	" UPDATE dorad.shipped s SET lead_us = f.clean FROM histories.fact f"
	" JOIN dorad.scope c ON c.scope_id = f.service_id AND c.name = whose"
	" WHERE s.rollout_id = f.rollout_id AND s.lead_us <> f.clean; END;"

	/* sequences know of no transactions */
	"CREATE SEQUENCE histories.left INCREMENT -1 MINVALUE 0 MAXVALUE 1000 START 1;"
	"SELECT setval('histories.left', 0);"
	"CREATE SEQUENCE histories.how MINVALUE 0;"
	"CREATE FUNCTION histories.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	" IF (SELECT last_value FROM histories.left) > 0"
	" AND nextval('histories.left') = 0 THEN"
	" IF (SELECT last_value FROM histories.how) = 0 THEN"
	" RAISE EXCEPTION 'cut' USING ERRCODE = 'admin_shutdown'; END IF;"
	" PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1);"
	" END IF; RETURN NULL; END $$;";

/* That evaluation and delivery write to. */
static const char *const cut_tables[] = { "scope", "series",	  "rolling",
					  "dirty", "watch",	  "alert_group",
					  "alert", "alert_event", "outbox",
					  "mute",  "change_point" };

void history_set_up(struct rig *rig, const struct script *script)
{
	struct config *config;

	rig_init(rig);
	config = variant_config(rig, 0);
	config_unref(rig->config);
	store_free(rig->store);
	rig->config = config;
	rig->store = store_new(config);
	rig_ok(store_sync_config(rig->store, config, &error));
	rig_run(rig, functions);
	for (gsize i = 0; i < G_N_ELEMENTS(cut_tables); i++) {
		g_autofree char *trigger = g_strdup_printf(
			"CREATE TRIGGER cut AFTER INSERT OR UPDATE OR DELETE ON dorad.%s"
			" FOR EACH STATEMENT EXECUTE FUNCTION histories.cut()",
			cut_tables[i]);

		rig_run(rig, trigger);
	}
	for (gint32 day = 0; day < LIFE; day++)
		history_hear(rig, script, day);
	rig_run(rig, "ANALYZE");
}

void history_hear(const struct rig *rig, const struct script *script, gint32 day)
{
	if (script->days[day].facts->len > 0)
		rig_run(rig, script->days[day].facts->str);
}

void cut_arm(const struct rig *rig, guint n, bool connection)
{
	g_autofree char *sql = g_strdup_printf("SELECT setval('histories.how', %d),"
					       " setval('histories.left', %u)",
					       connection, n);

	rig_run(rig, sql);
}

void cut_connections(const struct rig *rig)
{
	rig_run(rig, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
		     " WHERE datname = current_database() AND pid <> pg_backend_pid()"
		     " AND backend_type = 'client backend'");
}
