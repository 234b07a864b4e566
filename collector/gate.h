#pragma once

/*
 * "dorad gate": whether guardrails hold, in words for the log of a pipeline and in JSON
 * for what reads it.
 */
#include <stdio.h>

#include "sinks/store_goals.h"

struct gate_count {
	guint n, breached, without_data; /* of which the stale ones are some */
};

/* Those that a caller asked for. NULL: any. */
struct gate_wish {
	const char *name;
	enum scope_kind kind; /* of scope */
	const char *scope;
};
/* Whether all of it holds; fails: what is without data does not. Nothing at all never
 * holds. */
bool gate_is_open(const struct gate_count *counts, bool fails);
bool gate_wants(const struct gate_wish *wish, const struct guardrail_row *row);
bool gate_wants_configured(const struct gate_wish *wish,
			   const struct config_guardrail *rail);

/* The first guardrail of the configuration that is wanted and that the database (rows as
 * for gate_text()) has not, or has with another meaning: what it says of it would be an
 * answer to another question. NULL: there is none. */
const struct config_guardrail *gate_find_unknown(const struct config *config,
						 const GArray *rows,
						 const struct gate_wish *wish);

/* Writes the guardrails (of struct guardrail_row) that are wanted, and counts them.
 * fails: whether no data counts as a breach, which is said. */
struct gate_count gate_text(FILE *out, const GArray *rows, const struct gate_wish *wish,
			    bool fails);
struct gate_count gate_json(FILE *out, const GArray *rows, const struct gate_wish *wish,
			    bool fails);

/* The query for the rows behind a guardrail's number, most telling first; NULL without a
 * window. The caller frees. */
char *gate_why(const struct guardrail_row *row);
