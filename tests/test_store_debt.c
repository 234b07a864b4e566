#include "tests/store_rig.h"

/* Technical debt in the views, on a world small enough to count by hand. */

static struct rig rig;
static struct config *config;
static gint32 gh, jira;

/* cart and search are made of acme/shop, mail of acme/tools; nothing is of acme/else. */
static const char world_text[] =
	"database:\n"
	"  uri: postgresql:///unused\n"
	"privacy: {minimum_authors: 3}\n"
	"sources:\n"
	"  git:\n"
	"    - {name: shop, url: 'https://git.example.org/acme/shop.git'}\n"
	"    - {name: tools, url: 'git@git.example.org:acme/tools', ssh_key: {file: /k},"
	" known_hosts: /h}\n"
	"  github:\n"
	"    - name: gh\n"
	"      projects: [acme/shop, acme/tools, acme/else]\n"
	"      token: {env: T}\n"
	"      debt_labels: [tech-debt]\n"
	"  jira:\n"
	"    - name: jira\n"
	"      url: https://acme.example.org\n"
	"      username: a@example.org\n"
	"      token: {env: T}\n"
	"      projects: [MLX, OPS]\n"
	"      debt_query: labels = debt\n"
	"debt:\n"
	"  classes:\n"
	"    - {class: safety, labels: [safety, 'security*']}\n"
	"    - {class: speed, labels: ['slow?', 'perf_%']}\n"
	"  services:\n"
	"    - {service: cart, labels: [area/cart]}\n"
	"    - {service: mail, source: jira, projects: ['ML*']}\n"
	"orgs:\n"
	"  - name: acme\n"
	"teams:\n"
	"  - {name: red, org: acme}\n"
	"  - {name: blue, org: acme}\n"
	"services:\n"
	"  - name: cart\n"
	"    team: red\n"
	"    time_zone: Europe/Berlin\n"
	"    components: [{repository: shop}]\n"
	"    deployments: [{from: tags}]\n"
	"  - name: search\n"
	"    team: red\n"
	"    components: [{repository: shop}]\n"
	"    deployments: [{from: tags}]\n"
	"  - name: mail\n"
	"    team: blue\n"
	"    components: [{repository: tools}]\n"
	"    deployments: [{from: tags}]\n";

static const struct issue {
	gint32 *source;
	const char *project, *id, *labels, *services, *opened, *closed;
	bool dropped, gone;
} issues[] = {
	{ &gh, "acme/shop", "1", "Tech-Debt,slow1,Safety", NULL, "2026-01-31T23:30:00Z" },
	{ &gh, "acme/shop", "2", "tech-debt,Area/Cart,slowX", NULL,
	  "2026-02-10T00:00:00Z", "2026-03-05T00:00:00Z" },
	{ &gh, "acme/shop", "3", "tech-debt,area/cart,slow", NULL, "2026-02-01T00:00:00Z",
	  "2026-02-11T00:00:00Z", .dropped = true },
	{ &gh, "acme/shop", "4", "bug", NULL, "2026-02-01T00:00:00Z" },
	{ &gh, "acme/else", "5", "TECH-DEBT,security-hole", NULL,
	  "2026-02-15T00:00:00Z" },
	{ &jira, "MLX", "MLX-1", "perfXy", "search", "2026-03-01T00:00:00Z" },
	{ &jira, "OPS", "OPS-1", NULL, "Search,nobody", "2026-03-10T00:00:00Z" },
	{ &jira, "OPS", "OPS-2", "safety", "search", "2026-02-01T00:00:00Z",
	  .gone = true },
};

static gint32 source_id(const char *name)
{
	struct source_row row = { 0 };

	rig_ok(store_source(rig.store, name, &row, &error));
	return row.source_id;
}

static void write_issue(const struct issue *issue)
{
	g_autoptr(GPtrArray) items = items_new();
	struct item *item = rig_item(ITEM_DEBT, issue->project, issue->id);
	const char *gone[] = { issue->id, NULL };

	item->labels = issue->labels ? g_strsplit(issue->labels, ",", 0) : NULL;
	item->services = issue->services ? g_strsplit(issue->services, ",", 0) : NULL;
	item->created = rig_time(issue->opened);
	item->done = issue->closed != NULL;
	item->outcome = issue->dropped ? OUTCOME_CANCELLED
			: item->done   ? OUTCOME_SUCCESS
				       : OUTCOME_RUNNING;
	if (issue->closed)
		item->closed = rig_time(issue->closed);
	g_ptr_array_add(items, item);
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, *issue->source, item->created, items, NULL,
				 &error));
	if (issue->gone)
		rig_ok(store_items_gone(rig.store, *issue->source, issue->project,
					ITEM_DEBT, gone, item->created, NULL, &error));
	rig_ok(store_commit(rig.store, &error));
}

