#include "collector/git/git_child.h"

#include <string.h>

#include "base/error.h"
#include "collector/git/git_config.h"
#include "collector/git/git_error.h"

#define MAX_ARGS 64

/* git and its helpers are looked up where this program's own environment says. */
static char *path_variable(void)
{
	const char *path = g_getenv("PATH");

	return g_strconcat("PATH=", path && *path ? path : "/usr/local/bin:/usr/bin:/bin",
			   NULL);
}

static bool run(struct mirror *mirror, const struct git_call *call,
		const struct git_setup *setup, struct child_result *result,
		GError **error)
{
	const char *argv[MAX_ARGS + 2] = { "git" };
	g_autofree char *path = path_variable();
	g_autofree char *dir = g_strconcat("GIT_DIR=", mirror->dir, NULL);
	g_autofree char *allow = g_strconcat("GIT_ALLOW_PROTOCOL=", setup->protocol,
					     NULL);
	const char *const env[] = {
		path,
		dir, /* no discovery: a damaged mirror must not become a folder above */
		allow,
		setup->config_env,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_OPTIONAL_LOCKS=0",
		"HOME=/nonexistent",
		"LC_ALL=C",
		"TZ=UTC",
		mirror->trace ? "GIT_TRACE=2" : "GIT_TRACE=0",
		/* git 2.45; older ones have no promisor to ask. */
		call->remote ? NULL : "GIT_NO_LAZY_FETCH=1",
		NULL,
	};
	const GTimeSpan deadline = call->deadline > 0 ? call->deadline
						      : mirror->git->timeout_us;
	const int keep_fds[] = { setup->config_fd, mirror->lock_fd };
	guint n = 0;

	for (; call->args[n]; n++) {
		g_assert(n < MAX_ARGS);
		argv[n + 1] = call->args[n];
	}
	const struct child_spec spec = {
		.argv = argv,
		.env = env,
		.cwd = mirror->dir,
		.stdin_fd = call->stdin_fd,
		.keep_fds = keep_fds,
		.n_keep_fds = G_N_ELEMENTS(keep_fds),
		.deadline = deadline,
		/* A backstop only: several threads may use more than the wall clock. */
		.cpu_seconds = (guint)MIN(deadline / G_USEC_PER_SEC * 8 + 8, G_MAXUINT),
		.max_output = call->max_output,
		.cancellable = mirror->cancellable,
		.output = call->output,
		.error_line = call->error_line,
		.user = call->user,
	};
	return child_run(&spec, result, error);
}

bool git_run(struct mirror *mirror, const struct git_call *call, GError **error)
{
	_cleanup_(git_setup_clear) struct git_setup setup = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };

	if (!git_setup_make(mirror, call, &setup, error) ||
	    !run(mirror, call, &setup, &result, error)) {
		g_prefix_error(error, "git %s: %s: ", mirror->git->name, call->args[0]);
		return false;
	}
	if (result.status == 0)
		return true;
	const char *const secrets[] = { setup.secret ? setup.secret : "",
					setup.encoded ? setup.encoded : "", NULL };
	g_autofree char *words = git_error_words(result.error_text, secrets);
	const enum dora_error code = git_error_code(result.error_text, call->remote);
	g_autofree char *status = g_strdup_printf("git ended with status %d",
						  result.status);
	const bool full = strstr(result.error_text, "No space left on device") != NULL;
	g_set_error(error, DORA_ERROR, (gint)code, "git %s: %s: %s%s%s",
		    mirror->git->name, call->args[0], *words ? words : status,
		    full ? ": no room for the cache in " : "", full ? mirror->dir : "");
	return false;
}

struct collected {
	GByteArray *bytes;
};

static bool collect(const guint8 *data, gsize n, void *user, GError **error)
{
	struct collected *collected = user;

	(void)error;
	if (n > G_MAXUINT - collected->bytes->len) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "more than 4 GiB");
		return false;
	}
	g_byte_array_append(collected->bytes, data, (guint)n);
	return true;
}

GBytes *git_output(struct mirror *mirror, const struct git_call *call, gsize max,
		   GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct collected collected = { .bytes = bytes };
	struct git_call collecting = *call;

	collecting.output = collect;
	collecting.error_line = NULL;
	collecting.user = &collected;
	collecting.max_output = max;
	if (!git_run(mirror, &collecting, error))
		return NULL;
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
