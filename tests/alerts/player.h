#pragma once

/*
 * What the players of tests/alerts read: words on standard input, apart by white space. A
 * player makes nothing up: which cases there are, and what should come of them, is
 * compare.py's.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

/* False at the end. */
static inline bool word(char text[WORD_MAX])
{
	return scanf("%63s", text) == 1;
}

/* The next word; the end of the input or what is no such number ends the program. */
static inline const char *must_word(char text[WORD_MAX])
{
	if (word(text))
		return text;
	fprintf(stderr, "player: a word is missing\n");
	exit(1);
}

static inline void must_end(const char *text, const char *end)
{
	if (end != text && *end == '\0')
		return;
	fprintf(stderr, "player: %s: not understood\n", text);
	exit(1);
}

/* none is what "-" stands for. */
static inline gint64 whole(gint64 none)
{
	char text[WORD_MAX], *end = NULL;
	gint64 value = 0;

	if (strcmp(must_word(text), "-") == 0)
		return none;
	value = g_ascii_strtoll(text, &end, 10);
	must_end(text, end);
	return value;
}

static inline gint32 whole_day(gint32 none)
{
	return (gint32)whole(none);
}

static inline double real(void)
{
	char text[WORD_MAX], *end = NULL;
	double value = g_ascii_strtod(must_word(text), &end);

	must_end(text, end);
	return value;
}
