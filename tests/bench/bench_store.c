/* The store's write path against raw COPY, and what repeats leave behind. Runs under
 * tests/with_postgres. */
#include <math.h>
#include <string.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/history.h"

#define DAY G_TIME_SPAN_DAY
#define EPOCH (G_GINT64_CONSTANT(1600000000) * G_USEC_PER_SEC)
#define PER_ROLLOUT 20 /* commits */

static const char yaml[] = "sources:\n"
			   "  git:\n"
			   "    - { name: shop, url: \"https://git.example/shop\" }\n"
			   "    - { name: remote, url: \"file://%s/remote\", "
			   "allow_file: true }\n"
			   "orgs: [ { name: acme } ]\n"
			   "teams: [ { name: red, org: acme } ]\n"
			   "services:\n"
			   "  - name: cart\n"
			   "    team: red\n"
			   "    components: [ { repository: shop } ]\n"
			   "    deployments: [ { from: tags } ]\n"
			   "  - name: mail\n"
			   "    team: red\n"
			   "    components: [ { repository: remote } ]\n"
			   "    deployments: [ { from: tags } ]\n";

static struct oid made_up(guint32 number)
{
	struct oid oid = { .len = 20 };
	guint64 z = number;

	for (guint at = 0; at < 20; at += 4) {
		z = (z ^ (z >> 31)) * 0x9e3779b97f4a7c15u + 0x1234567;
		guint32 part = (guint32)(z >> 32);
		memcpy(oid.id + at, &part, 4);
	}
	memcpy(oid.id + 16, &number, 4);
	return oid;
}

static struct commit_times times_of(guint32 number)
{
	gint64 t = EPOCH + (gint64)number * 60 * G_USEC_PER_SEC;

	return (struct commit_times){ t - DAY, t, number % 97 + 1 };
}

static double write_commits(struct database *db, gint32 repo, guint32 from, guint32 n)
{
	g_autoptr(GError) error = NULL;
	double start = bench_now();
	bool ok = store_begin(db->store, &error) &&
		  store_commits_begin(db->store, repo, &error);

	for (guint32 i = from; ok && i < from + n; i++) {
		const struct oid parent = made_up(i ? i - 1 : 0);
		const struct commit_row row = { made_up(i), &parent, i > 0, times_of(i) };

		ok = store_commits_add(db->store, &row, &error);
	}
	ok = ok && store_commits_end(db->store, NULL, &error) &&
	     store_commit(db->store, &error);
	bench_need(db->bench, ok, error, "store_commits");
	return bench_now() - start;
}

static double write_shipped(struct database *db, gint32 service, gint32 repo,
			    guint32 from, guint32 n, bool replace, gsize *n_changed)
{
	g_autoptr(GError) error = NULL;
	double start = bench_now();
	bool ok = store_begin(db->store, &error) &&
		  store_shipped_begin(db->store, service, replace, &error);

	for (guint32 i = from; ok && i < from + n; i++) {
		struct shipped_row row = { .rollout_id = i / PER_ROLLOUT + 1,
					   .environment = "production",
					   .repo_id = repo,
					   .oid = made_up(i),
					   .times = times_of(i) };

		row.finished = times_of(i / PER_ROLLOUT * PER_ROLLOUT).committed + DAY;
		row.lead = row.finished - row.times.authored;
		ok = store_shipped_add(db->store, &row, &error);
	}
	ok = ok && store_shipped_end(db->store, n_changed, &error) &&
	     store_commit(db->store, &error);
	bench_need(db->bench, ok, error, "store_shipped");
	return bench_now() - start;
}

static void print_rate(struct database *db, const char *what, guint32 n, double ours,
		       double theirs, double goal)
{
	bench_print(db->bench, &(struct bench_row){ what, n / ours, n / theirs, "rows/s",
						    BENCH_INFO, 0 });
	bench_print(db->bench,
		    &(struct bench_row){ "  the time it takes / COPY", ours, theirs, "s",
					 goal > 0 ? BENCH_AT_MOST : BENCH_INFO, goal });
}

static void print_trace(struct database *db, const char *what, double seconds, double wal,
			double wal_limit, double dead)
{
	bench_note("%s: %.3f s", what, seconds);
	bench_print(db->bench,
		    &(struct bench_row){ "  WAL", wal, NAN, "B",
					 wal_limit > 0 ? BENCH_VALUE : BENCH_INFO,
					 wal_limit });
	bench_print(db->bench, &(struct bench_row){ "  dead tuples", dead, NAN, "rows",
						    BENCH_VALUE, 0 });
}

