#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/http.h"
#include "tests/http_server.h"

#define SECRET HTTP_SERVER_SECRET
#define OK "HTTP/1.1 200 OK\r\n"
static const struct answer two_hosts[] = {
	{ "/a", OK "Content-Length: 1\r\n\r\na", .after = KEEP },
	{ "/drop", OK "Content-Length: 1\r\n\r\nd", .after = DROP_NEXT },
	{ "/headers",
	  OK "X-One:  spaced \r\nx-one: two\r\nLINK: <a>; rel=\"x\"\r\nLink: <b>; "
	     "rel=\"next\"\r\nBad Name: 1\r\n folded: 1\r\nX-Latin: \xe9\r\n"
	     "X-Empty:\r\nContent-Length: 0\r\n\r\n" },
	{ NULL },
};

START_TEST(never_goes_elsewhere)
{
	_cleanup_(http_server_stopp) struct http_server *other = http_server_start(
		two_hosts, NULL);
	g_autofree char *head = g_strdup_printf(
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s/a\r\n"
		"Refresh: 0; url=%s/a\r\nAlt-Svc: h2=\"%s\"\r\nContent-Length: 0\r\n\r\n",
		http_server_url(other), http_server_url(other),
		http_server_url(other) + strlen("http://"));
	const struct answer answers[] = { { "/", head }, { NULL } };
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		answers, NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	g_autofree char *seen = NULL;

	for (guint i = 0; i < 2; i++) {
		_cleanup_(http_response_clear) struct http_response response = { 0 };

		ck_assert(http_server_ask(server, http, "/", &response, NULL));
		ck_assert_uint_eq(response.status, 307);
		ck_assert(g_str_has_prefix(http_header(&response, "location"), "http:"));
	}
	ck_assert_uint_eq(http_server_connections(other), 0);
	seen = http_server_seen(server);
	ck_assert_ptr_nonnull(strstr(seen, "\r\nPrivate-Token: " SECRET "\r\n"));
}
END_TEST

START_TEST(keeps_a_connection)
{
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		two_hosts, NULL);
	_cleanup_(http_freep) struct http *http = http_new();

	for (guint i = 0; i < 3; i++) {
		_cleanup_(http_response_clear) struct http_response response = { 0 };

		ck_assert(http_server_ask(server, http, "/a", &response, NULL));
	}
	ck_assert_uint_eq(http_server_connections(server), 1);
}
END_TEST

/* The second request meets a server that closes the connection it kept. */
START_TEST(tries_anew_when_a_kept_connection_is_closed)
{
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		two_hosts, NULL);
	_cleanup_(http_freep) struct http *http = http_new();

	for (guint i = 0; i < 2; i++) {
		_cleanup_(http_response_clear) struct http_response response = { 0 };
		g_autoptr(GError) error = NULL;

		ck_assert_msg(http_server_ask(server, http, i == 0 ? "/drop" : "/a",
					      &response, &error),
			      "%s", error ? error->message : "");
		ck_assert_uint_eq(response.status, 200);
	}
	ck_assert_uint_eq(http_server_connections(server), 2);
}
END_TEST

START_TEST(reads_headers)
{
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		two_hosts, NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	_cleanup_(http_response_clear) struct http_response response = { 0 };

	g_autoptr(GError) error = NULL;

	ck_assert_msg(http_server_ask(server, http, "/headers", &response, &error), "%s",
		      error ? error->message : "");
	ck_assert_str_eq(http_header(&response, "x-one"), "spaced");
	ck_assert_str_eq(http_header(&response, "link"),
			 "<a>; rel=\"x\", <b>; rel=\"next\"");
	ck_assert_str_eq(http_header(&response, "x-empty"), "");
	ck_assert_str_eq(http_header(&response, "x-latin"), "\xef\xbf\xbd");
	ck_assert_ptr_null(http_header(&response, "x-on"));
	ck_assert_ptr_null(http_header(&response, "bad name"));
	ck_assert_ptr_null(http_header(&response, "folded"));
}
END_TEST

