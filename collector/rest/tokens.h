#pragma once

/*
 * Installation tokens of GitHub Apps that outlive a poll: asking for one costs a request,
 * and a new one makes every ETag of the former worthless. Shared by all workers, so it
 * has a lock of its own, as struct budgets has. Nothing in it is ever written anywhere.
 */
#include <glib.h>

#include "base/cleanup.h"

struct tokens;

struct tokens *tokens_new(void);
/* Wipes. Nobody may use it any more; NULL is fine. */
void tokens_free(struct tokens *tokens);
DEFINE_CLEANUP(struct tokens *, tokens_free);

/* A copy of the token that is kept under a key (auth_key()), to be freed with
 * secret_free(), and in *expires its end; NULL: there is none. */
char *tokens_find(struct tokens *tokens, const char *key, gint64 *expires);
/* Keeps a copy in the place of what was there. */
void tokens_keep(struct tokens *tokens, const char *key, const char *token,
		 gint64 expires);
/* Forgets this token, unless another has taken its place meanwhile. */
void tokens_drop(struct tokens *tokens, const char *key, const char *token);
