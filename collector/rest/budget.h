#pragma once

/*
 * How many requests a credential has left, learnt from the headers of its answers in
 * every vendor's dialect, and shared by all sources that use it, on whichever worker.
 * This and struct tokens are all that workers share, so each has a lock of its own.
 */
#include "base/http.h"
#include "drivers/driver.h"

struct budgets;

struct budgets *budgets_new(void);
void budgets_free(struct budgets *budgets); /* NULL is fine; nobody may use it any more */
DEFINE_CLEANUP(struct budgets *, budgets_free);

/* What a request must wait for; key names origin and credential (never the credential
 * itself). Returns the instant it may be sent at, at most `now` if at once, and takes its
 * place in the queue of a paced credential. */
gint64 budget_take(struct budgets *budgets, const char *key, const struct driver *driver,
		   gint64 now);
/* Learns from an answer: remaining and reset, Retry-After (seconds or date), seconds left
 * or epoch or ISO, per user, per organisation, concurrent; 429, 420, and a 403 whose
 * headers or body are those of a limit. True if the answer says that the request was
 * refused for a limit. An instant further off than an hour is an hour. */
bool budget_learn(struct budgets *budgets, const char *key, const struct driver *driver,
		  const struct http_response *response, gint64 now);
/* For people: "4,812 of 5,000 left until 14:20 UTC"; NULL: nothing known. */
char *budget_text(struct budgets *budgets, const char *key, gint64 now);
