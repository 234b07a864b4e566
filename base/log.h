#pragma once

/*
 * Structured logging, used by collector/ only. Lines go to the journal with their fields
 * if standard error is connected to it, otherwise to standard error as
 * "<priority>2026-03-01T12:00:00Z message  key=value …" (the "<n>" prefix only where it
 * is not a terminal, which systemd and others understand).
 */
#include <glib.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* One key and value of a line; keys are lower-case words ("source", "service",
 * "commits"). */
struct log_field {
	const char *key;
	const char *value; /* NULL: the field is left out */
};

/* Lines above this level are dropped; LOG_LEVEL_INFO at first. Call before threads start.
 */
void log_set_level(enum log_level level);

/* Logs one line. fields ends with a row whose key is NULL; NULL is no fields. Control
 * characters in message and values are escaped, so that data from outside cannot forge a
 * line. */
void log_event(enum log_level level, const struct log_field *fields, const char *format,
	       ...) G_GNUC_PRINTF(3, 4);

/* The fields of one line, in place: LOG_FIELDS({ "source", name }, { "commits", n }). */
#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, { NULL, NULL } })
