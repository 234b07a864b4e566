#include "tests/graph_fixture.h"

#include "base/instant.h"
#include "metrics/attribution.h"

#define MAX_STEPS 16
#define T0 (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)

/* What the definition says of step i, by set arithmetic. */
static enum rollout_kind oracle(const struct history *history, const guint32 *steps,
				gsize i, guint32 baseline, guint8 *shipped)
{
	g_autofree guint8 *before = g_new0(guint8, history->n);
	bool based = baseline != GRAPH_NONE, any = false;

	memset(shipped, 0, history->n);
	if (steps[i] == GRAPH_NONE)
		return ROLLOUT_REVISION_MISSING;
	shipped[history->commits_at[steps[i]]] = 1;
	history_close(history, shipped);

	if (based)
		before[history->commits_at[baseline]] = 1;
	for (gsize k = 0; k < i; k++) {
		if (steps[k] == GRAPH_NONE)
			continue;
		before[history->commits_at[steps[k]]] = 1;
		based = true;
	}
	history_close(history, before);
	for (guint c = 0; c < history->n; c++) {
		shipped[c] = shipped[c] && !before[c];
		any = any || shipped[c];
	}
	if (!based)
		return ROLLOUT_BASELINE;
	if (any)
		return ROLLOUT_NORMAL;
	return i > 0 && steps[i - 1] == steps[i] ? ROLLOUT_REDEPLOY : ROLLOUT_OLDER;
}

/* Deployments as they happen: forward mostly, at times the same again, an older one,
 * anything, or a revision nobody has. */
static guint32 random_step(GRand *rand, const struct history *history,
			   const guint32 *steps, gsize i)
{
	gint32 dice = g_rand_int_range(rand, 0, 100);
	guint at = (guint)(i + 1) * history->n / MAX_STEPS;

	if (dice < 15)
		return GRAPH_NONE;
	if (dice < 30 && i > 0)
		return steps[i - 1];
	if (dice < 45 && i > 0)
		return steps[g_rand_int_range(rand, 0, (gint32)i)];
	if (dice < 60)
		at = (guint)g_rand_int_range(rand, 0, (gint32)history->n);
	return history->positions[MIN(at, history->n - 1)];
}

/* attribution_next() given what comes before step i, in disorder, must agree with what
 * attribution_run() said of it. */
static void check_next(const struct history *history, GRand *rand, const guint32 *steps,
		       gsize i, guint32 baseline, bool configured,
		       const struct attribution *run, const guint8 *shipped, guint seed)
{
	guint32 earlier[MAX_STEPS + 1];
	gsize n = 0;
	enum rollout_kind kind = N_ROLLOUT_KINDS;
	g_autoptr(GArray) next = NULL;

	if (configured)
		earlier[n++] = baseline;
	for (gsize k = 0; k < i; k++)
		earlier[n++] = steps[k];
	for (gsize k = n > 1 ? n - 1 : 0; k > 1; k--) {
		gsize j = (gsize)g_rand_int_range(rand, 0, (gint32)k);
		guint32 swapped = earlier[k - 1];

		earlier[k - 1] = earlier[j];
		earlier[j] = swapped;
	}
	next = attribution_next(&history->graph, earlier, n, configured, steps[i], &kind);
	ck_assert_msg(kind == run->kinds[i], "seed %u step %zu: next says %s", seed, i,
		      rollout_kind_name(kind));
	ck_assert_msg(history_same(history, (const guint32 *)(void *)next->data,
				   next->len, shipped),
		      "seed %u step %zu: next ships other commits", seed, i);
}

static void check_history(guint seed)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	_cleanup_(history_clear) struct history history = { 0 };
	_cleanup_(attribution_clear) struct attribution run = { 0 };
	g_autofree guint8 *shipped = NULL;
	guint32 steps[MAX_STEPS], baseline = GRAPH_NONE;
	gsize n_steps = (gsize)g_rand_int_range(rand, 0, MAX_STEPS + 1);
	bool configured = g_rand_int_range(rand, 0, 3) == 0;

	history_make(&history, rand, (guint)g_rand_int_range(rand, 1, 60),
		     (guint)g_rand_int_range(rand, 1, 6));
	shipped = g_new0(guint8, history.n);
	if (configured && g_rand_int_range(rand, 0, 4) > 0)
		baseline =
			history.positions[g_rand_int_range(rand, 0, (gint32)history.n)];
	for (gsize i = 0; i < n_steps; i++)
		steps[i] = random_step(rand, &history, steps, i);

	attribution_run(&history.graph, steps, n_steps, baseline, &run);
	ck_assert_uint_eq(run.n_steps, n_steps);
	ck_assert_uint_eq(run.first[0], 0);
	for (gsize i = 0; i < n_steps; i++) {
		enum rollout_kind kind = oracle(&history, steps, i, baseline, shipped);

		ck_assert_msg(run.kinds[i] == kind, "seed %u step %zu: %s, not %s", seed,
			      i, rollout_kind_name(run.kinds[i]),
			      rollout_kind_name(kind));
		ck_assert_msg(history_same(&history, run.commits + run.first[i],
					   run.first[i + 1] - run.first[i], shipped),
			      "seed %u step %zu: other commits", seed, i);
		check_next(&history, rand, steps, i, baseline, configured, &run, shipped,
			   seed);
	}
}

