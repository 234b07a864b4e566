#include "config/check_private.h"

#include <string.h>

#include "config/fault.h"
#include "config/schema_private.h"

struct place {
	struct check *check;
	const struct config_rest *rest;
	const struct config_rest_feed *feed;
	const char *prefix; /* "sources.rest[0].feeds[1]" */
};

static void wrong(const struct place *at, const char *key, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void wrong(const struct place *at, const char *key, const char *format, ...)
{
	g_autofree char *path = g_strdup_printf("%s.%s", at->prefix, key);
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	check_wrong(at->check, path, "%s", text);
}

/* The word of a choice of the feed, as the file has it. */
static const char *word_of(const char *key, int value)
{
	const cyaml_schema_field_t *field = schema_rest_feed_fields;

	while (strcmp(field->key, key) != 0)
		field++;
	return config_enum_word(&field->value, value);
}

static bool has(const char *template, const char *variable)
{
	g_autofree char *plain = g_strdup_printf("{%s}", variable);
	g_autofree char *slashes = g_strdup_printf("{+%s}", variable);

	return template && (strstr(template, plain) || strstr(template, slashes));
}

static bool is_mapped(const struct config_rest_feed *feed, const char *name)
{
	const struct item_member *member = item_member(name);

	return feed->fields[member - item_members] != NULL;
}

/* ---- what orders and pagings need ---- */

static const struct {
	enum feed_order order;
	const char *variable; /* in path or body; NULL: none */
	const char *member;   /* among fields; NULL: none */
} order_needs[] = {
	{ ORDER_UPDATED, "since", NULL },  { ORDER_CREATED, "since", NULL },
	{ ORDER_CREATED, "until", NULL },  { ORDER_NEWEST, NULL, "created" },
	{ ORDER_RECENT, NULL, "updated" },
};

static const struct {
	enum paging paging;
	const char *variable, *member;
} paging_needs[] = {
	{ PAGING_PAGE, "page", NULL },
	{ PAGING_OFFSET, "offset", NULL },
	{ PAGING_TOKEN, "token", NULL },
	{ PAGING_KEYSET, "since", "updated" },
};

static void check_need(const struct place *at, const char *key, const char *word,
		       const char *variable, const char *member)
{
	const struct config_rest_feed *feed = at->feed;
	g_autofree char *field = g_strdup_printf("fields.%s", member);

	if (variable && !has(feed->path, variable) && !has(feed->body, variable))
		wrong(at, "path",
		      "has no {%s}, expected it there or in body with \"%s: %s\"",
		      variable, key, word);
	if (member && !is_mapped(feed, member))
		wrong(at, field, "is missing, expected it with \"%s: %s\"", key, word);
}

static void check_order(const struct place *at)
{
	const struct config_rest_feed *feed = at->feed;

	for (gsize i = 0; i < G_N_ELEMENTS(order_needs); i++)
		if (order_needs[i].order == feed->order)
			check_need(at, "order", word_of("order", feed->order),
				   order_needs[i].variable, order_needs[i].member);
	if (feed->order == ORDER_STATE && !feed->on_absence)
		wrong(at, "on_absence", "is missing, expected it with \"order: state\"");
	if (feed->order != ORDER_STATE && feed->on_absence)
		wrong(at, "on_absence",
		      "does not fit \"order: %s\", expected it with state only",
		      word_of("order", feed->order));
}

static void check_paging(const struct place *at)
{
	const struct config_rest_feed *feed = at->feed;
	const char *word = word_of("paging", feed->paging);

	for (gsize i = 0; i < G_N_ELEMENTS(paging_needs); i++)
		if (paging_needs[i].paging == feed->paging)
			check_need(at, "paging", word, paging_needs[i].variable,
				   paging_needs[i].member);
	if (feed->paging == PAGING_TOKEN && !feed->token_path && !feed->token_header)
		wrong(at, "token_path",
		      "is missing, expected it or token_header with \"paging: token\"");
	if (feed->paging == PAGING_NEXT && !feed->token_path)
		wrong(at, "token_path", "is missing, expected it with \"paging: next\"");
	if (feed->token_path && feed->paging != PAGING_TOKEN &&
	    feed->paging != PAGING_NEXT)
		wrong(at, "token_path",
		      "does not fit \"paging: %s\", expected it with token and next only",
		      word);
	if (feed->token_header && feed->paging != PAGING_TOKEN)
		wrong(at, "token_header",
		      "does not fit \"paging: %s\", expected it with token only", word);
}

/* ---- fields and states ---- */

/* "change and incident" */
static char *kinds_text(guint kinds)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int kind = 0; kind < N_ITEM_KINDS; kind++)
		if (kinds & (1u << kind))
			g_string_append_printf(text, "%s%s", text->len ? ", " : "",
					       item_kind_name((enum item_kind)kind));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void check_fields(const struct place *at)
{
	const struct config_rest_feed *feed = at->feed;

	if (!is_mapped(feed, "id"))
		wrong(at, "fields.id", "is missing, expected where an item's id is");
	for (gsize i = 0; i < REST_PATHS; i++) {
		const struct item_member *member = &item_members[i];
		g_autofree char *key = g_strdup_printf("fields.%s", member->name);
		g_autofree char *kinds = kinds_text(member->kinds);

		if (feed->fields[i] && !(member->kinds & (1u << feed->kind)))
			wrong(at, key,
			      "does not fit \"kind: %s\", expected it with %s only",
			      item_kind_name(feed->kind), kinds);
	}
}

