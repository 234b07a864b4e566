#include <math.h>

#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* What alerts of one team wait for while groups are looked at: those of two scopes of it
 * that fire at once are of one group. With the team's id, 0 for the daemon. */
#define GROUP_LOCK "1146047073"

#define SIDE(name)                                                                       \
	name "_from, " name "_to, " name "_n, " name "_median, " name "_p85, " name      \
	     "_rate, " name "_failed"
#define BEFORE SIDE("before")
#define AFTER SIDE("after")
#define NUMBERS                                                                          \
	"window_size, threshold, score, effect, ratio, ratio_lo, ratio_hi, " BEFORE      \
	", " AFTER ", parts"
#define GIVEN                                                                            \
	"nullif($3, 0), $4, $5, $6, $7, $8, $9, dorad.day($10), dorad.day($11), $12,"    \
	" $13, $14, $15, $16, dorad.day($17), dorad.day($18), $19, $20, $21, $22, $23,"  \
	" (SELECT jsonb_agg(jsonb_build_object('name', p.name, 'n', p.n, 'of', p.of)"    \
	" ORDER BY p.place) FROM unnest($24, $25, $26) WITH ORDINALITY"                  \
	" AS p (name, n, of, place))"
#define OF_TEAM                                                                          \
	"(SELECT CASE s.kind WHEN 'service' THEN s.parent_id ELSE s.scope_id END"        \
	" FROM dorad.watch w LEFT JOIN dorad.scope s USING (scope_id)"                   \
	" WHERE w.watch_id = $1)"

/* Of a scope at an instant. */
#define SERVICES(scope_id, at)                                                           \
	"(SELECT array_agg(DISTINCT o.service_id ORDER BY o.service_id)"                 \
	" FROM dorad.owner o WHERE o.scope_id = " scope_id " AND o.valid_from < " at     \
	" AND o.valid_to >= " at ")"

#define SERVICES_OF_WATCH SERVICES("w.scope_id", "$34")
#define SERVICES_OF_ALERT SERVICES("a.scope_id", "$2")

enum statement {
	SEEN,
	LOCK_GROUPS,
	FIND_GROUP,
	MAKE_GROUP,
	FIRE,
	WORSEN,
	END,
	RECORD,
	LINK,
	MOVED
};

static const char *const sql[] = {
	[SEEN] = "SELECT CASE a.state WHEN 'firing' THEN a.alert_id END"
		 " FROM dorad.alert_event e LEFT JOIN dorad.alert a USING (alert_id)"
		 " WHERE (e.watch_id, e.at, e.event) = ($1, $2, $3)",
	[LOCK_GROUPS] = "SELECT pg_advisory_xact_lock(" GROUP_LOCK ", coalesce(" OF_TEAM
			", 0))",
	/* Every alert of the group, or stories would grow without an end. A team that was
	 * renamed is another scope, of the same services. */
	[FIND_GROUP] = "SELECT g.group_id FROM dorad.alert_group g"
		       " WHERE (g.scope_id IS NOT DISTINCT FROM " OF_TEAM
		       " OR EXISTS (SELECT FROM dorad.alert a JOIN dorad.scope s"
		       " USING (scope_id) WHERE a.group_id = g.group_id"
		       " AND a.state = 'firing' AND s.kind = 'service'"
		       " AND s.parent_id = " OF_TEAM "))"
		       " AND EXISTS (SELECT FROM dorad.alert a"
		       " WHERE a.group_id = g.group_id AND a.state = 'firing')"
		       " AND NOT EXISTS (SELECT FROM dorad.alert a"
		       " WHERE a.group_id = g.group_id"
		       " AND coalesce(a.onset, a.fired_at) NOT BETWEEN"
		       " $2 - interval '7 days' AND $2 + interval '7 days')"
		       " ORDER BY g.group_id DESC LIMIT 1",
	[MAKE_GROUP] = "INSERT INTO dorad.alert_group (scope_id, made_at)"
		       " SELECT " OF_TEAM ", $2 RETURNING group_id",
	/* Whose it is stays what it was: receivers know it by that. */
	[FIRE] = "INSERT INTO dorad.alert (watch_id, scope_id, org, team, service, kind,"
		 " name, metric, environment, direction, state, group_id, " NUMBERS
		 ", reason, rule, sensitivity, engine, time_zone, onset, first_seen_at,"
		 " fired_at, unit, false_alerts, statistic, began_before, fired_ratio, "
		 "gate, services) SELECT w.watch_id, w.scope_id, s.org,"
		 " s.team, s.service, w.kind, w.name, w.metric, w.environment, "
		 "w.direction, 'firing',"
		 " nullif($2, 0), " GIVEN ", $27, $28, $29, $30,"
		 " coalesce($31, 'UTC'), $32, $33, $34, $35, $36, $37, $38, $7, "
		 "$39, " SERVICES_OF_WATCH
		 " FROM dorad.watch w LEFT JOIN dorad.scope s USING (scope_id)"
		 " WHERE w.watch_id = $1 RETURNING alert_id",
	[WORSEN] = "UPDATE dorad.alert SET worsened = true, (" NUMBERS
		   ") = (SELECT " GIVEN
		   ") WHERE watch_id = $1 AND alert_id = $2 AND state = 'firing'",
	[END] = "UPDATE dorad.alert SET state = $2, ended_at = $3,"
		" reason = coalesce($4, reason) WHERE alert_id = $1 AND state = 'firing'",
	[RECORD] = "INSERT INTO dorad.alert_event (watch_id, alert_id, event, at,"
		   " recorded_at, score, ratio, reason)"
		   " VALUES ($1, nullif($2, 0), $3, $4, $5, $6, $7, $8)"
		   " RETURNING event_id",
	[LINK] = "UPDATE dorad.watch SET alert_id = nullif($2, 0)"
		 " WHERE watch_id = $1 AND alert_id IS DISTINCT FROM nullif($2, 0)",
	[MOVED] = "SELECT a.services IS DISTINCT FROM " SERVICES_OF_ALERT
		  " FROM dorad.alert a WHERE a.alert_id = $1",
};

