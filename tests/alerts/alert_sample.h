#pragma once

/* Messages about alerts of a made-up team, by name. */
#include "sinks/notifier.h"

/* The names, NULL-terminated. */
extern const char *const alert_samples[];
/* A message; NULL: there is none of that name. */
struct outbox_message *alert_sample(const char *name);
void alert_sample_free(struct outbox_message *message);
DEFINE_CLEANUP(struct outbox_message *, alert_sample_free);
