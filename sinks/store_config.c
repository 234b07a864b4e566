#include "sinks/store_goals.h"
#include "sinks/store_private.h"

enum statement {
	LOCK,
	SCOPES,
	WRITE_SCOPES,
	WRITE_REPOS,
	WRITE_SOURCES,
	WRITE_COMPONENTS,
	WRITE_USES,
	HIDE,
	WRITE_SETTINGS,
	ALL_DIRTY,
};

/* Lead times, and the stages of them. */
#define OF_AUTHORS "metric ~ '^(change_)?lead_time'"

static const char *const sql[] = {
	/* One at a time, and not while a migration runs. */
	[LOCK] = "SELECT pg_advisory_xact_lock($1)",
	[SCOPES] = "SELECT s.scope_id, s.parent_id, s.time_zone, s.active,"
		   " ARRAY(SELECT concat_ws(' ', o.team_id, o.valid_from)"
		   " FROM dorad.ownership o WHERE o.service_id = s.scope_id"
		   " ORDER BY o.valid_from)"
		   " FROM dorad.scope s ORDER BY s.scope_id",
	[WRITE_SCOPES] =
		"WITH given AS (SELECT g.name, p.scope_id AS parent_id, g.time_zone"
		" FROM unnest($3, $4, $5) AS g (name, parent, time_zone)"
		" LEFT JOIN dorad.scope p ON p.kind = $2 AND p.name = g.parent),"
		" changed AS (UPDATE dorad.scope s SET parent_id = g.parent_id,"
		" time_zone = g.time_zone, active = true, left_at = NULL"
		" FROM given g WHERE s.kind = $1 AND s.name = g.name"
		" AND (s.parent_id, s.time_zone, s.active)"
		" IS DISTINCT FROM (g.parent_id, g.time_zone, true)),"
		" gone AS (UPDATE dorad.scope SET active = false, left_at = now()"
		" WHERE kind = $1 AND active AND name <> ALL ($3))"
		" INSERT INTO dorad.scope (kind, name, parent_id, time_zone)"
		" SELECT $1, g.* FROM given g WHERE NOT EXISTS"
		" (SELECT FROM dorad.scope s WHERE s.kind = $1 AND s.name = g.name)",
	[WRITE_REPOS] = "INSERT INTO dorad.repo (name) SELECT g.name"
			" FROM unnest($1) AS g (name) WHERE NOT EXISTS"
			" (SELECT FROM dorad.repo r WHERE r.name = g.name)",
	[WRITE_SOURCES] =
		"WITH given AS (SELECT g.kind, g.name, r.repo_id"
		" FROM unnest($1, $2) AS g (kind, name)"
		" LEFT JOIN dorad.repo r ON g.kind = 'git' AND r.name = g.name),"
		" changed AS (UPDATE dorad.source s SET active = NOT active"
		" WHERE active <> ((s.kind, s.name)"
		" IN (SELECT g.kind, g.name FROM given g)))"
		" INSERT INTO dorad.source (kind, name, repo_id)"
		" SELECT g.* FROM given g WHERE NOT EXISTS (SELECT FROM dorad.source s"
		" WHERE s.kind = g.kind AND s.name = g.name)",
	[WRITE_COMPONENTS] =
		"WITH given AS (SELECT DISTINCT s.scope_id, r.repo_id"
		" FROM unnest($1, $2) AS g (service, repo)"
		" JOIN dorad.scope s ON s.kind = 'service' AND s.name = g.service"
		" JOIN dorad.repo r ON r.name = g.repo),"
		/* Nobody looks what touches one that is gone: should it come back, all of
		 * its history is looked at again. */
		" gone AS (UPDATE dorad.component c SET globs = NULL"
		" WHERE globs IS NOT NULL AND NOT EXISTS (SELECT FROM given g"
		" WHERE g.scope_id = c.service_id AND g.repo_id = c.repo_id))"
		" INSERT INTO dorad.component (service_id, repo_id)"
		" SELECT g.* FROM given g WHERE NOT EXISTS"
		" (SELECT FROM dorad.component c"
		" WHERE c.service_id = g.scope_id AND c.repo_id = g.repo_id)",
	/* Not what is pushed. Nobody can tell what was not pushed, so a number waits for
	 * no such source: what it told is stored before it is answered, and marks what
	 * has to be computed. Every service has a repository beside it, which is polled
	 * and says how fresh the number is. */
	[WRITE_USES] = "WITH given AS (SELECT DISTINCT m.scope_id, x.source_id"
		       " FROM unnest($1, $2) AS g (service, source)"
		       " JOIN dorad.scope s ON s.kind = 'service' AND s.name = g.service"
		       " JOIN dorad.source x ON x.name = g.source AND x.active"
		       " AND x.kind <> 'push'"
		       " JOIN dorad.member m ON m.service_id = s.scope_id"
		       " WHERE m.scope_id IS NOT NULL),"
		       " gone AS (DELETE FROM dorad.scope_source u WHERE NOT EXISTS"
		       " (SELECT FROM given g WHERE g.scope_id = u.scope_id"
		       " AND g.source_id = u.source_id))"
		       " INSERT INTO dorad.scope_source (scope_id, source_id)"
		       " SELECT g.* FROM given g WHERE NOT EXISTS"
		       " (SELECT FROM dorad.scope_source u WHERE u.scope_id = g.scope_id"
		       " AND u.source_id = g.source_id)",
	/* What was told of as few people as are too few from now on. Series are computed
	 * again; alerts are kept as they were. */
	[HIDE] = "WITH raised AS (SELECT FROM dorad.setting WHERE name ="
		 " 'privacy.minimum_authors' AND value::bigint < $1),"
		 " alert AS (UPDATE dorad.alert SET before_median = NULL,"
		 " before_p85 = NULL, after_median = NULL, after_p85 = NULL,"
		 /* the value of a guardrail */
		 " after_rate = CASE WHEN unit = 'seconds' THEN NULL ELSE after_rate END"
		 " WHERE EXISTS (SELECT FROM raised) AND " OF_AUTHORS
		 " AND num_nonnulls(before_median, after_median, after_rate) > 0)"
		 " UPDATE dorad.change_point SET before = NULL, after = NULL"
		 " WHERE EXISTS (SELECT FROM raised) AND " OF_AUTHORS,
	[WRITE_SETTINGS] = "INSERT INTO dorad.setting AS s (name, value)"
			   " SELECT g.* FROM unnest($1, $2) AS g (name, value)"
			   " WHERE NOT EXISTS (SELECT FROM dorad.setting s"
			   " WHERE s.name = g.name AND s.value = g.value)"
			   " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	/* From the first to the last day that has or should have a number; of incidents
	 * that are all open the first will do: it makes the scope due. */
	[ALL_DIRTY] =
		"INSERT INTO dorad.dirty (scope_id, day)"
		" SELECT g.scope_id, day FROM unnest($1) AS g (scope_id)"
		" CROSS JOIN LATERAL (SELECT min(first), max(coalesce(last, first)) FROM"
		" (SELECT min(r.finished_at), max(r.finished_at) FROM dorad.rollout r"
		" JOIN dorad.counted m USING (service_id) WHERE m.scope_id = g.scope_id"
		" UNION ALL SELECT min(i.started_at), max(i.restored_at)"
		" FROM dorad.service_incident i"
		" JOIN dorad.counted m USING (service_id) WHERE m.scope_id = g.scope_id"
		" UNION ALL SELECT min(bucket_start), max(bucket_end)"
		" FROM dorad.series s WHERE s.scope_id = g.scope_id) e (first, last)"
		" ) span (first, last)"
		" CROSS JOIN LATERAL generate_series("
		" (span.first AT TIME ZONE 'UTC')::date - date '1970-01-01',"
		" (span.last AT TIME ZONE 'UTC')::date - date '1970-01-01') AS day",
};

