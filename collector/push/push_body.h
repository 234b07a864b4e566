#pragma once

/*
 * What clients of the push server may say, read into items: our own two forms, CDEvents
 * (0.3 to 0.5; https://cdevents.dev) in either mode of CloudEvents, and the webhook of
 * Alertmanager, version 4. Pure: no clock, no database.
 *
 * Of an item: project is the service a deployment is of, and who told of an incident;
 * services are those an incident affects; updated is when it was so, by the teller's
 * clock, where it says so.
 */
#include "drivers/item.h"

#define PUSH_ITEMS_MAX 1000u /* in one request */

/* Each adds the items of a body to items. client is the name of whoever sent it. False
 * with DATA, in words for the sender, if any part of the body cannot be used; then items
 * may hold some of it, and none of it must be. */

/* POST /v1/deployments: an object or a list of them. */
bool push_deployments(const cJSON *body, const char *client, GPtrArray *items,
		      GError **error);
/* POST /v1/incidents: likewise. */
bool push_incidents(const cJSON *body, const char *client, GPtrArray *items,
		    GError **error);
/* POST /v1/cdevents: a CDEvent, a CloudEvent that holds one in `data`, or a list. */
bool push_cdevents(const cJSON *body, const char *client, GPtrArray *items,
		   GError **error);
/* POST /v1/alertmanager: version "4". */
bool push_alertmanager(const cJSON *body, const char *client, GPtrArray *items,
		       GError **error);

/* What a later telling of the same thing (same key) makes of an earlier one: it replaces
 * all it says and leaves the rest; one that is older by its `updated` only fills gaps. A
 * thing that was over and is not any more loses the time it was over at. */
void push_merge(struct item *told, const struct item *known);
/* The start of an incident that nobody told: when it was first heard of. */
void push_settle(struct item *item);
