#pragma once

/* How texts travel in mails (RFC 5322, 2045, 2047). All that is returned ends lines in
 * CRLF, has nothing but ASCII in it, and is the caller's to free. */
#include <glib.h>

/* The value of an unstructured header field of that name, folded; what is no ASCII in
 * encoded words. Line ends in it become spaces: no text can begin another field. */
char *mail_field(const char *name, const char *text);
/* "Tue, 03 Mar 2026 06:00:00 +0000" */
char *mail_date(gint64 instant);
/* A body, quoted-printable. */
char *mail_quoted(const char *text);