START_TEST(random_histories)
{
	for (guint seed = (guint)_i * 500; seed < (guint)(_i + 1) * 500; seed++)
		check_history(seed);
}
END_TEST

/* A line of five commits, 0 the oldest; -1 is a revision nobody has, -2 no baseline. */
static const struct {
	const char *what;
	int baseline;
	int steps[6]; /* ends with -9 */
	struct {
		enum rollout_kind kind;
		guint n;
	} expected[6];
} lines[] = {
	{ "the first is the baseline",
	  -2,
	  { 1, 3, -9 },
	  { { ROLLOUT_BASELINE, 2 }, { ROLLOUT_NORMAL, 2 } } },
	{ "a missing first leaves the baseline to the next",
	  -2,
	  { -1, 1, 2, -9 },
	  { { ROLLOUT_REVISION_MISSING, 0 },
	    { ROLLOUT_BASELINE, 2 },
	    { ROLLOUT_NORMAL, 1 } } },
	{ "a configured baseline keeps its own",
	  1,
	  { 3, -9 },
	  { { ROLLOUT_NORMAL, 2 } } },
	{ "the configured baseline deployed is older, not again",
	  1,
	  { 1, 1, -9 },
	  { { ROLLOUT_OLDER, 0 }, { ROLLOUT_REDEPLOY, 0 } } },
	{ "a configured baseline later than everything leaves nothing",
	  4,
	  { 1, 3, -9 },
	  { { ROLLOUT_OLDER, 0 }, { ROLLOUT_OLDER, 0 } } },
	{ "a rollback ships nothing and is no base for the next",
	  -2,
	  { 1, 3, 1, 4, -9 },
	  { { ROLLOUT_BASELINE, 2 },
	    { ROLLOUT_NORMAL, 2 },
	    { ROLLOUT_OLDER, 0 },
	    { ROLLOUT_NORMAL, 1 } } },
	{ "again after a rollback is older, not again",
	  -2,
	  { 3, 1, 3, -9 },
	  { { ROLLOUT_BASELINE, 4 }, { ROLLOUT_OLDER, 0 }, { ROLLOUT_OLDER, 0 } } },
	{ "nobody knows what a missing one was, so it is not again",
	  -2,
	  { 3, -1, 3, -9 },
	  { { ROLLOUT_BASELINE, 4 },
	    { ROLLOUT_REVISION_MISSING, 0 },
	    { ROLLOUT_OLDER, 0 } } },
	{ "nothing but missing ones",
	  -2,
	  { -1, -1, -9 },
	  { { ROLLOUT_REVISION_MISSING, 0 }, { ROLLOUT_REVISION_MISSING, 0 } } },
	{ "no steps", -2, { -9 }, { { 0 } } },
};

START_TEST(lines_by_name)
{
	struct oid oids[5];
	struct graph_commit commits[5];
	struct graph graph = { 0 };
	g_autofree guint8 *buffer = NULL;
	_cleanup_(attribution_clear) struct attribution run = { 0 };
	guint32 position[5], steps[6], baseline = GRAPH_NONE;
	gsize n = 0;

	for (guint i = 0; i < 5; i++) {
		/* Names fall while the line grows, so positions run against it. */
		oids[i] = (struct oid){ .len = 20, .id = { (guint8)(200 - i) } };
		commits[i] = (struct graph_commit){ .oid = oids[i],
						    .parents = &oids[i ? i - 1 : 0],
						    .n_parents = i > 0 };
	}
	buffer = graph_append(&graph, commits, 5, NULL);
	for (guint i = 0; i < 5; i++)
		position[i] = graph_find(&graph, &oids[i]);
	if (lines[_i].baseline >= 0)
		baseline = position[lines[_i].baseline];
	for (; lines[_i].steps[n] != -9; n++)
		steps[n] = lines[_i].steps[n] < 0 ? GRAPH_NONE
						  : position[lines[_i].steps[n]];

	attribution_run(&graph, steps, n, baseline, &run);
	for (gsize i = 0; i < n; i++) {
		ck_assert_msg(run.kinds[i] == lines[_i].expected[i].kind,
			      "%s: step %zu: %s", lines[_i].what, i,
			      rollout_kind_name(run.kinds[i]));
		ck_assert_msg(run.first[i + 1] - run.first[i] == lines[_i].expected[i].n,
			      "%s: step %zu: %zu commits", lines[_i].what, i,
			      run.first[i + 1] - run.first[i]);
	}
}
END_TEST

