#include "sinks/store_goals.h"

#include <math.h>

#include "config/goal_metric.h"
#include "sinks/store_private.h"

#define KPI                                                                              \
	"title, unit, better, target, grain, aggregate, time_zone, source_id, metric,"   \
	" statistic, scope_id, environment, active"
#define STAR                                                                             \
	"vision, metric, statistic, scope_id, environment, kpi_id, unit, better, grain," \
	" target, supporting"
#define GUARDRAIL                                                                        \
	"metric, statistic, scope_id, environment, unit, at_most, at_least,"             \
	" window_days, minimum"

enum statement {
	WRITE_KPIS,
	DROP_STAR,
	WRITE_STAR,
	DROP_GUARDRAILS,
	WRITE_GUARDRAILS,
	LATEST,
	WRITE_SAMPLES,
	DROP_SAMPLES,
	KNOWN_FROM,
};

/* A row that is there as given is not even locked, which would write. */
static const char *const sql[] = {
	[WRITE_KPIS] =
		"WITH given AS (SELECT g.name, g.title, g.unit, g.better, g.target,"
		" g.grain, g.aggregate, g.time_zone, x.source_id, g.metric, g.statistic,"
		" c.scope_id, g.environment, true AS active"
		" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
		" AS g (name, title, unit, better, target, grain, aggregate, time_zone,"
		" metric, statistic, kind, scope, environment)"
		" LEFT JOIN dorad.source x ON x.kind = 'kpi' AND x.name = g.name"
		" AND g.metric IS NULL"
		" LEFT JOIN dorad.scope c ON c.kind = g.kind AND c.name = g.scope),"
		" gone AS (UPDATE dorad.kpi SET active = false"
		" WHERE active AND name <> ALL ($1))"
		" INSERT INTO dorad.kpi AS k (name, " KPI ")"
		" SELECT name, " KPI " FROM given g WHERE NOT EXISTS"
		" (SELECT FROM (SELECT name, " KPI " FROM dorad.kpi) k"
		" WHERE k IS NOT DISTINCT FROM g)"
		" ON CONFLICT (name) DO UPDATE SET (" KPI ") = (excluded.title,"
		" excluded.unit, excluded.better, excluded.target, excluded.grain,"
		" excluded.aggregate, excluded.time_zone, excluded.source_id,"
		" excluded.metric, excluded.statistic, excluded.scope_id,"
		" excluded.environment, excluded.active)",
	[DROP_STAR] = "DELETE FROM dorad.north_star",
	[WRITE_STAR] =
		"WITH given AS (SELECT g.vision, g.metric, g.statistic, c.scope_id,"
		" g.environment, k.kpi_id, coalesce(k.unit, g.unit) AS unit,"
		" coalesce(k.better, g.better) AS better, g.grain, g.target,"
		" ARRAY[g.first, g.second] AS supporting"
		" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
		" AS g (vision, metric, statistic, kind, scope, environment, kpi, unit,"
		" better, grain, target, first, second)"
		" LEFT JOIN dorad.scope c ON c.kind = g.kind AND c.name = g.scope"
		" LEFT JOIN dorad.kpi k ON k.name = g.kpi)"
		" INSERT INTO dorad.north_star AS t (" STAR ")"
		" SELECT " STAR " FROM given g WHERE NOT EXISTS"
		" (SELECT FROM (SELECT " STAR " FROM dorad.north_star) t"
		" WHERE t IS NOT DISTINCT FROM g)"
		" ON CONFLICT (one) DO UPDATE SET (" STAR ") = (excluded.vision,"
		" excluded.metric, excluded.statistic, excluded.scope_id,"
		" excluded.environment, excluded.kpi_id, excluded.unit, excluded.better,"
		" excluded.grain, excluded.target, excluded.supporting)",
	[DROP_GUARDRAILS] = "DELETE FROM dorad.guardrail WHERE name <> ALL ($1)",
	[WRITE_GUARDRAILS] =
		"WITH given AS (SELECT g.name, g.metric, g.statistic, c.scope_id,"
		" g.environment, g.unit, g.at_most, g.at_least, g.window_days, g.minimum"
		" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
		" AS g (name, metric, statistic, kind, scope, environment, unit, at_most,"
		" at_least, window_days, minimum)"
		" JOIN dorad.scope c ON c.kind = g.kind AND c.name = g.scope)"
		" INSERT INTO dorad.guardrail AS r (name, " GUARDRAIL ")"
		" SELECT name, " GUARDRAIL " FROM given g WHERE NOT EXISTS"
		" (SELECT FROM (SELECT name, " GUARDRAIL " FROM dorad.guardrail) r"
		" WHERE r IS NOT DISTINCT FROM g)"
		" ON CONFLICT (name) DO UPDATE SET (" GUARDRAIL ") = (excluded.metric,"
		" excluded.statistic, excluded.scope_id, excluded.environment,"
		" excluded.unit, excluded.at_most, excluded.at_least,"
		" excluded.window_days, excluded.minimum)",
	[LATEST] = "SELECT max(s.at) FROM dorad.kpi_sample s"
		   " JOIN dorad.kpi k USING (kpi_id) WHERE k.name = $1",
	[WRITE_SAMPLES] =
		"INSERT INTO dorad.kpi_sample AS s (kpi_id, at, value)"
		" SELECT k.kpi_id, g.at, g.value FROM dorad.kpi k"
		" CROSS JOIN unnest($2, $3) AS g (at, value)"
		" WHERE k.name = $1 AND NOT EXISTS (SELECT FROM dorad.kpi_sample o"
		" WHERE o.kpi_id = k.kpi_id AND o.at = g.at AND o.value = g.value)"
		" ON CONFLICT (kpi_id, at) DO UPDATE SET value = excluded.value",
	[DROP_SAMPLES] = "DELETE FROM dorad.kpi_sample s USING dorad.kpi k"
			 " WHERE k.name = $1 AND s.kpi_id = k.kpi_id AND s.at >= $2"
			 " AND NOT EXISTS (SELECT FROM unnest($3, $4) AS g (at, value)"
			 " WHERE g.at = s.at)",
	[KNOWN_FROM] = "UPDATE dorad.kpi SET known_from = CASE WHEN $3 THEN $2"
		       " ELSE least(known_from, $2) END WHERE name = $1",
};

