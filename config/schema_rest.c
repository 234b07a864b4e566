#include "config/schema_private.h"

static const cyaml_strval_t kind_words[] = {
	{ "deployment", ITEM_DEPLOYMENT },
	{ "run", ITEM_RUN },
	{ "job", ITEM_JOB },
	{ "release", ITEM_RELEASE },
	{ "change", ITEM_CHANGE },
	{ "incident", ITEM_INCIDENT },
	{ "artifact", ITEM_ARTIFACT },
	{ "debt", ITEM_DEBT },
};
static const cyaml_strval_t order_words[] = {
	{ "updated", ORDER_UPDATED }, { "newest", ORDER_NEWEST },
	{ "recent", ORDER_RECENT },   { "created", ORDER_CREATED },
	{ "number", ORDER_NUMBER },   { "state", ORDER_STATE },
};
static const cyaml_strval_t time_words[] = {
	{ "rfc3339", TIME_RFC3339 },   { "epoch", TIME_EPOCH },
	{ "epoch_ms", TIME_EPOCH_MS }, { "date", TIME_DATE },
	{ "space", TIME_SPACE },
};
static const cyaml_strval_t times_words[] = {
	{ "rfc3339", TIME_RFC3339 },
	{ "epoch", TIME_EPOCH },
	{ "epoch_ms", TIME_EPOCH_MS },
};
static const cyaml_strval_t paging_words[] = {
	{ "none", PAGING_NONE },     { "link", PAGING_LINK },	{ "page", PAGING_PAGE },
	{ "offset", PAGING_OFFSET }, { "token", PAGING_TOKEN }, { "next", PAGING_NEXT },
	{ "keyset", PAGING_KEYSET },
};
static const cyaml_strval_t outcome_words[] = {
	{ "success", OUTCOME_SUCCESS },	    { "failure", OUTCOME_FAILURE },
	{ "cancelled", OUTCOME_CANCELLED }, { "skipped", OUTCOME_SKIPPED },
	{ "running", OUTCOME_RUNNING },
};

/* The members of an item, in the order of item_members. */
#define MEMBERS(ROW)                                                                     \
	ROW(0, "id")                                                                     \
	ROW(1, "attempt")                                                                \
	ROW(2, "parent")                                                                 \
	ROW(3, "workflow")                                                               \
	ROW(4, "name")                                                                   \
	ROW(5, "environment")                                                            \
	ROW(6, "state")                                                                  \
	ROW(7, "sha")                                                                    \
	ROW(8, "head_sha")                                                               \
	ROW(9, "squash_sha")                                                             \
	ROW(10, "ref")                                                                   \
	ROW(11, "base")                                                                  \
	ROW(12, "event")                                                                 \
	ROW(13, "version")                                                               \
	ROW(14, "severity")                                                              \
	ROW(15, "category")                                                              \
	ROW(16, "cause")                                                                 \
	ROW(17, "fix")                                                                   \
	ROW(18, "url")                                                                   \
	ROW(19, "created")                                                               \
	ROW(20, "started")                                                               \
	ROW(21, "finished")                                                              \
	ROW(22, "updated")                                                               \
	ROW(23, "closed")                                                                \
	ROW(24, "first_commit")                                                          \
	ROW(25, "reviewed")                                                              \
	ROW(26, "approved")                                                              \
	ROW(27, "merged")                                                                \
	ROW(28, "detected")                                                              \
	ROW(29, "acknowledged")                                                          \
	ROW(30, "mitigated")                                                             \
	ROW(31, "resolved")                                                              \
	ROW(32, "bot")                                                                   \
	ROW(33, "draft")                                                                 \
	ROW(34, "optional")                                                              \
	ROW(35, "labels")                                                                \
	ROW(36, "services")                                                              \
	ROW(37, "images")

/* What config_rest_feed.fields points to. */
struct rest_paths {
	char *at[REST_PATHS];
};

#define PATH_FIELD(i, key) STRING(key, OPTIONAL, rest_paths, at[i], 0, GLOB_MAX_LENGTH),
#define PATH_ROW(i, key)                                                                 \
	{ key, "JSON Pointer to the item's " key " in an element of the answer.",        \
	  FORMAT_POINTER },

const cyaml_schema_field_t schema_rest_path_fields[] = { MEMBERS(PATH_FIELD)
								 CYAML_FIELD_END };

const struct config_row schema_rest_path_rows[] = { MEMBERS(PATH_ROW){ NULL } };

const cyaml_schema_field_t schema_rest_state_fields[] = {
	STRING("word", OPTIONAL, config_rest_state, word, 1, FORMAT_NAME_MAX),
	CHOICE("outcome", OPTIONAL, config_rest_state, outcome, outcome_words),
	TRUTH("done", config_rest_state, done), CYAML_FIELD_END
};

