#include "tests/fakes.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/log.h"
#include "collector/poll.h"
#include "collector/push/push_host.h"
#include "collector/retention.h"
#include "collector/self_alerts.h"
#include "sinks/store_alerts.h"

struct fakes fakes;
static GMutex mutex; /* polls run side by side in test_loop */

void fakes_reset(void)
{
	fakes_clear();
	fakes = (struct fakes){
		.migrate = FAKE_GOOD,
		.sync = FAKE_GOOD,
		.begin = FAKE_GOOD,
		.evaluate = FAKE_GOOD,
		.deliver = FAKE_GOOD,
		.look = FAKE_GOOD,
		.sickness = FAKE_GOOD,
		.midnight = G_MAXINT64,
		.log = g_string_new(NULL),
	};
}

void fakes_clear(void)
{
	g_free(fakes.last_poll);
	if (fakes.log)
		g_string_free(fakes.log, TRUE);
	config_unref(fakes.file);
	fakes = (struct fakes){ 0 };
}

static bool answer(int code, const char *text, GError **error)
{
	if (code == FAKE_GOOD)
		return true;
	g_set_error_literal(error, DORA_ERROR, code, text);
	return false;
}

/* ---- configuration ---- */

struct fake_config {
	struct config config;
	gint references;
	struct config_database database;
	struct config_schedule schedule;
	struct config_privacy privacy;
	struct secret_ref author_key;
	struct config_sources sources;
	struct config_api api;
	struct config_alerts alerts;
	char **names;
};

/* "push" is the push server; names with a colon are of APIs. */
static void fake_source(struct config_source *row, const struct config_git *git,
			const struct config_api *api)
{
	bool push = strcmp(git->name, "push") == 0,
	     other = strchr(git->name, ':') != NULL;

	*row = (struct config_source){
		.kind = push	? SOURCE_PUSH
			: other ? SOURCE_API
				: SOURCE_GIT,
		.name = git->name,
		.type = push	? "push"
			: other ? "github"
				: "git",
		.git = push || other ? NULL : git,
		.api = other ? api : NULL,
		.every_us = git->every_us,
	};
}

struct config *fake_config(const char *names)
{
	struct fake_config *fake = g_new0(struct fake_config, 1);

	fake->references = 1;
	fake->names = g_strsplit(names, " ", -1);
	fake->sources.n_git = g_strv_length(fake->names);
	fake->sources.git = g_new0(struct config_git, fake->sources.n_git);
	fake->config.all = g_new0(struct config_source, fake->sources.n_git);
	fake->config.n_all = fake->sources.n_git;
	for (guint i = 0; i < fake->sources.n_git; i++)
		fake->sources.git[i] = (struct config_git){
			.name = fake->names[i],
			.url = (char *)"/nowhere",
			.every_us = G_TIME_SPAN_MINUTE,
		};
	for (guint i = 0; i < fake->sources.n_git; i++)
		fake_source(&fake->config.all[i], &fake->sources.git[i], &fake->api);
	fake->schedule.workers = 4;
	/* Not the one in the state directory, which is none: nothing is written. */
	g_setenv("FAKE_AUTHOR_KEY", "salt", FALSE);
	fake->author_key.env = (char *)"FAKE_AUTHOR_KEY";
	fake->privacy.author_key = &fake->author_key;
	fake->config.database = &fake->database;
	fake->config.schedule = &fake->schedule;
	fake->config.privacy = &fake->privacy;
	fake->config.sources = &fake->sources;
	fake->config.alerts = fakes.alerts ? &fake->alerts : NULL;
	return &fake->config;
}

struct config *config_ref(struct config *config)
{
	g_atomic_int_inc(&((struct fake_config *)config)->references);
	return config;
}

void config_unref(struct config *config)
{
	struct fake_config *fake = (struct fake_config *)config;

	if (!fake || !g_atomic_int_dec_and_test(&fake->references))
		return;
	g_strfreev(fake->names);
	g_free(fake->sources.git);
	g_free(fake->config.all);
	g_free(fake);
}

