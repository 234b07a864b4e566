#include "collector/rest/transport.h"

#include "base/error.h"

struct real {
	struct rest_transport transport; /* what the caller sees; self is the whole */
	struct http *http;
	GCancellable *cancellable;
};

static bool real_perform(void *self, const struct http_request *request,
			 struct http_response *response, GError **error)
{
	struct real *real = self;
	struct http_request own = *request;

	if (!own.cancellable)
		own.cancellable = real->cancellable;
	return http_perform(real->http, &own, response, error);
}

static gint64 real_now(void *self)
{
	(void)self;
	return g_get_real_time();
}

/* By the monotonic clock: a wall clock that is set back makes no pause longer. */
static bool real_wait(void *self, GTimeSpan span, GError **error)
{
	struct real *real = self;
	gint64 end = g_get_monotonic_time() + MAX(span, 0);
	GPollFD fd = { .fd = -1 };
	guint n = g_cancellable_make_pollfd(real->cancellable, &fd) ? 1 : 0;
	gint64 left;

	while (!g_cancellable_is_cancelled(real->cancellable) &&
	       (left = end - g_get_monotonic_time()) > 0) {
		gint64 ms = left / 1000 + 1;

		/* Without a descriptor it looks again each second. */
		g_poll(&fd, n, (gint)MIN(ms, n ? G_MAXINT : 1000));
	}
	if (n)
		g_cancellable_release_fd(real->cancellable);
	if (!g_cancellable_is_cancelled(real->cancellable))
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "dorad is stopping");
	return false;
}

struct rest_transport *rest_transport_new(GCancellable *cancellable)
{
	struct real *real = g_new0(struct real, 1);

	real->transport = (struct rest_transport){
		.perform = real_perform, .now = real_now, .wait = real_wait, .self = real
	};
	real->http = http_new();
	real->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
	return &real->transport;
}

void rest_transport_free(struct rest_transport *transport)
{
	struct real *real = transport ? transport->self : NULL;

	if (!real)
		return;
	http_free(real->http);
	g_clear_object(&real->cancellable);
	g_free(real);
}
