#include "config/schema_private.h"

const cyaml_schema_field_t schema_debt_class_fields[] = {
	STRING("class", 0, config_debt_class, class, 1, FORMAT_NAME_MAX),
	LIST("labels", 0, config_debt_class, labels, n_labels, schema_line_entry,
	     PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_debt_class_rows[] = {
	{ "class", "What the views call it, such as safety, scalability or speed.",
	  FORMAT_NAME },
	{ "labels",
	  "Patterns (* and ?) of which one fits a label of the issue, in any case.",
	  FORMAT_LINE },
	{ NULL }
};
static ENTRY(debt_class, config_debt_class);

const cyaml_schema_field_t schema_debt_service_fields[] = {
	STRING("service", 0, config_debt_service, service, 1, FORMAT_NAME_MAX),
	STRING("source", OPTIONAL, config_debt_service, source, 1, FORMAT_NAME_MAX),
	LIST("projects", OPTIONAL, config_debt_service, projects, n_projects,
	     schema_line_entry, PARTS_MAX),
	LIST("labels", OPTIONAL, config_debt_service, labels, n_labels, schema_line_entry,
	     PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_debt_service_rows[] = {
	{ "service", "A name of services: the issues that fit are its debt.",
	  FORMAT_NAME },
	{ "source", "A name of sources: only its issues. Default: those of any.",
	  FORMAT_NAME },
	{ "projects",
	  "Patterns (* and ?) of which one fits the source's project. Default: any.",
	  FORMAT_LINE },
	{ "labels",
	  "Patterns (* and ?) of which one fits a label of the issue. Default: any.",
	  FORMAT_LINE },
	{ NULL }
};
static ENTRY(debt_service, config_debt_service);

const cyaml_schema_field_t schema_debt_fields[] = {
	LIST("classes", OPTIONAL, config_debt, classes, n_classes,
	     schema_debt_class_entry, PARTS_MAX),
	LIST("services", OPTIONAL, config_debt, services, n_services,
	     schema_debt_service_entry, LIST_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_debt_rows[] = {
	{ "classes",
	  "The classes of technical debt: an issue is of the first that fits, else of "
	  "the class \"other\"." },
	{ "services",
	  "Which issues are debt of which services. Default: those that the source "
	  "names, "
	  "else those whose rules or repositories are of the issue's project." },
	{ NULL }
};
