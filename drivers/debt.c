#include "drivers/debt.h"

void debt_settle(struct item *debt)
{
	if (!debt->done)
		debt->closed = INSTANT_NONE;
}

bool debt_accept(const cJSON *json G_GNUC_UNUSED, struct item *debt,
		 GError **error G_GNUC_UNUSED)
{
	debt_settle(debt);
	return true;
}

bool debt_accept_closed(const cJSON *json G_GNUC_UNUSED, struct item *debt,
			GError **error G_GNUC_UNUSED)
{
	debt->done = debt->closed != INSTANT_NONE;
	debt->outcome = debt->done ? OUTCOME_SUCCESS : OUTCOME_RUNNING;
	return true;
}