/* The same configuration, or one with a change, for the rig's database. */
static void configure(const char *from, const char *to)
{
	g_autoptr(GString) text = g_string_new(world_text);

	ck_assert(!from || g_string_replace(text, from, to, 0) == 1);
	config_unref(config);
	config = rig_load(text->str);
	rig_ok(store_sync_config(rig.store, config, &error));
}

static void set_up(void)
{
	rig_init(&rig);
	configure(NULL, NULL);
	/* Each service has always been its team's. */
	rig_run(&rig, "INSERT INTO dorad.ownership SELECT scope_id, parent_id,"
		      " '-infinity', 'infinity' FROM dorad.scope WHERE kind = 'service'"
		      " ON CONFLICT DO NOTHING");
	configure(NULL, NULL);
	gh = source_id("gh");
	jira = source_id("jira");
	for (gsize i = 0; i < G_N_ELEMENTS(issues); i++)
		write_issue(&issues[i]);
}

static void tear_down(void)
{
	g_clear_pointer(&config, config_unref);
	rig_clear(&rig);
}

/* ---- issues ---- */

#define ITEMS                                                                            \
	"SELECT string_agg(issue || ' ' || coalesce(service, '-') || ' ' || class ||"    \
	" CASE WHEN dropped THEN ' dropped' ELSE '' END ||"                              \
	" CASE WHEN withdrawn THEN ' withdrawn' ELSE '' END, '; '"                       \
	" ORDER BY issue, service) FROM dora.debt_items"

START_TEST(issues_have_a_class_and_services)
{
	rig_expect(&rig, ITEMS,
		   "1 cart safety; 1 search safety; 2 cart speed; 3 cart other dropped; "
		   "4 cart other withdrawn; 4 search other withdrawn; 5 - safety; "
		   "MLX-1 mail other; OPS-1 search other; OPS-2 search safety withdrawn");
}
END_TEST

START_TEST(another_configuration_shows_at_once)
{
	configure("    - {class: safety, labels: [safety, 'security*']}\n", "");
	rig_expect(&rig, ITEMS,
		   "1 cart speed; 1 search speed; 2 cart speed; 3 cart other dropped; "
		   "4 cart other withdrawn; 4 search other withdrawn; 5 - other; "
		   "MLX-1 mail other; OPS-1 search other; OPS-2 search other withdrawn");
	configure("      debt_query: labels = debt\n", "      query: type = Bug\n");
	rig_expect(&rig, "SELECT count(*) FROM dora.debt_items WHERE source = 'jira'",
		   "0");
}
END_TEST

