#pragma once

/*
 * For tests that need repositories: a scratch folder, git commands run in it without
 * anybody's configuration, and remotes made of them.
 */
#include <glib.h>

#include "collector/git/mirror.h"

/* A fresh folder under TMPDIR that only we can read. rig_remove() deletes it with
 * everything in it and frees the name. */
char *rig_make(void);
void rig_remove(char *dir);

/* Runs a shell command in dir, "set -e" and git's identity, dates and configuration
 * fixed; fails the test with its output if it fails. Returns standard output without its
 * last newline; the caller frees. */
char *rig_sh(const char *dir, const char *command);
/* The same, for its effect. */
void rig_do(const char *dir, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A repository "remote" in dir with n commits c1 … cn on main, each tagged v1 … vn
 * (annotated). */
void rig_remote(const char *dir, int n);

/* A scratch folder with a remote of n commits ("remote", none if n is 0), a source
 * "acme/shop" that names it by path, and room for its mirror. */
struct rig {
	char *dir;
	struct config_git git;
	bool trees; /* for the mirrors opened */
};
void rig_start(struct rig *rig, int n);
void rig_end(struct rig *rig);

/* Where the mirror is, in the folder. */
#define RIG_MIRROR "cache/git/acme%2Fshop.git"

struct mirror *rig_open(const struct rig *rig, GError **error);

/* One poll: opens, lists, fetches, closes; fails the test if any of it fails. The caller
 * frees the digest. */
char *rig_poll(const struct rig *rig, bool *rebuilt);

/* Fails the test unless the mirror has the remote's branches, tags and history, and a
 * commit-graph that git finds right. row names the case. */
void rig_assert_mirrored(const struct rig *rig, const char *row);
