#pragma once

/*
 * The key that salts author hashes. It comes from the configuration, or is made once from
 * random bytes and kept in the state directory: whoever loses it cannot tell that old and
 * new commits have the same author, which counts authors twice and nothing worse.
 */
#include <gio/gio.h>

#include "config/config.h"

#define AUTHOR_KEY_SIZE 32

/* The configured key, or that in state_dir/author.key, which is made (and state_dir, mode
 * 0700) if there is none. NULL with an error: DORA_ERROR_CONFIG for a file that is not a
 * key or not ours, and whatever secret_read() says. */
GBytes *author_key_load(const struct config *config, const char *state_dir,
			GError **error);