/* Facts: the first backfill, more into what is there, and the same again. */
static void facts(struct database *db)
{
	guint32 n = db->bench->full ? 1000000 : 150000, some = n / 10;
	gint32 repo = (gint32)database_ask(
		db, "SELECT repo_id FROM dorad.repo WHERE name = 'shop'");
	gint32 service = (gint32)database_ask(
		db, "SELECT scope_id FROM dorad.scope WHERE name = 'cart'");
	double first, more, again, raw, wal, dead;
	gsize n_changed = 0;

	bench_heading("Facts: %u commits, as many shipped commits (fsync off, one "
		      "connection)",
		      n);
	first = write_commits(db, repo, 0, n);
	raw = database_raw_copy(db, "commit", "true");
	print_rate(db, "commits, first backfill / COPY into a keyed table", n, first, raw,
		   1 / 0.8);
	more = write_commits(db, repo, n, some);
	print_rate(db, "a tenth more commits / the same COPY", some, more, raw * some / n,
		   0);
	first = write_shipped(db, service, repo, 0, n, true, NULL);
	raw = database_raw_copy(db, "shipped", "true");
	print_rate(db, "shipped, first backfill / COPY into a keyed table", n, first, raw,
		   1 / 0.8);
	more = write_shipped(db, service, repo, n, some, false, NULL);
	print_rate(db, "a tenth more shipped / the same COPY", some, more, raw * some / n,
		   0);
	bench_heading("The same again, nothing changed");
	database_run(db, "VACUUM ANALYZE dorad.commit, dorad.shipped");
	dead = database_dead(db);
	wal = database_wal(db);
	again = write_commits(db, repo, 0, n + some);
	print_trace(db, "all commits", again, database_wal(db) - wal, 1000,
		    database_dead(db) - dead);
	dead = database_dead(db);
	wal = database_wal(db);
	again = write_shipped(db, service, repo, 0, n + some, true, &n_changed);
	print_trace(db, "all shipped commits (WAL: that of a temporary table)", again,
		    database_wal(db) - wal, 0, database_dead(db) - dead);
	if (n_changed)
		bench_fail(db->bench, "%zu rows changed", n_changed);
	/* their days are dirty; the series are another benchmark's */
	database_run(db, "DELETE FROM dorad.dirty; DELETE FROM dorad.shipped;"
			 "DELETE FROM dorad.commit");
}

static double poll(struct database *db, gint64 now, bool *changed)
{
	const struct config_git *git = config_git(db->config, "remote");
	struct poll_result result;
	g_autoptr(GError) error = NULL;
	double start = bench_now();

	bench_need(db->bench,
		   poll_git(db->store, &db->context, git, now, &result, &error), error,
		   "poll_git");
	*changed = result.changed;
	return bench_now() - start;
}

static double evaluate(struct database *db, gint64 now, bool *changed)
{
	struct evaluate_result result;
	g_autoptr(GError) error = NULL;
	double start = bench_now();

	bench_need(db->bench, evaluate_due(db->store, &db->context, now, &result, &error),
		   error, "evaluate_due");
	*changed = result.changed;
	return bench_now() - start;
}

/* A poll and its evaluation, start to end, and both again. */
static void polls(struct database *db)
{
	const gint64 now = EPOCH + 4000 * DAY;
	const struct history_shape *shape = &history_vim;
	double first, evaluated, again, wal, dead;
	bool changed;

	history_write(db->bench, shape, "remote");
	bench_heading("Polls: %s, %u commits, %u tags, from a path", shape->name,
		      shape->n_commits, shape->n_deployments);
	first = poll(db, now, &changed);
	bench_print(db->bench, &(struct bench_row){ "first poll, mirror included", first,
						    NAN, "s", BENCH_INFO, 0 });
	evaluated = evaluate(db, now, &changed);
	bench_print(db->bench, &(struct bench_row){ "first evaluation", evaluated, NAN,
						    "s", BENCH_INFO, 0 });
	poll(db, now + G_USEC_PER_SEC, &changed);
	dead = database_dead(db);
	wal = database_wal(db);
	again = poll(db, now + 2 * G_USEC_PER_SEC, &changed);
	if (changed)
		bench_fail(db->bench, "a poll of nothing new changed something");
	wal = database_wal(db) - wal;
	dead = database_dead(db) - dead;
	bench_print(db->bench,
		    &(struct bench_row){ "no-op poll / `git ls-remote --heads --tags`",
					 again,
					 bench_sh_median(db->bench, 5,
							 "git ls-remote --heads --tags "
							 "remote >/dev/null"),
					 "s", BENCH_AT_MOST, 1.2 });
	bench_print(db->bench, &(struct bench_row){ "  WAL (the row of the poll itself)",
						    wal, NAN, "B", BENCH_VALUE, 500 });
	bench_print(db->bench,
		    &(struct bench_row){ "  dead tuples (that row's old version)", dead,
					 NAN, "rows", BENCH_VALUE, 1 });
	wal = database_wal(db);
	again = evaluate(db, now + 2 * G_USEC_PER_SEC, &changed);
	bench_print(db->bench, &(struct bench_row){ "evaluation with nothing due", again,
						    NAN, "s", BENCH_INFO, 0 });
	bench_print(db->bench, &(struct bench_row){ "  WAL", database_wal(db) - wal, NAN,
						    "B", BENCH_VALUE, 0 });
	bench_sh(db->bench, NULL,
		 "cd remote && c=$(GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@e.org "
		 "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@e.org git commit-tree -p "
		 "main "
		 "-m new main^{tree}) && git update-ref refs/heads/main $c && "
		 "git tag v99999999 $c");
	again = poll(db, now + 3 * G_USEC_PER_SEC, &changed);
	if (!changed)
		bench_fail(db->bench, "a poll missed a new tag");
	bench_print(db->bench, &(struct bench_row){ "poll with one new commit and tag",
						    again, NAN, "s", BENCH_INFO, 0 });
	again = evaluate(db, now + 3 * G_USEC_PER_SEC, &changed);
	bench_print(db->bench, &(struct bench_row){ "  its evaluation", again, NAN, "s",
						    BENCH_INFO, 0 });
}

int main(void)
{
	struct database db;
	struct bench bench;

	bench_begin(&bench, "store");
	g_autofree char *text = g_strdup_printf(yaml, bench.dir);
	database_begin(&db, &bench, text);
	facts(&db);
	polls(&db);
	database_end(&db);
	return bench_end(&bench);
}
