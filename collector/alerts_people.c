#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "collector/alerts_inside.h"
#include "collector/rest/request.h"
#include "metrics/series.h"

/* What the daemon says of itself. */
static const char *const self_metrics[] = { "source_stale", "source_denied",
					    "rule_matched_nothing", "channel_failing",
					    NULL };

static int fires_not(const struct command *command, gint64 alert_id)
{
	fprintf(stderr, "dorad %s: no alert %" G_GINT64_FORMAT " fires\n", command->name,
		alert_id);
	return EXIT_DATA;
}

/* ---- ack ---- */

static int run_ack(int argc, char **argv)
{
	g_autofree char *path = NULL, *note = NULL;
	const GOptionEntry entries[] = {
		option_config(&path),
		{ "note", 0, 0, G_OPTION_ARG_STRING, &note,
		  "what others should know of it", "TEXT" },
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(store_freep) struct store *store = NULL;
	g_autoptr(GError) error = NULL;
	gint64 alert_id;
	bool found;

	if (!options_parse(&alerts_ack, entries, &argc, &argv) ||
	    !alerts_number(&alerts_ack, argc, argv, false, &alert_id))
		return EXIT_USAGE;
	config = options_load_config(config_path(path));
	if (!config)
		return EXIT_CONFIG;
	store = store_new(config);
	if (!store_alert_ack(store, alert_id, note, g_get_real_time(), &found, &error))
		return options_fail(&alerts_ack, error);
	return found ? EXIT_OK : fires_not(&alerts_ack, alert_id);
}

const struct command alerts_ack = {
	.name = "alerts ack",
	.arguments = "ID [--note TEXT]",
	.summary = "note that one is known: in views, messages and annotations",
	.run = run_ack,
};

/* ---- accept ---- */

/* In the open transaction. */
static bool accept(struct store *store, struct watch_row *row, const char *note,
		   GError **error)
{
	const gint64 now = g_get_real_time();
	const struct alert_event event = {
		.event = WATCH_ACCEPTED,
		.at = now,
		.reason = note ? note : "it was accepted by hand",
	};
	struct watch_events events;

	return watch_accept(&row->watch, &watch_rule_shift, row->watch.judged, &events) &&
	       store_alert_event(store, row, &event, NULL, 0, now, error) &&
	       store_watch_write(store, row, error) && store_commit(store, error);
}

static int accept_one(struct store *store, gint64 alert_id, const char *note)
{
	g_autoptr(GError) error = NULL;
	struct watch_row *row;
	int status = EXIT_OK;
	GArray *rows = store_begin(store, &error)
			       ? store_watch_of_alert(store, alert_id, &error)
			       : NULL;

	if (!rows)
		return options_fail(&alerts_accept, error);
	row = rows->len > 0 ? &g_array_index(rows, struct watch_row, 0) : NULL;
	if (row && row->kind == WATCH_SELF) {
		fputs("dorad alerts accept: what the daemon says of itself is mended, or "
		      "muted\n",
		      stderr);
		status = EXIT_DATA;
	} else if (row && row->kind == WATCH_INCIDENT) {
		fputs("dorad alerts accept: an incident is restored where it was opened, "
		      "or muted\n",
		      stderr);
		status = EXIT_DATA;
	} else if (row && row->kind == WATCH_GUARDRAIL) {
		fputs("dorad alerts accept: a guardrail is a limit of the configuration: "
		      "it is kept, changed there, or muted\n",
		      stderr);
		status = EXIT_DATA;
	} else if (!row || row->watch.state != WATCH_FIRING) {
		status = fires_not(&alerts_accept, alert_id);
	} else if (!accept(store, row, note, &error)) {
		status = options_fail(&alerts_accept, error);
	}
	watch_rows_free(rows);
	return status;
}

static int run_accept(int argc, char **argv)
{
	g_autofree char *path = NULL, *note = NULL;
	const GOptionEntry entries[] = {
		option_config(&path),
		{ "note", 0, 0, G_OPTION_ARG_STRING, &note, "why", "TEXT" },
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(store_freep) struct store *store = NULL;
	gint64 alert_id;

	if (!options_parse(&alerts_accept, entries, &argc, &argv) ||
	    !alerts_number(&alerts_accept, argc, argv, false, &alert_id))
		return EXIT_USAGE;
	config = options_load_config(config_path(path));
	if (!config)
		return EXIT_CONFIG;
	store = store_new(config);
	return accept_one(store, alert_id, note);
}

const struct command alerts_accept = {
	.name = "alerts accept",
	.arguments = "ID [--note TEXT]",
	.summary = "say that one is the new normal: what comes is compared with it",
	.run = run_accept,
};

/* ---- mute ---- */

struct settings {
	char *config, *until, *span, *reason, *metric;
	struct options_scope scope;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->until);
	g_free(settings->span);
	g_free(settings->reason);
	g_free(settings->metric);
	options_scope_clear(&settings->scope);
}

/* 2026-12-01 (its first instant in UTC), or an instant. */
static bool parse_until(const char *text, gint64 *until)
{
	g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);

	return instant_parse(text, until) || instant_parse(midnight, until);
}

