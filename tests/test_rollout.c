#include <check.h>
#include <stdlib.h>

#include "base/instant.h"
#include "metrics/rollout.h"

#define T0 (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)
#define NEVER -1 /* no finish */

static const char *const eu_us[] = { "eu", "us", "eu" /* listed twice: still one */ };
static const char *const apac[] = { "apac", "us" /* taken by the group before */ };
static const char *const fast[] = { "canary", "fleet" };
static const struct rollout_group groups[] = {
	{ "production", eu_us, 3, false },
	{ "asia", apac, 1, false },
	{ "edge", fast, 2, true },
	{ "overlap", apac, 2, true },
};

enum { NONE = -1, MAX_ROWS = 8, MAX_REVISIONS = 3 };

#define COUNTS(rollout) rollout, EXCLUSION_NONE
#define PART(rollout) rollout, EXCLUSION_PART_OF_ROLLOUT
#define WAITS NONE, EXCLUSION_INCOMPLETE
#define OUT(reason) NONE, EXCLUSION_##reason

/* Deployments in the order they are given; revisions are letters ("ab" is two). The
 * rollout expected is named by its rank in order of finish. */
static const struct {
	const char *what;
	struct {
		const char *environment, *revisions;
		int minute;
		int rollout;
		enum exclusion excluded;
		enum outcome outcome;
		enum exclusion withheld;
	} rows[MAX_ROWS];
} cases[] = {
	{ "all: the last environment finishes it",
	  { { "eu", "a", 1, PART(0) }, { "us", "a", 2, COUNTS(0) } } },
	{ "all: one environment waits for the other", { { "eu", "a", 1, WAITS } } },
	{ "all: another revision does not complete it",
	  { { "eu", "a", 1, WAITS }, { "us", "b", 2, WAITS } } },
	{ "all: a newer revision does not close an open one",
	  { { "eu", "a", 1, PART(1) },
	    { "eu", "b", 2, PART(0) },
	    { "us", "b", 3, COUNTS(0) },
	    { "us", "a", 4, COUNTS(1) } } },
	{ "all: again before the other is a part, not a new one",
	  { { "eu", "a", 1, PART(0) },
	    { "eu", "a", 2, PART(0) },
	    { "us", "a", 3, COUNTS(0) } } },
	{ "all: again and never finished",
	  { { "eu", "a", 1, WAITS }, { "eu", "a", 2, WAITS } } },
	{ "all: everything again is a second rollout",
	  { { "eu", "a", 1, PART(0) },
	    { "us", "a", 2, COUNTS(0) },
	    { "us", "a", 3, PART(1) },
	    { "eu", "a", 4, COUNTS(1) } } },
	{ "all: one environment again afterwards waits",
	  { { "eu", "a", 1, PART(0) },
	    { "us", "a", 2, COUNTS(0) },
	    { "us", "a", 3, WAITS } } },
	{ "all: a group of one environment",
	  { { "apac", "a", 1, COUNTS(0) }, { "apac", "a", 2, COUNTS(1) } } },
	{ "first: the first finishes it, the other joins",
	  { { "canary", "a", 1, COUNTS(0) }, { "fleet", "a", 9, PART(0) } } },
	{ "first: the same environment again is a new one",
	  { { "canary", "a", 1, COUNTS(0) }, { "canary", "a", 2, COUNTS(1) } } },
	{ "first: latecomers join the newest",
	  { { "canary", "a", 1, COUNTS(0) },
	    { "canary", "a", 2, COUNTS(1) },
	    { "fleet", "a", 3, PART(1) },
	    { "fleet", "a", 4, COUNTS(2) },
	    { "canary", "a", 5, PART(2) } } },
	{ "first: a newer revision does not close an older one",
	  { { "canary", "a", 1, COUNTS(0) },
	    { "canary", "b", 2, COUNTS(1) },
	    { "fleet", "a", 3, PART(0) } } },
	{ "revisions are a set",
	  { { "eu", "ab", 1, PART(0) }, { "us", "bab", 2, COUNTS(0) } } },
	{ "a smaller set is another one",
	  { { "eu", "ab", 1, WAITS }, { "us", "a", 2, WAITS } } },
	{ "the same commit of another repository is another one",
	  { { "eu", "a", 1, WAITS }, { "us", "A", 2, WAITS } } },
	{ "the same commit of two repositories is two",
	  { { "eu", "aA", 1, PART(0) },
	    { "eu", "a", 2, WAITS },
	    { "eu", "A", 3, WAITS },
	    { "us", "Aa", 4, COUNTS(0) } } },
	{ "no revisions are a set too",
	  { { "eu", "", 1, PART(0) }, { "us", "", 2, COUNTS(0) } } },
	{ "groups do not see each other",
	  { { "apac", "a", 1, COUNTS(0) },
	    { "eu", "a", 2, PART(2) },
	    { "canary", "a", 3, COUNTS(1) },
	    { "us", "a", 4, COUNTS(2) } } },
	{ "equal finishes go by id",
	  { { "eu", "a", 1, PART(0) },
	    { "us", "a", 1, COUNTS(0) },
	    { "apac", "a", 1, COUNTS(1) } } },
	{ "nobody's environment", { { "staging", "a", 1, OUT(NOT_PRODUCTION) } } },
	{ "failed, cancelled, skipped, running",
	  { { "apac", "a", 1, OUT(NOT_SUCCESSFUL), OUTCOME_FAILURE },
	    { "apac", "a", 2, OUT(NOT_SUCCESSFUL), OUTCOME_CANCELLED },
	    { "apac", "a", 3, OUT(NOT_SUCCESSFUL), OUTCOME_SKIPPED },
	    { "apac", "a", NEVER, OUT(NOT_SUCCESSFUL), OUTCOME_RUNNING } } },
	{ "a failure covers no environment",
	  { { "eu", "a", 1, OUT(NOT_SUCCESSFUL), OUTCOME_FAILURE },
	    { "us", "a", 2, WAITS } } },
	{ "withheld by its source",
	  { { "apac", "a", 1, OUT(REWRITTEN), .withheld = EXCLUSION_REWRITTEN },
	    { "apac", "b", 2, OUT(RULE), .withheld = EXCLUSION_RULE },
	    { "apac", "c", 3, COUNTS(0) } } },
	{ "no believable finish", { { "apac", "a", NEVER, OUT(IMPLAUSIBLE_TIME) } } },
	{ "the first reason counts",
	  { { "staging", "a", NEVER, OUT(NOT_SUCCESSFUL), OUTCOME_FAILURE,
	      EXCLUSION_RULE },
	    { "staging", "a", NEVER, OUT(NOT_PRODUCTION), .withheld = EXCLUSION_RULE },
	    { "apac", "a", NEVER, OUT(RULE), .withheld = EXCLUSION_RULE } } },
	{ "nothing", { { NULL } } },
};

