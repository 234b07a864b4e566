#include "drivers/drivers.h"

const struct driver *const drivers[N_DRIVERS + 1] = {
	[DRIVER_GITHUB] = &driver_github,
	[DRIVER_GITLAB] = &driver_gitlab,
	[DRIVER_PAGERDUTY] = &driver_pagerduty,
	[DRIVER_OPSGENIE] = &driver_opsgenie,
	[DRIVER_JIRA] = &driver_jira,
	[DRIVER_JIRA_SERVER] = &driver_jira_server,
	[DRIVER_JSM] = &driver_jsm,
	[DRIVER_SERVICENOW] = &driver_servicenow,
	[DRIVER_STATUSPAGE] = &driver_statuspage,
	[DRIVER_GRAFANA] = &driver_grafana,
	[DRIVER_INCIDENT_IO] = &driver_incident_io,
	[DRIVER_ROOTLY] = &driver_rootly,
	[DRIVER_FIREHYDRANT] = &driver_firehydrant,
	[DRIVER_SENTRY] = &driver_sentry,
	[DRIVER_ALERTMANAGER] = &driver_alertmanager,
};
