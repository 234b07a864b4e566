#include <math.h>
#include <string.h>

#include "sinks/alert_words.h"

#define PARTS_TOLD 3

static void add(GString *out, const char *text)
{
	if (!text || *text == '\0')
		return;
	if (out->len > 0)
		g_string_append_c(out, ' ');
	g_string_append(out, text);
}

static void add_reason(GString *out, const struct alert_row *row)
{
	g_autofree char *reason = alert_reason(row);

	if (*reason)
		g_string_append_printf(out, " Why: %s%s", reason,
				       g_str_has_suffix(reason, ".") ? "" : ".");
}

static char *since(const struct alert_row *row)
{
	if (row->onset == INSTANT_NONE)
		return g_strdup("");
	g_autofree char *date = alert_date(alert_day(row, row->onset),
					   alert_day(row, row->fired_at));

	return g_strconcat(" since about ", date, NULL);
}

/* "resolved on 5 April", "withdrawn on 5 April: late facts undid it". */
static char *ending(const struct alert_row *row)
{
	g_autofree char *date = NULL;
	g_autofree char *reason = alert_reason(row);
	const char *how = row->state;

	if (g_strcmp0(row->state, "accepted") == 0 && *reason == '\0')
		how = "accepted as the new normal";
	if (row->ended_at != INSTANT_NONE)
		date = alert_date(alert_shown_day(row, row->ended_at),
				  alert_day(row, row->fired_at));
	return g_strdup_printf("%s%s%s%s%s", how, date ? " on " : "", date ? date : "",
			       *reason ? ": " : "", reason);
}

/* ---- regressions ---- */

/* NULL: a side is of too few people to tell. */
static char *level_numbers(const struct shift *shift)
{
	g_autofree char *median = alert_spans(shift->before.median, shift->after.median);
	g_autofree char *p85 = alert_spans(shift->before.p85, shift->after.p85);

	if (isnan(shift->before.median) || isnan(shift->after.median))
		return NULL;
	return g_strdup_printf("Median %s, P85 %s", median, p85);
}

static char *numbers(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;

	if (row->engine == SHIFT_LEVEL || row->engine == SHIFT_SPANS)
		return level_numbers(shift);
	if (row->engine == SHIFT_SHARE) {
		before = alert_percent(shift->before.rate);
		after = alert_percent(shift->after.rate);
		return g_strdup_printf("%s → %s", before, after);
	}
	before = alert_number(shift->before.rate);
	after = alert_number(shift->after.rate);
	return g_strdup_printf("%s → %s %s a week", before, after,
			       alert_metric(row->metric)->many);
}

static char *weeks_before(const struct shift *shift)
{
	gint64 weeks = ((gint64)shift->before.to - shift->before.from + 4) / 7;

	return weeks > 1 ? g_strdup_printf("the %" G_GINT64_FORMAT " weeks before", weeks)
			 : g_strdup("the week before");
}

/* "4 weeks"; of what got worse, whose numbers are of another window than its onset, "the
 * 4 weeks from 21 April". */
static char *window_of(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	gint32 first = shift->after.to - 7 * (gint32)shift->window + 1;
	g_autofree char *weeks = shift->window == 1
					 ? g_strdup("1 week")
					 : g_strdup_printf("%u weeks", shift->window);
	g_autofree char *date = NULL;

	if (!row->worsened || shift->after.to == SHIFT_NO_BOUND ||
	    row->onset == INSTANT_NONE || first == alert_day(row, row->onset))
		return g_steal_pointer(&weeks);
	date = alert_date(first, alert_day(row, row->fired_at));
	return g_strdup_printf("the %s from %s", shift->window == 1 ? "week" : weeks,
			       date);
}

