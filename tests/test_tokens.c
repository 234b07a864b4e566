#include <check.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "collector/rest/auth.h"

#define NOW (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC) /* 2026-03-01T12:00:00Z */
#define HOUR G_TIME_SPAN_HOUR

static char *key_path;

static void setup(void)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long n;
	int fd = g_file_open_tmp("dorad-tokens-XXXXXX", &key_path, NULL);

	ck_assert_int_ge(fd, 0);
	g_close(fd, NULL);
	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL),
			 1);
	n = BIO_get_mem_data(bio, &pem);
	ck_assert(g_file_set_contents(key_path, pem, n, NULL));
	ck_assert_int_eq(g_chmod(key_path, 0600), 0);
	BIO_free(bio);
	EVP_PKEY_free(rsa);
}

static void teardown(void)
{
	g_remove(key_path);
	g_clear_pointer(&key_path, g_free);
}

/* Gives out another token each time, good for an hour from NOW, the third for two. */
static bool perform(void *self, const struct http_request *request G_GNUC_UNUSED,
		    struct http_response *response, GError **error G_GNUC_UNUSED)
{
	guint *n_asked = self;
	g_autofree char *body = NULL;

	++*n_asked;
	body = g_strdup_printf(
		"{\"token\":\"ghs_%u\",\"expires_at\":\"2026-03-01T1%u:00:00Z\"}",
		*n_asked, *n_asked == 3 ? 4 : 3);
	response->status = 201;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	response->body = g_byte_array_new();
	g_byte_array_append(response->body, (const guint8 *)body,
			    (guint)strlen(body) + 1);
	g_byte_array_set_size(response->body, response->body->len - 1);
	return true;
}

/* Polls one after the other: what each shows GitHub. */
static const struct poll {
	const char *installation;
	gint64 at;
	bool refused; /* then it asks once more */
	const char *shown;
} polls[] = {
	{ "77", 0, false, "Authorization: Bearer ghs_1" },
	{ "77", HOUR / 2, false, "Authorization: Bearer ghs_1" },
	{ "78", HOUR / 2, false, "Authorization: Bearer ghs_2" },
	{ "77", HOUR / 2, false, "Authorization: Bearer ghs_1" },
	{ "77", HOUR, false, "Authorization: Bearer ghs_3" },
	{ "77", HOUR + HOUR / 2, false, "Authorization: Bearer ghs_3" },
	{ "77", HOUR + HOUR / 2, true, "Authorization: Bearer ghs_4" },
	{ "78", HOUR / 2, false, "Authorization: Bearer ghs_2" },
	{ "77", HOUR / 2, false, "Authorization: Bearer ghs_4" },
};

static char *show(struct auth *auth, gint64 now)
{
	g_autoptr(GPtrArray) headers = auth_headers_new();

	ck_assert(auth_headers(auth, headers, now, NULL));
	ck_assert_uint_eq(headers->len, 1);
	return g_strdup(g_ptr_array_index(headers, 0));
}

static char *run_poll(const struct poll *poll, const struct rest_transport *transport,
		      struct tokens *tokens)
{
	const struct driver driver = { .name = "github", .auth = AUTH_GITHUB };
	struct secret_ref key = { .file = key_path };
	struct config_app app = { .id = (char *)"1234",
				  .installation = (char *)poll->installation,
				  .key = &key };
	const struct config_api api = { .name = (char *)"hub",
					.url = (char *)"https://api.github.com",
					.app = &app };
	_cleanup_(auth_freep) struct auth *auth = auth_new(&driver, &api, transport,
							   tokens);

	if (poll->refused) {
		g_free(show(auth, NOW + poll->at));
		ck_assert(auth_refused(auth));
	}
	return show(auth, NOW + poll->at);
}

START_TEST(outlive_a_poll)
{
	_cleanup_(tokens_freep) struct tokens *tokens = tokens_new();
	guint n_asked = 0;
	const struct rest_transport transport = { .perform = perform, .self = &n_asked };

	for (gsize i = 0; i < G_N_ELEMENTS(polls); i++) {
		g_autofree char *shown = run_poll(&polls[i], &transport, tokens);

		ck_assert_msg(strcmp(shown, polls[i].shown) == 0, "poll %zu: %s", i,
			      shown);
	}
	ck_assert_uint_eq(n_asked, 4);
}
END_TEST

/* One worker's refusal comes late: another has a new token by then. */
START_TEST(are_dropped_by_name)
{
	_cleanup_(tokens_freep) struct tokens *tokens = tokens_new();
	gint64 expires = 0;
	char *found;

	tokens_keep(tokens, "key", "old", NOW);
	tokens_keep(tokens, "key", "new", NOW + 1);
	tokens_drop(tokens, "key", "old");
	tokens_drop(tokens, "other", "new");
	found = tokens_find(tokens, "key", &expires);
	ck_assert_str_eq(found, "new");
	ck_assert_int_eq(expires, NOW + 1);
	secret_free(found);
	tokens_drop(tokens, "key", "new");
	ck_assert_ptr_null(tokens_find(tokens, "key", &expires));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tokens");
	TCase *tests = tcase_create("tokens");
	SRunner *runner = srunner_create(suite);

	tcase_add_unchecked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, outlive_a_poll);
	tcase_add_test(tests, are_dropped_by_name);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
