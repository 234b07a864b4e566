#include <math.h>

#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* From the view alone: whoever may read that may look at alerts. */
#define DAY(column) "coalesce(v." column " - date '1970-01-01', '-2147483648'::int4)"
#define SIDE(name, from, to)                                                             \
	DAY(from)                                                                        \
	", " DAY(to) ", v." name "_n, v." name "_median, v." name "_p85, v." name        \
		     "_rate, v." name "_failed"
#define BEFORE SIDE("before", "baseline_from", "baseline_to")
#define AFTER SIDE("after", "after_from", "after_to")
#define PARTS(key) "ARRAY (SELECT p ->> '" key "' FROM jsonb_array_elements(v.parts) p)"
#define NAMES PARTS("name")
#define COUNTS PARTS("n")
#define TOTALS PARTS("of")

#define ORIGIN "(SELECT value FROM dorad.setting WHERE name = 'origin')"
#define READ(origin)                                                                     \
	"SELECT v.alert, v.group_id, v.kind, v.org, v.team, v.service, v.environment,"   \
	" v.metric, v.name, v.direction, v.state, v.reason, v.rule, v.sensitivity,"      \
	" v.engine, v.time_zone, v.onset, v.first_seen_at, v.fired_at, v.ended_at,"      \
	" coalesce(v.window_weeks, v.window_days), ln(v.evidence_needed), "              \
	"ln(v.evidence), v.ratio, v.ratio_lo,"                                           \
	" v.ratio_hi, " BEFORE ", " AFTER ", v.unit, v.false_alerts_per_year,"           \
	" v.worsened, v.acknowledged_at, v.acknowledged_note, v.muted_until, " NAMES     \
	", " COUNTS ", " TOTALS ", " origin                                              \
	", v.fired_ratio, v.statistic, v.began_before FROM dora.alerts v"

enum statement { LIST, FIRING, TOLD, ACK };

static const char *const sql[] = {
	[LIST] = READ("NULL::text") " WHERE " STORE_ALERTS_WANTED
				    " ORDER BY v.fired_at DESC, v.alert DESC",
	[FIRING] = READ(
		ORIGIN) " WHERE v.state = 'firing' AND EXISTS (SELECT FROM dorad.outbox o"
			" WHERE o.alert_id = v.alert AND o.channel = $1"
			" AND o.state = 'delivered') ORDER BY v.onset, v.alert",
	/* What of a group a channel hears of: not what it was never told because that is
	 * muted. */
	[TOLD] = READ(
		ORIGIN) " WHERE v.group_id = $1 AND EXISTS (SELECT FROM dorad.outbox o"
			" WHERE o.alert_id = v.alert AND o.channel = $2"
			" AND (o.state = 'delivered' OR (o.state = 'waiting'"
			" AND NOT EXISTS (SELECT FROM dorad.alert_mute m"
			" WHERE m.alert_id = v.alert AND m.from_at <= $3"
			" AND m.until_at > $3)))) ORDER BY v.onset, v.alert",
	[ACK] = "UPDATE dorad.alert SET acked_at = coalesce(acked_at, $3),"
		" note = coalesce($2, note) WHERE alert_id = $1 AND state = 'firing'"
		" RETURNING alert_id",
};

/* ---- alerts ---- */

void alert_row_clear(struct alert_row *row)
{
	g_free(row->origin);
	g_free(row->org);
	g_free(row->team);
	g_free(row->service);
	g_free(row->name);
	g_free(row->metric);
	g_free(row->environment);
	g_free(row->state);
	g_free(row->reason);
	g_free(row->rule);
	g_free(row->sensitivity);
	g_free(row->time_zone);
	g_free(row->unit);
	g_free(row->statistic);
	g_free(row->note);
	for (guint i = 0; i < row->n_parts; i++)
		g_free(row->parts[i].name);
	g_free(row->parts);
}

static void clear(void *data)
{
	alert_row_clear(data);
}

void alert_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static void read_parts(const PGresult *result, int i, int column, struct alert_row *row)
{
	g_auto(GStrv) names = result_texts(result, i, column);
	g_auto(GStrv) counts = result_texts(result, i, column + 1);
	g_auto(GStrv) totals = result_texts(result, i, column + 2);

	if (!names || !counts || !totals)
		return;
	row->n_parts = MIN(g_strv_length(names),
			   MIN(g_strv_length(counts), g_strv_length(totals)));
	row->parts = g_new0(struct alert_part, row->n_parts);
	for (guint k = 0; k < row->n_parts; k++)
		row->parts[k] = (struct alert_part){
			.name = g_strdup(names[k]),
			.n = g_ascii_strtoll(counts[k], NULL, 10),
			.of = g_ascii_strtoll(totals[k], NULL, 10),
		};
}

