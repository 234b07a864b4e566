#pragma once

#include <glib.h>
#include <stdbool.h>

/* Different authors, as far as they have to be counted. authors: the caller's, room for
 * the minimum. */
struct crowd {
	guint64 *authors;
	guint n, minimum;
};
static inline void crowd_add(struct crowd *crowd, guint64 author)
{
	guint seen = 0;

	if (crowd->n >= crowd->minimum || author == 0)
		return;
	while (seen < crowd->n && crowd->authors[seen] != author)
		seen++;
	if (seen == crowd->n)
		crowd->authors[crowd->n++] = author;
}
/* Are they as many as must be for a distribution to be published? */
static inline bool crowd_is_enough(const struct crowd *crowd)
{
	return crowd->n >= crowd->minimum;
}
