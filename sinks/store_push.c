#include "sinks/store_private.h"

/* A signature is good for 5 minutes before and after its time. */
static const char drop_old[] = "DELETE FROM dorad.push_seen"
			       " WHERE seen_at < $1 - interval '15 minutes'";
static const char note[] = "INSERT INTO dorad.push_seen (digest, seen_at)"
			   " VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1";

bool store_push_seen(struct store *store, const guint8 digest[32], gint64 now, bool *seen,
		     GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args old = { 0 }, new = { 0 };
	struct oid name = { .len = OID_BYTES };

	memcpy(name.id, digest, OID_BYTES);
	arg_instant(&old, now);
	arg_oid(&new, &name);
	arg_instant(&new, now);
	if (!store_writable(store, error) ||
	    !store_exec(store, drop_old, &old, NULL, error) ||
	    !store_exec(store, note, &new, &result, error))
		return false;
	*seen = PQntuples(result) == 0;
	return true;
}