/* Runs a statement that may return a number; *id is left alone if it does not. */
static bool ask_id(struct store *store, enum statement statement,
		   const struct pg_args *args, gint64 *id, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_exec(store, sql[statement], args, &result, error))
		return false;
	if (id && PQntuples(result) > 0)
		*id = result_int8(result, 0, 0);
	return true;
}

/* ---- numbers ---- */

static void arg_side(struct pg_args *args, const struct shift_side *side,
		     enum watch_kind kind)
{
	const bool shift = kind == WATCH_REGRESSION;
	const bool dated = shift || kind == WATCH_GUARDRAIL;

	arg_int4(args, dated ? side->from : SHIFT_NO_BOUND);
	arg_int4(args, dated ? side->to : SHIFT_NO_BOUND);
	arg_int8(args, kind == WATCH_SELF ? 0 : side->n);
	arg_double(args, shift ? side->median : NAN);
	arg_double(args, shift ? side->p85 : NAN);
	arg_double(args, kind == WATCH_SELF ? NAN : side->rate);
	arg_int8(args, side->failed);
}

static void arg_numbers(struct pg_args *args, const struct alert_row *alert,
			enum watch_kind kind)
{
	const struct shift *shift = &alert->shift;
	const bool known = kind == WATCH_REGRESSION;

	arg_int4(args, kind != WATCH_SELF ? (gint32)shift->window : 0);
	arg_double(args, known ? shift->threshold : NAN);
	arg_double(args, known ? shift->score : NAN);
	arg_double(args, known ? shift->effect : NAN);
	arg_double(args, known ? shift->ratio : NAN);
	arg_double(args, known ? shift->ratio_lo : NAN);
	arg_double(args, known ? shift->ratio_hi : NAN);
	arg_side(args, &shift->before, kind);
	arg_side(args, &shift->after, kind);
}

static void parts_init(struct pg_rows *rows, const struct alert_row *alert)
{
	pg_rows_init(rows, "tll");
	for (guint i = 0; i < alert->n_parts; i++, rows->n++) {
		field_text(rows->columns[0], alert->parts[i].name);
		field_int8(rows->columns[1], alert->parts[i].n);
		field_int8(rows->columns[2], alert->parts[i].of);
	}
}

/* ---- what happens to the alert ---- */

static bool find_group(struct store *store, const struct watch_row *row,
		       const struct alert_row *alert, gint64 now, gint64 *group_id,
		       GError **error)
{
	struct pg_args team = { 0 }, find = { 0 }, make = { 0 };

	*group_id = 0;
	if (row->direction != SHIFT_WORSE)
		return true;
	arg_int4(&team, row->watch_id);
	arg_int4(&find, row->watch_id);
	arg_instant(&find, alert->onset != INSTANT_NONE ? alert->onset : alert->fired_at);
	if (!ask_id(store, LOCK_GROUPS, &team, NULL, error) ||
	    !ask_id(store, FIND_GROUP, &find, group_id, error))
		return false;
	if (*group_id != 0)
		return true;
	arg_int4(&make, row->watch_id);
	arg_instant(&make, now);
	return ask_id(store, MAKE_GROUP, &make, group_id, error);
}

