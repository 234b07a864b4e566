#include "collector/git/mirror_loose.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NAME 64

static bool is_object_name(const char *text, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (!g_ascii_isxdigit(text[i]))
			return false;
	return true;
}

static bool check_file(const char *path, gsize digits)
{
	char text[MAX_NAME + 2];
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	const ssize_t n = read(fd, text, sizeof(text));
	close(fd);
	return n == (ssize_t)digits + 1 && text[digits] == '\n' &&
	       is_object_name(text, digits);
}

bool mirror_loose_check(const char *dir, bool sha256, guint *n)
{
	g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);

	*n = 0;
	g_ptr_array_add(folders, g_build_filename(dir, "refs", NULL));
	while (folders->len > 0) {
		g_autofree char *folder = g_ptr_array_steal_index(folders,
								  folders->len - 1);
		g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
		if (!listing)
			return false;
		for (const char *name; (name = g_dir_read_name(listing));) {
			g_autofree char *path = g_build_filename(folder, name, NULL);
			struct stat st;
			if (lstat(path, &st) != 0)
				return false;
			if (S_ISDIR(st.st_mode))
				g_ptr_array_add(folders, g_steal_pointer(&path));
			else if (!g_str_has_suffix(name, ".lock") &&
				 !check_file(path, sha256 ? 64 : 40))
				return false;
			else
				++*n;
		}
	}
	return true;
}
