#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "collector/alerts_inside.h"
#include "collector/alerts_replay.h"
#include "collector/rest/request.h"

static const struct command *const parts[] = {
	&alerts_list,	&alerts_show,  &alerts_ack,    &alerts_accept, &alerts_mute,
	&alerts_unmute, &alerts_mutes, &alerts_replay, &alerts_test,
};

/* ---- list ---- */

struct settings {
	char *config, *format;
	struct options_scope scope;
	gboolean all, improvements;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->format);
	options_scope_clear(&settings->scope);
}

enum column { ID, STATE, SINCE, SCOPE, METRIC, CHANGE, EVIDENCE, N_COLUMNS };
static const char *const headings[N_COLUMNS] = { "id",	   "state",  "since",	"scope",
						 "metric", "change", "evidence" };

static char *metric_words(const struct alert_row *row)
{
	const bool named = row->kind == WATCH_GUARDRAIL || row->kind == WATCH_INCIDENT;
	const char *also = named			    ? row->name
			   : row->direction == SHIFT_BETTER ? "better"
							    : NULL;

	return also ? g_strdup_printf("%s (%s)", row->metric, also)
		    : g_strdup(row->metric);
}

static char *state_words(const struct alert_row *row)
{
	return g_strconcat(row->state, row->acked_at != INSTANT_NONE ? ", known" : "",
			   row->muted_until != INSTANT_NONE ? ", muted" : "", NULL);
}

/* Names of others may hold anything, and go to a terminal. */
static void fill(const struct alert_row *row, char *cells[N_COLUMNS])
{
	char *words[N_COLUMNS] = {
		[ID] = g_strdup_printf("%" G_GINT64_FORMAT, row->alert_id),
		[STATE] = state_words(row),
		[SINCE] = row->onset != INSTANT_NONE
				  ? alerts_date(row->onset, row->time_zone)
				  : alerts_shown_date(row, row->fired_at),
		[SCOPE] = alerts_scope_words(row),
		[METRIC] = metric_words(row),
		[CHANGE] = alerts_change(row),
		[EVIDENCE] = alerts_evidence(row),
	};

	for (int i = 0; i < N_COLUMNS; i++) {
		cells[i] = printable(words[i]);
		g_free(words[i]);
	}
}

static void print_cells(char *const cells[N_COLUMNS], const glong widths[N_COLUMNS])
{
	for (int i = 0; i < N_COLUMNS; i++) {
		const glong gap = i + 1 < N_COLUMNS
					  ? widths[i] - g_utf8_strlen(cells[i], -1) + 2
					  : 0;

		printf("%s%*s", cells[i], (int)gap, "");
	}
	putchar('\n');
}

static void print_table(const GArray *rows)
{
	g_autofree char **cells = g_new0(char *, (gsize)N_COLUMNS *(rows->len + 1));
	glong widths[N_COLUMNS] = { 0 };

	if (rows->len == 0) {
		puts("no alerts");
		return;
	}
	for (int i = 0; i < N_COLUMNS; i++)
		cells[i] = g_strdup(headings[i]);
	for (guint i = 0; i < rows->len; i++)
		fill(&g_array_index(rows, struct alert_row, i),
		     cells + (gsize)(i + 1) * N_COLUMNS);
	for (guint i = 0; i < N_COLUMNS * (rows->len + 1); i++)
		widths[i % N_COLUMNS] = MAX(widths[i % N_COLUMNS],
					    g_utf8_strlen(cells[i], -1));
	for (guint i = 0; i <= rows->len; i++)
		print_cells(cells + (gsize)i * N_COLUMNS, widths);
	for (guint i = 0; i < N_COLUMNS * (rows->len + 1); i++)
		g_free(cells[i]);
}

/* It is beside what was asked, and must not be in a table or in JSON. */
static bool warn_of_left(struct store *store, GError **error)
{
	g_autoptr(GPtrArray) left = store_channels_left(store, g_get_real_time(), error);

	for (guint i = 0; left && i < left->len; i++) {
		g_autofree char *line = printable(g_ptr_array_index(left, i));

		fprintf(stderr, "dorad alerts list: %s\n", line);
	}
	return left != NULL;
}

static int list(struct config *config, const struct alert_query *query, bool json)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	GArray *rows;

	if (!warn_of_left(store, &error))
		return options_fail(&alerts_list, error);
	if (json) {
		text = store_alerts_json(store, query, &error);
		if (!text)
			return options_fail(&alerts_list, error);
		puts(text);
		return options_written(&alerts_list) ? EXIT_OK : EXIT_FAILED;
	}
	rows = store_alerts(store, query, &error);
	if (!rows)
		return options_fail(&alerts_list, error);
	print_table(rows);
	alert_rows_free(rows);
	return options_written(&alerts_list) ? EXIT_OK : EXIT_FAILED;
}

static int run_list(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		option_text("service", &settings.scope.service, "those of this service",
			    "NAME"),
		option_text("team", &settings.scope.team,
			    "those of this team and its services", "NAME"),
		option_text("org", &settings.scope.org,
			    "those of this org and all that is in it", "NAME"),
		{ "all", 0, 0, G_OPTION_ARG_NONE, &settings.all, "those that ended, too",
		  NULL },
		{ "improvements", 0, 0, G_OPTION_ARG_NONE, &settings.improvements,
		  "what got better, too", NULL },
		option_format(&settings.format),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	struct alert_query query = { .since = INSTANT_NONE };
	bool json;

	if (!options_parse_all(&alerts_list, entries, argc, argv) ||
	    !options_choose(&alerts_list, "format", settings.format, "text", "json",
			    &json))
		return EXIT_USAGE;
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	query.all = settings.all;
	query.improvements = settings.improvements;
	if (!options_scope_read(&alerts_list, &settings.scope, &query.kind,
				&query.scope) ||
	    !options_scope_known(&alerts_list, config, query.kind, query.scope))
		return EXIT_USAGE;
	return list(config, &query, json);
}

const struct command alerts_list = {
	.name = "alerts list",
	.arguments = "[--all] [--improvements] [--service NAME|--team NAME|--org NAME] "
		     "[--format text|json]",
	.summary = "list the alerts that fire",
	.run = run_list,
};

/* ---- the command ---- */

static void usage(FILE *out)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		fprintf(out, "%s dorad %s %s\n         %s\n",
			i == 0 ? "usage:" : "      ", parts[i]->name, parts[i]->arguments,
			parts[i]->summary);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return EXIT_OK;
	}
	signal(SIGPIPE, SIG_IGN);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		if (strcmp(argv[1], parts[i]->name + strlen("alerts ")) == 0)
			return parts[i]->run(argc - 1, argv + 1);
	fprintf(stderr,
		"dorad alerts: there is no \"%s\"\n\"dorad alerts --help\" lists what "
		"there is.\n",
		argv[1]);
	return EXIT_USAGE;
}

const struct command command_alerts = {
	.name = "alerts",
	.arguments = "list|show|ack|accept|mute|unmute|mutes|replay|test …",
	.summary = "look at alerts, and say what is known of them",
	.run = run,
};
