#include "config_fixture.h"

#include "config/fault.h"
#include "config/schema_private.h"
#include "config/walk.h"

/* The tables agree with each other, and the annotated example with the tables. */

START_TEST(every_field_has_its_row)
{
	for (const struct config_table *table = config_tables; table->name; table++) {
		gsize i;

		for (i = 0; table->fields[i].key; i++) {
			ck_assert_pstr_eq(table->rows[i].key, table->fields[i].key);
			ck_assert_msg(table->rows[i].help &&
					      g_str_has_suffix(table->rows[i].help, "."),
				      "%s.%s has no help", table->name,
				      table->fields[i].key);
		}
		ck_assert_msg(table->rows[i].key == NULL, "%s: rows without fields",
			      table->name);
	}
}
END_TEST

static void check_fallback(const char *where, const cyaml_schema_value_t *value,
			   const struct config_row *row)
{
	const struct config_format_row *format = &config_formats[row->format];
	guint64 number;

	if (value->type == CYAML_ENUM)
		ck_assert_msg(strcmp(row->fallback, config_enum_word(value, 0)) == 0,
			      "%s: the default is not 0", where);
	else if (value->type == CYAML_BOOL)
		ck_assert_msg(strcmp(row->fallback, "false") == 0 ||
				      strcmp(row->fallback, "true") == 0,
			      "%s: the default is no truth value", where);
	else if (value->type == CYAML_UINT)
		ck_assert_msg(
			g_ascii_string_to_unsigned(row->fallback, 10, (guint64)row->min,
						   (guint64)row->max, &number, NULL),
			"%s: the default is out of range", where);
	else if (value->type == CYAML_MAPPING)
		ck_assert_str_eq(row->fallback, "{}");
	else if (format->pattern)
		ck_assert_msg(g_regex_match_simple(format->pattern, row->fallback, 0, 0),
			      "%s: the default does not have the format", where);
}

START_TEST(defaults_are_allowed)
{
	for (const struct config_table *table = config_tables; table->name; table++)
		for (gsize i = 0; table->fields[i].key; i++) {
			const cyaml_schema_value_t *value = &table->fields[i].value;
			g_autofree char *where = g_strdup_printf("%s.%s", table->name,
								 table->fields[i].key);

			if (table->rows[i].fallback)
				check_fallback(where, value, &table->rows[i]);
			if (table->rows[i].fallback ||
			    (value->flags & CYAML_FLAG_POINTER))
				continue;
			/* Without a default the program would see a silent 0. */
			ck_assert_msg(!(value->flags & CYAML_FLAG_OPTIONAL),
				      "%s has no default", where);
		}
}
END_TEST

/* Adds "table.key" of every key in use. */
static void collect(const cyaml_schema_value_t *schema, const struct node *node,
		    GHashTable *seen)
{
	const cyaml_schema_field_t *fields;
	const struct config_table *table = config_tables;

	if (schema->type == CYAML_SEQUENCE)
		for (guint i = 0; i < node->items->len; i++)
			collect(schema->sequence.entry, g_ptr_array_index(node->items, i),
				seen);
	if (schema->type != CYAML_MAPPING)
		return;
	fields = schema->mapping.fields;
	while (table->fields != fields)
		table++;
	for (gsize i = 0; fields[i].key; i++) {
		const struct node *value = node_member(node, fields[i].key);

		if (!value)
			continue;
		g_hash_table_add(seen,
				 g_strdup_printf("%s.%s", table->name, fields[i].key));
		collect(&fields[i].value, value, seen);
	}
}

START_TEST(example_has_every_key)
{
	g_autoptr(GHashTable)
		seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GRegex) commented = g_regex_new("^( *)# ([a-z_]+: [^ ])",
						  G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GPtrArray) faults = faults_new();
	_cleanup_(tree_freep) struct tree *tree = NULL;
	g_autofree char *text = NULL, *open = NULL, *found = NULL;

	ck_assert(g_file_get_contents(g_getenv("DORAD_EXAMPLE"), &text, NULL, NULL));
	open = g_regex_replace(commented, text, -1, 0, "\\1\\2", 0, NULL);
	tree = tree_parse(open, strlen(open), faults);
	if (tree)
		config_walk(tree, faults);
	found = faults_text(faults);
	ck_assert_str_eq(found, "");
	collect(&config_schema, tree->root, seen);
	for (const struct config_table *table = config_tables; table->name; table++)
		for (gsize i = 0; table->fields[i].key; i++) {
			g_autofree char *name = g_strdup_printf("%s.%s", table->name,
								table->fields[i].key);

			ck_assert_msg(g_hash_table_contains(seen, name),
				      "the example does not show %s", name);
		}
}
END_TEST

START_TEST(every_driver_has_its_key)
{
	for (int i = 0; i < N_DRIVERS; i++) {
		const char *key = config_api_key((enum driver_id)i);

		ck_assert_msg(key != NULL, "driver %d has no key under sources", i);
		if (drivers[i])
			ck_assert_str_eq(drivers[i]->name, key);
	}
}
END_TEST

START_TEST(every_member_has_its_path)
{
	gsize n = 0;

	for (const struct item_member *member = item_members; member->name; member++)
		ck_assert_pstr_eq(schema_rest_path_fields[n++].key, member->name);
	ck_assert_uint_eq(n, REST_PATHS);
	ck_assert_ptr_null(schema_rest_path_fields[n].key);
}
END_TEST

/* What is checked of a driver's settings is said of it, and its example is right. */
START_TEST(settings_fit_the_schema)
{
	for (int i = 0; i < N_DRIVERS; i++) {
		const struct setting *s = drivers[i] ? drivers[i]->settings : NULL;

		for (; s && s->key; s++) {
			const struct config_row *row = schema_api_rows;

			while (row->key && strcmp(row->key, s->key) != 0)
				row++;
			ck_assert_msg(row->key, "%s: no key %s", drivers[i]->name,
				      s->key);
			ck_assert_msg(s->help && *s->help, "%s.%s: no help",
				      drivers[i]->name, s->key);
			if (s->pattern && s->example)
				ck_assert_msg(g_regex_match_simple(s->pattern, s->example,
								   0, 0),
					      "%s.%s: the example does not fit",
					      drivers[i]->name, s->key);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_schema");
	TCase *tests = tcase_create("config_schema");

	tcase_add_test(tests, every_field_has_its_row);
	tcase_add_test(tests, defaults_are_allowed);
	tcase_add_test(tests, example_has_every_key);
	tcase_add_test(tests, every_driver_has_its_key);
	tcase_add_test(tests, every_member_has_its_path);
	tcase_add_test(tests, settings_fit_the_schema);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
