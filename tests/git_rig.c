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

void rig_source(struct config_git *git, const char *dir)
{
	*git = (struct config_git){ 0 };
	git->name = g_strdup("acme/shop");
	git->url = g_build_filename(dir, "remote", NULL);
	git->allow_file = true;
	git->timeout_us = 60 * G_USEC_PER_SEC;
}

void rig_source_clear(struct config_git *git)
{
	g_free(git->name);
	g_free(git->url);
}

struct mirror *rig_open(const struct config_git *git, const char *dir, GError **error)
{
	g_autofree char *cache = g_build_filename(dir, "cache", NULL);
	const struct mirror_options options = { .cache_dir = cache, .git = git };

	return mirror_open(&options, error);
}
