#include "tests/alerts/alert_sample.h"

#include <math.h>
#include <string.h>

#define REASON "it has lasted so long that it is the new normal"
#define NO_SIDE .median = NAN, .p85 = NAN
#define NO_RATE .rate = NAN
/* Local midnights in Berlin. */
#define AT(seconds) (G_GINT64_CONSTANT(seconds) * G_USEC_PER_SEC)
#define ONSET AT(1772492400)		  /* 3 March 2026 */
#define WINTER AT(1764543600)		  /* 1 December 2025 */
#define SUSPECTED AT(1774479600)	  /* the end of 25 March */
#define FIRED AT(1774652400)		  /* the end of 27 March */
#define ENDED AT(1775340000)		  /* the end of 4 April, in summer time */
#define BEFORE .from = 20235, .to = 20514 /* 27 May 2025 … 2 March 2026 */
#define AFTER .from = 20515, .to = 20542  /* 3 … 30 March */

/* clang-format off */
#define TIMES(began) \
	.time_zone = "Europe/Berlin", .onset = began, .first_seen = SUSPECTED, \
	.fired_at = FIRED, .acked_at = INSTANT_NONE, .muted_until = INSTANT_NONE
#define OF(kind, whose, what, where) \
	.scope_kind = kind, .org = "acme", .team = whose, .service = what, \
	.environment = where
#define FIRES .state = "firing", .ended_at = INSTANT_NONE
#define REGRESSION \
	.kind = WATCH_REGRESSION, .name = "", .rule = "default", .sensitivity = "default"
#define LEAD_TIME_OF(whose, most, ln_odds) \
	OF(SCOPE_TEAM, whose, NULL, "production"), TIMES(ONSET), REGRESSION, \
	.metric = "change_lead_time", .engine = SHIFT_LEVEL, \
	.false_alerts = 0.25, .parts = most, .n_parts = G_N_ELEMENTS(most), \
	.shift = { \
		.usable = true, .gate = true, .score = ln_odds, .window = 4, \
		.effect = 0.742, .ratio = 2.1, .ratio_lo = 1.4, .ratio_hi = 3.04, \
		.before = { BEFORE, .n = 402, .median = 68400, .p85 = 252000, NO_RATE }, \
		.after = { AFTER, .n = 38, .median = 147600, .p85 = 532800, NO_RATE }, \
	}
#define LEAD_TIME LEAD_TIME_OF("payments", lead_parts, 2.65)
#define GUARDRAIL \
	OF(SCOPE_TEAM, "payments", NULL, "production"), TIMES(ONSET), \
	.kind = WATCH_GUARDRAIL, .name = "failures", \
	.metric = "change_fail_rate", .statistic = (char *)"value", .false_alerts = NAN, \
	.shift = { \
		.score = NAN, .ratio = NAN, .ratio_lo = NAN, .ratio_hi = NAN, \
		.before = { .rate = 0.15 }, .after = { AFTER, .rate = 0.184, .n = 76 }, \
	}
#define INCIDENT \
	OF(SCOPE_SERVICE, "payments", "billing-api", "production"), TIMES(ONSET), \
	.kind = WATCH_INCIDENT, .name = "pagerduty Q1XJ", .rule = (char *)"teams", \
	.metric = "time_to_restore", .false_alerts = NAN, .unit = (char *)"seconds", \
	.shift = { \
		.score = NAN, .ratio = NAN, .ratio_lo = NAN, .ratio_hi = NAN, \
		.before = { .rate = 50400, .n = 212 }, .after = { .rate = 273600 }, \
	}
#define SELF \
	.kind = WATCH_SELF, .environment = "", .time_zone = "UTC", \
	.onset = ONSET, .first_seen = ONSET, .fired_at = FIRED, \
	.acked_at = INSTANT_NONE, .muted_until = INSTANT_NONE, .false_alerts = NAN, \
	.shift = { .score = NAN, .ratio = NAN }
