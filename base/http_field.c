#include <string.h>

#include "base/http.h"
#include "base/instant.h"

/* ---- Link ---- */

static void skip(const char **p, const char *any_of)
{
	*p += strspn(*p, any_of);
}

/* A token or a quoted string; the caller frees. NULL if it is neither. */
static char *take_value(const char **p)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gsize n;

	if (**p != '"') {
		n = strcspn(*p, " \t;,\"");
		g_string_append_len(text, *p, (gssize)n);
		*p += n;
		return g_string_free(g_steal_pointer(&text), FALSE);
	}
	for ((*p)++; **p != '"'; (*p)++) {
		if (**p == '\\')
			(*p)++;
		if (**p == '\0')
			return NULL;
		g_string_append_c(text, **p);
	}
	(*p)++;
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A list of relations, of any case, with spaces between them. */
static bool names_relation(const char *list, const char *rel)
{
	g_auto(GStrv) words = g_strsplit_set(list, " \t", -1);

	for (char **word = words; *word; word++) {
		if (g_ascii_strcasecmp(*word, rel) == 0)
			return true;
	}
	return false;
}

/* Reads the parameters of a link up to the comma or end behind them. False if they are
 * none; *fits tells whether they are those asked for. */
static bool take_parameters(const char **p, const char *rel, const char *param,
			    const char *value, bool *fits)
{
	bool rel_seen = false, rel_fits = false, param_fits = !param;

	for (;;) {
		g_autofree char *name = NULL;
		g_autofree char *text = NULL;
		gsize n;

		skip(p, " \t");
		if (**p == ',' || **p == '\0')
			break;
		if (**p != ';')
			return false;
		skip(p, "; \t");
		n = strcspn(*p, " \t=;,\"");
		name = g_strndup(*p, n);
		*p += n;
		skip(p, " \t");
		if (**p == '=') {
			(*p)++;
			skip(p, " \t");
			text = take_value(p);
			if (!text)
				return false;
		}
		if (text && !rel_seen && g_ascii_strcasecmp(name, "rel") == 0) {
			rel_seen = true;
			rel_fits = names_relation(text, rel);
		} else if (text && param && g_ascii_strcasecmp(name, param) == 0) {
			param_fits = g_strcmp0(text, value) == 0;
		}
	}
	*fits = rel_fits && param_fits;
	return true;
}

char *http_link(const char *header, const char *rel, const char *param, const char *value)
{
	const char *p = header;

	for (;;) {
		const char *target, *end;
		bool fits = false;

		skip(&p, ", \t");
		if (*p != '<')
			return NULL;
		target = p + 1;
		end = strchr(target, '>');
		if (!end)
			return NULL;
		p = end + 1;
		if (!take_parameters(&p, rel, param, value, &fits))
			return NULL;
		if (fits)
			return g_strndup(target, (gsize)(end - target));
	}
}

/* ---- dates ---- */

struct date {
	int year, month, day, hour, minute, second;
};

/* Reads n digits; -1 if there are fewer. */
static int take_number(const char **p, guint n)
{
	int value = 0;

	for (guint i = 0; i < n; i++, (*p)++) {
		if (!g_ascii_isdigit(**p))
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

/* The place, from 1, of the word that a text begins with; 0 if it is none of them. */
static int take_word(const char **p, const char *const *words, gsize n_words, gsize n)
{
	for (gsize i = 0; i < n_words; i++) {
		gsize length = n > 0 ? n : strlen(words[i]);

		if (g_ascii_strncasecmp(*p, words[i], length) != 0)
			continue;
		*p += length;
		return (int)i + 1;
	}
	return 0;
}

/* One letter of a form. False if the text has something else there. */
static bool take_part(const char **p, char part, struct date *date)
{
	static const char *const days[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					    "Friday", "Saturday", "Sunday" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	switch (part) {
	case 'a':
		return take_word(p, days, G_N_ELEMENTS(days), 3) > 0;
	case 'A':
		return take_word(p, days, G_N_ELEMENTS(days), 0) > 0;
	case 'b':
		date->month = take_word(p, months, G_N_ELEMENTS(months), 3);
		return date->month > 0;
	case 'd':
		return (date->day = take_number(p, 2)) >= 0;
	case 'e': /* with a space in front of one digit */
		if (**p != ' ')
			return (date->day = take_number(p, 2)) >= 0;
		(*p)++;
		return (date->day = take_number(p, 1)) >= 0;
	case 'Y':
		return (date->year = take_number(p, 4)) >= 0;
	case 'y':
		date->year = take_number(p, 2);
		if (date->year < 0)
			return false;
		date->year += date->year < 70 ? 2000 : 1900;
		return true;
	case 'H':
		return (date->hour = take_number(p, 2)) >= 0;
	case 'M':
		return (date->minute = take_number(p, 2)) >= 0;
	case 'S':
		return (date->second = take_number(p, 2)) >= 0;
	case 'Z':
		if (g_ascii_strncasecmp(*p, "GMT", 3) != 0)
			return false;
		*p += 3;
		return true;
	default:
		return *(*p)++ == part;
	}
}

static bool take_form(const char *text, const char *form, struct date *date)
{
	for (; *form; form++) {
		if (*text == '\0' || !take_part(&text, *form, date))
			return false;
	}
	return *text == '\0';
}

bool http_date_parse(const char *text, gint64 *result)
{
	static const char *const forms[] = {
		"a, d b Y H:M:S Z", /* IMF-fixdate */
		"A, d-b-y H:M:S Z", /* RFC 850 */
		"a b e H:M:S Y",    /* asctime() */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		struct date date = { 0 };
		g_autofree char *plain = NULL;

		if (!take_form(text, forms[i], &date))
			continue;
		plain = g_strdup_printf("%04d-%02d-%02d %02d:%02d:%02d", date.year,
					date.month, date.day, date.hour, date.minute,
					date.second);
		return instant_parse_loose(plain, result);
	}
	return false;
}

gint64 http_answered(const struct http_response *response, gint64 now)
{
	const char *text = http_header(response, "date");
	gint64 date;

	return text && http_date_parse(text, &date) && instant_is_plausible(date) ? date
										  : now;
}

GTimeSpan http_retry_after(const char *text, gint64 now, GTimeSpan most)
{
	gsize n = text ? strspn(text, "0123456789") : 0;
	gint64 date, seconds;

	if (n > 0 && text[n] == '\0') {
		/* Beyond 64 bits it is the most that they hold. */
		seconds = g_ascii_strtoll(text, NULL, 10);
		return seconds < most / G_USEC_PER_SEC ? seconds * G_USEC_PER_SEC : most;
	}
	if (text && http_date_parse(text, &date))
		return CLAMP(date - now, 0, most);
	return 0;
}
