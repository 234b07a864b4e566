#include "collector/command.h"
#include "collector/engine_inside.h"

/* Some two minutes. */
#define QUIET_FAILURES 7

/* The database went away under a job: nothing runs until it has been prepared again,
 * which is tried at once and then with growing pauses. */
static void lose_database(struct engine *engine, const GError *error,
			  const struct moment *now)
{
	if (!engine->database_lost) {
		engine->database_lost = true;
		engine->prepare.failures = 0;
		announce_database_failed(engine->options.announce, now, error, 0);
		task_want(&engine->prepare, now->steady);
	}
	engine_note(&engine->database_trouble, error->message);
}

static void adopt(struct engine *engine, const struct moment *now)
{
	bool first = engine->current == NULL;
	struct config *old = engine->current;
	struct roster_change change;

	engine->current = g_steal_pointer(&engine->candidate);
	g_clear_pointer(&engine->key, g_bytes_unref);
	engine->key = g_steal_pointer(&engine->candidate_key);
	g_ptr_array_set_size(engine->stores, 0);
	roster_update(engine->roster, engine->current, now->steady, engine->options.once,
		      &change);
	config_unref(old);
	g_clear_pointer(&engine->config_trouble, g_free);
	if (engine->options.adopted)
		engine->options.adopted(engine->current, engine->key,
					engine->options.user);
	if (!first)
		announce_applied(engine->options.announce, engine->options.config_path,
				 &change);
}

static void refuse(struct engine *engine, const GError *error)
{
	g_clear_pointer(&engine->candidate, config_unref);
	g_clear_pointer(&engine->candidate_key, g_bytes_unref);
	engine->prepare.failures = 0;
	announce_refused(engine->options.announce, engine->options.config_path, error);
	engine_note(&engine->config_trouble, error->message);
}

/* Nothing that a restart or patience could mend. */
static void give_up(struct engine *engine, int status, const struct moment *now)
{
	engine->status = status;
	engine_stop(engine, now);
}

static void prepare_failed(struct engine *engine, struct job *job,
			   const struct moment *now)
{
	bool transient = dora_error_is_transient(job->error);
	bool wrong = g_error_matches(job->error, DORA_ERROR, DORA_ERROR_CONFIG);
	bool last = engine->options.once ||
		    (wrong && (!engine->current || job->config == engine->current));
	GTimeSpan wait;

	if (!last && !transient && job->config != engine->current && engine->current) {
		refuse(engine, job->error);
		if (engine->database_lost)
			task_want(&engine->prepare, now->steady);
		return;
	}
	engine->prepare.failures++;
	wait = schedule_database_backoff(job->error, engine->prepare.failures);
	announce_database_failed(engine->options.announce, now, job->error,
				 last ? -1 : wait);
	engine_note(&engine->database_trouble, job->error->message);
	if (last)
		give_up(engine, transient ? EXIT_UNAVAILABLE : EXIT_CONFIG, now);
	else
		task_want(&engine->prepare, now->steady + wait);
}

static void finish_prepare(struct engine *engine, struct job *job,
			   const struct moment *now)
{
	engine->prepare.running = false;
	if (job->config != engine->candidate && job->config != engine->current)
		return; /* another file was loaded meanwhile: prepare is due again */
	engine->reloading = engine->load.running || engine->load.due != SCHEDULE_NEVER;
	if (job->error) {
		prepare_failed(engine, job, now);
		return;
	}
	if (job->config == engine->candidate)
		adopt(engine, now);
	else if (engine->candidate)
		task_want(&engine->prepare, now->steady);
	engine->database_lost = false;
	engine->prepare.failures = 0;
	g_clear_pointer(&engine->database_trouble, g_free);
	announce_database(engine->options.announce);
	task_want(&engine->evaluate, now->steady);
	task_want(&engine->deliver, now->steady);
}

static void finish_load(struct engine *engine, struct job *job, const struct moment *now)
{
	engine->load.running = false;
	if (job->loaded) {
		config_unref(engine->candidate);
		g_clear_pointer(&engine->candidate_key, g_bytes_unref);
		engine->candidate = g_steal_pointer(&job->loaded);
		engine->candidate_key = g_steal_pointer(&job->loaded_key);
		engine->prepare.failures = 0;
		task_want(&engine->prepare, now->steady);
		return;
	}
	if (job->error)
		announce_refused(engine->options.announce, engine->options.config_path,
				 job->error);
	else
		announce_faults(engine->options.announce, engine->options.config_path,
				job->faults, true);
	engine_note(&engine->config_trouble,
		    job->error ? job->error->message : "the file has faults");
	engine->reloading = false;
}

