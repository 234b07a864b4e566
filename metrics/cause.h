#pragma once

/*
 * What a text that people wrote about an incident names as its cause. Such a text is full
 * of what is nobody's business: nothing of it is returned but references.
 *
 * Kept are urls of changes and what names changes with their project (acme/shop#42),
 * commits (12 to 64 digits, or a url of one), and what stands behind the words deploy,
 * deployment, release or version, or in a url of one. If the sentence or the heading
 * above it speaks of a cause ("root cause: …", "… broke it"), commits may be as short as
 * 7 digits, changes may lack a project, and nothing else is kept. What is named as a fix,
 * a likeness or an example is not kept, nor what is in an HTML comment.
 */

/* References as one text that references_find() (metrics/reference.h) finds them in, a
 * blank between two, at most 16 of at most 200 bytes; NULL if there are none or text is
 * NULL. project is what a change without one is of. sign is what stands before the number
 * of a change where the text is written: '#'; '!', where "#7" is something else; or 0,
 * where a number needs a project. Of a text longer than 16 KiB the beginning is looked
 * at. Takes time in proportion to the text. The caller frees. */
char *cause_in(const char *text, const char *project, char sign);
