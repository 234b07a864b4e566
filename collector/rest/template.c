#include "collector/rest/template.h"

#include <string.h>

static const char *const names[N_VARIABLES] = {
	[VARIABLE_PROJECT] = "project",
	[VARIABLE_OWNER] = "owner",
	[VARIABLE_NAME] = "name",
	[VARIABLE_SINCE] = "since",
	[VARIABLE_UNTIL] = "until",
	[VARIABLE_ID] = "id",
	[VARIABLE_PARENT] = "parent",
	[VARIABLE_PAGE] = "page",
	[VARIABLE_OFFSET] = "offset",
	[VARIABLE_SIZE] = "size",
	[VARIABLE_END] = "end",
	[VARIABLE_TOKEN] = "token",
	[VARIABLE_QUERY] = "query",
	[VARIABLE_LABELS] = "labels",
	[VARIABLE_TYPES] = "types",
	[VARIABLE_SERVICES] = "services",
	[VARIABLE_ORGANIZATION] = "organization",
	[VARIABLE_ENVIRONMENT] = "environment",
	[VARIABLE_JOBS] = "jobs",
	[VARIABLE_DEBT_QUERY] = "debt_query",
	[VARIABLE_DEBT_LABELS] = "debt_labels",
};

static char *join(char **texts, unsigned n)
{
	GString *joined = g_string_new(NULL);

	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(joined, "%s%s", i ? "," : "", texts[i]);
	return g_string_free(joined, FALSE);
}

/* "shop/deploy" is "job/shop/job/deploy". */
static char *job_path(const char *project)
{
	g_auto(GStrv) parts = g_strsplit(project, "/", -1);
	g_autofree char *path = g_strjoinv("/job/", parts);

	return g_strconcat("job/", path, NULL);
}

void variables_init(struct variables *variables, const struct config_api *api,
		    const char *project, const char *environment)
{
	const char *first = strchr(project, '/');
	const char *last = strrchr(project, '/');

	*variables =
		(struct variables){ .values = {
					    [VARIABLE_PROJECT] = g_strdup(project),
					    [VARIABLE_OWNER] =
						    first ? g_strndup(project,
								      (gsize)(first -
									      project))
							  : g_strdup(project),
					    [VARIABLE_NAME] = g_strdup(last ? last + 1
									    : project),
					    [VARIABLE_QUERY] = g_strdup(api->query),
					    [VARIABLE_LABELS] = join(api->labels,
								     api->n_labels),
					    [VARIABLE_TYPES] = join(api->types,
								    api->n_types),
					    [VARIABLE_SERVICES] = join(api->services,
								       api->n_services),
					    [VARIABLE_ORGANIZATION] = g_strdup(
						    api->organization),
					    [VARIABLE_ENVIRONMENT] = g_strdup(
						    environment),
					    [VARIABLE_JOBS] = job_path(project),
					    [VARIABLE_DEBT_QUERY] = g_strdup(
						    api->debt_query),
					    [VARIABLE_DEBT_LABELS] = join(
						    api->debt_labels, api->n_debt_labels),
				    } };
}

void variables_copy(struct variables *to, const struct variables *from)
{
	for (gsize i = 0; i < N_VARIABLES; i++)
		to->values[i] = g_strdup(from->values[i]);
}

void variables_set(struct variables *variables, enum variable which, const char *value)
{
	g_free(variables->values[which]);
	variables->values[which] = g_strdup(value);
}

void variables_clear(struct variables *variables)
{
	for (gsize i = 0; i < N_VARIABLES; i++)
		g_clear_pointer(&variables->values[i], g_free);
}

/* The variable that "{name}" or "{+name}" at text is, with its length; N_VARIABLES. */
static enum variable variable_at(const char *text, gsize *length, bool *keep_slash)
{
	const char *name, *end;

	*keep_slash = text[1] == '+';
	name = text + (*keep_slash ? 2 : 1);
	end = name + strspn(name, "abcdefghijklmnopqrstuvwxyz_");
	if (*end != '}')
		return N_VARIABLES;
	*length = (gsize)(end + 1 - text);
	for (int i = 0; i < N_VARIABLES; i++)
		if (strlen(names[i]) == (gsize)(end - name) &&
		    memcmp(names[i], name, (gsize)(end - name)) == 0)
			return (enum variable)i;
	return N_VARIABLES;
}

