#pragma once

/*
 * Answers of vendors (tests/fixtures/<driver>/<what>.json), and what is expected of each
 * item in them (<what>.told): a title after "== ", then each member that says something,
 * or "not meant".
 */
#include "drivers/driver.h"

/* A file below $DORAD_FIXTURES. Aborts the test if it cannot be read. */
cJSON *fixture_json(const char *name);
/* What is expected of each item, in order; an array of strings that owns them, each with
 * its title as first line. */
GPtrArray *fixture_told(const char *name);

const struct feed *fixture_feed(const char *driver, const char *feed);
/* The list at a path of an answer, or the one object that is there: how many, and one. */
int elements_count(const cJSON *answer, const char *path);
const cJSON *element(const cJSON *answer, const char *path, int i);

/* An item's members as lines, as in .told; NULL: "not meant". The caller frees. */
char *item_tell(const struct item *item);
/* Compares with what is expected; told[0…] is the title. */
void assert_told(const char *told, const struct item *item);
