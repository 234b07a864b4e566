#include <string.h>

#include "sinks/store_private.h"

/* For the connection as a whole, name look-up excepted: the resolver has its own limit.
 */
#define CONNECT_TIMEOUT (10 * G_USEC_PER_SEC)

/* Options of libpq: those before the configured ones are defaults, those after them
 * cannot be overridden. */
struct options {
	const char *keys[24], *values[24];
	int n;
};

static void option(struct options *options, const char *key, const char *value)
{
	options->keys[options->n] = key;
	options->values[options->n] = value;
	options->n++;
}

static void describe(struct options *options, const struct config_database *database,
		     const char *password)
{
	/* A dead peer is noticed within a minute. */
	option(options, "keepalives_idle", "30");
	option(options, "keepalives_interval", "10");
	option(options, "keepalives_count", "3");
	option(options, "tcp_user_timeout", "30000");
	option(options, "gssencmode", "disable");
	option(options, "target_session_attrs", "primary");
	option(options, "application_name", "dorad");
	option(options, "fallback_application_name", "dorad");
	option(options, "dbname", database->uri); /* expanded here */
	option(options, "client_encoding", "UTF8");
	/* a path that cannot be: libpq complains aloud of /dev/null itself */
	option(options, "passfile", "/dev/null/pgpass");
	if (password)
		option(options, "password", password);
}

/* A string that libpq would not understand, or one with a password in it, which would end
 * up wherever the configuration is shown. */
static bool check_uri(const char *uri, GError **error)
{
	PQconninfoOption *options;
	bool good = true;
	char *complaint = NULL;

	if (!strchr(uri, '=') && !strstr(uri, "://"))
		return true; /* the name of a database */
	options = PQconninfoParse(uri, &complaint);
	if (!options) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "database.uri: %s",
			    complaint ? g_strchomp(complaint) : "not understood");
		PQfreemem(complaint);
		return false;
	}
	for (PQconninfoOption *o = options; good && o->keyword; o++)
		good = strcmp(o->keyword, "password") != 0 || !o->val || !*o->val;
	PQconninfoFree(options);
	if (!good)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database.uri: has a password in it; name it in "
			    "database.password");
	return good;
}

/* Waits until the socket is ready for what libpq wants next; false at the deadline. */
static bool wait_for(PGconn *conn, PostgresPollingStatusType want, gint64 deadline)
{
	GPollFD fd = {
		.fd = PQsocket(conn),
		.events = want == PGRES_POLLING_READING ? G_IO_IN : G_IO_OUT,
	};

	for (;;) {
		gint64 left = deadline - g_get_monotonic_time();

		if (left <= 0)
			return false;
		if (g_poll(&fd, 1, (gint)(left / 1000 + 1)) > 0)
			return true;
	}
}

static void ignore_notice(void *user, const char *message)
{
	(void)user;
	(void)message;
}

static bool settle(PGconn *conn, const char *password, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + CONNECT_TIMEOUT;
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
		if (!wait_for(conn, want, deadline)) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
				    "database: no answer within %d s",
				    (int)(CONNECT_TIMEOUT / G_USEC_PER_SEC));
			return false;
		}
		want = PQconnectPoll(conn);
	}
	if (want == PGRES_POLLING_FAILED)
		return store_fail_connect(conn, password, error);
	if (PQserverVersion(conn) < 150000) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: the server is PostgreSQL %d; 15 or newer is "
			    "needed",
			    PQserverVersion(conn) / 10000);
		return false;
	}
	return true;
}

PGconn *store_connect(const struct config_database *database, GError **error)
{
	struct options options = { 0 };
	char *password = NULL;
	PGconn *conn;

	if (!check_uri(database->uri, error))
		return NULL;
	if (database->password && !(password = secret_read(database->password, error))) {
		g_prefix_error(error, "database.password: ");
		return NULL;
	}
	describe(&options, database, password);
	conn = PQconnectStartParams(options.keys, options.values, 1);
	g_assert(conn);
	/* Verbose, because only so does the error of a start tell its SQLSTATE. */
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	PQsetNoticeProcessor(conn, ignore_notice, NULL);
	if (PQstatus(conn) == CONNECTION_BAD)
		store_fail_connect(conn, password, error);
	else if (settle(conn, password, error)) {
		secret_free(password);
		return conn;
	}
	secret_free(password);
	PQfinish(conn);
	return NULL;
}
