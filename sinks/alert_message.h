#pragma once

/*
 * What people read of alerts: one message per group, whatever the channel. Numbers come
 * from struct alert_row alone. Never a probability, never a person.
 */
#include "sinks/store_alerts.h"

/* Of a guardrail, shift.after.from and to are the first and last day of its window and
 * after.n its n; 0: not known. Names are shown as one line of printable text. */

/* The title of one line: "Lead time for changes, payments: 2.1× longer since about 3
 * March"; of several: "payments: 2 alerts: …". Ended ones say so. The caller frees all
 * texts. */
char *alert_title(const struct outbox_message *message);
/* The sentence of one alert: what, since when, before and after with n, range, evidence,
 * largest parts, how often to expect a false alert. Plain text, one paragraph. news: that
 * it got worse since it was told (worsened) is what is told now. */
char *alert_sentence(const struct alert_row *row, bool news);
/* The whole as plain text: title (where there are several alerts), sentences, links or,
 * without link (config_alerts.link; NULL), the command that shows more. */
char *alert_text(const struct outbox_message *message, const char *link);
/* The machine form of an alert, or of a message (object with "alerts"): JSON. */
char *alert_json(const struct alert_row *row, const char *link);
char *alert_message_json(const struct outbox_message *message, const char *link);
/* The link of one alert: the template with what it names, percent-encoded; {from} is the
 * first day that it is compared with (else the onset), {to} the day with which it ended,
 * or else fired. NULL without a template. */
char *alert_link(const char *link, const struct alert_row *row);
/* "critical", "warning" or "info": of guardrails and self "critical" and "warning"; of
 * regressions "warning", very strong evidence too; improvements and tests "info". */
const char *alert_severity(const struct alert_row *row);
/* The key by which receivers know the group, "dorad-1a2b3c4d-12": the origin tells those
 * of several databases apart, each of which counts from 1; of none it is "0". The caller
 * frees. */
char *alert_dedup_key(const struct outbox_message *message);
