#include "collector/evaluate_inside.h"

#include "base/instant.h"

/* Which rollout shipped what, asked of the store once all of it is there. */

static GHashTable *rollouts_by_id(const struct evaluation *work)
{
	GHashTable *table = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
						  NULL);

	for (guint r = 0; r < work->rollouts.rollouts->len; r++) {
		gint64 id = evaluation_rollout_id(work, r);

		g_hash_table_insert(table, g_memdup2(&id, sizeof(id)),
				    GUINT_TO_POINTER(r + 1));
	}
	return table;
}

/* Positions of one repository, and where the answer about each goes: an array as the
 * groups. */
struct question {
	guint32 pos;
	gint *answers;
};

/* The index, -1: none. */
static gint rollout_of_id(const struct evaluation *work, gint64 id)
{
	return (gint)GPOINTER_TO_UINT(g_hash_table_lookup(work->by_id, &id)) - 1;
}

static bool ask(struct evaluation *work, guint repo, guint group, const GArray *questions,
		GError **error)
{
	guint n = questions->len;
	g_autofree struct oid *oids = g_new0(struct oid, n + 1);
	g_autofree gint64 *rollouts = g_new0(gint64, n + 1);
	g_autofree bool *baseline = g_new0(bool, n + 1);

	for (guint i = 0; i < n; i++)
		graph_oid(&work->repos[repo].graph,
			  g_array_index(questions, struct question, i).pos, &oids[i]);
	if (!store_shipped_by(work->store, work->scope->scope_id,
			      work->facts.groups[group].name, work->repos[repo].repo_id,
			      oids, n, rollouts, baseline, error))
		return false;
	for (guint i = 0; i < n; i++) {
		gint *answer =
			&g_array_index(questions, struct question, i).answers[group];
		gint rollout = rollouts[i] ? rollout_of_id(work, rollouts[i]) : -1;

		*answer = baseline[i]	 ? SHIPPED_BASELINE
			  : rollout >= 0 ? rollout
					 : SHIPPED_NEVER;
	}
	return true;
}

static gint *answers_new(const struct evaluation *work)
{
	gint *answers = g_new(gint, work->facts.n_groups + 1);

	for (guint g = 0; g < work->facts.n_groups; g++)
		answers[g] = SHIPPED_NEVER;
	return answers;
}

static void add_question(GArray *questions, guint32 pos, gint *answers)
{
	const struct question question = { pos, answers };

	g_array_append_val(questions, question);
}

/* Authors are left out and picks are tied without it. */
static bool is_of_repairs(const struct evaluate_note *note)
{
	return strcmp(note->kind, "author") != 0 && strcmp(note->kind, "picked") != 0;
}

/* Answers for each tie of a repository with paths: where the commit by which a change
 * landed touches none of them, the rest of the change may. */
static gint *ask_ties(const struct evaluation *work, guint repo, GArray *questions)
{
	guint n_groups = work->facts.n_groups, n = work->ties[repo]->len;
	gint *answers;

	if (work->repos[repo].component_id == 0)
		return NULL;
	answers = g_new(gint, (gsize)n * n_groups + 1);
	for (guint i = 0; i < n; i++) {
		const struct tie *tied = &g_array_index(work->ties[repo], struct tie, i);
		gint *row = answers + (gsize)i * n_groups;

		for (guint g = 0; g < n_groups; g++)
			row[g] = SHIPPED_NEVER;
		if (tied->method != TIE_CHERRY_PICK)
			add_question(questions, tied->commit, row);
	}
	return answers;
}

/* The change came with the last of its commits. */
static void count_ties(struct evaluation *work, guint repo, const gint *answers)
{
	guint n_groups = work->facts.n_groups;

	for (guint i = 0; answers && i < work->ties[repo]->len; i++) {
		const struct tie *tied = &g_array_index(work->ties[repo], struct tie, i);
		gint *rollouts = g_array_index(work->changes, struct evaluate_change,
					       tied->change)
					 .rollouts;

		for (guint g = 0; g < n_groups; g++) {
			gint answer = answers[(gsize)i * n_groups + g];

			if (answer >= 0)
				rollouts[g] = MAX(rollouts[g], answer);
			else if (rollouts[g] == SHIPPED_NEVER)
				rollouts[g] = answer;
		}
	}
}

