#pragma once

/*
 * Who may push. A client shows either a bearer token, or a signature:
 *
 *   X-Dorad-Timestamp: seconds since 1970, within 5 minutes of our clock
 *   X-Dorad-Signature: sha256=HMAC-SHA256(secret, "<timestamp>.<path>.<body>") in hex
 *
 * Secrets are read at each request, so that a rotated one is taken up at once, and
 * compared in a time that says nothing about them.
 */
#include "config/config.h"

/* Bounds of a signature's age, both ways. */
#define PUSH_AGE_MAX (5 * G_TIME_SPAN_MINUTE)

struct push_credentials {
	const char *authorization, *timestamp, *signature; /* headers; NULL: not sent */
	const char *path;
	const void *body;
	gsize body_size;
};

/* The client; NULL with DENIED in words for whoever asked (that do not say how near they
 * were), or with CONFIG for a secret of ours that cannot be read. *digest (32 bytes)
 * becomes what identifies a signed request, and *is_signed tells whether it is one. */
const struct config_push_client *push_auth(const struct config_push *push,
					   const struct push_credentials *shown,
					   gint64 now, guint8 digest[32], bool *is_signed,
					   GError **error);
