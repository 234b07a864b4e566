#include "sinks/store_private.h"

/* What people and APIs call a commit by, where it is not its full name. */

#define PREFIX_MIN 7

enum statement { BY_PREFIX, BY_REF };

static const char *const sql[] = {
	[BY_PREFIX] = "SELECT sha FROM dorad.commit WHERE repo_id = $1"
		      " AND sha >= $2 AND sha <= $3 ORDER BY sha LIMIT 2",
	/* As git resolves a name, tags go before branches. */
	[BY_REF] =
		"SELECT r.commit FROM unnest(ARRAY[$2, 'refs/' || $2, 'refs/tags/' || $2,"
		" 'refs/heads/' || $2]) WITH ORDINALITY AS g (name, i)"
		" JOIN dorad.git_ref r ON r.repo_id = $1 AND r.name = g.name"
		" WHERE r.commit IS NOT NULL ORDER BY g.i LIMIT 1",
};

/* The least and the greatest id that begins with these digits. False if they are none. */
static bool bounds(const char *hex, struct oid *from, struct oid *to)
{
	gsize n = strlen(hex);

	if (n < PREFIX_MIN || n > 2 * OID_BYTES)
		return false;
	*from = (struct oid){ .len = (guint8)((n + 1) / 2) };
	*to = (struct oid){ .len = OID_BYTES };
	memset(to->id, 0xff, OID_BYTES);
	for (gsize i = 0; i < n; i++) {
		int digit = g_ascii_xdigit_value(hex[i]);
		guint shift = i % 2 == 0 ? 4 : 0;

		if (digit < 0)
			return false;
		from->id[i / 2] |= (guint8)(digit << shift);
		to->id[i / 2] &= (guint8) ~((15 ^ digit) << shift);
	}
	return true;
}

guint store_commit_prefix(struct store *store, gint32 repo_id, const char *hex,
			  struct oid found[2], GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct oid from, to;

	if (!bounds(hex, &from, &to))
		return 0;
	arg_int4(&args, repo_id);
	arg_oid(&args, &from);
	arg_oid(&args, &to);
	if (!store_exec(store, sql[BY_PREFIX], &args, &result, error))
		return 0;
	for (int i = 0; i < PQntuples(result); i++)
		result_oid(result, i, 0, &found[i]);
	return (guint)PQntuples(result);
}

bool store_ref_commit(struct store *store, gint32 repo_id, const char *name,
		      struct oid *oid, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, repo_id);
	arg_text(&args, name);
	if (!store_exec(store, sql[BY_REF], &args, &result, error))
		return false;
	*oid = (struct oid){ 0 };
	if (PQntuples(result) > 0)
		result_oid(result, 0, 0, oid);
	return true;
}
