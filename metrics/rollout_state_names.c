#include "metrics/rollout_state.h"

static const char *const nature_names[N_NATURES] = {
	[NATURE_NORMAL] = "normal",	[NATURE_BASELINE] = "baseline",
	[NATURE_REDEPLOY] = "redeploy", [NATURE_ROLLBACK] = "rollback",
	[NATURE_LATE] = "late",		[NATURE_ROLL_FORWARD] = "roll_forward",
	[NATURE_HOTFIX] = "hotfix",	[NATURE_REVISION_MISSING] = "revision_missing",
};

static const char *const state_names[N_CHANGE_STATES] = {
	[CHANGE_OK] = "ok",
	[CHANGE_FAILED] = "failed",
	[CHANGE_PENDING] = "pending",
};

static const struct {
	const char *name;
	double confidence;
} methods[N_LINK_METHODS] = {
	[LINK_NONE] = { NULL, 0 },
	[LINK_WINDOW] = { "window", 0.5 },
	[LINK_CHANGE] = { "change", 0.9 },
	[LINK_REVISION] = { "revision", 0.95 },
	[LINK_DEPLOYMENT] = { "deployment", 1 },
};

static const char *const failure_names[N_FAILURE_METHODS] = {
	[FAILURE_INCIDENT] = "incident",
	[FAILURE_ROLLBACK] = "rollback",
	[FAILURE_ROLL_FORWARD] = "roll_forward",
	[FAILURE_HOTFIX] = "hotfix",
};

const char *rollout_nature_name(enum rollout_nature nature)
{
	return nature_names[nature];
}

bool rollout_nature_parse(const char *name, enum rollout_nature *nature)
{
	for (int i = 0; i < N_NATURES; i++) {
		if (g_strcmp0(nature_names[i], name) == 0) {
			*nature = (enum rollout_nature)i;
			return true;
		}
	}
	return false;
}

const char *change_state_name(enum change_state state)
{
	return state_names[state];
}

bool change_state_parse(const char *name, enum change_state *state)
{
	for (int i = 0; i < N_CHANGE_STATES; i++) {
		if (g_strcmp0(state_names[i], name) == 0) {
			*state = (enum change_state)i;
			return true;
		}
	}
	return false;
}

const char *link_method_name(enum link_method method)
{
	return methods[method].name;
}

bool link_method_parse(const char *name, enum link_method *method)
{
	for (int i = LINK_NONE + 1; i < N_LINK_METHODS; i++) {
		if (g_strcmp0(methods[i].name, name) == 0) {
			*method = (enum link_method)i;
			return true;
		}
	}
	return false;
}

double link_confidence(enum link_method method)
{
	return methods[method].confidence;
}

const char *failure_method_name(enum failure_method method)
{
	return failure_names[method];
}
