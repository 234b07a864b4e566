#include "collector/evaluate_inside.h"

#include "collector/remediation.h"

/* What is known of one rollout as a repair. */
struct finding {
	gint rule;	 /* the first that fits; -1: none does */
	char *because;	 /* what it fits; of several the first by name */
	bool names;	 /* what it repairs is named and known, if nobody's */
	bool exact;	 /* by a commit, so that a title need not be guessed at */
	GArray *targets; /* of gint: rollouts; NULL: none */
};

struct repairing {
	const struct evaluation *work;
	const struct remediation *rules;
	struct finding *findings; /* as the rollouts */
	GHashTable *titles;	  /* title → GPtrArray of struct evaluate_change */
};

/* What a rule has found in a rollout. */
struct found {
	gint rollout, rule;
	gint target;	     /* REPAIR_BEFORE if this evidence names nothing */
	const char *because; /* the evidence, in words */
};

static void find(struct repairing *repairing, const struct found *found)
{
	struct finding *finding = &repairing->findings[found->rollout];
	const gint rollout = found->rollout, target = found->target;
	bool first = finding->rule < 0 || found->rule < finding->rule;

	if (first || (found->rule == finding->rule &&
		      strcmp(found->because, finding->because) < 0)) {
		g_free(finding->because);
		finding->because = g_strdup(found->because);
		finding->rule = found->rule;
	}
	if (target == REPAIR_BEFORE)
		return;
	finding->names = true;
	if (target < 0 || target >= rollout)
		return;
	if (!finding->targets)
		finding->targets = g_array_new(FALSE, FALSE, sizeof(gint));
	for (guint i = 0; i < finding->targets->len; i++)
		if (g_array_index(finding->targets, gint, i) == target)
			return;
	g_array_append_val(finding->targets, target);
}

/* The latest change of a title that a rollout of the group shipped before this one.
 * Titles have namesakes, shas have none. */
static gint target_of_title(const struct repairing *repairing, const char *title,
			    guint group, gint rollout)
{
	const GPtrArray *changes = g_hash_table_lookup(repairing->titles, title);
	bool exact = repairing->findings[rollout].exact;
	gint target = REPAIR_BEFORE;

	for (guint i = 0; changes && !exact && i < changes->len; i++) {
		const struct evaluate_change *change = changes->pdata[i];
		gint shipped = change->rollouts[group];

		if (shipped == SHIPPED_NEVER || shipped > rollout)
			continue;
		if (shipped < 0 || shipped == rollout)
			target = target >= 0 ? target : REPAIR_NOBODY;
		else
			target = MAX(target, shipped);
	}
	return target;
}

static gint target_of_commit(const struct evaluate_note *note, guint group, gint rollout)
{
	gint shipped = note->targets ? note->targets[group] : SHIPPED_NEVER;

	if (shipped == SHIPPED_NEVER)
		return REPAIR_BEFORE;
	return shipped < 0 || shipped >= rollout ? REPAIR_NOBODY : shipped;
}

/* By a change or commit that may say in its title what it reverts. */
static void find_titled(struct repairing *repairing, gint rollout, gint rule,
			const char *reverted, guint group, const char *because)
{
	struct found found = { rollout, rule, REPAIR_BEFORE, because };

	if (rollout < 0)
		return;
	if (reverted)
		found.target = target_of_title(repairing, reverted, group, rollout);
	find(repairing, &found);
}

static void look_at_change(struct repairing *repairing,
			   const struct evaluate_change *change)
{
	const struct item *item = change->item;
	const char *project = item->project && *item->project ? item->project : NULL;
	gint rule = remediation_fits_change(repairing->rules, item);
	g_autofree char *reverted = NULL, *because = NULL;

	if (rule < 0)
		return;
	reverted = remediation_title_reverted(item->name);
	because = g_strconcat("change ", item->id, project ? " of " : NULL, project,
			      NULL);
	for (guint g = 0; g < repairing->work->facts.n_groups; g++)
		find_titled(repairing, change->rollouts[g], rule, reverted, g, because);
}

/* The commit, as people name it. The caller frees. */
static char *commit_words(const struct repairing *repairing,
			  const struct evaluate_note *note)
{
	char sha[2 * OID_BYTES + 1];
	struct oid oid;

	graph_oid(&repairing->work->repos[note->repo].graph, note->pos, &oid);
	return g_strdup_printf("the %s of commit %.12s",
			       strcmp(note->kind, "reverts") == 0 ? "message"
								  : note->kind,
			       oid_format(&oid, sha));
}

