#include <string.h>

#include "base/error.h"
#include "collector/foreign_query.h"
#include "collector/kpi/kpi_source.h"

struct query {
	struct kpi_reading *reading;
	bool time, value; /* there are these columns */
};

static bool take_column(const char *name, void *user, GError **error)
{
	struct query *query = user;

	query->time |= strcmp(name, "time") == 0;
	query->value |= strcmp(name, "value") == 0;
	if (strcmp(name, "time") == 0 || strcmp(name, "value") == 0)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "the query has a column \"%s\", expected time and value", name);
	return false;
}

static bool check_columns(const struct query *query, GError **error)
{
	if (query->time && query->value)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "the query has no column \"%s\", expected time and value",
		    query->time ? "value" : "time");
	return false;
}

static bool take_row(const char *row, gsize n, void *user, GError **error)
{
	struct query *query = user;
	_cleanup_(cJSON_Deletep) cJSON *json = NULL;

	if (!check_columns(query, error) || !(json = json_parse(row, n, error)))
		return false;
	return kpi_add_json(query->reading, json_at(json, "/time"), TIME_RFC3339,
			    json_at(json, "/value"), error);
}

bool kpi_read_sql(struct kpi_reading *reading, GError **error)
{
	const struct config_kpi_sql *sql = reading->kpi->sql;
	struct query query = { .reading = reading };
	const struct foreign_query foreign = {
		.uri = sql->uri,
		.password = sql->password,
		.sql = sql->query,
		.order = "time",
		/* a date is a midnight of that zone, here and there */
		.time_zone = reading->kpi->time_zone,
		.max_rows = KPI_SAMPLES_MAX + 1,
		.cancellable = reading->cancellable,
		.column = take_column,
		.row = take_row,
		.user = &query,
	};

	return foreign_query_run(&foreign, reading->since, error) &&
	       check_columns(&query, error);
}
