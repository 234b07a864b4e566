#include "collector/evaluate.h"
#include "tests/store_rig.h"

/* What is to finish or begin tomorrow, for clocks differ, is in the month and quarter of
 * today already, and in no day yet. When it is another's, or turns out never to have
 * been, those go, though there is no day to find them by. Told of cart, of red's, on 28
 * September. */

static struct rig rig;
static gint64 now;

#define TOMORROW " timestamptz '2025-09-29 12:00Z'"

static const char rollout[] =
	"INSERT INTO dorad.deployment (deployment_id, service_id, source_id, external_id,"
	" attempt, environment, outcome, first_seen_at) OVERRIDING SYSTEM VALUE"
	" SELECT 1, s.scope_id, x.source_id, 'd1', 1, 'eu', 'success', now()"
	" FROM dorad.scope s, dorad.source x WHERE s.name = 'cart' AND x.name = 'shop';"
	"INSERT INTO dorad.rollout SELECT deployment_id, service_id, "
	"'production'," TOMORROW ", 'normal' FROM dorad.deployment";
static const char incident[] =
	"INSERT INTO dorad.service_incident (service_id, environment, source_id, project,"
	" external_id, started_at) SELECT s.scope_id, 'production', x.source_id, '', "
	"'i1'," TOMORROW " FROM dorad.scope s, dorad.source x"
	" WHERE s.name = 'cart' AND x.name = 'shop'";

static void set_up(void)
{
	rig_init(&rig);
	now = rig_time("2025-09-28T14:00:00Z");
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static void evaluate(void)
{
	static const struct {
		enum scope_kind kind;
		const char *name;
	} scopes[] = {
		{ SCOPE_SERVICE, "cart" },
		{ SCOPE_TEAM, "red" },
		{ SCOPE_TEAM, "blue" },
		{ SCOPE_ORG, "acme" },
	};
	g_autoptr(GBytes) key = g_bytes_new_static("key", 3);
	const struct work_context context = { .config = rig.config, .author_key = key };
	struct evaluate_result result;

	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		rig_ok(evaluate_scope(rig.store, &context, scopes[i].kind, scopes[i].name,
				      now, &result, &error));
}

/* Other days are not computed again. */
static void mark(void)
{
	const gint64 tomorrow = rig_time("2025-09-29T12:00:00Z");

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_dirty_add(rig.store, rig_scope(&rig, "service", "cart"), tomorrow,
			       tomorrow + 1, &error));
	rig_ok(store_commit(rig.store, &error));
}

static void give_to_blue(void)
{
	struct config_service *cart = &rig.config->services[0];
	char *team = cart->team;

	ck_assert_str_eq(cart->name, "cart");
	cart->team = (char *)"blue";
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	cart->team = team;
}

static const struct {
	const char *what, *told;
	const char *undone; /* NULL: cart is blue's from then on */
	const char *before, *after;
} stories[] = {
	{ "a rollout is another team's", rollout, NULL, "acme 12, cart 12, red 12",
	  "acme 12, blue 12, cart 12" },
	{ "a rollout never was", rollout, "DELETE FROM dorad.rollout",
	  "acme 12, cart 12, red 12", "" },
	{ "an open incident is another team's", incident, NULL, "acme 2, cart 2, red 2",
	  "acme 2, blue 2, cart 2" },
	{ "an incident is withdrawn", incident,
	  "UPDATE dorad.service_incident SET excluded = 'withdrawn'",
	  "acme 2, cart 2, red 2", "" },
};

static void expect(int i, const char *expected)
{
	g_autofree char *got = rig_ask(
		&rig, "SELECT coalesce(string_agg(name || ' ' || n, ', ' ORDER BY name),"
		      " '') FROM (SELECT s.name, count(*) AS n FROM dorad.series"
		      " JOIN dorad.scope s USING (scope_id)"
		      " WHERE grain IN ('month', 'quarter') GROUP BY 1) x");

	ck_assert_msg(strcmp(got, expected) == 0, "%s: \"%s\" instead of \"%s\"",
		      stories[i].what, got, expected);
	rig_expect(&rig,
		   "SELECT count(*) FROM dorad.series"
		   " WHERE grain NOT IN ('month', 'quarter')",
		   "0");
}

START_TEST(what_was_to_come_leaves_no_month_behind)
{
	rig_run(&rig, stories[_i].told);
	mark();
	evaluate();
	expect(_i, stories[_i].before);
	if (stories[_i].undone) {
		rig_run(&rig, stories[_i].undone);
		mark();
	} else {
		give_to_blue();
	}
	evaluate();
	expect(_i, stories[_i].after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_tomorrow");
	TCase *tests = tcase_create("series_tomorrow");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, what_was_to_come_leaves_no_month_behind, 0,
			    G_N_ELEMENTS(stories));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
