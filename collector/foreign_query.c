#include "collector/foreign_query.h"

#include <libpq-fe.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/instant.h"

#define TIMESTAMPTZ 1184
/* The server ends the query first; we, if nothing at all comes for longer than that. */
#define STATEMENT_TIMEOUT "300s"
#define SILENCE_MAX (330 * G_TIME_SPAN_SECOND)

DEFINE_CLEANUP(PGconn *, PQfinish);

/* What to do about an SQLSTATE (PostgreSQL's appendix A); the first prefix that fits. */
static const struct {
	const char *prefix;
	enum dora_error code;
} states[] = {
	{ "0A", DORA_ERROR_CONFIG }, { "22", DORA_ERROR_DATA },
	{ "25", DORA_ERROR_CONFIG }, /* it tries to write */
	{ "28", DORA_ERROR_DENIED }, { "3D", DORA_ERROR_CONFIG },
	{ "3F", DORA_ERROR_CONFIG }, { "42501", DORA_ERROR_DENIED },
	{ "42", DORA_ERROR_CONFIG },
};

/* libpq has no codes for what happens before there is a connection. */
static const char *const refusals[] = {
	"authentication failed",    "no password supplied", "certificate verify failed",
	"does not match host name", "no such user",
};

static enum dora_error code_of(const char *state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
		if (g_str_has_prefix(state, states[i].prefix))
			return states[i].code;
	return DORA_ERROR_RETRY;
}

/* The first line of a message, valid. The caller frees. */
static char *one_line(const char *text)
{
	char *line = g_utf8_make_valid(text, -1);

	return g_strchomp(g_strdelimit(line, "\n", ' '));
}

static bool fail(PGconn *conn, const PGresult *result, GError **error)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	g_autofree char *text = one_line(primary ? primary : PQerrorMessage(conn));

	g_set_error(error, DORA_ERROR, state ? code_of(state) : DORA_ERROR_RETRY,
		    "%s%s%s%s", *text ? text : "connection lost", state ? " (" : "",
		    state ? state : "", state ? ")" : "");
	return false;
}

static bool fail_connect(PGconn *conn, const char *password, GError **error)
{
	g_autofree char *text = one_line(PQerrorMessage(conn));
	enum dora_error code = DORA_ERROR_RETRY;

	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		if (strstr(text, refusals[i]))
			code = DORA_ERROR_DENIED;
	if (password && *password && strstr(text, password))
		g_set_error(error, DORA_ERROR, code,
			    "the connection was refused with a message that holds the "
			    "password");
	else
		g_set_error(error, DORA_ERROR, code, "%s", text);
	return false;
}

static void ignore_notice(void *user, const char *message)
{
	(void)user;
	(void)message;
}

/* Options before the configured ones are defaults, those after them cannot be
 * overridden. */
static PGconn *open_connection(const struct foreign_query *query, GError **error)
{
	char *password = query->password ? secret_read(query->password, error) : NULL;
	const char *const keys[] = {
		"connect_timeout",
		"keepalives_idle",
		"keepalives_interval",
		"keepalives_count",
		"tcp_user_timeout",
		"gssencmode",
		"application_name",
		"dbname",
		"client_encoding",
		"passfile",
		password ? "password" : NULL,
		NULL,
	};
	const char *const values[] = {
		"10",
		"30",
		"10",
		"3",
		"30000",
		"disable",
		"dorad",
		query->uri,
		"UTF8",
		/* a path that cannot be: libpq complains aloud of /dev/null itself */
		"/dev/null/pgpass",
		password,
		NULL,
	};
	_cleanup_(PQfinishp) PGconn *conn = NULL;

	if (query->password && !password) {
		g_prefix_error(error, "password: ");
		return NULL;
	}
	conn = PQconnectdbParams(keys, values, 1);
	g_assert(conn);
	PQsetNoticeProcessor(conn, ignore_notice, NULL);
	if (PQstatus(conn) != CONNECTION_OK)
		fail_connect(conn, password, error);
	secret_free(password);
	return PQstatus(conn) == CONNECTION_OK ? g_steal_pointer(&conn) : NULL;
}

static void cancel(PGconn *conn)
{
	PGcancel *request = PQgetCancel(conn);
	char ignored[256];

	if (request)
		PQcancel(request, ignored, sizeof(ignored));
	PQfreeCancel(request);
}

static bool cancelled(PGconn *conn, GError **error)
{
	cancel(conn);
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "dorad is stopping");
	return false;
}

