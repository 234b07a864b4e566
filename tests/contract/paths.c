#include "paths.h"

#include <string.h>

struct path {
	char *name;
	const char *method;
	char *fixed;	    /* a regular expression for what is before the '?' */
	GPtrArray *allowed; /* regular expressions for whole parameters */
	GPtrArray *needed;  /* names of those that are instants: "created=" */
	bool asked;
};

struct paths {
	char *url;
	GPtrArray *rows;    /* of struct path */
	GPtrArray *strange; /* urls */
};

static void path_free(gpointer data)
{
	struct path *path = data;

	g_free(path->name);
	g_free(path->fixed);
	g_ptr_array_unref(path->allowed);
	g_ptr_array_unref(path->needed);
	g_free(path);
}

/* A regular expression for what a template may become. */
static char *expression(const char *template)
{
	GString *out = g_string_new("^");

	while (*template) {
		const char *end = *template == '{' ? strchr(template, '}') : NULL;

		if (end) {
			g_string_append(out, template[1] == '+' ? "[^?&]*" : "[^/?&]*");
			template = end + 1;
		} else {
			g_autofree char *one = g_regex_escape_string(template, 1);
			g_string_append(out, one);
			template ++;
		}
	}
	g_string_append_c(out, '$');
	return g_string_free(out, FALSE);
}

static void add(struct paths *paths, char *name, const char *method, const char *template)
{
	struct path *path;
	g_auto(GStrv) halves = NULL, parameters = NULL;

	if (!template) {
		g_free(name);
		return;
	}
	path = g_new0(struct path, 1);
	halves = g_strsplit(template, "?", 2);
	path->name = name;
	path->method = method ? method : "GET";
	path->fixed = expression(halves[0]);
	path->allowed = g_ptr_array_new_with_free_func(g_free);
	path->needed = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(paths->rows, path);
	parameters = halves[0] && halves[1] ? g_strsplit(halves[1], "&", -1) : NULL;
	for (gsize i = 0; parameters && parameters[i]; i++) {
		const char *value = strchr(parameters[i], '=');

		g_ptr_array_add(path->allowed, expression(parameters[i]));
		if (value && strstr(parameters[i], "{since}"))
			g_ptr_array_add(path->needed,
					g_strndup(parameters[i],
						  (gsize)(value + 1 - parameters[i])));
	}
}

static void add_details(struct paths *paths, const struct feed *feed)
{
	for (const struct detail *detail = feed->details; detail && detail->name;
	     detail++) {
		add(paths, g_strdup_printf("%s: %s", feed->name, detail->name), NULL,
		    detail->path);
		for (const struct detail *deeper = detail->details;
		     deeper && deeper->name; deeper++)
			add(paths,
			    g_strdup_printf("%s: %s: %s", feed->name, detail->name,
					    deeper->name),
			    NULL, deeper->path);
	}
}

struct paths *paths_new(const struct driver *driver, const char *url)
{
	struct paths *paths = g_new0(struct paths, 1);

	paths->url = g_strdup(url);
	paths->rows = g_ptr_array_new_with_free_func(path_free);
	paths->strange = g_ptr_array_new_with_free_func(g_free);
	add(paths, g_strdup("whoami"), NULL, driver->whoami);
	for (const struct feed *feed = driver->feeds; feed->name; feed++) {
		add(paths, g_strdup(feed->name), feed->method, feed->path);
		add(paths, g_strdup_printf("%s: a window", feed->name), feed->method,
		    feed->window_path);
		add(paths, g_strdup_printf("%s: one item", feed->name), NULL,
		    feed->item_path);
		add_details(paths, feed);
	}
	return paths;
}

void paths_free(struct paths *paths)
{
	g_free(paths->url);
	g_ptr_array_unref(paths->rows);
	g_ptr_array_unref(paths->strange);
	g_free(paths);
}

static bool is_allowed(const struct path *path, const char *parameter)
{
	for (guint i = 0; i < path->allowed->len; i++)
		if (g_regex_match_simple(g_ptr_array_index(path->allowed, i), parameter,
					 0, 0))
			return true;
	return false;
}

static bool has(char **parameters, const char *start)
{
	for (gsize i = 0; parameters && parameters[i]; i++)
		if (g_str_has_prefix(parameters[i], start))
			return true;
	return false;
}

static bool fits(const struct path *path, const char *method, const char *fixed,
		 char **parameters)
{
	if (strcmp(path->method, method) != 0 ||
	    !g_regex_match_simple(path->fixed, fixed, 0, 0))
		return false;
	for (gsize i = 0; parameters && parameters[i]; i++)
		if (!is_allowed(path, parameters[i]))
			return false;
	for (guint i = 0; i < path->needed->len; i++)
		if (!has(parameters, g_ptr_array_index(path->needed, i)))
			return false;
	return true;
}

void paths_note(struct paths *paths, const char *method, const char *url)
{
	const char *rest = g_str_has_prefix(url, paths->url) ? url + strlen(paths->url)
							     : NULL;
	g_auto(GStrv) halves = rest ? g_strsplit(rest, "?", 2) : NULL;
	g_auto(GStrv) parameters = halves && halves[1] ? g_strsplit(halves[1], "&", -1)
						       : NULL;
	bool known = false;

	for (guint i = 0; halves && i < paths->rows->len; i++) {
		struct path *path = g_ptr_array_index(paths->rows, i);

		if (!fits(path, method ? method : "GET", halves[0], parameters))
			continue;
		path->asked = known = true;
	}
	if (!known)
		g_ptr_array_add(paths->strange, g_strdup(url));
}

void paths_tell(const struct paths *paths, FILE *out)
{
	for (guint i = 0; i < paths->rows->len; i++) {
		const struct path *path = g_ptr_array_index(paths->rows, i);

		fprintf(out, "%s: %s\n", path->asked ? "asked" : "never asked",
			path->name);
	}
	for (guint i = 0; i < paths->strange->len; i++)
		fprintf(out, "strange: %s\n",
			(const char *)g_ptr_array_index(paths->strange, i));
}
