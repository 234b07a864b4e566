#include "collector/git/mirror_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "collector/git/mirror_loose.h"
#include "collector/git/mirror_pack.h"

#define LOCK_TRIES 40
#define LOCK_PAUSE (25 * G_TIME_SPAN_MILLISECOND) /* a second in all */

/* Written last, read first. The number is that of the layout. */
#define MARKER "dorad-mirror"
/* There after the first whole fetch. */
#define FETCHED "dorad-fetched"
#define MARKER_TEXT "1 %s %s\n"
#define WALK_FDS 16

static bool fail(GError **error, enum dora_error code, const char *path, int cause)
{
	g_set_error(error, DORA_ERROR, (gint)code, "%s: %s", path, g_strerror(cause));
	return false;
}

/* A full disk passes, a directory we may not write does not. */
static bool fail_errno(GError **error, const char *path, int cause)
{
	const bool passes = cause == ENOSPC || cause == EDQUOT || cause == EIO ||
			    cause == EMFILE || cause == ENFILE;

	return fail(error, passes ? DORA_ERROR_RETRY : DORA_ERROR_CONFIG, path, cause);
}

static bool is_own_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 022) == 0;
}

char *mirror_dir_path(const char *cache_dir, const char *name, GError **error)
{
	g_autofree char *folder = g_build_filename(cache_dir, "git", NULL);
	/* "/" and control characters become %2F and the like. */
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);

	if (strlen(escaped) > 200) {
		g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256,
									name, -1);
		escaped[100] = '\0';
		g_autofree char *shortened = g_strconcat(escaped, "-", digest, NULL);
		g_free(escaped);
		escaped = g_steal_pointer(&shortened);
	}
	if (g_mkdir_with_parents(folder, 0700) != 0) {
		fail_errno(error, folder, errno);
		return NULL;
	}
	if (!is_own_dir(folder)) {
		g_set_error(
			error, DORA_ERROR, DORA_ERROR_CONFIG,
			"%s must be a directory of our own that nobody else can write",
			folder);
		return NULL;
	}
	g_autofree char *base = g_strconcat(escaped, ".git", NULL);
	return g_build_filename(folder, base, NULL);
}

/* Whoever reads a file of the mirror has it for some milliseconds only. */
static bool lock_patiently(int fd)
{
	for (guint i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK)
			return false;
		g_usleep(LOCK_PAUSE);
	}
	errno = EWOULDBLOCK;
	return false;
}

int mirror_dir_lock(const char *dir, GError **error)
{
	g_autofree char *path = g_strconcat(dir, ".lock", NULL);
	const int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		fail_errno(error, path, errno);
		return -1;
	}
	if (lock_patiently(fd))
		return fd;
	if (errno == EWOULDBLOCK)
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "the mirror is in use by another process (%s)", path);
	else
		fail_errno(error, path, errno);
	close(fd);
	return -1;
}

void mirror_dir_unlock(int fd)
{
	if (fd < 0)
		return;
	/* Not by closing alone: a child another thread is just starting may have a copy.
	 */
	flock(fd, LOCK_UN);
	close(fd);
}

static char *config_text(const struct mirror_kind *kind)
{
	return g_strdup_printf("[core]\n"
			       "\trepositoryformatversion = %d\n"
			       "\tfilemode = true\n"
			       "\tbare = true\n%s",
			       kind->sha256,
			       kind->sha256 ? "[extensions]\n\tobjectformat = sha256\n"
					    : "");
}

static char *marker_text(const struct mirror_kind *kind)
{
	return g_strdup_printf(MARKER_TEXT, kind->sha256 ? "sha256" : "sha1",
			       kind->trees ? "trees" : "commits");
}

/* The content of a small regular file, NULL if it is anything else. The caller frees. */
static char *read_small(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char buffer[1024];
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, buffer, sizeof(buffer));
	close(fd);
	return n >= 0 && n < (ssize_t)sizeof(buffer) ? g_strndup(buffer, (gsize)n) : NULL;
}

static bool read_marker(const char *dir, struct mirror_kind *kind)
{
	g_autofree char *marker = read_small(dir, MARKER);

	for (int i = 0; marker && i < 4; i++) {
		const struct mirror_kind candidate = { .sha256 = i & 1, .trees = i & 2 };
		g_autofree char *text = marker_text(&candidate);
		if (!g_str_equal(marker, text))
			continue;
		*kind = candidate;
		return true;
	}
	return false;
}

