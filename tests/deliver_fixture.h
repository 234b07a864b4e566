#pragma once

/*
 * Channels aimed at a server that answers as asked, and a daemon's runs on them. To be
 * used in tests only.
 */
#include <stdlib.h>

#include "collector/deliver.h"
#include "collector/self_alerts.h"
#include "tests/alerts_fixture.h"
#include "tests/http_server.h"

#define NOW AT(20000)
#define SECOND G_TIME_SPAN_SECOND
#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR

#define ANSWER(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"
#define BUSY(seconds) ANSWER("429 x\r\nRetry-After: " seconds)

#define OPS "{name: ops, webhook: {url: \"http://[::1]\"}}"
#define TEAM "{name: team, webhook: {url: \"http://[::1]\"}}"
#define MANAGER "{name: manager, resend: 5m, alertmanager: {url: \"http://[::1]\"}}"

static struct http_server *server;
static struct work_context context;
static gint32 cart, mail;

/* Where a channel goes from now on. */
static inline void aim(const char *channel, const char *path)
{
	g_autofree char *url = g_strconcat(http_server_url(server), path, NULL);
	struct config_channel *one = rig.config->alerts->channels;
	struct config_channel_http *http;

	while (strcmp(one->name, channel) != 0)
		one++;
	http = one->kind == CHANNEL_ALERTMANAGER ? one->alertmanager : one->webhook;
	free(http->url);
	http->url = strdup(url);
}

/* The daemon with other channels, aimed anew, and for what it tells of itself. */
static inline void start(const char *channels, const char *self)
{
	g_autofree char *alerts = g_strdup_printf(
		"alerts:\n"
		"  channels: [%s]\n"
		"  self: {channels: [%s], stale_after: 30d}\n"
		"orgs:\n",
		channels, self);
	struct config *config = rig_config(&rig, NULL, "orgs:\n", alerts);

	config_unref(rig.config);
	store_free(rig.store);
	rig.config = config;
	rig.store = store_new(config);
	rig_ok(store_sync_config(rig.store, config, &error));
	context = (struct work_context){ .config = config };
	for (unsigned i = 0; i < config->alerts->n_channels; i++) {
		const struct config_channel *channel = &config->alerts->channels[i];

		if (channel->kind == CHANNEL_ALERTMANAGER)
			aim(channel->name, "");
		else if (channel->kind == CHANNEL_WEBHOOK)
			aim(channel->name,
			    strcmp(channel->name, "ops") == 0 ? "/ok" : "/team");
	}
}

/* With OPS and TEAM. */
static inline void deliver_init(const struct answer *answers)
{
	rig_init(&rig);
	server = http_server_start(answers, NULL);
	start(OPS ", " TEAM, "ops, team");
	cart = rig_scope(&rig, "service", "cart");
	mail = rig_scope(&rig, "service", "mail");
}

static inline void deliver_clear(void)
{
	rig_clear(&rig);
	http_server_stop(server);
}

/* As a daemon does; when there is more to deliver. */
static inline gint64 run(gint64 now, guint *delivered, guint *failed)
{
	struct deliver_result result;
	gint64 next;

	deliver_result_init(&result);
	rig_ok(self_alerts_run(rig.store, &context, now, &next, &error));
	rig_ok(store_outbox_hurry(rig.store, now, &error));
	rig_ok(deliver_due(rig.store, &context, now, now, &result, &error));
	*delivered = result.n_delivered;
	*failed = result.n_failed;
	next = result.next;
	deliver_result_clear(&result);
	return next;
}

static inline gint64 expect(gint64 now, guint delivered, guint failed)
{
	guint n_delivered, n_failed;
	gint64 next = run(now, &n_delivered, &n_failed);

	ck_assert_uint_eq(n_delivered, delivered);
	ck_assert_uint_eq(n_failed, failed);
	return next;
}

/* Looks every so often. */
static inline void go_on(gint64 from, gint64 to, GTimeSpan every)
{
	guint delivered, failed;

	for (gint64 now = from; now <= to; now += every)
		run(now, &delivered, &failed);
}

static inline guint seen(const char *part)
{
	g_autofree char *text = http_server_seen(server);
	guint n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static inline void fire(gint32 scope_id, gint64 at, const char *const *channels,
			struct watch_row *row)
{
	*row = a_watch(scope_id, "change_lead_time");
	fires(row, NOW - 9 * DAY, at, channels);
}

/* What was told of channels, and to whom: "fired team to ops, …". */
static inline void expect_told(const char *told)
{
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(d.event || ' ' || a.name || ' to ' ||"
		   " d.channel, ', ' ORDER BY d.delivery), '') FROM"
		   " dora.alert_deliveries d JOIN dora.alerts a USING (alert)"
		   " WHERE a.metric = 'channel_failing'",
		   told);
}

static inline void expect_none_waits(void)
{
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alert_deliveries"
		   " WHERE state <> 'delivered'",
		   "0");
}
