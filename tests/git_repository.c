#include "tests/git_repository.h"

#include <check.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* "commit S [MESSAGE]": an empty commit at S seconds by one of three authors.
 * "raw": stores standard input as a commit without checks, prints its name. */
static const char prelude[] =
	"set -e\n"
	"commit() { GIT_AUTHOR_DATE=\"$1 +0100\" GIT_COMMITTER_DATE=\"$(($1 + 5)) +0000\""
	" GIT_AUTHOR_EMAIL=Author$(($1 % 3))@Example.com"
	" git commit -q --allow-empty -m \"${2:-a change}\"; }\n"
	"raw() { git hash-object -w --stdin -t commit --literally; }\n";

static char *shell(const char *dir, const char *script)
{
	g_autofree char *text = g_strconcat(prelude, script, NULL);
	const char *argv[] = { "sh", "-c", text, NULL };
	g_auto(GStrv) env = g_get_environ();
	g_autoptr(GError) error = NULL;
	char *output = NULL;
	int status;
	static const char *const variables[][2] = {
		{ "GIT_CONFIG_GLOBAL", "/dev/null" },
		{ "GIT_CONFIG_NOSYSTEM", "1" },
		{ "GIT_AUTHOR_NAME", "A U Thor" },
		{ "GIT_AUTHOR_EMAIL", "author@example.com" },
		{ "GIT_COMMITTER_NAME", "C O Mitter" },
		{ "GIT_COMMITTER_EMAIL", "committer@example.com" },
		{ "GIT_AUTHOR_DATE", "1600000000 +0000" },
		{ "GIT_COMMITTER_DATE", "1600000000 +0000" },
		{ "LC_ALL", "C" },
		{ "TZ", "UTC" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(variables); i++)
		env = g_environ_setenv(env, variables[i][0], variables[i][1], TRUE);
	env = g_environ_unsetenv(env, "GIT_DIR");
	ck_assert_msg(g_spawn_sync(dir, (char **)argv, env, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, &output, NULL, &status, &error),
		      "%s", error ? error->message : "");
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d of: %s",
		      status, script);
	return g_strchomp(output);
}

void repository_make(struct repository *repository, const char *script)
{
	g_autofree char *make = g_strconcat("mkdir work && cd work && {\n", script,
					    "\n} && cd .. &&"
					    " { test -e bare.git ||"
					    " git clone -q --mirror work bare.git; }",
					    NULL);

	*repository = (struct repository){
		.root = g_dir_make_tmp("dorad-test-XXXXXX", NULL),
		.git = { .name = (char *)"test", .timeout_us = 60 * G_USEC_PER_SEC },
	};
	repository->git.url = repository->root;
	repository->git.allow_file = true;
	g_free(shell(repository->root, make));
	repository->mirror.dir = g_build_filename(repository->root, "bare.git", NULL);
	repository->mirror.git = &repository->git;
	repository->mirror.trees = true;
	repository->mirror.lock_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(repository->mirror.lock_fd, 0);
}

char *repository_shell(struct repository *repository, const char *script)
{
	return shell(repository->mirror.dir, script);
}

void repository_clear(struct repository *repository)
{
	const char *argv[] = { "rm", "-rf", repository->root, NULL };

	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		     NULL, NULL, NULL);
	close(repository->mirror.lock_fd);
	g_free(repository->mirror.dir);
	g_free(repository->root);
	*repository = (struct repository){ 0 };
}
