#include "tests/sim_api.h"

/*
 * The ways in which real APIs list things: each a driver of the same data with another
 * paging and order. Pages are small and caps low so that a few things are many.
 */

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/attempt", JSON_INT, true, ITEM(attempt) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/title", JSON_TEXT, true, ITEM(name) },
	{ "/sha", JSON_TEXT, true, ITEM(sha) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/finished_at", JSON_TIME, false, ITEM(finished) },
	{ 0 },
};

static const struct json_field job_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/finished_at", JSON_TIME, false, ITEM(finished) },
	{ 0 },
};

static const struct state_map states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failure", OUTCOME_FAILURE, true },
	{ "over", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct detail jobs[] = {
	{ .name = "jobs",
	  .path = "/{+project}/item/{id}/jobs",
	  .items = "/jobs",
	  .paging = PAGING_LINK,
	  .when = DETAIL_MATCHED,
	  .kind = ITEM_JOB,
	  .fields = job_fields,
	  .states = states },
	{ 0 },
};

#define COMMON                                                                           \
	.name = "things", .kind = ITEM_RUN, .fields = fields, .states = states, .size = 5

/* GitHub's runs. */
static const struct feed newest_link[] = {
	{ COMMON, .path = "/{+project}/list?size={size}",
	  .window_path = "/{+project}/list?since={since}&until={until}&size={size}",
	  .item_path = "/{+project}/item/{id}", .items = "/items", .order = ORDER_NEWEST,
	  .paging = PAGING_LINK, .cap = 20, .details = jobs },
	{ 0 },
};

/* GitLab's deployments. */
static const struct feed updated_page[] = {
	{ COMMON, .path = "/{+project}/list?since={since}&page={page}&size={size}",
	  .item_path = "/{+project}/item/{id}", .order = ORDER_UPDATED,
	  .paging = PAGING_PAGE },
	{ 0 },
};

/* Gitea's pull requests. */
static const struct feed recent_page[] = {
	{ COMMON, .path = "/{+project}/list?page={page}&size={size}",
	  .item_path = "/{+project}/item/{id}", .order = ORDER_RECENT,
	  .paging = PAGING_PAGE },
	{ 0 },
};

/* CircleCI's pipelines. */
static const struct feed newest_token[] = {
	{ COMMON, .path = "/{+project}/list?token={token}",
	  .item_path = "/{+project}/item/{id}", .items = "/items", .token_path = "/token",
	  .order = ORDER_NEWEST, .paging = PAGING_TOKEN },
	{ 0 },
};

/* PagerDuty's incidents. */
static const struct feed created_offset[] = {
	{ COMMON,
	  .path = "/{+project}/"
		  "list?since={since}&until={until}&offset={offset}&size={size}",
	  .item_path = "/{+project}/item/{id}", .items = "/items", .order = ORDER_CREATED,
	  .paging = PAGING_OFFSET, .cap = 20, .window_max = 30 * G_TIME_SPAN_DAY },
	{ 0 },
};

/* Grafana's alert groups: nothing can be asked for by itself. */
static const struct feed created_next[] = {
	{ COMMON, .path = "/{+project}/list?since={since}&until={until}",
	  .items = "/items", .token_path = "/next", .order = ORDER_CREATED,
	  .time = TIME_EPOCH, .paging = PAGING_NEXT },
	{ 0 },
};

/* Searches in no order, by the day: incident.io's, Jira's. */
static const struct feed updated_next[] = {
	{ COMMON, .path = "/{+project}/list?since={since}",
	  .item_path = "/{+project}/item/{id}", .items = "/items", .token_path = "/next",
	  .order = ORDER_UPDATED, .time = TIME_DATE, .paging = PAGING_NEXT,
	  .any_order = true, .overlap = G_TIME_SPAN_DAY },
	{ 0 },
};

/* ServiceNow's tables. */
static const struct feed keyset[] = {
	{ COMMON, .path = "/{+project}/list?since={since}&after={id}&size={size}",
	  .items = "/items", .order = ORDER_UPDATED, .time = TIME_SPACE,
	  .paging = PAGING_KEYSET },
	{ 0 },
};

/* Jenkins' builds. */
static const struct feed number_offset[] = {
	{ COMMON, .path = "/{+project}/list?offset={offset}&size={size}",
	  .item_path = "/{+project}/item/{id}", .items = "/items", .order = ORDER_NUMBER,
	  .paging = PAGING_OFFSET },
	{ 0 },
};

/* Alertmanager's alerts. */
static const struct feed state[] = {
	{ COMMON, .path = "/{+project}/list", .order = ORDER_STATE, .paging = PAGING_NONE,
	  .on_absence = "over" },
	{ 0 },
};

static const struct setting settings[] = {
	{ .key = "projects", .required = true, .help = "projects" },
	{ 0 },
};

#define DRIVER(feeds_)                                                                   \
	{                                                                                \
		.name = "sim", .title = "Sim", .url = "https://sim.example",             \
		.settings = settings, .auth = AUTH_NONE, .feeds = feeds_                 \
	}

const struct sim_shape sim_shapes[] = {
	{ "newest first, links, capped windows", DRIVER(newest_link), SORT_NEWEST,
	  false },
	{ "updated since, pages", DRIVER(updated_page), SORT_UPDATED, true },
	{ "latest change first, pages", DRIVER(recent_page), SORT_RECENT, true },
	{ "newest first, tokens", DRIVER(newest_token), SORT_NEWEST, false },
	{ "created within, offsets, capped", DRIVER(created_offset), SORT_CREATED,
	  false },
	{ "created within, next", DRIVER(created_next), SORT_NEWEST, false },
	{ "updated since, next, in no order", DRIVER(updated_next), SORT_NEWEST, true },
	{ "keyset", DRIVER(keyset), SORT_UPDATED, true },
	{ "numbers", DRIVER(number_offset), SORT_NEWEST, false },
	{ "present state", DRIVER(state), SORT_PRESENT, false },
};
const guint n_sim_shapes = G_N_ELEMENTS(sim_shapes);
