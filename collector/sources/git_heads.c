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

/* The deployment of this branch that was seen last; NULL: none yet. */
static const struct deployment_row *last_seen(const struct git_rule *work,
					      const char *prefix)
{
	const struct deployment_row *last = NULL;

	for (guint i = 0; i < work->input->known->len; i++) {
		const struct deployment_row *row = &g_array_index(
			work->input->known, struct deployment_row, i);

		if (g_str_has_prefix(row->external_id, prefix) &&
		    (!last || row->first_seen > last->first_seen))
			last = row;
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
		last = last_seen(work, prefix);
		if (last && git_known_revision(work, last, &ref->commit))
			continue;
		id = g_strconcat(prefix, oid_format(&ref->commit, hex), NULL);
		known = git_known(work, id);
		row = git_deployment(work, id, known ? known->attempt + 1 : 1,
				     &ref->commit, input->now, input->now);
		git_emit(work, &row);
	}
	git_claim_known(work, "head:", known_matches);
	return true;
}
