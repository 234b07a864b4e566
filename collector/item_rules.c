#include "collector/item_rules.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "config/globs.h"

struct item_rule {
	const struct config_rule *rule;	    /* borrowed from the configuration */
	GPtrArray *jobs, *workflows, *skip; /* of GRegex */
	GRegex *pattern;		    /* NULL: the whole text */
};

const char *item_match_name(enum item_match match)
{
	static const char *const names[N_MATCHES] = {
		[MATCH_YES] = "deployment",    [MATCH_OTHER] = "not asked for",
		[MATCH_NAME] = "another name", [MATCH_BRANCH] = "another branch",
		[MATCH_SKIP] = "dry run",      [MATCH_CHILD] = "child pipeline",
		[MATCH_DRAFT] = "draft",       [MATCH_NOT_RUN] = "not started",
	};

	return names[match];
}

/* ---- compiling ---- */

/* whole: of a name from its start to its end; "prod" is not "Build bicep prod". */
static GRegex *compile(const char *pattern, bool whole, GError **error)
{
	g_autofree char *anchored = g_strdup_printf("\\A(?:%s)\\z", pattern);
	g_autoptr(GError) local = NULL;
	GRegex *regex = g_regex_new(whole ? anchored : pattern, G_REGEX_OPTIMIZE, 0,
				    &local);

	if (!regex)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "the regular expression \"%s\": %s", pattern, local->message);
	return regex;
}

static GPtrArray *compile_all(char **patterns, unsigned n, bool whole, GError **error)
{
	g_autoptr(GPtrArray)
		all = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);

	for (unsigned i = 0; i < n; i++) {
		GRegex *regex = compile(patterns[i], whole, error);

		if (!regex)
			return NULL;
		g_ptr_array_add(all, regex);
	}
	return g_steal_pointer(&all);
}

struct item_rule *item_rule_new(const struct config_rule *row, GError **error)
{
	_cleanup_(item_rule_freep) struct item_rule *rule = g_new0(struct item_rule, 1);

	rule->rule = row;
	rule->jobs = compile_all(row->jobs, row->n_jobs, true, error);
	if (!rule->jobs)
		return NULL;
	rule->workflows = compile_all(row->workflows, row->n_workflows, true, error);
	if (!rule->workflows)
		return NULL;
	rule->skip = compile_all(row->skip, row->n_skip, false, error);
	if (!rule->skip)
		return NULL;
	if (row->pattern && !(rule->pattern = compile(row->pattern, false, error)))
		return NULL;
	return g_steal_pointer(&rule);
}

void item_rule_free(struct item_rule *rule)
{
	if (!rule)
		return;
	g_clear_pointer(&rule->jobs, g_ptr_array_unref);
	g_clear_pointer(&rule->workflows, g_ptr_array_unref);
	g_clear_pointer(&rule->skip, g_ptr_array_unref);
	g_clear_pointer(&rule->pattern, g_regex_unref);
	g_free(rule);
}

/* ---- judging ---- */

static bool any_fits(const GPtrArray *patterns, const char *text)
{
	for (guint i = 0; text && i < patterns->len; i++)
		if (g_regex_match(g_ptr_array_index(patterns, i), text, 0, NULL))
			return true;
	return false;
}

/* A branch or tag as people call it. */
static const char *short_ref(const char *ref)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };

	for (gsize i = 0; ref && i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(ref, prefixes[i]))
			return ref + strlen(prefixes[i]);
	return ref;
}

static bool reads_project(const struct config_rule *rule, const char *project)
{
	return !rule->project || strcmp(rule->project, "*") == 0 ||
	       g_strcmp0(rule->project, project) == 0;
}

static bool reads(const struct config_rule *rule, const char *source,
		  const struct item *item)
{
	if (rule->from == FROM_PUSH) /* whoever sends it names the service */
		return item->project &&
		       config_lists(rule->names, rule->n_names, item->project);
	return rule->source && strcmp(rule->source, source) == 0 &&
	       reads_project(rule, item->project);
}

static bool reads_kind(const struct config_rule *rule, enum item_kind kind)
{
	switch (rule->from) {
	case FROM_DEPLOYMENTS:
	case FROM_PUSH:
		return kind == ITEM_DEPLOYMENT;
	case FROM_JOBS:
		return kind == ITEM_JOB;
	case FROM_RUNS:
		return kind == ITEM_RUN;
	case FROM_RELEASES:
		return kind == ITEM_RELEASE;
	case FROM_TAGS:
	case FROM_TRUNK:
	case FROM_HEADS:
	case FROM_FILE:
		break;
	}
	return false;
}

