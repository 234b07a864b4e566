#include "collector/rest/budget.h"

#include <string.h>

#include "base/instant.h"

#define HOUR G_TIME_SPAN_HOUR
/* Of a body, for the words of a refusal: those of GitHub come in the first hundred. */
#define WORDS_MAX 4096

/* One limit of a credential: how many requests are left, and when there are more. */
struct allowance {
	gint64 limit, remaining; /* limit 0: not known */
	gint64 reset;		 /* by our clock */
};

struct budget {
	gint64 paced;	       /* the next place in the queue */
	gint64 blocked;	       /* no request before */
	guint refusals;	       /* for a limit, in a row, without a word on how long */
	struct allowance left; /* the tightest */
};

struct budgets {
	GMutex lock;
	GHashTable *rows; /* key → struct budget */
};

/* Whose clocks an answer speaks of. Epochs and dates are the server's: its Date header
 * turns them into spans, whatever our clock says. */
struct moment {
	gint64 ours, theirs;
};

/* Names of headers, one row a limit. What the reset is they do not say; read_reset(). */
static const struct dialect {
	const char *limit, *remaining, *reset;
} dialects[] = {
	/* GitHub, Gitea behind a proxy: epoch; Azure DevOps: epoch; Jira: RFC 3339 */
	{ "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset" },
	/* GitLab, Rootly: epoch; Buildkite, PagerDuty, CircleCI: seconds left */
	{ "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset" },
	/* Buildkite again, for the user where the former is the organization's */
	{ "ratelimit-user-limit", "ratelimit-user-remaining", "ratelimit-user-reset" },
	/* Sentry, for the endpoint and for what runs at once */
	{ "x-sentry-rate-limit-limit", "x-sentry-rate-limit-remaining",
	  "x-sentry-rate-limit-reset" },
	{ "x-sentry-rate-limit-concurrentlimit",
	  "x-sentry-rate-limit-concurrentremaining", NULL },
};

struct budgets *budgets_new(void)
{
	struct budgets *budgets = g_new0(struct budgets, 1);

	g_mutex_init(&budgets->lock);
	budgets->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return budgets;
}

void budgets_free(struct budgets *budgets)
{
	if (!budgets)
		return;
	g_hash_table_destroy(budgets->rows);
	g_mutex_clear(&budgets->lock);
	g_free(budgets);
}

/* With the lock held. */
static struct budget *budget_of(struct budgets *budgets, const char *key)
{
	struct budget *budget = g_hash_table_lookup(budgets->rows, key);

	if (!budget) {
		budget = g_new0(struct budget, 1);
		budget->paced = INSTANT_NONE;
		budget->blocked = INSTANT_NONE;
		g_hash_table_insert(budgets->rows, g_strdup(key), budget);
	}
	return budget;
}

gint64 budget_take(struct budgets *budgets, const char *key, const struct driver *driver,
		   gint64 now)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&budgets->lock);
	struct budget *budget = budget_of(budgets, key);
	struct allowance *left = &budget->left;
	gint64 at = MAX(now, budget->blocked);

	/* What others have asked for meanwhile is not in any answer yet. */
	if (left->limit > 0 && left->reset > at) {
		if (left->remaining > 0)
			left->remaining--;
		else
			at = left->reset;
	}
	if (driver->pace > 0) {
		at = MAX(at, MIN(budget->paced, MAX(now, budget->blocked) + HOUR));
		budget->paced = at + driver->pace;
	}
	return at;
}

/* The whole number that a value starts with ("100, 100;w=60"), a fraction rounded up. */
static bool read_number(const char *text, gint64 *result)
{
	char *end;
	gint64 number;

	if (!text)
		return false;
	number = g_ascii_strtoll(text, &end, 10);
	if (end == text || !strchr(" ,;.", *end))
		return false;
	*result = *end == '.' && number < G_MAXINT64 ? number + 1 : number;
	return true;
}

static GTimeSpan seconds_span(gint64 seconds)
{
	return CLAMP(seconds, 0, 3600) * G_USEC_PER_SEC;
}

/* "2026-03-01T12:00Z", as Jira writes it. */
static bool parse_minute(const char *text, gint64 *result)
{
	g_autofree char *whole = NULL;

	if (strlen(text) != strlen("2026-03-01T12:00Z"))
		return false;
	whole = g_strdup_printf("%.16s:00Z", text);
	return instant_parse(whole, result);
}

/* How long until a reset: seconds left, seconds or milliseconds since 1970, RFC 3339 or
 * an HTTP date. No span is as long as 10^8 seconds and no epoch as early. */
static bool read_reset(const char *text, const struct moment *moment, GTimeSpan *wait)
{
	gint64 number, date;

	if (read_number(text, &number)) {
		if (number >= G_GINT64_CONSTANT(100000000000))
			number /= 1000;
		if (number >= 100000000)
			number -= moment->theirs / G_USEC_PER_SEC;
		*wait = seconds_span(number);
		return true;
	}
	if (!text || !(instant_parse(text, &date) || parse_minute(text, &date) ||
		       http_date_parse(text, &date)))
		return false;
	*wait = CLAMP(date - moment->theirs, 0, HOUR);
	return true;
}

static const char *header_of(const struct http_response *response, const char *name)
{
	return name ? http_header(response, name) : NULL;
}

/* Reads every limit that the answer tells into the tightest, and returns how long a used
 * up one makes us wait. Limits that are switched off are told as "0 of 0". */
