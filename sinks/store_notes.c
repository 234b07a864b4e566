#include "sinks/store_private.h"

enum statement { READ, EMPTY, RESET, INSERT, EACH };

static const char *const sql[] = {
	[READ] = "SELECT patterns FROM dorad.repo WHERE repo_id = $1",
	[EMPTY] = "DELETE FROM dorad.commit_note WHERE repo_id = $1",
	[RESET] = "UPDATE dorad.repo SET patterns = $2"
		  " WHERE repo_id = $1 AND patterns IS DISTINCT FROM $2",
	[INSERT] = "INSERT INTO dorad.commit_note (repo_id, sha, kind, text)"
		   " SELECT $1, g.sha, g.kind, g.text"
		   " FROM unnest($2, $3, $4) AS g (sha, kind, text)"
		   " ON CONFLICT (repo_id, sha, kind, text) DO NOTHING",
	[EACH] = "SELECT sha, kind, text FROM dorad.commit_note WHERE repo_id = $1"
		 " ORDER BY sha, kind, text COLLATE \"C\"",
};

bool store_notes_patterns(struct store *store, gint32 repo_id, char **patterns,
			  GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, repo_id);
	if (!store_exec(store, sql[READ], &args, &result, error))
		return false;
	*patterns = PQntuples(result) ? result_text(result, 0, 0) : NULL;
	return true;
}

bool store_notes_reset(struct store *store, gint32 repo_id, const char *patterns,
		       GError **error)
{
	struct pg_args empty = { 0 }, reset = { 0 };

	arg_int4(&empty, repo_id);
	arg_int4(&reset, repo_id);
	arg_text(&reset, patterns);
	return store_writable(store, error) &&
	       store_exec(store, sql[EMPTY], &empty, NULL, error) &&
	       store_exec(store, sql[RESET], &reset, NULL, error);
}

bool store_notes_add(struct store *store, gint32 repo_id, const struct commit_note *notes,
		     gsize n, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	if (n == 0)
		return true;
	pg_rows_init(&rows, "btt");
	for (gsize i = 0; i < n; i++, rows.n++) {
		field_oid(rows.columns[0], &notes[i].oid);
		field_text(rows.columns[1], notes[i].kind);
		field_text(rows.columns[2], notes[i].text);
	}
	arg_int4(&args, repo_id);
	arg_rows(&args, &rows);
	good = store_exec(store, sql[INSERT], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

struct visit {
	bool (*visit)(const struct commit_note *note, void *user, GError **error);
	void *user;
};

static bool visit_portion(const PGresult *result, void *user, GError **error)
{
	const struct visit *visit = user;

	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 1);
		g_autofree char *text = result_text(result, i, 2);
		struct commit_note note = { .kind = kind, .text = text };

		result_oid(result, i, 0, &note.oid);
		if (!visit->visit(&note, visit->user, error))
			return false;
	}
	return true;
}

bool store_notes_each(struct store *store, gint32 repo_id,
		      bool (*visit)(const struct commit_note *note, void *user,
				    GError **error),
		      void *user, GError **error)
{
	struct pg_args args = { 0 };
	struct visit each = { visit, user };

	arg_int4(&args, repo_id);
	return store_each(store, sql[EACH], &args, visit_portion, &each, error);
}
