#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_server.h"

/* Every way of paging, and every way in which a list does not end. */

#define LIST                                                                             \
	.name = "runs", .kind = ITEM_RUN, .size = 2, .fields = thing_fields,             \
	.states = thing_states
#define THING(id)                                                                        \
	"{\"id\": " #id ", \"state\": \"done\", "                                        \
	"\"created\": \"2026-03-01T11:00:00Z\", "                                        \
	"\"updated\": \"2026-03-01T11:00:0" #id "Z\"}"
#define NONE_OF "{\"items\": []}"
#define ONE_OF(a) "{\"items\": [" THING(a) "]}"
#define TWO_OF(a, b) "{\"items\": [" THING(a) "," THING(b) "]}"
#define WITH(text, a) "{\"next\": " text ", \"items\": [" THING(a) "]}"
#define OK -1

#define IN_ITEMS LIST, .items = "/items"
#define STATE IN_ITEMS, .order = ORDER_STATE

static const struct feed none = { STATE, .path = "/l", .paging = PAGING_NONE };
static const struct feed whole = { LIST, .path = "/l", .order = ORDER_STATE };
static const struct feed by_link = { STATE, .path = "/l", .paging = PAGING_LINK };
static const struct feed sentry = { STATE, .path = "/l", .paging = PAGING_LINK,
				    .link_param = "results", .link_value = "true" };
static const struct feed page = { STATE, .path = "/l?p={page}&n={size}",
				  .paging = PAGING_PAGE };
static const struct feed offset = { STATE, .path = "/l?o={offset}",
				    .paging = PAGING_OFFSET };
static const struct feed token = { STATE, .path = "/l?t={token}", .paging = PAGING_TOKEN,
				   .token_path = "/next" };
static const struct feed header = { STATE, .path = "/l?t={token}", .paging = PAGING_TOKEN,
				    .token_header = "x-continuation" };
static const struct feed body = { STATE,
				  .path = "/l",
				  .method = "POST",
				  .body = "{\"t\": \"{token}\"}",
				  .paging = PAGING_TOKEN,
				  .token_path = "/next" };
static const struct feed next = { STATE, .path = "/l", .paging = PAGING_NEXT,
				  .token_path = "/next" };
static const struct feed keyset = { IN_ITEMS, .path = "/l?s={since}&i={id}",
				    .paging = PAGING_KEYSET, .order = ORDER_UPDATED,
				    .time = TIME_EPOCH };