static void read_side(const PGresult *result, int i, int column, struct shift_side *side)
{
	*side = (struct shift_side){
		.from = result_int4(result, i, column),
		.to = result_int4(result, i, column + 1),
		.n = result_int8(result, i, column + 2),
		.median = result_double(result, i, column + 3),
		.p85 = result_double(result, i, column + 4),
		.rate = result_double(result, i, column + 5),
		.failed = result_int8(result, i, column + 6),
	};
}

static void read_shift(const PGresult *result, int i, struct shift *shift)
{
	*shift = (struct shift){
		.usable = true,
		.gate = true,
		.window = (guint)result_int4(result, i, 20),
		.threshold = result_double(result, i, 21),
		.score = result_double(result, i, 22),
		.ratio = result_double(result, i, 23),
		.ratio_lo = result_double(result, i, 24),
		.ratio_hi = result_double(result, i, 25),
		.base = NAN,
		.low = NAN,
		.high = NAN,
	};
	read_side(result, i, 26, &shift->before);
	read_side(result, i, 33, &shift->after);
	shift->onset = shift->after.from;
	shift->effect = fabs(log(shift->ratio));
	if (PQgetisnull(result, i, 20)) /* spans: how many */
		shift->window = (guint)shift->after.n;
}

static void read_alert(const PGresult *result, int i, struct alert_row *row)
{
	g_autofree char *kind = result_text(result, i, 2);
	g_autofree char *direction = result_text(result, i, 9);
	g_autofree char *engine = result_text(result, i, 14);

	*row = (struct alert_row){
		.alert_id = result_int8(result, i, 0),
		.group_id = result_int8(result, i, 1),
		.org = result_text(result, i, 3),
		.team = result_text(result, i, 4),
		.service = result_text(result, i, 5),
		.environment = result_text(result, i, 6),
		.metric = result_text(result, i, 7),
		.name = result_text(result, i, 8),
		.state = result_text(result, i, 10),
		.reason = result_text(result, i, 11),
		.rule = result_text(result, i, 12),
		.sensitivity = result_text(result, i, 13),
		.time_zone = result_text(result, i, 15),
		.onset = result_instant(result, i, 16),
		.first_seen = result_instant(result, i, 17),
		.fired_at = result_instant(result, i, 18),
		.ended_at = result_instant(result, i, 19),
		.unit = result_text(result, i, 40),
		.false_alerts = result_double(result, i, 41),
		.worsened = result_bool(result, i, 42),
		.acked_at = result_instant(result, i, 43),
		.note = result_text(result, i, 44),
		.muted_until = result_instant(result, i, 45),
		.origin = result_text(result, i, 49),
		.fired_ratio = result_double(result, i, 50),
		.statistic = result_text(result, i, 51),
		.began_before = result_bool(result, i, 52),
	};
	row->scope_kind = row->service ? SCOPE_SERVICE
			  : row->team  ? SCOPE_TEAM
				       : SCOPE_ORG;
	watch_kind_parse(kind, &row->kind);
	shift_direction_parse(direction, &row->direction);
	if (engine)
		shift_engine_parse(engine, &row->engine);
	read_shift(result, i, &row->shift);
	read_parts(result, i, 46, row);
}

static bool add_alerts(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct alert_row row;

		read_alert(result, i, &row);
		g_array_append_val(rows, row);
	}
	return true;
}

static GArray *read_alerts(struct store *store, enum statement statement,
			   const struct pg_args *args, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct alert_row));

	g_array_set_clear_func(rows, clear);
	if (!store_read_views(store, sql[statement], args, add_alerts, rows, error))
		return NULL;
	return g_steal_pointer(&rows);
}

void store_arg_alerts(struct pg_args *args, const struct alert_query *query)
{
	arg_int8(args, query->alert_id);
	arg_bool(args, query->all || query->alert_id != 0);
	arg_bool(args, query->improvements || query->alert_id != 0);
	arg_text(args, scope_kind_name(query->kind));
	arg_text(args, query->scope);
	arg_bound(args, query->since);
}

GArray *store_alerts(struct store *store, const struct alert_query *query, GError **error)
{
	struct pg_args args = { 0 };

	store_arg_alerts(&args, query);
	return read_alerts(store, LIST, &args, error);
}

GArray *store_alerts_firing(struct store *store, const char *channel, GError **error)
{
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	return read_alerts(store, FIRING, &args, error);
}

GArray *store_alerts_told(struct store *store, gint64 group_id, const char *channel,
			  gint64 now, GError **error)
{
	struct pg_args args = { 0 };

	arg_int8(&args, group_id);
	arg_text(&args, channel);
	arg_instant(&args, now);
	return read_alerts(store, TOLD, &args, error);
}

bool store_alert_ack(struct store *store, gint64 alert_id, const char *note, gint64 now,
		     bool *found, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int8(&args, alert_id);
	arg_text(&args, note);
	arg_instant(&args, now);
	if (!store_exec(store, sql[ACK], &args, &result, error))
		return false;
	*found = PQntuples(result) > 0;
	return true;
}
