#pragma once

/*
 * The private configuration of a git child, in memory only: it holds the credential and
 * everything that must not depend on a user's, a system's or a repository's settings.
 * Used by collector/git/git_child.c only.
 */
#include "collector/git/git_child.h"

/* What a child needs beside its arguments. Initialise to zero, clear in any case. */
struct git_setup {
	int config_fd;	      /* 0: none; git reads it as /proc/self/fd/N */
	char *config_env;     /* "GIT_CONFIG_GLOBAL=/proc/self/fd/N" */
	const char *protocol; /* the only one allowed: "https", "http", "ssh", "file",
				 "none" */
	char *secret;	      /* the token, to keep it out of messages */
	char *encoded;	      /* the same as it is sent */
};

/* Reads the source's secrets. DORA_ERROR_CONFIG if one cannot be read or the URL is of no
 * known kind. */
bool git_setup_make(const struct mirror *mirror, const struct git_call *call,
		    struct git_setup *setup, GError **error);
void git_setup_clear(struct git_setup *setup);
