#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/json_path.h"

/* Doubles hold every integer up to here. */
#define INTEGER_MAX (G_GINT64_CONSTANT(1) << 53)

/* What became of a row. */
enum result {
	NOTHING, /* missing, null, "" or an instant that is not plausible */
	FOUND,
	WRONG, /* of another type */
};

static bool is_empty(const cJSON *json)
{
	return !json || cJSON_IsNull(json) ||
	       (cJSON_IsString(json) && json->valuestring[0] == '\0');
}

static bool is_integer(const cJSON *json)
{
	return cJSON_IsNumber(json) && fabs(json->valuedouble) <= (double)INTEGER_MAX &&
	       trunc(json->valuedouble) == json->valuedouble;
}

/* A string or an integer as text; NULL if it is neither. */
static char *as_written(const cJSON *json)
{
	if (cJSON_IsString(json))
		return g_strdup(json->valuestring);
	if (is_integer(json))
		return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)json->valuedouble);
	return NULL;
}

static enum result read_text(const cJSON *json, char **place)
{
	if (!cJSON_IsString(json))
		return WRONG;
	*place = g_strdup(json->valuestring);
	return FOUND;
}

static enum result read_id(const cJSON *json, char **place)
{
	char *text = as_written(json);

	if (!text)
		return WRONG;
	*place = text;
	return FOUND;
}

static enum result read_int(const cJSON *json, gint64 *place)
{
	gint64 value;

	if (is_integer(json))
		value = (gint64)json->valuedouble;
	else if (!cJSON_IsString(json) ||
		 !g_ascii_string_to_signed(json->valuestring, 10, -INTEGER_MAX,
					   INTEGER_MAX, &value, NULL))
		return WRONG;
	*place = value;
	return FOUND;
}

static enum result read_bool(const cJSON *json, bool *place)
{
	if (!cJSON_IsBool(json))
		return WRONG;
	*place = cJSON_IsTrue(json);
	return FOUND;
}

static enum result keep_instant(gint64 t, gint64 *place)
{
	if (!instant_is_plausible(t))
		return NOTHING;
	*place = t;
	return FOUND;
}

static enum result read_time(const cJSON *json, gint64 *place)
{
	gint64 t;

	if (!cJSON_IsString(json) || !instant_parse_loose(json->valuestring, &t))
		return WRONG;
	return keep_instant(t, place);
}

static enum result read_epoch(const cJSON *json, double unit, gint64 *place)
{
	double value = 0;
	char *end = NULL;

	if (cJSON_IsNumber(json)) {
		value = json->valuedouble;
	} else {
		/* Also what was an integer of too many digits. */
		if (!cJSON_IsString(json) || !g_ascii_isdigit(json->valuestring[0]))
			return WRONG;
		value = g_ascii_strtod(json->valuestring, &end);
		if (*end != '\0')
			return WRONG;
	}
	value *= unit;
	if (!(value >= (double)INSTANT_MIN && value < (double)INSTANT_MAX))
		return NOTHING;
	return keep_instant(llround(value), place);
}

static enum result read_texts(const cJSON *object, const char *path, char ***place)
{
	g_autoptr(GPtrArray) found = json_all_at(object, path);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < found->len; i++) {
		const cJSON *json = g_ptr_array_index(found, i);
		char *text;

		if (is_empty(json))
			continue;
		text = as_written(json);
		if (!text)
			return WRONG;
		g_ptr_array_add(texts, text);
	}
	if (texts->len == 0)
		return NOTHING;
	g_ptr_array_add(texts, NULL);
	*place = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
	return FOUND;
}

static enum result read_present(const cJSON *json, bool *place)
{
	if (cJSON_IsFalse(json) || (cJSON_IsArray(json) && !json->child))
		return NOTHING;
	*place = true;
	return FOUND;
}

static enum result read_field(const cJSON *object, const struct json_field *field,
			      void *out)
{
	void *place = (char *)out + field->offset;
	const cJSON *json;

	if (field->type == JSON_TEXTS)
		return read_texts(object, field->path, place);
	json = json_at(object, field->path);
	if (is_empty(json))
		return NOTHING;
	switch (field->type) {
	case JSON_TEXT:
		return read_text(json, place);
	case JSON_ID:
		return read_id(json, place);
	case JSON_INT:
		return read_int(json, place);
	case JSON_BOOL:
		return read_bool(json, place);
	case JSON_TIME:
		return read_time(json, place);
	case JSON_EPOCH:
		return read_epoch(json, G_USEC_PER_SEC, place);
	case JSON_EPOCH_MS:
		return read_epoch(json, G_TIME_SPAN_MILLISECOND, place);
	case JSON_PRESENT:
		return read_present(json, place);
	case JSON_TEXTS:
	default:
		return NOTHING;
	}
}

