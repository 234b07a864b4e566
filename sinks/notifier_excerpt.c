#include <string.h>

#include "sinks/alert_words.h"
#include "sinks/notifier_inside.h"

/* Of an answer that says no: so much is looked at, so much is shown. What is masked or
 * unescaped gets shorter, but never by so much that less is left than is shown. */
#define READ_BYTES (16u << 10)
#define SHOWN_BYTES 200
/* Parts of a url that are shorter are words, not secrets, unless all of it is one. */
#define PART_BYTES 8
#define SECRET_PART_BYTES 4
/* The words that receivers with secret urls say: "invalid_payload". */
#define WORDS_BYTES 64

/* As JSON and HTML may write what urls and tokens are made of. */
static void unescape(GString *text)
{
	static const struct {
		const char *escaped, *plain;
	} escapes[] = {
		{ "\\/", "/" },	    { "\\u002f", "/" }, { "\\u002F", "/" },
		{ "&#x2f;", "/" },  { "&#x2F;", "/" },	{ "&#47;", "/" },
		{ "\\u0026", "&" }, { "&amp;", "&" },	{ "&#38;", "&" },
		{ "&#x26;", "&" },  { "\\u003d", "=" }, { "\\u003D", "=" },
		{ "&#61;", "=" },   { "&#x3d;", "=" },	{ "&#x3D;", "=" },
		{ "\\u002b", "+" }, { "\\u002B", "+" }, { "&#43;", "+" },
		{ "&#x2b;", "+" },  { "&#x2B;", "+" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++)
		g_string_replace(text, escapes[i].escaped, escapes[i].plain, 0);
}

/* As it is, without and with percent signs. */
static void add_forms(GPtrArray *forms, const char *part, gsize least)
{
	char *plain;

	if (!part || strlen(part) < least)
		return;
	plain = g_uri_unescape_string(part, NULL);
	g_ptr_array_add(forms, g_strdup(part));
	if (!plain)
		return;
	if (strlen(plain) >= least)
		g_ptr_array_add(forms, g_strdup(plain));
	g_ptr_array_add(forms, g_uri_escape_string(plain, NULL, FALSE));
	secret_free(plain);
}

static void add_url(GPtrArray *forms, const char *url, gsize least)
{
	const char *host = url ? strstr(url, "://") : NULL;
	const char *path = host ? strpbrk(host + strlen("://"), "/?#") : NULL;
	g_auto(GStrv) halves = g_strsplit(path ? path : "", "?", 2);
	g_auto(GStrv) segments = g_strsplit(halves[0] ? halves[0] : "", "/", -1);
	g_auto(GStrv) query = g_strsplit_set(halves[0] && halves[1] ? halves[1] : "",
					     "&;#", -1);

	add_forms(forms, url, 1);
	/* All of the path, unless it is "/". */
	add_forms(forms, path, 2);
	for (gsize i = 0; segments[i]; i++)
		add_forms(forms, segments[i], least);
	for (gsize i = 0; query[i]; i++) {
		const char *equals = strchr(query[i], '=');

		add_forms(forms, query[i], least);
		add_forms(forms, equals ? equals + 1 : NULL, least);
	}
}

static int longest_first(const void *a, const void *b)
{
	gsize left = strlen(*(char *const *)a), right = strlen(*(char *const *)b);

	return (left < right) - (left > right);
}

static void free_form(void *form)
{
	secret_free(form);
}

/* What must not be shown, with nothing before what it is part of. */
static GPtrArray *forms_of(const struct notify_post *post)
{
	GPtrArray *forms = g_ptr_array_new_with_free_func(free_form);

	add_url(forms, post->url, post->secret_url ? SECRET_PART_BYTES : PART_BYTES);
	for (gsize i = 0; i < G_N_ELEMENTS(post->secrets); i++)
		add_forms(forms, post->secrets[i], 1);
	g_ptr_array_sort(forms, longest_first);
	return forms;
}

static bool is_words(const char *text)
{
	gsize n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789_ .-");

	return n <= WORDS_BYTES && text[n] == '\0';
}

char *notify_excerpt(const struct notify_post *post, const char *body, gsize size)
{
	g_autoptr(GString) text = g_string_new_len(body, (gssize)MIN(size, READ_BYTES));
	g_autoptr(GPtrArray) forms = forms_of(post);
	g_autofree char *whole = g_strstrip(g_strdup(text->str));
	g_autofree char *line = NULL;
	guint found = 0;

	unescape(text);
	for (guint i = 0; i < forms->len; i++)
		found += g_string_replace(text, g_ptr_array_index(forms, i), "***", 0);
	/* An answer may have a url that is a secret in ways nobody thinks of. */
	if (post->secret_url && (found > 0 || !is_words(whole)))
		return g_strdup("");
	line = g_strstrip(alert_clean(text->str, SHOWN_BYTES));
	g_string_assign(text, line);
	alert_cut(text, SHOWN_BYTES);
	return g_strdup(text->str);
}