START_TEST(sends_what_it_is_told)
{
	static const struct http_header headers[] = { { "Content-Type", "text/x" },
						      { "X-Empty", "" } };
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		two_hosts, NULL);
	g_autofree char *url = g_strconcat(http_server_url(server),
					   "/a?filter[x]={0,5}#no", NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	static const char *const methods[] = { "POST", "PUT", NULL };
	g_autofree char *seen = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
		_cleanup_(http_response_clear) struct http_response response = { 0 };
		const struct http_request request = {
			.method = methods[i],
			.url = url,
			.headers = headers,
			.n_headers = G_N_ELEMENTS(headers),
			.body = methods[i] ? "b\0dy" : NULL,
			.body_size = 4,
		};

		ck_assert(http_perform(http, &request, &response, NULL));
	}
	seen = http_server_seen(server);
	ck_assert(g_str_has_prefix(seen, "POST /a?filter[x]={0,5} HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "\r\nContent-Length: 4\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "\r\nContent-Type: text/x\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "\r\nX-Empty:\r\n"));
	ck_assert_ptr_nonnull(
		strstr(seen, "\r\nUser-Agent: dorad/" DORAD_VERSION "\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "\r\nAccept-Encoding: gzip\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "PUT /a?filter[x]={0,5} HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "GET /a?filter[x]={0,5} HTTP/1.1\r\n"));
	ck_assert_ptr_null(strstr(seen, "Expect"));
	ck_assert_ptr_null(strstr(seen, "no "));
}
END_TEST

START_TEST(sends_no_body_where_there_is_none)
{
	static const char *const methods[] = { "GET", "HEAD", "DELETE", "POST" };
	static const struct answer answers[] = { { "/", OK "\r\n", .after = CLOSE },
						 { NULL } };

	for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
		_cleanup_(http_server_stopp) struct http_server *server =
			http_server_start(answers, NULL);
		_cleanup_(http_freep) struct http *http = http_new();
		_cleanup_(http_response_clear) struct http_response response = { 0 };
		g_autofree char *url = g_strconcat(http_server_url(server), "/", NULL);
		g_autofree char *start = g_strconcat(methods[i], " / HTTP/1.1\r\n", NULL);
		const struct http_request request = { .method = methods[i], .url = url };
		g_autofree char *seen = NULL;

		ck_assert(http_perform(http, &request, &response, NULL));
		seen = http_server_seen(server);
		ck_assert(g_str_has_prefix(seen, start));
		ck_assert(!strstr(seen, "\r\nContent-Length: 0\r\n") ==
			  (strcmp(methods[i], "POST") != 0));
		ck_assert_ptr_null(strstr(seen, "Content-Type"));
	}
}
END_TEST

START_TEST(asks_through_a_unix_socket)
{
	g_autofree char *dir = g_dir_make_tmp("dorad-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "socket", NULL);
	struct http_server *server = http_server_start(two_hosts, path);
	_cleanup_(http_freep) struct http *http = http_new();
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	struct http_request request = { .url = "http://api.example.org/a",
					.unix_socket = path };
	g_autoptr(GError) error = NULL;
	g_autofree char *seen = NULL;

	ck_assert(http_perform(http, &request, &response, NULL));
	ck_assert_str_eq((const char *)response.body->data, "a");
	seen = http_server_seen(server);
	ck_assert_ptr_nonnull(strstr(seen, "\r\nHost: api.example.org\r\n"));
	http_server_stop(server);
	g_unlink(path);
	g_rmdir(dir);
	ck_assert(!http_perform(http, &request, &response, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_RETRY));
}
END_TEST

/* 64 KiB of zeros, 16,384 times: the window behind a block has nothing but zeros too. */
START_TEST(survives_a_gzip_bomb)
{
	static const guint8 head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	g_autoptr(GZlibCompressor)
		compressor = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW, 9);
	g_autofree guint8 *zeros = g_malloc0(65536);
	g_autofree guint8 *block = g_malloc(65536);
	g_autoptr(GString) start = g_string_new(OK "Content-Encoding: gzip\r\n\r\n");
	struct rusage before, after;
	gsize read = 0, n = 0;
	GConverterResult result = G_CONVERTER_CONVERTED;
	struct answer answers[] = { { "/", NULL }, { NULL } };
	g_autoptr(GError) error = NULL;

	while (result != G_CONVERTER_FLUSHED) {
		gsize in, out;

		result = g_converter_convert(G_CONVERTER(compressor), zeros + read,
					     65536 - read, block + n, 65536 - n,
					     G_CONVERTER_FLUSH, &in, &out, NULL);
		ck_assert_int_ne(result, G_CONVERTER_ERROR);
		read += in;
		n += out;
	}
	ck_assert_uint_eq(read, 65536);
	ck_assert_uint_lt(n, 200);
	/* Zeros in the head would end it: the first of the parts has it. */
	g_autofree guint8 *part = g_malloc(sizeof(head) + 16384 * n);
	memcpy(part, head, sizeof(head));
	for (gsize i = 0; i < 16384; i++)
		memcpy(part + sizeof(head) + i * n, block, n);
	answers[0] = (struct answer){
		"/", start->str, (const char *)part, sizeof(head) + 16384 * n, 1, CLOSE
	};
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		answers, NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	g_autofree char *url = g_strconcat(http_server_url(server), "/", NULL);
	struct http_request request = { .url = url, .max_body = 1 << 20 };

	getrusage(RUSAGE_SELF, &before);
	ck_assert(!http_perform(http, &request, &response, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_ptr_nonnull(strstr(error->message, "too big"));
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 16 << 10); /* KiB */
	/* The same stream is good up to the limit: it was not refused for its form. */
	g_clear_error(&error);
	answers[0].part_size = sizeof(head) + 15 * n;
	ck_assert(http_perform(http, &request, &response, NULL));
	ck_assert_uint_eq(response.body->len, 15 * 65536);
}
END_TEST

/* An answer that ends before any byte is cut off, and never a shorter one. */
static void check_every_cut(const char *whole, enum after after)
{
	gsize n = strlen(whole);
	g_autofree struct answer *answers = g_new0(struct answer, n + 1);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	_cleanup_(http_freep) struct http *http = http_new();
	struct http_server *server;

	for (gsize i = 0; i < n; i++) {
		char *path = g_strdup_printf("/%zu", i);
		char *head = g_strndup(whole, i);

		g_ptr_array_add(texts, path);
		g_ptr_array_add(texts, head);
		answers[i] = (struct answer){ path, head, .after = after };
	}
	server = http_server_start(answers, NULL);
	for (gsize i = 0; i < n; i++) {
		_cleanup_(http_response_clear) struct http_response response = { 0 };
		g_autoptr(GError) error = NULL;

		ck_assert_msg(!http_server_ask(server, http, answers[i].path, &response,
					       &error),
			      "%zu: %s", i, answers[i].head);
		ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_RETRY),
			      "%zu: %s", i, error->message);
	}
	http_server_stop(server);
}

START_TEST(no_cut_is_a_whole_answer)
{
	static const char *const answers[] = {
		OK "Content-Length: 5\r\nLink: <b>; rel=\"next\"\r\n\r\nhello",
		OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		check_every_cut(answers[i], CLOSE);
		check_every_cut(answers[i], RESET);
	}
}
END_TEST

static gpointer ask_some(gpointer server)
{
	for (guint i = 0; i < 20; i++) {
		_cleanup_(http_freep) struct http *http = http_new();
		_cleanup_(http_response_clear) struct http_response response = { 0 };

		if (!http_server_ask(server, http, "/a", &response, NULL) ||
		    response.status != 200)
			return NULL;
	}
	return server;
}

/* http_new() sets libcurl up, once, whoever comes first. */
START_TEST(threads_have_their_own)
{
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		two_hosts, NULL);
	GThread *threads[4];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("worker", ask_some, server);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		ck_assert_ptr_eq(g_thread_join(threads[i]), server);
}
END_TEST

