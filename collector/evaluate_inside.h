#pragma once

/*
 * One service at work: what evaluate_service.c, which brings rollouts and shipped commits
 * up to date, shares with evaluate_changes.c (which commit came from which change, what
 * rules leave out), evaluate_incidents.c (which incidents concern the service, what they
 * name) and evaluate_states.c (what became of each rollout). Internal to those.
 */
#include "collector/evaluate.h"
#include "collector/evaluate_graph.h"
#include "metrics/change_tie.h"
#include "metrics/service.h"
#include "sinks/store_states.h"

/* A change that landed in a repository of the service. */
struct evaluate_change {
	struct item *item;
	gint32 source_id;
	guint repo;		 /* of the service */
	struct tie_change names; /* positions of the commits that it names */
	guint32 landed;		 /* that by which it came */
	/* The rollout that shipped that in each group, or SHIPPED_…; an array as the
	 * groups, after evaluate_changes_ship(). */
	gint *rollouts;
};
#define SHIPPED_NEVER (-1)
#define SHIPPED_BASELINE (-2)

struct evaluate_note {
	guint repo;
	guint32 pos;
	char *kind, *text;
	guint32 target; /* position of the commit that it names; GRAPH_NONE */
	gint *rollouts; /* likewise; NULL: nobody asks for its kind */
	gint *targets;	/* the same of the commit that it names; NULL: it names none */
};

struct evaluation {
	struct store *store;
	const struct work_context *context;
	const struct config_service *service;
	gint64 now;
	struct scope_row *scope;
	GArray *rows;		     /* of struct deployment_row: what the store has */
	GArray *deployments;	     /* of struct deployment: the same for metrics/ */
	GArray *groups;		     /* of struct rollout_group */
	struct evaluate_repo *repos; /* as service->components */
	struct service_repo *views;  /* the same for metrics/ */
	struct service_facts facts;
	struct service_rollouts rollouts;
	enum rollout_kind *kinds; /* of rollouts */
	bool *ships; /* something new in a repository; of those attributed now, which
			all are that a revision is missing of */
	GPtrArray *digests; /* of char *: of their revisions */
	GArray *stored;	    /* of struct rollout_row: as of the last evaluation */
	GArray *changes;    /* of struct evaluate_change, in order of key */
	GArray *notes;	    /* of struct evaluate_note */
	GHashTable *by_id;  /* id → index of rollout + 1; once changes are shipped */
	GArray **ties;	    /* of each repository, of struct tie */
	guint8 **left_out;  /* of each repository, by position; NULL: no rule */
};

const struct rollout *evaluation_rollout(const struct evaluation *work, guint r);
/* The id of the deployment that finished a rollout, which is its own. */
gint64 evaluation_rollout_id(const struct evaluation *work, guint r);

/* Reads changes and notes, ties commits to changes, finds what rules leave out. */
bool evaluate_changes_load(struct evaluation *work, GError **error);
/* When the change that a commit came from was merged; INSTANT_NONE: not known. */
gint64 evaluate_changes_merged(const struct evaluation *work, guint repo, guint32 pos);
/* Does a rule leave a commit out? */
static inline bool evaluation_leaves_out(const struct evaluation *work, guint repo,
					 guint32 pos)
{
	return work->left_out[repo] && work->left_out[repo][pos];
}
/* After shipping: what rules leave out of commits shipped before, which rollout shipped
 * what, and the rows of changes. */
bool evaluate_changes_ship(struct evaluation *work, GError **error);
void evaluate_changes_clear(struct evaluation *work);

/* An incident that concerns the service. */
struct evaluate_incident {
	struct item_key key;
	guint64 groups;	      /* as state_incident: those it is about */
	const char *excluded; /* as service_incident_row; NULL: it counts */
	gint64 started, restored;
	gint named, fix; /* rollouts; -1: none */
	enum link_method named_by;
	char *evidence; /* the words that named it, or what is elsewhere; NULL */
	char *source;	/* its name */
	/* As service_incident_row; NULL: nobody has to ask. */
	char *others;
	bool elsewhere; /* its cause names what is of another service */
};
/* Array of struct evaluate_incident, in order of key; the caller unrefs. After
 * evaluate_changes_ship(). */
GArray *evaluate_incidents_load(struct evaluation *work, GError **error);

/* Which of several rollouts is meant, for an incident that started then. */
struct evaluate_when {
	gint64 started;
	/* Its fix: the first that finished then or later, else the latest. Else its
	 * cause: the latest that finished before or then, else the first. */
	bool fix;
};
/* The rollout that shipped a commit, or, if none did or a fix is looked for, deployed it,
 * to one of the groups (as state_incident); *rollout -1: none. */
bool evaluate_shipped_by(struct evaluation *work, guint repo, guint32 pos, guint64 groups,
			 struct evaluate_when when, gint *rollout, GError **error);
/* Of two rollouts (-1: none) the one that is meant. */
gint evaluate_nearer(const struct evaluation *work, gint a, gint b,
		     struct evaluate_when when);

/* Had any rollout, of whatever group, finished within the failure window before then? */
bool evaluate_in_a_window(const struct evaluation *work, gint64 started);

/* Which rollouts repair others, by rule: an array of struct repair; the caller unrefs.
 * because: gets for each rollout the rule and what fits it, in words, or NULL; its
 * function frees them. After evaluate_changes_ship(). */
GArray *evaluate_repairs(const struct evaluation *work, GPtrArray *because);

/* Derives and stores what became of the rollouts. */
bool evaluate_states(struct evaluation *work, GError **error);
