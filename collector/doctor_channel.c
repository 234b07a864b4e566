#include "collector/doctor_inside.h"

#include "base/error.h"
#include "sinks/notifier.h"
#include "sinks/store_self.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* The only channel that needs the database. */
static bool examine_notify(const struct config *config, char **found, GError **error)
{
	_cleanup_(store_freep) struct store *store = store_new((struct config *)config);

	if (!store_notify_reach(store, error))
		return false;
	*found = g_strdup("the database is reached; who listens there is not known");
	return true;
}

static void examine_journal(char **found)
{
	*found = g_strdup(g_file_test(JOURNAL_SOCKET, G_FILE_TEST_EXISTS)
				  ? "there is a journal"
				  : "there is no journal here: lines go to standard "
				    "error");
}

static bool examine(const struct doctor_options *options,
		    const struct config_channel *channel, char **found, GError **error)
{
	_cleanup_(http_freep) struct http *http = http_new();
	struct notify_context context = {
		.alerts = options->config->alerts,
		.http = http,
		.now = options->now,
		.cancellable = options->cancellable,
	};

	if (notifiers[channel->kind]->examine)
		return notifiers[channel->kind]->examine(channel, &context, found, error);
	if (channel->kind == CHANNEL_NOTIFY)
		return examine_notify(options->config, found, error);
	examine_journal(found);
	return true;
}

guint doctor_channel(const struct doctor_options *options,
		     const struct config_channel *channel)
{
	struct patient patient = { .options = options };
	g_autoptr(GError) error = NULL;
	g_autofree char *found = NULL;

	fprintf(options->out, "%s (%s channel)\n", channel->name,
		config_channel_kind_name(channel->kind));
	if (examine(options, channel, &found, &error))
		fprintf(options->out, "  ok     %s\n", found);
	else
		patient_wrong(&patient, "reach", error);
	fputc('\n', options->out);
	fflush(options->out);
	return patient.n_wrong;
}
