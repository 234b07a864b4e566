#include "sinks/store_private.h"

/* Written at once: enough to be fast, and bounded however large the items are. */
#define PORTION_ROWS 5000
#define PORTION_BYTES (32u << 20)

#define KEY "project, kind, external_id, attempt"
#define SAME_KEY                                                                         \
	"d.source_id = $1 AND d.project = g.project AND d.kind = g.kind"                 \
	" AND d.external_id = g.external_id AND d.attempt = g.attempt"

enum statement { GONE };

static const char *const sql[] = {
	[GONE] = "UPDATE dorad.item SET gone_at = $4 WHERE source_id = $1"
		 " AND project = $2 AND kind = $3 AND gone_at IS NULL"
		 " AND external_id = ANY ($5)",
};

/* ---- columns: those of the key, outcome, done, and a column for each other member ----
 */

#define N_FIRST 6 /* columns before those of the members */

/* The two of the key have columns of their own. */
static bool in_key(const struct item_member *member)
{
	return member->offset == G_STRUCT_OFFSET(struct item, id) ||
	       member->offset == G_STRUCT_OFFSET(struct item, attempt);
}

static const void *place(const struct item *item, const struct item_member *member)
{
	return (const char *)item + member->offset;
}

static char letter(const struct item_member *member)
{
	switch ((int)member->type) {
	case JSON_INT:
		return 'l';
	case JSON_BOOL:
		return 'o';
	case JSON_TIME:
		return 'z';
	default:
		return 't';
	}
}

/* The letters of all columns, for pg_rows_init(). */
static void letters(char types[PG_MAX_COLUMNS + 1])
{
	char *at = types + g_strlcpy(types, "tttlto", PG_MAX_COLUMNS + 1);

	for (const struct item_member *member = item_members; member->name; member++)
		if (!in_key(member)) {
			g_assert(at < types + PG_MAX_COLUMNS);
			*at++ = letter(member);
		}
	*at = '\0';
}

/* "p.outcome, p.done, p.parent, …": all columns but the key's. */
static char *values(const char *prefix, bool cast)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%soutcome, %sdone", prefix, prefix);
	for (const struct item_member *member = item_members; member->name; member++) {
		const char *suffix = member->type == JSON_TIME ? "_at" : "";

		if (in_key(member))
			continue;
		g_string_append_printf(text, ", %s%s%s", prefix, member->name, suffix);
		if (cast && member->type == JSON_TEXTS)
			g_string_append_printf(text, "::text[] AS %s", member->name);
	}
	return g_string_free(text, FALSE);
}

/* ---- writing ---- */

/* Rows that are there as given are not even locked: ON CONFLICT alone would do that, and
 * write. It is for those that differ, and for what somebody else has just added. OFFSET 0
 * keeps the look-up of a row a look-up: as a join, and with no statistics of the table
 * yet, it would be planned to read all of it. */
static char *write_sql(const struct pg_rows *rows)
{
	g_autofree char *plain = values("", false), *cast = values("", true);
	g_autofree char *given = values("g.", false), *is = values("d.", false);
	g_autofree char *excluded = values("excluded.", false);
	g_autoptr(GString) arrays = g_string_new("$3");

	for (gsize i = 1; rows->types[i]; i++)
		g_string_append_printf(arrays, ", $%zu", i + 3);
	return g_strdup_printf(
		"WITH given AS MATERIALIZED (SELECT i, " KEY ", %s"
		" FROM unnest(%s) WITH ORDINALITY AS g (" KEY ", %s, i)),"
		" written AS (INSERT INTO dorad.item AS d"
		" (source_id, first_seen_at, " KEY ", %s)"
		" SELECT $1, $2, " KEY ", %s FROM given g WHERE NOT EXISTS"
		" (SELECT FROM dorad.item d WHERE " SAME_KEY " AND d.gone_at IS NULL"
		" AND (%s) IS NOT DISTINCT FROM (%s) OFFSET 0)"
		" ON CONFLICT (source_id, " KEY ") DO UPDATE SET (gone_at, %s)"
		" = (NULL, %s) WHERE d.gone_at IS NOT NULL"
		" OR (%s) IS DISTINCT FROM (%s)"
		" RETURNING " KEY ")"
		" SELECT i FROM written JOIN given USING (" KEY ") ORDER BY i",
		cast, arrays->str, plain, plain, plain, is, given, plain, excluded, is,
		excluded);
}

