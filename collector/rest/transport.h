#pragma once

/*
 * What the REST engine needs of the world: requests, the clock, and a pause. The real one
 * is rest/transport.c; tests bring their own and so need neither network nor patience.
 */
#include "base/http.h"

struct rest_transport {
	bool (*perform)(void *self, const struct http_request *request,
			struct http_response *response, GError **error);
	gint64 (*now)(void *self); /* wall clock, instant */
	/* False with CANCELLED if the program is stopping. */
	bool (*wait)(void *self, GTimeSpan span, GError **error);
	void *self;
};

/* The real one: over HTTP, by the wall clock, and with pauses that end when cancellable
 * is cancelled (NULL: never; one reference is kept). It belongs to one worker. Requests
 * without a cancellable of their own are given this one. */
struct rest_transport *rest_transport_new(GCancellable *cancellable);
void rest_transport_free(struct rest_transport *transport); /* NULL is fine */
DEFINE_CLEANUP(struct rest_transport *, rest_transport_free);
