#include "collector/remediation.h"

#include <string.h>

#include "collector/patterns.h"
#include "config/globs.h"

#define REVERT "Revert \""

struct remediation {
	const struct config_service *service;
	GPtrArray **titles; /* service->n_remediation arrays of GRegex */
};

struct remediation *remediation_new(const struct config_service *service)
{
	struct remediation *remediation = g_new0(struct remediation, 1);

	remediation->service = service;
	remediation->titles = g_new0(GPtrArray *, service->n_remediation);
	for (unsigned i = 0; i < service->n_remediation; i++)
		remediation->titles[i] = patterns_new(service->remediation[i].titles,
						      service->remediation[i].n_titles);
	return remediation;
}

void remediation_free(struct remediation *remediation)
{
	if (!remediation)
		return;
	for (unsigned i = 0; i < remediation->service->n_remediation; i++)
		g_ptr_array_unref(remediation->titles[i]);
	g_free(remediation->titles);
	g_free(remediation);
}

bool remediation_is_hotfix(const struct remediation *remediation, int rule)
{
	return remediation->service->remediation[rule].kind == REMEDY_HOTFIX;
}

static bool fits_branch(const struct config_remediation *rule, const char *ref)
{
	static const char heads[] = "refs/heads/";

	if (ref && g_str_has_prefix(ref, heads))
		ref += strlen(heads);
	return config_globs(rule->branches, rule->n_branches, ref);
}

static bool fits_title(const struct config_remediation *rule, const GPtrArray *titles,
		       const char *title)
{
	return (rule->reverts && title && g_str_has_prefix(title, REVERT)) ||
	       patterns_found(titles, title);
}

/* "Fixes: 9fceb02" and the name Fixes. Names of trailers have no case. */
static bool has_name(const char *trailer, const char *name)
{
	gsize n = strlen(name);

	return g_ascii_strncasecmp(trailer, name, n) == 0 && trailer[n] == ':';
}

static bool fits_trailer(const struct config_remediation *rule, const char *trailer)
{
	for (unsigned i = 0; i < rule->n_trailers; i++)
		if (has_name(trailer, rule->trailers[i]))
			return true;
	return false;
}

static bool fits_note(const struct config_remediation *rule, const GPtrArray *titles,
		      const struct commit_note *note)
{
	if (strcmp(note->kind, "reverts") == 0)
		return rule->reverts;
	if (strcmp(note->kind, "title") == 0)
		return fits_title(rule, titles, note->text);
	return strcmp(note->kind, "trailer") == 0 && fits_trailer(rule, note->text);
}

int remediation_fits_ref(const struct remediation *remediation, const char *ref)
{
	for (unsigned i = 0; i < remediation->service->n_remediation; i++)
		if (fits_branch(&remediation->service->remediation[i], ref))
			return (int)i;
	return REMEDIATION_NONE;
}

int remediation_fits_change(const struct remediation *remediation,
			    const struct item *change)
{
	for (unsigned i = 0; i < remediation->service->n_remediation; i++) {
		const struct config_remediation *rule =
			&remediation->service->remediation[i];

		if (fits_branch(rule, change->ref) ||
		    fits_title(rule, remediation->titles[i], change->name) ||
		    config_globs_each(rule->labels, rule->n_labels, change->labels))
			return (int)i;
	}
	return REMEDIATION_NONE;
}

int remediation_fits_note(const struct remediation *remediation,
			  const struct commit_note *note)
{
	for (unsigned i = 0; i < remediation->service->n_remediation; i++)
		if (fits_note(&remediation->service->remediation[i],
			      remediation->titles[i], note))
			return (int)i;
	return REMEDIATION_NONE;
}

char *remediation_title_reverted(const char *title)
{
	const char *inner, *end;

	if (!title || !g_str_has_prefix(title, REVERT))
		return NULL;
	inner = title + strlen(REVERT);
	end = strrchr(inner, '"');
	return end && end > inner ? g_strndup(inner, (gsize)(end - inner)) : NULL;
}
