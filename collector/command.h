#pragma once

/*
 * A command of the program: "dorad run", "dorad report", … One file each, one row in the
 * table in main.c. run() returns an exit status of sysexits(3) meaning.
 */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,       /* the work was tried and part of it failed */
	EXIT_USAGE = 64,       /* a wrong option or argument */
	EXIT_DATA = 65,	       /* the input makes no sense */
	EXIT_NO_INPUT = 66,    /* a file that was named cannot be read */
	EXIT_UNAVAILABLE = 69, /* a service it needs cannot be reached */
	EXIT_CONFIG = 78,      /* the configuration is wrong; a restart will not help */
};

struct command {
	const char *name;
	const char *arguments; /* shown after the name: "[--format text|json|csv] …" */
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command command_run, command_once, command_report, command_config,
	command_reload, command_sources, command_doctor, command_gate, command_explain,
	command_alerts, command_forget, command_recompute, command_changepoints,
	command_version;
