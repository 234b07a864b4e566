#include "collector/item_revision.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/git/mirror.h"
#include "collector/repo_work.h"

/* Manifests are lists of images: the longest seen are some kilobytes. */
#define MANIFEST_MAX (1u << 20)
/* What all others begin with is no name of a commit. */
#define PREFIX_MIN 7
#define DIGEST "sha256:"

struct revision_finder {
	struct store *store;
	const struct work_context *context;
	gint32 source_id;
	GHashTable *repos;     /* name → repo_id; 0: unknown */
	GHashTable *manifests; /* manifest_key() → content; "": none */
	GArray *sources;       /* of gint32: those that may know images; NULL: not read */
	struct mirror *mirror; /* open while reading ahead; NULL */
	const char *mirror_name;
	bool unread;
};

struct revision_finder *revision_finder_new(struct store *store,
					    const struct work_context *context,
					    gint32 source_id)
{
	struct revision_finder *finder = g_new0(struct revision_finder, 1);

	finder->store = store;
	finder->context = context;
	finder->source_id = source_id;
	finder->repos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	finder->manifests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  g_free);
	return finder;
}

void revision_finder_free(struct revision_finder *finder)
{
	if (!finder)
		return;
	revision_rest(finder);
	g_hash_table_unref(finder->repos);
	g_hash_table_unref(finder->manifests);
	g_clear_pointer(&finder->sources, g_array_unref);
	g_free(finder);
}

bool revision_finder_is_whole(const struct revision_finder *finder)
{
	return !finder->unread;
}

/* ---- what the database knows ---- */

static bool repo_of(struct revision_finder *finder, const char *name, gint32 *repo_id,
		    GError **error)
{
	gpointer found = NULL;

	*repo_id = 0;
	if (!name)
		return true;
	if (!g_hash_table_lookup_extended(finder->repos, name, NULL, &found)) {
		if (!store_repo_id(finder->store, name, repo_id, error))
			return false;
		found = GINT_TO_POINTER(*repo_id);
		g_hash_table_insert(finder->repos, g_strdup(name), found);
	}
	*repo_id = GPOINTER_TO_INT(found);
	return true;
}

static bool is_hex(const char *text)
{
	return text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static bool find_prefix(struct revision_finder *finder, gint32 repo_id, const char *text,
			struct oid *oid, GError **error)
{
	g_autofree char *hex = g_ascii_strdown(text, -1);
	g_autoptr(GError) local = NULL;
	struct oid found[2];
	guint n = store_commit_prefix(finder->store, repo_id, hex, found, &local);

	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (n == 1)
		*oid = found[0];
	return true;
}

/* A sha, a shorter one, a tag or branch, or a tag whose v the version goes without, as
 * images mostly do. */
static bool find_commit(struct revision_finder *finder, gint32 repo_id, const char *text,
			struct oid *oid, GError **error)
{
	g_autofree char *v = g_strconcat("v", text, NULL);
	gsize n = strlen(text);

	oid->len = 0;
	if (repo_id == 0 || oid_parse(text, n, oid))
		return true;
	if (n >= PREFIX_MIN && n < 2 * OID_BYTES && is_hex(text) &&
	    !find_prefix(finder, repo_id, text, oid, error))
		return false;
	if (oid->len == 0 && !store_ref_commit(finder->store, repo_id, text, oid, error))
		return false;
	return oid->len > 0 || !g_ascii_isdigit(*text) ||
	       store_ref_commit(finder->store, repo_id, v, oid, error);
}

/* What is known of an image. Whoever told it first by our clock is believed: a later one
 * may say that it was earlier. */
struct origin {
	char *sha;
	gint64 first_seen;
};

static bool keep_sha(const struct item *item, gint64 first_seen, bool gone, void *user,
		     GError **error)
{
	struct origin *origin = user;

	(void)gone;
	(void)error;
	if (!item->sha || (origin->sha && origin->first_seen <= first_seen))
		return true;
	g_free(origin->sha);
	origin->sha = g_strdup(item->sha);
	origin->first_seen = first_seen;
	return true;
}

/* What an image was built from, as whoever told it first says; *sha NULL: nobody. */
static bool find_image(struct revision_finder *finder, const char *digest, char **sha,
		       GError **error)
{
	const char *const ids[] = { digest, NULL };
	struct origin origin = { 0 };
	bool good = true;

	for (guint i = 0; good && finder->sources && i < finder->sources->len; i++) {
		const struct item_query query = {
			.source_id = g_array_index(finder->sources, gint32, i),
			.kind = ITEM_ARTIFACT,
			.created_from = INSTANT_NONE,
			.created_to = INSTANT_NONE,
			.ids = ids,
			.gone = true,
		};

		good = store_items_each(finder->store, &query, keep_sha, &origin, error);
	}
	if (good)
		*sha = g_steal_pointer(&origin.sha);
	g_free(origin.sha);
	return good;
}

static bool find_text(struct revision_finder *finder, const char *repository,
		      const char *text, gint32 *repo_id, struct oid *oid, GError **error)
{
	g_autofree char *sha = NULL;

	oid->len = 0;
	if (!repo_of(finder, repository, repo_id, error))
		return false;
	if (!g_str_has_prefix(text, DIGEST))
		return find_commit(finder, *repo_id, text, oid, error);
	return find_image(finder, text, &sha, error) &&
	       (!sha || find_commit(finder, *repo_id, sha, oid, error));
}

/* Asked for outside transactions only: inside one it would lock the sources. */
static bool load_sources(struct revision_finder *finder, GError **error)
{
	const struct config *config = finder->context->config;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint32));

	if (finder->sources)
		return true;
	g_array_append_val(ids, finder->source_id);
	for (unsigned i = 0; i < config->n_all; i++) {
		struct source_row row = { 0 };

		if (config->all[i].kind == SOURCE_GIT ||
		    config->all[i].kind == SOURCE_KPI)
			continue;
		if (!store_source(finder->store, config->all[i].name, &row, error))
			return false;
		if (row.source_id != finder->source_id)
			g_array_append_val(ids, row.source_id);
		source_row_clear(&row);
	}
	finder->sources = g_steal_pointer(&ids);
	return true;
}

