#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "metrics/change_tie.h"
#include "tests/graph_fixture.h"

/* Commits are letters. A history is told commit by commit, parents before children:
 * "B:A" is B with the parent A. The n-th is committed n hours after the first, "C=B:B" at
 * the same time as B. A change is told as "sha squash head", '-' for none; a pick as
 * "commit from". */
#define MAX_COMMITS 26
#define MAX_CHANGES 5

struct scene {
	struct graph graph;
	guint8 *layer;
	gint64 committed[MAX_COMMITS];
	struct commit_times times[MAX_COMMITS]; /* by position */
};

static struct oid oid_of(char letter)
{
	struct oid oid = { .len = 20 };

	memset(oid.id, letter, oid.len);
	return oid;
}

static guint32 pos_of(const struct scene *scene, char letter)
{
	struct oid oid = oid_of(letter);

	return letter == '-' ? GRAPH_NONE : graph_find(&scene->graph, &oid);
}

static char letter_of(const struct scene *scene, guint32 pos)
{
	struct oid oid;

	graph_oid(&scene->graph, pos, &oid);
	return (char)oid.id[0];
}

static void scene_make(struct scene *scene, const char *history)
{
	g_auto(GStrv) words = g_strsplit(history, " ", -1);
	struct graph_commit commits[MAX_COMMITS] = { 0 };
	struct oid parents[MAX_COMMITS][8];
	guint n = 0;

	*scene = (struct scene){ 0 };
	for (; words[n]; n++) {
		const char *word = words[n];
		const char *colon = strchr(word, ':');
		gint64 time = 1600000000 + n * 3600;

		ck_assert_uint_lt(n, MAX_COMMITS);
		if (word[1] == '=')
			time = scene->committed[word[2] - 'A'];
		scene->committed[word[0] - 'A'] = time;
		commits[n] = (struct graph_commit){ oid_of(word[0]), parents[n], 0,
						    time };
		for (colon++; colon && *colon; colon++)
			parents[n][commits[n].n_parents++] = oid_of(*colon);
	}
	scene->layer = graph_append(&scene->graph, commits, n, NULL);
	ck_assert_ptr_nonnull(scene->layer);
	ck_assert_uint_eq(scene->graph.n_cut, 0);
	for (guint32 pos = 0; pos < scene->graph.n; pos++)
		scene->times[pos].committed =
			scene->committed[letter_of(scene, pos) - 'A'] * G_USEC_PER_SEC;
}

