#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/git_rig.h"

/* Runs under tests/rigs/with_remotes, which says where its servers are. */
#define TOKEN_START "canary-"
#define SECOND G_USEC_PER_SEC
#define WORKS -1

/* Replaces {https}, {dir} and the like by the rig's RIG_HTTPS, RIG_DIR. */
static char *fill(const char *text)
{
	static const char *const names[] = { "dir",    "user",	"https", "ssh",
					     "silent", "stall", "dead" };
	g_autoptr(GString) filled = g_string_new(text);

	for (gsize i = 0; text && i < G_N_ELEMENTS(names); i++) {
		g_autofree char *mark = g_strdup_printf("{%s}", names[i]);
		g_autofree char *upper = g_ascii_strup(names[i], -1);
		g_autofree char *variable = g_strconcat("RIG_", upper, NULL);
		ck_assert_msg(g_getenv(variable),
			      "start this with tests/rigs/with_remotes");
		g_string_replace(filled, mark, g_getenv(variable), 0);
	}
	return text ? g_string_free(g_steal_pointer(&filled), FALSE) : NULL;
}

#define HTTPS "https://localhost:{https}"
#define SSH "ssh://{user}@localhost:{ssh}{dir}/repos/shop.git"
#define CA "{dir}/ca.crt"
#define TOKEN "{dir}/token"
#define KEY "{dir}/key"
#define HOSTS "{dir}/known_hosts"

