#include <string.h>

#include "base/error.h"
#include "base/http.h"
#include "base/instant.h"
#include "base/json.h"
#include "collector/rest/template.h"
#include "tests/fuzz/fuzz.h"

/* A template, a project, a query and a position in a list, a line each. Variables that
 * come from answers were JSON and so are UTF-8. */

#define BASE "https://api.test:8443/v1"

/* Bytes that may be in a url: those that the template itself has, or what escapes to. */
static bool is_escaped(const char *url, const char *template)
{
	bool allowed[256] = { false };

	for (const char *c = "%-._~/:?&="; *c; c++)
		allowed[(guchar)*c] = true;
	for (const char *c = template; *c; c++)
		allowed[(guchar)*c] = true;
	for (const char *c = url; *c; c++)
		if (!g_ascii_isalnum(*c) && !allowed[(guchar)*c])
			return false;
	return true;
}

static void check_url(const char *template, const struct variables *variables)
{
	g_autofree char *url = template_url(BASE, template, variables);
	g_autofree char *origin = url_origin(url);
	const char *query = strchr(url, '?');
	g_auto(GStrv) parameters = g_strsplit(query ? query + 1 : "", "&", -1);

	if (template[0] == '/')
		MUST(g_str_has_prefix(url, BASE "/"));
	MUST(!origin || template[0] != '/' || url_same_origin(url, BASE));
	MUST(is_escaped(url, template));
	MUST(!query || query[1]);
	for (gsize i = 0; query && parameters[i]; i++) {
		const char *value = strchr(parameters[i], '=');

		MUST(*parameters[i] && (!value || value[1]));
	}
}

/* A value in its place is the value again when it is read. */
static void check_value(const char *name, enum variable which,
			const struct variables *variables)
{
	const char *value = variables->values[which] ? variables->values[which] : "";
	g_autofree char *path = g_strdup_printf("/x?a={%s}&b=1", name);
	g_autofree char *body = g_strdup_printf("{\"a\":\"{%s}\"}", name);
	g_autofree char *url = template_url(BASE, path, variables);
	g_autofree char *text = template_expand(body, TEMPLATE_JSON, variables);
	_cleanup_(cJSON_Deletep) cJSON *json = json_parse(text, strlen(text), NULL);
	g_autofree char *found = NULL;
	const char *end = strstr(url, "&b=1");

	MUST(json && g_strcmp0(json_text_at(json, "/a"), value) == 0);
	if (!*value) {
		MUST(strcmp(url, BASE "/x?b=1") == 0);
		return;
	}
	MUST(g_str_has_prefix(url, BASE "/x?a=") && end && !end[strlen("&b=1")]);
	found = g_uri_unescape_segment(url + strlen(BASE "/x?a="), end, NULL);
	MUST(g_strcmp0(found, value) == 0);
}

static void check_times(const uint8_t *data, size_t size)
{
	gint64 instant = 0;

	if (size < sizeof(instant))
		return;
	memcpy(&instant, data + size - sizeof(instant), sizeof(instant));
	if (!instant_is_plausible(instant))
		return;
	for (int i = TIME_RFC3339; i <= TIME_JQL; i++) {
		enum time_format format = (enum time_format)i;
		g_autofree char *down = time_format_text(format, instant, false, NULL);
		g_autofree char *up = time_format_text(format, instant, true, NULL);
		gint64 unit = time_format_unit(format);

		MUST(down && up && strlen(down) <= strlen(up));
		MUST(strlen(down) < strlen(up) || strcmp(down, up) <= 0);
		MUST((strcmp(down, up) == 0) == (instant % unit == 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(variables_clear) struct variables variables = { 0 };
	const char *rest;
	gsize n;
	g_autofree char *template = fuzz_line(data, size, &rest, &n);
	g_autofree char *project = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	g_autofree char *query = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	g_autofree char *token = g_strndup(rest, n);
	const struct config_api api = { .query = query, .organization = token };
	g_autofree char *plain = NULL, *json = NULL;

	if (size > 2048) /* takes its time, and says no more */
		return 0;
	check_times(data, size);
	if (!g_utf8_validate(project, -1, NULL) || !g_utf8_validate(query, -1, NULL) ||
	    !g_utf8_validate(token, -1, NULL))
		return 0;
	variables_init(&variables, &api, project, NULL);
	variables_set(&variables, VARIABLE_TOKEN, token);
	check_url(template, &variables);
	check_value("query", VARIABLE_QUERY, &variables);
	check_value("token", VARIABLE_TOKEN, &variables);
	check_value("project", VARIABLE_PROJECT, &variables);
	check_value("owner", VARIABLE_OWNER, &variables);
	check_value("jobs", VARIABLE_JOBS, &variables);
	plain = template_expand(template, TEMPLATE_TEXT, &variables);
	json = template_expand(template, TEMPLATE_JSON, &variables);
	if (g_utf8_validate(template, -1, NULL))
		MUST(g_utf8_validate(plain, -1, NULL) && g_utf8_validate(json, -1, NULL));
	if (!strchr(template, '{'))
		MUST(strcmp(plain, template) == 0 && !template_has_project(template));
	return 0;
}
