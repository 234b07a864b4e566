#include "base/error.h"

G_DEFINE_QUARK(dora - error - quark, dora_error)

static const char *const advice[] = {
	[DORA_ERROR_RETRY] = "will be tried again",
	[DORA_ERROR_DENIED] = "check the credential, key or certificate and its rights",
	[DORA_ERROR_DATA] = "the data itself has to change",
	[DORA_ERROR_CONFIG] = "correct the configuration",
	[DORA_ERROR_CANCELLED] = "stopping",
};

bool dora_refuse(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *valid = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	valid = g_utf8_make_valid(text, -1);
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_DATA, valid);
	return false;
}

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
