#pragma once

/*
 * Who is told: a notifier is one const struct, as a driver is. It makes the body and
 * sends it, in a worker, and tells the truth about what came of it: 2xx is taken; 408,
 * 425, 429 and 5xx are RETRY, 401 and 403 DENIED, other answers CONFIG or DATA with the
 * beginning of what the receiver said.
 *
 * A webhook's request has
 *
 *   X-Dorad-Delivery: alert_dedup_key() and the version: the same if it is sent again
 *   X-Dorad-Timestamp: seconds since 1970
 *   X-Dorad-Signature: sha256=HMAC-SHA256(secret, "<timestamp>.<body>") in hex, if there
 *                      is a secret
 *
 * PagerDuty hears of what fires or gets worse, and of the end of all; what ends while
 * others of its group fire counts as delivered.
 *
 * Mails of a group are a thread, and the same mail has the same Message-ID.
 */
#include "base/http.h"
#include "sinks/alert_message.h"

/* Where a notifier works. */
struct notify_context {
	const struct config_alerts *alerts;
	struct http *http;
	gint64 now;
	GCancellable *cancellable;
	/* Journal: a line for the log, and its fields; from the worker. Of mails which
	 * recipients a server refused while it took others. */
	void (*journal)(const struct outbox_message *message, const char *text,
			void *user);
	void *user;
	/* Out, of send and remind: how long the receiver asks to be left alone, by
	 * Retry-After of 429 or 503, at most NOTIFY_LEAVE_MAX; 0: it did not. */
	GTimeSpan retry_after;
	/* In: false. Out, of send that failed: whether the receiver may have it all the
	 * same. It was sent and nothing was answered, or 5xx but 503, which says that
	 * nothing is done; or part of it was taken. */
	bool unsure;
};
/* Less than a day: what waits for longer is taken for a clock that was set back. */
#define NOTIFY_LEAVE_MAX (G_TIME_SPAN_DAY - G_TIME_SPAN_MINUTE)

struct notifier {
	enum config_channel_kind kind;
	const char *summary;
	/* Sends a message. RETRY: try again later; DENIED, CONFIG and DATA: an operator
	 * has to look, and it is tried again now and then. Messages of errors have
	 * neither url nor secret. NULL: notify, which is told in the transaction. */
	bool (*send)(const struct config_channel *channel,
		     const struct outbox_message *message, struct notify_context *context,
		     GError **error);
	/* Tells again what fires (rows: of struct alert_row), acknowledged or muted or
	 * not, as what is not told again ends there after 3 days. Both are annotations,
	 * for routes and silences there. NULL: nobody needs it. */
	bool (*remind)(const struct config_channel *channel, const GArray *rows,
		       struct notify_context *context, GError **error);
	/* Finds out what can be without telling anybody anything: that the receiver is
	 * reached, that secrets can be read and, where it has a question that does no
	 * harm, that it knows us. *found: in words; the caller frees. Errors are as of
	 * send. NULL: there is nothing to reach. */
	bool (*examine)(const struct config_channel *channel,
			struct notify_context *context, char **found, GError **error);
};
extern const struct notifier *const notifiers[N_CHANNEL_KINDS]; /* by kind */

/* Sends a message that says that it is a test, as any other is sent. What a receiver
 * opens for it is closed again: by PagerDuty at once, by Alertmanager in 5 minutes. Not
 * for notify. */
bool notifier_test(const struct config_channel *channel, struct notify_context *context,
		   GError **error);

/* The body that each makes, without keys, for tests and for `dorad alerts show --as`. The
 * caller frees; NULL: of a mail whose addresses are none, of PagerDuty where it is told
 * nothing. */
char *notifier_body(const struct config_channel *channel,
		    const struct outbox_message *message, const char *link, gint64 now);

/* How long to wait after so many failures: 30 s, doubled up to 1 h (of what an operator
 * has to look at 15 min to 6 h), less up to a fifth by the hash of the key so that not
 * all come at once. */
GTimeSpan notifier_backoff(guint failures, bool transient, const char *key);