/* ---- manifests ---- */

static char *manifest_key(const struct config_rule *row, const struct oid *commit)
{
	char hex[2 * OID_BYTES + 1];

	return g_strdup_printf("%s %s %s", row->manifest_repository,
			       oid_format(commit, hex), row->manifest);
}

void revision_rest(struct revision_finder *finder)
{
	mirror_close(g_steal_pointer(&finder->mirror));
	finder->mirror_name = NULL;
}

static struct mirror *open_mirror(struct revision_finder *finder, const char *name,
				  GError **error)
{
	const struct config_git *git = config_git(finder->context->config, name);

	if (finder->mirror && strcmp(finder->mirror_name, name) == 0)
		return finder->mirror;
	revision_rest(finder);
	if (!git)
		return NULL;
	finder->mirror = repo_mirror_open(finder->context, git, error);
	finder->mirror_name = git->name;
	return finder->mirror;
}

/* NULL without an error: it is not there. */
static char *read_manifest(struct revision_finder *finder, const struct config_rule *row,
			   const struct oid *commit, GError **error)
{
	struct mirror *mirror = open_mirror(finder, row->manifest_repository, error);
	g_autoptr(GBytes) content = NULL;
	bool missing = false;
	gconstpointer data;
	gsize n;

	if (!mirror || !mirror_is_fetched(mirror))
		return NULL;
	content = mirror_read_file(mirror, commit, row->manifest, MANIFEST_MAX, &missing,
				   error);
	if (!content)
		return NULL;
	data = g_bytes_get_data(content, &n);
	return g_utf8_make_valid(data ? data : "", (gssize)n);
}

/* What is there once is there for ever; what is not may come with the next fetch. */
static bool read_once(struct revision_finder *finder, const struct config_rule *row,
		      const struct oid *commit, GError **error)
{
	g_autofree char *key = manifest_key(row, commit);
	g_autoptr(GError) local = NULL;
	char *content;

	if (g_hash_table_contains(finder->manifests, key))
		return true;
	content = read_manifest(finder, row, commit, &local);
	if (g_error_matches(local, DORA_ERROR, DORA_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	/* that it cannot be read is said by the polls of its own source */
	if (local)
		finder->unread = true;
	if (content)
		g_hash_table_insert(finder->manifests, g_steal_pointer(&key), content);
	return true;
}

bool revision_read_ahead(struct revision_finder *finder, const struct config_rule *row,
			 const struct item_rule *rule, const struct item *item,
			 GError **error)
{
	g_autofree char *text = NULL;
	struct oid commit;
	gint32 repo_id;

	if (row->revision != REVISION_FILE && row->revision != REVISION_IMAGE)
		return true;
	if (!load_sources(finder, error))
		return false;
	text = item_rule_revision(rule, item);
	if (row->revision != REVISION_FILE || !text)
		return true;
	return find_text(finder, row->manifest_repository, text, &repo_id, &commit,
			 error) &&
	       (commit.len == 0 || read_once(finder, row, &commit, error));
}

/* Replaces the name of a commit of the configuration by what its manifest names; NULL:
 * nothing. */
static bool look_into_manifest(struct revision_finder *finder,
			       const struct config_rule *row,
			       const struct item_rule *rule, char **text, GError **error)
{
	g_autofree char *name = g_steal_pointer(text);
	g_autofree char *key = NULL;
	const char *content;
	struct oid commit;
	gint32 repo_id;

	if (!find_text(finder, row->manifest_repository, name, &repo_id, &commit, error))
		return false;
	if (commit.len == 0)
		return true;
	key = manifest_key(row, &commit);
	content = g_hash_table_lookup(finder->manifests, key);
	*text = content ? item_rule_revision_in(rule, content) : NULL;
	return true;
}

bool revision_find(struct revision_finder *finder, const struct config_rule *row,
		   const struct item_rule *rule, const struct item *item, gint32 *repo_id,
		   struct oid *oid, GError **error)
{
	g_autofree char *text = item_rule_revision(rule, item);

	oid->len = 0;
	*repo_id = 0;
	if (text && row->revision == REVISION_FILE &&
	    !look_into_manifest(finder, row, rule, &text, error))
		return false;
	return !text || find_text(finder, row->repository, text, repo_id, oid, error);
}
