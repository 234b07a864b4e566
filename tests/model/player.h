#pragma once

/* What player.c and player_facts.c share. Whatever fails ends the program. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/json.h"
#include "collector/evaluate.h"

struct player {
	PGconn *admin;
	struct config *config;
	struct store *store;
	struct work_context context;
};

static inline void need(bool ok, const GError *error, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "player: %s: %s\n", what, error ? error->message : "failed");
	exit(1);
}

#define must(expression)                                                                 \
	do {                                                                             \
		g_autoptr(GError) error = NULL;                                          \
		bool is_good = (expression);                                             \
		need(is_good, error, #expression);                                       \
	} while (0)

/* Members of orders. */
static inline const char *text_of(const cJSON *order, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(order, name));
}

static inline gint64 instant_value(const cJSON *value)
{
	return cJSON_IsNumber(value) ? (gint64)value->valuedouble : INSTANT_NONE;
}

static inline gint64 instant_of(const cJSON *order, const char *name)
{
	return instant_value(cJSON_GetObjectItem(order, name));
}

static inline struct oid oid_of(const cJSON *value)
{
	const char *hex = cJSON_GetStringValue(value);
	struct oid oid = { 0 };

	need(hex && oid_parse(hex, strlen(hex), &oid), NULL, "a sha");
	return oid;
}

static inline gint32 repo_of(struct player *player, const char *name)
{
	gint32 repo_id = 0;

	must(store_repo_id(player->store, name, &repo_id, &error));
	return repo_id;
}

static inline gint32 source_of(struct player *player, const char *name)
{
	struct source_row row = { 0 };
	gint32 id;

	must(store_source(player->store, name, &row, &error));
	id = row.source_id;
	source_row_clear(&row);
	return id;
}

static inline gint32 service_of(struct player *player, const char *name)
{
	GArray *scopes = store_scopes(player->store, NULL);
	gint32 id = 0;

	need(scopes != NULL, NULL, "scopes");
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		if (scope->kind == SCOPE_SERVICE && strcmp(scope->name, name) == 0)
			id = scope->scope_id;
	}
	scope_rows_free(scopes);
	need(id != 0, NULL, name);
	return id;
}

/* Each stores the facts of an order in one transaction, as a poll does. */
void play_commits(struct player *player, const cJSON *order);
void play_deployments(struct player *player, const cJSON *order);
void play_items(struct player *player, const cJSON *order);
void play_gone(struct player *player, const cJSON *order);
