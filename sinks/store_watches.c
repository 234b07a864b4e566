#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

#define KEY "scope_id, kind, name, metric, environment, direction"
/* What changes as days pass. */
#define STATE                                                                            \
	"state, silent, judged, since, streak, calm, quiet, baseline_start, suspected,"  \
	" fired, frozen_base, frozen_low, frozen_high, frozen_effect, frozen_onset,"     \
	" fired_score, fired_ratio, worsened, lacking, score, ratio, alert_id,"          \
	" silence, measured, active"
#define GIVEN                                                                            \
	"$7, $8, dorad.day($9), dorad.day($10), $11, $12, $13, dorad.day($14),"          \
	" dorad.day($15), dorad.day($16), $17, $18, $19, $20, dorad.day($21), $22, $23," \
	" $24, $25, $26, $27, nullif($28, 0), $29, $30, true"
#define READ                                                                             \
	"SELECT w.watch_id, w.kind, coalesce(w.scope_id, 0), w.name, w.metric,"          \
	" w.environment, w.direction, w.state, w.silent, dorad.day_number(w.judged),"    \
	" dorad.day_number(w.since), w.streak, w.calm, w.quiet,"                         \
	" dorad.day_number(w.baseline_start), dorad.day_number(w.suspected),"            \
	" dorad.day_number(w.fired), w.frozen_base, w.frozen_low, w.frozen_high,"        \
	" w.frozen_effect, dorad.day_number(w.frozen_onset), w.fired_score,"             \
	" w.fired_ratio, w.worsened, w.lacking, w.score, w.ratio, w.alert_id,"           \
	" a.engine, w.silence, w.measured, a.sensitivity, a.gate"                        \
	" FROM dorad.watch w LEFT JOIN dorad.alert a ON a.alert_id = w.alert_id"         \
	" WHERE w.active"
#define OF_SCOPE " AND (w.scope_id = $1 OR ($1 = 0 AND w.scope_id IS NULL))"
#define LOCKED " ORDER BY w.watch_id FOR NO KEY UPDATE OF w"

enum statement {
	OF_ONE,
	OTHERS,
	LEFT,
	FIRING_ALERT,
	FIND,
	WRITE,
	UPDATE,
	OFF,
	BASELINE,
	ACCEPTED
};

static const char *const sql[] = {
	[OF_ONE] = READ OF_SCOPE LOCKED,
	[OTHERS] = READ OF_SCOPE " AND w.watch_id <> ALL ($2)" LOCKED,
	[LEFT] = READ " AND EXISTS (SELECT FROM dorad.scope s"
		      " WHERE s.scope_id = w.scope_id AND NOT s.active)" LOCKED,
	[FIRING_ALERT] = READ " AND w.alert_id = $1" LOCKED,
	[FIND] = "SELECT watch_id FROM dorad.watch WHERE (scope_id = $1"
		 " OR ($1 = 0 AND scope_id IS NULL)) AND (kind, name, metric,"
		 " environment, direction) = ($2, $3, $4, $5, $6) FOR NO KEY UPDATE",
	/* One that was off begins anew. */
	[WRITE] = "INSERT INTO dorad.watch (" KEY ", " STATE
		  ") VALUES (nullif($1, 0), $2,"
		  " $3, $4, $5, $6, " GIVEN ") RETURNING watch_id",
	[UPDATE] = "UPDATE dorad.watch SET (" STATE ") = (" GIVEN ")"
		   " WHERE (scope_id = $1 OR ($1 = 0 AND scope_id IS NULL))"
		   " AND (kind, name, metric, environment, direction)"
		   " = ($2, $3, $4, $5, $6)"
		   " AND (" STATE ") IS DISTINCT FROM (" GIVEN ")",
	[BASELINE] = "SELECT dorad.day_number(baseline_start) FROM dorad.watch"
		     " WHERE (scope_id, kind, name, metric, environment, direction)"
		     " = ($1, 'regression', '', $2, $3, $4) AND active",
	/* The days accept as of midnight, later; people at once. A watch that begins
	 * anew forgets what was accepted. */
	[ACCEPTED] = "SELECT e.at, e.at = e.recorded_at,"
		     " dorad.day_number((a.onset AT TIME ZONE a.time_zone)::date)"
		     " FROM dorad.watch w JOIN dorad.alert_event e USING (watch_id)"
		     " JOIN dorad.alert a ON a.alert_id = e.alert_id"
		     " WHERE (w.scope_id, w.kind, w.name, w.metric, w.environment,"
		     " w.direction) = ($1, 'regression', '', $2, $3, $4)"
		     " AND w.active AND e.event = 'accepted'"
		     " AND (a.onset AT TIME ZONE a.time_zone)::date <= w.baseline_start"
		     " ORDER BY e.at, e.event_id",
	[OFF] = "UPDATE dorad.watch SET active = false WHERE watch_id = $1",
};

