#include "metrics/reference.h"

#include <stdbool.h>
#include <string.h>

/* What an incident's title or cause is at most worth reading. */
#define MAX_TEXT 4000
#define MAX_REFERENCES 64
/* Below it seven digits may be a build as well; git writes no shorter full id. */
#define FULL_SHA 40
#define MIN_WORD 3

/* All patterns are of bytes, so that what is not ASCII stands between words. No
 * repetition can give back what it took where that could match again, so that reading
 * takes time in proportion to the text. */
#define WORD "A-Za-z0-9_./~+@-"

/* Groups: 1 a url; 2 a project and 3 the number of a change; else a word. */
#define TOKEN                                                                            \
	"((?i:https?)://[A-Za-z0-9\\[][!#-&(-;=?-\\[\\]_a-z~]*+)"                        \
	"|(?<![&" WORD "])([" WORD "]*+)[#!]([1-9][0-9]{0,9}+)(?![A-Za-z0-9_])"          \
	"|[" WORD "]++"

#define SHA "(?<![A-Za-z0-9_])[0-9A-Fa-f]{7,64}+(?![A-Za-z0-9_])"
#define WHOLE_SHA "\\A[0-9A-Fa-f]{7,64}+\\z"

/* 1: the number, with a sign or where the clause ends: of "release 12 hours ago" it is
 * none, nor of "release 1.2". */
#define DEPLOYMENT                                                                       \
	"(?i)(?<![" WORD "])(?:deploy(?:ment)?|release)(?|\\s*+#([0-9]{1,20}+)"          \
	"|\\s++([0-9]{1,20}+)(?=[ \\t]*+(?:\\z|[\\r\\n.,;:!?)\\]\"'])))"                 \
	"(?![A-Za-z0-9_]|[#!" WORD "][A-Za-z0-9])"

/* 1: the project, as the paths of GitHub, GitLab, Gitea and their APIs have it; 2: the
 * number. */
#define CHANGE_URL                                                                       \
	"\\A[^:]++://[^/?#]++/(?:api/v[0-9]/)?+(?:repos/(?=[^/]++/[^/]++/pulls/))?+"     \
	"([^?#]+?)(?:/-)?+/(?:pulls?|merge_requests|pull-requests|pullrequest)/"         \
	"([1-9][0-9]{0,9}+)(?![^/?#])"

/* Bitbucket Data Center and Azure DevOps put words into the project's path. */
#define WORDY_PATH "\\A(?|projects/([^/]++)/repos|(.+)/_git)/([^/]++)\\z"

struct patterns {
	GRegex *token, *sha, *whole_sha, *change_url, *wordy_path, *deployment;
};

struct search {
	const struct patterns *patterns;
	GArray *found;
};

static GRegex *compile(const char *pattern)
{
	return g_regex_new(pattern, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
}

static void *compile_all(void *unused)
{
	struct patterns *all = g_new(struct patterns, 1);

	(void)unused;
	*all = (struct patterns){
		.token = compile(TOKEN),
		.sha = compile(SHA),
		.whole_sha = compile(WHOLE_SHA),
		.change_url = compile(CHANGE_URL),
		.wordy_path = compile(WORDY_PATH),
		.deployment = compile(DEPLOYMENT),
	};
	return all;
}

/* Compiled once, for as long as the program runs: it costs more than to read a title. */
static const struct patterns *patterns(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, compile_all, NULL);
}

static void reference_clear(void *data)
{
	struct reference *reference = data;

	g_free(reference->text);
	g_free(reference->project);
}

/* Takes text and project. */
static void add(GArray *found, enum reference_kind kind, char *text, char *project)
{
	struct reference reference = { kind, text, project };
	bool known = found->len >= MAX_REFERENCES;

	for (guint i = 0; !known && i < found->len; i++) {
		const struct reference *other = &g_array_index(found, struct reference,
							       i);

		known = other->kind == kind && strcmp(other->text, text) == 0 &&
			g_strcmp0(other->project, project) == 0;
	}
	if (known)
		reference_clear(&reference);
	else
		g_array_append_val(found, reference);
}

/* ---- changes ---- */

/* "PR#42" is a change of no project; a list or an ellipsis before one is not its. */
static char *project_of(const char *text)
{
	text += strspn(text, "./-");
	if (*text == '\0' || g_ascii_strcasecmp(text, "PR") == 0 ||
	    g_ascii_strcasecmp(text, "MR") == 0)
		return NULL;
	return g_strdup(text);
}

static void add_change_of_url(struct search *search, const char *url)
{
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *path = NULL;

	if (!g_regex_match(search->patterns->change_url, url, 0, &match))
		return;
	path = g_match_info_fetch(match, 1);
	add(search->found, REFERENCE_CHANGE, g_match_info_fetch(match, 2),
	    g_regex_replace(search->patterns->wordy_path, path, -1, 0, "\\1/\\2", 0,
			    NULL));
}

