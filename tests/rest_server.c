#include "tests/rest_server.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

/* ---- drivers ---- */

const struct json_field thing_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/attempt", JSON_INT, false, ITEM(attempt) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/created", JSON_TIME, true, ITEM(created) },
	{ "/updated", JSON_TIME, false, ITEM(updated) },
	{ "/finished", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

static const struct json_field bare_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/created", JSON_TIME, true, ITEM(created) },
	{ "/updated", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static const struct json_field job_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ NULL },
};

const struct state_map thing_states[] = {
	{ "done", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static bool merge_state(const cJSON *json, struct item *item, GError **error)
{
	(void)error;
	g_free(item->state);
	item->state = g_strdup(json_text_at(json, "/state"));
	return true;
}

static const struct detail jobs[] = {
	{ .name = "jobs",
	  .path = "/jobs/{id}",
	  .items = "/items",
	  .kind = ITEM_JOB,
	  .fields = job_fields,
	  .states = thing_states,
	  .scope = "Actions: read" },
	{ NULL },
};
static const struct detail status[] = {
	{ .name = "status",
	  .path = "/item/{id}",
	  .when = DETAIL_ALWAYS,
	  .states = thing_states,
	  .merge = merge_state },
	{ NULL },
};

#define THINGS                                                                           \
	.name = "things", .kind = ITEM_RUN, .items = "/items", .size = 10,               \
	.scope = "Things: read"
#define WHOLE THINGS, .fields = thing_fields, .states = thing_states
#define LISTS(NAME, ...)                                                                 \
	static const struct feed NAME##_feeds[] = { { __VA_ARGS__ }, { NULL } };         \
	const struct driver lists_##NAME = { .name = #NAME, .feeds = NAME##_feeds }

LISTS(updated, WHOLE, .path = "/updated?since={since}&page={page}",
      .item_path = "/item/{id}", .paging = PAGING_PAGE);
LISTS(recent, WHOLE, .path = "/recent?page={page}", .order = ORDER_RECENT,
      .item_path = "/item/{id}", .paging = PAGING_PAGE);
LISTS(newest, WHOLE, .path = "/newest?page={page}", .order = ORDER_NEWEST,
      .item_path = "/item/{id}", .paging = PAGING_PAGE);
LISTS(blind, WHOLE, .path = "/newest?page={page}", .order = ORDER_NEWEST,
      .paging = PAGING_PAGE);
LISTS(windowed, WHOLE, .path = "/newest?page={page}", .order = ORDER_NEWEST, .cap = 20,
      .window_path = "/created?since={since}&until={until}&page={page}",
      .item_path = "/item/{id}", .paging = PAGING_PAGE);
LISTS(created, WHOLE, .path = "/created?since={since}&until={until}&page={page}",
      .order = ORDER_CREATED, .item_path = "/item/{id}", .paging = PAGING_PAGE,
      .cap = 20);
LISTS(number, WHOLE, .path = "/number?page={page}", .order = ORDER_NUMBER,
      .item_path = "/item/{id}", .paging = PAGING_PAGE);
LISTS(state, WHOLE, .path = "/state", .order = ORDER_STATE, .on_absence = "done");
LISTS(jobs, WHOLE, .path = "/newest?page={page}", .order = ORDER_NEWEST,
      .item_path = "/item/{id}", .paging = PAGING_PAGE, .details = jobs);
LISTS(merged, THINGS, .fields = bare_fields, .path = "/newest?page={page}",
      .order = ORDER_NEWEST, .item_path = "/item/{id}", .paging = PAGING_PAGE,
      .details = status);

/* ---- the server ---- */

struct thing *fixture_add(struct fixture *fixture, int id, gint64 created,
			  const char *state)
{
	const struct thing thing = {
		.id = id,
		.attempt = 1,
		.created = created,
		.updated = created,
		.finished = INSTANT_NONE,
		.state = state,
		.n_jobs = 1,
	};

	g_array_append_val(fixture->things, thing);
	return fixture_thing(fixture, id);
}

struct thing *fixture_thing(struct fixture *fixture, int id)
{
	for (guint i = 0; i < fixture->things->len; i++) {
		struct thing *thing = &g_array_index(fixture->things, struct thing, i);
		if (thing->id == id)
			return thing;
	}
	return NULL;
}

static void print_time(GString *out, const char *name, gint64 time)
{
	g_autofree char *text = NULL;

	if (time == INSTANT_NONE)
		return;
	text = instant_format(time);
	g_string_append_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void print_thing(GString *out, const struct thing *thing)
{
	g_string_append_printf(out, "{\"id\":%d,\"attempt\":%d,\"state\":\"%s\"",
			       thing->id, (int)thing->attempt, thing->state);
	if (thing->broken)
		g_string_append(out, ",\"created\":\"yesterday\"");
	else
		print_time(out, "created", thing->created);
	print_time(out, "updated", thing->updated);
	print_time(out, "finished", thing->finished);
	g_string_append_c(out, '}');
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	const struct thing *one = a, *other = b;

	if (one->created != other->created)
		return one->created < other->created ? 1 : -1;
	return other->id - one->id;
}

static gint recent_first(gconstpointer a, gconstpointer b)
{
	const struct thing *one = a, *other = b;

	if (one->updated != other->updated)
		return one->updated < other->updated ? 1 : -1;
	return other->id - one->id;
}

static gint updated_first(gconstpointer a, gconstpointer b)
{
	return -recent_first(a, b);
}

static gint number_first(gconstpointer a, gconstpointer b)
{
	return ((const struct thing *)b)->id - ((const struct thing *)a)->id;
}

static const struct {
	const char *path;
	GCompareFunc compare;
	bool filtered; /* by creation */
} lists[] = {
	{ "/updated", updated_first, false }, { "/recent", recent_first, false },
	{ "/newest", newest_first, false },   { "/created", newest_first, true },
	{ "/number", number_first, false },   { "/state", number_first, false },
};

/* The value of a query parameter, percent-decoded; NULL. */
static char *parameter(const char *url, const char *name)
{
	const char *query = strchr(url, '?');
	g_auto(GStrv) each = g_strsplit(query ? query + 1 : "", "&", -1);

	for (gsize i = 0; each[i]; i++)
		if (g_str_has_prefix(each[i], name) && each[i][strlen(name)] == '=')
			return g_uri_unescape_string(each[i] + strlen(name) + 1, NULL);
	return NULL;
}

static gint64 time_parameter(const char *url, const char *name, gint64 otherwise)
{
	g_autofree char *text = parameter(url, name);
	gint64 time = otherwise;

	ck_assert(!text || instant_parse(text, &time));
	return time;
}

static bool is_listed(const struct fixture *fixture, const struct thing *thing,
		      const char *url, bool filtered)
{
	gint64 since = time_parameter(url, "since", INSTANT_NONE);
	gint64 until = time_parameter(url, "until", G_MAXINT64);
	gint64 time = filtered ? thing->created : thing->updated;

	if (g_str_has_prefix(url, "/state") && strcmp(thing->state, "running") != 0)
		return false;
	return !thing->deleted && thing->visible <= fixture->now && time >= since &&
	       time <= until;
}

static void print_list(const struct fixture *fixture, const char *url, gsize row,
		       GString *out)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct thing));
	g_autofree char *page = parameter(url, "page");
	guint first = page ? (guint)(atoll(page) - 1) * fixture->page_size : 0;
	guint last = page ? first + fixture->page_size : G_MAXUINT;

	for (guint i = 0; i < fixture->things->len; i++) {
		const struct thing *thing = &g_array_index(fixture->things, struct thing,
							   i);
		if (is_listed(fixture, thing, url, lists[row].filtered))
			g_array_append_val(found, *thing);
	}
	g_array_sort(found, lists[row].compare);
	if (fixture->cap && lists[row].filtered)
		g_array_set_size(found, MIN(found->len, fixture->cap));
	g_string_append(out, "{\"items\":[");
	for (guint i = first; i < MIN(last, found->len); i++) {
		if (i > first)
			g_string_append_c(out, ',');
		print_thing(out, &g_array_index(found, struct thing, i));
	}
	g_string_append(out, "]}");
}

