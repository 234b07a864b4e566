#pragma once

/*
 * The configuration as the program uses it: what dorad.yaml says, defaults filled in,
 * references resolved, every value checked. Loaded by config/load.c through libcyaml
 * schema tables; the same tables make "dorad config check", "show" and "schema".
 * Immutable once loaded and shared between threads by reference (config_ref), so a reload
 * swaps one pointer in the loop. Only config_load() and config_load_text() make one: the
 * look-ups below need what stands behind it.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "config/config_alerts.h"
#include "config/config_goals.h"
#include "drivers/driver.h"

struct config_database {
	char *uri; /* libpq URI or key=value string, without a password */
	struct secret_ref *password; /* NULL: none (peer, trust, .pgpass is never read) */
	char *reader_role;	     /* default dora_reader; "" creates and grants none */
	char *devlake_schema;	     /* default "": none */
};

struct config_schedule {
	char *every;	  /* default 5m: between polls of a source */
	char *timeout;	  /* default 15m: the deadline of one git fetch */
	unsigned workers; /* default 4 */
	gint64 every_us, timeout_us;
};

struct config_privacy {
	unsigned minimum_authors;      /* default 3 */
	struct secret_ref *author_key; /* NULL: a key made once in the state directory */
};

/* How long facts are kept after they ended; NULL and 0: for ever. */
struct config_retention {
	char *authors, *runs, *changes, *incidents, *kpis;
	gint64 authors_us, runs_us, changes_us, incidents_us, kpis_us;
};

/* What a minute of a pipeline takes. */
struct config_ci_cost {
	unsigned watts;	       /* of a machine that runs a job; default 20; 0: off */
	char *cost_per_minute; /* NULL: none */
	double price;	       /* cost_per_minute as a number; NAN: none */
};

struct config_git {
	char *name;	/* the repository's name, in views and references */
	char *url;	/* https://, ssh://, user@host:path, /path or file:///path;
			   http:// only to loopback */
	char *username; /* for https; default x-access-token; NULL without a token */
	struct secret_ref *token; /* for https */
	char *ca_file;		  /* for https; NULL: the system's */
	struct secret_ref
		*ssh_key;      /* for ssh; required there; not from the environment */
	char *known_hosts;     /* for ssh; required there */
	bool allow_file;       /* a path on this machine must be allowed explicitly */
	char *every, *timeout; /* default: the schedule's */
	gint64 every_us, timeout_us;
};

/* A GitHub App, instead of a token. */
struct config_app {
	char *id, *installation;
	struct secret_ref *key; /* PEM, RSA */
};

/* A source that the REST engine reads, whatever its driver; which of these a driver takes
 * its settings say (drivers/driver.h). */
struct config_api {
	char *name;
	char *url;	/* default: the driver's; without a slash at the end */
	char *username; /* basic authentication */
	struct secret_ref *token;
	struct config_app *app;
	char *ca_file; /* NULL: the system's */
	char **projects;
	unsigned n_projects;
	char *organization;
	char **services, **labels, **types; /* services: of sources.rest only */
	unsigned n_services, n_labels, n_types;
	char *query;
	char **debt_labels, *debt_query; /* which issues are technical debt */
	unsigned n_debt_labels;
	char **read; /* names of feeds; none: what the rules need and the usual */
	unsigned n_read;
	char *history; /* how far back the first poll reads; default 180d */
	char *every;   /* default: the schedule's */
	gint64 history_us, every_us;
	const struct driver *driver; /* set by config_load() */
};

struct config_api_list {
	struct config_api *rows;
	unsigned n;
};

/* ---- sources.rest: a driver in YAML ---- */

struct config_rest_state {
	char *word; /* NULL: any other */
	enum outcome outcome;
	bool done;
};

#define REST_PATHS 38 /* rows of item_members */

struct config_rest_feed {
	char *name;
	enum item_kind kind;
	char *method, *path, *body, *item_path, *item_at, *items;
	enum feed_order order;
	enum time_format time;	/* of {since} and {until} */
	enum time_format times; /* of answers: TIME_RFC3339, _EPOCH or _EPOCH_MS */
	enum paging paging;
	unsigned size, cap;
	char *token_path, *token_header, *overlap;
	char *on_absence; /* ORDER_STATE: required there */
	char **fields;	  /* REST_PATHS paths, as item_members; NULL: not mapped */
	struct config_rest_state *states;
	unsigned n_states;
};

