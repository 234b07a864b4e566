#include "collector/gate.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "config/goal_metric.h"

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

static enum scope_kind kind_of(const struct config_figure *figure)
{
	return figure->service ? SCOPE_SERVICE : figure->team ? SCOPE_TEAM : SCOPE_ORG;
}

static const char *scope_of(const struct config_figure *figure)
{
	return figure->service ? figure->service
	       : figure->team  ? figure->team
			       : figure->org;
}

bool gate_wants_configured(const struct gate_wish *wish,
			   const struct config_guardrail *rail)
{
	const struct guardrail_row row = {
		.name = rail->name,
		.kind = kind_of(&rail->figure),
		.scope = (char *)scope_of(&rail->figure),
	};

	return gate_wants(wish, &row);
}

static bool is_same(const struct config_guardrail *rail, const struct guardrail_row *row)
{
	const struct config_figure *figure = &rail->figure;

	return strcmp(rail->name, row->name) == 0 && row->kind == kind_of(figure) &&
	       strcmp(row->scope, scope_of(figure)) == 0 &&
	       strcmp(row->environment, figure->environment) == 0 &&
	       strcmp(row->metric, figure->metric) == 0 &&
	       strcmp(row->statistic, goal_statistic_name(figure->statistic)) == 0 &&
	       strcmp(row->direction, rail->at_most ? "at most" : "at least") == 0 &&
	       !(row->limit < rail->limit) && !(row->limit > rail->limit) &&
	       row->window_days == (gint32)goal_window_days(rail->over) &&
	       /* 0 where it does not apply */
	       (row->minimum == 0 || row->minimum == rail->minimum);
}

static bool is_known(const struct config_guardrail *rail, const GArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		if (is_same(rail, &g_array_index(rows, struct guardrail_row, i)))
			return true;
	return false;
}

const struct config_guardrail *gate_find_unknown(const struct config *config,
						 const GArray *rows,
						 const struct gate_wish *wish)
{
	for (unsigned i = 0; i < config->n_guardrails; i++) {
		const struct config_guardrail *rail = &config->guardrails[i];

		if (gate_wants_configured(wish, rail) && !is_known(rail, rows))
			return rail;
	}
	return NULL;
}

static bool is_stale(const struct guardrail_row *row)
{
	return strcmp(row->status, "stale") == 0;
}

static void count(struct gate_count *counts, const struct guardrail_row *row)
{
	counts->n++;
	counts->breached += strcmp(row->status, "breached") == 0;
	counts->without_data += strcmp(row->status, "no data") == 0 || is_stale(row);
}

bool gate_is_open(const struct gate_count *counts, bool fails)
{
	return counts->n > 0 && counts->breached == 0 && !(fails && counts->without_data);
}

/* ---- where a number comes from ---- */

/* clang-format off */
static const struct {
	const char *metric;
	const char *view, *at;
	const char *since; /* whose it was then counts it */
	const char *which; /* NULL: all of them */
	const char *order;
} origins[] = {
	{ "deployment_frequency", "rollouts", "finished_at", "finished_at", NULL,
	  "finished_at" },
	{ "lead_time_coding", "shipped_changes", "finished_at", "finished_at",
	  "coding_seconds IS NOT NULL", "coding_seconds DESC" },
	{ "lead_time_pickup", "shipped_changes", "finished_at", "finished_at",
	  "pickup_seconds IS NOT NULL", "pickup_seconds DESC" },
	{ "lead_time_review", "shipped_changes", "finished_at", "finished_at",
	  "review_seconds IS NOT NULL", "review_seconds DESC" },
	{ "lead_time_deploy", "shipped_changes", "finished_at", "finished_at",
	  "deploy_seconds IS NOT NULL", "deploy_seconds DESC" },
	{ "change_lead_time", "shipped_commits", "finished_at", "finished_at",
	  "excluded_reason IS NULL", "lead_seconds DESC" },
	{ "change_fail_rate", "rollouts", "finished_at", "finished_at",
	  "state = 'failed'", "finished_at" },
	{ "failed_deployment_recovery_time", "rollouts", "recovered_at", "finished_at",
	  "recovery_seconds IS NOT NULL", "recovery_seconds DESC" },
	{ "deployment_rework_rate", "rollouts", "finished_at", "finished_at",
	  "unplanned", "finished_at" },
	{ "time_to_restore", "service_incidents", "restored_at", "started_at",
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

/* Rows name the team that a service has now; what counts is whose it was. */
static char *join_history(const char *since)
{
	return g_strdup_printf(" JOIN dora.team_history h ON h.service = r.service"
			       " AND r.%s >= coalesce(h.valid_from, '-infinity')"
			       " AND r.%s < coalesce(h.valid_to, 'infinity')",
			       since, since);
}

char *gate_why(const struct guardrail_row *row)
{
	g_autofree char *scope = quote(row->scope), *group = quote(row->environment);
	g_autofree char *from = NULL, *to = NULL, *history = NULL;
	gsize i = 0;

	if (row->start == INSTANT_NONE)
		return NULL;
	while (i < G_N_ELEMENTS(origins) && strcmp(row->metric, origins[i].metric) != 0)
		i++;
	if (i == G_N_ELEMENTS(origins))
		return NULL;
	from = instant_format(row->start);
	to = instant_format(row->end);
	history = row->kind == SCOPE_SERVICE ? g_strdup("")
					     : join_history(origins[i].since);
	return g_strdup_printf(
		"SELECT r.* FROM dora.%s r%s WHERE %s.%s = %s AND r.environment = %s"
		" AND %s >= '%s' AND %s < '%s'%s%s ORDER BY %s;",
		origins[i].view, history, row->kind == SCOPE_SERVICE ? "r" : "h",
		kind_word(row->kind), scope, group, origins[i].at, from, origins[i].at,
		to, origins[i].which ? " AND " : "",
		origins[i].which ? origins[i].which : "", origins[i].order);
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
	if (is_stale(row))
		return fails ? "STALE   " : "stale   ";
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
	if (is_stale(row))
		fputs("          too old to tell, as good as no data: is dorad running, "
		      "and "
		      "are its sources read?\n",
		      out);
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
