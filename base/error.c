#include "base/error.h"

G_DEFINE_QUARK(dora - error - quark, dora_error)

static const char *const advice[] = {
	[DORA_ERROR_RETRY] = "will be tried again",
	[DORA_ERROR_DENIED] = "check the credential, key or certificate and its rights",
	[DORA_ERROR_DATA] = "the data itself has to change",
	[DORA_ERROR_CONFIG] = "correct the configuration",
	[DORA_ERROR_CANCELLED] = "stopping",
};

const char *dora_error_advice(const GError *error)
{
	if (error->domain != DORA_ERROR || error->code < 0 ||
	    (gsize)error->code >= G_N_ELEMENTS(advice))
		return advice[DORA_ERROR_RETRY];
	return advice[error->code];
}

bool dora_error_is_transient(const GError *error)
{
	return error->domain != DORA_ERROR || error->code == DORA_ERROR_RETRY ||
	       error->code == DORA_ERROR_CANCELLED;
}
