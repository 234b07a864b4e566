#include "collector/item_due.h"
#include "collector/repo_work.h"
#include "tests/model/player.h"

/* ---- ids ---- */

static gint32 find_repo(struct player *player, const char *name)
{
	gint32 repo_id = 0;

	must(store_repo_id(player->store, name, &repo_id, &error));
	return repo_id;
}

static gint32 find_source(struct player *player, const char *name)
{
	struct source_row row = { 0 };
	gint32 id;

	must(store_source(player->store, name, &row, &error));
	id = row.source_id;
	source_row_clear(&row);
	return id;
}

static gint32 find_service(struct player *player, const char *name)
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

static gint32 id_of(struct player *player, const char *kind, const char *name,
		    gint32 (*find)(struct player *player, const char *name))
{
	char *key = g_strconcat(kind, " ", name, NULL);
	gpointer known;

	if (g_hash_table_lookup_extended(player->ids, key, NULL, &known))
		g_free(key);
	else
		g_hash_table_insert(player->ids, key,
				    known = GINT_TO_POINTER(find(player, name)));
	return GPOINTER_TO_INT(known);
}

gint32 repo_of(struct player *player, const char *name)
{
	return id_of(player, "repo", name, find_repo);
}

gint32 source_of(struct player *player, const char *name)
{
	return id_of(player, "source", name, find_source);
}

gint32 service_of(struct player *player, const char *name)
{
	return id_of(player, "service", name, find_service);
}

/* ---- facts ---- */

static void add_notes(struct player *player, gint32 repo_id, const cJSON *rows)
{
	g_autoptr(GArray) notes = g_array_new(FALSE, TRUE, sizeof(struct commit_note));
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		struct commit_note note = {
			.oid = oid_of(cJSON_GetArrayItem(row, 0)),
			.kind = cJSON_GetStringValue(cJSON_GetArrayItem(row, 1)),
			.text = cJSON_GetStringValue(cJSON_GetArrayItem(row, 2)),
		};

		g_array_append_val(notes, note);
	}
	if (notes->len > 0)
		must(store_notes_add(
			player->store, repo_id,
			(const struct commit_note *)(const void *)notes->data, notes->len,
			&error));
}

/* The patterns of a component, as the poll writes them. */
static char *globs_of(struct player *player, const char *service, gint32 repo_id)
{
	const struct config_service *row = config_service(player->config, service);

	for (unsigned i = 0; row && i < row->n_components; i++)
		if (repo_of(player, row->components[i].repository) == repo_id)
			return repo_globs(&row->components[i]);
	return NULL;
}

/* As poll_rules.c does after a fetch. */
static void add_touched(struct player *player, gint32 repo_id, const cJSON *services)
{
	const cJSON *service, *sha;

	cJSON_ArrayForEach(service, services)
	{
		g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(struct oid));
		g_autofree char *globs = NULL;
		g_autofree char *wanted = globs_of(player, service->string, repo_id);
		gint32 component_id = 0;

		must(store_component(player->store, service->string, repo_id,
				     &component_id, &globs, &error));
		if (!globs)
			must(store_touched_reset(player->store, component_id, wanted,
						 &error));
		cJSON_ArrayForEach(sha, service)
		{
			struct oid oid = oid_of(sha);

			g_array_append_val(oids, oid);
		}
		if (oids->len > 0)
			must(store_touched_add(
				player->store, component_id,
				(const struct oid *)(const void *)oids->data, oids->len,
				&error));
	}
}

void play_commits(struct player *player, const cJSON *order)
{
	const char *repo = text_of(order, "repo");
	gint32 repo_id = repo_of(player, repo);
	const cJSON *row, *parent;

	must(store_begin(player->store, &error));
	must(store_commits_begin(player->store, repo_id, &error));
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(order, "rows"))
	{
		struct oid parents[8];
		struct commit_row commit = {
			.oid = oid_of(cJSON_GetArrayItem(row, 0)),
			.parents = parents,
			.times = {
				.authored = instant_value(cJSON_GetArrayItem(row, 2)),
				.committed = instant_value(cJSON_GetArrayItem(row, 3)),
				.author = (guint64)cJSON_GetNumberValue(
					cJSON_GetArrayItem(row, 4)),
			},
		};

		cJSON_ArrayForEach(parent, cJSON_GetArrayItem(row, 1))
		{
			need(commit.n_parents < G_N_ELEMENTS(parents), NULL, "parents");
			parents[commit.n_parents++] = oid_of(parent);
		}
		must(store_commits_add(player->store, &commit, &error));
	}
	must(store_commits_end(player->store, NULL, &error));
	add_notes(player, repo_id, cJSON_GetObjectItem(order, "notes"));
	add_touched(player, repo_id, cJSON_GetObjectItem(order, "touched"));
	for (unsigned i = 0; i < player->config->n_services; i++) {
		const struct config_service *service = &player->config->services[i];

		for (unsigned j = 0; j < service->n_components; j++)
			if (strcmp(service->components[j].repository, repo) == 0)
				must(store_missing_due(player->store,
						       service_of(player, service->name),
						       &error));
	}
	must(store_commit(player->store, &error));
}

