#include "collector/author_key.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define KEY_NAME "author.key"
/* So that the digest of a pattern is no hash of an address, whatever the pattern. */
#define PURPOSE "dorad: excluded author\n"

static bool failed(GError **error, enum dora_error code, const char *path,
		   const char *what, int number)
{
	g_set_error(error, DORA_ERROR, code, "author key %s: %s: %s", path, what,
		    g_strerror(number));
	return false;
}

/* NULL without an error if there is no such file. */
static GBytes *read_key(const char *path, GError **error)
{
	g_autofree guint8 *key = g_malloc(AUTHOR_KEY_SIZE + 1);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat about;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0) {
		failed(error, DORA_ERROR_CONFIG, path, "cannot open", errno);
		return NULL;
	}
	bool safe = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
		    (about.st_mode & 077) == 0;
	ssize_t n = read(fd, key, AUTHOR_KEY_SIZE + 1);
	close(fd);
	if (!safe || n != AUTHOR_KEY_SIZE) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "author key %s: must be a file of %d bytes that nobody else "
			    "can read; move it away to have a new one made",
			    path, AUTHOR_KEY_SIZE);
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&key), AUTHOR_KEY_SIZE);
}

static bool write_whole(int fd, const guint8 *data, gsize n)
{
	while (n > 0) {
		ssize_t written = write(fd, data, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		n -= (gsize)written;
	}
	return true;
}

static bool write_file(const char *path, const guint8 *key, GError **error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return failed(error, DORA_ERROR_CONFIG, path, "cannot create", errno);
	bool good = write_whole(fd, key, AUTHOR_KEY_SIZE) && fsync(fd) == 0;
	int number = errno;
	if (close(fd) != 0 && good) {
		number = errno;
		good = false;
	}
	if (!good) {
		unlink(path);
		failed(error, DORA_ERROR_RETRY, path, "cannot write", number);
	}
	return good;
}

static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Worst case the name is lost in a power cut and another key is made. */
	(void)!fsync(fd);
	close(fd);
}

/* The file appears under its name whole or not at all. link() and not rename(), so that
 * of two programs that start at once one wins and both use its key. */
static bool make_key(const char *dir, const char *path, GError **error)
{
	guint8 key[AUTHOR_KEY_SIZE];
	g_autofree char *draft = g_strdup_printf("%s.%ld", path, (long)getpid());

	if (g_mkdir_with_parents(dir, 0700) != 0)
		return failed(error, DORA_ERROR_CONFIG, dir, "cannot create", errno);
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return failed(error, DORA_ERROR_RETRY, path, "no random bytes", errno);
	unlink(draft);
	bool good = write_file(draft, key, error);
	explicit_bzero(key, sizeof(key));
	if (!good)
		return false;
	if (link(draft, path) != 0 && errno != EEXIST)
		good = failed(error, DORA_ERROR_CONFIG, path, "cannot create", errno);
	unlink(draft);
	sync_dir(dir);
	return good;
}

static GBytes *kept_key(const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, KEY_NAME, NULL);
	g_autoptr(GError) own = NULL;
	GBytes *key = read_key(path, &own);

	if (key || own) {
		if (own)
			g_propagate_error(error, g_steal_pointer(&own));
		return key;
	}
	if (!make_key(dir, path, error))
		return NULL;
	key = read_key(path, &own);
	if (own)
		g_propagate_error(error, g_steal_pointer(&own));
	else if (!key)
		failed(error, DORA_ERROR_RETRY, path, "cannot open", ENOENT);
	return key;
}

GBytes *author_key_load(const struct config *config, const char *state_dir,
			GError **error)
{
	if (!config->privacy || !config->privacy->author_key)
		return kept_key(state_dir, error);

	char *secret = secret_read(config->privacy->author_key, error);
	if (!secret) {
		g_prefix_error(error, "author key: ");
		return NULL;
	}
	return g_bytes_new_with_free_func(secret, strlen(secret),
					  (GDestroyNotify)secret_free, secret);
}

GBytes *author_key_find(const struct config *config, const char *state_dir,
			GError **error)
{
	g_autofree char *path = g_build_filename(state_dir, KEY_NAME, NULL);

	if (!config->privacy->author_key && !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "author key %s: there is none: is --state-dir the daemon's?",
			    path);
		return NULL;
	}
	return author_key_load(config, state_dir, error);
}

char *author_key_digest(GBytes *key, const char *pattern)
{
	g_autofree char *text = g_strconcat(PURPOSE, pattern, NULL);
	g_autoptr(GBytes) data = g_bytes_new(text, strlen(text));
	g_autoptr(GBytes) none = g_bytes_new_static("", 0);
	char *digest = g_compute_hmac_for_bytes(G_CHECKSUM_SHA256, key ? key : none,
						data);

	digest[AUTHOR_DIGEST_LENGTH] = '\0';
	return digest;
}