/* ---- what the configuration says ---- */

/* Words of a scope: its kind and name. NULL: none. */
static void add_scope(struct pg_rows *rows, int column,
		      const struct config_figure *figure)
{
	const char *kind = !figure	     ? NULL
			   : figure->service ? "service"
			   : figure->team    ? "team"
					     : "org";
	const char *name = !figure	     ? NULL
			   : figure->service ? figure->service
			   : figure->team    ? figure->team
					     : figure->org;

	field_text(rows->columns[column], kind);
	field_text(rows->columns[column + 1], name);
}

static const char *unit_of(const struct config_figure *figure)
{
	const struct goal_metric *metric = goal_metric(figure->metric);

	return metric ? goal_unit_name(goal_unit(metric, figure->statistic)) : NULL;
}

static void add_kpi(struct pg_rows *rows, const struct config_kpi *kpi)
{
	const struct config_figure *dora = kpi->dora;
	GByteArray **to = rows->columns;

	field_text(to[0], kpi->name);
	field_text(to[1], kpi->title);
	field_text(to[2], dora ? unit_of(dora) : kpi->unit);
	field_text(to[3], goal_better_name(kpi->better));
	field_double(to[4], kpi->target_value);
	field_text(to[5], goal_grain_name(kpi->grain));
	field_text(to[6], dora ? NULL : goal_aggregate_name(kpi->aggregate));
	field_text(to[7], dora ? NULL : kpi->time_zone);
	field_text(to[8], dora ? dora->metric : NULL);
	field_text(to[9], dora ? goal_statistic_name(dora->statistic) : NULL);
	add_scope(rows, 10, dora);
	field_text(to[12], dora ? dora->environment : NULL);
	rows->n++;
}