static bool fire(struct store *store, struct watch_row *row,
		 const struct alert_row *alert, gint64 now, GError **error)
{
	const bool shift = row->kind == WATCH_REGRESSION;
	struct pg_args args = { 0 };
	struct pg_rows parts;
	gint64 group_id;
	bool good;

	if (!find_group(store, row, alert, now, &group_id, error))
		return false;
	parts_init(&parts, alert);
	arg_int4(&args, row->watch_id);
	arg_int8(&args, group_id);
	arg_numbers(&args, alert, row->kind);
	arg_rows(&args, &parts);
	arg_text(&args, alert->reason);
	arg_text(&args, alert->rule);
	arg_text(&args, shift ? alert->sensitivity : NULL);
	arg_text(&args, shift ? shift_engine_name(alert->engine) : NULL);
	arg_text(&args, alert->time_zone);
	arg_instant(&args, alert->onset);
	arg_instant(&args, alert->first_seen);
	arg_instant(&args, alert->fired_at);
	arg_text(&args, alert->unit);
	arg_double(&args, alert->false_alerts);
	arg_text(&args, alert->statistic);
	arg_bool(&args, alert->began_before);
	arg_double(&args, shift ? alert->gate : NAN);
	good = ask_id(store, FIRE, &args, &row->alert_id, error);
	pg_rows_clear(&parts);
	return good;
}

static bool worsen(struct store *store, const struct watch_row *row,
		   const struct alert_row *alert, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows parts;
	bool good;

	parts_init(&parts, alert);
	arg_int4(&args, row->watch_id);
	arg_int8(&args, row->alert_id);
	arg_numbers(&args, alert, row->kind);
	arg_rows(&args, &parts);
	good = ask_id(store, WORSEN, &args, NULL, error);
	pg_rows_clear(&parts);
	return good;
}

static bool end(struct store *store, const struct watch_row *row,
		const struct alert_event *event, GError **error)
{
	struct pg_args args = { 0 };

	arg_int8(&args, row->alert_id);
	arg_text(&args, watch_event_name(event->event));
	arg_instant(&args, event->at);
	arg_text(&args, event->reason);
	return ask_id(store, END, &args, NULL, error);
}

static bool change(struct store *store, struct watch_row *row,
		   const struct alert_event *event, gint64 now, GError **error)
{
	if (event->event == WATCH_FIRED)
		return fire(store, row, event->alert, now, error);
	if (row->alert_id == 0)
		return true;
	if (event->event == WATCH_WORSENED)
		return worsen(store, row, event->alert, error);
	return !store_alert_is_end(event) || end(store, row, event, error);
}

static bool record(struct store *store, const struct watch_row *row,
		   const struct alert_event *event, gint64 now, gint64 *event_id,
		   GError **error)
{
	const struct shift *shift = event->alert && row->kind == WATCH_REGRESSION
					    ? &event->alert->shift
					    : NULL;
	struct pg_args args = { 0 };

	arg_int4(&args, row->watch_id);
	arg_int8(&args, row->alert_id);
	arg_text(&args, watch_event_name(event->event));
	arg_instant(&args, event->at);
	arg_instant(&args, now);
	arg_double(&args, shift ? shift->score : row->score);
	arg_double(&args, shift ? shift->ratio : row->ratio);
	arg_text(&args, event->reason);
	return ask_id(store, RECORD, &args, event_id, error);
}

bool store_alert_services_moved(struct store *store, gint64 alert_id, gint64 at,
				bool *moved, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int8(&args, alert_id);
	arg_instant(&args, at);
	*moved = false;
	if (!store_exec(store, sql[MOVED], &args, &result, error))
		return false;
	if (PQntuples(result) > 0)
		*moved = result_bool(result, 0, 0);
	return true;
}

/* ---- the whole ---- */

/* *seen: it has been recorded already, by a transaction that is repeated. */
static bool look_up(struct store *store, struct watch_row *row,
		    const struct alert_event *event, bool *seen, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int4(&args, row->watch_id);
	arg_instant(&args, event->at);
	arg_text(&args, watch_event_name(event->event));
	if (!store_exec(store, sql[SEEN], &args, &result, error))
		return false;
	*seen = PQntuples(result) > 0;
	if (*seen && (event->event == WATCH_FIRED || store_alert_is_end(event)))
		row->alert_id = result_int8(result, 0, 0);
	return true;
}

bool store_alert_event(struct store *store, struct watch_row *row,
		       const struct alert_event *event, const char *const *channels,
		       gsize n_channels, gint64 now, GError **error)
{
	struct pg_args args = { 0 };
	gint64 event_id = 0;
	bool seen;

	if (!store_writable(store, error) ||
	    (row->watch_id == 0 && !store_watch_write(store, row, error)) ||
	    !look_up(store, row, event, &seen, error))
		return false;
	if (seen)
		return true;
	if (!change(store, row, event, now, error) ||
	    !record(store, row, event, now, &event_id, error))
		return false;
	if (row->alert_id != 0 && row->direction == SHIFT_WORSE &&
	    watch_event_is_told(event->event) &&
	    !store_alert_tell(store, row, event, channels, n_channels, event_id, now,
			      error))
		return false;
	if (store_alert_is_end(event))
		row->alert_id = 0;
	arg_int4(&args, row->watch_id);
	arg_int8(&args, row->alert_id);
	return store_exec(store, sql[LINK], &args, NULL, error);
}
