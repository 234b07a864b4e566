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
