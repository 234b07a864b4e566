#pragma once

/*
 * The configuration that the options of "dorad report" stand for: one repository, one
 * service. It goes through the same checks as a file. Internal to collector/.
 */
#include "config/config.h"

struct report_options {
	char *git; /* URL or path */
	char **tags, **except, **paths;
	gboolean trunk; /* the trunk even where there are tags */
	char *each, *branch, *baseline, *commit_time, *time_zone;
	char *token_file, *username, *ca_file, *ssh_key, *known_hosts;
	char *timeout;
	gint minimum_authors;
};

/* NULL with DORA_ERROR_CONFIG: what is wrong, in terms of the options. Unless trunk is
 * set, the service's rules are tags and, if there are none, the trunk. */
struct config *report_config(const struct report_options *options, GError **error);