static const struct {
	const char *name, *url, *ca, *token, *key, *hosts;
	gint64 timeout;
	int code; /* WORKS, or that of the error */
	const char *says;
} contacts[] = {
	{ "https", HTTPS "/open/shop.git", CA, NULL, NULL, NULL, 0, WORKS, NULL },
	{ "token", HTTPS "/private/shop.git", CA, TOKEN, NULL, NULL, 0, WORKS, NULL },
	{ "token not asked for", HTTPS "/open/shop.git", CA, TOKEN, NULL, NULL, 0, WORKS,
	  NULL },
	{ "wrong token", HTTPS "/private/shop.git", CA, "{dir}/bad_token", NULL, NULL, 0,
	  DORA_ERROR_DENIED, "could not read Username" },
	{ "no token", HTTPS "/private/shop.git", CA, NULL, NULL, NULL, 0,
	  DORA_ERROR_DENIED, "could not read Username" },
	{ "token file missing", HTTPS "/private/shop.git", CA, "{dir}/nothing", NULL,
	  NULL, 0, DORA_ERROR_CONFIG, "No such file" },
	{ "wrong CA", HTTPS "/open/shop.git", "{dir}/wrong_ca.crt", TOKEN, NULL, NULL, 0,
	  DORA_ERROR_DENIED, "certificate" },
	{ "the system's CAs", HTTPS "/open/shop.git", NULL, NULL, NULL, NULL, 0,
	  DORA_ERROR_DENIED, "certificate" },
	{ "CA file missing", HTTPS "/open/shop.git", "{dir}/nothing", NULL, NULL, NULL, 0,
	  DORA_ERROR_CONFIG, "CA cert" },
	{ "another host's certificate", "https://127.0.0.1:{https}/open/shop.git", CA,
	  TOKEN, NULL, NULL, 0, DORA_ERROR_DENIED, "127.0.0.1" },
	{ "no such repository", HTTPS "/open/none.git", CA, NULL, NULL, NULL, 0,
	  DORA_ERROR_CONFIG, "not found" },
	{ "403", HTTPS "/forbidden/shop.git", CA, TOKEN, NULL, NULL, 0, DORA_ERROR_DENIED,
	  "403" },
	{ "500", HTTPS "/broken/shop.git", CA, TOKEN, NULL, NULL, 0, DORA_ERROR_RETRY,
	  "500" },
	{ "503", HTTPS "/busy/shop.git", CA, TOKEN, NULL, NULL, 0, DORA_ERROR_RETRY,
	  "503" },
	{ "moved", HTTPS "/moved/shop.git", CA, TOKEN, NULL, NULL, 0, DORA_ERROR_CONFIG,
	  "302" },
	{ "nobody listens", "https://localhost:{dead}/x.git", CA, TOKEN, NULL, NULL, 0,
	  DORA_ERROR_RETRY, "onnect" },
	{ "no such host", "https://host.invalid/x.git", CA, TOKEN, NULL, NULL, 0,
	  DORA_ERROR_RETRY, "resolve" },
	{ "silent", "https://localhost:{silent}/x.git", CA, TOKEN, NULL, NULL, SECOND,
	  DORA_ERROR_RETRY, "longer than 1 s" },
	{ "stalls in the pack", "https://localhost:{stall}/private/big.git", CA, TOKEN,
	  NULL, NULL, 2 * SECOND, DORA_ERROR_RETRY, "longer than 2 s" },
	{ "no TLS there", "https://localhost:{ssh}/x.git", CA, TOKEN, NULL, NULL, 0,
	  DORA_ERROR_RETRY, "TLS" },

	{ "ssh", SSH, NULL, NULL, KEY, HOSTS, 0, WORKS, NULL },
	{ "ssh, like scp, port missing", "{user}@localhost:{dir}/repos/shop.git", NULL,
	  NULL, KEY, "{dir}/no_hosts", 0, -2, NULL },
	{ "ssh, unknown host", SSH, NULL, NULL, KEY, "{dir}/no_hosts", 0,
	  DORA_ERROR_DENIED, "Host key verification failed" },
	{ "ssh, host key changed", SSH, NULL, NULL, KEY, "{dir}/changed_hosts", 0,
	  DORA_ERROR_DENIED, "Host key verification failed" },
	{ "ssh, stranger's key", SSH, NULL, NULL, "{dir}/stranger_key", HOSTS, 0,
	  DORA_ERROR_DENIED, "Permission denied" },
	{ "ssh, key missing", SSH, NULL, NULL, "{dir}/nothing", HOSTS, 0,
	  DORA_ERROR_DENIED, "Permission denied" },
	{ "ssh, no such repository", "ssh://{user}@localhost:{ssh}{dir}/repos/none.git",
	  NULL, NULL, KEY, HOSTS, 0, DORA_ERROR_CONFIG,
	  "does not appear to be a git repository" },
	{ "ssh, nobody listens", "ssh://{user}@localhost:{dead}/x.git", NULL, NULL, KEY,
	  HOSTS, 0, DORA_ERROR_RETRY, "refused" },
	{ "ssh, silent", "ssh://{user}@localhost:{silent}/x.git", NULL, NULL, KEY, HOSTS,
	  SECOND, DORA_ERROR_RETRY, "longer than 1 s" },
	{ "ssh, no key named", SSH, NULL, NULL, NULL, HOSTS, 0, DORA_ERROR_CONFIG,
	  "ssh_key" },

	{ "path not allowed", "{dir}/repos/shop.git", NULL, NULL, NULL, NULL, 0,
	  DORA_ERROR_CONFIG, "allow_file" },
	{ "a helper of git's", "ext::touch {dir}/run", NULL, NULL, NULL, NULL, 0,
	  DORA_ERROR_CONFIG, "no URL of a kind" },
	{ "an option", "--upload-pack=touch {dir}/run", NULL, NULL, NULL, NULL, 0,
	  DORA_ERROR_CONFIG, "no URL of a kind" },
	{ "an option of ssh", "ssh://-oProxyCommand=touch${IFS}{dir}/run/x.git", NULL,
	  NULL, KEY, HOSTS, 0, -2, NULL },
};

/* A source made of such a row; rig_end() frees half of it. */
struct source {
	struct rig rig;
	struct secret_ref token, key;
};

static void source_start(struct source *source, guint row)
{
	struct config_git *git = &source->rig.git;

	*source = (struct source){ 0 };
	rig_start(&source->rig, 0);
	g_free(git->url);
	git->url = fill(contacts[row].url);
	git->allow_file = false;
	git->ca_file = fill(contacts[row].ca);
	git->known_hosts = fill(contacts[row].hosts);
	source->token.file = fill(contacts[row].token);
	source->key.file = fill(contacts[row].key);
	git->token = source->token.file ? &source->token : NULL;
	git->ssh_key = source->key.file ? &source->key : NULL;
	if (contacts[row].timeout)
		git->timeout_us = contacts[row].timeout;
}

