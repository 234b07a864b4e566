#pragma once

/*
 * What the files of schema tables share: the macros that make rows short, and the tables
 * that refer to each other.
 */
#include "config/regex.h"
#include "config/schema.h"

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define GLOB_MAX_LENGTH 200
#define TEXT_MAX_LENGTH 2000  /* urls and paths */
#define LONG_MAX_LENGTH 20000 /* queries */
#define LIST_MAX 10000	      /* services of one daemon; more belong on another */
#define PARTS_MAX 1000	      /* of one service */

#define STRING(key, flags, type, member, min, max)                                       \
	CYAML_FIELD_STRING_PTR(key, flags, struct type, member, min, max)
#define LIST(key, flags, type, member, count, entry, max)                                \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), struct type,       \
				   member, count, &(entry), 1, max)
/* The same where an empty list means something: none, not the default. */
#define LIST_OR_NONE(key, flags, type, member, count, entry, max)                        \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), struct type,       \
				   member, count, &(entry), 0, max)
#define MAPPING(key, flags, type, member, name)                                          \
	CYAML_FIELD_MAPPING_PTR(key, flags, struct type, member, schema_##name##_fields)
#define SECRET(key, type, member) MAPPING(key, OPTIONAL, type, member, secret)
#define CHOICE(key, flags, type, member, words)                                          \
	CYAML_FIELD_ENUM(key, (flags) | CYAML_FLAG_STRICT, struct type, member, words,   \
			 CYAML_ARRAY_LEN(words))
#define NUMBER(key, type, member) CYAML_FIELD_UINT(key, OPTIONAL, struct type, member)
#define TRUTH(key, type, member) CYAML_FIELD_BOOL(key, OPTIONAL, struct type, member)
/* An entry of a list of mappings. */
#define ENTRY(name, type)                                                                \
	const cyaml_schema_value_t schema_##name##_entry = { CYAML_VALUE_MAPPING(        \
		CYAML_FLAG_DEFAULT, struct type, schema_##name##_fields) }

#define SECOND G_TIME_SPAN_SECOND
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY

/* Entries of lists of text. */
extern const cyaml_schema_value_t schema_name_entry;
extern const cyaml_schema_value_t schema_glob_entry;
extern const cyaml_schema_value_t schema_regex_entry;
extern const cyaml_schema_value_t schema_line_entry;

#define TABLE(name)                                                                      \
	extern const cyaml_schema_field_t schema_##name##_fields[];                      \
	extern const struct config_row schema_##name##_rows[]

TABLE(secret);	/* schema.c */
TABLE(sources); /* schema_sources.c */
TABLE(git);
TABLE(app);
TABLE(api);
TABLE(sql);
TABLE(rest); /* schema_rest.c */
TABLE(rest_auth);
TABLE(rest_feed);
TABLE(rest_path);
TABLE(rest_state);
TABLE(push); /* schema_push.c */
TABLE(push_client);
TABLE(debt); /* schema_debt.c */
TABLE(debt_class);
TABLE(debt_service);
TABLE(north_star); /* schema_goals.c */
TABLE(kpi);
TABLE(kpi_sql);
TABLE(kpi_http);
TABLE(kpi_prometheus);
TABLE(kpi_csv);
TABLE(figure);
TABLE(guardrail);
TABLE(alerts); /* schema_alerts.c */
TABLE(alerts_self);
TABLE(alert_rule);
TABLE(channel);
TABLE(alertmanager);
TABLE(webhook);
TABLE(chat);
TABLE(pagerduty);
TABLE(email);
TABLE(notify);
TABLE(calendar);
TABLE(service); /* schema_services.c */
TABLE(component);
TABLE(rule);
TABLE(group);
TABLE(owner); /* schema_failures.c */
TABLE(incident_rule);
TABLE(remediation);
TABLE(exclude);
TABLE(pipeline); /* schema_pipelines.c */
TABLE(ci_cost);
extern const cyaml_schema_value_t schema_kpi_entry;
extern const cyaml_schema_value_t schema_guardrail_entry;
extern const cyaml_schema_value_t schema_calendar_entry;
extern const cyaml_schema_value_t schema_rest_entry;
extern const cyaml_schema_value_t schema_pipeline_entry;
extern const cyaml_schema_value_t schema_service_entry;
extern const cyaml_schema_value_t schema_owner_entry;
extern const cyaml_schema_value_t schema_incident_rule_entry;
extern const cyaml_schema_value_t schema_remediation_entry;