static const char *const kinds[] = {
	[WATCH_REGRESSION] = "regression",
	[WATCH_GUARDRAIL] = "guardrail",
	[WATCH_INCIDENT] = "incident",
	[WATCH_SELF] = "self",
};

const char *watch_kind_name(enum watch_kind kind)
{
	return kinds[kind];
}

bool watch_kind_parse(const char *name, enum watch_kind *kind)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(name, kinds[i]) == 0) {
			*kind = (enum watch_kind)i;
			return true;
		}
	return false;
}

static void watch_row_clear(void *data)
{
	struct watch_row *row = data;

	g_free(row->name);
	g_free(row->metric);
	g_free(row->environment);
	g_free(row->measured);
}

void watch_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static void read_watch(const PGresult *result, int row, struct watch *watch)
{
	g_autofree char *state = result_text(result, row, 7);

	*watch = (struct watch){
		.silent = result_bool(result, row, 8),
		.judged = result_int4(result, row, 9),
		.since = result_int4(result, row, 10),
		.streak = (guint)result_int4(result, row, 11),
		.calm = (guint)result_int4(result, row, 12),
		.quiet = (guint)result_int4(result, row, 13),
		.baseline_start = result_int4(result, row, 14),
		.suspected = result_int4(result, row, 15),
		.fired = result_int4(result, row, 16),
		.frozen = { .base = result_double(result, row, 17),
			    .low = result_double(result, row, 18),
			    .high = result_double(result, row, 19),
			    .effect = result_double(result, row, 20),
			    .onset = result_int4(result, row, 21) },
		.score = result_double(result, row, 22),
		.ratio = result_double(result, row, 23),
		.worsened = result_bool(result, row, 24),
		.silence = (guint)result_int4(result, row, 30),
	};
	watch_state_parse(state, &watch->state);
}

static void read_row(const PGresult *result, int i, struct watch_row *row)
{
	g_autofree char *kind = result_text(result, i, 1);
	g_autofree char *direction = result_text(result, i, 6);
	g_autofree char *engine = result_text(result, i, 29);
	g_autofree char *sensitivity = result_text(result, i, 32);

	*row = (struct watch_row){
		.watch_id = result_int4(result, i, 0),
		.scope_id = result_int4(result, i, 2),
		.name = result_text(result, i, 3),
		.metric = result_text(result, i, 4),
		.environment = result_text(result, i, 5),
		.lacking = result_int4(result, i, 25),
		.score = result_double(result, i, 26),
		.ratio = result_double(result, i, 27),
		.alert_id = result_int8(result, i, 28),
		.measured = result_text(result, i, 31),
		.gate = PQgetisnull(result, i, 33) ? 0 : result_double(result, i, 33),
	};
	watch_kind_parse(kind, &row->kind);
	shift_direction_parse(direction, &row->direction);
	if (engine)
		shift_engine_parse(engine, &row->engine);
	if (sensitivity)
		shift_sensitivity_parse(sensitivity, &row->sensitivity);
	read_watch(result, i, &row->watch);
}

static GArray *read_rows(struct store *store, enum statement statement,
			 const struct pg_args *args, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *rows;

	if (!store_writable(store, error) ||
	    !store_exec(store, sql[statement], args, &result, error))
		return NULL;
	rows = g_array_new(FALSE, FALSE, sizeof(struct watch_row));
	g_array_set_clear_func(rows, watch_row_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct watch_row row;

		read_row(result, i, &row);
		g_array_append_val(rows, row);
	}
	return rows;
}

GArray *store_watches(struct store *store, gint32 scope_id, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	return read_rows(store, OF_ONE, &args, error);
}

GArray *store_watch_of_alert(struct store *store, gint64 alert_id, GError **error)
{
	struct pg_args args = { 0 };

	arg_int8(&args, alert_id);
	return read_rows(store, FIRING_ALERT, &args, error);
}

bool store_watch_baseline(struct store *store, gint32 scope_id, const char *metric,
			  const char *environment, enum shift_direction direction,
			  gint32 *baseline_start, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_text(&args, metric);
	arg_text(&args, environment);
	arg_text(&args, shift_direction_name(direction));
	*baseline_start = SHIFT_NO_BOUND;
	if (!store_exec(store, sql[BASELINE], &args, &result, error))
		return false;
	if (PQntuples(result) > 0)
		*baseline_start = result_int4(result, 0, 0);
	return true;
}

