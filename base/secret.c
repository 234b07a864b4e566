#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define SECRET_MAX                                                                       \
	65536 /* a private key of any kind in use fits; nothing larger is a secret */

/* Where the secret is, for messages. The caller frees. */
static char *secret_place(const struct secret_ref *ref)
{
	if (ref->credential)
		return g_strdup_printf("credential \"%s\"", ref->credential);
	if (ref->file)
		return g_strdup_printf("secret file %s", ref->file);
	return g_strdup_printf("environment variable %s", ref->env);
}

char *secret_path(const struct secret_ref *ref, GError **error)
{
	if (ref->file)
		return g_strdup(ref->file);
	if (ref->credential) {
		const char *dir = g_getenv("CREDENTIALS_DIRECTORY");

		if (dir)
			return g_build_filename(dir, ref->credential, NULL);
		g_set_error(
			error, DORA_ERROR, DORA_ERROR_CONFIG,
			"credential \"%s\": $CREDENTIALS_DIRECTORY is not set, expected "
			"LoadCredential=%s:… in the systemd unit",
			ref->credential, ref->credential);
		return NULL;
	}
	g_set_error(
		error, DORA_ERROR, DORA_ERROR_CONFIG,
		"environment variable %s: a file is needed here, expected credential: or "
		"file:",
		ref->env ? ref->env : "");
	return NULL;
}

/* Opens the file and checks who may read it. -1 with an error. */
static int secret_open(const char *path, const char *place, bool by_systemd,
		       GError **error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "%s: %s", place,
			    g_strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "%s: not a regular file", place);
	} else if (!by_systemd && (st.st_mode & 077)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "%s: others may read it (mode %04o), expected 0600 or 0400",
			    place, (guint)(st.st_mode & 07777));
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Reads at most SECRET_MAX + 1 bytes into buffer; -1 with errno on failure. */
static gssize secret_read_all(int fd, char *buffer)
{
	gsize n = 0;

	while (n <= SECRET_MAX) {
		gssize got = read(fd, buffer + n, SECRET_MAX + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (gsize)got;
	}
	return (gssize)n;
}

static char *secret_check(const char *place, const char *text, gsize n, GError **error)
{
	const char *wrong = NULL;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n == 0)
		wrong = "is empty";
	else if (n > SECRET_MAX)
		wrong = "is longer than 64 KiB";
	else if (memchr(text, '\0', n))
		wrong = "contains a NUL byte";
	if (!wrong)
		return g_strndup(text, n);
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "%s %s", place, wrong);
	return NULL;
}

char *secret_read(const struct secret_ref *ref, GError **error)
{
	g_autofree char *place = secret_place(ref);
	g_autofree char *path = NULL;
	char *buffer, *secret = NULL;
	gssize n;
	int fd;

	if (ref->env) {
		const char *text = g_getenv(ref->env);

		if (text)
			return secret_check(place, text, strlen(text), error);
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "%s is not set", place);
		return NULL;
	}
	path = secret_path(ref, error);
	if (!path)
		return NULL;
	fd = secret_open(path, place, ref->credential != NULL, error);
	if (fd < 0)
		return NULL;
	buffer = g_malloc(SECRET_MAX + 1);
	n = secret_read_all(fd, buffer);
	if (n < 0)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "%s: %s", place,
			    g_strerror(errno));
	else
		secret = secret_check(place, buffer, (gsize)n, error);
	close(fd);
	explicit_bzero(buffer, SECRET_MAX + 1);
	g_free(buffer);
	return secret;
}

void secret_free(char *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, strlen(secret));
	g_free(secret);
}
