#pragma once

/*
 * What is watched, when it is holiday, and who is told: part of struct config
 * (config/config.h), on the same terms. Without `alerts` nothing is watched.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/secret.h"
#include "metrics/calendar.h"
#include "metrics/shift.h"

struct config_rest_auth;

enum config_channel_kind {
	CHANNEL_ALERTMANAGER,
	CHANNEL_WEBHOOK,
	CHANNEL_SLACK,
	CHANNEL_TEAMS,
	CHANNEL_PAGERDUTY,
	CHANNEL_EMAIL,
	CHANNEL_NOTIFY,	 /* PostgreSQL's NOTIFY, in the transaction itself */
	CHANNEL_JOURNAL, /* the log */
	N_CHANNEL_KINDS,
};
const char *config_channel_kind_name(enum config_channel_kind kind);

/* Both of Alertmanager and of webhooks: where to POST. Slack, Teams: the url is a secret
 * itself. */
struct config_channel_http {
	char *url;		       /* alertmanager (without /api/v2), webhook */
	struct secret_ref *secret_url; /* slack, teams: "url" in the file */
	struct secret_ref *token; /* alertmanager, webhook: Bearer, or as auth says */
	struct config_rest_auth *auth;
	struct secret_ref *secret; /* webhook: HMAC-SHA256 of the body; NULL: unsigned */
	char *ca_file;
};
struct config_channel_pagerduty {
	char *url; /* default https://events.pagerduty.com/v2/enqueue */
	struct secret_ref *routing_key;
	char *ca_file;
};
enum config_tls { TLS_STARTTLS, TLS_IMPLICIT, TLS_NONE /* loopback alone */ };
struct config_channel_email {
	char *server; /* "smtp.example.org:587" */
	enum config_tls tls;
	char *username; /* NULL: none */
	struct secret_ref *password;
	char *from;
	char **to;
	unsigned n_to;
	char *ca_file;
};
struct config_channel_notify {
	char *channel; /* default dorad_alerts */
};

/* Exactly one of the pointers, or journal, says what kind it is. */
struct config_channel {
	char *name;
	enum config_channel_kind kind; /* set by config_load() */
	struct config_channel_http *alertmanager, *webhook, *slack, *teams;
	struct config_channel_pagerduty *pagerduty;
	struct config_channel_email *email;
	struct config_channel_notify *notify;
	bool journal;
	char *resend; /* alertmanager: how often what fires is told again; default 5m.
			 Of others NULL */
	gint64 resend_us;
};

enum config_durations { DURATIONS_ELAPSED, DURATIONS_WORKING_DAYS };

/* Which series are watched, and how. The first rule that fits a series is its rule. */
struct config_alert_rule {
	char *name;
	char **metrics; /* default: the five and time_to_restore */
	unsigned n_metrics;
	/* Globs for names of scopes, each scope for itself: teams does not mean the
	 * services of a team. None of the three: every team and every service. */
	char **orgs, **teams, **services;
	unsigned n_orgs, n_teams, n_services;
	char **environments; /* globs for rollout groups; none: all */
	unsigned n_environments;
	enum shift_sensitivity sensitivity;
	char *at_least; /* the least ratio worth telling: "1.5"; NULL: the engine's own */
	double gate;	/* 0: the engine's own */
	enum config_durations durations;
	bool improvements; /* look for them, too; they are never told. Default true */
	char **channels;   /* default: every channel; given and empty: nobody is told */
	unsigned n_channels;
};

/* Days that say nothing, for teams that name it. */
struct config_calendar {
	char *name;
	char **files; /* iCalendar: every event's days (config/calendar_file.h) */
	unsigned n_files;
	char **days; /* "12-25", "12-20..01-02" of each year; "2026-05-14",
			"2026-05-14..2026-05-17"; "easter", "easter-2", "easter+39" */
	unsigned n_days;
	char **freezes; /* days likewise, called a freeze */
	unsigned n_freezes;
	struct calendar *calendar; /* made of it by config_load() */
};

/* What the daemon says of itself. */
struct config_alerts_self {
	bool off;
	char *stale_after; /* default 24h: a source without a good poll */
	char *fails_after; /* default 15m: refused credentials */
	gint64 stale_after_us, fails_after_us;
	char **channels; /* as those of rules */
	unsigned n_channels;
};

struct config_alerts {
	struct config_alert_rule *rules; /* default: one, "default", of all defaults */
	unsigned n_rules;
	struct config_channel *channels;
	unsigned n_channels;
	struct config_alerts_self *self;
	char **guardrail_channels; /* as channels of rules */
	unsigned n_guardrail_channels;
	char *lag; /* default 6h: a day is judged so long after its end */
	gint64 lag_us;
	char *link; /* NULL, or a url in which {org}, {team}, {service}, {metric},
		       {environment}, {from} and {to} (dates) are replaced */
};

struct config;

/* The calendar of a team (`calendar`; default: the row named "default", else 20 December
 * to 2 January); borrowed, as long as config lives. team NULL, for an org: the default
 * one. Never NULL. */
const struct calendar *config_calendar(const struct config *config, const char *team);
/* The first rule that fits; NULL: it is not watched. The scope is the service, if one is
 * given, else the team, else the org; what it belongs to may be given and is not looked
 * at. */
const struct config_alert_rule *
config_alert_rule(const struct config *config, const char *org, const char *team,
		  const char *service, const char *environment, const char *metric);
