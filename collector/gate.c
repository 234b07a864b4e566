#include "collector/gate.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

static const char *kind_word(enum scope_kind kind)
{
	return kind == SCOPE_ORG ? "org" : kind == SCOPE_TEAM ? "team" : "service";
}

bool gate_wants(const struct gate_wish *wish, const struct guardrail_row *row)
{
	return (!wish->name || strcmp(wish->name, row->name) == 0) &&
	       (!wish->scope ||
		(wish->kind == row->kind && strcmp(wish->scope, row->scope) == 0));
}

static void count(struct gate_count *counts, const struct guardrail_row *row)
{
	counts->n++;
	counts->breached += strcmp(row->status, "breached") == 0;
	counts->without_data += strcmp(row->status, "no data") == 0;
}

bool gate_is_open(const struct gate_count *counts, bool fails)
{
	return counts->breached == 0 &&
	       !(fails && (counts->without_data || counts->n == 0));
}

/* ---- where a number comes from ---- */

/* clang-format off */
static const struct {
	const char *prefix; /* of the metric; the first that fits */
	const char *view, *environment, *at, *which, *order;
} origins[] = {
	{ "deployment_frequency", "deployments", "rollout_environment", "finished_at",
	  "counted", "finished_at" },
	{ "lead_time_", "shipped_commits", "environment", "finished_at",
	  "excluded_reason IS NULL", "finished_at" },
	{ "change_lead_time", "shipped_commits", "environment", "finished_at",
	  "excluded_reason IS NULL", "lead_seconds DESC" },
	{ "change_fail_rate", "rollouts", "environment", "finished_at",
	  "state = 'failed'", "finished_at" },
	{ "failed_deployment_recovery_time", "rollouts", "environment", "recovered_at",
	  "recovery_seconds IS NOT NULL", "recovery_seconds DESC" },
	{ "deployment_rework_rate", "rollouts", "environment", "finished_at",
	  "unplanned", "finished_at" },
	{ "time_to_restore", "service_incidents", "environment", "restored_at",
	  "excluded_reason IS NULL", "restore_seconds DESC" },
};
/* clang-format on */

/* As a literal of SQL. */
static char *quote(const char *text)
{
	g_autoptr(GString) doubled = g_string_new(text);

	g_string_replace(doubled, "'", "''", 0);
	return g_strdup_printf("'%s'", doubled->str);
}

char *gate_why(const struct guardrail_row *row)
{
	g_autofree char *scope = quote(row->scope), *group = quote(row->environment);
	g_autofree char *from = NULL, *to = NULL;
	gsize i = 0;

	if (row->start == INSTANT_NONE)
		return NULL;
	while (i < G_N_ELEMENTS(origins) &&
	       !g_str_has_prefix(row->metric, origins[i].prefix))
		i++;
	if (i == G_N_ELEMENTS(origins))
		return NULL;
	from = instant_format(row->start);
	to = instant_format(row->end);
	return g_strdup_printf("SELECT * FROM dora.%s WHERE %s = %s AND %s = %s"
			       " AND %s >= '%s' AND %s < '%s' AND %s ORDER BY %s;",
			       origins[i].view, kind_word(row->kind), scope,
			       origins[i].environment, group, origins[i].at, from,
			       origins[i].at, to, origins[i].which, origins[i].order);
}

/* ---- text ---- */

/* "2d 3h (183600 s)", "0.15"; "none" for NAN. The caller frees. */
static char *number(double value, const char *unit)
{
	g_autofree char *span = NULL;

	if (isnan(value))
		return g_strdup("none");
	if (!unit)
		return g_strdup_printf("%.6g", value);
	/* what is past all spans is only told in seconds */
	if (fabs(value) < 1e9)
		span = span_format((GTimeSpan)(fabs(value) * G_USEC_PER_SEC));
	return g_strdup_printf("%s%s%s%.6g s%s", value < 0 && span ? "-" : "",
			       span ? span : "", span ? " (" : "", value,
			       span ? ")" : "");
}

static const char *verdict(const struct guardrail_row *row, bool fails)
{
	if (strcmp(row->status, "breached") == 0)
		return "BREACHED";
	if (strcmp(row->status, "no data") == 0)
		return fails ? "NO DATA " : "no data ";
	return "ok      ";
}

