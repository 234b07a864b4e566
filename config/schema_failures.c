#include "config/schema_private.h"

const cyaml_schema_field_t schema_owner_fields[] = {
	STRING("team", 0, config_owner, team, 1, FORMAT_NAME_MAX),
	STRING("until", 0, config_owner, until, 1, 20), CYAML_FIELD_END
};
ENTRY(owner, config_owner);

const struct config_row schema_owner_rows[] = {
	{ "team", "A team it belonged to.", FORMAT_NAME },
	{ "until", "The first day on which it did not any more, such as 2026-03-01.",
	  FORMAT_DATE },
	{ NULL }
};

const cyaml_schema_field_t schema_incident_rule_fields[] = {
	STRING("source", OPTIONAL, config_incident_rule, source, 1, FORMAT_NAME_MAX),
	STRING("project", OPTIONAL, config_incident_rule, project, 1, TEXT_MAX_LENGTH),
	LIST("services", OPTIONAL, config_incident_rule, services, n_services,
	     schema_glob_entry, PARTS_MAX),
	LIST("labels", OPTIONAL, config_incident_rule, labels, n_labels,
	     schema_glob_entry, PARTS_MAX),
	LIST("severities", OPTIONAL, config_incident_rule, severities, n_severities,
	     schema_glob_entry, PARTS_MAX),
	LIST("titles", OPTIONAL, config_incident_rule, titles, n_titles,
	     schema_regex_entry, PARTS_MAX),
	LIST("skip", OPTIONAL, config_incident_rule, skip, n_skip, schema_regex_entry,
	     PARTS_MAX),
	STRING("environment", OPTIONAL, config_incident_rule, environment, 1,
	       FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
ENTRY(incident_rule, config_incident_rule);

const struct config_row schema_incident_rule_rows[] = {
	{ "source", "A name of sources, or push. Default: any.", FORMAT_NAME },
	{ "project", "One of the source's projects. Default: any.", FORMAT_LINE },
	{ "services",
	  "What the source calls the affected service, as patterns; one of them fits "
	  "one of the incident's services. Default: any.",
	  FORMAT_LINE },
	{ "labels",
	  "Labels as patterns; one of them fits one of the incident's. Default: any.",
	  FORMAT_LINE },
	{ "severities",
	  "Those that count, as patterns in upper or lower case. Default: every "
	  "severity, and none.",
	  FORMAT_LINE },
	{ "titles",
	  "Regular expressions: one of them is found in the title. Default: any.",
	  FORMAT_REGEX },
	{ "skip",
	  "Regular expressions: an incident with a title, category or label that one of "
	  "them is found in does not count, such as a drill.",
	  FORMAT_REGEX },
	{ "environment", "The production group it is about. Default: all of the service.",
	  FORMAT_NAME },
	{ NULL }
};

static const cyaml_strval_t remedy_words[] = {
	{ "roll_forward", REMEDY_ROLL_FORWARD },
	{ "hotfix", REMEDY_HOTFIX },
};

const cyaml_schema_field_t schema_remediation_fields[] = {
	CHOICE("kind", 0, config_remediation, kind, remedy_words),
	TRUTH("reverts", config_remediation, reverts),
	LIST("branches", OPTIONAL, config_remediation, branches, n_branches,
	     schema_glob_entry, PARTS_MAX),
	LIST("labels", OPTIONAL, config_remediation, labels, n_labels, schema_glob_entry,
	     PARTS_MAX),
	LIST("titles", OPTIONAL, config_remediation, titles, n_titles, schema_regex_entry,
	     PARTS_MAX),
	LIST("trailers", OPTIONAL, config_remediation, trailers, n_trailers,
	     schema_name_entry, PARTS_MAX),
	CYAML_FIELD_END
};
ENTRY(remediation, config_remediation);

const struct config_row schema_remediation_rows[] = {
	{ "kind", "What a rollout is that fits one of the keys below." },
	{ "reverts",
	  "It ships a commit that says \"This reverts commit\", or a change or commit "
	  "titled Revert \"…\".",
	  FORMAT_ANY, "false" },
	{ "branches",
	  "Patterns of the branch that its deployment ran on, or of the head branch of "
	  "a change that it ships.",
	  FORMAT_REF_GLOB },
	{ "labels", "Patterns of labels of a change that it ships.", FORMAT_LINE },
	{ "titles",
	  "Regular expressions: one of them is found in the title of a change or commit "
	  "that it ships.",
	  FORMAT_REGEX },
	{ "trailers",
	  "Names of trailers of a commit that it ships, such as Fixes; a commit id "
	  "there names the commit repaired.",
	  FORMAT_TRAILER },
	{ NULL }
};

const cyaml_schema_field_t schema_exclude_fields[] = {
	TRUTH("bots", config_exclude, bots),
	LIST("authors", OPTIONAL, config_exclude, authors, n_authors, schema_glob_entry,
	     PARTS_MAX),
	LIST("labels", OPTIONAL, config_exclude, labels, n_labels, schema_glob_entry,
	     PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_exclude_rows[] = {
	{ "bots", "Commits of changes that a machine opened.", FORMAT_ANY, "false" },
	{ "authors",
	  "Commits by their author, as patterns of \"Name <address>\". It is looked at "
	  "while the commit is read, and never kept.",
	  FORMAT_LINE },
	{ "labels", "Commits of changes with a label that one of these patterns fits.",
	  FORMAT_LINE },
	{ NULL }
};
