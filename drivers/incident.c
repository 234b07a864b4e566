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

static bool says_mitigated(const char *state)
{
	return !state || g_ascii_strcasecmp(state, "mitigated") == 0 ||
	       g_ascii_strcasecmp(state, "monitoring") == 0;
}

gint64 incident_restored(const struct item *incident)
{
	if (incident->mitigated != INSTANT_NONE &&
	    (incident->done || says_mitigated(incident->state)))
		return incident->mitigated;
	return incident->resolved;
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
