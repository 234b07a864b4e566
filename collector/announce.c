#include "collector/announce.h"

#include "base/instant.h"
#include "base/log.h"
#include "collector/complaint.h"

struct announce {
	struct progress *progress;
	GHashTable *complaints; /* what -> struct complaint */
};

#define DATABASE "database"
#define EVALUATION "evaluation"
#define MESSAGES "messages"
#define CHANNEL "channel"

static void complaint_destroy(void *complaint)
{
	complaint_clear(complaint);
	g_free(complaint);
}

struct announce *announce_new(struct progress *progress)
{
	struct announce *announce = g_new0(struct announce, 1);

	announce->progress = progress;
	announce->complaints = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						     complaint_destroy);
	return announce;
}

void announce_free(struct announce *announce)
{
	if (!announce)
		return;
	progress_free(announce->progress);
	g_hash_table_unref(announce->complaints);
	g_free(announce);
}

/* Sources are named by people, so theirs get a prefix that keeps them apart from ours. */
static struct complaint *complaint_about(struct announce *announce, const char *what,
					 const char *name)
{
	g_autofree char *key = g_strconcat(what, "/", name, NULL); /* name may be NULL */
	struct complaint *complaint = g_hash_table_lookup(announce->complaints, key);

	if (!complaint) {
		complaint = g_new0(struct complaint, 1);
		g_hash_table_insert(announce->complaints, g_steal_pointer(&key),
				    complaint);
	}
	return complaint;
}

static char *number(gsize n)
{
	return g_strdup_printf("%" G_GSIZE_FORMAT, n);
}

/* What happens next: "will be tried again; next try in 20s". */
static char *outlook(const GError *error, GTimeSpan wait)
{
	g_autofree char *span = NULL;

	if (wait <= 0)
		return g_strdup(wait == 0 || !dora_error_is_transient(error)
					? dora_error_advice(error)
					: "may work at another time");
	span = span_format(wait - wait % G_USEC_PER_SEC);
	return g_strdup_printf("%s; next try in %s", dora_error_advice(error), span);
}

/* name: of a source; NULL for what there is one of. */
static void raise_complaint(struct announce *announce, const struct moment *now,
			    const char *what, const char *name, const GError *error,
			    GTimeSpan wait)
{
	struct complaint *complaint = complaint_about(announce, what, name);
	g_autofree char *next = NULL, *count = NULL;

	if (!complaint_raise(complaint, error->message, now->steady, now->wall))
		return;
	next = outlook(error, wait);
	count = complaint->n > 1 ? number(complaint->n) : NULL;
	progress_hide(announce->progress);
	/* The messages say themselves which source it was, or that it was the database.
	 */
	log_event(dora_error_is_transient(error) ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		  LOG_FIELDS({ what, name }, { "failures", count }), "%s (%s)",
		  error->message, next);
}

static void settle(struct announce *announce, const char *what, const char *name)
{
	struct complaint *complaint = complaint_about(announce, what, name);
	g_autofree char *count = NULL, *since = NULL;

	if (!complaint_settle(complaint))
		return;
	count = number(complaint->n);
	since = instant_format(complaint->since - complaint->since % G_USEC_PER_SEC);
	progress_hide(announce->progress);
	log_event(LOG_LEVEL_NOTICE,
		  LOG_FIELDS({ what, name }, { "failures", count }, { "since", since }),
		  "%s: works again", name ? name : what);
}

void announce_started(struct announce *announce, const char *path,
		      const struct config *config)
{
	g_autofree char *sources = number(config->n_all);
	g_autofree char *services = number(config->n_services);
	g_autofree char *workers = number(config->schedule->workers);

	progress_hide(announce->progress);
	log_event(LOG_LEVEL_NOTICE,
		  LOG_FIELDS({ "config", path }, { "sources", sources },
			     { "services", services }, { "workers", workers }),
		  "dorad " DORAD_VERSION " started");
}

void announce_stopping(struct announce *announce, guint n_running)
{
	g_autofree char *running = number(n_running);

	progress_hide(announce->progress);
	log_event(LOG_LEVEL_NOTICE, LOG_FIELDS({ "running", running }), "stopping");
}

void announce_abandoned(struct announce *announce, guint n_running)
{
	progress_hide(announce->progress);
	log_event(LOG_LEVEL_ERROR, NULL,
		  "%u job(s) did not stop in time and are cut off; what they had not "
		  "committed is done again at the next start",
		  n_running);
}

