#include "sinks/store_alerts.h"

#include "tests/store_rig.h"

/* What alerts are judged by. cart was blue's before day 10 and is red's since; days are
 * those of January 1970, whose number is the day less one. */

static struct rig rig;
static gint32 cart, red, blue;

#define DAY G_TIME_SPAN_DAY

static gint64 hour(int day, int h)
{
	return day * DAY + h * G_TIME_SPAN_HOUR;
}

static void set_up(void)
{
	static struct config_owner owners[1];
	struct config_service *service;

	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	red = rig_scope(&rig, "team", "red");
	blue = rig_scope(&rig, "team", "blue");
	service = &rig.config->services[0];
	ck_assert_str_eq(service->name, "cart");
	owners[0] = (struct config_owner){ .team = (char *)"blue", .until_us = 10 * DAY };
	service->owners = owners;
	service->n_owners = 1;
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	service->owners = NULL;
	service->n_owners = 0;
}

static void tear_down(void)
{
	rig_clear(&rig);
}

/* A rollout of a service at noon of a day, whose number is its id. */
static void roll_out(int id, const char *service, int day, const char *state)
{
	g_autofree char *sql = g_strdup_printf(
		"WITH d AS (INSERT INTO dorad.deployment (deployment_id, service_id,"
		" source_id, external_id, attempt, environment, finished_at, outcome,"
		" first_seen_at) OVERRIDING SYSTEM VALUE SELECT %d, scope_id,"
		" (SELECT min(source_id) FROM dorad.source), 'd%d', 1, 'production',"
		" timestamptz '1970-01-01 12:00Z' + interval '%d days', 'success', now()"
		" FROM dorad.scope WHERE kind = 'service' AND name = '%s' RETURNING *),"
		" r AS (INSERT INTO dorad.rollout (deployment_id, service_id, "
		"environment,"
		" finished_at, kind) SELECT deployment_id, service_id, 'production',"
		" finished_at, 'normal' FROM d) INSERT INTO dorad.rollout_state "
		"(rollout_id,"
		" service_id, environment, finished_at, kind, state, pending_until,"
		" unplanned, recovered_at) SELECT deployment_id, service_id, "
		"'production',"
		" finished_at, 'normal', '%s', finished_at, %s, CASE WHEN '%s' = 'failed'"
		" THEN finished_at + interval '3 hours' END FROM d",
		id, id, day, service, state, id % 2 ? "false" : "true", state);

	rig_run(&rig, sql);
}

/* An incident of cart that began at an hour of a day; h < 0: nobody says when. */
static void incident(const char *id, int day, int h, const char *services)
{
	g_autofree char *began = h < 0 ? g_strdup("NULL::timestamptz")
				       : g_strdup_printf("timestamptz '1970-01-01 00:00Z'"
							 " + interval '%d hours'",
							 day * 24 + h);
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at, restored_at)"
		" SELECT scope_id, 'production', 7, '', '%s', %s,"
		" %s + interval '90 minutes' FROM dorad.scope WHERE kind = 'service'"
		" AND name = ANY ('{%s}')",
		id, began, began, services);

	rig_run(&rig, sql);
}

static void blame(int rollout, const char *method, int by, const char *id)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.failure SELECT service_id, rollout_id, '%s', %d,"
		" %d, '', '%s' FROM dorad.rollout_state WHERE rollout_id = %d",
		method, by, *id ? 7 : 0, id, rollout);

	rig_run(&rig, sql);
}

static void read_samples(gint32 scope_id, gint64 from, gint64 to,
			 struct alert_samples *samples)
{
	alert_samples_init(samples);
	rig_ok(store_alert_samples(rig.store, scope_id, "production", from, to, samples,
				   &error));
}

/* ---- deployments ---- */

static const struct {
	const char *what;
	const char *state;
	const char *methods; /* i: an incident, r: a rollback */
	int began;	     /* of the incident, in hours of the day; -1: not told */
	int failed;	     /* in hours of the day, -1: it has not */
} failures[] = {
	{ "ok", "ok", "", 0, -1 },
	{ "pending", "pending", "", 0, -1 },
	{ "an incident", "failed", "i", 14, 14 },
	{ "an incident that began before it was finished", "failed", "i", 11, 12 },
	{ "what repaired it", "failed", "r", 0, 36 },
	{ "whatever was first", "failed", "ir", 20, 20 },
	{ "whatever was first, the repair", "failed", "ir", 48, 36 },
	{ "an incident without a beginning: when it was told of", "failed", "i", -1, 15 },
	{ "nobody knows why", "failed", "", 0, 12 },
};

