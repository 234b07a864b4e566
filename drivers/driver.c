#include "drivers/driver.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "metrics/cause.h"

const struct driver *driver_find(const char *name)
{
	for (int i = 0; i < N_DRIVERS; i++)
		if (drivers[i] && strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

const struct feed *driver_feed(const struct driver *driver, const char *name)
{
	for (const struct feed *feed = driver->feeds; feed->name; feed++)
		if (strcmp(feed->name, name) == 0)
			return feed;
	return NULL;
}

void state_map_apply(const struct state_map *states, struct item *item)
{
	while (states->word &&
	       (!item->state || g_ascii_strcasecmp(states->word, item->state)))
		states++;
	item->outcome = states->outcome;
	item->done = states->done;
}

/* What it takes to make an item of one element of an answer. */
struct shape {
	enum item_kind kind;
	const struct json_field *fields;
	const struct state_map *states;
	bool (*accept)(const cJSON *json, struct item *item, GError **error);
	const char *const *told;
	char change_sign;
};

/* What a job is told by its run, unless it tells so itself. */
static void inherit(struct item *child, const struct item *item)
{
	child->parent = g_strdup(item->id);
	child->attempt = item->attempt;
	child->workflow = g_strdup(item->workflow ? item->workflow : item->name);
	child->event = g_strdup(item->event);
}

static void inherit_late(struct item *child, const struct item *item)
{
	if (!child->sha)
		child->sha = g_strdup(item->sha);
	if (!child->ref)
		child->ref = g_strdup(item->ref);
	if (!child->environment)
		child->environment = g_strdup(item->environment);
	if (child->created == INSTANT_NONE)
		child->created = item->created;
}

static bool fill(const struct shape *shape, const cJSON *json, struct item *item,
		 GError **error)
{
	if (!cJSON_IsObject(json)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "is not an object");
		return false;
	}
	if (!json_decode(json, shape->fields, item, error))
		return false;
	if (shape->states)
		state_map_apply(shape->states, item);
	if (shape->accept && !shape->accept(json, item, error))
		return false;
	for (int i = 0; shape->told && shape->told[i] && !item->cause; i++)
		item->cause = cause_in(json_text_at(json, shape->told[i]), item->project,
				       shape->change_sign);
	return true;
}

/* The required id is looked for by json_decode(): an item without one at the end is one
 * that accept() did not mean. */
static struct item *decode(const struct shape *shape, const char *project,
			   const struct item *parent, const cJSON *json, GError **error)
{
	struct item *item = g_new(struct item, 1);
	bool good;

	item_init(item, shape->kind);
	item->project = g_strdup(project);
	if (parent)
		inherit(item, parent);
	good = fill(shape, json, item, error);
	if (good && parent)
		inherit_late(item, parent);
	if (good && item->id)
		good = item_check(item, error);
	if (good && item->id)
		return item;
	if (!good)
		g_prefix_error(error, "%s %s: ", item_kind_name(shape->kind),
			       item->id ? item->id : "(no id)");
	item_free(item);
	return NULL;
}

struct item *feed_decode(const struct feed *feed, const char *project, const cJSON *json,
			 GError **error)
{
	const struct shape shape = { .kind = feed->kind,
				     .fields = feed->fields,
				     .states = feed->states,
				     .accept = feed->accept,
				     .told = feed->told,
				     .change_sign = feed->change_sign };

	return decode(&shape, project, NULL, json, error);
}

struct item *detail_decode(const struct detail *detail, const struct item *item,
			   const cJSON *json, GError **error)
{
	const struct shape shape = { .kind = detail->kind,
				     .fields = detail->fields,
				     .states = detail->states,
				     .accept = detail->accept };

	return decode(&shape, item->project, item, json, error);
}
