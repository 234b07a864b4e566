/*
 * notify_player send|remind|body KIND SAMPLE [KEY=VALUE…]
 *
 * Sends a message of alert_sample.h through a notifier and says what came of it: "ok", or
 * the code of the error and its message. Secrets are files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tests/alerts/alert_sample.h"

static const char *const codes[] = {
	[DORA_ERROR_RETRY] = "RETRY",	      [DORA_ERROR_DENIED] = "DENIED",
	[DORA_ERROR_DATA] = "DATA",	      [DORA_ERROR_CONFIG] = "CONFIG",
	[DORA_ERROR_CANCELLED] = "CANCELLED",
};

struct player {
	struct secret_ref secret_url, token, secret, routing_key, password;
	struct config_channel_http http;
	struct config_channel_pagerduty pagerduty;
	struct config_channel_email email;
	struct config_alerts alerts;
	char *tls, *to, *group, *version, *now, *update;
};

static const struct {
	const char *key;
	gsize offset; /* of a char * */
} places[] = {
	{ "url", G_STRUCT_OFFSET(struct player, http.url) },
	{ "url_file", G_STRUCT_OFFSET(struct player, secret_url.file) },
	{ "token", G_STRUCT_OFFSET(struct player, token.file) },
	{ "secret", G_STRUCT_OFFSET(struct player, secret.file) },
	{ "routing_key", G_STRUCT_OFFSET(struct player, routing_key.file) },
	{ "password", G_STRUCT_OFFSET(struct player, password.file) },
	{ "ca_file", G_STRUCT_OFFSET(struct player, http.ca_file) },
	{ "server", G_STRUCT_OFFSET(struct player, email.server) },
	{ "tls", G_STRUCT_OFFSET(struct player, tls) },
	{ "username", G_STRUCT_OFFSET(struct player, email.username) },
	{ "from", G_STRUCT_OFFSET(struct player, email.from) },
	{ "to", G_STRUCT_OFFSET(struct player, to) },
	{ "link", G_STRUCT_OFFSET(struct player, alerts.link) },
	{ "group", G_STRUCT_OFFSET(struct player, group) },
	{ "version", G_STRUCT_OFFSET(struct player, version) },
	{ "now", G_STRUCT_OFFSET(struct player, now) },
	{ "update", G_STRUCT_OFFSET(struct player, update) },
};

static void fail(const char *what)
{
	fprintf(stderr, "notify_player: %s\n", what);
	exit(64);
}

static void read_argument(struct player *player, char *argument)
{
	char *equals = strchr(argument, '=');

	for (gsize i = 0; equals && i < G_N_ELEMENTS(places); i++) {
		if (strncmp(argument, places[i].key, (gsize)(equals - argument)) != 0 ||
		    strlen(places[i].key) != (gsize)(equals - argument))
			continue;
		*(char **)G_STRUCT_MEMBER_P(player, places[i].offset) = equals + 1;
		return;
	}
	fail(argument);
}

static struct config_channel channel_of(struct player *player,
					enum config_channel_kind kind, GStrv to)
{
	static const char *const tls[] = { "starttls", "implicit", "none", NULL };
	struct config_channel channel = { .name = "team", .kind = kind };

	player->http.secret_url = &player->secret_url;
	player->http.token = player->token.file ? &player->token : NULL;
	player->http.secret = player->secret.file ? &player->secret : NULL;
	player->pagerduty.url = player->http.url;
	player->pagerduty.routing_key = &player->routing_key;
	player->pagerduty.ca_file = player->email.ca_file = player->http.ca_file;
	player->email.password = player->password.file ? &player->password : NULL;
	player->email.to = to;
	player->email.n_to = to ? g_strv_length(to) : 0;
	for (guint i = 0; player->tls && tls[i]; i++)
		if (strcmp(tls[i], player->tls) == 0)
			player->email.tls = (enum config_tls)i;
	channel.alertmanager = channel.webhook = channel.slack = channel.teams =
		&player->http;
	channel.pagerduty = &player->pagerduty;
	channel.email = &player->email;
	return channel;
}

static void print_journal(const struct outbox_message *message, const char *text,
			  void *user)
{
	(void)message;
	(void)user;
	printf("%s\n", text);
}

static int play(const char *verb, const struct config_channel *channel,
		const struct outbox_message *message, const struct player *player,
		gint64 now)
{
	_cleanup_(http_freep) struct http *http = http_new();
	struct notify_context context = {
		.alerts = &player->alerts,
		.http = http,
		.now = now,
		.journal = print_journal,
	};
	g_autofree char *body = NULL;
	g_autoptr(GError) error = NULL;
	bool good;

	if (strcmp(verb, "body") == 0) {
		body = notifier_body(channel, message, player->alerts.link, now);
		printf("%s\n", body);
		return 0;
	}
	good = strcmp(verb, "remind") == 0
		       ? notifiers[channel->kind]->remind(channel, message->alerts,
							  &context, &error)
		       : notifiers[channel->kind]->send(channel, message, &context,
							&error);
	if (good)
		printf("ok\n");
	else
		printf("%s %s\n", codes[error->code], error->message);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct player player = { 0 };
	enum config_channel_kind kind = 0;
	_cleanup_(alert_sample_freep) struct outbox_message *message =
		argc > 3 ? alert_sample(argv[3]) : NULL;
	g_auto(GStrv) to = NULL;
	struct config_channel channel;

	while (argc > 2 && kind < N_CHANNEL_KINDS &&
	       strcmp(config_channel_kind_name(kind), argv[2]) != 0)
		kind++;
	if (!message || kind == N_CHANNEL_KINDS)
		fail("usage: notify_player send|remind|body KIND SAMPLE [KEY=VALUE…]");
	for (int i = 4; i < argc; i++)
		read_argument(&player, argv[i]);
	to = player.to ? g_strsplit(player.to, ",", -1) : NULL;
	channel = channel_of(&player, kind, to);
	if (player.group)
		message->group_id = g_ascii_strtoll(player.group, NULL, 10);
	if (player.version)
		message->version = g_ascii_strtoll(player.version, NULL, 10);
	if (player.update)
		message->update = strcmp(player.update, "yes") == 0;
	for (guint i = 0; i < message->alerts->len; i++)
		g_array_index(message->alerts, struct alert_row, i).group_id =
			message->group_id;
	return play(argv[1], &channel, message, &player,
		    player.now ? g_ascii_strtoll(player.now, NULL, 10) * G_USEC_PER_SEC
			       : g_get_real_time());
}