START_TEST(when_a_failure_was_known)
{
	struct alert_samples samples;
	const struct alert_deployment *first;

	roll_out(2, "cart", 20, failures[_i].state);
	roll_out(3, "cart", 21, "ok");
	if (strchr(failures[_i].methods, 'i')) {
		incident("INC", 20, failures[_i].began, "cart");
		rig_run(&rig,
			"INSERT INTO dorad.item (source_id, attempt, project, kind,"
			" external_id, outcome, done, bot, draft, optional,"
			" first_seen_at, created_at) VALUES (7, 1, '', 'incident', 'INC',"
			" 'success', true, false, false, false, now(),"
			" timestamptz '1970-01-21 15:00Z')");
		blame(2, "incident", 0, "INC");
	}
	if (strchr(failures[_i].methods, 'r'))
		blame(2, "rollback", 3, "");
	read_samples(red, hour(0, 0), hour(40, 0), &samples);
	ck_assert_uint_eq(samples.deployments->len, 2);
	first = &g_array_index(samples.deployments, struct alert_deployment, 0);
	ck_assert_int_eq(first->finished, hour(20, 12));
	ck_assert_msg(first->failed == (failures[_i].failed < 0
						? INSTANT_NONE
						: hour(20, failures[_i].failed)),
		      "%s: %" G_GINT64_FORMAT, failures[_i].what,
		      (first->failed - hour(20, 0)) / G_TIME_SPAN_HOUR);
	ck_assert(first->unplanned);
	ck_assert_str_eq(g_ptr_array_index(samples.services, first->service), "cart");
	alert_samples_clear(&samples);
}
END_TEST

/* ---- whose, and when ---- */

static char *deployments_of(gint32 scope_id, gint64 from, gint64 to)
{
	GString *text = g_string_new(NULL);
	struct alert_samples samples;

	read_samples(scope_id, from, to, &samples);
	for (guint i = 0; i < samples.deployments->len; i++) {
		const struct alert_deployment *row = &g_array_index(
			samples.deployments, struct alert_deployment, i);

		g_string_append_printf(
			text, "%s%s %d", i > 0 ? ", " : "",
			(char *)g_ptr_array_index(samples.services, row->service),
			(int)(row->finished / DAY));
	}
	alert_samples_clear(&samples);
	return g_string_free(text, FALSE);
}

/* A service takes its past along: a team that gets one has not become faster. */
START_TEST(samples_are_of_who_has_the_service_at_the_end)
{
	g_autofree char *reds = NULL, *blues = NULL, *some = NULL, *all = NULL;
	g_autofree char *reds_before = NULL, *blues_before = NULL;

	roll_out(1, "cart", 5, "ok");
	roll_out(2, "mail", 6, "ok");
	roll_out(3, "search", 7, "ok");
	roll_out(4, "cart", 10, "ok");
	reds = deployments_of(red, INSTANT_NONE, G_MAXINT64);
	ck_assert_str_eq(reds, "cart 5, search 7, cart 10");
	blues = deployments_of(blue, INSTANT_NONE, G_MAXINT64);
	ck_assert_str_eq(blues, "mail 6");
	reds_before = deployments_of(red, INSTANT_NONE, hour(10, 0));
	ck_assert_str_eq(reds_before, "search 7");
	blues_before = deployments_of(blue, INSTANT_NONE, hour(10, 0));
	ck_assert_str_eq(blues_before, "cart 5, mail 6");
	some = deployments_of(cart, hour(5, 12), hour(10, 12));
	ck_assert_str_eq(some, "cart 5");
	all = deployments_of(cart, INSTANT_NONE, G_MAXINT64);
	ck_assert_str_eq(all, "cart 5, cart 10");
}
END_TEST

