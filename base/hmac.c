#include "base/hmac.h"

#include <string.h>

void hmac_sha256(const char *secret, const struct hmac_piece *pieces, gsize n_pieces,
		 guint8 digest[HMAC_BYTES])
{
	g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)secret,
					   strlen(secret));
	gsize n = HMAC_BYTES;

	for (gsize i = 0; i < n_pieces; i++)
		if (pieces[i].n > 0)
			g_hmac_update(hmac, pieces[i].bytes, (gssize)pieces[i].n);
	g_hmac_get_digest(hmac, digest, &n);
}

char *hmac_signature(const char *secret, const struct hmac_piece *pieces, gsize n_pieces)
{
	GString *text = g_string_new("sha256=");
	guint8 digest[HMAC_BYTES];

	hmac_sha256(secret, pieces, n_pieces, digest);
	for (gsize i = 0; i < HMAC_BYTES; i++)
		g_string_append_printf(text, "%02x", digest[i]);
	return g_string_free(text, FALSE);
}
