#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/push/push_body.h"
#include "drivers/driver.h"

/*
 * CDEvents: github.com/cdevents/spec, continuous-deployment.md, continuous-operations.md,
 * source-code-version-control.md and continuous-integration.md; cloudevents-binding.md
 * for how they travel. Types are "dev.cdevents.<subject>.<predicate>.<version>"; every
 * version since 0.1.0 names the members read here in the same way.
 */

/* What an event says about the item of its subject. */
struct event {
	const char *type; /* without prefix and version */
	enum item_kind kind;
	enum outcome outcome;
	bool done;
	const struct json_field *fields; /* of subject.content */
	gsize at;			 /* the instant that is the event's */
};

static const struct json_field service_fields[] = {
	{ "/subject/content/environment/id", JSON_TEXT, true, ITEM(environment) },
	{ "/subject/content/artifactId", JSON_TEXT, false, ITEM(version) },
	{ "/customData/sha", JSON_TEXT, false, ITEM(sha) },
	{ "/customData/url", JSON_TEXT, false, ITEM(url) },
	{ NULL },
};

static const struct json_field incident_fields[] = {
	{ "/subject/content/service/id", JSON_TEXTS, false, ITEM(services) },
	{ "/subject/content/description", JSON_TEXT, false, ITEM(name) },
	{ "/subject/content/ticketURI", JSON_TEXT, false, ITEM(url) },
	{ "/subject/content/environment/id", JSON_TEXT, false, ITEM(environment) },
	{ "/customData/severity", JSON_TEXT, false, ITEM(severity) },
	{ NULL },
};

static const struct json_field change_fields[] = {
	{ "/subject/content/repository/id", JSON_TEXT, true, ITEM(project) },
	{ "/subject/content/description", JSON_TEXT, false, ITEM(name) },
	{ "/customData/sha", JSON_TEXT, false, ITEM(sha) },
	{ NULL },
};

static const struct json_field artifact_fields[] = {
	{ "/subject/content/change/id", JSON_TEXT, true, ITEM(sha) },
	{ NULL },
};

static const struct event events[] = {
	{ "service.deployed", ITEM_DEPLOYMENT, OUTCOME_SUCCESS, true, service_fields,
	  ITEM(finished) },
	{ "service.upgraded", ITEM_DEPLOYMENT, OUTCOME_SUCCESS, true, service_fields,
	  ITEM(finished) },
	{ "service.rolledback", ITEM_DEPLOYMENT, OUTCOME_SUCCESS, true, service_fields,
	  ITEM(finished) },
	/* Nothing was deployed: kept, and never counted. */
	{ "service.removed", ITEM_DEPLOYMENT, OUTCOME_SKIPPED, true, service_fields,
	  ITEM(finished) },
	{ "incident.detected", ITEM_INCIDENT, OUTCOME_RUNNING, false, incident_fields,
	  ITEM(detected) },
	{ "incident.reported", ITEM_INCIDENT, OUTCOME_RUNNING, false, incident_fields,
	  ITEM(acknowledged) },
	{ "incident.resolved", ITEM_INCIDENT, OUTCOME_SUCCESS, true, incident_fields,
	  ITEM(resolved) },
	{ "change.merged", ITEM_CHANGE, OUTCOME_SUCCESS, true, change_fields,
	  ITEM(merged) },
	{ "artifact.packaged", ITEM_ARTIFACT, OUTCOME_SUCCESS, true, artifact_fields,
	  ITEM(created) },
	{ "artifact.published", ITEM_ARTIFACT, OUTCOME_SUCCESS, true, NULL,
	  ITEM(created) },
};

/* "dev.cdevents.service.deployed.0.2.0": the row of "service.deployed". */
static const struct event *event_of(const char *type)
{
	static const char prefix[] = "dev.cdevents.";

	if (!type || !g_str_has_prefix(type, prefix))
		return NULL;
	type += strlen(prefix);
	for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
		gsize n = strlen(events[i].type);

		if (strncmp(type, events[i].type, n) == 0 && type[n] == '.' &&
		    g_ascii_isdigit(type[n + 1]))
			return &events[i];
	}
	return NULL;
}

static bool is_hex(const char *text, gsize least, gsize most)
{
	gsize n = strspn(text, "0123456789abcdefABCDEF");

	return text[n] == '\0' && n >= least && n <= most;
}

/* The version of a package URL (github.com/package-url/purl-spec): what stands between
 * '@' and '?' or '#', decoded; NULL. */
