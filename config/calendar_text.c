#include "config/calendar_text.h"

#include <string.h>

char *calendar_unfolded(const char *text, gsize n)
{
	g_autoptr(GString) out = g_string_sized_new(n + 1);

	for (gsize i = 0; i < n; i++) {
		bool begins = out->len && out->str[out->len - 1] == '\n';

		if (text[i] == '\r' || (begins && text[i] == '\n'))
			continue;
		if (begins && (text[i] == ' ' || text[i] == '\t'))
			g_string_truncate(out, out->len - 1);
		else
			g_string_append_c(out, text[i]);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* What is behind the name and a separator, up to the end of the value. */
static char *value_behind(const char *line, const char *name)
{
	gsize n = strlen(name);
	g_autofree char *value = NULL;

	if (g_ascii_strncasecmp(line, name, n) != 0)
		return NULL;
	value = g_strndup(line + n, strcspn(line + n, "\n:;"));
	g_strdelimit(value, "\"", ' ');
	return g_strdup(g_strstrip(value));
}

/* The first that a line names and that is known here; NULL: there is none. */
static struct zone *zone_named(const char *text, const char *const *names)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (const char *const *name = names; *name; name++) {
			g_autofree char *value = value_behind(line, *name);
			struct zone *zone = value ? zone_open(value, NULL) : NULL;

			if (zone)
				return zone;
		}
	}
	return NULL;
}

struct zone *calendar_zone(const char *text)
{
	static const char *const whole[] = { "X-WR-TIMEZONE:", NULL };
	static const char *const parts[] = { "TZID:", "DTSTART;TZID=", NULL };
	struct zone *zone = zone_named(text, whole);

	return zone ? zone : zone_named(text, parts);
}
