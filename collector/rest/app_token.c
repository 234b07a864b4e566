#include "collector/rest/app_token.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/json.h"

#define SECOND G_TIME_SPAN_SECOND
#define JWT_BEFORE (60 * SECOND)
#define JWT_AFTER (9 * G_TIME_SPAN_MINUTE)
/* A clock wrong by more than this makes GitHub refuse what it signs. */
#define SKEW_MAX (30 * SECOND)
#define ANSWER_MAX (1u << 20) /* it lists the repositories of the installation */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

/* RFC 4648, section 5, without padding. */
static char *base64url(const void *bytes, gsize n)
{
	char *text = g_base64_encode(bytes, n);

	g_strdelimit(text, "+", '-');
	g_strdelimit(text, "/", '_');
	*strchrnul(text, '=') = '\0';
	return text;
}

/* OpenSSL would ask the terminal for the passphrase of an encrypted key. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

static EVP_PKEY *read_key(const char *pem)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
	g_autoptr(EVP_PKEY) key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

	if (key && EVP_PKEY_base_id(key) != EVP_PKEY_RSA)
		return NULL;
	return g_steal_pointer(&key);
}

/* The base64url of the RS256 signature of text (RFC 7518, section 3.3). */
static char *sign(EVP_PKEY *key, const char *text)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	g_autofree guchar *signature = NULL;
	const guchar *bytes = (const guchar *)text;
	gsize n = 0;

	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(context, NULL, &n, bytes, strlen(text)) != 1)
		return NULL;
	signature = g_malloc(n);
	if (EVP_DigestSign(context, signature, &n, bytes, strlen(text)) != 1)
		return NULL;
	return base64url(signature, n);
}

static char *claims(const char *id, gint64 now)
{
	_cleanup_(cJSON_Deletep) cJSON *object = cJSON_CreateObject();

	cJSON_AddNumberToObject(object, "iat", (double)((now - JWT_BEFORE) / SECOND));
	cJSON_AddNumberToObject(object, "exp", (double)((now + JWT_AFTER) / SECOND));
	cJSON_AddStringToObject(object, "iss", id);
	return cJSON_PrintUnformatted(object);
}

char *app_jwt(const char *id, const char *pem, gint64 now, GError **error)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	g_autoptr(EVP_PKEY) key = read_key(pem);
	g_autofree char *head = base64url(header, strlen(header));
	g_autofree char *signature = NULL;
	g_autofree char *signed_text = NULL;
	g_autofree char *body = NULL;
	char *payload = claims(id, now);

	body = base64url(payload, strlen(payload));
	cJSON_free(payload);
	signed_text = g_strconcat(head, ".", body, NULL);
	if (key)
		signature = sign(key, signed_text);
	if (signature)
		return g_strconcat(signed_text, ".", signature, NULL);
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "app %s: key: not an RSA private key in PEM without a passphrase",
		    id);
	return NULL;
}

/* One request, signed as of the instant that GitHub's clock is believed to show. */
static bool ask(const struct config_api *api, const struct rest_transport *transport,
		gint64 now, struct http_response *response, GError **error)
{
	g_autofree char *installation = g_uri_escape_string(api->app->installation, NULL,
							    false);
	g_autofree char *url = g_strdup_printf("%s/app/installations/%s/access_tokens",
					       api->url, installation);
	char *pem = secret_read(api->app->key, error);
	char *jwt = pem ? app_jwt(api->app->id, pem, now, error) : NULL;
	char *bearer = jwt ? g_strconcat("Bearer ", jwt, NULL) : NULL;
	const struct http_header headers[] = {
		{ "Authorization", bearer },
		{ "Accept", "application/vnd.github+json" },
	};
	const struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.n_headers = G_N_ELEMENTS(headers),
		.ca_file = api->ca_file,
		.max_body = ANSWER_MAX,
	};
	bool asked = bearer &&
		     transport->perform(transport->self, &request, response, error);

	secret_free(pem);
	secret_free(jwt);
	secret_free(bearer);
	return asked;
}

/* How far GitHub's clock is ahead of ours, where that explains a refusal. */
static GTimeSpan skew(const struct http_response *response, gint64 now)
{
	const char *text = http_header(response, "date");
	gint64 date;

	if (response->status != 401 || !text || !http_date_parse(text, &date) ||
	    !instant_is_plausible(date) || ABS(date - now) <= SKEW_MAX)
		return 0;
	return date - now;
}

static bool explain(const struct config_api *api, const struct http_response *response,
		    GError **error)
{
	guint status = response->status;
	const char *remaining = http_header(response, "x-ratelimit-remaining");
	enum dora_error code = DORA_ERROR_DENIED;
	const char *why = "GitHub refuses the app";

	if (status == 201)
		return true;
	if (status >= 500 || status == 429 || http_header(response, "retry-after") ||
	    (status == 403 && g_strcmp0(remaining, "0") == 0)) {
		code = DORA_ERROR_RETRY;
		why = "no installation token now";
	} else if (status == 401) {
		why = "GitHub does not know this app, or the key is not its own";
	} else if (status == 404) {
		why = "GitHub knows no such installation of the app";
	} else if (status == 403) {
		why = "GitHub refuses the app: its installation is suspended";
	}
	g_set_error(error, DORA_ERROR, code, "app %s, installation %s: %s (status %u)",
		    api->app->id, api->app->installation, why, status);
	return false;
}

static bool read_token(const struct http_response *response, char **token,
		       gint64 *expires, GError **error)
{
	_cleanup_(cJSON_Deletep) cJSON *answer = json_parse(
		(const char *)response->body->data, response->body->len, error);
	cJSON *text = answer ? cJSON_GetObjectItemCaseSensitive(answer, "token") : NULL;
	const char *end = json_text_at(answer, "/expires_at");
	bool good = false;

	if (!answer) {
		/* Its message may quote what it found. */
		g_clear_error(error);
	} else if (text && text->valuestring) {
		good = *text->valuestring && end && instant_parse(end, expires);
		if (good)
			*token = g_strdup(text->valuestring);
		explicit_bzero(text->valuestring, strlen(text->valuestring));
	}
	if (!good)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "installation token: no token or no end of it in the answer");
	return good;
}

bool app_token_ask(const struct config_api *api, const struct rest_transport *transport,
		   gint64 now, char **token, gint64 *expires, GError **error)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	GTimeSpan wrong;
	bool good;

	if (!ask(api, transport, now, &response, error))
		return false;
	wrong = skew(&response, now);
	if (wrong != 0) {
		http_response_clear(&response);
		if (!ask(api, transport, now + wrong, &response, error))
			return false;
	}
	good = explain(api, &response, error) &&
	       read_token(&response, token, expires, error);
	if (response.body && response.body->data)
		explicit_bzero(response.body->data, response.body->len);
	if (good)
		*expires -= wrong;
	return good;
}
