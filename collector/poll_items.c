#include "collector/poll_items.h"

#include <string.h>

#include "base/instant.h"
#include "collector/item_poll.h"
#include "collector/rest/rest.h"

/* ---- the sink ---- */

static bool sink_load(void *self, struct feed_row *row, GError **error)
{
	(void)error;
	item_poll_feed(self, row);
	return true;
}

struct reading {
	const struct item_poll *poll;
	GPtrArray *out;
};

/* Nobody needs to know how a run ended that no rule is about. */
static bool is_followed(const struct item_poll *poll, const struct item *item)
{
	switch (item->kind) {
	case ITEM_DEPLOYMENT:
	case ITEM_RUN:
	case ITEM_JOB:
		return item_judge_wants(poll->judge, item, false);
	case ITEM_RELEASE:
	case ITEM_CHANGE:
	case ITEM_INCIDENT:
	case ITEM_ARTIFACT:
	case ITEM_DEBT:
	case N_ITEM_KINDS:
		break;
	}
	return true;
}

static bool read_unfinished(const struct item *item, gint64 first_seen, bool gone,
			    void *user, GError **error)
{
	const struct reading *reading = user;

	(void)first_seen;
	(void)gone;
	(void)error;
	if (is_followed(reading->poll, item))
		g_ptr_array_add(reading->out, item_copy(item));
	return true;
}

static int oldest_first(gconstpointer a, gconstpointer b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	if (x->created != y->created)
		return x->created < y->created ? -1 : 1;
	return strcmp(x->id, y->id);
}

static bool sink_unfinished(void *self, const char *project, enum item_kind kind,
			    GPtrArray *items, GError **error)
{
	const struct item_poll *poll = self;
	struct reading reading = { poll, items };
	const struct item_query query = {
		.source_id = poll->row.source_id,
		.project = project,
		.kind = (int)kind,
		.unfinished = true,
		.created_from = INSTANT_NONE,
		.created_to = INSTANT_NONE,
	};

	if (!store_items_each(poll->store, &query, read_unfinished, &reading, error))
		return false;
	/* over, but not for us */
	if (kind == ITEM_RUN)
		item_poll_unasked(poll, project, items);
	g_ptr_array_sort(items, oldest_first);
	return true;
}

static bool read_known(const struct item *item, gint64 first_seen, bool gone, void *user,
		       GError **error)
{
	(void)first_seen;
	(void)gone;
	(void)error;
	g_ptr_array_add(user, item_copy(item));
	return true;
}

static bool sink_known(void *self, const char *project, enum item_kind kind, gint64 from,
		       gint64 to, GPtrArray *items, GError **error)
{
	const struct item_poll *poll = self;
	const struct item_query query = {
		.source_id = poll->row.source_id,
		.project = project,
		.kind = (int)kind,
		.created_from = from,
		.created_to = to,
	};

	return store_items_each(poll->store, &query, read_known, items, error);
}

static bool sink_save(void *self, const struct feed_row *row, const GPtrArray *items,
		      const GPtrArray *gone, GError **error)
{
	struct item_poll *poll = self;
	const struct feed *feed = driver_feed(poll->source->api->driver, row->feed);

	return item_poll_save(poll, row, items, feed->kind, gone, error);
}

/* ---- what the engine asks ---- */

/* Whether all that could be asked about items of a kind is their jobs. */
static bool only_has_jobs(const struct driver *driver, enum item_kind kind)
{
	for (const struct feed *feed = driver->feeds; feed->name; feed++)
		for (const struct detail *detail = feed->details;
		     feed->kind == kind && detail && detail->name; detail++)
			if (!detail->fields || detail->merge || detail->kind != ITEM_JOB)
				return false;
	return true;
}

static bool wanted(const struct item *item, void *user)
{
	const struct item_poll *poll = user;

	return item_judge_wants(poll->judge, item,
				only_has_jobs(poll->source->api->driver, item->kind));
}

static void tell_progress(const char *text, void *user)
{
	const struct item_poll *poll = user;

	if (poll->context->progress)
		poll->context->progress(poll->source->name, text, poll->context->user);
}

static void tell_notice(const char *text, void *user)
{
	const struct item_poll *poll = user;

	if (poll->context->notice)
		poll->context->notice(poll->source->name, text, poll->context->user);
}

/* ---- the poll ---- */

static bool ask(struct item_poll *poll, GError **error)
{
	_cleanup_(rest_transport_freep) struct rest_transport *transport =
		rest_transport_new(poll->context->cancellable);
	const struct rest_sink sink = {
		.load = sink_load,
		.unfinished = sink_unfinished,
		.known = sink_known,
		.save = sink_save,
		.self = poll,
	};
	const struct rest_source source = {
		.driver = poll->source->api->driver,
		.api = poll->source->api,
		.transport = transport,
		.sink = &sink,
		.budgets = poll->context->budgets,
		.tokens = poll->context->tokens,
		.cancellable = poll->context->cancellable,
		.needed = item_judge_needs(poll->judge),
		.environment = item_judge_environment(poll->judge),
		.wanted = wanted,
		.progress = tell_progress,
		.notice = tell_notice,
		.user = poll,
	};
	struct rest_result result = { .not_before = INSTANT_NONE };
	bool good = rest_poll(&source, &result, error);

	poll->result->not_before = result.not_before;
	poll->result->partly = !good && result.n_good > 0;
	if (!good)
		g_prefix_error(error, "%s %s: ", poll->source->type, poll->source->name);
	return good;
}

/* A feed that cannot be read, for which a person may have to act, keeps nothing of what
 * the others told from becoming facts. */
static bool ask_and_end(struct item_poll *poll, GError **error)
{
	g_autoptr(GError) later = NULL;

	if (ask(poll, error))
		return item_poll_end(poll, true, error);
	if (poll->result->partly)
		item_poll_end(poll, false, &later);
	return false;
}

bool poll_items(struct store *store, const struct work_context *context,
		const struct config_source *source, gint64 now,
		struct poll_result *result, GError **error)
{
	struct item_poll poll = {
		.store = store,
		.context = context,
		.source = source,
		.now = now,
		.result = result,
	};
	g_autoptr(GError) local = NULL;
	bool good;

	*result = (struct poll_result){ .not_before = INSTANT_NONE };
	good = item_poll_begin(&poll, &local) && ask_and_end(&poll, &local);
	if (!good) {
		item_poll_failed(&poll, local);
		g_propagate_error(error, g_steal_pointer(&local));
	}
	item_poll_clear(&poll);
	return good;
}
