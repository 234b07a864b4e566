#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "collector/git/git_child.h"
#include "collector/git/path_glob.h"

/* Commits given to one child: bounds the memory that their names take. */
#define RUN_MAX 500000
/* Directories that git is told to look at; a child's argument list has room for them. */
#define ROOTS_MAX 40
/* Of a longer path only the beginning is looked at. */
#define PATH_BYTES_MAX (64 << 10)

struct matching {
	const struct graph *graph;
	const guint32 *positions;
	const struct mirror_paths *sets;
	guint n_sets;
	bool (*hit)(guint32 pos, guint set, void *user, GError **error);
	void *user;

	gsize next; /* the commit that may come next */
	gsize end;
	guint32 pos;	/* the commit whose changes come; GRAPH_NONE before the first */
	bool want_path; /* a record has come whose path has not */
	bool *matched;	/* by set */
	guint n_matched;
	GByteArray *part; /* of a token, until it is whole */
};

static bool garbled(GError **error)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "git diff-tree: unexpected answer");
	return false;
}

static bool take_path(struct matching *matching, const char *path, gsize n,
		      GError **error)
{
	for (guint s = 0; s < matching->n_sets; s++) {
		const struct mirror_paths *set = &matching->sets[s];

		if (matching->matched[s])
			continue;
		for (guint g = 0; g < set->n && !matching->matched[s]; g++)
			matching->matched[s] = path_glob_match(set->globs[g], path, n);
		if (!matching->matched[s])
			continue;
		matching->n_matched++;
		if (!matching->hit(matching->pos, s, matching->user, error))
			return false;
	}
	return true;
}

/* A commit's name stands before its changes, in the order they were asked for. */
static bool take_commit(struct matching *matching, const char *text, gsize n,
			GError **error)
{
	struct oid oid, candidate;

	if (!oid_parse(text, n, &oid))
		return garbled(error);
	while (matching->next < matching->end) {
		matching->pos = matching->positions[matching->next++];
		graph_oid(matching->graph, matching->pos, &candidate);
		if (!oid_equal(&oid, &candidate))
			continue;
		memset(matching->matched, 0, matching->n_sets * sizeof(bool));
		matching->n_matched = 0;
		return true;
	}
	return garbled(error);
}

/* A commit, a record ":<modes> <names> <letter>", or the path that follows a record: what
 * a token is depends on the one before alone, so that no path can pass for a commit. */
static bool take_token(struct matching *matching, const char *text, gsize n,
		       GError **error)
{
	if (matching->want_path) {
		matching->want_path = false;
		return matching->n_matched == matching->n_sets ||
		       take_path(matching, text, n, error);
	}
	if (!n || *text != ':')
		return take_commit(matching, text, n, error);
	matching->want_path = true;
	return matching->pos != GRAPH_NONE || garbled(error);
}

