#include "collector/rest/page.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"

/* A repository of a million runs has 10,000 pages. */
#define PAGES_MAX 10000
/* Servers take request lines of 8 KiB; where a page is may be stored. */
#define NEXT_MAX_BYTES 8192

struct pages {
	struct client *client;
	struct page_plan plan;
	struct variables variables;
	char *url; /* of the next page, where the source names it; NULL */
	char *etag, *etag_url;
	gint64 number; /* of the next page, from 0 */
	guint n_read, status;
	GHashTable *seen; /* digests of urls and bodies */
};

struct page_plan page_plan_feed(const struct feed *feed, const char *path)
{
	return (struct page_plan){
		.url = feed->url,
		.method = feed->method,
		.path = path,
		.body = feed->body,
		.items = feed->items,
		.paging = feed->paging,
		.size = feed->size,
		.token_path = feed->token_path,
		.token_header = feed->token_header,
		.link_param = feed->link_param,
		.link_value = feed->link_value,
		.scope = feed->scope,
	};
}

struct page_plan page_plan_detail(const struct feed *feed, const struct detail *detail)
{
	return (struct page_plan){
		.url = feed->url,
		.path = detail->path,
		.items = detail->items,
		.whole = detail->merge && !detail->items,
		.paging = detail->paging,
		.size = feed->size,
		.token_path = detail->token_path ? detail->token_path : feed->token_path,
		.token_header = feed->token_header,
		.link_param = feed->link_param,
		.link_value = feed->link_value,
		.scope = detail->scope ? detail->scope : feed->scope,
	};
}

void page_clear(struct page *page)
{
	cJSON_Delete(page->document);
	g_free(page->url);
	g_free(page->etag);
	g_free(page->position);
	*page = (struct page){ .date = INSTANT_NONE };
}

struct pages *pages_new(struct client *client, const struct page_plan *plan,
			const struct variables *variables, const char *etag,
			const char *etag_url)
{
	struct pages *pages = g_new0(struct pages, 1);

	pages->client = client;
	pages->plan = *plan;
	variables_copy(&pages->variables, variables);
	pages->etag = g_strdup(etag);
	pages->etag_url = g_strdup(etag_url);
	pages->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return pages;
}

void pages_free(struct pages *pages)
{
	if (!pages)
		return;
	variables_clear(&pages->variables);
	g_hash_table_unref(pages->seen);
	g_free(pages->url);
	g_free(pages->etag);
	g_free(pages->etag_url);
	g_free(pages);
}

guint pages_count(const struct pages *pages)
{
	return pages->n_read;
}

guint pages_status(const struct pages *pages)
{
	return pages->status;
}

bool pages_too_deep(const struct pages *pages)
{
	/* A token that is refused may have grown old. */
	if (pages->n_read == 0 || pages->plan.paging == PAGING_TOKEN)
		return false;
	return pages->status == 400 || pages->status == 405 || pages->status == 416 ||
	       pages->status == 422;
}

/* ---- where a page is ---- */

static void set_number(struct variables *variables, enum variable which, gint64 number)
{
	g_free(variables->values[which]);
	variables->values[which] = g_strdup_printf("%" G_GINT64_FORMAT, number);
}

/* "url=…", "token=…", or "page=3", whatever the next page is found by. */
static char *position_text(const struct pages *pages)
{
	const char *token = pages->variables.values[VARIABLE_TOKEN];

	if (pages->url)
		return g_strconcat("url=", pages->url, NULL);
	if (token)
		return g_strconcat("token=", token, NULL);
	return g_strdup_printf("page=%" G_GINT64_FORMAT, pages->number);
}

/* A feed may be at another address of the vendor's. A server of one's own has it where
 * the rest is, and its credential goes nowhere else. */
static const char *base_url(const struct pages *pages)
{
	const struct rest_source *source = pages->client->source;

	return pages->plan.url && g_strcmp0(source->api->url, source->driver->url) == 0
		       ? pages->plan.url
		       : source->api->url;
}

static char *page_url(struct pages *pages)
{
	struct variables *variables = &pages->variables;

	if (pages->url)
		return g_strdup(pages->url);
	set_number(variables, VARIABLE_SIZE, pages->plan.size);
	set_number(variables, VARIABLE_PAGE, pages->number + 1);
	set_number(variables, VARIABLE_OFFSET, pages->number * pages->plan.size);
	set_number(variables, VARIABLE_END, (pages->number + 1) * pages->plan.size);
	return template_url(base_url(pages), pages->plan.path, variables);
}

bool pages_resume(struct pages *pages, const char *position)
{
	const char *value = strchr(position, '=');
	g_autofree char *base = page_url(pages);

	if (!value)
		return false;
	value++;
	if (g_str_has_prefix(position, "page="))
		return g_ascii_string_to_signed(value, 10, 0, G_MAXINT32, &pages->number,
						NULL);
	if (g_str_has_prefix(position, "token=")) {
		variables_set(&pages->variables, VARIABLE_TOKEN, value);
		return true;
	}
	if (!g_str_has_prefix(position, "url=") || !url_same_origin(base, value))
		return false;
	pages->url = g_strdup(value);
	return true;
}

void pages_after(struct pages *pages, const char *since, const char *id)
{
	variables_set(&pages->variables, VARIABLE_SINCE, since);
	variables_set(&pages->variables, VARIABLE_ID, id);
}

