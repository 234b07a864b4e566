#pragma once

/*
 * What has no lead time by a service's `exclude` (reason "rule"). Authors are looked at
 * where their commits are read: collector/git/.
 */
#include "config/config.h"
#include "drivers/item.h"

/* Whether the commits of a change are left out: a machine opened it, or it has such a
 * label. */
bool exclusion_of_change(const struct config_service *service, const struct item *change);