static bool take_output(const guint8 *data, gsize n, void *user, GError **error)
{
	struct matching *matching = user;
	GByteArray *part = matching->part;

	while (n) {
		const guint8 *end = memchr(data, '\0', n);
		gsize n_token = end ? (gsize)(end - data) : n;
		bool ok;

		if (end && !part->len) {
			ok = take_token(matching, (const char *)data, n_token, error);
		} else {
			g_byte_array_append(
				part, data,
				(guint)MIN(n_token, PATH_BYTES_MAX - part->len));
			ok = !end || take_token(matching, (const char *)part->data,
						part->len, error);
			if (end)
				g_byte_array_set_size(part, 0);
		}
		if (!ok)
			return false;
		data += n_token + (end ? 1 : 0);
		n -= n_token + (end ? 1 : 0);
	}
	return true;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_below(const char *path, const char *root)
{
	gsize n = strlen(root);

	return strncmp(path, root, n) == 0 && (!path[n] || path[n] == '/');
}

/* Sorts, and drops what lies below another. Sorting puts "a-b" between "a" and "a/c", so
 * every root that stays is compared. */
static void reduce_roots(GPtrArray *roots)
{
	guint n = 0;

	qsort(roots->pdata, roots->len, sizeof(gpointer), compare_text);
	for (guint i = 0; i < roots->len; i++) {
		char *root = roots->pdata[i];
		bool covered = false;

		for (guint j = 0; j < n && !covered; j++)
			covered = is_below(root, roots->pdata[j]);
		if (covered)
			g_free(root);
		else
			roots->pdata[n++] = root;
	}
	for (guint i = n; i < roots->len; i++)
		roots->pdata[i] = NULL;
	g_ptr_array_set_size(roots, (int)n);
}

/* The directories that all globs lie in; none if that is the whole repository, or to name
 * them all would take too many. */
static GPtrArray *list_roots(const struct mirror_paths *sets, guint n_sets)
{
	GPtrArray *roots = g_ptr_array_new_with_free_func(g_free);

	for (guint s = 0; s < n_sets; s++)
		for (guint g = 0; g < sets[s].n; g++) {
			char *root = path_glob_root(sets[s].globs[g]);

			g_ptr_array_add(roots, root);
			if (*root)
				continue;
			g_ptr_array_set_size(roots, 0);
			return roots;
		}
	reduce_roots(roots);
	if (roots->len > ROOTS_MAX) {
		for (guint i = 0; i < roots->len; i++)
			*strchrnul(roots->pdata[i], '/') = '\0';
		reduce_roots(roots);
	}
	if (roots->len > ROOTS_MAX)
		g_ptr_array_set_size(roots, 0);
	return roots;
}

/* Lines "<commit> <first parent>", which git compares whatever other parents there are.
 */
static int make_input(const struct matching *matching, GError **error)
{
	g_autoptr(GString) input = g_string_new(NULL);
	char hex[2 * OID_BYTES + 1];
	struct oid oid;

	for (gsize i = matching->next; i < matching->end; i++) {
		guint32 parent = graph_first_parent(matching->graph,
						    matching->positions[i]);

		graph_oid(matching->graph, matching->positions[i], &oid);
		g_string_append(input, oid_format(&oid, hex));
		if (parent != GRAPH_NONE) {
			graph_oid(matching->graph, parent, &oid);
			g_string_append_c(input, ' ');
			g_string_append(input, oid_format(&oid, hex));
		}
		g_string_append_c(input, '\n');
	}
	return git_input(input->str, input->len, error);
}

static bool run(struct matching *matching, struct mirror *mirror, const GPtrArray *roots,
		GError **error)
{
	/* Raw records rather than bare names: a name could be that of a commit. */
	const char *args[ROOTS_MAX + 10] = {
		"diff-tree", "--stdin", "--root",	"-r",
		"-z",	     "--raw",	"--no-renames", "--"
	};
	struct git_call call = { .args = args, .output = take_output, .user = matching };
	g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func(g_free);
	bool ok;

	for (guint i = 0; i < roots->len; i++) {
		g_ptr_array_add(specs, g_strconcat(":(literal)", roots->pdata[i], NULL));
		args[8 + i] = specs->pdata[i];
	}
	call.stdin_fd = make_input(matching, error);
	if (call.stdin_fd < 0)
		return false;
	matching->pos = GRAPH_NONE;
	matching->want_path = false;
	g_byte_array_set_size(matching->part, 0);
	ok = git_run(mirror, &call, error);
	close(call.stdin_fd);
	if (ok && (matching->want_path || matching->part->len))
		return garbled(error);
	return ok;
}

bool mirror_match_paths(struct mirror *mirror, const struct graph *graph,
			const guint32 *positions, gsize n,
			const struct mirror_paths *sets, guint n_sets,
			bool (*hit)(guint32 pos, guint set, void *user, GError **error),
			void *user, GError **error)
{
	g_autofree bool *matched = g_new0(bool, n_sets);
	g_autoptr(GByteArray) part = g_byte_array_new();
	g_autoptr(GPtrArray) roots = list_roots(sets, n_sets);
	struct matching matching = { .graph = graph,
				     .positions = positions,
				     .sets = sets,
				     .n_sets = n_sets,
				     .hit = hit,
				     .user = user,
				     .matched = matched,
				     .part = part };

	if (!mirror->trees) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "changed paths: the mirror has no trees");
		return false;
	}
	for (gsize start = 0; start < n && n_sets; start = matching.end) {
		matching.next = start;
		matching.end = MIN(n, start + RUN_MAX);
		if (!run(&matching, mirror, roots, error)) {
			g_prefix_error(error, "changed paths: ");
			return false;
		}
	}
	return true;
}
