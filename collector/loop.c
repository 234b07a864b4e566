#include "collector/loop.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/push/push_host.h"
#include "collector/service_notify.h"

/* The loop looks at the wall clock at least this often, for it may be set. */
#define NAP_MAX G_TIME_SPAN_MINUTE

struct loop {
	const struct loop_options *options;
	GMainContext *context;
	GMainLoop *main;
	GThreadPool *workers;
	GSource *timer;
	GPtrArray *sources; /* timer, signals, watchdog */
	struct engine *engine;
	struct push_host *push; /* NULL: once is no time to listen */
	char *told;		/* the status the service manager has */
	bool reloading, stopping;
	int status;
};

/* What a worker sends to the loop. */
struct parcel {
	struct loop *loop;
	struct job *job;   /* it is back; or NULL: */
	char *what, *text; /* something to say */
	bool notice;
	bool stored; /* or: what was pushed is in the database */
};

static void machine_clock(struct moment *now)
{
	now->steady = g_get_monotonic_time();
	now->wall = g_get_real_time();
}

static struct moment look(const struct loop *loop)
{
	struct moment now;

	(loop->options->clock ? loop->options->clock : machine_clock)(&now);
	return now;
}

static void tell(struct loop *loop)
{
	g_autofree char *status = engine_status(loop->engine);

	if (loop->reloading && !engine_is_reloading(loop->engine)) {
		loop->reloading = false;
		service_notify_ready();
	}
	if (g_strcmp0(status, loop->told) == 0)
		return;
	service_notify_status(status);
	g_free(loop->told);
	loop->told = g_steal_pointer(&status);
}

/* After anything has happened: start what is due and say when to come back. */
static void turn(struct loop *loop)
{
	struct moment now = look(loop);
	gint64 wake = engine_advance(loop->engine, &now);

	if (loop->push)
		push_host_turn(loop->push, now.steady);
	tell(loop);
	if (engine_is_over(loop->engine, &now, &loop->status)) {
		g_main_loop_quit(loop->main);
		return;
	}
	g_source_set_ready_time(loop->timer,
				g_get_monotonic_time() +
					CLAMP(wake - now.steady, 0, NAP_MAX));
}

static gboolean on_timer(gpointer data)
{
	turn(data);
	return G_SOURCE_CONTINUE;
}

static gboolean timer_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	g_source_set_ready_time(source, -1);
	return callback(data);
}

static GSourceFuncs timer_functions = { .dispatch = timer_dispatch };

