#pragma once

/*
 * One way to run git: in a child with an environment made from nothing, a private
 * configuration that no repository and no user can add to, one allowed protocol, and a
 * deadline. Used by collector/git/ only.
 */
#include "base/child.h"
#include "collector/git/mirror.h"

/* The inside of a mirror, for the files of collector/git/. */
struct mirror {
	char *dir; /* the bare repository */
	const struct config_git *git;
	bool trees;
	bool whole;  /* asks for everything: the remote cannot be asked for less */
	bool trace;  /* children say on standard error what they run */
	bool sha256; /* the repository's object names; known after the first fetch */
	GCancellable *cancellable;
	void (*progress)(const char *text, void *user);
	void *user;
	int lock_fd; /* children inherit it: a mirror is free when the last has ended */
};

struct git_call {
	const char *const *args; /* after "git", NULL-terminated */
	bool remote;		 /* may reach the configured remote, with its credentials;
				    otherwise nothing but the mirror's own files */
	bool promisor;		 /* a local call that must know that objects may be
				    missing (repack); implied by remote */
	int stdin_fd;		 /* -1: none */
	GTimeSpan deadline;	 /* 0: the source's timeout */
	gsize max_output;
	bool (*output)(const guint8 *data, gsize n, void *user, GError **error);
	void (*error_line)(const char *line, void *user);
	void *user;
};

/* Runs "git -C mirror->dir args…" to success. A failure's code says what to do: _DENIED
 * for refused credentials, unknown or changed host keys, certificates that do not verify;
 * _CONFIG for a repository that does not exist or a git that cannot be run; _RETRY for
 * network and deadline; _DATA for a damaged mirror. The message is git's own last words,
 * without secrets and control characters. */
bool git_run(struct mirror *mirror, const struct git_call *call, GError **error);

/* The same, with standard output collected (at most max bytes). */
GBytes *git_output(struct mirror *mirror, const struct git_call *call, gsize max,
		   GError **error);

/* A descriptor with this content, positioned at its start, for stdin_fd. The caller
 * closes it. */
int git_input(const void *data, gsize n, GError **error);

/* Is the mirror's history cut? */
bool git_is_shallow(const struct mirror *mirror);
