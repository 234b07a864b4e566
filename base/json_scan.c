#include "base/json_scan.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* Every integer of so many digits is a double, whatever its digits are. */
#define EXACT_DIGITS 15
/* cJSON reads the first 63 bytes of a number and takes the rest for what follows it. */
#define NUMBER_BYTES_MAX 40

enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after [ */
	EXPECT_KEY,
	EXPECT_KEY_OR_END, /* after { */
	EXPECT_MORE,	   /* after a value: a comma or the end of what it is in */
	EXPECT_NOTHING,
};

struct scan {
	const char *text, *p, *end;
	const char *copied; /* up to here the text is in out */
	GString *out;
	enum expect expect;
	guint depth, tokens;
	bool in_object[JSON_DEPTH_MAX];
};

static bool refuse(const struct scan *scan, const char *why, GError **error)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "not JSON at byte %zu: %s",
		    (gsize)(scan->p - scan->text), why);
	return false;
}

/* No text has a NUL in it, see json_scan(). */
static char peek(const struct scan *scan)
{
	return scan->p < scan->end ? *scan->p : '\0';
}

static bool eat(struct scan *scan, char c)
{
	if (peek(scan) != c)
		return false;
	scan->p++;
	return true;
}

static gsize eat_digits(struct scan *scan)
{
	const char *start = scan->p;

	while (g_ascii_isdigit(peek(scan)))
		scan->p++;
	return (gsize)(scan->p - start);
}

/* Replaces what began at start and ends here. */
static void replace(struct scan *scan, const char *start, const char *before,
		    const char *text, gssize n, const char *after)
{
	g_string_append_len(scan->out, scan->copied, start - scan->copied);
	g_string_append(scan->out, before);
	g_string_append_len(scan->out, text, n);
	g_string_append(scan->out, after);
	scan->copied = scan->p;
}

static bool scan_fraction(struct scan *scan, const char *start, GError **error)
{
	gssize n = scan->p - start;
	g_autofree char *number = g_strndup(start, (gsize)n);
	double value = g_ascii_strtod(number, NULL);
	char shorter[G_ASCII_DTOSTR_BUF_SIZE];

	if (!isfinite(value))
		return refuse(scan, "a number beyond all bounds", error);
	if (n > NUMBER_BYTES_MAX)
		replace(scan, start, "", g_ascii_dtostr(shorter, sizeof(shorter), value),
			-1, "");
	return true;
}

static bool scan_number(struct scan *scan, GError **error)
{
	const char *start = scan->p;
	bool integer = true;
	gsize digits = 1;

	eat(scan, '-');
	if (!eat(scan, '0'))
		digits = eat_digits(scan);
	if (digits == 0)
		return refuse(scan, "expected a digit", error);
	if (eat(scan, '.')) {
		integer = false;
		if (eat_digits(scan) == 0)
			return refuse(scan, "expected a digit", error);
	}
	if (eat(scan, 'e') || eat(scan, 'E')) {
		integer = false;
		if (!eat(scan, '+'))
			eat(scan, '-');
		if (eat_digits(scan) == 0)
			return refuse(scan, "expected a digit", error);
	}
	if (!integer)
		return scan_fraction(scan, start, error);
	if (digits > EXACT_DIGITS)
		replace(scan, start, "\"", start, scan->p - start, "\"");
	return true;
}

/* The four digits of \uXXXX; -1 if they are none. */
static int eat_hex(struct scan *scan)
{
	int value = 0;

	for (guint i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(peek(scan));

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
		scan->p++;
	}
	return value;
}

static bool scan_escape(struct scan *scan, GError **error)
{
	int unit;

	if (!eat(scan, 'u')) {
		if (peek(scan) == '\0' || !strchr("\"\\/bfnrt", peek(scan)))
			return refuse(scan, "no such escape", error);
		scan->p++;
		return true;
	}
	unit = eat_hex(scan);
	if (unit < 0)
		return refuse(scan, "expected four hexadecimal digits", error);
	if (unit == 0)
		return refuse(scan, "\\u0000 in a string", error);
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit < 0xdc00 && eat(scan, '\\') && eat(scan, 'u')) {
		unit = eat_hex(scan);
		if (unit >= 0xdc00 && unit <= 0xdfff)
			return true;
	}
	return refuse(scan, "half a surrogate pair", error);
}

