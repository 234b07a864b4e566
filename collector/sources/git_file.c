#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/sources/git_internal.h"

#define LINE_MAX_BYTES 65536 /* a deployment of hundreds of repositories fits */

/* Longer ones belong to no index. */
#define NAME_MAX_BYTES 200

static bool is_name(const char *text)
{
	return text && *text && strlen(text) <= NAME_MAX_BYTES;
}

/* A string member; NULL if there is none or it is something else. */
static const char *member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* An optional RFC 3339 member. False if it is there and is none. */
static bool member_instant(const cJSON *object, const char *name, gint64 *t)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	*t = INSTANT_NONE;
	return !item || cJSON_IsNull(item) ||
	       (cJSON_IsString(item) && instant_parse(item->valuestring, t));
}

/* An optional name. False if it is there and is none. */
static bool member_name(const cJSON *object, const char *name, const char **text)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	*text = member(object, name);
	return !item || is_name(*text);
}

static bool has_repository(const struct deployment_row *row, gint32 repo_id)
{
	for (guint i = 0; i < row->n_revisions; i++)
		if (row->revisions[i].repo_id == repo_id)
			return true;
	return false;
}

static bool add_revision(struct deployment_row *row, gint32 repo_id, const char *sha)
{
	struct oid oid;

	if (!sha || repo_id == 0 || !oid_parse(sha, strlen(sha), &oid))
		return false;
	row->revisions = g_realloc_n(row->revisions, row->n_revisions + 1,
				     sizeof(*row->revisions));
	row->revisions[row->n_revisions].repo_id = repo_id;
	row->revisions[row->n_revisions].oid = oid;
	row->n_revisions++;
	return true;
}

/* What is wrong with the revisions of a line; NULL: nothing. */
static const char *read_revisions(const struct git_rule *work, const cJSON *line,
				  struct deployment_row *row)
{
	const struct rule_input *input = work->input;
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(line, "revisions");
	const cJSON *item;

	if (!list)
		return add_revision(row, input->repo_id, member(line, "sha"))
			       ? NULL
			       : "sha: expected a full commit id";
	cJSON_ArrayForEach(item, list)
	{
		const char *repository = member(item, "repository");
		gint32 repo_id = repository ? input->repo_of(repository, input->user)
					    : input->repo_id;

		if (repo_id == 0)
			return "revisions: expected the name of a configured repository";
		if (has_repository(row, repo_id))
			return "revisions: expected each repository once";
		if (!add_revision(row, repo_id, member(item, "sha")))
			return "revisions: expected a full commit id as sha";
	}
	return row->n_revisions ? NULL : "revisions: expected at least one";
}

/* A finish later than the line that tells of it is cut to when it was seen, and stays so
 * when the line is read again; a later one that a correction claims has happened since.
 */
static gint64 believed_finish(gint64 claimed, const struct deployment_row *known,
			      gint64 now)
{
	if (claimed == INSTANT_NONE || !known || known->finished == INSTANT_NONE)
		return MIN(claimed, now);
	if (claimed > now ||
	    (claimed > known->finished && known->finished == known->first_seen))
		return known->finished;
	return claimed;
}

/* What is wrong with a line; NULL: nothing, and row is filled (to be cleared in either
 * case). */
static const char *read_line(const struct git_rule *work, const cJSON *line,
			     struct deployment_row *row)
{
	const cJSON *attempt = cJSON_GetObjectItemCaseSensitive(line, "attempt");
	const char *id = member(line, "id");
	const char *environment, *outcome;
	const struct deployment_row *known;

	row->attempt = 1;
	if (!is_name(id))
		return "id: expected a text of 1 to 200 bytes";
	row->external_id = g_strconcat("file:", id, NULL);
	if (!member_name(line, "environment", &environment))
		return "environment: expected a text of 1 to 200 bytes";
	row->environment = g_strdup(environment ? environment : work->rule->environment);
	if (attempt && (!cJSON_IsNumber(attempt) || attempt->valuedouble < 1 ||
			attempt->valuedouble > 1e6 ||
			attempt->valuedouble != (double)(gint32)attempt->valuedouble))
		return "attempt: expected a whole number from 1";
	if (attempt)
		row->attempt = (gint32)attempt->valuedouble;
	if (!member_name(line, "outcome", &outcome) ||
	    (outcome && !outcome_parse(outcome, &row->outcome)))
		return "outcome: expected success, failure, cancelled, skipped or "
		       "running";
	if (!member_instant(line, "started_at", &row->started))
		return "started_at: expected a time such as 2026-03-01T12:00:00Z";
	if (!member_instant(line, "finished_at", &row->finished) ||
	    (row->finished == INSTANT_NONE && row->outcome != OUTCOME_RUNNING))
		return "finished_at: expected a time such as 2026-03-01T12:00:00Z";
	known = git_known_attempt(work, row->external_id, row->attempt);
	row->first_seen = known ? known->first_seen : work->input->now;
	row->finished = believed_finish(row->finished, known, work->input->now);
	return read_revisions(work, line, row);
}

