#pragma once

/*
 * The header section of commits and tags, read as git reads it: whatever stands there was
 * written by strangers, so every length is checked, nothing is assumed to be text, and
 * what makes no sense is "not there".
 */
#include "collector/git/mirror.h"

/* A piece of an object's header section; not NUL-terminated. */
struct git_text {
	const char *at;
	gsize n;
};

/* Cuts the first line off text. False at its end. A line ends at a newline or with the
 * text, and what follows a NUL byte is not part of it, as git has it. */
bool git_text_line(struct git_text *text, struct git_text *line);

/* The value of the first line "key value" of a header section (lines before the first
 * blank one). False, *value untouched, if there is none. */
bool git_header_find(struct git_text head, const char *key, struct git_text *value);

/* The time of a "name <mail> seconds zone" line: the digits after the last '>', the zone
 * is of no concern. INSTANT_NONE if there are none, they are negative, or no instant can
 * hold them. */
gint64 git_ident_time(struct git_text ident);

/* The e-mail address of such a line: between the first '<' and the next '>', where git
 * sees it too. False, *mail untouched, if there is none. */
bool git_ident_mail(struct git_text ident, struct git_text *mail);

/* A commit's parents (those directly after its tree, where git looks for them) and both
 * times; pos and author are left alone. False if it does not begin as a commit does;
 * *commit then is undefined. *author is its author line, n 0 if it has none. */
bool git_commit_parse(struct git_text head, struct mirror_commit *commit,
		      struct git_text *author);
