#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"

/* Longer than any machine needs for a child that ends by itself. */
#define PLENTY (G_GINT64_CONSTANT(120) * G_USEC_PER_SEC)
#define NEVER "sleep 1000"
#define TOO_LONG "sh was killed: it took longer than 0.05 s"

static const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };

struct heard {
	GString *out, *lines;
	gsize fail_after; /* bytes of output; 0: never */
	GCancellable *cancel_on_output;
};

static bool hear(const guint8 *data, gsize n, void *user, GError **error)
{
	struct heard *heard = user;

	g_string_append_len(heard->out, (const char *)data, (gssize)n);
	if (heard->cancel_on_output)
		g_cancellable_cancel(heard->cancel_on_output);
	if (heard->fail_after == 0 || heard->out->len < heard->fail_after)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_DENIED, "enough");
	return false;
}

static void hear_line(const char *line, void *user)
{
	struct heard *heard = user;

	g_string_append_printf(heard->lines, "[%s]", line);
}

static void heard_clear(struct heard *heard)
{
	g_string_free(heard->out, TRUE);
	g_string_free(heard->lines, TRUE);
}

/* Runs a shell script with what else spec says. */
static bool run(const char *script, struct child_spec spec, struct heard *heard,
		struct child_result *result, GError **error)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	heard->out = g_string_new(NULL);
	heard->lines = g_string_new(NULL);
	spec.argv = argv;
	spec.env = spec.env ? spec.env : env;
	spec.stdin_fd = spec.stdin_fd ? spec.stdin_fd : -1;
	spec.deadline = spec.deadline ? spec.deadline : PLENTY;
	spec.output = hear;
	spec.error_line = hear_line;
	spec.user = heard;
	return child_run(&spec, result, error);
}

static const struct {
	const char *name, *script;
	int status;
	const char *out, *lines, *text;
} endings[] = {
	{ "silence", "true", 0, "", "", "" },
	{ "status", "exit 3", 3, "", "", "" },
	{ "signal", "kill -9 $$", 137, "", "", "" },
	{ "both streams", "echo out; echo err >&2", 0, "out\n", "[err]", "err" },
	{ "last line unfinished", "printf 'a\\nb' >&2", 0, "", "[a][b]", "a\nb" },
	{ "empty lines", "printf '\\n\\na\\n\\n' >&2", 0, "", "[a]", "a" },
	{ "progress is no message", "printf '1%%\\r2%%\\rdone\\n' >&2", 0, "",
	  "[1%][2%][done]", "done" },
	{ "lines that end in both", "printf 'a\\r\\n\\r\\nb\\r\\n1%%\\r' >&2", 0, "",
	  "[a][b][1%]", "a\nb" },
	{ "control characters", "printf 'a\\033[31mb\\tc\\177\\n' >&2", 0, "",
	  "[a\033[31mb\tc\177]", "a?[31mb c?" },
	{ "C1 control characters", "printf 'a\\302\\233b\\n' >&2", 0, "", "[a\302\233b]",
	  "a?b" },
	{ "not UTF-8", "printf 'a\\377b\\n' >&2", 0, "", "[a\377b]", "a\357\277\275b" },
	{ "NUL", "printf 'a\\000b\\n' >&2", 0, "", "[a?b]", "a?b" },
	{ "nothing but the environment given", "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL=",
	  0, "PATH=/usr/bin:/bin\nLC_ALL=C\n", "", "" },
	{ "no input", "cat", 0, "", "", "" },
	{ "starts at the root", "pwd", 0, "/\n", "", "" },
	{ "leads its group", "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo yes", 0,
	  "yes\n", "", "" },
	{ "leaves no core", "ulimit -c", 0, "0\n", "", "" },
};

START_TEST(ends)
{
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;
	const char *name = endings[_i].name;

	ck_assert_msg(run(endings[_i].script, (struct child_spec){ 0 }, &heard, &result,
			  &error),
		      "%s: %s", name, error ? error->message : "");
	ck_assert_msg(result.status == endings[_i].status, "%s: status %d", name,
		      result.status);
	ck_assert_msg(!result.timed_out, "%s: timed out", name);
	ck_assert_msg(strcmp(heard.out->str, endings[_i].out) == 0, "%s: output \"%s\"",
		      name, heard.out->str);
	ck_assert_msg(strcmp(heard.lines->str, endings[_i].lines) == 0,
		      "%s: lines \"%s\"", name, heard.lines->str);
	ck_assert_msg(strcmp(result.error_text, endings[_i].text) == 0, "%s: text \"%s\"",
		      name, result.error_text);
}
END_TEST

/* A pipe whose writing end only the children of a test hold at its end: it reads as ended
 * once all of them are dead. */
struct lifeline {
	int read_fd, write_fd;
};

static void lifeline_make(struct lifeline *line)
{
	int both[2];

	ck_assert_int_eq(pipe2(both, O_CLOEXEC), 0);
	*line = (struct lifeline){ both[0], both[1] };
}

