#pragma once

/*
 * The directory of a mirror: made, checked, swept and thrown away without git's help. It
 * is a cache, so what is not as it should be is removed, never repaired. Used by the
 * files of collector/git/ only.
 */
#include <stdbool.h>

#include "base/error.h"

/* What the mirror holds, as its marker file says. */
struct mirror_kind {
	bool sha256; /* object names of 64 digits */
	bool trees;  /* else commits and tags only */
};

/* cache_dir/git/<name>.git and its lock file; cache_dir/git is made if need be and must
 * belong to us alone (DORA_ERROR_CONFIG). The caller frees. */
char *mirror_dir_path(const char *cache_dir, const char *name, GError **error);

/* Takes the lock beside dir, waiting a second at most: DORA_ERROR_RETRY if another
 * process or another struct mirror has it. -1 on failure; mirror_dir_unlock() gives it
 * back. */
int mirror_dir_lock(const char *dir, GError **error);
void mirror_dir_unlock(int fd);

/* True if dir is a whole mirror of ours, with what it holds in *kind. Looks at the
 * frame (marker, owner, ends of the pack files), not at every object. */
bool mirror_dir_check(const char *dir, struct mirror_kind *kind);

/* Removes dir and everything in it, whatever it is; a symbolic link is not followed. */
bool mirror_dir_remove(const char *dir, GError **error);

/* Makes an empty bare repository where nothing is. The marker comes last. */
bool mirror_dir_make(const char *dir, const struct mirror_kind *kind, GError **error);

/* Removes what a killed git leaves behind: lock files, half-written packs. Only while we
 * hold the lock and no child runs. */
void mirror_dir_sweep(const char *dir);

/* Points HEAD at a branch ("refs/heads/main"); NULL: the remote's is unknown, HEAD then
 * names MIRROR_NO_HEAD, which never exists. */
#define MIRROR_NO_HEAD "refs/unknown"
bool mirror_dir_set_head(const char *dir, const char *branch, GError **error);

/* Has anything ever been fetched to its end? */
bool mirror_dir_is_fetched(const char *dir);
bool mirror_dir_set_fetched(const char *dir, GError **error);

/* How many pack files there are, and loose refs. */
struct mirror_count {
	guint packs, loose_refs;
};
void mirror_dir_count(const char *dir, struct mirror_count *count);
