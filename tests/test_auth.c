#include <check.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/app_token.h"
#include "collector/rest/auth.h"

#define SECOND G_TIME_SPAN_SECOND
#define NOW (G_GINT64_CONSTANT(1772366400) * SECOND) /* 2026-03-01T12:00:00Z */
#define TOKEN "ghs_0123456789canary"

static char *dir, *key_path, *token_path;
static char *pem; /* the RSA key that key_path holds */
static EVP_PKEY *rsa;

static char *pem_of(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes, *text;
	long n;

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL),
			 1);
	n = BIO_get_mem_data(bio, &bytes);
	text = g_strndup(bytes, (gsize)n);
	BIO_free(bio);
	return text;
}

static char *secret_file(const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);

	ck_assert(g_file_set_contents(path, text, -1, NULL));
	ck_assert_int_eq(g_chmod(path, 0600), 0);
	return path;
}

static void setup(void)
{
	dir = g_dir_make_tmp("dorad-auth-XXXXXX", NULL);
	if (!rsa) { /* for all tests: looking for primes takes a while */
		rsa = EVP_RSA_gen(2048);
		pem = pem_of(rsa);
	}
	key_path = secret_file("key.pem", pem);
	token_path = secret_file("token", "pat_canary\n");
}

static void teardown(void)
{
	g_remove(key_path);
	g_remove(token_path);
	g_rmdir(dir);
	g_free(key_path);
	g_free(token_path);
	g_free(dir);
}

/* ---- a GitHub that answers as told ---- */

struct github {
	guint statuses[4]; /* of the answers in turn; 0: the network fails */
	const char *date;  /* its Date header; NULL: none */
	const char *body;
	guint n_asked;
	char *url, *authorization, *method; /* of the last request */
};

static void github_clear(struct github *github)
{
	g_free(github->url);
	g_free(github->authorization);
	g_free(github->method);
}

static bool github_perform(void *self, const struct http_request *request,
			   struct http_response *response, GError **error)
{
	struct github *github = self;
	guint status = github->statuses[github->n_asked++];

	github_clear(github);
	github->url = g_strdup(request->url);
	github->method = g_strdup(request->method);
	github->authorization = NULL;
	for (gsize i = 0; i < request->n_headers; i++)
		if (strcmp(request->headers[i].name, "Authorization") == 0)
			github->authorization = g_strdup(request->headers[i].value);
	if (status == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "connection reset");
		return false;
	}
	response->status = status;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	if (github->date)
		g_ptr_array_add(response->headers,
				g_strconcat("date: ", github->date, NULL));
	response->body = g_byte_array_new();
	g_byte_array_append(response->body, (const guint8 *)github->body,
			    (guint)strlen(github->body) + 1);
	g_byte_array_set_size(response->body, response->body->len - 1);
	return true;
}

static struct rest_transport transport_of(struct github *github)
{
	return (struct rest_transport){ .perform = github_perform, .self = github };
}

#define GOOD                                                                             \
	"{\"token\":\"" TOKEN "\",\"expires_at\":\"2026-03-01T13:00:00Z\","              \
	"\"permissions\":{\"actions\":\"read\"}}"

static const struct driver github_driver = { .name = "github", .auth = AUTH_GITHUB };

struct app {
	struct secret_ref key;
	struct config_app app;
	struct config_api api;
};

static void app_init(struct app *app, char *path)
{
	*app = (struct app){ .key = { .file = path } };
	app->app = (struct config_app){ .id = (char *)"1234",
					.installation = (char *)"77",
					.key = &app->key };
	app->api = (struct config_api){ .name = (char *)"hub",
					.url = (char *)"https://api.github.com",
					.app = &app->app };
}

/* ---- tokens of our own ---- */

static guchar *from_base64url(const char *text, gsize *n)
{
	GString *padded = g_string_new(text);
	guchar *bytes;

	g_string_replace(padded, "-", "+", 0);
	g_string_replace(padded, "_", "/", 0);
	while (padded->len % 4)
		g_string_append_c(padded, '=');
	bytes = g_base64_decode(padded->str, n);
	g_string_free(padded, TRUE);
	return bytes;
}

