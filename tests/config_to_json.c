#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fault.h"
#include "config/node.h"

/* Prints a YAML file as JSON, as editors read it, so that the JSON Schema can be tested
 * without a further YAML library. */

static cJSON *to_json(const struct node *node)
{
	cJSON *json;
	char *end = NULL;
	double number;

	if (node->kind == NODE_SCALAR) {
		if (node_is_null(node))
			return cJSON_CreateNull();
		if (node->plain &&
		    (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0))
			return cJSON_CreateBool(node->text[0] == 't');
		number = g_ascii_strtod(node->text, &end);
		if (node->plain && *end == '\0' && end > node->text)
			return cJSON_CreateNumber(number);
		return cJSON_CreateString(node->text);
	}
	json = node->kind == NODE_LIST ? cJSON_CreateArray() : cJSON_CreateObject();
	for (guint i = 0; i < node->items->len; i++) {
		cJSON *item = to_json(g_ptr_array_index(node->items, i));

		if (node->kind == NODE_LIST) {
			cJSON_AddItemToArray(json, item);
		} else {
			const struct node *key = g_ptr_array_index(node->keys, i);

			cJSON_AddItemToObject(json, key->text, item);
		}
	}
	return json;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) faults = faults_new();
	_cleanup_(tree_freep) struct tree *tree = NULL;
	g_autofree char *text = NULL;
	cJSON *json;
	char *printed;
	gsize n;

	if (argc != 2 || !g_file_get_contents(argv[1], &text, &n, NULL))
		return EXIT_FAILURE;
	tree = tree_parse(text, n, faults);
	if (!tree || !tree->root)
		return EXIT_FAILURE;
	json = to_json(tree->root);
	printed = cJSON_Print(json);
	puts(printed);
	cJSON_free(printed);
	cJSON_Delete(json);
	return EXIT_SUCCESS;
}
