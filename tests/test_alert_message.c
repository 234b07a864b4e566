/* What people and programs read of alerts, to the byte. */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sinks/alert_words.h"
#include "tests/alerts/alert_sample.h"
#include "tests/alerts/alert_texts.h"

#define LINK                                                                             \
	"https://bi.example.org/d?t={team}&s={service}&m={metric}&e={environment}&"      \
	"from={from}&to={to}&x={other}"

START_TEST(says_what_happened)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		texts[_i].name);
	const struct alert_row *row = &g_array_index(message->alerts, struct alert_row,
						     0);
	g_autofree char *title = alert_title(message);
	g_autofree char *sentence = alert_sentence(row, alert_got_worse(message, row));

	ck_assert_str_eq(title, texts[_i].title);
	ck_assert_str_eq(sentence, texts[_i].sentence);
}
END_TEST

/* What a few people take is theirs: counts are told, no durations. */
#define FEW(range)                                                                       \
	g_strdup("Lead time for changes, payments: 2.1× longer since about 3 "          \
		 "March." range                                                          \
		 " 38 changes in 4 weeks against 402 in the 40 weeks before."            \
		 " Evidence 14 : 1, strong. Largest part: billing-api (21 of 38)."       \
		 " Expect about one false alert in four years of this series.")
START_TEST(says_how_many_of_few)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"lead time fired");
	struct alert_row *row = &g_array_index(message->alerts, struct alert_row, 0);
	g_autofree char *with_range = FEW(" 90 % range 1.4–3.0×.");
	g_autofree char *without = FEW("");
	g_autofree char *since = NULL;
	g_autofree char *before = NULL;

	row->shift.after.median = row->shift.after.p85 = NAN;
	since = alert_sentence(row, false);
	ck_assert_str_eq(since, with_range);
	row->shift.after = row->shift.before;
	row->shift.after.n = 38;
	row->shift.before.median = row->shift.before.p85 = NAN;
	row->shift.ratio_lo = row->shift.ratio_hi = NAN;
	before = alert_sentence(row, false);
	ck_assert_str_eq(before, without);
}
END_TEST

/* An order is not a chance, and nobody is named, not even by those who acknowledge. */
START_TEST(never_speaks_of_chances_or_people)
{
	static const char *const words[] = { "robab", "chance", "likelihood",
					     "Jane",  "Doe",	"confidence" };
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		alert_samples[_i]);
	g_autofree char *text = alert_text(message, NULL);
	g_autofree char *json = alert_message_json(message, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		ck_assert_msg(!strstr(text, words[i]), "%s: %s", words[i], text);
		ck_assert_msg(!strstr(json, words[i]), "%s: %s", words[i], json);
	}
}
END_TEST

/* Reasons are what receivers and sources said, whoever they are. */
START_TEST(reasons_are_a_line_and_short)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"source stale, nasty");
	const struct alert_row *row = &g_array_index(message->alerts, struct alert_row,
						     0);
	g_autofree char *sentence = alert_sentence(row, false);
	g_autofree char *json = alert_json(row, NULL);
	_cleanup_(cJSON_Deletep) cJSON *tree = json_parse(json, strlen(json), NULL);
	const char *reason = json_at(tree, "/reason")->valuestring;

	ck_assert(g_str_has_prefix(reason, "a     [1mb üüü"));
	ck_assert(g_str_has_suffix(reason, "ü…"));
	ck_assert_uint_le(strlen(reason), 300);
	ck_assert_uint_ge(strlen(reason), 295);
	ck_assert(g_utf8_validate(reason, -1, NULL));
	ck_assert(strstr(sentence, reason));
}
END_TEST

static const struct {
	const char *name, *link, *text; /* of alert_text() */
} wholes[] = {
	{ "guardrail fired", NULL,
	  "Guardrail failures, payments: change fail rate 18.4 % since 3 March, at most "
	  "15 % "
	  "allowed. Over 28 days, n = 76.\nMore: dorad alerts show 41\n" },
	{ "guardrail fired", "https://x.org/{metric}",
	  "Guardrail failures, payments: change fail rate 18.4 % since 3 March, at most "
	  "15 % "
	  "allowed. Over 28 days, n = 76.\nhttps://x.org/change_fail_rate\n" },
};

