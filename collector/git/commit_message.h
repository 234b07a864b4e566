#pragma once

/*
 * What the message of a commit says, as git and its users write it. A message comes from
 * strangers, in any encoding, and may have been cut: nothing here fails, what makes no
 * sense is not there.
 */
#include "collector/git/git_header.h"

/* Of a subject or trailer that is kept. */
#define MESSAGE_TEXT_MAX 200

/* The subject: the lines of the first paragraph as one, at most MESSAGE_TEXT_MAX bytes of
 * UTF-8 without control characters, an e-mail address in it replaced by "…". "" if there
 * is none. The caller frees. */
char *message_subject(struct git_text message);
/* Whether the subject begins with a text. */
bool message_begins(struct git_text message, const char *text);

enum message_sha {
	MESSAGE_REVERTS, /* "This reverts commit SHA.", "This reverts commits A, B and C"
			  */
	MESSAGE_PICKED,	 /* "(cherry picked from commit SHA)" */
};
/* Calls found for each sha that such a line names, 7 to 64 lower-case hexadecimal
 * digits. */
void message_shas(struct git_text message,
		  void (*found)(enum message_sha kind, const char *hex, void *user),
		  void *user);

/* Calls found for each trailer, "Name: value" in a last paragraph that is not the
 * subject's, that is one line, is not empty and has no "@", which would be somebody's
 * address; lines that carry it on are left out. value: as message_subject(). name is
 * borrowed from the message. */
void message_trailers(struct git_text message,
		      void (*found)(struct git_text name, const char *value, void *user),
		      void *user);
