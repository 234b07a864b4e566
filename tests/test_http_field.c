#include <check.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/instant.h"

static const struct {
	const char *header, *rel, *param, *value;
	const char *target; /* NULL: none */
} links[] = {
	{ "<https://h/x?page=2>; rel=\"next\"", "next", NULL, NULL,
	  "https://h/x?page=2" },
	{ "<https://h/x?page=2>; rel=next", "next", NULL, NULL, "https://h/x?page=2" },
	{ "<https://h/x?page=2>;rel=next", "next", NULL, NULL, "https://h/x?page=2" },
	{ "<https://h/x> ; REL = \"Next\"", "next", NULL, NULL, "https://h/x" },
	{ "<a>; rel=\"prev\", <b>; rel=\"next\", <c>; rel=\"last\"", "next", NULL, NULL,
	  "b" },
	{ "<a>; rel=\"prev\", <b>; rel=\"next\", <c>; rel=\"last\"", "last", NULL, NULL,
	  "c" },
	{ "<a>; rel=\"prev\", <b>; rel=\"next\"", "first", NULL, NULL, NULL },
	{ "<a,b;c=\"d>; rel=\"next\"", "next", NULL, NULL, "a,b;c=\"d" },
	{ "<a>; title=\"x, <no>; rel=\\\"next\\\"\"; rel=\"prev\", <b>; rel=next", "next",
	  NULL, NULL, "b" },
	{ "<a>; rel=\"prev next\"", "next", NULL, NULL, "a" },
	{ "<a>; rel=\"prev nextish\"", "next", NULL, NULL, NULL },
	{ "<a>; rel=\"prev\"; rel=\"next\"", "next", NULL, NULL, NULL },
	{ "<a>; rel=\"prev\"; rel=\"next\", <b>; rel=next", "next", NULL, NULL, "b" },
	{ "<a>; flag; rel=next", "next", NULL, NULL, "a" },
	{ "<a>; rel=next;", "next", NULL, NULL, "a" },
	{ ", , <a>; rel=next", "next", NULL, NULL, "a" },
	{ "<>; rel=next", "next", NULL, NULL, "" },
	{ "<https://s/?cursor=0:0:1>; rel=\"previous\"; results=\"false\"; "
	  "cursor=\"0:0:1\", <https://s/?cursor=0:100:0>; rel=\"next\"; "
	  "results=\"true\"; cursor=\"0:100:0\"",
	  "next", "results", "true", "https://s/?cursor=0:100:0" },
	{ "<https://s/?cursor=0:100:0>; rel=\"next\"; results=\"false\"", "next",
	  "results", "true", NULL },
	{ "<https://s/?cursor=0:100:0>; results=\"true\"; rel=\"next\"", "next",
	  "results", "true", "https://s/?cursor=0:100:0" },
	{ "<a>; rel=\"next\"", "next", "results", "true", NULL },
	{ "<a>; rel=\"next\"; results", "next", "results", "true", NULL },
	{ "<a>", "next", NULL, NULL, NULL },
	{ "<a>; rel", "next", NULL, NULL, NULL },
	{ "<a", "next", NULL, NULL, NULL },
	{ "<a>; rel=\"next", "next", NULL, NULL, NULL },
	{ "<a>; rel=\"next\\", "next", NULL, NULL, NULL },
	{ "<a> rel=next", "next", NULL, NULL, NULL },
	{ "a; rel=next", "next", NULL, NULL, NULL },
	{ "nonsense, <a>; rel=next", "next", NULL, NULL, NULL },
	{ "", "next", NULL, NULL, NULL },
};

START_TEST(finds_links)
{
	g_autofree char *target = http_link(links[_i].header, links[_i].rel,
					    links[_i].param, links[_i].value);

	ck_assert_msg(g_strcmp0(target, links[_i].target) == 0, "%s: %s",
		      links[_i].header, target);
}
END_TEST

