#include "config/schema_private.h"

#define ONLY(from) (1u << FROM_##from)
#define BUILT (ONLY(JOBS) | ONLY(RUNS))
#define POLLED (ONLY(DEPLOYMENTS) | BUILT | ONLY(RELEASES))
#define ITEMS (POLLED | ONLY(PUSH))

const cyaml_schema_field_t schema_component_fields[] = {
	STRING("repository", 0, config_component, repository, 1, FORMAT_NAME_MAX),
	LIST("paths", OPTIONAL, config_component, paths, n_paths, schema_glob_entry,
	     PARTS_MAX),
	STRING("baseline", OPTIONAL, config_component, baseline, 1, 64), CYAML_FIELD_END
};
static ENTRY(component, config_component);

const struct config_row schema_component_rows[] = {
	{ "repository", "A name of sources.git.", FORMAT_NAME },
	{ "paths",
	  "Only commits that touch a matching path belong to the service. Default: all "
	  "commits.",
	  FORMAT_PATH_GLOB },
	{ "baseline",
	  "A full commit id: what was shipped before measuring began. Default: the first "
	  "rollout.",
	  FORMAT_SHA },
	{ NULL }
};

static const cyaml_strval_t from_words[] = {
	{ "tags", FROM_TAGS },
	{ "trunk", FROM_TRUNK },
	{ "heads", FROM_HEADS },
	{ "file", FROM_FILE },
	{ "deployments", FROM_DEPLOYMENTS },
	{ "jobs", FROM_JOBS },
	{ "runs", FROM_RUNS },
	{ "releases", FROM_RELEASES },
	{ "push", FROM_PUSH },
};
static const cyaml_strval_t tag_time_words[] = {
	{ "tagged", TAG_TIME_TAGGED },
	{ "first_seen", TAG_TIME_FIRST_SEEN },
};
static const cyaml_strval_t revision_words[] = {
	{ "sha", REVISION_SHA },	 { "ref", REVISION_REF },
	{ "version", REVISION_VERSION }, { "image", REVISION_IMAGE },
	{ "file", REVISION_FILE },
};
static const cyaml_strval_t each_words[] = {
	{ "commit", EACH_COMMIT },
	{ "day", EACH_DAY },
};