/* "dorad", as the advisory locks of this program go. */
#define CONFIG_LOCK G_GINT64_CONSTANT(0x646f72616401)

/* ---- what a scope was before, to see what became different ---- */

struct known {
	gint32 scope_id, parent_id;
	char *time_zone;
	bool active;
	char **owners; /* "team_id since", in order; NULL: none */
};

static void known_free(void *data)
{
	struct known *known = data;

	g_free(known->time_zone);
	g_strfreev(known->owners);
	g_free(known);
}

static GHashTable *read_scopes(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	GHashTable *scopes;

	if (!store_exec(store, sql[SCOPES], NULL, &result, error))
		return NULL;
	scopes = g_hash_table_new_full(NULL, NULL, NULL, known_free);
	for (int i = 0; i < PQntuples(result); i++) {
		struct known *known = g_new0(struct known, 1);

		known->scope_id = result_int4(result, i, 0);
		known->parent_id = result_int4(result, i, 1);
		known->time_zone = result_text(result, i, 2);
		known->active = result_bool(result, i, 3);
		known->owners = result_texts(result, i, 4);
		g_hash_table_insert(scopes, GINT_TO_POINTER(known->scope_id), known);
	}
	return scopes;
}

static void add_with_parents(GHashTable *set, GHashTable *scopes, gint32 scope_id)
{
	while (scope_id != 0) {
		const struct known *scope = g_hash_table_lookup(
			scopes, GINT_TO_POINTER(scope_id));

		g_hash_table_add(set, GINT_TO_POINTER(scope_id));
		scope_id = scope ? scope->parent_id : 0;
	}
}

