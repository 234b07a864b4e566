#include "collector/doctor.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/doctor_rules.h"
#include "collector/git/mirror.h"
#include "collector/repo_work.h"
#include "collector/rest/auth.h"

#define SKEW_MAX (2 * G_TIME_SPAN_MINUTE)

/* One source under examination. */
struct patient {
	const struct doctor_options *options;
	const struct config_source *source;
	GPtrArray *items;   /* of struct item: what a poll would store */
	GHashTable *by_key; /* the same */
	guint n_wrong;
};

static void wrong(struct patient *patient, const char *what, const GError *error)
{
	patient->n_wrong++;
	fprintf(patient->options->out, "  WRONG  %s: %s: %s\n", what, error->message,
		dora_error_advice(error));
}

/* ---- a sink that only looks ---- */

static bool sink_load(void *self, struct feed_row *row, GError **error)
{
	(void)self;
	(void)row;
	(void)error;
	return true;
}

static bool sink_unfinished(void *self, const char *project, enum item_kind kind,
			    GPtrArray *items, GError **error)
{
	(void)self;
	(void)project;
	(void)kind;
	(void)items;
	(void)error;
	return true;
}

static bool sink_known(void *self, const char *project, enum item_kind kind, gint64 from,
		       gint64 to, GPtrArray *items, GError **error)
{
	(void)self;
	(void)project;
	(void)kind;
	(void)from;
	(void)to;
	(void)items;
	(void)error;
	return true;
}

/* The last telling of a thing is the one that would be stored. */
static bool sink_save(void *self, const struct feed_row *row, const GPtrArray *items,
		      const GPtrArray *gone, GError **error)
{
	struct patient *patient = self;

	(void)row;
	(void)gone;
	(void)error;
	for (guint i = 0; items && i < items->len; i++) {
		struct item *item = item_copy(g_ptr_array_index(items, i));
		char *key = g_strdup_printf("%d %s %s %" G_GINT64_FORMAT, item->kind,
					    item->project ? item->project : "", item->id,
					    item->attempt);
		struct item *before = g_hash_table_lookup(patient->by_key, key);

		if (before)
			g_ptr_array_remove_fast(patient->items, before);
		g_ptr_array_add(patient->items, item);
		g_hash_table_replace(patient->by_key, key, item);
	}
	return true;
}

/* ---- an API ---- */

static bool wanted(const struct item *item, void *user)
{
	const struct patient *patient = user;

	return doctor_wanted(patient->options->config, patient->source->name, item);
}

static void on_notice(const char *text, void *user)
{
	const struct patient *patient = user;

	fprintf(patient->options->out, "  note   %s\n", text);
}

static void tell_clock(struct patient *patient, const struct http_response *response)
{
	const char *date = http_header(response, "date");
	gint64 theirs;

	if (!date || !http_date_parse(date, &theirs) ||
	    ABS(theirs - patient->options->now) <= SKEW_MAX)
		return;
	g_autofree char *skew = span_format(ABS(theirs - patient->options->now));

	fprintf(patient->options->out, "  note   its clock is %s %s ours\n", skew,
		theirs > patient->options->now ? "ahead of" : "behind");
}

static void judge_credential(struct patient *patient, const struct driver *driver,
			     const struct http_response *response)
{
	FILE *out = patient->options->out;
	const char *scopes = driver->scopes_header
				     ? http_header(response, driver->scopes_header)
				     : NULL;

	if (response->status == 401 || response->status == 403) {
		patient->n_wrong++;
		fprintf(out, "  WRONG  credential: refused with status %u\n",
			response->status);
	} else if (response->status >= 400) {
		patient->n_wrong++;
		fprintf(out,
			"  WRONG  url: it answers %u where the driver asks who it is\n",
			response->status);
	} else {
		fprintf(out, "  ok     credential: accepted%s%s\n",
			scopes ? ", with the scopes " : "", scopes ? scopes : "");
	}
	tell_clock(patient, response);
}

