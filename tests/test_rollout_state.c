#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "metrics/rollout_state.h"
#include "tests/rollout_state_rows.h"

#define T0 (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)
#define HOUR (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define MAX_THINGS 16

struct world {
	char revisions[MAX_THINGS], names[MAX_THINGS][2];
	struct state_rollout rollouts[MAX_THINGS];
	struct repair repairs[MAX_THINGS];
	struct state_incident incidents[MAX_THINGS];
	struct state_facts facts;
};

static bool reaches(guint newer, guint older, void *user)
{
	const struct world *world = user;
	char from = world->revisions[newer], to = world->revisions[older];

	ck_assert(world->rollouts[newer].kind == ROLLOUT_OLDER ||
		  world->rollouts[newer].kind == ROLLOUT_REDEPLOY);
	ck_assert_uint_eq(world->rollouts[newer].group, world->rollouts[older].group);
	ck_assert_uint_lt(older, newer);
	return from != '?' && from != '!' &&
	       (from == to ||
		(g_ascii_isdigit(from) && g_ascii_isdigit(to) && to < from));
}

static enum rollout_kind kind_of(const struct world *world, guint i)
{
	char revision = world->revisions[i], before = 0;
	bool based = false, reached = false;

	for (guint k = 0; k < i; k++) {
		char earlier = world->revisions[k];

		if (world->rollouts[k].group != world->rollouts[i].group)
			continue;
		before = earlier;
		based = based || (earlier != '?' && earlier != '!');
		reached = reached || earlier == revision ||
			  (g_ascii_isdigit(earlier) && earlier > revision);
	}
	if (revision == '?' || revision == '!')
		return ROLLOUT_REVISION_MISSING;
	if (!based)
		return ROLLOUT_BASELINE;
	if (before == revision)
		return ROLLOUT_REDEPLOY;
	return reached ? ROLLOUT_OLDER : ROLLOUT_NORMAL;
}

static gint64 hours(const char **text)
{
	return T0 + g_ascii_strtoll(*text, (char **)text, 10) * HOUR;
}

static void read_rollouts(struct world *world, const char *text)
{
	while (*text) {
		guint i = world->facts.n_rollouts++;
		struct state_rollout *rollout = &world->rollouts[i];

		world->revisions[i] = *text++;
		rollout->group = *text == '@' ? 0 : (guint)(*text++ - 'a');
		text++;
		rollout->finished = hours(&text);
		world->names[i][0] = world->revisions[i];
		rollout->revision = world->names[i];
		rollout->started = INSTANT_NONE;
		if (*text == '<') {
			text++;
			rollout->started = hours(&text);
		}
		rollout->kind = kind_of(world, i);
		rollout->ships = world->revisions[i] == '!';
		text += *text == ' ';
	}
}

static void read_repairs(struct world *world, const char *text)
{
	g_auto(GStrv) repairs = g_strsplit(text ? text : "", ", ", -1);

	for (guint i = 0; repairs[i]; i++) {
		g_auto(GStrv) words = g_strsplit(repairs[i], " ", 3);
		struct repair *repair = &world->repairs[world->facts.n_repairs++];

		repair->rollout = (guint)g_ascii_strtoll(words[0], NULL, 10);
		repair->hotfix = strcmp(words[1], "hotfix") == 0;
		repair->target = strcmp(words[2], "before") == 0 ? REPAIR_BEFORE
				 : strcmp(words[2], "nobody") == 0
					 ? REPAIR_NOBODY
					 : (gint)g_ascii_strtoll(words[2], NULL, 10);
	}
}

static void read_incidents(struct world *world, const char *text)
{
	while (text && *text) {
		struct state_incident *incident =
			&world->incidents[world->facts.n_incidents++];

		*incident = (struct state_incident){
			STATE_GROUPS_ANY, INSTANT_NONE, INSTANT_NONE, -1,
			LINK_NONE,	  -1,		false
		};
		incident->started = hours(&text);
		if (g_ascii_isdigit(*++text))
			incident->restored = hours(&text);
		if (*text == '/')
			while (g_ascii_islower(*++text))
				incident->groups |= state_group((guint)(*text - 'a'));
		if (g_str_has_prefix(text, "=x")) {
			incident->elsewhere = true;
			text += 2;
		}
		if (*text == '=') {
			incident->named = text[1] - '0';
			incident->named_by = text[2] == 'd'   ? LINK_DEPLOYMENT
					     : text[2] == 'r' ? LINK_REVISION
							      : LINK_CHANGE;
			text += 3;
		}
		if (*text == '+') {
			incident->fix = text[1] - '0';
			text += 2;
		}
		text += *text == ' ';
	}
}

