#pragma once

/* The drivers, one file each. */
#include "drivers/driver.h"

extern const struct driver driver_github, driver_gitlab, driver_gitea, driver_forgejo,
	driver_bitbucket, driver_bitbucket_server, driver_jenkins, driver_buildkite,
	driver_circleci, driver_azure_devops, driver_argocd, driver_pagerduty,
	driver_opsgenie, driver_jira, driver_jira_server, driver_jsm, driver_servicenow,
	driver_statuspage, driver_grafana, driver_incident_io, driver_rootly,
	driver_firehydrant, driver_sentry, driver_alertmanager;