/* Some sources have no other name for a run than its own. */
static const char *workflow_of(const struct item *item)
{
	return item->workflow || item->kind != ITEM_RUN ? item->workflow : item->name;
}

static bool fits_name(const struct item_rule *rule, const struct item *item)
{
	const struct config_rule *row = rule->rule;
	bool unnamed;

	if (item->kind == ITEM_RELEASE)
		return (row->n_tags == 0 ||
			config_globs(row->tags, row->n_tags, item->name)) &&
		       !config_globs(row->except, row->n_except, item->name);
	/* a pipeline of CircleCI has no name: its workflows have */
	unnamed = item->kind == ITEM_RUN && row->from == FROM_JOBS && !workflow_of(item);
	if (rule->workflows->len > 0 && !unnamed &&
	    !any_fits(rule->workflows, workflow_of(item)))
		return false;
	return item->kind == ITEM_RUN || row->n_environments == 0 ||
	       config_globs(row->environments, row->n_environments, item->environment);
}

static bool is_dry(const struct item_rule *rule, const struct item *item)
{
	const char *const texts[] = { item->kind == ITEM_RUN ? NULL : item->name,
				      workflow_of(item), item->environment, item->version,
				      item->ref };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		if (any_fits(rule->skip, texts[i]))
			return true;
	return false;
}

/* A run that another one started is a part of that one, unless the rule means it. */
static bool is_child(const struct item_rule *rule, const struct item *item)
{
	return item->kind == ITEM_RUN && rule->workflows->len == 0 &&
	       (item->parent || g_strcmp0(item->event, "parent_pipeline") == 0);
}

/* Waiting for a person, a machine or its turn, perhaps for ever. One that was skipped or
 * cancelled instead is over, and kept. */
static bool is_not_run(const struct item *item)
{
	return (item->kind == ITEM_JOB || item->kind == ITEM_RUN) &&
	       item->started == INSTANT_NONE && item->finished == INSTANT_NONE &&
	       (!item->done || item->outcome == OUTCOME_RUNNING);
}

/* What a run and its jobs have in common. */
static enum item_match match_place(const struct item_rule *rule, const struct item *item)
{
	const struct config_rule *row = rule->rule;

	if (!fits_name(rule, item))
		return MATCH_NAME;
	if (item->kind != ITEM_RELEASE && row->n_branches > 0 &&
	    !config_globs(row->branches, row->n_branches, short_ref(item->ref)))
		return MATCH_BRANCH;
	return is_dry(rule, item) ? MATCH_SKIP : MATCH_YES;
}

guint item_rule_needs(const struct config_rule *rule)
{
	static const guint kinds[] = {
		[FROM_DEPLOYMENTS] = 1u << ITEM_DEPLOYMENT,
		[FROM_JOBS] = 1u << ITEM_RUN | 1u << ITEM_JOB,
		[FROM_RUNS] = 1u << ITEM_RUN,
		[FROM_RELEASES] = 1u << ITEM_RELEASE,
		[FROM_PUSH] = 1u << ITEM_DEPLOYMENT,
	};
	guint needs = kinds[rule->from];

	if (rule->revision == REVISION_IMAGE || rule->revision == REVISION_FILE)
		needs |= 1u << ITEM_ARTIFACT;
	return needs;
}

enum item_match item_rule_match(const struct item_rule *rule, const char *source,
				const struct item *item)
{
	enum item_match match;

	if (!reads_kind(rule->rule, item->kind) || !reads(rule->rule, source, item))
		return MATCH_OTHER;
	if (item->kind == ITEM_JOB && !any_fits(rule->jobs, item->name))
		return MATCH_NAME;
	match = match_place(rule, item);
	if (match != MATCH_YES)
		return match;
	if (is_child(rule, item))
		return MATCH_CHILD;
	if (item->draft)
		return MATCH_DRAFT;
	return is_not_run(item) ? MATCH_NOT_RUN : MATCH_YES;
}

bool item_rule_may_match(const struct item_rule *rule, const char *source,
			 const struct item *item)
{
	bool own = reads_kind(rule->rule, item->kind);
	bool run = rule->rule->from == FROM_JOBS && item->kind == ITEM_RUN;

	/* jobs of a child count by themselves */
	return (run || (own && !is_child(rule, item))) &&
	       reads(rule->rule, source, item) && match_place(rule, item) == MATCH_YES;
}