static const struct {
	const char *name, *history;
	const char *changes[MAX_CHANGES]; /* in order of merging */
	const char *picks;
	const char *ties; /* "B0 squash", by letter */
} cases[] = {
	{ "a squash is one commit, whatever came just before",
	  "A: B:A C=B:B D=B:C",
	  { "D D -" },
	  "",
	  "D0 squash" },
	{ "a squash that is not told as one",
	  "A: B:A C:B",
	  { "C - -" },
	  "",
	  "C0 squash" },
	{ "its branch is still there",
	  "A: B:A C:B D:A",
	  { "D - C" },
	  "",
	  "C0 head; D0 squash" },
	{ "fast-forward", "A: B:A C:B", { "C - C" }, "", "C0 head" },
	{ "a rebase writes all commits at once",
	  "A: B:A C:B D=C:C E=C:D",
	  { "E - -" },
	  "",
	  "C0 rebase; D0 rebase; E0 squash" },
	{ "two rebases in one minute",
	  "A: B:A C=B:B D=B:C E=B:D",
	  { "C - -", "E - -" },
	  "",
	  "B0 rebase; C0 squash; D1 rebase; E1 squash" },
	{ "a rebase ends at a merge",
	  "A: B:A C:A D:BC E=D:D F=D:E",
	  { "F - -" },
	  "",
	  "E0 rebase; F0 squash" },
	{ "a merge brings its branch",
	  "A: B:A C:A D:C E:BD",
	  { "E - D" },
	  "",
	  "C0 merge; D0 head; E0 squash" },
	{ "a merge whose head is not told",
	  "A: B:A C:A D:C E:BD",
	  { "E - -" },
	  "",
	  "C0 merge; D0 merge; E0 squash" },
	{ "a merge is no rebase",
	  "A: B=A:A C:A D=A:BC",
	  { "D - C" },
	  "",
	  "C0 head; D0 squash" },
	{ "an octopus brings all its arms",
	  "A: B:A C:A D:A E:A F:BCDE",
	  { "F - -" },
	  "",
	  "C0 merge; D0 merge; E0 merge; F0 squash" },
	{ "the trunk merged into the branch stays the trunk's",
	  "A: B:A C:A D:CB E:D F:B G:FE",
	  { "G - E" },
	  "",
	  "C0 merge; D0 merge; E0 head; G0 squash" },
	{ "a branch of a branch has its own",
	  "A: B:A C:B D:C E:BD F:E G:AF",
	  { "E - D", "G - F" },
	  "",
	  "B1 merge; C0 merge; D0 head; E0 squash; F1 head; G1 squash" },
	{ "two changes of one head: the first merged has it",
	  "A: B:A C:A D:BC E:A F:EC",
	  { "D - C", "F - C" },
	  "",
	  "C0 head; D0 squash; F1 squash" },
	{ "two changes of one sha: the first has its branch",
	  "A: B:A C:A D:BC",
	  { "D - -", "D - -" },
	  "",
	  "C0 merge; D0 squash" },
	{ "a pick to the release branch",
	  "A: B:A C:B D:A",
	  { "C - -" },
	  "DC",
	  "C0 squash; D0 cherry_pick" },
	{ "a pick of a pick, told backwards",
	  "A: B:A C:B D:A E:A",
	  { "C - -" },
	  "ED DC",
	  "C0 squash; D0 cherry_pick; E0 cherry_pick" },
	{ "a pick of what nobody changed",
	  "A: B:A C:B D:A",
	  { "B - -" },
	  "DC",
	  "B0 squash" },
	{ "a pick of two: the change merged first has it",
	  "A: B:A C:B D:A",
	  { "B - -", "C - -" },
	  "DC DB",
	  "B0 squash; C1 squash; D0 cherry_pick" },
	{ "a pick that is a change has that",
	  "A: B:A C:A",
	  { "B - -", "C - -" },
	  "CB",
	  "B0 squash; C1 squash" },
	{ "picks in a circle", "A: B:A C:B D:A", { "A - -" }, "BC CB DD", "A0 squash" },
	{ "a pick of what is not there", "A: B:A", { "A - -" }, "B-", "A0 squash" },
	{ "a change of what is not there", "A: B:A", { "- - -" }, "", "" },
	{ "no change", "A: B:A", { NULL }, "", "" },
};

/* changes in the order given, each merged n hours after the first of the row; the names
 * of ties are those of the row. */
static char *tie(const struct scene *scene, const char *const *told, const guint *shuffle,
		 guint n, const char *picks_told, bool backwards)
{
	struct tie_change changes[MAX_CHANGES];
	struct tie_pick picks[MAX_COMMITS];
	g_autoptr(GArray) ties = NULL;
	GString *text = g_string_new(NULL);
	guint n_picks = (guint)(strlen(picks_told) + 1) / 3;
	const char *by_letter[MAX_COMMITS] = { NULL };
	guint by_change[MAX_COMMITS];

	for (guint i = 0; i < n; i++) {
		const char *words = told[shuffle[i]];

		changes[i] = (struct tie_change){ pos_of(scene, words[0]),
						  pos_of(scene, words[2]),
						  pos_of(scene, words[4]),
						  (shuffle[i] + 1) * G_TIME_SPAN_HOUR };
	}
	for (guint i = 0; i < n_picks; i++) {
		const char *words = picks_told + 3 * (backwards ? n_picks - 1 - i : i);

		picks[i] = (struct tie_pick){ pos_of(scene, words[0]),
					      pos_of(scene, words[1]) };
	}
	ties = changes_tie(&scene->graph, scene->times, changes, n, picks, n_picks);
	for (guint i = 0; i < ties->len; i++) {
		const struct tie *tie = &g_array_index(ties, struct tie, i);
		guint letter = (guint)(letter_of(scene, tie->commit) - 'A');

		ck_assert_ptr_null(by_letter[letter]);
		ck_assert(i == 0 || tie[-1].commit < tie->commit);
		by_letter[letter] = tie_method_name(tie->method);
		by_change[letter] = shuffle[tie->change];
	}
	for (guint letter = 0; letter < MAX_COMMITS; letter++)
		if (by_letter[letter])
			g_string_append_printf(text, "%s%c%u %s", text->len ? "; " : "",
					       'A' + (int)letter, by_change[letter],
					       by_letter[letter]);
	return g_string_free(text, FALSE);
}

