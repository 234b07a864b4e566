#include "drivers/incident.h"

void incident_settle(struct item *incident)
{
	if (!incident->done || incident->outcome != OUTCOME_SUCCESS)
		incident->resolved = INSTANT_NONE;
	if (!incident->done)
		incident->closed = INSTANT_NONE;
}

bool incident_accept(const cJSON *json G_GNUC_UNUSED, struct item *incident,
		     GError **error G_GNUC_UNUSED)
{
	incident_settle(incident);
	return true;
}

void incident_withdraw(struct item *incident)
{
	incident->outcome = OUTCOME_CANCELLED;
	incident->done = true;
}

void incident_exempt(struct item *incident, const char *category)
{
	g_free(incident->category);
	incident->category = g_strdup(category);
	incident->outcome = OUTCOME_SKIPPED;
}

static gint64 instant_at(const cJSON *json, const char *path)
{
	const char *text = json_text_at(json, path);
	gint64 t = INSTANT_NONE;

	if (!text || !instant_parse_loose(text, &t) || !instant_is_plausible(t))
		return INSTANT_NONE;
	return t;
}

void incident_first(gint64 *t, const cJSON *json, const char *path)
{
	gint64 found = instant_at(json, path);

	if (found != INSTANT_NONE && (*t == INSTANT_NONE || found < *t))
		*t = found;
}

void incident_last(gint64 *t, const cJSON *json, const char *path)
{
	gint64 found = instant_at(json, path);

	/* INSTANT_NONE is before every instant. */
	*t = MAX(*t, found);
}

char **incident_labels(const cJSON *object)
{
	g_autoptr(GStrvBuilder) labels = g_strv_builder_new();
	const cJSON *label;
	bool any = false;

	cJSON_ArrayForEach(label, object)
	{
		g_autofree char *text = NULL;

		if (!label->string || !cJSON_IsString(label))
			continue;
		text = g_strdup_printf("%s=%s", label->string, label->valuestring);
		g_strv_builder_add(labels, text);
		any = true;
	}
	return any ? g_strv_builder_end(labels) : NULL;
}
