#include "metrics/cause.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* What explains an outage comes before what was learned from it. */
#define MAX_TEXT 16384
/* Together they fit where a cause is kept and looked at (4,000 bytes). */
#define MAX_REFERENCES 16
#define MAX_REFERENCE 200
/* Shorter ones name commits only where a cause is spoken of. */
#define CLEAR_SHA 12
/* Of MD5 and of UUIDs, which people are known by; git never abbreviates to it. */
#define UUID_DIGITS 32

/* As in metrics/reference.c: of bytes, and linear. */
#define WORD "A-Za-z0-9_./~+@-"
#define START "(?<![&#!" WORD "])"
#define END "(?![A-Za-z0-9_/~+@-]|[.#!:][A-Za-z0-9])"
#define PROJECT "[A-Za-z0-9_.-]++(?:/[A-Za-z0-9_.-]++)++"
/* Numbers with a sign or where a clause ends; versions, and words that are joined. */
#define NUMBER                                                                           \
	"(?|[ \\t:=]*+#([0-9]{1,20}+)"                                                   \
	"|[ \\t:=`]++([0-9]{1,20}+)(?=[ \\t`]*+(?:\\z|[\\r.,;:!?)\\]\"'])))"
#define NAME                                                                             \
	"[ \\t:=`\"']++(?|(v?[0-9]++(?:\\.[0-9]++)++(?:[-+.][A-Za-z0-9]++)*+)"           \
	"|((?=[A-Za-z_-]*+[0-9])[A-Za-z][A-Za-z0-9]*+(?:[-_][A-Za-z0-9]++)++))"
#define DEPLOYED "(?i:deployment|deploy|release)(?i:[ \\t]++id)?+"

/* Tokens of a line; see enum group. */
#define TOKEN                                                                            \
	"((?i:https?)://[A-Za-z0-9\\[][!#-&(-;=?-\\[\\]_a-z~]*+)"                        \
	"|" START "(" PROJECT ")([#!])([1-9][0-9]{0,9}+)(?![A-Za-z0-9_])"                \
	"|" START "(?i:[PM]R)?+([#!])([1-9][0-9]{0,9}+)(?![A-Za-z0-9_])"                 \
	"|" START "(?:" PROJECT "@)?+(?=[0-9]*+[A-Fa-f]|[0-9]{40})(?=[A-Fa-f]*+[0-9])"   \
	"([0-9A-Fa-f]{7,64}+)" END "|" START "(?|" DEPLOYED NUMBER END "|(?:" DEPLOYED   \
	"|(?i:version))" NAME END ")"                                                    \
	"|(?<![A-Za-z])(?i:(" AGAINST ")|(" CAUSE "))"                                   \
	"|([.;!?])(?=[ \\t])"

#define AGAINST                                                                          \
	"(?:hot|bug)?fix|resol|mitigat|remed|repair|restor|recover|work-?\\s?around"     \
	"|patch|clos[ei]|(?:revert(?:ed|s|ing)?|roll(?:ed|ing)?\\s?back)\\s(?:in|by|"    \
	"with|via|to)\\b|follow.?up|similar|relate|see also|duplicate|unlike|same as"    \
	"|compare|(?:last|known)[ -](?:known[ -])?good|not\\s(?:caused|due)|unrelated"   \
	"|e\\.g\\.|example|next step|to.?do\\b|action item"
#define CAUSE                                                                            \
	"caus|introduc|br(?:oke|eaks)|regress|culprit|bisect|since\\b|after\\b|due to"   \
	"|because|blame|trigger|suspect|bad\\b|faulty|revert|roll(?:ed|ing)?\\s?back"

enum group {
	URL = 1,
	CHANGE_PROJECT,
	CHANGE_SIGN,
	CHANGE_NUMBER,
	BARE_SIGN,
	BARE_NUMBER,
	SHA,
	DEPLOYMENT,
	WORD_AGAINST,
	WORD_CAUSE,
	SENTENCE_END,
};

