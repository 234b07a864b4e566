#pragma once

/*
 * What the parts of `dorad alerts` share. Each is a command of its own, named "alerts
 * list", …; argv[0] is the word.
 */
#include "collector/options.h"
#include "sinks/store_alerts.h"

extern const struct command alerts_list, alerts_show, alerts_ack, alerts_accept,
	alerts_mute, alerts_unmute, alerts_mutes, alerts_test;

/* Which service, team or org, at most one. */
struct alerts_scope {
	char *service, *team, *org;
};
void alerts_scope_clear(struct alerts_scope *scope);
#define ALERTS_SCOPE_OPTIONS(scope, what)                                                \
	{                                                                                \
		"service",                                                               \
		0,                                                                       \
		0,                                                                       \
		G_OPTION_ARG_STRING,                                                     \
		&(scope).service,                                                        \
		what " of this service",                                                 \
		"NAME"                                                                   \
	},                                                                               \
		{ "team",                                                                \
		  0,                                                                     \
		  0,                                                                     \
		  G_OPTION_ARG_STRING,                                                   \
		  &(scope).team,                                                         \
		  what " of this team and its services",                                 \
		  "NAME" },                                                              \
	{                                                                                \
		"org", 0, 0, G_OPTION_ARG_STRING, &(scope).org,                          \
			what " of this org and all that is in it", "NAME"                \
	}
#define ALERTS_CONFIG_OPTION(config)                                                     \
	{                                                                                \
		"config", 0, 0, G_OPTION_ARG_FILENAME, &(config),                        \
			"the configuration (default: $DORAD_CONFIG or " CONFIG_PATH ")", \
			"FILE"                                                           \
	}
/* Its kind and name (NULL: none). False: it has been said, return EXIT_USAGE. */
bool alerts_scope_check(const struct command *command, const struct alerts_scope *scope,
			const struct config *config, enum scope_kind *kind,
			const char **name);

/* The only argument as a number; with `may`, 0 if there is none. False: it has been said,
 * return EXIT_USAGE. */
bool alerts_number(const struct command *command, int argc, char **argv, bool may,
		   gint64 *number);

/* Says what went wrong; the exit status. */
int alerts_fail(const struct command *command, const GError *error);
/* Says that there is no such thing; the exit status. */
int alerts_missing(const struct command *command, const char *what, gint64 number);
/* EXIT_OK, if all has been written. */
int alerts_done(const struct command *command);

/* ---- words ---- */

/* "2026-03-03": the local date of an instant, or "-". The caller frees. */
char *alerts_date(gint64 instant, const char *time_zone);
/* "payments", "checkout (team)", "acme (org)", "github (dorad)". */
char *alerts_scope_words(const struct alert_row *row);
/* "2.1×"; of a guardrail "0.21 (limit 0.15)"; else "". */
char *alerts_change(const struct alert_row *row);
/* "14 : 1, strong"; "" where there is none. */
char *alerts_evidence(const struct alert_row *row);
