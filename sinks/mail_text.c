#include "sinks/mail_text.h"

#include <string.h>

#include "base/instant.h"

#define LINE_MAX_CHARS 76
#define WORD_START "=?utf-8?Q?"
#define WORD_END "?="
/* RFC 2047: 75 of an encoded word. */
#define WORD_CHARS (75 - (gsize)(sizeof(WORD_START) + sizeof(WORD_END) - 2))

static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return !strstr(text, "=?");
}

/* ASCII, folded at spaces where a line gets longer than it should. */
static void fold(GString *out, const char *text, gsize column)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (gsize i = 0; words[i]; i++) {
		gsize n = strlen(words[i]);

		if (i > 0 && n > 0 && column + 1 + n > LINE_MAX_CHARS) {
			g_string_append(out, "\r\n");
			column = 0;
		}
		if (i > 0) {
			g_string_append_c(out, ' ');
			column++;
		}
		g_string_append(out, words[i]);
		column += n;
	}
}

static void encode_char(GString *word, const char *bytes, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		guint8 byte = (guint8)bytes[i];

		if (g_ascii_isalnum(bytes[i]) || (byte && strchr("!*+-/", bytes[i])))
			g_string_append_c(word, bytes[i]);
		else if (byte == ' ')
			g_string_append_c(word, '_');
		else
			g_string_append_printf(word, "=%02X", byte);
	}
}

/* Encoded words, each of whole characters. */
static void encode(GString *out, const char *text, gsize column)
{
	g_autoptr(GString) word = g_string_new(NULL);
	g_autoptr(GString) next = g_string_new(NULL);
	gsize room = WORD_CHARS > column ? WORD_CHARS - column : WORD_CHARS;
	bool first = true;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		g_string_truncate(next, 0);
		encode_char(next, p, (gsize)(g_utf8_next_char(p) - p));
		if (word->len + next->len > room) {
			g_string_append_printf(out, "%s" WORD_START "%s" WORD_END,
					       first ? "" : "\r\n ", word->str);
			g_string_truncate(word, 0);
			first = false;
			room = WORD_CHARS;
		}
		g_string_append_len(word, next->str, (gssize)next->len);
	}
	g_string_append_printf(out, "%s" WORD_START "%s" WORD_END, first ? "" : "\r\n ",
			       word->str);
}

/* Valid, and of one line. */
static char *one_line(const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);

	for (char *p = valid; *p; p++)
		if ((guint8)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return valid;
}

char *mail_field(const char *name, const char *text)
{
	GString *out = g_string_new(NULL);
	g_autofree char *line = one_line(text);
	gsize column = strlen(name) + strlen(": ");

	if (is_plain(line))
		fold(out, line, column);
	else
		encode(out, line, column);
	return g_string_free(out, FALSE);
}

char *mail_date(gint64 instant)
{
	static const char *const days[] = {
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
	};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	};
	gint64 seconds = CLAMP(instant, INSTANT_MIN, INSTANT_MAX) / G_USEC_PER_SEC;
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d +0000",
			       days[g_date_time_get_day_of_week(time) - 1],
			       g_date_time_get_day_of_month(time),
			       months[g_date_time_get_month(time) - 1],
			       g_date_time_get_year(time), g_date_time_get_hour(time),
			       g_date_time_get_minute(time),
			       g_date_time_get_second(time));
}

/* A byte of a body as it is written: spaces at the end of a line are lost on the way, and
 * old programs know a leading dot and "From " for something else. */
static void quote_byte(char out[4], const char *line, gsize i, gsize n)
{
	guint8 byte = (guint8)line[i];
	bool odd = byte < ' ' || byte > '~' || byte == '=' ||
		   (byte == ' ' && i + 1 == n) ||
		   (i == 0 && (byte == '.' || strncmp(line, "From ", 5) == 0));

	g_snprintf(out, 4, odd ? "=%02X" : "%c", byte);
}

static void quote_line(GString *out, const char *line)
{
	gsize n = strlen(line), column = 0;

	for (gsize i = 0; i < n; i++) {
		char byte[4];

		quote_byte(byte, line, i, n);
		if (column + strlen(byte) > LINE_MAX_CHARS - 1) {
			g_string_append(out, "=\r\n");
			column = 0;
		}
		g_string_append(out, byte);
		column += strlen(byte);
	}
	g_string_append(out, "\r\n");
}

char *mail_quoted(const char *text)
{
	GString *out = g_string_new(NULL);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = NULL;

	g_strdelimit(valid, "\r", ' ');
	g_strchomp(valid);
	lines = g_strsplit(valid, "\n", -1);
	for (gsize i = 0; lines[i]; i++)
		quote_line(out, lines[i]);
	return g_string_free(out, FALSE);
}
