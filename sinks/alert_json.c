#include <cjson/cJSON.h>
#include <math.h>

#include "sinks/alert_words.h"

#define PARTS_MAX 20

/* No number is null, never NaN or infinite. */
static void put_number(cJSON *object, const char *key, double value)
{
	cJSON_AddItemToObject(object, key,
			      isfinite(value) ? cJSON_CreateNumber(value)
					      : cJSON_CreateNull());
}

static void put_text(cJSON *object, const char *key, const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

	cJSON_AddItemToObject(object, key,
			      valid && *valid ? cJSON_CreateString(valid)
					      : cJSON_CreateNull());
}

static void put_instant(cJSON *object, const char *key, gint64 instant)
{
	g_autofree char *text = instant == INSTANT_NONE ? NULL : instant_format(instant);

	put_text(object, key, text);
}

static void put_day(cJSON *object, const char *key, gint32 day)
{
	g_autofree char *text = alert_iso_date(day);

	put_text(object, key, text);
}

static void put_scope(cJSON *object, const struct alert_row *row)
{
	static const char *const kinds[] = {
		[SCOPE_ORG] = "org",
		[SCOPE_TEAM] = "team",
		[SCOPE_SERVICE] = "service",
	};
	cJSON *scope;

	if (row->kind == WATCH_SELF) {
		cJSON_AddNullToObject(object, "scope");
		return;
	}
	scope = cJSON_AddObjectToObject(object, "scope");
	put_text(scope, "kind", kinds[row->scope_kind]);
	put_text(scope, "org", row->org);
	put_text(scope, "team", row->team);
	put_text(scope, "service", row->service);
}

static void put_side(cJSON *object, const char *key, const struct alert_row *row,
		     const struct shift_side *side)
{
	cJSON *at = cJSON_AddObjectToObject(object, key);

	put_day(at, "from", side->from);
	put_day(at, "to", side->to);
	put_number(at, "n", (double)side->n);
	if (row->engine == SHIFT_LEVEL || row->engine == SHIFT_SPANS) {
		put_number(at, "median", side->median);
		put_number(at, "p85", side->p85);
	} else {
		put_number(at, "rate", side->rate);
	}
	if (row->engine == SHIFT_SHARE)
		put_number(at, "failed", (double)side->failed);
}

static void put_shift(cJSON *object, const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	bool spans = row->engine == SHIFT_SPANS;
	cJSON *baseline;

	put_text(object, "engine", shift_engine_name(row->engine));
	put_text(object, "rule", row->rule);
	put_text(object, "preset", row->sensitivity);
	put_number(object, "window_weeks", spans ? (double)NAN : shift->window);
	put_number(object, "window_samples", spans ? shift->window : (double)NAN);
	put_side(object, "before", row, &shift->before);
	put_side(object, "after", row, &shift->after);
	put_number(object, "ratio", shift->ratio);
	put_number(object, "ratio_lo", shift->ratio_lo);
	put_number(object, "ratio_hi", shift->ratio_hi);
	/* Beyond that a number says no more. */
	put_number(object, "evidence", exp(fmin(shift->score, log(1e12))));
	put_text(object, "strength", shift_strength(shift->score));
	baseline = cJSON_AddObjectToObject(object, "baseline");
	put_day(baseline, "from", shift->before.from);
	put_day(baseline, "to", shift->before.to);
	put_number(object, "false_alerts_per_year", row->false_alerts);
}

static void put_guardrail(cJSON *object, const struct alert_row *row)
{
	put_text(object, "statistic", row->statistic);
	put_text(object, "unit", row->unit);
	put_number(object, "value", row->shift.after.rate);
	put_number(object, "limit", row->shift.before.rate);
	cJSON_AddBoolToObject(object, "began_before", row->began_before);
	put_number(object, "n", (double)row->shift.after.n);
	put_number(object, "window_days",
		   alert_guarded_days(row) > 0 ? (double)alert_guarded_days(row) : NAN);
}

static void put_incident(cJSON *object, const struct alert_row *row)
{
	put_text(object, "unit", row->unit);
	put_number(object, "value", row->shift.after.rate);
	put_number(object, "p95", row->shift.before.rate);
	put_number(object, "n", (double)row->shift.before.n);
}

static void put_parts(cJSON *object, const struct alert_row *row)
{
	cJSON *parts = cJSON_AddArrayToObject(object, "parts");

	for (guint i = 0; i < MIN(row->n_parts, PARTS_MAX); i++) {
		cJSON *part = cJSON_CreateObject();

		cJSON_AddItemToArray(parts, part);
		put_text(part, "name", row->parts[i].name);
		put_number(part, "n", (double)row->parts[i].n);
		put_number(part, "of", (double)row->parts[i].of);
	}
}

