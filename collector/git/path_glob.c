#include "collector/git/path_glob.h"

#include <string.h>

/* Where to take up again after a mismatch: behind a wildcard in the glob, with the
 * wildcard standing for one more byte (or name) of the path. */
struct retry {
	const char *glob; /* NULL: nowhere */
	const char *path;
};

/* glob is at "**"; *whole: it stands for whole directories. Returns what comes behind. */
static const char *skip_deep(const char *glob, const char *start, bool *whole)
{
	bool at_name = glob == start || glob[-1] == '/';

	while (*glob == '*')
		glob++;
	*whole = at_name && *glob == '/';
	return *whole ? glob + 1 : glob;
}

/* The last "*" and the last "**" are all that ever has to be tried again: whatever an
 * earlier one could take, the later one can take instead. */
static bool match(const char *glob, const char *path, const char *end)
{
	const char *start = glob;
	struct retry star = { 0 }, deep = { 0 };
	bool whole = false;

	for (;;) {
		if (glob[0] == '*' && glob[1] == '*') {
			glob = skip_deep(glob, start, &whole);
			deep = (struct retry){ glob, path };
			star.glob = NULL;
		} else if (*glob == '*') {
			star = (struct retry){ ++glob, path };
		} else if (path < end &&
			   (*glob == *path || (*glob == '?' && *path != '/'))) {
			glob++;
			path++;
		} else if (path == end && !*glob) {
			return true;
		} else if (star.glob && star.path < end && *star.path != '/') {
			glob = star.glob;
			path = ++star.path;
		} else if (deep.glob && deep.path < end) {
			if (whole) {
				deep.path = memchr(deep.path, '/',
						   (gsize)(end - deep.path));
				if (!deep.path)
					return false;
			}
			glob = deep.glob;
			path = ++deep.path;
			star.glob = NULL;
		} else {
			return false;
		}
	}
}

bool path_glob_match(const char *glob, const char *path, gsize n)
{
	gsize plain, n_glob;

	while (*glob == '/')
		glob++;
	plain = strcspn(glob, "*?");
	n_glob = strlen(glob);
	/* Nearly all paths end here. */
	if (n < plain || memcmp(glob, path, plain) != 0)
		return false;
	if (n_glob == plain)
		return n == plain || !plain || glob[plain - 1] == '/' ||
		       path[plain] == '/';
	if (glob[n_glob - 1] == '/') {
		g_autofree char *below = g_strconcat(glob, "**", NULL);

		return match(below, path, path + n);
	}
	return match(glob, path, path + n);
}

char *path_glob_root(const char *glob)
{
	gsize plain;

	while (*glob == '/')
		glob++;
	plain = strcspn(glob, "*?");
	if (glob[plain])
		while (plain && glob[plain - 1] != '/')
			plain--;
	while (plain && glob[plain - 1] == '/')
		plain--;
	return g_strndup(glob, plain);
}
