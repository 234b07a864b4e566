#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
/* All lines come from here: the place tells nothing. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/instant.h"

#define MAX_FIELDS 16 /* of one line; further ones are dropped */

static gint max_level = LOG_LEVEL_INFO; /* set once, before threads start */

void log_set_level(enum log_level level)
{
	g_atomic_int_set(&max_level, (gint)level);
}

/* Text from outside, made harmless: valid UTF-8, control characters as \xNN. */
static char *printable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_sized_new(strlen(valid) + 1);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
			g_string_append_printf(out, "\\x%02x", c);
		else
			g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

static void log_to_journal(enum log_level level, const char *message,
			   const struct log_field *fields)
{
	struct iovec rows[MAX_FIELDS + 2];
	guint n = 0;

	rows[n].iov_base = g_strdup_printf("MESSAGE=%s", message);
	n++;
	rows[n].iov_base = g_strdup_printf("PRIORITY=%d", (int)level);
	n++;
	for (; fields && fields->key && n < G_N_ELEMENTS(rows); fields++) {
		g_autofree char *key = NULL;
		g_autofree char *value = NULL;

		if (!fields->value)
			continue;
		key = g_ascii_strup(fields->key, -1);
		value = printable(fields->value);
		rows[n].iov_base = g_strdup_printf("DORAD_%s=%s", key, value);
		n++;
	}
	for (guint i = 0; i < n; i++)
		rows[i].iov_len = strlen(rows[i].iov_base);
	sd_journal_sendv(rows, (int)n);
	for (guint i = 0; i < n; i++)
		g_free(rows[i].iov_base);
}

static void log_to_stderr(enum log_level level, const char *message,
			  const struct log_field *fields)
{
	bool terminal = isatty(STDERR_FILENO);
	/* A log line is the one place beside the loop that asks the clock. */
	g_autofree char *now = instant_format(g_get_real_time() / G_USEC_PER_SEC *
					      G_USEC_PER_SEC);
	g_autoptr(GString) line = g_string_new(NULL);
	gssize unused;

	if (!terminal)
		g_string_append_printf(line, "<%d>", (int)level);
	g_string_append_printf(line, "%s %s", now, message);
	for (; fields && fields->key; fields++) {
		g_autofree char *value = NULL;

		if (!fields->value)
			continue;
		value = printable(fields->value);
		if (strpbrk(value, " \"="))
			g_string_append_printf(line, " %s=\"%s\"", fields->key, value);
		else
			g_string_append_printf(line, " %s=%s", fields->key, value);
	}
	g_string_append_c(line, '\n');
	/* One write a line, so that threads and children do not mix theirs. */
	unused = write(STDERR_FILENO, line->str, line->len);
	(void)unused;
}

void log_event(enum log_level level, const struct log_field *fields, const char *format,
	       ...)
{
	g_autofree char *raw = NULL;
	g_autofree char *message = NULL;
	va_list arguments;

	if ((gint)level > g_atomic_int_get(&max_level))
		return;
	va_start(arguments, format);
	raw = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	message = printable(raw);
	if (g_log_writer_is_journald(STDERR_FILENO))
		log_to_journal(level, message, fields);
	else
		log_to_stderr(level, message, fields);
}
