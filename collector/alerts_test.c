#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "collector/alerts_inside.h"
#include "collector/announce.h"
#include "collector/deliver.h"
#include "sinks/notifier.h"
#include "sinks/store_self.h"

/* One channel that is told. */
struct trial {
	const struct config_channel *channel;
	char *remark; /* of mails: whom they did not go to; NULL */
};

static void keep(const struct outbox_message *message, const char *text, void *user)
{
	struct trial *trial = user;

	if (trial->channel->kind != CHANNEL_JOURNAL) {
		g_free(trial->remark);
		trial->remark = g_strdup(text);
		return;
	}
	announce_alert(&(struct deliver_line){ .text = text,
					       .alerts = "",
					       .metrics = "channel_test",
					       .scopes = message->channel,
					       .group_id = message->group_id });
}

static bool tell(struct config *config, struct trial *trial, GError **error)
{
	_cleanup_(store_freep) struct store *store = NULL;
	_cleanup_(http_freep) struct http *http = NULL;
	const gint64 now = g_get_real_time();
	struct notify_context context = {
		.alerts = config->alerts,
		.now = now,
		.journal = keep,
		.user = trial,
	};

	if (trial->channel->kind == CHANNEL_NOTIFY) {
		store = store_new(config);
		return store_notify_test(store, trial->channel->notify->channel,
					 trial->channel->name, now, error);
	}
	http = http_new();
	context.http = http;
	return notifier_test(trial->channel, &context, error);
}

static bool try(struct config *config, const struct config_channel *channel)
{
	struct trial trial = { .channel = channel };
	g_autoptr(GError) error = NULL;
	const char *kind = config_channel_kind_name(channel->kind);
	bool good = tell(config, &trial, &error);

	if (good)
		printf("%s (%s): accepted%s%s\n", channel->name, kind,
		       trial.remark ? ", but " : "", trial.remark ? trial.remark : "");
	else
		printf("%s (%s): not accepted: %s%s%s\n", channel->name, kind,
		       error->message, dora_error_is_transient(error) ? "" : ": ",
		       dora_error_is_transient(error) ? "" : dora_error_advice(error));
	fflush(stdout);
	g_free(trial.remark);
	return good;
}

/* name: NULL: all. Returns an exit status. */
static int try_all(struct config *config, const char *name)
{
	const struct config_alerts *alerts = config->alerts;
	guint n_tried = 0, n_failed = 0;

	for (unsigned i = 0; alerts && i < alerts->n_channels; i++) {
		if (name && strcmp(alerts->channels[i].name, name) != 0)
			continue;
		n_tried++;
		n_failed += !try(config, &alerts->channels[i]);
	}
	if (n_tried == 0 && name) {
		fprintf(stderr, "dorad alerts test: there is no channel \"%s\"\n", name);
		return EXIT_USAGE;
	}
	if (n_tried == 0) {
		fputs("dorad alerts test: there are no channels (alerts.channels)\n",
		      stderr);
		return EXIT_CONFIG;
	}
	return options_written(&alerts_test) && n_failed == 0 ? EXIT_OK : EXIT_FAILED;
}

static int run_test(int argc, char **argv)
{
	g_autofree char *path = NULL;
	const GOptionEntry entries[] = {
		option_config(&path),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;

	if (!options_parse(&alerts_test, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc > 2) {
		fprintf(stderr, "dorad alerts test: unexpected argument \"%s\"\n",
			argv[2]);
		return EXIT_USAGE;
	}
	config = options_load_config(config_path(path));
	if (!config)
		return EXIT_CONFIG;
	return try_all(config, argc == 2 ? argv[1] : NULL);
}

const struct command alerts_test = {
	.name = "alerts test",
	.arguments = "[CHANNEL] [--config FILE]",
	.summary = "send a test message to one channel, or to all",
	.run = run_test,
};
