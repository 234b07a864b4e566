#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/json.h"

struct thing {
	char *text, *id;
	gint64 number;
	bool flag, present;
	gint64 time;
	char **texts;
};

#define AT(member) G_STRUCT_OFFSET(struct thing, member)

static void thing_clear(struct thing *thing)
{
	g_free(thing->text);
	g_free(thing->id);
	g_strfreev(thing->texts);
}

/* What a thing holds, in one line. */
static char *show(const struct thing *thing)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *time = instant_format(thing->time);

	if (thing->text)
		g_string_append_printf(line, "text=%s ", thing->text);
	if (thing->id)
		g_string_append_printf(line, "id=%s ", thing->id);
	if (thing->number != 0)
		g_string_append_printf(line, "number=%" G_GINT64_FORMAT " ",
				       thing->number);
	if (thing->flag)
		g_string_append(line, "flag ");
	if (thing->present)
		g_string_append(line, "present ");
	if (thing->time != INSTANT_NONE)
		g_string_append_printf(line, "time=%s ", time);
	if (thing->texts) {
		g_autofree char *joined = g_strjoinv("|", thing->texts);

		g_string_append_printf(line, "texts=%s ", joined);
	}
	if (line->len > 0)
		g_string_truncate(line, line->len - 1);
	return g_string_free(g_steal_pointer(&line), FALSE);
}

