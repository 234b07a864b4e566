#include "config/rest_driver.h"

#include "base/instant.h"
#include "drivers/debt.h"

/* What is not in the configuration stands around the driver. */
struct rest_driver {
	struct driver driver; /* first: the one is the address of the other */
	struct setting none;
	struct feed *feeds;
	guint n_feeds;
};

static const enum json_type instant_types[] = {
	[TIME_RFC3339] = JSON_TIME,
	[TIME_EPOCH] = JSON_EPOCH,
	[TIME_EPOCH_MS] = JSON_EPOCH_MS,
};

static struct json_field *make_fields(const struct config_rest_feed *feed)
{
	struct json_field *fields = g_new0(struct json_field, REST_PATHS + 1);
	gsize n = 0;

	for (gsize i = 0; i < REST_PATHS; i++) {
		const struct item_member *member = &item_members[i];

		if (!feed->fields[i])
			continue;
		fields[n++] = (struct json_field){
			.path = feed->fields[i],
			.type = member->type == JSON_TIME ? instant_types[feed->times]
							  : member->type,
			.required = member->type == JSON_ID && i == 0,
			.offset = member->offset,
		};
	}
	return fields;
}

/* The row for any other word comes last, whether it is given or not. */
static struct state_map *make_states(const struct config_rest_feed *feed)
{
	struct state_map *states = g_new0(struct state_map, feed->n_states + 1);
	struct state_map other = { NULL, OUTCOME_SUCCESS, feed->n_states == 0 };
	gsize n = 0;

	if (feed->n_states)
		other.outcome = OUTCOME_RUNNING;
	for (unsigned i = 0; i < feed->n_states; i++) {
		const struct config_rest_state *state = &feed->states[i];
		const struct state_map row = { state->word, state->outcome, state->done };

		if (state->word)
			states[n++] = row;
		else
			other = row;
	}
	states[n] = other;
	return states;
}

static GTimeSpan span_of(const char *text)
{
	GTimeSpan span = 0;

	if (text)
		span_parse(text, &span);
	return span;
}

static struct feed make_feed(const struct config_rest_feed *feed)
{
	return (struct feed){
		.name = feed->name,
		.kind = feed->kind,
		.help = "Described in the configuration.",
		.method = feed->method,
		.path = feed->path,
		.body = feed->body,
		.item_path = feed->item_path,
		.item_at = feed->item_at,
		.items = feed->items,
		.order = feed->order,
		.time = feed->time,
		.paging = feed->paging,
		.size = feed->size,
		.cap = feed->cap,
		.token_path = feed->token_path,
		.token_header = feed->token_header,
		.overlap = span_of(feed->overlap),
		/* Nobody vouches for the order of an unknown system's pages. */
		.any_order = feed->order == ORDER_UPDATED &&
			     feed->paging != PAGING_KEYSET,
		.on_absence = feed->on_absence,
		.fields = make_fields(feed),
		.states = make_states(feed),
		.accept = feed->kind != ITEM_DEBT ? NULL
			  : feed->n_states	  ? debt_accept
						  : debt_accept_closed,
		.whole = feed->kind == ITEM_DEBT && feed->order == ORDER_UPDATED,
	};
}

struct driver *rest_driver_new(const struct config_rest *rest)
{
	struct rest_driver *made = g_new0(struct rest_driver, 1);

	made->n_feeds = rest->n_feeds;
	made->feeds = g_new0(struct feed, rest->n_feeds + 1);
	for (unsigned i = 0; i < rest->n_feeds; i++)
		made->feeds[i] = make_feed(&rest->feeds[i]);
	made->driver = (struct driver){
		.name = "rest",
		.title = rest->api.name,
		.summary = "an API described in the configuration",
		.settings = &made->none,
		.auth = rest->api.username ? AUTH_BASIC
			: rest->api.token  ? AUTH_HEADER
					   : AUTH_NONE,
		.auth_header = rest->auth ? rest->auth->header : NULL,
		.auth_prefix = rest->auth ? rest->auth->prefix : NULL,
		.pace = span_of(rest->pace),
		.feeds = made->feeds,
	};
	return &made->driver;
}

void rest_driver_free(struct driver *driver)
{
	struct rest_driver *made = (struct rest_driver *)driver;

	if (!made)
		return;
	for (guint i = 0; i < made->n_feeds; i++) {
		g_free((gpointer)made->feeds[i].fields);
		g_free((gpointer)made->feeds[i].states);
	}
	g_free(made->feeds);
	g_free(made);
}
