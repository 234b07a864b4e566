#pragma once

/*
 * The notice of incidents that are open for very long: what the end of a day makes of
 * what is known by then. Pure, and nothing is remembered but what fires: a day with the
 * same facts gives the same answer, whether it is lived, caught up with or played again.
 * It is no test of a change, so silence does not matter.
 */
#include "metrics/watch.h"

/* The 95th percentile of fewer is hardly more than their longest. */
#define OPEN_RESTORED_MIN 19
#define OPEN_YEAR_DAYS 365
/* What has been too long for longer is no news: when watching begins there may be years
 * of it. */
#define OPEN_NEWS_DAYS 30

/* An incident that counts, with one service that it is of. */
struct open_incident {
	char *name;	     /* source, project and number: "github acme/shop 17" */
	gint64 began, ended; /* ended: INSTANT_NONE: it is open */
	gint64 from, to;     /* the service is the scope's in (from, to] */
};

/* One that fires. */
struct open_alert {
	const char *name; /* borrowed */
	guint environment;
	gint64 fired; /* the end of the day on which it did */
};

/* What began or ended on a day. */
struct open_event {
	const char *name;		      /* borrowed */
	const struct open_incident *incident; /* NULL: it does not count any more */
	/* WATCH_FIRED; WATCH_RESOLVED: it was restored; WATCH_WITHDRAWN: it does not
	 * count, or was over before it fired */
	enum watch_event event;
};

/* Those that were restored in the year before: how many, and their 95th percentile in
 * seconds, as percentile_cont; NAN if they are too few. */
struct open_usual {
	gint64 n;
	double p95;
};

/* A day of one environment of a scope. */
struct open_day {
	/* of struct open_incident: all that are open on it or were restored in the year
	 * before; those of one name beside each other */
	const GArray *incidents;
	guint environment;
	gint64 year, end; /* when the year before began, and when the day ended */
	bool masked;	  /* nothing begins or ends on it */
};

/* Takes what fires (of struct open_alert, of all environments: what is told in one is not
 * told in another) through the day, and appends to events (of struct open_event) what
 * happened on it. The names are those of the incidents. */
void open_incidents_judge(const struct open_day *day, GArray *firing,
			  struct open_usual *usual, GArray *events);