/* One that had a service takes none of its lead times and stages either. */
START_TEST(stages_are_of_who_has_the_service_at_the_end)
{
	struct alert_samples samples;

	rig_run(&rig, "INSERT INTO dorad.shipped_change (service_id, environment,"
		      " source_id, project, external_id, rollout_id, finished_at,"
		      " repo_id, sha, coding_us) SELECT scope_id, 'production', 7, '',"
		      " c::text, 1, timestamptz '1970-01-06 12:00Z', 1, '', c"
		      " FROM dorad.scope, unnest('{3, 1, 2}'::int[]) c"
		      " WHERE kind = 'service' AND name = 'cart'");
	read_samples(blue, INSTANT_NONE, G_MAXINT64, &samples);
	ck_assert_uint_eq(samples.stages->len, 0);
	ck_assert_uint_eq(samples.services->len, 1);
	alert_samples_clear(&samples);
	read_samples(red, INSTANT_NONE, G_MAXINT64, &samples);
	ck_assert_uint_eq(samples.stages->len, 3);
	ck_assert_uint_eq(samples.services->len, 2);
	/* of one instant they have an order, so that sums never differ */
	for (guint i = 0; i < 3; i++)
		ck_assert_int_eq(
			g_array_index(samples.stages, struct stage_sample, i).spans[0],
			i + 1);
	alert_samples_clear(&samples);
}
END_TEST

/* From when on there is anything to be compared with. */
START_TEST(what_is_known_has_a_beginning)
{
	struct alert_samples samples;

	read_samples(red, hour(20, 0), hour(40, 0), &samples);
	ck_assert_int_eq(samples.born, INSTANT_NONE);
	alert_samples_clear(&samples);
	roll_out(1, "cart", 7, "ok");
	roll_out(2, "search", 9, "ok");
	roll_out(3, "search", 21, "ok");
	rig_run(&rig,
		"INSERT INTO dorad.retention VALUES ('incidents', timestamptz"
		" '1970-01-04 00:00Z'), ('changes', timestamptz '1970-01-05 00:00Z')");
	read_samples(red, hour(20, 0), hour(40, 0), &samples);
	ck_assert_uint_eq(samples.deployments->len, 1);
	ck_assert_int_eq(samples.born, hour(7, 12));
	ck_assert_int_eq(samples.incidents_from, hour(3, 0));
	ck_assert_int_eq(samples.changes_from, hour(4, 0));
	alert_samples_clear(&samples);
}
END_TEST

START_TEST(lead_times_are_those_that_count)
{
	struct alert_samples samples;
	const struct alert_lead *lead;

	rig_run(&rig,
		"INSERT INTO dorad.shipped (rollout_id, finished_at, lead_us, service_id,"
		" repo_id, environment, sha, excluded, author) SELECT 1,"
		" timestamptz '1970-01-13 00:00Z', x.lead, s.scope_id, 1, 'production',"
		" decode(x.sha, 'hex'), x.excluded, -9 FROM dorad.scope s, (VALUES (7, "
		"'01',"
		" NULL), (8, '02', 'rule'), (NULL, '03', 'merge')) x (lead, sha, "
		"excluded)"
		" WHERE s.kind = 'service' AND s.name = 'search'");
	read_samples(red, INSTANT_NONE, G_MAXINT64, &samples);
	ck_assert_uint_eq(samples.leads->len, 1);
	lead = &g_array_index(samples.leads, struct alert_lead, 0);
	ck_assert_int_eq(lead->lead, 7);
	ck_assert_uint_eq(lead->author, (guint64)-9);
	ck_assert_str_eq(g_ptr_array_index(samples.services, lead->service), "search");
	alert_samples_clear(&samples);
}
END_TEST

START_TEST(an_incident_of_two_services_is_one)
{
	struct alert_samples samples;
	const struct alert_span *span;

	incident("A", 20, 1, "cart,search");
	incident("B", 9, 2, "cart");
	incident("C", 19, 3, "mail");
	rig_run(&rig, "UPDATE dorad.service_incident SET restored_at = NULL"
		      " WHERE external_id = 'A'");
	read_samples(red, INSTANT_NONE, G_MAXINT64, &samples);
	ck_assert_uint_eq(samples.restores->len, 2);
	span = &g_array_index(samples.restores, struct alert_span, 0);
	ck_assert_int_eq(span->began, hour(9, 2));
	ck_assert_int_eq(span->ended - span->began, 90 * G_TIME_SPAN_MINUTE);
	span++;
	ck_assert_int_eq(span->began, hour(20, 1));
	ck_assert_int_eq(span->ended, INSTANT_NONE);
	alert_samples_clear(&samples);
	read_samples(blue, INSTANT_NONE, hour(19, 4), &samples);
	ck_assert_uint_eq(samples.restores->len, 1);
	span = &g_array_index(samples.restores, struct alert_span, 0);
	ck_assert_int_eq(span->began, hour(19, 3));
	alert_samples_clear(&samples);
}
END_TEST