/* One type at a time, at "v". */
static const struct {
	enum json_type type;
	const char *json;
	const char *shown; /* NULL: an error */
	const char *error;
} values[] = {
	{ JSON_TEXT, "\"x\"", "text=x" },
	{ JSON_TEXT, "\"\"", "" },
	{ JSON_TEXT, "null", "" },
	{ JSON_TEXT, "1234567890123456", "text=1234567890123456" },
	{ JSON_TEXT, "12", NULL, "v: expected text, found 12" },
	{ JSON_TEXT, "true", NULL, "v: expected text, found true" },
	{ JSON_TEXT, "[]", NULL, "v: expected text, found a list" },
	{ JSON_TEXT, "{}", NULL, "v: expected text, found an object" },
	{ JSON_ID, "\"x\"", "id=x" },
	{ JSON_ID, "0", "id=0" },
	{ JSON_ID, "12", "id=12" },
	{ JSON_ID, "-12", "id=-12" },
	{ JSON_ID, "2147483648", "id=2147483648" },
	{ JSON_ID, "999999999999999", "id=999999999999999" },
	{ JSON_ID, "9007199254740993", "id=9007199254740993" },
	{ JSON_ID, "18446744073709551617", "id=18446744073709551617" },
	{ JSON_ID, "1.0", "id=1" },
	{ JSON_ID, "", "" },
	{ JSON_ID, "1.5", NULL, "v: expected text or an integer, found 1.5" },
	{ JSON_ID, "1e300", NULL, "found 1e+300" },
	{ JSON_ID, "false", NULL, "found false" },
	{ JSON_INT, "7", "number=7" },
	{ JSON_INT, "-7", "number=-7" },
	{ JSON_INT, "\"7\"", "number=7" },
	{ JSON_INT, "\"-7\"", "number=-7" },
	{ JSON_INT, "9007199254740992", "number=9007199254740992" },
	{ JSON_INT, "-9007199254740992", "number=-9007199254740992" },
	{ JSON_INT, "9007199254740993", NULL, "found \"9007199254740993\"" },
	{ JSON_INT, "1e15", "number=1000000000000000" },
	{ JSON_INT, "1e17", NULL, "v: expected an integer, found 1e+17" },
	{ JSON_INT, "7.5", NULL, "v: expected an integer, found 7.5" },
	{ JSON_INT, "\"7x\"", NULL, "found \"7x\"" },
	{ JSON_INT, "\" 7\"", NULL, "found \" 7\"" },
	{ JSON_INT, "\"+7\"", "number=7" },
	{ JSON_INT, "\"seven\"", NULL, "found \"seven\"" },
	{ JSON_BOOL, "true", "flag" },
	{ JSON_BOOL, "false", "" },
	{ JSON_BOOL, "null", "" },
	{ JSON_BOOL, "1", NULL, "v: expected true or false, found 1" },
	{ JSON_BOOL, "\"true\"", NULL, "found \"true\"" },
	{ JSON_TIME, "\"2026-03-01T12:00:00Z\"", "time=2026-03-01T12:00:00Z" },
	{ JSON_TIME, "\"2026-03-01 12:00:00\"", "time=2026-03-01T12:00:00Z" },
	{ JSON_TIME, "\"2026-03-01T12:00:00.000+0100\"", "time=2026-03-01T11:00:00Z" },
	{ JSON_TIME, "\"0001-01-01T00:00:00Z\"", "" },
	{ JSON_TIME, "\"2100-01-01T00:00:00Z\"", "" },
	{ JSON_TIME, "\"\"", "" },
	{ JSON_TIME, "\"soon\"", NULL, "v: expected a time, found \"soon\"" },
	{ JSON_TIME, "12", NULL, "v: expected a time, found 12" },
	{ JSON_EPOCH, "1700000000", "time=2023-11-14T22:13:20Z" },
	{ JSON_EPOCH, "1700000000.25", "time=2023-11-14T22:13:20.250000Z" },
	{ JSON_EPOCH, "1700000000.123457", "time=2023-11-14T22:13:20.123457Z" },
	{ JSON_EPOCH, "\"1700000000\"", "time=2023-11-14T22:13:20Z" },
	{ JSON_EPOCH, "0", "" },
	{ JSON_EPOCH, "-5", "" },
	{ JSON_EPOCH, "1e300", "" },
	{ JSON_EPOCH, "1700000000000", "" }, /* milliseconds, misunderstood */
	{ JSON_EPOCH, "17000000000000000", "" },
	{ JSON_EPOCH, "\"17x\"", NULL, "v: expected seconds since 1970, found \"17x\"" },
	{ JSON_EPOCH, "true", NULL, "found true" },
	{ JSON_EPOCH_MS, "1700000000250", "time=2023-11-14T22:13:20.250000Z" },
	{ JSON_EPOCH_MS, "\"1700000000250\"", "time=2023-11-14T22:13:20.250000Z" },
	{ JSON_EPOCH_MS, "1700000000", "" },
	{ JSON_PRESENT, "1", "present" },
	{ JSON_PRESENT, "0", "present" },
	{ JSON_PRESENT, "true", "present" },
	{ JSON_PRESENT, "{}", "present" },
	{ JSON_PRESENT, "[0]", "present" },
	{ JSON_PRESENT, "\"x\"", "present" },
	{ JSON_PRESENT, "[]", "" },
	{ JSON_PRESENT, "\"\"", "" },
	{ JSON_PRESENT, "false", "" },
	{ JSON_PRESENT, "null", "" },
	{ JSON_TEXTS, "\"x\"", "texts=x" },
	{ JSON_TEXTS, "[]", NULL, "v: expected texts, found a list" },
	{ JSON_TEXT, "\"line\\nbreak \\u001b[31m and a very long text that goes on\"",
	  "*" },
	{ JSON_TIME, "\"line\\nbreak \\u001b[31m and a very long text that goes on\"",
	  NULL, "found \"line\\nbreak \\033[31m and a very long text th\"..." },
};

static gsize place_of(enum json_type type)
{
	static const gsize places[] = {
		[JSON_TEXT] = AT(text),	      [JSON_ID] = AT(id),
		[JSON_INT] = AT(number),      [JSON_BOOL] = AT(flag),
		[JSON_TIME] = AT(time),	      [JSON_EPOCH] = AT(time),
		[JSON_EPOCH_MS] = AT(time),   [JSON_TEXTS] = AT(texts),
		[JSON_PRESENT] = AT(present),
	};

	return places[type];
}

static bool decode(const char *json, const struct json_field *fields, struct thing *thing,
		   GError **error)
{
	_cleanup_(cJSON_Deletep) cJSON *document = json_parse(json, strlen(json), NULL);

	ck_assert_msg(document, "%s", json);
	return json_decode(document, fields, thing, error);
}

