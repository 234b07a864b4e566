#include "config/format_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

enum url_kind url_kind(const char *url)
{
	static const struct {
		const char *prefix;
		enum url_kind kind;
	} schemes[] = {
		{ "https://", URL_HTTPS }, { "http://", URL_HTTP }, { "ssh://", URL_SSH },
		{ "file:///", URL_PATH },  { "/", URL_PATH },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_str_has_prefix(url, schemes[i].prefix))
			return schemes[i].kind;
	/* user@host:path; "host::path" would name a program to run. */
	if (g_regex_match_simple("^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:"
				 "[^:-]",
				 url, 0, 0))
		return URL_SSH;
	return URL_WRONG;
}

bool authority_is_loopback(const char *authority)
{
	return g_regex_match_simple("^(localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\])"
				    "(:[0-9]+)?$",
				    authority, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* What stands between "://" and the path. */
static bool check_authority(enum url_kind kind, const char *url, const char *example,
			    char **why)
{
	const char *start = strstr(url, "://") + 3;
	g_autofree char *authority = g_strndup(start, strcspn(start, "/?#"));
	char *at = strrchr(authority, '@');
	const char *host = at ? at + 1 : authority;

	if (at && (kind != URL_SSH || memchr(authority, ':', (gsize)(at - authority))))
		return format_refuse(
			why, kind == URL_SSH
				     ? "has a password in it, expected an ssh_key"
				     : "has credentials in it, expected username and "
				       "token instead");
	if (at && !g_regex_match_simple("^[A-Za-z0-9_][A-Za-z0-9._-]*@", authority, 0, 0))
		return format_refuse(why,
				     "has an unusual user name, expected letters, digits "
				     "and . _ -");
	if (!g_regex_match_simple("^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9.])?|"
				  "\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$",
				  host, G_REGEX_DOLLAR_ENDONLY, 0)) {
		*why = g_strdup_printf("has no usable host name, expected for example %s",
				       example);
		return false;
	}
	if (kind == URL_HTTP && !authority_is_loopback(host))
		return format_refuse(
			why, "is not encrypted, expected https:// (http:// is for "
			     "this machine's loopback only)");
	return true;
}

bool format_check_url(const char *text, char **why)
{
	enum url_kind kind = url_kind(text);

	if (kind == URL_WRONG) {
		/* "ext::command" */
		if (strstr(text, "::"))
			return format_refuse(why,
					     "names a remote helper, expected https://, "
					     "ssh://, user@host:path or a path");
		return false;
	}
	if (g_str_has_prefix(text, "file://")) {
		if (strcspn(text, "?#") != strlen(text))
			return format_refuse(why,
					     "has a query or fragment, expected a path");
		return true;
	}
	if (kind == URL_PATH || !strstr(text, "://"))
		return true;
	if (!check_authority(kind, text, "https://git.example.org/shop.git", why))
		return false;
	if (!strpbrk(strstr(text, "://") + 3, "/?#"))
		return format_refuse(why, "has no path, expected a repository after the "
					  "host");
	if (strcspn(text, "?#") != strlen(text))
		return format_refuse(
			why, "has a query or fragment, expected a plain path after "
			     "the host");
	return true;
}

bool format_check_host(const char *text, char **why)
{
	return check_authority(url_kind(text), text, "https://api.example.org/v1", why);
}

bool format_check_api(const char *text, char **why)
{
	if (!format_check_host(text, why))
		return false;
	if (strcspn(text, "?#") != strlen(text))
		return format_refuse(why,
				     "has a query or fragment, expected a plain path "
				     "after the host");
	return true;
}

/* ---- where to listen ---- */

static bool port_parse(const char *text)
{
	guint64 port;

	return g_ascii_string_to_unsigned(text, 10, 1, 65535, &port, NULL);
}

enum listen_kind listen_kind(const char *listen)
{
	const char *colon = strrchr(listen, ':');
	g_autofree char *host = NULL;
	gsize n;
	struct in_addr v4;
	struct in6_addr v6;

	if (*listen == '/')
		return strlen(listen) < sizeof(((struct sockaddr_un *)NULL)->sun_path)
			       ? LISTEN_SOCKET
			       : LISTEN_WRONG;
	if (!colon || !port_parse(colon + 1))
		return LISTEN_WRONG;
	n = (gsize)(colon - listen);
	if (n > 2 && *listen == '[' && colon[-1] == ']') {
		host = g_strndup(listen + 1, n - 2);
		if (inet_pton(AF_INET6, host, &v6) != 1)
			return LISTEN_WRONG;
		return IN6_IS_ADDR_LOOPBACK(&v6) ? LISTEN_LOOPBACK : LISTEN_NETWORK;
	}
	host = g_strndup(listen, n);
	if (inet_pton(AF_INET, host, &v4) != 1)
		return LISTEN_WRONG;
	return ntohl(v4.s_addr) >> 24 == 127 ? LISTEN_LOOPBACK : LISTEN_NETWORK;
}

bool format_check_listen(const char *text, char **why)
{
	(void)why;
	return listen_kind(text) != LISTEN_WRONG;
}