static const struct {
	const char *what;
	const struct feed *feed;
	struct answer answers[5];
	const char *asked; /* NULL: does not matter */
	guint n_items;
	int code;
	const char *says;
} rows[] = {
	{ "one page", &none, { { "/l", 200, NULL, TWO_OF(1, 2) } }, "/l", 2, OK, NULL },
	{ "the answer is the list",
	  &whole,
	  { { "/l", 200, NULL, "[" THING(1) "]" } },
	  "/l",
	  1,
	  OK,
	  NULL },
	{ "an object for a list",
	  &whole,
	  { { "/l", 200, NULL, THING(1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "the answer has no list" },
	{ "a link",
	  &by_link,
	  { { "/l", 200, "link: <" BASE "/l?page=2>; rel=\"next\"", ONE_OF(1) },
	    { "/l?page=2", 200, "link: <" BASE "/l>; rel=\"prev\"", ONE_OF(2) } },
	  "/l /l?page=2",
	  2,
	  OK,
	  NULL },
	{ "a link, relative",
	  &by_link,
	  { { "/l", 200, "link: </l?page=2>; rel=\"next\"", ONE_OF(1) },
	    { "/l?page=2", 200, NULL, ONE_OF(2) } },
	  "/l /l?page=2",
	  2,
	  OK,
	  NULL },
	{ "an empty page with a next",
	  &by_link,
	  { { "/l", 200, "link: </l?page=2>; rel=\"next\"", NONE_OF },
	    { "/l?page=2", 200, NULL, ONE_OF(2) } },
	  "/l /l?page=2",
	  1,
	  OK,
	  NULL },
	{ "a link whose results are false",
	  &sentry,
	  { { "/l", 200, "link: </l?c=2>; rel=\"next\"; results=\"false\"", ONE_OF(1) } },
	  "/l",
	  1,
	  OK,
	  NULL },
	{ "a link whose results are true",
	  &sentry,
	  { { "/l", 200, "link: </l?c=2>; rel=\"next\"; results=\"true\"", ONE_OF(1) },
	    { "/l?c=2", 200, NULL, ONE_OF(2) } },
	  "/l /l?c=2",
	  2,
	  OK,
	  NULL },
	{ "a link to another host",
	  &by_link,
	  { { "/l", 200, "link: <https://evil.test/l?page=2>; rel=\"next\"",
	      ONE_OF(1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "the next page is at another origin (https://evil.test, not "
	  "https://api.test): not asked" },
	{ "a link to another port",
	  &by_link,
	  { { "/l", 200, "link: <" BASE ":8443/l>; rel=\"next\"", ONE_OF(1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "another origin" },
	{ "a link to another scheme",
	  &by_link,
	  { { "/l", 200, "link: <http://api.test/l>; rel=\"next\"", ONE_OF(1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "another origin" },
	{ "a link to a file",
	  &by_link,
	  { { "/l", 200, "link: <file:///etc/passwd>; rel=\"next\"", ONE_OF(1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "another origin" },
	{ "a link to itself",
	  &by_link,
	  { { "/l", 200, "link: </l>; rel=\"next\"", ONE_OF(1) } },
	  "/l",
	  1,
	  DORA_ERROR_DATA,
	  "page 2 is one that was read before" },
	{ "a ring of two",
	  &by_link,
	  { { "/l", 200, "link: </m>; rel=\"next\"", ONE_OF(1) },
	    { "/m", 200, "link: </l>; rel=\"next\"", ONE_OF(2) } },
	  "/l /m",
	  2,
	  DORA_ERROR_DATA,
	  "page 3 is one that was read before" },
	{ "numbers",
	  &page,
	  { { "/l?p=1&n=2", 200, NULL, TWO_OF(1, 2) },
	    { "/l?p=2&n=2", 200, NULL, ONE_OF(3) } },
	  "/l?p=1&n=2 /l?p=2&n=2",
	  3,
	  OK,
	  NULL },
	{ "numbers up to an empty page",
	  &page,
	  { { "/l?p=1&n=2", 200, NULL, TWO_OF(1, 2) },
	    { "/l?p=2&n=2", 200, NULL, NONE_OF } },
	  "/l?p=1&n=2 /l?p=2&n=2",
	  2,
	  OK,
	  NULL },
	{ "offsets",
	  &offset,
	  { { "/l?o=0", 200, NULL, TWO_OF(1, 2) }, { "/l?o=2", 200, NULL, ONE_OF(3) } },
	  "/l?o=0 /l?o=2",
	  3,
	  OK,
	  NULL },
	{ "tokens",
	  &token,
	  { { "/l", 200, NULL, WITH("\"a b\"", 1) },
	    { "/l?t=a%20b", 200, NULL, WITH("17", 2) },
	    { "/l?t=17", 200, NULL, WITH("\"\"", 3) } },
	  "/l /l?t=a%20b /l?t=17",
	  3,
	  OK,
	  NULL },
	{ "a token that is null",
	  &token,
	  { { "/l", 200, NULL, WITH("null", 1) } },
	  "/l",
	  1,
	  OK,
	  NULL },
	{ "a token that stays",
	  &token,
	  { { "/l", 200, NULL, WITH("\"a\"", 1) },
	    { "/l?t=a", 200, NULL, WITH("\"a\"", 2) } },
	  "/l /l?t=a",
	  2,
	  DORA_ERROR_DATA,
	  "read before" },
	{ "tokens in a header",
	  &header,
	  { { "/l", 200, "x-continuation: 2", ONE_OF(1) },
	    { "/l?t=2", 200, NULL, ONE_OF(2) } },
	  "/l /l?t=2",
	  2,
	  OK,
	  NULL },
	{ "tokens in a body",
	  &body,
	  { { "/l {\"t\": \"\"}", 200, NULL, WITH("\"x\\\"y\"", 1) },
	    { "/l {\"t\": \"x\\\"y\"}", 200, NULL, ONE_OF(2) } },
	  NULL,
	  2,
	  OK,
	  NULL },
	{ "the next url",
	  &next,
	  { { "/l", 200, NULL, WITH("\"" BASE "/l?c=9\"", 1) },
	    { "/l?c=9", 200, NULL, WITH("null", 2) } },
	  "/l /l?c=9",
	  2,
	  OK,
	  NULL },
	{ "the next url elsewhere",
	  &next,
	  { { "/l", 200, NULL, WITH("\"https://evil.test/l\"", 1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "another origin" },
	{ "the next url with a user",
	  &next,
	  { { "/l", 200, NULL, WITH("\"https://api.test@evil.test/l\"", 1) } },
	  "/l",
	  0,
	  DORA_ERROR_DATA,
	  "another origin" },
	{ "keyset",
	  &keyset,
	  { { "/l?s=1769774400", 200, NULL, TWO_OF(1, 2) },
	    { "/l?s=1772362802&i=2", 200, NULL, ONE_OF(3) },
	    { "/l?s=1772362803&i=3", 200, NULL, NONE_OF } },
	  "/l?s=1769774400 /l?s=1772362802&i=2 /l?s=1772362803&i=3",
	  3,
	  OK,
	  NULL },
	{ "keyset, rows of the first page hidden",
	  &keyset,
	  { { "/l?s=1769774400", 200, NULL, ONE_OF(1) },
	    { "/l?s=1772362801&i=1", 200, NULL, TWO_OF(3, 4) },
	    { "/l?s=1772362804&i=4", 200, NULL, NONE_OF } },
	  "/l?s=1769774400 /l?s=1772362801&i=1 /l?s=1772362804&i=4",
	  3,
	  OK,
	  NULL },
};

START_TEST(paging)
{
	const struct feed feeds[] = { *rows[_i].feed, { NULL } };
	const struct driver driver = { .name = "test", .feeds = feeds };
	_cleanup_(fixture_clear) struct fixture fixture;
	g_autoptr(GError) error = NULL;
	g_autofree char *asked = NULL;

	fixture_init(&fixture, &driver);
	fixture.answers = rows[_i].answers;
	error = fixture_poll(&fixture);
	asked = fixture_asked(&fixture);
	if (rows[_i].code == OK)
		ck_assert_msg(!error, "%s: %s", rows[_i].what,
			      error ? error->message : "");
	else
		ck_assert_msg(error && error->code == rows[_i].code &&
				      strstr(error->message, rows[_i].says),
			      "%s: %s", rows[_i].what,
			      error ? error->message : "nothing failed");
	ck_assert_msg(!rows[_i].asked || strcmp(asked, rows[_i].asked) == 0, "%s: %s",
		      rows[_i].what, asked);
	ck_assert_msg(fixture.items->len == rows[_i].n_items, "%s: %u items",
		      rows[_i].what, fixture.items->len);
}
END_TEST

/* An idle poll asks for one page, short as it is; one that reads all of it anew goes on
 * behind short pages, and takes nothing for gone. */
START_TEST(hidden_rows)
{
	static const struct answer first[] = {
		{ "/l?s=1769774400", 200, NULL, ONE_OF(1) },
		{ "/l?s=1772362801&i=1", 200, NULL, ONE_OF(3) },
		{ "/l?s=1772362803&i=3", 200, NULL, NONE_OF },
		{ NULL },
	};
	static const struct answer idle[] = {
		{ "/l?s=1772362203", 200, NULL, ONE_OF(3) },
		{ NULL },
	};
	static const struct answer anew[] = {
		{ "/l?s=1772362203", 200, NULL, ONE_OF(3) },
		{ "/l?s=1769774400", 200, NULL, ONE_OF(1) },
		{ "/l?s=1772362801&i=1", 200, NULL, ONE_OF(3) },
		{ "/l?s=1772362803&i=3", 200, NULL, NONE_OF },
		{ NULL },
	};
	const struct feed feeds[] = { keyset, { NULL } };
	const struct driver driver = { .name = "test", .feeds = feeds };
	_cleanup_(fixture_clear) struct fixture fixture;

	fixture_init(&fixture, &driver);
	fixture.answers = first;
	fixture_works(&fixture);
	fixture.now += 5 * G_TIME_SPAN_MINUTE;
	fixture.answers = idle;
	fixture_works(&fixture);
	fixture.now += 8 * G_TIME_SPAN_DAY;
	fixture.answers = anew;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture.asked->len, 4);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_RUN), 2);
}
END_TEST

/* A list whose every page has another next one. */
static bool endless_perform(void *self, const struct http_request *request,
			    struct http_response *response, GError **error)
{
	guint *n = self;
	g_autofree char *text = g_strdup_printf("{\"next\": \"%u\", \"items\": []}",
						++*n);

	(void)request;
	(void)error;
	response_fill(response, 200, NULL, text);
	return true;
}

static gint64 endless_now(void *self)
{
	(void)self;
	return NOON;
}

START_TEST(endless)
{
	const struct feed feeds[] = { token, { NULL } };
	const struct driver driver = { .name = "test", .feeds = feeds };
	guint n = 0;
	const struct rest_transport transport = { endless_perform, endless_now, NULL,
						  &n };
	_cleanup_(fixture_clear) struct fixture fixture;
	struct rest_result result;
	g_autoptr(GError) error = NULL;

	fixture_init(&fixture, &driver);
	fixture.source.transport = &transport;
	ck_assert(!rest_poll(&fixture.source, &result, &error));
	ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA) &&
			      strstr(error->message, "more than 10000 pages"),
		      "%s", error->message);
	ck_assert_uint_eq(n, 10000);
}
END_TEST

/* The next page of each is named by so many bytes. */
static bool wordy_perform(void *self, const struct http_request *request,
			  struct http_response *response, GError **error)
{
	g_autofree char *name = g_strnfill(*(const gsize *)self, 'a');
	g_autofree char *text = g_strdup_printf("{\"next\": \"%s\", \"items\": []}",
						name);

	(void)request;
	(void)error;
	response_fill(response, 200, NULL, text);
	return true;
}

static const struct {
	const char *what;
	const struct feed *feed;
	gsize n;
	const char *says;
} wordy[] = {
	{ "the longest token", &token, 8192, "one that was read before" },
	{ "one that is longer", &token, 8193, "more than 8192 bytes" },
	{ "the longest url", &next, 8193 - sizeof(BASE "/"), "one that was read before" },
	{ "one that is longer", &next, 8194 - sizeof(BASE "/"), "more than 8192 bytes" },
};

START_TEST(wordy_pages)
{
	const struct feed feeds[] = { *wordy[_i].feed, { NULL } };
	const struct driver driver = { .name = "test", .feeds = feeds };
	gsize n = wordy[_i].n;
	const struct rest_transport transport = { wordy_perform, endless_now, NULL, &n };
	_cleanup_(fixture_clear) struct fixture fixture;
	struct rest_result result;
	g_autoptr(GError) error = NULL;

	fixture_init(&fixture, &driver);
	fixture.source.transport = &transport;
	ck_assert(!rest_poll(&fixture.source, &result, &error));
	ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA) &&
			      strstr(error->message, wordy[_i].says),
		      "%s: %s", wordy[_i].what, error->message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_pages");
	TCase *tests = tcase_create("rest_pages");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, paging, 0, G_N_ELEMENTS(rows));
	tcase_add_test(tests, hidden_rows);
	tcase_add_test(tests, endless);
	tcase_add_loop_test(tests, wordy_pages, 0, G_N_ELEMENTS(wordy));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
