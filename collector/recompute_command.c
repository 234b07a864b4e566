#include <cjson/cJSON.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/author_key.h"
#include "collector/options.h"
#include "collector/recompute.h"
#include "sinks/store_privacy.h"

/* Of each scope, environment and metric: what people read, and what programs do. */
#define SHOWN_TEXT 5
#define SHOWN_JSON 100000

struct settings {
	char *config, *cache, *state, *format;
	char **services;
	gboolean dry_run;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->cache);
	g_free(settings->state);
	g_free(settings->format);
	g_strfreev(settings->services);
}

static bool is_shown(const struct settings *settings, const struct trial_change *change)
{
	return !settings->services ||
	       (strcmp(change->kind, "service") == 0 &&
		g_strv_contains((const char *const *)settings->services, change->scope));
}

static bool is_of(const struct trial_change *change, const struct trial_change *other)
{
	return other && strcmp(change->kind, other->kind) == 0 &&
	       strcmp(change->scope, other->scope) == 0 &&
	       strcmp(change->environment, other->environment) == 0 &&
	       strcmp(change->metric, other->metric) == 0;
}

/* ---- text ---- */

static void print_number(gint64 n, double value)
{
	if (n < 0)
		fputs("none", stdout);
	else if (isnan(value))
		printf("no value (n %" G_GINT64_FORMAT ")", n);
	else
		printf("%.6g (n %" G_GINT64_FORMAT ")", value, n);
}

static void print_change(const struct trial_change *change)
{
	g_autofree char *start = instant_format(change->start);

	printf("  %-8s %s  ", change->grain, start);
	print_number(change->old_n, change->old_value);
	fputs(" -> ", stdout);
	print_number(change->new_n, change->new_value);
	putchar('\n');
}

static gint64 print_text(const struct settings *settings, const GArray *changes,
			 const GPtrArray *notes)
{
	const struct trial_change *before = NULL;
	gint64 total = 0;

	for (guint i = 0; i < changes->len; i++) {
		const struct trial_change *change = &g_array_index(
			changes, struct trial_change, i);

		if (!is_shown(settings, change))
			continue;
		if (!is_of(change, before)) {
			printf("%s %s, %s, %s: %" G_GINT64_FORMAT
			       " numbers would change\n",
			       change->kind, change->scope, change->environment,
			       change->metric, change->total);
			total += change->total;
		}
		print_change(change);
		before = change;
	}
	for (guint i = 0; i < notes->len; i++)
		printf("note: %s\n", (const char *)g_ptr_array_index(notes, i));
	if (total == 0)
		puts("no number would change");
	else
		printf("%" G_GINT64_FORMAT " numbers would change\n", total);
	return total;
}

/* ---- JSON ---- */

static void add_number(cJSON *row, const char *key, double value)
{
	cJSON_AddItemToObject(
		row, key, isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

static cJSON *change_json(const struct trial_change *change)
{
	g_autofree char *start = instant_format(change->start);
	cJSON *row = cJSON_CreateObject();

	cJSON_AddStringToObject(row, "kind", change->kind);
	cJSON_AddStringToObject(row, "scope", change->scope);
	cJSON_AddStringToObject(row, "environment", change->environment);
	cJSON_AddStringToObject(row, "metric", change->metric);
	cJSON_AddStringToObject(row, "grain", change->grain);
	cJSON_AddStringToObject(row, "bucket_start", start);
	add_number(row, "old_n", change->old_n < 0 ? (double)NAN : (double)change->old_n);
	add_number(row, "new_n", change->new_n < 0 ? (double)NAN : (double)change->new_n);
	add_number(row, "old_value", change->old_value);
	add_number(row, "new_value", change->new_value);
	return row;
}

static gint64 print_json(const struct settings *settings, const GArray *changes,
			 const GPtrArray *notes)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(object, "changes");
	cJSON *texts = cJSON_AddArrayToObject(object, "notes");
	gint64 total = 0;
	char *text;

	for (guint i = 0; i < changes->len; i++) {
		const struct trial_change *change = &g_array_index(
			changes, struct trial_change, i);

		if (!is_shown(settings, change))
			continue;
		cJSON_AddItemToArray(list, change_json(change));
		total++;
	}
	for (guint i = 0; i < notes->len; i++)
		cJSON_AddItemToArray(texts,
				     cJSON_CreateString(g_ptr_array_index(notes, i)));
	text = cJSON_Print(object);
	puts(text);
	cJSON_free(text);
	cJSON_Delete(object);
	return total;
}

/* ---- the command ---- */

static void print_notice(const char *what, const char *text, void *user)
{
	(void)user;
	fprintf(stderr, "%s: %s\n", what, text);
}

static int try_all(const struct settings *settings, struct store *store,
		   const struct work_context *context, bool json)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray)
		changes = recompute_trial(store, context, g_get_real_time(),
					  json ? SHOWN_JSON : SHOWN_TEXT, notes, &error);
	gint64 total;

	if (!changes)
		return options_fail(&command_recompute, error);
	total = (json ? print_json : print_text)(settings, changes, notes);
	return !options_written(&command_recompute) ? EXIT_UNAVAILABLE
	       : total == 0			    ? EXIT_OK
						    : EXIT_FAILED;
}

