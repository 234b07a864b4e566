#include "drivers/item.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"

/* Together they fit into an index (2,704 bytes); a configured project is no longer. */
#define ID_MAX_BYTES 500
#define PROJECT_MAX_BYTES 2000
#define TEXT_MAX_BYTES 4000
#define LIST_MAX 200

static const char *const kind_names[N_ITEM_KINDS] = {
	[ITEM_DEPLOYMENT] = "deployment",
	[ITEM_RUN] = "run",
	[ITEM_JOB] = "job",
	[ITEM_RELEASE] = "release",
	[ITEM_CHANGE] = "change",
	[ITEM_INCIDENT] = "incident",
	[ITEM_ARTIFACT] = "artifact",
	[ITEM_DEBT] = "debt",
};

const char *item_kind_name(enum item_kind kind)
{
	return kind_names[kind];
}

bool item_kind_parse(const char *name, enum item_kind *kind)
{
	for (int i = 0; i < N_ITEM_KINDS; i++)
		if (strcmp(kind_names[i], name) == 0) {
			*kind = (enum item_kind)i;
			return true;
		}
	return false;
}

#define IN(kind) (1u << ITEM_##kind)
#define ALL (IN(DEPLOYMENT) | BUILT | IN(RELEASE) | IN(CHANGE) | TICKET | IN(ARTIFACT))
/* What people keep a list of: open until somebody closes it. */
#define TICKET (IN(INCIDENT) | IN(DEBT))
#define BUILT (IN(RUN) | IN(JOB))
#define AT(member) G_STRUCT_OFFSET(struct item, member)

const struct item_member item_members[] = {
	{ "id", JSON_ID, AT(id), ALL, "What the source calls it; never changes." },
	{ "attempt", JSON_INT, AT(attempt), IN(DEPLOYMENT) | BUILT,
	  "Count of attempts under one id, from 1." },
	{ "parent", JSON_ID, AT(parent), BUILT, "Job: its run. Run: what started it." },
	{ "workflow", JSON_TEXT, AT(workflow), BUILT, "Name of the pipeline." },
	{ "name", JSON_TEXT, AT(name), ALL,
	  "Job: its name. Release: its tag. Change, incident and debt: the title." },
	{ "environment", JSON_TEXT, AT(environment), IN(DEPLOYMENT) | IN(JOB),
	  "What was deployed to." },
	{ "state", JSON_TEXT, AT(state), ALL, "In the source's words; see states." },
	{ "sha", JSON_TEXT, AT(sha), ALL & ~TICKET,
	  "Revision deployed or built. Change: the merge on the base branch." },
	{ "head_sha", JSON_TEXT, AT(head_sha), IN(CHANGE), "Last commit of the change." },
	{ "squash_sha", JSON_TEXT, AT(squash_sha), IN(CHANGE), "Of a squash merge." },
	{ "ref", JSON_TEXT, AT(ref), ALL & ~TICKET, "Branch or tag." },
	{ "base", JSON_TEXT, AT(base), IN(CHANGE), "Branch it was merged into." },
	{ "event", JSON_TEXT, AT(event), BUILT, "What started it." },
	{ "version", JSON_TEXT, AT(version), IN(DEPLOYMENT) | BUILT | IN(ARTIFACT),
	  "Version or image tag." },
	{ "severity", JSON_TEXT, AT(severity), TICKET, "In the source's words." },
	{ "category", JSON_TEXT, AT(category), TICKET | IN(CHANGE), "Type or kind." },
	{ "cause", JSON_TEXT, AT(cause), IN(INCIDENT),
	  "What caused it, if the source tells: a sha, a deployment, a change." },
	{ "fix", JSON_TEXT, AT(fix), IN(INCIDENT), "What ended it, likewise." },
	{ "url", JSON_TEXT, AT(url), ALL, "Where people look at it." },
	{ "created", JSON_TIME, AT(created), ALL, "When it came to be at the source." },
	{ "started", JSON_TIME, AT(started), ALL & ~(IN(CHANGE) | IN(DEBT)),
	  "When it began." },
	{ "finished", JSON_TIME, AT(finished), ALL & ~(IN(CHANGE) | TICKET),
	  "When it ended." },
	{ "updated", JSON_TIME, AT(updated), ALL, "When it changed last." },
	{ "closed", JSON_TIME, AT(closed), IN(CHANGE) | TICKET, "When it was closed." },
	{ "first_commit", JSON_TIME, AT(first_commit), IN(CHANGE),
	  "When its first commit was made." },
	{ "reviewed", JSON_TIME, AT(reviewed), IN(CHANGE),
	  "When it got its first review." },
	{ "approved", JSON_TIME, AT(approved), IN(CHANGE), "When it was approved." },
	{ "merged", JSON_TIME, AT(merged), IN(CHANGE), "When it was merged." },
	{ "detected", JSON_TIME, AT(detected), IN(INCIDENT), "When it was noticed." },
	{ "acknowledged", JSON_TIME, AT(acknowledged), IN(INCIDENT),
	  "When somebody began to work on it." },
	{ "mitigated", JSON_TIME, AT(mitigated), IN(INCIDENT),
	  "When users were well again." },
	{ "resolved", JSON_TIME, AT(resolved), IN(INCIDENT), "When it was over." },
	{ "bot", JSON_BOOL, AT(bot), IN(CHANGE), "True if a machine opened it." },
	{ "draft", JSON_BOOL, AT(draft), IN(CHANGE) | IN(RELEASE),
	  "Draft or prerelease." },
	{ "optional", JSON_BOOL, AT(optional), IN(JOB),
	  "True if it may fail without failing its run." },
	{ "labels", JSON_TEXTS, AT(labels), ALL, "Labels or tags." },
	{ "services", JSON_TEXTS, AT(services), TICKET, "What is affected." },
	{ "images", JSON_TEXTS, AT(images), IN(DEPLOYMENT) | BUILT, "Container images." },
	{ NULL },
};

