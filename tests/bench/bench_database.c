#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench_store.h"

static PGresult *query(struct database *database, const char *sql)
{
	PGresult *result = PQexec(database->admin, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
	    status != PGRES_COPY_IN && status != PGRES_COPY_OUT)
		bench_fail(database->bench, "%s: %s", sql,
			   PQerrorMessage(database->admin));
	return result;
}

void database_begin(struct database *database, struct bench *bench, const char *yaml)
{
	const char *server = g_getenv("DORAD_TEST_PG");
	g_autofree char *name = g_strdup_printf("bench%d_%d", (int)getpid(),
						g_random_int_range(0, 1 << 30));
	g_autofree char *uri = g_strdup_printf("%s dbname=%s", server, name);
	g_autofree char *text = g_strdup_printf("database:\n  uri: \"%s\"\n%s", uri,
						yaml);
	g_autoptr(GPtrArray) faults = NULL;
	g_autoptr(GError) error = NULL;

	*database = (struct database){ .bench = bench };
	if (!server)
		bench_fail(bench, "start this with tests/with_postgres");
	database->admin = PQconnectdb(server);
	if (PQstatus(database->admin) != CONNECTION_OK)
		bench_fail(bench, "%s", PQerrorMessage(database->admin));
	database_run(database, "CREATE DATABASE %s", name);
	PQfinish(database->admin);
	database->admin = PQconnectdb(uri);
	database_run(database, "SET client_min_messages = warning");
	database->config = config_load_text("bench.yaml", text, strlen(text), &faults);
	if (!database->config) {
		g_autofree char *fault = config_fault_format(
			"bench.yaml", g_ptr_array_index(faults, 0));
		bench_fail(bench, "%s", fault);
	}
	database->store = store_new(database->config);
	bench_need(bench,
		   store_migrate(database->store, &error) &&
			   store_sync_config(database->store, database->config, &error),
		   error, "store_migrate");
	database->context = (struct work_context){
		.config = database->config,
		.cache_dir = bench->dir,
	};
}

void database_end(struct database *database)
{
	store_free(database->store);
	PQfinish(database->admin);
	config_unref(database->config);
}

double database_run(struct database *database, const char *format, ...)
{
	double start;
	va_list args;

	va_start(args, format);
	g_autofree char *sql = g_strdup_vprintf(format, args);
	va_end(args);
	start = bench_now();
	PQclear(query(database, sql));
	return bench_now() - start;
}

double database_ask(struct database *database, const char *format, ...)
{
	PGresult *result;
	double value;
	va_list args;

	va_start(args, format);
	g_autofree char *sql = g_strdup_vprintf(format, args);
	va_end(args);
	result = query(database, sql);
	if (PQntuples(result) < 1)
		bench_fail(database->bench, "no rows: %s", sql);
	value = g_ascii_strtod(PQgetvalue(result, 0, 0), NULL);
	PQclear(result);
	return value;
}

double database_wal(struct database *database)
{
	return database_ask(database, "SELECT pg_current_wal_insert_lsn() - '0/0'");
}

double database_dead(struct database *database)
{
	return database_ask(database,
			    "SELECT pg_stat_force_next_flush(), sum(n_dead_tup) "
			    "FROM pg_stat_user_tables WHERE schemaname = 'dorad'");
}

/* Takes out rows as pieces of binary COPY. */
static GPtrArray *take_rows(struct database *database, const char *sql)
{
	GPtrArray *pieces = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	char *data;
	int n;

	PQclear(query(database, sql));
	while ((n = PQgetCopyData(database->admin, &data, 0)) > 0) {
		g_ptr_array_add(pieces, g_bytes_new(data, (gsize)n));
		PQfreemem(data);
	}
	PQclear(PQgetResult(database->admin));
	PQclear(PQgetResult(database->admin));
	return pieces;
}

double database_raw_copy(struct database *database, const char *table, const char *where)
{
	g_autofree char *take = g_strdup_printf(
		"COPY (SELECT * FROM dorad.%s WHERE %s "
		"ORDER BY ctid) TO STDOUT (FORMAT binary)",
		table, where);
	g_autoptr(GPtrArray) pieces = take_rows(database, take);
	ExecStatusType status;
	PGresult *result;
	double start;

	database_run(database, "CREATE TABLE public.raw (LIKE dorad.%s INCLUDING ALL)",
		     table);
	database_run(database, "CHECKPOINT");
	start = bench_now();
	PQclear(query(database, "COPY public.raw FROM STDIN (FORMAT binary)"));
	for (guint i = 0; i < pieces->len; i++) {
		gsize n;
		const char *data = g_bytes_get_data(pieces->pdata[i], &n);

		if (PQputCopyData(database->admin, data, (int)n) != 1)
			bench_fail(database->bench, "COPY: %s",
				   PQerrorMessage(database->admin));
	}
	PQputCopyEnd(database->admin, NULL);
	result = PQgetResult(database->admin);
	status = PQresultStatus(result);
	PQclear(result);
	if (status != PGRES_COMMAND_OK)
		bench_fail(database->bench, "COPY: %s", PQerrorMessage(database->admin));
	PQclear(PQgetResult(database->admin));
	start = bench_now() - start;
	database_run(database, "DROP TABLE public.raw");
	return start;
}