static void read_world(struct world *world, int row)
{
	*world = (struct world){
		.facts = { .rollouts = world->rollouts,
			   .repairs = world->repairs,
			   .incidents = world->incidents,
			   .window = WINDOW * HOUR,
			   .now = T0 + (worlds[row].now ? worlds[row].now : 9999) * HOUR,
			   .reaches = reaches,
			   .user = world },
	};
	read_rollouts(world, worlds[row].rollouts);
	read_repairs(world, worlds[row].repairs);
	read_incidents(world, worlds[row].incidents);
}

static void tell_failures(GString *text, const GArray *failures, guint rollout)
{
	const char *before = " (";

	for (guint i = 0; i < failures->len; i++) {
		const struct failure *failure = &g_array_index(failures, struct failure,
							       i);

		if (failure->rollout != rollout)
			continue;
		g_string_append_printf(text, "%s%s", before,
				       failure_method_name(failure->method));
		if (failure->by >= 0)
			g_string_append_printf(text, " by %d", failure->by);
		if (failure->incident >= 0)
			g_string_append_printf(text, " %d", failure->incident);
		before = ", ";
	}
	g_string_append(text, ")");
}

static char *tell_states(const struct world *world, const struct rollout_state *states,
			 const GArray *failures)
{
	GString *text = g_string_new("");

	for (guint i = 0; i < world->facts.n_rollouts; i++) {
		const struct rollout_state *state = &states[i];

		g_string_append_printf(text, "%s%s %s", i ? ", " : "",
				       rollout_nature_name(state->nature),
				       change_state_name(state->state));
		if (state->state == CHANGE_FAILED)
			tell_failures(text, failures, i);
		if (state->recovered != INSTANT_NONE)
			g_string_append_printf(text, " until %d",
					       (int)((state->recovered - T0) / HOUR));
		else if (state->state == CHANGE_FAILED)
			g_string_append(text, " open");
		if (state->recovery_excluded != EXCLUSION_NONE)
			g_string_append_printf(text, " %s",
					       exclusion_name(state->recovery_excluded));
		if (state->unplanned)
			g_string_append(text, " unplanned");
		ck_assert_int_eq(state->pending_until,
				 world->rollouts[i].finished + WINDOW * HOUR);
	}
	return g_string_free(text, FALSE);
}

static char *tell_links(const struct world *world, const struct incident_link *links)
{
	GString *text = g_string_new("");

	for (guint i = 0; i < world->facts.n_incidents; i++) {
		g_string_append(text, i ? ", " : "");
		if (links[i].rollout >= 0)
			g_string_append_printf(text, "%d %s", links[i].rollout,
					       link_method_name(links[i].method));
		else
			g_string_append(text,
					links[i].method == LINK_NONE ? "none" : "?");
	}
	return g_string_free(text, FALSE);
}

START_TEST(worlds_by_name)
{
	struct world world;
	struct rollout_state states[MAX_THINGS];
	struct incident_link links[MAX_THINGS];
	g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct failure));
	g_autofree char *told = NULL, *linked = NULL;

	read_world(&world, _i);
	rollout_states_derive(&world.facts, states, links, failures);
	told = tell_states(&world, states, failures);
	linked = tell_links(&world, links);
	ck_assert_msg(strcmp(told, worlds[_i].states) == 0, "%s (not as %s):\n  %s\n  %s",
		      worlds[_i].what, worlds[_i].peer ? worlds[_i].peer : "anybody",
		      worlds[_i].states, told);
	ck_assert_msg(strcmp(linked, worlds[_i].links ? worlds[_i].links : "") == 0,
		      "%s: %s", worlds[_i].what, linked);
}
END_TEST

/* What was appended before, of another service, stays as it is. */
START_TEST(appends)
{
	struct world world;
	struct rollout_state states[MAX_THINGS];
	struct incident_link links[MAX_THINGS];
	struct failure other = { 99, FAILURE_HOTFIX, 100, -1 };
	g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct failure));

	g_array_append_val(failures, other);
	read_world(&world, 2);
	rollout_states_derive(&world.facts, states, links, failures);
	ck_assert_uint_eq(failures->len, 2);
	ck_assert_mem_eq(failures->data, &other, sizeof(other));
	ck_assert_int_eq(states[1].state, CHANGE_FAILED);
}
END_TEST

