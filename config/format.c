#include "config/format_private.h"

#include <libpq-fe.h>
#include <string.h>

#include "base/instant.h"
#include "base/zone.h"
#include "config/calendar_days.h"

DEFINE_CLEANUP(PQconninfoOption *, PQconninfoFree);
DEFINE_CLEANUP(char *, PQfreemem);

/* ---- time zones ---- */

static bool check_zone(const char *text, char **why)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(text, NULL);

	(void)why;
	return zone != NULL;
}

/* ---- days ---- */

static bool check_date(const char *text, char **why)
{
	g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);
	gint64 instant;

	(void)why;
	return instant_parse(midnight, &instant) && instant_is_plausible(instant);
}

/* ---- the database ---- */

static bool check_connection(const char *text, const char *key, char **why)
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
		if (strcmp(o->keyword, "password") == 0) {
			*why = g_strdup_printf("has a password in it, expected it in %s",
					       key);
			return false;
		}
		if (o->dispchar[0] == '*')
			return format_refuse(why, "has a secret in it, expected none");
		if (strcmp(o->keyword, "passfile") == 0) {
			*why = g_strdup_printf("names a password file, expected %s", key);
			return false;
		}
	}
	return true;
}

static bool check_database(const char *text, char **why)
{
	return check_connection(text, "database.password", why);
}

static bool check_sql_database(const char *text, char **why)
{
	return check_connection(text, "password", why);
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
	[FORMAT_SCHEMA] = { "^([a-z_][a-z0-9_]*)?$", "a schema's name",
			    "lower-case letters, digits and _, or \"\" for none" },
	[FORMAT_USER] = { "^[^\\x00-\\x20\\x7f:@/]+$", "a user name",
			  "one without spaces and : @ /", .quiet = true },
	[FORMAT_URL] = { "^((https?://|ssh://|file:///|[A-Za-z0-9_][A-Za-z0-9._-]*@)"
			 "[^\\x00-\\x20\\x7f\\\\]+|/[^" CONTROL "]*)$",
			 "the url of a repository",
			 "https://, ssh://, user@host:path or an absolute path",
			 .quiet = true, .check = format_check_url },
	[FORMAT_DATABASE] = { "=|^postgres(ql)?://", "a connection string",
			      "libpq's form such as "
			      "postgresql://dorad@db.example.org/dora",
			      .quiet = true, .check = check_database },
	[FORMAT_SQL_DATABASE] = { "=|^postgres(ql)?://", "a connection string",
				  "libpq's form such as "
				  "postgresql://reader@db.example.org/ops",
				  .quiet = true, .check = check_sql_database },
	[FORMAT_LINE] = { "^[^" CONTROL "]+$", "a line of text",
			  "no control characters" },
	[FORMAT_NUMBER] = { "^[0-9]+$", "a number", "digits" },
	[FORMAT_AMOUNT] = { "^[0-9]{1,9}(\\.[0-9]{1,9})?$", "an amount",
			    "digits such as 0.008" },
	[FORMAT_API] = { "^https?://[^\\x00-\\x20\\x7f\\\\]+$", "the url of an API",
			 "https:// and a host", .quiet = true,
			 .check = format_check_api },
	[FORMAT_REGEX] = { NULL, "a regular expression", "one such as deploy-.*",
			   .check = format_check_regex },
	[FORMAT_GROUP] = { NULL, "a regular expression", "one with a group such as v(.*)",
			   .check = format_check_group },
	[FORMAT_KIND] = { "^(deployment|run|job|release|change|incident|artifact|debt)$",
			  "a kind of item",
			  "deployment, run, job, release, change, incident, artifact or "
			  "debt" },
	[FORMAT_QUERY] = { "\\$1(?![0-9])", "a query of changes",
			   "$1 in it, the instant since which changes are wanted",
			   .quiet = true },
	[FORMAT_METHOD] = { "^(GET|POST)$", "a method", "GET or POST" },
	[FORMAT_TEMPLATE] = { "^(/|https://)[^\\x00-\\x20\\x7f]*$", "a path",
			      "one that starts with / or https://, without spaces",
			      .quiet = true, .check = format_check_template },
	[FORMAT_TEMPLATE_BODY] = { NULL, "a body", "text with variables",
				   .check = format_check_template_body },
	[FORMAT_POINTER] = { "^(/.*)?$", "a JSON Pointer",
			     "/ and a key such as /commit/sha, "
			     "or \"\"" },
	[FORMAT_HEADER] = { "^[A-Za-z0-9-]+$", "the name of a header",
			    "letters, digits and - such as X-Api-Key" },
	[FORMAT_PREFIX] = { "^[!-~ ]*$", "the beginning of a header",
			    "printable ASCII such as \"Bearer \"", .quiet = true },
	[FORMAT_LISTEN] = { NULL, "an address to listen at",
			    "one with a port such as 127.0.0.1:9440 or [::]:9440, or the "
			    "path of a socket",
			    .check = format_check_listen },
	[FORMAT_DATE] = { "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day",
			  "one of the calendar such as 2026-03-01", .check = check_date },
	[FORMAT_TRAILER] = { "^[A-Za-z0-9-]+$", "the name of a trailer",
			     "letters, digits and - such as Fixes" },
	[FORMAT_ENDPOINT] = { "^https?://[^\\x00-\\x20\\x7f\\\\#]+$", "the url of an API",
			      "https:// and a host", .quiet = true,
			      .check = format_check_host },
	[FORMAT_FIGURE] = { "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?(%|us|ms|s|m|h|d|w)?$",
			    "a figure", "a number such as 0.95, 15% or 2d" },
	[FORMAT_DAYS] = { CALENDAR_DAYS_PATTERN, "a day or days",
			  "one such as 12-25, 12-20..01-02, 2026-05-14 or easter+39",
			  .check = format_check_days },
	[FORMAT_LINK] = { "^https?://[^\\x00-\\x20\\x7f\\\\]+$", "a url",
			  "https:// and a host", .quiet = true,
			  .check = format_check_link },
	[FORMAT_SERVER] = { "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9]([A-Za-z0-9.-]*"
			    "[A-Za-z0-9])?):[0-9]{1,5}$",
			    "a server", "a host and port such as smtp.example.org:587",
			    .quiet = true, .check = format_check_server },
	[FORMAT_MAIL] = { "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
			  "(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
			  "@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
			  "an address", "one such as dorad@example.org" },
	[FORMAT_CHANNEL] = { "^[a-z_][a-z0-9_]{0,62}$", "a channel of NOTIFY",
			     "lower-case letters, digits and _" },
	[FORMAT_RATIO] = { "^[0-9]{1,2}(\\.[0-9]{1,9})?$", "a ratio",
			   "a number above 1, up to 10, such as 1.5",
			   .check = format_check_ratio },
};
