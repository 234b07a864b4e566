#pragma once

/*
 * From a command line to a running loop: what "dorad run" and "dorad once" share.
 */
#include "collector/command.h"
#include "collector/engine.h"

/* Reads options and configuration, makes the author key, runs the loop and returns an
 * exit status. Whatever is wrong has been said. ended (may be NULL) sees how it came out.
 */
int daemon_run(const struct command *command, bool once,
	       void (*ended)(const struct engine *engine, void *user), int argc,
	       char **argv);
