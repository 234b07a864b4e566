#include "base/child_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define FIRST_FREE_FD 3

/* Everything the child needs between fork and exec, prepared before: other threads may
 * hold malloc's lock at the fork, so nothing there may allocate. */
struct plan {
	const struct child_spec *spec;
	char *path; /* of the program */
	int *keep;  /* keep_fds, sorted */
	pid_t parent;
	int in, out, err,
		report; /* the child's ends; report carries errno of a failure */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void plan_clear(struct plan *plan)
{
	close_fd(&plan->in);
	close_fd(&plan->out);
	close_fd(&plan->err);
	close_fd(&plan->report);
	g_free(plan->path);
	g_free(plan->keep);
}

static char *find_program(const char *name, const char *const *env)
{
	const char *path = "/usr/local/bin:/usr/bin:/bin";

	if (strchr(name, '/'))
		return g_strdup(name);
	for (; *env; env++)
		if (g_str_has_prefix(*env, "PATH="))
			path = *env + strlen("PATH=");
	g_auto(GStrv) folders = g_strsplit(path, ":", -1);
	for (char **folder = folders; *folder; folder++) {
		g_autofree char *candidate = g_build_filename(*folder, name, NULL);
		/* A relative entry would depend on where the program was started. */
		if (g_path_is_absolute(candidate) &&
		    g_file_test(candidate, G_FILE_TEST_IS_REGULAR) &&
		    access(candidate, X_OK) == 0)
			return g_steal_pointer(&candidate);
	}
	return NULL;
}

static int compare_ints(const void *a, const void *b)
{
	const int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* --- between fork and exec: async-signal-safe calls only --- */

static void default_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool set_limits(guint cpu_seconds)
{
	/* A core file would hold credentials. */
	const struct rlimit no_core = { 0, 0 };
	struct rlimit cpu;

	setrlimit(RLIMIT_CORE, &no_core);
	if (cpu_seconds == 0)
		return true;
	if (getrlimit(RLIMIT_CPU, &cpu) != 0)
		return false;
	if (cpu.rlim_max != RLIM_INFINITY && cpu.rlim_max <= cpu_seconds)
		return true;
	cpu.rlim_cur = cpu_seconds;
	cpu.rlim_max = (rlim_t)cpu_seconds + 1;
	return setrlimit(RLIMIT_CPU, &cpu) == 0;
}

/* Leaves open 0, 1, 2, the kept ones and the report. */
static bool close_others(const struct plan *plan, int report)
{
	unsigned from = FIRST_FREE_FD;

	for (guint i = 0; i <= plan->spec->n_keep_fds; i++) {
		unsigned next = ~0U;
		if (i < plan->spec->n_keep_fds) {
			next = (unsigned)plan->keep[i];
			if (fcntl(plan->keep[i], F_SETFD, 0) != 0)
				return false;
		}
		/* The report stays open until exec closes it. */
		if ((unsigned)report >= from && (unsigned)report < next) {
			if ((unsigned)report > from)
				close_range(from, (unsigned)report - 1, 0);
			from = (unsigned)report + 1;
		}
		if (next > from && close_range(from, next - (next != ~0U), 0) != 0)
			return false;
		from = next + 1;
	}
	return true;
}

static bool become(const struct plan *plan, int report)
{
	/* Above 0 to 2 first: a descriptor of ours may sit there if the program was
	 * started without them. */
	const int in = fcntl(plan->in, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	const int out = fcntl(plan->out, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	const int err = fcntl(plan->err, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	setpgid(0, 0);
	/* SIGKILL when the thread that forked ends, so also when the program does. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != plan->parent)
		_exit(127);
	default_signals();
	return in >= 0 && out >= 0 && err >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 &&
	       dup2(err, 2) == 2 && close_others(plan, report) &&
	       chdir(plan->spec->cwd ? plan->spec->cwd : "/") == 0 &&
	       set_limits(plan->spec->cpu_seconds);
}

_Noreturn static void run_child(const struct plan *plan)
{
	const int report = fcntl(plan->report, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int cause;

	if (become(plan, report))
		execve(plan->path, (char *const *)plan->spec->argv,
		       (char *const *)plan->spec->env);
	cause = errno;
	while (write(report, &cause, sizeof(cause)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* --- the parent again --- */

static bool fail(GError **error, enum dora_error code, const char *what, int cause)
{
	g_set_error(error, DORA_ERROR, (gint)code, "cannot start %s: %s", what,
		    g_strerror(cause));
	return false;
}

/* What the child reports before exec: 0 if exec went well. */
static int read_report(int fd)
{
	int cause = 0;
	ssize_t n;

	do
		n = read(fd, &cause, sizeof(cause));
	while (n < 0 && errno == EINTR);
	return n == sizeof(cause) ? cause : 0;
}

static bool make_pipe(int *ours, int *childs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	*ours = ends[0];
	*childs = ends[1];
	return true;
}

static bool open_ends(const struct child_spec *spec, struct plan *plan,
		      struct child_process *process, int *report)
{
	plan->in = spec->stdin_fd >= 0 ? fcntl(spec->stdin_fd, F_DUPFD_CLOEXEC, 0)
				       : open("/dev/null", O_RDONLY | O_CLOEXEC);
	return plan->in >= 0 && make_pipe(&process->out_fd, &plan->out) &&
	       make_pipe(&process->err_fd, &plan->err) &&
	       make_pipe(report, &plan->report) &&
	       g_unix_set_fd_nonblocking(process->out_fd, TRUE, NULL) &&
	       g_unix_set_fd_nonblocking(process->err_fd, TRUE, NULL);
}

static void release(struct child_process *process)
{
	close_fd(&process->out_fd);
	close_fd(&process->err_fd);
	close_fd(&process->pid_fd);
}

bool child_spawn(const struct child_spec *spec, struct child_process *process,
		 GError **error)
{
	_cleanup_(plan_clear) struct plan plan = {
		.in = -1, .out = -1, .err = -1, .report = -1
	};
	_cleanup_(close_fd) int report = -1;
	int cause;

	*process = (struct child_process){ .pid_fd = -1, .out_fd = -1, .err_fd = -1 };
	plan.spec = spec;
	plan.parent = getpid();
	plan.keep = g_memdup2(spec->keep_fds, spec->n_keep_fds * sizeof(int));
	if (spec->n_keep_fds > 0)
		qsort(plan.keep, spec->n_keep_fds, sizeof(int), compare_ints);
	plan.path = find_program(spec->argv[0], spec->env);
	if (!plan.path)
		return fail(error, DORA_ERROR_CONFIG, spec->argv[0], ENOENT);
	if (!open_ends(spec, &plan, process, &report)) {
		cause = errno;
		release(process);
		return fail(error, DORA_ERROR_RETRY, spec->argv[0], cause);
	}
	process->pid = fork();
	if (process->pid == 0)
		run_child(&plan);
	if (process->pid < 0) {
		cause = errno;
		process->pid = 0;
		release(process);
		return fail(error, DORA_ERROR_RETRY, spec->argv[0], cause);
	}
	/* In both processes, so that it holds whichever runs first. */
	setpgid(process->pid, process->pid);
	close_fd(&plan.out);
	close_fd(&plan.err);
	close_fd(&plan.report);
	cause = read_report(report);
	process->pid_fd = pidfd_open(process->pid, 0);
	if (cause != 0 || process->pid_fd < 0) {
		const int why = cause ? cause : errno;
		child_reap(process);
		return fail(error, cause ? DORA_ERROR_CONFIG : DORA_ERROR_RETRY,
			    spec->argv[0], why);
	}
	return true;
}

int child_reap(struct child_process *process)
{
	int status = 0;

	if (process->pid <= 0)
		return 0;
	/* The child is not reaped yet, so its number cannot be another group's. */
	kill(-process->pid, SIGKILL);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	process->pid = 0;
	release(process);
	return status;
}
