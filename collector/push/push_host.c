#include "collector/push/push_host.h"

#include "base/error.h"

#define TRY_AGAIN G_TIME_SPAN_MINUTE

struct push_host {
	struct push_host_options options;
	struct config *config; /* NULL: none wants a server */
	GBytes *author_key;
	struct push_server *server;
	gint64 due; /* steady: of the next try, while there is no server */
};

struct push_host *push_host_new(const struct push_host_options *options)
{
	struct push_host *host = g_new0(struct push_host, 1);

	host->options = *options;
	return host;
}

/* What the server has borrowed ends after it. */
static void stop(struct push_host *host)
{
	g_clear_pointer(&host->server, push_server_free);
	g_clear_pointer(&host->config, config_unref);
	g_clear_pointer(&host->author_key, g_bytes_unref);
}

void push_host_free(struct push_host *host)
{
	if (!host)
		return;
	stop(host);
	g_free(host);
}

static gint64 wall_clock(void)
{
	return g_get_real_time();
}

static void start(struct push_host *host, gint64 steady)
{
	const struct push_options options = {
		.config = host->config,
		.context = {
			.config = host->config,
			.cache_dir = host->options.cache_dir,
			.author_key = host->author_key,
			.budgets = host->options.budgets,
			.tokens = host->options.tokens,
			.notice = host->options.notice,
			.user = host->options.user,
		},
		.now = wall_clock,
		.stored = host->options.stored,
		.user = host->options.user,
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	host->server = push_server_new(&options, &error);
	host->due = steady + TRY_AGAIN;
	if (host->server)
		text = g_strdup_printf("listening on %s", host->config->push->listen);
	else
		text = g_strdup_printf("%s; trying again each minute", error->message);
	host->options.notice("push", text, host->options.user);
}

void push_host_adopt(struct push_host *host, struct config *config, GBytes *author_key,
		     gint64 steady)
{
	stop(host);
	if (!config->push)
		return;
	host->config = config_ref(config);
	host->author_key = g_bytes_ref(author_key);
	start(host, steady);
}

void push_host_turn(struct push_host *host, gint64 steady)
{
	if (host->config && !host->server && steady >= host->due)
		start(host, steady);
}
