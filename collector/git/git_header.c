#include "collector/git/git_header.h"

#include "base/instant.h"

bool git_text_line(struct git_text *text, struct git_text *line)
{
	const char *end;

	if (!text->n)
		return false;
	end = memchr(text->at, '\n', text->n);
	line->at = text->at;
	line->n = end ? (gsize)(end - text->at) : text->n;
	text->at += line->n + (end ? 1 : 0);
	text->n -= line->n + (end ? 1 : 0);
	line->n = strnlen(line->at, line->n);
	return true;
}

static bool line_value(struct git_text line, const char *key, struct git_text *value)
{
	gsize n = strlen(key);

	if (line.n <= n || memcmp(line.at, key, n) != 0 || line.at[n] != ' ')
		return false;
	value->at = line.at + n + 1;
	value->n = line.n - n - 1;
	return true;
}

bool git_header_find(struct git_text head, const char *key, struct git_text *value)
{
	struct git_text line;

	while (git_text_line(&head, &line) && line.n)
		if (line_value(line, key, value))
			return true;
	return false;
}

gint64 git_ident_time(struct git_text ident)
{
	const char *last = ident.n ? memrchr(ident.at, '>', ident.n) : NULL;
	const char *end;
	gint64 seconds = 0;

	if (!last)
		return INSTANT_NONE;
	end = ident.at + ident.n;
	last++;
	while (last < end && g_ascii_isspace(*last))
		last++;
	if (last == end || !g_ascii_isdigit(*last))
		return INSTANT_NONE;
	for (; last < end && g_ascii_isdigit(*last); last++) {
		if (seconds > (G_MAXINT64 - 9) / 10)
			return INSTANT_NONE;
		seconds = seconds * 10 + (*last - '0');
	}
	return instant_from_seconds(seconds);
}

bool git_ident_mail(struct git_text ident, struct git_text *mail)
{
	const char *open = ident.n ? memchr(ident.at, '<', ident.n) : NULL;
	const char *close;

	if (!open)
		return false;
	open++;
	close = memchr(open, '>', (gsize)(ident.at + ident.n - open));
	if (!close)
		return false;
	mail->at = open;
	mail->n = (gsize)(close - open);
	return true;
}

bool git_commit_parse(struct git_text head, struct mirror_commit *commit,
		      struct git_text *author)
{
	struct git_text line, value, committer = { 0 };
	struct oid oid;

	commit->n_parents = 0;
	*author = (struct git_text){ 0 };
	if (!git_text_line(&head, &line) || !line_value(line, "tree", &value) ||
	    !oid_parse(value.at, value.n, &oid))
		return false;
	while (git_text_line(&head, &line) && line_value(line, "parent", &value)) {
		if (!oid_parse(value.at, value.n, &oid))
			return false;
		if (commit->n_parents < G_N_ELEMENTS(commit->parents))
			commit->parents[commit->n_parents] = oid;
		commit->n_parents++;
	}
	do {
		if (!author->n)
			line_value(line, "author", author);
		if (!committer.n)
			line_value(line, "committer", &committer);
	} while ((!author->n || !committer.n) && git_text_line(&head, &line) && line.n);
	commit->times = (struct commit_times){ .authored = git_ident_time(*author),
					       .committed = git_ident_time(committer) };
	return true;
}