START_TEST(reads_each_type)
{
	const struct json_field fields[] = {
		{ "/v", values[_i].type, false, place_of(values[_i].type) },
		{ NULL },
	};
	const char *json = values[_i].json;
	g_autofree char *object = *json ? g_strdup_printf("{\"v\":%s}", json)
					: g_strdup("{}");
	_cleanup_(thing_clear) struct thing thing = { .time = INSTANT_NONE };
	g_autoptr(GError) error = NULL;
	bool good = decode(object, fields, &thing, &error);
	g_autofree char *shown = show(&thing);

	if (values[_i].shown) {
		ck_assert_msg(good, "%s: %s", object, error ? error->message : "");
		if (strcmp(values[_i].shown, "*") != 0)
			ck_assert_msg(strcmp(shown, values[_i].shown) == 0, "%s: %s",
				      object, shown);
		return;
	}
	ck_assert_msg(!good, "%s: %s", object, shown);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_msg(strstr(error->message, values[_i].error), "%s: %s", object,
		      error->message);
	ck_assert_str_eq(shown, "");
}
END_TEST

static const struct json_field first_wins[] = {
	{ "/merged/sha", JSON_TEXT, false, AT(text) },
	{ "/sha", JSON_TEXT, true, AT(text) },
	{ "/head", JSON_TEXT, false, AT(text) },
	{ "/finished", JSON_TIME, false, AT(time) },
	{ "/finished_ms", JSON_EPOCH_MS, false, AT(time) },
	{ "/bot", JSON_BOOL, false, AT(flag) },
	{ "/app", JSON_PRESENT, false, AT(flag) },
	{ "/labels/*/name", JSON_TEXTS, false, AT(texts) },
	{ "/labels/*", JSON_TEXTS, false, AT(texts) },
	{ NULL },
};
static const struct json_field all_required[] = {
	{ "/id", JSON_ID, true, AT(id) },
	{ "/count", JSON_INT, true, AT(number) },
	{ "/draft", JSON_BOOL, true, AT(flag) },
	{ "/created_at", JSON_TIME, true, AT(time) },
	{ "/tags/*", JSON_TEXTS, true, AT(texts) },
	{ NULL },
};
static const struct json_field nested_lists[] = {
	{ "/groups/*/members/*/id", JSON_TEXTS, false, AT(texts) },
	{ NULL },
};
static const struct json_field picked[] = {
	{ "/groups/*/members/[kind=image]/id", JSON_TEXTS, false, AT(texts) },
	{ NULL },
};

