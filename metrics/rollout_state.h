#pragma once

/*
 * What became of each rollout of one service: its kind, whether it failed, when that was
 * recovered, and whether it was unplanned (docs/metrics.md, "Failed, ok, pending"). Pure:
 * a function of the facts and of now; the order of facts does not matter.
 */
#include "metrics/attribution.h"

enum rollout_nature {
	NATURE_NORMAL,		 /* "normal": ships something nothing earlier reached */
	NATURE_BASELINE,	 /* "baseline": the first known */
	NATURE_REDEPLOY,	 /* "redeploy": the same revision again */
	NATURE_ROLLBACK,	 /* "rollback": back to an earlier revision */
	NATURE_LATE,		 /* "late": an earlier revision by a slower pipeline */
	NATURE_ROLL_FORWARD,	 /* "roll_forward": repairs an earlier one, by rule */
	NATURE_HOTFIX,		 /* "hotfix": likewise */
	NATURE_REVISION_MISSING, /* "revision_missing" */
	N_NATURES,
};
const char *rollout_nature_name(enum rollout_nature nature);
bool rollout_nature_parse(const char *name, enum rollout_nature *nature);

enum change_state { CHANGE_OK, CHANGE_FAILED, CHANGE_PENDING, N_CHANGE_STATES };
const char *change_state_name(enum change_state state); /* "ok", "failed", "pending" */
bool change_state_parse(const char *name, enum change_state *state);

/* A rollout of the service; all of them, in order of finish (then of their deployments'
 * ids), groups mixed. */
struct state_rollout {
	guint group;
	gint64 started; /* of the deployment that finished it; INSTANT_NONE: not told */
	gint64 finished;
	/* The revisions that it deployed, as one text that only the same have; NULL: no
	 * other has them. Borrowed. */
	const char *revision;
	enum rollout_kind kind; /* what attribution says */
	bool ships; /* of a kind that says no more than that a revision is missing: it
		       ships something new in another repository */
};

/* That a rule found rollout to be a repair of another. */
struct repair {
	guint rollout;
	bool hotfix; /* else roll-forward */
	/* The rollout that shipped what is repaired; REPAIR_BEFORE: the one before in its
	 * group that did not go back, as nothing is named; REPAIR_NOBODY: what is named
	 * was shipped by the baseline, or together with its repair: it is a repair and
	 * marks nobody. */
	gint target;
};
#define REPAIR_BEFORE (-1)
#define REPAIR_NOBODY (-2)

enum link_method {
	LINK_NONE,
	LINK_WINDOW,	 /* "window": the latest rollout before it, inside the window */
	LINK_CHANGE,	 /* "change": its cause names a change the rollout shipped */
	LINK_REVISION,	 /* "revision": … a commit it shipped or deployed */
	LINK_DEPLOYMENT, /* "deployment": … the deployment itself */
	N_LINK_METHODS,
};
/* NULL for LINK_NONE. */
const char *link_method_name(enum link_method method);
bool link_method_parse(const char *name, enum link_method *method);
/* How sure it is: 0.5 (window), 0.9, 0.95, 1. An order, not a probability. */
double link_confidence(enum link_method method);

/* A set of rollout groups. Those from the 64th on are taken for one. */
#define STATE_GROUPS_ANY G_GUINT64_CONSTANT(0)
static inline guint64 state_group(guint group)
{
	return G_GUINT64_CONSTANT(1) << MIN(group, 63);
}
static inline bool state_groups_have(guint64 groups, guint group)
{
	return groups == STATE_GROUPS_ANY || (groups & state_group(group)) != 0;
}

/* An incident of the service that counts: neither withdrawn nor exempt. */
struct state_incident {
	guint64 groups;	 /* the rollout groups it is about */
	gint64 started;	 /* plausible */
	gint64 restored; /* INSTANT_NONE: open */
	/* What its cause names: the rollout and how; LINK_NONE: nothing that is known. */
	gint named;
	enum link_method named_by;
	gint fix;	/* the rollout that it names as its fix; -1: none */
	bool elsewhere; /* its cause names what is of another service: no window */
};

struct state_facts {
	const struct state_rollout *rollouts;
	guint n_rollouts;
	const struct repair *repairs;
	guint n_repairs;
	const struct state_incident *incidents;
	guint n_incidents;
	gint64 window; /* µs: within which an incident is taken for the rollout's */
	gint64 now;
	/* Is every revision of rollout older the same as, or an ancestor of, that of
	 * rollout newer, in the repositories both have (false if they share none, or one
	 * is missing)? Asked only about rollouts of one group. */
	bool (*reaches)(guint newer, guint older, void *user);
	void *user;
};

struct rollout_state {
	enum rollout_nature nature;
	enum change_state state;
	gint64 pending_until; /* finish + window */
	bool unplanned;	      /* rollback, roll-forward, hotfix, or an incident's fix */
	gint64 recovered;     /* of a failed one; INSTANT_NONE: it is still open */
	/* EXCLUSION_NEGATIVE: recovered before it finished; no sample, and not open */
	enum exclusion recovery_excluded;
};

enum failure_method {
	FAILURE_INCIDENT,     /* "incident" */
	FAILURE_ROLLBACK,     /* "rollback" */
	FAILURE_ROLL_FORWARD, /* "roll_forward" */
	FAILURE_HOTFIX,	      /* "hotfix" */
	N_FAILURE_METHODS,
};
const char *failure_method_name(enum failure_method method);

/* One piece of evidence that a rollout failed. */
struct failure {
	guint rollout;
	enum failure_method method;
	gint by;       /* the rollout that repaired it; -1 */
	gint incident; /* index; -1 */
};

struct incident_link {
	gint rollout; /* -1: linked to none */
	enum link_method method;
};

/* states holds n_rollouts, links n_incidents rows. Appends the evidence to failures (of
 * struct failure): by rollout, then method, then by, then incident; each once. */
void rollout_states_derive(const struct state_facts *facts, struct rollout_state *states,
			   struct incident_link *links, GArray *failures);
