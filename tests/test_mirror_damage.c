#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tests/git_rig.h"

#define PACK "objects/pack/pack-*.pack"
#define INDEX "objects/pack/pack-*.idx"
#define GRAPH "objects/info/commit-graphs/graph-*.graph"
#define CHAIN "objects/info/commit-graphs/commit-graph-chain"

/* What can become of a mirror while nobody looks, done in its directory. After the next
 * poll it is whole again, whatever it took. */
static const struct {
	const char *name, *command;
} damages[] = {
	{ "none", "true" },
	{ "pack cut at its end", "truncate -s -100 " PACK },
	{ "pack cut by a byte", "truncate -s -1 " PACK },
	{ "pack cut to a few bytes", "truncate -s 20 " PACK },
	{ "pack empty", ": > pack; cat pack > $(ls " PACK "); rm pack" },
	{ "pack missing", "rm " PACK },
	{ "pack zeroed at its end",
	  "f=$(ls " PACK "); n=$(stat -c %s $f); truncate -s $((n - 50)) $f; "
	  "truncate -s $n $f" },
	{ "index missing", "rm " INDEX },
	{ "index empty", ": > " INDEX },
	{ "index cut", "truncate -s -30 " INDEX },
	{ "index cut in its counts", "truncate -s 500 " INDEX },
	{ "index zeroed", "f=$(ls " INDEX "); n=$(stat -c %s $f); : > $f; "
			  "truncate -s $n $f" },
	{ "all objects gone", "rm -r objects/*" },
	{ "objects a file", "rm -r objects; touch objects" },
	{ "ref empty", ": > refs/heads/main" },
	{ "ref zeroed", "n=$(stat -c %s refs/heads/main); : > refs/heads/main; "
			"truncate -s $n refs/heads/main" },
	{ "ref garbage", "echo garbage > refs/heads/main" },
	{ "ref to nowhere",
	  "echo 1234567890123456789012345678901234567890 > refs/heads/main" },
	{ "ref to itself", "echo 'ref: refs/heads/main' > refs/heads/main" },
	{ "ref to a file elsewhere", "ln -sf /etc/passwd refs/heads/main" },
	{ "refs in a circle of folders", "ln -s .. refs/heads/round" },
	{ "refs gone", "rm -r refs" },
	{ "refs a file", "rm -r refs; touch refs" },
	{ "packed refs garbage", "git pack-refs --all; echo garbage >> packed-refs" },
	{ "packed refs cut", "git pack-refs --all; truncate -s -20 packed-refs" },
	{ "packed refs zeroed", "git pack-refs --all; n=$(stat -c %s packed-refs); "
				": > packed-refs; truncate -s $n packed-refs" },
	{ "packed refs empty", "git pack-refs --all; : > packed-refs" },
	{ "packed refs a folder", "mkdir packed-refs" },
	{ "HEAD missing", "rm HEAD" },
	{ "HEAD empty", ": > HEAD" },
	{ "HEAD garbage", "echo garbage > HEAD" },
	{ "HEAD a folder", "rm HEAD; mkdir HEAD" },
	{ "HEAD a pipe", "rm HEAD; mkfifo HEAD" },
	{ "configuration missing", "rm config" },
	{ "configuration empty", ": > config" },
	{ "configuration garbage", "echo '[[' > config" },
	{ "configuration that runs commands",
	  "git config core.sshCommand 'touch ../../../run'; "
	  "git config core.fsmonitor 'touch ../../../run'" },
	{ "configuration a pipe", "rm config; mkfifo config" },
	{ "marker missing", "rm dorad-mirror" },
	{ "marker of another layout", "echo '2 sha1 commits' > dorad-mirror" },
	{ "marker a pipe", "rm dorad-mirror; mkfifo dorad-mirror" },
	{ "graph cut", "truncate -s -40 " GRAPH },
	{ "graph empty", ": > g; cat g > $(ls " GRAPH "); rm g" },
	{ "graph zeroed", "f=$(ls " GRAPH "); n=$(stat -c %s $f); rm $f; "
			  "truncate -s $n $f" },
	{ "graph with a parent out of bounds",
	  "f=$(ls " GRAPH "); n=$(stat -c %s $f); chmod u+w $f; "
	  "printf '\\377\\377\\377\\176' | dd of=$f bs=1 seek=$((n - 20 - 3 * 4 - 16)) "
	  "conv=notrunc 2>/dev/null" },
	{ "graph missing", "rm " GRAPH },
	{ "graph chain garbage", "chmod u+w " CHAIN "; echo garbage > " CHAIN },
	{ "graph chain empty", "chmod u+w " CHAIN "; : > " CHAIN },
	{ "graph folder a file", "rm -r objects/info/commit-graphs; "
				 "touch objects/info/commit-graphs" },
	{ "loose object cut at its start",
	  "mkdir -p objects/aa; printf x > "
	  "objects/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "loose copy of HEAD's commit, cut",
	  "h=$(git rev-parse refs/heads/main); d=$(echo $h | cut -c1-2); mkdir -p "
	  "objects/$d; "
	  "printf 'x\\234' > objects/$d/$(echo $h | cut -c3-)" },
	{ "locks left behind",
	  "touch packed-refs.lock HEAD.lock config.lock shallow.lock "
	  "refs/heads/main.lock "
	  "refs/tags/v1.lock objects/info/commit-graphs/commit-graph-chain.lock" },
	{ "half a pack left behind",
	  "head -c 100 " PACK
	  " > objects/pack/tmp_pack_abc; touch objects/pack/pack-x.keep" },
	{ "shallow file garbage", "echo garbage > shallow" },
	{ "shallow file empty", ": > shallow" },
	{ "hooks", "mkdir hooks; printf '#!/bin/sh\\ntouch '$PWD/../../../run'\\n' > "
		   "hooks/reference-transaction; chmod +x hooks/*" },
	{ "another's place", "cd ..; mv acme%2Fshop.git elsewhere; "
			     "ln -s elsewhere acme%2Fshop.git" },
	{ "a file", "cd ..; rm -r acme%2Fshop.git; echo x > acme%2Fshop.git" },
	{ "open to everybody", "chmod 0777 ." },
	{ "gone", "cd ..; rm -r acme%2Fshop.git" },
};

