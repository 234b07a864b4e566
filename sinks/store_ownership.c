#include "sinks/store_private.h"

/* Rows that are there as given are not touched. */
static const char *const write_sql =
	"WITH given AS (SELECT s.scope_id AS service_id, t.scope_id AS team_id,"
	" coalesce(g.valid_from, '-infinity') AS valid_from,"
	" coalesce(g.valid_to, 'infinity') AS valid_to"
	" FROM unnest($1, $2, $3, $4) AS g (service, team, valid_from, valid_to)"
	" JOIN dorad.scope s ON s.kind = 'service' AND s.name = g.service"
	" JOIN dorad.scope t ON t.kind = 'team' AND t.name = g.team),"
	" gone AS (DELETE FROM dorad.ownership o"
	" WHERE o.service_id IN (SELECT service_id FROM given)"
	" AND NOT EXISTS (SELECT FROM given g"
	" WHERE (g.service_id, g.valid_from) = (o.service_id, o.valid_from)))"
	" INSERT INTO dorad.ownership AS o (service_id, team_id, valid_from, valid_to)"
	" SELECT g.* FROM given g WHERE NOT EXISTS (SELECT FROM dorad.ownership o"
	" WHERE (o.service_id, o.team_id, o.valid_from, o.valid_to)"
	" = (g.service_id, g.team_id, g.valid_from, g.valid_to))"
	" ON CONFLICT (service_id, valid_from) DO UPDATE SET team_id = excluded.team_id,"
	" valid_to = excluded.valid_to";

static void add_row(struct pg_rows *rows, const char *service, const char *team,
		    gint64 from, gint64 to)
{
	field_text(rows->columns[0], service);
	field_text(rows->columns[1], team);
	field_instant(rows->columns[2], from);
	field_instant(rows->columns[3], to);
	rows->n++;
}

bool store_ownership_write(struct store *store, const struct config *config,
			   GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	pg_rows_init(&rows, "ttzz");
	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];
		gint64 from = INSTANT_NONE;

		for (unsigned k = 0; k < service->n_owners; k++) {
			const struct config_owner *owner = &service->owners[k];

			if (from != INSTANT_NONE && owner->until_us <= from)
				continue;
			add_row(&rows, service->name, owner->team, from, owner->until_us);
			from = owner->until_us;
		}
		add_row(&rows, service->name, service->team, from, INSTANT_NONE);
	}
	arg_rows(&args, &rows);
	good = store_exec(store, write_sql, &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}
