/*
 * contract_poll DRIVER URL ROUNDS ID: polls a server with a driver as the daemon would,
 * its settings filled with the driver's own examples, and asks again for what was found
 * (for the item ID where nothing was). Prints a line a round, then which of the driver's
 * paths were asked and which never; the exit status is 0 unless something went wrong that
 * a server must not be able to cause.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/request.h"
#include "paths.h"

#define ASKED_AGAIN 3	 /* unfinished items a feed */
#define REQUESTS_MAX 150 /* a round: random lists may never end */
/* Examples are as old as the descriptions. */
#define HISTORY (20 * 365 * G_TIME_SPAN_DAY)

struct memory {
	GPtrArray *items;
	const char *id; /* of an item that was not found */
	gint64 now;
	long round;
	guint n_bad; /* items the engine should never have let through */
};

/* From the second round on everything is read anew, as it is each week. */
static bool load(void *self, struct feed_row *row, GError **error)
{
	const struct memory *memory = self;

	(void)error;
	if (memory->round > 0) {
		row->cursor = memory->now - G_TIME_SPAN_DAY;
		row->history = memory->now - HISTORY;
		row->swept = row->swept_deep = memory->now - 30 * G_TIME_SPAN_DAY;
	}
	return true;
}

static bool of(const struct item *item, const char *project, enum item_kind kind)
{
	return item->kind == kind && g_strcmp0(item->project, project) == 0;
}

/* Whatever was found is asked for again, so that paths of single items are tried too. */
static bool unfinished(void *self, const char *project, enum item_kind kind,
		       GPtrArray *items, GError **error)
{
	struct memory *memory = self;
	guint n = 0;

	(void)error;
	for (guint i = 0; i < memory->items->len && n < ASKED_AGAIN; i++) {
		const struct item *item = g_ptr_array_index(memory->items, i);

		if (!of(item, project, kind))
			continue;
		struct item *copy = item_copy(item);

		copy->done = false;
		copy->created = memory->now - G_TIME_SPAN_HOUR;
		g_ptr_array_add(items, copy);
		n++;
	}
	if (n == 0) {
		struct item *item = g_new0(struct item, 1);

		item_init(item, kind);
		item->project = g_strdup(project);
		item->id = g_strdup(memory->id);
		item->attempt = 1;
		item->created = memory->now - G_TIME_SPAN_HOUR;
		g_ptr_array_add(items, item);
	}
	return true;
}

static bool known(void *self, const char *project, enum item_kind kind, gint64 from,
		  gint64 to, GPtrArray *items, GError **error)
{
	(void)self;
	(void)project;
	(void)kind;
	(void)from;
	(void)to;
	(void)items;
	(void)error;
	return true;
}

static bool save(void *self, const struct feed_row *row, const GPtrArray *items,
		 const GPtrArray *gone, GError **error)
{
	struct memory *memory = self;

	(void)row;
	(void)gone;
	(void)error;
	for (guint i = 0; items && i < items->len; i++) {
		struct item *copy = item_copy(g_ptr_array_index(items, i));

		if (!item_check(copy, NULL))
			memory->n_bad++;
		g_ptr_array_add(memory->items, copy);
	}
	return true;
}

static bool wanted(const struct item *item, void *user)
{
	(void)item;
	(void)user;
	return true;
}

static void tell(const char *text, void *user)
{
	(void)user;
	printf("refused: %s\n", text);
}

/* ---- a configuration from the driver's examples ---- */

static void fill_list(char ***list, unsigned *n, const char *text)
{
	*list = g_new0(char *, 2);
	(*list)[0] = g_strdup(text);
	*n = 1;
}

static void fill(struct config_api *api, const struct setting *setting)
{
	const char *text = setting->example ? setting->example : "example";

	if (strcmp(setting->key, "projects") == 0)
		fill_list(&api->projects, &api->n_projects, text);
	else if (strcmp(setting->key, "services") == 0)
		fill_list(&api->services, &api->n_services, text);
	else if (strcmp(setting->key, "labels") == 0)
		fill_list(&api->labels, &api->n_labels, text);
	else if (strcmp(setting->key, "types") == 0)
		fill_list(&api->types, &api->n_types, text);
	else if (strcmp(setting->key, "organization") == 0)
		api->organization = g_strdup(text);
	else if (strcmp(setting->key, "query") == 0)
		api->query = g_strdup(text);
	else if (strcmp(setting->key, "debt_labels") == 0)
		fill_list(&api->debt_labels, &api->n_debt_labels, text);
	else if (strcmp(setting->key, "debt_query") == 0)
		api->debt_query = g_strdup(text);
	else if (strcmp(setting->key, "username") == 0)
		api->username = g_strdup(text);
}