static bool verify(EVP_PKEY *key, const char *jwt)
{
	const char *dot = strrchr(jwt, '.');
	gsize n;
	g_autofree guchar *signature = from_base64url(dot + 1, &n);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, n, (const guchar *)jwt,
				     (gsize)(dot - jwt)) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static char *part(const char *jwt, int i)
{
	g_auto(GStrv) parts = g_strsplit(jwt, ".", -1);
	gsize n;
	g_autofree guchar *bytes = from_base64url(parts[i], &n);

	return g_strndup((const char *)bytes, n);
}

START_TEST(signs_what_github_can_verify)
{
	char *jwt = app_jwt("1234", pem, NOW + 999, NULL);
	EVP_PKEY *other = EVP_RSA_gen(2048);
	g_autofree char *head = NULL, *claims = NULL;

	ck_assert_ptr_nonnull(jwt);
	head = part(jwt, 0);
	claims = part(jwt, 1);
	ck_assert_str_eq(head, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
	ck_assert_str_eq(claims,
			 "{\"iat\":1772366340,\"exp\":1772366940,\"iss\":\"1234\"}");
	ck_assert_ptr_null(strpbrk(jwt, "+/="));
	ck_assert(verify(rsa, jwt));
	ck_assert(!verify(other, jwt));
	jwt[strlen("eyJhbGciOiJSUzI1NiI")] ^= 1;
	ck_assert(!verify(rsa, jwt));
	EVP_PKEY_free(other);
	secret_free(jwt);
}
END_TEST

START_TEST(refuses_keys_that_are_none)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	g_autofree char *ec_pem = pem_of(ec);
	const char *const keys[] = {
		ec_pem,
		"canary",
		"-----BEGIN RSA PRIVATE KEY-----\ncanary\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		"MIGiMF0GCSqGSIb3DQEFDTBQMC8GCSqGSIb3DQEFDDAiBBCanary\n"
		"-----END ENCRYPTED PRIVATE KEY-----\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autoptr(GError) error = NULL;

		ck_assert_ptr_null(app_jwt("1234", keys[i], NOW, &error));
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
		ck_assert_ptr_null(strstr(error->message, "canary"));
	}
	EVP_PKEY_free(ec);
}
END_TEST

/* ---- headers ---- */

static char *first_header(struct auth *auth, gint64 now, GError **error)
{
	g_autoptr(GPtrArray) headers = auth_headers_new();

	if (!auth_headers(auth, headers, now, error))
		return NULL;
	ck_assert_uint_le(headers->len, 1);
	return g_strdup(headers->len ? headers->pdata[0] : "");
}

static const struct {
	const char *what;
	struct driver driver;
	const char *username;
	bool token;
	const char *header; /* NULL: refused */
} plain[] = {
	{ "none", { .auth = AUTH_NONE }, NULL, false, "" },
	{ "bearer",
	  { .auth = AUTH_HEADER },
	  NULL,
	  true,
	  "Authorization: Bearer pat_canary" },
	{ "a name and prefix of the driver's",
	  { .auth = AUTH_HEADER, .auth_header = "PRIVATE-TOKEN", .auth_prefix = "" },
	  NULL,
	  true,
	  "PRIVATE-TOKEN: pat_canary" },
	{ "a token is missing", { .auth = AUTH_HEADER }, NULL, false, NULL },
	{ "basic",
	  { .auth = AUTH_BASIC },
	  "ada",
	  true,
	  "Authorization: Basic YWRhOnBhdF9jYW5hcnk=" },
	{ "basic without a name",
	  { .auth = AUTH_BASIC },
	  NULL,
	  true,
	  "Authorization: Basic OnBhdF9jYW5hcnk=" },
	{ "GitHub's personal token",
	  { .auth = AUTH_GITHUB },
	  NULL,
	  true,
	  "Authorization: Bearer pat_canary" },
	{ "optional, without", { .auth = AUTH_OPTIONAL }, NULL, false, "" },
	{ "optional, with",
	  { .auth = AUTH_OPTIONAL },
	  NULL,
	  true,
	  "Authorization: Bearer pat_canary" },
	{ "optional, with a name",
	  { .auth = AUTH_OPTIONAL },
	  "ada",
	  true,
	  "Authorization: Basic YWRhOnBhdF9jYW5hcnk=" },
};