/* Waits until the next result can be had without waiting. */
static bool wait_for_result(const struct foreign_query *query, PGconn *conn,
			    GError **error)
{
	gint64 deadline = g_get_monotonic_time() + SILENCE_MAX;

	while (PQisBusy(conn)) {
		GPollFD fds[2] = { { .fd = PQsocket(conn), .events = G_IO_IN } };
		guint n = g_cancellable_make_pollfd(query->cancellable, &fds[1]) ? 2 : 1;
		gint64 left = deadline - g_get_monotonic_time();

		if (left > 0)
			g_poll(fds, n, (gint)(left / 1000 + 1));
		if (n == 2)
			g_cancellable_release_fd(query->cancellable);
		if (g_cancellable_is_cancelled(query->cancellable))
			return cancelled(conn, error);
		if (left <= 0) {
			cancel(conn);
			g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
				    "no answer within %d s",
				    (int)(SILENCE_MAX / G_USEC_PER_SEC));
			return false;
		}
		if ((fds[0].revents & (G_IO_IN | G_IO_HUP | G_IO_ERR)) &&
		    !PQconsumeInput(conn))
			return fail(conn, NULL, error);
	}
	return true;
}

/* Sends a statement and hands out each row as it comes. */
static bool run(const struct foreign_query *query, PGconn *conn, const char *sql,
		const char *since,
		bool (*take)(const struct foreign_query *query, const PGresult *result,
			     GError **error),
		GError **error)
{
	const Oid types[] = { TIMESTAMPTZ };
	const char *const values[] = { since };
	int n = since ? 1 : 0;
	PGresult *result;
	bool good = true;

	if (!PQsendQueryParams(conn, sql, n, types, values, NULL, NULL, 0) ||
	    !PQsetSingleRowMode(conn))
		return fail(conn, NULL, error);
	/* the connection is closed after a failure: what is left may stay unread */
	while (good) {
		if (!wait_for_result(query, conn, error))
			return false;
		result = PQgetResult(conn);
		if (!result)
			return true;
		if (PQresultStatus(result) == PGRES_FATAL_ERROR ||
		    PQresultStatus(result) == PGRES_BAD_RESPONSE)
			good = fail(conn, result, error);
		else if (take)
			good = take(query, result, error);
		PQclear(result);
	}
	cancel(conn);
	return false;
}

static bool take_columns(const struct foreign_query *query, const PGresult *result,
			 GError **error)
{
	for (int i = 0; i < PQnfields(result); i++)
		if (!query->column(PQfname(result, i), query->user, error))
			return false;
	return true;
}

static bool take_rows(const struct foreign_query *query, const PGresult *result,
		      GError **error)
{
	for (int i = 0; i < PQntuples(result); i++)
		if (!query->row(PQgetvalue(result, i, 0),
				(gsize)PQgetlength(result, i, 0), query->user, error))
			return false;
	return true;
}

struct ordering {
	const struct foreign_query *query;
	bool ordered;
};

static bool look_for_order(const char *name, void *user, GError **error)
{
	struct ordering *ordering = user;

	ordering->ordered |= strcmp(name, ordering->query->order) == 0;
	return ordering->query->column(name, ordering->query->user, error);
}

/* A semicolon at its end is how people end it; a comment there must not swallow ours. */
static char *trimmed(const char *sql)
{
	char *text = g_strchomp(g_strdup(sql));

	for (gsize n = strlen(text); n > 0 && strchr("; \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

static bool set_time_zone(const struct foreign_query *query, PGconn *conn, GError **error)
{
	const char *zone = query->time_zone ? query->time_zone : "UTC";
	char *quoted = PQescapeLiteral(conn, zone, strlen(zone));
	g_autofree char *sql = NULL;

	if (!quoted)
		return fail(conn, NULL, error);
	sql = g_strdup_printf("SET LOCAL TimeZone = %s", quoted);
	PQfreemem(quoted);
	return run(query, conn, sql, NULL, NULL, error);
}

bool foreign_query_run(const struct foreign_query *query, gint64 since, GError **error)
{
	_cleanup_(PQfinishp) PGconn *conn = open_connection(query, error);
	g_autofree char *text = trimmed(query->sql), *from = instant_format(since);
	g_autofree char *head = g_strdup_printf("SELECT * FROM (%s\n) q LIMIT 0", text);
	g_autofree char *body = NULL;
	struct ordering ordering = { query, false };
	struct foreign_query looking = *query;

	if (!conn)
		return false;
	looking.column = look_for_order;
	looking.user = &ordering;
	if (!run(query, conn,
		 "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL,
		 NULL, error) ||
	    !run(query, conn, "SET LOCAL statement_timeout = '" STATEMENT_TIMEOUT "'",
		 NULL, NULL, error) ||
	    !set_time_zone(query, conn, error) ||
	    !run(&looking, conn, head, from, take_columns, error))
		return false;
	body = g_strdup_printf("SELECT to_jsonb(q)::text FROM (%s\n) q%s%s LIMIT %u",
			       text, ordering.ordered ? " ORDER BY q." : "",
			       ordering.ordered ? query->order : "", query->max_rows);
	return run(query, conn, body, from, take_rows, error);
}
