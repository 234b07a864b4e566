#pragma once

/*
 * The words and numbers of messages about alerts; for sinks/alert_*.c, and for commands
 * that are to say the same. All texts that are returned are the caller's to free.
 */
#include "sinks/alert_message.h"

/* At most so many alerts of a group are told in full. */
#define ALERTS_TOLD 20
/* Cut where it gets longer: titles are subjects and summaries. */
#define TITLE_CHARS 240

/* What a sample of a metric is called, and what of it is worse. */
struct alert_metric {
	const char *metric, *label;
	const char *one, *many; /* "change", "changes" */
	const char *failed;	/* shares: what the counted did: "failed" */
	bool ratio;		/* a guardrail's value is one */
};
/* Never NULL: of a metric that is not known, the words that fit any. */
const struct alert_metric *alert_metric(const char *name);
/* "Lead time for changes"; with `small`, in the middle of a sentence. */
char *alert_metric_label(const char *name, bool small);

/* One line of printable text, at most so many characters of it, cut with an ellipsis. */
char *alert_clean(const char *text, glong chars);
/* In words, one line of at most REASON_BYTES, as it may be of a receiver or a source; "".
 * Of the daemon's alerts that are well again none: it says what was wrong. */
#define REASON_BYTES 300
char *alert_reason(const struct alert_row *row);
/* In place; bytes must not be less than 4. */
void alert_cut(GString *text, gsize bytes);

/* The environment where it has to be told: not "production". NULL. */
const char *alert_environment(const struct alert_row *row);
/* Whom it is about: "payments"; of another environment than production "payments (eu)".
 */
char *alert_scope(const struct alert_row *row);
/* The local date of an instant. */
gint32 alert_day(const struct alert_row *row, gint64 instant);
/* Of one that is the end of a day, or lies within one: that day. */
gint32 alert_shown_day(const struct alert_row *row, gint64 instant);
/* "3 March"; with its year where that is not the year of `beside`. */
char *alert_date(gint32 day, gint32 beside);
/* "2026-03-03". */
char *alert_iso_date(gint32 day);
/* "3 March 04:10 (UTC)". */
char *alert_clock(const struct alert_row *row, gint64 instant);

/* Two significant figures or all before the point: "0.42", "2.1", "41", "148". */
char *alert_number(double value);
/* Of a share: "5.2 %". */
char *alert_percent(double share);
/* Seconds in the best unit: "19 h → 41 h", in one unit where both can be read in it. */
char *alert_spans(double before, double after);
char *alert_span(double seconds);
/* "2.1× longer", "52 % fewer". */
char *alert_effect(const struct alert_row *row);
/* "90 % range 1.4–3.0×", "90 % range 38–66 %"; NULL: there is none. */
char *alert_range(const struct shift *shift);
/* "Expect about one false alert in four years of this series."; NULL. */
char *alert_expectation(double a_year);

/* What a guardrail is of: "P95 of lead time for changes"; "lead time for changes" where
 * it is of the metric's value. */
char *alert_figure(const struct alert_row *row);
/* A value of a guardrail in its unit. */
char *alert_guarded(const struct alert_row *row, double value);
/* The days of its window; 0: not known. */
gint32 alert_guarded_days(const struct alert_row *row);

static inline bool alert_is_firing(const struct alert_row *row)
{
	return g_strcmp0(row->state, "firing") == 0;
}

/* The key of the group of a row, as alert_dedup_key() of its message. */
char *alert_group_key(const char *origin, gint64 group_id);

/* ---- what a message is about ---- */

struct alert_news {
	GPtrArray *fresh;  /* rows with an event that is told; never empty if there are
			      alerts at all */
	GPtrArray *firing; /* the others that fire and are not muted */
};
void alert_news_init(struct alert_news *news, const struct outbox_message *message);
void alert_news_clear(struct alert_news *news);
/* The message tells that it got worse, and its receiver knows that it fires. */
bool alert_got_worse(const struct outbox_message *message, const struct alert_row *row);
/* Of one that got worse the strength of its evidence if it is that alone; NULL: the
 * effect has doubled. */
const char *alert_surer(const struct alert_row *row);
/* It fires, but is muted, and nothing of it is told now. */
bool alert_is_hidden(const struct outbox_message *message, const struct alert_row *row);

/* What is new in full, the rest in a line each, with links or commands; without title. */
char *alert_paragraphs(const struct outbox_message *message, const char *link);
/* What one line says of an alert; news: as of alert_sentence(). */
char *alert_headline(const struct alert_row *row, bool news);
/* The parts, largest first: "Largest part: billing-api (21 of 38)."; NULL. */
char *alert_parts(const struct alert_row *row);

/* Adds the machine forms of rows to those n that a body has among other things, up to
 * ALERTS_TOLD; returns how many it has then. */
guint alert_trees(struct cJSON *alerts, guint n, const struct outbox_message *message,
		  const GPtrArray *rows, const char *link);
