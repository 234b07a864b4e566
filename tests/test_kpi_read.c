#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/kpi/kpi_read.h"

/* Samples out of files, JSON and what a Prometheus says, without any of them. */

#define NOW "2026-03-10T12:00:00Z"

static gint64 at(const char *text)
{
	gint64 t = INSTANT_NONE;

	ck_assert_msg(instant_parse(text, &t), "%s", text);
	return t;
}

/* ---- a server ---- */

struct server {
	guint status;
	const char *body;
	GString *asked; /* urls and forms, a line each */
};

static bool perform(void *self, const struct http_request *request,
		    struct http_response *response, GError **error)
{
	struct server *server = self;

	(void)error;
	g_string_append_printf(server->asked, "%s %s%s%s\n", request->method,
			       request->url, request->body ? " " : "",
			       request->body ? request->body : "");
	for (gsize i = 0; i < request->n_headers; i++)
		if (strcmp(request->headers[i].name, "Accept") != 0 &&
		    strcmp(request->headers[i].name, "Content-Type") != 0)
			g_string_append_printf(server->asked, "  %s: %s\n",
					       request->headers[i].name,
					       request->headers[i].value);
	*response = (struct http_response){ .status = server->status };
	response->headers = g_ptr_array_new_with_free_func(g_free);
	response->body = g_byte_array_new();
	g_byte_array_append(response->body, (const guint8 *)server->body,
			    (guint)strlen(server->body) + 1);
	g_byte_array_set_size(response->body, (guint)strlen(server->body));
	return true;
}