/* When it ends. False: it has been said. */
static bool end_of(const struct settings *settings, gint64 now, gint64 *until)
{
	GTimeSpan span;

	if ((settings->until != NULL) == (settings->span != NULL)) {
		fputs("dorad alerts mute: expected one of --until and --for\n", stderr);
		return false;
	}
	if (settings->span) {
		if (span_parse(settings->span, &span) && span > 0 &&
		    span < INSTANT_MAX - now) {
			/* whole seconds: it is read by people */
			*until = (now + span) / G_TIME_SPAN_SECOND * G_TIME_SPAN_SECOND;
			return true;
		}
		fprintf(stderr,
			"dorad alerts mute: --for: expected a span such as 7d, found "
			"\"%s\"\n",
			settings->span);
		return false;
	}
	if (!parse_until(settings->until, until)) {
		fprintf(stderr,
			"dorad alerts mute: --until: expected a date (2026-12-01) or "
			"time (2026-12-01T08:00:00Z), found \"%s\"\n",
			settings->until);
		return false;
	}
	if (*until > now)
		return true;
	fprintf(stderr, "dorad alerts mute: --until: %s has gone by\n", settings->until);
	return false;
}

static bool check_metric(const char *name)
{
	enum metric metric;

	if (!name || metric_parse(name, &metric) || g_strv_contains(self_metrics, name))
		return true;
	fprintf(stderr, "dorad alerts mute: there is no metric \"%s\"\n", name);
	return false;
}

/* What does not need the configuration. */
static bool check_mute(const struct settings *settings, gint64 alert_id)
{
	const struct options_scope *scope = &settings->scope;
	const bool chosen = scope->service || scope->team || scope->org ||
			    settings->metric;

	if (!settings->reason || !*settings->reason) {
		fputs("dorad alerts mute: expected --reason\n", stderr);
		return false;
	}
	if ((alert_id != 0) == chosen) {
		fputs(chosen ? "dorad alerts mute: expected an alert alone, or "
			       "--service, --team, --org or --metric\n"
			     : "dorad alerts mute: expected an alert, --service, --team, "
			       "--org or --metric\n",
		      stderr);
		return false;
	}
	return check_metric(settings->metric);
}

static int mute(struct config *config, struct alert_mute *row)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	g_autofree char *until = NULL;

	if (row->alert_id != 0) {
		const struct alert_query query = { .alert_id = row->alert_id,
						   .since = INSTANT_NONE };
		GArray *rows = store_alerts(store, &query, &error);
		const bool found = rows && rows->len > 0;

		alert_rows_free(rows);
		if (error)
			return options_fail(&alerts_mute, error);
		if (!found)
			return alerts_missing(&alerts_mute, "alert", row->alert_id);
	}
	if (!store_mute(store, row, &error))
		return options_fail(&alerts_mute, error);
	until = instant_format(row->until);
	printf("mute %" G_GINT64_FORMAT " until %s%s\n", row->mute_id, until,
	       row->n_watches > 0 ? "" : ": nothing that is watched now is muted by it");
	return options_written(&alerts_mute) ? EXIT_OK : EXIT_FAILED;
}

