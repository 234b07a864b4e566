#include "collector/doctor_inside.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/doctor_rules.h"
#include "collector/foreign_query.h"
#include "collector/kpi/kpi_read.h"
#include "collector/sql_item.h"

/* ---- a query on another database ---- */

/* Enough to see what the rules make of them. */
#define ROWS_MAX 1000

struct trial {
	struct patient *patient;
	enum item_kind kind;
	guint n_rows;
	bool ordered;
};

static bool take_column(const char *name, void *user, GError **error)
{
	struct trial *trial = user;

	trial->ordered |= strcmp(name, "updated") == 0;
	return sql_column_check(trial->kind, name, error);
}

static bool take_row(const char *row, gsize n, void *user, GError **error)
{
	struct trial *trial = user;
	struct item *item = sql_item(trial->kind, row, n, error);
	bool dated = item && (!trial->ordered || item->updated != INSTANT_NONE);

	if (!item)
		return false;
	if (dated)
		patient_keep(trial->patient, item);
	else
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s %s: updated: missing",
			    item_kind_name(item->kind), item->id);
	trial->n_rows++;
	item_free(item);
	return dated;
}

void doctor_sql(struct patient *patient)
{
	const struct config_sql *sql = patient->source->sql;
	const struct doctor_options *options = patient->options;
	struct trial trial = { .patient = patient };
	const struct foreign_query query = {
		.uri = sql->uri,
		.password = sql->password,
		.sql = sql->query,
		.order = "updated",
		.max_rows = ROWS_MAX,
		.cancellable = options->cancellable,
		.column = take_column,
		.row = take_row,
		.user = &trial,
	};
	GTimeSpan span = MIN(sql->history_us, options->span);
	g_autofree char *shown = span_format(span), *counts = NULL;
	g_autoptr(GError) error = NULL;

	item_kind_parse(sql->kind, &trial.kind);
	if (!foreign_query_run(&query, options->now - span, &error)) {
		patient_wrong(patient, "query", error);
		return;
	}
	counts = patient_counts(patient, 0);
	fprintf(options->out, "  ok     query of the last %s: %s%s\n", shown, counts,
		trial.n_rows == ROWS_MAX ? ", and perhaps more" : "");
	if (!trial.ordered)
		fprintf(options->out, "  note   without a column \"updated\" each poll "
				      "reads the whole history\n");
	patient->n_wrong += doctor_rules(options->out, options->config,
					 patient->source->name, patient->items);
}

/* ---- what clients tell ---- */

static void tell_client(struct patient *patient, const struct config_push_client *client)
{
	FILE *out = patient->options->out;
	const struct secret_ref *ref = client->token ? client->token : client->secret;
	g_autoptr(GError) error = NULL;
	g_autofree char *what = g_strdup_printf("client %s", client->name);
	char *secret = secret_read(ref, &error);

	if (!secret) {
		patient_wrong(patient, what, error);
		return;
	}
	secret_free(secret);
	fprintf(out, "  ok     %s: %s, for ", what,
		client->token ? "a bearer token" : "signatures");
	for (unsigned i = 0; i < client->n_services; i++)
		fprintf(out, "%s%s", i ? ", " : "", client->services[i]);
	fprintf(out, "%s\n", client->n_services ? "" : "every service");
}

void doctor_push(struct patient *patient)
{
	const struct config_push *push = patient->options->config->push;

	if (!push) {
		fputs("  note   rules say \"from: push\", and nothing listens here\n",
		      patient->options->out);
		return;
	}
	fprintf(patient->options->out, "  ok     is told, and not asked, at %s%s\n",
		push->listen, push->certificate ? " (TLS)" : "");
	for (unsigned i = 0; i < push->n_clients; i++)
		tell_client(patient, &push->clients[i]);
}

/* ---- samples of a KPI ---- */

static void tell_samples(FILE *out, const GArray *samples, const char *unit)
{
	const struct kpi_sample *rows =
		(const struct kpi_sample *)(const void *)samples->data;
	guint n = samples->len;
	g_autofree char *first = n ? instant_format(rows[0].at) : NULL;
	g_autofree char *last = n ? instant_format(rows[n - 1].at) : NULL;

	if (n == 0)
		fputs("no samples\n", out);
	else
		fprintf(out, "%u sample%s from %s to %s, the last %.10g%s%s\n", n,
			n == 1 ? "" : "s", first, last, rows[n - 1].value,
			unit ? " " : "", unit ? unit : "");
}

void doctor_kpi(struct patient *patient)
{
	const struct config_kpi *kpi = patient->source->kpi;
	const struct doctor_options *options = patient->options;
	GTimeSpan span = MIN(kpi->history_us, options->span);
	struct kpi_reading reading = {
		.kpi = kpi,
		.transport = options->transport,
		.cancellable = options->cancellable,
		.now = options->now,
		.since = options->now - span,
	};
	g_autofree char *shown = span_format(span);
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) samples = kpi_read(&reading, &error);

	if (!samples) {
		patient_wrong(patient, "samples", error);
		return;
	}
	fprintf(options->out, "  ok     asked for the last %s: ", shown);
	tell_samples(options->out, samples, kpi->unit);
	if (reading.n_later)
		fprintf(options->out, "  note   %u of the future, left for later\n",
			reading.n_later);
}
