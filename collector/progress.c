#include "collector/progress.h"

#include <string.h>

#define PAUSE (10 * G_TIME_SPAN_SECOND)
#define BAR_MAX 40
#define BAR_MIN 8

struct progress {
	bool terminal, drawn;
	FILE *out;
	guint columns;
	GHashTable *next; /* what -> gint64: when the next line may be logged */
};

struct progress *progress_new(bool terminal, FILE *out, guint columns)
{
	struct progress *progress = g_new0(struct progress, 1);

	progress->terminal = terminal;
	progress->out = out;
	progress->columns = columns;
	progress->next = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return progress;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	progress_hide(progress);
	g_hash_table_unref(progress->next);
	g_free(progress);
}

/* The per cent a text tells of; -1: none. */
static int percent(const char *text)
{
	const char *sign = strchr(text, '%');
	int value = 0, scale = 1;

	if (!sign || sign == text || !g_ascii_isdigit(sign[-1]))
		return -1;
	for (const char *c = sign - 1; c >= text && g_ascii_isdigit(*c); c--) {
		value += (*c - '0') * scale;
		scale *= 10;
		if (scale > 1000)
			return -1;
	}
	return value <= 100 ? value : -1;
}

char *progress_bar(const char *what, const char *text, guint columns)
{
	/* A title without control characters takes no more columns than this; wide
	 * characters are rare here. */
	g_autofree char *raw = g_strdup_printf("%s  %s", what, text);
	g_autofree char *clean = g_str_to_ascii(raw, "C");
	gsize width = columns > 1 ? columns - 1 : 0;

	for (char *c = clean; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	if (strlen(clean) > width)
		clean[width] = '\0';

	int done = percent(text);
	gsize left = width - strlen(clean);
	if (done < 0 || left < BAR_MIN + 4)
		return g_steal_pointer(&clean);
	gsize length = MIN(left - 4, BAR_MAX);
	gsize full = length * (gsize)done / 100;
	g_autofree char *bar = g_strnfill(length, ' ');
	memset(bar, '#', full);
	return g_strdup_printf("%s  [%s]", clean, bar);
}

bool progress_update(struct progress *progress, const char *what, const char *text,
		     gint64 steady)
{
	if (progress->terminal) {
		g_autofree char *bar = progress_bar(what, text, progress->columns);

		fprintf(progress->out, "\r%s\033[K", bar);
		fflush(progress->out);
		progress->drawn = true;
		return false;
	}
	gint64 *next = g_hash_table_lookup(progress->next, what);
	if (!next) {
		next = g_new(gint64, 1);
		*next = steady + PAUSE;
		g_hash_table_insert(progress->next, g_strdup(what), next);
		return false;
	}
	if (steady < *next)
		return false;
	*next = steady + PAUSE;
	return true;
}

void progress_done(struct progress *progress, const char *what)
{
	g_hash_table_remove(progress->next, what);
	progress_hide(progress);
}

void progress_hide(struct progress *progress)
{
	if (!progress->drawn)
		return;
	fputs("\r\033[K", progress->out);
	fflush(progress->out);
	progress->drawn = false;
}
