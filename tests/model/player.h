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
	bool migrated; /* the database is not new to us */
	unsigned n_worlds;
	GHashTable *ids; /* "kind name" of a world to its id: asked for once */
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

gint32 repo_of(struct player *player, const char *name);
gint32 source_of(struct player *player, const char *name);
gint32 service_of(struct player *player, const char *name);

/* Each stores the facts of an order in one transaction, as a poll does. */
void play_commits(struct player *player, const cJSON *order);
void play_deployments(struct player *player, const cJSON *order);
void play_items(struct player *player, const cJSON *order);
void play_gone(struct player *player, const cJSON *order);
