#pragma once

/* What is said of the samples of tests/alerts/alert_sample.c, to the byte. */

static const struct {
	const char *name, *title, *sentence;
} texts[] = {
	{ "lead time fired",
	  "Lead time for changes, payments: 2.1× longer since about 3 March",
	  "Lead time for changes, payments: 2.1× longer since about 3 March. Median 19 h "
	  "→ 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks against "
	  "402 in the 40 weeks before. Evidence 14 : 1, strong. Largest part: "
	  "billing-api (21 of 38). Expect about one false alert in four years of this "
	  "series." },
	{ "lead time faint",
	  "Lead time for changes, payments: 2.1× longer since about 3 March",
	  "Lead time for changes, payments: 2.1× longer since about 3 March. Median 19 h "
	  "→ 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks against "
	  "402 in the 40 weeks before. Evidence 3.5 : 1. Largest part: billing-api (21 "
	  "of "
	  "38). Expect about one false alert in four years of this series." },
	{ "lead time worsened",
	  "Lead time for changes, payments: now 2.1× longer since about 3 March",
	  "Lead time for changes, payments: now 2.1× longer since about 3 March. Median "
	  "19 h → 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks "
	  "against 402 in the 40 weeks before. Evidence 14 : 1, strong. Largest part: "
	  "billing-api (21 of 38). Expect about one false alert in four years of this "
	  "series." },
	{ "lead time surer",
	  "Lead time for changes, payments: very strong evidence now: 2.1× longer since "
	  "about 3 March",
	  "Lead time for changes, payments: very strong evidence now: 2.1× longer since "
	  "about 3 March. Median 19 h → 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). "
	  "38 changes in 4 weeks against 402 in the 40 weeks before. Evidence 40 : 1, "
	  "very strong. Largest part: billing-api (21 of 38). Expect about one false "
	  "alert in four years of this series." },
	{ "lead time resolved",
	  "Lead time for changes, payments: resolved, was 2.1× longer since about 3 "
	  "March",
	  "Lead time for changes, payments: resolved on 4 April. It was 2.1× longer "
	  "since about 3 March. Median 19 h → 41 h, P85 70 h → 148 h (90 % range "
	  "1.4–3.0×). 38 changes in 4 weeks against 402 in the 40 weeks before." },
	{ "lead time accepted by somebody",
	  "Lead time for changes, payments: accepted as the new normal: 2.1× longer "
	  "since about 3 March",
	  "Lead time for changes, payments: accepted as the new normal on 4 April. It is "
	  "2.1× longer since about 3 March. Median 19 h → 41 h, P85 70 h → 148 h (90 % "
	  "range 1.4–3.0×). 38 changes in 4 weeks against 402 in the 40 weeks before. "
	  "From now on it is compared with the weeks since then alone." },
	{ "lead time accepted",
	  "Lead time for changes, payments: accepted as the new normal: 2.1× longer "
	  "since about 3 March",
	  "Lead time for changes, payments: accepted on 4 April: it has lasted so long "
	  "that it is the new normal. It is 2.1× longer since about 3 March. Median 19 h "
	  "→ 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks against "
	  "402 in the 40 weeks before. From now on it is compared with the weeks since "
	  "then alone." },
	{ "lead time withdrawn",
	  "Lead time for changes, payments: withdrawn, was told as 2.1× longer since "
	  "about 3 March",
	  "Lead time for changes, payments: withdrawn on 4 April: late facts undid it. "
	  "It was told as 2.1× longer since about 3 March. Median 19 h → 41 h, P85 70 h "
	  "→ 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks against 402 in the 40 "
	  "weeks before." },
	{ "lead time acknowledged",
	  "Lead time for changes, payments: 2.1× longer since about 3 March",
	  "Lead time for changes, payments: 2.1× longer since about 3 March. Median 19 h "
	  "→ 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks against "
	  "402 in the 40 weeks before. Evidence 14 : 1, strong. Largest part: "
	  "billing-api (21 of 38). Expect about one false alert in four years of this "
	  "series." },
	{ "lead time better",
	  "Lead time for changes, payments: 50 % shorter since about 3 March",
	  "Lead time for changes, payments: 50 % shorter since about 3 March. Median 25 "
	  "h → 20 min, P85 10 d → 20 min (90 % range 20–69 %). 1 change in 1 week "
	  "against 402 in the 40 weeks before. Evidence 60 : 1, very strong." },
	{ "frequency fired",
	  "Deployment frequency, payments (eu): 52 % fewer since about 3 March",
	  "Deployment frequency, payments (eu): 52 % fewer since about 3 March. 9.8 → "
	  "4.7 deployments a week (90 % range 30–66 %). 19 deployments in 4 weeks "
	  "against 392 in the 40 weeks before. Evidence 37 : 1, very strong. Expect "
	  "about one false alert in ten years of this series." },
	{ "fail rate fired",
	  "Change fail rate, payments: 2.3× higher since about 3 March",
	  "Change fail rate, payments: 2.3× higher since about 3 March. 5.2 % → 12 % (90 "
	  "% range 0.93–12×). 9 of 75 deployments failed in 4 weeks against 40 of 770 in "
	  "the 40 weeks before. Evidence 5.5 : 1, likely. Largest parts: billing-api (6 "
	  "of 9), ledger (2 of 9), web (1 of 9). Expect about one false alert a year of "
	  "this series." },
	{ "restore fired",
	  "Time to restore, billing-api: 12× longer since about 1 December 2025",
	  "Time to restore, billing-api: 12× longer since about 1 December 2025. Median "
	  "25 min → 4.9 h, P85 1.5 h → 8.1 d. Last 5 incidents against 40 before. "
	  "Evidence more than 1000 : 1, very strong. Expect about 2 false alerts a year "
	  "of this series." },
	{ "guardrail fired",
	  "Guardrail failures, payments: change fail rate 18.4 %, at most 15 % allowed",
	  "Guardrail failures, payments: change fail rate 18.4 % since 3 March, at most "
	  "15 % "
	  "allowed. Over 28 days, n = 76." },
	{ "guardrail resolved", "Guardrail failures, payments: resolved",
	  "Guardrail failures, payments: resolved on 4 April. The change fail rate was "
	  "18.4 % since 3 March, at most 15 % allowed. Over 28 days, n = 76." },
	{ "guardrail of a percentile",
	  "Guardrail slow, payments: P95 of lead time for changes 5.2 d, at most 72 h "
	  "allowed",
	  "Guardrail slow, payments: P95 of lead time for changes 5.2 d at least since 3 "
	  "March, at most 72 h allowed. Over 28 days, n = 40." },
	{ "guardrail of a number",
	  "Guardrail enough, payments: number of deployments 1, at least 5 allowed",
	  "Guardrail enough, payments: number of deployments 1 since 3 March, at least 5 "
	  "allowed. Over 28 days, n = 1." },
	{ "incident fired", "Incident pagerduty Q1XJ, billing-api: open for 76 h",
	  "Incident pagerduty Q1XJ, billing-api: open for 76 h, since 3 March 00:00 "
	  "(Europe/Berlin). "
	  "Of the 212 that were restored in the year before 95 % took at most 14 h." },
	{ "incident resolved", "Incident pagerduty Q1XJ, billing-api: resolved",
	  "Incident pagerduty Q1XJ, billing-api: resolved on 4 April. It was open since "
	  "3 "
	  "March 00:00 (Europe/Berlin)." },
	{ "source stale", "Source github: not read since 2 March 23:00 (UTC)",
	  "Source github: not read since 2 March 23:00 (UTC). Why: api.example.org: no "
	  "whole answer in time. Its numbers stand still until it is read again. See the "
	  "log, and try \"dorad doctor\"." },
	{ "source denied",
	  "Source github: its credentials have been refused since 2 March 23:00 (UTC)",
	  "Source github: its credentials have been refused since 2 March 23:00 (UTC). "
	  "Why: "
	  "status 401. Nothing is read until its token, password or rights are renewed. "
	  "\"dorad doctor\" tries them." },
	{ "rule without match",
	  "Service billing-api: no rule has found a deployment since 2 March 23:00 (UTC)",
	  "Service billing-api: no rule has found a deployment since 2 March 23:00 "
	  "(UTC). Why: "
	  "rule 2 (jobs \"deploy.*\") of source ci. Compare its rules with what the "
	  "source has. \"dorad doctor\" shows what they would count." },
	{ "source stale resolved", "Source github: is read again",
	  "Source github: is read again." },
	{ "source stale withdrawn", "Source github: no longer watched",
	  "Source github: no longer watched." },
	{ "source denied resolved", "Source github: its credentials are taken again",
	  "Source github: its credentials are taken again." },
	{ "source denied withdrawn", "Source github: no longer watched",
	  "Source github: no longer watched." },
	{ "rule without match, long",
	  "Service billing-api: no rule has found a deployment since 2 March 23:00 (UTC)",
	  "Service billing-api: no rule has found a deployment since 2 March 23:00 "
	  "(UTC). "
	  "Why: ci is read, but no rule of this service has found a deployment there: "
	  "dorad doctor ci says what they would find. Compare its rules with what the "
	  "source has." },
	{ "rule without match resolved", "Service billing-api: its rules match again",
	  "Service billing-api: its rules match again." },
	{ "rule without match withdrawn",
	  "Service billing-api: its rules are no longer watched",
	  "Service billing-api: its rules are no longer watched." },
	{ "nasty names",
	  "Lead time for changes, <a&b> \"ü\"  Subject: x � .: 2.1× longer since about 3 "
	  "March",
	  "Lead time for changes, <a&b> \"ü\"  Subject: x � .: 2.1× longer since about 3 "
	  "March. Median 19 h → 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes "
	  "in 4 weeks against 402 in the 40 weeks before. Evidence 14 : 1, strong. "
	  "Largest part: <!channel> & *x*  Bcc: all@example.org (3 of 4). Expect about "
	  "one false alert in four years of this series." },
	{ "two fired",
	  "payments: 2 alerts: lead time for changes 2.1× longer, change fail rate 2.3× "
	  "higher",
	  "Lead time for changes, payments: 2.1× longer since about 3 March. Median 19 h "
	  "→ 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks against "
	  "402 in the 40 weeks before. Evidence 14 : 1, strong. Largest part: "
	  "billing-api (21 of 38). Expect about one false alert in four years of this "
	  "series." },
	{ "two got worse",
	  "payments: 2 alerts: lead time for changes now 2.1× longer, lead time for "
	  "changes 2.1× longer (very strong evidence now)",
	  "Lead time for changes, payments: now 2.1× longer since about 3 March. Median "
	  "19 h → 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×). 38 changes in 4 weeks "
	  "against 402 in the 40 weeks before. Evidence 14 : 1, strong. Largest part: "
	  "billing-api (21 of 38). Expect about one false alert in four years of this "
	  "series." },
	{ "one of two resolved",
	  "Lead time for changes, payments: resolved, was 2.1× longer since about 3 "
	  "March",
	  "Lead time for changes, payments: resolved on 4 April. It was 2.1× longer "
	  "since about 3 March. Median 19 h → 41 h, P85 70 h → 148 h (90 % range "
	  "1.4–3.0×). 38 changes in 4 weeks against 402 in the 40 weeks before." },
};