static bool scan_string(struct scan *scan, GError **error)
{
	if (!eat(scan, '"'))
		return refuse(scan, "expected a string", error);
	while (!eat(scan, '"')) {
		if (eat(scan, '\\')) {
			if (!scan_escape(scan, error))
				return false;
			continue;
		}
		if (scan->p == scan->end)
			return refuse(scan, "a string without its end", error);
		if ((guchar)*scan->p < 0x20)
			return refuse(scan, "a control character in a string", error);
		scan->p++;
	}
	return true;
}

static void skip_space(struct scan *scan)
{
	while (scan->p < scan->end && strchr(" \t\r\n", *scan->p))
		scan->p++;
}

static void after_value(struct scan *scan)
{
	scan->expect = scan->depth > 0 ? EXPECT_MORE : EXPECT_NOTHING;
}

static bool count_token(struct scan *scan, GError **error)
{
	if (scan->tokens++ >= JSON_TOKENS_MAX)
		return refuse(
			scan,
			"more than " G_STRINGIFY(JSON_TOKENS_MAX) " keys and values",
			error);
	return true;
}

static bool open_container(struct scan *scan, bool object, GError **error)
{
	if (scan->depth == JSON_DEPTH_MAX)
		return refuse(scan,
			      "nested deeper than " G_STRINGIFY(JSON_DEPTH_MAX) " levels",
			      error);
	scan->in_object[scan->depth++] = object;
	scan->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return true;
}

static bool close_container(struct scan *scan, char c, GError **error)
{
	if (c != (scan->in_object[scan->depth - 1] ? '}' : ']'))
		return refuse(scan, "expected a comma or the end of what is open", error);
	scan->p++;
	scan->depth--;
	after_value(scan);
	return true;
}

static bool scan_value(struct scan *scan, GError **error)
{
	static const char *const words[] = { "true", "false", "null" };

	if (!count_token(scan, error))
		return false;
	if (peek(scan) == '{' || peek(scan) == '[')
		return open_container(scan, *scan->p++ == '{', error);
	after_value(scan);
	if (peek(scan) == '"')
		return scan_string(scan, error);
	if (peek(scan) == '-' || g_ascii_isdigit(peek(scan)))
		return scan_number(scan, error);
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		gsize n = strlen(words[i]);

		if ((gsize)(scan->end - scan->p) < n || memcmp(scan->p, words[i], n) != 0)
			continue;
		scan->p += n;
		return true;
	}
	return refuse(scan, "expected a value", error);
}

static bool scan_key(struct scan *scan, GError **error)
{
	if (!count_token(scan, error) || !scan_string(scan, error))
		return false;
	skip_space(scan);
	if (!eat(scan, ':'))
		return refuse(scan, "expected a colon", error);
	scan->expect = EXPECT_VALUE;
	return true;
}

static bool scan_step(struct scan *scan, GError **error)
{
	char c = peek(scan);

	switch (scan->expect) {
	case EXPECT_KEY_OR_END:
		if (c == '}')
			return close_container(scan, c, error);
		return scan_key(scan, error);
	case EXPECT_KEY:
		return scan_key(scan, error);
	case EXPECT_VALUE_OR_END:
		if (c == ']')
			return close_container(scan, c, error);
		return scan_value(scan, error);
	case EXPECT_VALUE:
		return scan_value(scan, error);
	case EXPECT_MORE:
		if (!eat(scan, ','))
			return close_container(scan, c, error);
		scan->expect = scan->in_object[scan->depth - 1] ? EXPECT_KEY
								: EXPECT_VALUE;
		return true;
	case EXPECT_NOTHING:
	default:
		return refuse(scan, "text after the end", error);
	}
}

GString *json_scan(const char *text, gsize n, GError **error)
{
	struct scan scan = { .text = text, .p = text, .end = text + n, .copied = text };
	g_autoptr(GString) out = NULL;

	if (n > JSON_BYTES_MAX) {
		refuse(&scan, "larger than 8 MiB", error);
		return NULL;
	}
	/* Refuses NUL, overlong forms and surrogates too. */
	if (!g_utf8_validate_len(text, n, &scan.p)) {
		refuse(&scan, "not UTF-8", error);
		return NULL;
	}
	scan.p = text;
	out = scan.out = g_string_sized_new(n + 1);
	for (;;) {
		skip_space(&scan);
		if (scan.p == scan.end && scan.expect == EXPECT_NOTHING)
			break;
		if (!scan_step(&scan, error))
			return NULL;
	}
	g_string_append_len(out, scan.copied, scan.end - scan.copied);
	return g_steal_pointer(&out);
}