bool mirror_dir_check(const char *dir, struct mirror_kind *kind)
{
	static const char *const folders[] = { "objects", "objects/pack", "refs",
					       "refs/heads", "refs/tags" };
	guint n_refs;

	if (!is_own_dir(dir) || !read_marker(dir, kind))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *folder = g_build_filename(dir, folders[i], NULL);
		/* git removes refs/tags when it has packed the last of them. */
		if (!is_own_dir(folder) && (i < 3 || mkdir(folder, 0700) != 0))
			return false;
	}
	g_autofree char *config = read_small(dir, "config");
	g_autofree char *expected = config_text(kind);
	g_autofree char *head = read_small(dir, "HEAD");
	return config && g_str_equal(config, expected) && head &&
	       g_str_has_prefix(head, "ref: refs/") &&
	       mirror_loose_check(dir, kind->sha256, &n_refs) &&
	       mirror_pack_check(dir, kind->sha256);
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *where)
{
	(void)st;
	(void)where;
	return (type == FTW_DP ? rmdir(path) : unlink(path)) == 0 || errno == ENOENT ? 0
										     : 1;
}

bool mirror_dir_remove(const char *dir, GError **error)
{
	g_autofree char *marker = g_build_filename(dir, MARKER, NULL);
	struct stat st;

	if (lstat(dir, &st) != 0)
		return errno == ENOENT || fail_errno(error, dir, errno);
	if (!S_ISDIR(st.st_mode))
		return unlink(dir) == 0 || fail_errno(error, dir, errno);
	/* First, so that a half-removed mirror is never taken for a whole one. */
	unlink(marker);
	if (nftw(dir, remove_entry, WALK_FDS, FTW_DEPTH | FTW_PHYS) != 0)
		return fail_errno(error, dir, errno);
	return true;
}

static bool write_file(const char *dir, const char *name, const char *text,
		       GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) cause = NULL;

	if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
				     &cause))
		return true;
	g_set_error(error, DORA_ERROR,
		    g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_ACCES)
			    ? DORA_ERROR_CONFIG
			    : DORA_ERROR_RETRY,
		    "%s", cause->message);
	return false;
}

bool mirror_dir_make(const char *dir, const struct mirror_kind *kind, GError **error)
{
	static const char *const folders[] = { "objects/info", "objects/pack",
					       "refs/heads", "refs/tags" };
	g_autofree char *config = config_text(kind);
	g_autofree char *marker = marker_text(kind);

	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *folder = g_build_filename(dir, folders[i], NULL);
		if (g_mkdir_with_parents(folder, 0700) != 0)
			return fail_errno(error, folder, errno);
	}
	return mirror_dir_set_head(dir, NULL, error) &&
	       write_file(dir, "config", config, error) &&
	       write_file(dir, MARKER, marker, error);
}

bool mirror_dir_set_head(const char *dir, const char *branch, GError **error)
{
	g_autofree char *head = g_strdup_printf("ref: %s\n",
						branch ? branch : MIRROR_NO_HEAD);
	g_autofree char *now = read_small(dir, "HEAD");

	return (now && g_str_equal(now, head)) || write_file(dir, "HEAD", head, error);
}

bool mirror_dir_is_fetched(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, FETCHED, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

bool mirror_dir_set_fetched(const char *dir, GError **error)
{
	return mirror_dir_is_fetched(dir) || write_file(dir, FETCHED, "", error);
}

static bool is_leftover(const char *path, const char *name)
{
	return g_str_has_suffix(name, ".lock") || g_str_has_prefix(name, "tmp_") ||
	       g_str_has_prefix(name, ".tmp-") || g_str_has_suffix(name, ".keep") ||
	       g_str_equal(name, "packed-refs.new") || g_str_equal(name, "FETCH_HEAD") ||
	       (g_str_has_prefix(name, "shallow_") && !strstr(path, "/refs/"));
}

static int sweep_entry(const char *path, const struct stat *st, int type,
		       struct FTW *where)
{
	(void)st;
	/* A ref may be called tmp_x, but none ends in .lock. */
	const char *name = path + where->base;
	const bool ref = strstr(path, "/refs/") != NULL;

	if (type == FTW_F && is_leftover(path, name) &&
	    (!ref || g_str_has_suffix(name, ".lock")))
		unlink(path);
	return 0;
}

void mirror_dir_sweep(const char *dir)
{
	nftw(dir, sweep_entry, WALK_FDS, FTW_PHYS);
}

void mirror_dir_count(const char *dir, struct mirror_count *count)
{
	g_autofree char *packs = g_build_filename(dir, "objects", "pack", NULL);
	g_autoptr(GDir) listing = g_dir_open(packs, 0, NULL);

	*count = (struct mirror_count){ 0 };
	for (const char *name; listing && (name = g_dir_read_name(listing));)
		count->packs += g_str_has_suffix(name, ".idx");
	/* What is wrong with them matters when the mirror is opened. */
	mirror_loose_check(dir, false, &count->loose_refs);
}
