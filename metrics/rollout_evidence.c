#include "metrics/rollout_evidence.h"

#include <stdlib.h>

#include "base/instant.h"

static int compare_failures(const void *a, const void *b)
{
	const struct failure *x = a, *y = b;

	if (x->rollout != y->rollout)
		return x->rollout < y->rollout ? -1 : 1;
	if (x->method != y->method)
		return x->method < y->method ? -1 : 1;
	if (x->by != y->by)
		return x->by < y->by ? -1 : 1;
	return (x->incident > y->incident) - (x->incident < y->incident);
}

void failures_sort(GArray *failures, guint from)
{
	struct failure *rows;
	guint n = failures->len - from, kept = 0;

	if (n == 0)
		return;
	rows = (struct failure *)(void *)failures->data + from;
	qsort(rows, n, sizeof(*rows), compare_failures);
	for (guint i = 0; i < n; i++)
		if (i == 0 || compare_failures(&rows[kept - 1], &rows[i]) != 0)
			rows[kept++] = rows[i];
	g_array_set_size(failures, from + kept);
}

/* When it was over, by n > 0 pieces of evidence of one rollout: its last incident, or
 * with none the first that marked it. Incidents come first there. */
static gint64 recovery(const struct state_facts *facts, const struct failure *failures,
		       guint n)
{
	bool by_incident = failures[0].method == FAILURE_INCIDENT;
	gint64 recovered = INSTANT_NONE;

	for (guint i = 0; i < n; i++) {
		gint64 end;

		if (by_incident && failures[i].method != FAILURE_INCIDENT)
			break;
		end = by_incident ? facts->incidents[failures[i].incident].restored
				  : facts->rollouts[failures[i].by].finished;
		if (end == INSTANT_NONE)
			return INSTANT_NONE;
		if (i == 0 || (by_incident ? end > recovered : end < recovered))
			recovered = end;
	}
	return recovered;
}

void failures_apply(const GArray *failures, guint from, const struct state_facts *facts,
		    struct rollout_state *states)
{
	guint end;

	for (guint i = from; i < failures->len; i = end) {
		const struct failure *rows =
			(const struct failure *)(const void *)failures->data + i;
		guint rollout = rows[0].rollout;
		struct rollout_state *state = &states[rollout];

		for (end = i + 1;
		     end < failures->len && rows[end - i].rollout == rollout;)
			end++;
		state->state = CHANGE_FAILED;
		state->recovered = recovery(facts, rows, end - i);
		if (state->recovered != INSTANT_NONE &&
		    state->recovered < facts->rollouts[rollout].finished)
			state->recovery_excluded = EXCLUSION_NEGATIVE;
	}
}
