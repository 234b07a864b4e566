#pragma once

/*
 * Goals in the database: what the configuration says of them, the samples of KPIs, and
 * what the views make of guardrails. Errors and transactions are as in sinks/store.h.
 */
#include "sinks/store.h"

/* Makes the north star, KPIs and guardrails what the configuration says, in the open
 * transaction and after the scopes and sources. Part of store_sync_config(). */
bool store_sync_goals(struct store *store, const struct config *config, GError **error);

struct kpi_sample {
	gint64 at;
	double value; /* finite */
};
/* When the latest sample of a KPI is; INSTANT_NONE: it has none. */
bool store_kpi_latest(struct store *store, const char *kpi, gint64 *latest,
		      GError **error);
/* Notes from when on samples were asked for: periods that began before are cut. Within
 * one definition what was there from earlier on still counts; anew: it is gone. */
bool store_kpi_known_from(struct store *store, const char *kpi, gint64 from, bool anew,
			  GError **error);
/* Upserts samples by time (each once), touching only those that differ. gone_from: what
 * is there from that instant on and is not among them is removed (INSTANT_NONE: nothing
 * is). *n_changed (may be NULL) counts rows written or removed. */
bool store_kpi_write(struct store *store, const char *kpi, const struct kpi_sample *rows,
		     gsize n, gint64 gone_from, gsize *n_changed, GError **error);

/* A row of dora.guardrails. */
struct guardrail_row {
	char *name;
	enum scope_kind kind;
	char *scope; /* the org's, team's or service's name */
	char *environment, *metric, *statistic, *unit; /* unit NULL: a count or ratio */
	double value;				       /* NAN: none */
	gint64 n, minimum;
	double limit;
	char *direction, *status; /* "at most"; "ok", "breached", "stale" or "no data" */
	gint32 window_days;
	gint64 start, end, fresh_until; /* INSTANT_NONE: none */
	bool complete;
};
/* All guardrails (array of struct guardrail_row), by scope and name, in a transaction of
 * its own. Any role will do that may read schema "dora". */
GArray *store_guardrails(struct store *store, GError **error);
void guardrail_rows_free(GArray *rows);