static void look_at_note(struct repairing *repairing, const struct evaluate_note *note)
{
	const struct commit_note row = { .kind = note->kind, .text = note->text };
	gint rule = remediation_fits_note(repairing->rules, &row);
	g_autofree char *because = NULL;

	if (rule < 0)
		return;
	because = commit_words(repairing, note);
	for (guint g = 0; g < repairing->work->facts.n_groups; g++) {
		struct found found = { note->rollouts[g], rule, REPAIR_BEFORE, because };

		if (found.rollout < 0)
			continue;
		found.target = target_of_commit(note, g, found.rollout);
		find(repairing, &found);
		if (found.target != REPAIR_BEFORE)
			repairing->findings[found.rollout].exact = true;
	}
}

static void look_at_title(struct repairing *repairing, const struct evaluate_note *note)
{
	const struct commit_note row = { .kind = note->kind, .text = note->text };
	gint rule = remediation_fits_note(repairing->rules, &row);
	g_autofree char *reverted = NULL, *because = NULL;

	if (rule < 0)
		return;
	reverted = remediation_title_reverted(note->text);
	because = commit_words(repairing, note);
	for (guint g = 0; g < repairing->work->facts.n_groups; g++)
		find_titled(repairing, note->rollouts[g], rule, reverted, g, because);
}

/* Commits that are named come first, for what they make of titles. */
static void look_at_notes(struct repairing *repairing, bool titles)
{
	const GArray *notes = repairing->work->notes;

	for (guint i = 0; i < notes->len; i++) {
		const struct evaluate_note *note = &g_array_index(
			notes, struct evaluate_note, i);

		if (!note->rollouts || (strcmp(note->kind, "title") == 0) != titles)
			continue;
		if (titles)
			look_at_title(repairing, note);
		else
			look_at_note(repairing, note);
	}
}

static void look_at_rollouts(struct repairing *repairing)
{
	const struct evaluation *work = repairing->work;

	for (guint r = 0; r < work->rollouts.rollouts->len; r++) {
		const struct deployment_row *row = &g_array_index(
			work->rows, struct deployment_row,
			evaluation_rollout(work, r)->deployment);
		gint rule = row->ref ? remediation_fits_ref(repairing->rules, row->ref)
				     : -1;

		if (rule >= 0)
			find(repairing, &(struct found){ (gint)r, rule, REPAIR_BEFORE,
							 "the branch deployed" });
	}
}

static void array_free(void *array)
{
	g_ptr_array_unref(array);
}

static GHashTable *changes_by_title(const struct evaluation *work)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						  array_free);

	for (guint i = 0; i < work->changes->len; i++) {
		struct evaluate_change *change = &g_array_index(
			work->changes, struct evaluate_change, i);
		GPtrArray *list;

		if (!change->item->name)
			continue;
		list = g_hash_table_lookup(table, change->item->name);
		if (!list) {
			list = g_ptr_array_new();
			g_hash_table_insert(table, change->item->name, list);
		}
		g_ptr_array_add(list, change);
	}
	return table;
}

static void add_repairs(const struct repairing *repairing, GArray *repairs,
			GPtrArray *because)
{
	const struct config_service *service = repairing->work->service;

	for (guint r = 0; r < repairing->work->rollouts.rollouts->len; r++) {
		const struct finding *finding = &repairing->findings[r];
		struct repair repair = { .rollout = r };

		g_ptr_array_add(because, finding->rule < 0
						 ? NULL
						 : g_strdup_printf("remediation[%d]: %s",
								   finding->rule,
								   finding->because));
		if (finding->rule < 0)
			continue;
		repair.hotfix = service->remediation[finding->rule].kind == REMEDY_HOTFIX;
		repair.target = finding->names ? REPAIR_NOBODY : REPAIR_BEFORE;
		if (!finding->targets)
			g_array_append_val(repairs, repair);
		for (guint i = 0; finding->targets && i < finding->targets->len; i++) {
			repair.target = g_array_index(finding->targets, gint, i);
			g_array_append_val(repairs, repair);
		}
	}
}

GArray *evaluate_repairs(const struct evaluation *work, GPtrArray *because)
{
	guint n = work->rollouts.rollouts->len;
	GArray *repairs = g_array_new(FALSE, FALSE, sizeof(struct repair));
	struct remediation *rules = remediation_new(work->service);
	g_autoptr(GHashTable) titles = changes_by_title(work);
	g_autofree struct finding *findings = g_new0(struct finding, n + 1);
	struct repairing repairing = { work, rules, findings, titles };

	for (guint r = 0; r < n; r++)
		findings[r].rule = -1;
	look_at_rollouts(&repairing);
	look_at_notes(&repairing, false);
	for (guint i = 0; i < work->changes->len; i++)
		look_at_change(&repairing,
			       &g_array_index(work->changes, struct evaluate_change, i));
	look_at_notes(&repairing, true);
	add_repairs(&repairing, repairs, because);
	for (guint r = 0; r < n; r++) {
		g_clear_pointer(&findings[r].targets, g_array_unref);
		g_free(findings[r].because);
	}
	remediation_free(rules);
	return repairs;
}
