#pragma once

/*
 * "dorad gate": whether guardrails hold, in words for the log of a pipeline and in JSON
 * for what reads it.
 */
#include <stdio.h>

#include "sinks/store_goals.h"

struct gate_count {
	guint n, breached, without_data;
};

/* Those that a caller asked for. NULL: any. */
struct gate_wish {
	const char *name;
	enum scope_kind kind; /* of scope */
	const char *scope;
};
/* Whether all of it holds; fails: no data, and no guardrail at all, does not. */
bool gate_is_open(const struct gate_count *counts, bool fails);
bool gate_wants(const struct gate_wish *wish, const struct guardrail_row *row);

/* Writes the guardrails (of struct guardrail_row) that are wanted, and counts them.
 * fails: whether no data counts as a breach, which is said. */
struct gate_count gate_text(FILE *out, const GArray *rows, const struct gate_wish *wish,
			    bool fails);
struct gate_count gate_json(FILE *out, const GArray *rows, const struct gate_wish *wish,
			    bool fails);

/* The query for the rows behind a guardrail's number, most telling first; NULL without a
 * window. The caller frees. */
char *gate_why(const struct guardrail_row *row);
