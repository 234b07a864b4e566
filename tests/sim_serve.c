#include <string.h>

#include "base/instant.h"
#include "tests/sim_api.h"

/* The answers of a simulated API when all goes well: lists, single items, jobs of a run.
 */

struct query {
	char *path;
	GHashTable *values; /* name → value, unescaped */
	const char *url;
};

static const char *ask(const struct query *query, const char *name)
{
	const char *value = g_hash_table_lookup(query->values, name);

	return value && *value ? value : NULL;
}

static guint ask_number(const struct query *query, const char *name, guint otherwise)
{
	const char *value = ask(query, name);
	guint64 number;

	if (!value || !g_ascii_string_to_unsigned(value, 10, 0, 1000000, &number, NULL))
		return otherwise;
	return (guint)number;
}

static gint64 ask_time(const struct query *query, const char *name,
		       enum time_format format, gint64 otherwise)
{
	const char *value = ask(query, name);
	g_autofree char *text = NULL;
	gint64 result;

	if (!value)
		return otherwise;
	switch (format) {
	case TIME_EPOCH:
		return g_ascii_strtoll(value, NULL, 10) * G_USEC_PER_SEC;
	case TIME_EPOCH_MS:
		return g_ascii_strtoll(value, NULL, 10) * 1000;
	case TIME_DATE:
		text = g_strconcat(value, "T00:00:00Z", NULL);
		break;
	case TIME_SPACE:
		text = g_strdup_printf("%.10sT%sZ", value, value + strlen("2026-03-01 "));
		break;
	case TIME_JQL:
		text = g_strdup_printf("%.10sT%s:00Z", value,
				       value + strlen("2026-03-01 "));
		break;
	case TIME_RFC3339:
		text = g_strdup(value);
		break;
	}
	return instant_parse(text, &result) ? result : otherwise;
}

/* ---- one item ---- */

char *sim_title(const struct thing *thing, const struct version *version)
{
	return g_strdup_printf("thing %u, edition %u", thing->number, version->edition);
}

char *sim_sha(const struct thing *thing, const struct version *version)
{
	return g_strdup_printf("%08x%032" G_GINT64_MODIFIER "x", thing->number,
			       version->attempt);
}

guint sim_n_jobs(const struct thing *thing)
{
	return thing->number % 3 == 0 ? 7 : thing->number % 3;
}

char *sim_job_id(const struct thing *thing, const struct version *version, guint i)
{
	return g_strdup_printf("%u%02" G_GINT64_FORMAT "%u", thing->number,
			       version->attempt, i);
}

static void print_time(GString *out, const char *name, gint64 t)
{
	g_autofree char *text = t == INSTANT_NONE ? NULL : instant_format(t);

	if (text)
		g_string_append_printf(out, ",\"%s\":\"%s\"", name, text);
	else
		g_string_append_printf(out, ",\"%s\":null", name);
}

static void print_thing(GString *out, const struct thing *thing,
			const struct version *version)
{
	g_autofree char *title = sim_title(thing, version);
	g_autofree char *sha = sim_sha(thing, version);

	g_string_append_printf(out,
			       "{\"id\":%u,\"attempt\":%" G_GINT64_FORMAT
			       ",\"state\":\"%s\",\"title\":\"%s\",\"sha\":\"%s\"",
			       thing->number, version->attempt, version->state, title,
			       sha);
	print_time(out, "created_at", thing->created);
	print_time(out, "updated_at", version->updated);
	print_time(out, "finished_at", version->finished);
	g_string_append_c(out, '}');
}

static void print_job(GString *out, const struct thing *thing,
		      const struct version *version, guint i)
{
	g_autofree char *id = sim_job_id(thing, version, i);

	g_string_append_printf(out, "{\"id\":%s,\"name\":\"job %u\",\"state\":\"%s\"", id,
			       i, version->state);
	print_time(out, "finished_at", version->finished);
	g_string_append_c(out, '}');
}

/* ---- lists ---- */

/* What is listed, with how it is. */
struct listed {
	const struct thing *thing;
	const struct version *version;
};

static gint compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const struct listed *x = a, *y = b;
	enum sim_sort sort = *(enum sim_sort *)data;
	bool by_updated = sort == SORT_RECENT || sort == SORT_UPDATED;
	gint64 s = by_updated ? x->version->updated : x->thing->created;
	gint64 t = by_updated ? y->version->updated : y->thing->created;
	int order = s != t ? (s > t) - (s < t)
			   : (x->thing->number > y->thing->number) -
				     (x->thing->number < y->thing->number);

	return sort == SORT_NEWEST || sort == SORT_RECENT ? -order : order;
}

