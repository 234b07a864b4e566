#include "collector/push/push_store.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/item_due.h"
#include "collector/item_poll.h"
#include "collector/push/push_body.h"

/* A sender's clock may be ahead of ours by so much. */
#define AHEAD_MAX (5 * G_TIME_SPAN_MINUTE)

/* The service that clients call by this name; NULL. Deployments need a rule that takes
 * them; an incident needs none. */
static const struct config_service *service_called(const struct config *config,
						   const char *name, bool by_rule)
{
	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		if (!by_rule && strcmp(service->name, name) == 0)
			return service;
		for (unsigned j = 0; j < service->n_deployments; j++) {
			const struct config_rule *rule = &service->deployments[j];

			if (rule->from == FROM_PUSH &&
			    config_lists(rule->names, rule->n_names, name))
				return service;
		}
	}
	return NULL;
}

/* Whether a client may tell anything of what is called so. A name that is no service's
 * may be anybody's, but where the client is held to some. */
static bool may_speak(const struct config *config,
		      const struct config_push_client *client, const char *name,
		      GError **error)
{
	const struct config_service *service = service_called(config, name, false);

	if (client->n_services == 0 || !service ||
	    config_lists(client->services, client->n_services, service->name))
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "this client may not speak of service \"%s\"", service->name);
	return false;
}

static bool check_service(const struct config *config,
			  const struct config_push_client *client, const char *name,
			  bool deployment, GError **error)
{
	const struct config_service *service = service_called(config, name, deployment);

	if (!service) {
		const bool exists = config_service(config, name) != NULL;

		return dora_refuse(
			error,
			exists ? "service \"%.100s\" takes no pushed deployments: it has "
				 "no rule \"from: push\""
			       : "there is no service \"%.100s\"",
			name);
	}
	return may_speak(config, client, name, error);
}

static bool check_times(const struct item *item, gint64 now, GError **error)
{
	for (const struct item_member *member = item_members; member->name; member++) {
		const gint64 *at = (const gint64 *)((const char *)item + member->offset);

		if (member->type == JSON_TIME && *at != INSTANT_NONE &&
		    *at > now + AHEAD_MAX) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
				    "%s %s: %s is in the future",
				    item_kind_name(item->kind), item->id, member->name);
			return false;
		}
	}
	return true;
}

static bool check_item(const struct config *config, const struct push_request *request,
		       const struct item *item, GError **error)
{
	if (!check_times(item, request->now, error))
		return false;
	if (item->kind == ITEM_DEPLOYMENT)
		return check_service(config, request->client, item->project, true, error);
	for (guint i = 0;
	     item->kind == ITEM_INCIDENT && item->services && item->services[i]; i++)
		if (!(request->any_service
			      ? may_speak(config, request->client, item->services[i],
					  error)
			      : check_service(config, request->client, item->services[i],
					      false, error)))
			return false;
	return true;
}

/* One that is told of again, and who tells. */
struct merging {
	const struct config *config;
	const struct config_push_client *client;
	struct item *told;
};

static bool merge_known(const struct item *known, gint64 first_seen, bool gone,
			void *user, GError **error)
{
	const struct merging *merging = user;

	(void)first_seen;
	(void)gone;
	if (known->attempt != merging->told->attempt)
		return true;
	for (guint i = 0; known->services && known->services[i]; i++)
		if (!may_speak(merging->config, merging->client, known->services[i],
			       error))
			return false;
	push_merge(merging->told, known);
	return true;
}

/* The same thing twice in one request: a later telling is merged into the one before it,
 * for a key may be written once a statement. */
static void merge_twins(GPtrArray *items)
{
	for (guint i = items->len; i-- > 0;) {
		struct item *later = g_ptr_array_index(items, i);

		for (guint j = i; j-- > 0;) {
			struct item *first = g_ptr_array_index(items, j);

			if (first->kind != later->kind ||
			    first->attempt != later->attempt ||
			    strcmp(first->id, later->id) != 0 ||
			    g_strcmp0(first->project, later->project) != 0)
				continue;
			push_merge(later, first);
			g_ptr_array_index(items, j) = later;
			g_ptr_array_index(items, i) = first;
			g_ptr_array_remove_index(items, i);
			break;
		}
	}
}

