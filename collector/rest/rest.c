#include "collector/rest/rest.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/passes.h"

static bool pass(struct reading *reading, GError **error)
{
	switch (reading->feed->order) {
	case ORDER_UPDATED:
		return updated_pass(reading, error);
	case ORDER_NEWEST:
	case ORDER_RECENT:
	case ORDER_NUMBER:
		return latest_pass(reading, error);
	case ORDER_CREATED:
		return created_pass(reading, error);
	case ORDER_STATE:
		return state_pass(reading, error);
	}
	return true;
}

static bool history(struct reading *reading, GError **error)
{
	switch (reading->feed->order) {
	case ORDER_NEWEST:
	case ORDER_RECENT:
	case ORDER_NUMBER:
		return latest_history(reading, error);
	case ORDER_CREATED:
		return created_history(reading, error);
	case ORDER_UPDATED:
	case ORDER_STATE:
		return true;
	}
	return true;
}

static bool read_news(struct reading *reading, GError **error)
{
	return pass(reading, error) && unfinished_ask(reading, false, error);
}

static bool read_past(struct reading *reading, GError **error)
{
	return history(reading, error) && sweep(reading, error);
}

/* ---- which feeds ---- */

static bool is_needed(const struct rest_source *source, const struct feed *feed)
{
	guint kinds = 1u << feed->kind;

	for (const struct detail *detail = feed->details; detail && detail->name;
	     detail++)
		if (detail->fields)
			kinds |= 1u << detail->kind;
	return source->needed & kinds;
}

bool rest_reads(const struct rest_source *source, const struct feed *feed)
{
	const struct config_api *api = source->api;

	if ((feed->needs_labels && api->n_labels == 0 && api->n_types == 0) ||
	    (feed->needs_query && !api->query) ||
	    (feed->needs_debt && api->n_debt_labels == 0 && !api->debt_query))
		return false;
	if (config_lists(api->read, api->n_read, feed->name) || is_needed(source, feed))
		return true;
	return api->n_read == 0 && !feed->on_request;
}

/* ---- a poll ---- */

static void reading_free(gpointer data)
{
	reading_clear(data);
	g_free(data);
}

static void tell(const struct reading *reading, GError **first, GError *error)
{
	g_prefix_error(&error, "%s%s%s: ", reading->row.project,
		       *reading->row.project ? ": " : "", reading->feed->name);
	if (*first)
		g_error_free(error);
	else
		*first = error;
}

static void add(GPtrArray *readings, struct client *client, const struct feed *feed,
		const char *project, GError **first)
{
	struct reading *reading = g_new0(struct reading, 1);
	GError *error = NULL;

	g_ptr_array_add(readings, reading);
	if (!reading_init(reading, client, feed, project, &error)) {
		reading->failed = true;
		tell(reading, first, error);
	}
}

/* A feed whose requests do not tell projects apart is read once, for all of them. */
static bool is_by_project(const struct feed *feed)
{
	return template_has_project(feed->path) || template_has_project(feed->body) ||
	       template_has_project(feed->window_path);
}

static GPtrArray *list_readings(struct client *client, GError **first)
{
	const struct rest_source *source = client->source;
	const struct config_api *api = source->api;
	GPtrArray *readings = g_ptr_array_new_with_free_func(reading_free);
	const struct feed *feed;

	for (feed = source->driver->feeds; feed->name; feed++)
		if (rest_reads(source, feed) &&
		    (api->n_projects == 0 || !is_by_project(feed)))
			add(readings, client, feed, "", first);
	for (unsigned i = 0; i < api->n_projects; i++)
		for (feed = source->driver->feeds; feed->name; feed++)
			if (rest_reads(source, feed) && is_by_project(feed))
				add(readings, client, feed, api->projects[i], first);
	return readings;
}

/* What is new comes first, everywhere, so that a long history of one feed keeps no other
 * waiting. */
bool rest_poll(const struct rest_source *source, struct rest_result *result,
	       GError **error)
{
	static bool (*const rounds[])(struct reading *, GError **) = { read_news,
								       read_past };
	g_autoptr(GPtrArray) readings = NULL;
	struct client client;
	GError *first = NULL;

	*result = (struct rest_result){ .not_before = INSTANT_NONE };
	client_init(&client, source, result);
	readings = list_readings(&client, &first);
	for (gsize round = 0; round < G_N_ELEMENTS(rounds); round++)
		for (guint i = 0; i < readings->len && !client.over; i++) {
			struct reading *reading = g_ptr_array_index(readings, i);
			GError *cause = NULL;

			if (reading->failed || rounds[round](reading, &cause))
				continue;
			reading->failed = true;
			tell(reading, &first, cause);
		}
	for (guint i = 0; i < readings->len && !client.over; i++)
		result->n_good +=
			!((const struct reading *)g_ptr_array_index(readings, i))->failed;
	g_ptr_array_set_size(readings, 0);
	client_clear(&client);
	if (!first)
		return true;
	g_propagate_error(error, first);
	return false;
}
