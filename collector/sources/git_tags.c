#include "base/instant.h"
#include "collector/sources/git_internal.h"

/* The time a tag claims for its deployment. */
static gint64 tag_time(const struct mirror_ref *ref)
{
	if (ref->annotated && instant_is_plausible(ref->tagged))
		return ref->tagged;
	return ref->committed;
}

static bool tag_matches(const char *name, const struct config_rule *rule)
{
	return git_matches(rule->tags, rule->n_tags, name) &&
	       !git_matches(rule->except, rule->n_except, name);
}

/*
 * A tag that still points to the commit it was first seen at is that deployment, whatever
 * became of the tag object. One that moved is a further attempt: what was deployed before
 * was deployed. A deleted tag keeps its deployments.
 */
bool git_tags_apply(struct git_rule *work, GError **error)
{
	const GArray *refs = work->input->refs;

	(void)error;
	for (guint i = 0; i < refs->len; i++) {
		const struct mirror_ref *ref = &g_array_index(refs, struct mirror_ref, i);
		const struct deployment_row *known;
		g_autofree char *id = NULL;
		struct deployment_row row;
		gint32 attempt = 1;
		gint64 first_seen = work->input->now;
		gint64 claimed = tag_time(ref);

		if (!g_str_has_prefix(ref->name, "refs/tags/") || ref->commit.len == 0 ||
		    !tag_matches(ref->name + strlen("refs/tags/"), work->rule))
			continue;
		id = g_strconcat("tag:", ref->name + strlen("refs/tags/"), NULL);
		known = git_known(work, id);
		if (known && git_known_revision(work, known, &ref->commit)) {
			attempt = known->attempt;
			first_seen = known->first_seen;
		} else if (known) {
			attempt = known->attempt + 1;
		}
		if (work->rule->finished == TAG_TIME_FIRST_SEEN)
			claimed = first_seen;
		else if (attempt > 1 && !ref->annotated)
			claimed = first_seen; /* the commit's time says nothing of the
						 move */
		row = git_deployment(work, id, attempt, &ref->commit, claimed,
				     first_seen);
		git_emit(work, &row);
	}
	git_claim_known(work, "tag:", tag_matches);
	return true;
}
