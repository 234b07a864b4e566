#pragma once

/*
 * Whether polling a source is still polling the same: where it is, with which credential
 * it is asked, and for what. Internal to collector/.
 */
#include "config/config.h"

/* A fingerprint that changes with any of that; how often it is polled is a matter of its
 * own, and so is what the rules make of it (poll_fingerprint()). The caller frees. */
char *source_identity(const struct config *config, const struct config_source *source);
