#include "collector/git/git_objects.h"
#include "collector/git/notes.h"

/* Addresses longer than any real one are hashed anew each time, and the table is emptied
 * when full, so that no history can make it large. */
#define CACHED_MAIL_MAX 320
#define CACHED_MAILS 100000

struct reading {
	const struct graph *graph;
	const guint32 *positions;
	GBytes *author_key;
	GHashTable *authors; /* lower-case e-mail => guint64 hash */
	GString *mail;	     /* scratch */
	struct notes *notes; /* NULL: nobody asks what messages say */
	bool (*visit)(const struct mirror_commit *commit, void *user, GError **error);
	void *user;
	gsize n_bad;
};

static void name_commit(gsize i, struct oid *oid, void *user)
{
	const struct reading *reading = user;

	graph_oid(reading->graph, reading->positions[i], oid);
}

static guint64 hash_mail(GBytes *key, const char *mail, gsize n)
{
	guint8 digest[32];
	gsize n_digest = sizeof(digest), n_key;
	const guint8 *key_data = g_bytes_get_data(key, &n_key);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key_data, n_key);
	guint64 hash;

	g_hmac_update(hmac, (const guchar *)mail, (gssize)n);
	g_hmac_get_digest(hmac, digest, &n_digest);
	g_hmac_unref(hmac);
	memcpy(&hash, digest, sizeof(hash));
	hash = GUINT64_FROM_BE(hash);
	return hash ? hash : 1; /* 0 means "not kept" */
}

guint64 mirror_author_hash(GBytes *key, const char *mail)
{
	g_autofree char *lower = g_ascii_strdown(mail, -1);

	return hash_mail(key, lower, strlen(lower));
}

static guint64 author_hash(struct reading *reading, struct git_text author)
{
	struct git_text text;
	GString *mail = reading->mail;
	const guint64 *cached;
	guint64 hash;

	if (!reading->author_key || !git_ident_mail(author, &text))
		return 0;
	g_string_truncate(mail, 0);
	g_string_append_len(mail, text.at, (gssize)text.n);
	g_string_ascii_down(mail);
	cached = g_hash_table_lookup(reading->authors, mail->str);
	if (cached)
		return *cached;
	hash = hash_mail(reading->author_key, mail->str, mail->len);
	if (mail->len <= CACHED_MAIL_MAX) {
		if (g_hash_table_size(reading->authors) >= CACHED_MAILS)
			g_hash_table_remove_all(reading->authors);
		g_hash_table_insert(reading->authors, g_strdup(mail->str),
				    g_memdup2(&hash, sizeof(hash)));
	}
	return hash;
}

static bool take_commit(gsize i, enum git_object_type type, struct git_text head,
			struct git_text message, void *user, GError **error)
{
	struct reading *reading = user;
	struct mirror_commit commit;
	struct git_text author;

	if (type != GIT_OBJECT_COMMIT || !git_commit_parse(head, &commit, &author)) {
		reading->n_bad++;
		return true;
	}
	commit.pos = reading->positions[i];
	graph_oid(reading->graph, commit.pos, &commit.oid);
	commit.times.author = author_hash(reading, author);
	if (reading->notes)
		notes_look(reading->notes, commit.pos, author, message);
	return reading->visit(&commit, reading->user, error);
}

bool mirror_read_commits(struct mirror *mirror, const struct graph *graph,
			 const guint32 *positions, gsize n, GBytes *author_key,
			 struct notes *notes,
			 bool (*visit)(const struct mirror_commit *commit, void *user,
				       GError **error),
			 void *user, gsize *n_bad, GError **error)
{
	g_autoptr(GHashTable)
		authors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct reading reading = { .graph = graph,
				   .positions = positions,
				   .author_key = author_key,
				   .authors = authors,
				   .mail = g_string_new(NULL),
				   .notes = notes,
				   .visit = visit,
				   .user = user };
	struct git_objects objects = {
		.n = n,
		.name = name_commit,
		.visit = take_commit,
		.message_max = notes ? NOTES_MESSAGE_MAX : 0,
		.user = &reading,
	};
	bool ok = git_objects_read(mirror, &objects, error);

	g_string_free(reading.mail, TRUE);
	*n_bad = reading.n_bad;
	return ok;
}
