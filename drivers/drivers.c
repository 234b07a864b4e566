#include "drivers/drivers.h"

/* clang-format off: one a line */
const struct driver *const drivers[N_DRIVERS + 1] = {
	[DRIVER_GITHUB] = &driver_github,
	[DRIVER_GITLAB] = &driver_gitlab,
	[DRIVER_GITEA] = &driver_gitea,
	[DRIVER_FORGEJO] = &driver_forgejo,
	[DRIVER_BITBUCKET] = &driver_bitbucket,
	[DRIVER_BITBUCKET_SERVER] = &driver_bitbucket_server,
	[DRIVER_JENKINS] = &driver_jenkins,
	[DRIVER_BUILDKITE] = &driver_buildkite,
	[DRIVER_CIRCLECI] = &driver_circleci,
	[DRIVER_AZURE_DEVOPS] = &driver_azure_devops,
	[DRIVER_ARGOCD] = &driver_argocd,
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
/* clang-format on */