/* What is read, as "time value, …", or the error's message. The caller frees. */
static char *read_kpi(const struct config_kpi *kpi, struct server *server,
		      const char *since)
{
	const struct rest_transport transport = { .perform = perform, .self = server };
	struct kpi_reading reading = {
		.kpi = kpi, .transport = &transport, .now = at(NOW), .since = at(since)
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) rows = kpi_read(&reading, &error);
	g_autoptr(GString) text = g_string_new(NULL);

	ck_assert_int_eq(rows == NULL, error != NULL);
	if (!rows)
		return g_strdup(error->message);
	for (guint i = 0; i < rows->len; i++) {
		const struct kpi_sample *row = &g_array_index(rows, struct kpi_sample, i);
		g_autofree char *time = instant_format(row->at);

		g_string_append_printf(text, "%s%s %.10g", i ? ", " : "", time,
				       row->value);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static struct config_kpi some_kpi(void)
{
	return (struct config_kpi){ .name = (char *)"k",
				    .time_zone = (char *)"Europe/Berlin",
				    .history = (char *)"365d",
				    .history_us = 365 * G_TIME_SPAN_DAY };
}

/* ---- files ---- */

static const struct {
	const char *what, *text, *expected;
} files[] = {
	{ "instants, sorted",
	  "time,value\n2026-03-02T00:00:00Z,2\n2026-03-01T00:00:00Z,1\n",
	  "2026-03-01T00:00:00Z 1, 2026-03-02T00:00:00Z 2" },
	{ "dates are midnights of the zone", "time,value\n2026-03-01,1\n2025-07-01,2\n",
	  "2025-06-30T22:00:00Z 2, 2026-02-28T23:00:00Z 1" },
	{ "other columns, no last line break",
	  "value,note,time\n1e3,a,2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z 1000" },
	{ "quotes, commas and line breaks in them",
	  "\"time\",\"a \"\"b\"\", "
	  "c\",value\r\n2026-03-01T00:00:00Z,\"x,\ny\",\"-0.5\"\r\n",
	  "2026-03-01T00:00:00Z -0.5" },
	{ "an empty value is none", "time,value\n2026-03-01,\n", "" },
	{ "a header alone", "time,value\n", "" },
	{ "twice the same", "time,value\n2026-03-01,1\n2026-03-01,1\n",
	  "2026-02-28T23:00:00Z 1" },
	{ "the future and what is before the history",
	  "time,value\n2026-03-10T12:00:00Z,1\n2026-03-10T12:00:01Z,2\n"
	  "2025-03-10T11:59:59Z,3\n2025-03-10T12:00:00Z,4\n",
	  "2025-03-10T12:00:00Z 4, 2026-03-10T12:00:00Z 1" },
	{ "twice something else", "time,value\n2026-03-01,1\n2026-03-01,2\n",
	  "two values at 2026-02-28T23:00:00Z: 1 and 2" },
	{ "nothing at all", "",
	  "FILE: the file has no column \"time\" in its first line" },
	{ "no number", "time,value\n2026-03-01,nan\n",
	  "FILE: line 2: value: expected a number, found \"nan\"" },
	{ "more than a number", "time,value\n2026-03-01,1 EUR\n",
	  "FILE: line 2: value: expected a number, found \"1 EUR\"" },
	{ "a number without end", "time,value\n2026-03-01,1e999\n",
	  "FILE: line 2: value: expected a number, found \"1e999\"" },
	{ "as large as it may be", "time,value\n2026-03-01,-1e15\n",
	  "2026-02-28T23:00:00Z -1e+15" },
	{ "too large to be summed", "time,value\n2026-03-01,1e308\n",
	  "FILE: line 2: value: 1e+308 is beyond 1e+15" },
	{ "no date", "time,value\n2026-02-30,1\n",
	  "FILE: line 2: time: expected a time such as 2026-03-01T12:00:00Z, or a date, "
	  "found \"2026-02-30\"" },
	{ "what comes after a quote", "time,value\n\"2026-03-01\"x,1\n",
	  "FILE: line 2: text after a quote" },
	{ "a quote that never ends", "time,value\n2026-03-01,\"1\n\n\n",
	  "FILE: line 2: a quote has no end" },
	{ "a column too few", "time,value\n\n2026-03-01\n",
	  "FILE: line 3: not as many columns as the first" },
};

START_TEST(a_file)
{
	g_autofree char *path = NULL, *found = NULL;
	g_autoptr(GString) expected = g_string_new(files[_i].expected);
	int fd = g_file_open_tmp("dorad-kpi-XXXXXX.csv", &path, NULL);
	struct config_kpi kpi = some_kpi();
	struct config_kpi_csv csv = { .file = path,
				      .time = (char *)"time",
				      .value = (char *)"value" };

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(g_file_set_contents(path, files[_i].text, -1, NULL));
	kpi.csv = &csv;
	found = read_kpi(&kpi, NULL, NOW);
	unlink(path);
	g_string_replace(expected, "FILE", path, 0);
	ck_assert_msg(strcmp(found, expected->str) == 0, "%s: %s", files[_i].what, found);
}
END_TEST

/* ---- JSON ---- */

static const struct {
	const char *what, *list, *time, *value;
	enum time_format times;
	const char *body, *expected;
} answers[] = {
	{ "a list of objects", "/data", "/at", "/n/eur", TIME_RFC3339,
	  "{\"data\": [{\"at\": \"2026-03-01\", \"n\": {\"eur\": 1.5}}]}",
	  "2026-02-28T23:00:00Z 1.5" },
	{ "pairs, seconds", "", "/0", "/1", TIME_EPOCH, "[[1772323200.5, \"7\"]]",
	  "2026-03-01T00:00:00.500000Z 7" },
	{ "milliseconds", "", "/t", "/v", TIME_EPOCH_MS,
	  "[{\"t\": 1772323200000, \"v\": 7}, {\"t\": 1772323201000, \"v\": null},"
	  " {\"t\": 1772323202000}]",
	  "2026-03-01T00:00:00Z 7" },
	{ "seconds that are milliseconds", "", "/t", "/v", TIME_EPOCH,
	  "[{\"t\": 1772323200000, \"v\": 7}]",
	  "time: expected seconds or milliseconds since 1970, found \"something else\"" },
	{ "text for seconds", "", "/t", "/v", TIME_EPOCH, "[{\"t\": \"x\", \"v\": 7}]",
	  "time: expected seconds or milliseconds since 1970, found \"x\"" },
	{ "a truth value", "", "/t", "/v", TIME_EPOCH, "[{\"t\": 1, \"v\": true}]",
	  "value: expected a number, found \"something else\"" },
	{ "1970", "", "/t", "/v", TIME_EPOCH, "[{\"t\": 1, \"v\": 1}]",
	  "time: there is one before 1971 or after 2099" },
	{ "no list", "/data", "/t", "/v", TIME_EPOCH, "[]",
	  "there is no list at \"/data\" in the answer" },
};

START_TEST(an_answer)
{
	struct server server = { 200, answers[_i].body, g_string_new(NULL) };
	struct config_kpi kpi = some_kpi();
	struct config_kpi_http http = {
		.url = (char *)"https://h.example.org/a?since={since}&b=1",
		.list = (char *)answers[_i].list,
		.time = (char *)answers[_i].time,
		.times = answers[_i].times,
		.value = (char *)answers[_i].value,
	};
	g_autofree char *found = NULL;

	kpi.http = &http;
	found = read_kpi(&kpi, &server, "2026-03-01T00:00:00Z");
	ck_assert_msg(strcmp(found, answers[_i].expected) == 0, "%s: %s",
		      answers[_i].what, found);
	ck_assert_str_eq(server.asked->str,
			 "GET https://h.example.org/a?since=2026-03-01T00:00:00Z&b=1\n");
	g_string_free(server.asked, TRUE);
}
END_TEST

static const struct {
	guint status;
	enum dora_error code;
} statuses[] = {
	{ 401, DORA_ERROR_DENIED }, { 403, DORA_ERROR_DENIED },
	{ 404, DORA_ERROR_CONFIG }, { 308, DORA_ERROR_CONFIG },
	{ 429, DORA_ERROR_RETRY },  { 503, DORA_ERROR_RETRY },
	{ 204, DORA_ERROR_CONFIG },
};

/* A prefix that runs into the token, and a token of two words: what is compared is the
 * token alone. */
static const struct {
	const char *prefix, *token, *header;
} credentials[] = {
	{ "", "canary-7", "  X-Key: canary-7\n" },
	{ "key=", "canary-7", "  X-Key: key=canary-7\n" },
	{ "Token ", "canary-7 of 9", "  X-Key: Token canary-7 of 9\n" },
};

/* Whatever a server repeats, no message has the token. */
static void refuse(guint status, enum dora_error code, gsize which)
{
	g_autofree char *body = g_strdup_printf("{\"error\": \"who is %s?\"}",
						credentials[which].token);
	g_autofree char *asked = g_strconcat("GET https://h.example.org/a\n",
					     credentials[which].header, NULL);
	struct server server = { status, body, g_string_new(NULL) };
	struct secret_ref token = { .env = (char *)"KPI_TOKEN" };
	struct config_rest_auth auth = { (char *)"X-Key",
					 (char *)credentials[which].prefix };
	struct config_kpi kpi = some_kpi();
	struct config_kpi_http http = { .url = (char *)"https://h.example.org/a",
					.token = &token,
					.auth = &auth,
					.list = (char *)"",
					.time = (char *)"/t",
					.value = (char *)"/v" };
	const struct rest_transport transport = { .perform = perform, .self = &server };
	struct kpi_reading reading = {
		.kpi = &kpi, .transport = &transport, .now = at(NOW), .since = at(NOW)
	};
	g_autoptr(GError) error = NULL;

	g_setenv("KPI_TOKEN", credentials[which].token, TRUE);
	kpi.http = &http;
	ck_assert_ptr_null(kpi_read(&reading, &error));
	ck_assert_int_eq(error->code, (int)code);
	ck_assert_ptr_null(strstr(error->message, "canary"));
	if (code == DORA_ERROR_DENIED) /* of credentials nobody is quoted */
		ck_assert_ptr_null(strstr(error->message, "who"));
	ck_assert_str_eq(server.asked->str, asked);
	g_string_free(server.asked, TRUE);
}

START_TEST(a_refusal)
{
	for (gsize i = 0; i < G_N_ELEMENTS(credentials); i++)
		refuse(statuses[_i].status, statuses[_i].code, i);
}
END_TEST

/* ---- Prometheus ---- */

#define MATRIX(series)                                                                   \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":"        \
	"[" series "]}}"

static const struct {
	const char *what, *body, *expected;
} series[] = {
	{ "one series",
	  MATRIX("{\"metric\":{},\"values\":[[1772323200,\"1.5\"],[1772326800,\"2\"]]}"),
	  "2026-03-01T00:00:00Z 1.5, 2026-03-01T01:00:00Z 2" },
	{ "none", MATRIX(""), "" },
	{ "what is no number is no sample",
	  MATRIX("{\"metric\":{},\"values\":[[1772323200,\"NaN\"],[1772326800,\"+Inf\"],"
		 "[1772330400,\"-1e-3\"]]}"),
	  "2026-03-01T02:00:00Z -0.001" },
	{ "two", MATRIX("{\"values\":[]},{\"values\":[]}"),
	  "the query gives 2 series, expected one, as sum(…) gives" },
	{ "another kind of answer",
	  "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
	  "the answer is not one of Prometheus to a range query" },
	{ "garbage in it", MATRIX("{\"values\":[[1772323200,\"x\"]]}"),
	  "value: expected a number, found \"x\"" },
};

static struct config_kpi_prometheus prometheus(const char *step)
{
	struct config_kpi_prometheus config = {
		.url = (char *)"https://p.example.org/x//",
		.query = (char *)"sum(a{b=\"c d\"}) & 1",
		.step = (char *)step
	};

	span_parse(step, &config.step_us);
	return config;
}

START_TEST(a_series)
{
	struct server server = { 200, series[_i].body, g_string_new(NULL) };
	struct config_kpi_prometheus config = prometheus("1h");
	struct config_kpi kpi = some_kpi();
	g_autofree char *found = NULL;

	kpi.prometheus = &config;
	found = read_kpi(&kpi, &server, "2026-03-01T00:00:01Z");
	ck_assert_msg(strcmp(found, series[_i].expected) == 0, "%s: %s", series[_i].what,
		      found);
	/* at whole hours since 1970, the first after since, the last before now */
	ck_assert_str_eq(server.asked->str,
			 "POST https://p.example.org/x/api/v1/query_range "
			 "query=sum%28a%7Bb%3D%22c%20d%22%7D%29%20%26%201"
			 "&start=1772326800.000&end=1773144000.000&step=3600.000\n");
	g_string_free(server.asked, TRUE);
}
END_TEST

START_TEST(a_long_time_is_asked_for_in_parts)
{
	struct server server = { 200, MATRIX(""), g_string_new(NULL) };
	struct config_kpi_prometheus config = prometheus("1m");
	struct config_kpi kpi = some_kpi();
	g_autofree char *found = NULL;
	g_auto(GStrv) lines = NULL;

	kpi.prometheus = &config;
	/* 15 days and a step: 21,601 of them */
	found = read_kpi(&kpi, &server, "2026-02-23T12:00:00Z");
	lines = g_strsplit(server.asked->str, "\n", -1);
	ck_assert_uint_eq(g_strv_length(lines), 4);
	ck_assert_ptr_nonnull(
		strstr(lines[0], "start=1771848000.000&end=1772447940.000"));
	ck_assert_ptr_nonnull(
		strstr(lines[1], "start=1772448000.000&end=1773047940.000"));
	ck_assert_ptr_nonnull(
		strstr(lines[2], "start=1773048000.000&end=1773144000.000"));
	g_string_free(server.asked, TRUE);
}
END_TEST

/* ---- definitions ---- */

START_TEST(a_definition_is_what_is_read)
{
	struct secret_ref token = { .env = (char *)"A" };
	struct config_kpi_prometheus config = prometheus("1h");
	struct config_kpi kpi = some_kpi();
	g_autofree char *first = NULL, *renamed = NULL, *other = NULL;

	kpi.prometheus = &config;
	first = kpi_fingerprint(&kpi);
	config.token = &token;
	kpi.title = (char *)"another";
	renamed = kpi_fingerprint(&kpi);
	ck_assert_str_eq(first, renamed);
	config.query = (char *)"sum(a)";
	other = kpi_fingerprint(&kpi);
	ck_assert_str_ne(first, other);
	ck_assert(!kpi_is_same_figure(first, other));
	ck_assert(!kpi_is_same_figure(first, NULL));
}
END_TEST

START_TEST(a_longer_history_is_the_same_figure)
{
	struct config_kpi_sql sql = { .uri = (char *)"host=a",
				      .query = (char *)"SELECT" };
	struct config_kpi kpi = some_kpi();
	g_autofree char *first = NULL, *longer = NULL, *elsewhere = NULL;

	kpi.sql = &sql;
	first = kpi_fingerprint(&kpi);
	kpi.history_us *= 2;
	longer = kpi_fingerprint(&kpi);
	ck_assert_str_ne(first, longer);
	ck_assert(kpi_is_same_figure(first, longer));
	sql.uri = (char *)"host=b";
	elsewhere = kpi_fingerprint(&kpi);
	ck_assert(!kpi_is_same_figure(longer, elsewhere));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kpi_read");
	TCase *tests = tcase_create("kpi_read");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_file, 0, G_N_ELEMENTS(files));
	tcase_add_loop_test(tests, an_answer, 0, G_N_ELEMENTS(answers));
	tcase_add_loop_test(tests, a_refusal, 0, G_N_ELEMENTS(statuses));
	tcase_add_loop_test(tests, a_series, 0, G_N_ELEMENTS(series));
	tcase_add_test(tests, a_long_time_is_asked_for_in_parts);
	tcase_add_test(tests, a_definition_is_what_is_read);
	tcase_add_test(tests, a_longer_history_is_the_same_figure);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
