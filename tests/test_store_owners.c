#include "tests/store_rig.h"

/* What a scope's numbers are made of: the samples of its services from when they were its
 * own. cart belonged to blue before day 10 and belongs to red since; mail is blue's,
 * search red's. Days are those of January 1970, whose number is the day less one. */

static struct rig rig;
static gint32 cart, search, mail, red, blue, acme, shop, repo;

#define DAY G_TIME_SPAN_DAY
#define ALL INSTANT_NONE, G_MAXINT64
#define OPEN (-1)

static gint64 noon(int day)
{
	return day < 0 ? INSTANT_NONE : day * DAY + DAY / 2;
}

/* cart's owners before red: blue until a day, or until one and then red until another. */
static void sync_owners(const int *until, guint n)
{
	static char *teams[] = { (char *)"blue", (char *)"red" };
	struct config_service *service = &rig.config->services[0];
	struct config_owner owners[2];

	for (guint i = 0; i < n; i++)
		owners[i] = (struct config_owner){ .team = teams[i],
						   .until_us = until[i] * DAY };
	ck_assert_str_eq(service->name, "cart");
	ck_assert_ptr_null(service->owners);
	service->owners = owners;
	service->n_owners = n;
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	service->owners = NULL;
	service->n_owners = 0;
}

static void set_up(void)
{
	struct source_row row = { 0 };

	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	search = rig_scope(&rig, "service", "search");
	mail = rig_scope(&rig, "service", "mail");
	red = rig_scope(&rig, "team", "red");
	blue = rig_scope(&rig, "team", "blue");
	acme = rig_scope(&rig, "org", "acme");
	rig_ok(store_source(rig.store, "shop", &row, &error));
	shop = row.source_id;
	repo = row.repo_id;
	source_row_clear(&row);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

/* ---- owners ---- */

static const char *const owners_sql =
	"SELECT string_agg(t.name || ' ' || CASE WHEN isfinite(valid_from)"
	" THEN (extract(epoch FROM valid_from) / 86400)::int::text ELSE '' END || '-' ||"
	" CASE WHEN isfinite(valid_to) THEN (extract(epoch FROM valid_to) / 86400)::int"
	"::text ELSE '' END, ', ' ORDER BY valid_from) FROM dorad.ownership"
	" JOIN dorad.scope t ON t.scope_id = team_id JOIN dorad.scope s"
	" ON s.scope_id = service_id WHERE s.name = 'cart'";

static const struct {
	const char *what;
	int until[2];
	guint n;
	const char *owners;
} periods[] = {
	{ "it has always been red's", { 0 }, 0, "red -" },
	{ "it was blue's before", { 10 }, 1, "blue -10, red 10-" },
	{ "it came back to red twice", { 10, 12 }, 2, "blue -10, red 10-12, red 12-" },
	{ "a time that never was", { 10, 10 }, 2, "blue -10, red 10-" },
};

START_TEST(a_service_has_one_owner_at_a_time)
{
	g_autofree char *before = NULL, *after = NULL;

	sync_owners((const int[]){ 3, 4 }, 2);
	sync_owners(periods[_i].until, periods[_i].n);
	rig_expect(&rig, owners_sql, periods[_i].owners);
	before = rig_rows(&rig);
	sync_owners(periods[_i].until, periods[_i].n);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

/* ---- facts ---- */

/* A rollout on each day given, ids from first on. */
static void add_rollouts(gint32 service_id, int first, const int *days, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autofree char *sql = g_strdup_printf(
			"INSERT INTO dorad.deployment (deployment_id, service_id,"
			" source_id, external_id, attempt, environment, outcome,"
			" first_seen_at) OVERRIDING SYSTEM VALUE VALUES (%d, %d, %d,"
			" 'd%d', 1, 'eu', 'success', now());"
			"INSERT INTO dorad.rollout VALUES (%d, %d, 'production',"
			" to_timestamp(%d * 86400 + 43200), 'normal')",
			first + (int)i, service_id, shop, first + (int)i, first + (int)i,
			service_id, days[i]);

		rig_run(&rig, sql);
	}
}

static void write_state(gint32 service_id, const struct rollout_state_row *rows, gsize n)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_states_write(rig.store, service_id, rows, n, NULL, 0, 40 * DAY,
				  &error));
	rig_ok(store_commit(rig.store, &error));
}

