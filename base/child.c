#include "base/child.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child_spawn.h"
#include "base/cleanup.h"
#include "base/error.h"

#define CHUNK (64 * 1024) /* a pipe's capacity */
#define MAX_LINE 4096	  /* of standard error; the rest of a longer line is dropped */
#define MAX_TEXT 4096

struct run {
	const struct child_spec *spec;
	struct child_process process;
	gint64 end;	/* monotonic */
	gsize n_output; /* bytes so far */
	GString *line;	/* the unfinished line of standard error */
	GString *text;	/* its last whole lines */
	guint8 *buffer; /* CHUNK */
	bool returned;	/* line ended in a carriage return, what follows is not seen */
	bool out, err;	/* still open */
};

static void run_clear(struct run *run)
{
	child_reap(&run->process);
	g_string_free(run->line, TRUE);
	g_string_free(run->text, TRUE);
	g_free(run->buffer);
}

static void keep_text(struct run *run)
{
	if (run->line->len == 0)
		return;
	g_string_append_len(run->text, run->line->str, (gssize)run->line->len);
	g_string_append_c(run->text, '\n');
	if (run->text->len > MAX_TEXT)
		g_string_erase(run->text, 0, (gssize)(run->text->len - MAX_TEXT));
}

static void end_line(struct run *run)
{
	if (run->line->len > 0 && run->spec->error_line)
		run->spec->error_line(run->line->str, run->spec->user);
}

/* A terminal overwrites what ends in a carriage return alone: progress, no message. ssh
 * ends its lines with both. */
static void take_errors(struct run *run, const guint8 *data, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (data[i] == '\r') {
			if (!run->returned)
				end_line(run);
			run->returned = true;
			continue;
		}
		if (data[i] == '\n') {
			if (!run->returned)
				end_line(run);
			keep_text(run);
		}
		if (data[i] == '\n' || run->returned)
			g_string_truncate(run->line, 0);
		run->returned = false;
		if (data[i] != '\n' && run->line->len < MAX_LINE)
			g_string_append_c(run->line, data[i] ? (char)data[i] : '?');
	}
}

static bool take_output(struct run *run, const guint8 *data, gsize n, GError **error)
{
	const struct child_spec *spec = run->spec;

	run->n_output += n;
	if (spec->max_output > 0 && run->n_output > spec->max_output) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "%s wrote more than %" G_GSIZE_FORMAT " bytes", spec->argv[0],
			    spec->max_output);
		return false;
	}
	return !spec->output || spec->output(data, n, spec->user, error);
}

/* Reads what there is without waiting; *open becomes false at the end of the stream. At
 * most one piece, so that neither stream, deadline nor cancellation starves; with all set
 * until nothing is left. */
static bool take(struct run *run, bool is_output, bool all, GError **error)
{
	const int fd = is_output ? run->process.out_fd : run->process.err_fd;
	bool *open = is_output ? &run->out : &run->err;

	while (*open) {
		const ssize_t n = read(fd, run->buffer, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			*open = false;
		else if (!is_output)
			take_errors(run, run->buffer, (gsize)n);
		else if (!take_output(run, run->buffer, (gsize)n, error))
			return false;
		if (!all)
			return true;
	}
	return true;
}

static int wait_ms(gint64 end)
{
	const gint64 left = end - g_get_monotonic_time();

	return left <= 0 ? 0 : (int)MIN(left / 1000 + 1, G_MAXINT);
}

enum step { STEP_FAILED, STEP_MORE, STEP_ENDED };

/* Waits for the next thing to happen and handles it. */
static enum step step(struct run *run, int cancel_fd, bool *timed_out, GError **error)
{
	struct pollfd fds[] = {
		{ .fd = run->out ? run->process.out_fd : -1, .events = POLLIN },
		{ .fd = run->err ? run->process.err_fd : -1, .events = POLLIN },
		{ .fd = run->process.pid_fd, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN },
	};

	if (poll(fds, G_N_ELEMENTS(fds), wait_ms(run->end)) < 0 && errno != EINTR) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "poll: %s",
			    g_strerror(errno));
		return STEP_FAILED;
	}
	if (g_cancellable_is_cancelled(run->spec->cancellable)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "%s was cancelled",
			    run->spec->argv[0]);
		return STEP_FAILED;
	}
	if (fds[2].revents) {
		/* Whatever it left behind dies first, then the pipes hold all there will
		 * ever be. */
		kill(-run->process.pid, SIGKILL);
		return take(run, true, true, error) && take(run, false, true, error)
			       ? STEP_ENDED
			       : STEP_FAILED;
	}
	if (g_get_monotonic_time() >= run->end) {
		*timed_out = true;
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "%s was killed: it took longer than %g s", run->spec->argv[0],
			    (double)run->spec->deadline / G_USEC_PER_SEC);
		return STEP_FAILED;
	}
	if (fds[0].revents && !take(run, true, false, error))
		return STEP_FAILED;
	if (fds[1].revents && !take(run, false, false, error))
		return STEP_FAILED;
	return STEP_MORE;
}

/* Valid UTF-8 without control characters but newlines, so that what a server says cannot
 * play tricks on a terminal. */
static char *clean_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) clean = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		const gunichar c = g_utf8_get_char(at);
		const bool hides = g_unichar_iscntrl(c) ||
				   g_unichar_type(c) == G_UNICODE_FORMAT;
		if (c == '\t')
			g_string_append_c(clean, ' ');
		else if (hides && c != '\n')
			g_string_append_c(clean, '?');
		else
			g_string_append_unichar(clean, c);
	}
	return g_strchomp(g_string_free(g_steal_pointer(&clean), FALSE));
}

static void finish(struct run *run, struct child_result *result)
{
	const int status = child_reap(&run->process);

	if (!run->returned) {
		end_line(run);
		keep_text(run);
	}
	result->status = WIFEXITED(status)     ? WEXITSTATUS(status)
			 : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					       : status;
	result->error_text = clean_text(run->text->str);
}

bool child_run(const struct child_spec *spec, struct child_result *result, GError **error)
{
	_cleanup_(run_clear) struct run run = { .spec = spec };
	enum step state = STEP_MORE;
	int cancel_fd = -1;

	*result = (struct child_result){ .error_text = g_strdup("") };
	run.line = g_string_new(NULL);
	run.text = g_string_new(NULL);
	run.buffer = g_malloc(CHUNK);
	run.end = g_get_monotonic_time() + spec->deadline;
	if (g_cancellable_is_cancelled(spec->cancellable)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "%s was cancelled",
			    spec->argv[0]);
		return false;
	}
	if (!child_spawn(spec, &run.process, error))
		return false;
	run.out = run.err = true;
	if (spec->cancellable)
		cancel_fd = g_cancellable_get_fd(spec->cancellable);
	while (state == STEP_MORE)
		state = step(&run, cancel_fd, &result->timed_out, error);
	if (cancel_fd >= 0)
		g_cancellable_release_fd(spec->cancellable);
	g_clear_pointer(&result->error_text, g_free);
	finish(&run, result);
	return state == STEP_ENDED;
}

void child_result_clear(struct child_result *result)
{
	g_clear_pointer(&result->error_text, g_free);
}
