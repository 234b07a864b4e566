#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads at most CONFIG_FILE_MAX + 1 bytes: enough to see that a file is too big. */
static bool read_all(int fd, GByteArray *bytes)
{
	guint8 block[65536];
	gssize n = 1;

	while (n > 0 && bytes->len <= CONFIG_FILE_MAX) {
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			g_byte_array_append(bytes, block, (guint)n);
		n = n < 0 ? 1 : n;
	}
	return true;
}

GByteArray *config_file_read(const char *path)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	/* O_NONBLOCK: opening a FIFO by mistake must not hang. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	bool good = fd >= 0 && fstat(fd, &status) == 0;
	int error;

	if (good && !S_ISREG(status.st_mode)) {
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
		good = false;
	}
	good = good && read_all(fd, bytes);
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return good ? g_steal_pointer(&bytes) : NULL;
}