/* What began in the range, and the newest of before: a few incidents last for years. */
START_TEST(the_newest_of_before_are_there_too)
{
	struct alert_samples samples;

	rig_run(&rig,
		"INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at, restored_at) SELECT scope_id,"
		" 'production', 7, '', i::text, timestamptz '1970-02-01 00:00Z'"
		" + interval '1 hour' * i, timestamptz '1970-02-01 00:30Z'"
		" + interval '1 hour' * i FROM dorad.scope, generate_series(1, 1000) i"
		" WHERE kind = 'service' AND name = 'cart'");
	read_samples(cart, hour(31, 901), G_MAXINT64, &samples);
	ck_assert_uint_eq(samples.restores->len, 100 + ALERT_SPANS_MAX);
	ck_assert_int_eq(g_array_index(samples.restores, struct alert_span, 0).began,
			 hour(31, 901 - ALERT_SPANS_MAX));
	alert_samples_clear(&samples);
}
END_TEST

START_TEST(recoveries_begin_with_the_rollout)
{
	struct alert_samples samples;
	const struct alert_span *span;

	roll_out(1, "cart", 20, "failed");
	roll_out(2, "search", 21, "ok");
	read_samples(red, INSTANT_NONE, G_MAXINT64, &samples);
	ck_assert_uint_eq(samples.recoveries->len, 1);
	span = &g_array_index(samples.recoveries, struct alert_span, 0);
	ck_assert_int_eq(span->began, hour(20, 12));
	ck_assert_int_eq(span->ended, hour(20, 15));
	alert_samples_clear(&samples);
}
END_TEST

/* ---- activity ---- */

/* Days of January, local to Berlin, on which something happened. */
static char *active_days(gint32 scope_id)
{
	GString *text = g_string_new(NULL);
	GArray *days;

	rig_ok((days = store_activity(rig.store, scope_id, hour(1, 0), hour(30, 0),
				      &error)) != NULL);
	for (guint i = 0; i < days->len; i++)
		g_string_append_printf(
			text, "%s%d", i > 0 ? " " : "",
			(int)((g_array_index(days, gint64, i) + G_TIME_SPAN_HOUR) / DAY));
	g_array_unref(days);
	return g_string_free(text, FALSE);
}

/* An item of a source, at noon of a day. */
static void item(const char *project, const char *kind, int day)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.item (source_id, attempt, project, kind, external_id,"
		" outcome, done, bot, draft, optional, first_seen_at, created_at)"
		" SELECT source_id, 1, '%s', '%s', '%d', 'success', true, false, false,"
		" false, now(), timestamptz '1970-01-01 12:00Z' + interval '1 day' * %d"
		" FROM dorad.source WHERE name = 'shop'",
		project, kind, day, day);

	rig_run(&rig, sql);
}

static void pipeline_run(const char *source, const char *project, int day)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.pipeline_run (source_id, project, run, attempt,"
		" finished_at, n_jobs, child, outcome, workflow, retries)"
		" SELECT source_id, '%s', '%d', 1, timestamptz '1970-01-01 12:00Z'"
		" + interval '1 day' * %d, 0, false, 'success', '', 0"
		" FROM dorad.source WHERE name = '%s'",
		project, day, day, source);

	rig_run(&rig, sql);
}