const struct config_row schema_rest_state_rows[] = {
	{ "word", "The source's word for a state, in any case. Default: any other word.",
	  FORMAT_LINE },
	{ "outcome", "What became of a deployment, run or job.", FORMAT_ANY, "success" },
	{ "done", "True if it does not change any more: the state is final.", FORMAT_ANY,
	  "false" },
	{ NULL }
};
static ENTRY(rest_state, config_rest_state);

const cyaml_schema_field_t schema_rest_feed_fields[] = {
	STRING("name", 0, config_rest_feed, name, 1, FORMAT_NAME_MAX),
	CHOICE("kind", 0, config_rest_feed, kind, kind_words),
	STRING("method", OPTIONAL, config_rest_feed, method, 1, 10),
	STRING("path", 0, config_rest_feed, path, 1, TEXT_MAX_LENGTH),
	STRING("body", OPTIONAL, config_rest_feed, body, 1, LONG_MAX_LENGTH),
	STRING("item_path", OPTIONAL, config_rest_feed, item_path, 1, TEXT_MAX_LENGTH),
	STRING("item_at", OPTIONAL, config_rest_feed, item_at, 0, GLOB_MAX_LENGTH),
	STRING("items", OPTIONAL, config_rest_feed, items, 0, GLOB_MAX_LENGTH),
	CHOICE("order", OPTIONAL, config_rest_feed, order, order_words),
	CHOICE("time", OPTIONAL, config_rest_feed, time, time_words),
	CHOICE("times", OPTIONAL, config_rest_feed, times, times_words),
	CHOICE("paging", OPTIONAL, config_rest_feed, paging, paging_words),
	NUMBER("size", config_rest_feed, size),
	NUMBER("cap", config_rest_feed, cap),
	STRING("token_path", OPTIONAL, config_rest_feed, token_path, 1, GLOB_MAX_LENGTH),
	STRING("token_header", OPTIONAL, config_rest_feed, token_header, 1,
	       FORMAT_NAME_MAX),
	STRING("overlap", OPTIONAL, config_rest_feed, overlap, 1, 20),
	STRING("on_absence", OPTIONAL, config_rest_feed, on_absence, 1, FORMAT_NAME_MAX),
	{ .key = "fields",
	  .data_offset = offsetof(struct config_rest_feed, fields),
	  .value = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rest_paths,
					 schema_rest_path_fields) } },
	LIST("states", OPTIONAL, config_rest_feed, states, n_states,
	     schema_rest_state_entry, PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_rest_feed_rows[] = {
	{ "name", "What the feed is called.", FORMAT_NAME },
	{ "kind", "What its items are." },
	{ "method", "GET or POST.", FORMAT_METHOD, "GET" },
	{ "path",
	  "What to ask for: from the source's url on, or a whole https:// url. {since}, "
	  "{project} and other variables are filled in.",
	  FORMAT_TEMPLATE },
	{ "body", "For POST: the JSON to send, with variables as in path.",
	  FORMAT_TEMPLATE_BODY },
	{ "item_path", "How to ask for one item by {id}. Default: it cannot be done.",
	  FORMAT_TEMPLATE },
	{ "item_at",
	  "JSON Pointer to the item in item_path's answer. Default: the whole answer.",
	  FORMAT_POINTER },
	{ "items",
	  "JSON Pointer to the list of items in an answer. Default: the whole answer.",
	  FORMAT_POINTER },
	{ "order",
	  "How it tells what is new: updated: by {since}, what changed since. newest: "
	  "latest created first. recent: latest changed first. created: by {since} and "
	  "{until}, what was created between. number: ids that grow, latest first. "
	  "state: only what is there now.",
	  FORMAT_ANY, "updated" },
	{ "time", "How {since} and {until} are written.", FORMAT_ANY, "rfc3339" },
	{ "times", "How answers write instants.", FORMAT_ANY, "rfc3339" },
	{ "paging",
	  "How the next page is asked for: link: a Link header. page: {page}. offset: "
	  "{offset}. token: {token}, from token_path or token_header. next: a url at "
	  "token_path. keyset: {since} and {id} of the last item.",
	  FORMAT_ANY, "none" },
	{ "size", "How many items a full page has, as {size} asks for.", FORMAT_ANY,
	  "100", 1, 10000 },
	{ "cap", "How many items a filtered list has at most. 0: no limit is known.",
	  FORMAT_ANY, "0", 0, 1000000 },
	{ "token_path", "JSON Pointer to the next page's token or url in an answer.",
	  FORMAT_POINTER },
	{ "token_header", "The header of an answer that has the next page's token.",
	  FORMAT_HEADER },
	{ "overlap", "How far polls read again what they have read, from 1m to 31d.",
	  FORMAT_SPAN, "10m", G_TIME_SPAN_MINUTE, 31 * DAY },
	{ "on_absence",
	  "For order state, required there: the state of what is there no more.",
	  FORMAT_LINE },
	{ "fields", "Where an item's members are; id is required." },
	{ "states",
	  "What the source's words for a state mean. Default: whatever it is, it "
	  "succeeded and is final." },
	{ NULL }
};
static ENTRY(rest_feed, config_rest_feed);

const cyaml_schema_field_t schema_rest_auth_fields[] = {
	STRING("header", OPTIONAL, config_rest_auth, header, 1, FORMAT_NAME_MAX),
	STRING("prefix", OPTIONAL, config_rest_auth, prefix, 0, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_rest_auth_rows[] = {
	{ "header", "The header that carries the token.", FORMAT_HEADER,
	  "Authorization" },
	{ "prefix",
	  "What stands before the token in it, its space included. \"\": "
	  "nothing.",
	  FORMAT_PREFIX, "Bearer " },
	{ NULL }
};

const cyaml_schema_field_t schema_rest_fields[] = {
	STRING("name", 0, config_rest, api.name, 1, FORMAT_NAME_MAX),
	STRING("url", 0, config_rest, api.url, 1, TEXT_MAX_LENGTH),
	STRING("username", OPTIONAL, config_rest, api.username, 1, TEXT_MAX_LENGTH),
	SECRET("token", config_rest, api.token),
	MAPPING("auth", OPTIONAL, config_rest, auth, rest_auth),
	STRING("ca_file", OPTIONAL, config_rest, api.ca_file, 1, TEXT_MAX_LENGTH),
	LIST("projects", OPTIONAL, config_rest, api.projects, api.n_projects,
	     schema_line_entry, LIST_MAX),
	STRING("organization", OPTIONAL, config_rest, api.organization, 1,
	       TEXT_MAX_LENGTH),
	LIST("services", OPTIONAL, config_rest, api.services, api.n_services,
	     schema_line_entry, PARTS_MAX),
	LIST("labels", OPTIONAL, config_rest, api.labels, api.n_labels, schema_line_entry,
	     PARTS_MAX),
	LIST("types", OPTIONAL, config_rest, api.types, api.n_types, schema_line_entry,
	     PARTS_MAX),
	STRING("query", OPTIONAL, config_rest, api.query, 1, TEXT_MAX_LENGTH),
	LIST("debt_labels", OPTIONAL, config_rest, api.debt_labels, api.n_debt_labels,
	     schema_line_entry, PARTS_MAX),
	STRING("debt_query", OPTIONAL, config_rest, api.debt_query, 1, TEXT_MAX_LENGTH),
	LIST("read", OPTIONAL, config_rest, api.read, api.n_read, schema_name_entry,
	     PARTS_MAX),
	STRING("history", OPTIONAL, config_rest, api.history, 1, 20),
	STRING("every", OPTIONAL, config_rest, api.every, 1, 20),
	STRING("pace", OPTIONAL, config_rest, pace, 1, 20),
	LIST("feeds", 0, config_rest, feeds, n_feeds, schema_rest_feed_entry, PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_rest_rows[] = {
	{ "name", "What the source is called here and in the views.", FORMAT_NAME },
	{ "url", "Where its API is: https://. No credentials in it.", FORMAT_API },
	{ "username", "For basic authentication: the user the token belongs to.",
	  FORMAT_LINE },
	{ "token", "Where the token is. It needs to read only." },
	{ "auth", "How the token is sent. Default: Authorization: Bearer TOKEN." },
	{ "ca_file", "The certificates to trust instead of the system's.",
	  FORMAT_ABSOLUTE },
	{ "projects", "What {project} stands for: each is read by itself.", FORMAT_LINE },
	{ "organization", "What {organization} stands for.", FORMAT_LINE },
	{ "services", "What {services} stands for.", FORMAT_LINE },
	{ "labels", "What {labels} stands for.", FORMAT_LINE },
	{ "types", "What {types} stands for.", FORMAT_LINE },
	{ "query", "What {query} stands for.", FORMAT_LINE },
	{ "debt_labels", "What {debt_labels} stands for.", FORMAT_LINE },
	{ "debt_query", "What {debt_query} stands for.", FORMAT_LINE },
	{ "read", "Which of its feeds are read. Default: all.", FORMAT_NAME },
	{ "history", "How far back the first poll reads, from 1d to 3650d.", FORMAT_SPAN,
	  "180d", DAY, 3650 * DAY },
	{ "every", "How often it is polled. Default: schedule.every.", FORMAT_SPAN, NULL,
	  10 * SECOND, 24 * HOUR },
	{ "pace", "The least time between two requests, to 1h. Default: none.",
	  FORMAT_SPAN, NULL, 0, HOUR },
	{ "feeds", "What can be read there." },
	{ NULL }
};
ENTRY(rest, config_rest);