static bool ask_all(struct evaluation *work, guint repo, GError **error)
{
	g_autoptr(GArray) questions = g_array_new(FALSE, FALSE, sizeof(struct question));
	g_autofree gint *ties = NULL;
	bool good = true;

	for (guint i = 0; i < work->changes->len; i++) {
		struct evaluate_change *change = &g_array_index(
			work->changes, struct evaluate_change, i);

		if (change->repo != repo)
			continue;
		change->rollouts = answers_new(work);
		add_question(questions, change->landed, change->rollouts);
	}
	for (guint i = 0; i < work->notes->len; i++) {
		struct evaluate_note *note = &g_array_index(work->notes,
							    struct evaluate_note, i);

		if (note->repo != repo || !is_of_repairs(note))
			continue;
		note->rollouts = answers_new(work);
		add_question(questions, note->pos, note->rollouts);
		if (note->target == GRAPH_NONE)
			continue;
		note->targets = answers_new(work);
		add_question(questions, note->target, note->targets);
	}
	ties = ask_ties(work, repo, questions);
	for (guint g = 0; good && questions->len > 0 && g < work->facts.n_groups; g++)
		good = ask(work, repo, g, questions, error);
	if (good)
		count_ties(work, repo, ties);
	return good;
}

/* ---- an incident's cause ---- */

/* Rollouts are in order of finish, so the greater is the later. */
gint evaluate_nearer(const struct evaluation *work, gint a, gint b,
		     struct evaluate_when when)
{
	bool x, y;

	if (a < 0 || b < 0)
		return MAX(a, b);
	if (when.fix) {
		x = evaluation_rollout(work, (guint)a)->finished >= when.started;
		y = evaluation_rollout(work, (guint)b)->finished >= when.started;
		return x == y ? (x ? MIN(a, b) : MAX(a, b)) : x ? a : b;
	}
	x = evaluation_rollout(work, (guint)a)->finished <= when.started;
	y = evaluation_rollout(work, (guint)b)->finished <= when.started;
	return x == y ? (x ? MAX(a, b) : MIN(a, b)) : x ? a : b;
}

/* The rollout that deployed this very commit, though another shipped it or the
 * baseline. */
static gint deployed(const struct evaluation *work, guint repo, guint32 pos, guint group,
		     struct evaluate_when when)
{
	gint best = -1;

	for (guint r = 0; r < work->rollouts.rollouts->len; r++)
		if (evaluation_rollout(work, r)->group == group &&
		    work->rollouts.positions[(gsize)r * work->facts.n_repos + repo] ==
			    pos)
			best = evaluate_nearer(work, best, (gint)r, when);
	return best;
}

bool evaluate_shipped_by(struct evaluation *work, guint repo, guint32 pos, guint64 groups,
			 struct evaluate_when when, gint *rollout, GError **error)
{
	struct oid oid;
	gint64 by;
	bool baseline;

	*rollout = -1;
	graph_oid(&work->repos[repo].graph, pos, &oid);
	for (guint g = 0; g < work->facts.n_groups; g++) {
		gint found = -1;

		if (!state_groups_have(groups, g))
			continue;
		if (!store_shipped_by(work->store, work->scope->scope_id,
				      work->facts.groups[g].name,
				      work->repos[repo].repo_id, &oid, 1, &by, &baseline,
				      error))
			return false;
		if (by != 0 && !baseline)
			found = rollout_of_id(work, by);
		/* Going back to a revision is what may have fixed it. */
		if (found < 0 || when.fix)
			found = evaluate_nearer(work, found,
						deployed(work, repo, pos, g, when), when);
		*rollout = evaluate_nearer(work, *rollout, found, when);
	}
	return true;
}

/* ---- rows ---- */

/* What the commits of a change say of it: when the first was made, and who made the
 * first that is no merge. Merges are made by whoever pressed the button. */
struct known {
	gint64 first;	 /* INSTANT_NONE */
	gint64 authored; /* of the first that is no merge; INSTANT_NONE */
	guint64 author;	 /* of that; 0 */
};

static void know(struct known *known, const struct commit_times *times, bool merge)
{
	gint64 at = times->authored;

	if (at == INSTANT_NONE)
		return;
	if (known->first == INSTANT_NONE || at < known->first)
		known->first = at;
	if (merge || (known->authored != INSTANT_NONE && at > known->authored))
		return;
	/* of two at once the same one, in whatever order they come */
	known->author = at == known->authored ? MIN(known->author, times->author)
					      : times->author;
	known->authored = at;
}

static bool know_times(struct evaluation *work, guint repo, struct known *known,
		       GError **error)
{
	const struct graph *graph = &work->repos[repo].graph;
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree struct commit_times *times = NULL;

	for (guint i = 0; i < work->ties[repo]->len; i++) {
		const struct tie *tied = &g_array_index(work->ties[repo], struct tie, i);

		if (tied->method == TIE_CHERRY_PICK)
			continue;
		g_array_append_val(positions, tied->commit);
		g_array_append_val(changes, tied->change);
	}
	times = g_new0(struct commit_times, positions->len + 1);
	if (!evaluate_repo_times(&work->repos[repo], work->store,
				 (const void *)positions->data, positions->len, times,
				 error))
		return false;
	for (guint i = 0; i < positions->len; i++)
		know(&known[g_array_index(changes, guint, i)], &times[i],
		     graph_n_parents(graph, g_array_index(positions, guint32, i)) > 1);
	return true;
}

