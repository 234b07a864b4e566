#include "collector/git/git_config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/secret.h"

/* For every child. What a repository could set and these settings answer: hooks, a
 * credential helper, a program that asks for passwords, background maintenance. */
static const char common[] =
	"[safe]\n\tdirectory = *\n"
	"[core]\n"
	"\thooksPath = /dev/null\n"
	"\taskPass =\n"
	"\tfsmonitor = false\n"
	"\tlogAllRefUpdates = false\n"
	"\tcommitGraph = true\n"
	"[credential]\n\thelper =\n"
	"[gc]\n\tauto = 0\n"
	"[maintenance]\n\tauto = false\n"
	"[fetch]\n"
	"\twriteCommitGraph = false\n"
	"\trecurseSubmodules = false\n"
	"\tshowForcedUpdates = false\n"
	"[submodule]\n\trecurse = false\n"
	/* Old public histories have faults that fsck calls errors. */
	"[transfer]\n\tfsckObjects = false\n"
	/* A server must not make us contact other URLs. */
	"\tbundleURI = false\n"
	"[pack]\n\twindowMemory = 64m\n"
	"[protocol]\n\tversion = 2\n\tallow = never\n";

/* Redirects are refused because the credential would follow them. A connection on which
 * not a byte moves for a minute is dead; the child's deadline bounds the rest. */
static const char http_common[] = "[http]\n"
				  "\tfollowRedirects = false\n"
				  "\tsslVerify = true\n"
				  "\tsslVersion = tlsv1.2\n"
				  "\tproxy =\n"
				  "\tlowSpeedLimit = 1\n"
				  "\tlowSpeedTime = 60\n";

static const char ssh_options[] = " -F none"
				  " -o BatchMode=yes"
				  " -o StrictHostKeyChecking=yes"
				  " -o GlobalKnownHostsFile=/dev/null"
				  " -o UpdateHostKeys=no"
				  " -o IdentitiesOnly=yes"
				  " -o IdentityAgent=none"
				  " -o ForwardAgent=no"
				  " -o ClearAllForwardings=yes"
				  " -o ConnectTimeout=30"
				  " -o ServerAliveInterval=15"
				  " -o ServerAliveCountMax=4";

/* "key = value" with value quoted as git-config(1) has it. */
static void add_value(GString *config, const char *key, const char *value)
{
	g_string_append_printf(config, "\t%s = \"", key);
	for (const char *c = value; *c; c++) {
		if (*c == '\n') {
			g_string_append(config, "\\n");
			continue;
		}
		if (*c == '"' || *c == '\\')
			g_string_append_c(config, '\\');
		g_string_append_c(config, *c);
	}
	g_string_append(config, "\"\n");
}

static void add_section(GString *config, const char *section, const char *subsection)
{
	g_string_append_printf(config, "[%s \"", section);
	for (const char *c = subsection; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(config, '\\');
		g_string_append_c(config, *c);
	}
	g_string_append(config, "\"]\n");
}

static const char *url_protocol(const char *url)
{
	static const struct {
		const char *prefix, *protocol;
	} schemes[] = {
		{ "https://", "https" }, { "http://", "http" }, { "ssh://", "ssh" },
		{ "file:///", "file" },	 { "/", "file" },
	};
	const char *colon = strchr(url, ':');

	/* a path may have spaces in it */
	for (const char *c = url; *c; c++)
		if ((guchar)*c < ' ' || (*c == ' ' && url[0] != '/') || *c == 0x7f)
			return NULL;
	if (url[0] == '-')
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_str_has_prefix(url, schemes[i].prefix))
			return schemes[i].protocol;
	/* user@host:path */
	if (colon && colon > url && !memchr(url, '/', (gsize)(colon - url)) &&
	    colon[1] != ':')
		return "ssh";
	return NULL;
}

static bool add_http(GString *config, const struct config_git *git,
		     struct git_setup *setup, GError **error)
{
	g_string_append(config, http_common);
	if (git->ca_file)
		add_value(config, "sslCAInfo", git->ca_file);
	if (!git->token)
		return true;
	setup->secret = secret_read(git->token, error);
	if (!setup->secret)
		return false;
	const char *user = git->username ? git->username : "x-access-token";
	char *pair = g_strconcat(user, ":", setup->secret, NULL);
	setup->encoded = g_base64_encode((const guint8 *)pair, strlen(pair));
	secret_free(pair);
	/* Only for this URL, whatever else git may come to contact. */
	add_section(config, "http", git->url);
	g_string_append_printf(config, "\textraHeader = Authorization: Basic %s\n",
			       setup->encoded);
	return true;
}