/* The parents of a scope (a team's org; the teams a service has and had, and their orgs)
 * have other numbers. */
static void add_parents(GHashTable *set, GHashTable *scopes, const struct known *scope)
{
	add_with_parents(set, scopes, scope->parent_id);
	for (char **owner = scope->owners; owner && *owner; owner++)
		add_with_parents(set, scopes, (gint32)g_ascii_strtoll(*owner, NULL, 10));
}

static bool same_owners(const struct known *was, const struct known *is)
{
	if (!was->owners || !is->owners)
		return was->owners == is->owners;
	return g_strv_equal((const char *const *)was->owners,
			    (const char *const *)is->owners);
}

/* Scopes whose numbers are not what they were: in another zone, or of other services. */
static GHashTable *compare(GHashTable *before, GHashTable *after)
{
	GHashTable *set = g_hash_table_new(NULL, NULL);
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, after);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct known *is = value;
		const struct known *was = g_hash_table_lookup(before, key);

		if (!was)
			continue;
		if (strcmp(was->time_zone, is->time_zone) != 0)
			g_hash_table_add(set, key);
		if (was->parent_id != is->parent_id || was->active != is->active ||
		    !same_owners(was, is)) {
			g_hash_table_add(set, key);
			add_parents(set, before, was);
			add_parents(set, after, is);
		}
	}
	return set;
}

