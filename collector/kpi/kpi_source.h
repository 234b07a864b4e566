#pragma once

/* The inside of a reading. Internal to collector/kpi/. */
#include "base/json.h"
#include "collector/kpi/kpi_read.h"

/* Each adds what its source has to the rows, in any order. */
bool kpi_read_sql(struct kpi_reading *reading, GError **error);
bool kpi_read_http(struct kpi_reading *reading, GError **error);
bool kpi_read_prometheus(struct kpi_reading *reading, GError **error);
bool kpi_read_csv(struct kpi_reading *reading, GError **error);

/* Adds a sample. A time after now, and one before the history, is left out. DATA if the
 * time cannot be, the value is too large, or there are too many. */
bool kpi_add(struct kpi_reading *reading, gint64 at, double value, GError **error);
/* The same of texts: a time of RFC 3339, or a date, whose midnight is that of the KPI's
 * zone; a number. An empty value is none, and no error. */
bool kpi_add_text(struct kpi_reading *reading, const char *time, const char *value,
		  GError **error);
/* The same of JSON. NULL and null are none; a value may be text. */
bool kpi_add_json(struct kpi_reading *reading, const cJSON *time, enum time_format format,
		  const cJSON *value, GError **error);

/* One request with its credential: the document that is answered with 200. form: what is
 * sent, and then by POST; NULL: GET. The caller frees with cJSON_Delete(). */
struct kpi_request {
	const char *url, *form;
	const struct secret_ref *token; /* NULL: none */
	const struct config_rest_auth *auth;
	const char *ca_file;
};
cJSON *kpi_ask(struct kpi_reading *reading, const struct kpi_request *request,
	       GError **error);