static bool same_word(const char *a, const char *b)
{
	return a && b ? g_ascii_strcasecmp(a, b) == 0 : a == b;
}

static void check_states(const struct place *at)
{
	const struct config_rest_feed *feed = at->feed;

	for (unsigned i = 0; i < feed->n_states; i++)
		for (unsigned j = 0; j < i; j++) {
			g_autofree char *key = NULL;

			if (!same_word(feed->states[i].word, feed->states[j].word))
				continue;
			key = g_strdup_printf("states[%u]", i);
			wrong(at, key, "has the word of states[%u], expected another", j);
			break;
		}
	if (feed->n_states && !is_mapped(feed, "state"))
		wrong(at, "fields.state", "is missing, expected it with states");
}

static void check_variables(const struct place *at)
{
	static const char *const names[] = { "project", "owner", "name", "jobs" };
	const struct config_rest_feed *feed = at->feed;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (at->rest->api.n_projects == 0 &&
		    (has(feed->path, names[i]) || has(feed->body, names[i])))
			wrong(at, "path",
			      "has {%s}, expected the source to have projects", names[i]);
	if (feed->item_path && !has(feed->item_path, "id"))
		wrong(at, "item_path", "has no {id}, expected it there");
	if (feed->body && strcmp(feed->method, "POST") != 0)
		wrong(at, "body", "does not fit \"method: GET\", expected it with POST");
}

static void check_feed(struct check *check, const struct config_rest *rest,
		       const char *source, unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("%s.feeds[%u]", source, i);
	const struct place at = { check, rest, &rest->feeds[i], prefix };

	for (unsigned j = 0; j < i; j++)
		if (strcmp(rest->feeds[j].name, rest->feeds[i].name) == 0) {
			wrong(&at, "name",
			      "\"%s\" is the name of feeds[%u], expected another",
			      rest->feeds[i].name, j);
			break;
		}
	check_order(&at);
	check_paging(&at);
	check_fields(&at);
	check_states(&at);
	check_variables(&at);
}

void check_rest(struct check *check, const struct config_rest *rest, unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("sources.rest[%u]", i);
	g_autofree char *auth = g_strdup_printf("%s.auth", prefix);
	g_autofree char *username = g_strdup_printf("%s.username", prefix);

	check_secret(check, rest->api.token, prefix, "token");
	if (rest->auth && rest->api.username)
		check_wrong(check, auth,
			    "does not fit username, expected one of the two");
	else if (rest->auth && !rest->api.token)
		check_wrong(check, auth, "has no token beside it, expected both or none");
	if (rest->api.username && !rest->api.token)
		check_wrong(check, username,
			    "has no token beside it, expected both or none");
	check_lists(check, &rest->api, prefix);
	for (unsigned f = 0; f < rest->n_feeds; f++)
		check_feed(check, rest, prefix, f);
}