static void source_end(struct source *source)
{
	g_free(source->rig.git.ca_file);
	g_free(source->rig.git.known_hosts);
	g_free(source->token.file);
	g_free(source->key.file);
	rig_end(&source->rig);
}

static bool poll_source(struct source *source, GError **error)
{
	g_autofree char *digest = NULL;
	_cleanup_(mirror_closep) struct mirror *mirror = rig_open(&source->rig, error);

	return mirror && mirror_list(mirror, &digest, error) &&
	       mirror_fetch(mirror, NULL, error);
}

START_TEST(contact)
{
	const char *name = contacts[_i].name;
	struct source source;
	g_autoptr(GError) error = NULL;

	source_start(&source, (guint)_i);
	const bool ok = poll_source(&source, &error);
	g_autofree char *run = fill("{dir}/run");
	ck_assert_msg(!g_file_test(run, G_FILE_TEST_EXISTS), "%s: something ran", name);
	if (contacts[_i].code == WORKS) {
		ck_assert_msg(ok, "%s: %s", name, error ? error->message : "");
	} else {
		ck_assert_msg(!ok, "%s: worked", name);
		ck_assert_msg(error->domain == DORA_ERROR &&
				      (contacts[_i].code == -2 ||
				       error->code == contacts[_i].code),
			      "%s: code %d: %s", name, error->code, error->message);
		ck_assert_msg(!contacts[_i].says ||
				      strstr(error->message, contacts[_i].says),
			      "%s: %s", name, error->message);
		ck_assert_msg(g_str_has_prefix(error->message, "git acme/shop: "),
			      "%s: %s", name, error->message);
		ck_assert_msg(!strstr(error->message, TOKEN_START), "%s: %s", name,
			      error->message);
	}
	source_end(&source);
}
END_TEST

static guint row_of(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(contacts); i++)
		if (g_str_equal(contacts[i].name, name))
			return i;
	ck_abort_msg("no row %s", name);
}

START_TEST(redirect_carries_no_token)
{
	struct source source;
	g_autofree char *path = fill("{dir}/other.log");
	g_autofree char *log = NULL;

	source_start(&source, row_of("moved"));
	ck_assert(!poll_source(&source, NULL));
	ck_assert(g_file_get_contents(path, &log, NULL, NULL));
	ck_assert_str_eq(log, "");
	source_end(&source);
}
END_TEST

/* What any process shows to others of the same user while a fetch goes on. */
struct watcher {
	const char *secrets[2];
	gint stop;
	bool leaked, saw_helper, saw_environment;
};

static bool has(const char *text, gsize n, const char *needle)
{
	return memmem(text, n, needle, strlen(needle)) != NULL;
}

static void watch_process(struct watcher *watcher, const char *pid)
{
	static const char *const files[] = { "cmdline", "environ" };

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename("/proc", pid, files[i], NULL);
		g_autofree char *text = NULL;
		gsize n = 0;
		/* The server's own children are told what the client sent. */
		if (!g_file_get_contents(path, &text, &n, NULL) ||
		    has(text, n, "REQUEST_METHOD="))
			continue;
		for (gsize j = 0; j < G_N_ELEMENTS(watcher->secrets); j++)
			watcher->leaked |= has(text, n, watcher->secrets[j]);
		watcher->saw_helper |= i == 0 && has(text, n, "remote-https");
		watcher->saw_environment |= i == 1 &&
					    has(text, n, "GIT_TERMINAL_PROMPT=0");
	}
}

static gpointer watch(gpointer user)
{
	struct watcher *watcher = user;

	while (!g_atomic_int_get(&watcher->stop)) {
		g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
		for (const char *pid; proc && (pid = g_dir_read_name(proc));)
			if (g_ascii_isdigit(*pid))
				watch_process(watcher, pid);
		g_usleep(1000);
	}
	return NULL;
}

