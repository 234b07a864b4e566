#pragma once

/*
 * What a system looks like from outside: a description, not a program. The REST engine
 * (collector/rest/) reads it and does the work: paging, cursors, conditional requests,
 * rate limits, retries, re-polling of what is unfinished, reconciliation. A driver has no
 * I/O and, where a table can say it, no code.
 *
 * Templates (paths, bodies): {name} is a variable, percent-encoded for urls ('/' too;
 * {+name} keeps '/'), JSON-escaped in bodies. A query parameter whose value comes out
 * empty is left out. A path that starts with https:// is a whole url; else it is appended
 * to the source's url. Variables:
 *   project, owner, name   the project; before its first '/'; after its last '/'
 *   since, until           instants, written as the feed's time format says
 *   id, parent             of an item (item paths and details)
 *   page, offset, size, token   of the page (the engine appends none by itself)
 *   end                    offset + size: the first item that is not of the page
 *   jobs                   the project with "job/" before each of its parts, which is how
 *                          Jenkins finds it: job/folder/job/app
 *   query, labels, types, services, organization, debt_query, debt_labels   of the
 *                          source's configuration; lists are joined by commas
 *   environment            of the rules that use the source: one, or empty
 */
#include "drivers/item.h"

enum paging {
	PAGING_NONE, /* one page */
	PAGING_LINK, /* the Link header's rel="next"; a driver may require a parameter */
	PAGING_PAGE, /* {page}: 1, 2, 3 … until a page has fewer than size items */
	PAGING_OFFSET, /* {offset}: 0, size, 2·size … likewise */
	PAGING_TOKEN,  /* {token}: found at token_path in the answer, or in the header
			  token_header; none or "" ends */
	PAGING_NEXT,   /* token_path holds the next url */
	PAGING_KEYSET, /* {since} of the next page is the last item's updated time, and
			  {id} its id; until a page is empty, or has fewer than size items
			  and nothing new */
};

/* How a feed tells what is new. */
enum feed_order {
	ORDER_UPDATED, /* {since}: what changed since, least recent first (or in any
			  order, see any_order) */
	ORDER_NEWEST,  /* latest created first, no filter: read until older than the
			  cursor less overlap; unfinished items are asked for one by one */
	ORDER_RECENT,  /* latest changed first, no filter: read until older likewise */
	ORDER_CREATED, /* {since} and {until} on creation (inclusive): windows, halved
			  where a window reaches the cap; unfinished items one by one */
	ORDER_NUMBER,  /* ids are numbers that only grow, latest first, no time filter */
	ORDER_STATE,   /* only the present state can be seen: all of it, each time. What
			  is in it no more is over (on_absence) */
};

enum time_format {
	TIME_RFC3339,  /* 2026-03-01T12:00:00Z */
	TIME_EPOCH,    /* seconds */
	TIME_EPOCH_MS, /* milliseconds */
	TIME_DATE,     /* 2026-03-01, UTC, rounded down (since) or up (until) */
	TIME_SPACE,    /* 2026-03-01 12:00:00, UTC */
	TIME_JQL,      /* 2026-03-01 12:00, in the zone of the API's user (zone_path) */
};

/* A word of the source for what became of something. The last row of a table has a NULL
 * word and says what any other word means. Of an incident: running while it is open,
 * success once it is over, cancelled where it was none after all (declined, merged into
 * another, a duplicate), skipped where it never was one (maintenance, tests). */
struct state_map {
	const char *word; /* any case */
	enum outcome outcome;
	bool done;
};

/* When a detail is asked for. */
enum detail_when {
	DETAIL_MATCHED, /* where a rule may match the item: the usual case */
	DETAIL_ALWAYS,
};

/* A second request about one item: jobs of a run, statuses of a deployment. Paged like
 * its feed (paging of its own if set). The answer's items become items of their own
 * (fields), or merge() reads them into the item, or both: a run that says nothing of its
 * end itself is over when its workflows are. */
struct detail {
	const char *name;
	const char *path;
	const char *items; /* as in a feed */
	enum paging paging;
	const char *token_path;
	enum detail_when when;
	enum item_kind kind;		 /* of the children */
	const struct json_field *fields; /* NULL: merge */
	const struct state_map *states;
	bool (*accept)(const cJSON *json, struct item *child, GError **error);
	/* Each element of the answer in turn (once with the document if items is NULL).
	 */
	bool (*merge)(const cJSON *json, struct item *item, GError **error);
	/* Of each child in turn, one level deeper and no more: {id} is then the child's
	 * and {parent} the item's. NULL: none. */
	const struct detail *details;
	const char *scope; /* as in a feed */
};

/* Feeds of one kind hold different items: a sweep of one of them must not take what it
 * does not find for gone where another feed may have brought it. */