/* git runs the command through a shell. */
static bool add_ssh(GString *config, const struct config_git *git, GError **error)
{
	g_autofree char *key = NULL;
	g_autoptr(GString) command = g_string_new("ssh");

	if (!git->ssh_key || !git->known_hosts) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "ssh needs ssh_key and known_hosts");
		return false;
	}
	key = secret_path(git->ssh_key, error);
	if (!key)
		return false;
	g_autofree char *hosts = g_strdup_printf("UserKnownHostsFile=\"%s\"",
						 git->known_hosts);
	g_autofree char *quoted_hosts = g_shell_quote(hosts);
	g_autofree char *quoted_key = g_shell_quote(key);
	g_string_append(command, ssh_options);
	g_string_append_printf(command, " -o %s -i %s", quoted_hosts, quoted_key);
	g_string_append(config, "[ssh]\n\tvariant = ssh\n[core]\n");
	add_value(config, "sshCommand", command->str);
	return true;
}

bool git_is_shallow(const struct mirror *mirror)
{
	g_autofree char *path = g_build_filename(mirror->dir, "shallow", NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void add_promisor(GString *config, const struct mirror *mirror)
{
	add_section(config, "remote", "origin");
	/* A shallow mirror has everything its remote has, and before git 2.45 asking a
	 * shallow remote for a missing object never ends. */
	if (mirror->whole || git_is_shallow(mirror))
		return;
	g_string_append_printf(config,
			       "\tpromisor = true\n"
			       "\tpartialCloneFilter = %s\n"
			       "\ttagOpt = --no-tags\n",
			       mirror->trees ? "blob:none" : "tree:0");
}

static bool add_remote(GString *config, const struct mirror *mirror,
		       struct git_setup *setup, GError **error)
{
	const struct config_git *git = mirror->git;

	setup->protocol = url_protocol(git->url);
	if (!setup->protocol) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "\"%s\" is no URL of a kind that can be fetched", git->url);
		return false;
	}
	if (g_str_equal(setup->protocol, "file") && !git->allow_file) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "a path on this machine needs allow_file");
		return false;
	}
	add_section(config, "protocol", setup->protocol);
	g_string_append(config, "\tallow = always\n");
	add_promisor(config, mirror);
	add_value(config, "url", git->url);
	if (g_str_equal(setup->protocol, "file"))
		/* The other side is our child, too, with an environment cleaned by git.
		 */
		add_value(config, "uploadpack",
			  "git -c safe.directory=* -c uploadpack.allowFilter=true "
			  "upload-pack");
	if (g_str_equal(setup->protocol, "ssh"))
		return add_ssh(config, git, error);
	if (g_str_has_prefix(setup->protocol, "http"))
		return add_http(config, git, setup, error);
	return true;
}

static int in_memory(const char *name, const void *data, gsize n, GError **error)
{
	const int fd = memfd_create(name, MFD_CLOEXEC);
	const guint8 *at = data;
	gsize left = n;

	while (fd >= 0 && left > 0) {
		const ssize_t done = write(fd, at, left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		at += done;
		left -= (gsize)done;
	}
	if (fd >= 0 && left == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "memfd: %s", g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int git_input(const void *data, gsize n, GError **error)
{
	return in_memory("git-input", data, n, error);
}

bool git_setup_make(const struct mirror *mirror, const struct git_call *call,
		    struct git_setup *setup, GError **error)
{
	g_autoptr(GString) config = g_string_new(common);
	bool ok = true;
	int fd = -1;

	setup->protocol = "none";
	if (call->remote)
		ok = add_remote(config, mirror, setup, error);
	else if (call->promisor)
		add_promisor(config, mirror);
	if (ok)
		fd = in_memory("git-config", config->str, config->len, error);
	explicit_bzero(config->str, config->len);
	if (fd < 0)
		return false;
	setup->config_fd = fd;
	setup->config_env = g_strdup_printf("GIT_CONFIG_GLOBAL=/proc/self/fd/%d", fd);
	return true;
}

void git_setup_clear(struct git_setup *setup)
{
	if (setup->config_fd > 0)
		close(setup->config_fd);
	g_free(setup->config_env);
	g_clear_pointer(&setup->secret, secret_free);
	g_clear_pointer(&setup->encoded, secret_free);
}
