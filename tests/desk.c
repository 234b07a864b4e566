#include "tests/desk.h"

static void take(struct job *job, void *user)
{
	struct desk *desk = user;

	g_queue_push_tail(&desk->jobs, job);
}

static void init(struct desk *desk, const char *sources, bool once, bool alerts)
{
	g_autoptr(GBytes) key = g_bytes_new_static("salt", 4);
	struct config *config;
	struct engine_options options = {
		.config_path = "/etc/dorad/dorad.yaml",
		.cache_dir = "/nowhere",
		.state_dir = "/nowhere",
		.once = once,
		.submit = take,
		.user = desk,
	};

	fakes_reset();
	fakes.alerts = alerts;
	config = fake_config(sources);
	*desk = (struct desk){ .now = { T0, WALL } };
	g_queue_init(&desk->jobs);
	desk->announce = announce_new(progress_new(false, NULL, 80));
	options.announce = desk->announce;
	desk->engine = engine_new(&options, config, key, &desk->now);
	config_unref(config);
}

void desk_init(struct desk *desk, const char *sources, bool once)
{
	init(desk, sources, once, false);
}

void desk_init_alerts(struct desk *desk, const char *sources, bool once)
{
	init(desk, sources, once, true);
}

void desk_back(struct desk *desk, struct job *job)
{
	job_run(job);
	engine_finished(desk->engine, job, &desk->now);
}

void desk_advance(struct desk *desk)
{
	desk->wake = engine_advance(desk->engine, &desk->now);
}

void desk_settle(struct desk *desk)
{
	struct job *job;

	desk_advance(desk);
	while ((job = g_queue_pop_head(&desk->jobs))) {
		desk_back(desk, job);
		desk_advance(desk);
	}
}

void desk_pass(struct desk *desk, GTimeSpan span)
{
	desk->now.steady += span;
	desk->now.wall += span;
	desk_settle(desk);
}

void desk_clear(struct desk *desk)
{
	struct job *job;

	while ((job = g_queue_pop_head(&desk->jobs)))
		desk_back(desk, job);
	engine_free(desk->engine);
	announce_free(desk->announce);
	ck_assert_int_eq(fakes.n_stores, 0);
	fakes_clear();
}

guint desk_count(const char *text, const char *part)
{
	guint n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

void desk_reload(struct desk *desk, const char *sources)
{
	config_unref(fakes.file);
	fakes.file = sources ? fake_config(sources) : NULL;
	engine_reload(desk->engine, &desk->now);
	desk_settle(desk);
}

void desk_assert_status(struct desk *desk, const char *part)
{
	g_autofree char *status = engine_status(desk->engine);

	ck_assert_msg(strstr(status, part), "\"%s\" is not in \"%s\"", part, status);
}
