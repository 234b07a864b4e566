#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "collector/kpi/kpi_source.h"

#define FILE_MAX (8u << 20) /* as much as an answer over HTTP */
#define COLUMNS_MAX 1000

/* A file as RFC 4180 has it: commas, quotes where a field needs them. */
struct csv {
	const char *at;	   /* NUL-terminated */
	guint line, first; /* of the next record, and of the one just read */
	GPtrArray *fields; /* of the record */
};

static bool fail(const struct csv *csv, const char *what, GError **error)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "line %u: %s", csv->first, what);
	return false;
}

static bool quoted_field(struct csv *csv, GString *field, GError **error)
{
	for (csv->at++;; csv->at++) {
		if (*csv->at == '\0')
			return fail(csv, "a quote has no end", error);
		csv->line += *csv->at == '\n';
		if (*csv->at == '"' && csv->at[1] != '"')
			break;
		csv->at += *csv->at == '"';
		g_string_append_c(field, *csv->at);
	}
	csv->at++;
	if (!strchr(",\r\n", *csv->at)) /* which finds the end, too */
		return fail(csv, "text after a quote", error);
	return true;
}

static bool take_field(struct csv *csv, GError **error)
{
	g_autoptr(GString) field = g_string_new(NULL);

	if (*csv->at == '"') {
		if (!quoted_field(csv, field, error))
			return false;
	} else {
		gsize n = strcspn(csv->at, ",\r\n");

		g_string_append_len(field, csv->at, (gssize)n);
		csv->at += n;
	}
	if (csv->fields->len == COLUMNS_MAX)
		return fail(csv, "too many columns", error);
	g_ptr_array_add(csv->fields, g_string_free(g_steal_pointer(&field), FALSE));
	return true;
}

/* The next record that is not empty; *end if there is none. */
static bool take_record(struct csv *csv, bool *end, GError **error)
{
	while (*csv->at == '\r' || *csv->at == '\n')
		csv->line += *csv->at++ == '\n';
	csv->first = csv->line;
	g_ptr_array_set_size(csv->fields, 0);
	*end = *csv->at == '\0';
	if (*end)
		return true;
	while (take_field(csv, error)) {
		if (*csv->at != ',')
			return true;
		csv->at++;
	}
	return false;
}

static bool find_column(const struct csv *csv, const char *name, guint *column,
			GError **error)
{
	for (*column = 0; *column < csv->fields->len; (*column)++)
		if (strcmp(g_ptr_array_index(csv->fields, *column), name) == 0)
			return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "the file has no column \"%s\" in its first line", name);
	return false;
}

static bool take_rows(struct kpi_reading *reading, struct csv *csv, GError **error)
{
	guint time, value, n_columns;
	bool end;

	if (!take_record(csv, &end, error) ||
	    !find_column(csv, reading->kpi->csv->time, &time, error) ||
	    !find_column(csv, reading->kpi->csv->value, &value, error))
		return false;
	n_columns = csv->fields->len;
	while (take_record(csv, &end, error) && !end) {
		if (csv->fields->len != n_columns)
			return fail(csv, "not as many columns as the first", error);
		if (!kpi_add_text(reading, g_ptr_array_index(csv->fields, time),
				  g_ptr_array_index(csv->fields, value), error)) {
			g_prefix_error(error, "line %u: ", csv->first);
			return false;
		}
	}
	return end;
}

static bool read_all(int fd, GString *text, GError **error)
{
	char block[65536];
	gssize n = 1;

	while (n > 0 && text->len <= FILE_MAX) {
		n = read(fd, block, sizeof(block));
		if (n > 0)
			g_string_append_len(text, block, n);
	}
	if (n < 0)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "cannot be read: %s",
			    g_strerror(errno));
	else if (text->len > FILE_MAX)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "is too big, expected at most %u MiB", FILE_MAX >> 20);
	else if (strlen(text->str) != text->len)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "is not text");
	else
		return true;
	return false;
}

/* The whole file; NULL with an error. A pipe or device would never end. */
static char *read_file(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	g_autoptr(GString) text = g_string_new(NULL);
	struct stat status;
	bool good = fd >= 0 && fstat(fd, &status) == 0;

	if (!good)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "cannot be read: %s",
			    g_strerror(errno));
	else if (!S_ISREG(status.st_mode))
		good = false,
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "is not a file");
	else
		good = read_all(fd, text, error);
	if (fd >= 0)
		close(fd);
	return good ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

bool kpi_read_csv(struct kpi_reading *reading, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *text = read_file(reading->kpi->csv->file, &local);
	g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
	struct csv csv = { .line = 1, .fields = fields };

	if (text) {
		csv.at = g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text;
		if (take_rows(reading, &csv, &local))
			return true;
	}
	g_propagate_prefixed_error(error, g_steal_pointer(&local),
				   "%s: ", reading->kpi->csv->file);
	return false;
}