const struct config_source *config_source(const struct config *config, const char *name)
{
	for (guint i = 0; i < config->n_all; i++)
		if (strcmp(config->all[i].name, name) == 0)
			return &config->all[i];
	return NULL;
}

struct config *config_load(const char *path, GPtrArray **faults)
{
	static struct config_fault fault = { 3, (char *)"schedule.every",
					     (char *)"\"soon\" is no span, expected 5m" };

	(void)path;
	g_atomic_int_inc(&fakes.n_loads);
	*faults = g_ptr_array_new();
	if (fakes.file)
		return config_ref(fakes.file);
	g_ptr_array_add(*faults, &fault);
	return NULL;
}

char *config_fault_format(const char *path, const struct config_fault *fault)
{
	return g_strdup_printf("%s:%u: %s: %s", path, fault->line, fault->key,
			       fault->text);
}

/* ---- database ---- */

struct store {
	struct config *config;
};

struct store *store_new(struct config *config)
{
	struct store *store = g_new0(struct store, 1);

	store->config = config_ref(config);
	g_atomic_int_inc(&fakes.n_stores);
	return store;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	config_unref(store->config);
	g_free(store);
	g_atomic_int_add(&fakes.n_stores, -1);
}

bool store_migrate(struct store *store, GError **error)
{
	(void)store;
	g_atomic_int_inc(&fakes.n_migrations);
	return answer(fakes.migrate, "connection to server failed", error);
}

const char *store_notice(const struct store *store)
{
	(void)store;
	return NULL;
}

GPtrArray *store_channels_left(struct store *store, gint64 now, GError **error)
{
	(void)store;
	(void)now;
	(void)error;
	return g_ptr_array_new();
}

bool store_sync_config(struct store *store, const struct config *config, GError **error)
{
	g_assert(store->config == config);
	g_atomic_int_inc(&fakes.n_syncs);
	return answer(fakes.sync, "the row cannot be stored", error);
}

bool store_begin(struct store *store, GError **error)
{
	(void)store;
	return answer(fakes.begin, "server closed the connection", error);
}

bool store_commit(struct store *store, GError **error)
{
	(void)store;
	return answer(fakes.begin, "server closed the connection", error);
}

void store_rollback(struct store *store)
{
	(void)store;
}

/* ---- work ---- */

static void stay(GCancellable *cancellable)
{
	while (!g_cancellable_is_cancelled(cancellable))
		g_usleep(1000);
	while (g_atomic_int_get(&fakes.deaf))
		g_usleep(1000);
}

bool poll_source(struct store *store, const struct work_context *context,
		 const struct config_source *source, gint64 now,
		 struct poll_result *result, GError **error)
{
	g_assert(store->config == context->config);
	g_mutex_lock(&mutex);
	fakes.n_polls++;
	g_free(fakes.last_poll);
	fakes.last_poll = g_strdup(source->name);
	g_mutex_unlock(&mutex);
	if (fakes.polling)
		fakes.polling();
	if (context->progress)
		context->progress(source->name, "receiving 41% (35000/85361)",
				  context->user);
	if (context->notice && fakes.changed)
		context->notice(source->name, "tag v1 moved", context->user);
	if (fakes.stuck) {
		stay(context->cancellable);
		return answer(DORA_ERROR_CANCELLED, "cancelled", error);
	}
	if (fakes.begin != FAKE_GOOD)
		return answer(fakes.begin, "server closed the connection", error);
	result->not_before = fakes.rest ? now + fakes.rest : INSTANT_NONE;
	result->changed = fakes.changed;
	if (g_strcmp0(source->name, fakes.sick) == 0)
		return answer(fakes.sickness, "the remote hung up", error);
	result->n_commits = result->n_deployments = fakes.changed;
	return true;
}

bool evaluate_due(struct store *store, const struct work_context *context, gint64 now,
		  struct evaluate_result *result, GError **error)
{
	(void)now;
	g_assert(store->config == context->config);
	g_atomic_int_inc(&fakes.n_evaluations);
	result->next = INSTANT_NONE;
	result->changed = true;
	result->n_rows = 7;
	if (fakes.begin != FAKE_GOOD)
		return answer(fakes.begin, "server closed the connection", error);
	return answer(fakes.evaluate, "a number cannot be computed", error);
}

