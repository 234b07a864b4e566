#pragma once

/*
 * A secret is named in the configuration and read at the moment it is needed, so that a
 * rotated one is picked up by the next use. Its text never enters a log, an error
 * message, an argument list or an environment; whoever reads one wipes it with
 * secret_free().
 */
#include <glib.h>
#include <stdbool.h>

/* Where a secret is. Exactly one of the three is set; the strings are borrowed. */
struct secret_ref {
	char *credential; /* a file of this name in $CREDENTIALS_DIRECTORY (systemd
			     LoadCredential=) */
	char *file;	  /* an absolute path */
	char *env;	  /* the name of an environment variable */
};

/* Reads the secret: without trailing newlines, 1 to 64 KiB, no NUL bytes. A file must be
 * a regular file that neither group nor others may read, unless systemd made it. On
 * failure NULL and an error (DORA_ERROR_CONFIG) that names the place but never a byte of
 * the content. */
char *secret_read(const struct secret_ref *ref, GError **error);

/* The path of a secret that a child must open itself (an ssh key); checked like
 * secret_read(). NULL with an error for one named by environment variable. The caller
 * frees. */
char *secret_path(const struct secret_ref *ref, GError **error);

/* Overwrites and frees. NULL is fine. */
void secret_free(char *secret);
