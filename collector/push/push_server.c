#include "collector/push/push_server.h"

#include <microhttpd.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "collector/push/push_answer.h"
#include "collector/push/push_auth.h"
#include "collector/push/push_body.h"
#include "collector/push/push_socket.h"
#include "collector/push/push_store.h"

#define CONNECTIONS_MAX 128
#define CONNECTIONS_EACH_MAX 64 /* from one address */
#define HEADERS_MAX (32u << 10)
#define IDLE_SECONDS 10
#define WHOLE_MAX (30 * G_TIME_SPAN_SECOND) /* of one request */
#define DRAIN_MAX (8u << 20) /* of a body that is too big, before we hang up */
#define DENIED_PER_MINUTE 60
#define FILE_MAX_BYTES (1u << 20)

/* Requests that may be made: refilled evenly up to a minute's worth. */
struct allowance {
	double tokens;
	gint64 filled; /* 0: never */
};

struct push_server {
	struct push_options options;
	struct store *store;
	GCancellable *cancellable; /* of what a request waits for */
	struct MHD_Daemon *daemon;
	struct allowance *clients; /* as config->push->clients */
	struct allowance denied;
	gint64 complained; /* 0: never */
	char *certificate, *key;
};

/* One request on its way in. */
struct exchange {
	GByteArray *body;
	gsize dropped; /* bytes of a body that is too big */
	gint64 since;
};

static const struct route {
	const char *path;
	bool any_service; /* see struct push_request */
	bool (*read)(const cJSON *body, const char *client, GPtrArray *items,
		     GError **error);
} routes[] = {
	{ "/v1/deployments", false, push_deployments },
	{ "/v1/incidents", false, push_incidents },
	{ "/v1/cdevents", false, push_cdevents },
	{ "/v1/alertmanager", true, push_alertmanager },
};

static const struct route *route_of(const char *path)
{
	for (gsize i = 0; i < G_N_ELEMENTS(routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

static bool allowance_take(struct allowance *allowance, unsigned per_minute, gint64 now)
{
	gint64 since = allowance->filled ? MAX(now - allowance->filled, 0)
					 : G_TIME_SPAN_MINUTE;

	allowance->tokens = MIN(allowance->tokens + (double)since * per_minute /
							    (double)G_TIME_SPAN_MINUTE,
				per_minute);
	allowance->filled = now;
	if (allowance->tokens < 1)
		return false;
	allowance->tokens -= 1;
	return true;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_json(const char *type)
{
	static const char *const types[] = { "application/json",
					     "application/cloudevents+json",
					     "application/cloudevents-batch+json" };

	for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++) {
		gsize n = strlen(types[i]);

		if (g_ascii_strncasecmp(type, types[i], n) == 0 &&
		    (type[n] == '\0' || type[n] == ';' || type[n] == ' '))
			return true;
	}
	return false;
}

/* ---- a whole request ---- */

/* The sender is told to come back; the operator, each minute at most, why. A database
 * that is away is told of elsewhere. */
static void complain(struct push_server *server, const GError *error, gint64 now)
{
	const struct work_context *context = &server->options.context;

	if (g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA) ||
	    dora_error_is_transient(error) || !context->notice ||
	    (server->complained && ABS(now - server->complained) < G_TIME_SPAN_MINUTE))
		return;
	server->complained = now;
	context->notice("push", error->message, context->user);
}

static const struct config_push_client *
authenticate(struct push_server *server, struct MHD_Connection *connection,
	     const char *path, const struct exchange *exchange, gint64 now,
	     guint8 digest[32], bool *is_signed, struct answer *answer)
{
	const struct config_push *push = server->options.config->push;
	const struct push_credentials shown = {
		.authorization = header(connection, "Authorization"),
		.timestamp = header(connection, "X-Dorad-Timestamp"),
		.signature = header(connection, "X-Dorad-Signature"),
		.path = path,
		.body = exchange->body->data,
		.body_size = exchange->body->len,
	};
	const struct config_push_client *client;
	g_autoptr(GError) error = NULL;

	client = push_auth(push, &shown, now, digest, is_signed, &error);
	if (!client) {
		if (g_error_matches(error, DORA_ERROR, DORA_ERROR_DENIED) &&
		    !allowance_take(&server->denied, DENIED_PER_MINUTE, now))
			answer_limit(answer, "too many requests were refused");
		else
			answer_error(answer, error);
		if (!g_error_matches(error, DORA_ERROR, DORA_ERROR_DENIED))
			complain(server, error, now);
		return NULL;
	}
	if (!allowance_take(&server->clients[client - push->clients], push->per_minute,
			    now)) {
		g_autofree char *text = g_strdup_printf(
			"client %s may send %u requests a minute", client->name,
			push->per_minute);

		answer_limit(answer, text);
		return NULL;
	}
	return client;
}

static void take(struct push_server *server, struct MHD_Connection *connection,
		 const char *path, const struct route *route,
		 const struct exchange *exchange, struct answer *answer)
{
	_cleanup_(cJSON_Deletep) cJSON *body = NULL;
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GError) error = NULL;
	guint8 digest[32];
	bool is_signed = false, replayed = false;
	struct push_request request = {
		.items = items,
		.now = server->options.now(),
		.any_service = route->any_service,
	};

	request.client = authenticate(server, connection, path, exchange, request.now,
				      digest, &is_signed, answer);
	if (!request.client)
		return;
	request.digest = is_signed ? digest : NULL;
	body = json_parse((const char *)exchange->body->data, exchange->body->len,
			  &error);
	if (!body) {
		answer_problem(answer, MHD_HTTP_BAD_REQUEST, error->message);
		return;
	}
	if (!route->read(body, request.client->name, items, &error)) {
		answer_error(answer, error);
		return;
	}
	if (!push_store(server->store, &server->options.context, &request, &replayed,
			&error)) {
		answer_unstored(answer, error);
		complain(server, error, request.now);
		return;
	}
	answer_stored(answer, items->len, replayed);
	if (!replayed)
		server->options.stored(server->options.user);
}

static void handle(struct push_server *server, struct MHD_Connection *connection,
		   const char *path, const char *method, const struct exchange *exchange,
		   struct answer *answer)
{
	const struct route *route = route_of(path);

	if (!route)
		answer_problem(answer, MHD_HTTP_NOT_FOUND,
			       "expected /v1/deployments, /v1/incidents, /v1/cdevents or "
			       "/v1/alertmanager");
	else if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		answer_problem(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "expected POST");
	else if (!is_json(header(connection, "Content-Type")))
		answer_problem(answer, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
			       "expected Content-Type: application/json");
	else if (exchange->dropped > 0)
		answer_problem(answer, MHD_HTTP_CONTENT_TOO_LARGE,
			       "expected a body of at most 1 MiB");
	else
		take(server, connection, path, route, exchange, answer);
}

/* ---- microhttpd ---- */

static void exchange_end(void *unused, struct MHD_Connection *connection, void **place,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *place;

	(void)unused;
	(void)connection;
	(void)code;
	if (!exchange)
		return;
	g_byte_array_unref(exchange->body);
	g_free(exchange);
	*place = NULL;
}

static enum MHD_Result receive(struct exchange *exchange, const char *data, size_t n,
			       gint64 now)
{
	if (now - exchange->since > WHOLE_MAX)
		return MHD_NO;
	if (exchange->dropped == 0 && exchange->body->len + n <= PUSH_BODY_MAX) {
		g_byte_array_append(exchange->body, (const guint8 *)data, (guint)n);
		return MHD_YES;
	}
	exchange->dropped += n;
	return exchange->dropped > DRAIN_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection,
				  const char *path, const char *method,
				  const char *version, const char *data, size_t *n,
				  void **place)
{
	struct push_server *server = user;
	struct exchange *exchange = *place;
	struct answer answer = { 0 };

	(void)version;
	if (!exchange) {
		exchange = *place = g_new0(struct exchange, 1);
		exchange->body = g_byte_array_new();
		exchange->since = g_get_monotonic_time();
		return MHD_YES;
	}
	if (*n > 0) {
		enum MHD_Result result = receive(exchange, data, *n,
						 g_get_monotonic_time());

		*n = 0;
		return result;
	}
	handle(server, connection, path, method, exchange, &answer);
	return answer_send(&answer, connection);
}

static void on_log(void *unused, const char *format, va_list args)
{
	(void)unused;
	(void)format;
	(void)args; /* what goes wrong with a connection is its client's to see */
}

/* ---- life ---- */

static bool read_file(const char *path, char **text, GError **error)
{
	g_autoptr(GError) local = NULL;
	gsize n;

	if (g_file_get_contents(path, text, &n, &local) && n <= FILE_MAX_BYTES)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "push.certificate: %s",
		    local ? local->message : "is not a certificate");
	return false;
}

