#pragma once

/*
 * Collecting what is wrong with a configuration. A list holds at most FAULTS_MAX faults:
 * nobody reads more, and a hostile file must not fill the memory with them.
 */
#include "config/config.h"

#define FAULTS_MAX 500

/* An empty list that owns its faults. */
GPtrArray *faults_new(void);
/* Adds a fault; key may be NULL. Beyond FAULTS_MAX a last one says that there are more,
 * and further ones are dropped. */
void fault_add(GPtrArray *faults, guint line, const char *key, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
/* In order of line; those of one line stay in the order they were added. */
void faults_sort(GPtrArray *faults);

/* The text in double quotes for a message: control characters escaped, long ones cut.
 * text is valid UTF-8. The caller frees. */
char *fault_quote(const char *text);

/* Which of n words is nearest to text by edits, if it is near enough to be meant; else
 * NULL. */
const char *fault_nearest(const char *text, const char *const *words, gsize n);