static void gather(struct pg_rows *rows, const struct item *item)
{
	GByteArray **column = rows->columns;

	field_text(*column++, item->project ? item->project : "");
	field_text(*column++, item_kind_name(item->kind));
	field_text(*column++, item->id);
	field_int8(*column++, MAX(item->attempt, 1));
	field_text(*column++, outcome_name(item->outcome));
	field_bool(*column++, item->done);
	for (const struct item_member *member = item_members; member->name; member++) {
		const void *at = place(item, member);

		if (in_key(member))
			continue;
		if (member->type == JSON_TEXTS)
			field_texts(*column++, *(char **const *)at);
		else if (member->type == JSON_TIME)
			field_instant(*column++, *(const gint64 *)at);
		else if (member->type == JSON_INT)
			field_int8(*column++, *(const gint64 *)at);
		else if (member->type == JSON_BOOL)
			field_bool(*column++, *(const bool *)at);
		else
			field_text(*column++, *(char *const *)at);
	}
	rows->n++;
}

/* Items from first on, as gathered in rows. */
static bool write_portion(struct store *store, const char *statement, gint32 source_id,
			  gint64 now, struct pg_rows *rows, gpointer *first,
			  GPtrArray *changed, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, source_id);
	arg_instant(&args, now);
	arg_rows(&args, rows);
	if (!store_exec(store, statement, &args, &result, error))
		return false;
	for (int i = 0; changed && i < PQntuples(result); i++)
		g_ptr_array_add(changed, first[result_int8(result, i, 0) - 1]);
	pg_rows_reset(rows);
	return true;
}

bool store_items_write(struct store *store, gint32 source_id, gint64 now,
		       const GPtrArray *items, GPtrArray *changed, GError **error)
{
	guint n_before = changed ? changed->len : 0;
	g_autofree char *statement = NULL;
	char types[PG_MAX_COLUMNS + 1];
	struct pg_rows rows;
	bool good = true;

	if (!store_writable(store, error))
		return false;
	letters(types);
	pg_rows_init(&rows, types);
	statement = write_sql(&rows);
	for (guint i = 0; good && i < items->len; i++) {
		gather(&rows, items->pdata[i]);
		if (i + 1 == items->len || rows.n == PORTION_ROWS ||
		    pg_rows_size(&rows) >= PORTION_BYTES)
			good = write_portion(store, statement, source_id, now, &rows,
					     &items->pdata[i + 1 - rows.n], changed,
					     error);
	}
	pg_rows_clear(&rows);
	if (!good && changed)
		g_ptr_array_set_size(changed, (gint)n_before);
	return good;
}

static void arg_list(struct pg_args *args, struct pg_rows *list, const char *const *texts)
{
	for (; texts && *texts; texts++, list->n++)
		field_text(list->columns[0], *texts);
	arg_rows(args, list);
}

bool store_items_gone(struct store *store, gint32 source_id, const char *project,
		      enum item_kind kind, const char *const *ids, gint64 now,
		      gsize *n_changed, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_rows list;
	bool good;

	if (n_changed)
		*n_changed = 0;
	if (!store_writable(store, error))
		return false;
	pg_rows_init(&list, "t");
	arg_int4(&args, source_id);
	arg_text(&args, project ? project : "");
	arg_text(&args, item_kind_name(kind));
	arg_instant(&args, now);
	arg_list(&args, &list, ids);
	good = list.n == 0 || store_exec(store, sql[GONE], &args, &result, error);
	pg_rows_clear(&list);
	if (result && n_changed)
		*n_changed = g_ascii_strtoull(PQcmdTuples(result), NULL, 10);
	return good;
}

/* ---- reading ---- */