const cyaml_schema_field_t schema_rule_fields[] = {
	CHOICE("from", 0, config_rule, from, from_words),
	STRING("repository", OPTIONAL, config_rule, repository, 1, FORMAT_NAME_MAX),
	LIST("tags", OPTIONAL, config_rule, tags, n_tags, schema_glob_entry, PARTS_MAX),
	LIST("except", OPTIONAL, config_rule, except, n_except, schema_glob_entry,
	     PARTS_MAX),
	CHOICE("finished", OPTIONAL, config_rule, finished, tag_time_words),
	STRING("branch", OPTIONAL, config_rule, branch, 1, GLOB_MAX_LENGTH),
	CHOICE("each", OPTIONAL, config_rule, each, each_words),
	LIST("branches", OPTIONAL, config_rule, branches, n_branches, schema_glob_entry,
	     PARTS_MAX),
	STRING("file", OPTIONAL, config_rule, file, 1, TEXT_MAX_LENGTH),
	STRING("environment", OPTIONAL, config_rule, environment, 1, FORMAT_NAME_MAX),
	STRING("source", OPTIONAL, config_rule, source, 1, FORMAT_NAME_MAX),
	STRING("project", OPTIONAL, config_rule, project, 1, TEXT_MAX_LENGTH),
	LIST("environments", OPTIONAL, config_rule, environments, n_environments,
	     schema_glob_entry, PARTS_MAX),
	LIST("jobs", OPTIONAL, config_rule, jobs, n_jobs, schema_regex_entry, PARTS_MAX),
	LIST("workflows", OPTIONAL, config_rule, workflows, n_workflows,
	     schema_regex_entry, PARTS_MAX),
	LIST("skip", OPTIONAL, config_rule, skip, n_skip, schema_regex_entry, PARTS_MAX),
	LIST("names", OPTIONAL, config_rule, names, n_names, schema_line_entry,
	     PARTS_MAX),
	CHOICE("revision", OPTIONAL, config_rule, revision, revision_words),
	STRING("pattern", OPTIONAL, config_rule, pattern, 1, REGEX_MAX_LENGTH),
	STRING("manifest", OPTIONAL, config_rule, manifest, 1, TEXT_MAX_LENGTH),
	STRING("manifest_repository", OPTIONAL, config_rule, manifest_repository, 1,
	       FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
static ENTRY(rule, config_rule);

const struct config_row schema_rule_rows[] = {
	{ "from",
	  "tags: each tag is a deployment. trunk: each commit of a branch is. heads: "
	  "each new head of a branch is. file: each line of a file in the repository "
	  "is. deployments: each record of a source's deployments is. jobs: each job "
	  "of a pipeline that fits is, judged by itself. runs: each pipeline run is. "
	  "releases: each release is. push: what clients of the push server tell is." },
	{ "repository",
	  "A name of sources.git. Default: the only component's repository.",
	  FORMAT_NAME },
	{ "tags", "For tags: the tags that count. Default: all.", FORMAT_REF_GLOB,
	  .fits = ONLY(TAGS) },
	{ "except", "For tags and heads: the tags or branches that do not count.",
	  FORMAT_REF_GLOB, .fits = ONLY(TAGS) | ONLY(HEADS) },
	{ "finished",
	  "For tags: a deployment finished when the tag was made (a lightweight tag: its "
	  "commit), or when dorad first saw it.",
	  FORMAT_ANY, "tagged", .fits = ONLY(TAGS) },
	{ "branch", "For trunk and file: the branch. Default: the remote's HEAD.",
	  FORMAT_BRANCH, .fits = ONLY(TRUNK) | ONLY(FILE) },
	{ "each",
	  "For trunk: every commit of the first-parent line is a deployment, or the last "
	  "of each day.",
	  FORMAT_ANY, "commit", .fits = ONLY(TRUNK) },
	{ "branches",
	  "The branches that count: for heads, required there, and for deployments, "
	  "jobs and runs, where the default is all.",
	  FORMAT_REF_GLOB, .fits = ONLY(HEADS) | ONLY(DEPLOYMENTS) | BUILT,
	  .needed = ONLY(HEADS) },
	{ "file", "For file, required there: a file of JSON lines, one a deployment.",
	  FORMAT_INSIDE, .fits = ONLY(FILE), .needed = ONLY(FILE) },
	{ "environment",
	  "What was deployed to; for file: of lines that name no environment. Default: "
	  "production; for deployments and push: what the record says.",
	  FORMAT_NAME },
	{ "source", "A name of sources; required but for push.", FORMAT_NAME,
	  .fits = POLLED, .needed = POLLED },
	{ "project",
	  "One of the source's projects, or \"*\": any. Default: the only one.",
	  FORMAT_LINE, .fits = POLLED },
	{ "environments",
	  "The environments of the source that count, as patterns. Default: all.",
	  FORMAT_LINE, .fits = ONLY(DEPLOYMENTS) | ONLY(JOBS) | ONLY(PUSH) },
	{ "jobs",
	  "For jobs, required there: regular expressions, of which one fits the whole "
	  "name of the job.",
	  FORMAT_REGEX, .fits = ONLY(JOBS), .needed = ONLY(JOBS) },
	{ "workflows",
	  "Regular expressions, of which one fits the whole name of the pipeline or "
	  "workflow. Default: all.",
	  FORMAT_REGEX, .fits = BUILT },
	{ "skip",
	  "Regular expressions: a job, workflow, environment, version or ref that one "
	  "of them is found in does not count, such as a dry run.",
	  FORMAT_REGEX, .fits = ITEMS },
	{ "names", "What clients call the service. Default: its name.", FORMAT_LINE,
	  .fits = ONLY(PUSH) },
	{ "revision",
	  "Where the revision is: the commit the source tells (sha), its branch or tag "
	  "(ref), its version or the release's name (version), an image (image), or a "
	  "file of a configuration repository (file). Releases default to "
	  "version.",
	  FORMAT_ANY, "sha", .fits = ITEMS },
	{ "pattern",
	  "A regular expression: its first group is the revision in that text. "
	  "Default: the whole text.",
	  FORMAT_GROUP, .fits = ITEMS },
	{ "manifest",
	  "For revision file, required there: the file that pattern is looked for in, "
	  "as of the commit that was deployed.",
	  FORMAT_INSIDE, .fits = ITEMS },
	{ "manifest_repository", "A name of sources.git: the repository of manifest.",
	  FORMAT_NAME, .fits = ITEMS },
	{ NULL }
};

static const cyaml_strval_t finished_words[] = {
	{ "all", FINISHED_ALL },
	{ "first", FINISHED_FIRST },
};

const cyaml_schema_field_t schema_group_fields[] = {
	STRING("name", 0, config_group, name, 1, FORMAT_NAME_MAX),
	LIST("environments", 0, config_group, environments, n_environments,
	     schema_name_entry, PARTS_MAX),
	CHOICE("finished", OPTIONAL, config_group, finished, finished_words),
	CYAML_FIELD_END
};
static ENTRY(group, config_group);

const struct config_row schema_group_rows[] = {
	{ "name", "What the views call it, in the column environment.", FORMAT_NAME },
	{ "environments", "The environments that make one rollout.", FORMAT_NAME },
	{ "finished",
	  "A rollout is finished when all of them have the revision, or the first has.",
	  FORMAT_ANY, "all" },
	{ NULL }
};

static const cyaml_strval_t commit_time_words[] = {
	{ "authored", COMMIT_TIME_AUTHORED },
	{ "committed", COMMIT_TIME_COMMITTED },
	{ "merged", COMMIT_TIME_MERGED },
};

const cyaml_schema_field_t schema_service_fields[] = {
	STRING("name", 0, config_service, name, 1, FORMAT_NAME_MAX),
	STRING("team", 0, config_service, team, 1, FORMAT_NAME_MAX),
	LIST("owners", OPTIONAL, config_service, owners, n_owners, schema_owner_entry,
	     PARTS_MAX),
	STRING("time_zone", OPTIONAL, config_service, time_zone, 1, FORMAT_NAME_MAX),
	LIST("components", 0, config_service, components, n_components,
	     schema_component_entry, PARTS_MAX),
	LIST("deployments", 0, config_service, deployments, n_deployments,
	     schema_rule_entry, PARTS_MAX),
	LIST("production", OPTIONAL, config_service, production, n_production,
	     schema_group_entry, PARTS_MAX),
	CHOICE("commit_time", OPTIONAL, config_service, commit_time, commit_time_words),
	MAPPING("exclude", OPTIONAL, config_service, exclude, exclude),
	LIST_OR_NONE("incidents", OPTIONAL, config_service, incidents, n_incidents,
		     schema_incident_rule_entry, PARTS_MAX),
	LIST_OR_NONE("remediation", OPTIONAL, config_service, remediation, n_remediation,
		     schema_remediation_entry, PARTS_MAX),
	STRING("failure_window", OPTIONAL, config_service, failure_window, 1, 20),
	LIST_OR_NONE("pipelines", OPTIONAL, config_service, pipelines, n_pipelines,
		     schema_pipeline_entry, PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_service_rows[] = {
	{ "name", "What it is called in the views.", FORMAT_NAME },
	{ "team", "The team it belongs to.", FORMAT_NAME },
	{ "owners",
	  "The teams it belonged to before, oldest first: what happened then counts "
	  "there. Default: all its history is its team's." },
	{ "time_zone", "Where its days begin. Default: the team's.", FORMAT_ZONE },
	{ "components", "The repositories it is built from." },
	{ "deployments", "How its deployments are recognised." },
	{ "production",
	  "Which environments are production, in groups that are rolled out together. "
	  "Default: one group \"production\" of the environment \"production\"." },
	{ "commit_time",
	  "Where the lead time of a commit begins: when it was authored, committed, or "
	  "its change was merged (without one: committed).",
	  FORMAT_ANY, "authored" },
	{ "exclude", "What has no lead time. Default: nothing." },
	{ "incidents",
	  "Which incidents concern it: those that fit one rule. A rule takes what fits "
	  "all its keys. Default: those whose services have its name; []: none." },
	{ "remediation",
	  "Which rollouts repair an earlier one; the first rule that fits says what it "
	  "is. Default: reverts roll forward, branches hotfix/* and hotfix-* and the "
	  "label hotfix are hotfixes; []: none." },
	{ "failure_window",
	  "How long after a rollout an incident is put down to it, and it is not known "
	  "to be well, from 1h to 90d.",
	  FORMAT_SPAN, "72h", HOUR, 90 * DAY },
	{ "pipelines",
	  "Whose runs are counted in dora.pipeline_series. Default: those of the sources "
	  "and projects that its rules of jobs, runs and deployments name; []: none." },
	{ NULL }
};

ENTRY(service, config_service);
