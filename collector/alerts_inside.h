#pragma once

/*
 * What the parts of `dorad alerts` share. Each is a command of its own, named "alerts
 * list", …; argv[0] is the word.
 */
#include "collector/options.h"
#include "sinks/store_alerts.h"

extern const struct command alerts_list, alerts_show, alerts_ack, alerts_accept,
	alerts_mute, alerts_unmute, alerts_mutes, alerts_test;

/* The only argument as a number; with `may`, 0 if there is none. False: it has been said,
 * return EXIT_USAGE. */
bool alerts_number(const struct command *command, int argc, char **argv, bool may,
		   gint64 *number);

/* Says that there is no such thing; the exit status. */
int alerts_missing(const struct command *command, const char *what, gint64 number);
/* ---- words ---- */

/* "2026-03-03": the local date of an instant, or "-". The caller frees. */
char *alerts_date(gint64 instant, const char *time_zone);
/* Of the end of a day, or of an instant within one, that day, as messages tell it. */
char *alerts_shown_date(const struct alert_row *row, gint64 instant);
/* "payments", "checkout (team)", "acme (org, eu)", "github (dorad)": with the environment
 * where that is not production. */
char *alerts_scope_words(const struct alert_row *row);
/* "2.1×"; of a guardrail "5.2 d, at most 72 h", of an incident "open for 76 h, 95 % at
 * most 14 h"; else "". */
char *alerts_change(const struct alert_row *row);
/* "14 : 1, strong"; "" where there is none. */
char *alerts_evidence(const struct alert_row *row);
