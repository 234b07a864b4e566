#pragma once

/*
 * HMAC-SHA256 (RFC 2104) of a text in pieces, by which a receiver knows that a request
 * comes from who has the secret.
 */
#include <glib.h>

#define HMAC_BYTES 32

struct hmac_piece {
	const void *bytes; /* may be NULL if n is 0 */
	gsize n;
};

/* Of the pieces, one after the other. */
void hmac_sha256(const char *secret, const struct hmac_piece *pieces, gsize n_pieces,
		 guint8 digest[HMAC_BYTES]);
/* As in headers: "sha256=" and 64 hexadecimal digits. The caller frees. */
char *hmac_signature(const char *secret, const struct hmac_piece *pieces, gsize n_pieces);
