#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/git/mirror_dir.h"
#include "collector/options.h"
#include "collector/report.h"
#include "collector/report_config.h"
#include "metrics/bucket.h"

/* A report on its way from the thread that collects it to the one that prints it. */
struct task {
	struct work_context context;
	gint64 now, since;
	struct report_facts facts;
	GPtrArray *notices; /* of char * */
	GError *error;
	bool ok;
	bool terminal; /* standard error is one */
	GMainLoop *loop;
};

static struct report_options options;
static char *format_name, *grain_name_given, *since_text, *cache_dir;
static gint buckets = 24;

static const GOptionEntry entries[] = {
	{ "git", 'g', 0, G_OPTION_ARG_STRING, &options.git, "the repository",
	  "URL_OR_PATH" },
	{ "tags", 't', 0, G_OPTION_ARG_STRING_ARRAY, &options.tags,
	  "tags that are deployments (again for more; default: all, or the trunk if "
	  "there are none)",
	  "GLOB" },
	{ "except", 'x', 0, G_OPTION_ARG_STRING_ARRAY, &options.except,
	  "tags that are not", "GLOB" },
	{ "trunk", 0, 0, G_OPTION_ARG_NONE, &options.trunk,
	  "what is on the trunk is deployed, whatever tags there are", NULL },
	{ "branch", 'b', 0, G_OPTION_ARG_STRING, &options.branch,
	  "the trunk (default: the remote's HEAD)", "NAME" },
	{ "each", 0, 0, G_OPTION_ARG_STRING, &options.each,
	  "of the trunk: the last commit of each day, or every commit", "day|commit" },
	{ "path", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &options.paths,
	  "only commits that change a matching path (again for more)", "GLOB" },
	{ "baseline", 0, 0, G_OPTION_ARG_STRING, &options.baseline,
	  "the commit shipped before the first deployment", "SHA" },
	{ "commit-time", 0, 0, G_OPTION_ARG_STRING, &options.commit_time,
	  "where lead time begins (default: authored)", "authored|committed" },
	{ "tz", 0, 0, G_OPTION_ARG_STRING, &options.time_zone,
	  "time zone of days (default: UTC)", "ZONE" },
	{ "since", 0, 0, G_OPTION_ARG_STRING, &since_text, "leave out earlier buckets",
	  "YYYY-MM-DD" },
	{ "grain", 0, 0, G_OPTION_ARG_STRING, &grain_name_given,
	  "the buckets of the table (default: month)", "day|week|month|quarter" },
	{ "buckets", 'n', 0, G_OPTION_ARG_INT, &buckets,
	  "rows of the table (default: 24)", "N" },
	{ "format", 'f', 0, G_OPTION_ARG_STRING, &format_name, "(default: text)",
	  "text|json|csv" },
	{ "minimum-authors", 0, 0, G_OPTION_ARG_INT, &options.minimum_authors,
	  "withhold lead times of fewer authors (default: 0, withhold none)", "N" },
	{ "username", 0, 0, G_OPTION_ARG_STRING, &options.username, "for https", "NAME" },
	{ "token-file", 0, 0, G_OPTION_ARG_FILENAME, &options.token_file, "for https",
	  "FILE" },
	{ "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file, "for https", "FILE" },
	{ "ssh-key", 0, 0, G_OPTION_ARG_FILENAME, &options.ssh_key, "for ssh", "FILE" },
	{ "known-hosts", 0, 0, G_OPTION_ARG_FILENAME, &options.known_hosts, "for ssh",
	  "FILE" },
	{ "timeout", 0, 0, G_OPTION_ARG_STRING, &options.timeout,
	  "deadline of the fetch (default: 15m)", "SPAN" },
	{ "cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &cache_dir,
	  "keep the mirror here for the next time", "DIR" },
	{ 0 },
};

static void on_progress(const char *what, const char *text, void *user)
{
	const struct task *task = user;

	(void)what;
	if (task->terminal)
		fprintf(stderr, "\r\033[K%s", text);
}

static void on_notice(const char *what, const char *text, void *user)
{
	struct task *task = user;

	(void)what;
	g_ptr_array_add(task->notices, g_strdup(text));
}

static gboolean on_done(gpointer data)
{
	struct task *task = data;

	g_main_loop_quit(task->loop);
	return G_SOURCE_REMOVE;
}

static gpointer work(gpointer data)
{
	struct task *task = data;

	task->ok = report_collect(&task->context, task->now, task->since, &task->facts,
				  &task->error);
	g_idle_add(on_done, task);
	return NULL;
}

static gboolean on_signal(gpointer data)
{
	struct task *task = data;

	g_cancellable_cancel(task->context.cancellable);
	return G_SOURCE_CONTINUE;
}

/* Authors are only told apart within the report: the key is made for it and forgotten. */
static GBytes *passing_key(void)
{
	guint32 key[8];

	for (gsize i = 0; i < G_N_ELEMENTS(key); i++)
		key[i] = g_random_int();
	return g_bytes_new(key, sizeof(key));
}

static void run_task(struct task *task)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GBytes) key = passing_key();
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	GThread *thread;
	guint interrupt, terminate;

	task->context.cancellable = cancellable;
	task->context.author_key = key;
	task->context.progress = on_progress;
	task->context.notice = on_notice;
	task->context.user = task;
	task->loop = loop;
	interrupt = g_unix_signal_add(SIGINT, on_signal, task);
	terminate = g_unix_signal_add(SIGTERM, on_signal, task);
	thread = g_thread_new("report", work, task);
	g_main_loop_run(loop);
	g_thread_join(thread);
	g_source_remove(interrupt);
	g_source_remove(terminate);
	if (task->terminal)
		fputs("\r\033[K", stderr);
}

