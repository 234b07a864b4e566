#include "collector/git/git_error.h"

#include <string.h>

#define MAX_WORDS 500
#define MAX_LINES 3

/* First match wins, so what is certain stands before what is general: a refused key also
 * ends in "Could not read from remote repository". */
static const struct {
	const char *words;
	enum dora_error code;
} meanings[] = {
	{ "No space left on device", DORA_ERROR_RETRY },
	{ "Disk quota exceeded", DORA_ERROR_RETRY },
	{ "File too large", DORA_ERROR_RETRY },
	{ "Out of memory", DORA_ERROR_RETRY },
	{ "Too many open files", DORA_ERROR_RETRY },
	{ "Read-only file system", DORA_ERROR_CONFIG },

	{ "Host key verification failed", DORA_ERROR_DENIED },
	{ "REMOTE HOST IDENTIFICATION HAS CHANGED", DORA_ERROR_DENIED },
	{ "Permission denied (", DORA_ERROR_DENIED },
	{ "Too many authentication failures", DORA_ERROR_DENIED },
	{ "Authentication failed", DORA_ERROR_DENIED },
	{ "could not read Username", DORA_ERROR_DENIED },
	{ "could not read Password", DORA_ERROR_DENIED },
	{ "The requested URL returned error: 401", DORA_ERROR_DENIED },
	{ "The requested URL returned error: 403", DORA_ERROR_DENIED },
	{ "SSL certificate problem", DORA_ERROR_DENIED },
	{ "server certificate verification failed", DORA_ERROR_DENIED },
	{ "no alternative certificate subject name", DORA_ERROR_DENIED },
	{ "does not match target host name", DORA_ERROR_DENIED },
	{ "error setting certificate", DORA_ERROR_CONFIG },
	{ "Problem with the SSL CA cert", DORA_ERROR_CONFIG },

	{ "The requested URL returned error: 404", DORA_ERROR_CONFIG },
	{ "The requested URL returned error: 410", DORA_ERROR_CONFIG },
	{ "The requested URL returned error: 3", DORA_ERROR_CONFIG },
	{ "unable to update url base from redirection", DORA_ERROR_CONFIG },
	{ "does not appear to be a git repository", DORA_ERROR_CONFIG },
	{ "Repository not found", DORA_ERROR_CONFIG },
	{ "' not found", DORA_ERROR_CONFIG },
	{ "Could not resolve host", DORA_ERROR_RETRY },
	{ "Could not resolve hostname", DORA_ERROR_RETRY },
	{ "The requested URL returned error: ", DORA_ERROR_RETRY },
	{ "repository not found", DORA_ERROR_CONFIG },
	{ "not valid: is this a git repository?", DORA_ERROR_CONFIG },
	{ "transport '", DORA_ERROR_CONFIG },
	{ "cannot run ssh", DORA_ERROR_CONFIG },
	{ "remote-https' is not a git command", DORA_ERROR_CONFIG },
	{ "git: '", DORA_ERROR_CONFIG },
};

/* In a remote call only: words that put the blame on the mirror rather than the way to
 * the remote. */
static const char *const damage[] = {
	"not a git repository",
	"is corrupt",
	"bad object",
	"bad tree object",
	"unable to read tree",
	"object file",
	"packfile",
	"pack has bad object",
	"bad signature",
	"bad pack header",
	"index file",
	"bad config line",
	"bad ref",
	"unable to parse object",
	"unexpected line in",
	"unterminated line in",
	"bad shallow line",
	"packed-refs",
	"cannot lock ref",
	"commit-graph",
	"invalid parent position",
	"invalid commit position",
	"Not a valid object",
	"did not send all necessary objects",
	"remote did not send",
	"unresolved deltas",
	"missing blob",
	"missing necessary objects",
	"invalid index-pack output",
	"mismatched algorithms",
	"mismatched object format",
	"shallow file has changed",
};

/* A connection that broke in the middle also gives words of the second table. */
static const char *const broken_connection[] = {
	"early EOF",	      "the remote end hung up", "unexpected disconnect",
	"RPC failed",	      "Connection reset",	"Connection timed out",
	"Connection refused", "Operation too slow",	"Broken pipe",
};

/* What the other side says of itself. */
static char *without_remote(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) own = g_string_new(NULL);

	for (char **line = lines; *line; line++)
		if (!g_str_has_prefix(*line, "remote: ") &&
		    !strstr(*line, "remote error: "))
			g_string_append_printf(own, "%s\n", *line);
	return g_string_free(g_steal_pointer(&own), FALSE);
}

static bool has_any(const char *text, const char *const *words, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

enum dora_error git_error_code(const char *text, bool remote)
{
	for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++)
		if (strstr(text, meanings[i].words))
			return meanings[i].code;
	if (!remote)
		return DORA_ERROR_DATA;
	if (has_any(text, broken_connection, G_N_ELEMENTS(broken_connection)))
		return DORA_ERROR_RETRY;
	g_autofree char *own = without_remote(text);
	return has_any(own, damage, G_N_ELEMENTS(damage)) ? DORA_ERROR_DATA
							  : DORA_ERROR_RETRY;
}

/* Lines that explain nothing. */
static bool is_noise(const char *line)
{
	static const char *const noise[] = {
		"hint:",
		"remote: Enumerating",
		"remote: Counting",
		"remote: Compressing",
		"remote: Total",
		"Receiving objects",
		"Resolving deltas",
		"Unpacking",
		"warning:",
		"From ",
		"Please make sure you have the correct access",
		"and the repository exists.",
		"@@@@",
		"* [",
		"+ ",
		"- [",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(noise); i++)
		if (g_str_has_prefix(line, noise[i]))
			return true;
	/* GIT_TRACE: a time, a place, words; of the other side too, if that is a child */
	return line[0] == '\0' ||
	       g_regex_match_simple("^(remote: )?[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6} ",
				    line, 0, 0);
}

static const char *without_level(const char *line)
{
	static const char *const levels[] = { "fatal: ", "error: " };

	for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
		if (g_str_has_prefix(line, levels[i]))
			return line + strlen(levels[i]);
	return line;
}

char *git_error_words(const char *text, const char *const *secrets)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GPtrArray) said = g_ptr_array_new();
	g_autoptr(GString) words = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		g_strstrip(*line);
		if (!is_noise(*line))
			g_ptr_array_add(said, *line);
	}
	for (guint i = said->len > MAX_LINES ? said->len - MAX_LINES : 0; i < said->len;
	     i++)
		g_string_append_printf(words, "%s%s", words->len ? "; " : "",
				       without_level(said->pdata[i]));
	for (; *secrets; secrets++)
		if (**secrets)
			g_string_replace(words, *secrets, "***", 0);
	if (words->len > MAX_WORDS)
		g_string_truncate(words, MAX_WORDS);
	return g_utf8_make_valid(words->str, -1);
}
