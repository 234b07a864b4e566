#include "tests/sim_api.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"

#define MINUTE G_TIME_SPAN_MINUTE

void sim_complain(struct sim *sim, const char *format, ...)
{
	va_list args;

	if (sim->complaint)
		return;
	va_start(args, format);
	sim->complaint = g_strdup_vprintf(format, args);
	va_end(args);
}

static void sim_trace(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void sim_trace(struct sim *sim, const char *format, ...)
{
	g_autofree char *now = NULL;
	va_list args;

	if (!sim->trace)
		return;
	now = instant_format(sim->now + sim->skew);
	g_string_append_printf(sim->trace, "%s ", now);
	va_start(args, format);
	g_string_append_vprintf(sim->trace, format, args);
	va_end(args);
	g_string_append_c(sim->trace, '\n');
}

void sim_advance(struct sim *sim, gint64 now)
{
	sim->now = MAX(sim->now, now);
	world_advance(sim->world, sim->now + sim->skew);
}

static gint64 draw(struct sim *sim, gint64 from, gint64 to)
{
	return from + (gint64)(g_rand_double(sim->rand) * (double)(to - from));
}

/* ---- answers ---- */

static void header(struct http_response *response, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
static void header(struct http_response *response, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(response->headers, g_strdup_vprintf(format, args));
	va_end(args);
}

static void body(struct http_response *response, const char *text, gsize n)
{
	g_byte_array_set_size(response->body, 0);
	g_byte_array_append(response->body, (const guint8 *)text, (guint)n);
	g_byte_array_append(response->body, (const guint8 *)"", 1);
	g_byte_array_set_size(response->body, (guint)n);
}

static char *http_date(gint64 t)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(t / G_USEC_PER_SEC);

	return g_date_time_format(time, "%a, %d %b %Y %H:%M:%S GMT");
}

static void begin(struct sim *sim, struct http_response *response, guint status)
{
	g_autofree char *date = http_date(sim->now + sim->skew);

	response->status = status;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	response->body = g_byte_array_new();
	header(response, "date: %s", date);
	body(response, "{}", 2);
}

/* ---- what goes wrong ---- */

/* Refuses for a limit, in a dialect of many, and remembers until when. */
static void refuse(struct sim *sim, struct http_response *response)
{
	int seconds = g_rand_int_range(sim->rand, 1, 1200);
	gint64 server = (sim->now + sim->skew) / G_USEC_PER_SEC;
	g_autofree char *date = http_date((server + seconds) * G_USEC_PER_SEC);
	int dialect = g_rand_int_range(sim->rand, 0, 9);

	begin(sim, response, 429);
	switch (dialect) {
	case 0:
		header(response, "retry-after: %d", seconds);
		break;
	case 1:
		header(response, "retry-after: %s", date);
		break;
	case 2: /* GitHub, primary */
		response->status = 403;
		header(response, "x-ratelimit-limit: 5000");
		header(response, "x-ratelimit-remaining: 0");
		header(response, "x-ratelimit-reset: %" G_GINT64_FORMAT,
		       server + seconds);
		break;
	case 3: /* GitHub, secondary */
		response->status = 403;
		body(response, "{\"message\":\"a secondary rate limit\"}", 36);
		seconds = 60;
		break;
	case 4: /* Buildkite, PagerDuty */
		header(response, "ratelimit-limit: 200");
		header(response, "ratelimit-remaining: 0");
		header(response, "ratelimit-reset: %d", seconds);
		break;
	case 5: /* GitLab, Rootly */
		header(response, "ratelimit-limit: 2000");
		header(response, "ratelimit-remaining: 0");
		header(response, "ratelimit-reset: %" G_GINT64_FORMAT, server + seconds);
		break;
	case 6: /* Opsgenie */
		header(response, "x-ratelimit-state: THROTTLED");
		header(response, "x-ratelimit-period-in-sec: 60");
		seconds = 60;
		break;
	case 7: /* Sentry */
		header(response, "x-sentry-rate-limit-limit: 40");
		header(response, "x-sentry-rate-limit-remaining: 0");
		header(response, "x-sentry-rate-limit-reset: %" G_GINT64_FORMAT,
		       server + seconds);
		break;
	default: /* Statuspage: not a word on how long */
		response->status = 420;
		seconds = 60;
		break;
	}
	sim->forbidden = sim->now + seconds * G_USEC_PER_SEC + sim->meant;
	sim_trace(sim, "  %u: not for %d s (dialect %d)", response->status, seconds,
		  dialect);
}

/* False: nothing came, and error says so. */
static bool fail(struct sim *sim, struct http_response *response, GError **error)
{
	static const guint statuses[] = { 500, 502, 503, 504 };
	int how = g_rand_int_range(sim->rand, 0, 6);

	if (how == 0) {
		sim_advance(sim, sim->now + 2 * MINUTE);
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "timed out");
		return false;
	}
	if (how == 1) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "connection reset");
		return false;
	}
	begin(sim, response, statuses[how - 2]);
	body(response, "upstream connect error", 22);
	sim_trace(sim, "  %u", response->status);
	return true;
}

