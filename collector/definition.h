#pragma once

/*
 * What a scope's numbers were made with, as JSON that an analyst can read, and its
 * fingerprint. Rows of another fingerprint are made anew. Internal to collector/.
 */
#include "config/config.h"
#include "sinks/store.h"

/* Time zone, smallest group, and of a service its components, production groups, where
 * lead time starts, its rules of failures and its owners; of a team or org the owners of
 * the services of which only a part of the history is its own. Of exclude.authors, which
 * may be addresses, it has digests: author_key_digest(). The caller frees. */
char *definition_of_scope(const struct config *config, GBytes *author_key,
			  enum scope_kind kind, const char *name, const char *time_zone);

/* The caller frees. */
char *definition_fingerprint(const char *content);
