#include "collector/push/push_auth.h"

#include <string.h>

#include "base/error.h"
#include "base/hmac.h"
#include "base/instant.h"

static bool equal_digests(const guint8 *a, const guint8 *b)
{
	guint8 difference = 0;

	for (guint i = 0; i < HMAC_BYTES; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

static void digest_of(const char *text, guint8 digest[HMAC_BYTES])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = HMAC_BYTES;

	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	g_checksum_get_digest(sum, digest, &n);
}

static void sign(const char *secret, const struct push_credentials *shown,
		 guint8 digest[HMAC_BYTES])
{
	const struct hmac_piece pieces[] = {
		{ shown->timestamp, strlen(shown->timestamp) },
		{ ".", 1 },
		{ shown->path, strlen(shown->path) },
		{ ".", 1 },
		{ shown->body, shown->body_size },
	};

	hmac_sha256(secret, pieces, G_N_ELEMENTS(pieces), digest);
}

static bool denied(GError **error, const char *text)
{
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_DENIED, text);
	return false;
}

static bool parse_hex(const char *text, guint8 digest[HMAC_BYTES])
{
	if (strlen(text) != (gsize)2 * HMAC_BYTES)
		return false;
	for (guint i = 0; i < HMAC_BYTES; i++) {
		int high = g_ascii_xdigit_value(text[2 * i]);
		int low = g_ascii_xdigit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (guint8)(high << 4 | low);
	}
	return true;
}

/* The shape and age of a signature; whose it is comes after. */
static bool read_signature(const struct push_credentials *shown, gint64 now,
			   guint8 digest[HMAC_BYTES], GError **error)
{
	guint64 seconds;

	if (!shown->timestamp)
		return denied(error, "X-Dorad-Timestamp is missing beside the signature");
	if (!g_ascii_string_to_unsigned(shown->timestamp, 10, 0, G_MAXINT32 * 2ULL,
					&seconds, NULL))
		return denied(error, "X-Dorad-Timestamp: expected seconds since 1970");
	if (ABS(now - instant_from_seconds((gint64)seconds)) > PUSH_AGE_MAX)
		return denied(error, "X-Dorad-Timestamp is more than 5 minutes from the "
				     "clock of this server");
	if (!g_str_has_prefix(shown->signature, "sha256=") ||
	    !parse_hex(shown->signature + strlen("sha256="), digest))
		return denied(error, "X-Dorad-Signature: expected sha256= and 64 "
				     "hexadecimal digits");
	return true;
}

/* All clients are compared with, whichever fits, so that the time does not tell which. */
const struct config_push_client *push_auth(const struct config_push *push,
					   const struct push_credentials *shown,
					   gint64 now, guint8 digest[HMAC_BYTES],
					   bool *is_signed, GError **error)
{
	static const char bearer[] = "Bearer ";
	const struct config_push_client *found = NULL;
	guint8 given[HMAC_BYTES] = { 0 };
	g_autoptr(GError) unread = NULL;
	g_autoptr(GError) first = NULL;

	*is_signed = shown->signature != NULL;
	if (*is_signed) {
		if (!read_signature(shown, now, given, error))
			return NULL;
	} else if (shown->authorization &&
		   g_ascii_strncasecmp(shown->authorization, bearer, strlen(bearer)) ==
			   0) {
		digest_of(shown->authorization + strlen(bearer), given);
	} else {
		denied(error, "expected a bearer token or a signature");
		return NULL;
	}
	for (unsigned i = 0; i < push->n_clients; i++) {
		const struct config_push_client *client = &push->clients[i];
		const struct secret_ref *ref = *is_signed ? client->secret
							  : client->token;
		guint8 expected[HMAC_BYTES];
		char *secret;

		if (!ref)
			continue;
		secret = secret_read(ref, &unread);
		if (!secret) { /* the others are let in */
			g_clear_error(&first);
			g_prefix_error(&unread, "push: client %s: ", client->name);
			first = g_steal_pointer(&unread);
			continue;
		}
		if (*is_signed)
			sign(secret, shown, expected);
		else
			digest_of(secret, expected);
		secret_free(secret);
		if (equal_digests(expected, given))
			found = client;
	}
	memcpy(digest, given, HMAC_BYTES);
	if (!found && first)
		g_propagate_error(error, g_steal_pointer(&first));
	else if (!found)
		denied(error, "the token or signature is not one of a client");
	return found;
}
