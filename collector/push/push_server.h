#pragma once

/*
 * The push server: what pipelines and alerting tell by themselves, over HTTP. One thread
 * of its own, with a database connection of its own; a request is answered with 2xx only
 * after its commit, with 503 and Retry-After while the database is away, and with
 * problem+json (RFC 9457) wherever it is not taken.
 */
#include "collector/poll.h"

#define PUSH_BODY_MAX (1u << 20)

struct push_server;

struct push_options {
	struct config *config;	     /* with a push section; referenced */
	struct work_context context; /* its strings and key are borrowed, callbacks are
					called from the server's thread */
	gint64 (*now)(void);	     /* the wall clock */
	/* Something new was stored; from the server's thread. */
	void (*stored)(void *user);
	void *user;
};

/* Listens and serves until it is freed. NULL with RETRY or CONFIG. */
struct push_server *push_server_new(const struct push_options *options, GError **error);
/* Ends it; requests that are being answered are answered. NULL is fine. */
void push_server_free(struct push_server *server);
