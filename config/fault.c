#include "config/fault.h"

#include <string.h>

#define QUOTE_MAX 60   /* characters of a value shown: enough to recognise it */
#define WORD_MAX 100   /* no key or name is longer */
#define WORDS_MAX 1000 /* compared with; a hint is not worth seconds */

static void fault_free(gpointer data)
{
	struct config_fault *fault = data;

	g_free(fault->key);
	g_free(fault->text);
	g_free(fault);
}

GPtrArray *faults_new(void)
{
	return g_ptr_array_new_with_free_func(fault_free);
}

void fault_add(GPtrArray *faults, guint line, const char *key, const char *format, ...)
{
	struct config_fault *fault;
	va_list args;

	if (faults->len > FAULTS_MAX)
		return;
	fault = g_new0(struct config_fault, 1);
	g_ptr_array_add(faults, fault);
	if (faults->len > FAULTS_MAX) {
		fault->line = G_MAXUINT;
		fault->text = g_strdup_printf("there are more than %d faults, "
					      "the rest is not shown",
					      FAULTS_MAX);
		return;
	}
	fault->line = line;
	fault->key = g_strdup(key);
	va_start(args, format);
	fault->text = g_strdup_vprintf(format, args);
	va_end(args);
}

static gint by_line(gconstpointer a, gconstpointer b)
{
	const struct config_fault *x = *(struct config_fault *const *)a;
	const struct config_fault *y = *(struct config_fault *const *)b;

	return (x->line > y->line) - (x->line < y->line);
}

void faults_sort(GPtrArray *faults)
{
	struct config_fault *last;

	g_ptr_array_sort(faults, by_line); /* stable */
	if (faults->len <= FAULTS_MAX)
		return;
	last = g_ptr_array_index(faults, FAULTS_MAX);
	last->line = 0;
}

char *config_fault_format(const char *path, const struct config_fault *fault)
{
	g_autoptr(GString) text = g_string_new(path);

	if (fault->line)
		g_string_append_printf(text, ":%u", fault->line);
	if (fault->key)
		g_string_append_printf(text, ": %s", fault->key);
	g_string_append_printf(text, ": %s", fault->text);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *fault_quote(const char *text)
{
	g_autoptr(GString) quoted = g_string_new("\"");
	guint n = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (n++ == QUOTE_MAX) {
			g_string_append(quoted, "…");
			break;
		}
		if (c == '"' || c == '\\')
			g_string_append_c(quoted, '\\');
		if (g_unichar_isprint(c))
			g_string_append_unichar(quoted, c);
		else
			g_string_append_printf(quoted, "\\u%04x", c);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(g_steal_pointer(&quoted), FALSE);
}

/* Levenshtein's distance, where swapping two neighbours counts as one edit too. */
static gsize distance(const char *a, const char *b)
{
	gsize rows[3][WORD_MAX + 1];
	gsize *before = rows[0], *above = rows[1], *row = rows[2];
	gsize n = strlen(b);

	for (gsize j = 0; j <= n; j++)
		above[j] = j;
	for (gsize i = 1; a[i - 1]; i++) {
		gsize *spare = before;

		row[0] = i;
		for (gsize j = 1; j <= n; j++) {
			gsize cost = a[i - 1] != b[j - 1];

			row[j] = MIN(MIN(above[j], row[j - 1]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[n];
}

const char *fault_nearest(const char *text, const char *const *words, gsize n)
{
	gsize length = strlen(text);
	/* One edit in three letters still looks like the word that was meant. */
	gsize best = MAX(length, 3) / 3 + 1;
	const char *nearest = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (gsize i = 0; i < MIN(n, WORDS_MAX); i++) {
		gsize d;

		if (strlen(words[i]) > WORD_MAX)
			continue;
		d = distance(text, words[i]);
		if (d < best) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}