/* Whether a place holds something, from an earlier row or from before. */
static bool is_filled(const struct json_field *field, const void *out)
{
	const void *place = (const char *)out + field->offset;

	switch (field->type) {
	case JSON_TEXT:
	case JSON_ID:
		return *(char *const *)place;
	case JSON_TEXTS:
		return *(char **const *)place;
	case JSON_INT:
		return *(const gint64 *)place != 0;
	case JSON_TIME:
	case JSON_EPOCH:
	case JSON_EPOCH_MS:
		return *(const gint64 *)place != INSTANT_NONE;
	case JSON_BOOL:
	case JSON_PRESENT:
	default:
		return *(const bool *)place;
	}
}

/* Paths are shown as people write them, without the slash they begin with. */
static const char *shown_path(const struct json_field *field)
{
	return field->path[0] == '/' ? field->path + 1 : field->path;
}

static const char *expected(enum json_type type)
{
	static const char *const words[] = {
		[JSON_TEXT] = "text",
		[JSON_ID] = "text or an integer",
		[JSON_INT] = "an integer",
		[JSON_BOOL] = "true or false",
		[JSON_TIME] = "a time",
		[JSON_EPOCH] = "seconds since 1970",
		[JSON_EPOCH_MS] = "milliseconds since 1970",
		[JSON_TEXTS] = "texts",
		[JSON_PRESENT] = "anything",
	};

	return words[type];
}

/* A value in a few words. It may be an attack on the reader of the log. */
static char *describe(const cJSON *json)
{
	if (cJSON_IsString(json)) {
		g_autofree char *start = g_strndup(json->valuestring, 40);
		g_autofree char *shown = g_strescape(start, NULL);

		return g_strdup_printf("\"%s\"%s", shown,
				       json->valuestring[strlen(start)] ? "..." : "");
	}
	if (cJSON_IsNumber(json)) {
		char number[G_ASCII_DTOSTR_BUF_SIZE];

		return g_strdup(g_ascii_formatd(number, sizeof(number), "%.15g",
						json->valuedouble));
	}
	if (cJSON_IsBool(json))
		return g_strdup(cJSON_IsTrue(json) ? "true" : "false");
	return g_strdup(cJSON_IsArray(json) ? "a list" : "an object");
}

static bool refuse(const cJSON *object, const struct json_field *field, GError **error)
{
	const cJSON *json = json_at(object, field->path);
	g_autofree char *found = json ? describe(json) : g_strdup("something else");

	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: expected %s, found %s",
		    shown_path(field), expected(field->type), found);
	return false;
}

static bool refuse_nothing(const cJSON *object, const struct json_field *field,
			   GError **error)
{
	const cJSON *json = field->type == JSON_TEXTS ? NULL
						      : json_at(object, field->path);
	g_autofree char *found = NULL;

	if (is_empty(json)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: missing",
			    shown_path(field));
		return false;
	}
	found = describe(json);
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: %s cannot be",
		    shown_path(field), found);
	return false;
}

/* Whether a row of the same place found something, false and 0 included. */
static bool was_found(const struct json_field *fields, const bool *found, gsize offset)
{
	for (gsize i = 0; fields[i].path; i++) {
		if (found[i] && fields[i].offset == offset)
			return true;
	}
	return false;
}

bool json_decode(const cJSON *object, const struct json_field *fields, void *out,
		 GError **error)
{
	g_autofree bool *found = NULL;
	gsize n = 0;

	while (fields[n].path)
		n++;
	found = g_new0(bool, n + 1);
	for (gsize i = 0; i < n; i++) {
		enum result result;

		if (is_filled(&fields[i], out) ||
		    was_found(fields, found, fields[i].offset)) {
			found[i] = true;
			continue;
		}
		result = read_field(object, &fields[i], out);
		if (result == WRONG)
			return refuse(object, &fields[i], error);
		found[i] = result == FOUND;
	}
	for (gsize i = 0; i < n; i++) {
		if (fields[i].required && !was_found(fields, found, fields[i].offset))
			return refuse_nothing(object, &fields[i], error);
	}
	return true;
}