struct feed {
	const char *name; /* "runs" */
	enum item_kind kind;
	const char *help;   /* one sentence: what it reads */
	const char *method; /* NULL: GET */
	const char *path, *body;
	/* Where the path is below another address than the source's, as long as the
	 * source is at the driver's own url; NULL: it is not. A server of one's own has
	 * both in one place, and its credential goes nowhere else. */
	const char *url;
	/* For ORDER_NEWEST: a path with {since} and {until} on creation, for history and
	 * sweeps; NULL: they page through path. */
	const char *window_path;
	const char *item_path; /* one item by {id}, to ask again; NULL: sweeps must do */
	const char *item_at;   /* where item_path's answer has it; NULL: "" */
	const char *items;     /* path of the list in an answer; "" or NULL: the answer */
	enum feed_order order;
	enum time_format time;
	enum paging paging;
	guint size; /* items of a full page */
	guint cap;  /* of a filtered list: no more items come; 0: none known */
	const char *token_path, *token_header;
	const char *link_param, *link_value; /* PAGING_LINK: also required */
	GTimeSpan overlap;		     /* 0: 10 minutes */
	GTimeSpan window_max;	/* ORDER_CREATED: the longest window; 0: no limit */
	bool any_order;		/* ORDER_UPDATED: pages are not in order of change, so
				   the cursor moves only when all have been read */
	const char *on_absence; /* ORDER_STATE: the state of what is there no more */
	const struct json_field *fields; /* into struct item */
	const struct state_map *states;	 /* of item.state; NULL: accept() says all */
	/* Of incidents: paths of texts that people wrote, ends with NULL; NULL: none. The
	 * references in the first that has any are the cause, where nothing else told it;
	 * nothing else of such a text is kept. change_sign: see metrics/cause.h. */
	const char *const *told;
	char change_sign;
	/* What tables cannot say, after fields and states. Return false with DATA for an
	 * item that makes no sense. To skip one that is not meant (a pull request in a
	 * list of issues) free its id and set it to NULL. */
	bool (*accept)(const cJSON *json, struct item *item, GError **error);
	const struct detail *details; /* ends with a NULL name */
	bool on_request;   /* read only where the source's `read` names it, or (kinds
			      deployment, run, job, release) a rule needs it */
	bool needs_labels; /* read only where labels or types are configured */
	bool needs_query;  /* likewise where query is */
	bool needs_debt;   /* likewise where debt_labels or debt_query is */
	/* Read from the beginning, however short a history is configured, and again each
	 * week: what is open for years is as much of it as what is new. */
	bool whole;
	const char *scope; /* what the credential needs: "Actions: read" */
};

enum auth_kind {
	AUTH_NONE,
	AUTH_HEADER,   /* auth_header: auth_prefix + token */
	AUTH_BASIC,    /* username and token */
	AUTH_GITHUB,   /* token, or an app's installation token */
	AUTH_OPTIONAL, /* AUTH_HEADER, or none without a token; basic with a username */
};

/* What a setting of the configuration (struct config_api) is for this driver. */
struct setting {
	const char *key; /* "projects" */
	bool required;
	const char *help;    /* "owner/name of repositories" */
	const char *pattern; /* of each value, a GRegex; NULL: any */
	const char *example;
};

struct driver {
	const char *name;    /* the key under sources: */
	const char *title;   /* "GitHub" */
	const char *summary; /* "deployments, runs and changes of repositories" */
	const char *url;     /* where it usually is; NULL: must be configured */
	const struct setting *settings; /* ends with a NULL key; keys not here (beside
					   name, url, token, ca_file, every, since, read)
					   may not be used */
	enum auth_kind auth;
	const char *auth_header, *auth_prefix; /* NULL: "Authorization", "Bearer " */
	const struct http_header_row {
		const char *name, *value; /* value is a template, nothing escaped; one
					     that comes out empty is not sent */
	} * headers;			  /* of every request; ends with a NULL name */
	GTimeSpan pace;			  /* least time between two requests; 0: none */
	GTimeSpan blocked;  /* to wait when limited and no header says how long; 0: 1 m */
	bool no_etag;	    /* it never answers 304: do not ask */
	bool any_label;	    /* issues with one of several labels are told, not with all */
	const char *whoami; /* a path that any valid credential may read; NULL: none */
	const char *scopes_header; /* of its answer: scopes the credential has; NULL */
	const char *zone_path;	   /* in its answer: TIME_JQL's zone; NULL */
	const char *limits;	  /* one sentence for operators: what the vendor allows */
	const struct feed *feeds; /* ends with a NULL name */
};

/* Every driver, by its place in enum driver_id; ends with NULL. */
enum driver_id {
	DRIVER_GITHUB,
	DRIVER_GITLAB,
	DRIVER_GITEA,
	DRIVER_FORGEJO,
	DRIVER_BITBUCKET,
	DRIVER_BITBUCKET_SERVER,
	DRIVER_JENKINS,
	DRIVER_BUILDKITE,
	DRIVER_CIRCLECI,
	DRIVER_AZURE_DEVOPS,
	DRIVER_ARGOCD,
	DRIVER_PAGERDUTY,
	DRIVER_OPSGENIE,
	DRIVER_JIRA,
	DRIVER_JIRA_SERVER,
	DRIVER_JSM,
	DRIVER_SERVICENOW,
	DRIVER_STATUSPAGE,
	DRIVER_GRAFANA,
	DRIVER_INCIDENT_IO,
	DRIVER_ROOTLY,
	DRIVER_FIREHYDRANT,
	DRIVER_SENTRY,
	DRIVER_ALERTMANAGER,
	N_DRIVERS,
};
extern const struct driver *const drivers[N_DRIVERS + 1];
const struct driver *driver_find(const char *name); /* NULL: none */
const struct feed *driver_feed(const struct driver *driver, const char *name);

/* Applies a state map: sets item->outcome and item->done from item->state. */
void state_map_apply(const struct state_map *states, struct item *item);

/* Decodes one element of a feed's answer, as the engine does: fields, states, accept,
 * item_check(). NULL without an error: not meant. The caller frees with item_free(). */
struct item *feed_decode(const struct feed *feed, const char *project, const cJSON *json,
			 GError **error);
/* One element of a detail's answer into a child of item. */
struct item *detail_decode(const struct detail *detail, const struct item *item,
			   const cJSON *json, GError **error);

#define ITEM(member) G_STRUCT_OFFSET(struct item, member)