static cJSON *alert_tree(const struct alert_row *row, bool news, const char *link)
{
	cJSON *object = cJSON_CreateObject();
	g_autofree char *onset = row->onset == INSTANT_NONE
					 ? NULL
					 : alert_iso_date(alert_day(row, row->onset));
	g_autofree char *url = alert_link(link, row);
	g_autofree char *text = alert_sentence(row, news);
	g_autofree char *reason = alert_reason(row);
	bool resolved = g_strcmp0(row->state, "resolved") == 0;

	put_number(object, "id", (double)row->alert_id);
	put_number(object, "group", (double)row->group_id);
	put_text(object, "kind", watch_kind_name(row->kind));
	put_text(object, "name", row->name);
	put_text(object, "state", row->state);
	put_text(object, "severity", alert_severity(row));
	put_text(object, "metric", row->metric);
	put_scope(object, row);
	put_text(object, "environment", row->environment);
	put_text(object, "direction", shift_direction_name(row->direction));
	put_text(object, "onset", onset);
	put_text(object, "time_zone", row->time_zone);
	if (row->kind == WATCH_REGRESSION)
		put_shift(object, row);
	if (row->kind == WATCH_GUARDRAIL)
		put_guardrail(object, row);
	if (row->kind == WATCH_INCIDENT)
		put_incident(object, row);
	put_instant(object, "first_seen", row->first_seen);
	put_instant(object, "fired_at", row->fired_at);
	put_instant(object, "resolved_at", resolved ? row->ended_at : INSTANT_NONE);
	put_instant(object, "ended_at", row->ended_at);
	put_instant(object, "acked_at", row->acked_at);
	put_instant(object, "muted_until", row->muted_until);
	cJSON_AddBoolToObject(object, "worsened", row->worsened);
	put_text(object, "reason", reason);
	put_parts(object, row);
	put_text(object, "link", url);
	put_text(object, "text", text);
	return object;
}

static char *print(cJSON *document)
{
	char *printed = cJSON_PrintUnformatted(document);
	char *text = g_strdup(printed);

	cJSON_free(printed);
	cJSON_Delete(document);
	return text;
}

char *alert_json(const struct alert_row *row, const char *link)
{
	return print(alert_tree(row, false, link));
}

guint alert_trees(cJSON *alerts, guint n, const struct outbox_message *message,
		  const GPtrArray *rows, const char *link)
{
	for (guint i = 0; i < rows->len && n < ALERTS_TOLD; i++, n++) {
		const struct alert_row *row = g_ptr_array_index(rows, i);

		cJSON_AddItemToArray(
			alerts, alert_tree(row, alert_got_worse(message, row), link));
	}
	return n;
}

static void put_events(cJSON *object, const struct outbox_message *message)
{
	cJSON *events = cJSON_AddArrayToObject(object, "events");

	for (guint i = 0; message->events && i < message->events->len; i++) {
		const struct outbox_event *event = &g_array_index(message->events,
								  struct outbox_event, i);
		cJSON *at = cJSON_CreateObject();

		cJSON_AddItemToArray(events, at);
		put_number(at, "alert", (double)event->alert_id);
		put_text(at, "event", watch_event_name(event->event));
		put_instant(at, "at", event->at);
	}
}

char *alert_message_json(const struct outbox_message *message, const char *link)
{
	cJSON *object = cJSON_CreateObject();
	_cleanup_(alert_news_clear) struct alert_news news;
	g_autofree char *key = alert_dedup_key(message);
	g_autofree char *title = alert_title(message);
	g_autofree char *text = alert_text(message, link);
	cJSON *alerts;
	guint n;

	alert_news_init(&news, message);
	put_text(object, "version", "1");
	put_text(object, "group", key);
	put_number(object, "sequence", (double)message->version);
	put_text(object, "status", message->ended ? "ended" : "firing");
	cJSON_AddBoolToObject(object, "update", message->update);
	put_text(object, "title", title);
	put_text(object, "text", text);
	put_events(object, message);
	alerts = cJSON_AddArrayToObject(object, "alerts");
	n = alert_trees(alerts, 0, message, news.fresh, link);
	n = alert_trees(alerts, n, message, news.firing, link);
	put_number(object, "left_out", (double)(news.fresh->len + news.firing->len - n));
	return print(object);
}