/* GitHub's: fresh without a filter, and with one it may lack what is young. */
static bool is_stale(struct sim *sim, const struct query *query)
{
	return (sim->faults & FAULT_STALE) && sim->shape->driver.feeds->window_path &&
	       (ask(query, "since") || ask(query, "until")) &&
	       g_rand_int(sim->rand) % 8 == 0;
}

/* Keyset: what comes after (since, after). */
static bool is_before(const struct listed *row, gint64 since, guint after)
{
	return row->version->updated < since ||
	       (row->version->updated == since && row->thing->number <= after);
}

static GArray *list(struct sim *sim, const struct feed *feed, const struct query *query)
{
	const struct sim_shape *shape = sim->shape;
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct listed));
	gint64 now = sim->now + sim->skew;
	gint64 since = ask_time(query, "since", feed->time, G_MININT64);
	gint64 until = ask_time(query, "until", feed->time, G_MAXINT64);
	guint after = ask_number(query, "after", 0);
	gint64 newest = is_stale(sim, query) ? now - G_TIME_SPAN_DAY : now;
	enum sim_sort sort = shape->sort;

	for (guint i = 0; i < sim->world->things->len; i++) {
		const struct thing *thing = sim->world->things->pdata[i];
		struct listed row = { thing, thing_listed(thing, now) };
		gint64 t;

		if (!row.version || thing->created > newest)
			continue;
		t = shape->by_updated ? row.version->updated : thing->created;
		if (t < since || t > until || (after && is_before(&row, since, after)))
			continue;
		if (sort == SORT_PRESENT && strcmp(row.version->state, "running"))
			continue;
		g_array_append_val(rows, row);
	}
	if (rows->len)
		g_array_sort_with_data(rows, compare, &sort);
	if (feed->cap && (ask(query, "since") || ask(query, "until")) &&
	    rows->len > feed->cap)
		g_array_set_size(rows, feed->cap);
	return rows;
}

/* A token of the kind that stays where it is when rows come in above it. */
static guint after_token(const GArray *rows, const char *token)
{
	guint64 number = g_ascii_strtoull(token + 1, NULL, 10);
	guint i = 0;

	while (i < rows->len &&
	       g_array_index(rows, struct listed, i).thing->number >= number)
		i++;
	return i;
}

static guint first_row(const struct feed *feed, const struct query *query,
		       const GArray *rows, guint size)
{
	const char *token = ask(query, "token");

	switch (feed->paging) {
	case PAGING_TOKEN:
		return token ? after_token(rows, token) : 0;
	case PAGING_OFFSET:
		return ask_number(query, "offset", 0);
	case PAGING_PAGE:
	case PAGING_LINK:
	case PAGING_NEXT:
		return (MAX(ask_number(query, "page", 1), 1) - 1) * size;
	case PAGING_NONE:
	case PAGING_KEYSET:
		break;
	}
	return 0;
}

/* The url of the next page: this one's, with another number. */
static char *next_url(const struct query *query)
{
	guint page = ask_number(query, "page", 1);
	GString *url = g_string_new("https://sim.example");
	GHashTableIter iter;
	gpointer name, value;

	g_string_append_printf(url, "%s?page=%u", query->path, page + 1);
	g_hash_table_iter_init(&iter, query->values);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);

		if (strcmp(name, "page"))
			g_string_append_printf(url, "&%s=%s", (char *)name, escaped);
	}
	return g_string_free(url, FALSE);
}

static void print_list(const struct feed *feed, const struct query *query, GString *out,
		       const GArray *rows, guint size, struct http_response *response)
{
	guint first = first_row(feed, query, rows, size);
	guint end = feed->paging == PAGING_NONE ? rows->len
						: MIN(first + size, rows->len);
	bool wrapped = feed->items && *feed->items;
	g_autofree char *url = end < rows->len ? next_url(query) : NULL;

	g_string_append(out, wrapped ? "{\"items\":[" : "[");
	for (guint i = first; i < end; i++) {
		const struct listed *row = &g_array_index(rows, struct listed, i);

		if (i > first)
			g_string_append_c(out, ',');
		print_thing(out, row->thing, row->version);
	}
	g_string_append_c(out, ']');
	if (feed->paging == PAGING_LINK && url)
		g_ptr_array_add(response->headers,
				g_strdup_printf("link: <%s>; rel=\"next\"", url));
	if (feed->paging == PAGING_NEXT)
		g_string_append_printf(out, url ? ",\"next\":\"%s\"" : ",\"next\":null",
				       url);
	if (feed->paging == PAGING_TOKEN && end < rows->len && end > 0)
		g_string_append_printf(
			out, ",\"token\":\"t%u\"",
			g_array_index(rows, struct listed, end - 1).thing->number);
	if (wrapped)
		g_string_append_c(out, '}');
}

/* ---- requests ---- */

