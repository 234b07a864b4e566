#include "collector/doctor_inside.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/doctor_rules.h"
#include "collector/rest/request.h"

#define SKEW_MAX (2 * G_TIME_SPAN_MINUTE)

/* ---- a sink that only looks ---- */

/* As if everything had just been read anew: a poll would read it twice. */
static bool sink_load(void *self, struct feed_row *row, GError **error)
{
	const struct patient *patient = self;

	(void)error;
	row->swept = row->swept_deep = patient->options->now;
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

static bool sink_save(void *self, const struct feed_row *row, const GPtrArray *items,
		      const GPtrArray *gone, GError **error)
{
	(void)row;
	(void)gone;
	(void)error;
	for (guint i = 0; items && i < items->len; i++)
		patient_keep(self, g_ptr_array_index(items, i));
	return true;
}

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

/* ---- who are we ---- */

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

static void tell_scopes(struct patient *patient, const struct driver *driver,
			const struct http_response *response)
{
	g_autofree char *name = driver->scopes_header
					? g_ascii_strdown(driver->scopes_header, -1)
					: NULL;
	const char *scopes = name ? http_header(response, name) : NULL;
	g_autofree char *shown = scopes ? printable(scopes) : NULL;

	fprintf(patient->options->out, "  ok     credential: accepted%s%s\n",
		shown && *shown ? ", with the scopes " : "",
		shown && *shown ? shown : "");
}

/* Times are asked for in the zone of the API's user. */
static void tell_zone(struct patient *patient, const struct driver *driver,
		      const struct http_response *response)
{
	g_autoptr(GError) error = NULL;
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;
	g_autofree char *shown = NULL;
	struct zone *zone = NULL;
	const char *name = NULL;

	if (!driver->zone_path)
		return;
	document = client_parse(response, &error);
	if (document)
		name = json_text_at(document, driver->zone_path);
	if (document && !name)
		g_set_error(&error, DORA_ERROR, DORA_ERROR_DATA, "missing in the answer");
	shown = name ? printable(name) : NULL;
	if (name)
		zone = zone_open(name, &error);
	if (!zone) {
		patient_wrong(patient, "the user's time zone", error);
		return;
	}
	zone_unref(zone);
	fprintf(patient->options->out, "  ok     its user's time zone: %s\n", shown);
}

/* False if there is no use in asking for anything else. */
static bool ask_who(struct patient *patient, const struct rest_source *source)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	struct rest_result result = { 0 };
	struct client client;
	g_autoptr(GError) error = NULL;
	g_autofree char *url = NULL;

	if (!source->driver->whoami) {
		fprintf(patient->options->out,
			"  note   credential: this API has nothing "
			"to try it with but the data\n");
		return true;
	}
	url = client_who_url(source);
	client_init(&client, source, &result);
	if (client_ask_once(&client, &(struct ask){ .url = url }, &response, &error)) {
		tell_scopes(patient, source->driver, &response);
		tell_zone(patient, source->driver, &response);
	} else {
		const char *what = "credential";

		if (response.status == 0)
			what = error->code == DORA_ERROR_CONFIG ? "credential" : "reach";
		else if (response.status != 401 && response.status != 403)
			what = "who are we";
		patient_wrong(patient, what, error);
	}
	if (response.status != 0)
		tell_clock(patient, &response);
	client_clear(&client);
	return response.status != 0 && response.status != 401;
}

/* ---- what is there ---- */

/* One feed as a poll would read it, so that each tells what it lacks. */
static void read_feed(struct patient *patient, const struct rest_source *source,
		      const struct feed *feed)
{
	struct feed only[2] = { *feed, { 0 } };
	struct driver driver = *source->driver;
	struct rest_source one = *source;
	struct rest_result result = { 0 };
	guint before = patient->items->len;
	g_autofree char *span = span_format(source->api->history_us);
	g_autofree char *counts = NULL;
	g_autoptr(GError) error = NULL;

	driver.feeds = only;
	one.driver = &driver;
	if (!rest_poll(&one, &result, &error)) {
		patient_wrong(patient, "read", error);
		return;
	}
	counts = patient_counts(patient, before);
	fprintf(patient->options->out, "  ok     %s of the last %s: %s (%u request%s)\n",
		feed->name, span, counts, result.n_requests,
		result.n_requests == 1 ? "" : "s");
}

void doctor_api(struct patient *patient)
{
	const struct config_api *api = patient->source->api;
	const struct doctor_options *options = patient->options;
	const struct rest_sink sink = {
		.load = sink_load,
		.unfinished = sink_unfinished,
		.known = sink_known,
		.save = sink_save,
		.self = patient,
	};
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	_cleanup_(tokens_freep) struct tokens *tokens = tokens_new();
	_cleanup_(auth_freep) struct auth *auth = auth_new(api->driver, api,
							   options->transport, tokens);
	struct config_api recent = *api;
	const struct rest_source source = {
		.driver = api->driver,
		.api = &recent,
		.transport = options->transport,
		.sink = &sink,
		.budgets = budgets,
		.tokens = tokens,
		.cancellable = options->cancellable,
		.needed = doctor_needs(options->config, patient->source->name),
		.wanted = wanted,
		.notice = on_notice,
		.user = patient,
	};
	g_autofree char *left = NULL;
	guint n_read = 0;

	recent.history_us = MIN(api->history_us, options->span);
	if (!ask_who(patient, &source))
		return;
	for (const struct feed *feed = api->driver->feeds; feed->name; feed++)
		if (rest_reads(&source, feed)) {
			read_feed(patient, &source, feed);
			n_read++;
		}
	if (n_read == 0)
		fprintf(options->out, "  note   no rule and no `read` wants anything of "
				      "it\n");
	left = budget_text(budgets, auth_key(auth), options->now);
	fprintf(options->out, "  ok     rate limit: %s\n", left ? left : "it tells none");
	patient->n_wrong += doctor_rules(options->out, options->config,
					 patient->source->name, patient->items);
}
