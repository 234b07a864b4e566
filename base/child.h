#pragma once

/*
 * A child process that cannot outstay its welcome: it runs in a process group of its own,
 * with a wall-clock deadline, limits on CPU time and output, no inherited descriptors but
 * those named, and an environment made from nothing. At the deadline, on cancellation and
 * when this program dies, the whole group is killed. All calls block; they are made by
 * workers, never by the loop. (The kernel ties the child itself to the thread that
 * called, which waits for it anyway; when the program is killed, the rest of the group
 * goes with the child's pipes.)
 */
#include <gio/gio.h>
#include <stdbool.h>

struct child_spec {
	const char *const *argv; /* argv[0] is looked up in PATH of env */
	const char *const *env; /* "NAME=value", NULL-terminated; the whole environment */
	const char *cwd;	/* NULL: / */
	int stdin_fd;		/* -1: /dev/null; borrowed */
	const int *
		keep_fds; /* further descriptors the child inherits at the same numbers */
	guint n_keep_fds;
	GTimeSpan deadline; /* wall clock for the whole run; required */
	guint cpu_seconds;  /* RLIMIT_CPU; 0: none */
	gsize max_output; /* bytes of standard output after which it is killed; 0: none */
	GCancellable *cancellable; /* NULL: cannot be cancelled */

	/* Called with each piece of standard output as it arrives; returns false with an
	 * error to kill the child and fail. NULL: output is discarded. */
	bool (*output)(const guint8 *data, gsize n, void *user, GError **error);
	/* Called with each whole line of standard error without its newline (progress
	 * lines that end in a carriage return count as lines). NULL: only the last lines
	 * are kept for the message. */
	void (*error_line)(const char *line, void *user);
	void *user;
};

struct child_result {
	int status;	  /* exit status, or 128 + signal */
	bool timed_out;	  /* killed at the deadline */
	char *error_text; /* the last 4 KiB of standard error without progress lines:
			     valid UTF-8, no control characters but newlines; the
			     caller frees */
};

/* Runs the child to its end. True if it ran and ended by itself with any status: look at
 * result->status. False if it could not be started (DORA_ERROR_CONFIG), was killed at its
 * deadline (DORA_ERROR_RETRY, timed_out set), exceeded max_output (DORA_ERROR_DATA), was
 * cancelled (DORA_ERROR_CANCELLED) or output() failed. result is initialised in every
 * case. */
bool child_run(const struct child_spec *spec, struct child_result *result,
	       GError **error);

void child_result_clear(struct child_result *result);
