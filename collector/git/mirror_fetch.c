#include <string.h>

#include "base/error.h"
#include "collector/git/git_child.h"
#include "collector/git/mirror_dir.h"

#define MAX_LISTING (128 * 1024 * 1024)
/* Each fetch adds a pack, and every pack costs each look-up of an object. */
#define MAX_PACKS 50
/* Loose refs are a file each. */
#define MAX_LOOSE_REFS 200

/* What the remote's HEAD says, found out before each fetch. */
struct remote_head {
	char *branch; /* "refs/heads/main"; NULL: unknown */
	bool sha256;
};

static void remote_head_clear(struct remote_head *head)
{
	g_free(head->branch);
}

/* One line of ls-remote: "ref: refs/heads/main\tHEAD" or "<oid>\t<name>". */
static void read_line(const char *line, struct remote_head *head)
{
	const char *tab = strchr(line, '\t');

	if (!tab)
		return;
	if (!g_str_has_prefix(line, "ref: ")) {
		head->sha256 = tab - line == 64;
		return;
	}
	if (g_str_equal(tab, "\tHEAD") && g_str_has_prefix(line, "ref: refs/heads/")) {
		g_free(head->branch);
		head->branch = g_strndup(line + 5, (gsize)(tab - line - 5));
	}
}

static bool ask_head(struct mirror *mirror, struct remote_head *head, GError **error)
{
	static const char *const args[] = { "ls-remote",   "--quiet", "--symref",
					    "origin",	   "HEAD",    "refs/heads/*",
					    "refs/tags/*", NULL };
	const struct git_call call = { .args = args, .remote = true, .stdin_fd = -1 };
	g_autoptr(GBytes) listing = git_output(mirror, &call, MAX_LISTING, error);
	gsize n = 0;

	if (!listing)
		return false;
	head->sha256 = mirror->sha256;
	const char *data = g_bytes_get_data(listing, &n);
	g_autofree char *text = g_strndup(data ? data : "", n);
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		read_line(line, head);
	return true;
}

/* "Receiving objects:  41% (35000/85361), 2.31 MiB | 1.20 MiB/s" becomes "receiving 41%
 * (35000/85361)". */
static void report_progress(const char *line, const struct mirror *mirror)
{
	static const struct {
		const char *said, *word;
	} stages[] = {
		{ "remote: Counting objects: ", "remote counts" },
		{ "remote: Compressing objects: ", "remote compresses" },
		{ "Receiving objects: ", "receiving" },
		{ "Resolving deltas: ", "resolving" },
	};
	if (!mirror->progress)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(stages); i++) {
		if (!g_str_has_prefix(line, stages[i].said))
			continue;
		const char *figures = line + strlen(stages[i].said);
		figures += strspn(figures, " ");
		const char *end = strchr(figures, ')');
		if (!end)
			return;
		g_autofree char *text = g_strdup_printf(
			"%s %.*s", stages[i].word, (int)(end + 1 - figures), figures);
		mirror->progress(text, mirror->user);
	}
}

/* Before git 2.45, a filtered fetch from a shallow remote asks whether it has the objects
 * at the boundary, which makes git fetch those by a child, which asks again, and so on
 * without end. The trace shows the first of these children in time. */
#define ASKS_AGAIN "run_command: git -c fetch.negotiationAlgorithm=noop fetch"

struct watch {
	const struct mirror *mirror;
	GCancellable *stop;
	bool seen;
};

static void watch_line(const char *line, void *user)
{
	struct watch *watch = user;

	if (strstr(line, ASKS_AGAIN)) {
		watch->seen = true;
		g_cancellable_cancel(watch->stop);
	}
	report_progress(line, watch->mirror);
}

static void forward_cancel(GCancellable *from, void *to)
{
	(void)from;
	g_cancellable_cancel(to);
}