static bool load_tls(struct push_server *server, GError **error)
{
	const struct config_push *push = server->options.config->push;

	if (!push->certificate)
		return true;
	if (!read_file(push->certificate, &server->certificate, error))
		return false;
	server->key = secret_read(push->key, error);
	if (!server->key)
		g_prefix_error(error, "push.key: ");
	return server->key != NULL;
}

static bool start(struct push_server *server, int fd, GError **error)
{
	const bool tls = server->certificate != NULL;
	/* Without TLS the list ends at the first of the three. */
	const struct MHD_OptionItem secure[] = {
		{ tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
		  server->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, server->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};

	server->daemon = MHD_start_daemon(
		MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
			(tls ? (unsigned)MHD_USE_TLS : 0),
		0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
		exchange_end, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_EACH_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, secure,
		MHD_OPTION_END);
	if (server->daemon)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    tls ? "push: the server cannot be started: do push.certificate and "
			  "push.key belong together?"
			: "push: the server cannot be started");
	return false;
}

struct push_server *push_server_new(const struct push_options *options, GError **error)
{
	const struct config_push *push = options->config->push;
	struct push_server *server = g_new0(struct push_server, 1);
	int fd;

	server->options = *options;
	server->options.config = config_ref(options->config);
	server->options.context.config = server->options.config;
	server->cancellable = g_cancellable_new();
	server->options.context.cancellable = server->cancellable;
	server->clients = g_new0(struct allowance, push->n_clients);
	server->store = store_new(server->options.config);
	if (load_tls(server, error) && (fd = push_listen(push->listen, error)) >= 0) {
		if (start(server, fd, error))
			return server;
		/* microhttpd closes the socket, also where it cannot start */
		push_unlisten(push->listen);
	}
	push_server_free(server);
	return NULL;
}

void push_server_free(struct push_server *server)
{
	if (!server)
		return;
	g_cancellable_cancel(server->cancellable);
	if (server->daemon) {
		MHD_stop_daemon(server->daemon);
		push_unlisten(server->options.config->push->listen);
	}
	store_free(server->store);
	g_object_unref(server->cancellable);
	config_unref(server->options.config);
	g_free(server->clients);
	g_free(server->certificate);
	secret_free(server->key);
	g_free(server);
}