static bool merge_all(struct store *store, const struct config *config,
		      const struct push_request *request, gint32 source_id,
		      GError **error)
{
	merge_twins(request->items);
	for (guint i = 0; i < request->items->len; i++) {
		struct item *item = g_ptr_array_index(request->items, i);
		struct merging merging = { config, request->client, item };
		const char *const ids[] = { item->id, NULL };
		const struct item_query query = {
			.source_id = source_id,
			.project = item->project,
			.kind = (int)item->kind,
			.created_from = INSTANT_NONE,
			.created_to = INSTANT_NONE,
			.ids = ids,
			.gone = true,
		};

		if (!store_items_each(store, &query, merge_known, &merging, error))
			return false;
		push_settle(item);
	}
	return true;
}

/* What an artifact was built from may be what a deployment before it waits for: the next
 * look at what was pushed finds out. */
static char *cursor_after(const char *cursor, const GPtrArray *changed)
{
	for (guint i = 0; i < changed->len; i++)
		if (((const struct item *)g_ptr_array_index(changed, i))->kind ==
		    ITEM_ARTIFACT)
			return item_poll_unsettled(cursor);
	return g_strdup(cursor);
}

/* In the transaction that locks the source, so that requests are stored one after
 * another, whoever else serves the same database. */
static bool write_all(struct store *store, const struct config *config,
		      struct item_judge *judge, const struct push_request *request,
		      gint32 source_id, bool *replayed, GError **error)
{
	g_autoptr(GPtrArray) changed = g_ptr_array_new();
	struct source_row row = { 0 };
	g_autofree char *cursor = NULL;
	gsize n_deployments = 0;
	bool good;

	if (!store_begin(store, error) || !store_source(store, "push", &row, error))
		return false;
	if (request->digest &&
	    !store_push_seen(store, request->digest, request->now, replayed, error)) {
		source_row_clear(&row);
		return false;
	}
	good = *replayed || (merge_all(store, config, request, source_id, error) &&
			     store_items_write(store, source_id, request->now,
					       request->items, changed, error) &&
			     item_judge_store(judge, JUDGE_CHANGED, changed, request->now,
					      &n_deployments, error));
	cursor = cursor_after(row.cursor, changed);
	source_row_clear(&row);
	return good &&
	       (*replayed ||
		(store_source_ok(store, source_id, cursor, request->now, false, error) &&
		 /* last: rows that an evaluation commits meanwhile are looked at, too */
		 item_due(store, config, "push", source_id, changed, error))) &&
	       store_commit(store, error);
}

static bool judge_and_write(struct store *store, const struct work_context *context,
			    const struct push_request *request, bool *replayed,
			    GError **error)
{
	const struct config_source *source = config_source(context->config, "push");
	_cleanup_(item_judge_freep) struct item_judge *judge = NULL;
	struct source_row row = { 0 };
	gint32 source_id;

	if (!store_source(store, source->name, &row, error))
		return false;
	source_id = row.source_id;
	source_row_clear(&row);
	judge = item_judge_new(store, context, source, source_id, error);
	return judge && item_judge_read_ahead(judge, request->items, error) &&
	       write_all(store, context->config, judge, request, source_id, replayed,
			 error);
}

bool push_store(struct store *store, const struct work_context *context,
		const struct push_request *request, bool *replayed, GError **error)
{
	*replayed = false;
	for (guint i = 0; i < request->items->len; i++)
		if (!check_item(context->config, request,
				g_ptr_array_index(request->items, i), error))
			return false;
	if (judge_and_write(store, context, request, replayed, error))
		return true;
	store_rollback(store);
	return false;
}

bool poll_push(struct store *store, const struct work_context *context,
	       const struct config_source *source, gint64 now, struct poll_result *result,
	       GError **error)
{
	struct item_poll poll = {
		.store = store,
		.context = context,
		.source = source,
		.now = now,
		.result = result,
	};
	GError *local = NULL;
	bool good = item_poll_begin(&poll, &local) && item_poll_end(&poll, true, &local);

	if (!good) {
		item_poll_failed(&poll, local);
		g_propagate_error(error, local);
	}
	item_poll_clear(&poll);
	return good;
}
