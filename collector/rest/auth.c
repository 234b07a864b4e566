#include "collector/rest/auth.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/app_token.h"

/* An installation token is replaced this long before its end, so that no page set begins
 * with one and ends with another's refusal. */
#define TOKEN_SPARE (5 * G_TIME_SPAN_MINUTE)

struct auth {
	const struct driver *driver;
	const struct config_api *api;
	const struct rest_transport *transport;
	struct tokens *tokens; /* NULL: none */
	char *key;
	char *token; /* of an installation; NULL: none yet */
	gint64 expires;
};

static void place_digest(GChecksum *sum, const char *what, const char *text)
{
	/* With the NUL, so that no two places look alike. */
	if (text) {
		g_checksum_update(sum, (const guchar *)what, (gssize)strlen(what) + 1);
		g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
	}
}

static void secret_digest(GChecksum *sum, const struct secret_ref *ref)
{
	if (!ref)
		return;
	place_digest(sum, "credential", ref->credential);
	place_digest(sum, "file", ref->file);
	place_digest(sum, "env", ref->env);
}

/* Two sources that name the same credential at the same place share its limits. */
static char *make_key(const struct config_api *api)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *origin = url_origin(api->url);

	place_digest(sum, "username", api->username);
	secret_digest(sum, api->token);
	if (api->app) {
		place_digest(sum, "app", api->app->id);
		place_digest(sum, "installation", api->app->installation);
		secret_digest(sum, api->app->key);
	}
	return g_strdup_printf("%s %.16s", origin ? origin : api->url,
			       g_checksum_get_string(sum));
}

struct auth *auth_new(const struct driver *driver, const struct config_api *api,
		      const struct rest_transport *transport, struct tokens *tokens)
{
	struct auth *auth = g_new0(struct auth, 1);

	auth->driver = driver;
	auth->api = api;
	auth->transport = transport;
	auth->tokens = tokens;
	auth->key = make_key(api);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	secret_free(auth->token);
	g_free(auth->key);
	g_free(auth);
}

const char *auth_key(const struct auth *auth)
{
	return auth->key;
}

bool auth_refused(struct auth *auth)
{
	bool kept = auth->token != NULL;

	if (kept && auth->tokens)
		tokens_drop(auth->tokens, auth->key, auth->token);
	g_clear_pointer(&auth->token, secret_free);
	return kept;
}

static void free_secret(gpointer secret)
{
	secret_free(secret);
}

GPtrArray *auth_headers_new(void)
{
	return g_ptr_array_new_with_free_func(free_secret);
}

/* A line break in a secret would begin another header. */
static bool check_secret(const char *secret, GError **error)
{
	for (const char *p = secret; *p; p++)
		if (g_ascii_iscntrl(*p)) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
				    "token: has a line break or control character in it");
			return false;
		}
	return true;
}

static char *read_token(const struct auth *auth, GError **error)
{
	char *token;

	if (!auth->api->token) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "token: missing");
		return NULL;
	}
	token = secret_read(auth->api->token, error);
	if (token && !check_secret(token, error))
		g_clear_pointer(&token, secret_free);
	return token;
}

static bool add_token(const struct auth *auth, GPtrArray *headers, GError **error)
{
	const struct driver *driver = auth->driver;
	const char *name = driver->auth_header ? driver->auth_header : "Authorization";
	const char *prefix = driver->auth_prefix ? driver->auth_prefix : "Bearer ";
	char *token = read_token(auth, error);

	if (!token)
		return false;
	g_ptr_array_add(headers, g_strconcat(name, ": ", prefix, token, NULL));
	secret_free(token);
	return true;
}

/* RFC 7617. Without a username the token stands alone, as Azure DevOps takes it. */
static bool add_basic(const struct auth *auth, GPtrArray *headers, GError **error)
{
	const char *username = auth->api->username ? auth->api->username : "";
	char *token = read_token(auth, error);
	char *pair, *encoded;

	if (!token)
		return false;
	pair = g_strconcat(username, ":", token, NULL);
	encoded = g_base64_encode((const guchar *)pair, strlen(pair));
	g_ptr_array_add(headers, g_strconcat("Authorization: Basic ", encoded, NULL));
	secret_free(token);
	secret_free(pair);
	secret_free(encoded);
	return true;
}

static bool is_good(const struct auth *auth, gint64 now)
{
	return auth->token && now < auth->expires - TOKEN_SPARE;
}

/* That of an earlier poll, or a new one. */
static bool find_token(struct auth *auth, gint64 now, GError **error)
{
	g_clear_pointer(&auth->token, secret_free);
	if (auth->tokens)
		auth->token = tokens_find(auth->tokens, auth->key, &auth->expires);
	if (is_good(auth, now))
		return true;
	g_clear_pointer(&auth->token, secret_free);
	if (!app_token_ask(auth->api, auth->transport, now, &auth->token, &auth->expires,
			   error))
		return false;
	if (!check_secret(auth->token, error)) {
		g_clear_pointer(&auth->token, secret_free);
		return false;
	}
	if (auth->tokens)
		tokens_keep(auth->tokens, auth->key, auth->token, auth->expires);
	return true;
}

static bool add_app(struct auth *auth, GPtrArray *headers, gint64 now, GError **error)
{
	if (!is_good(auth, now) && !find_token(auth, now, error))
		return false;
	g_ptr_array_add(headers,
			g_strconcat("Authorization: Bearer ", auth->token, NULL));
	return true;
}

bool auth_headers(struct auth *auth, GPtrArray *headers, gint64 now, GError **error)
{
	switch (auth->driver->auth) {
	case AUTH_NONE:
		return true;
	case AUTH_HEADER:
		return add_token(auth, headers, error);
	case AUTH_BASIC:
		return add_basic(auth, headers, error);
	case AUTH_GITHUB:
		return auth->api->app ? add_app(auth, headers, now, error)
				      : add_token(auth, headers, error);
	case AUTH_OPTIONAL:
		if (!auth->api->token)
			return true;
		return auth->api->username ? add_basic(auth, headers, error)
					   : add_token(auth, headers, error);
	}
	g_assert_not_reached();
}