static bool add_accepted(const PGresult *result, void *user, GError **error)
{
	GArray *all = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		const struct watch_accepted one = {
			.at = result_instant(result, i, 0),
			.by_hand = result_bool(result, i, 1),
			.onset = result_int4(result, i, 2),
		};

		g_array_append_val(all, one);
	}
	return true;
}

GArray *store_watch_accepted(struct store *store, gint32 scope_id, const char *metric,
			     const char *environment, enum shift_direction direction,
			     GError **error)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct watch_accepted));
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_text(&args, metric);
	arg_text(&args, environment);
	arg_text(&args, shift_direction_name(direction));
	if (!store_each(store, sql[ACCEPTED], &args, add_accepted, all, error))
		return NULL;
	return g_steal_pointer(&all);
}

static void arg_key(struct pg_args *args, const struct watch_row *row)
{
	arg_int4(args, row->scope_id);
	arg_text(args, kinds[row->kind]);
	arg_text(args, row->name ? row->name : "");
	arg_text(args, row->metric);
	arg_text(args, row->environment ? row->environment : "");
	arg_text(args, shift_direction_name(row->direction));
}

static void arg_state(struct pg_args *args, const struct watch_row *row)
{
	const struct watch *watch = &row->watch;

	arg_text(args, watch_state_name(watch->state));
	arg_bool(args, watch->silent);
	arg_int4(args, watch->judged);
	arg_int4(args, watch->since);
	arg_int4(args, (gint32)watch->streak);
	arg_int4(args, (gint32)watch->calm);
	arg_int4(args, (gint32)watch->quiet);
	arg_int4(args, watch->baseline_start);
	arg_int4(args, watch->suspected);
	arg_int4(args, watch->fired);
	arg_double(args, watch->frozen.base);
	arg_double(args, watch->frozen.low);
	arg_double(args, watch->frozen.high);
	arg_double(args, watch->frozen.effect);
	arg_int4(args, watch->frozen.onset);
	arg_double(args, watch->score);
	arg_double(args, watch->ratio);
	arg_bool(args, watch->worsened);
	arg_int4(args, row->lacking);
	arg_double(args, row->score);
	arg_double(args, row->ratio);
	arg_int8(args, row->alert_id);
	arg_int4(args, (gint32)watch->silence);
	arg_text(args, row->measured);
}

/* The id of a watch that is new to the caller, if there has been one. */
static bool find(struct store *store, struct watch_row *row, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_key(&args, row);
	if (!store_exec(store, sql[FIND], &args, &result, error))
		return false;
	if (PQntuples(result) > 0)
		row->watch_id = result_int4(result, 0, 0);
	return true;
}

bool store_watch_write(struct store *store, struct watch_row *row, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	if (!store_writable(store, error) ||
	    (row->watch_id == 0 && !find(store, row, error)))
		return false;
	arg_key(&args, row);
	arg_state(&args, row);
	if (row->watch_id != 0)
		return store_exec(store, sql[UPDATE], &args, NULL, error);
	if (!store_exec(store, sql[WRITE], &args, &result, error))
		return false;
	row->watch_id = result_int4(result, 0, 0);
	return true;
}

static bool turn_off(struct store *store, struct watch_row *row, gint64 at,
		     const char *reason, GError **error)
{
	const struct alert_event event = { WATCH_WITHDRAWN, at, reason, NULL };
	struct pg_args args = { 0 };

	arg_int4(&args, row->watch_id);
	return (row->alert_id == 0 ||
		store_alert_event(store, row, &event, NULL, 0, at, error)) &&
	       store_exec(store, sql[OFF], &args, NULL, error);
}

static bool turn_all_off(struct store *store, GArray *rows, gint64 at, const char *reason,
			 GError **error)
{
	for (guint i = 0; rows && i < rows->len; i++)
		if (!turn_off(store, &g_array_index(rows, struct watch_row, i), at,
			      reason, error))
			return false;
	return rows != NULL;
}

bool store_watches_off(struct store *store, gint32 scope_id, const gint32 *kept, gsize n,
		       gint64 at, const char *reason, GError **error)
{
	g_autoptr(GArray) others = NULL;
	struct pg_args args = { 0 };
	struct pg_rows rows;

	pg_rows_init(&rows, "i");
	for (gsize i = 0; i < n; i++, rows.n++)
		field_int4(rows.columns[0], kept[i]);
	arg_int4(&args, scope_id);
	arg_rows(&args, &rows);
	others = read_rows(store, OTHERS, &args, error);
	pg_rows_clear(&rows);
	return turn_all_off(store, others, at, reason, error);
}

bool store_watches_left(struct store *store, gint64 at, const char *reason,
			GError **error)
{
	g_autoptr(GArray) rows = read_rows(store, LEFT, NULL, error);

	return turn_all_off(store, rows, at, reason, error);
}
