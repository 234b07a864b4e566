#include "collector/push/push_body.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "drivers/driver.h"

/* ---- our own forms ---- */

static const struct json_field deployment_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/service", JSON_TEXT, true, ITEM(project) },
	{ "/outcome", JSON_TEXT, true, ITEM(state) },
	{ "/environment", JSON_TEXT, true, ITEM(environment) },
	{ "/attempt", JSON_INT, false, ITEM(attempt) },
	{ "/sha", JSON_TEXT, false, ITEM(sha) },
	{ "/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/version", JSON_TEXT, false, ITEM(version) },
	{ "/images/*", JSON_TEXTS, false, ITEM(images) },
	{ "/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/url", JSON_TEXT, false, ITEM(url) },
	{ "/started", JSON_TIME, false, ITEM(started) },
	{ "/finished", JSON_TIME, false, ITEM(finished) },
	{ "/updated", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static const struct json_field incident_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/started", JSON_TIME, true, ITEM(started) },
	{ "/services/*", JSON_TEXTS, true, ITEM(services) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/severity", JSON_TEXT, false, ITEM(severity) },
	{ "/category", JSON_TEXT, false, ITEM(category) },
	{ "/cause", JSON_TEXT, false, ITEM(cause) },
	{ "/fix", JSON_TEXT, false, ITEM(fix) },
	{ "/url", JSON_TEXT, false, ITEM(url) },
	{ "/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/detected", JSON_TIME, false, ITEM(detected) },
	{ "/acknowledged", JSON_TIME, false, ITEM(acknowledged) },
	{ "/mitigated", JSON_TIME, false, ITEM(mitigated) },
	{ "/resolved", JSON_TIME, false, ITEM(resolved) },
	{ "/updated", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* A key that nobody reads is a mistake that would otherwise stay unseen. */
static bool only_known(const cJSON *object, const struct json_field *fields,
		       GError **error)
{
	for (const cJSON *member = object->child; member; member = member->next) {
		const struct json_field *field = fields;
		gsize n = strlen(member->string);

		while (field->path && (strncmp(field->path + 1, member->string, n) != 0 ||
				       (field->path[n + 1] && field->path[n + 1] != '/')))
			field++;
		if (!field->path)
			return dora_refuse(error, "%.60s: there is no such key",
					   member->string);
		if (field->type == JSON_TEXTS && !cJSON_IsArray(member) &&
		    !cJSON_IsNull(member))
			return dora_refuse(error, "%s: expected a list", member->string);
	}
	return true;
}

static bool read_outcome(struct item *item, GError **error)
{
	if (!outcome_parse(item->state, &item->outcome))
		return dora_refuse(
			error,
			"outcome: \"%.60s\", expected success, failure, cancelled, "
			"skipped or running",
			item->state);
	item->done = item->outcome != OUTCOME_RUNNING;
	if (item->done && item->finished == INSTANT_NONE)
		return dora_refuse(error, "finished: missing, and the outcome is final");
	if (!item->done && item->finished != INSTANT_NONE)
		return dora_refuse(error, "finished: given, and it is still running");
	return true;
}

static bool read_resolved(struct item *item, GError **error)
{
	if (item->resolved != INSTANT_NONE && item->resolved < item->started)
		return dora_refuse(error, "resolved: before it started");
	item->done = item->resolved != INSTANT_NONE;
	item->state = g_strdup(item->done ? "resolved" : "open");
	return true;
}

static bool read_one(const cJSON *object, enum item_kind kind,
		     const struct json_field *fields, struct item *item, GError **error)
{
	if (!cJSON_IsObject(object))
		return dora_refuse(error, "is not an object");
	return only_known(object, fields, error) &&
	       json_decode(object, fields, item, error) &&
	       (kind == ITEM_DEPLOYMENT ? read_outcome(item, error)
					: read_resolved(item, error)) &&
	       item_check(item, error);
}

static bool add(const cJSON *object, enum item_kind kind, const struct json_field *fields,
		const char *client, guint index, GPtrArray *items, GError **error)
{
	struct item *item = g_new(struct item, 1);

	item_init(item, kind);
	g_ptr_array_add(items, item);
	if (!read_one(object, kind, fields, item, error)) {
		g_prefix_error(error, "%s %u: ", item_kind_name(kind), index + 1);
		return false;
	}
	if (!item->project)
		item->project = g_strdup(client);
	return true;
}

static bool add_all(const cJSON *body, enum item_kind kind,
		    const struct json_field *fields, const char *client, GPtrArray *items,
		    GError **error)
{
	guint n = 0;

	if (!cJSON_IsArray(body))
		return add(body, kind, fields, client, 0, items, error);
	for (const cJSON *each = body->child; each; each = each->next, n++) {
		if (n == PUSH_ITEMS_MAX)
			return dora_refuse(error, "more than %u in one request",
					   PUSH_ITEMS_MAX);
		if (!add(each, kind, fields, client, n, items, error))
			return false;
	}
	return true;
}

bool push_deployments(const cJSON *body, const char *client, GPtrArray *items,
		      GError **error)
{
	return add_all(body, ITEM_DEPLOYMENT, deployment_fields, client, items, error);
}

bool push_incidents(const cJSON *body, const char *client, GPtrArray *items,
		    GError **error)
{
	return add_all(body, ITEM_INCIDENT, incident_fields, client, items, error);
}

/* ---- Alertmanager ---- */

static const struct json_field alert_fields[] = {
	{ "/fingerprint", JSON_TEXT, true, ITEM(id) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/startsAt", JSON_TIME, true, ITEM(started) },
	{ "/endsAt", JSON_TIME, false, ITEM(resolved) },
	{ "/annotations/summary", JSON_TEXT, false, ITEM(name) },
	{ "/labels/alertname", JSON_TEXT, false, ITEM(name) },
	{ "/labels/severity", JSON_TEXT, false, ITEM(severity) },
	{ "/labels/service", JSON_TEXTS, false, ITEM(services) },
	{ "/generatorURL", JSON_TEXT, false, ITEM(url) },
	{ NULL },
};

static char **label_list(const cJSON *labels)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (const cJSON *label = labels ? labels->child : NULL; label;
	     label = label->next)
		if (cJSON_IsString(label))
			g_ptr_array_add(list, g_strdup_printf("%s=%s", label->string,
							      label->valuestring));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_steal(list, NULL);
}

/* An alert that fires again is another incident: it has the same fingerprint and begins
 * later. */
static bool read_alert(const cJSON *alert, struct item *item, GError **error)
{
	g_autofree char *fingerprint = NULL;
	g_autofree char *since = NULL;

	if (!cJSON_IsObject(alert))
		return dora_refuse(error, "is not an object");
	if (!json_decode(alert, alert_fields, item, error))
		return false;
	item->done = strcmp(item->state, "resolved") == 0;
	if (!item->done && strcmp(item->state, "firing") != 0)
		return dora_refuse(error,
				   "status: \"%.60s\", expected firing or resolved",
				   item->state);
	if (!item->done)
		item->resolved = INSTANT_NONE; /* when it would expire */
	else if (item->resolved == INSTANT_NONE)
		return dora_refuse(error, "endsAt: missing, and it is resolved");
	fingerprint = g_steal_pointer(&item->id);
	since = instant_format(item->started);
	item->id = g_strdup_printf("%s@%s", fingerprint, since);
	item->labels = label_list(json_at(alert, "/labels"));
	return item_check(item, error);
}

bool push_alertmanager(const cJSON *body, const char *client, GPtrArray *items,
		       GError **error)
{
	const char *version = json_text_at(body, "/version");
	const cJSON *alerts = json_at(body, "/alerts");
	guint n = 0;

	if (g_strcmp0(version, "4") != 0)
		return dora_refuse(error,
				   "version: expected \"4\", the webhook of Alertmanager "
				   "since 0.6");
	if (!cJSON_IsArray(alerts))
		return dora_refuse(error, "alerts: expected a list");
	for (const cJSON *alert = alerts->child; alert; alert = alert->next, n++) {
		struct item *item = g_new(struct item, 1);

		item_init(item, ITEM_INCIDENT);
		item->project = g_strdup(client);
		g_ptr_array_add(items, item);
		if (n == PUSH_ITEMS_MAX)
			return dora_refuse(error, "more than %u in one request",
					   PUSH_ITEMS_MAX);
		if (!read_alert(alert, item, error)) {
			g_prefix_error(error, "alert %u: ", n + 1);
			return false;
		}
	}
	return true;
}

/* ---- the same thing told again ---- */

static void fill_gap(struct item *told, const struct item *known,
		     const struct item_member *member, bool keep_known)
{
	char *to = (char *)told + member->offset;
	const char *from = (const char *)known + member->offset;

	switch (member->type) {
	case JSON_TEXT:
	case JSON_ID:
		if (*(char *const *)from && (keep_known || !*(char **)to)) {
			g_free(*(char **)to);
			*(char **)to = g_strdup(*(char *const *)from);
		}
		break;
	case JSON_TEXTS:
		if (*(char **const *)from && (keep_known || !*(char ***)to)) {
			g_strfreev(*(char ***)to);
			*(char ***)to = g_strdupv(*(char **const *)from);
		}
		break;
	case JSON_TIME:
		if (*(const gint64 *)from != INSTANT_NONE &&
		    (keep_known || *(gint64 *)to == INSTANT_NONE))
			*(gint64 *)to = *(const gint64 *)from;
		break;
	case JSON_INT:
	case JSON_BOOL:
	case JSON_EPOCH:
	case JSON_EPOCH_MS:
	case JSON_PRESENT:
		break;
	}
}

void push_merge(struct item *told, const struct item *known)
{
	bool older = told->updated != INSTANT_NONE && known->updated != INSTANT_NONE &&
		     told->updated < known->updated;
	bool reopened = !older && known->done && !told->done;
	gint64 mitigated = told->mitigated;

	for (const struct item_member *member = item_members; member->name; member++)
		fill_gap(told, known, member, older);
	if (older) {
		told->outcome = known->outcome;
		told->done = known->done;
	}
	if (reopened) {
		told->finished = told->resolved = told->closed = INSTANT_NONE;
		told->mitigated = mitigated;
	}
}

static gint64 earlier(gint64 a, gint64 b)
{
	if (a == INSTANT_NONE || b == INSTANT_NONE)
		return MAX(a, b); /* INSTANT_NONE is less than any */
	return MIN(a, b);
}

void push_settle(struct item *item)
{
	if (item->kind == ITEM_INCIDENT)
		item->started = earlier(item->started,
					earlier(item->detected, item->acknowledged));
}
