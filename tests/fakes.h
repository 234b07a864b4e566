#pragma once

/*
 * Stand-ins for what blocks: database, git, evaluation and the configuration file. Linked
 * into tests of the loop in place of the real ones. A test says what each shall answer.
 */
#include "collector/job.h"

#define FAKE_GOOD -1

struct fakes {
	int migrate, sync, begin; /* FAKE_GOOD or an enum dora_error */
	int evaluate, deliver, look;
	bool alerts;	       /* configurations made from now on have alerts */
	bool refusing;	       /* a channel fails */
	guint rounds;	       /* so many more deliveries say that there is more to do */
	GTimeSpan next;	       /* when the next message is due; 0: there is none */
	bool changed;	       /* what a poll says, good or not */
	GTimeSpan rest;	       /* and how long not to come again; 0: nothing about it */
	const char *sick;      /* a poll of this source fails … */
	int sickness;	       /* … with this */
	bool stuck;	       /* polls wait until they are cancelled */
	gint deaf;	       /* and do not even listen to that, until `deaf` is unset */
	void (*polling)(void); /* called by each poll; NULL: nothing */
	struct config *file;   /* what config_load() finds; NULL: a file with a fault */
	gint64 midnight;

	/* What was asked of them. */
	gint n_polls, n_evaluations, n_migrations, n_syncs, n_loads, n_stores,
		n_deliveries, n_looks;
	char *last_poll;
	GString *log; /* every line logged */
};
extern struct fakes fakes;

/* All good, nothing counted. */
void fakes_reset(void);
void fakes_clear(void);

/* A configuration with these sources (names separated by spaces; those with a colon are
 * of APIs, "push" is the push server), polled each minute by four workers. */
struct config *fake_config(const char *names);