const struct item_member *item_member(const char *name)
{
	for (const struct item_member *member = item_members; member->name; member++)
		if (strcmp(member->name, name) == 0)
			return member;
	return NULL;
}

/* Every member that owns memory or has a value that is not 0 when empty is in the table,
 * but for project. */
static void *place(const struct item *item, const struct item_member *member)
{
	return (char *)item + member->offset;
}

void item_init(struct item *item, enum item_kind kind)
{
	*item = (struct item){ .kind = kind };
	for (const struct item_member *member = item_members; member->name; member++)
		if (member->type == JSON_TIME)
			*(gint64 *)place(item, member) = INSTANT_NONE;
}

void item_clear(struct item *item)
{
	g_clear_pointer(&item->project, g_free);
	for (const struct item_member *member = item_members; member->name; member++) {
		if (member->type == JSON_TEXT || member->type == JSON_ID)
			g_clear_pointer((char **)place(item, member), g_free);
		else if (member->type == JSON_TEXTS)
			g_clear_pointer((char ***)place(item, member), g_strfreev);
	}
}

void item_free(struct item *item)
{
	if (!item)
		return;
	item_clear(item);
	g_free(item);
}

struct item *item_copy(const struct item *item)
{
	struct item *copy = g_memdup2(item, sizeof(*item));

	copy->project = g_strdup(item->project);
	for (const struct item_member *member = item_members; member->name; member++) {
		if (member->type == JSON_TEXT || member->type == JSON_ID)
			*(char **)place(copy,
					member) = g_strdup(*(char **)place(item, member));
		else if (member->type == JSON_TEXTS)
			*(char ***)place(copy, member) = g_strdupv(
				*(char ***)place(item, member));
	}
	return copy;
}

GPtrArray *items_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
}

GPtrArray *items_once(const GPtrArray *items)
{
	g_autoptr(GHashTable)
		later = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *once = g_ptr_array_sized_new(items->len);

	for (guint i = items->len; i > 0; i--) {
		struct item *item = g_ptr_array_index(items, i - 1);

		if (g_hash_table_add(later,
				     g_strdup_printf("%d\n%" G_GINT64_FORMAT "\n%s\n%s",
						     item->kind, item->attempt,
						     item->project ? item->project : "",
						     item->id)))
			g_ptr_array_add(once, item);
	}
	for (guint i = 0; i < once->len / 2; i++) {
		gpointer swapped = once->pdata[i];

		once->pdata[i] = once->pdata[once->len - 1 - i];
		once->pdata[once->len - 1 - i] = swapped;
	}
	return once;
}

/* Cuts at the end of a character. */
static void cut(char *text, gsize max)
{
	if (text && strlen(text) > max)
		*g_utf8_find_prev_char(text, text + max + 1) = '\0';
}

static bool check_text(const struct item_member *member, char *text, GError **error)
{
	if (!text)
		return true;
	if (!g_utf8_validate(text, -1, NULL)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: is not UTF-8",
			    member->name);
		return false;
	}
	if (member->type == JSON_ID && strlen(text) > ID_MAX_BYTES) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "%s: is longer than %d bytes", member->name, ID_MAX_BYTES);
		return false;
	}
	cut(text, TEXT_MAX_BYTES);
	return true;
}

static bool check_texts(const struct item_member *member, char **texts, GError **error)
{
	guint n = texts ? g_strv_length(texts) : 0;

	while (n > LIST_MAX)
		g_clear_pointer(&texts[--n], g_free);
	for (guint i = 0; i < n; i++)
		if (!check_text(member, texts[i], error))
			return false;
	return true;
}

static bool check_project(const char *project, GError **error)
{
	if (project && !g_utf8_validate(project, -1, NULL)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "project: is not UTF-8");
		return false;
	}
	if (project && strlen(project) > PROJECT_MAX_BYTES) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "project: is longer than %d bytes", PROJECT_MAX_BYTES);
		return false;
	}
	return true;
}

bool item_check(struct item *item, GError **error)
{
	if (!item->id || !*item->id) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "id: missing");
		return false;
	}
	if (!check_project(item->project, error))
		return false;
	for (const struct item_member *member = item_members; member->name; member++) {
		bool good = true;

		if (member->type == JSON_TEXT || member->type == JSON_ID)
			good = check_text(member, *(char **)place(item, member), error);
		else if (member->type == JSON_TEXTS)
			good = check_texts(member, *(char ***)place(item, member), error);
		else if (member->type == JSON_TIME &&
			 !instant_is_plausible(*(gint64 *)place(item, member)))
			*(gint64 *)place(item, member) = INSTANT_NONE;
		if (!good)
			return false;
	}
	if (item->attempt < 1)
		item->attempt = 1;
	return true;
}
