#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/kpi/kpi_source.h"

static char *url_of(const struct kpi_reading *reading)
{
	g_autoptr(GString) url = g_string_new(reading->kpi->http->url);
	g_autofree char *since = instant_format(reading->since);

	g_string_replace(url, "{since}", since, 0);
	return g_string_free(g_steal_pointer(&url), FALSE);
}

static bool take_list(struct kpi_reading *reading, const cJSON *list, GError **error)
{
	const struct config_kpi_http *http = reading->kpi->http;
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (!kpi_add_json(reading, json_at(item, http->time), http->times,
				  json_at(item, http->value), error))
			return false;
	}
	return true;
}

bool kpi_read_http(struct kpi_reading *reading, GError **error)
{
	const struct config_kpi_http *http = reading->kpi->http;
	g_autofree char *url = url_of(reading);
	const struct kpi_request request = { .url = url,
					     .token = http->token,
					     .auth = http->auth,
					     .ca_file = http->ca_file };
	_cleanup_(cJSON_Deletep) cJSON *document = kpi_ask(reading, &request, error);
	const cJSON *list = json_at(document, http->list);

	if (!document)
		return false;
	if (!cJSON_IsArray(list)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "there is no list at \"%s\" in the answer", http->list);
		return false;
	}
	return take_list(reading, list, error);
}
