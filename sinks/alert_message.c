#include "sinks/alert_message.h"

#include <string.h>

#include "sinks/alert_words.h"

#define TITLE_PHRASES 3

/* ---- what a message is about ---- */

static bool is_told(const struct outbox_message *message, const struct alert_row *row)
{
	for (guint i = 0; message->events && i < message->events->len; i++) {
		const struct outbox_event *event = &g_array_index(message->events,
								  struct outbox_event, i);

		if (event->alert_id == row->alert_id)
			return true;
	}
	return false;
}

/* Of a first message it is all news. */
bool alert_got_worse(const struct outbox_message *message, const struct alert_row *row)
{
	bool worse = false;

	for (guint i = 0; message->events && i < message->events->len; i++) {
		const struct outbox_event *event = &g_array_index(message->events,
								  struct outbox_event, i);

		if (event->alert_id != row->alert_id)
			continue;
		if (event->event == WATCH_FIRED)
			return false;
		worse |= event->event == WATCH_WORSENED;
	}
	return worse && message->update;
}

bool alert_is_hidden(const struct outbox_message *message, const struct alert_row *row)
{
	return alert_is_firing(row) && row->muted_until != INSTANT_NONE &&
	       !is_told(message, row);
}

void alert_news_init(struct alert_news *news, const struct outbox_message *message)
{
	guint n = message->alerts ? message->alerts->len : 0;

	news->fresh = g_ptr_array_new();
	news->firing = g_ptr_array_new();
	for (guint i = 0; i < n; i++) {
		struct alert_row *row = &g_array_index(message->alerts, struct alert_row,
						       i);

		if (is_told(message, row))
			g_ptr_array_add(news->fresh, row);
		else if (alert_is_firing(row) && !alert_is_hidden(message, row))
			g_ptr_array_add(news->firing, row);
	}
	/* Told again as a whole. */
	if (news->fresh->len == 0) {
		GPtrArray *none = news->fresh;

		news->fresh = news->firing;
		news->firing = none;
	}
	for (guint i = 0; news->fresh->len == 0 && i < n; i++)
		g_ptr_array_add(news->fresh,
				&g_array_index(message->alerts, struct alert_row, i));
}

void alert_news_clear(struct alert_news *news)
{
	g_clear_pointer(&news->fresh, g_ptr_array_unref);
	g_clear_pointer(&news->firing, g_ptr_array_unref);
}

/* ---- title ---- */

static char *place_of(const struct alert_row *row)
{
	g_autofree char *scope = alert_scope(row);

	return g_strconcat(" of ", scope, NULL);
}

/* "lead time for changes 2.1× longer"; place: where they are not all of one scope. */
static char *phrase(const struct alert_row *row, bool one_scope, bool news)
{
	g_autofree char *place = one_scope || row->kind == WATCH_SELF ? g_strdup("")
								      : place_of(row);
	g_autofree char *label = alert_metric_label(row->metric, true);
	g_autofree char *name = alert_clean(row->name, 60);
	g_autofree char *effect = NULL;
	const char *surer = news ? alert_surer(row) : NULL;
	const char *what = row->kind == WATCH_REGRESSION ? label : name;

	if (row->kind == WATCH_SELF)
		return g_strdup_printf("%s %s", name,
				       alert_is_firing(row) ? label : row->state);
	if (!alert_is_firing(row))
		return g_strdup_printf("%s%s %s", what, place, row->state);
	if (row->kind == WATCH_INCIDENT)
		return g_strdup_printf("incident %s%s open", name, place);
	if (row->kind == WATCH_GUARDRAIL)
		effect = alert_guarded(row, row->shift.after.rate);
	else
		effect = alert_effect(row);
	if (surer)
		return g_strdup_printf("%s%s %s (%s evidence now)", what, place, effect,
				       surer);
	return g_strdup_printf("%s%s%s %s", what, place, news ? " now" : "", effect);
}

/* What all have in common: their scope, or else their team or org. */
static char *whose(const GPtrArray *rows, bool *one_scope)
{
	const struct alert_row *first = g_ptr_array_index(rows, 0);

	*one_scope = true;
	if (first->kind == WATCH_SELF)
		return g_strdup("dorad");
	for (guint i = 1; i < rows->len; i++) {
		const struct alert_row *row = g_ptr_array_index(rows, i);
		g_autofree char *one = alert_scope(first);
		g_autofree char *other = alert_scope(row);

		if (strcmp(one, other) == 0)
			continue;
		*one_scope = false;
		return alert_clean(first->team	? first->team
				   : first->org ? first->org
						: one,
				   80);
	}
	return alert_scope(first);
}

