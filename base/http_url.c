#include "base/http_url.h"

#include <string.h>

#include "base/http.h"

/* What parsers are known to disagree about. */
static bool has_odd_bytes(const char *url)
{
	for (const char *p = url; *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr("\\<>\"", *p))
			return true;
	}
	return false;
}

static bool host_is_plain(const char *host)
{
	g_autoptr(GInetAddress) address = NULL;

	if (!host || *host == '\0')
		return false;
	if (strchr(host, ':')) {
		address = g_inet_address_new_from_string(host);
		return address && !strchr(host, '%');
	}
	for (const char *p = host; *p; p++) {
		if (!g_ascii_isalnum(*p) && !strchr("-._", *p))
			return false;
	}
	return true;
}

static int default_port(GUri *uri)
{
	return strcmp(g_uri_get_scheme(uri), "https") == 0 ? 443 : 80;
}

static int port_of(GUri *uri)
{
	int port = g_uri_get_port(uri);

	return port < 0 ? default_port(uri) : port;
}

static bool may_be_asked(GUri *uri)
{
	return (strcmp(g_uri_get_scheme(uri), "https") == 0 ||
		strcmp(g_uri_get_scheme(uri), "http") == 0) &&
	       host_is_plain(g_uri_get_host(uri)) && !g_uri_get_userinfo(uri) &&
	       g_uri_get_port(uri) != 0;
}

GUri *url_parse(const char *url)
{
	g_autoptr(GUri) uri = NULL;

	if (has_odd_bytes(url))
		return NULL;
	uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
	return uri && may_be_asked(uri) ? g_steal_pointer(&uri) : NULL;
}

char *url_parsed_origin(GUri *uri)
{
	g_autofree char *host = g_ascii_strdown(g_uri_get_host(uri), -1);
	bool v6 = strchr(host, ':');
	g_autofree char *port = port_of(uri) == default_port(uri)
					? g_strdup("")
					: g_strdup_printf(":%d", port_of(uri));

	return g_strconcat(g_uri_get_scheme(uri), "://", v6 ? "[" : "", host,
			   v6 ? "]" : "", port, NULL);
}

gboolean url_parsed_is_loopback(GUri *uri)
{
	const char *host = g_uri_get_host(uri);
	g_autoptr(GInetAddress) address = NULL;

	if (g_ascii_strcasecmp(host, "localhost") == 0)
		return true;
	address = g_inet_address_new_from_string(host);
	return address && g_inet_address_get_is_loopback(address);
}

bool url_same_origin(const char *a, const char *b)
{
	g_autofree char *left = url_origin(a);
	g_autofree char *right = url_origin(b);

	return left && right && strcmp(left, right) == 0;
}

char *url_origin(const char *url)
{
	g_autoptr(GUri) uri = url_parse(url);

	return uri ? url_parsed_origin(uri) : NULL;
}

char *url_resolve(const char *base, const char *reference)
{
	g_autoptr(GUri) from = url_parse(base);
	g_autoptr(GUri) to = NULL;

	if (!from || has_odd_bytes(reference))
		return NULL;
	to = g_uri_parse_relative(from, reference, G_URI_FLAGS_ENCODED, NULL);
	/* GLib may not be asked to print a url with a path of // and no host. */
	return to && may_be_asked(to) ? g_uri_to_string(to) : NULL;
}

bool url_is_loopback(const char *url)
{
	g_autoptr(GUri) uri = url_parse(url);

	return uri && url_parsed_is_loopback(uri);
}
