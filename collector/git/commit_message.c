#include "collector/git/commit_message.h"

/* Names of objects, in full or not; shorter ones name anything. */
#define HEX_MIN 7
#define HEX_MAX 64

static struct git_text trim(struct git_text text)
{
	while (text.n && g_ascii_isspace(text.at[0])) {
		text.at++;
		text.n--;
	}
	while (text.n && g_ascii_isspace(text.at[text.n - 1]))
		text.n--;
	return text;
}

/* ---- text to keep ---- */

static bool in_address(char c, const char *more)
{
	return g_ascii_isalnum(c) || (c && strchr(more, c));
}

/* "user@host.tld" becomes "…"; "@scope/package" and "action@v4.1" stay. */
static void hide_addresses(GString *text)
{
	const char *at;
	gsize from = 0;

	while ((at = strchr(text->str + from, '@'))) {
		gsize start = (gsize)(at - text->str), end = start + 1;
		gsize dot = 0;

		from = end;
		while (start > 0 && in_address(text->str[start - 1], "._%+-"))
			start--;
		for (; in_address(text->str[end], ".-"); end++)
			if (text->str[end] == '.' && g_ascii_isalpha(text->str[end + 1]))
				dot = end;
		if (text->str + start == at || !dot)
			continue;
		g_string_erase(text, (gssize)start, (gssize)(end - start));
		g_string_insert(text, (gssize)start, "…");
		from = start;
	}
}

/* Takes text. */
static char *kept(GString *text)
{
	g_autofree char *valid = NULL;

	for (gsize i = 0; i < text->len; i++)
		if (g_ascii_iscntrl(text->str[i]))
			text->str[i] = ' ';
	hide_addresses(text);
	valid = g_utf8_make_valid(text->str, (gssize)text->len);
	g_string_free(text, TRUE);
	if (strlen(valid) > MESSAGE_TEXT_MAX)
		*g_utf8_find_prev_char(valid, valid + MESSAGE_TEXT_MAX + 1) = '\0';
	return g_steal_pointer(&valid);
}

char *message_subject(struct git_text message)
{
	/* More than is kept, so that a character that is cut is not of it. */
	const gsize enough = 2 * MESSAGE_TEXT_MAX;
	GString *subject = g_string_new(NULL);
	struct git_text line;

	while (subject->len < enough && git_text_line(&message, &line)) {
		line = trim(line);
		if (!line.n && subject->len)
			break;
		if (!line.n)
			continue;
		if (subject->len)
			g_string_append_c(subject, ' ');
		g_string_append_len(subject, line.at, (gssize)MIN(line.n, enough));
	}
	return kept(subject);
}

bool message_begins(struct git_text message, const char *text)
{
	gsize n = strlen(text);

	message = trim(message);
	return message.n >= n && memcmp(message.at, text, n) == 0;
}

/* ---- what it names ---- */

/* A sha at the beginning of text, which is cut off; hex holds HEX_MAX + 1 bytes. */
static bool take_sha(struct git_text *text, char *hex)
{
	gsize n = 0;

	for (; n < text->n && n < HEX_MAX && g_ascii_isxdigit(text->at[n]); n++)
		hex[n] = g_ascii_tolower(text->at[n]);
	if (n < HEX_MIN || (n < text->n && g_ascii_isalnum(text->at[n])))
		return false;
	hex[n] = '\0';
	text->at += n;
	text->n -= n;
	return true;
}

static bool cut_word(struct git_text *text, const char *word)
{
	gsize n = strlen(word);

	if (text->n < n || memcmp(text->at, word, n) != 0)
		return false;
	text->at += n;
	text->n -= n;
	return true;
}

static void skip(struct git_text *text, const char *bytes)
{
	while (text->n && text->at[0] && strchr(bytes, text->at[0])) {
		text->at++;
		text->n--;
	}
}

struct phrase {
	const char *words;
	enum message_sha kind;
	bool several;
};

static const struct phrase phrases[] = {
	{ "This reverts commit", MESSAGE_REVERTS, true },
	{ "(cherry picked from commit", MESSAGE_PICKED, false },
};

/* What follows the words: git writes a space, editors break the line there. */
static void take_shas(const struct phrase *phrase, struct git_text text,
		      void (*found)(enum message_sha kind, const char *hex, void *user),
		      void *user)
{
	bool several = phrase->several && cut_word(&text, "s");
	char hex[HEX_MAX + 1];

	skip(&text, " \t\r\n");
	while (take_sha(&text, hex)) {
		if (several && cut_word(&text, "..")) /* whoever knows what that is */
			return;
		found(phrase->kind, hex, user);
		if (!several)
			return;
		skip(&text, " \t\r\n,&");
		if (cut_word(&text, "and"))
			skip(&text, " \t\r\n");
	}
}

void message_shas(struct git_text message,
		  void (*found)(enum message_sha kind, const char *hex, void *user),
		  void *user)
{
	const char *end;

	message.n = strnlen(message.at, message.n);
	end = message.at + message.n;
	for (gsize i = 0; i < G_N_ELEMENTS(phrases); i++) {
		gsize n = strlen(phrases[i].words);
		const char *at = message.at;

		while ((at = memmem(at, (gsize)(end - at), phrases[i].words, n))) {
			const char *start = at;

			at += n;
			if (start == message.at || start[-1] == '\n')
				take_shas(&phrases[i],
					  (struct git_text){ at, (gsize)(end - at) },
					  found, user);
		}
	}
}

/* ---- trailers ---- */

/* The last paragraph, if it is not the first; n 0. */
static struct git_text last_paragraph(struct git_text message)
{
	struct git_text last = { "", 0 }, line;
	bool first = true, inside = false;

	message.n = strnlen(message.at, message.n);
	message = trim(message);
	while (git_text_line(&message, &line)) {
		if (!trim(line).n) {
			first = inside = false;
			continue;
		}
		if (!inside)
			last.at = line.at;
		inside = true;
		last.n = (gsize)(line.at + line.n - last.at);
	}
	return first ? (struct git_text){ "", 0 } : last;
}

void message_trailers(struct git_text message,
		      void (*found)(struct git_text name, const char *value, void *user),
		      void *user)
{
	struct git_text rest = last_paragraph(message), line;

	while (git_text_line(&rest, &line)) {
		const char *colon = memchr(line.at, ':', line.n);
		struct git_text name, value;
		g_autofree char *text = NULL;

		if (!colon)
			continue;
		name = (struct git_text){ line.at, (gsize)(colon - line.at) };
		value = trim((struct git_text){ colon + 1,
						line.n - (gsize)(colon + 1 - line.at) });
		while (name.n && (name.at[name.n - 1] == ' '))
			name.n--;
		if (!name.n || g_ascii_isspace(name.at[0]) || !value.n ||
		    memchr(value.at, '@', value.n))
			continue;
		text = kept(g_string_new_len(value.at,
					     (gssize)MIN(value.n, 2 * MESSAGE_TEXT_MAX)));
		found(name, text, user);
	}
}