static bool fetch_refs(struct mirror *mirror, bool *asks_again, GError **error)
{
	/* --unshallow brings what a shallow remote has meanwhile been given. */
	const char *const args[] = { "fetch",
				     "--no-tags",
				     "--prune",
				     "--force",
				     "--no-write-fetch-head",
				     "--no-auto-maintenance",
				     "--no-recurse-submodules",
				     "--progress",
				     git_is_shallow(mirror) ? "--unshallow"
							    : "--update-shallow",
				     "origin",
				     "+refs/heads/*:refs/heads/*",
				     "+refs/tags/*:refs/tags/*",
				     NULL };
	g_autoptr(GCancellable) stop = g_cancellable_new();
	struct watch watch = { .mirror = mirror, .stop = stop };
	const struct git_call call = {
		.args = args,
		.remote = true,
		.stdin_fd = -1,
		.error_line = watch_line,
		.user = &watch,
	};
	GCancellable *outer = mirror->cancellable;
	gulong handler = 0;

	if (outer)
		handler = g_cancellable_connect(outer, G_CALLBACK(forward_cancel), stop,
						NULL);
	mirror->cancellable = stop;
	mirror->trace = true;
	const bool ok = git_run(mirror, &call, error);
	mirror->trace = false;
	mirror->cancellable = outer;
	if (outer)
		g_cancellable_disconnect(outer, handler);
	*asks_again = watch.seen && !g_cancellable_is_cancelled(outer);
	return ok;
}

/* A shallow remote is asked for everything it has; that is little. */
static bool fetch_refs_any_way(struct mirror *mirror, GError **error)
{
	g_autoptr(GError) cause = NULL;
	bool asks_again = false;

	bool ok = fetch_refs(mirror, &asks_again, &cause);
	if (!ok && asks_again && !mirror->whole) {
		mirror_dir_sweep(mirror->dir);
		g_clear_error(&cause);
		mirror->whole = true;
		ok = fetch_refs(mirror, &asks_again, &cause);
	}
	mirror->whole = false;
	if (!ok)
		g_propagate_error(error, g_steal_pointer(&cause));
	return ok;
}

static bool run_local(struct mirror *mirror, const char *const *args, GError **error)
{
	const struct git_call call = { .args = args, .stdin_fd = -1, .promisor = true };

	return git_run(mirror, &call, error);
}

/* Keeps the mirror's cost bounded over months of small fetches. Never drops an object:
 * everything in a promisor pack stays. */
static bool maintain(struct mirror *mirror, GError **error)
{
	static const char *const repack[] = { "repack", "-a", "-d", "-q", "-n", NULL };
	static const char *const pack_refs[] = { "pack-refs", "--all", NULL };
	struct mirror_count count;

	mirror_dir_count(mirror->dir, &count);
	if (count.loose_refs > MAX_LOOSE_REFS && !run_local(mirror, pack_refs, error))
		return false;
	return count.packs <= MAX_PACKS || run_local(mirror, repack, error);
}

static bool write_graph(struct mirror *mirror, GError **error)
{
	static const char *const args[] = { "commit-graph",  "write",
					    "--reachable",   "--split",
					    "--no-progress", NULL };

	/* git writes none for a cut history. */
	return git_is_shallow(mirror) || run_local(mirror, args, error);
}

/* git builds on what is there without a look at it; whoever reads it later could only
 * fail. */
static bool check_graph(struct mirror *mirror, GError **error)
{
	if (git_is_shallow(mirror))
		return true;
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = mirror_graph_load(
		mirror, error);
	return graph != NULL;
}

static bool fetch_once(struct mirror *mirror, const struct remote_head *head,
		       GError **error)
{
	return mirror_dir_set_head(mirror->dir, head->branch, error) &&
	       fetch_refs_any_way(mirror, error) && maintain(mirror, error) &&
	       write_graph(mirror, error) && check_graph(mirror, error) &&
	       mirror_dir_set_fetched(mirror->dir, error);
}

bool mirror_fetch(struct mirror *mirror, bool *rebuilt, GError **error)
{
	_cleanup_(remote_head_clear) struct remote_head head = { 0 };
	g_autoptr(GError) cause = NULL;

	if (rebuilt)
		*rebuilt = false;
	if (!ask_head(mirror, &head, error))
		return false;
	/* A remote made anew with longer object names shares nothing with the mirror. */
	if (head.sha256 != mirror->sha256) {
		mirror->sha256 = head.sha256;
		if (!mirror_discard(mirror, error))
			return false;
	}
	if (fetch_once(mirror, &head, &cause))
		return true;
	/* With an empty mirror the fault is the remote's. */
	if (!g_error_matches(cause, DORA_ERROR, DORA_ERROR_DATA) ||
	    !mirror_is_fetched(mirror)) {
		/* What a killed git wrote must not fill the disk until the next try. */
		mirror_dir_sweep(mirror->dir);
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (!mirror_discard(mirror, error))
		return false;
	if (rebuilt)
		*rebuilt = true;
	if (fetch_once(mirror, &head, error))
		return true;
	mirror_dir_sweep(mirror->dir);
	return false;
}
