#include "tests/git_rig.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *rig_make(void)
{
	g_autoptr(GError) error = NULL;
	char *dir = g_dir_make_tmp("dorad-test-XXXXXX", &error);

	ck_assert_msg(dir != NULL, "%s", error ? error->message : "");
	return dir;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) != 0;
}

void rig_remove(char *dir)
{
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	g_free(dir);
}

char *rig_sh(const char *dir, const char *command)
{
	g_autofree char *path = g_strconcat("PATH=", g_getenv("PATH"), NULL);
	g_autofree char *script = g_strconcat("set -e\n", command, NULL);
	char *argv[] = { "/bin/sh", "-c", script, NULL };
	char *env[] = { path,
			"HOME=/nonexistent",
			"LC_ALL=C",
			"GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=A",
			"GIT_AUTHOR_EMAIL=a@example.org",
			"GIT_AUTHOR_DATE=1700000000 +0000",
			"GIT_COMMITTER_NAME=C",
			"GIT_COMMITTER_EMAIL=c@example.org",
			"GIT_COMMITTER_DATE=1700000100 +0000",
			"GIT_CONFIG_COUNT=2",
			"GIT_CONFIG_KEY_0=init.defaultBranch",
			"GIT_CONFIG_VALUE_0=main",
			"GIT_CONFIG_KEY_1=protocol.file.allow",
			"GIT_CONFIG_VALUE_1=always",
			NULL };
	char *out = NULL;
	g_autofree char *err = NULL;
	g_autoptr(GError) error = NULL;
	int status = 0;

	ck_assert_msg(g_spawn_sync(dir, argv, env, G_SPAWN_DEFAULT, NULL, NULL, &out,
				   &err, &status, &error),
		      "%s", error ? error->message : "");
	ck_assert_msg(status == 0, "%s\nstatus %d\n%s%s", command, status, out, err);
	return g_strchomp(out);
}

void rig_do(const char *dir, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *command = g_strdup_vprintf(format, args);
	va_end(args);
	g_free(rig_sh(dir, command));
}

void rig_remote(const char *dir, int n)
{
	rig_do(dir,
	       "git init -q remote\n"
	       "cd remote\n"
	       "mkdir folder\n"
	       "for i in $(seq %d); do\n"
	       "	echo $i > folder/file\n"
	       "	git add .\n"
	       "	git commit -q -m c$i\n"
	       "	git tag -a -m v$i v$i\n"
	       "done",
	       n);
}

void rig_start(struct rig *rig, int n)
{
	*rig = (struct rig){ .dir = rig_make() };
	if (n > 0)
		rig_remote(rig->dir, n);
	rig->git.name = g_strdup("acme/shop");
	rig->git.url = g_build_filename(rig->dir, "remote", NULL);
	rig->git.allow_file = true;
	rig->git.timeout_us = 60 * G_USEC_PER_SEC;
}

void rig_end(struct rig *rig)
{
	g_free(rig->git.name);
	g_free(rig->git.url);
	rig_remove(rig->dir);
}

struct mirror *rig_open(const struct rig *rig, GError **error)
{
	g_autofree char *cache = g_build_filename(rig->dir, "cache", NULL);
	const struct mirror_options options = { .cache_dir = cache,
						.git = &rig->git,
						.trees = rig->trees };

	return mirror_open(&options, error);
}

char *rig_poll(const struct rig *rig, bool *rebuilt)
{
	g_autoptr(GError) error = NULL;
	_cleanup_(mirror_closep) struct mirror *mirror = rig_open(rig, &error);
	char *digest = NULL;

	ck_assert_msg(mirror != NULL, "open: %s", error ? error->message : "");
	ck_assert_msg(mirror_list(mirror, &digest, &error), "list: %s",
		      error ? error->message : "");
	ck_assert_msg(mirror_fetch(mirror, rebuilt, &error), "fetch: %s",
		      error ? error->message : "");
	return digest;
}

#define REFS "for-each-ref --format='%(refname) %(objectname)' refs/heads refs/tags"
#define HISTORY "log --format='%H %T %P' --branches --tags"
#define QUIET " -c safe.directory='*' -C "

void rig_assert_mirrored(const struct rig *rig, const char *row)
{
	g_autofree char *theirs = rig_sh(rig->dir, "git" QUIET "remote " REFS);
	g_autofree char *ours = rig_sh(rig->dir, "git" QUIET RIG_MIRROR " " REFS);
	g_autofree char *history = rig_sh(rig->dir, "git" QUIET "remote " HISTORY);
	g_autofree char *mirrored = rig_sh(rig->dir, "git" QUIET RIG_MIRROR " " HISTORY);

	ck_assert_msg(strcmp(theirs, ours) == 0, "%s: refs\n%s\nare\n%s", row, ours,
		      theirs);
	ck_assert_msg(strcmp(history, mirrored) == 0, "%s: history differs", row);
	g_free(rig_sh(rig->dir, "git" QUIET RIG_MIRROR " commit-graph verify"));
}
