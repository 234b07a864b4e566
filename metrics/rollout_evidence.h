#pragma once

/*
 * The evidence that rollouts failed, and what follows from it: that they did, and when
 * that was over. The last part of rollout_states_derive().
 */
#include "metrics/rollout_state.h"

/* Sorts the rows (of struct failure) from the given one on as rollout_states_derive()
 * says, and keeps one of each. */
void failures_sort(GArray *failures, guint from);

/* Writes state, recovered and recovery_excluded of the rollouts that the sorted rows from
 * the given one on tell of; the others are left alone. */
void failures_apply(const GArray *failures, guint from, const struct state_facts *facts,
		    struct rollout_state *states);
