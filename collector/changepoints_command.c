#include <cjson/cJSON.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "collector/command.h"
#include "collector/options.h"
#include "collector/plain_series.h"
#include "metrics/segment.h"

/* Of the values from .. to - 1, gaps left out; NAN if there is nothing else. Of equal
 * values it is that value to the last digit; no step leaves what a double can hold. */
static double level(const GArray *values, guint from, guint to)
{
	double mean = NAN;
	guint n = 0;

	for (guint i = from; i < to; i++) {
		double value = g_array_index(values, double, i);

		if (!isnan(value))
			mean = n++ ? mean + (value / n - mean / n) : value;
	}
	return mean;
}

struct change {
	guint at;
	const char *time; /* NULL: there is none */
	double before, after;
};

static struct change change_at(const struct plain_series *series, const GArray *changes,
			       guint i)
{
	guint at = g_array_index(changes, guint, i);
	guint from = i > 0 ? g_array_index(changes, guint, i - 1) : 0;
	guint to = i + 1 < changes->len ? g_array_index(changes, guint, i + 1)
					: series->values->len;

	return (struct change){
		.at = at,
		.time = series->times ? g_ptr_array_index(series->times, at) : NULL,
		.before = level(series->values, from, at),
		.after = level(series->values, at, to),
	};
}

static void print_level(double value, char end)
{
	if (isnan(value))
		printf("NA%c", end);
	else
		printf("%.6g%c", value, end);
}

static void print_text(const struct plain_series *series, const GArray *changes)
{
	for (guint i = 0; i < changes->len; i++) {
		struct change change = change_at(series, changes, i);

		printf("%u\t", change.at);
		if (change.time)
			printf("%s\t", change.time);
		print_level(change.before, '\t');
		print_level(change.after, '\n');
	}
}

/* NAN is null. */
static void print_json(const struct plain_series *series, const GArray *changes)
{
	_cleanup_(cJSON_Deletep) cJSON *json = cJSON_CreateObject();
	cJSON *list;
	char *text;

	cJSON_AddNumberToObject(json, "n", series->values->len);
	list = cJSON_AddArrayToObject(json, "changes");
	for (guint i = 0; i < changes->len; i++) {
		struct change change = change_at(series, changes, i);
		cJSON *item = cJSON_CreateObject();

		cJSON_AddNumberToObject(item, "index", change.at);
		if (change.time)
			cJSON_AddStringToObject(item, "time", change.time);
		else
			cJSON_AddNullToObject(item, "time");
		cJSON_AddNumberToObject(item, "before", change.before);
		cJSON_AddNumberToObject(item, "after", change.after);
		cJSON_AddItemToArray(list, item);
	}
	text = cJSON_Print(json);
	puts(text);
	cJSON_free(text);
}

static int find(const char *path, bool light, bool json)
{
	_cleanup_(plain_series_clear) struct plain_series series = { 0 };
	g_autoptr(GArray) changes = NULL;
	g_autoptr(GError) error = NULL;

	if (!plain_series_read(path, SEGMENT_MAX, &series, &error)) {
		fprintf(stderr, "%s\n", error->message);
		return g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA)
			       ? EXIT_DATA
			       : EXIT_NO_INPUT;
	}
	changes = segment_changes((const double *)(const void *)series.values->data,
				  series.values->len, light);
	(json ? print_json : print_text)(&series, changes);
	return options_written(&command_changepoints) ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	g_autofree char *format = NULL;
	gboolean light = FALSE;
	const GOptionEntry entries[] = {
		{ "light", 0, 0, G_OPTION_ARG_NONE, &light,
		  "three voters instead of five: faster, a little less sure", NULL },
		option_format(&format),
		{ 0 },
	};
	bool json;

	if (!options_parse(&command_changepoints, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc != 2) {
		fputs("dorad changepoints: expected one file, or - for standard input\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (!options_choose(&command_changepoints, "format", format, "text", "json",
			    &json))
		return EXIT_USAGE;
	/* A reader that went away is an error to report. */
	signal(SIGPIPE, SIG_IGN);
	return find(argv[1], light, json);
}

const struct command command_changepoints = {
	.name = "changepoints",
	.arguments = "FILE|- [--light] [--format text|json]",
	.summary = "tell when the level of a series of numbers changed",
	.run = run,
};