#define ENDS(how) .state = how, .ended_at = ENDED
#define STALE .name = "github", .metric = "source_stale"
#define DENIED .name = "github", .metric = "source_denied"
#define UNMATCHED .name = "billing-api", .metric = "rule_matched_nothing"
#define LOST .reason = "api.example.org: no whole answer in time"
/* Lines, a direction and too much of it, in characters of two bytes. */
#define UUUU "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"
#define NASTY "a\r\n\xe2\x80\xa8\xe2\x80\xae\x1b[1mb " UUUU UUUU UUUU UUUU
#define GONE .reason = "it is no longer watched"
/* clang-format on */

static struct alert_part lead_parts[] = { { "billing-api", 21, 38 } };
static struct alert_part fail_parts[] = {
	{ "billing-api", 6, 9 },
	{ "ledger", 2, 9 },
	{ "web", 1, 9 },
	{ "cron", 0, 9 },
};
static struct alert_part nasty_parts[] = {
	{ "<!channel> & *x*\r\nBcc: all@example.org", 3, 4 },
};

static const struct sample {
	const char *name;
	struct alert_row row;
	enum watch_event event;
} samples[] = {
	{ "lead time fired", { FIRES, LEAD_TIME }, WATCH_FIRED },
	{ "lead time faint",
	  { FIRES, LEAD_TIME_OF("payments", lead_parts, 1.25) },
	  WATCH_FIRED },
	{ "lead time worsened",
	  { FIRES, LEAD_TIME, .worsened = true, .fired_ratio = 1.05 },
	  WATCH_WORSENED },
	{ "lead time surer",
	  { FIRES, LEAD_TIME_OF("payments", lead_parts, 3.7), .worsened = true,
	    .fired_ratio = 1.9 },
	  WATCH_WORSENED },
	{ "lead time resolved",
	  { LEAD_TIME, .state = "resolved", .ended_at = ENDED },
	  WATCH_RESOLVED },
	{ "lead time accepted by somebody",
	  { LEAD_TIME, .state = "accepted", .ended_at = ENDED },
	  WATCH_ACCEPTED },
	{ "lead time accepted",
	  { LEAD_TIME, .state = "accepted", .reason = REASON, .ended_at = ENDED },
	  WATCH_ACCEPTED },
	{ "lead time withdrawn",
	  { LEAD_TIME, .state = "withdrawn", .reason = "late facts undid it",
	    .ended_at = ENDED },
	  WATCH_WITHDRAWN },
	{ "lead time acknowledged",
	  { FIRES, LEAD_TIME, .note = "Jane Doe looks at it" },
	  N_WATCH_EVENTS },
	{ "lead time better",
	  { FIRES, OF(SCOPE_TEAM, "payments", NULL, "production"), TIMES(ONSET),
	    REGRESSION, .metric = "change_lead_time", .direction = SHIFT_BETTER,
	    .engine = SHIFT_LEVEL, .false_alerts = 0.25,
	    .shift = { .usable = true,
		       .gate = true,
		       .score = 4.1,
		       .window = 1,
		       .ratio = 0.5,
		       .ratio_lo = 0.31,
		       .ratio_hi = 0.8,
		       .before = { BEFORE, .n = 402, .median = 90061, .p85 = 864000,
				   NO_RATE },
		       .after = { AFTER, .n = 1, .median = 1200, .p85 = 1200,
				  NO_RATE } } },
	  WATCH_FIRED },
	{ "frequency fired",
	  { FIRES, OF(SCOPE_TEAM, "payments", NULL, "eu"), TIMES(ONSET), REGRESSION,
	    .metric = "deployment_frequency", .engine = SHIFT_COUNT, .false_alerts = 0.1,
	    .shift = { .usable = true,
		       .gate = true,
		       .score = 3.6,
		       .window = 4,
		       .ratio = 0.48,
		       .ratio_lo = 0.34,
		       .ratio_hi = 0.7,
		       .before = { BEFORE, .n = 392, .rate = 9.8, NO_SIDE },
		       .after = { AFTER, .n = 19, .rate = 4.72, NO_SIDE } } },
	  WATCH_FIRED },
	{ "fail rate fired",
	  { FIRES, OF(SCOPE_TEAM, "payments", NULL, "production"), TIMES(ONSET),
	    REGRESSION, .metric = "change_fail_rate", .engine = SHIFT_SHARE,
	    .false_alerts = 0.9, .parts = fail_parts, .n_parts = G_N_ELEMENTS(fail_parts),
	    .shift = { .usable = true,
		       .gate = true,
		       .score = 1.7,
		       .window = 4,
		       .ratio = 2.31,
		       .ratio_lo = 0.93,
		       .ratio_hi = 12.4,
		       .before = { BEFORE, .n = 770, .failed = 40, .rate = 0.0519,
				   NO_SIDE },
		       .after = { AFTER, .n = 75, .failed = 9, .rate = 0.12,
				  NO_SIDE } } },
	  WATCH_FIRED },
	{ "restore fired",
	  { FIRES, OF(SCOPE_SERVICE, "payments", "billing-api", "production"),
	    TIMES(WINTER), REGRESSION, .metric = "time_to_restore", .engine = SHIFT_SPANS,
	    .false_alerts = 2.2,
	    .shift = { .usable = true,
		       .gate = true,
		       .score = 8,
		       .window = 5,
		       .ratio = 12.3,
		       .ratio_lo = NAN,
		       .ratio_hi = NAN,
		       .before = { BEFORE, .n = 40, .median = 1500, .p85 = 5400,
				   NO_RATE },
		       .after = { AFTER, .n = 5, .median = 17640, .p85 = 700000,
				  NO_RATE } } },
	  WATCH_FIRED },
	{ "guardrail fired", { FIRES, GUARDRAIL }, WATCH_FIRED },
	{ "guardrail resolved",
	  { GUARDRAIL, .state = "resolved", .ended_at = ENDED },
	  WATCH_RESOLVED },
	{ "guardrail of a percentile",
	  { FIRES, OF(SCOPE_TEAM, "payments", NULL, "production"), TIMES(ONSET),
	    .kind = WATCH_GUARDRAIL, .name = "slow", .metric = "change_lead_time",
	    .statistic = (char *)"p95", .unit = (char *)"seconds", .began_before = true,
	    .false_alerts = NAN,
	    .shift = { .score = NAN,
		       .ratio = NAN,
		       .before = { .rate = 259200 },
		       .after = { AFTER, .rate = 452100, .n = 40 } } },
	  WATCH_FIRED },
	{ "guardrail of a number",
	  { FIRES, OF(SCOPE_TEAM, "payments", NULL, "production"), TIMES(ONSET),
	    .kind = WATCH_GUARDRAIL, .name = "enough", .metric = "change_fail_rate",
	    .statistic = (char *)"n", .false_alerts = NAN,
	    .shift = { .score = NAN,
		       .ratio = NAN,
		       .before = { .rate = 5 },
		       .after = { AFTER, .rate = 1, .n = 1 } } },
	  WATCH_FIRED },
	{ "incident fired", { FIRES, INCIDENT }, WATCH_FIRED },
	{ "incident resolved", { INCIDENT, ENDS("resolved") }, WATCH_RESOLVED },
	{ "source stale", { SELF, FIRES, STALE, LOST }, WATCH_FIRED },
	{ "source stale resolved",
	  { SELF, ENDS("resolved"), STALE, LOST },
	  WATCH_RESOLVED },
	{ "source stale withdrawn",
	  { SELF, ENDS("withdrawn"), STALE, GONE },
	  WATCH_WITHDRAWN },
	{ "source denied", { SELF, FIRES, DENIED, .reason = "status 401" }, WATCH_FIRED },
	{ "source denied resolved",
	  { SELF, ENDS("resolved"), DENIED, .reason = "status 401" },
	  WATCH_RESOLVED },
	{ "source denied withdrawn",
	  { SELF, ENDS("withdrawn"), DENIED, GONE },
	  WATCH_WITHDRAWN },
	{ "rule without match",
	  { SELF, FIRES, UNMATCHED, .reason = "rule 2 (jobs \"deploy.*\") of source ci" },
	  WATCH_FIRED },
	{ "rule without match, long",
	  { SELF, FIRES, UNMATCHED,
	    .reason = "ci is read, but no rule of this service has found a deployment "
		      "there: dorad doctor ci says what they would find" },
	  WATCH_FIRED },
	{ "source stale, nasty", { SELF, FIRES, STALE, .reason = NASTY }, WATCH_FIRED },
	{ "rule without match resolved",
	  { SELF, ENDS("resolved"), UNMATCHED, .reason = "rule 2 of source ci" },
	  WATCH_RESOLVED },
	{ "rule without match withdrawn",
	  { SELF, ENDS("withdrawn"), UNMATCHED, GONE },
	  WATCH_WITHDRAWN },
	{ "nasty names",
	  { FIRES, LEAD_TIME_OF("<a&b> \"ü\"\r\nSubject: x \xff\xe2\x80\xae.",
				nasty_parts, 2.65) },
	  WATCH_FIRED },
};

