#pragma once

/*
 * What a text that people or tools wrote ("caused by deploy 4711, acme/shop#42, commit
 * 9fceb02") may refer to. Pure text; who looks the candidates up decides what they are.
 */
#include <glib.h>

enum reference_kind {
	REFERENCE_WHOLE,  /* the text itself, blanks at its ends taken off */
	REFERENCE_URL,	  /* a http(s) url in it, without what ends a sentence */
	REFERENCE_SHA,	  /* 7 to 64 hexadecimal digits that stand alone and have a digit
			     and, below 40, a letter; lower case */
	REFERENCE_CHANGE, /* "#42" or "!42", text is "42", project NULL; or with a project
			     before it: acme/shop#42; or a url that ends so: …/pull/42,
			     …/pulls/42, …/merge_requests/42, …/pull-requests/42,
			     …/pullrequest/42, project from the url's path */
	REFERENCE_WORD,	  /* another word of at least 3 bytes with a digit in it */
	REFERENCE_DEPLOYMENT, /* the number right behind the word deploy, deployment or
				 release, with a # or at the end of its clause:
				 "Deployment #4711", "since release 7." */
};

struct reference {
	enum reference_kind kind;
	char *text;
	char *project; /* REFERENCE_CHANGE: NULL if it names none */
};

/* Array of struct reference, the whole first, then deployments, then the others in order
 * of appearance, each once, at most 64; empty for NULL and blanks. Of a text longer than
 * 4,000 bytes its beginning is all that is looked at; bytes that are not UTF-8 come out
 * as U+FFFD. Takes time in proportion to the text. The caller unrefs. */
GArray *references_find(const char *text);