/* What looks like an answer and is none. */
static void spoil(struct sim *sim, struct http_response *response)
{
	gsize n = response->body->len;

	sim_trace(sim, "  spoilt");
	switch (g_rand_int_range(sim->rand, 0, 5)) {
	case 0: {
		g_autofree char *part = g_strndup((char *)response->body->data,
						  (gsize)draw(sim, 0, (gint64)n));

		body(response, part, strlen(part));
		break;
	}
	case 1:
		body(response, "", 0);
		break;
	case 2:
		body(response, "<html><body>Please log in</body></html>", 39);
		break;
	case 3:
		body(response, "{\"items\":{\"id\":1}}", 18);
		break;
	default:
		for (gsize i = 0; i < n; i += 7)
			response->body->data[i] = '\xff';
		break;
	}
}

/* ---- the transport ---- */

static bool die(struct sim *sim, GError **error)
{
	sim->dead = true;
	sim_trace(sim, "  the program ends");
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "the program ends");
	return false;
}

static bool chance(struct sim *sim, guint fault, double probability)
{
	return (sim->faults & fault) && g_rand_double(sim->rand) < probability;
}

static bool sim_perform(void *self, const struct http_request *request,
			struct http_response *response, GError **error)
{
	struct sim *sim = self;

	if (sim->dead || sim->dies_in == 0)
		return die(sim, error);
	if (sim->dies_in > 0)
		sim->dies_in--;
	sim->n_requests++;
	sim_trace(sim, "%s %s", request->method ? request->method : "GET", request->url);
	if (sim->now < sim->forbidden)
		sim_complain(sim,
			     "%s was asked %" G_GINT64_FORMAT
			     " s before the server allows it",
			     request->url, (sim->forbidden - sim->now) / G_USEC_PER_SEC);
	if (chance(sim, FAULT_ERRORS, 0.05))
		return fail(sim, response, error);
	if (chance(sim, FAULT_LIMITS, 0.03)) {
		refuse(sim, response);
		return true;
	}
	sim_serve(sim, request, response);
	sim_trace(sim, "  %u: %s", response->status, (char *)response->body->data);
	if (response->status == 200 && chance(sim, FAULT_GARBAGE, 0.04))
		spoil(sim, response);
	if (sim->faults & FAULT_CHURN)
		sim_advance(sim, sim->now + draw(sim, 0,
						 g_rand_int(sim->rand) % 20
							 ? 2 * G_USEC_PER_SEC
							 : 3 * MINUTE) /
						    G_USEC_PER_SEC * G_USEC_PER_SEC);
	return true;
}

static gint64 sim_now(void *self)
{
	return ((struct sim *)self)->now;
}

static bool sim_wait(void *self, GTimeSpan span, GError **error)
{
	struct sim *sim = self;

	if (sim->dead)
		return die(sim, error);
	/* Whole seconds keep the world's instants what they are in an answer. */
	sim_advance(sim, sim->now + (span + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC *
					    G_USEC_PER_SEC);
	return true;
}

struct sim *sim_new(const struct sim_shape *shape, guint32 seed, guint faults,
		    guint traits, gint64 now)
{
	struct sim *sim = g_new0(struct sim, 1);

	sim->shape = shape;
	sim->rand = g_rand_new_with_seed(seed ^ 0x5eed);
	sim->faults = sim->storm = faults;
	sim->now = now;
	sim->dies_in = -1;
	sim->forbidden = INSTANT_NONE;
	if (faults & FAULT_SKEW)
		sim->skew = g_rand_int_range(sim->rand, -600, 601) * G_USEC_PER_SEC;
	sim->world = world_new(seed, traits, 40, now + sim->skew);
	sim->seen = g_hash_table_new(NULL, NULL);
	sim->transport = (struct rest_transport){
		.perform = sim_perform, .now = sim_now, .wait = sim_wait, .self = sim
	};
	return sim;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	world_free(sim->world);
	g_rand_free(sim->rand);
	g_hash_table_destroy(sim->seen);
	g_free(sim->complaint);
	if (sim->trace)
		g_string_free(sim->trace, TRUE);
	g_free(sim);
}
