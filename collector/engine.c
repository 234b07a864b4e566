#include "collector/command.h"
#include "collector/engine_inside.h"

/* Messages wait for an evaluation no longer than this. */
#define DELIVER_PATIENCE (5 * G_TIME_SPAN_MINUTE)

struct engine *engine_new(const struct engine_options *options, struct config *config,
			  GBytes *author_key, const struct moment *now)
{
	struct engine *engine = g_new0(struct engine, 1);

	engine->options = *options;
	engine->candidate = config_ref(config);
	engine->candidate_key = g_bytes_ref(author_key);
	engine->roster = roster_new(options->seed);
	engine->stores = g_ptr_array_new_with_free_func((GDestroyNotify)store_free);
	engine->cancellable = g_cancellable_new();
	engine->load.due = engine->evaluate.due = engine->deliver.due = SCHEDULE_NEVER;
	engine->told = INSTANT_NONE;
	engine->prepare.due = now->steady;
	engine->midnight = SCHEDULE_NEVER;
	return engine;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	g_assert(engine->n_running == 0);
	g_ptr_array_unref(engine->stores);
	roster_free(engine->roster);
	config_unref(engine->current);
	config_unref(engine->candidate);
	g_clear_pointer(&engine->key, g_bytes_unref);
	g_clear_pointer(&engine->candidate_key, g_bytes_unref);
	g_object_unref(engine->cancellable);
	g_free(engine->database_trouble);
	g_free(engine->config_trouble);
	g_free(engine);
}

/* ---- sending jobs out ---- */

static struct store *idle_store(struct engine *engine)
{
	if (engine->stores->len == 0)
		return store_new(engine->current);
	return g_ptr_array_steal_index_fast(engine->stores, engine->stores->len - 1);
}

static void submit(struct engine *engine, struct job *job, const struct moment *now)
{
	job->cancellable = g_object_ref(engine->cancellable);
	job->config_path = engine->options.config_path;
	job->cache_dir = engine->options.cache_dir;
	job->state_dir = engine->options.state_dir;
	job->budgets = engine->options.budgets;
	job->tokens = engine->options.tokens;
	job->now = now->wall;
	engine->n_running++;
	engine->options.submit(job, engine->options.user);
}

static void submit_load(struct engine *engine, const struct moment *now)
{
	task_start(&engine->load);
	submit(engine, job_new(JOB_LOAD, NULL, NULL, NULL), now);
}

/* The new configuration may name a database that never answers; then every other try is
 * for the one that was lost. */
static struct config *next_to_prepare(const struct engine *engine)
{
	if (!engine->candidate ||
	    (engine->database_lost && engine->prepare.failures % 2 == 1))
		return engine->current;
	return engine->candidate;
}

static void submit_prepare(struct engine *engine, const struct moment *now)
{
	struct config *config = next_to_prepare(engine);

	task_start(&engine->prepare);
	submit(engine, job_new(JOB_PREPARE, config, store_new(config), NULL), now);
}

static void submit_poll(struct engine *engine, struct source *source,
			const struct moment *now)
{
	struct job *job = job_new(JOB_POLL, engine->current, idle_store(engine),
				  engine->key);

	task_start(&source->task);
	job->source = g_strdup(source->name);
	submit(engine, job, now);
}

static void submit_evaluate(struct engine *engine, const struct moment *now)
{
	task_start(&engine->evaluate);
	engine->told_since = false;
	engine->beside = roster_running(engine->roster) > 0;
	engine->midnight = evaluate_next_midnight(engine->current, now->wall);
	submit(engine,
	       job_new(JOB_EVALUATE, engine->current, idle_store(engine), engine->key),
	       now);
}

static void submit_deliver(struct engine *engine, const struct moment *now)
{
	struct job *job = job_new(JOB_DELIVER, engine->current, idle_store(engine), NULL);

	task_start(&engine->deliver);
	engine->told_since = true;
	job->before = engine->told;
	job->hurry = engine->options.once;
	engine->told = now->wall;
	submit(engine, job, now);
}

static bool is_ready(const struct engine *engine)
{
	return engine->current && !engine->database_lost;
}

static bool may_poll(const struct engine *engine)
{
	return is_ready(engine) &&
	       roster_running(engine->roster) < engine->current->schedule->workers;
}

/* Once means one evaluation, of everything. What it finds of one team is one message, so
 * it does not begin while messages are sent; they are for a minute or so at a time. */
static bool may_evaluate(const struct engine *engine)
{
	return is_ready(engine) && !engine->deliver.running &&
	       (!engine->options.once || roster_unpolled(engine->roster) == 0);
}

/* When messages are delivered, on the steady clock. For the same reason an evaluation
 * that runs is waited for, but not for long: it may have a year to read. */
static gint64 deliver_at(const struct engine *engine)
{
	gint64 due = task_wake(&engine->deliver);

	if (!is_ready(engine) || !engine->current->alerts || due == SCHEDULE_NEVER ||
	    (engine->options.once && !engine->evaluated))
		return SCHEDULE_NEVER;
	return engine->evaluate.running ? due + DELIVER_PATIENCE : due;
}