START_TEST(ends_with_where_to_look)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		wholes[_i].name);
	g_autofree char *text = alert_text(message, wholes[_i].link);

	ck_assert_str_eq(text, wholes[_i].text);
}
END_TEST

START_TEST(tells_the_others_in_a_line)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"one of two resolved");
	struct alert_row *other = &g_array_index(message->alerts, struct alert_row, 1);
	g_autofree char *text = alert_text(message, NULL);
	g_autofree char *acked = NULL;
	g_autofree char *muted = NULL;

	ck_assert(strstr(text, "\n\nStill: Change fail rate, payments: 2.3× higher since "
			       "about 3 March.\n"));
	other->acked_at = 0;
	acked = alert_text(message, NULL);
	ck_assert(strstr(acked, "since about 3 March (acknowledged).\n"));
	other->muted_until = G_MAXINT64 / 2;
	muted = alert_text(message, NULL);
	ck_assert(!strstr(muted, "Still"));
}
END_TEST

/* Its onset is that of when it fired, its numbers are of when it got worse. */
START_TEST(tells_of_which_weeks_its_numbers_are)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"lead time worsened");
	struct alert_row *row = &g_array_index(message->alerts, struct alert_row, 0);
	g_autofree char *one = NULL, *two = NULL;

	row->shift.window = 1;
	one = alert_sentence(row, false);
	ck_assert_msg(strstr(one, "38 changes in the week from 24 March against 402"),
		      "%s", one);
	row->shift.window = 2;
	two = alert_sentence(row, false);
	ck_assert_msg(strstr(two, "in the 2 weeks from 17 March against 402"), "%s", two);
}
END_TEST

/* Who hears of it first has nothing to compare with, and what was told is no news. */
START_TEST(says_now_of_news_alone)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"lead time worsened");
	const struct outbox_event fired = { .alert_id = 41, .event = WATCH_FIRED };
	g_autofree char *first = NULL, *both = NULL, *again = NULL;

	message->update = false;
	first = alert_title(message);
	ck_assert_msg(strstr(first, "payments: 2.1× longer"), "%s", first);
	message->update = true;
	g_array_prepend_val(message->events, fired);
	both = alert_text(message, NULL);
	ck_assert_msg(strstr(both, "payments: 2.1× longer"), "%s", both);
	g_array_set_size(message->events, 0);
	again = alert_text(message, NULL);
	ck_assert_msg(strstr(again, "payments: 2.1× longer"), "%s", again);
}
END_TEST

START_TEST(counts_what_is_too_many)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"twenty-five fired");
	g_autofree char *title = alert_title(message);
	g_autofree char *text = alert_text(message, NULL);
	g_autofree char *json = alert_message_json(message, NULL);
	_cleanup_(cJSON_Deletep) cJSON *tree = json_parse(json, strlen(json), NULL);

	ck_assert(strstr(title, "payments: 25 alerts: ") &&
		  strstr(title, " and 22 more"));
	ck_assert(strstr(text, "show 60\n") && !strstr(text, "show 61"));
	ck_assert(strstr(text, "\n\nAnd 5 more."));
	ck_assert_int_eq(cJSON_GetArraySize(json_at(tree, "/alerts")), 20);
	ck_assert_int_eq(json_at(tree, "/left_out")->valueint, 5);
}
END_TEST

static const struct {
	const char *name, *link;
} links[] = {
	{ "lead time fired", "https://bi.example.org/d?t=payments&s=&m=change_lead_time&"
			     "e=production&from=2025-05-27&to=2026-03-27&x={other}" },
	{ "lead time resolved", "https://bi.example.org/d?t=payments&s=&"
				"m=change_lead_time&e=production&from=2025-05-27&"
				"to=2026-04-04&x={other}" },
	{ "guardrail fired", "https://bi.example.org/d?t=payments&s=&m=change_fail_rate&"
			     "e=production&from=2026-03-03&to=2026-03-27&x={other}" },
	{ "source stale", "https://bi.example.org/d?t=&s=&m=source_stale&e=&"
			  "from=2026-03-02&to=2026-03-27&x={other}" },
	{ "nasty names",
	  "https://bi.example.org/d?t=%3Ca%26b%3E%20%22%C3%BC%22%0D%0ASubject%3A%20x%20"
	  "%FF%E2%80%AE.&s=&m=change_lead_time&e=production&from=2025-05-27&"
	  "to=2026-03-27&x={other}" },
};

