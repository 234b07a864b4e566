#include "collector/git/notes.h"

#include "collector/author_key.h"
#include "collector/git/commit_message.h"
#include "config/regex.h"

/* What people write has one or two; more is made to hurt. */
#define PER_COMMIT_MAX 100
#define TAKEN_MAX 2000000
#define TEXT_MAX (64 << 20)
#define BATCH 10000
/* Of "Name <address>"; nobody's is longer. */
#define IDENT_MAX 1000
/* Raised when the same patterns would find other notes. */
#define VERSION 1

enum kind { REVERTS, PICKED, TITLE, TRAILER, AUTHOR };

static const char *const kind_names[] = {
	[REVERTS] = "reverts", [PICKED] = "picked", [TITLE] = "title",
	[TRAILER] = "trailer", [AUTHOR] = "author",
};

struct note {
	guint32 pos;
	enum kind kind;
	const char *text; /* in chunk */
};

struct notes {
	GPtrArray *titles;   /* of GRegex */
	GPtrArray *trailers; /* names, of the configuration */
	GPtrArray *authors;  /* digests of globs */
	GPtrArray *globs;    /* of GPatternSpec, as authors */
	char *patterns;
	GArray *taken; /* of struct note */
	GStringChunk *chunk;
	gsize n_text; /* bytes of texts */
	gsize n_dropped;
	guint32 pos;	/* of the commit being looked at */
	guint n_before; /* taken before it */
};

/* ---- what is looked for ---- */

static void add_once(GPtrArray *list, char *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!g_ptr_array_find_with_equal_func(list, words[i], g_str_equal, NULL))
			g_ptr_array_add(list, words[i]);
}

static void add_service(const struct config_service *service, GPtrArray *titles,
			GPtrArray *trailers, GPtrArray *authors)
{
	for (unsigned i = 0; i < service->n_remediation; i++) {
		const struct config_remediation *rule = &service->remediation[i];

		add_once(titles, rule->titles, rule->n_titles);
		add_once(trailers, rule->trailers, rule->n_trailers);
	}
	if (service->exclude)
		add_once(authors, service->exclude->authors, service->exclude->n_authors);
}

static bool has_repository(const struct config_service *service, const char *repository)
{
	for (unsigned i = 0; i < service->n_components; i++)
		if (strcmp(service->components[i].repository, repository) == 0)
			return true;
	return false;
}

static gint word_order(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void describe(GString *text, const char *key, const GPtrArray *words)
{
	for (guint i = 0; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);

		g_string_append_printf(text, "%s=%zu:%s;", key, strlen(word), word);
	}
}

static void add_globs(struct notes *notes, const GPtrArray *globs, GBytes *author_key)
{
	for (guint i = 0; i < globs->len; i++) {
		const char *glob = g_ptr_array_index(globs, i);

		g_ptr_array_add(notes->authors, author_key_digest(author_key, glob));
		g_ptr_array_add(notes->globs, g_pattern_spec_new(glob));
	}
}

struct notes *notes_new(const struct config *config, const char *repository,
			GBytes *author_key, GError **error)
{
	_cleanup_(notes_freep) struct notes *notes = g_new0(struct notes, 1);
	g_autoptr(GPtrArray) titles = g_ptr_array_new(), authors = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);

	notes->titles = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
	notes->trailers = g_ptr_array_new();
	notes->authors = g_ptr_array_new_with_free_func(g_free);
	notes->globs = g_ptr_array_new_with_free_func(
		(GDestroyNotify)g_pattern_spec_free);
	notes->taken = g_array_new(FALSE, FALSE, sizeof(struct note));
	notes->chunk = g_string_chunk_new(1 << 12);
	for (unsigned i = 0; i < config->n_services; i++)
		if (has_repository(&config->services[i], repository))
			add_service(&config->services[i], titles, notes->trailers,
				    authors);
	g_ptr_array_sort(authors, word_order);
	add_globs(notes, authors, author_key);
	g_ptr_array_sort(titles, word_order);
	g_ptr_array_sort(notes->trailers, word_order);
	g_string_printf(text, "%d;", VERSION);
	describe(text, "title", titles);
	describe(text, "trailer", notes->trailers);
	describe(text, "author", notes->authors);
	notes->patterns = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
	for (guint i = 0; i < titles->len; i++) {
		const char *pattern = g_ptr_array_index(titles, i);
		GRegex *regex = config_regex(pattern, false, error);

		if (!regex) {
			g_prefix_error(error, "the regular expression \"%s\": ", pattern);
			return NULL;
		}
		g_ptr_array_add(notes->titles, regex);
	}
	return g_steal_pointer(&notes);
}

void notes_free(struct notes *notes)
{
	if (!notes)
		return;
	g_ptr_array_unref(notes->titles);
	g_ptr_array_unref(notes->trailers);
	g_ptr_array_unref(notes->authors);
	g_ptr_array_unref(notes->globs);
	g_free(notes->patterns);
	g_array_unref(notes->taken);
	g_string_chunk_free(notes->chunk);
	g_free(notes);
}

const char *notes_patterns(const struct notes *notes)
{
	return notes->patterns;
}

