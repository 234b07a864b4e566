#include "collector/git/git_objects.h"

#include <unistd.h>

#include "base/error.h"
#include "collector/git/git_child.h"

/* Git writes header sections of a few KiB (a signature, merged tags); what is longer is
 * made to hurt. */
#define HEAD_MAX (1 << 20)
/* "<oid> commit <size>": git never writes a longer one for a name we gave it. */
#define TITLE_MAX 160
/* Names given to one child: bounds the memory that they take. */
#define RUN_MAX 500000
/* A mirror with more objects that kill git is broken, not scarred. */
#define CULPRITS_MAX 100

struct reader {
	const struct git_objects *objects;
	gsize next;   /* the object that comes next or is being read */
	gsize end;    /* where this run ends */
	bool inside;  /* between an object's title and its end */
	bool stopped; /* the failure is ours or the visitor's, not git's */
	bool visited; /* the object being read has been visited */
	enum git_object_type type;
	guint64 left; /* bytes of the object that have not come yet, and its newline */
	GByteArray *part; /* of the title or header section, until it is whole */
};

static bool visit(struct reader *reader, enum git_object_type type, struct git_text head,
		  struct git_text message, GError **error)
{
	const struct git_objects *objects = reader->objects;

	reader->visited = true;
	if (objects->visit(reader->next, type, head, message, objects->user, error))
		return true;
	reader->stopped = true;
	return false;
}

static bool visit_none(struct reader *reader, enum git_object_type type, GError **error)
{
	const struct git_text empty = { "", 0 };

	return visit(reader, type, empty, empty, error);
}

static bool garbled(struct reader *reader, GError **error)
{
	reader->stopped = true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "git cat-file: unexpected answer at object %" G_GSIZE_FORMAT,
		    reader->next);
	return false;
}

/* A whole title line: "<oid> <type> <size>" or "<oid> missing". */
static bool begin_object(struct reader *reader, char *title, GError **error)
{
	char *type = strchr(title, ' ');
	char *size = type ? strchr(type + 1, ' ') : NULL;
	guint64 n;

	if (!type || reader->next == reader->end)
		return garbled(reader, error);
	if (!size) {
		if (!visit_none(reader, GIT_OBJECT_NONE, error))
			return false;
		reader->next++;
		return true;
	}
	*size++ = '\0';
	if (!g_ascii_string_to_unsigned(size, 10, 0, G_MAXINT64, &n, NULL))
		return garbled(reader, error);
	reader->type = g_str_equal(type + 1, "commit") ? GIT_OBJECT_COMMIT
		       : g_str_equal(type + 1, "tag")  ? GIT_OBJECT_TAG
						       : GIT_OBJECT_OTHER;
	reader->inside = true;
	reader->visited = false;
	reader->left = n + 1;
	return reader->type != GIT_OBJECT_OTHER ||
	       visit_none(reader, reader->type, error);
}

/* Takes what it needs from data until the title is whole; *taken says how much. */
static bool take_title(struct reader *reader, const guint8 *data, gsize n, gsize *taken,
		       GError **error)
{
	const guint8 *end = memchr(data, '\n', n);
	gsize part = end ? (gsize)(end - data) : n;
	char title[TITLE_MAX + 1];

	*taken = part + (end ? 1 : 0);
	if (reader->part->len + part > TITLE_MAX)
		return garbled(reader, error);
	if (!end) {
		g_byte_array_append(reader->part, data, (guint)part);
		return true;
	}
	if (reader->part->len)
		memcpy(title, reader->part->data, reader->part->len);
	memcpy(title + reader->part->len, data, part);
	title[reader->part->len + part] = '\0';
	g_byte_array_set_size(reader->part, 0);
	return begin_object(reader, title, error);
}

/* Visits the object if its header section is whole (up to its blank line, or all of an
 * object without one) and as much of its message as is wanted. whole: there is no more to
 * come. */
