#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/author_key.h"
#include "collector/evaluate.h"
#include "collector/forgotten.h"
#include "collector/git/mirror.h"
#include "collector/options.h"

/* Of all addresses together: thousands. */
#define INPUT_MAX (1024 * 1024)

struct settings {
	char *config, *cache, *state;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->cache);
	g_free(settings->state);
}

/* Not from the arguments: those are seen by everyone who lists processes. */
static char *read_input(void)
{
	char *text = g_malloc(INPUT_MAX + 1);
	gsize n;

	if (isatty(STDIN_FILENO))
		fputs("The e-mail addresses to forget, one a line; end with Ctrl-D:\n",
		      stderr);
	n = fread(text, 1, INPUT_MAX + 1, stdin);
	if (n <= INPUT_MAX && !ferror(stdin) && !memchr(text, '\0', n)) {
		text[n] = '\0';
		return text;
	}
	fputs("dorad forget: standard input: cannot be read, is longer than 1 MiB, or is "
	      "no text\n",
	      stderr);
	g_free(text);
	return NULL;
}

/* "Name <address>" is an address, too. */
static char *address_of(char *line)
{
	char *open = strchr(line, '<');
	char *close = open ? strchr(open, '>') : NULL;

	if (!close)
		return g_strstrip(line);
	*close = '\0';
	return g_strstrip(open + 1);
}

/* The days it concerns are published anew at once: what is hidden must not wait for the
 * daemon's next turn. */
static int publish(struct store *store, struct config *config, GBytes *key,
		   const char *cache_dir)
{
	const struct work_context context = {
		.config = config,
		.cache_dir = cache_dir,
		.author_key = key,
	};
	struct evaluate_result result;
	g_autoptr(GError) error = NULL;

	if (evaluate_due(store, &context, g_get_real_time(), &result, &error))
		return EXIT_OK;
	fprintf(stderr,
		"dorad forget: erased; the figures follow when the daemon computes next, "
		"which failed here: %s\n",
		error->message);
	return EXIT_FAILED;
}

static int forget(struct config *config, GBytes *key, const GArray *authors,
		  const GPtrArray *tokens, const char *cache_dir)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	struct forget_counts counts;
	bool written;
	int status;

	if (!store_begin(store, &error) ||
	    !store_forget(store, authors, tokens, &counts, &error) ||
	    !store_commit(store, &error)) {
		store_rollback(store);
		return options_fail(&command_forget, error);
	}
	printf("%u address%s: %" G_GSIZE_FORMAT " commits, %" G_GSIZE_FORMAT
	       " shipped commits and %" G_GSIZE_FORMAT " changes have no author now\n",
	       authors->len, authors->len == 1 ? "" : "es", counts.n_commits,
	       counts.n_shipped, counts.n_changes);
	/* what is erased has to be published whether or not anybody reads this */
	written = options_written(&command_forget);
	status = publish(store, config, key, cache_dir);
	return written ? status : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		option_cache_dir(&settings.cache),
		option_state_dir(&settings.state),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	g_autoptr(GArray) authors = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GPtrArray)
		tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GBytes) key = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *state_dir = NULL, *cache_dir = NULL, *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!options_parse(&command_forget, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc > 1) {
		fputs("dorad forget: takes no argument; addresses are read from standard "
		      "input\n",
		      stderr);
		return EXIT_USAGE;
	}
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	state_dir = options_state_dir(settings.state);
	cache_dir = options_cache_dir(settings.cache);
	signal(SIGPIPE, SIG_IGN);
	key = author_key_find(config, state_dir, &error);
	if (!key)
		return options_fail(&command_forget, error);
	text = read_input();
	if (!text)
		return EXIT_DATA;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *address = address_of(*line);
		guint64 author = *address ? mirror_author_hash(key, address) : 0;

		if (author == 0)
			continue;
		g_array_append_val(authors, author);
		g_ptr_array_add(tokens, forgotten_token(key, author));
	}
	if (authors->len == 0) {
		fputs("dorad forget: no address was given\n", stderr);
		return EXIT_DATA;
	}
	return forget(config, key, authors, tokens, cache_dir);
}

const struct command command_forget = {
	.name = "forget",
	.arguments = "< FILE",
	.summary = "erase the hashes of authors, and keep them from coming back",
	.run = run,
};
