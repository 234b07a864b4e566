#pragma once

/* Where the push server listens. */
#include <glib.h>
#include <stdbool.h>

/* Listens on "127.0.0.1:9440", "[::1]:9440" or the path of a Unix socket, which group may
 * use and others may not; a socket that a dead server left there is replaced. The socket,
 * or -1 with CONFIG for an address that cannot be had, RETRY for one that is in use. */
int push_listen(const char *address, GError **error);
/* Removes the Unix socket of an address, if it is one. */
void push_unlisten(const char *address);