struct config_rest_auth {
	char *header, *prefix;
};

/* The engine sees its `api` with a driver made of the rest. */
struct config_rest {
	struct config_api api;
	struct config_rest_auth *auth; /* NULL: Authorization: Bearer */
	char *pace;
	struct config_rest_feed *feeds;
	unsigned n_feeds;
};

/* A query on any PostgreSQL: each row an item, its columns named as item_members, and
 * "outcome" and "done" besides. $1 is the instant since which changes are wanted. */
struct config_sql {
	char *name;
	char *uri;
	struct secret_ref *password;
	char *kind; /* item_kind_name() */
	char *query;
	char *history, *every;
	gint64 history_us, every_us;
};

/* ---- push ---- */

struct config_push_client {
	char *name;		   /* in logs */
	struct secret_ref *token;  /* bearer; or */
	struct secret_ref *secret; /* of HMAC-SHA256 signatures */
	char **services;	   /* that it may speak of; none: all */
	unsigned n_services;
};

struct config_push {
	char *listen;	   /* "127.0.0.1:9440", "[::]:9440", or a path: a Unix socket */
	char *certificate; /* PEM file; required unless loopback or a socket */
	struct secret_ref *key;
	struct config_push_client *clients;
	unsigned n_clients;
	unsigned per_minute; /* requests of a client; default 600 */
};

/* ---- technical debt ---- */

struct config_debt_class {
	char *class;
	char **labels; /* globs, in any case */
	unsigned n_labels;
};

/* Issues that are debt of a service: of the source, the projects and the labels that are
 * given. */
struct config_debt_service {
	char *service;
	char *source;
	char **projects, **labels; /* globs, in any case */
	unsigned n_projects, n_labels;
};

struct config_debt {
	struct config_debt_class *classes; /* the first that fits is an issue's */
	unsigned n_classes;
	struct config_debt_service *services;
	unsigned n_services;
};

struct config_component {
	char *repository; /* names a sources.git row */
	char **paths;	  /* globs; none: the whole repository */
	unsigned n_paths;
	char *baseline; /* a full sha, or NULL: the first rollout */
};

enum config_from {
	FROM_TAGS,
	FROM_TRUNK,
	FROM_HEADS,
	FROM_FILE,
	FROM_DEPLOYMENTS, /* records of a deployments API */
	FROM_JOBS,	  /* jobs of pipeline runs, each judged by itself */
	FROM_RUNS,	  /* pipeline runs as a whole */
	FROM_RELEASES,	  /* releases, not drafts */
	FROM_PUSH,	  /* told by clients of the push server */
};
#define FROM_IS_GIT(from) ((from) <= FROM_FILE)
/* Where the revision of an item is. A short sha, a tag or an image digest is resolved to
 * a commit of the rule's repository. */
enum config_revision {
	REVISION_SHA,	  /* item.sha */
	REVISION_REF,	  /* item.ref: a tag or branch name */
	REVISION_VERSION, /* item.version or a release's name */
	REVISION_IMAGE,	  /* the first of item.images that pattern fits */
	REVISION_FILE,	  /* a file in a configuration repository (GitOps) */
};
enum config_each { EACH_COMMIT, EACH_DAY };
enum config_tag_time { TAG_TIME_TAGGED, TAG_TIME_FIRST_SEEN };

/* Where a service's deployments come from. */
struct config_rule {
	enum config_from from;
	char *repository; /* default: the only component's */
	char **tags;	  /* tags: glob patterns, default "*" */
	unsigned n_tags;
	char **except; /* tags and heads: glob patterns left out */
	unsigned n_except;
	enum config_tag_time finished; /* tags: the tagger's (lightweight: commit's) time,
					  or first sight */
	char *branch;	       /* trunk: default the remote's HEAD; file: likewise */
	enum config_each each; /* trunk: every first-parent commit, or the last of each
				  local day */
	char **branches;       /* heads: glob patterns; required */
	unsigned n_branches;
	char *file;	   /* file: path of the JSON lines in the repository; required */
	char *environment; /* default "production"; file: for lines that name none;
			      deployments and push: NULL, the record's own */