char *store_item_columns(const char *prefix)
{
	g_autofree char *others = values(prefix, false);

	return g_strdup_printf("%sproject, %skind, %sexternal_id, %sattempt, %s", prefix,
			       prefix, prefix, prefix, others);
}

/* Planned with its parameters, so that each of these conditions is there or not. */
static char *read_sql(void)
{
	g_autofree char *columns = store_item_columns("");

	return g_strdup_printf(
		"SELECT %s, first_seen_at, gone_at IS NOT NULL FROM dorad.item"
		" WHERE source_id = $1 AND ($2 IS NULL OR project = $2)"
		" AND ($3 IS NULL OR kind = $3)"
		" AND (NOT $4 OR (NOT done AND gone_at IS NULL))"
		" AND ($5 IS NULL OR created_at >= $5)"
		" AND ($6 IS NULL OR created_at < $6)"
		" AND (NOT $7 OR external_id = ANY ($8))"
		" AND ($9 IS NULL OR parent = $9)"
		" AND ($10 OR gone_at IS NULL)"
		" ORDER BY created_at, external_id, attempt, project, kind",
		columns);
}

struct visitor {
	bool (*visit)(const struct item *item, gint64 first_seen, bool gone, void *user,
		      GError **error);
	void *user;
};

static void read_member(struct item *item, const struct item_member *member,
			const PGresult *result, int row, int column)
{
	void *at = (char *)item + member->offset;

	if (member->type == JSON_TEXTS)
		*(char ***)at = result_texts(result, row, column);
	else if (member->type == JSON_TIME)
		*(gint64 *)at = result_instant(result, row, column);
	else if (member->type == JSON_INT)
		*(gint64 *)at = result_int8(result, row, column);
	else if (member->type == JSON_BOOL)
		*(bool *)at = result_bool(result, row, column);
	else
		*(char **)at = result_text(result, row, column);
}

int store_item_read(struct item *item, const PGresult *result, int row)
{
	g_autofree char *kind = result_text(result, row, 1);
	g_autofree char *outcome = result_text(result, row, 4);
	int column = N_FIRST;

	item_init(item, ITEM_DEPLOYMENT);
	item_kind_parse(kind, &item->kind);
	outcome_parse(outcome, &item->outcome);
	item->project = result_text(result, row, 0);
	item->id = result_text(result, row, 2);
	item->attempt = result_int8(result, row, 3);
	item->done = result_bool(result, row, 5);
	for (const struct item_member *member = item_members; member->name; member++)
		if (!in_key(member))
			read_member(item, member, result, row, column++);
	return column;
}

static bool visit_items(const PGresult *result, void *user, GError **error)
{
	const struct visitor *visitor = user;
	bool good = true;

	for (int i = 0; good && i < PQntuples(result); i++) {
		struct item item;
		int column = store_item_read(&item, result, i);

		good = visitor->visit(&item, result_instant(result, i, column),
				      result_bool(result, i, column + 1), visitor->user,
				      error);
		item_clear(&item);
	}
	return good;
}

bool store_items_each(struct store *store, const struct item_query *query,
		      bool (*visit)(const struct item *item, gint64 first_seen, bool gone,
				    void *user, GError **error),
		      void *user, GError **error)
{
	struct visitor visitor = { visit, user };
	g_autofree char *statement = read_sql();
	struct pg_args args = { 0 };
	struct pg_rows ids;
	bool good;

	pg_rows_init(&ids, "t");
	arg_int4(&args, query->source_id);
	arg_text(&args, query->project);
	arg_text(&args,
		 query->kind < 0 ? NULL : item_kind_name((enum item_kind)query->kind));
	arg_bool(&args, query->unfinished);
	arg_instant(&args, query->created_from);
	arg_instant(&args, query->created_to);
	arg_bool(&args, query->ids != NULL);
	arg_list(&args, &ids, query->ids);
	arg_text(&args, query->parent);
	arg_bool(&args, query->gone);
	good = store_each(store, statement, &args, visit_items, &visitor, error);
	pg_rows_clear(&ids);
	return good;
}