static const struct {
	const struct json_field *fields;
	const char *json;
	const char *shown;
	const char *error;
} objects[] = {
	{ first_wins, "{\"merged\":{\"sha\":\"m\"},\"sha\":\"s\"}", "text=m" },
	{ first_wins, "{\"merged\":{\"sha\":null},\"sha\":\"s\"}", "text=s" },
	{ first_wins, "{\"merged\":null,\"sha\":\"\",\"head\":\"h\"}", "text=h" },
	{ first_wins, "{\"merged\":\"x\",\"head\":\"h\"}", "text=h" },
	{ first_wins, "{\"sha\":\"s\",\"head\":5}", "text=s" }, /* never looked at */
	{ first_wins, "{}", NULL, "sha: missing" },
	{ first_wins, "{\"sha\":null,\"head\":\"\"}", NULL, "sha: missing" },
	{ first_wins, "{\"sha\":1}", NULL, "sha: expected text, found 1" },
	{ first_wins, "{\"sha\":\"s\",\"finished\":null,\"finished_ms\":1700000000000}",
	  "text=s time=2023-11-14T22:13:20Z" },
	{ first_wins,
	  "{\"sha\":\"s\",\"finished\":\"0001-01-01T00:00:00Z\",\"finished_ms\":"
	  "1700000000000}",
	  "text=s time=2023-11-14T22:13:20Z" },
	{ first_wins, "{\"sha\":\"s\",\"app\":{}}", "text=s flag" },
	{ first_wins, "{\"sha\":\"s\",\"bot\":false,\"app\":{}}", "text=s" },
	{ first_wins, "{\"sha\":\"s\",\"labels\":[{\"name\":\"a\"},{\"name\":7}]}",
	  "text=s texts=a|7" },
	{ first_wins,
	  "{\"sha\":\"s\",\"labels\":[{\"name\":null},{},{\"name\":\"\"},{\"name\":\"b\"}"
	  "]}",
	  "text=s texts=b" },
	{ first_wins, "{\"sha\":\"s\",\"labels\":[\"a\",\"b\"]}", "text=s texts=a|b" },
	{ first_wins, "{\"sha\":\"s\",\"labels\":[]}", "text=s" },
	{ first_wins, "{\"sha\":\"s\",\"labels\":{}}", "text=s" },
	{ first_wins, "{\"sha\":\"s\",\"labels\":[{\"name\":{}}]}", NULL,
	  "labels/*/name: expected texts" },
	{ all_required,
	  "{\"id\":0,\"count\":0,\"draft\":false,\"created_at\":\"2026-03-01T12:00:00Z\","
	  "\"tags\":[\"a\"]}",
	  "id=0 time=2026-03-01T12:00:00Z texts=a" },
	{ all_required, "{}", NULL, "id: missing" },
	{ all_required, "{\"id\":1}", NULL, "count: missing" },
	{ all_required, "{\"id\":1,\"count\":0,\"draft\":null}", NULL, "draft: missing" },
	{ all_required, "{\"id\":1,\"count\":0,\"draft\":true}", NULL,
	  "created_at: missing" },
	{ all_required,
	  "{\"id\":1,\"count\":0,\"draft\":true,\"created_at\":\"0001-01-01T00:00:00Z\"}",
	  NULL, "created_at: \"0001-01-01T00:00:00Z\" cannot be" },
	{ all_required,
	  "{\"id\":0,\"count\":0,\"draft\":false,\"created_at\":\"2026-03-01T12:00:00Z\","
	  "\"tags\":[]}",
	  NULL, "tags/*: missing" },
	{ nested_lists,
	  "{\"groups\":[{\"members\":[{\"id\":\"a\"},{\"id\":\"b\"}]},{\"members\":[]},"
	  "{\"members\":[{\"id\":\"c\"}]},{}]}",
	  "texts=a|b|c" },
	{ picked,
	  "{\"groups\":[{\"members\":[{\"id\":\"a\"},{\"kind\":\"image\",\"id\":\"b\"}]},"
	  "{\"members\":[{\"kind\":\"image\",\"id\":\"c\"}]},{}]}",
	  "texts=b|c" },
	{ nested_lists, "[]", "" },
	{ nested_lists, "7", "" },
};

START_TEST(reads_objects)
{
	_cleanup_(thing_clear) struct thing thing = { .time = INSTANT_NONE };
	g_autoptr(GError) error = NULL;
	bool good = decode(objects[_i].json, objects[_i].fields, &thing, &error);
	g_autofree char *shown = show(&thing);

	if (objects[_i].shown) {
		ck_assert_msg(good, "%s: %s", objects[_i].json,
			      error ? error->message : "");
		ck_assert_msg(strcmp(shown, objects[_i].shown) == 0, "%s: %s",
			      objects[_i].json, shown);
		return;
	}
	ck_assert_msg(!good, "%s: %s", objects[_i].json, shown);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_msg(g_str_has_prefix(error->message, objects[_i].error), "%s: %s",
		      objects[_i].json, error->message);
}
END_TEST

/* A second look at the same thing adds what is missing. */
START_TEST(leaves_what_is_there)
{
	_cleanup_(thing_clear) struct thing thing = { .time = INSTANT_NONE };

	thing.text = g_strdup("before");
	thing.time = G_TIME_SPAN_DAY;
	ck_assert(decode("{\"sha\":\"s\",\"finished\":\"2026-03-01T12:00:00Z\","
			 "\"labels\":[\"l\"]}",
			 first_wins, &thing, NULL));
	ck_assert_str_eq(thing.text, "before");
	ck_assert_int_eq(thing.time, G_TIME_SPAN_DAY);
	ck_assert_str_eq(thing.texts[0], "l");
	ck_assert(decode("{}", first_wins, &thing, NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json_decode");
	TCase *tests = tcase_create("json_decode");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, reads_each_type, 0, G_N_ELEMENTS(values));
	tcase_add_loop_test(tests, reads_objects, 0, G_N_ELEMENTS(objects));
	tcase_add_test(tests, leaves_what_is_there);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