static gpointer cancel(gpointer data)
{
	g_usleep(50000); /* so that it meets a transfer and not its start */
	g_cancellable_cancel(data);
	return NULL;
}

START_TEST(can_be_cancelled)
{
	static const struct answer answers[] = { { "/", "", .after = STALL }, { NULL } };
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		answers, NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	struct http_request request = { .url = http_server_url(server),
					.cancellable = cancellable };
	struct http_response response = { 0 };
	GThread *thread = g_thread_new("cancel", cancel, cancellable);
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;

		ck_assert(!http_perform(http, &request, &response, &error));
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CANCELLED));
	}
	ck_assert_int_lt(g_get_monotonic_time() - start, 2 * G_TIME_SPAN_SECOND);
	g_thread_join(thread);
}
END_TEST

static const struct {
	const char *url;
	const char *header; /* value of one; NULL: none */
} refused[] = {
	{ "http://example.org/" SECRET },
	{ "http://169.254.169.254/latest" },
	{ "http://localhost.example.org/" },
	{ "http://127.0.0.1.example.org/" },
	{ "http://user:" SECRET "@127.0.0.1/" },
	{ "https://user@example.org/" },
	{ "file:///etc/" SECRET },
	{ "ftp://127.0.0.1/" },
	{ "gopher://127.0.0.1/" },
	{ "127.0.0.1/" SECRET },
	{ "//127.0.0.1/" },
	{ "http:///" SECRET },
	{ "http://" },
	{ "" },
	{ "http://127.0.0.1/a b" },
	{ "http://127.0.0.1/\r\nX: y" },
	{ "http://127.0.0.1\\@example.org/" },
	{ "http://127.0.0.1:0/" },
	{ "http://127.0.0.1:99999/" },
	{ "http://127.0.0.1%2eexample.org/" },
	{ "http://127.0.0.1/", "a\r\nX-Injected: b" },
	{ "http://127.0.0.1/", "a\nb" },
};

