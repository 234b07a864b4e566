#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/exclusion_rules.h"
#include "collector/remediation.h"

/* What repairs an earlier rollout, and what has no lead time. */

#define TEXTS(...) ((char *[]){ __VA_ARGS__, NULL })
#define LIST(member, ...)                                                                \
	.member = TEXTS(__VA_ARGS__), .n_##member = G_N_ELEMENTS(TEXTS(__VA_ARGS__)) - 1

/* Rule 0 and 1 are the defaults, with titles and trailers behind them. */
static struct config_remediation rules[] = {
	{ .kind = REMEDY_ROLL_FORWARD, .reverts = true },
	{ .kind = REMEDY_HOTFIX,
	  LIST(branches, "hotfix/*", "hotfix-*"),
	  LIST(labels, "hotfix") },
	{ .kind = REMEDY_ROLL_FORWARD,
	  LIST(titles, "^fix\\(prod\\)", "(?i)urgent"),
	  LIST(trailers, "Fixes", "X-Repairs") },
	{ .kind = REMEDY_HOTFIX, LIST(titles, "^Revert"), LIST(labels, "prio:*") },
};

#define NONE REMEDIATION_NONE

static const struct {
	const char *what, *ref;
	int rule;
} refs[] = {
	{ "a hotfix branch", "hotfix/login", 1 },
	{ "with more in its name", "hotfix/2026/login", 1 },
	{ "by its full name", "refs/heads/hotfix-7", 1 },
	{ "a tag by its full name is no branch", "refs/tags/hotfix-7", NONE },
	{ "the name within another", "feature/hotfix-7", NONE },
	{ "the trunk", "main", NONE },
	{ "a source that does not tell", NULL, NONE },
};

static const struct {
	const char *what;
	struct item change;
	int rule;
} changes[] = {
	{ "a feature", { .name = "Add a cart", .ref = "feature/cart" }, NONE },
	{ "a change that says nothing", {}, NONE },
	{ "a revert by its title", { .name = "Revert \"Add a cart\"" }, 0 },
	{ "a revert whose title was cut", { .name = "Revert \"Add a very" }, 0 },
	{ "reverting in words is no revert of git", { .name = "Revert to old cart" }, 3 },
	{ "a revert in lower case is none", { .name = "revert \"Add a cart\"" }, NONE },
	{ "a revert later in the title", { .name = "CI: Revert \"Add a cart\"" }, NONE },
	{ "a hotfix by its branch", { .name = "Login", .ref = "hotfix-7" }, 1 },
	{ "a hotfix by its label", { .labels = TEXTS("ui", "hotfix") }, 1 },
	{ "another label", { .labels = TEXTS("ui", "hotfixes") }, NONE },
	{ "a label by a pattern", { .labels = TEXTS("prio:1") }, 3 },
	{ "a title by an expression", { .name = "fix(prod): login" }, 2 },
	{ "one of several expressions, anywhere", { .name = "An URGENT one" }, 2 },
	{ "the first rule that fits, a revert on a hotfix branch",
	  { .name = "Revert \"Add a cart\"", .ref = "hotfix/cart" },
	  0 },
	{ "the first rule that fits, whatever its key",
	  { .name = "An urgent one", .labels = TEXTS("hotfix") },
	  1 },
};

static const struct {
	const char *what, *kind, *text;
	int rule;
} notes[] = {
	{ "a revert by its sha", "reverts", "9fceb02d0ae598e95dc970b74767f19372d61af8",
	  0 },
	{ "a revert by its subject", "title", "Revert \"Add a cart\" (#8)", 0 },
	{ "a subject by an expression", "title", "fix(prod): login", 2 },
	{ "another subject", "title", "Add a cart", NONE },
	{ "a trailer", "trailer", "Fixes: 9fceb02", 2 },
	{ "a trailer in other letters", "trailer", "FIXES: 9fceb02", 2 },
	{ "another trailer", "trailer", "x-repairs:yes", 2 },
	{ "a trailer that begins so", "trailer", "Fixes-Later: 9fceb02", NONE },
	{ "a trailer that is shorter", "trailer", "Fix: 9fceb02", NONE },
	{ "a trailer that says revert", "trailer", "Note: Revert \"Add a cart\"", NONE },
	{ "a cherry-pick", "picked", "9fceb02d0ae598e95dc970b74767f19372d61af8", NONE },
	{ "an author", "author", "", NONE },
};

static const struct config_service service = {
	.remediation = rules,
	.n_remediation = G_N_ELEMENTS(rules),
};
static const struct config_service nothing = { .name = NULL };