START_TEST(carries_a_token)
{
	struct secret_ref ref = { .file = token_path };
	struct config_api api = { .url = (char *)"https://example.com",
				  .username = (char *)plain[_i].username,
				  .token = plain[_i].token ? &ref : NULL };
	_cleanup_(auth_freep) struct auth *auth = auth_new(&plain[_i].driver, &api, NULL,
							   NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *header = first_header(auth, NOW, &error);

	ck_assert_msg(g_strcmp0(header, plain[_i].header) == 0, "%s: %s", plain[_i].what,
		      header);
	if (!header)
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	/* Nothing is kept: asking again would send the same. */
	ck_assert(!auth_refused(auth));
}
END_TEST

START_TEST(reads_a_rotated_token)
{
	struct secret_ref ref = { .file = token_path };
	struct config_api api = { .url = (char *)"https://example.com", .token = &ref };
	const struct driver driver = { .auth = AUTH_HEADER };
	_cleanup_(auth_freep) struct auth *auth = auth_new(&driver, &api, NULL, NULL);
	g_autofree char *before = first_header(auth, NOW, NULL);
	g_autofree char *after = NULL;
	g_autoptr(GError) error = NULL;

	g_free(secret_file("token", "pat_next\n"));
	after = first_header(auth, NOW, NULL);
	ck_assert_str_eq(before, "Authorization: Bearer pat_canary");
	ck_assert_str_eq(after, "Authorization: Bearer pat_next");
	/* A second line would be a header of its own. */
	g_free(secret_file("token", "canary\r\nHost: evil\n"));
	ck_assert_ptr_null(first_header(auth, NOW, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	ck_assert_ptr_null(strstr(error->message, "canary"));
}
END_TEST

START_TEST(asks_for_an_installation_token_once)
{
	struct github github = { .statuses = { 201, 201, 201 }, .body = GOOD };
	struct rest_transport transport = transport_of(&github);
	struct app app;
	_cleanup_(auth_freep) struct auth *auth = NULL;
	g_autofree char *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;

	app_init(&app, key_path);
	auth = auth_new(&github_driver, &app.api, &transport, NULL);
	first = first_header(auth, NOW, NULL);
	ck_assert_str_eq(first, "Authorization: Bearer " TOKEN);
	ck_assert_str_eq(github.method, "POST");
	ck_assert_str_eq(github.url,
			 "https://api.github.com/app/installations/77/access_tokens");
	ck_assert(g_str_has_prefix(github.authorization, "Bearer "));
	ck_assert(verify(rsa, github.authorization + strlen("Bearer ")));
	/* It is kept until five minutes before its end … */
	second = first_header(auth, NOW + 55 * G_TIME_SPAN_MINUTE - 1, NULL);
	ck_assert_uint_eq(github.n_asked, 1);
	third = first_header(auth, NOW + 55 * G_TIME_SPAN_MINUTE, NULL);
	ck_assert_uint_eq(github.n_asked, 2);
	/* … or until GitHub wants it no more. */
	ck_assert(auth_refused(auth));
	ck_assert(!auth_refused(auth));
	fourth = first_header(auth, NOW, NULL);
	ck_assert_uint_eq(github.n_asked, 3);
	ck_assert_str_eq(fourth, first);
	github_clear(&github);
}
END_TEST

/* Our clock is ten minutes slow: what it signs has ended. GitHub's Date helps. */
START_TEST(signs_by_the_clock_that_judges)
{
	struct github github = { .statuses = { 401, 201 },
				 .date = "Sun, 01 Mar 2026 12:10:00 GMT",
				 .body = GOOD };
	struct rest_transport transport = transport_of(&github);
	struct app app;
	gint64 expires;
	g_autofree char *claims = NULL;
	char *token = NULL;

	app_init(&app, key_path);
	ck_assert(app_token_ask(&app.api, &transport, NOW, &token, &expires, NULL));
	ck_assert_str_eq(token, TOKEN);
	ck_assert_int_eq(expires, NOW + 50 * G_TIME_SPAN_MINUTE);
	claims = part(github.authorization + strlen("Bearer "), 1);
	ck_assert_str_eq(claims,
			 "{\"iat\":1772366940,\"exp\":1772367540,\"iss\":\"1234\"}");
	secret_free(token);
	github_clear(&github);
}
END_TEST

static const struct {
	guint status;
	const char *body;
	enum dora_error code;
} refusals[] = {
	{ 0, GOOD, DORA_ERROR_RETRY },
	{ 401, "{\"message\":\"A JSON web token could not be decoded\"}",
	  DORA_ERROR_DENIED },
	{ 403, "{\"message\":\"This installation has been suspended\"}",
	  DORA_ERROR_DENIED },
	{ 404, "{\"message\":\"Not Found\"}", DORA_ERROR_DENIED },
	{ 429, "{}", DORA_ERROR_RETRY },
	{ 502, "<html>canary</html>", DORA_ERROR_RETRY },
	{ 201, "<html>canary</html>", DORA_ERROR_DATA },
	{ 201, "{\"token\":\"canary\"}", DORA_ERROR_DATA },
	{ 201, "{\"token\":\"\",\"expires_at\":\"2026-03-01T13:00:00Z\"}",
	  DORA_ERROR_DATA },
	{ 201, "{\"token\":7,\"expires_at\":\"2026-03-01T13:00:00Z\"}", DORA_ERROR_DATA },
	{ 201, "{\"token\":\"canary\",\"expires_at\":\"soon\"}", DORA_ERROR_DATA },
	{ 201,
	  "{\"token\":\"canary\\r\\nHost: evil\","
	  "\"expires_at\":\"2026-03-01T13:00:00Z\"}",
	  DORA_ERROR_CONFIG },
};

START_TEST(says_why_there_is_no_token)
{
	struct github github = { .statuses = { refusals[_i].status },
				 .body = refusals[_i].body };
	struct rest_transport transport = transport_of(&github);
	struct app app;
	_cleanup_(auth_freep) struct auth *auth = NULL;
	g_autoptr(GError) error = NULL;

	app_init(&app, key_path);
	auth = auth_new(&github_driver, &app.api, &transport, NULL);
	ck_assert_ptr_null(first_header(auth, NOW, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(error->code == (int)refusals[_i].code, "%d: %s", _i,
		      error->message);
	ck_assert_ptr_null(strstr(error->message, "canary"));
	ck_assert_uint_eq(github.n_asked, 1);
	github_clear(&github);
}
END_TEST

START_TEST(names_credentials_by_their_place)
{
	struct secret_ref a = { .file = token_path }, b = { .env = (char *)"TOKEN" },
			  c = { .credential = (char *)"TOKEN" };
	const struct config_api apis[] = {
		{ .url = (char *)"https://a.example/x", .token = &a },
		{ .url = (char *)"https://a.example/y", .token = &a },
		{ .url = (char *)"https://b.example/x", .token = &a },
		{ .url = (char *)"https://a.example/x", .token = &b },
		{ .url = (char *)"https://a.example/x", .token = &c },
		{ .url = (char *)"https://a.example/x" },
		{ .url = (char *)"https://a.example/x",
		  .token = &a,
		  .username = (char *)"ada" },
	};
	const struct driver driver = { .auth = AUTH_HEADER };
	g_autoptr(GHashTable)
		keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(apis); i++) {
		_cleanup_(auth_freep) struct auth *auth = auth_new(&driver, &apis[i],
								   NULL, NULL);

		ck_assert(g_str_has_prefix(auth_key(auth), "https://"));
		ck_assert_ptr_null(strstr(auth_key(auth), token_path));
		g_hash_table_add(keys, g_strdup(auth_key(auth)));
	}
	/* The first two are the same credential at the same origin. */
	ck_assert_uint_eq(g_hash_table_size(keys), G_N_ELEMENTS(apis) - 1);
}
END_TEST

START_TEST(pauses_until_the_program_stops)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	_cleanup_(rest_transport_freep) struct rest_transport *transport =
		rest_transport_new(cancellable);
	g_autoptr(GError) error = NULL;

	ck_assert(transport->wait(transport->self, 1, NULL));
	ck_assert(transport->wait(transport->self, -5, NULL));
	ck_assert(instant_is_plausible(transport->now(transport->self)));
	g_cancellable_cancel(cancellable);
	ck_assert(!transport->wait(transport->self, G_TIME_SPAN_HOUR, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CANCELLED));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("auth");
	TCase *tests = tcase_create("auth");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, signs_what_github_can_verify);
	tcase_add_test(tests, refuses_keys_that_are_none);
	tcase_add_loop_test(tests, carries_a_token, 0, G_N_ELEMENTS(plain));
	tcase_add_test(tests, reads_a_rotated_token);
	tcase_add_test(tests, asks_for_an_installation_token_once);
	tcase_add_test(tests, signs_by_the_clock_that_judges);
	tcase_add_loop_test(tests, says_why_there_is_no_token, 0, G_N_ELEMENTS(refusals));
	tcase_add_test(tests, names_credentials_by_their_place);
	tcase_add_test(tests, pauses_until_the_program_stops);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
