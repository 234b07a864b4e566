#include "tests/bench/bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WHAT_WIDTH 58

void bench_begin(struct bench *bench, const char *title)
{
	g_autoptr(GError) error = NULL;

	*bench = (struct bench){ 0 };
	bench->full = g_strcmp0(g_getenv("DORAD_BENCH"), "full") == 0;
	bench->dir = g_dir_make_tmp("dorad-bench-XXXXXX", &error);
	if (!bench->dir)
		bench_fail(bench, "%s", error->message);
	printf("== %s (%s size)\n", title, bench->full ? "full" : "small");
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) != 0;
}

static void clean_up(struct bench *bench)
{
	if (bench->dir)
		nftw(bench->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	g_clear_pointer(&bench->dir, g_free);
}

int bench_end(struct bench *bench)
{
	clean_up(bench);
	printf("\n%u goal%s missed\n", bench->missed, bench->missed == 1 ? "" : "s");
	return 0;
}

void bench_fail(struct bench *bench, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	printf("not measured: %s\n", text);
	fflush(stdout);
	clean_up(bench);
	exit(EXIT_FAILURE);
}

void bench_need(struct bench *bench, bool ok, const GError *error, const char *what)
{
	if (!ok)
		bench_fail(bench, "%s: %s", what, error ? error->message : "failed");
}

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, guint n)
{
	qsort(values, n, sizeof(double), compare_doubles);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* ---- commands ---- */

static double run(struct bench *bench, char **out, const char *command)
{
	g_autofree char *path = g_strconcat("PATH=", g_getenv("PATH"), NULL);
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)command, NULL };
	char *env[] = { path,
			(char *)"HOME=/nonexistent",
			(char *)"LC_ALL=C",
			(char *)"GIT_CONFIG_NOSYSTEM=1",
			(char *)"GIT_TERMINAL_PROMPT=0",
			(char *)"GIT_CONFIG_COUNT=3",
			(char *)"GIT_CONFIG_KEY_0=safe.directory",
			(char *)"GIT_CONFIG_VALUE_0=*",
			(char *)"GIT_CONFIG_KEY_1=protocol.file.allow",
			(char *)"GIT_CONFIG_VALUE_1=always",
			(char *)"GIT_CONFIG_KEY_2=gc.auto",
			(char *)"GIT_CONFIG_VALUE_2=0",
			NULL };
	g_autofree char *text = NULL;
	g_autofree char *err = NULL;
	g_autoptr(GError) error = NULL;
	double start = bench_now();
	int status = 0;

	if (!g_spawn_sync(bench->dir, argv, env, G_SPAWN_DEFAULT, NULL, NULL, &text, &err,
			  &status, &error))
		bench_fail(bench, "%s", error->message);
	if (status != 0)
		bench_fail(bench, "%s: status %d: %s", command, status, err);
	start = bench_now() - start;
	if (out)
		*out = g_strchomp(g_steal_pointer(&text));
	return start;
}

double bench_sh(struct bench *bench, char **out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *command = g_strdup_vprintf(format, args);
	va_end(args);
	return run(bench, out, command);
}

double bench_sh_median(struct bench *bench, guint n, const char *command)
{
	g_autofree double *seconds = g_new(double, n);

	for (guint i = 0; i < n; i++)
		seconds[i] = run(bench, NULL, command);
	return bench_median(seconds, n);
}

/* ---- memory ---- */

static gsize status_kib(const char *key)
{
	g_autofree char *text = NULL;
	const char *line;

	if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
		return 0;
	line = strstr(text, key);
	return line ? (gsize)g_ascii_strtoull(line + strlen(key), NULL, 10) : 0;
}

void bench_peak_reset(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "5", 1) != 1)
		perror("clear_refs");
	close(fd);
}

gsize bench_resident(void)
{
	return status_kib("VmRSS:") * 1024;
}

gsize bench_peak(void)
{
	return status_kib("VmHWM:") * 1024;
}

/* ---- the table ---- */

void bench_heading(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	printf("\n%s\n%-*s %11s %11s %9s  %s\n", text, WHAT_WIDTH, "", "dorad", "other",
	       "ratio", "goal");
	fflush(stdout);
}

void bench_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	printf("  (%s)\n", text);
}

static char *format_value(double value, const char *unit)
{
	static const struct {
		const char *unit;
		double scale;
		const char *shown;
	} scales[] = {
		{ "s", 1, "s" },     { "s", 1e-3, "ms" }, { "s", 1e-6, "us" },
		{ "s", 1e-9, "ns" }, { "B", 1e6, "MB" },  { "B", 1e3, "kB" },
		{ "B", 1, "B" },
	};

	if (isnan(value))
		return g_strdup("");
	for (gsize i = 0; i < G_N_ELEMENTS(scales); i++)
		if (strcmp(unit, scales[i].unit) == 0 && value >= scales[i].scale)
			return g_strdup_printf("%.3g %s", value / scales[i].scale,
					       scales[i].shown);
	return value >= 1000 ? g_strdup_printf("%.0f %s", value, unit)
			     : g_strdup_printf("%.3g %s", value, unit);
}

void bench_print(struct bench *bench, const struct bench_row *row)
{
	g_autofree char *ours = format_value(row->ours, row->unit);
	g_autofree char *theirs = format_value(row->theirs, row->unit);
	double ratio = row->goal == BENCH_FASTER ? row->theirs / row->ours
						 : row->ours / row->theirs;
	g_autofree char *shown = isnan(ratio) ? g_strdup("")
					      : g_strdup_printf("%.3gx", ratio);
	bool met = true;

	printf("%-*s %11s %11s %9s", WHAT_WIDTH, row->what, ours, theirs, shown);
	if (row->goal == BENCH_AT_MOST) {
		met = ratio <= row->limit;
		printf("  goal <= %gx: %s", row->limit, met ? "met" : "MISSED");
	} else if (row->goal == BENCH_FASTER) {
		met = ratio >= row->limit;
		printf("  goal >= %gx faster: %s", row->limit, met ? "met" : "MISSED");
	} else if (row->goal == BENCH_VALUE) {
		g_autofree char *limit = format_value(row->limit, row->unit);

		met = row->ours <= row->limit;
		printf("  goal <= %s: %s", row->limit > 0 ? limit : "0",
		       met ? "met" : "MISSED");
	}
	printf("\n");
	fflush(stdout);
	bench->missed += !met;
}
