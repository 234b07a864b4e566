#include "collector/git/mirror_pack.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* gitformat-pack(5): an index has an 8 byte head, 256 counts, then for each object its
 * name, a CRC and an offset, and two checksums; a pack has a 12 byte head and one. */
#define INDEX_HEAD 8
#define INDEX_FANOUT (256 * 4)
#define PACK_HEAD 12
#define MAX_HASH 32

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int open_regular(const char *path, off_t *size)
{
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

static bool read_at(int fd, off_t offset, void *buffer, gsize n)
{
	return offset >= 0 && pread(fd, buffer, n, offset) == (ssize_t)n;
}

static guint32 be32(const guint8 *bytes)
{
	guint32 value;

	memcpy(&value, bytes, sizeof(value));
	return GUINT32_FROM_BE(value);
}

static bool check_pair(const char *pack_path, const char *index_path, gsize hash)
{
	off_t pack_size = 0, index_size = 0;
	_cleanup_(close_fd) int pack = open_regular(pack_path, &pack_size);
	_cleanup_(close_fd) int index = open_regular(index_path, &index_size);
	guint8 pack_head[PACK_HEAD], index_head[INDEX_HEAD], last_count[4];
	guint8 pack_sum[MAX_HASH], index_sum[MAX_HASH];

	if (pack < 0 || index < 0 || !read_at(pack, 0, pack_head, PACK_HEAD) ||
	    !read_at(index, 0, index_head, INDEX_HEAD) ||
	    !read_at(index, INDEX_HEAD + INDEX_FANOUT - 4, last_count, 4) ||
	    !read_at(pack, pack_size - (off_t)hash, pack_sum, hash) ||
	    !read_at(index, index_size - 2 * (off_t)hash, index_sum, hash))
		return false;
	const guint64 n = be32(last_count);
	return memcmp(pack_head, "PACK", 4) == 0 && be32(pack_head + 8) == n &&
	       memcmp(index_head, "\377tOc", 4) == 0 &&
	       (guint64)index_size >=
		       INDEX_HEAD + INDEX_FANOUT + n * (hash + 8) + 2 * hash &&
	       memcmp(pack_sum, index_sum, hash) == 0;
}

bool mirror_pack_check(const char *dir, bool sha256)
{
	g_autofree char *folder = g_build_filename(dir, "objects", "pack", NULL);
	g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);

	for (const char *name; listing && (name = g_dir_read_name(listing));) {
		const bool is_pack = g_str_has_suffix(name, ".pack");
		const bool is_index = g_str_has_suffix(name, ".idx");
		if ((!is_pack && !is_index) || !g_str_has_prefix(name, "pack-"))
			continue;
		g_autofree char *stem = g_strndup(name, strlen(name) - (is_pack ? 5 : 4));
		g_autofree char *pack = g_strdup_printf("%s/%s.pack", folder, stem);
		g_autofree char *index = g_strdup_printf("%s/%s.idx", folder, stem);
		/* A pack without index is one whose writer was killed: no harm. */
		if (is_index && !check_pair(pack, index, sha256 ? 32 : 20))
			return false;
	}
	return listing != NULL;
}