static const struct {
	const char *text;
	gint64 seconds; /* -1: refused */
} dates[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
	{ "Sun Nov  6 08:49:37 1994", 784111777 },
	{ "Sun Nov 16 08:49:37 1994", 784975777 },
	{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "thu, 29 feb 2024 12:00:00 gmt", 1709208000 },
	{ "Thursday, 29-Feb-24 12:00:00 GMT", 1709208000 },
	{ "Friday, 31-Dec-99 23:59:59 GMT", 946684799 },
	{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
	{ "Wed, 29 Feb 2023 12:00:00 GMT", -1 },
	{ "Thu, 29 Feb 2024 12:00:00 CET", -1 },
	{ "Thu, 29 Feb 2024 12:00:00 +0000", -1 },
	{ "Thu, 29 Feb 2024 12:00:00", -1 },
	{ "Thu, 29 Feb 2024 12:00:00 GMT ", -1 },
	{ "Thu, 29 Feb 2024 24:00:00 GMT", -1 },
	{ "Thu, 29 Feb 24 12:00:00 GMT", -1 },
	{ "Thu, 9 Feb 2024 12:00:00 GMT", -1 },
	{ "Xyz, 29 Feb 2024 12:00:00 GMT", -1 },
	{ "Thu, 29 Xyz 2024 12:00:00 GMT", -1 },
	{ "29 Feb 2024 12:00:00 GMT", -1 },
	{ "2024-02-29T12:00:00Z", -1 },
	{ "120", -1 },
	{ "Thu", -1 },
	{ "", -1 },
};

START_TEST(reads_dates)
{
	gint64 t = -7;
	gint64 seconds = dates[_i].seconds;

	ck_assert_msg(http_date_parse(dates[_i].text, &t) == (seconds >= 0), "%s",
		      dates[_i].text);
	ck_assert_int_eq(t, seconds >= 0 ? seconds * G_USEC_PER_SEC : -7);
}
END_TEST

/* As of Sun, 06 Nov 1994 08:49:37 GMT, of an hour at most. */
static const struct {
	const char *name, *text;
	double seconds;
} waits[] = {
	{ "no such header", NULL, 0 },
	{ "seconds", "120", 120 },
	{ "at once", "0", 0 },
	{ "zeros in front", "0060", 60 },
	{ "the most there is", "3600", 3600 },
	{ "longer than that", "3601", 3600 },
	{ "more microseconds than 64 bits hold", "9223372036854775807", 3600 },
	{ "more seconds than 64 bits hold", "99999999999999999999999999", 3600 },
	{ "a date", "Sun, 06 Nov 1994 08:50:37 GMT", 60 },
	{ "a date of another form", "Sun Nov  6 08:50:37 1994", 60 },
	{ "a date gone by", "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
	{ "a date far ahead", "Sun, 06 Nov 2094 08:49:37 GMT", 3600 },
	{ "the first date", "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "nothing", "", 0 },
	{ "spaces", "  ", 0 },
	{ "a sign", "+5", 0 },
	{ "a negative number", "-5", 0 },
	{ "a fraction", "1.5", 0 },
	{ "a unit", "5s", 0 },
	{ "a list", "5, 6", 0 },
	{ "hexadecimal", "0x10", 0 },
	{ "a word", "soon", 0 },
	{ "a date of another zone", "Sun, 06 Nov 1994 08:50:37 CET", 0 },
	{ "a date of another standard", "1994-11-06T08:50:37Z", 0 },
};

START_TEST(reads_waits)
{
	const gint64 now = G_GINT64_CONSTANT(784111777) * G_USEC_PER_SEC;
	GTimeSpan wait = http_retry_after(waits[_i].text, now, G_TIME_SPAN_HOUR);

	ck_assert_msg(wait == (GTimeSpan)(waits[_i].seconds * 1e6),
		      "%s: %" G_GINT64_FORMAT, waits[_i].name, wait);
}
END_TEST

static const struct {
	const char *url;
	const char *origin; /* NULL: not a url that we ask */
	bool loopback;
} urls[] = {
	{ "https://example.org", "https://example.org", false },
	{ "https://example.org/", "https://example.org", false },
	{ "HTTPS://Example.ORG:443/x?y#z", "https://example.org", false },
	{ "https://example.org:8443/x", "https://example.org:8443", false },
	{ "http://example.org:80", "http://example.org", false },
	{ "http://example.org:443", "http://example.org:443", false },
	{ "https://example.org:/x", "https://example.org", false },
	{ "https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443", false },
	{ "https://[2001:db8::1]", "https://[2001:db8::1]", false },
	{ "http://localhost:3000/x", "http://localhost:3000", true },
	{ "http://LOCALHOST", "http://localhost", true },
	{ "http://127.0.0.1", "http://127.0.0.1", true },
	{ "http://127.255.255.254", "http://127.255.255.254", true },
	{ "http://[::1]:80", "http://[::1]", true },
	{ "http://128.0.0.1", "http://128.0.0.1", false },
	{ "http://localhost.example.org", "http://localhost.example.org", false },
	{ "http://127.0.0.1.example.org", "http://127.0.0.1.example.org", false },
	{ "http://0.0.0.0", "http://0.0.0.0", false },
	{ "https://my_host-1.example.org", "https://my_host-1.example.org", false },
	{ "https://user@example.org/" },
	{ "https://user:password@example.org/" },
	{ "https://example.org@127.0.0.1/" },
	{ "https://a@b@c/" },
	{ "http://127.0.0.1\\@example.org" },
	{ "https://ex%61mple.org", "https://example.org", false },
	{ "https://ex%2Fample.org" },
	{ "https://ex%40ample.org" },
	{ "https://ex%00ample.org" },
	{ "https://ex ample.org" },
	{ "https://ex\tample.org" },
	{ "https://\xc3\xa9xample.org" },
	{ "https://[fe80::1%25eth0]/" },
	{ "https://[::1" },
	{ "https://::1/" },
	{ "https://example.org:0" },
	{ "https://example.org:65536" },
	{ "https://example.org:x" },
	{ "https:///x" },
	{ "https:/x" },
	{ "https:x" },
	{ "https://" },
	{ "https" },
	{ "ftp://example.org" },
	{ "file:///etc/passwd" },
	{ "javascript:alert(1)" },
	{ "//example.org" },
	{ "/x" },
	{ "example.org" },
	{ "https://example.org/%zz" },
	{ "" },
};

START_TEST(reads_urls)
{
	g_autofree char *origin = url_origin(urls[_i].url);

	ck_assert_msg(g_strcmp0(origin, urls[_i].origin) == 0, "%s: %s", urls[_i].url,
		      origin);
	ck_assert_msg(url_is_loopback(urls[_i].url) == urls[_i].loopback, "%s",
		      urls[_i].url);
	ck_assert(url_same_origin(urls[_i].url, urls[_i].url) == !!urls[_i].origin);
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} origins[] = {
	{ "https://h/a", "https://h/b?c", true },
	{ "https://h", "https://H:443/", true },
	{ "http://h:80", "http://h", true },
	{ "https://h", "http://h", false },
	{ "https://h", "https://h:8443", false },
	{ "https://h", "https://h.example.org", false },
	{ "https://h", "https://h.", false },
	{ "http://h:443", "https://h:443", false },
	{ "https://h", "https://user@h", false },
	{ "https://user@h", "https://user@h", false },
	{ "nonsense", "nonsense", false },
};

START_TEST(compares_origins)
{
	ck_assert_msg(url_same_origin(origins[_i].a, origins[_i].b) == origins[_i].same,
		      "%s %s", origins[_i].a, origins[_i].b);
	ck_assert_msg(url_same_origin(origins[_i].b, origins[_i].a) == origins[_i].same,
		      "%s %s", origins[_i].b, origins[_i].a);
}
END_TEST

static const struct {
	const char *base, *reference;
	const char *url; /* NULL: none */
} references[] = {
	{ "https://h/a/b?c", "?page=2", "https://h/a/b?page=2" },
	{ "https://h/a/b?c", "d", "https://h/a/d" },
	{ "https://h/a/b?c", "/d", "https://h/d" },
	{ "https://h/a/b?c", "./d", "https://h/a/d" },
	{ "https://h/a/b?c", "../../../d", "https://h/d" },
	{ "https://h/a/b?c", "", "https://h/a/b?c" },
	{ "https://h:8443/a", "/d", "https://h:8443/d" },
	{ "https://h/a", "//other/d", "https://other/d" },
	{ "https://h/a", "http://other/d", "http://other/d" },
	{ "https://h/a", "https://h/x%2Fy?z=%20", "https://h/x%2Fy?z=%20" },
	{ "https://h/a", "?filter[x][gt]=1", "https://h/a?filter[x][gt]=1" },
	{ "https://h/a", "https://user@h/", NULL },
	{ "https://h/a", "//user:password@h/", NULL },
	{ "https://h/a", "file:///etc/passwd", NULL },
	{ "https://h/a", "javascript:alert(1)", NULL },
	{ "https://h/a", "x:/..//", NULL },
	{ "https://h/a", "/..//x", "https://h//x" },
	{ "https://h/a", "a b", NULL },
	{ "https://h/a", "\\\\other\\", NULL },
	{ "https://h/a", "/%zz", NULL },
	{ "https://h/a", "https://", NULL },
	{ "nonsense", "https://h/a", NULL },
	{ "", "", NULL },
};

START_TEST(resolves_references)
{
	g_autofree char *url = url_resolve(references[_i].base, references[_i].reference);

	ck_assert_msg(g_strcmp0(url, references[_i].url) == 0, "%s: %s",
		      references[_i].reference, url);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_field");
	TCase *tests = tcase_create("http_field");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, finds_links, 0, G_N_ELEMENTS(links));
	tcase_add_loop_test(tests, reads_dates, 0, G_N_ELEMENTS(dates));
	tcase_add_loop_test(tests, reads_waits, 0, G_N_ELEMENTS(waits));
	tcase_add_loop_test(tests, reads_urls, 0, G_N_ELEMENTS(urls));
	tcase_add_loop_test(tests, compares_origins, 0, G_N_ELEMENTS(origins));
	tcase_add_loop_test(tests, resolves_references, 0, G_N_ELEMENTS(references));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
