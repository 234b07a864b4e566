#pragma once

/* The paths that a driver's tables have, and which of them were asked for. */
#include <stdio.h>

#include "drivers/driver.h"

struct paths;

/* Of a server at url, which none of the driver's whole urls may lead away from. */
struct paths *paths_new(const struct driver *driver, const char *url);
void paths_free(struct paths *paths);
/* A request was made; method NULL: GET. */
void paths_note(struct paths *paths, const char *method, const char *url);
/* A line for each: "asked: runs" or "never asked: runs: one item". A request that is none
 * of them has a line of its own. */
void paths_tell(const struct paths *paths, FILE *out);