/* ---- the revision ---- */

/* What the pattern finds in a text; NULL: nothing. */
static char *found_in(const struct item_rule *rule, const char *text)
{
	g_autoptr(GMatchInfo) info = NULL;

	if (!rule->pattern)
		return g_strdup(text);
	if (!g_regex_match(rule->pattern, text, 0, &info))
		return NULL;
	return g_match_info_fetch(info,
				  g_regex_get_capture_count(rule->pattern) > 0 ? 1 : 0);
}

/* Without a pattern: the digest of an image, else its tag. CDEvents name the digest
 * alone.
 */
static char *image_revision(const char *image)
{
	const char *digest = strrchr(image, '@');
	const char *name = strrchr(image, '/');
	const char *tag = strrchr(name ? name : image, ':');

	if (g_str_has_prefix(image, "sha256:"))
		return g_strdup(image);
	return digest || tag ? g_strdup((digest ? digest : tag) + 1) : NULL;
}

static char *first_image(const struct item_rule *rule, char **images)
{
	for (guint i = 0; images && images[i]; i++) {
		char *text = rule->pattern ? found_in(rule, images[i])
					   : image_revision(images[i]);

		if (text && *text)
			return text;
		g_free(text);
	}
	return NULL;
}

/* Of a release whose source does not tell its commit, the tag names it. */
static const char *revision_source(const struct item_rule *rule, const struct item *item)
{
	bool release = item->kind == ITEM_RELEASE;

	switch (rule->rule->revision) {
	case REVISION_REF:
		return release && !item->ref ? item->name : short_ref(item->ref);
	case REVISION_VERSION:
		return release && !item->version ? item->name : item->version;
	case REVISION_SHA:
		return release && !item->sha ? item->name : item->sha;
	case REVISION_FILE:
	case REVISION_IMAGE:
		break;
	}
	return item->sha;
}

char *item_rule_revision(const struct item_rule *rule, const struct item *item)
{
	const char *source;
	char *text;

	if (rule->rule->revision == REVISION_IMAGE)
		return first_image(rule, item->images);
	source = revision_source(rule, item);
	if (!source)
		return NULL;
	/* there the pattern is for what is in the file */
	text = rule->rule->revision == REVISION_FILE ? g_strdup(source)
						     : found_in(rule, source);
	if (text && !*g_strstrip(text))
		g_clear_pointer(&text, g_free);
	return text;
}

char *item_rule_revision_in(const struct item_rule *rule, const char *content)
{
	char *text = found_in(rule, content);

	if (text && !*g_strstrip(text))
		g_clear_pointer(&text, g_free);
	return text;
}

/* ---- the deployment ---- */

char *item_rule_external_id(const struct item_rule *rule, const struct item *item)
{
	bool many = rule->rule->project && strcmp(rule->rule->project, "*") == 0;
	g_autofree char *own = NULL;

	if (item->kind == ITEM_JOB)
		own = g_strdup_printf("job:%s/%s", item->parent ? item->parent : item->id,
				      item->name);
	else if (item->kind == ITEM_RELEASE)
		own = g_strdup_printf("release:%s", item->name ? item->name : item->id);
	else
		own = g_strdup_printf("%s:%s", item_kind_name(item->kind), item->id);
	return many && item->project ? g_strdup_printf("%s:%s", item->project, own)
				     : g_steal_pointer(&own);
}

/* A job or record that says where it went to is believed where the rule chose by that,
 * unless the rule names the place. */
static const char *environment_of(const struct config_rule *rule, const struct item *item)
{
	bool chosen = rule->from == FROM_DEPLOYMENTS || rule->n_environments > 0;

	if (item->environment && chosen &&
	    (!rule->environment || rule->from == FROM_JOBS))
		return item->environment;
	return rule->environment ? rule->environment : "production";
}

void item_rule_deployment(const struct item_rule *rule, const struct item *item,
			  struct deployment_row *row)
{
	*row = (struct deployment_row){
		.external_id = item_rule_external_id(rule, item),
		.attempt = (gint32)CLAMP(item->attempt, 1, G_MAXINT32),
		.environment = g_strdup(environment_of(rule->rule, item)),
		.started = item->started,
		.finished = item->finished,
		.outcome = item->outcome,
		.first_seen = INSTANT_NONE,
		.ref = g_strdup(short_ref(item->ref)),
	};
}
