#pragma once

/*
 * A list that comes in pages, by any way of paging. It ends where the source says so;
 * a page that was there before, more than 10,000 of them, a next page at another origin
 * (which is not asked), and one whose url or token is over 8 KiB are errors.
 */
#include "collector/rest/request.h"

struct page_plan {
	const char *url; /* of the feed (drivers/driver.h); NULL: the source's */
	const char *method, *path, *body;
	const char *items; /* path of the list; NULL or "": the answer */
	bool whole;	   /* there is no list: the answer itself is wanted */
	enum paging paging;
	guint size; /* 0: a page without items ends */
	const char *token_path, *token_header, *link_param, *link_value;
	const char *scope;
};
struct page_plan page_plan_feed(const struct feed *feed, const char *path);
struct page_plan page_plan_detail(const struct feed *feed, const struct detail *detail);

struct page {
	bool not_modified;  /* nothing else is set then */
	cJSON *document;    /* the answer */
	const cJSON *items; /* the list in it; NULL: the plan wants none, or it is null */
	guint n;	    /* elements of it */
	bool last;
	gint64 date; /* of the server's clock; INSTANT_NONE: not told */
	char *url, *etag;
	char *position; /* where it was, for pages_resume() */
};
void page_clear(struct page *page); /* also of a zeroed one */

struct pages;
/* plan's strings are borrowed, variables copied. etag, or NULL, is that of the first page
 * as it was at etag_url. */
struct pages *pages_new(struct client *client, const struct page_plan *plan,
			const struct variables *variables, const char *etag,
			const char *etag_url);
void pages_free(struct pages *pages); /* NULL is fine */
DEFINE_CLEANUP(struct pages *, pages_free);

/* Begins at a page that another sequence was at. False for a position that makes no
 * sense. */
bool pages_resume(struct pages *pages, const char *position);
/* PAGING_KEYSET: where the next page begins. */
void pages_after(struct pages *pages, const char *since, const char *id);
/* Reads the next page into a cleared one; only while the last was not the last. */
bool pages_read(struct pages *pages, struct page *page, GError **error);
/* Pages read so far. */
guint pages_count(const struct pages *pages);
/* The status of the last answer; 0: there was none. */
guint pages_status(const struct pages *pages);
/* Whether the page that could not be read is beyond what the source tells of a list, as
 * far as its status shows: the first one was told, this one is a bad request. */
bool pages_too_deep(const struct pages *pages);
