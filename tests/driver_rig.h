#pragma once

/*
 * Answers of vendors in tests/fixtures/ (the environment variable DORAD_FIXTURES), read
 * as the engine reads them, and told as text.
 */
#include "drivers/driver.h"

/* The whole file, relative to the fixtures. The caller frees. Fails the test. */
char *fixture_text(const char *name);
cJSON *fixture_json(const char *name);

/* "member: value" a line for whatever is known of an item, in the order of item_members,
 * then outcome and done; "(not meant)" for NULL. The caller frees. */
char *item_told(const struct item *item);

/* The detail of that name, at any level below a feed; NULL: none. */
const struct detail *feed_detail(const struct feed *feed, const char *name);

/* Every element of an answer to a feed, or, where detail is given, to a detail of item,
 * told one after the other with an empty line between them. */
char *answer_told(const struct feed *feed, const struct detail *detail, struct item *item,
		  const cJSON *answer);
