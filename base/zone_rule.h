#pragma once

/*
 * The rule at the end of a compiled time zone: the TZ variable of POSIX with RFC 8536's
 * extensions, such as "CET-1CEST,M3.5.0,M10.5.0/3". All times are seconds.
 */
#include <glib.h>
#include <stdbool.h>

/* A moment of every year, by the clock that is about to be changed. */
struct zone_rule_date {
	char kind;   /* 'M': day of a week of a month; 'J': 1 … 365, never 29 February;
			'N': 0 … 365 */
	int month;   /* 'M': 1 … 12 */
	int week;    /* 'M': 1 … 5, 5 is the last */
	int day;     /* 'M': 0 (Sunday) … 6; else of the year */
	gint64 time; /* after local midnight; may be negative or more than a day */
};

struct zone_rule {
	gint64 standard, summer;	  /* to add to UTC */
	bool has_summer;		  /* else only standard is set */
	struct zone_rule_date start, end; /* of summer time */
};

/* Parses the n bytes of a rule. False, *rule undefined, if they are anything else. */
bool zone_rule_parse(const char *text, gsize n, struct zone_rule *rule);

/* When summer time starts and ends in a year, in seconds since 1970 UTC. The rule must
 * have summer time. */
void zone_rule_year(const struct zone_rule *rule, int year, gint64 *start, gint64 *end);