	/* of items of a source */
	char *source;	     /* required but for push */
	char *project;	     /* default: the only one of the source; "*": any */
	char **environments; /* deployments, jobs, push: glob patterns; none: all */
	unsigned n_environments;
	char **jobs, **workflows; /* regular expressions for the whole name; jobs:
				     required there */
	unsigned n_jobs, n_workflows;
	char **skip; /* regular expressions: a job, workflow, environment, version or ref
			that one of them is found in does not count (dry runs) */
	unsigned n_skip;
	char **names; /* push: what clients call the service; default its name */
	unsigned n_names;
	/* branches (above) narrows jobs, runs and deployments too. Its revision: */
	enum config_revision revision;
	char *pattern;	/* a regular expression: its first group is the revision (or the
			   tag) in that text; default the whole */
	char *manifest; /* revision file: path of a file in manifest_repository, as of
			   the commit that was deployed, that pattern is looked for in */
	char *manifest_repository;
};

enum config_finished { FINISHED_ALL, FINISHED_FIRST };

/* A rollout group of production environments. */
struct config_group {
	char *name; /* published as "environment" */
	char **environments;
	unsigned n_environments;
	enum config_finished finished;
};

enum config_commit_time {
	COMMIT_TIME_AUTHORED,
	COMMIT_TIME_COMMITTED,
	COMMIT_TIME_MERGED, /* of its change; committed where it has none */
};

/* Which incidents concern a service: every key that is given narrows. */
struct config_incident_rule {
	char *source;	 /* NULL: any */
	char *project;	 /* of the source; NULL: any */
	char **services; /* globs: what the source calls the affected service */
	unsigned n_services;
	char **labels; /* globs: one of them fits one label */
	unsigned n_labels;
	char **severities; /* globs, any case; none: every severity */
	unsigned n_severities;
	char **titles; /* regular expressions: one is found in the title */
	unsigned n_titles;
	char **skip; /* regular expressions: an incident whose title, category or a label
			one is found in does not count */
	unsigned n_skip;
	char *environment; /* the rollout group it is about; NULL: all of the service */
};

enum config_remedy { REMEDY_ROLL_FORWARD, REMEDY_HOTFIX };

/* Which rollouts repair an earlier one. A rollout fits if any key does: of its deployment
 * (branches) or of a commit or change that it ships. The first rule that fits says what
 * it is. */
struct config_remediation {
	enum config_remedy kind;
	bool reverts;	 /* a commit "This reverts commit …", a change or commit titled
			    Revert "…" */
	char **branches; /* globs: of the deployment, or the head branch of a change */
	unsigned n_branches;
	char **labels; /* globs: of changes */
	unsigned n_labels;
	char **titles; /* regular expressions: found in the title of a change, or the
			  subject of a commit */
	unsigned n_titles;
	char **trailers; /* names of trailers of commits; a sha in one names the commit
			    repaired */
	unsigned n_trailers;
};

/* What does not count in change lead time, reason "rule". */
struct config_exclude {
	bool bots;	/* changes that a machine opened */
	char **authors; /* globs for "Name <address>" of a commit's author; looked at
			   while the commit is read, and never kept */
	unsigned n_authors;
	char **labels; /* globs: of changes */
	unsigned n_labels;
};

/* A team that a service belonged to before, up to a date. */
struct config_owner {
	char *team;
	char *until;	 /* the first day it did not, as 2026-03-01 */
	gint64 until_us; /* its beginning in the zone of the service */
};

/* Runs of pipelines that belong to a service (dora.pipeline_series). */
struct config_pipeline {
	char *source;
	char *project;	  /* default: the only one of the source; "*": any */
	char **workflows; /* regular expressions for the whole name; none: all */
	unsigned n_workflows;
	char **branches; /* glob patterns; none: all */
	unsigned n_branches;
};

struct config_service {
	char *name;
	char *team;
	struct config_owner *owners; /* earlier teams, oldest first */
	unsigned n_owners;
	struct config_incident_rule
		*incidents; /* default: those whose services have its name */
	unsigned n_incidents;
	struct config_remediation *remediation; /* default: reverts; hotfix branches and
						   labels */
	unsigned n_remediation;
	struct config_exclude *exclude; /* NULL: nothing */
	char *failure_window;		/* default 72h */
	gint64 failure_window_us;
	char *time_zone; /* default: the team's */
	struct config_component *components;
	unsigned n_components;
	struct config_rule *deployments;
	unsigned n_deployments;
	struct config_group
		*production; /* default: one group "production" with that environment */
	unsigned n_production;
	enum config_commit_time commit_time;
	struct config_pipeline *pipelines; /* NULL: see config_pipelines() */
	unsigned n_pipelines;
};

