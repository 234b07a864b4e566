#include "sinks/store_private.h"
#include "sinks/store_states.h"

#define BATCH 10000

/* What fits into a key beside the rest of it, however badly it packs. */
#define TEXT_BYTES 2000

enum statement { PATTERNS, EMPTY, RESET, ADD, EACH };

static const char *const sql[] = {
	[PATTERNS] = "SELECT patterns FROM dorad.repo WHERE repo_id = $1",
	[EMPTY] = "DELETE FROM dorad.commit_note WHERE repo_id = $1",
	[RESET] = "UPDATE dorad.repo SET patterns = $2"
		  " WHERE repo_id = $1 AND patterns IS DISTINCT FROM $2",
	[ADD] = "INSERT INTO dorad.commit_note (repo_id, sha, kind, text)"
		" SELECT $1, g.* FROM unnest($2, $3, $4) AS g (sha, kind, text)"
		" ON CONFLICT DO NOTHING",
	[EACH] = "SELECT sha, kind, text FROM dorad.commit_note WHERE repo_id = $1"
		 " ORDER BY sha, kind, text COLLATE \"C\"",
};

bool store_notes_patterns(struct store *store, gint32 repo_id, char **patterns,
			  GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, repo_id);
	if (!store_exec(store, sql[PATTERNS], &args, &result, error))
		return false;
	*patterns = PQntuples(result) > 0 ? result_text(result, 0, 0) : NULL;
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

static void put_text(GByteArray *out, const char *text)
{
	gsize n = strlen(text);

	/* not in the middle of a character */
	if (n > TEXT_BYTES)
		for (n = TEXT_BYTES; n > 0 && ((guchar)text[n] & 0xc0) == 0x80;)
			n--;
	field_bytes(out, (const guint8 *)text, n);
}

bool store_notes_add(struct store *store, gint32 repo_id, const struct commit_note *notes,
		     gsize n, GError **error)
{
	struct pg_rows rows;
	bool good = store_writable(store, error);

	pg_rows_init(&rows, "btt");
	for (gsize from = 0; good && from < n; from += BATCH) {
		struct pg_args args = { 0 };

		pg_rows_reset(&rows);
		for (gsize i = from; i < MIN(n, from + BATCH); i++, rows.n++) {
			field_oid(rows.columns[0], &notes[i].oid);
			field_text(rows.columns[1], notes[i].kind);
			put_text(rows.columns[2], notes[i].text);
		}
		arg_int4(&args, repo_id);
		arg_rows(&args, &rows);
		good = store_exec(store, sql[ADD], &args, NULL, error);
	}
	pg_rows_clear(&rows);
	return good;
}

struct visitor {
	bool (*visit)(const struct commit_note *note, void *user, GError **error);
	void *user;
};

static bool visit_notes(const PGresult *result, void *user, GError **error)
{
	const struct visitor *visitor = user;

	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 1);
		g_autofree char *text = result_text(result, i, 2);
		struct commit_note note = { .kind = kind, .text = text };

		result_oid(result, i, 0, &note.oid);
		if (!visitor->visit(&note, visitor->user, error))
			return false;
	}
	return true;
}

bool store_notes_each(struct store *store, gint32 repo_id,
		      bool (*visit)(const struct commit_note *note, void *user,
				    GError **error),
		      void *user, GError **error)
{
	struct visitor visitor = { visit, user };
	struct pg_args args = { 0 };

	arg_int4(&args, repo_id);
	return store_each(store, sql[EACH], &args, visit_notes, &visitor, error);
}