static void lifeline_ended(struct lifeline *line, const char *name)
{
	struct pollfd fd = { .fd = line->read_fd, .events = POLLIN };
	char byte;

	close(line->write_fd);
	ck_assert_msg(poll(&fd, 1, 60 * 1000) == 1, "%s: somebody still lives", name);
	ck_assert_msg(read(line->read_fd, &byte, 1) == 0, "%s: somebody wrote", name);
	close(line->read_fd);
}

static const struct {
	const char *name, *script;
	struct child_spec spec;
	gsize fail_after;
	bool cancel, runs, timed_out;
	int code; /* of the error, if it does not run to its end */
	const char *message;
} killings[] = {
	{ "deadline, with a tree of children",
	  "(" NEVER " | " NEVER ") & " NEVER,
	  { .deadline = 50000 },
	  0,
	  false,
	  false,
	  true,
	  DORA_ERROR_RETRY,
	  TOO_LONG },
	{ "deadline, signals ignored",
	  "trap '' TERM INT HUP; " NEVER,
	  { .deadline = 50000 },
	  0,
	  false,
	  false,
	  true,
	  DORA_ERROR_RETRY,
	  TOO_LONG },
	{ "deadline, output without end",
	  "while :; do echo x; done",
	  { .deadline = 50000 },
	  0,
	  false,
	  false,
	  true,
	  DORA_ERROR_RETRY,
	  TOO_LONG },
	{ "deadline, streams closed",
	  "exec >&- 2>&-; " NEVER,
	  { .deadline = 50000 },
	  0,
	  false,
	  false,
	  true,
	  DORA_ERROR_RETRY,
	  TOO_LONG },
	{ "stopped by itself",
	  "kill -STOP $$",
	  { .deadline = 50000 },
	  0,
	  false,
	  false,
	  true,
	  DORA_ERROR_RETRY,
	  TOO_LONG },
	{ "too much output",
	  "yes; " NEVER,
	  { .max_output = 100000 },
	  0,
	  false,
	  false,
	  false,
	  DORA_ERROR_DATA,
	  "sh wrote more than 100000 bytes" },
	{ "output refused",
	  "echo x; " NEVER,
	  { 0 },
	  1,
	  false,
	  false,
	  false,
	  DORA_ERROR_DENIED,
	  "enough" },
	{ "output refused at the end",
	  "echo x",
	  { 0 },
	  1,
	  false,
	  false,
	  false,
	  DORA_ERROR_DENIED,
	  "enough" },
	{ "cancelled",
	  "echo x; " NEVER,
	  { 0 },
	  0,
	  true,
	  false,
	  false,
	  DORA_ERROR_CANCELLED,
	  "sh was cancelled" },
	{ "CPU time",
	  "while :; do :; done",
	  { .cpu_seconds = 1 },
	  0,
	  false,
	  true,
	  false,
	  0,
	  NULL },
	{ "left something behind",
	  NEVER " & exit 0",
	  { 0 },
	  0,
	  false,
	  true,
	  false,
	  0,
	  NULL },
	{ "left something that holds the streams open",
	  "(" NEVER ") & echo x",
	  { 0 },
	  0,
	  false,
	  true,
	  false,
	  0,
	  NULL },
};

START_TEST(dies)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	_cleanup_(heard_clear) struct heard heard = {
		.fail_after = killings[_i].fail_after
	};
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;
	const char *name = killings[_i].name;
	struct child_spec spec = killings[_i].spec;
	struct lifeline line;

	lifeline_make(&line);
	spec.keep_fds = &line.write_fd;
	spec.n_keep_fds = 1;
	spec.cancellable = cancellable;
	heard.cancel_on_output = killings[_i].cancel ? cancellable : NULL;
	const bool ran = run(killings[_i].script, spec, &heard, &result, &error);
	lifeline_ended(&line, name);
	ck_assert_msg(ran == killings[_i].runs, "%s: %s", name,
		      error ? error->message : "ran");
	ck_assert_msg(result.timed_out == killings[_i].timed_out, "%s: timed_out", name);
	if (ran)
		return;
	ck_assert_msg(g_error_matches(error, DORA_ERROR, killings[_i].code),
		      "%s: code %d", name, error->code);
	ck_assert_str_eq(error->message, killings[_i].message);
}
END_TEST

START_TEST(is_cancelled_before)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;

	g_cancellable_cancel(cancellable);
	ck_assert(!run("echo ran", (struct child_spec){ .cancellable = cancellable },
		       &heard, &result, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CANCELLED));
	ck_assert_str_eq(heard.out->str, "");
}
END_TEST

static const struct {
	const char *name, *program, *cwd, *message;
} refusals[] = {
	{ "not in PATH", "no-such-program", NULL,
	  "cannot start no-such-program: No such file or directory" },
	{ "no such file", "/no/such/program", NULL,
	  "cannot start /no/such/program: No such file or directory" },
	{ "no program", "/etc/passwd", NULL,
	  "cannot start /etc/passwd: Permission denied" },
	{ "no such folder", "sh", "/no/such/folder",
	  "cannot start sh: No such file or directory" },
};

