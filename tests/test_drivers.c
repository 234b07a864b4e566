#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/driver.h"

/*
 * That the tables of every driver hold together: what the engine takes for granted.
 */

/* ---- templates ---- */

static const char *const variables[] = {
	"project",     "owner",	     "name",	    "since", "until",	 "id",
	"parent",      "page",	     "offset",	    "size",  "token",	 "end",
	"jobs",	       "query",	     "labels",	    "types", "services", "organization",
	"environment", "debt_query", "debt_labels",
};
/* Those that a setting fills. */
static const struct {
	const char *variable, *key;
} filled[] = {
	{ "project", "projects" },
	{ "owner", "projects" },
	{ "name", "projects" },
	{ "jobs", "projects" },
	{ "query", "query" },
	{ "labels", "labels" },
	{ "types", "types" },
	{ "services", "services" },
	{ "organization", "organization" },
	{ "debt_query", "debt_query" },
	{ "debt_labels", "debt_labels" },
};

static bool has(const char *text, const char *variable)
{
	g_autofree char *plain = g_strconcat("{", variable, "}", NULL);
	g_autofree char *kept = g_strconcat("{+", variable, "}", NULL);

	return text && (strstr(text, plain) || strstr(text, kept));
}

static const struct setting *setting_of(const struct driver *driver, const char *key)
{
	for (const struct setting *row = driver->settings; row && row->key; row++)
		if (strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

/* Every brace of a url is one of a variable. A body has braces of its own. */
static void check_names(const char *what, const char *text)
{
	for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
		const char *name = open + 1 + (open[1] == '+');
		const char *end = strchr(name, '}');
		g_autofree char *word = end ? g_strndup(name, (gsize)(end - name)) : NULL;
		bool known = false;

		for (gsize i = 0; word && i < G_N_ELEMENTS(variables); i++)
			known |= strcmp(variables[i], word) == 0;
		ck_assert_msg(known, "%s: %s: what is %s?", what, text, open);
	}
}

static void check_template(const struct driver *driver, const char *what,
			   const char *text)
{
	if (!text)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(filled); i++)
		ck_assert_msg(!has(text, filled[i].variable) ||
				      setting_of(driver, filled[i].key),
			      "%s: {%s} without the setting %s", what, filled[i].variable,
			      filled[i].key);
}

static void check_path(const struct driver *driver, const char *what, const char *path)
{
	if (!path)
		return;
	ck_assert_msg(path[0] == '/' || g_str_has_prefix(path, "https://"), "%s: %s",
		      what, path);
	ck_assert_msg(!strpbrk(path, " \t\n\"<>\\^`|"), "%s: %s", what, path);
	check_names(what, path);
	check_template(driver, what, path);
}

/* ---- tables ---- */

static const struct item_member *member_at(gsize offset)
{
	for (const struct item_member *member = item_members; member->name; member++)
		if (member->offset == offset)
			return member;
	return NULL;
}

static bool fits(enum json_type field, enum json_type member)
{
	switch (member) {
	case JSON_TEXT:
	case JSON_ID:
		return field == JSON_TEXT || field == JSON_ID;
	case JSON_TIME:
		return field == JSON_TIME || field == JSON_EPOCH ||
		       field == JSON_EPOCH_MS;
	case JSON_BOOL:
		return field == JSON_BOOL || field == JSON_PRESENT;
	case JSON_INT:
	case JSON_EPOCH:
	case JSON_EPOCH_MS:
	case JSON_TEXTS:
	case JSON_PRESENT:
	default:
		return field == member;
	}
}

static void check_fields(const char *what, const struct json_field *fields)
{
	bool has_id = false;

	for (const struct json_field *field = fields; field->path; field++) {
		const struct item_member *member = member_at(field->offset);

		ck_assert_msg(member && fits(field->type, member->type), "%s: %s", what,
			      field->path);
		ck_assert_msg(field->path[0] == '/' || field->path[0] == '\0', "%s: %s",
			      what, field->path);
		has_id |= field->offset == ITEM(id);
	}
	ck_assert_msg(has_id, "%s: no id", what);
}

static bool fills(const struct json_field *fields, gsize offset)
{
	for (const struct json_field *field = fields; field->path; field++)
		if (field->offset == offset)
			return true;
	return false;
}

static void check_states(const char *what, const struct state_map *states)
{
	const struct state_map *row = states;

	if (!states)
		return;
	for (; row->word; row++)
		for (const struct state_map *before = states; before < row; before++)
			ck_assert_msg(g_ascii_strcasecmp(before->word, row->word) != 0,
				      "%s: %s twice", what, row->word);
	ck_assert_msg(row > states, "%s: no words", what);
	ck_assert_msg(row->outcome < N_OUTCOMES, "%s", what);
	for (; row >= states; row--)
		ck_assert_msg(!row->done || row->outcome != OUTCOME_RUNNING,
			      "%s: %s is over and runs", what,
			      row->word ? row->word : "any other");
}

