#include "base/instant.h"
#include "collector/sources/git_internal.h"

static bool (*const appliers[])(struct git_rule *work, GError **error) = {
	[FROM_TAGS] = git_tags_apply,
	[FROM_TRUNK] = git_trunk_apply,
	[FROM_HEADS] = git_heads_apply,
	[FROM_FILE] = git_file_apply,
};

bool git_matches(char **patterns, guint n, const char *name)
{
	for (guint i = 0; i < n; i++)
		if (g_pattern_match_simple(patterns[i], name))
			return true;
	return false;
}

const struct deployment_row *git_known(const struct git_rule *work,
				       const char *external_id)
{
	return g_hash_table_lookup(work->latest, external_id);
}

static char *attempt_key(const char *external_id, gint32 attempt)
{
	return g_strdup_printf("%d#%s", attempt, external_id);
}

const struct deployment_row *git_known_attempt(const struct git_rule *work,
					       const char *external_id, gint32 attempt)
{
	g_autofree char *key = attempt_key(external_id, attempt);

	return g_hash_table_lookup(work->exact, key);
}

bool git_known_revision(const struct git_rule *work, const struct deployment_row *known,
			const struct oid *commit)
{
	for (guint i = 0; i < known->n_revisions; i++)
		if (known->revisions[i].repo_id == work->input->repo_id &&
		    oid_equal(&known->revisions[i].oid, commit))
			return true;
	return false;
}

static void git_claim(struct git_rule *work, const char *external_id)
{
	if (!g_hash_table_lookup(work->claimed, external_id))
		g_hash_table_insert(work->claimed, g_strdup(external_id),
				    (gpointer)work->rule);
}

void git_keep_known(struct git_rule *work, const char *prefix)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, work->latest);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (g_str_has_prefix(key, prefix) &&
		    !g_hash_table_contains(work->claimed, key))
			g_hash_table_insert(work->claimed, g_strdup(key), NULL);
}

void git_claim_known(struct git_rule *work, const char *prefix,
		     bool (*keep)(const char *rest, const struct config_rule *rule))
{
	gsize n = strlen(prefix);
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, work->latest);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const char *id = key;

		if (strncmp(id, prefix, n) == 0 && keep(id + n, work->rule))
			git_claim(work, id);
	}
}

struct deployment_row git_deployment(const struct git_rule *work, const char *external_id,
				     gint32 attempt, const struct oid *commit,
				     gint64 claimed, gint64 first_seen)
{
	struct deployment_row row = {
		.external_id = g_strdup(external_id),
		.attempt = attempt,
		.environment = g_strdup(work->rule->environment),
		.started = INSTANT_NONE,
		.finished = instant_is_plausible(claimed) ? MIN(claimed, first_seen)
							  : INSTANT_NONE,
		.outcome = OUTCOME_SUCCESS,
		.first_seen = first_seen,
		.n_revisions = 1,
	};

	row.revisions = g_malloc0(sizeof(*row.revisions));
	row.revisions[0].repo_id = work->input->repo_id;
	row.revisions[0].oid = *commit;
	return row;
}

static bool same_revisions(const struct deployment_row *a, const struct deployment_row *b)
{
	if (a->n_revisions != b->n_revisions)
		return false;
	for (guint i = 0; i < a->n_revisions; i++) {
		bool found = false;

		for (guint j = 0; !found && j < b->n_revisions; j++)
			found = a->revisions[i].repo_id == b->revisions[j].repo_id &&
				oid_equal(&a->revisions[i].oid, &b->revisions[j].oid);
		if (!found)
			return false;
	}
	return true;
}

static bool same_deployment(const struct deployment_row *a,
			    const struct deployment_row *b)
{
	return a->attempt == b->attempt && a->started == b->started &&
	       a->finished == b->finished && a->outcome == b->outcome &&
	       a->withheld == b->withheld &&
	       strcmp(a->environment, b->environment) == 0 &&
	       g_strcmp0(a->ref, b->ref) == 0 && same_revisions(a, b);
}

void git_emit(struct git_rule *work, struct deployment_row *row)
{
	g_autofree char *key = attempt_key(row->external_id, row->attempt);
	const struct deployment_row *known = g_hash_table_lookup(work->exact, key);
	bool same = known && same_deployment(known, row);

	git_claim(work, row->external_id);
	if (g_hash_table_contains(work->emitted, key)) {
		deployment_row_clear(row);
		return;
	}
	g_hash_table_insert(work->emitted, g_steal_pointer(&key), GINT_TO_POINTER(!same));
	if (same)
		deployment_row_clear(row);
	else
		g_array_append_val(work->rows, *row);
}