/* Lower case: repository 0; upper case: the same commit of repository 1. */
static guint fill_revisions(struct revision *revisions, const char *letters)
{
	guint n = 0;

	for (; letters[n]; n++) {
		revisions[n] = (struct revision){ .repo = g_ascii_isupper(letters[n]) };
		revisions[n].oid.len = 20;
		revisions[n].oid.id[19] = (guint8)g_ascii_tolower(letters[n]);
	}
	return n;
}

START_TEST(by_name)
{
	struct revision revisions[MAX_ROWS][MAX_REVISIONS];
	struct deployment deployments[MAX_ROWS];
	struct deployment_fate fates[MAX_ROWS];
	g_autoptr(GArray) rollouts = NULL;
	guint n = 0;

	for (; n < MAX_ROWS && cases[_i].rows[n].environment; n++) {
		int minute = cases[_i].rows[n].minute;

		deployments[n] = (struct deployment){
			.id = n + 100,
			.environment = cases[_i].rows[n].environment,
			.started = T0,
			.finished = minute == NEVER ? INSTANT_NONE
						    : T0 + minute * 60 * G_USEC_PER_SEC,
			.outcome = cases[_i].rows[n].outcome,
			.withheld = cases[_i].rows[n].withheld,
			.revisions = revisions[n],
			.n_revisions = fill_revisions(revisions[n],
						      cases[_i].rows[n].revisions),
		};
	}
	rollouts = rollouts_derive(deployments, n, groups, G_N_ELEMENTS(groups), fates);
	for (guint i = 0; i < n; i++) {
		const char *excluded = exclusion_name(fates[i].excluded);

		ck_assert_msg(fates[i].rollout == cases[_i].rows[i].rollout,
			      "%s: row %u: rollout %d", cases[_i].what, i,
			      fates[i].rollout);
		ck_assert_msg(fates[i].excluded == cases[_i].rows[i].excluded,
			      "%s: row %u: %s", cases[_i].what, i,
			      excluded ? excluded : "counts");
		if (fates[i].excluded != EXCLUSION_NONE)
			continue;
		const struct rollout *rollout = &g_array_index(rollouts, struct rollout,
							       fates[i].rollout);
		ck_assert_uint_eq(rollout->deployment, i);
		ck_assert_int_eq(rollout->finished, deployments[i].finished);
	}
}
END_TEST

/* ---- the order of input ---- */

enum { MANY = 40 };

static void random_deployments(GRand *rand, struct deployment *deployments,
			       struct revision (*revisions)[MAX_REVISIONS])
{
	static const char *const environments[] = { "eu",     "us",    "apac",
						    "canary", "fleet", "staging" };
	static const char *const sets[] = { "a", "b", "ab", "ba", "A", "" };

