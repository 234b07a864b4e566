#include <check.h>
#include <string.h>

#include "base/error.h"
#include "collector/git/mirror.h"
#include "tests/git_rig.h"

/* Where rig_open() puts the mirror of "acme/shop". */
#define MIRROR "cache/git/acme%2Fshop.git"

#define REFS "for-each-ref --format='%(refname) %(objectname)' refs/heads refs/tags"

struct world {
	char *dir;
	struct config_git git;
};

static void world_open(struct world *world, int n_commits)
{
	world->dir = rig_make();
	if (n_commits > 0)
		rig_remote(world->dir, n_commits);
	rig_source(&world->git, world->dir);
}

static void world_close(struct world *world)
{
	rig_source_clear(&world->git);
	rig_remove(world->dir);
}

static struct mirror *open_or_fail(const struct world *world)
{
	g_autoptr(GError) error = NULL;
	struct mirror *mirror = rig_open(&world->git, world->dir, &error);

	ck_assert_msg(mirror != NULL, "%s", error ? error->message : "");
	return mirror;
}

/* Lists and fetches; the digest is the caller's. */
static char *poll_remote(const struct world *world, bool *rebuilt)
{
	_cleanup_(mirror_closep) struct mirror *mirror = open_or_fail(world);
	g_autoptr(GError) error = NULL;
	char *digest = NULL;

	ck_assert_msg(mirror_list(mirror, &digest, &error), "list: %s",
		      error ? error->message : "");
	ck_assert_msg(mirror_fetch(mirror, rebuilt, &error), "fetch: %s",
		      error ? error->message : "");
	return digest;
}

static void assert_mirrored(const struct world *world, const char *row)
{
	g_autofree char *theirs = rig_sh(world->dir, "git -C remote " REFS);
	g_autofree char *ours = rig_sh(world->dir, "git -C " MIRROR " " REFS);
	g_autofree char *history = rig_sh(world->dir,
					  "git -C remote log --format='%H %T %P' --all");
	g_autofree char *mirrored = rig_sh(world->dir, "git -C " MIRROR
						       " log --format='%H %T %P' --all");

	ck_assert_msg(strcmp(theirs, ours) == 0, "%s: refs\n%s\nare\n%s", row, ours,
		      theirs);
	ck_assert_msg(strcmp(history, mirrored) == 0, "%s: history differs", row);
}

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
	  "git branch a && git -C ../" MIRROR " update-ref refs/heads/a v1^{} && "
	  "git branch -d a && git branch a/b",
	  true },
	{ "folder becomes file",
	  "git branch a/b && git -C ../" MIRROR " update-ref refs/heads/a/b v1^{} && "
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
	struct world world;
	bool rebuilt = true;

	world_open(&world, 3);
	g_autofree char *before = poll_remote(&world, &rebuilt);
	assert_mirrored(&world, "first fetch");
	rig_do(world.dir, "cd remote\n%s", changes[_i].command);
	g_autofree char *after = poll_remote(&world, &rebuilt);
	ck_assert_msg((strcmp(before, after) != 0) == changes[_i].moves, "%s: digest",
		      changes[_i].name);
	ck_assert_msg(!rebuilt, "%s: rebuilt", changes[_i].name);
	assert_mirrored(&world, changes[_i].name);
	world_close(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mirror");
	TCase *remote = tcase_create("remote");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, remote);
	tcase_add_loop_test(remote, follows, 0, G_N_ELEMENTS(changes));
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