static void append_json(GString *out, const char *value)
{
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(out, "\\%c", *c);
		else if ((guchar)*c < 0x20)
			g_string_append_printf(out, "\\u%04x", (guint)(guchar)*c);
		else
			g_string_append_c(out, *c);
	}
}

static void append(GString *out, const char *value, enum template_use use,
		   bool keep_slash)
{
	if (!value)
		return;
	switch (use) {
	case TEMPLATE_URL:
		g_string_append_uri_escaped(out, value, keep_slash ? "/" : NULL, false);
		break;
	case TEMPLATE_JSON:
		append_json(out, value);
		break;
	case TEMPLATE_TEXT:
		g_string_append(out, value);
		break;
	}
}

char *template_expand(const char *text, enum template_use use,
		      const struct variables *variables)
{
	GString *out = g_string_new(NULL);

	while (*text) {
		gsize length = 0;
		bool keep_slash = false;
		enum variable which = *text == '{'
					      ? variable_at(text, &length, &keep_slash)
					      : N_VARIABLES;
		if (which == N_VARIABLES) {
			g_string_append_c(out, *text++);
			continue;
		}
		append(out, variables->values[which], use, keep_slash);
		text += length;
	}
	return g_string_free(out, FALSE);
}

static bool is_empty_parameter(const char *parameter)
{
	const char *value = strchr(parameter, '=');

	return !*parameter || (value && !value[1]);
}

char *template_url(const char *base, const char *path, const struct variables *variables)
{
	bool whole = g_str_has_prefix(path, "https://") ||
		     g_str_has_prefix(path, "http://");
	g_auto(GStrv) halves = g_strsplit(path, "?", 2);
	/* "" splits into nothing. */
	g_autofree char *start = template_expand(halves[0] ? halves[0] : "", TEMPLATE_URL,
						 variables);
	GString *url = g_string_new(whole ? "" : base);
	char mark = '?';

	g_string_append(url, start);
	if (halves[0] && halves[1]) {
		g_auto(GStrv) parameters = g_strsplit(halves[1], "&", -1);

		for (gsize i = 0; parameters[i]; i++) {
			g_autofree char *parameter = template_expand(
				parameters[i], TEMPLATE_URL, variables);
			if (is_empty_parameter(parameter))
				continue;
			g_string_append_c(url, mark);
			g_string_append(url, parameter);
			mark = '&';
		}
	}
	return g_string_free(url, FALSE);
}

bool template_has_project(const char *text)
{
	while (text && (text = strchr(text, '{'))) {
		gsize length;
		bool keep_slash;
		enum variable which = variable_at(text, &length, &keep_slash);

		if (which == VARIABLE_PROJECT || which == VARIABLE_OWNER ||
		    which == VARIABLE_NAME || which == VARIABLE_JOBS)
			return true;
		text++;
	}
	return false;
}

/* ---- times ---- */

static const struct {
	GTimeSpan unit;
	const char *format; /* of g_date_time_format(); NULL: a number of units */
} formats[] = {
	[TIME_RFC3339] = { G_TIME_SPAN_SECOND, "%Y-%m-%dT%H:%M:%SZ" },
	[TIME_EPOCH] = { G_TIME_SPAN_SECOND, NULL },
	[TIME_EPOCH_MS] = { G_TIME_SPAN_MILLISECOND, NULL },
	[TIME_DATE] = { G_TIME_SPAN_DAY, "%Y-%m-%d" },
	[TIME_SPACE] = { G_TIME_SPAN_SECOND, "%Y-%m-%d %H:%M:%S" },
	[TIME_JQL] = { G_TIME_SPAN_MINUTE, "%Y-%m-%d %H:%M" },
};

GTimeSpan time_format_unit(enum time_format format)
{
	return formats[format].unit;
}

/* Zones were whole minutes from UTC since long before anything was deployed, so that
 * rounding first gives the same. */
char *time_format_text(enum time_format format, gint64 instant, bool up,
		       const struct zone *zone)
{
	GTimeSpan unit = formats[format].unit;
	gint64 units = instant / unit + (up && instant % unit > 0);
	gint64 shown = units * unit;
	g_autoptr(GDateTime) time = NULL;

	if (!formats[format].format)
		return g_strdup_printf("%" G_GINT64_FORMAT, units);
	if (format == TIME_JQL && zone)
		shown += zone_offset(zone, shown, NULL);
	time = g_date_time_new_from_unix_utc(shown / G_TIME_SPAN_SECOND);
	return time ? g_date_time_format(time, formats[format].format) : NULL;
}