	for (guint i = 0; i < MANY; i++) {
		deployments[i] = (struct deployment){
			.id = i,
			.environment = environments[g_rand_int_range(rand, 0, 6)],
			.finished = T0 + g_rand_int_range(rand, 0, 20),
			.outcome = g_rand_int_range(rand, 0, 8) ? OUTCOME_SUCCESS
								: OUTCOME_FAILURE,
			.revisions = revisions[i],
			.n_revisions = fill_revisions(revisions[i],
						      sets[g_rand_int_range(rand, 0, 6)]),
		};
	}
}

/* What must hold of any result, beside what the named cases say. */
static void check_shape(const struct deployment *deployments,
			const struct deployment_fate *fates, const GArray *rollouts,
			guint seed)
{
	guint n_counted = 0;

	for (guint i = 0; i < MANY; i++) {
		bool inside = fates[i].excluded == EXCLUSION_NONE ||
			      fates[i].excluded == EXCLUSION_PART_OF_ROLLOUT;

		ck_assert_msg(inside == (fates[i].rollout >= 0), "seed %u", seed);
		ck_assert_int_lt(fates[i].rollout, (gint)rollouts->len);
		n_counted += fates[i].excluded == EXCLUSION_NONE;
	}
	ck_assert_msg(n_counted == rollouts->len, "seed %u", seed);
	for (guint r = 0; r < rollouts->len; r++) {
		const struct rollout *rollout = &g_array_index(rollouts, struct rollout,
							       r);
		const struct rollout *before =
			r > 0 ? &g_array_index(rollouts, struct rollout, r - 1) : NULL;

		ck_assert_int_eq(fates[rollout->deployment].rollout, (gint)r);
		ck_assert_int_eq(fates[rollout->deployment].excluded, EXCLUSION_NONE);
		if (before)
			ck_assert_msg(
				before->finished < rollout->finished ||
					(before->finished == rollout->finished &&
					 deployments[before->deployment].id <
						 deployments[rollout->deployment].id),
				"seed %u: rollout %u", seed, r);
	}
}

static void check_shuffled(guint seed)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	struct revision revisions[MANY][MAX_REVISIONS];
	struct deployment deployments[MANY], shuffled[MANY];
	struct deployment_fate fates[MANY], again[MANY];
	g_autoptr(GArray) rollouts = NULL;
	g_autoptr(GArray) same = NULL;

	random_deployments(rand, deployments, revisions);
	memcpy(shuffled, deployments, sizeof(shuffled));
	for (guint i = MANY; i > 1; i--) {
		guint j = (guint)g_rand_int_range(rand, 0, (gint32)i);
		struct deployment swapped = shuffled[i - 1];

		shuffled[i - 1] = shuffled[j];
		shuffled[j] = swapped;
	}
	rollouts = rollouts_derive(deployments, MANY, groups, 4, fates);
	same = rollouts_derive(shuffled, MANY, groups, 4, again);
	check_shape(deployments, fates, rollouts, seed);
	check_shape(shuffled, again, same, seed);
	ck_assert_uint_eq(rollouts->len, same->len);
	/* Ids are the places before shuffling. */
	for (guint i = 0; i < MANY; i++) {
		const struct deployment_fate *fate = &fates[shuffled[i].id];

		ck_assert_msg(fate->rollout == again[i].rollout &&
				      fate->excluded == again[i].excluded,
			      "seed %u: deployment %u", seed, i);
	}
	for (guint r = 0; r < same->len; r++)
		ck_assert_uint_eq(g_array_index(rollouts, struct rollout, r).group,
				  g_array_index(same, struct rollout, r).group);
}

START_TEST(order_of_input)
{
	for (guint seed = (guint)_i * 250; seed < (guint)(_i + 1) * 250; seed++)
		check_shuffled(seed);
}
END_TEST

START_TEST(no_groups)
{
	struct deployment deployment = { .environment = "eu", .finished = T0 };
	struct deployment_fate fate;
	g_autoptr(GArray) rollouts = rollouts_derive(&deployment, 1, NULL, 0, &fate);
	g_autoptr(GArray) nothing = rollouts_derive(NULL, 0, NULL, 0, NULL);

	ck_assert_uint_eq(rollouts->len, 0);
	ck_assert_uint_eq(nothing->len, 0);
	ck_assert_int_eq(fate.rollout, -1);
	ck_assert_int_eq(fate.excluded, EXCLUSION_NOT_PRODUCTION);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rollout");
	TCase *tests = tcase_create("rollout");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, by_name, 0, G_N_ELEMENTS(cases));
	tcase_add_loop_test(tests, order_of_input, 0, 4);
	tcase_add_test(tests, no_groups);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
