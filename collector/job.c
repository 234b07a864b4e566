#include "collector/job.h"

#include "base/error.h"
#include "collector/announce.h"
#include "collector/author_key.h"
#include "collector/retention.h"
#include "collector/self_alerts.h"
#include "sinks/store_alerts.h"

static void load(struct job *job)
{
	_cleanup_(config_unrefp) struct config *config = config_load(job->config_path,
								     &job->faults);

	if (!config)
		return;
	job->loaded_key = author_key_load(config, job->state_dir, &job->error);
	if (job->loaded_key)
		job->loaded = g_steal_pointer(&config);
}

static void prepare(struct job *job)
{
	g_autoptr(GPtrArray) left = NULL;

	if (!store_migrate(job->store, &job->error) ||
	    !store_sync_config(job->store, job->config, &job->error) ||
	    !(left = store_channels_left(job->store, job->now, &job->error))) {
		job->database = true;
		return;
	}
	if (store_notice(job->store) && job->notice)
		job->notice("database", store_notice(job->store), job->user);
	for (guint i = 0; i < left->len && job->notice; i++)
		job->notice("alerts", g_ptr_array_index(left, i), job->user);
}

/* A lost database fails whatever uses it next. To tell that from a failure of the source
 * an empty transaction is tried: it connects anew where need be. */
static void blame(struct job *job)
{
	g_autoptr(GError) error = NULL;

	if (!job->error || !dora_error_is_transient(job->error) ||
	    g_cancellable_is_cancelled(job->cancellable))
		return;
	store_rollback(job->store);
	if (store_begin(job->store, &error) && store_commit(job->store, &error))
		return;
	store_rollback(job->store);
	job->database = true;
	g_clear_error(&job->error);
	job->error = g_steal_pointer(&error);
}

static void poll(struct job *job, const struct work_context *context)
{
	const struct config_source *source = config_source(job->config, job->source);

	if (!poll_source(job->store, context, source, job->now, &job->polled,
			 &job->error))
		blame(job);
}

static void evaluate(struct job *job, const struct work_context *context)
{
	g_autofree char *text = NULL;
	gint64 never;
	gsize n = 0;

	/* with alerts they are looked at whenever messages are delivered */
	if (!context->config->alerts &&
	    !self_alerts_run(job->store, context, job->now, &never, &job->error)) {
		blame(job);
		return;
	}
	if (!evaluate_due(job->store, context, job->now, &job->evaluated, &job->error) ||
	    !retention_run(job->store, context, job->now, &n, &job->error)) {
		blame(job);
		return;
	}
	if (n == 0 || !context->notice)
		return;
	text = g_strdup_printf("%" G_GSIZE_FORMAT " rows were deleted for their age", n);
	context->notice("retention", text, context->user);
}

/* What the daemon cannot tell of itself keeps nobody from what else there is to tell. */
static void deliver(struct job *job, const struct work_context *context)
{
	g_autoptr(GError) error = NULL;
	gint64 next;

	self_alerts_run(job->store, context, job->now, &next, &job->error);
	if ((job->hurry && !store_outbox_hurry(job->store, job->now,
					       job->error ? &error : &job->error)) ||
	    !deliver_due(job->store, context, job->before, job->now, &job->delivered,
			 job->error ? &error : &job->error) ||
	    job->error) {
		blame(job);
		return;
	}
	if (job->delivered.next == INSTANT_NONE || next < job->delivered.next)
		job->delivered.next = next;
}

/* What is on its way is the job's own matter, whatever is worked on inside. */
static void tell_progress(const char *what, const char *text, void *user)
{
	const struct job *job = user;
	g_autofree char *line = NULL;

	if (job->kind == JOB_POLL) {
		job->progress(job->source, text, job->user);
		return;
	}
	line = g_strdup_printf("%s: %s", what, text);
	job->progress("evaluation", line, job->user);
}

static void tell_journal(const struct deliver_line *line, void *user)
{
	(void)user;
	announce_alert(line);
}

static void tell_notice(const char *what, const char *text, void *user)
{
	const struct job *job = user;

	job->notice(what, text, job->user);
}

struct job *job_new(enum job_kind kind, struct config *config, struct store *store,
		    GBytes *author_key)
{
	struct job *job = g_new0(struct job, 1);

	job->kind = kind;
	job->config = config ? config_ref(config) : NULL;
	job->store = store;
	job->author_key = author_key ? g_bytes_ref(author_key) : NULL;
	deliver_result_init(&job->delivered);
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	store_free(job->store);
	config_unref(job->config);
	config_unref(job->loaded);
	g_clear_pointer(&job->author_key, g_bytes_unref);
	g_clear_pointer(&job->loaded_key, g_bytes_unref);
	g_clear_pointer(&job->faults, g_ptr_array_unref);
	g_clear_object(&job->cancellable);
	g_clear_error(&job->error);
	deliver_result_clear(&job->delivered);
	g_free(job->source);
	g_free(job);
}

void job_run(struct job *job)
{
	const struct work_context context = {
		.config = job->config,
		.cache_dir = job->cache_dir,
		.author_key = job->author_key,
		.budgets = job->budgets,
		.tokens = job->tokens,
		.cancellable = job->cancellable,
		.progress = job->progress ? tell_progress : NULL,
		.notice = job->notice ? tell_notice : NULL,
		.journal = tell_journal,
		.user = job,
	};

	switch (job->kind) {
	case JOB_LOAD:
		load(job);
		break;
	case JOB_PREPARE:
		prepare(job);
		break;
	case JOB_POLL:
		poll(job, &context);
		break;
	case JOB_EVALUATE:
		evaluate(job, &context);
		break;
	case JOB_DELIVER:
		deliver(job, &context);
		break;
	}
}
