#include "config/walk.h"

#include <string.h>

#include "base/instant.h"
#include "config/fault.h"

#define FIELDS_MAX 48

struct walk {
	GPtrArray *faults;
	GString *key; /* where we are: "services[2].time_zone" */
	GRegex *patterns[N_FORMATS];
};

static void report(struct walk *walk, guint line, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void report(struct walk *walk, guint line, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	fault_add(walk->faults, line, walk->key->len ? walk->key->str : NULL, "%s", text);
}

static const char *kind_word(const struct node *node)
{
	return node->kind == NODE_LIST	    ? "a list"
	       : node->kind == NODE_MAPPING ? "a mapping"
					    : "text";
}

static char *choices(const cyaml_schema_value_t *schema)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint n = schema->enumeration.count;

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s%s",
				       i == 0	    ? ""
				       : i == n - 1 ? " or "
						    : ", ",
				       schema->enumeration.strings[i].str);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *key_names(const cyaml_schema_field_t *fields)
{
	g_autoptr(GString) text = g_string_new(fields->key);

	for (fields++; fields->key; fields++)
		g_string_append_printf(text, ", %s", fields->key);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "a number from 1 to 64": what should be here. */
static char *expectation(const cyaml_schema_value_t *schema, const struct config_row *row)
{
	g_autofree char *words = NULL;

	if (schema->type == CYAML_STRING)
		return g_strdup(config_formats[row->format].what);
	if (schema->type == CYAML_UINT)
		return g_strdup_printf("a number from %" G_GINT64_FORMAT
				       " to %" G_GINT64_FORMAT,
				       row->min, row->max);
	if (schema->type == CYAML_BOOL)
		return g_strdup("true or false");
	if (schema->type == CYAML_ENUM) {
		words = choices(schema);
		return g_strdup(words);
	}
	if (schema->type == CYAML_SEQUENCE)
		return g_strdup("a list");
	words = key_names(schema->mapping.fields);
	return g_strdup_printf("a mapping of %s", words);
}

/* ---- scalars ---- */

static char *shown(const struct node *node, const struct config_format_row *format)
{
	return format->quiet ? g_strdup("the value") : fault_quote(node->text);
}

static void walk_span(struct walk *walk, const struct config_row *row,
		      const struct node *node)
{
	g_autofree char *value = fault_quote(node->text);
	g_autofree char *least = span_format(row->min);
	g_autofree char *most = span_format(row->max);
	GTimeSpan span;

	if (!span_parse(node->text, &span))
		report(walk, node->line, "%s is too long, expected from %s to %s", value,
		       least, most);
	else if (span < row->min || span > row->max)
		report(walk, node->line, "%s is out of range, expected from %s to %s",
		       value, least, most);
}

static void walk_text(struct walk *walk, const cyaml_schema_value_t *schema,
		      const struct config_row *row, const struct node *node)
{
	const struct config_format_row *format = &config_formats[row->format];
	gsize length = strlen(node->text);
	g_autofree char *why = NULL, *value = NULL;

	if (length < schema->string.min) {
		report(walk, node->line, "is empty, expected %s", format->what);
		return;
	}
	if (length > schema->string.max) {
		report(walk, node->line,
		       "is too long (%" G_GSIZE_FORMAT " bytes), expected at most %u",
		       length, schema->string.max);
		return;
	}
	if (format->pattern && !walk->patterns[row->format])
		walk->patterns[row->format] = g_regex_new(
			format->pattern, G_REGEX_DOLLAR_ENDONLY, 0, NULL);
	if ((!format->pattern ||
	     g_regex_match(walk->patterns[row->format], node->text, 0, NULL)) &&
	    (!format->check || format->check(node->text, &why))) {
		if (row->format == FORMAT_SPAN)
			walk_span(walk, row, node);
		return;
	}
	value = shown(node, format);
	if (why)
		report(walk, node->line, "%s", why);
	else
		report(walk, node->line, "%s is not %s, expected %s", value, format->what,
		       format->expected);
}

static void walk_number(struct walk *walk, const cyaml_schema_value_t *schema,
			const struct config_row *row, const struct node *node)
{
	g_autofree char *expected = expectation(schema, row);
	g_autofree char *value = fault_quote(node->text);
	const char *digits = node->text;
	guint64 number;

	/* libcyaml would take 010 for 8 and a quoted number for a number. */
	if (!node->plain)
		report(walk, node->line, "%s is text in quotes, expected %s", value,
		       expected);
	else if (!g_ascii_isdigit(*digits) ||
		 strspn(digits, "0123456789") != strlen(digits) ||
		 (*digits == '0' && digits[1]))
		report(walk, node->line, "%s is not a number, expected %s", value,
		       expected);
	else if (!g_ascii_string_to_unsigned(digits, 10, (guint64)row->min,
					     (guint64)row->max, &number, NULL))
		report(walk, node->line, "%s is out of range, expected %s", value,
		       expected);
}

static void walk_word(struct walk *walk, const cyaml_schema_value_t *schema,
		      const struct node *node)
{
	g_autofree char *value = fault_quote(node->text), *words = NULL;
	const char *known[FIELDS_MAX], *nearest;
	guint n = schema->enumeration.count;

	for (guint i = 0; i < n; i++) {
		known[i] = schema->enumeration.strings[i].str;
		if (strcmp(known[i], node->text) == 0)
			return;
	}
	words = choices(schema);
	nearest = fault_nearest(node->text, known, n);
	if (nearest)
		report(walk, node->line, "%s is unknown, did you mean \"%s\"? (%s)",
		       value, nearest, words);
	else
		report(walk, node->line, "%s is unknown, expected %s", value, words);
}

static void walk_scalar(struct walk *walk, const cyaml_schema_value_t *schema,
			const struct config_row *row, const struct node *node)
{
	if (schema->type == CYAML_STRING) {
		walk_text(walk, schema, row, node);
	} else if (schema->type == CYAML_UINT) {
		walk_number(walk, schema, row, node);
	} else if (schema->type == CYAML_ENUM) {
		walk_word(walk, schema, node);
	} else if (!node->plain || (strcmp(node->text, "true") != 0 &&
				    strcmp(node->text, "false") != 0)) {
		/* libcyaml takes any other word for true. */
		g_autofree char *value = fault_quote(node->text);

		report(walk, node->line, "%s is %s, expected true or false", value,
		       node->plain ? "not a truth value" : "text in quotes");
	}
}

/* ---- lists and mappings; the recursion is as deep as the tables, not the file ---- */

static void walk_value(struct walk *walk, const cyaml_schema_value_t *schema,
		       const struct config_row *row, const struct node *node);

static void walk_list(struct walk *walk, const cyaml_schema_value_t *schema,
		      const struct config_row *row, const struct node *node)
{
	gsize length = walk->key->len;

	if (node->items->len < schema->sequence.min)
		report(walk, node->line, "is an empty list, expected at least %u %s",
		       schema->sequence.min,
		       schema->sequence.min == 1 ? "entry" : "entries");
	if (node->items->len > schema->sequence.max) {
		report(walk, node->line, "has %u entries, expected at most %u",
		       node->items->len, schema->sequence.max);
		return;
	}
	for (guint i = 0; i < node->items->len; i++) {
		g_string_append_printf(walk->key, "[%u]", i);
		walk_value(walk, schema->sequence.entry, row,
			   g_ptr_array_index(node->items, i));
		g_string_truncate(walk->key, length);
	}
}

static void unknown_key(struct walk *walk, const cyaml_schema_field_t *fields,
			const struct node *key)
{
	const char *known[FIELDS_MAX], *nearest;
	g_autofree char *names = key_names(fields);
	gsize n = 0, length = walk->key->len;

	/* A key that looks unlike one may be a value in the wrong place, even a secret.
	 */
	if (!g_regex_match_simple("^[A-Za-z0-9_-]{1,40}$", key->text, 0, 0)) {
		report(walk, key->line,
		       "there is a key that does not look like one, expected %s", names);
		return;
	}
	for (; fields[n].key; n++)
		known[n] = fields[n].key;
	nearest = fault_nearest(key->text, known, n);
	g_string_append_printf(walk->key, "%s%s", length ? "." : "", key->text);
	if (nearest)
		report(walk, key->line, "is not a known key, did you mean \"%s\"?",
		       nearest);
	else
		report(walk, key->line, "is not a known key, expected one of %s", names);
	g_string_truncate(walk->key, length);
}

static gssize field_of(const cyaml_schema_field_t *fields, const char *key)
{
	for (gssize i = 0; fields[i].key; i++)
		if (strcmp(fields[i].key, key) == 0)
			return i;
	return -1;
}

static void walk_mapping(struct walk *walk, const cyaml_schema_value_t *schema,
			 const struct node *node)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	const struct config_row *rows = config_rows(fields);
	const struct node *seen[FIELDS_MAX] = { NULL };
	gsize length = walk->key->len;

	for (guint i = 0; i < node->keys->len; i++) {
		const struct node *key = g_ptr_array_index(node->keys, i);
		gssize at = field_of(fields, key->text);

		if (at < 0) {
			unknown_key(walk, fields, key);
			continue;
		}
		g_string_append_printf(walk->key, "%s%s", length ? "." : "", key->text);
		if (seen[at])
			report(walk, key->line,
			       "is given again, expected it once (line %u has it)",
			       seen[at]->line);
		else
			walk_value(walk, &fields[at].value, &rows[at],
				   g_ptr_array_index(node->items, i));
		seen[at] = key;
		g_string_truncate(walk->key, length);
	}
	for (gsize at = 0; fields[at].key; at++) {
		g_autofree char *expected = NULL;

		if (seen[at] || (fields[at].value.flags & CYAML_FLAG_OPTIONAL))
			continue;
		expected = expectation(&fields[at].value, &rows[at]);
		g_string_append_printf(walk->key, "%s%s", length ? "." : "",
				       fields[at].key);
		report(walk, node->line, "is missing, expected %s", expected);
		g_string_truncate(walk->key, length);
	}
}

