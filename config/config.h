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

struct config_database {
	char *uri; /* libpq URI or key=value string, without a password */
	struct secret_ref *password; /* NULL: none (peer, trust, .pgpass is never read) */
	char *reader_role;	     /* default dora_reader; "" creates and grants none */
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

struct config_component {
	char *repository; /* names a sources.git row */
	char **paths;	  /* globs; none: the whole repository */
	unsigned n_paths;
	char *baseline; /* a full sha, or NULL: the first rollout */
};

enum config_from { FROM_TAGS, FROM_TRUNK, FROM_HEADS, FROM_FILE };
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
	char *environment; /* default "production"; file: for lines that name none */
};

enum config_finished { FINISHED_ALL, FINISHED_FIRST };

/* A rollout group of production environments. */
struct config_group {
	char *name; /* published as "environment" */
	char **environments;
	unsigned n_environments;
	enum config_finished finished;
};

enum config_commit_time { COMMIT_TIME_AUTHORED, COMMIT_TIME_COMMITTED };

struct config_service {
	char *name;
	char *team;
	char *time_zone; /* default: the team's */
	struct config_component *components;
	unsigned n_components;
	struct config_rule *deployments;
	unsigned n_deployments;
	struct config_group
		*production; /* default: one group "production" with that environment */
	unsigned n_production;
	enum config_commit_time commit_time;
};

struct config_team {
	char *name;
	char *org;
	char *time_zone;
};
struct config_org {
	char *name;
	char *time_zone;
}; /* time_zone default UTC */
struct config_sources {
	struct config_git *git;
	unsigned n_git;
};

struct config {
	struct config_database *database;
	struct config_schedule *schedule;
	struct config_privacy *privacy;
	struct config_sources *sources;
	struct config_org *orgs;
	unsigned n_orgs;
	struct config_team *teams;
	unsigned n_teams;
	struct config_service *services;
	unsigned n_services;
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

/* Look-ups by name in a loaded configuration; NULL if there is none (or name is NULL). */
const struct config_git *config_git(const struct config *config, const char *name);
const struct config_team *config_team(const struct config *config, const char *name);
const struct config_org *config_org(const struct config *config, const char *name);
const struct config_service *config_service(const struct config *config,
					    const char *name);