static void read_deployment(struct player *player, const cJSON *order,
			    struct deployment_row *row)
{
	const char *withheld = text_of(order, "withheld");
	const cJSON *revision;
	guint n = 0;

	*row = (struct deployment_row){
		.external_id = g_strdup(text_of(order, "id")),
		.attempt = (gint32)cJSON_GetNumberValue(
			cJSON_GetObjectItem(order, "attempt")),
		.environment = g_strdup(text_of(order, "environment")),
		.started = instant_of(order, "started"),
		.finished = instant_of(order, "finished"),
		.first_seen = instant_of(order, "seen"),
		.ref = g_strdup(text_of(order, "ref")),
	};
	need(outcome_parse(text_of(order, "outcome"), &row->outcome), NULL, "outcome");
	need(!withheld || exclusion_parse(withheld, &row->withheld), NULL, "withheld");
	row->n_revisions = (guint)cJSON_GetArraySize(
		cJSON_GetObjectItem(order, "revisions"));
	row->revisions = g_malloc0_n(MAX(row->n_revisions, 1), sizeof(*row->revisions));
	cJSON_ArrayForEach(revision, cJSON_GetObjectItem(order, "revisions"))
	{
		row->revisions[n].repo_id = repo_of(player, revision->string);
		row->revisions[n++].oid = oid_of(revision);
	}
}

void play_deployments(struct player *player, const cJSON *order)
{
	GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct deployment_row));
	const cJSON *each;

	g_array_set_clear_func(rows, (GDestroyNotify)deployment_row_clear);
	cJSON_ArrayForEach(each, cJSON_GetObjectItem(order, "rows"))
	{
		struct deployment_row row;

		read_deployment(player, each, &row);
		g_array_append_val(rows, row);
	}
	must(store_begin(player->store, &error));
	must(store_deployments_write(
		player->store, service_of(player, text_of(order, "service")),
		source_of(player, text_of(order, "source")),
		(const struct deployment_row *)(const void *)rows->data, rows->len, NULL,
		&error));
	must(store_commit(player->store, &error));
	deployment_rows_free(rows);
}

static char **texts_of(const cJSON *list)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	const cJSON *each;

	if (cJSON_GetArraySize(list) == 0)
		return NULL;
	cJSON_ArrayForEach(each, list)
		g_ptr_array_add(texts, g_strdup(cJSON_GetStringValue(each)));
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_steal(texts, NULL);
}

static void read_member(struct item *item, const cJSON *value)
{
	const struct item_member *member = item_member(value->string);
	char *at;

	if (strcmp(value->string, "project") == 0) {
		item->project = g_strdup(value->valuestring);
		return;
	}
	if (strcmp(value->string, "outcome") == 0) {
		need(outcome_parse(value->valuestring, &item->outcome), NULL, "outcome");
		item->done = item->outcome != OUTCOME_RUNNING;
		return;
	}
	need(member != NULL, NULL, value->string);
	at = (char *)item + member->offset;
	if (member->type == JSON_TIME)
		*(gint64 *)(void *)at = instant_value(value);
	else if (member->type == JSON_BOOL)
		*(bool *)at = cJSON_IsTrue(value);
	else if (member->type == JSON_TEXTS)
		*(char ***)(void *)at = texts_of(value);
	else if (member->type == JSON_TEXT || member->type == JSON_ID)
		*(char **)(void *)at = g_strdup(cJSON_GetStringValue(value));
	else
		need(false, NULL, value->string);
}

void play_items(struct player *player, const cJSON *order)
{
	const char *source = text_of(order, "source");
	gint32 source_id = source_of(player, source);
	g_autoptr(GPtrArray) items = items_new(), changed = g_ptr_array_new();
	enum item_kind kind = ITEM_INCIDENT;
	const cJSON *row, *value;

	need(item_kind_parse(text_of(order, "kind"), &kind), NULL, "kind");
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(order, "rows"))
	{
		struct item *item = g_new0(struct item, 1);

		item_init(item, kind);
		item->attempt = 1;
		cJSON_ArrayForEach(value, row) read_member(item, value);
		must(item_check(item, &error));
		g_ptr_array_add(items, item);
	}
	must(store_begin(player->store, &error));
	must(store_items_write(player->store, source_id, instant_of(order, "now"), items,
			       changed, &error));
	must(item_due(player->store, player->config, source, source_id, changed, &error));
	must(store_commit(player->store, &error));
}

void play_gone(struct player *player, const cJSON *order)
{
	gint32 source_id = source_of(player, text_of(order, "source"));
	const char *project = text_of(order, "project");
	g_auto(GStrv) ids = texts_of(cJSON_GetObjectItem(order, "ids"));
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	enum item_kind kind = ITEM_INCIDENT;

	need(ids && item_kind_parse(text_of(order, "kind"), &kind), NULL, "kind");
	for (guint i = 0; ids[i]; i++)
		g_ptr_array_add(list, ids[i]);
	must(store_begin(player->store, &error));
	must(store_items_gone(player->store, source_id, project, kind,
			      (const char *const *)ids, instant_of(order, "now"), NULL,
			      &error));
	must(item_due_gone(player->store, source_id, project, kind, list, &error));
	must(store_commit(player->store, &error));
}