static struct rollout_state_row state(int id, int day, enum change_state is,
				      int recovered, bool unplanned)
{
	return (struct rollout_state_row){
		.rollout_id = id,
		.environment = "production",
		.finished = noon(day),
		.state = { .state = is,
			   .pending_until = noon(day + 3),
			   .unplanned = unplanned,
			   .recovered = noon(recovered) },
	};
}

static void write_incident(gint32 service_id, const char *id, int began, int ended,
			   const char *excluded)
{
	struct service_incident_row row = {
		.environment = "production",
		.incident = { shop, NULL, (char *)id },
		.started = noon(began),
		.restored = noon(ended),
		.excluded = excluded,
	};

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_service_incidents_write(rig.store, service_id, &row, 1, 40 * DAY,
					     &error));
	rig_ok(store_commit(rig.store, &error));
}

/* cart: rollouts on days 4, 8, 12, 16; those of 8 and 12 failed, and recovered on days 14
 * and never. search: one on day 9, not looked at yet. mail: one on day 11 that failed and
 * recovered on day 13. */
static void make_world(void)
{
	struct rollout_state_row of_cart[] = {
		state(1, 4, CHANGE_OK, OPEN, false),
		state(2, 8, CHANGE_FAILED, 14, false),
		state(3, 12, CHANGE_FAILED, OPEN, true),
		state(4, 16, CHANGE_PENDING, OPEN, false),
	};
	struct rollout_state_row of_mail[] = { state(31, 11, CHANGE_FAILED, 13, false),
					       state(32, 20, CHANGE_FAILED, 19, false) };

	sync_owners((const int[]){ 10 }, 1);
	add_rollouts(cart, 1, (const int[]){ 4, 8, 12, 16 }, 4);
	add_rollouts(search, 21, (const int[]){ 9 }, 1);
	add_rollouts(mail, 31, (const int[]){ 11, 20 }, 2);
	of_mail[1].state.recovery_excluded = EXCLUSION_NEGATIVE;
	write_state(cart, of_cart, 4);
	write_state(mail, of_mail, 2);
	write_incident(cart, "INC-1", 9, 11, NULL);
	write_incident(search, "INC-2", 12, OPEN, NULL);
	write_incident(mail, "INC-3", 2, 3, "withdrawn");
}

/* ---- samples ---- */

static void put_day(GString *text, gint64 instant)
{
	if (instant == INSTANT_NONE)
		g_string_append_c(text, '-');
	else
		g_string_append_printf(text, "%d", (int)(instant / DAY));
}

static void put_spans(GString *text, const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const struct span_sample *span = &g_array_index(spans, struct span_sample,
								i);

		g_string_append_c(text, ' ');
		put_day(text, span->began);
		g_string_append_c(text, '~');
		put_day(text, span->ended);
	}
}

/* "4<- 8<4! …" rollouts by day and the one before (! failed, ? pending, + unplanned),
 * " | " recoveries, " | " restores. */
static char *samples_of(gint32 scope_id, gint64 from, gint64 to)
{
	_cleanup_(sample_arrays_clear) struct sample_arrays samples = { 0 };
	GString *text = g_string_new(NULL);

	sample_arrays_init(&samples);
	rig_ok(store_samples(rig.store, scope_id, "production", from, to, &samples,
			     &error));
	for (guint i = 0; i < samples.rollouts->len; i++) {
		const struct rollout_sample *s = &g_array_index(samples.rollouts,
								struct rollout_sample, i);

		g_string_append_c(text, ' ');
		put_day(text, s->finished);
		g_string_append_c(text, '<');
		put_day(text, s->previous);
		g_string_append(text, s->state == CHANGE_FAILED	   ? "!"
				      : s->state == CHANGE_PENDING ? "?"
								   : "");
		g_string_append(text, s->unplanned ? "+" : "");
	}
	g_string_append(text, " |");
	put_spans(text, samples.recoveries);
	g_string_append(text, " |");
	put_spans(text, samples.restores);
	return g_string_free(text, FALSE);
}

