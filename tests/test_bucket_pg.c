#include <string.h>

#include "metrics/bucket.h"
#include "tests/pg.h"

/* PostgreSQL and we read the same compiled zones: every bucket of every grain has to
 * start where date_trunc() says, whatever happens to the clock there. */
static const char *const zones[] = {
	"Africa/Cairo",
	"Africa/Casablanca",
	"Africa/El_Aaiun",
	"Africa/Johannesburg",
	"Africa/Juba",
	"Africa/Khartoum",
	"Africa/Lagos",
	"Africa/Monrovia",
	"Africa/Sao_Tome",
	"Africa/Tripoli",
	"Africa/Tunis",
	"Africa/Windhoek",
	"America/Anchorage",
	"America/Araguaina",
	"America/Argentina/San_Luis",
	"America/Asuncion",
	"America/Bogota",
	"America/Cancun",
	"America/Caracas",
	"America/Chihuahua",
	"America/Godthab",
	"America/Guatemala",
	"America/Havana",
	"America/Los_Angeles",
	"America/Managua",
	"America/Metlakatla",
	"America/Mexico_City",
	"America/Miquelon",
	"America/New_York",
	"America/Nuuk",
	"America/Ojinaga",
	"America/Phoenix",
	"America/Port-au-Prince",
	"America/Punta_Arenas",
	"America/Regina",
	"America/Santiago",
	"America/Sao_Paulo",
	"America/Scoresbysund",
	"America/St_Johns",
	"America/Whitehorse",
	"Antarctica/Casey",
	"Antarctica/Macquarie",
	"Antarctica/Troll",
	"Asia/Almaty",
	"Asia/Amman",
	"Asia/Baku",
	"Asia/Beirut",
	"Asia/Colombo",
	"Asia/Damascus",
	"Asia/Dhaka",
	"Asia/Gaza",
	"Asia/Hebron",
	"Asia/Hovd",
	"Asia/Jerusalem",
	"Asia/Kabul",
	"Asia/Karachi",
	"Asia/Kathmandu",
	"Asia/Kolkata",
	"Asia/Pyongyang",
	"Asia/Seoul",
	"Asia/Shanghai",
	"Asia/Tehran",
	"Asia/Tokyo",
	"Asia/Ulaanbaatar",
	"Atlantic/Azores",
	"Atlantic/Bermuda",
	"Australia/Adelaide",
	"Australia/Eucla",
	"Australia/Lord_Howe",
	"Australia/Sydney",
	"EST5EDT",
	"Etc/GMT+12",
	"Etc/GMT-14",
	"Europe/Berlin",
	"Europe/Dublin",
	"Europe/Istanbul",
	"Europe/Kyiv",
	"Europe/Lisbon",
	"Europe/London",
	"Europe/Moscow",
	"Europe/Volgograd",
	"Indian/Mauritius",
	"Pacific/Apia",
	"Pacific/Auckland",
	"Pacific/Chatham",
	"Pacific/Easter",
	"Pacific/Enderbury",
	"Pacific/Fakaofo",
	"Pacific/Fiji",
	"Pacific/Kiritimati",
	"Pacific/Marquesas",
	"Pacific/Norfolk",
	"Pacific/Pago_Pago",
	"Pacific/Tongatapu",
	"UTC",
};

#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY
#define FROM (G_GINT64_CONSTANT(946684800) * G_USEC_PER_SEC) /* 2000-01-01 */
#define TO (G_GINT64_CONSTANT(2240611200) * G_USEC_PER_SEC)  /* 2041-01-01 */

/* Instants where something may go wrong: for a day around each change of the clock, each
 * turn of a year and each end of February. */
static GArray *suspects(const struct zone *zone)
{
	GArray *instants = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 change = FROM;

	while (change < TO) {
		gint64 until;

		for (gint64 hours = -26; hours <= 26; hours++) {
			gint64 steps = ABS(hours) <= 2 ? 4 : 1;

			for (gint64 i = 0; i < steps; i++) {
				gint64 t = change + hours * HOUR + i * HOUR / 4;
				gint64 before = t - 1;

				g_array_append_val(instants, t);
				g_array_append_val(instants, before);
			}
		}
		zone_offset(zone, change, &until);
		change = until;
	}
	for (int year = 2000; year <= 2041; year++)
		for (int month = 1; month <= 3; month++) {
			g_autoptr(GDateTime)
				first = g_date_time_new_utc(year, month, 1, 0, 0, 0);
			gint64 t = g_date_time_to_unix(first) * G_USEC_PER_SEC;

			/* Leap days, ISO weeks 52, 53 and 1, and ends of quarters. */
			for (gint64 i = -5 * 24; i <= 5 * 24; i += 3) {
				gint64 at = t + i * HOUR + 1;

				g_array_append_val(instants, at);
			}
		}
	/* And the middle of everything. */
	for (gint64 t = FROM + DAY / 2; t < TO; t += 5 * DAY)
		g_array_append_val(instants, t);
	return instants;
}

/* bigint[] as text, in microseconds. */
static char *array_text(const GArray *instants)
{
	GString *text = g_string_new("{");

	for (guint i = 0; i < instants->len; i++)
		g_string_append_printf(text,
				       i ? ",%" G_GINT64_FORMAT : "%" G_GINT64_FORMAT,
				       g_array_index(instants, gint64, i));
	g_string_append_c(text, '}');
	return g_string_free(text, FALSE);
}

static PGconn *connection;

static void set_up(void)
{
	connection = pg_connect();
}

static void tear_down(void)
{
	PQfinish(connection);
}

START_TEST(buckets_are_those_of_date_trunc)
{
	static const char sql[] =
		"select (extract(epoch from date_trunc(g, at, $2)) * 1000000)::bigint "
		"from unnest($1::bigint[]) with ordinality as u (us, i)"
		" cross join lateral (select 'epoch'::timestamptz"
		"  + us * interval '1 microsecond') as t (at)"
		" cross join unnest(array['day', 'week', 'month', 'quarter'])"
		"  with ordinality as n (g, j) "
		"order by i, j";
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(zones[_i], NULL);
	g_autoptr(GArray) instants = NULL;
	g_autofree char *text = NULL;
	PGresult *result;
	int n_wrong = 0;

	ck_assert_msg(zone, "%s", zones[_i]);
	instants = suspects(zone);
	text = array_text(instants);
	result = PQexecParams(connection, sql, 2, NULL,
			      (const char *const[]){ text, zones[_i] }, NULL, NULL, 0);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s",
		      PQerrorMessage(connection));
	ck_assert_int_eq(PQntuples(result), (int)instants->len * N_GRAINS);
	for (int row = 0; row < PQntuples(result); row++) {
		gint64 at = g_array_index(instants, gint64, row / N_GRAINS);
		enum grain grain = (enum grain)(row % N_GRAINS);
		struct bucket bucket = bucket_of(zone, grain, at);
		gint64 start = g_ascii_strtoll(PQgetvalue(result, row, 0), NULL, 10);

		if (bucket.start != start && ++n_wrong <= 5)
			g_printerr("%s, %s of %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT
				   " is %" G_GINT64_FORMAT " in PostgreSQL\n",
				   zones[_i], grain_name(grain), at, bucket.start, start);
	}
	PQclear(result);
	ck_assert_int_eq(n_wrong, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bucket_pg");
	TCase *tests = tcase_create("bucket_pg");
	SRunner *runner = srunner_create(suite);

	tcase_add_unchecked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, buckets_are_those_of_date_trunc, 0,
			    G_N_ELEMENTS(zones));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
