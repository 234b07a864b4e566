#pragma once

/*
 * A query of an operator's on a PostgreSQL that is not ours: on a connection of its own,
 * in a read-only transaction, with limits on time and rows. Internal to collector/.
 */
#include <gio/gio.h>
#include <stdbool.h>

#include "base/secret.h"

struct foreign_query {
	const char *uri;
	const struct secret_ref *password; /* NULL: none */
	const char *sql;		   /* one SELECT; $1 is an instant */
	const char *time_zone;		   /* of the session; NULL: UTC */
	const char *order; /* rows come in the order of this column, if there is one */
	guint max_rows;	   /* rows beyond are not asked for */
	GCancellable *cancellable; /* NULL: none */
	/* Called for each column, then with each row as a JSON object. False with an
	 * error ends the query. */
	bool (*column)(const char *name, void *user, GError **error);
	bool (*row)(const char *json, gsize n, void *user, GError **error);
	void *user;
};

/* Runs it and closes the connection. RETRY, DENIED, CONFIG (the query is wrong) or DATA
 * as the server's answer says; CANCELLED. No message holds the password. */
bool foreign_query_run(const struct foreign_query *query, gint64 since, GError **error);
