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
};
