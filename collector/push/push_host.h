#pragma once

/*
 * The push server in the life of the daemon: started with each configuration that wants
 * one, tried again each minute where it could not be (another program may have the
 * address), ended with the loop. Belongs to the loop.
 */
#include "collector/push/push_server.h"

struct push_host;

struct push_host_options {
	const char *cache_dir; /* borrowed */
	struct budgets *budgets;
	struct tokens *tokens;
	/* From the server's thread, or from within the functions below. */
	void (*notice)(const char *what, const char *text, void *user);
	void (*stored)(void *user);
	void *user;
};

struct push_host *push_host_new(const struct push_host_options *options);
void push_host_free(struct push_host *host); /* ends the server; NULL is fine */

/* Another configuration is in use. Both are referenced. */
void push_host_adopt(struct push_host *host, struct config *config, GBytes *author_key,
		     gint64 steady);
/* Tries again if it is time to. */
void push_host_turn(struct push_host *host, gint64 steady);
