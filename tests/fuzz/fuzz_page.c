#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/page.h"
#include "tests/fuzz/fuzz.h"

/*
 * A line "paging size", then what a server answers, whatever it is asked, from the top
 * again when it is at the end: lines ":name: value" are headers of the next answer,
 * ":503" its status, and any other line its body.
 *
 * Nothing is asked for twice but after a failure, nor at another origin, and a page can
 * be returned to.
 */

#define BASE "https://api.test"
/* Of one sequence. That it would end by itself at last is for the tests: it takes long.
 */
#define REQUESTS_MAX 50

static const char *const pagings[] = {
	[PAGING_NONE] = "none",	    [PAGING_LINK] = "link",   [PAGING_PAGE] = "page",
	[PAGING_OFFSET] = "offset", [PAGING_TOKEN] = "token", [PAGING_NEXT] = "next",
	[PAGING_KEYSET] = "keyset",
};

struct server {
	char **lines;
	guint n_lines, at;
	guint n_requests, last_status;
	gint64 now;
	GHashTable *asked; /* urls and bodies */
	char *last;	   /* the latest of them */
};

/* ---- what the engine needs of the world ---- */

static void note(struct server *server, const struct http_request *request)
{
	char *key = g_strconcat(request->url, " ", request->body, NULL);
	bool again = g_strcmp0(key, server->last) == 0 && server->last_status != 200;

	MUST(url_same_origin(request->url, BASE));
	MUST(again || !g_hash_table_contains(server->asked, key));
	g_hash_table_add(server->asked, key);
	server->last = key;
}

static void body_of(struct http_response *response, const char *text)
{
	gsize n = strlen(text);

	response->body = g_byte_array_new();
	g_byte_array_append(response->body, (const guint8 *)text, (guint)n + 1);
	g_byte_array_set_size(response->body, (guint)n);
}

static bool perform(void *self, const struct http_request *request,
		    struct http_response *response, GError **error)
{
	struct server *server = self;

	note(server, request);
	if (server->n_requests++ >= REQUESTS_MAX) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "stopping");
		return false;
	}
	response->status = 200;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	for (guint n = 0; n < server->n_lines; n++) {
		const char *line = server->lines[server->at++ % server->n_lines];

		if (*line != ':') {
			body_of(response, line);
			break;
		}
		if (g_ascii_isdigit(line[1]))
			response->status = (guint)g_ascii_strtoull(line + 1, NULL, 10) %
					   1000;
		else if (strstr(line + 1, ": "))
			g_ptr_array_add(response->headers, g_strdup(line + 1));
	}
	if (!response->body)
		body_of(response, "");
	server->last_status = response->status;
	return true;
}

static gint64 now(void *self)
{
	return ((struct server *)self)->now;
}

static bool wait(void *self, GTimeSpan span, GError **error)
{
	(void)error;
	MUST(span >= 0 && span <= 60 * G_TIME_SPAN_SECOND);
	((struct server *)self)->now += span;
	return true;
}

/* ---- the sequence ---- */

static struct page_plan plan_of(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	struct page_plan plan = {
		.path = "/x?n={size}&p={page}&o={offset}&e={end}&t={token}&s={since}&"
			"i={id}",
		.items = "/items",
		.token_path = "/next",
		.token_header = "x-next-page",
	};

	for (gsize i = 0; words[0] && i < G_N_ELEMENTS(pagings); i++)
		if (strcmp(words[0], pagings[i]) == 0)
			plan.paging = (enum paging)i;
	if (words[0] && words[1])
		plan.size = (guint)g_ascii_strtoull(words[1], NULL, 10) % 1000;
	if (plan.paging == PAGING_TOKEN && plan.size == 7) {
		plan.path = "/x";
		plan.body = "{\"token\":\"{token}\"}";
	}
	return plan;
}

/* Who reads pages in the order of keys tells where the next begins. */
static void go_on(struct pages *pages, const struct page_plan *plan,
		  const struct page *page)
{
	const cJSON *last = NULL, *json;

	if (plan->paging != PAGING_KEYSET)
		return;
	cJSON_ArrayForEach(json, page->items) last = json;
	pages_after(pages, json_text_at(last, "/updated"), json_text_at(last, "/id"));
}

static void check_page(const struct page_plan *plan, const struct page *page)
{
	if (page->not_modified)
		return;
	MUST(page->document && page->url && page->position);
	MUST(!page->items || (guint)cJSON_GetArraySize(page->items) == page->n);
	MUST(page->items || page->n == 0);
	MUST(plan->paging != PAGING_NONE || page->last);
}

/* From its position a page is found at the same url. */
static void check_position(struct client *client, const struct page_plan *plan,
			   const struct page *page, struct server *server)
{
	struct server other = *server;
	const struct rest_transport transport = { perform, now, wait, &other };
	struct rest_source source = *client->source;
	struct client again = *client;
	struct variables none = { 0 };
	_cleanup_(pages_freep) struct pages *pages = pages_new(&again, plan, &none, NULL,
							       NULL);
	_cleanup_(page_clear) struct page found = { 0 };

	if (plan->paging == PAGING_KEYSET)
		return;
	source.transport = &transport;
	again.source = &source;
	again.over = false;
	other.n_requests = 0;
	other.asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	other.last = NULL;
	MUST(pages_resume(pages, page->position));
	if (pages_read(pages, &found, NULL) && !found.not_modified)
		MUST(strcmp(found.url, page->url) == 0);
	g_hash_table_unref(other.asked);
}

static void read_all(struct client *client, const struct page_plan *plan,
		     struct server *server)
{
	struct variables none = { 0 };
	_cleanup_(pages_freep) struct pages *pages = pages_new(client, plan, &none, NULL,
							       NULL);
	_cleanup_(page_clear) struct page page = { 0 };

	do {
		g_autoptr(GError) error = NULL;

		if (!pages_read(pages, &page, &error)) {
			MUST(error && error->domain == DORA_ERROR);
			MUST(g_utf8_validate(error->message, -1, NULL));
			return;
		}
		MUST(!error);
		check_page(plan, &page);
		if (page.position && server->n_requests < 4)
			check_position(client, plan, &page, server);
		go_on(pages, plan, &page);
	} while (!page.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct driver driver = { .name = "any", .auth = AUTH_NONE };
	static const struct config_api api = { .name = (char *)"any",
					       .url = (char *)BASE };
	const char *rest;
	gsize n;
	g_autofree char *line = fuzz_line(data, size, &rest, &n);
	g_autofree char *text = g_strndup(rest, n);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
	const struct page_plan plan = plan_of(line);
	struct server server = {
		.lines = lines,
		.n_lines = g_strv_length(lines),
		.now = INSTANT_MIN,
		.asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	const struct rest_transport transport = { perform, now, wait, &server };
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	const struct rest_source source = {
		.driver = &driver,
		.api = &api,
		.transport = &transport,
		.budgets = budgets,
	};
	struct rest_result result = { .not_before = INSTANT_NONE };
	struct client client;

	client_init(&client, &source, &result);
	read_all(&client, &plan, &server);
	client_clear(&client);
	g_hash_table_unref(server.asked);
	return 0;
}
