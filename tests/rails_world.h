#pragma once

/*
 * The world of tests/alerts_world.h with what happens to guardrails: failures that are
 * known later, a service that begins, one that changes its team, silence and a freeze. To
 * be used in tests only.
 */
#include "tests/alerts_world.h"

#define LAST (FIRST + 60)
#define ILL ONSET /* from when on all that search and mail deploy fails, */
#define WELL (ONSET + 14)
#define MOVED (ONSET + 10) /* mail goes to the team red */
#define SLOW (ONSET + 21)  /* mail: lead times are no longer at the limit; Monday */
#define MUTE (ONSET + 26)  /* search: nothing is heard of it */
#define LOUD (ONSET + 40)
#define BORN (FIRST + 12) /* mail: its first rollout; Monday */
/* The Thursday after SLOW is frozen. */

/* With guardrails more, as items of the list in the configuration. */
void rails_set_up(const char *rails);
/* SQL with $service for the scope_id of a service, $name for its name, and @N for the
 * first instant of a day. */
void rails_run(const char *service, const char *sql);
/* All that is there from the beginning. */
void rails_make_facts(void);
/* What a day brings of search and mail: those are found to fail that are three days old,
 * and those are repaired that were found two days before. */
void rails_hear(gint32 day);
/* Both, to the end, as of a morning after it. */
void rails_know_all(void);