static void notice_line(const struct git_rule *work, guint number, const char *wrong)
{
	g_autofree char *text = g_strdup_printf("%s:%u: %s; the line is passed over",
						work->rule->file, number, wrong);

	work->input->notice(text, work->input->user);
}

/* A line and nothing behind it; NULL: it is no JSON. */
static cJSON *parse_line(const char *text, gsize n)
{
	const char *end = NULL;
	cJSON *line = NULL;

	if (n <= LINE_MAX_BYTES && g_utf8_validate_len(text, n, NULL))
		line = cJSON_ParseWithLengthOpts(text, n, &end, false);
	while (line && end < text + n && g_ascii_isspace(*end))
		end++;
	if (!line || end == text + n)
		return line;
	cJSON_Delete(line);
	return NULL;
}

/* The deployments of a file: of several lines for one attempt the last, which is how a
 * file that only grows tells of a start and then of the finish. */
struct lines {
	GArray *rows;	   /* of struct deployment_row */
	GHashTable *index; /* "<attempt>#<external id>" → index in rows */
};

static void add_line(struct git_rule *work, struct lines *lines, guint number,
		     const char *text, gsize n)
{
	struct deployment_row row = { 0 };
	cJSON *line = parse_line(text, n);
	const char *wrong = cJSON_IsObject(line) ? read_line(work, line, &row)
						 : "expected a JSON object";
	g_autofree char *key = wrong ? NULL
				     : g_strdup_printf("%d#%s", row.attempt,
						       row.external_id);
	gpointer earlier;

	cJSON_Delete(line);
	if (wrong) {
		notice_line(work, number, wrong);
		deployment_row_clear(&row);
	} else if (g_hash_table_lookup_extended(lines->index, key, NULL, &earlier)) {
		struct deployment_row *replaced = &g_array_index(
			lines->rows, struct deployment_row, GPOINTER_TO_UINT(earlier));

		deployment_row_clear(replaced);
		*replaced = row;
	} else {
		g_hash_table_insert(lines->index, g_steal_pointer(&key),
				    GUINT_TO_POINTER(lines->rows->len));
		g_array_append_val(lines->rows, row);
	}
}

static void apply_lines(struct git_rule *work, const char *text, gsize n)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct deployment_row));
	g_autoptr(GHashTable)
		index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct lines lines = { rows, index };
	guint number = 0;

	for (gsize start = 0; start < n;) {
		const char *end = memchr(text + start, '\n', n - start);
		gsize length = end ? (gsize)(end - text) - start : n - start;

		number++;
		if (length > 0 && text[start] != '\r')
			add_line(work, &lines, number, text + start, length);
		start += length + 1;
	}
	for (guint i = 0; i < rows->len; i++)
		git_emit(work, &g_array_index(rows, struct deployment_row, i));
}

static bool any(const char *rest, const struct config_rule *rule)
{
	(void)rest;
	(void)rule;
	return true;
}

/*
 * A file of JSON lines on a branch, one deployment a line:
 *   {"id": "42", "sha": "…", "finished_at": "2026-03-01T12:00:00Z"}
 * and optionally "environment", "outcome", "attempt", "started_at", and "revisions"
 * instead of "sha". A line that is taken out later keeps its deployment; one that changes
 * corrects it.
 */
bool git_file_apply(struct git_rule *work, GError **error)
{
	const char *branch = git_branch(work);
	g_autofree char *name = branch ? g_strconcat("refs/heads/", branch, NULL) : NULL;
	const struct mirror_ref *ref = name ? git_ref(work, name) : NULL;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) local = NULL;
	const char *text;
	gsize n;

	if (ref && ref->commit.len > 0)
		content = work->input->read_file(&ref->commit, work->rule->file,
						 work->input->user, &local);
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (!content) {
		g_autofree char *notice = g_strdup_printf(
			"%s: not on branch %s", work->rule->file,
			branch ? branch : "(the remote names no HEAD)");

		work->input->notice(notice, work->input->user);
		git_claim_known(work, "file:", any);
		return true;
	}
	text = g_bytes_get_data(content, &n);
	apply_lines(work, text, n);
	git_claim_known(work, "file:", any);
	return true;
}