START_TEST(a_day_with_anything_is_one)
{
	g_autofree char *nothing = active_days(cart), *days = NULL, *reds = NULL,
			*blues = NULL;

	ck_assert_str_eq(nothing, "");
	/* two commits of one local day, one of the next */
	rig_run(&rig,
		"INSERT INTO dorad.commit (committed_at, repo_id, sha, parents) SELECT"
		" timestamptz '1970-01-01 00:00Z' + interval '1 hour' * h, repo_id,"
		" decode(lpad(h::text, 4, '0'), 'hex'), '' FROM dorad.repo,"
		" unnest('{290, 291, 311}'::int[]) h WHERE name LIKE '%shop'");
	/* from when it was blue's */
	roll_out(49, "cart", 5, "ok");
	roll_out(50, "cart", 15, "ok");
	rig_run(&rig, "INSERT INTO dorad.deployment (service_id, source_id, external_id,"
		      " attempt, environment, started_at, outcome, first_seen_at) SELECT"
		      " scope_id, (SELECT min(source_id) FROM dorad.source), 'x', 1,"
		      " 'staging', timestamptz '1970-01-18 12:00Z', 'running', now()"
		      " FROM dorad.scope WHERE kind = 'service' AND name = 'cart'");
	incident("I", 20, 12, "cart");
	rig_run(&rig, "INSERT INTO dorad.pipeline_use SELECT scope_id, source_id,"
		      " CASE t.name WHEN 'shop' THEN 'acme/a' END FROM dorad.scope s,"
		      " dorad.source t WHERE s.kind = 'service' AND s.name = 'cart'");
	pipeline_run("shop", "acme/a", 22);
	rig_run(&rig, "INSERT INTO dorad.shipped_change (service_id, environment,"
		      " source_id, project, external_id, rollout_id, finished_at,"
		      " repo_id, sha) SELECT scope_id, e, source_id, p, e || p, 50,"
		      " timestamptz '1970-01-16 12:00Z', 1, '' FROM dorad.scope s,"
		      " dorad.source t, unnest('{production, staging}'::text[]) e,"
		      " unnest('{acme/b, acme/c}'::text[]) p WHERE t.name = 'shop'"
		      " AND s.kind = 'service' AND s.name = 'cart'");
	item("acme/b", "change", 24);
	item("acme/c", "change", 26);
	/* others use the same source */
	item("acme/x", "change", 14);
	item("", "incident", 19);
	incident("J", 21, 12, "mail");
	pipeline_run("shop", "acme/b", 23);
	pipeline_run("tools", "acme/x", 25);
	days = active_days(cart);
	ck_assert_str_eq(days, "5 12 13 15 17 20 22 24 26");
	/* whose days are those of UTC */
	reds = active_days(red);
	ck_assert_str_eq(reds, "5 12 15 17 20 22 24 26");
	blues = active_days(blue);
	ck_assert_str_eq(blues, "21");
}
END_TEST

START_TEST(facts_are_known_until)
{
	gint64 until = 1;

	rig_ok(store_fresh_until(rig.store, red, &until, &error));
	ck_assert_int_eq(until, INSTANT_NONE);
	rig_run(&rig, "UPDATE dorad.source SET ok_at = '1970-01-02 00:00Z'");
	rig_run(&rig, "DELETE FROM dorad.attribution_due");
	rig_ok(store_fresh_until(rig.store, red, &until, &error));
	ck_assert_int_eq(until, DAY);
	/* what is not attributed yet is not known yet */
	rig_run(&rig, "DELETE FROM dorad.attribution_due");
	rig_run(&rig, "INSERT INTO dorad.attribution_due (service_id) SELECT scope_id"
		      " FROM dorad.scope WHERE kind = 'service' AND name = 'cart'");
	rig_ok(store_fresh_until(rig.store, red, &until, &error));
	ck_assert_int_eq(until, INSTANT_NONE);
	rig_run(&rig, "DELETE FROM dorad.attribution_due");
	rig_ok(store_fresh_until(rig.store, cart, &until, &error));
	ck_assert_int_eq(until, DAY);
}
END_TEST

START_TEST(a_scope_knows_when_it_is_due)
{
	struct scope_row *row;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_alerts_due(rig.store, red, 5 * DAY, NULL, &error));
	rig_ok(row = store_scope_lock(rig.store, SCOPE_TEAM, "red", &error));
	ck_assert_int_eq(row->alerts_due, 5 * DAY);
	scope_row_free(row);
	rig_ok(store_alerts_due(rig.store, red, INSTANT_NONE, NULL, &error));
	rig_ok(row = store_scope_lock(rig.store, SCOPE_TEAM, "red", &error));
	ck_assert_int_eq(row->alerts_due, INSTANT_NONE);
	scope_row_free(row);
	rig_ok(store_commit(rig.store, &error));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_alert_samples");
	TCase *tests = tcase_create("store_alert_samples");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, when_a_failure_was_known, 0, G_N_ELEMENTS(failures));
	tcase_add_test(tests, samples_are_of_who_has_the_service_at_the_end);
	tcase_add_test(tests, stages_are_of_who_has_the_service_at_the_end);
	tcase_add_test(tests, what_is_known_has_a_beginning);
	tcase_add_test(tests, lead_times_are_those_that_count);
	tcase_add_test(tests, an_incident_of_two_services_is_one);
	tcase_add_test(tests, the_newest_of_before_are_there_too);
	tcase_add_test(tests, recoveries_begin_with_the_rollout);
	tcase_add_test(tests, a_day_with_anything_is_one);
	tcase_add_test(tests, facts_are_known_until);
	tcase_add_test(tests, a_scope_knows_when_it_is_due);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
