#include "collector/plain_series.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define COLUMNS_MAX 2
#define BLOCK 65536
#define SHOWN_MAX 40 /* bytes of a text that is shown as wrong */

struct reader {
	const char *file; /* as it is named in errors */
	guint line;
	guint n_columns, first_line; /* of the first line that is not empty; 0: none yet
				      */
	guint n_empty;		     /* lines since the last that was not */
	guint max_rows;
	struct plain_series *series;
};

static bool fail(const struct reader *reader, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool fail(const struct reader *reader, GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s:%u: %s", reader->file,
		    reader->line, what);
	return false;
}

/* What stands between quotes, with "" for a quote; *at moves behind the last. NULL if
 * there is none. */
static char *take_quoted(const char **at)
{
	g_autoptr(GString) field = g_string_new(NULL);

	for (const char *c = *at + 1; *c; c++) {
		if (*c == '"' && c[1] != '"') {
			*at = c + 1;
			return g_string_free(g_steal_pointer(&field), FALSE);
		}
		c += *c == '"';
		g_string_append_c(field, *c);
	}
	return NULL;
}

/* Moves *at to the comma, comment or end after the field. */
static char *take_field(const struct reader *reader, const char **at, GError **error)
{
	g_autofree char *field = NULL;
	gsize n;

	*at += strspn(*at, " \t");
	if (**at != '"') {
		n = strcspn(*at, ",#");
		field = g_strchomp(g_strndup(*at, n));
		*at += n;
		return g_steal_pointer(&field);
	}
	field = take_quoted(at);
	*at += strspn(*at, " \t");
	if (!field)
		fail(reader, error, "a quote has no end");
	else if (!strchr(",#", **at)) /* which finds the end, too */
		fail(reader, error, "text after a quote");
	else
		return g_steal_pointer(&field);
	return NULL;
}

/* 0 with an error if the line cannot be taken apart. */
static guint take_fields(const struct reader *reader, const char *line,
			 char *fields[COLUMNS_MAX], GError **error)
{
	for (guint n = 0; n < COLUMNS_MAX; n++) {
		fields[n] = take_field(reader, &line, error);
		if (!fields[n])
			return 0;
		if (*line != ',')
			return n + 1;
		line++;
	}
	fail(reader, error, "more than %u columns, expected a value or time,value",
	     COLUMNS_MAX);
	return 0;
}

static bool is_gap(const char *text)
{
	return *text == '\0' || g_ascii_strcasecmp(text, "nan") == 0 ||
	       g_ascii_strcasecmp(text, "na") == 0;
}

/* Decimal notation alone: what is hexadecimal to strtod() is a revision to us. */
static bool is_number(const char *text, double *value)
{
	char *end;

	*value = g_ascii_strtod(text, &end);
	return end > text && *end == '\0' &&
	       text[strspn(text, "0123456789+-.eE")] == '\0';
}

/* A number that was mistyped names no column. */
static bool is_name(const char *text)
{
	return !strchr("0123456789+-.", *text);
}

static bool add_row(struct reader *reader, const char *time, double value, GError **error)
{
	struct plain_series *series = reader->series;

	if (series->values->len == reader->max_rows)
		return fail(reader, error, "more than %u rows", reader->max_rows);
	g_array_append_val(series->values, value);
	if (series->times)
		g_ptr_array_add(series->times, g_strdelimit(g_strdup(time), "\t", ' '));
	return true;
}

/* The empty lines before this one, which is not the first. */
static bool add_empty(struct reader *reader, GError **error)
{
	for (; reader->n_empty > 0; reader->n_empty--) {
		if (reader->n_columns > 1)
			return fail(reader, error,
				    "after an empty line, expected time,value in each");
		if (!add_row(reader, NULL, NAN, error))
			return false;
	}
	return true;
}

