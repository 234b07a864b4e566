#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/http.h"

/* Beside the servers of rigs/with_tls, which RIG_* variables tell of. */

#define SECRET "canary-secret"

static const struct {
	const char *port;    /* the variable */
	const char *host;    /* NULL: localhost */
	const char *ca_file; /* in RIG_DIR; NULL: the system's */
	const char *body;    /* NULL: an error */
	enum dora_error error;
	const char *why;
} cases[] = {
	{ "RIG_TLS12", NULL, "ca.crt", "TLSv1.2" },
	{ "RIG_TLS13", NULL, "ca.crt", "TLSv1.3" },
	{ "RIG_TLS11", NULL, "ca.crt", NULL, DORA_ERROR_RETRY, "TLS failed: " },
	{ "RIG_TLS13", NULL, "wrong_ca.crt", NULL, DORA_ERROR_DENIED,
	  "certificate not trusted: " },
	{ "RIG_TLS13", NULL, NULL, NULL, DORA_ERROR_DENIED, "certificate not trusted: " },
	{ "RIG_TLS13", "127.0.0.1", "ca.crt", NULL, DORA_ERROR_DENIED,
	  "certificate not trusted: " },
	{ "RIG_WRONG_HOST", NULL, "ca.crt", NULL, DORA_ERROR_DENIED,
	  "certificate not trusted: " },
	{ "RIG_EXPIRED", NULL, "ca.crt", NULL, DORA_ERROR_DENIED, "expired" },
	{ "RIG_SELF_SIGNED", NULL, "ca.crt", NULL, DORA_ERROR_DENIED,
	  "certificate not trusted: " },
	{ "RIG_WRONG_USE", NULL, "ca.crt", NULL, DORA_ERROR_DENIED,
	  "certificate not trusted: " },
	{ "RIG_TLS13", NULL, "none.crt", NULL, DORA_ERROR_CONFIG, "cannot read the CA" },
	{ "RIG_TLS13", NULL, "ca.key", NULL, DORA_ERROR_CONFIG, "cannot read the CA" },
};

static bool ask(struct http *http, int i, struct http_response *response, GError **error)
{
	static const struct http_header header = { "Private-Token", SECRET };
	const char *host = cases[i].host ? cases[i].host : "localhost";
	g_autofree char *url = g_strdup_printf("https://%s:%s/" SECRET "?a=" SECRET, host,
					       g_getenv(cases[i].port));
	g_autofree char *ca = g_build_filename(
		g_getenv("RIG_DIR"), cases[i].ca_file ? cases[i].ca_file : "", NULL);
	const struct http_request request = {
		.url = url,
		.headers = &header,
		.n_headers = 1,
		.ca_file = cases[i].ca_file ? ca : NULL,
	};

	return http_perform(http, &request, response, error);
}

START_TEST(trusts_whom_it_is_told)
{
	_cleanup_(http_freep) struct http *http = http_new();

	/* Twice, as a session that is kept must not be trusted more. */
	for (guint i = 0; i < 2; i++) {
		_cleanup_(http_response_clear) struct http_response response = { 0 };
		g_autoptr(GError) error = NULL;
		bool good = ask(http, _i, &response, &error);

		if (cases[_i].body) {
			ck_assert_msg(good, "%s", error ? error->message : "");
			ck_assert_str_eq((const char *)response.body->data,
					 cases[_i].body);
			continue;
		}
		ck_assert_msg(!good, "%s", cases[_i].port);
		ck_assert_msg(g_error_matches(error, DORA_ERROR, (int)cases[_i].error) &&
				      strstr(error->message, cases[_i].why),
			      "%s: %s", cases[_i].port, error->message);
		ck_assert_ptr_null(strstr(error->message, SECRET));
	}
}
END_TEST

/* One client asks with several files, and each counts for its own request alone. */
START_TEST(trust_is_of_a_request)
{
	_cleanup_(http_freep) struct http *http = http_new();

	for (int i = 0; i < (int)G_N_ELEMENTS(cases); i++) {
		_cleanup_(http_response_clear) struct http_response good = { 0 };
		_cleanup_(http_response_clear) struct http_response response = { 0 };

		ck_assert(ask(http, 1, &good, NULL));
		ck_assert(ask(http, i, &response, NULL) == !!cases[i].body);
	}
}
END_TEST

/* No request got as far as to show its header to a server that is not to be trusted. */
START_TEST(shows_secrets_to_the_trusted_alone)
{
	g_autofree char *path = g_build_filename(g_getenv("RIG_DIR"), "access.log", NULL);
	g_autofree char *log = NULL;
	g_auto(GStrv) lines = NULL;
	guint n = 0;

	ck_assert(g_file_get_contents(path, &log, NULL, NULL));
	lines = g_strsplit(log, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (!strstr(*line, SECRET))
			continue;
		ck_assert_msg(g_str_has_prefix(*line, g_getenv("RIG_TLS12")) ||
				      g_str_has_prefix(*line, g_getenv("RIG_TLS13")),
			      "%s", *line);
		n++;
	}
	ck_assert_uint_gt(n, 0);
}
END_TEST

int main(void)
{
	g_autofree char *ca = g_build_filename(g_getenv("RIG_DIR"), "ca.crt", NULL);
	Suite *suite = suite_create("http_tls");
	TCase *tests = tcase_create("http_tls");
	SRunner *runner = srunner_create(suite);

	/* An environment that would trust the rig's servers. */
	g_setenv("SSL_CERT_FILE", ca, true);
	g_setenv("CURL_CA_BUNDLE", ca, true);
	g_setenv("SSL_CERT_DIR", g_getenv("RIG_DIR"), true);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, trusts_whom_it_is_told, 0, G_N_ELEMENTS(cases));
	tcase_add_test(tests, trust_is_of_a_request);
	tcase_add_test(tests, shows_secrets_to_the_trusted_alone);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