static bool mark_changed(struct store *store, GHashTable *before, GError **error)
{
	g_autoptr(GHashTable) after = read_scopes(store, error);
	g_autoptr(GHashTable) set = NULL;
	struct pg_args args = { 0 };
	struct pg_rows rows;
	GHashTableIter iter;
	gpointer key;
	bool good;

	if (!after)
		return false;
	set = compare(before, after);
	pg_rows_init(&rows, "i");
	g_hash_table_iter_init(&iter, set);
	for (; g_hash_table_iter_next(&iter, &key, NULL); rows.n++)
		field_int4(rows.columns[0], GPOINTER_TO_INT(key));
	arg_rows(&args, &rows);
	good = rows.n == 0 || store_exec(store, sql[ALL_DIRTY], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

/* ---- writing ---- */

static void add_pair(struct pg_rows *rows, const char *first, const char *second)
{
	field_text(rows->columns[0], first);
	field_text(rows->columns[1], second);
	rows->n++;
}

static void add_scope(struct pg_rows *rows, const char *name, const char *parent,
		      const char *time_zone)
{
	add_pair(rows, name, parent);
	field_text(rows->columns[2], time_zone);
}

static bool write_scopes(struct store *store, const char *kind, const char *parent_kind,
			 struct pg_rows *rows, GError **error)
{
	struct pg_args args = { 0 };
	bool good;

	arg_text(&args, kind);
	arg_text(&args, parent_kind);
	arg_rows(&args, rows);
	good = store_exec(store, sql[WRITE_SCOPES], &args, NULL, error);
	pg_rows_reset(rows);
	return good;
}

static bool write_levels(struct store *store, const struct config *config,
			 struct pg_rows *rows, GError **error)
{
	for (unsigned i = 0; i < config->n_orgs; i++)
		add_scope(rows, config->orgs[i].name, NULL, config->orgs[i].time_zone);
	if (!write_scopes(store, "org", "", rows, error))
		return false;
	for (unsigned i = 0; i < config->n_teams; i++)
		add_scope(rows, config->teams[i].name, config->teams[i].org,
			  config->teams[i].time_zone);
	if (!write_scopes(store, "team", "org", rows, error))
		return false;
	for (unsigned i = 0; i < config->n_services; i++)
		add_scope(rows, config->services[i].name, config->services[i].team,
			  config->services[i].time_zone);
	return write_scopes(store, "service", "team", rows, error);
}

static bool write_rows(struct store *store, enum statement statement,
		       struct pg_rows *rows, GError **error)
{
	struct pg_args args = { 0 };

	arg_rows(&args, rows);
	return store_exec(store, sql[statement], &args, NULL, error);
}

static bool write_sources(struct store *store, const struct config *config,
			  GError **error)
{
	struct pg_rows repos, sources;
	bool good;

	pg_rows_init(&repos, "t");
	pg_rows_init(&sources, "tt");
	for (unsigned i = 0; i < config->n_all; i++) {
		const struct config_source *source = &config->all[i];

		add_pair(&sources, source->type, source->name);
		if (source->kind == SOURCE_GIT) {
			field_text(repos.columns[0], source->name);
			repos.n++;
		}
	}
	good = write_rows(store, WRITE_REPOS, &repos, error) &&
	       write_rows(store, WRITE_SOURCES, &sources, error);
	pg_rows_clear(&repos);
	pg_rows_clear(&sources);
	return good;
}

/* Incidents are told by the source that a rule names, or else by any that reads some. Not
 * what is pushed: nobody can tell what was not. */
static void add_incident_sources(struct pg_rows *uses, const struct config *config,
				 const struct config_service *service)
{
	for (unsigned i = 0; i < service->n_incidents; i++) {
		const char *source = service->incidents[i].source;

		add_pair(uses, service->name, source);
		for (unsigned k = 0; !source && k < config->n_all; k++)
			if (config->all[k].kind != SOURCE_PUSH &&
			    config_source_reads(&config->all[k], ITEM_INCIDENT))
				add_pair(uses, service->name, config->all[k].name);
	}
}

/* Components, and the sources that each service's numbers depend on: those of its
 * components, deployments and incidents. (A name that is NULL finds none.) */
static bool write_uses(struct store *store, const struct config *config, GError **error)
{
	struct pg_rows components, uses;
	bool good;

	pg_rows_init(&components, "tt");
	pg_rows_init(&uses, "tt");
	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		for (unsigned k = 0; k < service->n_components; k++) {
			const char *repo = service->components[k].repository;

			add_pair(&components, service->name, repo);
			add_pair(&uses, service->name, repo);
		}
		for (unsigned k = 0; k < service->n_deployments; k++) {
			const struct config_rule *rule = &service->deployments[k];

			add_pair(&uses, service->name, rule->repository);
			add_pair(&uses, service->name, rule->source);
			add_pair(&uses, service->name, rule->manifest_repository);
		}
		add_incident_sources(&uses, config, service);
	}
	good = write_rows(store, WRITE_COMPONENTS, &components, error) &&
	       write_rows(store, WRITE_USES, &uses, error);
	pg_rows_clear(&components);
	pg_rows_clear(&uses);
	return good;
}

static bool hide(struct store *store, const struct config *config, GError **error)
{
	struct pg_args args = { 0 };

	arg_int8(&args, config->privacy->minimum_authors);
	return store_exec(store, sql[HIDE], &args, NULL, error);
}

/* What views have to know of the configuration. */
static bool write_settings(struct store *store, const struct config *config,
			   GError **error)
{
	g_autofree char *minimum_authors = g_strdup_printf(
		"%u", config->privacy->minimum_authors);
	struct pg_rows settings;
	bool good;

	pg_rows_init(&settings, "tt");
	add_pair(&settings, "privacy.minimum_authors", minimum_authors);
	good = write_rows(store, WRITE_SETTINGS, &settings, error);
	pg_rows_clear(&settings);
	return good;
}

static bool write_all(struct store *store, const struct config *config, GError **error)
{
	g_autoptr(GHashTable) before = NULL;
	struct pg_args lock = { 0 };
	struct pg_rows scopes;
	bool good;

	arg_int8(&lock, CONFIG_LOCK);
	if (!store_exec(store, sql[LOCK], &lock, NULL, error) ||
	    !(before = read_scopes(store, error)))
		return false;
	pg_rows_init(&scopes, "ttt");
	good = write_levels(store, config, &scopes, error);
	pg_rows_clear(&scopes);
	return good && store_ownership_write(store, config, error) &&
	       write_sources(store, config, error) && write_uses(store, config, error) &&
	       store_sync_debt(store, config, error) &&
	       store_sync_goals(store, config, error) && hide(store, config, error) &&
	       write_settings(store, config, error) &&
	       store_channels_sync(store, config, error) &&
	       mark_changed(store, before, error);
}

bool store_sync_config(struct store *store, const struct config *config, GError **error)
{
	if (store_begin(store, error) && write_all(store, config, error))
		return store_commit(store, error);
	store_rollback(store);
	return false;
}