/* "38 changes in 4 weeks against 402 in the 40 weeks before." */
static char *samples(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	const struct alert_metric *words = alert_metric(row->metric);
	g_autofree char *before = weeks_before(shift);
	g_autofree char *window = window_of(row);
	const char *noun = shift->after.n == 1 ? words->one : words->many;
	gint64 n = shift->after.n, n_before = shift->before.n;

	if (row->engine == SHIFT_SPANS)
		return g_strdup_printf("Last %" G_GINT64_FORMAT " %s against "
				       "%" G_GINT64_FORMAT " before.",
				       n, noun, n_before);
	if (row->engine == SHIFT_SHARE)
		return g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
				       " %s %s in %s against %" G_GINT64_FORMAT
				       " of %" G_GINT64_FORMAT " in %s.",
				       shift->after.failed, n, noun,
				       words->failed ? words->failed : "counted", window,
				       shift->before.failed, n_before, before);
	return g_strdup_printf("%" G_GINT64_FORMAT " %s in %s against %" G_GINT64_FORMAT
			       " in %s.",
			       n, noun, window, n_before, before);
}

static char *evidence(const struct shift *shift)
{
	const char *strength = shift_strength(shift->score);
	g_autofree char *number = NULL;

	if (!(shift->score > 0))
		return NULL;
	number = shift->score > log(1000) ? g_strdup("more than 1000")
					  : alert_number(exp(shift->score));
	return g_strdup_printf("Evidence %s : 1%s%s.", number, strength ? ", " : "",
			       strength ? strength : "");
}

char *alert_parts(const struct alert_row *row)
{
	guint n = MIN(row->n_parts, PARTS_TOLD);
	GString *out;

	/* All of it says nothing. */
	if (n == 0 || (row->n_parts == 1 && row->parts[0].n == row->parts[0].of))
		return NULL;
	out = g_string_new(n == 1 ? "Largest part:" : "Largest parts:");
	for (guint i = 0; i < n; i++) {
		const struct alert_part *part = &row->parts[i];
		g_autofree char *name = alert_clean(part->name, 80);

		g_string_append_printf(
			out, "%s %s (%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ")",
			i ? "," : "", name, part->n, part->of);
	}
	g_string_append_c(out, '.');
	return g_string_free(out, FALSE);
}

static void add_numbers(GString *out, const struct alert_row *row)
{
	g_autofree char *change = numbers(row);
	g_autofree char *range = alert_range(&row->shift);
	g_autofree char *text = change && range
					? g_strdup_printf("%s (%s).", change, range)
				: change || range
					? g_strconcat(change ? change : range, ".", NULL)
					: NULL;
	g_autofree char *compared = samples(row);

	add(out, text);
	add(out, compared);
}

static char *regression(const struct alert_row *row, bool news)
{
	GString *out = g_string_new(NULL);
	g_autofree char *headline = alert_headline(row, news);
	g_autofree char *proof = evidence(&row->shift);
	g_autofree char *parts = alert_parts(row);
	g_autofree char *expected = alert_expectation(row->false_alerts);

	add(out, headline);
	g_string_append_c(out, '.');
	add_numbers(out, row);
	add(out, proof);
	add(out, parts);
	/* Of what it is better not to be wrong about, too; but nobody is alarmed. */
	if (row->direction == SHIFT_WORSE)
		add(out, expected);
	return g_string_free(out, FALSE);
}

static const struct {
	const char *state, *title, *was, *then;
} endings[] = {
	{ "resolved", "resolved, was ", "It was", NULL },
	{ "accepted", "accepted as the new normal: ", "It is",
	  "From now on it is compared with the weeks since then alone." },
	{ "withdrawn", "withdrawn, was told as ", "It was told as", NULL },
};

static char *regression_ended(const struct alert_row *row)
{
	g_autofree char *label = alert_metric_label(row->metric, false);
	g_autofree char *scope = alert_scope(row);
	g_autofree char *how = ending(row);
	g_autofree char *effect = alert_effect(row);
	g_autofree char *when = since(row);
	GString *out = g_string_new(NULL);

	g_string_printf(out, "%s, %s: %s.", label, scope, how);
	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
		if (g_strcmp0(row->state, endings[i].state) != 0)
			continue;
		g_string_append_printf(out, " %s %s%s.", endings[i].was, effect, when);
		add_numbers(out, row);
		add(out, endings[i].then);
	}
	return g_string_free(out, FALSE);
}

/* ---- guardrails ---- */

