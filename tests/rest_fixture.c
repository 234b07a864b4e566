#include "tests/rest_fixture.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_server.h"

/* ---- the transport ---- */

static void add_headers(struct http_response *response, const char *lines)
{
	g_auto(GStrv) each = g_strsplit(lines ? lines : "", "\n", -1);

	for (gsize i = 0; each[i]; i++)
		if (*each[i])
			g_ptr_array_add(response->headers, g_strdup(each[i]));
}

void response_fill(struct http_response *response, guint status, const char *headers,
		   const char *body)
{
	gsize n = body ? strlen(body) : 0;

	response->status = status;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	add_headers(response, headers);
	response->body = g_byte_array_new();
	if (n > 0)
		g_byte_array_append(response->body, (const guint8 *)body, (guint)n);
	g_byte_array_append(response->body, (const guint8 *)"", 1);
	g_byte_array_set_size(response->body, (guint)n);
}

static const char *below_base(const char *url)
{
	return g_str_has_prefix(url, BASE "/") ? url + strlen(BASE) : url;
}

static bool answer_from_table(struct fixture *fixture, const char *url,
			      struct http_response *response, GError **error)
{
	for (gsize i = 0; fixture->answers[i].url; i++) {
		const struct answer *answer = &fixture->answers[i];

		if (strcmp(answer->url, url) != 0 ||
		    (answer->times && fixture->used[i] >= answer->times))
			continue;
		fixture->used[i]++;
		if (answer->status == 0) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
				    "api.test: connection reset");
			return false;
		}
		response_fill(response, answer->status, answer->headers, answer->body);
		return true;
	}
	ck_abort_msg("nobody expected a request for %s", url);
	return false;
}

static bool perform(void *self, const struct http_request *request,
		    struct http_response *response, GError **error)
{
	struct fixture *fixture = self;
	const char *url = below_base(request->url);
	char *asked = g_strconcat(url, request->body ? " " : "", request->body, NULL);
	bool good = true;

	if (fixture->dies_in == 0) {
		g_free(asked);
		g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "stopping");
		return false;
	}
	if (fixture->dies_in > 0)
		fixture->dies_in--;
	g_ptr_array_add(fixture->asked, asked);
	if (fixture->answers)
		good = answer_from_table(fixture, asked, response, error);
	else
		server_answer(fixture, request, url, response);
	if (good && response->status == 304) {
		fixture->asked->pdata[fixture->asked->len - 1] = g_strconcat("=", asked,
									     NULL);
		g_free(asked);
	}
	return good;
}

static gint64 clock_now(void *self)
{
	return ((struct fixture *)self)->now;
}

static bool clock_wait(void *self, GTimeSpan span, GError **error)
{
	struct fixture *fixture = self;

	(void)error;
	ck_assert_int_le(span, 60 * G_TIME_SPAN_SECOND);
	fixture->now += span;
	fixture->waited += span;
	return true;
}

/* ---- the sink ---- */

static char *gone_key(enum item_kind kind, const char *id)
{
	return g_strdup_printf("%d %s", (int)kind, id);
}

static bool is_gone(const struct fixture *fixture, const struct item *item)
{
	g_autofree char *key = gone_key(item->kind, item->id);
	return g_hash_table_contains(fixture->gone, key);
}

static bool sink_fails(const struct fixture *fixture, GError **error)
{
	if (fixture->broken)
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "database: away");
	return fixture->broken;
}

static struct feed_row *find_row(const struct fixture *fixture,
				 const struct feed_row *like)
{
	for (guint i = 0; i < fixture->rows->len; i++) {
		struct feed_row *row = g_ptr_array_index(fixture->rows, i);

		if (strcmp(row->project, like->project) == 0 &&
		    strcmp(row->feed, like->feed) == 0)
			return row;
	}
	return NULL;
}

static void copy_state(struct feed_row *to, const struct feed_row *from)
{
	g_free(to->mark);
	g_free(to->etag);
	g_free(to->etag_url);
	g_free(to->trouble);
	to->cursor = from->cursor;
	to->history = from->history;
	to->swept = from->swept;
	to->swept_deep = from->swept_deep;
	to->mark = g_strdup(from->mark);
	to->etag = g_strdup(from->etag);
	to->etag_url = g_strdup(from->etag_url);
	to->trouble = g_strdup(from->trouble);
}

static bool load(void *self, struct feed_row *row, GError **error)
{
	const struct feed_row *stored = find_row(self, row);

	if (sink_fails(self, error))
		return false;
	if (stored)
		copy_state(row, stored);
	return true;
}

