#pragma once

/*
 * Reads many objects' header sections, and the beginnings of their messages, through one
 * "git cat-file --batch". What is beyond streams past unkept, so an object of any size
 * costs little memory, and an object that git cannot read costs itself only: the child is
 * started again behind it.
 */
#include "collector/git/git_header.h"

enum git_object_type {
	GIT_OBJECT_NONE, /* missing or unreadable */
	GIT_OBJECT_COMMIT,
	GIT_OBJECT_TAG,
	GIT_OBJECT_OTHER, /* a tree or a blob */
};

/* The objects to read and what to do with them. */
struct git_objects {
	gsize n;
	void (*name)(gsize i, struct oid *oid, void *user); /* what the i-th is called */
	/* Called once for each in order. head: of a commit or tag all before the first
	 * blank line (at most 1 MiB; longer ones are GIT_OBJECT_NONE), else empty;
	 * message: the first message_max bytes of what follows that line. Both are
	 * borrowed for the call. Returns false with an error to stop. */
	bool (*visit)(gsize i, enum git_object_type type, struct git_text head,
		      struct git_text message, void *user, GError **error);
	gsize message_max; /* 0: messages stream past */
	void *user;
};

/* Fails if visit does, if git cannot run, at the deadline, or with DORA_ERROR_DATA after
 * 100 objects that git died on. */
bool git_objects_read(struct mirror *mirror, const struct git_objects *objects,
		      GError **error);
