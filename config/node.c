#include "config/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/fault.h"

#define DEPTH_MAX 16	 /* dorad.yaml nests 6 deep */
#define NODES_MAX 500000 /* some ten thousand services */

/* The containers that are open while events arrive. */
struct builder {
	struct tree *tree;
	struct node *open[DEPTH_MAX];
	guint depth;
	guint documents;
	GPtrArray *faults;
};

static void node_free(gpointer data)
{
	struct node *node = data;

	g_free(node->text);
	g_clear_pointer(&node->keys, g_ptr_array_unref);
	g_clear_pointer(&node->items, g_ptr_array_unref);
	g_free(node);
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	g_ptr_array_unref(tree->nodes);
	g_free(tree);
}

static guint line_of(const char *text, const char *at)
{
	guint line = 1;

	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

/* libyaml calls a tab "a character that cannot start any token"; people need the word. */
static void check_tabs(const char *text, gsize n, GPtrArray *faults)
{
	const char *end = text + n, *p = text;

	for (guint line = 1; p < end; line++) {
		const char *next = memchr(p, '\n', (gsize)(end - p));
		const char *stop = next ? next : end;
		bool tab = false;

		for (; p < stop && (*p == ' ' || *p == '\t'); p++)
			tab |= *p == '\t';
		if (tab && p < stop && *p != '\r')
			fault_add(faults, line, NULL,
				  "there is a tab in the indentation, expected spaces");
		p = stop + 1;
	}
}

static void check_bytes(const char *text, gsize n, GPtrArray *faults)
{
	const char *bad = memchr(text, 0, n);

	if (bad)
		fault_add(faults, line_of(text, bad), NULL,
			  "there is a NUL byte, expected text");
	else if (!g_utf8_validate(text, (gssize)n, &bad))
		fault_add(faults, line_of(text, bad), NULL,
			  "byte 0x%02x is not UTF-8, expected text in UTF-8",
			  (guint)(guint8)*bad);
	else
		check_tabs(text, n, faults);
}

/* ---- events to nodes ---- */

/* Puts a value where it belongs: as the root, a list's entry, a key or a key's value. */
static bool place(struct builder *b, struct node *node)
{
	struct node *parent = b->depth ? b->open[b->depth - 1] : NULL;

	if (!parent) {
		b->tree->root = node;
		return true;
	}
	if (parent->kind == NODE_LIST || parent->keys->len > parent->items->len) {
		g_ptr_array_add(parent->items, node);
		return true;
	}
	if (node->kind != NODE_SCALAR) {
		fault_add(b->faults, node->line, NULL,
			  "a key is a %s, expected plain text",
			  node->kind == NODE_LIST ? "list" : "mapping");
		return false;
	}
	g_ptr_array_add(parent->keys, node);
	return true;
}

static bool add(struct builder *b, const yaml_event_t *event, enum node_kind kind)
{
	struct node *node;

	if (b->tree->nodes->len == NODES_MAX) {
		fault_add(b->faults, (guint)event->start_mark.line + 1, NULL,
			  "the file has more than %d values, expected fewer", NODES_MAX);
		return false;
	}
	node = g_new0(struct node, 1);
	g_ptr_array_add(b->tree->nodes, node);
	node->kind = kind;
	node->line = (guint)event->start_mark.line + 1;
	if (kind == NODE_SCALAR) {
		node->text = g_strdup((const char *)event->data.scalar.value);
		node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		if (strlen(node->text) != event->data.scalar.length) {
			fault_add(b->faults, node->line, NULL,
				  "there is an escaped NUL character, expected text");
			return false;
		}
		return place(b, node);
	}
	node->items = g_ptr_array_new();
	if (kind == NODE_MAPPING)
		node->keys = g_ptr_array_new();
	if (!place(b, node))
		return false;
	if (b->depth == DEPTH_MAX) {
		fault_add(b->faults, node->line, NULL,
			  "the file nests more than %d deep, expected less", DEPTH_MAX);
		return false;
	}
	b->open[b->depth++] = node;
	return true;
}

static bool refuse(struct builder *b, const yaml_event_t *event, const char *what)
{
	fault_add(b->faults, (guint)event->start_mark.line + 1, NULL, "%s", what);
	return false;
}

static const char anchor_text[] =
	"anchors and aliases (&name, *name) are not read, expected the value itself";
static const char tag_text[] = "tags (!name) are not read, expected a value without one";

static bool build(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++)
			return refuse(
				b, event,
				"a second document starts here, expected one in a file");
		return true;
	case YAML_ALIAS_EVENT:
		return refuse(b, event, anchor_text);
	case YAML_SCALAR_EVENT:
		if (event->data.scalar.anchor)
			return refuse(b, event, anchor_text);
		if (event->data.scalar.tag)
			return refuse(b, event, tag_text);
		return add(b, event, NODE_SCALAR);
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor)
			return refuse(b, event, anchor_text);
		if (event->data.sequence_start.tag)
			return refuse(b, event, tag_text);
		return add(b, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor)
			return refuse(b, event, anchor_text);
		if (event->data.mapping_start.tag)
			return refuse(b, event, tag_text);
		return add(b, event, NODE_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

static void syntax_fault(const yaml_parser_t *parser, const char *text, GPtrArray *faults)
{
	const char *problem = parser->problem ? parser->problem : "cannot be read";

	/* Problems are static texts. The reader is ahead of the marks, and has offsets.
	 */
	if (parser->error == YAML_READER_ERROR)
		fault_add(faults, line_of(text, text + parser->problem_offset), NULL,
			  "is not YAML: %s, expected text", problem);
	else
		fault_add(faults, (guint)parser->problem_mark.line + 1, NULL,
			  "is not YAML: %s%s%s, expected valid YAML", problem,
			  parser->context ? " " : "",
			  parser->context ? parser->context : "");
}

static bool parse_events(const char *text, gsize n, struct builder *b)
{
	yaml_parser_t parser;
	bool good = true, more = true;

	if (!yaml_parser_initialize(&parser))
		abort(); /* only when memory is out */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	while (good && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			syntax_fault(&parser, text, b->faults);
			good = false;
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		good = build(b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return good;
}

struct tree *tree_parse(const char *text, gsize n, GPtrArray *faults)
{
	_cleanup_(tree_freep) struct tree *tree = g_new0(struct tree, 1);
	struct builder builder = { .tree = tree, .faults = faults };
	guint before = faults->len;

	tree->nodes = g_ptr_array_new_with_free_func(node_free);
	check_bytes(text, n, faults);
	if (faults->len > before || !parse_events(text, n, &builder))
		return NULL;
	return g_steal_pointer(&tree);
}

/* ---- looking things up ---- */

static const struct node *member(const struct node *node, const char *key, gsize n,
				 guint *line)
{
	if (!node || node->kind != NODE_MAPPING)
		return NULL;
	for (guint i = 0; i < node->keys->len; i++) {
		const struct node *name = g_ptr_array_index(node->keys, i);

		if (strlen(name->text) == n && memcmp(name->text, key, n) == 0) {
			*line = name->line;
			return g_ptr_array_index(node->items, i);
		}
	}
	return NULL;
}

const struct node *node_member(const struct node *node, const char *key)
{
	guint line;

	return member(node, key, strlen(key), &line);
}

const struct node *node_at(const struct node *root, const char *path, guint *line)
{
	const struct node *node = root;
	const char *p = path;
	guint deepest = root ? root->line : 0;

	while (node && *p) {
		if (*p == '[') {
			char *end;
			guint64 i = g_ascii_strtoull(p + 1, &end, 10);

			p = *end ? end + 1 : end;
			if (node->kind != NODE_LIST || i >= node->items->len) {
				node = NULL;
				break;
			}
			node = g_ptr_array_index(node->items, i);
			deepest = node->line;
		} else {
			gsize n;

			p += *p == '.';
			n = strcspn(p, ".[");
			node = member(node, p, n, &deepest);
			p += n;
		}
	}
	if (line)
		*line = deepest;
	return node;
}

bool node_is_null(const struct node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL", NULL };

	return node->kind == NODE_SCALAR && node->plain &&
	       g_strv_contains(words, node->text);
}
