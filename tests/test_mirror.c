#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "collector/git/mirror.h"
#include "tests/git_rig.h"

/* What may happen to a remote between two polls. */
static const struct {
	const char *name, *command;
	bool moves; /* a branch or tag */
} changes[] = {
	{ "nothing", "true", false },
	{ "a commit", "git commit -q --allow-empty -m new", true },
	{ "a branch", "git branch topic", true },
	{ "force-push",
	  "git reset -q --hard HEAD~2 && git commit -q --allow-empty -m other", true },
	{ "tag moved", "git tag -f -a -m again v1 v3^{}", true },
	{ "tag deleted", "git tag -d v2", true },
	{ "all tags deleted", "git tag -l | xargs git tag -d", true },
	{ "lightweight tag", "git tag light", true },
	{ "tag of a tree", "git tag tree HEAD^{tree}", true },
	{ "tag of a blob", "git tag blob HEAD:folder/file", true },
	{ "annotated tag of a tree", "git tag -a -m t atree HEAD^{tree}", true },
	{ "tag of a tag", "git tag -a -m t nested v1", true },
	{ "branch renamed", "git branch -m main trunk", true },
	{ "refs outside heads and tags", "git update-ref refs/pull/1/head HEAD", false },
	{ "file becomes folder",
	  "git branch a && git -C ../" RIG_MIRROR " update-ref refs/heads/a v1^{} && "
	  "git branch -d a && git branch a/b",
	  true },
	{ "folder becomes file",
	  "git branch a/b && git -C ../" RIG_MIRROR " update-ref refs/heads/a/b v1^{} && "
	  "git branch -d a/b && git branch a",
	  true },
	{ "names that look like options",
	  "git update-ref refs/heads/--upload-pack=x HEAD", true },
	{ "names with shell characters",
	  "git update-ref 'refs/heads/$(id);`id`|x&' HEAD && git update-ref "
	  "refs/tags/\\' HEAD",
	  true },
	{ "names that are not UTF-8",
	  "git update-ref \"refs/heads/$(printf 'f\\374r')\" HEAD", true },
	{ "names that differ in case", "git branch CASE && git branch case", true },
	{ "a branch called HEAD", "git update-ref refs/heads/HEAD HEAD", true },
	{ "a tag called like a branch", "git tag main", true },
	{ "detached HEAD", "git checkout -q --detach", false },
	{ "an octopus",
	  "for b in x y z; do git checkout -q -b $b main; git commit -q --allow-empty -m "
	  "$b; "
	  "done; git checkout -q main; git merge -q -m octopus x y z",
	  true },
	{ "an unrelated history",
	  "git checkout -q --orphan alone && git commit -q --allow-empty -m alone",
	  true },
};

START_TEST(follows)
{
	struct rig rig;
	bool rebuilt = true;

	rig_start(&rig, 3);
	g_autofree char *before = rig_poll(&rig, &rebuilt);
	rig_assert_mirrored(&rig, "first fetch");
	rig_do(rig.dir, "cd remote\n%s", changes[_i].command);
	g_autofree char *after = rig_poll(&rig, &rebuilt);
	ck_assert_msg((strcmp(before, after) != 0) == changes[_i].moves, "%s: digest",
		      changes[_i].name);
	ck_assert_msg(!rebuilt, "%s: rebuilt", changes[_i].name);
	rig_assert_mirrored(&rig, changes[_i].name);
	rig_end(&rig);
}
END_TEST

/* Remotes of unusual shape. */
static const struct {
	const char *name, *command; /* makes "remote" */
	const char *head;	    /* what the mirror's HEAD says */
	bool graph;		    /* there is a commit-graph */
} shapes[] = {
	{ "empty", "git init -q --bare remote", "refs/unknown", false },
	{ "HEAD not born",
	  "git init -q remote && cd remote && git checkout -q -b other && "
	  "git commit -q --allow-empty -m one && git symbolic-ref HEAD refs/heads/none",
	  "refs/unknown", true },
	{ "HEAD detached",
	  "git init -q remote && cd remote && git commit -q --allow-empty -m one && "
	  "git checkout -q --detach",
	  "refs/unknown", true },
	{ "only tags",
	  "git init -q remote && cd remote && git commit -q --allow-empty -m one && "
	  "git tag v1 && git update-ref -d refs/heads/main",
	  "refs/unknown", true },
	{ "SHA-256",
	  "git init -q --object-format=sha256 remote && cd remote && "
	  "git commit -q --allow-empty -m one && git tag -a -m t v1",
	  "refs/heads/main", true },
	{ "shallow",
	  "git init -q whole && cd whole && for i in 1 2 3 4 5; do "
	  "git commit -q --allow-empty -m $i; done && cd .. && "
	  "git clone -q --bare --depth 2 \"file://$PWD/whole\" remote",
	  "refs/heads/main", false },
	{ "many refs",
	  "git init -q remote && cd remote && git commit -q --allow-empty -m one && "
	  "for i in $(seq 600); do echo create refs/tags/t$i HEAD; done | "
	  "git update-ref --stdin",
	  "refs/heads/main", true },
	{ "without protocol 2 and filters",
	  "git init -q remote && cd remote && git config uploadpack.allowFilter false && "
	  "git config protocol.version 0 && git commit -q --allow-empty -m one",
	  "refs/heads/main", true },
	{ "hostile configuration",
	  "git init -q remote && cd remote && git commit -q --allow-empty -m one && "
	  "git config core.fsmonitor 'touch ../run' && "
	  "git config core.sshCommand 'touch ../run' && "
	  "git config uploadpack.packObjectsHook 'touch ../run;' && "
	  "git config core.hooksPath hooks && git config core.pager 'touch ../run' && "
	  "mkdir hooks && for h in post-checkout reference-transaction post-update "
	  "pre-auto-gc fsmonitor-watchman; do printf '#!/bin/sh\\ntouch "
	  "'$PWD/../run'\\n' "
	  ">hooks/$h; chmod +x hooks/$h; cp hooks/$h .git/hooks/; done",
	  "refs/heads/main", true },
	{ "submodule",
	  "git init -q sub && git -C sub commit -q --allow-empty -m s && git init -q "
	  "remote "
	  "&& cd remote && git submodule --quiet add ../sub sub && "
	  "git config -f .gitmodules submodule.sub.update '!touch ../run' && "
	  "git commit -q -a -m one",
	  "refs/heads/main", true },
};

