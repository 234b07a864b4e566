#include "base/zone.h"

#include <string.h>

#include "base/error.h"
#include "base/zone_rule.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define HEADER_SIZE 44
#define RULE_FROM 1970 /* first year a rule is followed where the table is empty */
#define RULE_TO 2100

/* From this instant on, until the next change. */
struct change {
	gint64 at;
	GTimeSpan offset;
};

struct zone {
	struct change *changes; /* the first at G_MININT64 */
	gsize n_changes;
};

/* The counts of a TZif header, in the order of the file. */
struct counts {
	guint32 universal, standard, leaps, times, types, chars;
};

static gint64 read_be(const guint8 *data, guint n)
{
	guint64 value = data[0] & 0x80 ? G_MAXUINT64 : 0;

	for (guint i = 0; i < n; i++)
		value = value << 8 | data[i];
	return (gint64)value;
}

/* False if there is no sound header at data. */
static bool read_header(const guint8 *data, gsize n, struct counts *counts)
{
	guint32 *const fields[] = {
		&counts->universal, &counts->standard, &counts->leaps,
		&counts->times,	    &counts->types,    &counts->chars
	};

	if (n < HEADER_SIZE || memcmp(data, "TZif", 4) != 0 || data[4] < '2')
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		gint64 count = read_be(data + 20 + 4 * i, 4);

		if (count < 0 || (gsize)count > n)
			return false;
		*fields[i] = (guint32)count;
	}
	return true;
}

static gsize body_size(const struct counts *counts, gsize time_size)
{
	return counts->times * (time_size + 1) + counts->types * (gsize)6 +
	       counts->chars + counts->leaps * (time_size + 4) + counts->standard +
	       counts->universal;
}

static void add_change(GArray *changes, gint64 seconds, gint64 offset)
{
	struct change change = { instant_from_seconds(seconds), offset * G_USEC_PER_SEC };
	const struct change *last = &g_array_index(changes, struct change,
						   changes->len - 1);

	/* Only the name or the label "summer time" changes, or it is before all time. */
	if (change.offset != last->offset && change.at != INSTANT_NONE)
		g_array_append_val(changes, change);
}

static bool add_table(GArray *changes, const guint8 *body, const struct counts *counts)
{
	const guint8 *indices = body + counts->times * (gsize)8;
	const guint8 *types = indices + counts->times;
	gint64 previous = G_MININT64;
	struct change first = { G_MININT64, read_be(types, 4) * G_USEC_PER_SEC };

	g_array_append_val(changes, first);
	for (guint32 i = 0; i < counts->times; i++) {
		gint64 seconds = read_be(body + i * (gsize)8, 8);
		gint64 offset;

		if (indices[i] >= counts->types || (i > 0 && seconds <= previous))
			return false;
		previous = seconds;
		offset = read_be(types + indices[i] * (gsize)6, 4);
		/* Changes before all time that an instant holds still count. */
		if (instant_from_seconds(seconds) == INSTANT_NONE && seconds < 0)
			g_array_index(changes, struct change, 0).offset = offset *
									  G_USEC_PER_SEC;
		else
			add_change(changes, seconds, offset);
	}
	return true;
}

/* Follows the rule from the end of the table on. */
static void add_rule(GArray *changes, const struct zone_rule *rule, gint64 table_end)
{
	int first_year = RULE_FROM;

	if (table_end >= 0) {
		g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(table_end);

		first_year = date ? g_date_time_get_year(date) : RULE_TO + 1;
	}
	for (int year = first_year; year <= RULE_TO; year++) {
		gint64 start, end;

		zone_rule_year(rule, year, &start, &end);
		if (start < end && start > table_end)
			add_change(changes, start, rule->summer);
		if (end > table_end)
			add_change(changes, end, rule->standard);
		if (start >= end && start > table_end)
			add_change(changes, start, rule->summer);
	}
}

/* The changes of a whole file; NULL if anything does not fit. */
static GArray *read_changes(const guint8 *data, gsize n)
{
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(struct change));
	struct counts counts;
	struct zone_rule rule;
	const guint8 *body, *footer;
	gsize size;

	if (!read_header(data, n, &counts))
		return NULL;
	size = HEADER_SIZE + body_size(&counts, 4);
	if (size > n || !read_header(data + size, n - size, &counts))
		return NULL;
	body = data + size + HEADER_SIZE;
	n -= size + HEADER_SIZE;
	size = body_size(&counts, 8);
	if (size + 2 > n || counts.types == 0 || counts.leaps != 0)
		return NULL;
	if (!add_table(changes, body, &counts))
		return NULL;
	footer = body + size;
	if (footer[0] != '\n' || body[n - 1] != '\n')
		return NULL;
	size = n - size - 2;
	if (size > 0) {
		if (!zone_rule_parse((const char *)footer + 1, size, &rule))
			return NULL;
		if (rule.has_summer)
			add_rule(changes, &rule,
				 counts.times == 0
					 ? G_MININT64
					 : read_be(body + (counts.times - 1) * (gsize)8,
						   8));
	}
	return g_steal_pointer(&changes);
}

struct zone *zone_parse(const guint8 *data, gsize n, GError **error)
{
	g_autoptr(GArray) changes = read_changes(data, n);
	struct zone *zone;

	if (!changes) {
		g_set_error_literal(error, DORA_ERROR, DORA_ERROR_DATA,
				    "not a compiled time zone");
		return NULL;
	}
	zone = g_atomic_rc_box_new0(struct zone);
	zone->n_changes = changes->len;
	zone->changes = (struct change *)(void *)g_array_free(g_steal_pointer(&changes),
							      FALSE);
	return zone;
}

/* Every name in the database starts with a capital; what does not, in the same folder,
 * are other views of it ("right/…") and links to this machine's own zone. */
static bool name_is_sound(const char *name)
{
	if (!g_ascii_isupper(name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("_+-/", *c))
			return false;
	return true;
}

struct zone *zone_open(const char *name, GError **error)
{
	g_autofree char *path = NULL, *data = NULL;
	g_autoptr(GError) reason = NULL;
	struct zone *zone;
	gsize n;

	path = g_build_filename(ZONE_DIRECTORY, name, NULL);
	if (!name_is_sound(name) || !g_file_get_contents(path, &data, &n, NULL)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "time zone \"%s\": not known to this system "
			    "(names are those in " ZONE_DIRECTORY
			    ", such as Europe/Berlin)",
			    name);
		return NULL;
	}
	zone = zone_parse((const guint8 *)data, n, &reason);
	if (!zone)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "time zone \"%s\": %s: %s", name, path, reason->message);
	return zone;
}

struct zone *zone_ref(struct zone *zone)
{
	return g_atomic_rc_box_acquire(zone);
}

static void zone_clear(gpointer data)
{
	struct zone *zone = data;

	g_free(zone->changes);
}

void zone_unref(struct zone *zone)
{
	if (zone)
		g_atomic_rc_box_release_full(zone, zone_clear);
}

GTimeSpan zone_offset(const struct zone *zone, gint64 instant, gint64 *until)
{
	gsize low = 0, high = zone->n_changes;

	/* changes[low] is not after instant, changes[high] is. */
	while (high - low > 1) {
		gsize middle = low + (high - low) / 2;

		if (zone->changes[middle].at <= instant)
			low = middle;
		else
			high = middle;
	}
	if (until)
		*until = high < zone->n_changes ? zone->changes[high].at : G_MAXINT64;
	return zone->changes[low].offset;
}
