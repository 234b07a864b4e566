#pragma once

/*
 * The first half of base/child.h: makes the process. Used by base/child.c only.
 */
#include "base/child.h"

struct child_process {
	pid_t pid;  /* also its process group; 0: none */
	int pid_fd; /* readable when it has ended */
	int out_fd; /* its standard output and error, not blocking */
	int err_fd;
};

/* Starts the child described by spec. On failure DORA_ERROR_CONFIG (the program cannot be
 * executed) or DORA_ERROR_RETRY (no descriptors, processes or memory left) and nothing is
 * left behind. */
bool child_spawn(const struct child_spec *spec, struct child_process *process,
		 GError **error);

/* Kills what is left of the group, waits for the child and closes the descriptors.
 * Returns its wait status. Nothing happens to a zeroed process. */
int child_reap(struct child_process *process);