static gboolean on_stop(gpointer data)
{
	struct loop *loop = data;
	struct moment now = look(loop);

	if (loop->stopping)
		_exit(EXIT_FAILED);
	loop->stopping = true;
	service_notify_stopping();
	engine_stop(loop->engine, &now);
	turn(loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_reload(gpointer data)
{
	struct loop *loop = data;
	struct moment now = look(loop);

	engine_reload(loop->engine, &now);
	if (!loop->reloading && engine_is_reloading(loop->engine)) {
		loop->reloading = true;
		service_notify_reloading(now.steady);
	}
	turn(loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(gpointer data)
{
	(void)data;
	service_notify_alive();
	return G_SOURCE_CONTINUE;
}

/* ---- the border between loop and workers ---- */

static void parcel_free(gpointer data)
{
	struct parcel *parcel = data;

	job_free(parcel->job);
	g_free(parcel->what);
	g_free(parcel->text);
	g_free(parcel);
}

static gboolean on_parcel(gpointer data)
{
	struct parcel *parcel = data;
	struct loop *loop = parcel->loop;
	struct moment now = look(loop);

	if (parcel->job) {
		engine_finished(loop->engine, g_steal_pointer(&parcel->job), &now);
		turn(loop);
	} else if (parcel->stored) {
		engine_stored(loop->engine, &now);
		turn(loop);
	} else if (parcel->notice) {
		announce_notice(loop->options->announce, parcel->what, parcel->text);
	} else {
		announce_progress(loop->options->announce, &now, parcel->what,
				  parcel->text);
	}
	return G_SOURCE_REMOVE;
}

/* From a worker. g_main_context_invoke() would not do: it runs the function right here
 * while the loop has not begun. */
static void send(const struct parcel *parcel)
{
	g_autoptr(GSource) source = g_idle_source_new();

	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, on_parcel, g_memdup2(parcel, sizeof(*parcel)),
			      parcel_free);
	g_source_attach(source, parcel->loop->context);
}

static void send_progress(const char *what, const char *text, void *user)
{
	send(&(struct parcel){
		.loop = user, .what = g_strdup(what), .text = g_strdup(text) });
}

static void send_notice(const char *what, const char *text, void *user)
{
	send(&(struct parcel){ .loop = user,
			       .what = g_strdup(what),
			       .text = g_strdup(text),
			       .notice = true });
}

static void send_stored(void *user)
{
	send(&(struct parcel){ .loop = user, .stored = true });
}

static void work(gpointer data, gpointer user)
{
	job_run(data);
	send(&(struct parcel){ .loop = user, .job = data });
}

static void adopted(struct config *config, GBytes *author_key, void *user)
{
	struct loop *loop = user;

	if (loop->push)
		push_host_adopt(loop->push, config, author_key, look(loop).steady);
}

static void submit(struct job *job, void *user)
{
	struct loop *loop = user;

	job->progress = send_progress;
	job->notice = send_notice;
	job->user = loop;
	g_thread_pool_push(loop->workers, job, NULL);
}

/* ---- life ---- */

static GSource *listen_to(struct loop *loop, GSource *source, GSourceFunc function)
{
	g_source_set_callback(source, function, loop, NULL);
	g_source_attach(source, loop->context);
	g_ptr_array_add(loop->sources, source);
	return source;
}

static void loop_init(struct loop *loop, const struct loop_options *options)
{
	GTimeSpan watchdog = service_notify_watchdog();

	loop->options = options;
	loop->context = g_main_context_new();
	loop->main = g_main_loop_new(loop->context, FALSE);
	/* The engine decides how many run; the pool only lends threads. */
	loop->workers = g_thread_pool_new(work, loop, -1, FALSE, NULL);
	loop->sources = g_ptr_array_new_with_free_func((GDestroyNotify)g_source_unref);
	loop->timer = listen_to(loop, g_source_new(&timer_functions, sizeof(GSource)),
				on_timer);
	listen_to(loop, g_unix_signal_source_new(SIGTERM), on_stop);
	listen_to(loop, g_unix_signal_source_new(SIGINT), on_stop);
	listen_to(loop, g_unix_signal_source_new(SIGHUP), on_reload);
	if (watchdog > 0)
		listen_to(loop, g_timeout_source_new((guint)(watchdog / 1000)),
			  on_watchdog);
}

static void loop_free(struct loop *loop)
{
	engine_free(loop->engine);
	g_thread_pool_free(loop->workers, FALSE, TRUE);
	for (guint i = 0; i < loop->sources->len; i++)
		g_source_destroy(g_ptr_array_index(loop->sources, i));
	g_ptr_array_unref(loop->sources);
	g_main_loop_unref(loop->main);
	g_main_context_unref(loop->context);
	g_free(loop->told);
	g_free(loop);
}

int loop_run(const struct loop_options *options, struct config *config,
	     GBytes *author_key, bool *abandoned)
{
	/* Not on the stack: abandoned workers outlive this call. */
	struct loop *loop = g_new0(struct loop, 1);
	int status;
	struct engine_options deciding = {
		.config_path = options->config_path,
		.cache_dir = options->cache_dir,
		.state_dir = options->state_dir,
		.once = options->once,
		.seed = options->seed,
		.budgets = options->budgets,
		.tokens = options->tokens,
		.announce = options->announce,
		.submit = submit,
		.adopted = adopted,
		.user = loop,
	};
	const struct push_host_options listening = {
		.cache_dir = options->cache_dir,
		.budgets = options->budgets,
		.tokens = options->tokens,
		.notice = send_notice,
		.stored = send_stored,
		.user = loop,
	};
	struct moment now;

	loop_init(loop, options);
	now = look(loop);
	if (!options->once)
		loop->push = push_host_new(&listening);
	loop->engine = engine_new(&deciding, config, author_key, &now);
	g_source_set_ready_time(loop->timer, 0);
	service_notify_ready();
	g_main_loop_run(loop->main);
	push_host_free(loop->push);

	status = loop->status;
	*abandoned = engine_running(loop->engine) > 0;
	if (*abandoned)
		announce_abandoned(options->announce, engine_running(loop->engine));
	if (options->ended)
		options->ended(loop->engine, options->user);
	if (!*abandoned)
		loop_free(loop);
	return status;
}
