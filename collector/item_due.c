#include "collector/item_due.h"

#include "collector/incident_rules.h"

static bool concerns(const struct config_service *service, const char *source,
		     const GPtrArray *items)
{
	struct incident_rules *rules;
	bool found = false;

	if (service->n_incidents == 0)
		return false;
	rules = incident_rules_new(service);
	for (guint i = 0; !found && i < items->len; i++) {
		const struct item *item = items->pdata[i];
		g_autoptr(GPtrArray) groups = g_ptr_array_new();

		found = item->kind == ITEM_INCIDENT &&
			incident_concerns(rules, source, item, groups);
	}
	incident_rules_free(rules);
	return found;
}

static bool mark(struct store *store, const GArray *scopes, const char *service,
		 GError **error)
{
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		if (scope->kind == SCOPE_SERVICE && strcmp(scope->name, service) == 0)
			return store_attribution_due(store, scope->scope_id, true, error);
	}
	return true;
}

static bool mark_concerned(struct store *store, const struct config *config,
			   const char *source, const GPtrArray *items, GError **error)
{
	GArray *scopes = store_scopes(store, error);
	bool good = scopes != NULL;

	for (unsigned i = 0; good && i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		if (concerns(service, source, items))
			good = mark(store, scopes, service->name, error);
	}
	scope_rows_free(scopes);
	return good;
}

bool item_due(struct store *store, const struct config *config, const char *source,
	      gint32 source_id, const GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) some = g_ptr_array_new();
	bool incidents = false;

	for (guint i = 0; i < items->len; i++) {
		const struct item *item = items->pdata[i];

		if (item->kind == ITEM_INCIDENT || item->kind == ITEM_CHANGE)
			g_ptr_array_add(some, (gpointer)item);
		incidents = incidents || item->kind == ITEM_INCIDENT;
	}
	return some->len == 0 ||
	       (store_items_due(store, source_id, some, error) &&
		(!incidents || mark_concerned(store, config, source, some, error)));
}

bool item_due_gone(struct store *store, gint32 source_id, const char *project,
		   enum item_kind kind, const GPtrArray *ids, GError **error)
{
	g_autoptr(GPtrArray) items = items_new();

	if (kind != ITEM_INCIDENT && kind != ITEM_CHANGE)
		return true;
	for (guint i = 0; ids && i < ids->len; i++) {
		struct item *item = g_new0(struct item, 1);

		item_init(item, kind);
		item->project = g_strdup(project);
		item->id = g_strdup(ids->pdata[i]);
		g_ptr_array_add(items, item);
	}
	return items->len == 0 || store_items_due(store, source_id, items, error);
}
