#include "base/json_path.h"

#include <string.h>

struct token {
	const char *text;
	gsize n;
};

/* A value in brackets may hold a slash, so it ends at a bracket that ends a token. */
static gsize token_length(const char *text)
{
	const char *p = text;

	if (*text != '[')
		return strcspn(text, "/");
	while ((p = strchr(p, ']'))) {
		p++;
		if (*p == '/' || *p == '\0')
			return (gsize)(p - text);
	}
	return strcspn(text, "/");
}

/* Where the first token of a path begins; NULL if it has none. */
static const char *first_token(const char *path)
{
	if (*path == '\0')
		return NULL;
	return *path == '/' ? path + 1 : path;
}

static struct token take_token(const char **rest)
{
	struct token token = { *rest, token_length(*rest) };
	const char *end = *rest + token.n;

	*rest = *end == '/' ? end + 1 : NULL;
	return token;
}

static bool token_is(struct token token, const char *text)
{
	return strlen(text) == token.n && memcmp(text, token.text, token.n) == 0;
}

/* A key against a token with its escapes, ~0 for ~ and ~1 for /. */
static bool key_is(const char *key, struct token token)
{
	gsize i = 0;

	for (; *key && i < token.n; key++, i++) {
		char c = token.text[i];

		if (c == '~') {
			if (++i == token.n || (token.text[i] & ~1) != '0')
				return false;
			c = token.text[i] == '0' ? '~' : '/';
		}
		if (c != *key)
			return false;
	}
	return *key == '\0' && i == token.n;
}

static const cJSON *member(const cJSON *object, struct token token)
{
	if (!cJSON_IsObject(object))
		return NULL;
	for (const cJSON *at = object->child; at; at = at->next) {
		if (key_is(at->string, token))
			return at;
	}
	return NULL;
}

/* The member "a.b" of an element. */
static const cJSON *dotted_member(const cJSON *object, const char *dotted, gsize n)
{
	const char *end = dotted + n;

	while (object) {
		const char *dot = memchr(dotted, '.', (gsize)(end - dotted));
		const struct token token = { dotted,
					     (gsize)((dot ? dot : end) - dotted) };

		object = member(object, token);
		if (!dot)
			break;
		dotted = dot + 1;
	}
	return object;
}

static bool element_fits(const cJSON *element, struct token inner)
{
	const char *equals = memchr(inner.text, '=', inner.n);
	gsize n = equals ? (gsize)(equals - inner.text) : inner.n;
	const cJSON *found = dotted_member(element, inner.text, n);
	struct token value;

	if (!found || !equals)
		return found;
	value = (struct token){ equals + 1, inner.n - n - 1 };
	return cJSON_IsString(found) && token_is(value, found->valuestring);
}

/* The position that a token names; false if it is none. */
static bool token_index(struct token token, guint *index)
{
	guint value = 0;

	if (token.n == 0 || token.n > 6 || (token.n > 1 && token.text[0] == '0'))
		return false;
	for (gsize i = 0; i < token.n; i++) {
		if (!g_ascii_isdigit(token.text[i]))
			return false;
		value = value * 10 + (guint)(token.text[i] - '0');
	}
	*index = value;
	return true;
}

static const cJSON *element(const cJSON *list, struct token token)
{
	bool fits = token.n > 2 && token.text[0] == '[' && token.text[token.n - 1] == ']';
	const struct token inner = { token.text + 1, token.n - 2 };
	guint index = 0;

	if (!fits && !token_index(token, &index))
		return NULL;
	for (const cJSON *at = list->child; at; at = at->next) {
		if (fits ? element_fits(at, inner) : index-- == 0)
			return at;
	}
	return NULL;
}

static const cJSON *step(const cJSON *at, struct token token)
{
	return cJSON_IsArray(at) ? element(at, token) : member(at, token);
}

const cJSON *json_at(const cJSON *document, const char *path)
{
	const char *rest = first_token(path);

	while (document && rest)
		document = step(document, take_token(&rest));
	return document;
}

const char *json_text_at(const cJSON *document, const char *path)
{
	const cJSON *found = json_at(document, path);

	return cJSON_IsString(found) ? found->valuestring : NULL;
}

static void step_all(const cJSON *at, struct token token, GPtrArray *found)
{
	const cJSON *next;

	if (cJSON_IsArray(at) && token_is(token, "*")) {
		for (next = at->child; next; next = next->next)
			g_ptr_array_add(found, (gpointer)next);
		return;
	}
	next = step(at, token);
	if (next)
		g_ptr_array_add(found, (gpointer)next);
}

GPtrArray *json_all_at(const cJSON *document, const char *path)
{
	const char *rest = first_token(path);
	GPtrArray *found = g_ptr_array_new();

	if (document)
		g_ptr_array_add(found, (gpointer)document);
	while (rest) {
		struct token token = take_token(&rest);
		g_autoptr(GPtrArray) from = found;

		found = g_ptr_array_new();
		for (guint i = 0; i < from->len; i++)
			step_all(g_ptr_array_index(from, i), token, found);
	}
	return found;
}
