#pragma once

/*
 * A YAML text as a tree that remembers lines, so that every fault can name its place.
 * What dorad.yaml has no use for and could hurt is refused here: anchors and aliases (a
 * few lines of them can expand to gigabytes), tags, several documents, keys that are not
 * plain text, nesting and sizes no real file has.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/cleanup.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAPPING };

/* A value. Borrowed from its tree. */
struct node {
	enum node_kind kind;
	guint line;	  /* 1-based; of its first character */
	char *text;	  /* NODE_SCALAR: the value, valid UTF-8 */
	bool plain;	  /* NODE_SCALAR: written without quotes */
	GPtrArray *keys;  /* NODE_MAPPING: keys (scalar nodes), in order of the file */
	GPtrArray *items; /* NODE_MAPPING: the values of keys; NODE_LIST: its entries */
};

struct tree {
	struct node *root; /* NULL: the text has no content */
	GPtrArray *nodes;  /* owns every node */
};

/* Reads a text of n bytes. NULL if it is not YAML as above, with at least one fault added
 * to faults. The caller frees with tree_free(). */
struct tree *tree_parse(const char *text, gsize n, GPtrArray *faults);
void tree_free(struct tree *tree); /* NULL is fine */
DEFINE_CLEANUP(struct tree *, tree_free);

/* The value of a key of a mapping; NULL if it has none, or node is NULL or no mapping. */
const struct node *node_member(const struct node *node, const char *key);

/* The value at a path like "services[2].time_zone"; NULL if there is none. *line (may be
 * NULL) becomes the line of the key, or of the deepest value above it that exists. */
const struct node *node_at(const struct node *root, const char *path, guint *line);

/* True for a value that was left out: "key:", "key: ~", "key: null". */
bool node_is_null(const struct node *node);
