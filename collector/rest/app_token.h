#pragma once

/*
 * A GitHub App proves who it is with a JSON Web Token that it signs (RFC 7519, RS256),
 * and asks with that for a token of its installation, which lasts an hour.
 */
#include "collector/rest/transport.h"
#include "config/config.h"

/* A token for app id, valid from a minute before now until 9 minutes after: GitHub allows
 * 10 at most and no clock is exact. pem is an RSA private key. CONFIG if it is not. The
 * caller frees with secret_free(). */
char *app_jwt(const char *id, const char *pem, gint64 now, GError **error);

/* Asks for an installation token of api->app. *token is the caller's, to be freed with
 * secret_free(); *expires its end. RETRY where GitHub cannot answer now (limits
 * included), DENIED where it refuses, DATA where the answer makes no sense. */
bool app_token_ask(const struct config_api *api, const struct rest_transport *transport,
		   gint64 now, char **token, gint64 *expires, GError **error);