START_TEST(links_are_encoded)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		links[_i].name);
	g_autofree char *link = alert_link(
		LINK, &g_array_index(message->alerts, struct alert_row, 0));

	ck_assert_str_eq(link, links[_i].link);
}
END_TEST

/* ---- numbers ---- */

static const struct {
	double before, after;
	const char *text;
} spans[] = {
	{ 0, 0, "0 s → 0 s" },
	{ 0.004, 0.4, "0.004 s → 0.4 s" },
	{ 9.94, 9.96, "9.9 s → 10 s" },
	{ 89, 91, "89 s → 91 s" },
	{ 90, 5400, "1.5 min → 90 min" },
	{ 600, 1200, "10 min → 20 min" },
	{ 68400, 147600, "19 h → 41 h" },
	{ 147600, 68400, "41 h → 19 h" },
	{ 252000, 532800, "70 h → 148 h" },
	{ 345600, 345599, "96 h → 96 h" },
	{ 345600, 691200, "4.0 d → 8.0 d" },
	{ 300, 864000, "5.0 min → 10 d" },
	{ 60, NAN, "60 s → –" },
	{ NAN, NAN, "– → –" },
};

START_TEST(spans_share_a_unit_where_they_can)
{
	g_autofree char *text = alert_spans(spans[_i].before, spans[_i].after);

	ck_assert_str_eq(text, spans[_i].text);
}
END_TEST

static const struct {
	double a_year;
	const char *text; /* NULL: nothing is said */
} expectations[] = {
	{ NAN, NULL },
	{ 0, NULL },
	{ INFINITY, NULL },
	{ 0.01, "Expect less than one false alert in ten years of this series." },
	{ 0.1, "Expect about one false alert in ten years of this series." },
	{ 0.25, "Expect about one false alert in four years of this series." },
	{ 0.4, "Expect about one false alert in three years of this series." },
	{ 0.6, "Expect about one false alert in two years of this series." },
	{ 0.9, "Expect about one false alert a year of this series." },
	{ 1.4, "Expect about one false alert a year of this series." },
	{ 1.6, "Expect about 2 false alerts a year of this series." },
};

START_TEST(expectations_are_in_words)
{
	g_autofree char *text = alert_expectation(expectations[_i].a_year);

	ck_assert_pstr_eq(text, expectations[_i].text);
}
END_TEST

/* ---- for machines ---- */