static const struct {
	const char *what;
	gint32 *scope;
	int from, to; /* days; OPEN: no bound */
	const char *samples;
} asked[] = {
	{ "a service has all of its own", &cart, OPEN, OPEN,
	  " 4<- 8<4! 12<8!+ 16<12? | 8~14 12~- | 9~11" },
	{ "what the state of is not known yet is pending", &search, OPEN, OPEN,
	  " 9<-? | | 12~-" },
	{ "a recovery before the finish is none", &mail, OPEN, OPEN,
	  " 11<-! 20<11! | 11~13 |" },
	{ "the former team: what began in its time, whenever it ended", &blue, OPEN, OPEN,
	  " 4<- 8<4! 11<-! 20<11! | 11~13 8~14 | 9~11" },
	{ "the team: what began since", &red, OPEN, OPEN,
	  " 9<-? 12<8!+ 16<12? | 12~- | 12~-" },
	{ "the org has everything once", &acme, OPEN, OPEN,
	  " 4<- 8<4! 9<-? 11<-! 12<8!+ 16<12? 20<11! | 11~13 8~14 12~- | 9~11 12~-" },
	{ "a range: spans that ended in it or later", &acme, 12, 13,
	  " 12<8!+ | 11~13 8~14 12~- | 12~-" },
	{ "a range: none that began after it", &acme, 9, 12,
	  " 9<-? 11<-! | 11~13 8~14 | 9~11" },
	{ "a range after all of it: what is open", &cart, 17, 30, " | 12~- |" },
};

START_TEST(samples_are_those_of_its_time)
{
	g_autofree char *got = NULL;

	make_world();
	got = samples_of(*asked[_i].scope,
			 asked[_i].from == OPEN ? INSTANT_NONE : asked[_i].from * DAY,
			 asked[_i].to == OPEN ? G_MAXINT64 : asked[_i].to * DAY);
	ck_assert_msg(strcmp(got, asked[_i].samples) == 0, "%s: \"%s\" instead of \"%s\"",
		      asked[_i].what, got, asked[_i].samples);
}
END_TEST

/* Commits and changes of cart on days 8 and 12. */
static void ship(void)
{
	struct shipped_row commits[] = {
		{ .rollout_id = 2, .finished = noon(8), .oid = rig_oid(1), .lead = 11 },
		{ .rollout_id = 3,
		  .finished = noon(12),
		  .oid = rig_oid(2),
		  .lead = 22,
		  .excluded = EXCLUSION_RULE },
		{ .rollout_id = 3,
		  .finished = noon(12),
		  .oid = rig_oid(3),
		  .excluded = EXCLUSION_MERGE },
	};
	struct shipped_change_row changes[] = {
		{ .change.id = (char *)"1", .spans = { 1, -1, 0, 4 }, .author = 9 },
		{ .change.id = (char *)"2", .spans = { -1, 2, 3, -1 } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		changes[i].environment = "production";
		changes[i].finished = commits[i].finished;
		changes[i].landed = commits[i].oid;
	}
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_shipped_begin(rig.store, cart, true, &error));
	for (gsize i = 0; i < G_N_ELEMENTS(commits); i++) {
		commits[i].environment = "production";
		commits[i].repo_id = repo;
		commits[i].times.author = i;
		rig_ok(store_shipped_add(rig.store, &commits[i], &error));
	}
	rig_ok(store_shipped_end(rig.store, NULL, &error));
	rig_ok(store_shipped_changes_write(rig.store, cart, changes, 2, &error));
	rig_ok(store_commit(rig.store, &error));
}