/* ---- urls ---- */

/* How much of a url is left without what ends a sentence or closes a bracket that was
 * opened before it. */
static gsize url_length(const char *url)
{
	gsize n = strlen(url);
	gssize round = 0, square = 0; /* how many more are opened than closed */

	for (gsize i = 0; i < n; i++) {
		round += (url[i] == '(') - (url[i] == ')');
		square += (url[i] == '[') - (url[i] == ']');
	}
	for (; n > 0; n--) {
		char last = url[n - 1];

		if (last == ')' && round < 0)
			round++;
		else if (last == ']' && square < 0)
			square++;
		else if (!strchr(".,;:!?*", last))
			break;
	}
	return n;
}

static void add_url(struct search *search, char *url)
{
	url[url_length(url)] = '\0';
	add(search->found, REFERENCE_URL, g_strdup(url), NULL);
	add_change_of_url(search, url);
	g_free(url);
}

/* ---- words ---- */

static bool has(const char *text, gboolean (*wanted)(char))
{
	for (; *text; text++)
		if (wanted(*text))
			return true;
	return false;
}

static gboolean is_digit(char c)
{
	return g_ascii_isdigit(c);
}

static gboolean is_letter(char c)
{
	return g_ascii_isalpha(c);
}

static bool is_sha(const char *digits)
{
	return has(digits, is_digit) &&
	       (strlen(digits) >= FULL_SHA || has(digits, is_letter));
}

static void add_word(struct search *search, const char *word)
{
	const char *end = word + strlen(word);
	g_autofree char *trimmed = NULL;

	while (end > word && !g_ascii_isalnum(end[-1]))
		end--;
	while (word < end && !g_ascii_isalnum(*word))
		word++;
	if (end - word < MIN_WORD)
		return;
	trimmed = g_strndup(word, (gsize)(end - word));
	if (!has(trimmed, is_digit))
		return;
	if (!g_regex_match(search->patterns->whole_sha, trimmed, 0, NULL) ||
	    !is_sha(trimmed))
		add(search->found, REFERENCE_WORD, g_steal_pointer(&trimmed), NULL);
}

/* Wherever they stand: a url of a commit names it as well. */
static void add_shas(struct search *search, const char *token)
{
	g_autoptr(GMatchInfo) match = NULL;

	g_regex_match(search->patterns->sha, token, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *digits = g_match_info_fetch(match, 0);

		if (is_sha(digits))
			add(search->found, REFERENCE_SHA, g_ascii_strdown(digits, -1),
			    NULL);
	}
}

static void add_deployments(struct search *search, const char *whole)
{
	g_autoptr(GMatchInfo) match = NULL;

	g_regex_match(search->patterns->deployment, whole, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL))
		add(search->found, REFERENCE_DEPLOYMENT, g_match_info_fetch(match, 1),
		    NULL);
}

static void add_token(struct search *search, const GMatchInfo *match)
{
	g_autofree char *token = g_match_info_fetch(match, 0);
	g_autofree char *url = g_match_info_fetch(match, 1);
	g_autofree char *project = g_match_info_fetch(match, 2);
	g_autofree char *number = g_match_info_fetch(match, 3);

	if (number && *number)
		add(search->found, REFERENCE_CHANGE, g_steal_pointer(&number),
		    project_of(project));
	else if (url && *url)
		add_url(search, g_steal_pointer(&url));
	else
		add_word(search, token);
	add_shas(search, token);
}

/* The beginning of a text that is looked at, valid, without blanks at its ends. */
static char *readable(const char *text)
{
	gsize n = strnlen(text, MAX_TEXT + 1);

	if (n > MAX_TEXT)
		for (n = MAX_TEXT; n > 0 && ((guchar)text[n] & 0xc0) == 0x80;)
			n--;
	return g_strstrip(g_utf8_make_valid(text, (gssize)n));
}

GArray *references_find(const char *text)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct reference));
	g_autofree char *whole = readable(text ? text : "");
	g_autoptr(GMatchInfo) match = NULL;
	struct search search = { .found = found };

	g_array_set_clear_func(found, reference_clear);
	if (*whole == '\0')
		return found;
	search.patterns = patterns();
	add(found, REFERENCE_WHOLE, g_strdup(whole), NULL);
	add_deployments(&search, whole);
	g_regex_match(search.patterns->token, whole, 0, &match);
	for (; g_match_info_matches(match) && found->len < MAX_REFERENCES;
	     g_match_info_next(match, NULL))
		add_token(&search, match);
	return found;
}
