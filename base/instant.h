#pragma once

/*
 * Instants and spans. An instant is a gint64: microseconds since 1970-01-01 00:00 UTC,
 * always UTC, never local time. A span is a GTimeSpan (microseconds). Nothing here asks
 * the clock: the loop does, and passes the answer in.
 */
#include <glib.h>
#include <stdbool.h>

/* No instant: unknown, unreadable or out of every bound. */
#define INSTANT_NONE G_MININT64

/* Instants outside [INSTANT_MIN, INSTANT_MAX) are never believed (exclusion
 * "implausible_time"): a commit dated 1970 comes from a machine whose clock was not set,
 * one dated 2100 from a typo. */
#define INSTANT_MIN (G_GINT64_CONSTANT(31536000) * G_USEC_PER_SEC)   /* 1971-01-01 */
#define INSTANT_MAX (G_GINT64_CONSTANT(4102444800) * G_USEC_PER_SEC) /* 2100-01-01 */

static inline bool instant_is_plausible(gint64 t)
{
	return t >= INSTANT_MIN && t < INSTANT_MAX;
}

/* Seconds since 1970 to an instant; INSTANT_NONE if it does not fit. */
gint64 instant_from_seconds(gint64 seconds);

/* RFC 3339 with a zone ("2026-03-01T12:00:00Z", "…+01:00", fraction of up to 9 digits
 * optional), read as instant_parse_loose() does.
 * False, *result untouched, if text is anything else. */
bool instant_parse(const char *text, gint64 *result);

/*
 * What APIs send for an instant: RFC 3339, but also without seconds, with a fraction of 1
 * to 9 digits after a point or comma (cut to microseconds), with an offset as +0000 or
 * +00, with a space before the zone, and without a zone, which is taken for UTC. A leap
 * second (:60) is the first of the next minute. Any year from 1 to 9999 is read,
 * plausible or not. False, *result untouched, if text is anything else: a date alone,
 * 24:00, an offset of a day.
 */
bool instant_parse_loose(const char *text, gint64 *result);

/* "2026-03-01T12:00:00Z", with ".ffffff" only if there are microseconds. The caller
 * frees. */
char *instant_format(gint64 t);

/* A span as people write it in dorad.yaml: digits and one of us, ms, s, m, h, d, w
 * ("90s", "5m", "36h"). No sign, no sum. False, *result untouched, if text is anything
 * else or overflows. */
bool span_parse(const char *text, GTimeSpan *result);

/* A span for people, two units at most: "3d 4h", "12m 5s", "0s". The caller frees. */
char *span_format(GTimeSpan span);
