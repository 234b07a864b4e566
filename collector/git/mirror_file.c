#include <unistd.h>

#include "base/error.h"
#include "collector/git/git_child.h"

/* What "<oid> blob <size>" and newlines add to the content. */
#define TITLE_MAX 160

static bool garbled(GError **error)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "git cat-file: unexpected answer");
	return false;
}

/* Takes apart "<oid> blob <size>\n<content>\n" or "<what was asked for> missing\n".
 * False with *missing set for the latter, and for a directory. */
static bool parse_answer(GBytes *answer, gsize n_asked, gsize *start, gsize *n,
			 bool *missing, GError **error)
{
	static const char absent[] = " missing\n";
	gsize n_answer;
	const char *text = g_bytes_get_data(answer, &n_answer);
	const char *end = n_answer ? memchr(text, '\n', n_answer) : NULL;
	g_auto(GStrv) words = NULL;
	g_autofree char *title = NULL;
	struct oid oid;
	guint64 size;

	if (n_answer == n_asked + strlen(absent) &&
	    memcmp(text + n_asked, absent, strlen(absent)) == 0) {
		*missing = true;
		return false;
	}
	if (!end)
		return garbled(error);
	title = g_strndup(text, (gsize)(end - text));
	words = g_strsplit(title, " ", 4);
	if (g_strv_length(words) != 3 || !oid_parse(words[0], strlen(words[0]), &oid) ||
	    !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXSIZE / 2, &size, NULL))
		return garbled(error);
	if (!g_str_equal(words[1], "blob")) {
		*missing = true;
		return false;
	}
	*start = strlen(title) + 1;
	*n = size;
	return *start + size + 1 == n_answer || garbled(error);
}

GBytes *mirror_read_file(struct mirror *mirror, const struct oid *commit,
			 const char *path, gsize max, bool *missing, GError **error)
{
	/* Asked for by standard input, where the answer to "no such file" is no failure;
	 * by NUL-terminated lines, so that any path can be asked for. */
	static const char *const args[] = { "cat-file", "--batch", "-z", NULL };
	char hex[2 * OID_BYTES + 1];
	g_autofree char *asked = g_strconcat(oid_format(commit, hex), ":", path, NULL);
	gsize n_asked = strlen(asked), start = 0, n = 0;
	struct git_call call = { .args = args, .remote = true };
	g_autoptr(GBytes) answer = NULL;

	*missing = false;
	call.stdin_fd = git_input(asked, n_asked + 1, error);
	if (call.stdin_fd < 0)
		return NULL;
	answer = git_output(mirror, &call, max + n_asked + TITLE_MAX, error);
	close(call.stdin_fd);
	if (!answer || !parse_answer(answer, n_asked, &start, &n, missing, error)) {
		g_prefix_error(error, "file %s: ", path);
		return NULL;
	}
	if (n > max) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "file %s: longer than %" G_GSIZE_FORMAT " bytes", path, max);
		return NULL;
	}
	return g_bytes_new_from_bytes(answer, start, n);
}