START_TEST(leads_and_stages_belong_to_their_rollouts_day)
{
	_cleanup_(sample_arrays_clear) struct sample_arrays now = { 0 }, once = { 0 };
	const struct lead_sample *lead;
	const struct stage_sample *stage;

	make_world();
	ship();
	sample_arrays_init(&now);
	sample_arrays_init(&once);
	rig_ok(store_samples(rig.store, red, "production", ALL, &now, &error));
	rig_ok(store_samples(rig.store, blue, "production", ALL, &once, &error));
	ck_assert_uint_eq(now.leads->len, 1);
	ck_assert_uint_eq(once.leads->len, 1);
	lead = (const void *)now.leads->data;
	ck_assert(lead->by_rule && lead->lead == 22 && lead->author == 1);
	lead = (const void *)once.leads->data;
	ck_assert(!lead->by_rule && lead->lead == 11 && lead->author == 0);
	ck_assert_uint_eq(now.stages->len, 1);
	ck_assert_uint_eq(once.stages->len, 1);
	stage = (const void *)now.stages->data;
	ck_assert(stage->finished == noon(12) && stage->author == 0);
	ck_assert(stage->spans[0] == -1 && stage->spans[1] == 2 && stage->spans[2] == 3 &&
		  stage->spans[3] == -1);
	stage = (const void *)once.stages->data;
	ck_assert(stage->author == 9 && stage->spans[0] == 1 && stage->spans[1] == -1 &&
		  stage->spans[2] == 0 && stage->spans[3] == 4);
}
END_TEST

/* ---- environments ---- */

static char *environments_of(gint32 scope_id)
{
	GString *text = g_string_new(NULL);
	GArray *rows;

	rig_ok((rows = store_scope_environments(rig.store, scope_id, &error)));
	for (guint i = 0; i < rows->len; i++) {
		const struct scope_environment *row = &g_array_index(
			rows, struct scope_environment, i);

		g_string_append_printf(text, "%s%s ", i > 0 ? ", " : "", row->name);
		put_day(text, row->born);
		put_day(g_string_append_c(text, ' '), row->incidents_born);
		g_string_append_c(text, ' ');
		put_day(text, row->published_from);
		put_day(g_string_append_c(text, ' '), row->restores_from);
	}
	scope_environments_free(rows);
	return g_string_free(text, FALSE);
}

static const struct {
	const char *what;
	gint32 *scope;
	const char *environments;
} births[] = {
	{ "a service", &cart, "production 4 9 - -, staging 30 - - -" },
	{ "an incident that does not count is none", &mail,
	  "only incidents - 7 - -, production 11 - - -" },
	{ "a former team began with what was its own", &blue,
	  "only incidents - 7 - -, production 4 9 - -" },
	{ "a team began with what is", &red, "production 9 12 5 3, staging 30 - - -" },
	{ "an org", &acme,
	  "only incidents - 7 - 5, production 4 9 - -, staging 30 - - -" },
};