START_TEST(refuses_what_may_not_be_asked)
{
	const struct http_header header = { "X-A", refused[_i].header };
	const struct http_request request = { .url = refused[_i].url,
					      .headers = &header,
					      .n_headers = header.value ? 1 : 0 };
	_cleanup_(http_freep) struct http *http = http_new();
	struct http_response response = { 0 };
	g_autoptr(GError) error = NULL;

	ck_assert_msg(!http_perform(http, &request, &response, &error), "%s",
		      refused[_i].url);
	ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG), "%s: %s",
		      refused[_i].url, error->message);
	ck_assert_ptr_null(strstr(error->message, SECRET));
}
END_TEST

/* A proxy, a .netrc and a .curlrc that must not be used: whoever asked them would not
 * get an answer. */
static void set_environment(const char *home)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "all_proxy",
					     "HTTPS_PROXY", "ALL_PROXY" };
	g_autofree char *netrc = g_build_filename(home, ".netrc", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_setenv(names[i], "http://127.0.0.1:1", true);
	g_setenv("HOME", home, true);
	g_assert(g_file_set_contents(netrc, "default login netrc password " SECRET "\n",
				     -1, NULL));
}

START_TEST(asks_nothing_of_the_environment)
{
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		two_hosts, NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	g_autofree char *url = g_strconcat(http_server_url(server), "/a", NULL);
	const struct http_request request = { .url = url };
	g_autofree char *seen = NULL;

	ck_assert_str_eq(g_getenv("http_proxy"), "http://127.0.0.1:1");
	ck_assert(http_perform(http, &request, &response, NULL));
	seen = http_server_seen(server);
	ck_assert_ptr_null(strstr(seen, "Authorization"));
}
END_TEST

int main(void)
{
	g_autofree char *home = g_dir_make_tmp("dorad-test-XXXXXX", NULL);
	g_autofree char *netrc = g_build_filename(home, ".netrc", NULL);
	Suite *suite = suite_create("http");
	TCase *tests = tcase_create("http");
	SRunner *runner = srunner_create(suite);

	set_environment(home);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, never_goes_elsewhere);
	tcase_add_test(tests, threads_have_their_own);
	tcase_add_test(tests, no_cut_is_a_whole_answer);
	tcase_add_test(tests, keeps_a_connection);
	tcase_add_test(tests, tries_anew_when_a_kept_connection_is_closed);
	tcase_add_test(tests, reads_headers);
	tcase_add_test(tests, sends_what_it_is_told);
	tcase_add_test(tests, sends_no_body_where_there_is_none);
	tcase_add_test(tests, asks_through_a_unix_socket);
	tcase_add_test(tests, survives_a_gzip_bomb);
	tcase_add_test(tests, can_be_cancelled);
	tcase_add_loop_test(tests, refuses_what_may_not_be_asked, 0,
			    G_N_ELEMENTS(refused));
	tcase_add_test(tests, asks_nothing_of_the_environment);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_unlink(netrc);
	g_rmdir(home);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
