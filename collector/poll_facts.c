#include "collector/poll_facts.h"

#include "base/instant.h"

void repo_state_clear(struct repo_state *state)
{
	g_clear_pointer(&state->graph, mirror_graph_free);
	g_clear_pointer(&state->refs, mirror_refs_free);
	g_clear_pointer(&state->head, g_free);
	g_clear_pointer(&state->positions, g_array_unref);
	g_clear_pointer(&state->times, g_free);
}

bool repo_state_load(struct repo_state *state, struct mirror *mirror, const GArray *known,
		     GError **error)
{
	g_autoptr(GArray) tips = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GArray) olds = g_array_new(FALSE, FALSE, sizeof(guint32));

	state->mirror = mirror;
	state->graph = mirror_graph_load(mirror, error);
	if (!state->graph)
		return false;
	state->refs = mirror_refs(mirror, &state->graph->graph, NULL, &state->head,
				  error);
	if (!state->refs)
		return false;
	for (guint i = 0; i < state->refs->len; i++) {
		const struct mirror_ref *ref = &g_array_index(state->refs,
							      struct mirror_ref, i);
		guint32 pos = ref->commit.len
				      ? graph_find(&state->graph->graph, &ref->commit)
				      : GRAPH_NONE;

		g_array_append_val(tips, pos);
	}
	for (guint i = 0; known && i < known->len; i++) {
		const struct ref_row *row = &g_array_index(known, struct ref_row, i);
		guint32 pos = row->commit.len
				      ? graph_find(&state->graph->graph, &row->commit)
				      : GRAPH_NONE;

		g_array_append_val(olds, pos);
	}
	state->positions = graph_difference(&state->graph->graph,
					    (const guint32 *)tips->data, tips->len,
					    (const guint32 *)olds->data, olds->len);
	positions_sort(state->positions);
	state->times = g_new(struct commit_times, state->positions->len);
	for (guint i = 0; i < state->positions->len; i++)
		state->times[i] = (struct commit_times){ INSTANT_NONE, INSTANT_NONE, 0 };
	return true;
}

struct reading {
	struct repo_state *state;
	bool (*visit)(const struct mirror_commit *commit, void *user, GError **error);
	void *user;
};

static bool read_one(const struct mirror_commit *commit, void *user, GError **error)
{
	const struct reading *reading = user;
	gssize i = positions_index(reading->state->positions, commit->pos);

	if (i >= 0)
		reading->state->times[i] = commit->times;
	return !reading->visit || reading->visit(commit, reading->user, error);
}

bool repo_state_read(struct repo_state *state, GBytes *author_key, struct notes *notes,
		     bool (*visit)(const struct mirror_commit *commit, void *user,
				   GError **error),
		     void *user, GError **error)
{
	struct reading reading = { state, visit, user };

	return mirror_read_commits(state->mirror, &state->graph->graph,
				   (const guint32 *)state->positions->data,
				   state->positions->len, author_key, notes, read_one,
				   &reading, &state->n_bad, error);
}

gint64 repo_state_committed(const struct repo_state *state, guint32 pos)
{
	gssize i = positions_index(state->positions, pos);

	if (i >= 0)
		return state->times[i].committed;
	return instant_from_seconds(graph_committed(&state->graph->graph, pos));
}

struct touching {
	const struct repo_state *state;
	guint8 **touched;
};

static bool touch_one(guint32 pos, guint set, void *user, GError **error)
{
	const struct touching *touching = user;
	gssize i = positions_index(touching->state->positions, pos);

	(void)error;
	if (i >= 0)
		touching->touched[set][i] = 1;
	return true;
}

bool repo_state_touched(struct repo_state *state, const struct mirror_paths *sets,
			guint n_sets, guint8 **touched, GError **error)
{
	struct touching touching = { state, touched };

	for (guint i = 0; i < n_sets; i++)
		touched[i] = g_malloc0(MAX(state->positions->len, 1));
	if (n_sets == 0)
		return true;
	return mirror_match_paths(state->mirror, &state->graph->graph,
				  (const guint32 *)state->positions->data,
				  state->positions->len, sets, n_sets, touch_one,
				  &touching, error);
}