/* ---- paging and order ---- */

static void check_paging(const char *what, enum paging paging, const char *path,
			 const char *body, const char *token_path,
			 const char *token_header, guint size)
{
	bool good = true;

	switch (paging) {
	case PAGING_NONE:
	case PAGING_LINK:
		break;
	case PAGING_PAGE:
		good = (has(path, "page") || has(body, "page")) && size > 0;
		break;
	case PAGING_OFFSET:
		good = (has(path, "offset") || has(body, "offset")) && size > 0;
		break;
	case PAGING_TOKEN:
		good = (has(path, "token") || has(body, "token")) &&
		       (token_path || token_header);
		break;
	case PAGING_NEXT:
		good = token_path != NULL;
		break;
	case PAGING_KEYSET:
		good = (has(path, "since") || has(body, "since")) && size > 0;
		break;
	}
	ck_assert_msg(good, "%s: its paging lacks something", what);
}

static void check_order(const char *what, const struct feed *feed)
{
	bool since = has(feed->path, "since") || has(feed->body, "since");
	bool until = has(feed->path, "until") || has(feed->body, "until");
	bool created = feed->accept || fills(feed->fields, ITEM(created));
	bool updated = feed->accept || fills(feed->fields, ITEM(updated));
	bool good = true;

	switch (feed->order) {
	case ORDER_UPDATED:
		good = since && updated;
		break;
	case ORDER_NEWEST:
		good = created && !since;
		break;
	case ORDER_RECENT:
		good = updated && !since;
		break;
	case ORDER_CREATED:
		good = created && since && until;
		break;
	case ORDER_NUMBER:
		good = !since && !until;
		break;
	case ORDER_STATE:
		good = !since && !until;
		break;
	}
	ck_assert_msg(good, "%s: its order lacks something", what);
	ck_assert_msg(!feed->window_path || (has(feed->window_path, "since") &&
					     has(feed->window_path, "until")),
		      "%s: its windows have no ends", what);
	ck_assert_msg(!feed->item_path || has(feed->item_path, "id"),
		      "%s: no id to ask for", what);
	/* A list that is cut off without windows is a list with holes. */
	ck_assert_msg(!feed->cap || feed->window_path || feed->order == ORDER_CREATED ||
			      feed->order == ORDER_UPDATED,
		      "%s: a cap without windows", what);
}

/* ---- feeds and details ---- */

static void check_details(const struct driver *driver, const struct feed *feed,
			  const struct detail *details, const char *above)
{
	for (const struct detail *detail = details; detail && detail->name; detail++) {
		g_autofree char *what = g_strdup_printf("%s.%s", above, detail->name);
		check_path(driver, what, detail->path);
		ck_assert_msg(has(detail->path, "id") || has(detail->path, "parent") ||
				      has(detail->path, "project"),
			      "%s: whose?", what);
		ck_assert_msg(detail->fields || detail->merge, "%s: for nothing", what);
		ck_assert_msg(!detail->details || detail->fields, "%s: of what?", what);
		if (detail->fields) {
			ck_assert_int_lt(detail->kind, N_ITEM_KINDS);
			check_fields(what, detail->fields);
		}
		check_states(what, detail->states);
		check_paging(what, detail->paging, detail->path, NULL,
			     detail->token_path ? detail->token_path : feed->token_path,
			     feed->token_header, feed->size);
		/* A list without an end would be cut off. */
		ck_assert_msg(detail->paging != PAGING_NONE ||
				      !strstr(detail->path, "per_page="),
			      "%s: one page of many", what);
		check_details(driver, feed, detail->details, what);
	}
}

static bool is_sentence(const char *text)
{
	return text && (g_ascii_isupper(text[0]) || g_ascii_isdigit(text[0])) &&
	       g_str_has_suffix(text, ".");
}