START_TEST(the_same_configuration_writes_nothing)
{
	g_autofree char *before = rig_rows(&rig), *after = NULL;

	configure(NULL, NULL);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(ages_end_with_the_close)
{
	rig_expect(&rig, "SELECT age_seconds FROM dora.debt_items WHERE issue = '3'",
		   "864000");
	rig_expect(&rig,
		   "SELECT bool_and(abs(age_seconds - extract(epoch FROM now() -"
		   " opened_at)) < 1) FROM dora.debt_items WHERE closed_at IS NULL",
		   "t");
}
END_TEST

/* ---- the portfolio ---- */

#define PORTFOLIO                                                                        \
	"SELECT coalesce(string_agg(coalesce(class, 'all') || ' ' || open_items || ' ' " \
	"||"                                                                             \
	" opened_items || ' ' || closed_items || ' ' || dropped_items || ' ' ||"         \
	" coalesce(open_age_p50::text, '-') || ' ' ||"                                   \
	" coalesce(open_age_max::text, '-'), '; ' ORDER BY class NULLS LAST), 'none')"   \
	" FROM dora.debt_portfolio WHERE "

/* Of each class: open at the end, opened, closed, dropped, median and greatest age. */
static const struct {
	const char *what, *where, *rows;
} months[] = {
	{ "cart's January is over in Berlin before the first issue",
	  "service = 'cart' AND bucket_start < '2026-01-31 23:00Z'", "none" },
	{ "cart's February, in Berlin",
	  "service = 'cart' AND bucket_start = '2026-01-31 23:00Z'"
	  " AND bucket_end = '2026-02-28 23:00Z'",
	  "other 0 1 1 1 - -; safety 1 1 0 0 2417400 2417400; "
	  "speed 1 1 0 0 1638000 1638000; all 2 3 1 1 2027700 2417400" },
	{ "cart's March, with a clock change",
	  "service = 'cart' AND bucket_start = '2026-02-28 23:00Z'"
	  " AND bucket_end = '2026-03-31 22:00Z'",
	  "other 0 0 0 0 - -; safety 1 0 0 0 5092200 5092200; speed 0 0 1 0 - -; "
	  "all 1 0 1 0 5092200 5092200" },
	{ "search's January, in UTC",
	  "service = 'search' AND bucket_start = '2026-01-01Z'",
	  "other 0 0 0 0 - -; safety 1 1 0 0 1800 1800; all 1 1 0 0 1800 1800" },
	{ "a team counts an issue of two services once",
	  "team = 'red' AND service IS NULL AND bucket_start = '2026-02-01Z'",
	  "other 0 1 1 1 - -; safety 1 0 0 0 2421000 2421000; "
	  "speed 1 1 0 0 1641600 1641600; all 2 2 1 1 2031300 2421000" },
	{ "an organization's March",
	  "org = 'acme' AND team IS NULL AND bucket_start = '2026-03-01Z'",
	  "other 2 2 0 0 2289600 2678400; safety 1 0 0 0 5099400 5099400; "
	  "speed 0 0 1 0 - -; all 3 2 1 0 2678400 5099400" },
	{ "issues of no service are seen", "org IS NULL AND bucket_start = '2026-02-01Z'",
	  "safety 1 1 0 0 1209600 1209600; all 1 1 0 0 1209600 1209600" },
};

START_TEST(months_by_hand)
{
	g_autofree char *sql = g_strconcat(PORTFOLIO, months[_i].where, NULL);

	rig_expect(&rig, sql, months[_i].rows);
}
END_TEST

START_TEST(a_reopened_issue_was_never_closed)
{
	struct issue again = issues[2];

	again.closed = NULL;
	again.dropped = false;
	write_issue(&again);
	rig_expect(&rig,
		   PORTFOLIO "service = 'cart' AND class = 'other'"
			     " AND bucket_start = '2026-01-31 23:00Z'",
		   "other 1 1 0 0 2415600 2415600");
}
END_TEST

START_TEST(a_label_that_changes_after_the_close_moves_the_history)
{
	struct issue again = issues[1];

	again.labels = "tech-debt,area/cart,safety";
	write_issue(&again);
	rig_expect(&rig,
		   PORTFOLIO "service = 'cart' AND bucket_start = '2026-02-28 23:00Z'",
		   "other 0 0 0 0 - -; safety 1 0 1 0 5092200 5092200; "
		   "all 1 0 1 0 5092200 5092200");
}
END_TEST

START_TEST(a_team_keeps_what_was_its)
{
	rig_run(&rig, "UPDATE dorad.ownership SET valid_to = '2026-03-01Z'"
		      " WHERE service_id = (SELECT scope_id FROM dorad.scope"
		      " WHERE kind = 'service' AND name = 'cart');"
		      "INSERT INTO dorad.ownership SELECT s.scope_id, t.scope_id,"
		      " '2026-03-01Z', 'infinity' FROM dorad.scope s, dorad.scope t"
		      " WHERE s.kind = 'service' AND s.name = 'cart'"
		      " AND t.kind = 'team' AND t.name = 'blue'");
	rig_expect(&rig,
		   PORTFOLIO "team = 'red' AND service IS NULL AND class = 'speed'"
			     " AND bucket_start = '2026-02-01Z'",
		   "speed 1 1 0 0 1641600 1641600");
	rig_expect(&rig,
		   PORTFOLIO "team = 'blue' AND service IS NULL AND class = 'speed'"
			     " AND bucket_start = '2026-03-01Z'",
		   "speed 0 0 1 0 - -");
	rig_expect(&rig,
		   PORTFOLIO "team = 'red' AND service IS NULL AND class = 'speed'"
			     " AND bucket_start = '2026-03-01Z'",
		   "speed 0 0 0 0 - -");
}
END_TEST

START_TEST(a_month_is_complete_when_all_sources_were_read_since)
{
	static const char ask[] =
		"SELECT string_agg(complete::text, ' ' ORDER BY bucket_start)"
		" FROM dora.debt_portfolio WHERE service = 'mail' AND class IS NULL"
		" AND bucket_start < '2026-05-01Z'";

	rig_expect(&rig, ask, "false false");
	rig_run(&rig, "UPDATE dorad.source SET ok_at = '2026-05-02Z' WHERE name = 'gh'");
	rig_expect(&rig, ask, "false false");
	rig_run(&rig,
		"UPDATE dorad.source SET ok_at = '2026-04-01Z' WHERE name = 'jira'");
	rig_expect(&rig, ask, "true false");
}
END_TEST

/* ---- what it costs ---- */

static void add_rollout(const char *service, const char *at, const char *state,
			bool unplanned)
{
	static int count;
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.rollout_state (rollout_id, service_id, environment,"
		" finished_at, kind, state, pending_until, unplanned)"
		" SELECT %d, scope_id, 'production', '%s', 'normal', '%s', '%s', %s"
		" FROM dorad.scope WHERE kind = 'service' AND name = '%s'",
		++count, at, state, at, unplanned ? "true" : "false", service);

	rig_run(&rig, sql);
}

static void add_commit(const char *service, const char *at, int lead_s, int author,
		       const char *excluded)
{
	static int count;
	g_autofree char *why = excluded ? g_strdup_printf("'%s'", excluded) : NULL;
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.shipped (rollout_id, finished_at, author, lead_us,"
		" service_id, repo_id, environment, sha, excluded)"
		" SELECT 1, '%s', %d, %d000000, scope_id, 1, 'production', '\\x%06x', %s"
		" FROM dorad.scope WHERE kind = 'service' AND name = '%s'",
		at, author, lead_s, ++count, why ? why : "NULL", service);

	rig_run(&rig, sql);
}

static void add_incident(const char *service, const char *id, const char *at,
			 const char *excluded)
{
	g_autofree char *why = excluded ? g_strdup_printf("'%s'", excluded) : NULL;
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at, excluded)"
		" SELECT scope_id, 'production', 1, '', '%s', '%s', %s"
		" FROM dorad.scope WHERE kind = 'service' AND name = '%s'",
		id, at, why ? why : "NULL", service);

	rig_run(&rig, sql);
}

