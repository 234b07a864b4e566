#include <stdlib.h>
#include <yaml.h>

#include "config/schema.h"

struct writer {
	yaml_emitter_t emitter;
	GString *text;
};

static int append(void *text, unsigned char *bytes, size_t n)
{
	g_string_append_len(text, (const char *)bytes, (gssize)n);
	return 1;
}

/* Making or emitting an event fails only without memory. */
static void emit(struct writer *writer, yaml_event_t *event, int made)
{
	if (!made || !yaml_emitter_emit(&writer->emitter, event))
		abort();
}

static void emit_scalar(struct writer *writer, const char *text)
{
	yaml_event_t event;

	emit(writer, &event,
	     yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
					  -1, 1, 1, YAML_ANY_SCALAR_STYLE));
}

/* Text that reads as "no value" when it is plain is quoted. */
static void emit_text(struct writer *writer, const char *text)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };
	yaml_event_t event;

	if (!g_strv_contains(words, text)) {
		emit_scalar(writer, text);
		return;
	}
	emit(writer, &event,
	     yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
					  -1, 0, 1, YAML_DOUBLE_QUOTED_SCALAR_STYLE));
}

static void show_mapping(struct writer *writer, const cyaml_schema_value_t *schema,
			 const char *data);

static void show_list(struct writer *writer, const cyaml_schema_value_t *schema,
		      const char *entries, unsigned n)
{
	const cyaml_schema_value_t *entry = schema->sequence.entry;
	yaml_event_t event;

	emit(writer, &event,
	     yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						  entry->type == CYAML_STRING
							  ? YAML_FLOW_SEQUENCE_STYLE
							  : YAML_BLOCK_SEQUENCE_STYLE));
	for (unsigned i = 0; i < n; i++) {
		if (entry->type == CYAML_STRING)
			emit_text(writer, ((char *const *)entries)[i]);
		else
			show_mapping(writer, entry,
				     entries + (gsize)i * entry->data_size);
	}
	emit(writer, &event, yaml_sequence_end_event_initialize(&event));
}

static void show_scalar(struct writer *writer, const cyaml_schema_value_t *schema,
			const char *place)
{
	g_autofree char *number = NULL;

	if (schema->type == CYAML_STRING) {
		emit_text(writer, *(char *const *)place);
	} else if (schema->type == CYAML_BOOL) {
		emit_scalar(writer, *(const bool *)place ? "true" : "false");
	} else if (schema->type == CYAML_ENUM) {
		emit_scalar(writer, config_enum_word(schema, *(const int *)place));
	} else {
		number = g_strdup_printf("%u", *(const unsigned *)place);
		emit_scalar(writer, number);
	}
}

/* As deep as the tables. A key without a value is left out, and so is one that does not
 * fit its rule: neither would be read again. */
static void show_mapping(struct writer *writer, const cyaml_schema_value_t *schema,
			 const char *data)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	const struct config_row *rows = config_rows(fields);
	yaml_event_t event;

	emit(writer, &event,
	     yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
						 YAML_BLOCK_MAPPING_STYLE));
	for (gsize i = 0; fields[i].key; i++) {
		const cyaml_schema_value_t *value = &fields[i].value;
		const char *place = data + fields[i].data_offset;

		if ((value->flags & CYAML_FLAG_POINTER) && !*(void *const *)place)
			continue;
		if (rows[i].fits &&
		    !(rows[i].fits & (1u << ((const struct config_rule *)data)->from)))
			continue;
		emit_scalar(writer, fields[i].key);
		if (value->type == CYAML_MAPPING)
			show_mapping(writer, value, *(char *const *)place);
		else if (value->type == CYAML_SEQUENCE)
			show_list(writer, value, *(char *const *)place,
				  *(const unsigned *)(data + fields[i].count_offset));
		else
			show_scalar(writer, value, place);
	}
	emit(writer, &event, yaml_mapping_end_event_initialize(&event));
}

char *config_show(const struct config *config)
{
	struct writer writer = { .text = g_string_new(NULL) };
	yaml_event_t event;

	if (!yaml_emitter_initialize(&writer.emitter))
		abort();
	yaml_emitter_set_output(&writer.emitter, append, writer.text);
	yaml_emitter_set_unicode(&writer.emitter, 1);
	yaml_emitter_set_width(&writer.emitter, -1);
	emit(&writer, &event,
	     yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&writer, &event,
	     yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	show_mapping(&writer, &config_schema, (const char *)config);
	emit(&writer, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&writer, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&writer.emitter);
	return g_string_free(writer.text, FALSE);
}