/* Who the system thinks we are. */
static bool ask_who(struct patient *patient, const struct driver *driver,
		    const struct config_api *api, struct auth *auth, GError **error)
{
	const struct rest_transport *transport = patient->options->transport;
	g_autofree char *url = g_strconcat(api->url, driver->whoami, NULL);
	g_autoptr(GPtrArray) lines = auth_headers_new();
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	g_autofree struct http_header *headers = NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct http_request request = {
		.url = url,
		.ca_file = api->ca_file,
		.cancellable = patient->options->cancellable,
	};
	guint n = 0;

	if (!auth_headers(auth, lines, patient->options->now, error))
		return false;
	while (driver->headers && driver->headers[n].name)
		n++;
	headers = g_new0(struct http_header, lines->len + n);
	for (guint i = 0; i < lines->len; i++) {
		const char *line = g_ptr_array_index(lines, i);
		const char *colon = strstr(line, ": ");

		if (!colon)
			continue;
		g_ptr_array_add(names, g_strndup(line, (gsize)(colon - line)));
		headers[request.n_headers].name = g_ptr_array_index(names,
								    names->len - 1);
		headers[request.n_headers++].value = colon + 2;
	}
	for (guint i = 0; i < n; i++) {
		headers[request.n_headers].name = driver->headers[i].name;
		headers[request.n_headers++].value = driver->headers[i].value;
	}
	request.headers = headers;
	if (!transport->perform(transport->self, &request, &response, error))
		return false;
	judge_credential(patient, driver, &response);
	return true;
}

static void tell_counts(struct patient *patient)
{
	g_autofree char *span = span_format(patient->options->span);
	guint n[N_ITEM_KINDS] = { 0 };
	const char *before = "";

	for (guint i = 0; i < patient->items->len; i++)
		n[((const struct item *)g_ptr_array_index(patient->items, i))->kind]++;
	fprintf(patient->options->out, "  ok     read the last %s:", span);
	for (int i = 0; i < N_ITEM_KINDS; i++)
		if (n[i] > 0) {
			fprintf(patient->options->out, "%s %u %s%s", before, n[i],
				item_kind_name((enum item_kind)i), n[i] == 1 ? "" : "s");
			before = ",";
		}
	fprintf(patient->options->out, "%s\n", *before ? "" : " nothing");
}

static void read_feeds(struct patient *patient, const struct config_api *api,
		       struct budgets *budgets)
{
	const struct rest_sink sink = {
		.load = sink_load,
		.unfinished = sink_unfinished,
		.known = sink_known,
		.save = sink_save,
		.self = patient,
	};
	struct config_api recent = *api;
	const struct rest_source source = {
		.driver = api->driver,
		.api = &recent,
		.transport = patient->options->transport,
		.sink = &sink,
		.budgets = budgets,
		.cancellable = patient->options->cancellable,
		.needed = ~0u,
		.wanted = wanted,
		.notice = on_notice,
		.user = patient,
	};
	struct rest_result result = { 0 };
	g_autoptr(GError) error = NULL;

	recent.history_us = MIN(api->history_us, patient->options->span);
	if (!rest_poll(&source, &result, &error))
		wrong(patient, "read", error);
	tell_counts(patient);
	fprintf(patient->options->out, "  ok     it took %u requests\n",
		result.n_requests);
}

static void examine_api(struct patient *patient)
{
	const struct config_api *api = patient->source->api;
	const struct doctor_options *options = patient->options;
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	_cleanup_(auth_freep) struct auth *auth = auth_new(api->driver, api,
							   options->transport, NULL);
	g_autofree char *left = NULL;
	g_autoptr(GError) error = NULL;

	if (api->driver->whoami && !ask_who(patient, api->driver, api, auth, &error)) {
		wrong(patient, "reach", error);
		return;
	}
	if (patient->n_wrong > 0)
		return;
	read_feeds(patient, api, budgets);
	left = budget_text(budgets, auth_key(auth), options->now);
	fprintf(options->out, "  ok     rate limit: %s\n", left ? left : "it tells none");
	patient->n_wrong += doctor_rules(options->out, options->config,
					 patient->source->name, patient->items);
}

/* ---- git ---- */

static void examine_git(struct patient *patient)
{
	const struct work_context context = {
		.config = (struct config *)patient->options->config,
		.cache_dir = patient->options->cache_dir,
		.cancellable = patient->options->cancellable,
	};
	_cleanup_(mirror_closep) struct mirror *mirror = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = NULL;

	mirror = repo_mirror_open(&context, patient->source->git, &error);
	if (!mirror || !mirror_list(mirror, &digest, &error))
		wrong(patient, "reach", error);
	else
		fprintf(patient->options->out, "  ok     lists its branches and tags\n");
}

guint doctor_source(const struct doctor_options *options,
		    const struct config_source *source)
{
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GHashTable)
		by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct patient patient = { options, source, items, by_key, 0 };

	fprintf(options->out, "%s (%s)\n", source->name, source->type);
	switch (source->kind) {
	case SOURCE_GIT:
		examine_git(&patient);
		break;
	case SOURCE_API:
		examine_api(&patient);
		break;
	case SOURCE_SQL:
		fprintf(options->out, "  note   queries are tried by the first poll\n");
		break;
	case SOURCE_PUSH:
		fprintf(options->out, "  note   it is told, and not asked\n");
		break;
	}
	fflush(options->out);
	return patient.n_wrong;
}