bool retention_run(struct store *store, const struct work_context *context, gint64 now,
		   gsize *n_rows, GError **error)
{
	(void)store;
	(void)context;
	(void)now;
	(void)error;
	*n_rows = 0;
	return true;
}

bool self_alerts_run(struct store *store, const struct work_context *context, gint64 now,
		     gint64 *next, GError **error)
{
	g_assert(store->config == context->config);
	fakes.n_looks++;
	*next = context->config->alerts ? now + G_TIME_SPAN_MINUTE : INSTANT_NONE;
	return answer(fakes.look, "a watch cannot be read", error);
}

bool store_outbox_hurry(struct store *store, gint64 now, GError **error)
{
	(void)store;
	(void)now;
	(void)error;
	return true;
}

void deliver_result_init(struct deliver_result *result)
{
	*result = (struct deliver_result){
		.next = INSTANT_NONE,
		.channels = g_ptr_array_new_with_free_func(g_free),
	};
}

void deliver_result_clear(struct deliver_result *result)
{
	for (guint i = 0; i < result->channels->len; i++)
		g_clear_error(
			&((struct deliver_channel *)result->channels->pdata[i])->error);
	g_ptr_array_unref(result->channels);
}

/* One channel, "team", and a line for the log. */
bool deliver_due(struct store *store, const struct work_context *context, gint64 before,
		 gint64 now, struct deliver_result *result, GError **error)
{
	static const struct deliver_line line = { "2.1x longer", "17", "change_lead_time",
						  "shop", 3 };
	struct deliver_channel *channel = g_new0(struct deliver_channel, 1);

	(void)store;
	(void)before;
	g_assert(context->config->alerts);
	fakes.n_deliveries++;
	channel->name = (char *)"team";
	channel->wait = 30 * G_TIME_SPAN_SECOND;
	if (fakes.refusing)
		g_set_error(&channel->error, DORA_ERROR, DORA_ERROR_RETRY,
			    "channel team: status 500");
	g_ptr_array_add(result->channels, channel);
	context->journal(&line, context->user);
	result->n_failed = fakes.refusing;
	result->more = fakes.rounds > 0;
	fakes.rounds -= result->more;
	result->next = fakes.next ? now + fakes.next : INSTANT_NONE;
	if (fakes.begin != FAKE_GOOD)
		return answer(fakes.begin, "server closed the connection", error);
	return answer(fakes.deliver, "messages: a row cannot be read", error);
}

char *poll_fingerprint(const struct config *config, const struct config_source *source)
{
	(void)source;
	return g_strdup(config->n_services ? "some" : "none");
}

gint64 evaluate_next_midnight(const struct config *config, gint64 now)
{
	(void)config;
	return fakes.midnight > now ? fakes.midnight : G_MAXINT64;
}

void log_event(enum log_level level, const struct log_field *fields, const char *format,
	       ...)
{
	va_list values;

	(void)level;
	(void)fields;
	g_mutex_lock(&mutex); /* workers have something to say, too */
	va_start(values, format);
	g_string_append_vprintf(fakes.log, format, values);
	va_end(values);
	g_string_append_c(fakes.log, '\n');
	g_mutex_unlock(&mutex);
}

/* The push server has tests of its own. */

struct push_host {
	int unused;
};

struct push_host *push_host_new(const struct push_host_options *options)
{
	(void)options;
	return g_new0(struct push_host, 1);
}

void push_host_free(struct push_host *host)
{
	g_free(host);
}

void push_host_adopt(struct push_host *host, struct config *config, GBytes *author_key,
		     gint64 steady)
{
	(void)host;
	(void)config;
	(void)author_key;
	(void)steady;
}

void push_host_turn(struct push_host *host, gint64 steady)
{
	(void)host;
	(void)steady;
}