START_TEST(environments_are_born_with_the_first_of_its_own)
{
	g_autofree char *got = NULL;
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.definition (scope_id, fingerprint, content)"
		" VALUES (%d, 'a', '{}');"
		"INSERT INTO dorad.series (scope_id, environment, grain, bucket_start,"
		" metric, bucket_end, n, definition_id, computed_at)"
		" SELECT g.*, 0, definition_id, now() FROM dorad.definition,"
		" (VALUES (%d, 'production', 'day', to_timestamp(5 * 86400),"
		" 'deployment_frequency', to_timestamp(6 * 86400)),"
		" (%d, 'production', 'day', to_timestamp(3 * 86400),"
		" 'time_to_restore', to_timestamp(4 * 86400)),"
		" (%d, 'production', 'quarter', to_timestamp(0),"
		" 'time_to_restore', to_timestamp(4 * 86400)),"
		" (%d, 'only incidents', 'day', to_timestamp(5 * 86400),"
		" 'time_to_restore', to_timestamp(6 * 86400))) g",
		acme, red, red, red, acme);

	make_world();
	rig_run(&rig, sql);
	rig_run(&rig,
		"INSERT INTO dorad.deployment (deployment_id, service_id, source_id,"
		" external_id, attempt, environment, outcome, first_seen_at)"
		" OVERRIDING SYSTEM VALUE SELECT 99, service_id, source_id, 'x', 1,"
		" 'x', 'success', now() FROM dorad.deployment"
		" WHERE deployment_id = 1;"
		"INSERT INTO dorad.rollout SELECT 99, service_id, 'staging',"
		" to_timestamp(30 * 86400), 'normal' FROM dorad.rollout"
		" WHERE deployment_id = 1;"
		"INSERT INTO dorad.service_incident (service_id, environment,"
		" source_id, project, external_id, started_at)"
		" SELECT service_id, 'only incidents', source_id, '', 'INC-9',"
		" to_timestamp(7 * 86400) FROM dorad.deployment"
		" WHERE deployment_id = 31");
	got = environments_of(*births[_i].scope);
	ck_assert_msg(strcmp(got, births[_i].environments) == 0,
		      "%s: \"%s\" instead of \"%s\"", births[_i].what, got,
		      births[_i].environments);
}
END_TEST

/* ---- who is computed anew ---- */

START_TEST(those_it_leaves_and_joins_are_computed_anew)
{
	gint32 scopes[] = { cart, red, blue, acme, search, mail };
	/* from the first to the last that each has */
	static const char *const its = "4 5 6 7 8 9 10 11 12 13 14 15 16";
	static const char *const all = "2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20";
	const char *const dirty[] = { its, its, all, all, "", "" };

	make_world();
	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		g_free(rig_dirty(&rig, scopes[i]));
	sync_owners((const int[]){ 10 }, 1);
	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		rig_expect_dirty(&rig, scopes[i], "");
	sync_owners((const int[]){ 11 }, 1);
	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		rig_expect_dirty(&rig, scopes[i], dirty[i]);
}
END_TEST

START_TEST(former_teams_learn_of_what_changes)
{
	struct rollout_state_row row = state(1, 3, CHANGE_OK, OPEN, false);

	sync_owners((const int[]){ 10 }, 1);
	write_state(cart, &row, 1);
	rig_expect_dirty(&rig, cart, "3");
	rig_expect_dirty(&rig, red, "3");
	rig_expect_dirty(&rig, blue, "3");
	rig_expect_dirty(&rig, acme, "3");
}
END_TEST

START_TEST(all_of_it_runs_through_a_pooler)
{
	const char *where = getenv("DORAD_TEST_PGBOUNCER");
	g_autofree char *uri = g_strdup_printf("%s dbname=%s", where, rig.database);
	g_autofree char *before = NULL, *after = NULL;
	struct store *direct = rig.store;
	struct config *config;

	ck_assert_msg(where, "run this through tests/with_pgbouncer");
	config = rig_config(&rig, uri, NULL, NULL);
	rig.store = store_new(config);
	make_world();
	ship();
	before = samples_of(acme, ALL);
	store_free(rig.store);
	config_unref(config);
	rig.store = direct;
	after = samples_of(acme, ALL);
	ck_assert_str_eq(before, after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_owners");
	TCase *tests = tcase_create("store_owners");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_service_has_one_owner_at_a_time, 0,
			    G_N_ELEMENTS(periods));
	tcase_add_loop_test(tests, samples_are_those_of_its_time, 0, G_N_ELEMENTS(asked));
	tcase_add_test(tests, leads_and_stages_belong_to_their_rollouts_day);
	tcase_add_loop_test(tests, environments_are_born_with_the_first_of_its_own, 0,
			    G_N_ELEMENTS(births));
	tcase_add_test(tests, those_it_leaves_and_joins_are_computed_anew);
	tcase_add_test(tests, former_teams_learn_of_what_changes);
	tcase_add_test(tests, all_of_it_runs_through_a_pooler);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