START_TEST(ref_fits)
{
	_cleanup_(remediation_freep) struct remediation *some = remediation_new(&service);
	_cleanup_(remediation_freep) struct remediation *none = remediation_new(&nothing);
	int found = remediation_fits_ref(some, refs[_i].ref);

	ck_assert_msg(found == refs[_i].rule, "%s: %d", refs[_i].what, found);
	ck_assert_int_eq(remediation_fits_ref(none, refs[_i].ref), NONE);
}
END_TEST

START_TEST(change_fits)
{
	_cleanup_(remediation_freep) struct remediation *some = remediation_new(&service);
	_cleanup_(remediation_freep) struct remediation *none = remediation_new(&nothing);
	int found = remediation_fits_change(some, &changes[_i].change);

	ck_assert_msg(found == changes[_i].rule, "%s: %d", changes[_i].what, found);
	ck_assert_int_eq(remediation_fits_change(none, &changes[_i].change), NONE);
}
END_TEST

START_TEST(note_fits)
{
	const struct commit_note note = { .kind = notes[_i].kind,
					  .text = notes[_i].text };
	_cleanup_(remediation_freep) struct remediation *some = remediation_new(&service);
	_cleanup_(remediation_freep) struct remediation *none = remediation_new(&nothing);
	int found = remediation_fits_note(some, &note);

	ck_assert_msg(found == notes[_i].rule, "%s: %d", notes[_i].what, found);
	ck_assert_int_eq(remediation_fits_note(none, &note), NONE);
}
END_TEST

START_TEST(rule_has_its_kind)
{
	_cleanup_(remediation_freep) struct remediation *some = remediation_new(&service);

	for (int i = 0; i < (int)G_N_ELEMENTS(rules); i++)
		ck_assert_int_eq(remediation_is_hotfix(some, i),
				 rules[i].kind == REMEDY_HOTFIX);
}
END_TEST

static const struct {
	const char *title, *reverted;
} titles[] = {
	{ "Revert \"Add a cart\"", "Add a cart" },
	{ "Revert \"Add a cart\" (#8)", "Add a cart" },
	{ "Revert \"Add a cart (#7)\" (#8)", "Add a cart (#7)" },
	{ "Revert \"Revert \"Add a cart\"\"", "Revert \"Add a cart\"" },
	{ "Revert \"Revert \"Add a cart\" (#8)\" (#9)", "Revert \"Add a cart\" (#8)" },
	{ "Revert \"Call it \"cart\" again\"", "Call it \"cart\" again" },
	{ "Revert \"Add a very", NULL },
	{ "Revert \"\"", NULL },
	{ "Revert \"", NULL },
	{ "Revert 'Add a cart'", NULL },
	{ "Reapply \"Add a cart\"", NULL },
	{ "Add a cart", NULL },
	{ "", NULL },
	{ NULL, NULL },
};

START_TEST(title_reverts)
{
	g_autofree char *found = remediation_title_reverted(titles[_i].title);

	ck_assert_pstr_eq(found, titles[_i].reverted);
}
END_TEST

static struct config_exclude bots = { .bots = true };
static struct config_exclude labels = { LIST(labels, "dependencies", "chore*") };
static struct config_exclude both = { .bots = true, LIST(labels, "dependencies") };
static struct config_exclude authors = { LIST(authors, "*") };

static const struct {
	const char *what;
	struct config_exclude *exclude;
	struct item change;
	bool excluded;
} exclusions[] = {
	{ "nothing is left out", NULL, { .bot = true }, false },
	{ "a machine's", &bots, { .bot = true }, true },
	{ "a person's", &bots, { .labels = TEXTS("dependencies") }, false },
	{ "a label", &labels, { .labels = TEXTS("ui", "chores") }, true },
	{ "another label", &labels, { .labels = TEXTS("ui", "CHORE") }, false },
	{ "no label", &labels, { .bot = true }, false },
	{ "either, by machine", &both, { .bot = true }, true },
	{ "either, by label", &both, { .labels = TEXTS("dependencies") }, true },
	{ "authors are of commits", &authors, { .name = "*" }, false },
};

START_TEST(change_is_excluded)
{
	const struct config_service some = { .exclude = exclusions[_i].exclude };

	ck_assert_msg(exclusion_of_change(&some, &exclusions[_i].change) ==
			      exclusions[_i].excluded,
		      "%s", exclusions[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("remediation");
	TCase *tests = tcase_create("remediation");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, ref_fits, 0, G_N_ELEMENTS(refs));
	tcase_add_loop_test(tests, change_fits, 0, G_N_ELEMENTS(changes));
	tcase_add_loop_test(tests, note_fits, 0, G_N_ELEMENTS(notes));
	tcase_add_test(tests, rule_has_its_kind);
	tcase_add_loop_test(tests, title_reverts, 0, G_N_ELEMENTS(titles));
	tcase_add_loop_test(tests, change_is_excluded, 0, G_N_ELEMENTS(exclusions));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