static gint by_creation(gconstpointer a, gconstpointer b)
{
	const struct item *one = *(struct item *const *)a,
			  *other = *(struct item *const *)b;
	return (one->created > other->created) - (one->created < other->created);
}

static bool unfinished(void *self, const char *project, enum item_kind kind,
		       GPtrArray *items, GError **error)
{
	const struct fixture *fixture = self;

	for (guint i = 0; i < fixture->items->len; i++) {
		const struct item *item = g_ptr_array_index(fixture->items, i);

		if (item->kind == kind && strcmp(item->project, project) == 0 &&
		    !item->done && !is_gone(fixture, item))
			g_ptr_array_add(items, item_copy(item));
	}
	g_ptr_array_sort(items, by_creation);
	return !sink_fails(fixture, error);
}

static bool known(void *self, const char *project, enum item_kind kind, gint64 from,
		  gint64 to, GPtrArray *items, GError **error)
{
	const struct fixture *fixture = self;

	for (guint i = 0; i < fixture->items->len; i++) {
		const struct item *item = g_ptr_array_index(fixture->items, i);

		if (item->kind == kind && strcmp(item->project, project) == 0 &&
		    item->created >= from && item->created < to &&
		    !is_gone(fixture, item))
			g_ptr_array_add(items, item_copy(item));
	}
	return !sink_fails(fixture, error);
}

static bool is_same(const struct item *a, const struct item *b)
{
	return a->kind == b->kind && a->attempt == b->attempt &&
	       strcmp(a->id, b->id) == 0 && strcmp(a->project, b->project) == 0;
}

static void keep(struct fixture *fixture, const struct item *item)
{
	g_autofree char *key = gone_key(item->kind, item->id);

	g_hash_table_remove(fixture->gone, key);
	for (guint i = 0; i < fixture->items->len; i++)
		if (is_same(item, g_ptr_array_index(fixture->items, i))) {
			item_free(fixture->items->pdata[i]);
			fixture->items->pdata[i] = item_copy(item);
			return;
		}
	g_ptr_array_add(fixture->items, item_copy(item));
}

static bool save(void *self, const struct feed_row *row, const GPtrArray *items,
		 const GPtrArray *gone, GError **error)
{
	struct fixture *fixture = self;
	struct feed_row *stored = find_row(fixture, row);
	const struct feed *feed = driver_feed(fixture->source.driver, row->feed);

	if (sink_fails(fixture, error))
		return false;
	for (guint i = 0; i < items->len; i++) {
		for (guint j = 0; j < i; j++)
			ck_assert_msg(!is_same(g_ptr_array_index(items, i),
					       g_ptr_array_index(items, j)),
				      "an item twice in one piece");
		keep(fixture, g_ptr_array_index(items, i));
	}
	for (guint i = 0; i < gone->len; i++)
		g_hash_table_add(fixture->gone,
				 gone_key(feed->kind, g_ptr_array_index(gone, i)));
	if (!stored) {
		stored = g_new0(struct feed_row, 1);
		stored->project = g_strdup(row->project);
		stored->feed = g_strdup(row->feed);
		g_ptr_array_add(fixture->rows, stored);
	}
	copy_state(stored, row);
	fixture->n_saves++;
	return true;
}

static void row_free(gpointer data)
{
	struct feed_row *row = data;

	g_free(row->project);
	g_free(row->feed);
	g_free(row->mark);
	g_free(row->etag);
	g_free(row->etag_url);
	g_free(row->trouble);
	g_free(row);
}

/* ---- the fixture ---- */

static void notice(const char *text, void *user)
{
	struct fixture *fixture = user;

	g_string_append_printf(fixture->notices, "%s\n", text);
}