static void print_jobs(const struct thing *thing, GString *out)
{
	g_string_append(out, "{\"items\":[");
	for (guint i = 0; i < thing->n_jobs; i++)
		g_string_append_printf(
			out,
			"%s{\"id\":\"%d-%d-%u\",\"name\":\"job %u\",\"state\":\"%s\"}",
			i ? "," : "", thing->id, (int)thing->attempt, i, i, thing->state);
	g_string_append(out, "]}");
}

/* False: there is no such thing. */
static bool print_answer(struct fixture *fixture, const char *url, GString *out)
{
	const char *slash = strrchr(url, '/');
	const struct thing *thing;

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		if (g_str_has_prefix(url, lists[i].path)) {
			print_list(fixture, url, i, out);
			return true;
		}
	thing = fixture_thing(fixture, (int)strtol(slash + 1, NULL, 10));
	if (!thing || thing->deleted)
		return false;
	if (g_str_has_prefix(url, "/jobs/"))
		print_jobs(thing, out);
	else
		print_thing(out, thing);
	return true;
}

static const char *header_of(const struct http_request *request, const char *name)
{
	for (gsize i = 0; i < request->n_headers; i++)
		if (g_ascii_strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

void server_answer(struct fixture *fixture, const struct http_request *request,
		   const char *url, struct http_response *response)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *etag = NULL, *headers = NULL, *date = NULL;
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(
		(fixture->now + fixture->skew) / G_USEC_PER_SEC);

	if (fixture->before)
		fixture->before(fixture, url);
	fixture->n_before++;
	date = g_date_time_format(time, "%a, %d %b %Y %H:%M:%S GMT");
	if (!print_answer(fixture, url, body)) {
		response_fill(response, 404, NULL, "{\"message\":\"Not Found\"}");
		return;
	}
	etag = g_strdup_printf("\"%u\"", g_str_hash(body->str));
	headers = fixture->silent ? g_strdup_printf("date: %s", date)
				  : g_strdup_printf("date: %s\netag: %s", date, etag);
	if (g_strcmp0(header_of(request, "if-none-match"), etag) == 0)
		response_fill(response, 304, headers, NULL);
	else
		response_fill(response, 200, headers, body->str);
}
