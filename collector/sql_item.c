#include "collector/sql_item.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"

static bool is_for(const struct item_member *member, enum item_kind kind)
{
	return member && (member->kinds & 1u << kind);
}

bool sql_column_check(enum item_kind kind, const char *name, GError **error)
{
	g_autoptr(GString) names = NULL;

	if (is_for(item_member(name), kind) || strcmp(name, "outcome") == 0 ||
	    strcmp(name, "done") == 0)
		return true;
	names = g_string_new("outcome, done");
	for (const struct item_member *member = item_members; member->name; member++)
		if (is_for(member, kind))
			g_string_append_printf(names, ", %s", member->name);
	g_set_error(
		error, DORA_ERROR, DORA_ERROR_CONFIG,
		"the query has a column \"%s\", which is nothing of a%s %s; there are: "
		"%s",
		name, strchr("aeiou", *item_kind_name(kind)) ? "n" : "",
		item_kind_name(kind), names->str);
	return false;
}

/* One column, as json_decode() reads it. */
static bool decode_column(const cJSON *row, const struct item_member *member,
			  struct item *item, GError **error)
{
	g_autofree char *path = g_strdup_printf("/%s%s", member->name,
						member->type == JSON_TEXTS ? "/*" : "");
	const struct json_field fields[] = {
		{ path, member->type, false, member->offset },
		{ NULL },
	};

	return json_decode(row, fields, item, error);
}

/* What is over needs no column to say so: it has an outcome or an end. */
static bool decode_state(const cJSON *row, struct item *item, GError **error)
{
	const char *outcome = json_text_at(row, "/outcome");
	const cJSON *done = json_at(row, "/done");

	if (outcome && !outcome_parse(outcome, &item->outcome)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "outcome: expected success, failure, cancelled, skipped or "
			    "running, found \"%s\"",
			    outcome);
		return false;
	}
	if (done && !cJSON_IsNull(done))
		item->done = cJSON_IsTrue(done);
	else if (item->kind == ITEM_INCIDENT || item->kind == ITEM_DEBT)
		item->done = item->resolved != INSTANT_NONE ||
			     item->closed != INSTANT_NONE;
	else
		item->done = item->outcome != OUTCOME_RUNNING;
	return true;
}

static bool decode(const cJSON *row, struct item *item, GError **error)
{
	const cJSON *column;

	cJSON_ArrayForEach(column, row)
	{
		const struct item_member *member = item_member(column->string);

		if (is_for(member, item->kind) &&
		    !decode_column(row, member, item, error))
			return false;
	}
	return decode_state(row, item, error) && item_check(item, error);
}

struct item *sql_item(enum item_kind kind, const char *row, gsize n, GError **error)
{
	_cleanup_(cJSON_Deletep) cJSON *json = json_parse(row, n, error);
	struct item *item;

	if (!json)
		return NULL;
	item = g_new(struct item, 1);
	item_init(item, kind);
	item->project = g_strdup("");
	if (decode(json, item, error))
		return item;
	g_prefix_error(error, "%s %s: ", item_kind_name(kind),
		       item->id ? item->id : "(no id)");
	item_free(item);
	return NULL;
}