static gint64 span(gint64 from, gint64 to)
{
	return from == INSTANT_NONE || to == INSTANT_NONE || to < from ? -1 : to - from;
}

static void add_change(const struct evaluation *work, guint i, const struct known *known,
		       GArray *rows)
{
	const struct evaluate_change *change = &g_array_index(work->changes,
							      struct evaluate_change, i);
	const struct item *item = change->item;
	gint64 first = item->first_commit != INSTANT_NONE ? item->first_commit
							  : known->first;
	gint64 reviewed = item->reviewed != INSTANT_NONE ? item->reviewed : item->created;

	for (guint g = 0; g < work->facts.n_groups; g++) {
		struct shipped_change_row row = {
			.environment = work->facts.groups[g].name,
			.change = { change->source_id,
				    item->project ? item->project : (char *)"",
				    item->id },
			.repo_id = work->repos[change->repo].repo_id,
			.author = known->author,
		};

		if (change->rollouts[g] < 0)
			continue;
		row.rollout_id = evaluation_rollout_id(work, (guint)change->rollouts[g]);
		row.finished =
			evaluation_rollout(work, (guint)change->rollouts[g])->finished;
		graph_oid(&work->repos[change->repo].graph, change->landed, &row.landed);
		row.spans[0] = span(first, item->created);
		row.spans[1] = span(item->created, item->reviewed);
		row.spans[2] = span(reviewed, item->merged);
		row.spans[3] = span(item->merged, row.finished);
		g_array_append_val(rows, row);
	}
}

static bool write_changes(struct evaluation *work, GError **error)
{
	guint n = work->changes->len;
	g_autofree struct known *known = g_new0(struct known, n + 1);
	g_autoptr(GArray)
		rows = g_array_new(FALSE, FALSE, sizeof(struct shipped_change_row));

	for (guint i = 0; i < n; i++)
		known[i].first = known[i].authored = INSTANT_NONE;
	for (guint i = 0; i < work->facts.n_repos; i++)
		if (!know_times(work, i, known, error))
			return false;
	for (guint i = 0; i < n; i++)
		add_change(work, i, &known[i], rows);
	return store_shipped_changes_write(work->store, work->scope->scope_id,
					   (const void *)rows->data, rows->len, error);
}

static bool write_ties(struct evaluation *work, GError **error)
{
	g_autoptr(GArray)
		rows = g_array_new(FALSE, FALSE, sizeof(struct commit_change_row));

	for (guint i = 0; i < work->facts.n_repos; i++) {
		const struct graph *graph = &work->repos[i].graph;

		for (guint k = 0; k < work->ties[i]->len; k++) {
			const struct tie *tied = &g_array_index(work->ties[i], struct tie,
								k);
			struct commit_change_row row = {
				.repo_id = work->repos[i].repo_id,
			};
			const struct evaluate_change *change;

			change = &g_array_index(work->changes, struct evaluate_change,
						tied->change);
			graph_oid(graph, tied->commit, &row.oid);
			row.change.source_id = change->source_id;
			row.change.project = change->item->project ? change->item->project
								   : (char *)"";
			row.change.id = change->item->id;
			row.method = tie_method_name(tied->method);
			g_array_append_val(rows, row);
		}
	}
	return store_commit_changes_write(work->store, work->scope->scope_id,
					  (const void *)rows->data, rows->len, error);
}

/* What rules leave out of commits that were shipped before the rules or changes were what
 * they are. */
static bool leave_out(struct evaluation *work, GError **error)
{
	for (guint i = 0; i < work->facts.n_repos; i++) {
		g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(struct oid));

		for (guint32 pos = 0; work->left_out[i] && pos < work->repos[i].graph.n;
		     pos++) {
			struct oid oid;

			if (!work->left_out[i][pos])
				continue;
			graph_oid(&work->repos[i].graph, pos, &oid);
			g_array_append_val(oids, oid);
		}
		if (!store_shipped_left_out(work->store, work->scope->scope_id,
					    work->repos[i].repo_id,
					    (const void *)oids->data, oids->len, error))
			return false;
	}
	return true;
}

bool evaluate_changes_ship(struct evaluation *work, GError **error)
{
	work->by_id = rollouts_by_id(work);
	if (!leave_out(work, error))
		return false;
	for (guint i = 0; i < work->facts.n_repos; i++)
		if (!ask_all(work, i, error))
			return false;
	return write_changes(work, error) && write_ties(work, error);
}
