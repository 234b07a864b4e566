#pragma once

/*
 * The shape of dorad.yaml: libcyaml's tables (type, place in struct config, length) and,
 * beside each, rows with what libcyaml does not know: help, format, range, default. The
 * checker, "config show", the JSON Schema and the annotated example's test all read these
 * tables and nothing else, so they cannot disagree.
 */
#include <cyaml/cyaml.h>

#include "config/config.h"
#include "config/format.h"

/* One key of a mapping. */
struct config_row {
	const char *key;
	const char *help; /* a sentence or two for operators */
	enum config_format format;
	/* As it would be written in YAML; "{}" is a mapping made of its own defaults.
	 * NULL: none, or one that depends on other values (then help tells it). */
	const char *fallback;
	gint64 min, max; /* of numbers, and of durations in microseconds */
	guint fits;	 /* of a rule: 1 << enum config_from for each it is for; 0: all */
	guint needed;	 /* likewise: for each that requires it */
};

/* A mapping: its fields and their rows, in the same order. */
struct config_table {
	const char *name; /* "service" */
	const cyaml_schema_field_t *fields;
	const struct config_row *rows;
};

extern const cyaml_schema_value_t config_schema;
extern const struct config_table config_tables[]; /* ends with a NULL name */

/* The rows of a mapping, by its fields. */
const struct config_row *config_rows(const cyaml_schema_field_t *fields);

/* How libcyaml allocates (by GLib) and reports (not at all: faults are found before). */
extern const cyaml_config_t config_cyaml;

/* The name of a rule's "from"; the first word of a value of an enumeration. */
const char *config_enum_word(const cyaml_schema_value_t *value, gint64 number);

/* The key of a driver's sources ("github"), whether the driver is there or not. NULL: it
 * has none, which a test rules out. */
const char *config_api_key(enum driver_id driver);