const struct mirror_ref *git_ref(const struct git_rule *work, const char *name)
{
	guint low = 0, high = work->input->refs->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		const struct mirror_ref *ref = &g_array_index(work->input->refs,
							      struct mirror_ref, middle);
		int order = strcmp(name, ref->name);

		if (order == 0)
			return ref;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const char *git_branch(const struct git_rule *work)
{
	static const char heads[] = "refs/heads/";

	if (work->rule->branch)
		return work->rule->branch;
	if (work->input->head && g_str_has_prefix(work->input->head, heads))
		return work->input->head + strlen(heads);
	return NULL;
}

static bool is_on_trunk(const struct git_rule *work, const struct deployment_row *row)
{
	guint32 pos = row->n_revisions
			      ? graph_find(work->input->graph, &row->revisions[0].oid)
			      : GRAPH_NONE;

	return work->on_trunk && pos != GRAPH_NONE && work->on_trunk[pos];
}

/* A known deployment of a trunk that a rule still follows, whose commit is no longer
 * there, has left it by a rewrite; anything else that no rule stands for was left out by
 * changing the rules. */
static enum exclusion why_withheld(const struct git_rule *work,
				   const struct config_rule *const *rules, guint n,
				   const struct deployment_row *row)
{
	for (guint i = 0; i < n; i++) {
		struct git_rule one = { .input = work->input, .rule = rules[i] };
		const char *branch = git_branch(&one);
		g_autofree char *prefix = NULL;

		if (rules[i]->from != FROM_TRUNK || !branch)
			continue;
		prefix = g_strdup_printf("trunk:%s@", branch);
		/* daily ids are dates, ids of every commit are hashes: changing "each" is
		 * a change of the rules */
		if (g_str_has_prefix(row->external_id, prefix) &&
		    (strlen(row->external_id + strlen(prefix)) == strlen("2026-03-01")) ==
			    (rules[i]->each == EACH_DAY) &&
		    !is_on_trunk(work, row))
			return EXCLUSION_REWRITTEN;
	}
	return EXCLUSION_RULE;
}

static void append_copy(GArray *rows, const struct deployment_row *known,
			enum exclusion withheld, const char *environment)
{
	struct deployment_row row = *known;

	row.withheld = withheld;
	row.external_id = g_strdup(known->external_id);
	row.environment = g_strdup(environment);
	row.ref = g_strdup(known->ref);
	row.revisions = g_memdup2(known->revisions,
				  known->n_revisions * sizeof(*row.revisions));
	g_array_append_val(rows, row);
}

/* Every known row that was not given anew ends up counting exactly if a rule stands for
 * it, and in the environment that this rule names; a line of a file may have named its
 * own. */
static void settle(struct git_rule *work, const struct config_rule *const *rules, guint n)
{
	for (guint i = 0; i < work->input->known->len; i++) {
		const struct deployment_row *known = &g_array_index(
			work->input->known, struct deployment_row, i);
		g_autofree char *key = attempt_key(known->external_id, known->attempt);
		const char *environment = known->environment;
		enum exclusion withheld = EXCLUSION_NONE;
		gpointer rule = NULL;

		if (g_hash_table_lookup(work->emitted, key))
			continue;
		if (!g_hash_table_lookup_extended(work->claimed, known->external_id, NULL,
						  &rule))
			withheld = why_withheld(work, rules, n, known);
		else if (!rule)
			continue;
		else if (!g_str_has_prefix(known->external_id, "file:"))
			environment = ((const struct config_rule *)rule)->environment;
		if (withheld != known->withheld ||
		    strcmp(environment, known->environment) != 0)
			append_copy(work->rows, known, withheld, environment);
	}
}

bool git_rules_apply(const struct rule_input *input,
		     const struct config_rule *const *rules, guint n, GArray *rows,
		     GError **error)
{
	g_autoptr(GHashTable) latest = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable)
		exact = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable)
		claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable)
		emitted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct git_rule work = {
		.input = input,
		.latest = latest,
		.exact = exact,
		.claimed = claimed,
		.emitted = emitted,
		.rows = rows,
	};
	bool ok = true;

	for (guint i = 0; i < input->known->len; i++) {
		struct deployment_row *row = &g_array_index(input->known,
							    struct deployment_row, i);
		const struct deployment_row *other = g_hash_table_lookup(
			latest, row->external_id);

		if (!other || other->attempt < row->attempt)
			g_hash_table_insert(latest, row->external_id, row);
		g_hash_table_insert(exact, attempt_key(row->external_id, row->attempt),
				    row);
	}
	for (guint i = 0; ok && i < n; i++) {
		work.rule = rules[i];
		ok = appliers[rules[i]->from](&work, error);
	}
	if (ok)
		settle(&work, rules, n);
	g_free(work.on_trunk);
	return ok;
}
