#pragma once

/*
 * JSON from outside, made safe before anything looks at it, and read into a struct by a
 * table. A document is refused whole (DORA_ERROR_DATA, with the offset) where it is not
 * JSON as RFC 8259 has it, is not UTF-8, holds \u0000 or a key twice in one object, nests
 * deeper than 64 or has more than 200,000 tokens: nothing real does.
 */
#include <cjson/cJSON.h>
#include <glib.h>
#include <stdbool.h>

#include "base/cleanup.h"

#define JSON_DEPTH_MAX 64
#define JSON_TOKENS_MAX 200000
#define JSON_BYTES_MAX (8u << 20)

/* Parses a whole text. Integers of more than 15 digits become strings of the same digits,
 * so that no identifier is ever rounded. NULL with an error otherwise. */
cJSON *json_parse(const char *text, gsize n, GError **error);
DEFINE_CLEANUP(cJSON *, cJSON_Delete);

/*
 * The value at a path: JSON Pointer (RFC 6901), "" the document itself, whose first slash
 * may be left out ("commit/sha" is "/commit/sha"), with two tokens
 * of our own: "[a.b=text]" is the first element of a list whose member a.b is the string
 * text, and "[a.b]" the first that has a member a.b at all. NULL if there is none, or
 * document is NULL. Keys are compared with their case.
 */
const cJSON *json_at(const cJSON *document, const char *path);
/* The string at a path; NULL if there is none or it is something else. Borrowed. */
const char *json_text_at(const cJSON *document, const char *path);

enum json_type {
	JSON_TEXT,     /* char *: a string */
	JSON_ID,       /* char *: a string or an integer, as written */
	JSON_INT,      /* gint64: an integer within ±2^53, or a string of one */
	JSON_BOOL,     /* bool */
	JSON_TIME,     /* gint64 instant: RFC 3339, or as instant_parse_loose() */
	JSON_EPOCH,    /* gint64 instant: seconds since 1970, with or without fraction */
	JSON_EPOCH_MS, /* gint64 instant: milliseconds since 1970 */
	JSON_TEXTS, /* char ** (NULL-terminated): every string (or integer) that the path
		       leads to; a token "*" leads to every element of a list */
	JSON_PRESENT, /* bool: true if there is anything but null, false, "" and [] */
};

/*
 * One row of a table that ends with a NULL path. What is missing, null or "" leaves its
 * place untouched, and is an error only where required. Several rows may fill one place:
 * the first that finds something wins, and then only one of them need be required.
 * Places: NULL for strings and lists, INSTANT_NONE for instants and 0 for the rest mean
 * that nothing was found yet; what holds anything else before the call is left alone.
 */
struct json_field {
	const char *path;
	enum json_type type;
	bool required;
	gsize offset; /* of the place in the struct */
};

/* Fills a struct from an object. On failure DORA_ERROR_DATA says which field ("sha:
 * missing", "created_at: expected a time, found 12"); what was filled stays and is the
 * caller's to free. An instant that is not plausible (instant_is_plausible) is an error
 * where required, else INSTANT_NONE. */
bool json_decode(const cJSON *object, const struct json_field *fields, void *out,
		 GError **error);
