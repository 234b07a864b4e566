#pragma once

/*
 * What commits say that a rule may ask for, looked for while they are read: the commits
 * that a revert or cherry-pick names, subjects and trailers that `remediation` looks for,
 * and which glob of `exclude.authors` fits the author. Nothing else of a message is kept,
 * and nothing of who wrote it.
 */
#include "collector/git/git_header.h"
#include "sinks/store_states.h"

/* As much of a message is looked at; trailers of one that is longer are not. */
#define NOTES_MESSAGE_MAX (1 << 20)

struct notes;

/* For what services with a component in the repository look for. A note of an author has
 * author_key_digest() of the glob. Borrows config. */
struct notes *notes_new(const struct config *config, const char *repository,
			GBytes *author_key, GError **error);
void notes_free(struct notes *notes); /* NULL is fine */
DEFINE_CLEANUP(struct notes *, notes_free);

/* A text that changes whenever something else is looked for. Borrowed. */
const char *notes_patterns(const struct notes *notes);

/* Looks at a commit, by its position. author: its author line, n 0 if there is none. At
 * most 100 notes of a commit are taken, and two million (and 64 MiB of text) in all. */
void notes_look(struct notes *notes, guint32 pos, struct git_text author,
		struct git_text message);
/* Hands out what was taken, some thousands at a time; shas named in part are completed
 * where the graph has the one commit that they name. Borrowed for the call. */
bool notes_each(const struct notes *notes, const struct graph *graph,
		bool (*visit)(const struct commit_note *rows, gsize n, void *user,
			      GError **error),
		void *user, GError **error);
/* How many were too many to take. */
gsize notes_dropped(const struct notes *notes);
/* Forgets what was taken. */
void notes_clear(struct notes *notes);
