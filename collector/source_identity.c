#include "collector/source_identity.h"

#include "collector/kpi/kpi_read.h"

/* A value and its length: no two lists of values give the same text. */
static void add(GString *text, const char *value)
{
	if (value)
		g_string_append_printf(text, "%zu:%s ", strlen(value), value);
	else
		g_string_append(text, "- ");
}

static void add_list(GString *text, char **values, unsigned n)
{
	g_string_append_printf(text, "[%u ", n);
	for (unsigned i = 0; i < n; i++)
		add(text, values[i]);
}

static void add_number(GString *text, gint64 value)
{
	g_string_append_printf(text, "%" G_GINT64_FORMAT " ", value);
}

static void add_secret(GString *text, const struct secret_ref *secret)
{
	add(text, secret ? secret->credential : NULL);
	add(text, secret ? secret->file : NULL);
	add(text, secret ? secret->env : NULL);
}

static void add_git(GString *text, const struct config_git *git)
{
	add(text, git->url);
	add(text, git->username);
	add(text, git->ca_file);
	add(text, git->known_hosts);
	add_secret(text, git->token);
	add_secret(text, git->ssh_key);
	add_number(text, git->allow_file);
	add_number(text, git->timeout_us);
}

static void add_api(GString *text, const struct config_api *api)
{
	add(text, api->url);
	add(text, api->username);
	add_secret(text, api->token);
	add(text, api->app ? api->app->id : NULL);
	add(text, api->app ? api->app->installation : NULL);
	add_secret(text, api->app ? api->app->key : NULL);
	add(text, api->ca_file);
	add_list(text, api->projects, api->n_projects);
	add(text, api->organization);
	add_list(text, api->services, api->n_services);
	add_list(text, api->labels, api->n_labels);
	add_list(text, api->types, api->n_types);
	add(text, api->query);
	add_list(text, api->debt_labels, api->n_debt_labels);
	add(text, api->debt_query);
	add_list(text, api->read, api->n_read);
	add_number(text, api->history_us);
}

static void add_feed(GString *text, const struct config_rest_feed *feed)
{
	const char *const texts[] = {
		feed->name,	    feed->method,  feed->path,	     feed->body,
		feed->item_path,    feed->item_at, feed->items,	     feed->token_path,
		feed->token_header, feed->overlap, feed->on_absence,
	};
	const gint64 numbers[] = { feed->kind,	 feed->order, feed->time, feed->times,
				   feed->paging, feed->size,  feed->cap };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		add(text, texts[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
		add_number(text, numbers[i]);
	add_list(text, feed->fields, feed->fields ? REST_PATHS : 0);
	for (unsigned i = 0; i < feed->n_states; i++) {
		add(text, feed->states[i].word);
		add_number(text, feed->states[i].outcome);
		add_number(text, feed->states[i].done);
	}
}

/* The driver that came with the source, for one described in the configuration. */
static void add_driver(GString *text, const struct config *config,
		       const struct config_api *api)
{
	for (unsigned i = 0; i < config->sources->n_rest; i++) {
		const struct config_rest *rest = &config->sources->rest[i];

		if (&rest->api != api)
			continue;
		add(text, rest->auth ? rest->auth->header : NULL);
		add(text, rest->auth ? rest->auth->prefix : NULL);
		add(text, rest->pace);
		for (unsigned k = 0; k < rest->n_feeds; k++)
			add_feed(text, &rest->feeds[k]);
	}
}

static void add_sql(GString *text, const struct config_sql *sql)
{
	add(text, sql->uri);
	add_secret(text, sql->password);
	add(text, sql->kind);
	add(text, sql->query);
	add_number(text, sql->history_us);
}

static void add_kpi(GString *text, const struct config_kpi *kpi)
{
	g_autofree char *definition = kpi_fingerprint(kpi);

	add(text, definition);
	if (kpi->sql) {
		add(text, kpi->sql->uri);
		add_secret(text, kpi->sql->password);
	}
	if (kpi->http) {
		add_secret(text, kpi->http->token);
		add(text, kpi->http->ca_file);
	}
	if (kpi->prometheus) {
		add_secret(text, kpi->prometheus->token);
		add(text, kpi->prometheus->ca_file);
	}
}

char *source_identity(const struct config *config, const struct config_source *source)
{
	g_autoptr(GString) text = g_string_new(source->type);

	if (source->git)
		add_git(text, source->git);
	if (source->api) {
		add_api(text, source->api);
		add_driver(text, config, source->api);
	}
	if (source->sql)
		add_sql(text, source->sql);
	if (source->kpi)
		add_kpi(text, source->kpi);
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
}
