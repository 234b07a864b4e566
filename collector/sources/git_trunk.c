#include "base/instant.h"
#include "collector/sources/git_internal.h"
#include "metrics/bucket.h"

/* The trunk has this many commits at most; a longer chain is not a team's trunk but a
 * mistake, and one deployment for each would drown the database. */
#define TRUNK_MAX 5000000

static void trunk_emit(struct git_rule *work, const char *id, guint32 pos,
		       gint64 committed)
{
	const struct deployment_row *known = git_known(work, id);
	struct deployment_row row;
	struct oid oid;

	graph_oid(work->input->graph, pos, &oid);
	row = git_deployment(work, id, 1, &oid, committed, work->input->now);
	row.ref = g_strdup(git_branch(work));
	/* What was recorded of the same commit stays; the last commit of a day changes
	 * while the day goes on, and was seen when it came, not when the day's first
	 * was. */
	if (known && git_known_revision(work, known, &oid)) {
		row.first_seen = known->first_seen;
		row.finished = known->finished;
	}
	git_emit(work, &row);
}

/*
 * Every first-parent commit of the branch is a deployment, finished at its committer's
 * time; or only the last of each local day. With path globs only commits that change the
 * component count. Commits that a rewrite took off the branch no longer do ("rewritten"),
 * so that looking for the first time and having watched all along give the same numbers.
 */
bool git_trunk_apply(struct git_rule *work, GError **error)
{
	const struct rule_input *input = work->input;
	const char *branch = git_branch(work);
	g_autofree char *name = branch ? g_strconcat("refs/heads/", branch, NULL) : NULL;
	const struct mirror_ref *ref = name ? git_ref(work, name) : NULL;
	g_autofree char *prefix = g_strdup_printf("trunk:%s@", branch ? branch : "");
	gint32 day_before = G_MAXINT32;
	guint32 pos;

	(void)error;
	if (!ref || ref->commit.len == 0) {
		g_autofree char *text = g_strdup_printf(
			"branch %s: not there%s",
			branch ? branch : "(the remote names no HEAD)",
			input->known->len ? "; its deployments are kept as they are"
					  : "");

		input->notice(text, input->user);
		git_keep_known(work, branch ? prefix : "trunk:");
		return true;
	}
	if (!work->on_trunk)
		work->on_trunk = g_malloc0(MAX(input->graph->n, 1));
	pos = graph_find(input->graph, &ref->commit);
	for (guint n = 0; pos != GRAPH_NONE && n < TRUNK_MAX;
	     n++, pos = graph_first_parent(input->graph, pos)) {
		gint64 committed = input->committed(pos, input->user);
		g_autofree char *id = NULL;

		work->on_trunk[pos] = 1;
		if (!input->touches(pos, input->user))
			continue;
		if (work->rule->each == EACH_DAY) {
			gint32 day;
			g_autoptr(GDate) date = NULL;
			char text[16];

			if (!instant_is_plausible(committed))
				continue;
			day = zone_local_day(input->zone, committed);
			if (day == day_before)
				continue;
			day_before = day;
			date = g_date_new_julian(
				(guint32)(day + 719163)); /* 1970-01-01 */
			g_date_strftime(text, sizeof(text), "%Y-%m-%d", date);
			id = g_strconcat(prefix, text, NULL);
		} else {
			char hex[2 * OID_BYTES + 1];
			struct oid oid;

			graph_oid(input->graph, pos, &oid);
			id = g_strconcat(prefix, oid_format(&oid, hex), NULL);
		}
		trunk_emit(work, id, pos, committed);
	}
	return true;
}
