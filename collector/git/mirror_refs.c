#include <stdlib.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/git/git_child.h"
#include "collector/git/git_objects.h"

#define LISTING_MAX (256 << 20)
/* Longer names do not fit a database index (a third of an 8 KiB page). */
#define NAME_MAX_BYTES 1024
/* Tags of tags; git's own history has one of two. */
#define TAGS_DEEP 10

static void ref_clear(void *data)
{
	struct mirror_ref *ref = data;

	g_free(ref->name);
}

void mirror_refs_free(GArray *refs)
{
	if (refs)
		g_array_unref(refs);
}

static GArray *refs_new(void)
{
	GArray *refs = g_array_new(FALSE, TRUE, sizeof(struct mirror_ref));

	g_array_set_clear_func(refs, ref_clear);
	return refs;
}

static int compare_names(const void *a, const void *b)
{
	const struct mirror_ref *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const struct mirror_ref *find_ref(const GArray *refs, const char *name)
{
	struct mirror_ref key = { .name = (char *)name };

	return refs && refs->len
		       ? bsearch(&key, refs->data, refs->len, sizeof(key), compare_names)
		       : NULL;
}

/* The name in UTF-8: of one that is not, each byte beyond ASCII is written as %XX. */
static char *name_text(const char *name, gsize n)
{
	GString *text;

	if (g_utf8_validate(name, (gssize)n, NULL))
		return g_strndup(name, n);
	text = g_string_sized_new(n + 16);
	for (gsize i = 0; i < n; i++)
		if ((guchar)name[i] < 0x80)
			g_string_append_c(text, name[i]);
		else
			g_string_append_printf(text, "%%%02X", (guchar)name[i]);
	return g_string_free(text, FALSE);
}

/* A line "<oid> <name>" of the listing. */
static bool add_ref(GArray *refs, const char *line, gsize n, const GArray *known,
		    GError **error)
{
	const char *space = memchr(line, ' ', n);
	const struct mirror_ref *before;
	struct mirror_ref ref = { .tagged = INSTANT_NONE, .committed = INSTANT_NONE };
	gsize n_name;

	if (!space || !oid_parse(line, (gsize)(space - line), &ref.object)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "git for-each-ref: unexpected line in its answer");
		return false;
	}
	n_name = n - (gsize)(space - line) - 1;
	if (n_name > NAME_MAX_BYTES)
		return true;
	ref.name = name_text(space + 1, n_name);
	before = find_ref(known, ref.name);
	/* One that led to no commit may do so now: its commit may have been fetched. */
	if (before && before->commit.len && oid_equal(&before->object, &ref.object)) {
		char *name = ref.name;

		ref = *before;
		ref.name = name;
	}
	g_array_append_val(refs, ref);
	return true;
}

/* Sorts, and drops all but the first of names that became equal as text. */
static void sort_refs(GArray *refs)
{
	g_array_sort(refs, compare_names);
	for (guint i = 1; i < refs->len;) {
		const struct mirror_ref *ref = &g_array_index(refs, struct mirror_ref, i);

		if (g_str_equal(ref[-1].name, ref->name))
			g_array_remove_index(refs, i);
		else
			i++;
	}
}

static GArray *list_refs(struct mirror *mirror, const GArray *known, GError **error)
{
	static const char *const args[] = { "for-each-ref",
					    "--format=%(objectname) %(refname)",
					    "refs/heads", "refs/tags", NULL };
	struct git_call call = { .args = args, .stdin_fd = -1 };
	g_autoptr(GBytes) listing = git_output(mirror, &call, LISTING_MAX, error);
	_cleanup_(mirror_refs_freep) GArray *refs = NULL;
	const char *line, *line_end, *end;
	gsize n;

	if (!listing)
		return NULL;
	refs = refs_new();
	line = g_bytes_get_data(listing, &n);
	for (end = n ? line + n : line; line < end; line = line_end + 1) {
		line_end = memchr(line, '\n', (gsize)(end - line));
		if (!line_end)
			line_end = end;
		if (!add_ref(refs, line, (gsize)(line_end - line), known, error))
			return NULL;
	}
	sort_refs(refs);
	return g_steal_pointer(&refs);
}