void announce_poll(struct announce *announce, const char *source,
		   const struct poll_result *result)
{
	g_autofree char *commits = number(result->n_commits);
	g_autofree char *items = result->n_items ? number(result->n_items) : NULL;
	g_autofree char *deployments = number(result->n_deployments);

	progress_done(announce->progress, source);
	settle(announce, "source", source);
	if (!result->changed)
		log_event(LOG_LEVEL_DEBUG, LOG_FIELDS({ "source", source }),
			  "%s: nothing new", source);
	else
		log_event(LOG_LEVEL_INFO,
			  LOG_FIELDS({ "source", source }, { "commits", commits },
				     { "items", items }, { "deployments", deployments }),
			  "%s: stored what is new", source);
}

void announce_poll_failed(struct announce *announce, const struct moment *now,
			  const char *source, const GError *error, GTimeSpan wait)
{
	progress_done(announce->progress, source);
	raise_complaint(announce, now, "source", source, error, wait);
}

void announce_evaluation(struct announce *announce, const struct evaluate_result *result)
{
	g_autofree char *rows = number(result->n_rows);

	progress_done(announce->progress, EVALUATION);
	settle(announce, EVALUATION, NULL);
	if (result->n_rows > 0)
		log_event(LOG_LEVEL_INFO, LOG_FIELDS({ "rows", rows }),
			  "published new figures");
}

void announce_evaluation_failed(struct announce *announce, const struct moment *now,
				const GError *error, GTimeSpan wait)
{
	progress_done(announce->progress, EVALUATION);
	raise_complaint(announce, now, EVALUATION, NULL, error, wait);
}

void announce_alert(const struct deliver_line *line)
{
	g_autofree char *group = g_strdup_printf("%" G_GINT64_FORMAT, line->group_id);

	log_event(LOG_LEVEL_NOTICE,
		  LOG_FIELDS({ "alert", line->alerts }, { "group", group },
			     { "metric", line->metrics }, { "scope", line->scopes }),
		  "%s", line->text);
}

void announce_delivery(struct announce *announce, const struct moment *now,
		       const struct deliver_result *result, bool once)
{
	for (guint i = 0; i < result->channels->len; i++) {
		const struct deliver_channel *channel = g_ptr_array_index(
			result->channels, i);

		if (channel->error)
			raise_complaint(announce, now, CHANNEL, channel->name,
					channel->error, once ? -1 : channel->wait);
		else
			settle(announce, CHANNEL, channel->name);
	}
}

void announce_delivery_failed(struct announce *announce, const struct moment *now,
			      const GError *error, GTimeSpan wait)
{
	if (error)
		raise_complaint(announce, now, MESSAGES, NULL, error, wait);
	else
		settle(announce, MESSAGES, NULL);
}

void announce_database(struct announce *announce)
{
	settle(announce, DATABASE, NULL);
}

void announce_database_failed(struct announce *announce, const struct moment *now,
			      const GError *error, GTimeSpan wait)
{
	raise_complaint(announce, now, DATABASE, NULL, error, wait);
}

void announce_faults(struct announce *announce, const char *path, const GPtrArray *faults,
		     bool running)
{
	progress_hide(announce->progress);
	for (guint i = 0; i < faults->len; i++) {
		g_autofree char *line = config_fault_format(path,
							    g_ptr_array_index(faults, i));

		log_event(LOG_LEVEL_ERROR, NULL, "%s", line);
	}
	if (running)
		log_event(LOG_LEVEL_ERROR, LOG_FIELDS({ "config", path }),
			  "%s is not usable: correct it and reload; until then the "
			  "configuration from before goes on",
			  path);
}

void announce_refused(struct announce *announce, const char *path, const GError *error)
{
	progress_hide(announce->progress);
	log_event(LOG_LEVEL_ERROR, LOG_FIELDS({ "config", path }),
		  "%s is not applied: %s: %s, then reload; until then the configuration "
		  "from before goes on",
		  path, error->message, dora_error_advice(error));
}

void announce_applied(struct announce *announce, const char *path,
		      const struct roster_change *change)
{
	g_autofree char *added = number(change->n_added);
	g_autofree char *changed = number(change->n_changed);
	g_autofree char *removed = number(change->n_removed);

	progress_hide(announce->progress);
	log_event(LOG_LEVEL_NOTICE,
		  LOG_FIELDS({ "config", path }, { "added", added },
			     { "changed", changed }, { "removed", removed }),
		  "new configuration in use");
}

void announce_notice(struct announce *announce, const char *what, const char *text)
{
	progress_hide(announce->progress);
	log_event(LOG_LEVEL_NOTICE, LOG_FIELDS({ "source", what }), "%s: %s", what, text);
}

void announce_progress(struct announce *announce, const struct moment *now,
		       const char *what, const char *text)
{
	if (progress_update(announce->progress, what, text, now->steady))
		log_event(LOG_LEVEL_INFO, LOG_FIELDS({ "source", what }), "%s: %s", what,
			  text);
}
