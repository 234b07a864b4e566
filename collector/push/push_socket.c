#include "collector/push/push_socket.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#define BACKLOG 64

static int failed(GError **error, const char *address, const char *what, int code)
{
	g_set_error(error, DORA_ERROR,
		    code == EADDRINUSE ? DORA_ERROR_RETRY : DORA_ERROR_CONFIG,
		    "push.listen: %s: %s: %s", address, what, g_strerror(code));
	return -1;
}

/* The address of "host:port", "[host]:port" or a path; NULL. */
static GSocketAddress *parse(const char *address)
{
	const char *colon = strrchr(address, ':');
	g_autofree char *host = NULL;
	guint64 port;
	gsize n;

	if (address[0] == '/') {
		struct sockaddr_un un = { .sun_family = AF_UNIX };

		if (strlen(address) >= sizeof(un.sun_path))
			return NULL;
		g_strlcpy(un.sun_path, address, sizeof(un.sun_path));
		return g_socket_address_new_from_native(&un, sizeof(un));
	}
	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
		return NULL;
	n = (gsize)(colon - address);
	if (n > 2 && address[0] == '[' && address[n - 1] == ']')
		host = g_strndup(address + 1, n - 2);
	else
		host = g_strndup(address, n);
	return g_inet_socket_address_new_from_string(host, (guint)port);
}

static bool is_dead(const char *path, const struct sockaddr *native, socklen_t size)
{
	struct stat status;
	int probe;
	bool dead;

	if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return false;
	dead = connect(probe, native, size) != 0 && errno == ECONNREFUSED;
	close(probe);
	return dead;
}

int push_listen(const char *address, GError **error)
{
	g_autoptr(GSocketAddress) parsed = parse(address);
	struct sockaddr_storage native;
	bool local = address[0] == '/';
	const int on = 1;
	socklen_t size;
	int fd, code;

	if (!parsed || !g_socket_address_to_native(parsed, &native, sizeof(native), NULL))
		return failed(error, address, "cannot be listened on", EINVAL);
	size = (socklen_t)g_socket_address_get_native_size(parsed);
	if (local && is_dead(address, (struct sockaddr *)&native, size))
		unlink(address);
	fd = socket(native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return failed(error, address, "socket", errno);
	if (!local)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&native, size) != 0 ||
	    (local && chmod(address, 0660) != 0) || listen(fd, BACKLOG) != 0) {
		code = errno;
		close(fd);
		return failed(error, address, "cannot be listened on", code);
	}
	return fd;
}

void push_unlisten(const char *address)
{
	if (address[0] == '/')
		unlink(address);
}
