#include "tests/rails_world.h"

#define CALENDARS                                                                        \
	"calendars:\n  - name: default\n    freezes: [\"2025-02-06..2025-02-06\"]\n"

void rails_set_up(const char *rails)
{
	g_autofree char *sections = g_strconcat(rails, CALENDARS, NULL);

	world_set_up();
	world_use(world_config("time_to_restore", "", "2d", sections));
}

void rails_run(const char *service, const char *sql)
{
	g_autoptr(GString) text = g_string_new(sql);

	g_string_replace(text, "$service",
			 "(SELECT scope_id FROM dorad.scope WHERE kind = 'service'"
			 " AND name = '$name')",
			 0);
	g_string_replace(text, "$name", service, 0);
	for (char *at; (at = strchr(text->str, '@'));) {
		gsize start = (gsize)(at - text->str);
		char *end;
		gint64 day = g_ascii_strtoll(at + 1, &end, 10);
		g_autofree char *time = instant_format(world_start_of((gint32)day));
		g_autofree char *quoted = g_strdup_printf("timestamptz '%s'", time);

		g_string_erase(text, (gssize)start, end - at);
		g_string_insert(text, (gssize)start, quoted);
	}
	rig_run(&rig, text->str);
}

static void forget(const char *service, gint32 from, gint32 to)
{
	static const char *const tables[] = { "shipped", "rollout_state", "rollout",
					      "deployment" };

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *sql = g_strdup_printf(
			"DELETE FROM dorad.%s WHERE service_id = $service AND"
			" finished_at >= @%d AND finished_at < @%d",
			tables[i], from, to);

		rails_run(service, sql);
	}
}

static void hear(const char *service, gint32 day)
{
	g_autofree char *failed = g_strdup_printf(
		"WITH f AS (UPDATE dorad.rollout_state SET state = 'failed'"
		" WHERE service_id = $service AND finished_at >= @%d"
		" AND finished_at < @%d RETURNING service_id, rollout_id),"
		" g AS (INSERT INTO dorad.failure SELECT service_id, rollout_id,"
		" 'incident', 0, 7, '', '$name' || rollout_id FROM f)"
		" INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at) SELECT service_id, 'production', 7, "
		"'',"
		" '$name' || rollout_id, @%d + interval '12 h' FROM f",
		day - 3, day - 2, day);
	g_autofree char *repaired = g_strdup_printf(
		"WITH i AS (UPDATE dorad.service_incident SET restored_at = @%d +"
		" interval '20 h' WHERE service_id = $service AND restored_at IS NULL"
		" AND started_at < @%d RETURNING external_id)"
		" UPDATE dorad.rollout_state SET recovered_at = @%d + interval '20 h'"
		" WHERE service_id = $service"
		" AND '$name' || rollout_id IN (SELECT external_id FROM i)",
		day, day - 1, day);

	if (day - 3 >= ILL && day - 3 < WELL)
		rails_run(service, failed);
	rails_run(service, repaired);
}

void rails_make_facts(void)
{
	g_autofree char *leads = g_strdup_printf(
		"UPDATE dorad.shipped SET lead_us = 172800000000 + CASE WHEN finished_at"
		" >= @%d THEN 1000000 ELSE 0 END WHERE service_id = $service",
		SLOW);
	g_autofree char *leaves = g_strdup_printf("UPDATE dorad.ownership SET valid_to ="
						  " @%d WHERE service_id = $service",
						  MOVED);
	g_autofree char *comes = g_strdup_printf(
		"INSERT INTO dorad.ownership SELECT $service, scope_id, @%d, 'infinity'"
		" FROM dorad.scope WHERE kind = 'team' AND name = 'red'",
		MOVED);

	forget("mail", 0, BORN);
	forget("search", MUTE, LOUD);
	rails_run("mail", leads);
	rails_run("mail", leaves);
	rails_run("mail", comes);
}

void rails_hear(gint32 day)
{
	hear("search", day);
	hear("mail", day);
}

void rails_know_all(void)
{
	rails_make_facts();
	for (gint32 day = FIRST; day <= LAST; day++)
		rails_hear(day);
	world_set_fresh(world_start_of(LAST + 2));
}