static void finish_poll(struct engine *engine, struct job *job, const struct moment *now)
{
	struct source *source = roster_find(engine->roster, job->source);
	struct announce *announce = engine->options.announce;
	bool kept = source->config != NULL;
	GTimeSpan wait;

	if (job->polled.changed)
		task_want(&engine->evaluate, now->steady);
	if (!job->error) {
		roster_good(engine->roster, source, &job->polled, now);
		announce_poll(announce, job->source, &job->polled);
		return;
	}
	if (job->database) {
		roster_undone(engine->roster, source, job->error, now->steady);
		lose_database(engine, job->error, now);
		return;
	}
	wait = roster_failed(engine->roster, source, job->error, &job->polled, now);
	if (kept)
		announce_poll_failed(announce, now, job->source, job->error,
				     engine->options.once ? -1 : wait);
}

/* A mirror belongs to one worker at a time, so while it is being fetched the evaluation
 * of its services cannot have it. That is no news unless it goes on. */
static bool in_each_others_way(const struct engine *engine, const struct job *job)
{
	return !engine->options.once && dora_error_is_transient(job->error) &&
	       engine->evaluate.failures <= QUIET_FAILURES &&
	       (engine->beside || roster_running(engine->roster) > 0);
}

/* States change by themselves; not faster than this, whatever the database says. */
static void look_again(struct engine *engine, gint64 next, const struct moment *now)
{
	if (next != INSTANT_NONE)
		engine->midnight = MIN(engine->midnight,
				       MAX(next, now->wall + G_TIME_SPAN_MINUTE / 6));
}

static void finish_evaluate(struct engine *engine, struct job *job,
			    const struct moment *now)
{
	struct announce *announce = engine->options.announce;
	GTimeSpan wait;

	engine->evaluate.running = false;
	engine->evaluated = true;
	if (!job->error) {
		engine->evaluate.failures = 0;
		look_again(engine, job->evaluated.next, now);
		task_want(&engine->deliver, now->steady);
		announce_evaluation(announce, &job->evaluated);
		return;
	}
	if (engine->options.once)
		engine->status = EXIT_FAILED;
	if (job->database) {
		lose_database(engine, job->error, now);
		return; /* wanted again once the database is back */
	}
	engine->evaluate.failures++;
	if (in_each_others_way(engine, job)) {
		wait = schedule_database_backoff(job->error, engine->evaluate.failures);
	} else {
		wait = schedule_backoff(job->error, engine->evaluate.failures,
					G_TIME_SPAN_MINUTE);
		announce_evaluation_failed(announce, now, job->error,
					   engine->options.once ? -1 : wait);
	}
	task_want(&engine->evaluate, now->steady + wait);
}

/* Once tells all that there is to tell, and what a channel does not take is a failure. */
static void finish_deliver(struct engine *engine, struct job *job,
			   const struct moment *now)
{
	const struct deliver_result *result = &job->delivered;
	const bool once = engine->options.once;
	GTimeSpan wait = G_TIME_SPAN_MINUTE;

	engine->deliver.running = false;
	engine->delivered = job->error || !result->more;
	if (once && (job->error || result->n_failed > 0))
		engine->status = EXIT_FAILED;
	if (job->error && job->database) {
		lose_database(engine, job->error, now);
		return; /* wanted again once the database is back */
	}
	announce_delivery_failed(engine->options.announce, now, job->error,
				 once ? -1 : wait);
	if (!job->error && result->more)
		wait = 0;
	else if (!job->error && result->next != INSTANT_NONE)
		wait = MAX(result->next - now->wall, G_TIME_SPAN_SECOND);
	task_want(&engine->deliver, now->steady + MIN(wait, G_TIME_SPAN_MINUTE));
}

static bool was_cancelled(const struct engine *engine, const struct job *job)
{
	return engine->stopping && job->error &&
	       (g_error_matches(job->error, DORA_ERROR, DORA_ERROR_CANCELLED) ||
		dora_error_is_transient(job->error));
}

/* Stores of another configuration may be of another database. */
static void keep_store(struct engine *engine, struct job *job)
{
	if (job->store && job->config == engine->current && !engine->stopping &&
	    !job->database)
		g_ptr_array_add(engine->stores, g_steal_pointer(&job->store));
}

void engine_finished(struct engine *engine, struct job *job, const struct moment *now)
{
	engine->n_running--;
	/* What came of the channels is told, whatever became of the rest. */
	announce_delivery(engine->options.announce, now, &job->delivered,
			  engine->options.once);
	if (was_cancelled(engine, job)) {
		job_free(job);
		return;
	}
	/* What it had to tell is for channels of before, after those have been gone over.
	 */
	if ((job->kind == JOB_EVALUATE || job->kind == JOB_DELIVER) &&
	    job->config != engine->current)
		task_want(&engine->prepare, now->steady);
	switch (job->kind) {
	case JOB_LOAD:
		finish_load(engine, job, now);
		break;
	case JOB_PREPARE:
		finish_prepare(engine, job, now);
		break;
	case JOB_POLL:
		finish_poll(engine, job, now);
		break;
	case JOB_EVALUATE:
		finish_evaluate(engine, job, now);
		break;
	case JOB_DELIVER:
		finish_deliver(engine, job, now);
		break;
	}
	keep_store(engine, job);
	job_free(job);
}