void notes_clear(struct notes *notes)
{
	g_array_set_size(notes->taken, 0);
	g_string_chunk_clear(notes->chunk);
	notes->n_text = notes->n_dropped = 0;
}

gsize notes_dropped(const struct notes *notes)
{
	return notes->n_dropped;
}

/* ---- looking ---- */

static void take(struct notes *notes, enum kind kind, const char *text)
{
	struct note note = { .pos = notes->pos, .kind = kind };
	gsize n = strlen(text);

	for (guint i = notes->n_before; i < notes->taken->len; i++) {
		const struct note *other = &g_array_index(notes->taken, struct note, i);

		if (other->kind == kind && strcmp(other->text, text) == 0)
			return;
	}
	if (notes->taken->len - notes->n_before >= PER_COMMIT_MAX ||
	    notes->taken->len >= TAKEN_MAX || notes->n_text + n > TEXT_MAX) {
		notes->n_dropped++;
		return;
	}
	/* Of few globs, each fits many authors. */
	note.text = kind == AUTHOR ? g_string_chunk_insert_const(notes->chunk, text)
				   : g_string_chunk_insert(notes->chunk, text);
	notes->n_text += kind == AUTHOR ? 0 : n + 1;
	g_array_append_val(notes->taken, note);
}

static void take_sha(enum message_sha kind, const char *hex, void *user)
{
	take(user, kind == MESSAGE_PICKED ? PICKED : REVERTS, hex);
}

static void take_trailer(struct git_text name, const char *value, void *user)
{
	struct notes *notes = user;

	for (guint i = 0; i < notes->trailers->len; i++) {
		const char *wanted = g_ptr_array_index(notes->trailers, i);
		g_autofree char *text = NULL;

		if (strlen(wanted) != name.n ||
		    g_ascii_strncasecmp(wanted, name.at, name.n) != 0)
			continue;
		text = g_strdup_printf("%s: %s", wanted, value);
		take(notes, TRAILER, text);
	}
}

static void look_at_subject(struct notes *notes, struct git_text message)
{
	bool wanted = message_begins(message, "Revert \"");
	g_autofree char *subject = NULL;

	if (!wanted && notes->titles->len == 0)
		return;
	subject = message_subject(message);
	for (guint i = 0; !wanted && *subject && i < notes->titles->len; i++)
		wanted = g_regex_match(g_ptr_array_index(notes->titles, i), subject, 0,
				       NULL);
	if (wanted)
		take(notes, TITLE, subject);
}

static void look_at_author(struct notes *notes, struct git_text author)
{
	const char *end = author.n ? memrchr(author.at, '>', author.n) : NULL;
	gsize n = end ? (gsize)(end + 1 - author.at) : author.n;
	g_autofree char *ident = NULL;

	if (!author.n || notes->globs->len == 0)
		return;
	ident = g_utf8_make_valid(author.at, (gssize)MIN(n, IDENT_MAX));
	n = strlen(ident);
	for (guint i = 0; i < notes->globs->len; i++)
		if (g_pattern_spec_match(g_ptr_array_index(notes->globs, i), n, ident,
					 NULL))
			take(notes, AUTHOR, g_ptr_array_index(notes->authors, i));
}

void notes_look(struct notes *notes, guint32 pos, struct git_text author,
		struct git_text message)
{
	notes->pos = pos;
	notes->n_before = notes->taken->len;
	look_at_author(notes, author);
	look_at_subject(notes, message);
	message_shas(message, take_sha, notes);
	if (notes->trailers->len > 0 && message.n < NOTES_MESSAGE_MAX)
		message_trailers(message, take_trailer, notes);
}

/* ---- handing out ---- */

/* The full name where a part of it names one commit, in hex; NULL. */
static const char *complete(const struct graph *graph, const struct note *note, char *hex)
{
	gsize n = strlen(note->text);
	struct oid oid;
	guint32 pos;

	if ((note->kind != REVERTS && note->kind != PICKED) ||
	    n >= 2 * (gsize)graph->oid_len)
		return NULL;
	pos = graph_find_prefix(graph, note->text, n);
	if (pos == GRAPH_NONE)
		return NULL;
	graph_oid(graph, pos, &oid);
	return oid_format(&oid, hex);
}

bool notes_each(const struct notes *notes, const struct graph *graph,
		bool (*visit)(const struct commit_note *rows, gsize n, void *user,
			      GError **error),
		void *user, GError **error)
{
	g_autofree struct commit_note *rows = g_new(struct commit_note, BATCH);
	g_autoptr(GStringChunk) full = g_string_chunk_new(1 << 12);
	gsize n = 0;

	for (guint i = 0; i < notes->taken->len; i++) {
		const struct note *note = &g_array_index(notes->taken, struct note, i);
		char hex[2 * OID_BYTES + 1];
		const char *whole = complete(graph, note, hex);

		rows[n] = (struct commit_note){
			.kind = kind_names[note->kind],
			.text = whole ? g_string_chunk_insert(full, whole) : note->text,
		};
		graph_oid(graph, note->pos, &rows[n].oid);
		if (++n < BATCH && i + 1 < notes->taken->len)
			continue;
		if (!visit(rows, n, user, error))
			return false;
		g_string_chunk_clear(full);
		n = 0;
	}
	return true;
}
