#include <cjson/cJSON.h>
#include <stdlib.h>

#include "config/schema.h"

static cJSON *describe_mapping(const cyaml_schema_value_t *schema);

static cJSON *strings(const char *const *words, gsize n)
{
	cJSON *array = cJSON_CreateArray();

	for (gsize i = 0; i < n; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(words[i]));
	return array;
}

static void describe_text(cJSON *json, const cyaml_schema_value_t *schema,
			  const struct config_row *row)
{
	/* dorad takes a plain 1.0 for the text it is; editors should too. */
	static const char *const types[] = { "string", "number", "boolean" };
	const struct config_format_row *format = &config_formats[row->format];

	if (row->format == FORMAT_ANY || row->format == FORMAT_NAME ||
	    row->format == FORMAT_REF_GLOB || row->format == FORMAT_BRANCH ||
	    row->format == FORMAT_FIGURE || row->format == FORMAT_AMOUNT ||
	    row->format == FORMAT_RATIO)
		cJSON_AddItemToObject(json, "type", strings(types, G_N_ELEMENTS(types)));
	else
		cJSON_AddStringToObject(json, "type", "string");
	if (schema->string.min)
		cJSON_AddNumberToObject(json, "minLength", schema->string.min);
	cJSON_AddNumberToObject(json, "maxLength", schema->string.max);
	if (format->pattern)
		cJSON_AddStringToObject(json, "pattern", format->pattern);
	if (row->fallback)
		cJSON_AddStringToObject(json, "default", row->fallback);
}

static void describe_choice(cJSON *json, const cyaml_schema_value_t *schema,
			    const struct config_row *row)
{
	cJSON *words = cJSON_AddArrayToObject(json, "enum");

	for (guint i = 0; i < schema->enumeration.count; i++)
		cJSON_AddItemToArray(
			words, cJSON_CreateString(schema->enumeration.strings[i].str));
	if (row->fallback)
		cJSON_AddStringToObject(json, "default", row->fallback);
}

static void describe_number(cJSON *json, const struct config_row *row)
{
	cJSON_AddStringToObject(json, "type", "integer");
	cJSON_AddNumberToObject(json, "minimum", (double)row->min);
	cJSON_AddNumberToObject(json, "maximum", (double)row->max);
	if (row->fallback)
		cJSON_AddNumberToObject(json, "default",
					g_ascii_strtod(row->fallback, NULL));
}

/* As deep as the tables. */
static cJSON *describe(const cyaml_schema_value_t *schema, const struct config_row *row)
{
	cJSON *json;

	if (schema->type == CYAML_MAPPING) {
		json = describe_mapping(schema);
		if (row->fallback)
			cJSON_AddItemToObject(json, "default", cJSON_CreateObject());
		return json;
	}
	json = cJSON_CreateObject();
	if (schema->type == CYAML_SEQUENCE) {
		/* What the row says is about the entries' text; its default is not. */
		struct config_row entry = { .format = row->format };

		cJSON_AddStringToObject(json, "type", "array");
		cJSON_AddNumberToObject(json, "minItems", schema->sequence.min);
		cJSON_AddNumberToObject(json, "maxItems", schema->sequence.max);
		cJSON_AddItemToObject(json, "items",
				      describe(schema->sequence.entry, &entry));
	} else if (schema->type == CYAML_STRING) {
		describe_text(json, schema, row);
	} else if (schema->type == CYAML_ENUM) {
		describe_choice(json, schema, row);
	} else if (schema->type == CYAML_UINT) {
		describe_number(json, row);
	} else {
		cJSON_AddStringToObject(json, "type", "boolean");
		if (row->fallback)
			cJSON_AddBoolToObject(json, "default", *row->fallback == 't');
	}
	return json;
}

/* "if from is X then these keys are not allowed, and those required": one for each X. */
static void describe_fits(cJSON *json, const cyaml_schema_field_t *fields,
			  const struct config_row *rows)
{
	cJSON *all = cJSON_CreateArray();

	for (int from = FROM_TAGS; from <= FROM_PUSH; from++) {
		cJSON *row = cJSON_CreateObject(), *not_allowed, *then;
		cJSON *required = cJSON_CreateArray();
		cJSON *when = cJSON_AddObjectToObject(row, "if");
		cJSON *is = cJSON_AddObjectToObject(
			cJSON_AddObjectToObject(when, "properties"), "from");

		cJSON_AddStringToObject(is, "const",
					config_enum_word(&fields[0].value, from));
		then = cJSON_AddObjectToObject(row, "then");
		not_allowed = cJSON_AddObjectToObject(then, "properties");
		for (gsize i = 0; rows[i].key; i++) {
			if (rows[i].fits && !(rows[i].fits & (1u << from)))
				cJSON_AddFalseToObject(not_allowed, rows[i].key);
			if (rows[i].needed & (1u << from))
				cJSON_AddItemToArray(required,
						     cJSON_CreateString(rows[i].key));
		}
		cJSON_AddItemToObject(then, "required", required);
		cJSON_AddItemToArray(all, row);
	}
	cJSON_AddItemToObject(json, "allOf", all);
}

static cJSON *describe_mapping(const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	const struct config_row *rows = config_rows(fields);
	cJSON *json = cJSON_CreateObject(), *properties;
	cJSON *required = cJSON_CreateArray();
	bool has_fits = false;

	cJSON_AddStringToObject(json, "type", "object");
	cJSON_AddFalseToObject(json, "additionalProperties");
	properties = cJSON_AddObjectToObject(json, "properties");
	for (gsize i = 0; fields[i].key; i++) {
		cJSON *field = describe(&fields[i].value, &rows[i]);

		cJSON_AddStringToObject(field, "description", rows[i].help);
		cJSON_AddItemToObject(properties, fields[i].key, field);
		if (!(fields[i].value.flags & CYAML_FLAG_OPTIONAL))
			cJSON_AddItemToArray(required, cJSON_CreateString(fields[i].key));
		has_fits |= rows[i].fits != 0;
	}
	if (cJSON_GetArraySize(required))
		cJSON_AddItemToObject(json, "required", required);
	else
		cJSON_Delete(required);
	if (has_fits)
		describe_fits(json, fields, rows);
	/* A secret is in exactly one place. */
	if (schema->data_size == sizeof(struct secret_ref) &&
	    cJSON_GetObjectItemCaseSensitive(properties, "credential")) {
		cJSON_AddNumberToObject(json, "minProperties", 1);
		cJSON_AddNumberToObject(json, "maxProperties", 1);
	}
	return json;
}

char *config_schema_json(void)
{
	cJSON *json = describe_mapping(&config_schema);
	char *printed, *text;

	cJSON_AddItemToObject(
		json, "$schema",
		cJSON_CreateString("https://json-schema.org/draft/2020-12/schema"));
	cJSON_AddStringToObject(json, "title", "dorad.yaml");
	cJSON_AddStringToObject(json, "description", "The configuration of dorad.");
	printed = cJSON_Print(json);
	if (!printed)
		abort(); /* only when memory is out */
	text = g_strconcat(printed, "\n", NULL);
	cJSON_free(printed);
	cJSON_Delete(json);
	return text;
}
