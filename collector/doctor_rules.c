#include "collector/doctor_rules.h"

#include <string.h>

#include "base/instant.h"
#include "collector/item_rules.h"
#include "collector/rest/request.h"

/* Words in a name that is taken for a deployment, though no `skip` mentions them. */
#define SUSPECT "(?i)\\b(dry[ _-]?run|plan|lint|test|verify|preview|rollback[ _-]test)\\b"

/* What makes a match doubtful. */
enum doubt {
	DOUBT_SKIPPED,
	DOUBT_CANCELLED,
	DOUBT_OPTIONAL,
	DOUBT_CHILD,
	DOUBT_WORD,
	DOUBT_REVISION,
	DOUBT_FINISH,
	N_DOUBTS,
};

static const char *const doubt_words[N_DOUBTS] = {
	[DOUBT_SKIPPED] = "skipped",
	[DOUBT_CANCELLED] = "cancelled",
	[DOUBT_OPTIONAL] = "failed where failure is allowed",
	[DOUBT_CHILD] = "started by another run, which may count too",
	[DOUBT_WORD] = "sounds like a dry run or a test",
	[DOUBT_REVISION] = "no revision",
	[DOUBT_FINISH] = "succeeded at no known time",
};

struct findings {
	guint n[N_MATCHES];
	guint n_doubtful, n_by_doubt[N_DOUBTS];
	const struct item *example[N_DOUBTS];
	const struct item *refused[N_MATCHES]; /* an example of each */
};

static bool doubtful(const struct item_rule *rule, const struct item *item,
		     const GRegex *suspect, enum doubt *doubt)
{
	g_autofree char *revision = item_rule_revision(rule, item);

	if (item->outcome == OUTCOME_SKIPPED)
		*doubt = DOUBT_SKIPPED;
	else if (item->outcome == OUTCOME_CANCELLED)
		*doubt = DOUBT_CANCELLED;
	else if (item->optional && item->outcome == OUTCOME_FAILURE)
		*doubt = DOUBT_OPTIONAL;
	else if (item->kind == ITEM_RUN && item->parent)
		*doubt = DOUBT_CHILD;
	else if ((item->name && g_regex_match(suspect, item->name, 0, NULL)) ||
		 (item->environment &&
		  g_regex_match(suspect, item->environment, 0, NULL)))
		*doubt = DOUBT_WORD;
	else if (!revision)
		*doubt = DOUBT_REVISION;
	else if (item->outcome == OUTCOME_SUCCESS && item->finished == INSTANT_NONE)
		*doubt = DOUBT_FINISH;
	else
		return false;
	return true;
}

static void judge(const struct item_rule *rule, const char *source,
		  const GPtrArray *items, const GRegex *suspect,
		  struct findings *findings)
{
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);
		enum item_match match = item_rule_match(rule, source, item);
		enum doubt doubt;

		findings->n[match]++;
		if (match != MATCH_YES) {
			if (!findings->refused[match])
				findings->refused[match] = item;
			continue;
		}
		if (!doubtful(rule, item, suspect, &doubt))
			continue;
		findings->n_doubtful++;
		findings->n_by_doubt[doubt]++;
		if (!findings->example[doubt])
			findings->example[doubt] = item;
	}
}

/* What the rules look at. */
static const char *name_of(const struct item *item)
{
	if (item->kind == ITEM_DEPLOYMENT)
		return item->environment;
	return item->kind == ITEM_RUN ? item->workflow : item->name;
}

static void tell_example(FILE *out, const struct item *item)
{
	const char *name = name_of(item);
	g_autofree char *shown = printable(name ? name : "");
	g_autofree char *id = printable(item->id);
	g_autofree char *url = printable(item->url ? item->url : "");

	fprintf(out, "%s %s %s%s%s", item_kind_name(item->kind), id, shown,
		*url ? " " : "", url);
}

static void tell(FILE *out, const struct findings *findings)
{
	fprintf(out, "%u matched", findings->n[MATCH_YES]);
	if (findings->n_doubtful > 0)
		fprintf(out, ", %u look%s wrong", findings->n_doubtful,
			findings->n_doubtful == 1 ? "s" : "");
	fputc('\n', out);
	for (int i = 0; i < N_DOUBTS; i++) {
		if (findings->n_by_doubt[i] == 0)
			continue;
		fprintf(out, "           %u %s, such as ", findings->n_by_doubt[i],
			doubt_words[i]);
		tell_example(out, findings->example[i]);
		fputc('\n', out);
	}
	for (int i = 0; i < N_MATCHES; i++) {
		if (i == MATCH_YES || i == MATCH_OTHER || findings->n[i] == 0)
			continue;
		fprintf(out, "           not matched: %u %s, such as ", findings->n[i],
			item_match_name((enum item_match)i));
		tell_example(out, findings->refused[i]);
		fputc('\n', out);
	}
}

/* Returns 1 if the rule matches nothing. */
static guint examine(FILE *out, const struct config_service *service, unsigned index,
		     const char *source, const GPtrArray *items, const GRegex *suspect)
{
	g_autoptr(GError) error = NULL;
	_cleanup_(item_rule_freep) struct item_rule *rule = item_rule_new(
		&service->deployments[index], &error);
	struct findings findings = { 0 };

	if (rule)
		judge(rule, source, items, suspect, &findings);
	fprintf(out, "  %s  rule %s, deployments[%u]: ",
		findings.n[MATCH_YES] > 0 ? "ok   " : "WRONG", service->name, index);
	if (rule)
		tell(out, &findings);
	else
		fprintf(out, "%s\n", error->message);
	return findings.n[MATCH_YES] == 0;
}

guint doctor_rules(FILE *out, const struct config *config, const char *source,
		   const GPtrArray *items)
{
	g_autoptr(GRegex) suspect = g_regex_new(SUSPECT, 0, 0, NULL);
	guint n_wrong = 0;

	for (unsigned i = 0; i < config->n_services; i++)
		for (unsigned j = 0; j < config->services[i].n_deployments; j++)
			if (g_strcmp0(config->services[i].deployments[j].source,
				      source) == 0)
				n_wrong += examine(out, &config->services[i], j, source,
						   items, suspect);
	return n_wrong;
}

bool doctor_wanted(const struct config *config, const char *source,
		   const struct item *item)
{
	for (unsigned i = 0; i < config->n_services; i++)
		for (unsigned j = 0; j < config->services[i].n_deployments; j++) {
			const struct config_rule *row =
				&config->services[i].deployments[j];
			_cleanup_(item_rule_freep) struct item_rule *rule = NULL;

			if (g_strcmp0(row->source, source) != 0)
				continue;
			rule = item_rule_new(row, NULL);
			if (rule && item_rule_may_match(rule, source, item))
				return true;
		}
	return false;
}

guint doctor_needs(const struct config *config, const char *source)
{
	guint needs = 0;

	for (unsigned i = 0; i < config->n_services; i++)
		for (unsigned j = 0; j < config->services[i].n_deployments; j++) {
			const struct config_rule *row =
				&config->services[i].deployments[j];

			if (g_strcmp0(row->source, source) == 0)
				needs |= item_rule_needs(row);
		}
	return needs;
}