static char *guardrail(const struct alert_row *row)
{
	const struct shift *shift = &row->shift;
	g_autofree char *label = alert_figure(row);
	g_autofree char *scope = alert_scope(row);
	g_autofree char *name = alert_clean(row->name, 80);
	g_autofree char *value = alert_guarded(row, shift->after.rate);
	g_autofree char *limit = alert_guarded(row, shift->before.rate);
	g_autofree char *date = NULL;
	g_autofree char *how = alert_is_firing(row) ? NULL : ending(row);
	gint32 days = alert_guarded_days(row);
	GString *out = g_string_new(NULL);

	g_string_printf(out, "Guardrail %s, %s: ", name, scope);
	if (how)
		g_string_append_printf(out, "%s. The %s was %s", how, label, value);
	else
		g_string_append_printf(out, "%s %s", label, value);
	if (row->onset != INSTANT_NONE) {
		date = alert_date(alert_day(row, row->onset),
				  alert_day(row, row->fired_at));
		g_string_append_printf(out, "%s since %s",
				       row->began_before ? " at least" : "", date);
	}
	g_string_append_printf(
		out, ", %s %s allowed",
		shift->after.rate < shift->before.rate ? "at least" : "at most", limit);
	g_string_append_c(out, '.');
	if (days > 0 && shift->after.n > 0)
		g_string_append_printf(out, " Over %d days, n = %" G_GINT64_FORMAT ".",
				       days, shift->after.n);
	else if (shift->after.n > 0)
		g_string_append_printf(out, " n = %" G_GINT64_FORMAT ".", shift->after.n);
	if (!how)
		add_reason(out, row);
	return g_string_free(out, FALSE);
}

/* ---- incidents ---- */

static char *incident_headline(const struct alert_row *row)
{
	g_autofree char *name = alert_clean(row->name, 80);
	g_autofree char *scope = alert_scope(row);
	g_autofree char *age = alert_guarded(row, row->shift.after.rate);

	return alert_is_firing(row)
		       ? g_strdup_printf("Incident %s, %s: open for %s", name, scope, age)
		       : g_strdup_printf("Incident %s, %s: %s", name, scope, row->state);
}

/* How long it was open when it fired is of no interest any more once it is over. */
static char *incident(const struct alert_row *row)
{
	g_autofree char *when = alert_clock(row, row->onset);
	g_autofree char *usual = alert_guarded(row, row->shift.before.rate);
	g_autofree char *how = ending(row);
	g_autofree char *name = alert_clean(row->name, 80);
	g_autofree char *scope = alert_scope(row);
	g_autofree char *headline = incident_headline(row);

	if (!alert_is_firing(row))
		return g_strdup_printf("Incident %s, %s: %s. It was open since %s.", name,
				       scope, how, when);
	return g_strdup_printf(
		"%s, since %s. Of the %" G_GINT64_FORMAT
		" that were restored in the year before 95 %% took at most %s.",
		headline, when, row->shift.before.n, usual);
}

/* ---- of the daemon itself ---- */

static const struct {
	const char *metric, *bad, *good, *gone;
	const char *then;
	const char *doctor; /* told where the reason does not name it */
} troubles[] = {
	{ "source_stale", "Source %s: not read since %s", "Source %s: is read again",
	  "Source %s: no longer watched",
	  "Its numbers stand still until it is read again.",
	  "See the log, and try \"dorad doctor\"." },
	{ "source_denied", "Source %s: its credentials have been refused since %s",
	  "Source %s: its credentials are taken again", "Source %s: no longer watched",
	  "Nothing is read until its token, password or rights are renewed.",
	  "\"dorad doctor\" tries them." },
	{ "rule_matched_nothing", "Service %s: no rule has found a deployment since %s",
	  "Service %s: its rules match again",
	  "Service %s: its rules are no longer watched",
	  "Compare its rules with what the source has.",
	  "\"dorad doctor\" shows what they would count." },
	{ "channel_failing", "Channel %s: no message has got through since %s",
	  "Channel %s: messages get through again", "Channel %s: no longer watched",
	  "What waits is delivered once it works.", "\"dorad doctor\" tries it." },
	{ "channel_test", "Test message of dorad for channel %s: nothing is wrong",
	  "Test message of dorad for channel %s: over", "Test message of dorad",
	  "Somebody asked for it with \"dorad alerts test\"; there is nothing to do.",
	  NULL },
};