static const struct {
	const char *name, *path, *value; /* as printed */
} members[] = {
	{ "lead time fired", "/id", "41" },
	{ "lead time fired", "/group", "12" },
	{ "lead time fired", "/kind", "\"regression\"" },
	{ "lead time fired", "/state", "\"firing\"" },
	{ "lead time fired", "/severity", "\"warning\"" },
	{ "lead time fired", "/metric", "\"change_lead_time\"" },
	{ "lead time fired", "/scope",
	  "{\"kind\":\"team\",\"org\":\"acme\",\"team\":\"payments\",\"service\":null}" },
	{ "lead time fired", "/direction", "\"worse\"" },
	{ "lead time fired", "/onset", "\"2026-03-03\"" },
	{ "lead time fired", "/window_weeks", "4" },
	{ "lead time fired", "/window_samples", "null" },
	{ "lead time fired", "/before",
	  "{\"from\":\"2025-05-27\",\"to\":\"2026-03-02\",\"n\":402,\"median\":68400,"
	  "\"p85\":252000}" },
	{ "lead time fired", "/after",
	  "{\"from\":\"2026-03-03\",\"to\":\"2026-03-30\",\"n\":38,\"median\":147600,"
	  "\"p85\":532800}" },
	{ "lead time fired", "/ratio", "2.1" },
	{ "lead time fired", "/ratio_lo", "1.4" },
	{ "lead time fired", "/ratio_hi", "3.04" },
	{ "lead time fired", "/strength", "\"strong\"" },
	{ "lead time faint", "/strength", "null" },
	{ "lead time fired", "/preset", "\"default\"" },
	{ "lead time fired", "/baseline",
	  "{\"from\":\"2025-05-27\",\"to\":\"2026-03-02\"}" },
	{ "lead time fired", "/first_seen", "\"2026-03-25T23:00:00Z\"" },
	{ "lead time fired", "/fired_at", "\"2026-03-27T23:00:00Z\"" },
	{ "lead time fired", "/resolved_at", "null" },
	{ "lead time resolved", "/resolved_at", "\"2026-04-04T22:00:00Z\"" },
	{ "lead time accepted", "/resolved_at", "null" },
	{ "lead time accepted", "/ended_at", "\"2026-04-04T22:00:00Z\"" },
	{ "lead time fired", "/reason", "null" },
	{ "lead time withdrawn", "/reason", "\"late facts undid it\"" },
	{ "lead time fired", "/parts",
	  "[{\"name\":\"billing-api\",\"n\":21,\"of\":38}]" },
	{ "lead time fired", "/false_alerts_per_year", "0.25" },
	{ "lead time fired", "/link", "null" },
	{ "frequency fired", "/after",
	  "{\"from\":\"2026-03-03\",\"to\":\"2026-03-30\",\"n\":19,\"rate\":4.72}" },
	{ "fail rate fired", "/after/failed", "9" },
	{ "restore fired", "/ratio_lo", "null" },
	{ "restore fired", "/window_weeks", "null" },
	{ "restore fired", "/window_samples", "5" },
	{ "restore fired", "/scope/service", "\"billing-api\"" },
	{ "guardrail fired", "/value", "0.184" },
	{ "guardrail fired", "/limit", "0.15" },
	{ "guardrail fired", "/window_days", "28" },
	{ "guardrail fired", "/began_before", "false" },
	{ "guardrail of a percentile", "/statistic", "\"p95\"" },
	{ "guardrail of a percentile", "/began_before", "true" },
	{ "guardrail fired", "/severity", "\"critical\"" },
	{ "incident fired", "/value", "273600" },
	{ "incident fired", "/p95", "50400" },
	{ "incident fired", "/n", "212" },
	{ "incident fired", "/severity", "\"warning\"" },
	{ "source denied", "/scope", "null" },
	{ "source denied", "/reason", "\"status 401\"" },
	{ "source denied resolved", "/reason", "null" },
	{ "source denied withdrawn", "/reason", "\"it is no longer watched\"" },
	{ "source denied", "/severity", "\"warning\"" },
	{ "lead time better", "/severity", "\"info\"" },
	{ "nasty names", "/scope/org", "\"acme\"" },
};

START_TEST(machines_read_every_member)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		members[_i].name);
	g_autofree char *json = alert_json(
		&g_array_index(message->alerts, struct alert_row, 0), NULL);
	_cleanup_(cJSON_Deletep) cJSON *tree = json_parse(json, strlen(json), NULL);
	char *value;

	ck_assert_ptr_nonnull(tree);
	value = cJSON_PrintUnformatted(json_at(tree, members[_i].path));
	ck_assert_pstr_eq(value, members[_i].value);
	cJSON_free(value);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alert_message");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, says_what_happened, 0, G_N_ELEMENTS(texts));
	tcase_add_test(tests, says_how_many_of_few);
	tcase_add_loop_test(tests, never_speaks_of_chances_or_people, 0,
			    (int)g_strv_length((char **)(gpointer)alert_samples));
	tcase_add_test(tests, reasons_are_a_line_and_short);
	tcase_add_loop_test(tests, ends_with_where_to_look, 0, G_N_ELEMENTS(wholes));
	tcase_add_test(tests, tells_the_others_in_a_line);
	tcase_add_test(tests, tells_of_which_weeks_its_numbers_are);
	tcase_add_test(tests, says_now_of_news_alone);
	tcase_add_test(tests, counts_what_is_too_many);
	tcase_add_loop_test(tests, links_are_encoded, 0, G_N_ELEMENTS(links));
	tcase_add_loop_test(tests, spans_share_a_unit_where_they_can, 0,
			    G_N_ELEMENTS(spans));
	tcase_add_loop_test(tests, expectations_are_in_words, 0,
			    G_N_ELEMENTS(expectations));
	tcase_add_loop_test(tests, machines_read_every_member, 0, G_N_ELEMENTS(members));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
