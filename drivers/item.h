#pragma once

/*
 * A thing as a source tells it: a record of a deployments API, a pipeline run, a job of
 * one, a release, a change (pull or merge request), an incident, an artifact (which
 * revision an image was built from), or a debt item (an issue that is technical debt).
 * One struct for all: each kind uses the members that make sense for it, and rules turn
 * items into the facts that numbers are made of (collector/rest/, docs/metrics.md).
 * Nothing in it names a person.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/json.h"
#include "metrics/facts.h"

enum item_kind {
	ITEM_DEPLOYMENT,
	ITEM_RUN,
	ITEM_JOB,
	ITEM_RELEASE,
	ITEM_CHANGE,
	ITEM_INCIDENT,
	ITEM_ARTIFACT,
	ITEM_DEBT,
	N_ITEM_KINDS,
};
const char *item_kind_name(enum item_kind kind); /* "deployment", … */
bool item_kind_parse(const char *name, enum item_kind *kind);

/* Natural key: (source, project, kind, id, attempt). Text is UTF-8 or NULL, instants are
 * INSTANT_NONE where unknown. */
struct item {
	enum item_kind kind;
	char *project;	/* of the source it was found in: "acme/shop" */
	char *id;	/* at the source; what people call it where that is unique */
	gint64 attempt; /* from 1; 0 becomes 1 */
	char *parent;	/* job: id of its run; run: id of the run that started it */
	char *workflow; /* run and job: name of the pipeline or workflow */
	char *name; /* job: its name; release: its tag; change, incident, debt: its title
		     */
	char *environment;    /* deployment, job: as the source names it */
	char *state;	      /* as the source tells it */
	enum outcome outcome; /* deployment, run, job */
	bool done; /* it will not change by itself any more: its state is final */
	char *sha; /* deployed or built revision; change: of the merge on the base */
	char *head_sha, *squash_sha; /* change */
	char *ref;		     /* branch or tag; change: the head branch */
	char *base;		     /* change: the branch it was merged into */
	char *event;	/* what started it: push, schedule, manual, parent … */
	char *version;	/* deployment: version or image tag, where the source tells one */
	char *severity; /* incident, debt: as the source tells it */
	char *category; /* incident, change, debt: type or kind, as the source tells */
	char *cause;	/* incident: what the source names as its cause, as it tells it */
	char *fix;	/* incident: what the source names as its fix, likewise */
	char *url;	/* for people */
	gint64 created, started, finished, updated, closed;
	gint64 first_commit, reviewed, approved, merged;    /* change */
	gint64 detected, acknowledged, mitigated, resolved; /* incident */
	bool bot;      /* change: a machine opened it */
	bool draft;    /* change, release: draft or prerelease */
	bool optional; /* job: it may fail without failing its run */
	char **labels, **services, **images; /* NULL-terminated; NULL: none */
};

void item_init(struct item *item, enum item_kind kind);
void item_clear(struct item *item); /* also of a zeroed one */
void item_free(struct item *item);  /* NULL is fine */
struct item *item_copy(const struct item *item);
/* An array that owns struct item *. */
GPtrArray *items_new(void);
/* Each key once, as it comes last among items, in their order: lists that grow while they
 * are read tell an item twice. The items are borrowed; the caller frees the array. */
GPtrArray *items_once(const GPtrArray *items);

/* Where an item's members are, by the names that YAML drivers, SQL columns and the
 * database use: the same as in the struct ("attempt", "head_sha", "created" …); kind,
 * project, outcome and done are not among them: a state map gives the last two. */
struct item_member {
	const char *name;
	enum json_type type; /* JSON_ID for id, parent; JSON_TEXT, _INT, _TIME, _BOOL,
				_TEXTS for the rest */
	gsize offset;
	guint kinds; /* 1 << enum item_kind for each it is for */
	const char *help;
};
extern const struct item_member item_members[]; /* ends with a NULL name */
const struct item_member *item_member(const char *name);

/* False with DATA for an item that cannot be kept: no id, one of over 500 bytes, a
 * project of over 2,000, text that is not UTF-8. Makes the rest fit: longer texts are cut
 * at 4,000 bytes, lists at 200 entries, instants that are not plausible become
 * INSTANT_NONE, attempt is at least 1. */
bool item_check(struct item *item, GError **error);