START_TEST(cannot_start)
{
	const char *const argv[] = { refusals[_i].program, NULL };
	const struct child_spec spec = { .argv = argv,
					 .env = env,
					 .cwd = refusals[_i].cwd,
					 .stdin_fd = -1,
					 .deadline = PLENTY };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;

	ck_assert_msg(!child_run(&spec, &result, &error), "%s", refusals[_i].name);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	ck_assert_str_eq(error->message, refusals[_i].message);
	ck_assert_str_eq(result.error_text, "");
}
END_TEST

START_TEST(inherits_only_what_is_named)
{
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;
	const int secret = fcntl(2, F_DUPFD, 100); /* not closed by exec itself */
	const int last = fcntl(2, F_DUPFD, 200);
	const int keep[] = { fcntl(2, F_DUPFD_CLOEXEC, 150),
			     fcntl(2, F_DUPFD_CLOEXEC, 42) };

	ck_assert(run("exec ls -v /proc/self/fd",
		      (struct child_spec){ .keep_fds = keep, .n_keep_fds = 2 }, &heard,
		      &result, &error));
	/* 3 is ls reading the folder. */
	g_autofree char *expected = g_strdup_printf("0\n1\n2\n3\n%d\n%d\n", keep[1],
						    keep[0]);
	ck_assert_str_eq(heard.out->str, expected);
	close(secret);
	close(last);
	close(keep[0]);
	close(keep[1]);
}
END_TEST

START_TEST(reads_its_input)
{
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;
	struct lifeline line;

	lifeline_make(&line);
	ck_assert_int_eq(write(line.write_fd, "hello", 5), 5);
	close(line.write_fd);
	ck_assert(run("cat", (struct child_spec){ .stdin_fd = line.read_fd }, &heard,
		      &result, &error));
	close(line.read_fd);
	ck_assert_str_eq(heard.out->str, "hello");
}
END_TEST

START_TEST(starts_with_default_signals)
{
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;
	sigset_t some, before;
	void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);

	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, &before);
	ck_assert(run("grep -h -e SigBlk -e SigIgn /proc/self/status",
		      (struct child_spec){ 0 }, &heard, &result, &error));
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, pipe_before);
	ck_assert_str_eq(heard.out->str,
			 "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}
END_TEST

START_TEST(reads_both_streams_at_once)
{
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;

	ck_assert(run("head -c 1000000 /dev/zero | tr '\\0' e >&2; "
		      "head -c 1000000 /dev/zero | tr '\\0' o; echo >&2; echo last >&2",
		      (struct child_spec){ 0 }, &heard, &result, &error));
	ck_assert_uint_eq(heard.out->len, 1000000);
	/* A line without end is cut, and what is kept for a message is bounded. */
	ck_assert_uint_lt(heard.lines->len, 5000);
	ck_assert_uint_le(strlen(result.error_text), 4096);
	ck_assert(g_str_has_suffix(result.error_text, "e\nlast"));
}
END_TEST

/* In a process of its own, to be killed or to close what a test needs. */
static pid_t fork_run(const char *script, const struct lifeline *line,
		      bool without_streams)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	_cleanup_(heard_clear) struct heard heard = { 0 };
	_cleanup_(child_result_clear) struct child_result result = { 0 };
	g_autoptr(GError) error = NULL;
	const int fd = dup3(line->write_fd, 30, O_CLOEXEC);
	for (int i = 0; without_streams && i < 30; i++)
		close(i);
	close(line->write_fd);
	const bool ran = run(script,
			     (struct child_spec){ .keep_fds = &fd, .n_keep_fds = 1 },
			     &heard, &result, &error);
	_exit(ran && result.status == 0 && strcmp(heard.out->str, "out\n") == 0 &&
			      strcmp(heard.lines->str, "[err]") == 0
		      ? 0
		      : 1);
}

START_TEST(dies_with_the_program)
{
	struct lifeline line;
	char byte;

	lifeline_make(&line);
	const pid_t pid = fork_run("echo x >/proc/$$/fd/30; exec sleep 1000", &line,
				   false);
	/* Not before the child runs. */
	ck_assert_int_eq(read(line.read_fd, &byte, 1), 1);
	ck_assert_int_eq(read(line.read_fd, &byte, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	lifeline_ended(&line, "program killed");
}
END_TEST

START_TEST(runs_without_standard_streams)
{
	struct lifeline line;
	int status = 0;

	lifeline_make(&line);
	const pid_t pid = fork_run("echo out; echo err >&2", &line, true);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	lifeline_ended(&line, "without streams");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("child");
	TCase *child = tcase_create("child");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, child);
	tcase_add_loop_test(child, ends, 0, G_N_ELEMENTS(endings));
	tcase_add_loop_test(child, dies, 0, G_N_ELEMENTS(killings));
	tcase_add_loop_test(child, cannot_start, 0, G_N_ELEMENTS(refusals));
	tcase_add_test(child, is_cancelled_before);
	tcase_add_test(child, inherits_only_what_is_named);
	tcase_add_test(child, reads_its_input);
	tcase_add_test(child, starts_with_default_signals);
	tcase_add_test(child, reads_both_streams_at_once);
	tcase_add_test(child, dies_with_the_program);
	tcase_add_test(child, runs_without_standard_streams);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
