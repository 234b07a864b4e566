#pragma once

/*
 * A bare mirror of one remote repository under the cache directory, without trees (or
 * without blobs where path globs need trees). Every contact with git, remote or local, is
 * a child process with a deadline (collector/git/git_child.h), so nothing a repository or
 * a damaged cache contains can hang or crash the daemon. The mirror is a cache: it may be
 * deleted at any time and is rebuilt when it is found damaged. One worker at a time works
 * on a mirror (a lock file sees to it); functions block.
 */
#include <gio/gio.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "metrics/graph.h"

struct mirror;

struct mirror_options {
	const char *cache_dir;	      /* the mirror is cache_dir/git/<name>.git */
	const struct config_git *git; /* borrowed for the mirror's life */
	bool trees; /* keep trees (--filter=blob:none); else --filter=tree:0 */
	bool keep;  /* take one with trees, or without, as it is */
	GCancellable *cancellable; /* borrowed; NULL: none */
	/* Progress of a fetch in plain words ("receiving 41% (35000/85361)"); from the
	 * worker. */
	void (*progress)(const char *text, void *user);
	void *user;
};

/* Takes the mirror's lock, makes the directory and an empty repository if there is none,
 * throws away one that is not ours, half-made or damaged beyond opening. */
struct mirror *mirror_open(const struct mirror_options *options, GError **error);
void mirror_close(struct mirror *mirror);
DEFINE_CLEANUP(struct mirror *, mirror_close);

/* What the remote says it has, in one ls-refs round trip: a digest of all branches and
 * tags. Equal digests mean nothing has moved. HEAD is not in it: git would list pull
 * requests and everything else a server has along with it; mirror_fetch() asks. The
 * caller frees *digest. */
bool mirror_list(struct mirror *mirror, char **digest, GError **error);

/* Fetches branches and tags (forced, pruned) and brings the commit-graph file up to date.
 * A damaged mirror is thrown away and fetched anew once; *rebuilt (may be NULL) then is
 * true. */
bool mirror_fetch(struct mirror *mirror, bool *rebuilt, GError **error);

/* False if the mirror is new or was thrown away, so that a fetch is due even if the
 * remote has not moved. */
bool mirror_is_fetched(const struct mirror *mirror);

/* Throws the content away, for a caller that found it damaged while reading; the next
 * mirror_fetch() begins anew. */
bool mirror_discard(struct mirror *mirror, GError **error);

/* A branch or tag of the mirror. */
struct mirror_ref {
	char *name; /* "refs/tags/v1.0"; valid UTF-8: one that is not has each byte beyond
		       ASCII written as %XX */
	struct oid object; /* what it points to: commit, or tag object */
	struct oid
		commit; /* after peeling; len 0 if that is not a commit of the mirror */
	bool annotated;
	gint64 tagged;	  /* tagger's time; INSTANT_NONE if lightweight or unreadable */
	gint64 committed; /* the commit's committer time from the commit itself;
			     INSTANT_NONE */
};
void mirror_refs_free(GArray *refs);
DEFINE_CLEANUP(GArray *, mirror_refs_free);

/* All refs/heads/ and refs/tags/ of the mirror, sorted by name (an array of struct
 * mirror_ref), and the branch HEAD of the remote names (*head, "refs/heads/main"; NULL if
 * unknown or not there; the caller frees). known (may be NULL) is an earlier listing: a
 * ref whose object did not change is copied from there unread. Names are unique; those
 * beyond 1 KiB, which no index could hold, are left out. */
GArray *mirror_refs(struct mirror *mirror, const struct graph *graph, const GArray *known,
		    char **head, GError **error);

/* The commit graph: mapped from the commit-graph file or chain; read through git where
 * there is no file (shallow mirrors). Valid until mirror_graph_free(), also after the
 * mirror is closed. */
struct mirror_graph {
	struct graph graph;
	bool shallow;	  /* history is cut: older commits are unknown */
	GPtrArray *owned; /* what backs the arrays */
};
struct mirror_graph *mirror_graph_load(struct mirror *mirror, GError **error);
void mirror_graph_free(struct mirror_graph *graph);
DEFINE_CLEANUP(struct mirror_graph *, mirror_graph_free);

/* A commit as it stands in the repository. */
struct mirror_commit {
	guint32 pos;
	struct oid oid;
	struct oid
		parents[16]; /* as written in the commit; further ones are counted only */
	guint n_parents;
	struct commit_times times;
};

/* Reads the commits at the given positions, in that order, one cat-file child for all.
 * Author hashes are the first 8 bytes of HMAC-SHA256(author_key, lower-case e-mail),
 * never 0; 0 if author_key is NULL. notes (may be NULL) looks at every message. An
 * unreadable commit is passed over and counted in *n_bad. visit returns false with an
 * error to stop. */
struct notes;
bool mirror_read_commits(struct mirror *mirror, const struct graph *graph,
			 const guint32 *positions, gsize n, GBytes *author_key,
			 struct notes *notes,
			 bool (*visit)(const struct mirror_commit *commit, void *user,
				       GError **error),
			 void *user, gsize *n_bad, GError **error);

/* The hash that the author of a commit has by his address. */
guint64 mirror_author_hash(GBytes *key, const char *mail);

/* A component's globs. A path matches if any glob does: "*" and "?" stay within one name,
 * "**" does not, a trailing "/" or a name without wildcards means everything below it
 * too. */
struct mirror_paths {
	const char *const *globs;
	guint n;
};

/* For each commit at the given positions and each of n_sets sets of globs: does it change
 * a matching path against its first parent (a root: against nothing)? hit is called once
 * for each commit and set that matches. One diff-tree child for all; needs a mirror with
 * trees. */
bool mirror_match_paths(struct mirror *mirror, const struct graph *graph,
			const guint32 *positions, gsize n,
			const struct mirror_paths *sets, guint n_sets,
			bool (*hit)(guint32 pos, guint set, void *user, GError **error),
			void *user, GError **error);

/* The content of a file of a commit, at most max bytes; fetched from the remote if need
 * be. NULL with *missing set and no error if the commit has no such file. */
GBytes *mirror_read_file(struct mirror *mirror, const struct oid *commit,
			 const char *path, gsize max, bool *missing, GError **error);
