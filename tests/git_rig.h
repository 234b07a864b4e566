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

/* A source that names dir/remote by path, and a mirror of it in dir/cache. */
void rig_source(struct config_git *git, const char *dir);
void rig_source_clear(struct config_git *git);
struct mirror *rig_open(const struct config_git *git, const char *dir, GError **error);
