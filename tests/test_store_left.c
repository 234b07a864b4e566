#include "collector/gate.h"
#include "sinks/store_privacy.h"
#include "tests/store_rig.h"

/* What becomes of the numbers of teams and orgs when a service leaves the configuration:
 * its past stays. cart was blue's before day 10 and is red's since. Days are those of
 * January 1970, whose number is the day less one. */

static struct rig rig;
static gint32 red, blue, acme;

#define DAY G_TIME_SPAN_DAY
#define HEIR 900 /* its deployments are numbered from here */

/* The configuration with cart under a name; NULL: without it. */
static void adopt(const char *name)
{
	struct config_service *services = rig.config->services, cart = services[0];
	struct config_owner before = { .team = (char *)"blue", .until_us = 10 * DAY };

	ck_assert_str_eq(cart.name, "cart");
	services[0].owners = &before;
	services[0].n_owners = 1;
	services[0].name = (char *)name;
	rig.config->services += !name;
	rig.config->n_services -= !name;
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	rig.config->services = services;
	rig.config->n_services += !name;
	services[0] = cart;
}

/* Rollouts of a service on days 4, 8, 12 and 16, of which those of 8 and 12 failed, and
 * recovered on days 14 and never; one of them shipped a commit, and an incident is open.
 */
static void tell(const char *service, int first)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.deployment (deployment_id, service_id, source_id,"
		" external_id, attempt, environment, outcome, first_seen_at)"
		" OVERRIDING SYSTEM VALUE SELECT %d + day, s.scope_id, x.source_id,"
		" 'd' || day, 1, 'eu', 'success', now() FROM dorad.scope s, dorad.source "
		"x,"
		" unnest('{4, 8, 12, 16}'::int[]) day"
		" WHERE s.kind = 'service' AND s.name = '%s' AND x.name = 'shop';"
		"INSERT INTO dorad.rollout SELECT deployment_id, service_id, "
		"'production',"
		" timestamptz '1970-01-01 12:00Z' + (deployment_id - %d) * interval '1 "
		"day',"
		" 'normal' FROM dorad.deployment WHERE deployment_id >= %d;"
		"INSERT INTO dorad.rollout_state SELECT deployment_id, service_id,"
		" environment, finished_at, kind, CASE WHEN deployment_id - %d IN (8, 12)"
		" THEN 'failed' ELSE 'ok' END, finished_at, false,"
		" CASE deployment_id - %d WHEN 8 THEN timestamptz '1970-01-15 12:00Z' END"
		" FROM dorad.rollout WHERE deployment_id >= %d;"
		"INSERT INTO dorad.shipped (rollout_id, finished_at, author, lead_us,"
		" service_id, repo_id, environment, sha) SELECT r.deployment_id,"
		" r.finished_at, 7, 5, service_id, x.repo_id, r.environment, '\\xab'"
		" FROM dorad.rollout r, dorad.source x WHERE x.name = 'shop'"
		" AND r.deployment_id = %d + 12;"
		"INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at, restored_at)"
		" SELECT DISTINCT d.service_id, 'production', d.source_id, '', i.id,"
		" timestamptz '1970-01-12 12:00Z', i.at FROM dorad.deployment d,"
		" (VALUES ('open', NULL), ('over', timestamptz '1970-01-14 12:00Z'))"
		" i (id, at) WHERE d.deployment_id >= %d",
		first, service, first, first, first, first, first, first, first);

	rig_run(&rig, sql);
}