static void evaluate_if_due(struct engine *engine, const struct moment *now)
{
	if (may_evaluate(engine) && task_is_due(&engine->evaluate, now->steady))
		submit_evaluate(engine, now);
}

/* Either may be due all the time, where something changes with every poll or a receiver
 * has been away for long: so they take turns. */
static void submit_figures(struct engine *engine, const struct moment *now)
{
	if (engine->told_since)
		evaluate_if_due(engine, now);
	if (deliver_at(engine) <= now->steady)
		submit_deliver(engine, now);
	evaluate_if_due(engine, now);
}

static void submit_polls(struct engine *engine, const struct moment *now)
{
	struct source *source;

	while (may_poll(engine) && (source = roster_due(engine->roster, now->steady))) {
		if (engine->options.once && source->polled)
			source->task.due = SCHEDULE_NEVER;
		else
			submit_poll(engine, source, now);
	}
}

/* A day is never much longer than 24 hours: a midnight further off than that was computed
 * before the clock was set back. */
static void look_at_wall_clock(struct engine *engine, const struct moment *now)
{
	if (engine->midnight == SCHEDULE_NEVER)
		return;
	if (now->wall >= engine->midnight)
		task_want(&engine->evaluate, now->steady);
	else if (engine->midnight - now->wall > 2 * G_TIME_SPAN_DAY)
		engine->midnight = evaluate_next_midnight(engine->current, now->wall);
}

gint64 engine_advance(struct engine *engine, const struct moment *now)
{
	gint64 wake;

	if (engine->stopping)
		return engine->deadline;
	look_at_wall_clock(engine, now);
	if (task_is_due(&engine->load, now->steady))
		submit_load(engine, now);
	if (task_is_due(&engine->prepare, now->steady))
		submit_prepare(engine, now);
	submit_polls(engine, now);
	submit_figures(engine, now);

	wake = MIN(task_wake(&engine->load), task_wake(&engine->prepare));
	if (may_poll(engine))
		wake = MIN(wake, roster_wake(engine->roster));
	if (may_evaluate(engine)) {
		wake = MIN(wake, task_wake(&engine->evaluate));
		if (engine->midnight != SCHEDULE_NEVER && !engine->evaluate.running)
			wake = MIN(wake, now->steady + engine->midnight - now->wall);
	}
	return MIN(wake, deliver_at(engine));
}

/* ---- from outside ---- */

void engine_reload(struct engine *engine, const struct moment *now)
{
	if (engine->stopping)
		return;
	engine->reloading = true;
	task_want(&engine->load, now->steady);
}

void engine_stored(struct engine *engine, const struct moment *now)
{
	if (!engine->stopping)
		task_want(&engine->evaluate, now->steady);
}

bool engine_is_reloading(const struct engine *engine)
{
	return engine->reloading;
}

void engine_stop(struct engine *engine, const struct moment *now)
{
	if (engine->stopping)
		return;
	engine->stopping = true;
	engine->deadline = now->steady + ENGINE_DRAIN;
	announce_stopping(engine->options.announce, engine->n_running);
	g_cancellable_cancel(engine->cancellable);
}

static bool once_is_done(const struct engine *engine)
{
	return engine->options.once && engine->current && engine->evaluated &&
	       (engine->delivered || !engine->current->alerts) &&
	       roster_unpolled(engine->roster) == 0 && engine->n_running == 0;
}

bool engine_is_over(const struct engine *engine, const struct moment *now, int *status)
{
	if (once_is_done(engine)) {
		*status = roster_failing(engine->roster) ? EXIT_FAILED : engine->status;
		return true;
	}
	if (!engine->stopping)
		return false;
	if (engine->n_running > 0 && now->steady < engine->deadline)
		return false;
	*status = engine->status;
	if (engine->n_running > 0 || (engine->options.once && *status == EXIT_OK))
		*status = EXIT_FAILED;
	return true;
}

guint engine_running(const struct engine *engine)
{
	return engine->n_running;
}

char *engine_status(const struct engine *engine)
{
	guint n = roster_size(engine->roster), failing = roster_failing(engine->roster);
	guint polling = roster_running(engine->roster);
	GString *text = g_string_new(NULL);

	if (engine->stopping) {
		g_string_printf(text, "stopping, %u job(s) running", engine->n_running);
		return g_string_free(text, FALSE);
	}
	if (!is_ready(engine))
		g_string_printf(text, "waiting for the database: %s",
				engine->database_trouble ? engine->database_trouble
							 : "connecting");
	else
		g_string_printf(text, "watching %u sources, %u failing, polling %u", n,
				failing, polling);
	if (engine->config_trouble)
		g_string_append_printf(text, "; the new configuration is not in use: %s",
				       engine->config_trouble);
	return g_string_free(text, FALSE);
}

const struct roster *engine_roster(const struct engine *engine)
{
	return engine->roster;
}
