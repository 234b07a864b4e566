#include "collector/rest/tokens.h"

#include <string.h>

#include "base/secret.h"

struct token {
	char *text;
	gint64 expires;
};

struct tokens {
	GMutex lock;
	GHashTable *rows; /* key → struct token */
};

static void token_free(gpointer data)
{
	struct token *token = data;

	secret_free(token->text);
	g_free(token);
}

struct tokens *tokens_new(void)
{
	struct tokens *tokens = g_new0(struct tokens, 1);

	g_mutex_init(&tokens->lock);
	tokens->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, token_free);
	return tokens;
}

void tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	g_hash_table_destroy(tokens->rows);
	g_mutex_clear(&tokens->lock);
	g_free(tokens);
}

char *tokens_find(struct tokens *tokens, const char *key, gint64 *expires)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&tokens->lock);
	const struct token *token = g_hash_table_lookup(tokens->rows, key);

	if (!token)
		return NULL;
	*expires = token->expires;
	return g_strdup(token->text);
}

void tokens_keep(struct tokens *tokens, const char *key, const char *text, gint64 expires)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&tokens->lock);
	struct token *token = g_new(struct token, 1);

	*token = (struct token){ g_strdup(text), expires };
	g_hash_table_replace(tokens->rows, g_strdup(key), token);
}

void tokens_drop(struct tokens *tokens, const char *key, const char *text)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&tokens->lock);
	const struct token *token = g_hash_table_lookup(tokens->rows, key);

	if (token && strcmp(token->text, text) == 0)
		g_hash_table_remove(tokens->rows, key);
}