/* ---- where the next one is ---- */

static bool check_length(const char *text, GError **error)
{
	if (strlen(text) <= NEXT_MAX_BYTES)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "where the next page is takes more than %d bytes to say",
		    NEXT_MAX_BYTES);
	return false;
}

static bool next_url(struct pages *pages, struct page *page, const char *reference,
		     GError **error)
{
	g_autofree char *next = url_resolve(page->url, reference);

	if (!next || !url_same_origin(page->url, next)) {
		g_autofree char *there = next ? url_origin(next) : NULL;
		g_autofree char *here = url_origin(page->url);

		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the next page is at another origin (%s, not %s): not asked",
			    there ? there : "none", here ? here : "none");
		return false;
	}
	if (!check_length(next, error))
		return false;
	g_free(pages->url);
	pages->url = g_steal_pointer(&next);
	page->last = false;
	return true;
}

/* Text of a string or number at a path; NULL for anything else and "". */
static char *text_at(const cJSON *document, const char *path)
{
	const cJSON *value = path ? json_at(document, path) : NULL;

	if (cJSON_IsString(value) && *value->valuestring)
		return g_strdup(value->valuestring);
	if (cJSON_IsNumber(value))
		return g_strdup_printf("%.0f", value->valuedouble);
	return NULL;
}

static bool find_next(struct pages *pages, const struct http_response *response,
		      struct page *page, GError **error)
{
	const struct page_plan *plan = &pages->plan;
	const char *header = plan->token_header
				     ? http_header(response, plan->token_header)
				     : NULL;
	const char *link = http_header(response, "link");
	g_autofree char *text = NULL;

	page->last = true;
	switch (plan->paging) {
	case PAGING_NONE:
		return true;
	case PAGING_LINK:
		text = link ? http_link(link, "next", plan->link_param, plan->link_value)
			    : NULL;
		return !text || next_url(pages, page, text, error);
	case PAGING_NEXT:
		text = text_at(page->document, plan->token_path);
		return !text || next_url(pages, page, text, error);
	case PAGING_TOKEN:
		text = header && *header ? g_strdup(header)
					 : text_at(page->document, plan->token_path);
		if (text && !check_length(text, error))
			return false;
		variables_set(&pages->variables, VARIABLE_TOKEN, text);
		page->last = !text;
		return true;
	case PAGING_KEYSET:
		page->last = page->n == 0;
		return true;
	case PAGING_PAGE:
	case PAGING_OFFSET:
		page->last = page->n == 0 || page->n < plan->size;
		pages->number++;
		return true;
	}
	return true;
}

/* ---- one page ---- */

static bool find_items(const struct page_plan *plan, struct page *page, GError **error)
{
	const char *path = plan->items ? plan->items : "";

	if (plan->whole) {
		page->n = 1;
		return true;
	}
	page->items = json_at(page->document, path);
	/* Servers written in Go say null for an empty list. */
	if (*path && cJSON_IsNull(page->items)) {
		page->items = NULL;
		return true;
	}
	if (!cJSON_IsArray(page->items)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the answer has no list %s%s", *path ? "at " : "", path);
		return false;
	}
	page->n = (guint)cJSON_GetArraySize(page->items);
	return true;
}

/* False for a page that was asked for in this sequence already. */
static bool is_new(struct pages *pages, const struct ask *ask, GError **error)
{
	g_autofree char *text = g_strconcat(ask->url, "\n", ask->body, NULL);

	if (pages->n_read >= PAGES_MAX) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "more than %d pages: the list does not end", PAGES_MAX);
		return false;
	}
	if (g_hash_table_add(pages->seen,
			     g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1)))
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "page %u is one that was read before: the list does not end",
		    pages->n_read + 1);
	return false;
}

/* The page before is gone, so that what is asked for next is not mistaken for it. */
bool pages_read(struct pages *pages, struct page *page, GError **error)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	g_autofree char *url = page_url(pages);
	g_autofree char *body = pages->plan.body
					? template_expand(pages->plan.body, TEMPLATE_JSON,
							  &pages->variables)
					: NULL;
	const struct ask ask = {
		.method = pages->plan.method,
		.url = url,
		.body = body,
		.etag = pages->n_read == 0 && g_strcmp0(url, pages->etag_url) == 0
				? pages->etag
				: NULL,
		.scope = pages->plan.scope,
	};
	const char *date, *etag;

	page_clear(page);
	pages->status = 0;
	if (!is_new(pages, &ask, error))
		return false;
	if (!client_ask(pages->client, &ask, &response, error)) {
		pages->status = response.status;
		return false;
	}
	pages->status = response.status;
	date = http_header(&response, "date");
	if (date && !http_date_parse(date, &page->date))
		page->date = INSTANT_NONE;
	pages->n_read++;
	page->not_modified = response.status == 304;
	page->last = page->not_modified;
	if (page->not_modified)
		return true;
	page->document = client_parse(&response, error);
	if (!page->document || !find_items(&pages->plan, page, error))
		return false;
	etag = http_header(&response, "etag");
	page->etag = g_strdup(etag);
	page->position = position_text(pages);
	page->url = g_steal_pointer(&url);
	return find_next(pages, &response, page, error);
}