const char *const alert_samples[] = {
	"lead time fired",
	"lead time faint",
	"lead time worsened",
	"lead time surer",
	"lead time resolved",
	"lead time accepted by somebody",
	"lead time accepted",
	"lead time withdrawn",
	"lead time acknowledged",
	"lead time better",
	"frequency fired",
	"fail rate fired",
	"restore fired",
	"guardrail fired",
	"guardrail resolved",
	"guardrail of a percentile",
	"guardrail of a number",
	"incident fired",
	"incident resolved",
	"source stale",
	"source stale resolved",
	"source stale withdrawn",
	"source denied",
	"source denied resolved",
	"source denied withdrawn",
	"rule without match",
	"rule without match, long",
	"source stale, nasty",
	"rule without match resolved",
	"rule without match withdrawn",
	"nasty names",
	"two fired",
	"one of two resolved",
	"two got worse",
	"twenty-five fired",
	NULL,
};

static void add(struct outbox_message *message, const char *name, bool told)
{
	const struct sample *sample = samples;
	struct alert_row row;
	struct outbox_event event;

	while (strcmp(sample->name, name) != 0)
		sample++;
	row = sample->row;
	row.alert_id = 41 + message->alerts->len;
	row.group_id = message->group_id;
	row.origin = message->origin;
	if (sample->event == N_WATCH_EVENTS)
		row.acked_at = ENDED;
	g_array_append_val(message->alerts, row);
	message->ended = message->ended && strcmp(row.state, "firing") != 0;
	event = (struct outbox_event){
		.alert_id = row.alert_id,
		.event = sample->event,
		.at = row.ended_at == INSTANT_NONE ? FIRED : row.ended_at,
	};
	if (told && sample->event != N_WATCH_EVENTS)
		g_array_append_val(message->events, event);
	message->update = message->update || sample->event != WATCH_FIRED;
}

