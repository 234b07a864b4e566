#pragma once

/* Shared by the notifiers; not for others. Bodies are the caller's to free. */
#include <cjson/cJSON.h>

#include "sinks/notifier.h"

/* How long what fires is held to fire if nobody says so again. */
#define NOTIFY_FIRES_ON (3 * G_TIME_SPAN_DAY)

struct notify_post {
	const char *url, *ca_file;
	bool secret_url;		   /* it is a secret itself */
	const struct http_header *headers; /* besides Content-Type */
	gsize n_headers;
	const char *body;	/* JSON */
	const char *secrets[4]; /* that no error may show, if a server says them; NULLs */
};
/* True for 2xx. Errors have the status, and the beginning of what the server says. */
bool notify_post(struct notify_context *context, const struct notify_post *post,
		 GError **error);
/* What an answer that says no begins with, on one line, fit for a log: without secrets,
 * and without parts of the url, which may have some. Of a url that is a secret nothing
 * but a few plain words. The caller frees. */
char *notify_excerpt(const struct notify_post *post, const char *body, gsize size);
/* True for 2xx; the errors of notify_post() otherwise. */
bool notify_judge(const struct http_response *response, const struct notify_post *post,
		  GError **error);
/* Of examine: connects to a url and leaves; *found says so. */
bool notify_reach(struct notify_context *context, const char *url, const char *ca_file,
		  char **found, GError **error);
/* That a secret can be read; NULL: there is none to read. */
bool notify_readable(const struct secret_ref *ref, GError **error);
bool notify_reach_secret(struct notify_context *context,
			 const struct config_channel_http *http, char **found,
			 GError **error);
/* Posts to a url that is a secret itself. */
bool notify_post_secret(struct notify_context *context,
			const struct config_channel_http *http, const char *body,
			GError **error);
/* The header that says who asks; false with an error. *value is a secret: the caller
 * frees it with secret_free(); *token, borrowed of *value, is what may not be shown. NULL
 * and no error: nobody. */
bool notify_credential(const struct config_channel_http *http, struct http_header *header,
		       char **value, const char **token, GError **error);

/* Printed without spaces; consumes the document. */
char *notify_print(cJSON *document);
/* Names and values of config and sources as valid UTF-8; nothing for NULL or "". */
void notify_put(cJSON *object, const char *key, const char *text);
/* What of the group is the worst: "critical", "warning" or "info". */
const char *notify_severity(const struct outbox_message *message);
/* With the version, what a receiver may drop if it has had it: "dorad-1a2b3c4d-12-345".
 */
char *notify_delivery(const struct outbox_message *message);

/* rows: of const struct alert_row *. */
char *alertmanager_body(const GPtrArray *rows, guint from, guint n, const char *link,
			gint64 now);
/* Those of a message that are told to receivers that know each alert; unref it. */
GPtrArray *alertmanager_rows(const struct outbox_message *message);
char *slack_body(const struct outbox_message *message, const char *link);
char *teams_body(const struct outbox_message *message, const char *link);
/* key: the routing key. NULL: it is nothing to wake anybody for. */
char *pagerduty_body(const struct outbox_message *message, const char *link,
		     const char *key);
/* NULL with CONFIG if an address is none. */
char *email_message(const struct config_channel *channel,
		    const struct outbox_message *message, const char *link, gint64 now,
		    GError **error);

extern const struct notifier notifier_alertmanager, notifier_webhook, notifier_slack,
	notifier_teams, notifier_pagerduty, notifier_email;