static char *deployments_text(const struct task *task)
{
	g_autofree char *tags = NULL;

	if (!task->facts.used_tags && task->facts.branch)
		return g_strdup_printf(options.each && strcmp(options.each, "commit") == 0
					       ? "every commit of %s"
					       : "the last commit of each day on %s",
				       task->facts.branch);
	tags = options.tags && options.tags[0] ? g_strjoinv(" ", options.tags)
					       : g_strdup("*");
	return g_strdup_printf("tags %s", tags);
}

static void print(const struct task *task, enum report_format format, enum grain grain)
{
	g_autofree char *deployments = deployments_text(task);
	g_autofree char *text = NULL;
	struct report report = {
		.repository = options.git,
		.deployments = deployments,
		.time_zone = task->context.config->services[0].time_zone,
		.now = task->now,
		.n_commits = task->facts.n_commits,
		.n_deployments = task->facts.n_deployments,
		.minimum_authors = task->context.config->privacy->minimum_authors,
		.rows = task->facts.rows,
		.notices = task->notices,
	};

	memcpy(report.excluded, task->facts.excluded, sizeof(report.excluded));
	text = report_print(&report, format, grain, (guint)buckets,
			    isatty(STDOUT_FILENO));
	fputs(text, stdout);
}

/* Collects and prints. The mirror is in dir. */
static int report(struct config *config, const char *dir, gint64 since,
		  enum report_format format, enum grain grain)
{
	struct task task = {
		.context = { .config = config, .cache_dir = dir },
		.now = g_get_real_time(),
		.since = since,
		.notices = g_ptr_array_new_with_free_func(g_free),
		.terminal = isatty(STDERR_FILENO),
	};
	int status = EXIT_OK;

	run_task(&task);
	/* a reader that went away ("| head") is an error to report, not an end before
	 * the mirror is removed */
	signal(SIGPIPE, SIG_IGN);
	if (task.ok) {
		print(&task, format, grain);
		if (!options_written(&command_report))
			status = EXIT_FAILED;
	} else {
		fprintf(stderr, "dorad report: %s (%s)\n", task.error->message,
			dora_error_advice(task.error));
		status = EXIT_FAILED;
	}
	report_facts_clear(&task.facts);
	g_ptr_array_unref(task.notices);
	g_clear_error(&task.error);
	return status;
}

/* Choices that are not part of a configuration. */
static bool read_choices(enum report_format *format, enum grain *grain)
{
	bool found = !grain_name_given;

	*format = REPORT_TEXT;
	*grain = GRAIN_MONTH;
	if (format_name && !report_format_parse(format_name, format)) {
		fprintf(stderr,
			"dorad report: --format: \"%s\", expected text, json or csv\n",
			format_name);
		return false;
	}
	for (int i = 0; !found && i < N_GRAINS; i++) {
		found = strcmp(grain_name_given, grain_name((enum grain)i)) == 0;
		if (found)
			*grain = (enum grain)i;
	}
	if (!found)
		fprintf(stderr,
			"dorad report: --grain: \"%s\", expected day, week, month or "
			"quarter\n",
			grain_name_given);
	if (buckets < 1)
		fprintf(stderr, "dorad report: --buckets: \"%d\", expected at least 1\n",
			buckets);
	return found && buckets >= 1;
}

/* --since as the start of that local day. */
static bool read_since(const char *time_zone, gint64 *since)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(time_zone, NULL);
	g_autofree char *text = since_text ? g_strconcat(since_text, "T12:00:00Z", NULL)
					   : NULL;
	gint64 noon;

	*since = INSTANT_NONE;
	if (!text)
		return true;
	if (!instant_parse(text, &noon)) {
		fprintf(stderr,
			"dorad report: --since: \"%s\", expected a date such as "
			"2026-03-01\n",
			since_text);
		return false;
	}
	if (zone)
		*since = zone_day_start(zone, (gint32)(noon / G_TIME_SPAN_DAY));
	return true;
}

static int run(int argc, char **argv)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *temporary = NULL;
	enum report_format format;
	enum grain grain;
	gint64 since;
	int status;

	if (!options_parse(&command_report, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc > 2 || (argc == 2 && options.git) || (argc < 2 && !options.git)) {
		fputs("dorad report: expected one repository: --git URL_OR_PATH\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (!options.git)
		options.git = g_strdup(argv[1]);
	if (!read_choices(&format, &grain))
		return EXIT_USAGE;
	config = report_config(&options, &error);
	if (!config) {
		fprintf(stderr, "dorad report: %s\n", error->message);
		return EXIT_USAGE;
	}
	if (!read_since(config->services[0].time_zone, &since))
		return EXIT_USAGE;
	if (!cache_dir) {
		temporary = g_dir_make_tmp("dorad-report-XXXXXX", &error);
		if (!temporary) {
			fprintf(stderr, "dorad report: %s\n", error->message);
			return EXIT_FAILED;
		}
	}
	status = report(config, temporary ? temporary : cache_dir, since, format, grain);
	if (temporary)
		mirror_dir_remove(temporary, NULL);
	return status;
}

const struct command command_report = {
	.name = "report",
	.arguments = "[--git] URL_OR_PATH",
	.summary = "print the figures of one repository; no database, no configuration",
	.run = run,
};