struct outbox_message *alert_sample(const char *name)
{
	struct outbox_message *message;

	if (!g_strv_contains(alert_samples, name))
		return NULL;
	message = g_new0(struct outbox_message, 1);
	message->channel = "team";
	message->origin = (char *)"1a2b3c4d";
	message->group_id = 12;
	message->version = 345;
	message->ended = true;
	message->events = g_array_new(FALSE, FALSE, sizeof(struct outbox_event));
	message->alerts = g_array_new(FALSE, FALSE, sizeof(struct alert_row));
	if (strcmp(name, "two fired") == 0) {
		add(message, "lead time fired", true);
		add(message, "fail rate fired", true);
	} else if (strcmp(name, "two got worse") == 0) {
		add(message, "lead time worsened", true);
		add(message, "lead time surer", true);
	} else if (strcmp(name, "one of two resolved") == 0) {
		add(message, "lead time resolved", true);
		add(message, "fail rate fired", false);
	} else if (strcmp(name, "twenty-five fired") == 0) {
		for (guint i = 0; i < 25; i++)
			add(message, "lead time fired", true);
	} else {
		add(message, name, true);
	}
	return message;
}

void alert_sample_free(struct outbox_message *message)
{
	if (!message)
		return;
	g_array_unref(message->events);
	g_array_unref(message->alerts);
	g_free(message);
}