void fixture_init(struct fixture *fixture, const struct driver *driver)
{
	*fixture = (struct fixture){
		.api = { .name = "test",
			 .url = (char *)BASE,
			 .history_us = 30 * G_TIME_SPAN_DAY,
			 .every_us = 5 * G_TIME_SPAN_MINUTE,
			 .driver = driver },
		.transport = { perform, clock_now, clock_wait, fixture },
		.sink = { load, unfinished, known, save, fixture },
		.now = NOON,
		.dies_in = -1,
		.page_size = 10,
		.asked = g_ptr_array_new_with_free_func(g_free),
		.notices = g_string_new(NULL),
		.used = g_new0(guint, 1000),
		.things = g_array_new(FALSE, FALSE, sizeof(struct thing)),
		.items = items_new(),
		.rows = g_ptr_array_new_with_free_func(row_free),
		.gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	fixture->source = (struct rest_source){
		.driver = driver,
		.api = &fixture->api,
		.transport = &fixture->transport,
		.sink = &fixture->sink,
		.budgets = budgets_new(),
		.notice = notice,
		.user = fixture,
	};
}

void fixture_clear(struct fixture *fixture)
{
	budgets_free(fixture->source.budgets);
	g_ptr_array_unref(fixture->asked);
	g_string_free(fixture->notices, TRUE);
	g_free(fixture->used);
	g_array_unref(fixture->things);
	g_ptr_array_unref(fixture->items);
	g_ptr_array_unref(fixture->rows);
	g_hash_table_unref(fixture->gone);
}

void fixture_forget(struct fixture *fixture)
{
	g_ptr_array_set_size(fixture->items, 0);
	g_ptr_array_set_size(fixture->rows, 0);
	g_hash_table_remove_all(fixture->gone);
	fixture->n_saves = 0;
}

GError *fixture_poll(struct fixture *fixture)
{
	GError *error = NULL;
	bool good;

	g_ptr_array_set_size(fixture->asked, 0);
	g_string_truncate(fixture->notices, 0);
	fixture->waited = 0;
	fixture->n_saves = 0;
	good = rest_poll(&fixture->source, &fixture->result, &error);
	ck_assert(good == (error == NULL));
	ck_assert_uint_eq(fixture->result.n_requests,
			  fixture->asked->len + (fixture->dies_in == 0 &&
						 g_error_matches(error, DORA_ERROR,
								 DORA_ERROR_CANCELLED)));
	return error;
}

void fixture_works(struct fixture *fixture)
{
	g_autoptr(GError) error = fixture_poll(fixture);

	ck_assert_msg(!error, "%s", error ? error->message : "");
}

void fixture_fails(struct fixture *fixture, int code, const char *text)
{
	g_autoptr(GError) error = fixture_poll(fixture);

	ck_assert_msg(error != NULL, "nothing failed: %s", text);
	ck_assert_msg(error->code == code && strstr(error->message, text), "%d: %s",
		      error->code, error->message);
}

const struct item *fixture_item(const struct fixture *fixture, enum item_kind kind,
				const char *id, gint64 attempt)
{
	for (guint i = 0; i < fixture->items->len; i++) {
		const struct item *item = g_ptr_array_index(fixture->items, i);

		if (item->kind == kind && strcmp(item->id, id) == 0 &&
		    (attempt == 0 || item->attempt == attempt) && !is_gone(fixture, item))
			return item;
	}
	return NULL;
}

guint fixture_count(const struct fixture *fixture, enum item_kind kind)
{
	guint n = 0;

	for (guint i = 0; i < fixture->items->len; i++) {
		const struct item *item = g_ptr_array_index(fixture->items, i);
		n += item->kind == kind && !is_gone(fixture, item);
	}
	return n;
}

const struct feed_row *fixture_row(const struct fixture *fixture)
{
	ck_assert_uint_eq(fixture->rows->len, 1);
	return g_ptr_array_index(fixture->rows, 0);
}

char *fixture_asked(const struct fixture *fixture)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < fixture->asked->len; i++)
		g_string_append_printf(text, "%s%s", i ? " " : "",
				       (char *)g_ptr_array_index(fixture->asked, i));
	return g_string_free(text, FALSE);
}

guint fixture_n_asked(const struct fixture *fixture, const char *prefix)
{
	guint n = 0;

	for (guint i = 0; i < fixture->asked->len; i++)
		n += g_str_has_prefix(g_ptr_array_index(fixture->asked, i), prefix);
	return n;
}

void fixture_check_equal(const struct fixture *fixture, const char *what)
{
	guint n = 0;

	for (guint i = 0; i < fixture->things->len; i++) {
		const struct thing *thing = &g_array_index(fixture->things, struct thing,
							   i);
		g_autofree char *id = g_strdup_printf("%d", thing->id);
		const struct item *item = fixture_item(fixture, ITEM_RUN, id,
						       thing->attempt);

		if (thing->deleted || thing->broken)
			continue;
		n++;
		ck_assert_msg(item != NULL, "%s: %s is missing", what, id);
		ck_assert_msg(strcmp(item->state, thing->state) == 0 &&
				      item->updated == thing->updated,
			      "%s: %s is %s", what, id, item->state);
	}
	ck_assert_msg(fixture_count(fixture, ITEM_RUN) == n,
		      "%s: %u items, there should be %u", what,
		      fixture_count(fixture, ITEM_RUN), n);
}
