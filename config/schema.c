#include "config/schema.h"

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define GLOB_MAX_LENGTH 200
#define TEXT_MAX_LENGTH 2000 /* urls and paths */
#define LIST_MAX 10000	     /* services of one daemon; more belong on another */
#define PARTS_MAX 1000	     /* of one service */

#define STRING(key, flags, type, member, min, max)                                       \
	CYAML_FIELD_STRING_PTR(key, flags, struct type, member, min, max)
#define LIST(key, flags, type, member, count, entry, max)                                \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), struct type,       \
				   member, count, &(entry), 1, max)
#define SECRET(key, type, member)                                                        \
	CYAML_FIELD_MAPPING_PTR(key, OPTIONAL, struct type, member, secret_fields)
#define CHOICE(key, flags, type, member, words)                                          \
	CYAML_FIELD_ENUM(key, (flags) | CYAML_FLAG_STRICT, struct type, member, words,   \
			 CYAML_ARRAY_LEN(words))
#define ENTRY(name, type, fields)                                                        \
	static const cyaml_schema_value_t name = { CYAML_VALUE_MAPPING(                  \
		CYAML_FLAG_DEFAULT, struct type, fields) }

static const cyaml_schema_value_t name_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 1, FORMAT_NAME_MAX) };
static const cyaml_schema_value_t glob_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 1, GLOB_MAX_LENGTH) };

static const cyaml_schema_field_t secret_fields[] = {
	STRING("credential", OPTIONAL, secret_ref, credential, 1, FORMAT_NAME_MAX),
	STRING("file", OPTIONAL, secret_ref, file, 1, TEXT_MAX_LENGTH),
	STRING("env", OPTIONAL, secret_ref, env, 1, FORMAT_NAME_MAX), CYAML_FIELD_END
};