static void tell(FILE *out, const struct guardrail_row *row, bool fails)
{
	g_autofree char *value = number(row->value, row->unit);
	g_autofree char *limit = number(row->limit, row->unit);
	g_autofree char *end = row->end == INSTANT_NONE ? NULL : instant_format(row->end);
	g_autofree char *fresh = row->fresh_until == INSTANT_NONE
					 ? NULL
					 : instant_format(row->fresh_until);
	g_autofree char *why = gate_why(row);

	fprintf(out, "%s  %s: %s of %s of %s %s, %s, over the %d days to %s\n",
		verdict(row, fails), row->name, row->statistic, row->metric,
		kind_word(row->kind), row->scope, row->environment, row->window_days,
		end ? end : "its last midnight, of which there is none yet");
	fprintf(out, "          %s, limit %s %s; n %" G_GINT64_FORMAT, value,
		row->direction, limit, row->n);
	if (row->n < row->minimum)
		fprintf(out, ", of %" G_GINT64_FORMAT " that it needs", row->minimum);
	fprintf(out, "\n          facts known until %s%s\n",
		fresh ? fresh : "no time: a source has never been read",
		row->complete ? "" : "; not complete");
	if (why)
		fprintf(out, "          why: %s\n", why);
}

struct gate_count gate_text(FILE *out, const GArray *rows, const struct gate_wish *wish,
			    bool fails)
{
	struct gate_count counts = { 0 };

	for (guint i = 0; i < rows->len; i++) {
		const struct guardrail_row *row = &g_array_index(rows,
								 struct guardrail_row, i);

		if (!gate_wants(wish, row))
			continue;
		tell(out, row, fails);
		count(&counts, row);
	}
	fprintf(out, "%u guardrail%s: %u breached, %u without data: %s\n", counts.n,
		counts.n == 1 ? "" : "s", counts.breached, counts.without_data,
		gate_is_open(&counts, fails) ? "the gate is open" : "the gate is closed");
	return counts;
}

/* ---- JSON ---- */

static void add_text(cJSON *json, const char *key, const char *text)
{
	if (text)
		cJSON_AddStringToObject(json, key, text);
	else
		cJSON_AddNullToObject(json, key);
}

static void add_instant(cJSON *json, const char *key, gint64 at)
{
	g_autofree char *text = at == INSTANT_NONE ? NULL : instant_format(at);

	add_text(json, key, text);
}

static cJSON *describe(const struct guardrail_row *row)
{
	cJSON *json = cJSON_CreateObject();
	g_autofree char *why = gate_why(row);

	add_text(json, "guardrail", row->name);
	add_text(json, "scope", kind_word(row->kind));
	add_text(json, "name", row->scope);
	add_text(json, "environment", row->environment);
	add_text(json, "metric", row->metric);
	add_text(json, "statistic", row->statistic);
	add_text(json, "unit", row->unit);
	cJSON_AddNumberToObject(json, "value", row->value); /* NAN is null */
	cJSON_AddNumberToObject(json, "n", (double)row->n);
	cJSON_AddNumberToObject(json, "minimum_n", (double)row->minimum);
	cJSON_AddNumberToObject(json, "limit", row->limit);
	add_text(json, "direction", row->direction);
	add_text(json, "status", row->status);
	cJSON_AddNumberToObject(json, "window_days", row->window_days);
	add_instant(json, "window_start", row->start);
	add_instant(json, "window_end", row->end);
	add_instant(json, "fresh_until", row->fresh_until);
	cJSON_AddBoolToObject(json, "complete", row->complete);
	add_text(json, "why", why);
	return json;
}

struct gate_count gate_json(FILE *out, const GArray *rows, const struct gate_wish *wish,
			    bool fails)
{
	struct gate_count counts = { 0 };
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "guardrails");
	char *text;

	for (guint i = 0; i < rows->len; i++) {
		const struct guardrail_row *row = &g_array_index(rows,
								 struct guardrail_row, i);

		if (!gate_wants(wish, row))
			continue;
		cJSON_AddItemToArray(list, describe(row));
		count(&counts, row);
	}
	cJSON_AddBoolToObject(json, "open", gate_is_open(&counts, fails));
	text = cJSON_Print(json);
	if (!text)
		abort(); /* only when memory is out */
	fprintf(out, "%s\n", text);
	cJSON_free(text);
	cJSON_Delete(json);
	return counts;
}