static int do_all(const struct settings *settings, struct store *store,
		  const struct work_context *context, bool json)
{
	g_autoptr(GError) error = NULL;
	gsize n = settings->services ? g_strv_length(settings->services) : 0, n_changed;

	if (!recompute(store, context, (const char *const *)settings->services, n,
		       g_get_real_time(), &n_changed, &error))
		return options_fail(&command_recompute, error);
	printf(json ? "{ \"changed\": %" G_GSIZE_FORMAT " }\n"
		    : "%" G_GSIZE_FORMAT " rows changed\n",
	       n_changed);
	return options_written(&command_recompute) ? EXIT_OK : EXIT_FAILED;
}

static bool check(const struct settings *settings, const struct config *config,
		  bool *json)
{
	if (!options_choose(&command_recompute, "format", settings->format, "text",
			    "json", json))
		return false;
	for (char **name = settings->services; name && *name; name++)
		if (!options_scope_known(&command_recompute, config, SCOPE_SERVICE,
					 *name))
			return false;
	return true;
}

/* Only of those are there hashes in what is compared. */
static bool names_authors(const struct config *config)
{
	for (unsigned i = 0; i < config->n_services; i++)
		if (config->services[i].exclude &&
		    config->services[i].exclude->n_authors > 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &settings.dry_run,
		  "change nothing; show what the configuration would change", NULL },
		option_config(&settings.config),
		{ "service", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings.services,
		  "only this service (may be repeated)", "NAME" },
		option_format(&settings.format),
		option_cache_dir(&settings.cache),
		option_state_dir(&settings.state),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(store_freep) struct store *store = NULL;
	g_autofree char *cache_dir = NULL, *state_dir = NULL;
	g_autoptr(GBytes) key = NULL;
	g_autoptr(GError) error = NULL;
	bool json;

	if (!options_parse_all(&command_recompute, entries, argc, argv))
		return EXIT_USAGE;
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	if (!check(&settings, config, &json))
		return EXIT_USAGE;
	cache_dir = options_cache_dir(settings.cache);
	state_dir = options_state_dir(settings.state);
	key = names_authors(config) ? author_key_find(config, state_dir, &error) : NULL;
	if (error)
		return options_fail(&command_recompute, error);
	store = store_new(config);
	signal(SIGPIPE, SIG_IGN);

	const struct work_context context = {
		.config = config,
		.cache_dir = cache_dir,
		.author_key = key,
		.trial = settings.dry_run,
		.notice = print_notice,
	};
	return (settings.dry_run ? try_all : do_all)(&settings, store, &context, json);
}

const struct command command_recompute = {
	.name = "recompute",
	.arguments = "[--dry-run] [--service NAME …] [--format text|json]",
	.summary = "compute all figures anew, or show what a configuration would change",
	.run = run,
};
