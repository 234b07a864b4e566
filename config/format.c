#include "config/format.h"

#include <libpq-fe.h>
#include <string.h>

#include "base/zone.h"

DEFINE_CLEANUP(PQconninfoOption *, PQconninfoFree);
DEFINE_CLEANUP(char *, PQfreemem);

static bool refuse(char **why, const char *text)
{
	*why = g_strdup(text);
	return false;
}

/* ---- time zones ---- */

static bool check_zone(const char *text, char **why)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(text, NULL);

	(void)why;
	return zone != NULL;
}

/* ---- urls ---- */

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

static bool is_loopback(const char *authority)
{
	return g_regex_match_simple("^(localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\])"
				    "(:[0-9]+)?$",
				    authority, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* What stands between "://" and the path. */
static bool check_authority(enum url_kind kind, const char *url, char **why)
{
	const char *start = strstr(url, "://") + 3;
	g_autofree char *authority = g_strndup(start, strcspn(start, "/?#"));
	char *at = strrchr(authority, '@');
	const char *host = at ? at + 1 : authority;

	if (at && (kind != URL_SSH || memchr(authority, ':', (gsize)(at - authority))))
		return refuse(why,
			      kind == URL_SSH
				      ? "has a password in it, expected an ssh_key"
				      : "has credentials in it, expected username and "
					"token instead");
	if (at && !g_regex_match_simple("^[A-Za-z0-9_][A-Za-z0-9._-]*@", authority, 0, 0))
		return refuse(why, "has an unusual user name, expected letters, digits "
				   "and . _ -");
	if (!g_regex_match_simple("^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9.])?|"
				  "\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$",
				  host, G_REGEX_DOLLAR_ENDONLY, 0))
		return refuse(why, "has no usable host name, expected for example "
				   "https://git.example.org/shop.git");
	if (kind == URL_HTTP && !is_loopback(host))
		return refuse(why, "is not encrypted, expected https:// (http:// is for "
				   "this machine's loopback only)");
	if (start[strcspn(start, "/?#")] == '\0')
		return refuse(why, "has no path, expected a repository after the host");
	return true;
}

static bool check_url(const char *text, char **why)
{
	enum url_kind kind = url_kind(text);

	if (kind == URL_WRONG) {
		/* "ext::command" */
		if (strstr(text, "::"))
			return refuse(why, "names a remote helper, expected https://, "
					   "ssh://, user@host:path or a path");
		return false;
	}
	if (g_str_has_prefix(text, "file://")) {
		if (strcspn(text, "?#") != strlen(text))
			return refuse(why, "has a query or fragment, expected a path");
		return true;
	}
	if (kind == URL_PATH || !strstr(text, "://"))
		return true;
	if (!check_authority(kind, text, why))
		return false;
	if (strcspn(text, "?#") != strlen(text))
		return refuse(why, "has a query or fragment, expected a plain path after "
				   "the host");
	return true;
}

/* ---- the database ---- */

static bool check_database(const char *text, char **why)
{
	_cleanup_(PQfreememp) char *error = NULL; /* may quote a password: not shown */
	_cleanup_(PQconninfoFreep)
		PQconninfoOption *options = PQconninfoParse(text, &error);

	if (!options)
		return false;
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		if (!o->val)
			continue;
		/* libpq marks what a dialogue would hide. */
		if (strcmp(o->keyword, "password") == 0)
			return refuse(why, "has a password in it, expected it in "
					   "database.password");
		if (o->dispchar[0] == '*')
			return refuse(why, "has a secret in it, expected none");
		if (strcmp(o->keyword, "passfile") == 0)
			return refuse(why, "names a password file, expected "
					   "database.password");
	}
	return true;
}

#define CONTROL "\\x00-\\x1f\\x7f"

const struct config_format_row config_formats[N_FORMATS] = {
	[FORMAT_ANY] = { NULL, "text", "text" },
	[FORMAT_NAME] = { "^(?!.*\\.\\.)[A-Za-z0-9_][A-Za-z0-9._-]*"
			  "(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
			  "a name",
			  "letters, digits and . _ - / (no part starting with . or -, no "
			  "\"..\")" },
	[FORMAT_SPAN] = { "^[0-9]+(us|ms|s|m|h|d|w)$", "a duration",
			  "a number with s, m, h, d or w such as 5m" },
	[FORMAT_ZONE] = { "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", "a time zone",
			  "an IANA name such as Europe/Berlin", .check = check_zone },
	[FORMAT_SHA] = { "^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$", "a commit id",
			 "all 40 (or 64) hexadecimal digits" },
	[FORMAT_PATH_GLOB] = { "^(?!/)(?!.*(^|/)\\.\\.(/|$))[^" CONTROL "]+$",
			       "a pattern of paths",
			       "one relative to the repository's top such as "
			       "services/shop/**" },
	[FORMAT_REF_GLOB] = { "^(?!refs/)(?!/)[^\\x00-\\x20\\x7f~^:\\\\]+$",
			      "a pattern of names",
			      "one such as v* without refs/ or spaces" },
	[FORMAT_BRANCH] = { "^(?!refs/)(?![-/.])(?!.*(\\.\\.|//|@\\{))"
			    "[^\\x00-\\x20\\x7f~^:?*\\[\\\\]+$",
			    "a branch", "its short name such as main" },
	[FORMAT_INSIDE] = { "^(?!/)(?!.*(^|/)\\.{1,2}(/|$))[^" CONTROL "]+$",
			    "a file in the repository",
			    "a path relative to its top such as deployments.jsonl" },
	[FORMAT_ABSOLUTE] = { "^/[^" CONTROL "]+$", "a usable path",
			      "an absolute one such as /etc/dorad/key", .quiet = true },
	[FORMAT_CREDENTIAL] = { "^[A-Za-z0-9_][A-Za-z0-9._-]*$", "a credential's name",
				"the name in LoadCredential=: letters, digits and . _ -",
				.quiet = true },
	[FORMAT_VARIABLE] = { "^[A-Za-z_][A-Za-z0-9_]*$", "a variable's name",
			      "letters, digits and _ such as SHOP_TOKEN", .quiet = true },
	[FORMAT_ROLE] = { "^([a-z_][a-z0-9_]*)?$", "a role's name",
			  "lower-case letters, digits and _, or \"\" for no role" },
	[FORMAT_USER] = { "^[^\\x00-\\x20\\x7f:@/]+$", "a user name",
			  "one without spaces and : @ /", .quiet = true },
	[FORMAT_URL] = { "^((https?://|ssh://|file:///|[A-Za-z0-9_][A-Za-z0-9._-]*@)"
			 "[^\\x00-\\x20\\x7f\\\\]+|/[^" CONTROL "]*)$",
			 "the url of a repository",
			 "https://, ssh://, user@host:path or an absolute path",
			 .quiet = true, .check = check_url },
	[FORMAT_DATABASE] = { "=|^postgres(ql)?://", "a connection string",
			      "libpq's form such as "
			      "postgresql://dorad@db.example.org/dora",
			      .quiet = true, .check = check_database },
};
