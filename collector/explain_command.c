#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/command.h"
#include "collector/options.h"
#include "collector/rest/request.h"
#include "sinks/store_states.h"

struct settings {
	char *config, *environment, *format;
	gboolean team, org;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->environment);
	g_free(settings->format);
}

/* ---- the bucket ---- */

static bool date_of(int year, int month, int day, char date[11])
{
	if (year < 1900 || year > 2200 ||
	    !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
		return false;
	g_snprintf(date, 11, "%04d-%02d-%02d", year, month, day);
	return true;
}

/* The Monday of an ISO week: that of 4 January is the first. */
static bool monday_of(int year, int week, char date[11])
{
	GDate day;
	int first;

	if (year < 1900 || year > 2200 || week < 1 || week > 53)
		return false;
	g_date_clear(&day, 1);
	g_date_set_dmy(&day, 4, G_DATE_JANUARY, (GDateYear)year);
	first = (int)g_date_get_weekday(&day) - 1;
	g_date_subtract_days(&day, (guint)first);
	g_date_add_days(&day, (guint)(week - 1) * 7);
	/* year and week of its Thursday are those of the week */
	g_date_add_days(&day, 3);
	if (g_date_get_year(&day) != year)
		return false;
	g_date_subtract_days(&day, 3);
	return date_of(g_date_get_year(&day), (int)g_date_get_month(&day),
		       g_date_get_day(&day), date);
}

static bool is_window(const char *text)
{
	for (gsize i = 0; i < G_N_ELEMENTS(series_window_days); i++) {
		char name[16];

		g_snprintf(name, sizeof(name), "%ud", series_window_days[i]);
		if (strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* 2026-03-02, 2026-W10, 2026-03 or 2026-Q1: the grain and a date in the bucket. 28d: a
 * rolling window, of which there is one, so that it needs no date. */
static bool parse_bucket(const char *text, const char **grain, char date[11])
{
	int year, a, b, end = -1;

	if (is_window(text)) {
		*grain = text;
		*date = '\0';
		return true;
	}
	if (sscanf(text, "%4d-W%2d%n", &year, &a, &end) == 2 && end > 0 && !text[end]) {
		*grain = grain_name(GRAIN_WEEK);
		return monday_of(year, a, date);
	}
	if (sscanf(text, "%4d-Q%1d%n", &year, &a, &end) == 2 && end > 0 && !text[end]) {
		*grain = grain_name(GRAIN_QUARTER);
		return a >= 1 && a <= 4 && date_of(year, 3 * a - 2, 1, date);
	}
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &a, &b, &end) == 3 && end > 0 &&
	    !text[end]) {
		*grain = grain_name(GRAIN_DAY);
		return date_of(year, a, b, date);
	}
	if (sscanf(text, "%4d-%2d%n", &year, &a, &end) == 2 && end > 0 && !text[end]) {
		*grain = grain_name(GRAIN_MONTH);
		return date_of(year, a, 1, date);
	}
	return false;
}

/* ---- printing ---- */

static const struct {
	const char *part, *heading;
} headings[] = {
	{ "number", "The number" },
	{ "used", "Made of" },
	{ "open", "Open at the end of the bucket" },
	{ "left_out", "Left out" },
	{ "evidence", "Evidence" },
	{ "source", "Sources, and when each was last read" },
	{ "definition", "Definition" },
};

static char *time_text(gint64 at)
{
	return at == INSTANT_NONE ? g_strdup("-") : instant_format(at);
}

/* With a blank before it; what sources tell may hold anything, and goes to a terminal. */
static void print_word(const char *before, const char *text, const char *after)
{
	g_autofree char *word = text ? printable(text) : NULL;

	if (word)
		printf("%s%s%s", before, word, after);
}

/* NULL for NAN. */
static char *duration(double seconds)
{
	if (isnan(seconds))
		return NULL;
	/* longer than anything that is measured, and short of an overflow */
	return span_format((GTimeSpan)(CLAMP(seconds, -1e12, 1e12) * G_USEC_PER_SEC));
}

static double figure(const cJSON *figures, const char *name)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(figures, name));
}

