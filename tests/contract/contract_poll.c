/*
 * contract_poll DRIVER URL ROUNDS: polls a server with a driver as the daemon would, its
 * settings filled with the driver's own examples, and asks again for what was found.
 * Prints a line a round; the exit status is 0 unless something went wrong that a server
 * must not be able to cause.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/rest.h"

#define ASKED_AGAIN 3 /* unfinished items a feed */

struct memory {
	GPtrArray *items;
	gint64 now;
	guint n_bad; /* items the engine should never have let through */
};

static bool load(void *self, struct feed_row *row, GError **error)
{
	(void)self;
	(void)row;
	(void)error;
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
	else if (strcmp(setting->key, "username") == 0)
		api->username = g_strdup(text);
}

static void clear(struct config_api *api)
{
	g_free(api->projects ? api->projects[0] : NULL);
	g_free(api->services ? api->services[0] : NULL);
	g_free(api->labels ? api->labels[0] : NULL);
	g_free(api->types ? api->types[0] : NULL);
	g_free(api->projects);
	g_free(api->services);
	g_free(api->labels);
	g_free(api->types);
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

static bool perform(void *self, const struct http_request *request,
		    struct http_response *response, GError **error)
{
	return http_perform(self, request, response, error);
}

int main(int argc, char **argv)
{
	_cleanup_(http_freep) struct http *http = http_new();
	struct secret_ref token = { .env = (char *)"CONTRACT_TOKEN" };
	struct config_api api = { .name = (char *)"contract", .token = &token };
	const struct rest_transport transport = { perform, real_now, no_wait, http };
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

	if (argc != 4 || !(api.driver = driver_find(argv[1])))
		return 64;
	rounds = strtol(argv[3], NULL, 10);
	api.url = argv[2];
	api.history_us = 7 * G_TIME_SPAN_DAY;
	for (const struct setting *setting = api.driver->settings;
	     setting && setting->key; setting++)
		fill(&api, setting);
	read_all(&api);
	source.driver = api.driver;
	for (long round = 0; round < rounds; round++) {
		_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
		struct rest_result result = { 0 };
		g_autoptr(GError) error = NULL;

		source.budgets = budgets;
		rest_poll(&source, &result, &error);
		printf("%u requests, %zu items%s%s\n", result.n_requests, result.n_items,
		       error ? ": " : "", error ? error->message : "");
		if (error && error->domain != DORA_ERROR)
			memory.n_bad++;
	}
	g_ptr_array_unref(memory.items);
	clear(&api);
	return memory.n_bad > 0;
}
