#pragma once

/*
 * The facts that numbers are made of, as plain arrays. Whoever fills them (PostgreSQL, a
 * mirror, a test) owns them; metrics/ only reads.
 */
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define OID_BYTES 32

/* The name of a git object: 20 bytes (SHA-1) or 32 (SHA-256). len 0: none. */
struct oid {
	guint8 len;
	guint8 id[OID_BYTES];
};

/* Parses 40 or 64 hexadecimal digits. False, *oid untouched, for anything else. */
bool oid_parse(const char *hex, gsize n, struct oid *oid);
/* Lower-case hexadecimal; hex holds 2 * OID_BYTES + 1 bytes. Returns hex. */
char *oid_format(const struct oid *oid, char *hex);

static inline bool oid_equal(const struct oid *a, const struct oid *b)
{
	return a->len == b->len && memcmp(a->id, b->id, a->len) == 0;
}

enum outcome {
	OUTCOME_SUCCESS,
	OUTCOME_FAILURE,
	OUTCOME_CANCELLED,
	OUTCOME_SKIPPED,
	OUTCOME_RUNNING,
	N_OUTCOMES,
};
const char *outcome_name(enum outcome outcome); /* "success", … */
bool outcome_parse(const char *name, enum outcome *outcome);

/* Why a row does not count. EXCLUSION_NONE: it does. The names are part of the views'
 * contract. */
enum exclusion {
	EXCLUSION_NONE,
	/* of commits */
	EXCLUSION_BASELINE,	    /* "baseline": shipped by the first rollout known */
	EXCLUSION_MERGE,	    /* "merge": more than one parent */
	EXCLUSION_RULE,		    /* "rule": left out by a configured rule */
	EXCLUSION_NEGATIVE,	    /* "negative": committed after it was deployed */
	EXCLUSION_IMPLAUSIBLE_TIME, /* "implausible_time": no believable commit (or
				       deployment) time */
	EXCLUSION_REVISION_MISSING, /* "revision_missing": the mirror does not have the
				       revision */
	/* of deployments */
	EXCLUSION_NOT_SUCCESSFUL, /* "not_successful": failed, cancelled, skipped or still
				     running */
	EXCLUSION_NOT_PRODUCTION, /* "not_production": no rollout group has its
				     environment */
	EXCLUSION_INCOMPLETE, /* "incomplete_rollout": other environments still wait for
				 it */
	EXCLUSION_PART_OF_ROLLOUT, /* "part_of_rollout": counted once, with the rollout it
				      belongs to */
	EXCLUSION_REWRITTEN, /* "rewritten": its commit is no longer on the rewritten
				trunk */
	N_EXCLUSIONS,
};
/* The published name; NULL for EXCLUSION_NONE. */
const char *exclusion_name(enum exclusion exclusion);
bool exclusion_parse(const char *name, enum exclusion *exclusion);

/* One attempt to put revisions into an environment. */
struct deployment {
	gint64 id; /* the caller's handle; also breaks ties between equal finishes */
	const char *environment;
	gint64 started;	 /* instant or INSTANT_NONE */
	gint64 finished; /* instant or INSTANT_NONE (running, or no believable time) */
	enum outcome outcome;
	enum exclusion
		withheld; /* EXCLUSION_REWRITTEN or _RULE from the source; else _NONE */
	const struct revision *revisions;
	guint n_revisions;
};

/* What was deployed: a commit of the n-th repository of the service. */
struct revision {
	guint repo;
	struct oid oid;
};

/* What is known of a commit beside its place in the graph. */
struct commit_times {
	gint64 authored;  /* instant or INSTANT_NONE */
	gint64 committed; /* instant or INSTANT_NONE */
	guint64 author;	  /* salted hash; 0: not kept. Only ever used to count distinct
			     authors */
};
