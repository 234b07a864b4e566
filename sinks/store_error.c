#include <string.h>

#include "sinks/store_private.h"

/* What to do about an SQLSTATE (PostgreSQL's appendix A); the first prefix that fits. */
static const struct {
	const char *prefix;
	enum dora_error code;
} states[] = {
	{ "08", DORA_ERROR_RETRY },    /* connection */
	{ "0A", DORA_ERROR_CONFIG },   /* not supported by this server */
	{ "21", DORA_ERROR_DATA },     /* cardinality: one row given twice */
	{ "22", DORA_ERROR_DATA },     /* values */
	{ "23", DORA_ERROR_DATA },     /* constraints */
	{ "25006", DORA_ERROR_RETRY }, /* read-only: a standby, until it is promoted */
	{ "25", DORA_ERROR_RETRY },    /* idle transaction ended */
	{ "28", DORA_ERROR_DENIED },   /* authentication */
	{ "3D", DORA_ERROR_CONFIG },   /* no such database */
	{ "3F", DORA_ERROR_CONFIG },   /* no such schema */
	{ "40", DORA_ERROR_RETRY },    /* deadlock, serialization */
	{ "42501", DORA_ERROR_DENIED },
	{ "42", DORA_ERROR_CONFIG }, /* tables are not as expected */
	{ "53", DORA_ERROR_RETRY },  /* disk full, too many connections */
	{ "54", DORA_ERROR_DATA },   /* program limits: a key too long for an index */
	{ "55", DORA_ERROR_RETRY },  /* lock timeout */
	{ "57", DORA_ERROR_RETRY },  /* shutdown, cancelled, starting up */
	{ "58", DORA_ERROR_RETRY },  /* system */
};

/* libpq's own words for what a person must mend; it has no codes for them. */
static const struct {
	const char *words;
	enum dora_error code;
} complaints[] = {
	{ "certificate verify failed", DORA_ERROR_DENIED },
	{ "does not match host name", DORA_ERROR_DENIED },
	{ "no password supplied", DORA_ERROR_DENIED },
	{ "root certificate file", DORA_ERROR_CONFIG },
	{ "server does not support SSL", DORA_ERROR_CONFIG },
	{ "invalid port number", DORA_ERROR_CONFIG },
	{ "invalid integer value", DORA_ERROR_CONFIG },
	{ "invalid sslmode", DORA_ERROR_CONFIG },
	{ "no such user", DORA_ERROR_DENIED },	   /* pgbouncer, which says 08P01 */
	{ "no such database", DORA_ERROR_CONFIG }, /* pgbouncer */
	{ "SASL authentication failed", DORA_ERROR_DENIED }, /* pgbouncer */
	{ "password authentication failed", DORA_ERROR_DENIED },
	{ "unsupported startup parameter", DORA_ERROR_CONFIG },
};

static enum dora_error code_of(const char *state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
		if (g_str_has_prefix(state, states[i].prefix))
			return states[i].code;
	return DORA_ERROR_RETRY;
}

/* One valid line of what may be several; the caller frees. */
static char *one_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	GString *line = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++) {
		char *part = g_strstrip(lines[i]);

		if (!*part || g_str_has_prefix(part, "LOCATION:"))
			continue;
		if (line->len > 0)
			g_string_append(line, "; ");
		g_string_append(line, part);
	}
	return g_string_free(line, FALSE);
}

/* What the views and tables of another version lack. */
static bool is_of_schema(const char *state)
{
	return g_str_equal(state, "42P01") || g_str_equal(state, "42703") ||
	       g_str_equal(state, "42883") || g_str_equal(state, "3F000");
}

bool store_fail(PGconn *conn, const PGresult *result, GError **error)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	g_autofree char *text = NULL;

	if (!state || !primary) {
		text = one_line(conn ? PQerrorMessage(conn) : "");
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "database: %s",
			    *text ? text : "connection lost");
		return false;
	}
	text = one_line(primary);
	g_set_error(error, DORA_ERROR, code_of(state), "database: %s%s%s (%s)%s", text,
		    detail ? ": " : "", detail ? detail : "", state,
		    is_of_schema(state) ? "; the schema is made and brought up to date "
					  "when dorad starts"
					: "");
	return false;
}

/* The five characters of "FATAL:  28P01: …", which verbose errors of a start have. */
static bool find_state(const char *text, char state[6])
{
	const char *at = strstr(text, ":  ");

	for (; at; at = strstr(at + 3, ":  ")) {
		if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
		    at[8] == ':') {
			g_strlcpy(state, at + 3, 6);
			return true;
		}
	}
	return false;
}

bool store_fail_connect(PGconn *conn, const char *secret, GError **error)
{
	g_autofree char *text = one_line(PQerrorMessage(conn));
	enum dora_error code = DORA_ERROR_RETRY;
	char state[6];

	if (find_state(text, state))
		code = code_of(state);
	if (code == DORA_ERROR_RETRY)
		for (gsize i = 0; i < G_N_ELEMENTS(complaints); i++)
			if (strstr(text, complaints[i].words)) {
				code = complaints[i].code;
				break;
			}
	/* libpq does not repeat the password; should a server ever do, it ends here. */
	if (secret && *secret && strstr(text, secret)) {
		g_set_error(error, DORA_ERROR, code,
			    "database: the connection was refused with a message that "
			    "holds the password");
		return false;
	}
	g_set_error(error, DORA_ERROR, code, "database: %s", text);
	return false;
}