static void walk_value(struct walk *walk, const cyaml_schema_value_t *schema,
		       const struct config_row *row, const struct node *node)
{
	enum node_kind kind = schema->type == CYAML_MAPPING    ? NODE_MAPPING
			      : schema->type == CYAML_SEQUENCE ? NODE_LIST
							       : NODE_SCALAR;

	if (node->kind != kind || node_is_null(node)) {
		g_autofree char *expected = expectation(schema, row);

		if (node_is_null(node))
			report(walk, node->line, "has no value, expected %s", expected);
		else /* without the text: it may be a secret in the wrong place */
			report(walk, node->line, "is %s, expected %s", kind_word(node),
			       expected);
	} else if (kind == NODE_MAPPING) {
		walk_mapping(walk, schema, node);
	} else if (kind == NODE_LIST) {
		walk_list(walk, schema, row, node);
	} else {
		walk_scalar(walk, schema, row, node);
	}
}

void config_walk(const struct tree *tree, GPtrArray *faults)
{
	struct walk walk = { .faults = faults, .key = g_string_new(NULL) };
	const struct config_row top = { .key = NULL };

	walk_value(&walk, &config_schema, &top, tree->root);
	for (gsize i = 0; i < N_FORMATS; i++)
		g_clear_pointer(&walk.patterns[i], g_regex_unref);
	g_string_free(walk.key, TRUE);
}
