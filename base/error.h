#pragma once

/*
 * The one error domain of the program. The code says what the caller should do,
 * the message what happened; context is prefixed on the way up with g_prefix_error():
 * "git shop: fetch: ...". Nothing below collector/ logs an error; it returns it.
 */
#include <glib.h>
#include <stdbool.h>

#define DORA_ERROR dora_error_quark()
GQuark dora_error_quark(void);

enum dora_error {
	DORA_ERROR_RETRY,  /* may pass by itself: network, timeout, database restart */
	DORA_ERROR_DENIED, /* a credential, key or certificate was refused: a person must
			      act */
	DORA_ERROR_DATA,   /* what came from outside makes no sense; trying again will not
			      help */
	DORA_ERROR_CONFIG, /* the configuration or the installation is wrong */
	DORA_ERROR_CANCELLED, /* the program is stopping */
};

/* Sets an error of code DORA_ERROR_DATA, and is false. What "%.60s" cut in the middle of
 * a character is UTF-8 all the same. */
bool dora_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What an operator does about an error of this code, as half a sentence ("will be tried
 * again"). */
const char *dora_error_advice(const GError *error);

/* True if trying the same again later may succeed without anybody doing anything. */
bool dora_error_is_transient(const GError *error);