struct config_team {
	char *name;
	char *org;
	char *time_zone;
	char *calendar; /* NULL: the default one, config_calendar() */
};
struct config_org {
	char *name;
	char *time_zone;
}; /* time_zone default UTC */
struct config_sources {
	struct config_git *git;
	unsigned n_git;
	struct config_api_list api[N_DRIVERS]; /* by driver, as drivers[] */
	struct config_rest *rest;
	unsigned n_rest;
	struct config_sql *sql;
	unsigned n_sql;
};

/* A source of any kind; names are unique among all. A KPI but one of dora is one. */
enum source_kind { SOURCE_GIT, SOURCE_API, SOURCE_SQL, SOURCE_PUSH, SOURCE_KPI };
struct config_source {
	enum source_kind kind;
	const char *name; /* of the push server: "push" */
	const char *type; /* "git", the driver's name, "rest", "sql", "push", "kpi" */
	const struct config_git *git;
	const struct config_api *api;
	const struct config_sql *sql;
	const struct config_kpi *kpi;
	gint64 every_us; /* between polls; push: between looks at what was pushed */
};

struct config {
	struct config_database *database;
	struct config_schedule *schedule;
	struct config_privacy *privacy;
	struct config_retention *retention;
	struct config_ci_cost *ci_cost;
	struct config_sources *sources;
	struct config_push *push; /* NULL: off */
	struct config_debt *debt; /* NULL: all of one class */
	struct config_org *orgs;
	unsigned n_orgs;
	struct config_team *teams;
	unsigned n_teams;
	struct config_service *services;
	unsigned n_services;
	struct config_north_star *north_star; /* NULL: none */
	struct config_kpi *kpis;
	unsigned n_kpis;
	struct config_guardrail *guardrails;
	unsigned n_guardrails;
	struct config_alerts *alerts; /* NULL: nothing is watched */
	struct config_calendar *calendars;
	unsigned n_calendars;
	struct config_source *all; /* every source: git, API, rest, SQL, push, KPI */
	unsigned n_all;
};

/* One thing wrong: "file:line: key: what is wrong, what is expected". */
struct config_fault {
	guint line; /* 1-based; 0: the file as a whole */
	char *key;  /* "services[2].time_zone"; NULL: the file as a whole */
	char *text; /* what is wrong, what is expected; never a secret */
};

/* Reads and checks a file (at most 4 MiB). NULL if anything is wrong, with every fault in
 * *faults (an array of struct config_fault, in order of line, those of the whole file
 * first; at most some 500; the caller frees with g_ptr_array_unref). On success the array
 * is empty. */
struct config *config_load(const char *path, GPtrArray **faults);
/* The same for text; name stands for the file in messages. */
struct config *config_load_text(const char *name, const char *text, gsize n,
				GPtrArray **faults);
/* "file:line: key: text"; the caller frees. */
char *config_fault_format(const char *path, const struct config_fault *fault);

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* NULL is fine */
DEFINE_CLEANUP(struct config *, config_unref);

#define CONFIG_PATH "/etc/dorad/dorad.yaml"
/* The file a command reads: its --config option (NULL: not given), else $DORAD_CONFIG,
 * else CONFIG_PATH. Borrowed. */
const char *config_path(const char *option);

/* The effective values as YAML, defaults included: what "dorad config show" prints. */
char *config_show(const struct config *config);
/* The JSON Schema (2020-12) of dorad.yaml: what "dorad config schema" prints. */
char *config_schema_json(void);

/* The pipelines of a service: its own rows, or those that its rules of jobs, runs and
 * deployments read. An array of struct config_pipeline, what is in it borrowed; the
 * caller unrefs. */
GArray *config_pipelines(const struct config_service *service);

/* Whether a source of this type can have items of a kind, and whether this one reads
 * them. */
bool config_source_has(const struct config_source *source, enum item_kind kind);
bool config_source_reads(const struct config_source *source, enum item_kind kind);

/* Whether a list of the configuration has a word. */
bool config_lists(char *const *list, unsigned n, const char *word);

/* Look-ups by name in a loaded configuration; NULL if there is none (or name is NULL). */
const struct config_git *config_git(const struct config *config, const char *name);
const struct config_source *config_source(const struct config *config, const char *name);
const struct config_team *config_team(const struct config *config, const char *name);
const struct config_org *config_org(const struct config *config, const char *name);
const struct config_service *config_service(const struct config *config,
					    const char *name);
const struct config_kpi *config_kpi(const struct config *config, const char *name);