static void serve_list(struct sim *sim, const struct feed *feed,
		       const struct query *query, GString *out,
		       struct http_response *response)
{
	g_autoptr(GArray) rows = list(sim, feed, query);
	guint size = MIN(ask_number(query, "size", feed->size), feed->size);

	if (feed->order == ORDER_STATE) {
		g_hash_table_remove_all(sim->seen);
		for (guint i = 0; i < rows->len; i++)
			g_hash_table_add(
				sim->seen,
				GUINT_TO_POINTER(g_array_index(rows, struct listed, i)
							 .thing->number));
	}
	print_list(feed, query, out, rows, size, response);
}

/* A single item is known before lists show how it is. */
static const struct version *find(struct sim *sim, const char *text,
				  const struct thing **thing)
{
	guint64 number = g_ascii_strtoull(text, NULL, 10);
	const struct version *truth;

	if (number < 1 || number > sim->world->things->len)
		return NULL;
	*thing = sim->world->things->pdata[number - 1];
	truth = thing_truth(*thing);
	return truth->deleted ? NULL : truth;
}

static void serve_jobs(const struct thing *thing, const struct version *version,
		       const struct query *query, GString *out,
		       struct http_response *response)
{
	guint page = ask_number(query, "page", 1), size = 3;
	guint first = (page - 1) * size, n = sim_n_jobs(thing);

	g_string_append(out, "{\"jobs\":[");
	for (guint i = first; i < MIN(first + size, n); i++) {
		if (i > first)
			g_string_append_c(out, ',');
		print_job(out, thing, version, i);
	}
	g_string_append(out, "]}");
	if (first + size < n) {
		g_autofree char *url = next_url(query);

		g_ptr_array_add(response->headers,
				g_strdup_printf("link: <%s>; rel=\"next\"", url));
	}
}

/* The ETag of an answer, and 304 where it was asked with that. */
static void serve_etag(struct sim *sim, const struct http_request *request, GString *out,
		       struct http_response *response)
{
	const char *link = http_header(response, "link");
	g_autofree char *whole = g_strconcat(out->str, link, NULL);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA1, whole, -1);
	g_autofree char *etag = g_strdup_printf("\"%s\"", sum);

	g_ptr_array_add(response->headers, g_strconcat("etag: ", etag, NULL));
	for (gsize i = 0; i < request->n_headers; i++)
		if (g_ascii_strcasecmp(request->headers[i].name, "if-none-match") == 0 &&
		    strcmp(request->headers[i].value, etag) == 0) {
			response->status = 304;
			sim->n_not_modified++;
			g_string_truncate(out, 0);
		}
}

static void serve_path(struct sim *sim, const struct query *query, GString *out,
		       struct http_response *response)
{
	const struct feed *feed = sim->shape->driver.feeds;
	/* Of "/acme/shop/list" or "/acme/shop/item/7/jobs" what follows the project. */
	g_auto(GStrv) all = g_strsplit(query->path + 1, "/", -1);
	guint n = g_strv_length(all);
	char **parts = all + MIN(n, 2);
	const struct thing *thing = NULL;
	const struct version *version = NULL;

	if (n >= 4 && strcmp(parts[0], "item") == 0)
		version = find(sim, parts[1], &thing);
	if (strcmp(query->path, "/acme/shop/list") == 0)
		serve_list(sim, feed, query, out, response);
	else if (version && parts[2])
		serve_jobs(thing, version, query, out, response);
	else if (version)
		print_thing(out, thing, version);
	else {
		response->status = 404;
		g_string_append(out, "{\"message\":\"Not Found\"}");
	}
}

void sim_serve(struct sim *sim, const struct http_request *request,
	       struct http_response *response)
{
	struct query query = { .url = request->url };
	g_autoptr(GUri) uri = g_uri_parse(request->url, G_URI_FLAGS_ENCODED, NULL);
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((sim->now + sim->skew) /
								  G_USEC_PER_SEC);
	g_autofree char *date = g_date_time_format(time, "date: %a, %d %b %Y %T GMT");
	g_autoptr(GString) out = g_string_new(NULL);
	const char *text = g_uri_get_query(uri);

	query.path = g_strdup(g_uri_get_path(uri));
	query.values = g_uri_parse_params(text ? text : "", -1, "&",
					  G_URI_PARAMS_WWW_FORM, NULL);
	response->status = 200;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(response->headers, g_steal_pointer(&date));
	serve_path(sim, &query, out, response);
	if (response->status == 200)
		serve_etag(sim, request, out, response);
	response->body = g_byte_array_new();
	g_byte_array_append(response->body, (const guint8 *)out->str,
			    (guint)out->len + 1);
	g_byte_array_set_size(response->body, (guint)out->len);
	g_hash_table_unref(query.values);
	g_free(query.path);
}
