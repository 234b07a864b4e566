#pragma once

/*
 * The part of a poll that belongs to services: which commits touch their components, and
 * which deployments their rules see. Internal to collector/.
 */
#include "collector/poll_facts.h"

#define FINGERPRINT_LENGTH 16

/* A text of FINGERPRINT_LENGTH characters that changes whenever the configuration would
 * read other facts from this repository. The caller frees. */
char *poll_rules_fingerprint(const struct config *config, const struct config_git *git,
			     GBytes *author_key);

/* What may be another thing than it was at the poll before. */
struct poll_change {
	bool rules;   /* the configuration reads other facts from the repository */
	bool history; /* commits known before may have ancestors they had not */
	bool notes;   /* what is known of commits' messages was taken anew */
};

/* Stores touched commits and deployments of every service that uses the repository,
 * inside the caller's transaction. */
bool poll_rules_store(struct store *store, const struct work_context *context,
		      const struct config_git *git, const struct source_row *source,
		      struct repo_state *state, gint64 now,
		      const struct poll_change *what, struct poll_result *result,
		      GError **error);