START_TEST(is_whole_again)
{
	const char *name = damages[_i].name;
	struct rig rig;

	rig_start(&rig, 3);
	g_free(rig_poll(&rig, NULL));
	g_free(rig_sh(rig.dir, "chmod -R u+w " RIG_MIRROR));
	g_autofree char *command = g_strconcat("cd " RIG_MIRROR "\n", damages[_i].command,
					       NULL);
	g_free(rig_sh(rig.dir, command));
	rig_do(rig.dir,
	       "cd remote && git commit -q --allow-empty -m new && git tag -d v2");
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, name);
	g_autofree char *left = rig_sh(
		rig.dir, "ls -d run 2>/dev/null || true; find " RIG_MIRROR
			 " -name '*.lock' -o -name 'tmp_*' -o -name '*.keep'");
	ck_assert_msg(*left == '\0', "%s: left: %s", name, left);
	rig_end(&rig);
}
END_TEST

START_TEST(discards)
{
	struct rig rig;
	g_autoptr(GError) error = NULL;

	rig_start(&rig, 3);
	g_free(rig_poll(&rig, NULL));
	/* Shows only when the objects are read. */
	g_free(rig_sh(rig.dir, "cd " RIG_MIRROR " && chmod -R u+w . && "
			       "dd if=/dev/zero of=$(ls " PACK ") bs=1 seek=40 count=60 "
			       "conv=notrunc 2>/dev/null"));
	struct mirror *mirror = rig_open(&rig, NULL);
	ck_assert(mirror_discard(mirror, &error));
	mirror_close(mirror);
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, "discarded");
	rig_end(&rig);
}
END_TEST

START_TEST(follows_a_shallow_remote)
{
	struct rig rig;

	rig_start(&rig, 0);
	rig_do(rig.dir, "git init -q whole && cd whole && for i in 1 2 3 4 5; do "
			"git commit -q --allow-empty -m $i; done && cd .. && "
			"git clone -q --depth 2 \"file://$PWD/whole\" remote");
	g_free(rig_poll(&rig, NULL));
	rig_do(rig.dir, "git -C remote commit -q --allow-empty -m more");
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, "shallow and one more");
	rig_do(rig.dir, "git -C remote fetch -q --depth 4");
	rig_do(rig.dir, "git -C remote tag deeper");
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, "deepened");
	rig_do(rig.dir, "git -C remote fetch -q --unshallow && git -C remote tag whole");
	g_free(rig_poll(&rig, NULL));
	rig_assert_mirrored(&rig, "made whole");
	rig_end(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mirror_damage");
	TCase *damage = tcase_create("damage");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, damage);
	tcase_add_loop_test(damage, is_whole_again, 0, G_N_ELEMENTS(damages));
	tcase_add_test(damage, discards);
	tcase_add_test(damage, follows_a_shallow_remote);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