static char *fill(const char *form, const char *name, const char *when)
{
	g_auto(GStrv) parts = g_strsplit(form, "%s", 3);

	return g_strconcat(parts[0], name, parts[1], parts[1] && parts[2] ? when : NULL,
			   NULL);
}

static char *self_headline(const struct alert_row *row, gsize *trouble)
{
	g_autofree char *name = alert_clean(row->name, 80);
	g_autofree char *when = alert_clock(row, row->onset);
	bool firing = alert_is_firing(row);
	bool gone = g_strcmp0(row->state, "withdrawn") == 0;
	g_autofree char *label = NULL;

	for (*trouble = 0; *trouble < G_N_ELEMENTS(troubles); ++*trouble)
		if (g_strcmp0(row->metric, troubles[*trouble].metric) == 0)
			return fill(firing ? troubles[*trouble].bad
				    : gone ? troubles[*trouble].gone
					   : troubles[*trouble].good,
				    name, when);
	label = alert_metric_label(row->metric, true);
	return g_strdup_printf("%s: %s since %s%s", name, label, when,
			       firing ? ""
			       : gone ? ", no longer watched"
				      : ", over");
}

/* Why it fired is no longer so once it is over. */
static char *self(const struct alert_row *row)
{
	gsize trouble;
	g_autofree char *headline = self_headline(row, &trouble);
	GString *out = g_string_new(headline);

	g_string_append_c(out, '.');
	if (!alert_is_firing(row))
		return g_string_free(out, FALSE);
	add_reason(out, row);
	if (trouble == G_N_ELEMENTS(troubles))
		return g_string_free(out, FALSE);
	add(out, troubles[trouble].then);
	if (!strstr(out->str, "dorad doctor"))
		add(out, troubles[trouble].doctor);
	return g_string_free(out, FALSE);
}

/* ---- all ---- */

static char *regression_headline(const struct alert_row *row, bool news)
{
	g_autofree char *label = alert_metric_label(row->metric, false);
	g_autofree char *scope = alert_scope(row);
	g_autofree char *effect = alert_effect(row);
	g_autofree char *when = since(row);
	const char *surer = news ? alert_surer(row) : NULL;

	if (alert_is_firing(row))
		return g_strdup_printf("%s, %s: %s%s%s%s", label, scope,
				       surer ? surer : "",
				       surer  ? " evidence now: "
				       : news ? "now "
					      : "",
				       effect, when);
	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
		if (g_strcmp0(row->state, endings[i].state) == 0)
			return g_strdup_printf("%s, %s: %s%s%s", label, scope,
					       endings[i].title, effect, when);
	return g_strdup_printf("%s, %s: %s", label, scope, row->state);
}

static char *guardrail_headline(const struct alert_row *row)
{
	g_autofree char *label = alert_figure(row);
	g_autofree char *scope = alert_scope(row);
	g_autofree char *name = alert_clean(row->name, 80);
	g_autofree char *value = alert_guarded(row, row->shift.after.rate);
	g_autofree char *limit = alert_guarded(row, row->shift.before.rate);

	if (!alert_is_firing(row))
		return g_strdup_printf("Guardrail %s, %s: %s", name, scope, row->state);
	return g_strdup_printf(
		"Guardrail %s, %s: %s %s, %s %s allowed", name, scope, label, value,
		row->shift.after.rate < row->shift.before.rate ? "at least" : "at most",
		limit);
}

char *alert_headline(const struct alert_row *row, bool news)
{
	gsize trouble;

	switch (row->kind) {
	case WATCH_GUARDRAIL:
		return guardrail_headline(row);
	case WATCH_INCIDENT:
		return incident_headline(row);
	case WATCH_SELF:
		return self_headline(row, &trouble);
	case WATCH_REGRESSION:
	default:
		return regression_headline(row, news);
	}
}

char *alert_sentence(const struct alert_row *row, bool news)
{
	switch (row->kind) {
	case WATCH_GUARDRAIL:
		return guardrail(row);
	case WATCH_INCIDENT:
		return incident(row);
	case WATCH_SELF:
		return self(row);
	case WATCH_REGRESSION:
	default:
		return alert_is_firing(row) ? regression(row, news)
					    : regression_ended(row);
	}
}
