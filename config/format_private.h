#pragma once

/*
 * The checks of formats that patterns cannot make. Each as config_format_row.check says.
 */
#include "config/format.h"

/* format_url.c */
bool format_check_url(const char *text, char **why);
bool format_check_api(const char *text, char **why);
/* Of an absolute url, whatever follows: a host, without credentials. */
bool format_check_host(const char *text, char **why);
bool format_check_listen(const char *text, char **why);

/* format_item.c */
bool format_check_regex(const char *text, char **why);
bool format_check_group(const char *text, char **why);
bool format_check_template(const char *text, char **why);
bool format_check_template_body(const char *text, char **why);

/* Whether a variable {name} is one of n that are known. */
bool format_check_variable(const char *const *known, gsize n, const char *name,
			   char **why);

/* format_alert.c */
bool format_check_days(const char *text, char **why);
bool format_check_link(const char *text, char **why);
bool format_check_server(const char *text, char **why);
bool format_check_ratio(const char *text, char **why);

static inline bool format_refuse(char **why, const char *text)
{
	*why = g_strdup(text);
	return false;
}
