#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/http.h"
#include "tests/http_server.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define LONG_HEADER                                                                      \
	"X-A: "                                                                          \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd" \
	"ef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
#define TEXT_128                                                                         \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"              \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"

/* One request and what becomes of it, against a server that knows this answer alone. */
static const struct {
	const char *name;
	struct answer answer;
	guint status;	       /* 0: an error */
	const char *body;      /* NULL: whatever */
	enum dora_error error; /* where status is 0 */
	const char *why;
} cases[] = {
	{ "a whole answer",
	  { "/", OK "Content-Length: 5\r\n\r\nhello", .after = KEEP },
	  200,
	  "hello" },
	{ "an empty answer", { "/", OK "Content-Length: 0\r\n\r\n" }, 200, "" },
	{ "an answer until the end",
	  { "/", OK "\r\nhello", .after = CLOSE },
	  200,
	  "hello" },
	{ "chunks",
	  { "/",
	    OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n" },
	  200,
	  "hello" },
	{ "after interim answers",
	  { "/", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK
		 "Content-Length: 1\r\n\r\nx" },
	  200,
	  "x" },
	{ "204", { "/", "HTTP/1.1 204 No Content\r\n\r\n" }, 204, "" },
	{ "304", { "/", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n" }, 304, "" },
	{ "401",
	  { "/", "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
		 "Content-Length: 0\r\n\r\n" },
	  401,
	  "" },
	{ "500 with a body",
	  { "/", "HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad" },
	  500,
	  "bad" },
	{ "a redirect to this host",
	  { "/", "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n" },
	  302,
	  "" },
	{ "a redirect to a file",
	  { "/", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
		 "Content-Length: 0\r\n\r\n" },
	  302,
	  "" },
	{ "a redirect without end",
	  { "/", "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n" },
	  301,
	  "" },
	{ "trailers are ignored",
	  { "/",
	    OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Late: 1\r\n\r\n" },
	  200,
	  "x" },
	{ "closed at once",
	  { "/", "", .after = CLOSE },
	  .error = DORA_ERROR_RETRY,
	  .why = "closed without an answer" },
	{ "reset at once",
	  { "/", "", .after = RESET },
	  .error = DORA_ERROR_RETRY,
	  .why = "the connection broke" },
	{ "cut in the headers",
	  { "/", OK "Content-Le", .after = CLOSE },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "cut in the body",
	  { "/", OK "Content-Length: 100\r\n\r\nhello", .after = CLOSE },
	  .error = DORA_ERROR_RETRY,
	  .why = "the answer was cut off" },
	{ "reset in the body",
	  { "/", OK "Content-Length: 100\r\n\r\nhello", .after = RESET },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "cut in a chunk",
	  { "/", OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", .after = CLOSE },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "cut between chunks",
	  { "/", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .after = CLOSE },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "a chunk without a size",
	  { "/", OK "Transfer-Encoding: chunked\r\n\r\nhello\r\n\r\n" },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "a chunk beyond all bounds",
	  { "/", OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n" },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "a length that is none",
	  { "/", OK "Content-Length: -5\r\n\r\nhello" },
	  .error = DORA_ERROR_RETRY,
	  .why = "" },
	{ "a header without a colon",
	  { "/", OK "NoColon\r\nContent-Length: 0\r\n\r\n" },
	  .error = DORA_ERROR_RETRY,
	  .why = "not an HTTP answer" },
	{ "not HTTP",
	  { "/", "SSH-2.0-OpenSSH_9.2\r\n", .after = CLOSE },
	  .error = DORA_ERROR_RETRY,
	  .why = "not an HTTP answer" },
	{ "silent",
	  { "/", "", .after = STALL },
	  .error = DORA_ERROR_RETRY,
	  .why = "no whole answer in time" },
	{ "silent after the headers",
	  { "/", OK "Content-Length: 100\r\n\r\n", .after = STALL },
	  .error = DORA_ERROR_RETRY,
	  .why = "no whole answer in time" },
	{ "silent in the body",
	  { "/", OK "Content-Length: 100\r\n\r\nhello", .after = STALL },
	  .error = DORA_ERROR_RETRY,
	  .why = "no whole answer in time" },
	{ "interim answers without end",
	  { "/", "", "HTTP/1.1 100 Continue\r\n\r\n", 0, G_MAXUINT, CLOSE },
	  .error = DORA_ERROR_DATA,
	  .why = "too many or too long headers" },
	{ "headers without end",
	  { "/", OK, "X-A: b\r\n", 0, 100000, CLOSE },
	  .error = DORA_ERROR_DATA,
	  .why = "too many or too long headers" },
	{ "a header without end",
	  { "/", OK "X-A: ", "0123456789abcdef", 0, G_MAXUINT, CLOSE },
	  .error = DORA_ERROR_DATA,
	  .why = "too many or too long headers" },
	{ "long headers",
	  { "/", OK, LONG_HEADER, 0, 100000, CLOSE },
	  .error = DORA_ERROR_DATA,
	  .why = "too many or too long headers" },
	{ "a body that says it is too big",
	  { "/", OK "Content-Length: 1000000000000\r\n\r\nx", .after = STALL },
	  .error = DORA_ERROR_DATA,
	  .why = "the answer is too big" },
	{ "a body without end",
	  { "/", OK "\r\n", TEXT_128, 0, G_MAXUINT, CLOSE },
	  .error = DORA_ERROR_DATA,
	  .why = "the answer is too big" },
	{ "chunks without end",
	  { "/", OK "Transfer-Encoding: chunked\r\n\r\n", "80\r\n" TEXT_128 "\r\n", 0,
	    G_MAXUINT, CLOSE },
	  .error = DORA_ERROR_DATA,
	  .why = "the answer is too big" },
	{ "not gzip",
	  { "/", OK "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello" },
	  .error = DORA_ERROR_DATA,
	  .why = "badly compressed" },
	{ "an unknown encoding",
	  { "/", OK "Content-Encoding: rot13\r\nContent-Length: 5\r\n\r\nhello" },
	  .error = DORA_ERROR_DATA,
	  .why = "badly compressed" },
	{ "encodings in each other",
	  { "/", OK "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip\r\n"
		    "Content-Length: 5\r\n\r\nhello" },
	  .error = DORA_ERROR_DATA,
	  .why = "badly compressed" },
};

START_TEST(ends_well_or_says_why)
{
	const struct answer answers[] = { cases[_i].answer, { NULL } };
	_cleanup_(http_server_stopp) struct http_server *server = http_server_start(
		answers, NULL);
	_cleanup_(http_freep) struct http *http = http_new();
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	g_autoptr(GError) error = NULL;
	bool good = http_server_ask(server, http, "/", &response, &error);
	const char *host = http_server_url(server) + strlen("http://");

	if (cases[_i].status > 0) {
		ck_assert_msg(good, "%s: %s", cases[_i].name,
			      error ? error->message : "");
		ck_assert_uint_eq(response.status, cases[_i].status);
		ck_assert_str_eq((const char *)response.body->data, cases[_i].body);
		ck_assert_uint_eq(response.body->len, strlen(cases[_i].body));
		ck_assert_ptr_null(http_header(&response, "x-late"));
		ck_assert_ptr_null(http_header(&response, "link"));
		ck_assert_uint_eq(http_server_connections(server), 1);
		return;
	}
	ck_assert_msg(!good, "%s", cases[_i].name);
	ck_assert_msg(g_error_matches(error, DORA_ERROR, (int)cases[_i].error) &&
			      strstr(error->message, cases[_i].why) &&
			      g_str_has_prefix(error->message, host),
		      "%s: %s", cases[_i].name, error->message);
	ck_assert_ptr_null(response.headers);
	ck_assert_ptr_null(response.body);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_answers");
	TCase *tests = tcase_create("http_answers");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, ends_well_or_says_why, 0, G_N_ELEMENTS(cases));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