static GTimeSpan read_allowances(const struct http_response *response,
				 const struct moment *moment, bool limited,
				 struct allowance *tightest)
{
	GTimeSpan longest = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(dialects); i++) {
		const struct dialect *dialect = &dialects[i];
		gint64 remaining, limit = 0;
		GTimeSpan wait = 0;
		bool told = read_number(header_of(response, dialect->remaining),
					&remaining);
		bool timed = read_reset(header_of(response, dialect->reset), moment,
					&wait);

		if (read_number(header_of(response, dialect->limit), &limit) &&
		    limit <= 0)
			continue;
		/* One that refuses need not say that nothing remains. */
		if (!told && !(limited && timed))
			continue;
		remaining = told ? MAX(remaining, 0) : 0;
		if (remaining == 0) {
			/* Used up until a second that is over already: one more. A limit
			 * without a reset (what runs at once) is over in a moment too. */
			wait = MAX(wait, limited ? 0 : G_USEC_PER_SEC);
			longest = MAX(longest, wait);
		}
		if (timed && limit > 0 &&
		    (tightest->limit == 0 || remaining < tightest->remaining))
			*tightest = (struct allowance){ limit, remaining,
							moment->ours + wait };
	}
	return longest;
}

/* Of a 403: does it speak of a limit, or of rights? */
static bool speaks_of_limit(const struct http_response *response)
{
	g_autofree char *text = NULL;

	if (!response->body || response->body->len == 0)
		return false;
	text = g_ascii_strdown((const char *)response->body->data,
			       (gssize)MIN(response->body->len, WORDS_MAX));
	return strstr(text, "rate limit") || strstr(text, "abuse detection");
}

/* GitHub refuses with 403 for its limits and for missing rights alike. */
static bool is_limited(const struct http_response *response)
{
	const char *limit = http_header(response, "x-ratelimit-limit");
	gint64 remaining, most;

	if (response->status == 429 || response->status == 420)
		return true;
	if (response->status != 403)
		return false;
	if (http_header(response, "retry-after") || speaks_of_limit(response))
		return true;
	return read_number(http_header(response, "x-ratelimit-remaining"), &remaining) &&
	       remaining <= 0 && !(read_number(limit, &most) && most <= 0);
}

/* What other headers than those of allowances ask for. */
static GTimeSpan read_wishes(const struct http_response *response,
			     const struct moment *moment)
{
	const char *state = http_header(response, "x-ratelimit-state");
	GTimeSpan wait = http_retry_after(http_header(response, "retry-after"),
					  moment->theirs, HOUR);
	gint64 number;

	/* Azure DevOps: how long it made this request wait, before it starts refusing. */
	if (read_number(http_header(response, "x-ratelimit-delay"), &number))
		wait = MAX(wait, seconds_span(number));
	/* Opsgenie */
	if (state && g_ascii_strcasecmp(state, "THROTTLED") == 0 &&
	    read_number(http_header(response, "x-ratelimit-period-in-sec"), &number))
		wait = MAX(wait, seconds_span(number));
	return wait;
}

bool budget_learn(struct budgets *budgets, const char *key, const struct driver *driver,
		  const struct http_response *response, gint64 now)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&budgets->lock);
	struct budget *budget = budget_of(budgets, key);
	const struct moment moment = { now, http_answered(response, now) };
	struct allowance tightest = { 0 };
	bool limited = is_limited(response);
	GTimeSpan wait = MAX(read_wishes(response, &moment),
			     read_allowances(response, &moment, limited, &tightest));

	if (tightest.limit > 0)
		budget->left = tightest;
	if (limited && wait == 0) {
		/* Refused without a word on how long, or with "at once": longer each
		 * time, as GitHub asks for its secondary limits. */
		wait = driver->blocked > 0 ? driver->blocked : G_TIME_SPAN_MINUTE;
		for (guint i = 0; i < budget->refusals && wait < HOUR; i++)
			wait *= 2;
		wait = MIN(wait, HOUR);
		budget->refusals++;
	} else if (response->status < 400) {
		budget->refusals = 0;
	}
	if (wait > 0)
		budget->blocked = MAX(budget->blocked, now + wait);
	return limited;
}

/* "4,812" */
static char *grouped(gint64 number)
{
	GString *text = g_string_new(NULL);

	g_string_printf(text, "%" G_GINT64_FORMAT, number);
	for (gssize at = (gssize)text->len - 3; at > 0; at -= 3)
		g_string_insert_c(text, at, ',');
	return g_string_free(text, FALSE);
}

/* "14:20", UTC, rounded up. */
static char *minute_text(gint64 instant)
{
	gint64 minutes = (instant + G_TIME_SPAN_MINUTE - 1) / G_TIME_SPAN_MINUTE;
	gint64 of_day = minutes % (24 * 60);

	return g_strdup_printf("%02d:%02d", (int)(of_day / 60), (int)(of_day % 60));
}

char *budget_text(struct budgets *budgets, const char *key, gint64 now)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&budgets->lock);
	const struct budget *budget = g_hash_table_lookup(budgets->rows, key);
	g_autofree char *remaining = NULL, *limit = NULL, *until = NULL;

	if (budget && budget->blocked > now) {
		until = minute_text(budget->blocked);
		return g_strdup_printf("none left until %s UTC", until);
	}
	if (!budget || budget->left.limit == 0 || budget->left.reset <= now)
		return NULL;
	remaining = grouped(budget->left.remaining);
	limit = grouped(budget->left.limit);
	until = minute_text(budget->left.reset);
	return g_strdup_printf("%s of %s left until %s UTC", remaining, limit, until);
}
