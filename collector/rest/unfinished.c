#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/passes.h"

#define ASKED_MAX 100

/* Younger ones are asked for in each poll, and older ones the less often the longer they
 * have been unfinished. */
static const struct {
	GTimeSpan age, every;
} backoff[] = {
	{ G_TIME_SPAN_DAY, 0 },
	{ 35 * G_TIME_SPAN_DAY, G_TIME_SPAN_HOUR },
	{ G_MAXINT64, G_TIME_SPAN_DAY },
};

static GTimeSpan asked_every(GTimeSpan age)
{
	gsize i = 0;

	while (age >= backoff[i].age && i + 1 < G_N_ELEMENTS(backoff))
		i++;
	return backoff[i].every;
}

static GTimeSpan age_of(const struct reading *reading, const struct item *item)
{
	gint64 born = item_born(item);

	return born == INSTANT_NONE ? 0 : reading->clock - born;
}

/* Without a memory of when it was asked last: each item has its place in the hour or day,
 * and the poll that comes next after it asks. Places are a little longer than the time
 * between polls, so that none is left out because a poll came late. */
static bool is_due(const struct reading *reading, const struct item *item)
{
	GTimeSpan every = asked_every(age_of(reading, item));
	GTimeSpan poll = reading->client->source->api->every_us;

	if (every == 0 || poll <= 0 || poll >= every)
		return true;
	return (reading->clock + (gint64)g_str_hash(item->id) * G_USEC_PER_SEC) % every <
	       poll + poll / 4;
}

static gint64 attempt_met(const struct reading *reading, const char *id)
{
	return (gint64)GPOINTER_TO_SIZE(g_hash_table_lookup(reading->seen, id));
}

/* The source has begun another attempt and tells nothing of this one any more: it did not
 * succeed as far as anybody knows, and waiting for it is over. */
static struct item *superseded(const struct item *item)
{
	struct item *over = item_copy(item);

	over->done = true;
	if (over->outcome == OUTCOME_RUNNING)
		over->outcome = OUTCOME_CANCELLED;
	return over;
}

/* ---- one item ---- */

static bool decode(struct reading *reading, const struct item *known,
		   const struct http_response *response, GPtrArray *items, GError **error)
{
	const struct feed *feed = reading->feed;
	_cleanup_(cJSON_Deletep) cJSON *document = client_parse(response, error);
	const cJSON *json;
	struct item *item;

	if (!document)
		return false;
	json = json_at(document, feed->item_at ? feed->item_at : "");
	item = json ? feed_decode(feed, reading->row.project, json, error) : NULL;
	if (item) {
		if (item->attempt > known->attempt && !known->done)
			g_ptr_array_add(items, superseded(known));
		g_ptr_array_add(items, item);
		return true;
	}
	if (!error || !*error)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the answer has no such item");
	return false;
}

static bool request(struct reading *reading, const struct item *item,
		    struct http_response *response, GError **error)
{
	struct variables *variables = &reading->variables;
	g_autofree char *url = NULL;

	variables_set(variables, VARIABLE_ID, item->id);
	variables_set(variables, VARIABLE_PARENT, item->parent);
	url = template_url(reading->client->source->api->url, reading->feed->item_path,
			   variables);
	variables_set(variables, VARIABLE_ID, NULL);
	variables_set(variables, VARIABLE_PARENT, NULL);
	return client_ask(reading->client,
			  &(struct ask){ .url = url, .scope = reading->feed->scope },
			  response, error);
}

bool item_ask(struct reading *reading, const struct item *item, GPtrArray *items,
	      GPtrArray *gone, GError **error)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	GError *cause = NULL;

	if (request(reading, item, &response, &cause)) {
		if (decode(reading, item, &response, items, &cause))
			return true;
	} else if (status_is_absence(response.status)) {
		g_error_free(cause);
		g_ptr_array_add(gone, g_strdup(item->id));
		return true;
	}
	g_prefix_error(&cause, "%s %s: ", item_kind_name(item->kind), item->id);
	/* One that makes no sense does not keep others from being asked for. */
	if (g_error_matches(cause, DORA_ERROR, DORA_ERROR_DATA)) {
		reading_spoil(reading, cause);
		g_error_free(cause);
		return true;
	}
	g_propagate_error(error, cause);
	return false;
}

/* ---- all ---- */

static bool is_asked_for(const struct reading *reading)
{
	const struct feed *feed = reading->feed;

	return feed->order == ORDER_NEWEST || feed->order == ORDER_CREATED ||
	       feed->order == ORDER_NUMBER;
}

/* Asks for those of a list that were not met, the young or the others; what came before a
 * failure is kept. */
static bool ask_some(struct reading *reading, const GPtrArray *unfinished, bool all,
		     bool young, guint *n_asked, GPtrArray *items, GPtrArray *gone,
		     GError **error)
{
	bool asks = reading->feed->item_path && (all || is_asked_for(reading));

	for (guint i = 0; i < unfinished->len && *n_asked < ASKED_MAX; i++) {
		const struct item *item = g_ptr_array_index(unfinished, i);
		gint64 met = attempt_met(reading, item->id);

		if ((asked_every(age_of(reading, item)) == 0) != young)
			continue;
		if (met > item->attempt) {
			g_ptr_array_add(items, superseded(item));
			continue;
		}
		if (met || !asks || !(all || is_due(reading, item)))
			continue;
		++*n_asked;
		if (!item_ask(reading, item, items, gone, error))
			return false;
	}
	return true;
}

/* The young first: however many old ones never end, what runs now is not kept waiting. */
static bool ask_each(struct reading *reading, const GPtrArray *unfinished, bool all,
		     GPtrArray *items, GPtrArray *gone, GError **error)
{
	guint n_asked = 0;

	return ask_some(reading, unfinished, all, true, &n_asked, items, gone, error) &&
	       ask_some(reading, unfinished, all, false, &n_asked, items, gone, error);
}

bool unfinished_ask(struct reading *reading, bool all, GError **error)
{
	g_autoptr(GPtrArray) unfinished = NULL;
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);

	if (reading->feed->order == ORDER_STATE || !reading_owns_kind(reading))
		return true;
	unfinished = reading_unfinished(reading, error);
	if (!unfinished)
		return false;
	if (!ask_each(reading, unfinished, all, items, gone, error)) {
		reading_store(reading, items, gone, NULL);
		return false;
	}
	return reading_store(reading, items, gone, error);
}

bool unfinished_floor(struct reading *reading, gint64 bound, gint64 *floor,
		      GError **error)
{
	g_autoptr(GPtrArray) unfinished = NULL;

	*floor = INSTANT_NONE;
	if (reading->feed->item_path || !is_asked_for(reading) ||
	    !reading_owns_kind(reading))
		return true;
	unfinished = reading_unfinished(reading, error);
	if (!unfinished)
		return false;
	for (guint i = 0; i < unfinished->len; i++) {
		gint64 born = item_born(g_ptr_array_index(unfinished, i));

		if (born != INSTANT_NONE && born > bound &&
		    (*floor == INSTANT_NONE || born < *floor))
			*floor = born;
	}
	return true;
}
