#include "collector/schedule.h"

#define TENTH 10
#define SPREAD (G_USEC_PER_SEC / 4)

/* Where a wait begins and ends; 0: with the source's own interval. */
struct wait {
	GTimeSpan first, last;
};

static const struct wait waits[] = {
	[DORA_ERROR_RETRY] = { 10 * G_TIME_SPAN_SECOND, G_TIME_SPAN_HOUR },
	[DORA_ERROR_DENIED] = { 5 * G_TIME_SPAN_MINUTE, 6 * G_TIME_SPAN_HOUR },
	[DORA_ERROR_DATA] = { 0, G_TIME_SPAN_HOUR },
	[DORA_ERROR_CONFIG] = { 5 * G_TIME_SPAN_MINUTE, 6 * G_TIME_SPAN_HOUR },
	[DORA_ERROR_CANCELLED] = { 10 * G_TIME_SPAN_SECOND, G_TIME_SPAN_HOUR },
};

static enum dora_error code_of(const GError *error)
{
	if (error->domain != DORA_ERROR || error->code < 0 ||
	    (gsize)error->code >= G_N_ELEMENTS(waits))
		return DORA_ERROR_RETRY;
	return (enum dora_error)error->code;
}

static GTimeSpan doubled(GTimeSpan first, guint failures, GTimeSpan last)
{
	GTimeSpan span = first;

	for (guint i = 1; i < failures && span < last; i++)
		span *= 2;
	return MIN(span, last);
}

/* The finaliser of splitmix64: every bit of x reaches every bit of the result. */
static guint64 mixed(guint64 x)
{
	x += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

bool task_is_due(const struct task *task, gint64 steady)
{
	return !task->running && task->due <= steady;
}

void task_start(struct task *task)
{
	task->running = true;
	task->due = SCHEDULE_NEVER;
}

void task_want(struct task *task, gint64 due)
{
	task->due = MIN(task->due, due);
}

gint64 task_wake(const struct task *task)
{
	return task->running ? SCHEDULE_NEVER : task->due;
}

GTimeSpan schedule_jitter(GTimeSpan span, guint64 seed, const char *name, guint n)
{
	guint64 random = mixed(mixed(seed ^ g_str_hash(name)) + n);
	GTimeSpan width = span / TENTH;

	if (width <= 0)
		return span;
	return span - width + (GTimeSpan)(random % (guint64)(2 * width + 1));
}

GTimeSpan schedule_backoff(const GError *error, guint failures, GTimeSpan every)
{
	enum dora_error code = code_of(error);
	GTimeSpan first = waits[code].first ? waits[code].first : every;
	GTimeSpan last = waits[code].last;

	if (code == DORA_ERROR_RETRY)
		last = MIN(last, 12 * every);
	return doubled(first, failures, MAX(first, last));
}

GTimeSpan schedule_database_backoff(const GError *error, guint failures)
{
	GTimeSpan first = dora_error_is_transient(error) ? G_TIME_SPAN_SECOND
							 : 30 * G_TIME_SPAN_SECOND;

	return doubled(first, failures, G_TIME_SPAN_MINUTE);
}

GTimeSpan schedule_first(guint n, GTimeSpan every)
{
	return MIN((GTimeSpan)n * SPREAD, every);
}