static void clear(struct config_api *api)
{
	g_free(api->projects ? api->projects[0] : NULL);
	g_free(api->services ? api->services[0] : NULL);
	g_free(api->labels ? api->labels[0] : NULL);
	g_free(api->types ? api->types[0] : NULL);
	g_free(api->debt_labels ? api->debt_labels[0] : NULL);
	g_free(api->projects);
	g_free(api->services);
	g_free(api->labels);
	g_free(api->types);
	g_free(api->debt_labels);
	g_free(api->debt_query);
	g_free(api->organization);
	g_free(api->query);
	g_free(api->username);
	g_free(api->read);
}

/* Every feed, whether rules ask for it or not. */
static void read_all(struct config_api *api)
{
	const struct feed *feeds = api->driver->feeds;
	guint n = 0;

	while (feeds[n].name)
		n++;
	api->read = g_new0(char *, n + 1);
	for (guint i = 0; i < n; i++)
		api->read[i] = (char *)feeds[i].name;
	api->n_read = n;
}

static gint64 real_now(void *self)
{
	(void)self;
	return g_get_real_time();
}

/* A pause between tries would only make the test long. */
static bool no_wait(void *self, GTimeSpan span, GError **error)
{
	(void)self;
	(void)span;
	(void)error;
	return true;
}

/* The transport: what is asked is noted on its way. */
struct wire {
	struct http *http;
	struct paths *paths;
	GCancellable *enough;
	guint n;
};

static bool perform(void *self, const struct http_request *request,
		    struct http_response *response, GError **error)
{
	struct wire *wire = self;

	paths_note(wire->paths, request->method, request->url);
	if (++wire->n >= REQUESTS_MAX)
		g_cancellable_cancel(wire->enough);
	return http_perform(wire->http, request, response, error);
}

static void tell_round(struct memory *memory, const struct rest_result *result,
		       const GError *error)
{
	printf("%u requests, %zu items%s%s\n", result->n_requests, result->n_items,
	       error ? ": " : "", error ? error->message : "");
	if (error && (error->domain != DORA_ERROR || !*error->message))
		memory->n_bad++;
}

/* Whether the credential is good is asked by "dorad doctor", not by a poll. */
static void ask_who(const struct rest_source *source)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	struct rest_result result = { 0 };
	struct client client;
	g_autofree char *url = NULL;

	if (!source->driver->whoami)
		return;
	url = client_who_url(source);
	client_init(&client, source, &result);
	client_ask(&client, &(struct ask){ .url = url }, &response, NULL);
	client_clear(&client);
}

int main(int argc, char **argv)
{
	_cleanup_(http_freep) struct http *http = http_new();
	struct secret_ref token = { .env = (char *)"CONTRACT_TOKEN" };
	struct config_api api = { .name = (char *)"contract", .token = &token };
	g_autoptr(GCancellable) enough = g_cancellable_new();
	struct wire wire = { .http = http, .enough = enough };
	const struct rest_transport transport = { perform, real_now, no_wait, &wire };
	struct memory memory = { .items = items_new(), .now = g_get_real_time() };
	const struct rest_sink sink = { load, unfinished, known, save, &memory };
	struct rest_source source = {
		.api = &api,
		.transport = &transport,
		.sink = &sink,
		.needed = ~0u,
		.environment = "production",
		.wanted = wanted,
		.notice = tell,
	};
	long rounds;

	if (argc != 5 || !(api.driver = driver_find(argv[1])))
		return 64;
	rounds = strtol(argv[3], NULL, 10);
	api.url = argv[2];
	memory.id = argv[4];
	api.history_us = HISTORY;
	for (const struct setting *setting = api.driver->settings;
	     setting && setting->key; setting++)
		fill(&api, setting);
	read_all(&api);
	source.driver = api.driver;
	wire.paths = paths_new(api.driver, api.url);
	for (memory.round = 0; memory.round < rounds; memory.round++) {
		_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
		struct rest_result result = { 0 };
		g_autoptr(GError) error = NULL;

		source.budgets = budgets;
		source.cancellable = wire.enough;
		wire.n = 0;
		g_cancellable_reset(wire.enough);
		if (memory.round == 0)
			ask_who(&source);
		rest_poll(&source, &result, &error);
		tell_round(&memory, &result, error);
	}
	paths_tell(wire.paths, stdout);
	paths_free(wire.paths);
	g_ptr_array_unref(memory.items);
	clear(&api);
	return memory.n_bad > 0;
}
