#include "tests/histories_life.h"

struct told *life_told(const struct life *life, gint64 alert_id, enum watch_event event)
{
	for (guint i = 0; i < life->told->len; i++) {
		struct told *told = &g_array_index(life->told, struct told, i);

		if (told->alert_id == alert_id && told->event == event)
			return told;
	}
	return NULL;
}

guint life_channel(const char *name)
{
	for (guint i = 0; i < N_CHANNELS; i++)
		if (strcmp(channel_names[i], name) == 0)
			return i;
	ck_abort_msg("%s", name);
	return 0;
}

static bool is_end(enum watch_event event)
{
	return event == WATCH_RESOLVED || event == WATCH_ACCEPTED ||
	       event == WATCH_WITHDRAWN;
}

/* ---- what has to be told ---- */

bool life_is_muted(const struct life *life, gint64 alert_id, const char *service,
		   const char *metric, gint64 at)
{
	for (guint i = 0; i < life->mutes->len; i++) {
		const struct alert_mute *mute = &g_array_index(life->mutes,
							       struct alert_mute, i);

		if (mute->from <= at && at < mute->until &&
		    (mute->alert_id == 0 || mute->alert_id == alert_id) &&
		    (!mute->metric || strcmp(mute->metric, metric) == 0) &&
		    (!mute->scope || mute->kind != SCOPE_SERVICE ||
		     strcmp(mute->scope, service) == 0))
			return true;
	}
	return false;
}

/* Of an end those who were told of the alert. */
static void note_end(struct life *life, struct told *end, bool muted)
{
	guint heard = 0;

	for (guint i = 0; i < life->told->len; i++) {
		const struct told *told = &g_array_index(life->told, struct told, i);

		if (told->alert_id != end->alert_id)
			continue;
		end->channels |= told->channels;
		heard |= told->taken;
		for (guint k = 0; k < N_CHANNELS; k++)
			heard |= told->noted[k] ? 1u << k : 0;
	}
	end->folded = muted ? end->channels & ~heard : 0;
	for (guint i = 0; i < life->told->len; i++) {
		struct told *told = &g_array_index(life->told, struct told, i);

		if (told->alert_id == end->alert_id)
			told->folded = end->folded & told->channels;
	}
}

static enum watch_event event_named(const char *name)
{
	enum watch_event event = N_WATCH_EVENTS;

	ck_assert(watch_event_parse(name, &event));
	return event;
}

void life_note(struct life *life)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT e.event_id, e.alert_id, e.event, a.kind, (extract(epoch FROM"
		" e.recorded_at) * 1000000)::bigint, coalesce(a.service, ''), a.metric,"
		" a.group_id FROM dorad.alert_event e JOIN dorad.alert a USING (alert_id)"
		" WHERE e.event_id > %" G_GINT64_FORMAT
		" AND a.direction = 'worse' AND e.event IN ('fired', 'worsened',"
		" 'resolved', 'accepted', 'withdrawn') ORDER BY e.event_id",
		life->seen);
	PGresult *result = pg_query(life->rig.admin, sql);
	const struct variant *variant = &variants[life->variant];

	for (int i = 0; i < PQntuples(result); i++) {
		struct told told = {
			.event_id = g_ascii_strtoll(PQgetvalue(result, i, 0), NULL, 10),
			.alert_id = g_ascii_strtoll(PQgetvalue(result, i, 1), NULL, 10),
			.event = event_named(PQgetvalue(result, i, 2)),
			.recorded = g_ascii_strtoll(PQgetvalue(result, i, 4), NULL, 10),
			.group_id = g_ascii_strtoll(PQgetvalue(result, i, 7), NULL, 10),
		};
		bool rule = strcmp(PQgetvalue(result, i, 3), "guardrail") != 0;

		if (life_told(life, told.alert_id, told.event))
			life_wrong(life, "alert %" G_GINT64_FORMAT " %s twice",
				   told.alert_id, watch_event_name(told.event));
		if (is_end(told.event))
			note_end(life, &told,
				 life_is_muted(life, told.alert_id,
					       PQgetvalue(result, i, 5),
					       PQgetvalue(result, i, 6), told.recorded));
		else
			told.channels = rule ? variant->rule : variant->guardrails;
		life->seen = told.event_id;
		g_array_append_val(life->told, told);
	}
	PQclear(result);
}

/* ---- what is old ---- */

/* Of a group that a channel cannot have heard of nothing is said once it has been over
 * for a week: that it is so, by the model. */
static bool is_old(const struct life *life, gint64 group_id, guint channel)
{
	for (guint i = 0; i < life->told->len; i++) {
		const struct told *told = &g_array_index(life->told, struct told, i);
		bool ended = life_told(life, told->alert_id, WATCH_RESOLVED) ||
			     life_told(life, told->alert_id, WATCH_ACCEPTED) ||
			     life_told(life, told->alert_id, WATCH_WITHDRAWN);

		if (told->group_id == group_id &&
		    told->channels & ~told->folded & 1u << channel &&
		    (!ended || told->noted[channel] > 0 || told->taken & 1u << channel ||
		     told->recorded >= life->now - 7 * DAY))
			return false;
	}
	return true;
}

/* Something may be old by now. */
static bool has_old(const struct life *life)
{
	for (guint i = 0; i < life->told->len; i++) {
		const struct told *told = &g_array_index(life->told, struct told, i);

		for (guint k = 0; k < N_CHANNELS; k++)
			if (told->channels & ~told->folded & 1u << k &&
			    told->noted[k] == 0 && told->recorded < life->now - 7 * DAY)
				return true;
	}
	return false;
}

void life_fold_old(struct life *life)
{
	PGresult *result;

	if (!has_old(life))
		return;
	result = pg_query(life->rig.admin,
			  "SELECT event_id, channel FROM dorad.outbox WHERE state ="
			  " 'folded' AND failure = 'too old to be news'");
	for (int i = 0; i < PQntuples(result); i++) {
		gint64 id = g_ascii_strtoll(PQgetvalue(result, i, 0), NULL, 10);
		guint channel = life_channel(PQgetvalue(result, i, 1));

		for (guint k = 0; k < life->told->len; k++) {
			struct told *told = &g_array_index(life->told, struct told, k);

			if (told->event_id != id || told->folded & 1u << channel)
				continue;
			if (!is_old(life, told->group_id, channel))
				life_wrong(life,
					   "%s does not hear that alert %" G_GINT64_FORMAT
					   " %s, which is not old",
					   channel_names[channel], told->alert_id,
					   watch_event_name(told->event));
			told->folded |= 1u << channel;
		}
	}
	PQclear(result);
}
