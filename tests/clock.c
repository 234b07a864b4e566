/*
 * Another time of day for a program that is tested as a whole: preloaded, it begins at
 * DORAD_TEST_CLOCK (seconds since 1970) and goes on from there. Only the time of day is
 * another one; what measures durations is not.
 *
 * Here because libfaketime allocates when first asked for the time, which waits for
 * itself under the address sanitizer, whose allocator asks for it.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset;

__attribute__((constructor)) static void set_clock(void)
{
	const char *begin = getenv("DORAD_TEST_CLOCK");
	struct timespec now;

	if (begin && syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) == 0)
		offset = strtoll(begin, NULL, 10) - now.tv_sec;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	long failed = syscall(SYS_clock_gettime, id, now);

	if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += offset;
	return (int)failed;
}

time_t time(time_t *result)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}
