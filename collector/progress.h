#pragma once

/*
 * Progress of long work, for whoever watches: a bar on a terminal, a line now and then in
 * a journal. Used by the loop alone.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

struct progress;

/* terminal: draw bars on out, `columns` wide. Otherwise out is not used. */
struct progress *progress_new(bool terminal, FILE *out, guint columns);
void progress_free(struct progress *progress); /* NULL is fine */

/* Something ("shop") has got so far ("receiving 41% (35000/85361)"). True if it is time
 * to log a line: never on a terminal; else once it has taken 10 s, and then at most every
 * 10 s. */
bool progress_update(struct progress *progress, const char *what, const char *text,
		     gint64 steady);
/* It is done: its bar goes, and the next one starts anew. */
void progress_done(struct progress *progress, const char *what);
/* Wipes the bar so that a line can be written; the next update draws it again. */
void progress_hide(struct progress *progress);

/* "shop  receiving 41% (35000/85361)  [########            ]", exactly columns - 1 wide
 * or less. The caller frees. */
char *progress_bar(const char *what, const char *text, guint columns);