static bool write_kpis(struct store *store, const struct config *config, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	pg_rows_init(&rows, "ttttdtttttttt");
	for (unsigned i = 0; i < config->n_kpis; i++)
		add_kpi(&rows, &config->kpis[i]);
	arg_rows(&args, &rows);
	good = store_exec(store, sql[WRITE_KPIS], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

static void add_star(struct pg_rows *rows, const struct config_north_star *star,
		     bool of_kpi)
{
	const struct config_figure *figure = of_kpi ? NULL : &star->figure;
	GByteArray **to = rows->columns;

	field_text(to[0], star->vision);
	field_text(to[1], figure ? figure->metric : NULL);
	field_text(to[2], figure ? goal_statistic_name(figure->statistic) : NULL);
	add_scope(rows, 3, figure);
	field_text(to[5], figure ? figure->environment : NULL);
	field_text(to[6], figure ? NULL : star->figure.metric);
	field_text(to[7], figure ? unit_of(figure) : NULL);
	field_text(to[8],
		   figure ? goal_better_name(goal_better(goal_metric(figure->metric),
							 figure->statistic))
			  : NULL);
	field_text(to[9], goal_grain_name(star->grain));
	field_double(to[10], star->target_value);
	field_text(to[11], star->supporting[0]);
	field_text(to[12], star->supporting[1]);
	rows->n++;
}

static bool write_star(struct store *store, const struct config *config, GError **error)
{
	const struct config_north_star *star = config->north_star;
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!star)
		return store_exec(store, sql[DROP_STAR], NULL, NULL, error);
	pg_rows_init(&rows, "ttttttttttdtt");
	add_star(&rows, star, config_kpi(config, star->figure.metric) != NULL);
	arg_rows(&args, &rows);
	good = store_exec(store, sql[WRITE_STAR], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

static void add_guardrail(struct pg_rows *rows, struct pg_rows *names,
			  const struct config_guardrail *rail)
{
	GByteArray **to = rows->columns;

	field_text(names->columns[0], rail->name);
	names->n++;
	field_text(to[0], rail->name);
	field_text(to[1], rail->figure.metric);
	field_text(to[2], goal_statistic_name(rail->figure.statistic));
	add_scope(rows, 3, &rail->figure);
	field_text(to[5], rail->figure.environment);
	field_text(to[6], unit_of(&rail->figure));
	field_double(to[7], rail->at_most ? rail->limit : NAN);
	field_double(to[8], rail->at_most ? NAN : rail->limit);
	field_int4(to[9], (gint32)goal_window_days(rail->over));
	field_int8(to[10], rail->minimum);
	rows->n++;
}

static bool write_guardrails(struct store *store, const struct config *config,
			     GError **error)
{
	struct pg_args args = { 0 }, name_args = { 0 };
	struct pg_rows rows, names;
	bool good;

	pg_rows_init(&rows, "tttttttddil");
	pg_rows_init(&names, "t");
	for (unsigned i = 0; i < config->n_guardrails; i++)
		add_guardrail(&rows, &names, &config->guardrails[i]);
	arg_rows(&args, &rows);
	arg_rows(&name_args, &names);
	good = store_exec(store, sql[DROP_GUARDRAILS], &name_args, NULL, error) &&
	       store_exec(store, sql[WRITE_GUARDRAILS], &args, NULL, error);
	pg_rows_clear(&rows);
	pg_rows_clear(&names);
	return good;
}

bool store_sync_goals(struct store *store, const struct config *config, GError **error)
{
	return store_writable(store, error) && write_kpis(store, config, error) &&
	       write_star(store, config, error) && write_guardrails(store, config, error);
}

/* ---- samples ---- */

bool store_kpi_latest(struct store *store, const char *kpi, gint64 *latest,
		      GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_text(&args, kpi);
	if (!store_exec(store, sql[LATEST], &args, &result, error))
		return false;
	*latest = result_instant(result, 0, 0);
	return true;
}

bool store_kpi_known_from(struct store *store, const char *kpi, gint64 from, bool anew,
			  GError **error)
{
	struct pg_args args = { 0 };

	arg_text(&args, kpi);
	arg_instant(&args, from);
	arg_bool(&args, anew);
	return store_writable(store, error) &&
	       store_exec(store, sql[KNOWN_FROM], &args, NULL, error);
}

static gsize n_rows(const PGresult *result)
{
	return (gsize)g_ascii_strtoull(PQcmdTuples((PGresult *)result), NULL, 10);
}

bool store_kpi_write(struct store *store, const char *kpi, const struct kpi_sample *rows,
		     gsize n, gint64 gone_from, gsize *n_changed, GError **error)
{
	_cleanup_(PQclearp) PGresult *dropped = NULL, *written = NULL;
	struct pg_args drop = { 0 }, write = { 0 };
	struct pg_rows given;
	bool good;

	pg_rows_init(&given, "zd");
	for (gsize i = 0; i < n; i++) {
		field_instant(given.columns[0], rows[i].at);
		field_double(given.columns[1], rows[i].value);
		given.n++;
	}
	arg_text(&drop, kpi);
	arg_bound(&drop, gone_from);
	arg_rows(&drop, &given);
	arg_text(&write, kpi);
	arg_rows(&write, &given);
	good = store_writable(store, error) &&
	       (gone_from == INSTANT_NONE ||
		store_exec(store, sql[DROP_SAMPLES], &drop, &dropped, error)) &&
	       store_exec(store, sql[WRITE_SAMPLES], &write, &written, error);
	pg_rows_clear(&given);
	if (good && n_changed)
		*n_changed = n_rows(written) + (dropped ? n_rows(dropped) : 0);
	return good;
}