START_TEST(test_tie)
{
	static const guint forwards[] = { 0, 1, 2, 3, 4 };
	struct scene scene;
	guint backwards[MAX_CHANGES], n = 0;
	g_autofree char *one = NULL, *other = NULL;

	while (n < MAX_CHANGES && cases[_i].changes[n])
		n++;
	for (guint i = 0; i < n; i++)
		backwards[i] = n - 1 - i;
	scene_make(&scene, cases[_i].history);
	one = tie(&scene, cases[_i].changes, forwards, n, cases[_i].picks, false);
	other = tie(&scene, cases[_i].changes, backwards, n, cases[_i].picks, true);
	ck_assert_msg(strcmp(one, cases[_i].ties) == 0, "%s: \"%s\"", cases[_i].name,
		      one);
	ck_assert_msg(strcmp(other, cases[_i].ties) == 0, "%s, backwards: \"%s\"",
		      cases[_i].name, other);
	g_free(scene.layer);
}
END_TEST

/* At once, the order of their keys decides; without a time, a change comes last. */
START_TEST(merged_at_once)
{
	struct scene scene;

	scene_make(&scene, "A: B:A C:B");
	for (guint round = 0; round < 3; round++) {
		const gint64 hour = G_TIME_SPAN_HOUR;
		guint32 head = pos_of(&scene, 'C');
		const struct tie_change changes[] = {
			{ GRAPH_NONE, GRAPH_NONE, head,
			  round == 1 ? INSTANT_NONE : hour },
			{ GRAPH_NONE, GRAPH_NONE, head, round == 2 ? hour - 1 : hour },
		};
		g_autoptr(GArray) ties = changes_tie(&scene.graph, scene.times, changes,
						     2, NULL, 0);

		ck_assert_uint_eq(ties->len, 1);
		ck_assert_uint_eq(g_array_index(ties, struct tie, 0).change, round > 0);
	}
	g_free(scene.layer);
}
END_TEST

/* Merges of random histories: each commit has the first merge that brought it. */
START_TEST(random_merges)
{
	for (guint seed = (guint)_i * 100; seed < (guint)(_i + 1) * 100; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		_cleanup_(history_clear) struct history history = { 0 };
		g_autofree struct commit_times *times = NULL;
		g_autofree guint32 *wanted = NULL;
		g_autoptr(GArray)
			changes = g_array_new(FALSE, FALSE, sizeof(struct tie_change));
		g_autoptr(GArray) ties = NULL;
		guint n_wanted = 0;

		history_make(&history, rand, 40, 2);
		times = g_new0(struct commit_times,
			       history.n); /* 1970: nobody believes */
		wanted = g_new(guint32, history.n);
		memset(wanted, 0xff, history.n * sizeof(*wanted));
		for (guint i = 0; i < history.n; i++) {
			struct tie_change change = { history.positions[i], GRAPH_NONE,
						     GRAPH_NONE, i + 1 };

			if (history.commits[i].n_parents < 2)
				continue;
			wanted[i] = changes->len;
			g_array_append_val(changes, change);
		}
		for (guint c = 0; c < changes->len; c++) {
			guint merge = (guint)g_array_index(changes, struct tie_change, c)
					      .merged -
				      1;
			g_autofree guint8 *first = g_malloc0(history.n);
			g_autofree guint8 *rest = g_malloc0(history.n);

			first[history.parents[merge][0]] = 1;
			for (guint p = 1; p < history.commits[merge].n_parents; p++)
				rest[history.parents[merge][p]] = 1;
			history_close(&history, first);
			history_close(&history, rest);
			for (guint i = 0; i < history.n; i++)
				if (rest[i] && !first[i] && wanted[i] == G_MAXUINT32)
					wanted[i] = c;
		}
		ties = changes_tie(&history.graph, times,
				   (const struct tie_change *)(void *)changes->data,
				   changes->len, NULL, 0);
		for (guint i = 0; i < history.n; i++)
			n_wanted += wanted[i] != G_MAXUINT32;
		ck_assert_uint_eq(ties->len, n_wanted);
		for (guint i = 0; i < ties->len; i++) {
			const struct tie *tie = &g_array_index(ties, struct tie, i);

			ck_assert_msg(tie->change ==
					      wanted[history.commits_at[tie->commit]],
				      "seed %u", seed);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("change_tie");
	TCase *tests = tcase_create("change_tie");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_tie, 0, G_N_ELEMENTS(cases));
	tcase_add_test(tests, merged_at_once);
	tcase_add_loop_test(tests, random_merges, 0, 3);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
