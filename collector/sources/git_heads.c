#include "collector/sources/git_internal.h"

static bool head_matches(const char *name, const struct config_rule *rule)
{
	return git_matches(rule->branches, rule->n_branches, name) &&
	       !git_matches(rule->except, rule->n_except, name);
}

/* The same of "name@sha", the rest of an external id. */
static bool known_matches(const char *rest, const struct config_rule *rule)
{
	const char *at = strrchr(rest, '@');
	g_autofree char *name = at ? g_strndup(rest, (gsize)(at - rest)) : NULL;

	return name && head_matches(name, rule);
}

/* The deployment of each branch that was seen last, by "head:<branch>@". */
static GHashTable *last_seen(const GArray *known)
{
	GHashTable *last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < known->len; i++) {
		struct deployment_row *row = &g_array_index(known, struct deployment_row,
							    i);
		const char *at = strrchr(row->external_id, '@');
		g_autofree char *prefix = NULL;
		const struct deployment_row *other;

		if (!at || !g_str_has_prefix(row->external_id, "head:"))
			continue;
		prefix = g_strndup(row->external_id, (gsize)(at + 1 - row->external_id));
		other = g_hash_table_lookup(last, prefix);
		if (!other || row->first_seen > other->first_seen)
			g_hash_table_replace(last, g_steal_pointer(&prefix), row);
	}
	return last;
}

/*
 * Each new head seen of a matching branch is a deployment, finished when it was seen: a
 * push leaves no time in the repository. A head that comes back is a further attempt.
 * Moves between two polls are seen as one.
 */
bool git_heads_apply(struct git_rule *work, GError **error)
{
	const struct rule_input *input = work->input;
	g_autoptr(GHashTable) lasts = last_seen(input->known);

	(void)error;
	for (guint i = 0; i < input->refs->len; i++) {
		const struct mirror_ref *ref = &g_array_index(input->refs,
							      struct mirror_ref, i);
		const char *name = ref->name + strlen("refs/heads/");
		const struct deployment_row *last, *known;
		g_autofree char *prefix = NULL;
		g_autofree char *id = NULL;
		struct deployment_row row;
		char hex[2 * OID_BYTES + 1];

		if (!g_str_has_prefix(ref->name, "refs/heads/") || ref->commit.len == 0 ||
		    !head_matches(name, work->rule))
			continue;
		prefix = g_strdup_printf("head:%s@", name);
		last = g_hash_table_lookup(lasts, prefix);
		if (last && git_known_revision(work, last, &ref->commit))
			continue;
		id = g_strconcat(prefix, oid_format(&ref->commit, hex), NULL);
		known = git_known(work, id);
		row = git_deployment(work, id, known ? known->attempt + 1 : 1,
				     &ref->commit, input->now, input->now);
		row.ref = g_strdup(name);
		git_emit(work, &row);
	}
	git_claim_known(work, "head:", known_matches);
	return true;
}
