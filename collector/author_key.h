#pragma once

/*
 * The key that salts author hashes. It comes from the configuration, or is made once from
 * random bytes and kept in the state directory: whoever loses it cannot tell that old and
 * new commits have the same author, which counts authors twice and nothing worse.
 */
#include <gio/gio.h>

#include "config/config.h"

#define AUTHOR_KEY_SIZE 32
#define AUTHOR_DIGEST_LENGTH 16

/* The configured key, or that in state_dir/author.key, which is made (and state_dir, mode
 * 0700) if there is none. NULL with an error: DORA_ERROR_CONFIG for a file that is not a
 * key or not ours, and whatever secret_read() says. */
GBytes *author_key_load(const struct config *config, const char *state_dir,
			GError **error);
/* The same of a key that is there: none is made, for what a new one hashes nobody has. */
GBytes *author_key_find(const struct config *config, const char *state_dir,
			GError **error);

/* What the database has in place of a pattern of exclude.authors, which may be an
 * address: AUTHOR_DIGEST_LENGTH hexadecimal digits of an HMAC-SHA256 under the key, and
 * no hash of an author. key NULL, where no configuration has such patterns or nothing is
 * stored: as of an empty one. The caller frees. */
char *author_key_digest(GBytes *key, const char *pattern);