/* The columns of the number: what is seconds there, as people read it. */
static void print_figures(const cJSON *figures)
{
	static const struct {
		const char *name, *word;
		bool span;
	} others[] = {
		{ "p50_seconds", "median", true },
		{ "p75_seconds", "p75", true },
		{ "p90_seconds", "p90", true },
		{ "p95_seconds", "p95", true },
		{ "mean_seconds", "mean", true },
		{ "pending", "pending", false },
		{ "still_open", "still open", false },
		{ "km_median_seconds", "Kaplan-Meier median", true },
		{ "deployment_days_per_week", "deployment days per week", false },
	};
	const char *unit = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(figures, "unit"));
	bool rollouts = g_strcmp0(unit, "rollouts") == 0;

	printf("  n %.0f", figure(figures, "n"));
	if (isnan(figure(figures, "value")))
		printf(", no value");
	else if (g_strcmp0(unit, "ratio") == 0)
		printf(", value %.3g %%", figure(figures, "value") * 100);
	else if (rollouts)
		printf(", value %.0f", figure(figures, "value"));
	if (!isnan(figure(figures, "denominator")))
		printf(", %.0f of %.0f%s", figure(figures, "numerator"),
		       figure(figures, "denominator"), rollouts ? " days" : "");
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		double value = figure(figures, others[i].name);
		g_autofree char *span = others[i].span ? duration(value) : NULL;

		if (isnan(value))
			continue;
		printf(", %s%s ", rollouts && i == 0 ? "between rollouts: " : "",
		       others[i].word);
		if (span)
			printf("%s", span);
		else
			printf("%.15g", value);
	}
}

static void print_row(const struct explain_row *row)
{
	g_autofree char *at = time_text(row->at);
	cJSON *figures = row->figures ? cJSON_Parse(row->figures) : NULL;

	printf("  %-24s %-11s", at, row->what);
	print_word(" ", row->name, "");
	if (row->service && strcmp(row->part, "number") != 0)
		printf(" (%s, %s)", row->service, row->environment);
	if (!isnan(row->seconds)) {
		g_autofree char *span = duration(row->seconds);

		printf("  %s", span);
	}
	print_word("  [", row->reason, "]");
	if (figures)
		print_figures(figures);
	/* the definition is ours, and is wanted whole */
	else if (strcmp(row->part, "definition") == 0)
		printf("  %s", row->detail);
	else
		print_word("  ", row->detail, "");
	print_word("  ", row->url, "");
	putchar('\n');
	cJSON_Delete(figures);
}

static void print_text(const GArray *rows)
{
	for (gsize i = 0; i < G_N_ELEMENTS(headings); i++) {
		guint n = 0;

		for (guint k = 0; k < rows->len; k++)
			n += strcmp(g_array_index(rows, struct explain_row, k).part,
				    headings[i].part) == 0;
		if (n == 0)
			continue;
		printf("%s (%u)\n", headings[i].heading, n);
		for (guint k = 0; k < rows->len; k++) {
			const struct explain_row *row = &g_array_index(
				rows, struct explain_row, k);

			if (strcmp(row->part, headings[i].part) == 0)
				print_row(row);
		}
	}
}

static void add_text(cJSON *object, const char *key, const char *value)
{
	if (value)
		cJSON_AddStringToObject(object, key, value);
	else
		cJSON_AddNullToObject(object, key);
}