static const struct {
	const char *what;
	enum rollout_kind kind;
	guint n_parents;
	gint64 authored, committed, finished;
	bool from_committed;
	enum exclusion excluded;
	gint64 lead;
} judgements[] = {
	{ "from the author's time", ROLLOUT_NORMAL, 1, T0, T0 + 5, T0 + 9, false,
	  EXCLUSION_NONE, 9 },
	{ "from the committer's time", ROLLOUT_NORMAL, 1, T0, T0 + 5, T0 + 9, true,
	  EXCLUSION_NONE, 4 },
	{ "a root is a change", ROLLOUT_NORMAL, 0, T0, T0, T0 + 1, false, EXCLUSION_NONE,
	  1 },
	{ "deployed the moment it was made", ROLLOUT_NORMAL, 1, T0, T0, T0, false,
	  EXCLUSION_NONE, 0 },
	{ "made after it was deployed", ROLLOUT_NORMAL, 1, T0 + 1, T0, T0, false,
	  EXCLUSION_NEGATIVE, -1 },
	{ "only the time asked for matters", ROLLOUT_NORMAL, 1, INSTANT_NONE, T0, T0 + 1,
	  true, EXCLUSION_NONE, 1 },
	{ "no author's time", ROLLOUT_NORMAL, 1, INSTANT_NONE, T0, T0 + 1, false,
	  EXCLUSION_IMPLAUSIBLE_TIME, -1 },
	{ "a clock that was not set", ROLLOUT_NORMAL, 1, 0, T0, T0 + 1, false,
	  EXCLUSION_IMPLAUSIBLE_TIME, -1 },
	{ "the last implausible moment", ROLLOUT_NORMAL, 1, INSTANT_MIN - 1, T0, T0,
	  false, EXCLUSION_IMPLAUSIBLE_TIME, -1 },
	{ "the first plausible moment", ROLLOUT_NORMAL, 1, INSTANT_MIN, T0,
	  INSTANT_MIN + 2, false, EXCLUSION_NONE, 2 },
	{ "a typo in the year is implausible, not negative", ROLLOUT_NORMAL, 1,
	  INSTANT_MAX, T0, T0, false, EXCLUSION_IMPLAUSIBLE_TIME, -1 },
	{ "no finish", ROLLOUT_NORMAL, 1, T0, T0, INSTANT_NONE, false,
	  EXCLUSION_IMPLAUSIBLE_TIME, -1 },
	{ "merge before time", ROLLOUT_NORMAL, 2, INSTANT_NONE, T0, T0, false,
	  EXCLUSION_MERGE, -1 },
	{ "octopus", ROLLOUT_NORMAL, 5, T0, T0, T0 + 1, false, EXCLUSION_MERGE, -1 },
	{ "baseline before merge", ROLLOUT_BASELINE, 2, INSTANT_NONE, T0, T0, false,
	  EXCLUSION_BASELINE, -1 },
};

START_TEST(judgement)
{
	struct commit_times times = { judgements[_i].authored, judgements[_i].committed,
				      0 };
	gint64 lead = -1;
	enum exclusion excluded = lead_time_judge(
		judgements[_i].kind, judgements[_i].n_parents, &times,
		judgements[_i].finished, judgements[_i].from_committed, &lead);

	ck_assert_msg(excluded == judgements[_i].excluded, "%s: %s", judgements[_i].what,
		      exclusion_name(excluded));
	ck_assert_msg(lead == judgements[_i].lead, "%s: lead %" G_GINT64_FORMAT,
		      judgements[_i].what, lead);
}
END_TEST

START_TEST(names)
{
	static const char *const expected[N_ROLLOUT_KINDS] = {
		"normal", "baseline", "redeploy", "older", "revision_missing",
	};
	enum rollout_kind kind = N_ROLLOUT_KINDS;

	for (int i = 0; i < N_ROLLOUT_KINDS; i++) {
		ck_assert_str_eq(rollout_kind_name((enum rollout_kind)i), expected[i]);
		ck_assert(rollout_kind_parse(expected[i], &kind));
		ck_assert_int_eq(kind, i);
	}
	ck_assert(!rollout_kind_parse("Normal", &kind));
	ck_assert(!rollout_kind_parse("", &kind));
	ck_assert(!rollout_kind_parse(NULL, &kind));
	ck_assert_int_eq(kind, N_ROLLOUT_KINDS - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attribution");
	TCase *tests = tcase_create("attribution");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, random_histories, 0, 8);
	tcase_add_loop_test(tests, lines_by_name, 0, G_N_ELEMENTS(lines));
	tcase_add_loop_test(tests, judgement, 0, G_N_ELEMENTS(judgements));
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