static void write_march(void)
{
	add_rollout("cart", "2026-02-03Z", "ok", false);
	add_rollout("cart", "2026-03-01Z", "failed", false);
	add_rollout("cart", "2026-03-02Z", "ok", true);
	add_rollout("cart", "2026-03-31 23:59Z", "pending", false);
	add_rollout("cart", "2026-04-01Z", "failed", true);
	add_rollout("search", "2026-03-05Z", "ok", false);
	add_rollout("mail", "2026-03-05Z", "ok", false);
	add_rollout("mail", "2026-03-06Z", "ok", true);
	add_commit("cart", "2026-03-01Z", 10, 1, NULL);
	add_commit("cart", "2026-03-02Z", 20, 2, NULL);
	add_commit("cart", "2026-03-02Z", 9999, 7, "rule");
	add_commit("cart", "2026-02-03Z", 9999, 8, NULL);
	add_commit("search", "2026-03-05Z", 60, 3, NULL);
	add_commit("mail", "2026-03-05Z", 100, 1, NULL);
	add_commit("mail", "2026-03-06Z", 200, 2, NULL);
	add_incident("cart", "I1", "2026-03-01Z", NULL);
	add_incident("cart", "I2", "2026-03-02Z", "severity");
	add_incident("mail", "I3", "2026-04-01Z", NULL);
}

#define COST                                                                             \
	"SELECT string_agg(concat_ws(' ', coalesce(class, 'all'),"                       \
	" CASE WHEN with_debt THEN 'with' ELSE 'without' END, services, incidents,"      \
	" incidents_per_service, rollouts, rollouts_known, rollouts_failed,"             \
	" round(change_fail_rate::numeric, 3), rollouts_unplanned,"                      \
	" deployment_rework_rate, commits, coalesce(lead_p50::text, '-'),"               \
	" coalesce(lead_p90::text, '-')), '; '"                                          \
	" ORDER BY class NULLS LAST, with_debt DESC) FROM dora.debt_cost"                \
	" WHERE org = 'acme' AND environment = 'production'"                             \
	" AND bucket_start = '2026-03-01Z'"

