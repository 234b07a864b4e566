#pragma once

/* What the push server answers: JSON, and problem+json (RFC 9457) where it refuses. */
#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

struct answer {
	unsigned status;
	char *body;
};

void answer_stored(struct answer *answer, guint n_items, bool replayed);
/* text is for the sender, and is escaped. */
void answer_problem(struct answer *answer, unsigned status, const char *text);
/* The sender's fault: what was sent, or who sent it. Anything else is ours, and is not
 * told in words. */
void answer_error(struct answer *answer, const GError *error);
/* It was good, and could not be stored: it should be sent again, unless it is the
 * database that cannot hold it. */
void answer_unstored(struct answer *answer, const GError *error);
void answer_limit(struct answer *answer, const char *text);
/* Queues and clears it. */
enum MHD_Result answer_send(struct answer *answer, struct MHD_Connection *connection);
