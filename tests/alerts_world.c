#include "tests/alerts_world.h"

#include <math.h>

struct rig rig;
struct work_context context;

gint64 world_start_of(gint32 day)
{
	return (DAY0 + day) * DAY;
}

static double noise(GRand *rand)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += g_rand_double(rand);
	return sum - 6;
}

/* Days, hours and lead times of all deployments, as VALUES. */
static char *make_facts(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(5);
	GString *values = g_string_new(NULL);

	for (gint32 day = 0; day < DAYS; day++)
		for (int k = 0; k < 2 && day % 7 < 5; k++) {
			double hours = 24 * exp(0.7 * noise(rand)) *
				       (day >= ONSET ? 3 : 1);

			g_string_append_printf(values, "%s(%d, %d, %" G_GINT64_FORMAT ")",
					       values->len ? "," : "", day, 10 + k,
					       (gint64)(hours * 3600) * G_USEC_PER_SEC);
		}
	return g_string_free(values, FALSE);
}

static void add_facts(const char *service, const char *facts)
{
	g_autofree char *sql = g_strdup_printf(
		"WITH v AS (SELECT v.*, s.scope_id, timestamptz '2024-01-01 00:00Z'"
		" + v.day * interval '1 day' + v.hour * interval '1 hour' AS at"
		" FROM (VALUES %s) v (day, hour, lead), dorad.scope s"
		" WHERE s.kind = 'service' AND s.name = '%s'),"
		" d AS (INSERT INTO dorad.deployment (service_id, source_id, external_id,"
		" attempt, environment, finished_at, outcome, first_seen_at)"
		" SELECT v.scope_id, (SELECT min(source_id) FROM dorad.source),"
		" v.day || '-' || v.hour, 1, 'production', v.at, 'success', v.at FROM v"
		" RETURNING *),"
		" r AS (INSERT INTO dorad.rollout (deployment_id, service_id,"
		" environment, finished_at, kind) SELECT deployment_id, service_id,"
		" 'production', finished_at, 'normal' FROM d),"
		" t AS (INSERT INTO dorad.rollout_state (rollout_id, service_id,"
		" environment, finished_at, kind, state, pending_until, unplanned)"
		" SELECT deployment_id, service_id, 'production', finished_at, 'normal',"
		" 'ok', finished_at, false FROM d)"
		" INSERT INTO dorad.shipped (rollout_id, finished_at, lead_us,"
		" service_id, repo_id, environment, sha, author)"
		" SELECT d.deployment_id, d.finished_at, v.lead, d.service_id,"
		" (SELECT min(repo_id) FROM dorad.repo), 'production',"
		" sha256(convert_to(d.service_id || d.external_id, 'UTF8')), v.day %% 5 "
		"+ "
		"1"
		" FROM d JOIN v ON d.external_id = v.day || '-' || v.hour",
		facts, service);

	rig_run(&rig, sql);
}

void world_add_facts(const char *service)
{
	g_autofree char *facts = make_facts();

	add_facts(service, facts);
}

struct config *world_config(const char *metrics, const char *rule, const char *limit,
			    const char *sections)
{
	g_autofree char *text = g_strdup_printf(
		"alerts:\n"
		"  channels:\n"
		"    - name: log\n"
		"      journal: true\n"
		"    - name: hook\n"
		"      webhook:\n"
		"        url: http://127.0.0.1:9/\n"
		"  guardrail_channels: [log]\n"
		"  rules:\n"
		"    - name: all\n"
		"      metrics: [%s]\n"
		"%s"
		"guardrails:\n"
		"  - name: fast\n"
		"    metric: change_lead_time\n"
		"    service: search\n"
		"    environment: production\n"
		"    at_most: %s\n"
		"    over: 7d\n"
		"    minimum: 3\n"
		"%s"
		"orgs:\n",
		metrics ? metrics : "change_lead_time, deployment_frequency", rule, limit,
		sections);

	return rig_config(&rig, NULL, "orgs:\n", text);
}

void world_use(struct config *config)
{
	config_unref(rig.config);
	store_free(rig.store);
	rig.config = config;
	rig.store = store_new(config);
	rig_ok(store_sync_config(rig.store, config, &error));
	context = (struct work_context){ .config = config };
}

void world_set_up(void)
{
	rig_init(&rig);
	world_use(world_config(NULL, "", "2d", ""));
	world_add_facts("search");
	world_add_facts("mail");
}

void world_tear_down(void)
{
	rig_clear(&rig);
}

void world_set_fresh(gint64 at)
{
	g_autofree char *time = instant_format(at);
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.source SET ok_at = timestamptz '%s'", time);

	rig_run(&rig, sql);
}

void world_add_incident(const char *service, const char *environment, const char *id,
			gint32 day, double hours)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at, restored_at)"
		" SELECT s.scope_id, '%s', (SELECT min(source_id) FROM"
		" dorad.source), '', '%s', t.at, t.at + nullif(%g, 0) * interval '1 h'"
		" FROM dorad.scope s, (VALUES (timestamptz '2024-01-01 12:00Z'"
		" + %d * interval '1 d')) t (at)"
		" WHERE s.kind = 'service' AND s.name = '%s'",
		environment, id, hours, day, service);

	rig_run(&rig, sql);
}

gint64 world_evaluate(enum scope_kind kind, const char *name, gint64 now)
{
	struct evaluate_result result;

	rig_ok(evaluate_scope(rig.store, &context, kind, name, now, &result, &error));
	return result.next;
}

/* The morning after a day. */
gint64 world_live(enum scope_kind kind, const char *name, gint32 day)
{
	gint64 now = world_start_of(day + 1) + 7 * G_TIME_SPAN_HOUR;

	world_set_fresh(now);
	return world_evaluate(kind, name, now);
}

void world_live_through(const char *name, gint32 first, gint32 last)
{
	for (gint32 day = first; day <= last; day++)
		world_live(SCOPE_SERVICE, name, day);
}

/* "suspected 380, fired 382": what happened, and on which day. */
char *world_events_of(const char *service, const char *metric, const char *direction)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT coalesce(string_agg(event || ' ' || at::date - 1 - date "
		"'2024-01-01',"
		" ', ' ORDER BY event_id), '') FROM dora.alert_history"
		" WHERE service = '%s' AND metric = '%s' AND direction = '%s'"
		" AND kind = 'regression'",
		service, metric, direction);

	return rig_ask(&rig, sql);
}