static char *purl_version(const char *purl)
{
	const char *at = strrchr(purl, '@');
	gsize n;

	if (!at)
		return NULL;
	n = strcspn(++at, "?#");
	return g_uri_unescape_segment(at, at + n, NULL);
}

/* The artifact tells the revision: a commit, or an image's digest that an
 * artifact.packaged event told the commit of. */
static void read_artifact(struct item *item, const char *purl)
{
	g_autofree char *version = purl_version(purl);

	if (!version)
		return;
	if (!item->sha && is_hex(version, 7, 64))
		item->sha = g_strdup(version);
	if (g_str_has_prefix(version, "sha256:") && !item->images) {
		item->images = g_new0(char *, 2);
		item->images[0] = g_steal_pointer(&version);
		return;
	}
	g_free(item->version);
	item->version = g_steal_pointer(&version);
}

static bool identify(const cJSON *json, const struct event *event, gint64 timestamp,
		     struct item *item, GError **error)
{
	const char *subject = json_text_at(json, "/subject/id");
	const char *source = json_text_at(json, "/subject/source");
	const char *context = json_text_at(json, "/context/source");
	g_autofree char *version = NULL;

	if (!subject || !*subject)
		return dora_refuse(error, "subject.id: missing");
	switch (event->kind) {
	case ITEM_DEPLOYMENT: /* each event is one, of the service that is its subject */
		item->project = g_strdup(subject);
		item->id = g_strdup(json_text_at(json, "/context/id"));
		break;
	case ITEM_ARTIFACT:
		version = purl_version(subject);
		item->id = g_strdup(version ? version : subject);
		break;
	case ITEM_CHANGE:
		item->id = g_strdup(subject);
		break;
	case ITEM_INCIDENT: /* an id is unique where it comes from */
		item->id = g_strdup(subject);
		if (!source || !*source)
			source = context;
		if (source && *source)
			item->project = g_strdup(source);
		break;
	case ITEM_RUN:
	case ITEM_JOB:
	case ITEM_RELEASE:
	case ITEM_DEBT:
	case N_ITEM_KINDS:
		g_assert_not_reached();
	}
	item->updated = timestamp;
	return true;
}

static bool read_event(const cJSON *json, const struct event *event, struct item *item,
		       GError **error)
{
	gint64 timestamp;
	const char *time = json_text_at(json, "/context/timestamp");

	if (!time || !instant_parse(time, &timestamp) || !instant_is_plausible(timestamp))
		return dora_refuse(error, "context.timestamp: expected a time");
	if (!identify(json, event, timestamp, item, error))
		return false;
	if (event->fields && !json_decode(json, event->fields, item, error))
		return false;
	item->state = g_strdup(event->type);
	item->outcome = event->outcome;
	item->done = event->done;
	*(gint64 *)((char *)item + event->at) = timestamp;
	if (event->kind == ITEM_DEPLOYMENT && item->version) {
		g_autofree char *purl = g_strdup(item->version);

		read_artifact(item, purl);
	}
	return item_check(item, error);
}

static bool add(const cJSON *json, const char *client, GPtrArray *items, GError **error)
{
	const cJSON *data = json_at(json, "/data"); /* structured mode of CloudEvents */
	const cJSON *inner = data ? data : json;
	const char *type = json_text_at(inner, "/context/type");
	const struct event *event = event_of(type);
	struct item *item;

	if (!type)
		return dora_refuse(error, "context.type: missing");
	if (!event)
		return dora_refuse(
			error,
			"context.type: \"%.100s\" is not used here; expected "
			"dev.cdevents. and service.deployed, .upgraded, .rolledback, "
			".removed, incident.detected, .reported, .resolved, "
			"change.merged, artifact.packaged or .published",
			type);
	item = g_new(struct item, 1);
	item_init(item, event->kind);
	g_ptr_array_add(items, item);
	if (!read_event(inner, event, item, error)) {
		g_prefix_error(error, "%s: ", event->type);
		return false;
	}
	if (!item->project)
		item->project = g_strdup(client);
	return true;
}

bool push_cdevents(const cJSON *body, const char *client, GPtrArray *items,
		   GError **error)
{
	if (!cJSON_IsArray(body))
		return add(body, client, items, error);
	for (const cJSON *each = body->child; each; each = each->next) {
		if (items->len == PUSH_ITEMS_MAX) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
				    "more than %u in one request", PUSH_ITEMS_MAX);
			return false;
		}
		if (!add(each, client, items, error))
			return false;
	}
	return true;
}
