#include "drivers/drivers.h"

const struct driver *const drivers[N_DRIVERS + 1] = {
	[DRIVER_GITHUB] = &driver_github,     [DRIVER_GITLAB] = &driver_gitlab,
	[DRIVER_CIRCLECI] = &driver_circleci, [DRIVER_BUILDKITE] = &driver_buildkite,
	[DRIVER_JENKINS] = &driver_jenkins,
};