/* In urls, none of which has a user or what follows the path. */
#define SITE "\\A(?i:https?)://[^/?#@]++/[^?#@]*?"
#define CHANGE_URL                                                                       \
	"(" SITE "/(?:pulls?|merge_requests|pull-requests|pullrequest)/"                 \
	"[1-9][0-9]{0,9}+)(?![^/?#])"
#define COMMIT_URL                                                                       \
	SITE "/commits?/((?=[A-Fa-f]*+[0-9])[0-9A-Fa-f]{7,64}+)(?![A-Za-z0-9_])"
#define DEPLOYMENT_URL                                                                   \
	SITE "/(?:releases/tag|-/releases|deployments)/"                                 \
	     "([A-Za-z0-9](?:[A-Za-z0-9]|[._+-](?=[A-Za-z0-9]))*+)"

#define COMMENT "<!--(?s:.*?)(?:-->|\\z)"
/* A heading of Markdown, or a line in bold. One that ends in a colon is one as well, but
 * stands below another if it says neither ("We found this:"). */
#define HEADING "\\A\\s*+(?:#{1,6}\\s|(?:\\*\\*|__).*(?:\\*\\*|__)\\s*\\z)"
#define LABEL ":[\\s*_]*\\z"

enum mark { NEUTRAL, FOR, AGAINST_IT };

/* A reference, or a word (text NULL) that says what the sentence speaks of. */
struct token {
	char *text;
	bool weak; /* counts only where a cause is spoken of */
	enum mark mark;
};

struct patterns {
	GRegex *token, *change_url, *commit_url, *deployment_url, *comment, *heading,
		*label;
};

struct reading {
	const struct patterns *patterns;
	const char *project;
	char sign;
	enum mark section;
	GArray *sentence;	   /* of struct token */
	GPtrArray *named, *marked; /* texts; marked: as causes */
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
		.change_url = compile(CHANGE_URL),
		.commit_url = compile(COMMIT_URL),
		.deployment_url = compile(DEPLOYMENT_URL),
		.comment = compile(COMMENT),
		.heading = compile(HEADING),
		.label = compile(LABEL),
	};
	return all;
}

static const struct patterns *patterns(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, compile_all, NULL);
}

/* ---- sentences ---- */

static void token_clear(void *data)
{
	g_free(((struct token *)data)->text);
}

/* Takes text. */
static void add(struct reading *reading, char *text, bool weak)
{
	struct token token = { text, weak, NEUTRAL };

	g_array_append_val(reading->sentence, token);
}

static void add_word(struct reading *reading, enum mark mark)
{
	struct token token = { NULL, false, mark };

	g_array_append_val(reading->sentence, token);
}

/* What the word before a place says; before the first, that word. */
static enum mark mark_at(const GArray *sentence, guint place)
{
	for (guint i = place; i > 0; i--)
		if (!g_array_index(sentence, struct token, i - 1).text)
			return g_array_index(sentence, struct token, i - 1).mark;
	for (guint i = place; i < sentence->len; i++)
		if (!g_array_index(sentence, struct token, i).text)
			return g_array_index(sentence, struct token, i).mark;
	return NEUTRAL;
}