static void print_json(const GArray *rows)
{
	cJSON *list = cJSON_CreateArray();
	char *text;

	for (guint i = 0; i < rows->len; i++) {
		const struct explain_row *row = &g_array_index(rows, struct explain_row,
							       i);
		g_autofree char *at = row->at == INSTANT_NONE ? NULL
							      : instant_format(row->at);
		cJSON *object = cJSON_CreateObject(), *figures;

		add_text(object, "part", row->part);
		add_text(object, "what", row->what);
		add_text(object, "service", row->service);
		add_text(object, "environment", row->environment);
		add_text(object, "name", row->name);
		add_text(object, "at", at);
		if (isnan(row->seconds))
			cJSON_AddNullToObject(object, "seconds");
		else
			cJSON_AddNumberToObject(object, "seconds", row->seconds);
		add_text(object, "reason", row->reason);
		add_text(object, "detail", row->detail);
		add_text(object, "url", row->url);
		figures = row->figures ? cJSON_Parse(row->figures) : NULL;
		cJSON_AddItemToObject(object, "figures",
				      figures ? figures : cJSON_CreateNull());
		cJSON_AddItemToArray(list, object);
	}
	text = cJSON_Print(list);
	puts(text);
	cJSON_free(text);
	cJSON_Delete(list);
}

/* ---- the command ---- */

static bool has_number(const GArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		if (strcmp(g_array_index(rows, struct explain_row, i).part, "number") ==
		    0)
			return true;
	return false;
}

static int explain(struct config *config, const struct explain_query *query, bool json)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	GArray *rows = store_explain(store, query, &error);

	if (!rows)
		return options_fail(&command_explain, error);
	if (json)
		print_json(rows);
	else
		print_text(rows);
	if (!has_number(rows))
		fprintf(stderr,
			"dorad explain: %s has no %s in this %s%s%s%s: it lies outside "
			"its lifetime, or the metric has rows only where there is data\n",
			query->scope, query->metric, query->grain,
			query->environment ? " in rollout group \"" : "",
			query->environment ? query->environment : "",
			query->environment ? "\"" : "");
	g_array_unref(rows);
	return options_written(&command_explain) ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		{ "team", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &settings.team,
		  "the name is a team's", NULL },
		{ "org", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &settings.org,
		  "the name is an org's", NULL },
		option_text("environment", &settings.environment,
			    "one rollout group (default: all)", "NAME"),
		option_format(&settings.format),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	struct explain_query query = { .kind = SCOPE_SERVICE };
	enum metric metric;
	char date[11];
	bool json;

	if (!options_parse(&command_explain, entries, &argc, &argv) ||
	    !options_choose(&command_explain, "format", settings.format, "text", "json",
			    &json))
		return EXIT_USAGE;
	if (settings.team && settings.org) {
		fputs("dorad explain: --team and --org, expected one of them\n", stderr);
		return EXIT_USAGE;
	}
	if (argc != 4) {
		fputs("dorad explain: expected a service, a metric and a bucket; see "
		      "dorad explain --help\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (!metric_parse(argv[2], &metric)) {
		fprintf(stderr,
			"dorad explain: there is no metric \"%s\"; expected one "
			"of:\n",
			argv[2]);
		for (int i = 0; i < N_METRICS; i++)
			fprintf(stderr, "  %s\n", metric_name((enum metric)i));
		return EXIT_USAGE;
	}
	if (!parse_bucket(argv[3], &query.grain, date)) {
		fprintf(stderr,
			"dorad explain: \"%s\" is no bucket; expected a day "
			"(2026-03-02), week (2026-W10), month (2026-03), quarter "
			"(2026-Q1) or the last 7d, 28d or 90d\n",
			argv[3]);
		return EXIT_USAGE;
	}
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	query.kind = settings.team  ? SCOPE_TEAM
		     : settings.org ? SCOPE_ORG
				    : SCOPE_SERVICE;
	query.scope = argv[1];
	query.metric = argv[2];
	query.day = *date ? date : NULL;
	query.environment = settings.environment;
	if (!options_scope_known(&command_explain, config, query.kind, query.scope))
		return EXIT_USAGE;
	return explain(config, &query, json);
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "SERVICE METRIC BUCKET [--team|--org] [--environment NAME] "
		     "[--format text|json] [--config FILE]",
	.summary = "list the rows that made a number, and those left out",
	.run = run,
};