/* Two authors are behind mail's lead times, and three behind those of cart and search. */
START_TEST(services_with_debt_beside_those_without)
{
	write_march();
	rig_expect(&rig, COST,
		   "other without 3 1 0.3333333333333333 6 5 1 0.200 2 "
		   "0.3333333333333333 5 60 160; "
		   "safety with 2 1 0.5 4 3 1 0.333 1 0.25 3 20 52; "
		   "safety without 1 0 0 2 2 0 0.000 1 0.5 2 - -; "
		   "speed with 1 1 1 3 2 1 0.500 1 0.3333333333333333 2 - -; "
		   "speed without 2 0 0 3 3 0 0.000 1 0.3333333333333333 3 100 180; "
		   "all with 2 1 0.5 4 3 1 0.333 1 0.25 3 20 52; "
		   "all without 1 0 0 2 2 0 0.000 1 0.5 2 - -");
}
END_TEST

START_TEST(an_incident_of_two_services_counts_once)
{
	write_march();
	add_incident("search", "I1", "2026-03-01Z", NULL);
	rig_expect(&rig,
		   "SELECT incidents || ' of ' || services FROM dora.debt_cost"
		   " WHERE class IS NULL AND with_debt AND bucket_start = '2026-03-01Z'",
		   "1 of 2");
}
END_TEST

START_TEST(the_minimum_of_authors_is_the_configuration_s)
{
	write_march();
	configure("minimum_authors: 3", "minimum_authors: 0");
	rig_expect(&rig,
		   "SELECT lead_p50 FROM dora.debt_cost WHERE class = 'speed'"
		   " AND with_debt AND bucket_start = '2026-03-01Z'",
		   "15");
}
END_TEST

/* ---- what readers do not see ---- */

/* The database's rule, not another: in a locale of its own it may fold more letters, or
 * fewer. What was configured thrice is one label. */
START_TEST(labels_are_folded_by_one_rule)
{
	configure("debt_labels: [tech-debt]",
		  "debt_labels: [\u0130-Debt, \u0130-debt, \u0130-DEBT]");
	rig_expect(&rig,
		   "SELECT cardinality(labels) || ' ' || n_needed || ' ' ||"
		   " (labels[1] = lower(U&'\\0130-Debt')) FROM dorad.debt_source"
		   " WHERE labels IS NOT NULL",
		   "1 1 true");
}
END_TEST

/* Months are made of the scopes that are asked for: the filter is on rows of scopes, and
 * on nothing that was made of them. */
START_TEST(a_filter_reaches_the_scopes)
{
	g_autoptr(GString) plan = g_string_new(NULL);
	PGresult *result = pg_query(rig.admin, "EXPLAIN SELECT * FROM dora.debt_portfolio"
					       " WHERE service = 'cart'");

	for (int i = 0; i < PQntuples(result); i++)
		g_string_append_printf(plan, "%s\n", PQgetvalue(result, i, 0));
	PQclear(result);
	ck_assert_msg(strstr(plan->str, "'cart'") && !strstr(plan->str, "(k.service"),
		      "%s", plan->str);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_debt");
	TCase *tests = tcase_create("store_debt");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, issues_have_a_class_and_services);
	tcase_add_test(tests, another_configuration_shows_at_once);
	tcase_add_test(tests, the_same_configuration_writes_nothing);
	tcase_add_test(tests, ages_end_with_the_close);
	tcase_add_loop_test(tests, months_by_hand, 0, G_N_ELEMENTS(months));
	tcase_add_test(tests, a_reopened_issue_was_never_closed);
	tcase_add_test(tests, a_label_that_changes_after_the_close_moves_the_history);
	tcase_add_test(tests, a_team_keeps_what_was_its);
	tcase_add_test(tests, a_month_is_complete_when_all_sources_were_read_since);
	tcase_add_test(tests, services_with_debt_beside_those_without);
	tcase_add_test(tests, an_incident_of_two_services_counts_once);
	tcase_add_test(tests, labels_are_folded_by_one_rule);
	tcase_add_test(tests, a_filter_reaches_the_scopes);
	tcase_add_test(tests, the_minimum_of_authors_is_the_configuration_s);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