static void set_up(void)
{
	rig_init(&rig);
	red = rig_scope(&rig, "team", "red");
	blue = rig_scope(&rig, "team", "blue");
	acme = rig_scope(&rig, "org", "acme");
	adopt("cart");
	tell("cart", 100);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static void put_spans(GString *text, const GArray *spans)
{
	g_string_append(text, " |");
	for (guint i = 0; i < spans->len; i++) {
		const struct span_sample *span = &g_array_index(spans, struct span_sample,
								i);

		g_string_append_printf(text, " %d", (int)(span->began / DAY));
		if (span->left)
			g_string_append(text, "~left");
		else if (span->ended == INSTANT_NONE)
			g_string_append(text, "~open");
		else
			g_string_append_printf(text, "~%d", (int)(span->ended / DAY));
	}
}

/* Rollouts by day (! failed) "|" commits "|" recoveries "|" restores, and when it began.
 */
static char *samples_of(gint32 scope_id)
{
	_cleanup_(sample_arrays_clear) struct sample_arrays samples = { 0 };
	GString *text = g_string_new(NULL);
	GArray *environments;

	sample_arrays_init(&samples);
	rig_ok(store_samples(rig.store, scope_id, "production", INSTANT_NONE, G_MAXINT64,
			     &samples, &error));
	for (guint i = 0; i < samples.rollouts->len; i++) {
		const struct rollout_sample *s = &g_array_index(samples.rollouts,
								struct rollout_sample, i);

		g_string_append_printf(text, "%d%s ", (int)(s->finished / DAY),
				       s->state == CHANGE_FAILED ? "!" : "");
	}
	g_string_append_printf(text, "| %u", samples.leads->len);
	put_spans(text, samples.recoveries);
	put_spans(text, samples.restores);
	rig_ok((environments = store_scope_environments(rig.store, scope_id, &error)));
	for (guint i = 0; i < environments->len; i++)
		g_string_append_printf(
			text, " from %d",
			(int)(g_array_index(environments, struct scope_environment, i)
				      .born /
			      DAY));
	scope_environments_free(environments);
	return g_string_free(text, FALSE);
}

static void expect_samples(gint32 scope_id, const char *what, const char *expected)
{
	g_autofree char *got = samples_of(scope_id);

	ck_assert_msg(strcmp(got, expected) == 0, "%s: \"%s\" instead of \"%s\"", what,
		      got, expected);
}

START_TEST(the_past_stays)
{
	expect_samples(blue, "there", "4 8! | 0 | 8~14 | from 4");
	expect_samples(red, "there", "12! 16 | 1 | 12~open | 11~13 11~open from 12");
	adopt(NULL);
	expect_samples(blue, "left", "4 8! | 0 | 8~14 | from 4");
	expect_samples(red, "left", "12! 16 | 1 | 12~left | 11~13 11~left from 12");
	expect_samples(acme, "left",
		       "4 8! 12! 16 | 1 | 8~14 12~left | 11~13 11~left from 4");
	rig_expect(&rig,
		   "SELECT string_agg(incident || ' ' || service, ', ')"
		   " FROM dora.service_incidents",
		   "over cart");
	adopt("cart");
	expect_samples(red, "back", "12! 16 | 1 | 12~open | 11~13 11~open from 12");
}
END_TEST

START_TEST(what_another_has_too_is_what_that_says)
{
	adopt(NULL);
	rig_run(&rig, "INSERT INTO dorad.service_incident SELECT s.scope_id, environment,"
		      " source_id, project, external_id, started_at, restored_at"
		      " FROM dorad.service_incident, dorad.scope s"
		      " WHERE s.name = 'search'");
	expect_samples(red, "of two", "12! 16 | 1 | 12~left | 11~13 11~open from 12");
}
END_TEST

static const struct {
	const char *what, *metric, *scope;
	enum scope_kind kind;
	const char *rows;
} reasons[] = {
	{ "the former team", "deployment_frequency", "blue", SCOPE_TEAM, "2" },
	{ "the last team", "deployment_frequency", "red", SCOPE_TEAM, "2" },
	{ "the org", "deployment_frequency", "acme", SCOPE_ORG, "4" },
	{ "the service itself", "deployment_frequency", "cart", SCOPE_SERVICE, "4" },
	{ "it failed in the former team's time", "change_fail_rate", "blue", SCOPE_TEAM,
	  "1" },
	{ "and recovered in the other's", "failed_deployment_recovery_time", "blue",
	  SCOPE_TEAM, "1" },
	{ "so that is not the other's", "failed_deployment_recovery_time", "red",
	  SCOPE_TEAM, "0" },
	{ "an incident began with the last team", "time_to_restore", "red", SCOPE_TEAM,
	  "1" },
	{ "not with the former", "time_to_restore", "blue", SCOPE_TEAM, "0" },
	{ "commits go with their rollout", "change_lead_time", "red", SCOPE_TEAM, "1" },
};

/* What a gate says that a number of that time was made of. */
START_TEST(reasons_are_of_its_time)
{
	const struct guardrail_row row = {
		.kind = reasons[_i].kind,
		.scope = (char *)reasons[_i].scope,
		.environment = (char *)"production",
		.metric = (char *)reasons[_i].metric,
		.start = 0,
		.end = 30 * DAY,
	};
	g_autofree char *why = gate_why(&row), *sql = NULL, *there = NULL, *left = NULL;

	*strrchr(why, ';') = '\0';
	sql = g_strdup_printf("SELECT count(*) FROM (%s) x", why);
	there = rig_read(&rig, sql);
	ck_assert_msg(strcmp(there, reasons[_i].rows) == 0, "%s: %s", reasons[_i].what,
		      there);
	adopt(NULL);
	left = rig_read(&rig, sql);
	ck_assert_msg(strcmp(left, reasons[_i].rows) == 0, "%s, left: %s",
		      reasons[_i].what, left);
}
END_TEST

/* What explains a number of today, and one of then. */
static void expect_explained(const char *open, const char *what)
{
	g_autofree char *today = rig_read(
		&rig, "SELECT string_agg(what || ' ' || name, ', ' ORDER BY what, name)"
		      " FROM (SELECT * FROM dora.explain('time_to_restore', now()::date,"
		      " team => 'red') UNION ALL SELECT * FROM"
		      " dora.explain('failed_deployment_recovery_time', now()::date,"
		      " team => 'red')) x WHERE part = 'open'");
	g_autofree char *then = rig_read(
		&rig, "SELECT string_agg(part || ' ' || name, ', ' ORDER BY part, name)"
		      " FROM dora.explain('time_to_restore', '1970-01-12', 'quarter',"
		      " team => 'red') WHERE what = 'incident'");

	ck_assert_msg(strcmp(today, open) == 0, "%s: %s", what, today);
	ck_assert_msg(strcmp(then, "open open, used over") == 0, "%s: %s", what, then);
}

START_TEST(explanations_are_of_its_time)
{
	g_autofree char *took = NULL;

	expect_explained("incident open, rollout d12", "there");
	adopt(NULL);
	expect_explained("", "left");
	/* as dora.shipped_commits says it, of however few people */
	took = rig_read(&rig, "SELECT seconds * 1e6 FROM dora.explain('change_lead_time',"
			      " '1970-01-13', 'day', team => 'red')"
			      " WHERE part = 'used'");
	ck_assert_str_eq(took, "5");
}
END_TEST

/* It has all the deployments again, as its own. */
START_TEST(another_name_does_not_count_twice)
{
	adopt("basket");
	expect_samples(acme, "not read yet",
		       "4 8! 12! 16 | 1 | 8~14 12~left | 11~13 11~left from 4");
	tell("basket", HEIR);
	rig_run(&rig, "DELETE FROM dorad.rollout_state WHERE rollout_id = 904;"
		      "DELETE FROM dorad.rollout WHERE deployment_id = 904");
	expect_samples(acme, "but for what only the first had",
		       "4 8! 12! 16 | 1 | 8~14 12~open | 11~13 11~open from 4");
	expect_samples(blue, "the former team's", "4 8! | 0 | 8~14 | from 4");
}
END_TEST

/* In a repository of several services each deploys what the others do. */
START_TEST(who_was_there_before_is_no_other_name)
{
	tell("search", HEIR);
	rig_run(&rig, "UPDATE dorad.deployment SET first_seen_at = now() - interval"
		      " '1 day' WHERE deployment_id >= 900");
	adopt(NULL);
	expect_samples(red, "both",
		       "4 8! 12! 12! 16 16 | 2 | 8~14 12~left 12~open"
		       " | 11~13 11~open from 4");
}
END_TEST

START_TEST(forgetting_concerns_its_teams)
{
	const guint64 author = 7;
	g_autoptr(GArray) authors = g_array_new(FALSE, FALSE, sizeof(author));
	g_autoptr(GPtrArray) tokens = g_ptr_array_new();
	struct forget_counts counts;

	g_array_append_val(authors, author);
	adopt(NULL);
	rig_run(&rig, "DELETE FROM dorad.dirty");
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_forget(rig.store, authors, tokens, &counts, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_expect_dirty(&rig, red, "12");
	rig_expect_dirty(&rig, acme, "12");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_left");
	TCase *tests = tcase_create("store_left");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_past_stays);
	tcase_add_test(tests, what_another_has_too_is_what_that_says);
	tcase_add_loop_test(tests, reasons_are_of_its_time, 0, G_N_ELEMENTS(reasons));
	tcase_add_test(tests, explanations_are_of_its_time);
	tcase_add_test(tests, another_name_does_not_count_twice);
	tcase_add_test(tests, who_was_there_before_is_no_other_name);
	tcase_add_test(tests, forgetting_concerns_its_teams);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
