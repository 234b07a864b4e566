/* What APIs tell: the store's write path against raw COPY, and what repeats leave behind.
 * Runs under tests/with_postgres. */
#include <math.h>

#include "tests/bench/bench_store.h"

#define EPOCH (G_GINT64_CONSTANT(1600000000) * G_USEC_PER_SEC)
#define MINUTE G_TIME_SPAN_MINUTE

static const char yaml[] = "sources:\n"
			   "  git:\n"
			   "    - { name: shop, url: \"https://git.example/shop\" }\n"
			   "orgs: [ { name: acme } ]\n"
			   "teams: [ { name: red, org: acme } ]\n"
			   "services:\n"
			   "  - name: cart\n"
			   "    team: red\n"
			   "    components: [ { repository: shop } ]\n"
			   "    deployments: [ { from: tags } ]\n";

/* A run of a pipeline as GitHub tells it. */
static struct item *made_up(guint i)
{
	struct item *item = g_new(struct item, 1);

	item_init(item, ITEM_RUN);
	item->project = g_strdup_printf("acme/service-%u", i % 20);
	item->id = g_strdup_printf("%u", 1000000000 + i * 7);
	item->attempt = 1;
	item->workflow = g_strdup("Build and deploy");
	item->name = g_strdup_printf("Mend the basket (#%u)", i);
	item->state = g_strdup("completed/success");
	item->outcome = OUTCOME_SUCCESS;
	item->done = true;
	item->sha = g_strdup_printf("%040x", i * 2654435761u);
	item->ref = g_strdup("main");
	item->event = g_strdup("push");
	item->url = g_strdup_printf("https://github.com/acme/service-%u/actions/runs/%s",
				    i % 20, item->id);
	item->created = EPOCH + i * MINUTE;
	item->started = item->created + MINUTE / 10;
	item->finished = item->created + 7 * MINUTE;
	item->updated = item->finished;
	return item;
}

static double write_items(struct database *db, gint32 source, const GPtrArray *items,
			  guint *n_changed)
{
	g_autoptr(GPtrArray) changed = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	double start = bench_now();
	bool ok = store_begin(db->store, &error) &&
		  store_items_write(db->store, source, EPOCH, items, changed, &error) &&
		  store_commit(db->store, &error);

	bench_need(db->bench, ok, error, "store_items_write");
	*n_changed = changed->len;
	return bench_now() - start;
}

/* Page by page, as the engine does. */
static double write_pages(struct database *db, gint32 source, guint from, guint n,
			  guint size)
{
	double seconds = 0;
	guint n_changed;

	for (guint at = 0; at < n; at += size) {
		g_autoptr(GPtrArray) page = items_new();

		for (guint i = at; i < MIN(n, at + size); i++)
			g_ptr_array_add(page, made_up(from + i));
		seconds += write_items(db, source, page, &n_changed);
	}
	return seconds;
}

static void print_rate(struct database *db, const char *what, guint n, double ours,
		       double theirs)
{
	bench_print(db->bench, &(struct bench_row){ what, n / ours, n / theirs, "rows/s",
						    BENCH_INFO, 0 });
	bench_print(db->bench, &(struct bench_row){ "  the time it takes / COPY", ours,
						    theirs, "s", BENCH_INFO, 0 });
}

static void items(struct database *db)
{
	guint n = db->bench->full ? 500000 : 50000, n_changed;
	gint32 source = (gint32)database_ask(
		db, "SELECT source_id FROM dorad.source WHERE name = 'shop'");
	g_autoptr(GPtrArray) all = items_new();
	double first, pages, raw, again, wal, dead;

	for (guint i = 0; i < n; i++)
		g_ptr_array_add(all, made_up(i));
	bench_heading("Items: %u runs (fsync off, one connection)", n);
	first = write_items(db, source, all, &n_changed);
	if (n_changed != n)
		bench_fail(db->bench, "%u of %u rows written", n_changed, n);
	raw = database_raw_copy(db, "item", "true");
	print_rate(db, "all at once / COPY into a keyed table", n, first, raw);
	pages = write_pages(db, source, n, n / 5, 100);
	print_rate(db, "a fifth more by pages of 100 / the same COPY", n / 5, pages,
		   raw / 5);
	bench_heading("The same again, nothing changed");
	database_run(db, "VACUUM ANALYZE dorad.item");
	dead = database_dead(db);
	wal = database_wal(db);
	again = write_items(db, source, all, &n_changed);
	if (n_changed)
		bench_fail(db->bench, "%u rows changed", n_changed);
	bench_note("all of them: %.3f s", again);
	bench_print(db->bench, &(struct bench_row){ "  WAL", database_wal(db) - wal, NAN,
						    "B", BENCH_VALUE, 0 });
	bench_print(db->bench,
		    &(struct bench_row){ "  dead tuples", database_dead(db) - dead, NAN,
					 "rows", BENCH_VALUE, 0 });
}

int main(void)
{
	struct bench bench;
	struct database database;

	bench_begin(&bench, "items");
	database_begin(&database, &bench, yaml);
	items(&database);
	database_end(&database);
	return bench_end(&bench);
}