static bool add_fields(struct reader *reader, char *const *fields, guint n,
		       GError **error)
{
	const char *text = fields[n - 1], *time = n > 1 ? fields[0] : NULL;
	bool first = reader->n_columns == 0;
	double value = NAN;

	if (first) {
		reader->n_columns = n;
		reader->first_line = reader->line;
		reader->n_empty = 0;
		if (time)
			reader->series->times = g_ptr_array_new_with_free_func(g_free);
	} else if (!add_empty(reader, error)) {
		return false;
	}
	if (n != reader->n_columns)
		return fail(reader, error, "%u column%s, expected %u as in line %u", n,
			    n == 1 ? "" : "s", reader->n_columns, reader->first_line);
	if (!is_gap(text) && !is_number(text, &value)) {
		g_autofree char *start = g_strndup(text, SHOWN_MAX);
		g_autofree char *shown = g_strescape(start, NULL);

		return (first && is_name(text)) ||
		       fail(reader, error, "\"%s\" is not a number", shown);
	}
	if (isinf(value))
		return fail(reader, error, "a number that is too large");
	return add_row(reader, time, value, error);
}

static bool add_line(struct reader *reader, const char *line, GError **error)
{
	char *fields[COLUMNS_MAX] = { NULL };
	const char *start = line + strspn(line, " \t");
	bool good = true;
	guint n;

	for (const char *c = line; *c; c++)
		if (g_ascii_iscntrl(*c) && *c != '\t')
			return fail(reader, error, "is not text");
	if (*start == '\0') {
		reader->n_empty++;
	} else if (*start != '#') {
		n = take_fields(reader, start, fields, error);
		good = n > 0 && add_fields(reader, fields, n, error);
	}
	for (guint i = 0; i < COLUMNS_MAX; i++)
		g_free(fields[i]);
	return good;
}

/* text is taken apart. */
static bool add_lines(struct reader *reader, char *text, gsize n_text, GError **error)
{
	const char *bad;

	if (!g_utf8_validate(text, (gssize)n_text, &bad)) {
		reader->line = 1;
		for (const char *c = text; c < bad; c++)
			reader->line += *c == '\n';
		return fail(reader, error, "is not text in UTF-8");
	}
	if (g_str_has_prefix(text, "\xef\xbb\xbf"))
		text += 3;
	while (*text) {
		char *end = strchrnul(text, '\n');
		char *next = *end ? end + 1 : end;

		end -= end > text && end[-1] == '\r';
		*end = '\0';
		reader->line++;
		if (!add_line(reader, text, error))
			return false;
		text = next;
	}
	if (reader->series->values->len > 0)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: has no values",
		    reader->file);
	return false;
}

/* Closes fd, too, unless it is standard input. */
static GString *read_all(int fd, const char *file, GError **error)
{
	g_autoptr(GInputStream) stream = g_unix_input_stream_new(fd, fd != STDIN_FILENO);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) local = NULL;
	gsize n = BLOCK;

	while (n == BLOCK && text->len <= PLAIN_SERIES_BYTES_MAX) {
		gsize before = text->len;

		g_string_set_size(text, before + BLOCK);
		if (!g_input_stream_read_all(stream, text->str + before, BLOCK, &n, NULL,
					     &local)) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
				    "%s: cannot be read: %s", file, local->message);
			return NULL;
		}
		g_string_set_size(text, before + n);
	}
	if (text->len <= PLAIN_SERIES_BYTES_MAX)
		return g_steal_pointer(&text);
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "%s: is too big, expected at most %u MiB", file,
		    PLAIN_SERIES_BYTES_MAX >> 20);
	return NULL;
}

bool plain_series_read(const char *path, guint max_rows, struct plain_series *series,
		       GError **error)
{
	bool standard = strcmp(path, "-") == 0;
	struct reader reader = {
		.file = standard ? "standard input" : path,
		.max_rows = max_rows,
		.series = series,
	};
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	g_autoptr(GString) text = NULL;

	*series = (struct plain_series){ 0 };
	if (fd < 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "%s: cannot be read: %s", path, g_strerror(errno));
		return false;
	}
	text = read_all(fd, reader.file, error);
	if (!text)
		return false;
	series->values = g_array_new(FALSE, FALSE, sizeof(double));
	if (add_lines(&reader, text->str, text->len, error))
		return true;
	plain_series_clear(series);
	return false;
}

void plain_series_clear(struct plain_series *series)
{
	g_clear_pointer(&series->values, g_array_unref);
	g_clear_pointer(&series->times, g_ptr_array_unref);
}
