#pragma once

/*
 * Which rollouts repair an earlier one, by the rules in a service's `remediation`
 * (docs/metrics.md, "Rollouts"). What a rollout ships is evidence: its deployment's
 * branch, changes, notes of commits. Each function gives the first rule that one piece of
 * it fits; the rollout is what the first of all says, so the caller takes the least index
 * over everything it ships. Pure.
 */
#include "base/cleanup.h"
#include "config/config.h"
#include "drivers/item.h"
#include "sinks/store_states.h"

/* No rule fits. */
#define REMEDIATION_NONE (-1)

/* The rules of a service with their patterns compiled; the service stays the caller's to
 * keep. */
struct remediation;
struct remediation *remediation_new(const struct config_service *service);
void remediation_free(struct remediation *remediation); /* NULL is fine */
DEFINE_CLEANUP(struct remediation *, remediation_free);

/* The index of the first rule that fits, or REMEDIATION_NONE. ref: the branch (or
 * refs/heads/ and it) that a deployment ran on; NULL fits nothing. */
int remediation_fits_ref(const struct remediation *remediation, const char *ref);
int remediation_fits_change(const struct remediation *remediation,
			    const struct item *change);
int remediation_fits_note(const struct remediation *remediation,
			  const struct commit_note *note);
/* Whether the rule of this index makes a hotfix, else a roll-forward. */
bool remediation_is_hotfix(const struct remediation *remediation, int rule);

/* What a title says it reverts: X of `Revert "X"` and of `Revert "X" (#7)`, as forges add
 * the number of a change. X may be such a title itself. NULL: nothing, or it was cut
 * before the quotation ends. The caller frees. */
char *remediation_title_reverted(const char *title);
