#include "config/config.h"

#include <string.h>

static bool feed_has(const struct feed *feed, enum item_kind kind)
{
	if (feed->kind == kind)
		return true;
	for (const struct detail *detail = feed->details; detail && detail->name;
	     detail++)
		if (detail->fields && detail->kind == kind)
			return true;
	return false;
}

bool config_source_has(const struct config_source *source, enum item_kind kind)
{
	if (source->kind == SOURCE_PUSH)
		return kind == ITEM_DEPLOYMENT || kind == ITEM_INCIDENT;
	if (source->kind == SOURCE_SQL)
		return strcmp(source->sql->kind, item_kind_name(kind)) == 0;
	if (source->kind != SOURCE_API)
		return false;
	if (!source->api->driver)
		return true; /* nobody knows */
	for (const struct feed *feed = source->api->driver->feeds; feed->name; feed++)
		if (feed_has(feed, kind))
			return true;
	return false;
}

bool config_source_reads(const struct config_source *source, enum item_kind kind)
{
	const struct config_api *api = source->kind == SOURCE_API ? source->api : NULL;

	if (!api || !api->driver)
		return config_source_has(source, kind);
	for (const struct feed *feed = api->driver->feeds; feed->name; feed++)
		if (feed_has(feed, kind) &&
		    (api->n_read == 0 ||
		     config_lists(api->read, api->n_read, feed->name)) &&
		    !(feed->needs_labels && api->n_labels + api->n_types == 0) &&
		    !(feed->needs_query && !api->query))
			return true;
	return false;
}
