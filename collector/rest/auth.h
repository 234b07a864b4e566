#pragma once

/*
 * What a request must carry so that a source knows us. Secrets are read where they are
 * named each time they are needed, so that a rotated one is picked up, and wiped at once.
 * Only the installation token of a GitHub App, which must be asked for, is kept: in
 * struct tokens, else as long as the struct auth is, which belongs to one worker.
 */
#include "collector/rest/tokens.h"
#include "collector/rest/transport.h"
#include "config/config.h"

struct auth;

/* All are borrowed. tokens: those kept from poll to poll; NULL: none are. */
struct auth *auth_new(const struct driver *driver, const struct config_api *api,
		      const struct rest_transport *transport, struct tokens *tokens);
void auth_free(struct auth *auth); /* wipes; NULL is fine */
DEFINE_CLEANUP(struct auth *, auth_free);

/* An array for auth_headers() that wipes its strings when it frees them. */
GPtrArray *auth_headers_new(void);
/* Appends what the source wants: owned strings "name: value", none where no credential is
 * configured and none is needed. CONFIG where the secret cannot be read or cannot be a
 * header; for a GitHub App, which may ask for a token first, also what http_perform()
 * fails with, RETRY where GitHub cannot answer now and DENIED where it refuses the app.
 * No message holds a byte of a secret. */
bool auth_headers(struct auth *auth, GPtrArray *headers, gint64 now, GError **error);
/* To be told of a 401. True if what auth_headers() gives next may differ, so that the
 * request is worth one more try: a kept token was thrown away. */
bool auth_refused(struct auth *auth);

/* The key of struct budgets: the origin and a digest of where the credential is named,
 * never of the credential itself. Borrowed. */
const char *auth_key(const struct auth *auth);