static bool count_reaches(guint newer, guint older, void *user)
{
	gsize *n_asked = user;

	(*n_asked)++;
	return newer >= older + 5;
}

/* Years of a busy service: what it costs is what rollbacks go back, not the history. */
START_TEST(many)
{
	enum { N = 20000, N_INCIDENTS = 5000, EVERY = 100 };
	g_autofree struct state_rollout *rollouts = g_new0(struct state_rollout, N);
	g_autofree struct state_incident *incidents = g_new0(struct state_incident,
							     N_INCIDENTS);
	g_autofree struct rollout_state *states = g_new(struct rollout_state, N);
	g_autofree struct incident_link *links = g_new(struct incident_link, N_INCIDENTS);
	g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct failure));
	gsize n_asked = 0;
	struct state_facts facts = { .rollouts = rollouts,
				     .n_rollouts = N,
				     .incidents = incidents,
				     .n_incidents = N_INCIDENTS,
				     .window = 10,
				     .now = T0 + 10 * N,
				     .reaches = count_reaches,
				     .user = &n_asked };

	for (guint i = 0; i < N; i++)
		rollouts[i] = (struct state_rollout){
			.group = 0,
			.started = T0 + 10 * i - 1,
			.finished = T0 + 10 * i,
			.kind = i % EVERY == EVERY - 1 ? ROLLOUT_OLDER : ROLLOUT_NORMAL,
		};
	for (guint i = 0; i < N_INCIDENTS; i++)
		incidents[i] = (struct state_incident){
			.groups = i % 2 ? state_group(0) : STATE_GROUPS_ANY,
			.started = T0 + 10 * (N - i) + 5,
			.restored = INSTANT_NONE,
			.named = -1,
			.fix = -1,
		};
	rollout_states_derive(&facts, states, links, failures);
	ck_assert_uint_eq(n_asked, N / EVERY * 6);
	ck_assert_uint_eq(failures->len, N / EVERY * 4 + N_INCIDENTS - 1);
	ck_assert_int_eq(links[0].rollout, -1);
	ck_assert_int_eq(links[1].rollout, N - 1);
	ck_assert_int_eq(links[N_INCIDENTS - 1].rollout, N - N_INCIDENTS + 1);
}
END_TEST

/* A start that no clock ever told is none, and not asked about for ever. */
START_TEST(started_in_the_year_one)
{
	struct world world;
	struct rollout_state states[MAX_THINGS];
	g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct failure));

	read_world(&world, 2);
	world.rollouts[2].started = -1;
	rollout_states_derive(&world.facts, states, NULL, failures);
	ck_assert_int_eq(states[2].nature, NATURE_ROLLBACK);
}
END_TEST

START_TEST(names)
{
	enum rollout_nature nature;
	enum change_state state;
	enum link_method method;

	for (int i = 0; i < N_NATURES; i++) {
		ck_assert(rollout_nature_parse(
			rollout_nature_name((enum rollout_nature)i), &nature));
		ck_assert_int_eq(nature, i);
	}
	for (int i = 0; i < N_CHANGE_STATES; i++) {
		ck_assert(change_state_parse(change_state_name((enum change_state)i),
					     &state));
		ck_assert_int_eq(state, i);
	}
	for (int i = LINK_WINDOW; i < N_LINK_METHODS; i++) {
		ck_assert(link_method_parse(link_method_name((enum link_method)i),
					    &method));
		ck_assert_int_eq(method, i);
		ck_assert(link_confidence(method) >
			  link_confidence((enum link_method)(i - 1)));
	}
	ck_assert_ptr_null(link_method_name(LINK_NONE));
	ck_assert(!rollout_nature_parse("older", &nature));
	ck_assert(!rollout_nature_parse(NULL, &nature));
	ck_assert(!change_state_parse("", &state));
	ck_assert(!link_method_parse(NULL, &method));
	ck_assert(link_confidence(LINK_DEPLOYMENT) == 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rollout_state");
	TCase *tests = tcase_create("rollout_state");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, worlds_by_name, 0, G_N_ELEMENTS(worlds));
	tcase_add_test(tests, appends);
	tcase_add_test(tests, many);
	tcase_add_test(tests, started_in_the_year_one);
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
