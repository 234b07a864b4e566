#include "metrics/facts.h"

static const char *const outcome_names[N_OUTCOMES] = {
	[OUTCOME_SUCCESS] = "success",	   [OUTCOME_FAILURE] = "failure",
	[OUTCOME_CANCELLED] = "cancelled", [OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_RUNNING] = "running",
};

static const char *const exclusion_names[N_EXCLUSIONS] = {
	[EXCLUSION_NONE] = NULL,
	[EXCLUSION_BASELINE] = "baseline",
	[EXCLUSION_MERGE] = "merge",
	[EXCLUSION_RULE] = "rule",
	[EXCLUSION_NEGATIVE] = "negative",
	[EXCLUSION_IMPLAUSIBLE_TIME] = "implausible_time",
	[EXCLUSION_REVISION_MISSING] = "revision_missing",
	[EXCLUSION_NOT_SUCCESSFUL] = "not_successful",
	[EXCLUSION_NOT_PRODUCTION] = "not_production",
	[EXCLUSION_INCOMPLETE] = "incomplete_rollout",
	[EXCLUSION_PART_OF_ROLLOUT] = "part_of_rollout",
	[EXCLUSION_REWRITTEN] = "rewritten",
};

bool oid_parse(const char *hex, gsize n, struct oid *oid)
{
	struct oid parsed = { 0 };

	if (n != 40 && n != 64)
		return false;
	for (gsize i = 0; i < n; i += 2) {
		gint high = g_ascii_xdigit_value(hex[i]);
		gint low = g_ascii_xdigit_value(hex[i + 1]);

		if (high < 0 || low < 0)
			return false;
		parsed.id[i / 2] = (guint8)(high << 4 | low);
	}
	parsed.len = (guint8)(n / 2);
	*oid = parsed;
	return true;
}

char *oid_format(const struct oid *oid, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (guint i = 0; i < oid->len; i++) {
		hex[2 * i] = digits[oid->id[i] >> 4];
		hex[2 * i + 1] = digits[oid->id[i] & 15];
	}
	hex[2 * oid->len] = '\0';
	return hex;
}

/* The index of name among n names, -1 if it is none of them. */
static int name_index(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (g_strcmp0(names[i], name) == 0)
			return i;
	return -1;
}

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

bool outcome_parse(const char *name, enum outcome *outcome)
{
	int i = name_index(name, outcome_names, N_OUTCOMES);

	if (i < 0)
		return false;
	*outcome = (enum outcome)i;
	return true;
}

const char *exclusion_name(enum exclusion exclusion)
{
	return exclusion_names[exclusion];
}

bool exclusion_parse(const char *name, enum exclusion *exclusion)
{
	int i = name_index(name, exclusion_names, N_EXCLUSIONS);

	if (i < 0)
		return false;
	*exclusion = (enum exclusion)i;
	return true;
}
