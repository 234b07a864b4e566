#pragma once

/*
 * What the benchmarks share: a scratch folder, clocks, commands, and a table in which
 * both sides of a comparison stand in one line with the goal beside them. A goal that is
 * missed is printed, not failed: machines differ. What could not be measured fails.
 */
#include <glib.h>
#include <stdbool.h>

struct bench {
	char *dir;    /* scratch; removed by bench_end() and bench_fail() */
	bool full;    /* DORAD_BENCH=full: sizes of the goals, not of a coffee break */
	guint missed; /* goals */
};

void bench_begin(struct bench *bench, const char *title);
/* Prints what was missed; the exit status. */
int bench_end(struct bench *bench);
/* Says what could not be measured and ends the program with status 1. */
void bench_fail(struct bench *bench, const char *format, ...)
	G_GNUC_PRINTF(2, 3) G_GNUC_NORETURN;
/* Fails with the error's text unless ok. */
void bench_need(struct bench *bench, bool ok, const GError *error, const char *what);

/* Seconds on a clock that is never set. */
double bench_now(void);
/* The middle of n values, which are sorted on the way. */
double bench_median(double *values, guint n);

/* Runs a shell command in the folder with git's configuration fixed; fails the benchmark
 * if it fails. Returns seconds; *out (may be NULL) gets standard output. */
double bench_sh(struct bench *bench, char **out, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* The median of several runs of one command. */
double bench_sh_median(struct bench *bench, guint n, const char *command);

/* Bytes that are resident now, and the most since bench_peak_reset(). */
void bench_peak_reset(void);
gsize bench_resident(void);
gsize bench_peak(void);

enum bench_goal {
	BENCH_INFO,    /* nothing is promised */
	BENCH_AT_MOST, /* ours / theirs */
	BENCH_FASTER,  /* theirs / ours, at least */
	BENCH_VALUE,   /* ours alone, at most */
};

struct bench_row {
	const char *what;
	double ours, theirs; /* NAN: none */
	const char *unit;    /* "s" is shown as s, ms or µs; "B" as bytes, kB, MB */
	enum bench_goal goal;
	double limit;
};
void bench_heading(const char *format, ...) G_GNUC_PRINTF(1, 2);
void bench_print(struct bench *bench, const struct bench_row *row);
void bench_note(const char *format, ...) G_GNUC_PRINTF(1, 2);