static void keep(GPtrArray *list, const char *text)
{
	if (list->len < MAX_REFERENCES && strlen(text) <= MAX_REFERENCE &&
	    !g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_ptr_array_add(list, g_strdup(text));
}

static void end_sentence(struct reading *reading)
{
	GArray *sentence = reading->sentence;

	for (guint i = 0; i < sentence->len; i++) {
		const struct token *token = &g_array_index(sentence, struct token, i);
		enum mark mark = mark_at(sentence, i);

		if (!token->text)
			continue;
		if (mark == NEUTRAL)
			mark = reading->section;
		if (mark == FOR)
			keep(reading->marked, token->text);
		else if (mark == NEUTRAL && !token->weak)
			keep(reading->named, token->text);
	}
	g_array_set_size(sentence, 0);
}

/* ---- references ---- */

/* Of digits alone it would be any number. */
static char *deployment(const char *name)
{
	bool number = name[strspn(name, "0123456789")] == '\0';

	return g_strconcat(number ? "deployment #" : "", name, NULL);
}

static char *group_of(const GRegex *pattern, const char *text)
{
	g_autoptr(GMatchInfo) match = NULL;

	return g_regex_match(pattern, text, 0, &match) ? g_match_info_fetch(match, 1)
						       : NULL;
}

static void add_url(struct reading *reading, const char *url)
{
	g_autofree char *name = group_of(reading->patterns->deployment_url, url);
	char *change = group_of(reading->patterns->change_url, url);
	char *commit = group_of(reading->patterns->commit_url, url);

	if (change)
		add(reading, change, false);
	if (commit)
		add(reading, g_ascii_strdown(commit, -1), false);
	if (name)
		add(reading, deployment(name), false);
	g_free(commit);
}

static void add_change(struct reading *reading, const char *project, char sign,
		       const char *number, bool bare)
{
	if ((reading->sign == '!' || bare) && sign != reading->sign)
		return;
	if (project)
		add(reading, g_strdup_printf("%s%c%s", project, sign, number), bare);
}

static void add_sha(struct reading *reading, const char *digits)
{
	gsize n = strlen(digits);

	if (n != UUID_DIGITS)
		add(reading, g_ascii_strdown(digits, -1), n < CLEAR_SHA);
}

static void take(struct reading *reading, const GMatchInfo *match)
{
	char *groups[SENTENCE_END + 1] = { NULL };

	for (int i = URL; i <= SENTENCE_END; i++)
		groups[i] = g_match_info_fetch(match, i);
#define HAS(group) (groups[group] && *groups[group])
	if (HAS(URL))
		add_url(reading, groups[URL]);
	else if (HAS(CHANGE_PROJECT))
		add_change(reading, groups[CHANGE_PROJECT], *groups[CHANGE_SIGN],
			   groups[CHANGE_NUMBER], false);
	else if (HAS(BARE_SIGN))
		add_change(reading, reading->project, *groups[BARE_SIGN],
			   groups[BARE_NUMBER], true);
	else if (HAS(SHA))
		add_sha(reading, groups[SHA]);
	else if (HAS(DEPLOYMENT))
		add(reading, deployment(groups[DEPLOYMENT]), false);
	else if (HAS(WORD_AGAINST))
		add_word(reading, AGAINST_IT);
	else if (HAS(WORD_CAUSE))
		add_word(reading, FOR);
	else
		end_sentence(reading);
#undef HAS
	for (int i = URL; i <= SENTENCE_END; i++)
		g_free(groups[i]);
}

static void read_line(struct reading *reading, const char *line)
{
	g_autoptr(GMatchInfo) match = NULL;
	enum mark mark;

	g_regex_match(reading->patterns->token, line, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL))
		take(reading, match);
	mark = mark_at(reading->sentence, reading->sentence->len);
	if (g_regex_match(reading->patterns->heading, line, 0, NULL) ||
	    (mark != NEUTRAL && g_regex_match(reading->patterns->label, line, 0, NULL)))
		reading->section = mark;
	end_sentence(reading);
}

char *cause_in(const char *text, const char *project, char sign)
{
	g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) marked = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) sentence = g_array_new(FALSE, FALSE, sizeof(struct token));
	g_autofree char *start = text ? g_strndup(text, MAX_TEXT) : g_strdup("");
	g_autofree char *said = NULL;
	g_auto(GStrv) lines = NULL;
	GPtrArray *kept;
	struct reading reading = {
		.patterns = patterns(),
		.project = project,
		.sign = sign,
		.sentence = sentence,
		.named = named,
		.marked = marked,
	};

	g_array_set_clear_func(sentence, token_clear);
	said = g_regex_replace_literal(reading.patterns->comment, start, -1, 0, " ", 0,
				       NULL);
	lines = g_strsplit(said ? said : "", "\n", -1);
	for (char **line = lines; *line; line++)
		read_line(&reading, *line);
	kept = marked->len > 0 ? marked : named;
	if (kept->len == 0)
		return NULL;
	g_ptr_array_add(kept, NULL);
	return g_strjoinv(" ", (char **)kept->pdata);
}
