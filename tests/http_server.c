#include "tests/http_server.h"

#include <check.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>

struct http_server {
	const struct answer *answers;
	GSocket *socket;
	GCancellable *stop;
	GThread *thread;
	char *url;
	GMutex lock;   /* of what follows */
	GString *seen; /* every request */
	guint connections;
};

/* One request with its body. False when the client is gone. */
static bool receive(struct http_server *server, GSocket *client, GString *request)
{
	char byte;
	gsize length = 0;
	const char *header;

	g_string_truncate(request, 0);
	while (!g_str_has_suffix(request->str, "\r\n\r\n")) {
		if (g_socket_receive(client, &byte, 1, server->stop, NULL) != 1)
			return false;
		g_string_append_c(request, byte);
	}
	header = strcasestr(request->str, "\r\ncontent-length:");
	if (header)
		length = (gsize)g_ascii_strtoull(header + 17, NULL, 10);
	for (; length > 0; length--) {
		if (g_socket_receive(client, &byte, 1, server->stop, NULL) != 1)
			return false;
		g_string_append_c(request, byte);
	}
	g_mutex_lock(&server->lock);
	g_string_append(server->seen, request->str);
	g_mutex_unlock(&server->lock);
	return true;
}

static bool send_all(struct http_server *server, GSocket *client, const char *bytes,
		     gsize n)
{
	while (n > 0) {
		gssize sent = g_socket_send(client, bytes, n, server->stop, NULL);

		if (sent <= 0)
			return false;
		bytes += sent;
		n -= (gsize)sent;
	}
	return true;
}

static const struct answer *find(const struct http_server *server, const char *request)
{
	static const struct answer none = {
		.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	};
	const char *path = strchr(request, ' ') + 1;
	gsize n = strcspn(path, " ");

	for (const struct answer *at = server->answers; at->path; at++) {
		if (strlen(at->path) == n && memcmp(at->path, path, n) == 0)
			return at;
	}
	return &none;
}

/* Whether the connection goes on. */
static bool answer(struct http_server *server, GSocket *client, GString *request)
{
	const struct answer *script = find(server, request->str);
	const struct linger at_once = { .l_onoff = 1 };
	gsize size = script->part_size;

	if (size == 0 && script->part)
		size = strlen(script->part);
	if (!send_all(server, client, script->head, strlen(script->head)))
		return false;
	for (guint i = 0; script->part && i < script->times; i++) {
		if (!send_all(server, client, script->part, size))
			return false;
	}
	switch (script->after) {
	case KEEP:
		return true;
	case STALL:
	case DROP_NEXT:
		receive(server, client, request);
		return false;
	case RESET:
		setsockopt(g_socket_get_fd(client), SOL_SOCKET, SO_LINGER, &at_once,
			   sizeof(at_once));
		return false;
	case CLOSE:
	default:
		return false;
	}
}

static gpointer serve(gpointer data)
{
	struct http_server *server = data;
	g_autoptr(GString) request = g_string_new(NULL);

	for (;;) {
		g_autoptr(GSocket)
			client = g_socket_accept(server->socket, server->stop, NULL);

		if (!client)
			return NULL;
		g_mutex_lock(&server->lock);
		server->connections++;
		g_mutex_unlock(&server->lock);
		while (receive(server, client, request) &&
		       answer(server, client, request))
			;
		g_socket_close(client, NULL);
	}
}

static GSocketAddress *address_of(const char *unix_socket)
{
	g_autoptr(GInetAddress) loopback = NULL;

	if (unix_socket)
		return g_unix_socket_address_new(unix_socket);
	loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	return g_inet_socket_address_new(loopback, 0);
}

struct http_server *http_server_start(const struct answer *answers,
				      const char *unix_socket)
{
	struct http_server *server = g_new0(struct http_server, 1);
	g_autoptr(GSocketAddress) address = address_of(unix_socket);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GError) error = NULL;

	server->answers = answers;
	server->stop = g_cancellable_new();
	server->seen = g_string_new(NULL);
	g_mutex_init(&server->lock);
	server->socket = g_socket_new(g_socket_address_get_family(address),
				      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
				      &error);
	ck_assert(server->socket &&
		  g_socket_bind(server->socket, address, FALSE, &error) &&
		  g_socket_listen(server->socket, &error));
	bound = g_socket_get_local_address(server->socket, &error);
	server->url = unix_socket
			      ? g_strdup("http://localhost")
			      : g_strdup_printf("http://127.0.0.1:%u",
						g_inet_socket_address_get_port(
							G_INET_SOCKET_ADDRESS(bound)));
	server->thread = g_thread_new("server", serve, server);
	return server;
}

const char *http_server_url(const struct http_server *server)
{
	return server->url;
}

bool http_server_ask(const struct http_server *server, struct http *http,
		     const char *path, struct http_response *response, GError **error)
{
	static const struct http_header headers[] = {
		{ "Authorization", "Bearer " HTTP_SERVER_SECRET },
		{ "Private-Token", HTTP_SERVER_SECRET },
	};
	g_autofree char *url = g_strconcat(server->url, path, NULL);
	const struct http_request request = {
		.url = url,
		.headers = headers,
		.n_headers = G_N_ELEMENTS(headers),
		.timeout = G_TIME_SPAN_SECOND,
	};

	return http_perform(http, &request, response, error);
}

char *http_server_seen(struct http_server *server)
{
	char *seen;

	g_mutex_lock(&server->lock);
	seen = g_strdup(server->seen->str);
	g_mutex_unlock(&server->lock);
	return seen;
}

guint http_server_connections(struct http_server *server)
{
	guint n;

	g_mutex_lock(&server->lock);
	n = server->connections;
	g_mutex_unlock(&server->lock);
	return n;
}

void http_server_stop(struct http_server *server)
{
	g_cancellable_cancel(server->stop);
	g_thread_join(server->thread);
	g_object_unref(server->socket);
	g_object_unref(server->stop);
	g_string_free(server->seen, TRUE);
	g_mutex_clear(&server->lock);
	g_free(server->url);
	g_free(server);
}