static void check_feed(const struct driver *driver, const struct feed *feed)
{
	g_autofree char *what = g_strdup_printf("%s.%s", driver->name, feed->name);

	ck_assert_msg(driver_feed(driver, feed->name) == feed, "%s: twice", what);
	ck_assert_msg(strspn(feed->name, "abcdefghijklmnopqrstuvwxyz_") ==
			      strlen(feed->name),
		      "%s: name", what);
	ck_assert_int_lt(feed->kind, N_ITEM_KINDS);
	ck_assert_msg(is_sentence(feed->help), "%s: help", what);
	ck_assert_msg(feed->path && feed->fields, "%s: no path or fields", what);
	ck_assert_msg(!feed->body || feed->method, "%s: a body with GET", what);
	check_path(driver, what, feed->path);
	check_path(driver, what, feed->window_path);
	check_path(driver, what, feed->item_path);
	check_template(driver, what, feed->body);
	check_fields(what, feed->fields);
	check_states(what, feed->states);
	check_paging(what, feed->paging, feed->path, feed->body, feed->token_path,
		     feed->token_header, feed->size);
	if (feed->window_path)
		check_paging(what, feed->paging, feed->window_path, feed->body,
			     feed->token_path, feed->token_header, feed->size);
	check_order(what, feed);
	ck_assert_msg(!feed->needs_labels || setting_of(driver, "labels") ||
			      setting_of(driver, "types"),
		      "%s: labels cannot be configured", what);
	ck_assert_msg(!feed->needs_query || setting_of(driver, "query"), "%s: no query",
		      what);
	/* A short history would leave out what is open for long. */
	ck_assert_msg((feed->kind == ITEM_DEBT) == feed->needs_debt &&
			      feed->needs_debt == feed->whole,
		      "%s: debt is read where it is asked for, and whole", what);
	ck_assert_msg(!feed->needs_debt || setting_of(driver, "debt_labels") ||
			      setting_of(driver, "debt_query"),
		      "%s: debt cannot be configured", what);
	ck_assert_msg(!feed->url || g_str_has_prefix(feed->url, "https://"), "%s", what);
	/* Releases are never final or not by a word, changes by their times. */
	ck_assert_msg(feed->states || feed->accept || feed->kind == ITEM_ARTIFACT,
		      "%s: nothing says when it is over", what);
	check_details(driver, feed, feed->details, what);
}

/* ---- drivers ---- */

static void check_setting(const struct driver *driver, const struct setting *setting)
{
	static const char *const keys[] = { "username", "projects",    "organization",
					    "services", "labels",      "types",
					    "query",	"debt_labels", "debt_query" };
	g_autoptr(GRegex) regex = NULL;
	bool known = false;

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		known |= strcmp(keys[i], setting->key) == 0;
	ck_assert_msg(known, "%s: %s", driver->name, setting->key);
	ck_assert_msg(setting_of(driver, setting->key) == setting, "%s: %s twice",
		      driver->name, setting->key);
	ck_assert_msg(setting->help && setting->example, "%s: %s: no help or example",
		      driver->name, setting->key);
	if (!setting->pattern)
		return;
	regex = g_regex_new(setting->pattern, 0, 0, NULL);
	ck_assert_msg(regex && g_regex_match(regex, setting->example, 0, NULL),
		      "%s: %s: \"%s\" is not as %s", driver->name, setting->key,
		      setting->example, setting->pattern);
	ck_assert_msg(!g_regex_match(regex, "", 0, NULL), "%s: %s: nothing is enough",
		      driver->name, setting->key);
}

START_TEST(tables)
{
	const struct driver *driver = drivers[_i];

	if (!driver)
		return;
	ck_assert_msg(driver_find(driver->name) == driver, "%s: twice", driver->name);
	ck_assert(driver->title && driver->summary && driver->limits);
	ck_assert_msg(is_sentence(driver->limits), "%s: limits", driver->name);
	ck_assert_msg(!driver->url || (g_str_has_prefix(driver->url, "https://") &&
				       !g_str_has_suffix(driver->url, "/")),
		      "%s: %s", driver->name, driver->url);
	for (const struct setting *row = driver->settings; row && row->key; row++)
		check_setting(driver, row);
	for (const struct http_header_row *row = driver->headers; row && row->name; row++)
		check_template(driver, driver->name, row->value);
	check_path(driver, driver->name, driver->whoami);
	ck_assert_msg(driver->feeds && driver->feeds->name, "%s: no feeds", driver->name);
	for (const struct feed *feed = driver->feeds; feed->name; feed++)
		check_feed(driver, feed);
}
END_TEST

/* Where no map knows the word, nothing becomes final by mistake. */
START_TEST(words_that_are_new)
{
	const struct driver *driver = drivers[_i];

	for (const struct feed *feed = driver ? driver->feeds : NULL; feed && feed->name;
	     feed++) {
		struct item item;

		if (!feed->states)
			continue;
		item_init(&item, feed->kind);
		item.state = (char *)"no such word";
		state_map_apply(feed->states, &item);
		ck_assert_msg(!item.done, "%s.%s", driver->name, feed->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drivers");
	TCase *tests = tcase_create("drivers");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, tables, 0, N_DRIVERS);
	tcase_add_loop_test(tests, words_that_are_new, 0, N_DRIVERS);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
