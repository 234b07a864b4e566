#pragma once

/*
 * Authors who are to stay forgotten ("dorad forget"). The database keeps no more of them
 * than a token, HMAC-SHA256 under the author key of the hash that their commits had: a
 * repository that is read again does not bring the hash back, and who has the database
 * without the key cannot tell whom it means.
 */
#include "sinks/store_privacy.h"

struct forgotten;

/* Those of the database, in the caller's transaction: none can be added until its end. */
struct forgotten *forgotten_load(struct store *store, GBytes *key, GError **error);
void forgotten_free(struct forgotten *forgotten); /* NULL is fine */

/* The hash of an author; 0 of one who is forgotten. */
guint64 forgotten_filter(struct forgotten *forgotten, guint64 author);

/* The token of a hash. The caller unrefs. */
GBytes *forgotten_token(GBytes *key, guint64 author);