static int run_mute(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		option_text("service", &settings.scope.service, "alerts of this service",
			    "NAME"),
		option_text("team", &settings.scope.team,
			    "alerts of this team and its services", "NAME"),
		option_text("org", &settings.scope.org,
			    "alerts of this org and all that is in it", "NAME"),
		{ "metric", 0, 0, G_OPTION_ARG_STRING, &settings.metric,
		  "alerts of this metric", "NAME" },
		{ "until", 0, 0, G_OPTION_ARG_STRING, &settings.until,
		  "a date (its first instant in UTC) or time", "DATE" },
		{ "for", 0, 0, G_OPTION_ARG_STRING, &settings.span, "such as 7d",
		  "SPAN" },
		{ "reason", 0, 0, G_OPTION_ARG_STRING, &settings.reason,
		  "why, for others", "TEXT" },
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	struct alert_mute row = { .from = g_get_real_time() };

	if (!options_parse(&alerts_mute, entries, &argc, &argv) ||
	    !alerts_number(&alerts_mute, argc, argv, true, &row.alert_id) ||
	    !check_mute(&settings, row.alert_id) ||
	    !end_of(&settings, row.from, &row.until))
		return EXIT_USAGE;
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	row.metric = settings.metric;
	row.reason = settings.reason;
	if (!options_scope_read(&alerts_mute, &settings.scope, &row.kind, &row.scope) ||
	    !options_scope_known(&alerts_mute, config, row.kind, row.scope))
		return EXIT_USAGE;
	return mute(config, &row);
}

const struct command alerts_mute = {
	.name = "alerts mute",
	.arguments = "ID|[--service NAME|--team NAME|--org NAME] [--metric NAME] "
		     "--until DATE|--for SPAN --reason TEXT",
	.summary = "tell nobody of some for a while",
	.run = run_mute,
};

/* ---- unmute, mutes ---- */

static int run_unmute(int argc, char **argv)
{
	g_autofree char *path = NULL;
	const GOptionEntry entries[] = { option_config(&path), { 0 } };
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(store_freep) struct store *store = NULL;
	g_autoptr(GError) error = NULL;
	gint64 mute_id;
	bool found;

	if (!options_parse(&alerts_unmute, entries, &argc, &argv) ||
	    !alerts_number(&alerts_unmute, argc, argv, false, &mute_id))
		return EXIT_USAGE;
	config = options_load_config(config_path(path));
	if (!config)
		return EXIT_CONFIG;
	store = store_new(config);
	if (!store_unmute(store, mute_id, g_get_real_time(), &found, &error))
		return options_fail(&alerts_unmute, error);
	return found ? EXIT_OK : alerts_missing(&alerts_unmute, "mute", mute_id);
}

const struct command alerts_unmute = {
	.name = "alerts unmute",
	.arguments = "ID",
	.summary = "end a mute; its number is that of \"dorad alerts mutes\"",
	.run = run_unmute,
};

static bool print_mute(const struct alert_mute *row, void *user, GError **error)
{
	g_autofree char *until = instant_format(row->until);
	g_autofree char *reason = printable(row->reason);

	(void)error;
	++*(int *)user;
	printf("%" G_GINT64_FORMAT "  until %s ", row->mute_id, until);
	if (row->alert_id != 0)
		printf(" alert %" G_GINT64_FORMAT, row->alert_id);
	if (row->scope)
		printf(" %s %s", scope_kind_name(row->kind), row->scope);
	if (row->metric)
		printf(" %s", row->metric);
	printf(": %s\n", reason);
	return true;
}

static int run_mutes(int argc, char **argv)
{
	g_autofree char *path = NULL, *format = NULL, *text = NULL;
	const GOptionEntry entries[] = {
		option_config(&path),
		option_format(&format),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(store_freep) struct store *store = NULL;
	g_autoptr(GError) error = NULL;
	const gint64 now = g_get_real_time();
	bool json;
	int n = 0;

	if (!options_parse_all(&alerts_mutes, entries, argc, argv) ||
	    !options_choose(&alerts_mutes, "format", format, "text", "json", &json))
		return EXIT_USAGE;
	config = options_load_config(config_path(path));
	if (!config)
		return EXIT_CONFIG;
	store = store_new(config);
	if (json && !(text = store_mutes_json(store, now, &error)))
		return options_fail(&alerts_mutes, error);
	if (!json && !store_mutes_each(store, now, print_mute, &n, &error))
		return options_fail(&alerts_mutes, error);
	if (json)
		puts(text);
	else if (n == 0)
		puts("no mutes");
	return options_written(&alerts_mutes) ? EXIT_OK : EXIT_FAILED;
}

const struct command alerts_mutes = {
	.name = "alerts mutes",
	.arguments = "[--format text|json]",
	.summary = "list the mutes that have not ended",
	.run = run_mutes,
};
