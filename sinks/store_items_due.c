#include "sinks/store_private.h"
#include "sinks/store_states.h"

/* Of a repository, an index is asked for these shas and nothing else: OFFSET 0 keeps it
 * from becoming a join, which would be planned to read all commits. */
static const char *const due_sql =
	"WITH given AS (SELECT * FROM unnest($2, $3, $4) AS g (kind, project, id)),"
	" service (service_id) AS ("
	"SELECT i.service_id FROM given g JOIN dorad.service_incident i"
	" ON i.source_id = $1 AND i.project = g.project AND i.external_id = g.id"
	" WHERE g.kind = 'incident'"
	" UNION SELECT c.service_id FROM given g JOIN dorad.shipped_change c"
	" ON c.source_id = $1 AND c.project = g.project AND c.external_id = g.id"
	" WHERE g.kind = 'change'"
	" UNION SELECT c.service_id FROM given g JOIN dorad.commit_change c"
	" ON c.source_id = $1 AND c.project = g.project AND c.external_id = g.id"
	" WHERE g.kind = 'change'"
	" UNION SELECT c.service_id FROM dorad.repo r"
	" JOIN dorad.component c USING (repo_id)"
	" WHERE EXISTS (SELECT FROM dorad.commit k WHERE k.repo_id = r.repo_id"
	" AND k.sha = ANY ($5) OFFSET 0))"
	" INSERT INTO dorad.attribution_due (service_id)"
	" SELECT service_id FROM service JOIN dorad.scope ON scope_id = service_id"
	" WHERE active";

static void add_sha(struct pg_rows *shas, const char *hex)
{
	struct oid oid;

	if (!hex || !oid_parse(hex, strlen(hex), &oid))
		return;
	field_oid(shas->columns[0], &oid);
	shas->n++;
}

static void add_item(struct pg_rows *keys, struct pg_rows *shas, const struct item *item)
{
	if (item->kind != ITEM_CHANGE && item->kind != ITEM_INCIDENT)
		return;
	field_text(keys->columns[0], item_kind_name(item->kind));
	field_text(keys->columns[1], item->project ? item->project : "");
	field_text(keys->columns[2], item->id);
	keys->n++;
	/* before that, none of its commits is anybody's */
	if (item->kind != ITEM_CHANGE || item->merged == INSTANT_NONE)
		return;
	add_sha(shas, item->sha);
	add_sha(shas, item->squash_sha);
	add_sha(shas, item->head_sha);
}

bool store_items_due(struct store *store, gint32 source_id, const GPtrArray *items,
		     GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows keys, shas;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&keys, "ttt");
	pg_rows_init(&shas, "b");
	for (guint i = 0; i < items->len; i++)
		add_item(&keys, &shas, items->pdata[i]);
	arg_int4(&args, source_id);
	arg_rows(&args, &keys);
	arg_rows(&args, &shas);
	good = keys.n == 0 || store_exec(store, due_sql, &args, NULL, error);
	pg_rows_clear(&keys);
	pg_rows_clear(&shas);
	return good;
}