START_TEST(takes)
{
	const char *name = shapes[_i].name;
	struct rig rig;
	bool rebuilt = true;

	rig_start(&rig, 0);
	rig_do(rig.dir, "%s", shapes[_i].command);
	g_autofree char *first = rig_poll(&rig, &rebuilt);
	g_autofree char *second = rig_poll(&rig, &rebuilt);
	ck_assert_msg(!rebuilt, "%s: rebuilt", name);
	ck_assert_str_eq(first, second);
	rig_assert_mirrored(&rig, name);
	g_autofree char *head = rig_sh(rig.dir,
				       "git -C " RIG_MIRROR " symbolic-ref HEAD");
	ck_assert_msg(strcmp(head, shapes[_i].head) == 0, "%s: HEAD is %s", name, head);
	g_autofree char *graph = rig_sh(rig.dir, "ls -d " RIG_MIRROR
						 "/objects/info/commit-graphs/*-chain "
						 "2>/dev/null || true");
	ck_assert_msg((*graph != '\0') == shapes[_i].graph, "%s: commit-graph", name);
	g_autofree char *run = rig_sh(rig.dir, "ls -d run 2>/dev/null || true");
	ck_assert_msg(*run == '\0', "%s: something ran", name);
	rig_end(&rig);
}
END_TEST

START_TEST(becomes_sha256)
{
	struct rig rig;

	rig_start(&rig, 2);
	g_free(rig_poll(&rig, NULL));
	rig_do(rig.dir, "rm -r remote\n%s", shapes[4].command);
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, "made anew as SHA-256");
	rig_end(&rig);
}
END_TEST

static const struct {
	const char *name;
	bool before, after;
	const char *types; /* of objects that the mirror then has */
} kinds[] = {
	{ "commits", false, false, "commit\ntag" },
	{ "trees", true, true, "commit\ntag\ntree" },
	{ "trees wanted later", false, true, "commit\ntag\ntree" },
	{ "trees no longer wanted", true, false, "commit\ntag" },
};

START_TEST(filters)
{
	struct rig rig;

	rig_start(&rig, 3);
	rig.trees = kinds[_i].before;
	g_free(rig_poll(&rig, NULL));
	rig.trees = kinds[_i].after;
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, kinds[_i].name);
	g_autofree char *types = rig_sh(
		rig.dir, "git -C " RIG_MIRROR " cat-file --batch-all-objects "
			 "--batch-check='%(objecttype)' | sort -u");
	ck_assert_msg(strcmp(types, kinds[_i].types) == 0, "%s: %s", kinds[_i].name,
		      types);
	rig_end(&rig);
}
END_TEST

START_TEST(packs_stay_few)
{
	struct rig rig;

	rig_start(&rig, 1);
	rig.trees = true;
	for (int i = 0; i < 52; i++) {
		rig_do(rig.dir,
		       "cd remote && echo x%d > folder/file && git commit -q -a -m %d", i,
		       i);
		g_free(rig_poll(&rig, NULL));
	}
	g_autofree char *packs = rig_sh(rig.dir,
					"ls " RIG_MIRROR "/objects/pack/*.pack | wc -l");
	g_autofree char *plain = rig_sh(
		rig.dir, "cd " RIG_MIRROR "/objects/pack && for p in *.pack; do "
			 "[ -e ${p%.pack}.promisor ] || echo $p; done");
	ck_assert_uint_lt(strtoul(packs, NULL, 10), 52);
	ck_assert_str_eq(plain, "");
	rig_assert_mirrored(&rig, "52 fetches");
	rig_end(&rig);
}
END_TEST

START_TEST(is_locked)
{
	struct rig rig;
	g_autoptr(GError) error = NULL;

	rig_start(&rig, 1);
	struct mirror *first = rig_open(&rig, &error);
	ck_assert(first != NULL);
	ck_assert(rig_open(&rig, &error) == NULL);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_RETRY));
	ck_assert(strstr(error->message, "in use by another process"));
	mirror_close(first);
	first = rig_open(&rig, NULL);
	ck_assert(first != NULL);
	mirror_close(first);
	rig_end(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mirror");
	TCase *remote = tcase_create("remote");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, remote);
	tcase_add_loop_test(remote, follows, 0, G_N_ELEMENTS(changes));
	tcase_add_loop_test(remote, takes, 0, G_N_ELEMENTS(shapes));
	tcase_add_loop_test(remote, filters, 0, G_N_ELEMENTS(kinds));
	tcase_add_test(remote, becomes_sha256);
	tcase_add_test(remote, packs_stay_few);
	tcase_add_test(remote, is_locked);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
