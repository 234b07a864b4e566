#include "collector/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "collector/options.h"

/* SIGHUP ends most other programs, so the process must be one of ours. One that may be
 * signalled and is not seen is hidden: PrivateUsers= and ProtectProc= do that to a daemon
 * and its own ExecReload=, where systemd vouches for the process. */
static bool is_dorad(guint64 pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%" G_GUINT64_FORMAT "/comm", pid);
	g_autofree char *theirs = NULL, *ours = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(path, &theirs, NULL, &error))
		return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) &&
		       kill((pid_t)pid, 0) == 0;
	return g_file_get_contents("/proc/self/comm", &ours, NULL, NULL) &&
	       strcmp(theirs, ours) == 0;
}

static int run(int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	guint64 pid;

	if (!options_parse(&command_reload, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc != 2 ||
	    !g_ascii_string_to_unsigned(argv[1], 10, 2, G_MAXINT32, &pid, NULL)) {
		fputs("dorad reload: expects the process id of a running dorad\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (!is_dorad(pid)) {
		fprintf(stderr, "dorad reload: process %s is no dorad that we can see\n",
			argv[1]);
		return EXIT_UNAVAILABLE;
	}
	if (kill((pid_t)pid, SIGHUP) != 0) {
		fprintf(stderr, "dorad reload: process %s: %s\n", argv[1],
			g_strerror(errno));
		return errno == ESRCH ? EXIT_UNAVAILABLE : EXIT_FAILED;
	}
	return EXIT_OK;
}

const struct command command_reload = {
	.name = "reload",
	.arguments = "PID",
	.summary = "have a running dorad read its configuration anew",
	.run = run,
};
