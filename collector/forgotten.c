#include "collector/forgotten.h"

#define TOKEN_SIZE 32
/* So that a token is no hash of an address, whatever the address. */
#define PURPOSE "dorad: forgotten author\n"
/* Authors are few; a repository that says otherwise takes longer and no more memory. */
#define SEEN_MAX 100000

struct forgotten {
	GBytes *key;
	GHashTable *tokens; /* of GBytes */
	GHashTable *seen;   /* hash => whether it is forgotten */
};

GBytes *forgotten_token(GBytes *key, guint64 author)
{
	guint64 bytes = GUINT64_TO_BE(author);
	guint8 token[TOKEN_SIZE];
	gsize n_token = sizeof(token), n_key;
	const guint8 *key_data = g_bytes_get_data(key, &n_key);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key_data, n_key);

	g_hmac_update(hmac, (const guchar *)PURPOSE, (gssize)strlen(PURPOSE));
	g_hmac_update(hmac, (const guchar *)&bytes, sizeof(bytes));
	g_hmac_get_digest(hmac, token, &n_token);
	g_hmac_unref(hmac);
	return g_bytes_new(token, n_token);
}

struct forgotten *forgotten_load(struct store *store, GBytes *key, GError **error)
{
	GHashTable *tokens = store_forgotten(store, error);
	struct forgotten *forgotten;

	if (!tokens)
		return NULL;
	forgotten = g_new0(struct forgotten, 1);
	forgotten->key = key ? g_bytes_ref(key) : NULL;
	forgotten->tokens = tokens;
	forgotten->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
						NULL);
	return forgotten;
}

void forgotten_free(struct forgotten *forgotten)
{
	if (!forgotten)
		return;
	g_clear_pointer(&forgotten->key, g_bytes_unref);
	g_hash_table_unref(forgotten->tokens);
	g_hash_table_unref(forgotten->seen);
	g_free(forgotten);
}

guint64 forgotten_filter(struct forgotten *forgotten, guint64 author)
{
	g_autoptr(GBytes) token = NULL;
	gpointer known;
	bool gone;

	if (author == 0 || !forgotten->key || g_hash_table_size(forgotten->tokens) == 0)
		return author;
	if (g_hash_table_lookup_extended(forgotten->seen, &author, NULL, &known))
		return known ? 0 : author;
	token = forgotten_token(forgotten->key, author);
	gone = g_hash_table_contains(forgotten->tokens, token);
	if (g_hash_table_size(forgotten->seen) >= SEEN_MAX)
		g_hash_table_remove_all(forgotten->seen);
	g_hash_table_insert(forgotten->seen, g_memdup2(&author, sizeof(author)),
			    GINT_TO_POINTER(gone));
	return gone ? 0 : author;
}