char *alert_title(const struct outbox_message *message)
{
	_cleanup_(alert_news_clear) struct alert_news news;
	GString *out = g_string_new(NULL);
	g_autofree char *scope = NULL;
	bool one_scope;

	alert_news_init(&news, message);
	if (news.fresh->len == 1) {
		const struct alert_row *row = g_ptr_array_index(news.fresh, 0);
		g_autofree char *headline = alert_headline(row,
							   alert_got_worse(message, row));

		g_string_append(out, headline);
	} else if (news.fresh->len > 1) {
		scope = whose(news.fresh, &one_scope);
		g_string_append_printf(out, "%s: %u alerts", scope, news.fresh->len);
		for (guint i = 0; i < MIN(news.fresh->len, TITLE_PHRASES); i++) {
			const struct alert_row *row = g_ptr_array_index(news.fresh, i);
			g_autofree char *text = phrase(row, one_scope,
						       alert_got_worse(message, row));

			g_string_append_printf(out, "%s%s", i ? ", " : ": ", text);
		}
		if (news.fresh->len > TITLE_PHRASES)
			g_string_append_printf(out, " and %u more",
					       news.fresh->len - TITLE_PHRASES);
	}
	g_free(scope);
	scope = g_string_free(out, FALSE);
	return alert_clean(scope, TITLE_CHARS);
}

/* ---- link ---- */

/* What stands for a word of the template; the caller frees. */
static char *filling(const char *word, const struct alert_row *row)
{
	bool compared = row->kind == WATCH_REGRESSION;
	gint64 end = row->ended_at != INSTANT_NONE ? row->ended_at : row->fired_at;
	const struct {
		const char *word, *value;
	} names[] = {
		{ "{org}", row->org },
		{ "{team}", row->team },
		{ "{service}", row->service },
		{ "{metric}", row->metric },
		{ "{environment}", row->environment },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_has_prefix(word, names[i].word))
			return g_uri_escape_string(names[i].value ? names[i].value : "",
						   NULL, FALSE);
	if (g_str_has_prefix(word, "{from}"))
		return alert_iso_date(compared ? row->shift.before.from
					       : alert_day(row, row->onset));
	if (g_str_has_prefix(word, "{to}"))
		return alert_iso_date(alert_shown_day(row, end));
	return NULL;
}

char *alert_link(const char *link, const struct alert_row *row)
{
	GString *out;

	if (!link)
		return NULL;
	out = g_string_new(NULL);
	for (const char *p = link; *p; p++) {
		g_autofree char *value = *p == '{' ? filling(p, row) : NULL;

		if (!value) {
			g_string_append_c(out, *p);
			continue;
		}
		g_string_append(out, value);
		p = strchr(p, '}');
	}
	return g_string_free(out, FALSE);
}

/* ---- text ---- */

static void add_paragraph(GString *out, const struct outbox_message *message,
			  const struct alert_row *row, const char *link)
{
	g_autofree char *sentence = alert_sentence(row, alert_got_worse(message, row));
	g_autofree char *url = alert_link(link, row);

	if (out->len > 0)
		g_string_append(out, "\n\n");
	g_string_append(out, sentence);
	if (url)
		g_string_append_printf(out, "\n%s", url);
	else if (row->alert_id)
		g_string_append_printf(out, "\nMore: dorad alerts show %" G_GINT64_FORMAT,
				       row->alert_id);
}

char *alert_paragraphs(const struct outbox_message *message, const char *link)
{
	_cleanup_(alert_news_clear) struct alert_news news;
	GString *out = g_string_new(NULL);

	alert_news_init(&news, message);
	for (guint i = 0; i < MIN(news.fresh->len, ALERTS_TOLD); i++)
		add_paragraph(out, message, g_ptr_array_index(news.fresh, i), link);
	if (news.fresh->len > ALERTS_TOLD)
		g_string_append_printf(out, "\n\nAnd %u more.",
				       news.fresh->len - ALERTS_TOLD);
	for (guint i = 0; i < MIN(news.firing->len, ALERTS_TOLD); i++) {
		const struct alert_row *row = g_ptr_array_index(news.firing, i);
		g_autofree char *line = alert_headline(row, false);

		g_string_append_printf(out, "%sStill: %s%s.", i ? "\n" : "\n\n", line,
				       row->acked_at != INSTANT_NONE ? " (acknowledged)"
								     : "");
	}
	if (news.firing->len > ALERTS_TOLD)
		g_string_append_printf(out, "\nAnd %u more still.",
				       news.firing->len - ALERTS_TOLD);
	return g_string_free(out, FALSE);
}

char *alert_text(const struct outbox_message *message, const char *link)
{
	_cleanup_(alert_news_clear) struct alert_news news;
	g_autofree char *title = alert_title(message);
	g_autofree char *paragraphs = alert_paragraphs(message, link);

	alert_news_init(&news, message);
	/* One sentence begins as the title does. */
	if (news.fresh->len == 1)
		return g_strconcat(paragraphs, "\n", NULL);
	return g_strconcat(title, "\n\n", paragraphs, "\n", NULL);
}

/* ---- for machines ---- */

const char *alert_severity(const struct alert_row *row)
{
	if (row->kind == WATCH_GUARDRAIL)
		return "critical";
	if (row->kind == WATCH_SELF && g_strcmp0(row->metric, "channel_test") == 0)
		return "info";
	return row->kind == WATCH_REGRESSION && row->direction == SHIFT_BETTER
		       ? "info"
		       : "warning";
}

char *alert_group_key(const char *origin, gint64 group_id)
{
	return g_strdup_printf("dorad-%s-%" G_GINT64_FORMAT, origin ? origin : "0",
			       group_id);
}

char *alert_dedup_key(const struct outbox_message *message)
{
	return alert_group_key(message->origin, message->group_id);
}
