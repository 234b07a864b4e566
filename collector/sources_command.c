#include <stdio.h>
#include <string.h>

#include "collector/command.h"
#include "collector/options.h"
#include "drivers/driver.h"

/* What drivers say of themselves, for people: nothing here knows any of them. */

static const char *const auth_words[] = {
	[AUTH_NONE] = "none",
	[AUTH_HEADER] = "token",
	[AUTH_BASIC] = "username and token",
	[AUTH_GITHUB] = "token, or app (id, installation, key)",
	[AUTH_OPTIONAL] = "token if it needs one; username too for basic authentication",
};

static const char *const order_words[] = {
	[ORDER_UPDATED] = "asks for what changed since",
	[ORDER_NEWEST] = "reads the latest first; asks again for what is unfinished",
	[ORDER_RECENT] = "reads what changed last first",
	[ORDER_CREATED] = "asks for what was created since; asks again for what is "
			  "unfinished",
	[ORDER_NUMBER] = "reads the highest number first; asks again for what is "
			 "unfinished",
	[ORDER_STATE] = "sees the present state only: keep polling often",
};

/* Sources that have no driver: what they read is told in the configuration. */
static const struct {
	const char *name, *title, *summary, *text;
} others[] = {
	{ "git", "git", "commits, tags, branches and files of repositories",
	  "Every repository that services are made of is one of these; deployments can "
	  "be "
	  "read from\ntheir tags, branches and files too." },
	{ "rest", "any REST API", "what you describe in dorad.yaml",
	  "Feeds are described there as they are here in \"sources show\" of a system "
	  "that is known:\nwhere their items are, how they are paged, and what their "
	  "fields mean." },
	{ "sql", "any PostgreSQL", "what a query returns",
	  "Each row is an item. $1 is the instant since which changes are wanted." },
};

static int list(void)
{
	for (int i = 0; i < N_DRIVERS; i++)
		if (drivers[i])
			printf("%-17s %-34s %s\n", drivers[i]->name, drivers[i]->title,
			       drivers[i]->summary);
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		printf("%-17s %-34s %s\n", others[i].name, others[i].title,
		       others[i].summary);
	printf("\n\"dorad sources show NAME\" tells what one reads and needs.\n");
	return EXIT_OK;
}

static bool show_other(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		if (strcmp(others[i].name, name) != 0)
			continue;
		printf("%s (%s): %s\n\n%s\n\nSettings, under sources.%s: see \"dorad "
		       "config schema\".\n",
		       others[i].title, name, others[i].summary, others[i].text, name);
		return true;
	}
	return false;
}

static void show_settings(const struct driver *driver)
{
	printf("\nSettings, under sources.%s, beside name, url, ca_file, every, history "
	       "and read:\n",
	       driver->name);
	printf("  %-14s %s%s\n", "url", driver->url ? "default " : "required",
	       driver->url ? driver->url : "");
	printf("  %-14s %s\n", "credential", auth_words[driver->auth]);
	for (const struct setting *setting = driver->settings; setting && setting->key;
	     setting++)
		printf("  %-14s %s%s%s%s\n", setting->key,
		       setting->required ? "required: " : "", setting->help,
		       setting->example ? "; as in " : "",
		       setting->example ? setting->example : "");
}

static void show_members(const struct json_field *fields)
{
	const char *before = NULL;

	printf("    fills ");
	for (const struct item_member *member = item_members; member->name; member++)
		for (const struct json_field *field = fields; field->path; field++)
			if (field->offset == member->offset) {
				printf("%s%s", before ? ", " : "", member->name);
				before = member->name;
				break;
			}
	printf("\n");
}

static void show_feed(const struct feed *feed)
{
	printf("\n  %s (%s): %s\n    %s\n", feed->name, item_kind_name(feed->kind),
	       feed->help, order_words[feed->order]);
	if (feed->needs_labels)
		printf("    read where labels or types are configured\n");
	else if (feed->needs_query)
		printf("    read where query is configured\n");
	else if (feed->needs_debt)
		printf("    read where debt_labels or debt_query is configured\n");
	else if (feed->on_request)
		printf("    read where a rule needs it, or `read` names it\n");
	if (feed->scope)
		printf("    the credential needs %s\n", feed->scope);
	show_members(feed->fields);
	for (const struct detail *detail = feed->details; detail && detail->name;
	     detail++)
		printf("    %s: one more request for each %s%s\n", detail->name,
		       item_kind_name(feed->kind),
		       detail->when == DETAIL_MATCHED ? " that a rule may match" : "");
}

static int show(const char *name)
{
	const struct driver *driver = driver_find(name);

	if (!driver && show_other(name))
		return EXIT_OK;
	if (!driver) {
		fprintf(stderr,
			"dorad sources: there is no driver \"%s\"; see dorad sources "
			"list\n",
			name);
		return EXIT_USAGE;
	}
	printf("%s (%s): %s\n", driver->title, driver->name, driver->summary);
	if (driver->limits)
		printf("\nLimits: %s\n", driver->limits);
	show_settings(driver);
	printf("\nFeeds:\n");
	for (const struct feed *feed = driver->feeds; feed->name; feed++)
		show_feed(feed);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };
	int status;

	if (!options_parse(&command_sources, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		status = list();
	} else if (argc == 3 && strcmp(argv[1], "show") == 0) {
		status = show(argv[2]);
	} else {
		fputs("dorad sources: expected list, or show and a name; see dorad "
		      "sources --help\n",
		      stderr);
		return EXIT_USAGE;
	}
	return options_written(&command_sources) ? status : EXIT_FAILED;
}

const struct command command_sources = {
	.name = "sources",
	.arguments = "list | show NAME",
	.summary = "tell which systems can be read, and what each needs",
	.run = run,
};