/* A ref on its way to a commit. */
struct peel {
	guint ref;
	struct oid oid; /* where it has come */
};

struct peeling {
	const struct graph *graph;
	GArray *refs;
	GArray *now;  /* struct peel: to be read in this round */
	GArray *next; /* targets of tags, to be read in the next */
	guint round;
};

static void name_peel(gsize i, struct oid *oid, void *user)
{
	const struct peeling *peeling = user;

	*oid = g_array_index(peeling->now, struct peel, i).oid;
}

static void take_tag(struct peeling *peeling, const struct peel *peel,
		     struct mirror_ref *ref, struct git_text head)
{
	struct peel target = { .ref = peel->ref };
	struct git_text value;

	if (peeling->round == 0) {
		ref->annotated = true;
		if (git_header_find(head, "tagger", &value))
			ref->tagged = git_ident_time(value);
	}
	if (git_header_find(head, "object", &value) &&
	    oid_parse(value.at, value.n, &target.oid))
		g_array_append_val(peeling->next, target);
}

static bool take_object(gsize i, enum git_object_type type, struct git_text head,
			struct git_text message, void *user, GError **error)
{
	struct peeling *peeling = user;
	const struct peel *peel = &g_array_index(peeling->now, struct peel, i);
	struct mirror_ref *ref = &g_array_index(peeling->refs, struct mirror_ref,
						peel->ref);
	struct git_text value;

	(void)message;
	(void)error;
	if (type == GIT_OBJECT_TAG) {
		take_tag(peeling, peel, ref, head);
	} else if (type == GIT_OBJECT_COMMIT) {
		ref->commit = peel->oid;
		if (git_header_find(head, "committer", &value))
			ref->committed = git_ident_time(value);
	} else if (graph_find(peeling->graph, &peel->oid) != GRAPH_NONE) {
		ref->commit = peel->oid; /* it is one, though it cannot be read */
	}
	return true;
}

static bool peel_refs(struct mirror *mirror, const struct graph *graph, GArray *refs,
		      GError **error)
{
	g_autoptr(GArray) now = g_array_new(FALSE, FALSE, sizeof(struct peel));
	g_autoptr(GArray) next = g_array_new(FALSE, FALSE, sizeof(struct peel));
	struct peeling peeling = {
		.graph = graph, .refs = refs, .now = now, .next = next
	};

	for (guint i = 0; i < refs->len; i++) {
		const struct mirror_ref *ref = &g_array_index(refs, struct mirror_ref, i);
		struct peel peel = { .ref = i, .oid = ref->object };

		if (!ref->commit.len)
			g_array_append_val(now, peel);
	}
	for (; peeling.now->len && peeling.round <= TAGS_DEEP; peeling.round++) {
		struct git_objects objects = { .n = peeling.now->len,
					       .name = name_peel,
					       .visit = take_object,
					       .user = &peeling };
		GArray *done = peeling.now;

		if (!git_objects_read(mirror, &objects, error))
			return false;
		peeling.now = peeling.next;
		peeling.next = done;
		g_array_set_size(done, 0);
	}
	return true;
}

/* The branch that the mirror's HEAD names, if there is such a branch. */
static char *head_branch(const struct mirror *mirror, const GArray *refs)
{
	static const char prefix[] = "ref: ";
	g_autofree char *path = g_build_filename(mirror->dir, "HEAD", NULL);
	g_autofree char *text = NULL;
	g_autofree char *name = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    !g_str_has_prefix(text, prefix))
		return NULL;
	g_strchomp(text);
	name = name_text(text + strlen(prefix), strlen(text + strlen(prefix)));
	return find_ref(refs, name) ? g_steal_pointer(&name) : NULL;
}

GArray *mirror_refs(struct mirror *mirror, const struct graph *graph, const GArray *known,
		    char **head, GError **error)
{
	_cleanup_(mirror_refs_freep) GArray *refs = list_refs(mirror, known, error);

	if (!refs || !peel_refs(mirror, graph, refs, error)) {
		g_prefix_error(error, "refs: ");
		return NULL;
	}
	*head = head_branch(mirror, refs);
	return g_steal_pointer(&refs);
}
