#include "collector/git/mirror.h"

#include <string.h>

#include "base/error.h"
#include "collector/git/git_child.h"
#include "collector/git/mirror_dir.h"

/* A million refs of some 60 bytes; no repository that works has more. */
#define MAX_LISTING (128 * 1024 * 1024)
/* A listing is small: a server that needs longer is ill. */
#define LIST_DEADLINE (G_GINT64_CONSTANT(5) * 60 * G_USEC_PER_SEC)

static bool start_over(struct mirror *mirror, GError **error)
{
	const struct mirror_kind kind = { .sha256 = mirror->sha256,
					  .trees = mirror->trees };

	return mirror_dir_remove(mirror->dir, error) &&
	       mirror_dir_make(mirror->dir, &kind, error);
}

static bool prepare_dir(struct mirror *mirror, bool keep, GError **error)
{
	struct mirror_kind kind = { 0 };
	const bool whole = mirror_dir_check(mirror->dir, &kind);

	mirror->sha256 = whole && kind.sha256;
	/* Trees that were never fetched cannot be added to a mirror without. */
	if (whole && (kind.trees == mirror->trees || keep)) {
		mirror->trees = kind.trees;
		mirror_dir_sweep(mirror->dir);
		return true;
	}
	return start_over(mirror, error);
}

struct mirror *mirror_open(const struct mirror_options *options, GError **error)
{
	_cleanup_(mirror_closep) struct mirror *mirror = g_new0(struct mirror, 1);

	mirror->lock_fd = -1;
	mirror->git = options->git;
	mirror->trees = options->trees;
	mirror->cancellable = options->cancellable;
	mirror->progress = options->progress;
	mirror->user = options->user;
	mirror->dir = mirror_dir_path(options->cache_dir, options->git->name, error);
	if (mirror->dir)
		mirror->lock_fd = mirror_dir_lock(mirror->dir, error);
	if (mirror->lock_fd < 0 || !prepare_dir(mirror, options->keep, error)) {
		g_prefix_error(error, "git %s: ", options->git->name);
		return NULL;
	}
	return g_steal_pointer(&mirror);
}

void mirror_close(struct mirror *mirror)
{
	if (!mirror)
		return;
	mirror_dir_unlock(mirror->lock_fd);
	g_free(mirror->dir);
	g_free(mirror);
}

bool mirror_discard(struct mirror *mirror, GError **error)
{
	if (start_over(mirror, error))
		return true;
	g_prefix_error(error, "git %s: ", mirror->git->name);
	return false;
}

bool mirror_is_fetched(const struct mirror *mirror)
{
	return mirror_dir_is_fetched(mirror->dir);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, as servers need not keep an order. */
static char *digest_lines(GBytes *listing)
{
	gsize n = 0;
	const char *data = g_bytes_get_data(listing, &n);
	g_autofree char *text = g_strndup(data ? data : "", n);
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));)
		g_ptr_array_add(lines, line);
	g_ptr_array_sort(lines, compare_lines);
	for (guint i = 0; i < lines->len; i++) {
		g_checksum_update(sum, lines->pdata[i], (gssize)strlen(lines->pdata[i]));
		g_checksum_update(sum, (const guchar *)"\n", 1);
	}
	return g_strdup(g_checksum_get_string(sum));
}

bool mirror_list(struct mirror *mirror, char **digest, GError **error)
{
	/* These two options, unlike patterns, also tell the server what not to send. */
	static const char *const args[] = { "ls-remote", "--quiet", "--heads",
					    "--tags",	 "origin",  NULL };
	const struct git_call call = {
		.args = args,
		.remote = true,
		.stdin_fd = -1,
		.deadline = MIN(mirror->git->timeout_us, LIST_DEADLINE),
	};
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) listing = git_output(mirror, &call, MAX_LISTING, &cause);

	/* git looks at the mirror's own refs, too, and fails if they are damaged. */
	if (!listing && g_error_matches(cause, DORA_ERROR, DORA_ERROR_DATA) &&
	    mirror_is_fetched(mirror)) {
		if (!mirror_discard(mirror, error))
			return false;
		g_clear_error(&cause);
		listing = git_output(mirror, &call, MAX_LISTING, &cause);
	}
	if (!listing) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	*digest = digest_lines(listing);
	return true;
}