static const cyaml_schema_field_t database_fields[] = {
	STRING("uri", 0, config_database, uri, 1, TEXT_MAX_LENGTH),
	SECRET("password", config_database, password),
	STRING("reader_role", OPTIONAL, config_database, reader_role, 0, 63),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t schedule_fields[] = {
	STRING("every", OPTIONAL, config_schedule, every, 1, 20),
	STRING("timeout", OPTIONAL, config_schedule, timeout, 1, 20),
	CYAML_FIELD_UINT("workers", OPTIONAL, struct config_schedule, workers),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t privacy_fields[] = {
	CYAML_FIELD_UINT("minimum_authors", OPTIONAL, struct config_privacy,
			 minimum_authors),
	SECRET("author_key", config_privacy, author_key), CYAML_FIELD_END
};

static const cyaml_schema_field_t git_fields[] = {
	STRING("name", 0, config_git, name, 1, FORMAT_NAME_MAX),
	STRING("url", 0, config_git, url, 1, TEXT_MAX_LENGTH),
	STRING("username", OPTIONAL, config_git, username, 1, FORMAT_NAME_MAX),
	SECRET("token", config_git, token),
	STRING("ca_file", OPTIONAL, config_git, ca_file, 1, TEXT_MAX_LENGTH),
	SECRET("ssh_key", config_git, ssh_key),
	STRING("known_hosts", OPTIONAL, config_git, known_hosts, 1, TEXT_MAX_LENGTH),
	CYAML_FIELD_BOOL("allow_file", OPTIONAL, struct config_git, allow_file),
	STRING("every", OPTIONAL, config_git, every, 1, 20),
	STRING("timeout", OPTIONAL, config_git, timeout, 1, 20),
	CYAML_FIELD_END
};
ENTRY(git_entry, config_git, git_fields);

static const cyaml_schema_field_t sources_fields[] = {
	LIST("git", 0, config_sources, git, n_git, git_entry, LIST_MAX), CYAML_FIELD_END
};

static const cyaml_schema_field_t org_fields[] = {
	STRING("name", 0, config_org, name, 1, FORMAT_NAME_MAX),
	STRING("time_zone", OPTIONAL, config_org, time_zone, 1, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
ENTRY(org_entry, config_org, org_fields);

static const cyaml_schema_field_t team_fields[] = {
	STRING("name", 0, config_team, name, 1, FORMAT_NAME_MAX),
	STRING("org", 0, config_team, org, 1, FORMAT_NAME_MAX),
	STRING("time_zone", OPTIONAL, config_team, time_zone, 1, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
ENTRY(team_entry, config_team, team_fields);

static const cyaml_schema_field_t component_fields[] = {
	STRING("repository", 0, config_component, repository, 1, FORMAT_NAME_MAX),
	LIST("paths", OPTIONAL, config_component, paths, n_paths, glob_entry, PARTS_MAX),
	STRING("baseline", OPTIONAL, config_component, baseline, 1, 64), CYAML_FIELD_END
};
ENTRY(component_entry, config_component, component_fields);

static const cyaml_strval_t from_words[] = {
	{ "tags", FROM_TAGS },
	{ "trunk", FROM_TRUNK },
	{ "heads", FROM_HEADS },
	{ "file", FROM_FILE },
};
static const cyaml_strval_t tag_time_words[] = {
	{ "tagged", TAG_TIME_TAGGED },
	{ "first_seen", TAG_TIME_FIRST_SEEN },
};
static const cyaml_strval_t each_words[] = {
	{ "commit", EACH_COMMIT },
	{ "day", EACH_DAY },
};
static const cyaml_strval_t finished_words[] = {
	{ "all", FINISHED_ALL },
	{ "first", FINISHED_FIRST },
};
static const cyaml_strval_t commit_time_words[] = {
	{ "authored", COMMIT_TIME_AUTHORED },
	{ "committed", COMMIT_TIME_COMMITTED },
};

static const cyaml_schema_field_t rule_fields[] = {
	CHOICE("from", 0, config_rule, from, from_words),
	STRING("repository", OPTIONAL, config_rule, repository, 1, FORMAT_NAME_MAX),
	LIST("tags", OPTIONAL, config_rule, tags, n_tags, glob_entry, PARTS_MAX),
	LIST("except", OPTIONAL, config_rule, except, n_except, glob_entry, PARTS_MAX),
	CHOICE("finished", OPTIONAL, config_rule, finished, tag_time_words),
	STRING("branch", OPTIONAL, config_rule, branch, 1, GLOB_MAX_LENGTH),
	CHOICE("each", OPTIONAL, config_rule, each, each_words),
	LIST("branches", OPTIONAL, config_rule, branches, n_branches, glob_entry,
	     PARTS_MAX),
	STRING("file", OPTIONAL, config_rule, file, 1, TEXT_MAX_LENGTH),
	STRING("environment", OPTIONAL, config_rule, environment, 1, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
ENTRY(rule_entry, config_rule, rule_fields);

static const cyaml_schema_field_t group_fields[] = {
	STRING("name", 0, config_group, name, 1, FORMAT_NAME_MAX),
	LIST("environments", 0, config_group, environments, n_environments, name_entry,
	     PARTS_MAX),
	CHOICE("finished", OPTIONAL, config_group, finished, finished_words),
	CYAML_FIELD_END
};
ENTRY(group_entry, config_group, group_fields);

static const cyaml_schema_field_t service_fields[] = {
	STRING("name", 0, config_service, name, 1, FORMAT_NAME_MAX),
	STRING("team", 0, config_service, team, 1, FORMAT_NAME_MAX),
	STRING("time_zone", OPTIONAL, config_service, time_zone, 1, FORMAT_NAME_MAX),
	LIST("components", 0, config_service, components, n_components, component_entry,
	     PARTS_MAX),
	LIST("deployments", 0, config_service, deployments, n_deployments, rule_entry,
	     PARTS_MAX),
	LIST("production", OPTIONAL, config_service, production, n_production,
	     group_entry, PARTS_MAX),
	CHOICE("commit_time", OPTIONAL, config_service, commit_time, commit_time_words),
	CYAML_FIELD_END
};
ENTRY(service_entry, config_service, service_fields);

static const cyaml_schema_field_t config_fields[] = {
	CYAML_FIELD_MAPPING_PTR("database", 0, struct config, database, database_fields),
	CYAML_FIELD_MAPPING_PTR("schedule", OPTIONAL, struct config, schedule,
				schedule_fields),
	CYAML_FIELD_MAPPING_PTR("privacy", OPTIONAL, struct config, privacy,
				privacy_fields),
	CYAML_FIELD_MAPPING_PTR("sources", 0, struct config, sources, sources_fields),
	LIST("orgs", 0, config, orgs, n_orgs, org_entry, LIST_MAX),
	LIST("teams", 0, config, teams, n_teams, team_entry, LIST_MAX),
	LIST("services", 0, config, services, n_services, service_entry, LIST_MAX),
	CYAML_FIELD_END
};

const cyaml_schema_value_t config_schema = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_POINTER, struct config, config_fields) };

/* ---- what libcyaml does not know: one row a field, in the same order ---- */

#define SECOND G_TIME_SPAN_SECOND
#define HOUR G_TIME_SPAN_HOUR
#define ONLY(from) (1u << (from))

static const struct config_row secret_rows[] = {
	{ "credential",
	  "Name of a systemd credential (LoadCredential=NAME:PATH in the unit).",
	  FORMAT_CREDENTIAL },
	{ "file", "Absolute path of a file that only its owner may read.",
	  FORMAT_ABSOLUTE },
	{ "env",
	  "Name of an environment variable. Other processes of the same user can read "
	  "it; prefer credential or file.",
	  FORMAT_VARIABLE },
	{ NULL }
};

static const struct config_row database_rows[] = {
	{ "uri",
	  "Where PostgreSQL is: a URI or key=value string of libpq, without a password. "
	  "Over a network add sslmode=verify-full.",
	  FORMAT_DATABASE },
	{ "password", "Where the password is. Leave it out for peer authentication." },
	{ "reader_role",
	  "The role that may read the views; it is created if the server lets us. \"\" "
	  "creates and grants none.",
	  FORMAT_ROLE, "dora_reader" },
	{ NULL }
};

static const struct config_row schedule_rows[] = {
	{ "every", "How often each source is polled, from 10s to 24h.", FORMAT_SPAN, "5m",
	  10 * SECOND, 24 * HOUR },
	{ "timeout",
	  "How long one fetch may take before it is stopped, from 5s to 6h. The first "
	  "fetch of a large repository is the longest.",
	  FORMAT_SPAN, "15m", 5 * SECOND, 6 * HOUR },
	{ "workers", "How many sources are worked on at the same time, from 1 to 64.",
	  FORMAT_ANY, "4", 1, 64 },
	{ NULL }
};

static const struct config_row privacy_rows[] = {
	{ "minimum_authors",
	  "Lead times are published only where at least so many people are behind them, "
	  "so that nobody is measured alone. 0 publishes all.",
	  FORMAT_ANY, "3", 0, 1000 },
	{ "author_key", "The key that makes hashes of authors. Without it one is made "
			"once in the state "
			"directory; daemons that share a database must share a key." },
	{ NULL }
};

static const struct config_row git_rows[] = {
	{ "name", "What the repository is called here and in the views.", FORMAT_NAME },
	{ "url",
	  "https://, ssh://, user@host:path, or a path of this machine. No credentials "
	  "in it.",
	  FORMAT_URL },
	{ "username", "For https: the user the token belongs to.", FORMAT_USER,
	  "x-access-token" },
	{ "token", "For https: where the token is. It needs to read the code only." },
	{ "ca_file", "For https: the certificates to trust instead of the system's.",
	  FORMAT_ABSOLUTE },
	{ "ssh_key",
	  "For ssh, required there: where the private key is (credential or file)." },
	{ "known_hosts",
	  "For ssh, required there: the host keys to trust, as ssh-keyscan prints them.",
	  FORMAT_ABSOLUTE },
	{ "allow_file",
	  "Must be true for a repository on this machine, whose owner could otherwise be "
	  "anyone who can write there.",
	  FORMAT_ANY, "false" },
	{ "every", "How often it is polled. Default: schedule.every.", FORMAT_SPAN, NULL,
	  10 * SECOND, 24 * HOUR },
	{ "timeout", "How long a fetch may take. Default: schedule.timeout.", FORMAT_SPAN,
	  NULL, 5 * SECOND, 6 * HOUR },
	{ NULL }
};

static const struct config_row sources_rows[] = {
	{ "git", "Repositories to read." },
	{ NULL },
};

static const struct config_row org_rows[] = {
	{ "name", "What it is called in the views.", FORMAT_NAME },
	{ "time_zone", "Where its days begin.", FORMAT_ZONE, "UTC" },
	{ NULL }
};

static const struct config_row team_rows[] = {
	{ "name", "What it is called in the views.", FORMAT_NAME },
	{ "org", "The org it belongs to.", FORMAT_NAME },
	{ "time_zone", "Where its days begin. Default: the org's.", FORMAT_ZONE },
	{ NULL }
};

static const struct config_row component_rows[] = {
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

static const struct config_row rule_rows[] = {
	{ "from",
	  "tags: each tag is a deployment. trunk: each commit of a branch is. heads: "
	  "each "
	  "new head of a branch is. file: each line of a file in the repository is." },
	{ "repository",
	  "A name of sources.git. Default: the only component's repository.",
	  FORMAT_NAME },
	{ "tags", "For tags: the tags that count. Default: all.", FORMAT_REF_GLOB,
	  .fits = ONLY(FROM_TAGS) },
	{ "except", "For tags and heads: the tags or branches that do not count.",
	  FORMAT_REF_GLOB, .fits = ONLY(FROM_TAGS) | ONLY(FROM_HEADS) },
	{ "finished",
	  "For tags: a deployment finished when the tag was made (a lightweight tag: its "
	  "commit), or when dorad first saw it.",
	  FORMAT_ANY, "tagged", .fits = ONLY(FROM_TAGS) },
	{ "branch", "For trunk and file: the branch. Default: the remote's HEAD.",
	  FORMAT_BRANCH, .fits = ONLY(FROM_TRUNK) | ONLY(FROM_FILE) },
	{ "each",
	  "For trunk: every commit of the first-parent line is a deployment, or the last "
	  "of each day.",
	  FORMAT_ANY, "commit", .fits = ONLY(FROM_TRUNK) },
	{ "branches", "For heads, required there: the branches that count.",
	  FORMAT_REF_GLOB, .fits = ONLY(FROM_HEADS) },
	{ "file", "For file, required there: a file of JSON lines, one a deployment.",
	  FORMAT_INSIDE, .fits = ONLY(FROM_FILE) },
	{ "environment",
	  "What was deployed to; for file: of lines that name no environment.",
	  FORMAT_NAME, "production" },
	{ NULL }
};

static const struct config_row group_rows[] = {
	{ "name", "What the views call it, in the column environment.", FORMAT_NAME },
	{ "environments", "The environments that make one rollout.", FORMAT_NAME },
	{ "finished",
	  "A rollout is finished when all of them have the revision, or the first has.",
	  FORMAT_ANY, "all" },
	{ NULL }
};

static const struct config_row service_rows[] = {
	{ "name", "What it is called in the views.", FORMAT_NAME },
	{ "team", "The team it belongs to.", FORMAT_NAME },
	{ "time_zone", "Where its days begin. Default: the team's.", FORMAT_ZONE },
	{ "components", "The repositories it is built from." },
	{ "deployments", "How its deployments are recognised." },
	{ "production",
	  "Which environments are production, in groups that are rolled out together. "
	  "Default: one group \"production\" of the environment \"production\"." },
	{ "commit_time", "Where the lead time of a commit begins.", FORMAT_ANY,
	  "authored" },
	{ NULL }
};

static const struct config_row config_rows_top[] = {
	{ "database", "Where facts and numbers are kept." },
	{ "schedule", "How often and how much at a time.", FORMAT_ANY, "{}" },
	{ "privacy", "What is never published.", FORMAT_ANY, "{}" },
	{ "sources", "What is read, by kind of system." },
	{ "orgs", "Organisations; teams belong to them." },
	{ "teams", "Teams; services belong to them." },
	{ "services", "What is deployed and measured." },
	{ NULL }
};

const struct config_table config_tables[] = {
	{ "config", config_fields, config_rows_top },
	{ "secret", secret_fields, secret_rows },
	{ "database", database_fields, database_rows },
	{ "schedule", schedule_fields, schedule_rows },
	{ "privacy", privacy_fields, privacy_rows },
	{ "sources", sources_fields, sources_rows },
	{ "git", git_fields, git_rows },
	{ "org", org_fields, org_rows },
	{ "team", team_fields, team_rows },
	{ "component", component_fields, component_rows },
	{ "rule", rule_fields, rule_rows },
	{ "group", group_fields, group_rows },
	{ "service", service_fields, service_rows },
	{ NULL }
};

const struct config_row *config_rows(const cyaml_schema_field_t *fields)
{
	const struct config_table *table = config_tables;

	while (table->fields != fields)
		table++;
	return table->rows;
}

const char *config_enum_word(const cyaml_schema_value_t *value, gint64 number)
{
	for (guint i = 0; i < value->enumeration.count; i++)
		if (value->enumeration.strings[i].val == number)
			return value->enumeration.strings[i].str;
	return NULL;
}

static void *allocate(void *unused, void *block, size_t size)
{
	(void)unused;
	return g_realloc(block, size); /* 0 frees, as libcyaml asks */
}

const cyaml_config_t config_cyaml = {
	.mem_fn = allocate,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};