static bool try_head(struct reader *reader, const guint8 *data, gsize n, bool whole,
		     GError **error)
{
	const guint8 *blank = memmem(data, n, "\n\n", 2);
	struct git_text head = { (const char *)data, n }, message = { "", 0 };

	if (!blank && n > HEAD_MAX)
		return visit_none(reader, GIT_OBJECT_NONE, error);
	if (blank) {
		head.n = (gsize)(blank - data) + 1;
		message.at = (const char *)blank + 2;
		message.n = MIN(n - head.n - 1, reader->objects->message_max);
	}
	if (!whole && (!blank || message.n < reader->objects->message_max))
		return true;
	return visit(reader, reader->type, head, message, error);
}

/* The same for a part of an object's content. */
static bool take_content(struct reader *reader, const guint8 *data, gsize n, gsize *taken,
			 GError **error)
{
	gsize part = (gsize)MIN((guint64)n, reader->left);
	bool whole = part == reader->left;
	gsize text = whole ? part - 1 : part; /* without the newline that git adds */

	*taken = part;
	reader->left -= part;
	if (!reader->visited && !reader->part->len) {
		/* Nearly always all of it is here already. */
		if (!try_head(reader, data, text, whole, error))
			return false;
		if (!reader->visited)
			g_byte_array_append(reader->part, data, (guint)text);
	} else if (!reader->visited) {
		g_byte_array_append(reader->part, data, (guint)text);
		if (!try_head(reader, reader->part->data, reader->part->len, whole,
			      error))
			return false;
	}
	if (reader->visited)
		g_byte_array_set_size(reader->part, 0);
	if (whole) {
		reader->inside = false;
		reader->next++;
	}
	return true;
}

static bool take_output(const guint8 *data, gsize n, void *user, GError **error)
{
	struct reader *reader = user;

	while (n) {
		gsize taken = 0;
		bool ok = reader->inside ? take_content(reader, data, n, &taken, error)
					 : take_title(reader, data, n, &taken, error);

		if (!ok)
			return false;
		data += taken;
		n -= taken;
	}
	return true;
}

/* One child for the objects from reader->next to reader->end. */
static bool run(struct reader *reader, struct mirror *mirror, GError **error)
{
	static const char *const args[] = { "cat-file", "--batch", "--buffer", NULL };
	g_autoptr(GString) names = g_string_new(NULL);
	struct git_call call = { .args = args, .output = take_output, .user = reader };
	char hex[2 * OID_BYTES + 1];
	struct oid oid;
	bool ok;

	for (gsize i = reader->next; i < reader->end; i++) {
		reader->objects->name(i, &oid, reader->objects->user);
		g_string_append(names, oid_format(&oid, hex));
		g_string_append_c(names, '\n');
	}
	call.stdin_fd = git_input(names->str, names->len, error);
	if (call.stdin_fd < 0)
		return false;
	reader->inside = false;
	g_byte_array_set_size(reader->part, 0);
	ok = git_run(mirror, &call, error);
	close(call.stdin_fd);
	if (ok && reader->next != reader->end)
		return garbled(reader, error);
	return ok;
}

bool git_objects_read(struct mirror *mirror, const struct git_objects *objects,
		      GError **error)
{
	g_autoptr(GByteArray) part = g_byte_array_new();
	struct reader reader = { .objects = objects, .part = part };
	guint n_culprits = 0;

	while (reader.next < objects->n) {
		g_autoptr(GError) failure = NULL;
		gsize start = reader.next;

		reader.end = MIN(objects->n, start + RUN_MAX);
		if (run(&reader, mirror, &failure))
			continue;
		if (reader.stopped || n_culprits == CULPRITS_MAX ||
		    !g_error_matches(failure, DORA_ERROR, DORA_ERROR_DATA)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return false;
		}
		/* A child that dies inside an object dies of it. One that dies between
		 * two may have taken finished output along; it died of the next only if
		 * a run that starts with it gets no further. */
		if (!reader.inside && reader.next != start)
			continue;
		n_culprits++;
		if (!(reader.inside && reader.visited) &&
		    !visit_none(&reader, GIT_OBJECT_NONE, error))
			return false;
		reader.next++;
	}
	return true;
}