START_TEST(shows_no_secret)
{
	struct source source;
	g_autofree char *token = NULL;
	g_autofree char *path = fill(TOKEN);
	struct watcher watcher = { 0 };

	ck_assert(g_file_get_contents(path, &token, NULL, NULL));
	g_strchomp(token);
	g_autofree char *pair = g_strconcat("x-access-token:", token, NULL);
	g_autofree char *encoded = g_base64_encode((const guchar *)pair, strlen(pair));
	watcher.secrets[0] = token;
	watcher.secrets[1] = encoded;
	source_start(&source, row_of("stalls in the pack"));
	GThread *thread = g_thread_new("watch", watch, &watcher);
	ck_assert(!poll_source(&source, NULL));
	g_atomic_int_set(&watcher.stop, 1);
	g_thread_join(thread);
	ck_assert(watcher.saw_helper);
	ck_assert(watcher.saw_environment);
	ck_assert(!watcher.leaked);
	/* Nor on disk. */
	g_autofree char *command = g_strdup_printf(
		"grep -raF -e '%s' -e '%s' cache || true", token, encoded);
	g_autofree char *found = rig_sh(source.rig.dir, command);
	ck_assert_str_eq(found, "");
	source_end(&source);
}
END_TEST

START_TEST(survives_a_stall)
{
	struct source source;
	g_autoptr(GError) error = NULL;

	source_start(&source, row_of("stalls in the pack"));
	ck_assert(!poll_source(&source, NULL));
	/* What was half received is gone, and the next poll succeeds. */
	g_autofree char *left = rig_sh(source.rig.dir,
				       "find " RIG_MIRROR "/objects -type f");
	ck_assert_str_eq(left, "");
	g_free(source.rig.git.url);
	source.rig.git.url = fill(HTTPS "/private/big.git");
	source.rig.git.timeout_us = 60 * SECOND;
	ck_assert_msg(poll_source(&source, &error), "%s", error ? error->message : "");
	source_end(&source);
}
END_TEST

START_TEST(disk_full)
{
	struct source source;
	g_autoptr(GError) error = NULL;

	source_start(&source, row_of("token"));
	g_free(source.rig.git.url);
	source.rig.git.url = fill(HTTPS "/private/big.git");
	g_autofree char *cache = g_build_filename(source.rig.dir, "cache", NULL);
	ck_assert_int_eq(g_mkdir_with_parents(cache, 0700), 0);
	if (mount("tmpfs", cache, "tmpfs", 0, "size=600k,mode=0700") != 0) {
		puts("disk_full: not run: only root can mount a small disk");
	} else {
		const bool ok = poll_source(&source, &error);
		g_autofree char *left = rig_sh(source.rig.dir,
					       "find " RIG_MIRROR "/objects -type f");
		umount(cache);
		ck_assert(!ok);
		ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_RETRY), "%s",
			      error->message);
		ck_assert_msg(strstr(error->message, "No space left on device") &&
				      strstr(error->message, cache),
			      "%s", error->message);
		ck_assert_str_eq(left, "");
	}
	source_end(&source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("remotes");
	TCase *remote = tcase_create("remote");
	SRunner *runner = srunner_create(suite);
	static const char *const foreign[] = { "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
					       "SSL_CERT_FILE", "SSL_CERT_DIR",
					       "CURL_CA_BUNDLE" };

	for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++)
		g_unsetenv(foreign[i]);
	/* Must not reach the children. */
	g_setenv("https_proxy", "http://127.0.0.1:1", TRUE);
	g_setenv("GIT_SSH_COMMAND", "false", TRUE);
	g_setenv("GIT_DIR", "/nonexistent", TRUE);
	suite_add_tcase(suite, remote);
	tcase_add_loop_test(remote, contact, 0, G_N_ELEMENTS(contacts));
	tcase_add_test(remote, redirect_carries_no_token);
	tcase_add_test(remote, shows_no_secret);
	tcase_add_test(remote, survives_a_stall);
	tcase_add_test(remote, disk_full);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
