-- What is watched, how it stands, what was told of it and what waits to be told. Days are
-- local dates of the scope's zone; instants are when something was so, or (recorded_at, …)
-- when that was written.

-- When the alerts of a scope have to be looked at again, and the fingerprint of what was to
-- be watched when they last were.
ALTER TABLE dorad.scope ADD COLUMN alerts_due_at timestamptz,
	ADD COLUMN alerts_definition text;

-- Days as the program counts them (since 1970), of which the least is none.
CREATE FUNCTION dorad.day(n int) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN date '1970-01-01' + nullif(n, '-2147483648'::int);
CREATE FUNCTION dorad.day_number(d date) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(d - date '1970-01-01', '-2147483648'::int);
-- N : 1, of its logarithm; where that is more than can be said, the most that can.
CREATE FUNCTION dorad.evidence(score double precision) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN exp(CASE WHEN score > 700 THEN 700 ELSE score END);

-- When anything happened: one of a day is looked for at a time.
CREATE INDEX commit_committed ON dorad.commit (repo_id, committed_at);
CREATE INDEX deployment_happened ON dorad.deployment
	(service_id, coalesce(finished_at, started_at));

-- The newest spans before a day.
CREATE INDEX service_incident_started ON dorad.service_incident
	(service_id, environment, started_at) WHERE excluded IS NULL;
CREATE INDEX rollout_state_failed ON dorad.rollout_state
	(service_id, environment, finished_at) WHERE state = 'failed';

-- A series that is watched, and all that its next day is judged by (metrics/watch.h).
-- scope_id NULL: of the daemon itself. Not active: nothing watches it any longer; what is
-- here is kept for its history. measured: how, as far as what is frozen hangs on it.
CREATE TABLE dorad.watch (
	watch_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	scope_id int REFERENCES dorad.scope,
	kind text NOT NULL CHECK (kind IN ('regression', 'guardrail', 'incident', 'self')),
	name text NOT NULL,
	metric text NOT NULL,
	environment text NOT NULL,
	direction text NOT NULL CHECK (direction IN ('worse', 'better')),
	state text NOT NULL CHECK (state IN ('learning', 'ok', 'pending', 'firing')),
	silent boolean NOT NULL,
	judged date,
	since date,
	streak int NOT NULL,
	calm int NOT NULL,
	quiet int NOT NULL,
	silence int NOT NULL DEFAULT 0,
	measured text,
	baseline_start date,
	suspected date,
	fired date,
	frozen_base double precision,
	frozen_low double precision,
	frozen_high double precision,
	frozen_effect double precision,
	frozen_onset date,
	fired_score double precision,
	fired_ratio double precision,
	worsened boolean NOT NULL,
	lacking int NOT NULL,
	score double precision,
	ratio double precision,
	alert_id bigint,
	active boolean NOT NULL DEFAULT true,
	UNIQUE NULLS NOT DISTINCT (scope_id, kind, name, metric, environment, direction),
	CHECK (scope_id IS NOT NULL OR kind = 'self'),
	CHECK (alert_id IS NULL OR active)
) WITH (fillfactor = 50);

-- Alerts that are told together. scope_id: a team, or an org; NULL: the daemon.
CREATE TABLE dorad.alert_group (
	group_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	scope_id int REFERENCES dorad.scope,
	made_at timestamptz NOT NULL
);

CREATE INDEX alert_group_scope ON dorad.alert_group (scope_id, group_id);

-- One life of a watch, from firing to its end. Who has it in a group has it told; notified:
-- the channels of NOTIFY that were. Numbers of guardrails and incidents: after_rate is the
-- value, before_rate the limit, in unit. org, team, service: whose it was when it fired,
-- services: which its scope had then. sensitivity, gate: by which it did.
CREATE TABLE dorad.alert (
	alert_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	watch_id int NOT NULL REFERENCES dorad.watch,
	group_id bigint REFERENCES dorad.alert_group,
	scope_id int REFERENCES dorad.scope,
	org text,
	team text,
	service text,
	kind text NOT NULL CHECK (kind IN ('regression', 'guardrail', 'incident', 'self')),
	name text NOT NULL,
	metric text NOT NULL,
	environment text NOT NULL,
	direction text NOT NULL CHECK (direction IN ('worse', 'better')),
	state text NOT NULL
		CHECK (state IN ('firing', 'resolved', 'accepted', 'withdrawn')),
	reason text,
	rule text,
	sensitivity text CHECK (sensitivity IN ('default', 'high', 'low')),
	gate double precision,
	services int[],
	engine text CHECK (engine IN ('level', 'count', 'share', 'spans')),
	time_zone text NOT NULL,
	onset timestamptz,
	first_seen_at timestamptz,
	fired_at timestamptz NOT NULL,
	ended_at timestamptz,
	window_size int,
	threshold double precision,
	score double precision,
	effect double precision,
	ratio double precision,
	ratio_lo double precision,
	ratio_hi double precision,
	fired_ratio double precision,
	before_from date,
	before_to date,
	before_n bigint,
	before_median double precision,
	before_p85 double precision,
	before_rate double precision,
	before_failed bigint,
	after_from date,
	after_to date,
	after_n bigint,
	after_median double precision,
	after_p85 double precision,
	after_rate double precision,
	after_failed bigint,
	statistic text,
	unit text,
	began_before boolean NOT NULL DEFAULT false,
	false_alerts double precision,
	parts jsonb,
	worsened boolean NOT NULL DEFAULT false,
	notified text[] NOT NULL DEFAULT '{}',
	acked_at timestamptz,
	note text,
	CHECK ((state = 'firing') = (ended_at IS NULL)),
	CHECK (direction = 'worse' OR group_id IS NULL)
);

CREATE INDEX alert_watch ON dorad.alert (watch_id);
CREATE INDEX alert_group_alerts ON dorad.alert (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX alert_firing ON dorad.alert (scope_id) WHERE state = 'firing';

ALTER TABLE dorad.watch ADD FOREIGN KEY (alert_id) REFERENCES dorad.alert;

-- Each at most once as of an instant: whoever repeats a transaction repeats none of them.
CREATE TABLE dorad.alert_event (
	event_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	watch_id int NOT NULL REFERENCES dorad.watch,
	alert_id bigint REFERENCES dorad.alert,
	event text NOT NULL CHECK (event IN ('learned', 'unlearned', 'suspected', 'cleared',
		'fired', 'worsened', 'resolved', 'accepted', 'withdrawn', 'nodata', 'data')),
	at timestamptz NOT NULL,
	recorded_at timestamptz NOT NULL,
	score double precision,
	ratio double precision,
	reason text,
	UNIQUE (watch_id, at, event)
);

CREATE INDEX alert_event_alert ON dorad.alert_event (alert_id, event_id)
	WHERE alert_id IS NOT NULL;

-- What a channel is to be told, written with what happened. due_at: not before; whoever
-- takes a row to deliver it moves it ahead, so that nobody else does meanwhile; taken_at:
-- since when nobody has said what came of that. unsure: it may have arrived by an attempt of
-- before. gathers_until: until then it waits for more of its group.
CREATE TABLE dorad.outbox (
	outbox_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	event_id bigint NOT NULL REFERENCES dorad.alert_event,
	alert_id bigint NOT NULL REFERENCES dorad.alert,
	group_id bigint NOT NULL REFERENCES dorad.alert_group,
	channel text NOT NULL,
	state text NOT NULL DEFAULT 'waiting'
		CHECK (state IN ('waiting', 'delivered', 'folded')),
	attempts int NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL,
	gathers_until timestamptz,
	taken_at timestamptz,
	unsure boolean NOT NULL DEFAULT false,
	failed_at timestamptz,
	failure text,
	failure_kind text CHECK (failure_kind IN ('retry', 'denied', 'data', 'config')),
	delivered_at timestamptz,
	UNIQUE (event_id, channel),
	CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) WITH (fillfactor = 70);

CREATE INDEX outbox_waiting ON dorad.outbox (channel, group_id, due_at)
	WHERE state = 'waiting';
CREATE INDEX outbox_delivered ON dorad.outbox (channel, delivered_at)
	WHERE state = 'delivered';
CREATE INDEX outbox_over ON dorad.outbox (due_at) WHERE state <> 'waiting';
CREATE INDEX outbox_alert ON dorad.outbox (alert_id, channel);
CREATE INDEX outbox_group ON dorad.outbox (group_id, channel);

-- Channels that there are or were, and a digest of their kind and address: whose name changes
-- is found again by that.
CREATE TABLE dorad.channel (
	name text PRIMARY KEY,
	address text NOT NULL
);

CREATE INDEX channel_address ON dorad.channel (address);

-- How reminding a channel of what fires goes. attempts: that failed, since the last that did
-- not; left_until: when it asked to be left alone.
CREATE TABLE dorad.reminder (
	channel text PRIMARY KEY,
	attempts int NOT NULL DEFAULT 0,
	reminded_at timestamptz,
	failed_at timestamptz,
	failure text,
	failure_kind text CHECK (failure_kind IN ('retry', 'denied', 'data', 'config')),
	left_until timestamptz
) WITH (fillfactor = 50);

-- What tells this database from others, made once: receivers may hear of alerts of several,
-- whose numbers are the same.
INSERT INTO dorad.setting (name, value) VALUES ('origin', left(gen_random_uuid()::text, 8));

-- NULL: any. Whoever takes it back lets it end then.
CREATE TABLE dorad.mute (
	mute_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	alert_id bigint REFERENCES dorad.alert,
	scope_id int REFERENCES dorad.scope,
	metric text,
	from_at timestamptz NOT NULL,
	until_at timestamptz NOT NULL,
	reason text NOT NULL,
	CHECK (from_at <= until_at)
);

CREATE INDEX mute_until ON dorad.mute (until_at);

CREATE TABLE dorad.change_point (
	scope_id int NOT NULL REFERENCES dorad.scope,
	environment text NOT NULL,
	metric text NOT NULL,
	at timestamptz NOT NULL,
	before double precision,
	after double precision,
	PRIMARY KEY (scope_id, environment, metric, at)
);

-- A scope, and what it lies in: by these, too, it is muted.
CREATE VIEW dorad.within AS
	SELECT s.scope_id, p.scope_id AS parent_id
	FROM dorad.scope s JOIN dorad.scope p ON p.scope_id = s.scope_id
		OR (p.kind = 'team' AND s.kind = 'service' AND p.scope_id = s.parent_id)
		OR (p.kind = 'org' AND p.name = s.org);

-- Every mute of every alert, whenever it was.
CREATE VIEW dorad.alert_mute AS
	SELECT a.alert_id, m.mute_id, m.from_at, m.until_at
	FROM dorad.alert a JOIN dorad.mute m
		ON (m.alert_id IS NULL OR m.alert_id = a.alert_id)
		AND (m.metric IS NULL OR m.metric = a.metric)
		AND (m.scope_id IS NULL OR EXISTS (SELECT FROM dorad.within w
			WHERE w.scope_id = a.scope_id AND w.parent_id = m.scope_id));

CREATE VIEW dora.alerts AS
	SELECT a.alert_id AS alert, a.kind, a.org, a.team, a.service, a.environment,
		a.metric, a.name, a.direction, a.state,
		CASE WHEN a.kind <> 'regression' THEN NULL
			WHEN a.score >= ln(30::double precision) THEN 'very strong'
			WHEN a.score >= ln(10::double precision) THEN 'strong'
			WHEN a.score >= ln(5::double precision) THEN 'likely' END AS strength,
		a.onset, a.first_seen_at, a.fired_at, a.ended_at, a.reason,
		a.rule, a.sensitivity, a.engine,
		CASE WHEN a.engine <> 'spans' THEN a.window_size END AS window_weeks,
		CASE a.kind WHEN 'guardrail' THEN a.window_size END AS window_days,
		a.before_n, a.before_median, a.before_p85, a.before_rate, a.before_failed,
		a.after_n, a.after_median, a.after_p85, a.after_rate, a.after_failed,
		a.unit, a.ratio, a.ratio_lo, a.ratio_hi, dorad.evidence(a.score) AS evidence,
		exp(a.threshold) AS evidence_needed,
		a.before_from AS baseline_from, a.before_to AS baseline_to,
		a.after_from, a.after_to, a.parts, a.worsened,
		a.false_alerts AS false_alerts_per_year,
		a.acked_at AS acknowledged_at, a.note AS acknowledged_note,
		(SELECT max(m.until_at) FROM dorad.alert_mute m WHERE m.alert_id = a.alert_id
			AND m.from_at <= now() AND m.until_at > now()) AS muted_until,
		a.group_id, a.time_zone, a.fired_ratio, a.statistic, a.began_before
	FROM dorad.alert a;

COMMENT ON VIEW dora.alerts IS 'Every alert: a metric that got worse (or better), a guardrail that was breached, an incident that is open for very long, or the daemon in trouble, from when it fired to its end. What got better is here, and is never told to channels. Numbers are those of when it fired, or of when it got worse since. Evidence is an order, not a probability.';
COMMENT ON COLUMN dora.alerts.alert IS 'Number of the alert.';
COMMENT ON COLUMN dora.alerts.kind IS 'regression (a change found in the samples), guardrail (a limit of the configuration), incident (open for longer than others were) or self (of the daemon and its sources).';
COMMENT ON COLUMN dora.alerts.org IS 'Organization: name in the configuration, as it was when it fired; NULL of kind self.';
COMMENT ON COLUMN dora.alerts.team IS 'Team whose it was when it fired: name in the configuration; NULL for a whole organization and of kind self.';
COMMENT ON COLUMN dora.alerts.service IS 'Service: name in the configuration, as it was when it fired; NULL for a whole team or organization and of kind self.';
COMMENT ON COLUMN dora.alerts.environment IS 'Rollout group: environment in dora.series; empty of kind self.';
COMMENT ON COLUMN dora.alerts.metric IS 'metric in dora.series; of kind self source_stale, source_denied, rule_matched_nothing or channel_failing.';
COMMENT ON COLUMN dora.alerts.name IS 'Of a guardrail: its name in the configuration; of an incident: its source, project and number; of kind self: the source, service or channel it is about; else empty.';
COMMENT ON COLUMN dora.alerts.direction IS 'worse, or better, which is for information alone.';
COMMENT ON COLUMN dora.alerts.state IS 'firing; resolved: it is over; accepted: it lasted, or somebody said so, and is the new normal; withdrawn: late facts or other services undid it, too few authors are left, nothing was heard for 28 days, it is measured differently now, or nothing watches it any longer.';
COMMENT ON COLUMN dora.alerts.strength IS 'Evidence in a word: likely from 5, strong from 10, very strong from 30; NULL below and where there is no evidence.';
COMMENT ON COLUMN dora.alerts.onset IS 'First instant of the first day of the new level, in the time zone of the scope; of an incident when it started.';
COMMENT ON COLUMN dora.alerts.first_seen_at IS 'End of the first day on which the condition held.';
COMMENT ON COLUMN dora.alerts.fired_at IS 'End of the day with which it fired.';
COMMENT ON COLUMN dora.alerts.ended_at IS 'End of the day with which it ended, or when somebody accepted it; NULL while it fires.';
COMMENT ON COLUMN dora.alerts.reason IS 'Why it ended, in words; of kind self: what is wrong. NULL: nothing to add.';
COMMENT ON COLUMN dora.alerts.rule IS 'Name of the rule of alerts.rules that watches it; NULL but of regressions and incidents.';
COMMENT ON COLUMN dora.alerts.sensitivity IS 'default, high or low; NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.engine IS 'What it was found by: level (durations), count (deployments), share (rates) or spans (few durations); NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.window_weeks IS 'Weeks of the window with the most evidence; NULL of engine spans and but of regressions.';
COMMENT ON COLUMN dora.alerts.window_days IS 'Days of the window of a guardrail; else NULL.';
COMMENT ON COLUMN dora.alerts.before_n IS 'Count of samples in the weeks before: durations or deployments; of an incident: of incidents restored in the year before; else 0 or NULL.';
COMMENT ON COLUMN dora.alerts.before_median IS 'Median before, in seconds; NULL of engines count and share, and of fewer different authors than privacy.minimum_authors.';
COMMENT ON COLUMN dora.alerts.before_p85 IS '85th percentile before, in seconds, interpolated as by percentile_cont; NULL as before_median.';
COMMENT ON COLUMN dora.alerts.before_rate IS 'Engine count: deployments in an ordinary week before; share: failed / deployments before (from 0 to 1); guardrail: its limit, in unit; incident: what 95 % of those before took at most, in unit; else NULL.';
COMMENT ON COLUMN dora.alerts.before_failed IS 'Engine share: count of failed (or unplanned) deployments before; else 0 or NULL.';
COMMENT ON COLUMN dora.alerts.after_n IS 'Count of samples since onset; of a guardrail in its window.';
COMMENT ON COLUMN dora.alerts.after_median IS 'Median since onset, in seconds; NULL as before_median.';
COMMENT ON COLUMN dora.alerts.after_p85 IS '85th percentile since onset, in seconds; NULL as before_median.';
COMMENT ON COLUMN dora.alerts.after_rate IS 'As before_rate, since onset; guardrail: its value, in unit; incident: how long it had been open when it fired, in unit.';
COMMENT ON COLUMN dora.alerts.after_failed IS 'As before_failed, since onset.';
COMMENT ON COLUMN dora.alerts.unit IS 'Of a guardrail: unit in dora.guardrails, NULL for counts and ratios; of an incident: seconds; else NULL.';
COMMENT ON COLUMN dora.alerts.ratio IS 'After divided by before: 2 is doubled, 0.5 halved. NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.ratio_lo IS 'Lower end of the 90 % range of ratio; NULL where there is none.';
COMMENT ON COLUMN dora.alerts.ratio_hi IS 'Upper end of the 90 % range of ratio; NULL where there is none.';
COMMENT ON COLUMN dora.alerts.evidence IS 'Evidence for a change against none, N : 1 (a Bayes factor, averaged over the windows that were looked at). Not a probability; NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.evidence_needed IS 'What evidence has to reach at the default sensitivity, N : 1; NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.baseline_from IS 'First day of what it is compared with, in the time zone of the scope; NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.baseline_to IS 'Last day of what it is compared with; NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.after_from IS 'First day of what is compared, of a guardrail of its window; NULL of kinds incident and self.';
COMMENT ON COLUMN dora.alerts.after_to IS 'Last day of it.';
COMMENT ON COLUMN dora.alerts.parts IS 'Which services the samples since onset are of, largest first: an array of objects with name, n and of (n of how many); NULL where there is one.';
COMMENT ON COLUMN dora.alerts.worsened IS 'True if it got worse after it fired (evidence above 30, or ratio doubled), and that was told.';
COMMENT ON COLUMN dora.alerts.false_alerts_per_year IS 'How many false alerts a year are to be expected of a series like this one, measured by simulation; NULL where that is not known.';
COMMENT ON COLUMN dora.alerts.acknowledged_at IS 'When somebody acknowledged it; NULL: nobody has.';
COMMENT ON COLUMN dora.alerts.acknowledged_note IS 'What was noted then; NULL: nothing.';
COMMENT ON COLUMN dora.alerts.muted_until IS 'Channels are not told of it before; NULL: it is not muted.';
COMMENT ON COLUMN dora.alerts.group_id IS 'Alerts with the same number are told together; NULL of what is never told.';
COMMENT ON COLUMN dora.alerts.time_zone IS 'Time zone of the scope when it fired: its days are of this zone.';
COMMENT ON COLUMN dora.alerts.fired_ratio IS 'ratio when it fired, whatever it came to since; NULL but of regressions.';
COMMENT ON COLUMN dora.alerts.statistic IS 'Of a guardrail: statistic in dora.guardrails; else NULL.';
COMMENT ON COLUMN dora.alerts.began_before IS 'True of a guardrail that was breached before onset, too, on days that were not judged so: onset is then the first that was. Else false.';

CREATE VIEW dora.alert_history AS
	SELECT e.event_id, e.alert_id AS alert, w.kind, o.org, o.team, o.service,
		w.environment, w.metric, w.name, w.direction,
		e.event, e.at, e.recorded_at, dorad.evidence(nullif(e.score, -1)) AS evidence, e.ratio, e.reason
	FROM dorad.alert_event e JOIN dorad.watch w USING (watch_id)
	LEFT JOIN dorad.alert a ON a.alert_id = e.alert_id
	LEFT JOIN dorad.scope s ON s.scope_id = w.scope_id
	CROSS JOIN LATERAL (SELECT CASE WHEN a.alert_id IS NULL THEN s.org ELSE a.org END,
		CASE WHEN a.alert_id IS NULL THEN s.team ELSE a.team END,
		CASE WHEN a.alert_id IS NULL THEN s.service ELSE a.service END)
		AS o (org, team, service);

COMMENT ON VIEW dora.alert_history IS 'Everything that happened to what is watched, alert or not: every change of its state.';
COMMENT ON COLUMN dora.alert_history.event_id IS 'Number of the event, ascending.';
COMMENT ON COLUMN dora.alert_history.alert IS 'alert in dora.alerts; NULL for what happened while none fired.';
COMMENT ON COLUMN dora.alert_history.kind IS 'regression, guardrail, incident or self.';
COMMENT ON COLUMN dora.alert_history.org IS 'Organization: name in the configuration; NULL of kind self.';
COMMENT ON COLUMN dora.alert_history.team IS 'Team: name in the configuration; of an alert the one when it fired; NULL for a whole organization and of kind self.';
COMMENT ON COLUMN dora.alert_history.service IS 'Service: name in the configuration; NULL for a whole team or organization and of kind self.';
COMMENT ON COLUMN dora.alert_history.environment IS 'Rollout group: environment in dora.series; empty of kind self.';
COMMENT ON COLUMN dora.alert_history.metric IS 'metric in dora.alerts.';
COMMENT ON COLUMN dora.alert_history.name IS 'name in dora.alerts.';
COMMENT ON COLUMN dora.alert_history.direction IS 'worse or better.';
COMMENT ON COLUMN dora.alert_history.event IS 'learned (there is enough to judge), unlearned, suspected, cleared, fired, worsened, resolved, accepted, withdrawn, nodata (nothing is heard of the sources; of a guardrail also: fewer samples than its minimum) or data.';
COMMENT ON COLUMN dora.alert_history.at IS 'As of when: the end of the day that was judged, or when somebody said so.';
COMMENT ON COLUMN dora.alert_history.recorded_at IS 'When it was written.';
COMMENT ON COLUMN dora.alert_history.evidence IS 'Evidence of that day, N : 1; not a probability. NULL where there is none.';
COMMENT ON COLUMN dora.alert_history.ratio IS 'After divided by before, of that day; NULL where there is none.';
COMMENT ON COLUMN dora.alert_history.reason IS 'Why, in words; NULL: nothing to add.';

CREATE VIEW dora.watches AS
	SELECT w.kind, s.org, s.team, s.service, w.environment, w.metric, w.name, w.direction,
		w.state, d.since, d.judged AS judged_day,
		-- 52 stands for more than is foreseen (metrics/shift.h)
		CASE WHEN w.state = 'learning' AND w.lacking BETWEEN 1 AND 51
			THEN w.lacking END AS lacking_weeks,
		w.silent AS nodata,
		(SELECT max(m.until_at) FROM dorad.mute m
			WHERE m.from_at <= now() AND m.until_at > now()
			AND (m.alert_id IS NULL OR m.alert_id = w.alert_id)
			AND (m.metric IS NULL OR m.metric = w.metric)
			AND (m.scope_id IS NULL OR EXISTS (SELECT FROM dorad.within p
				WHERE p.scope_id = w.scope_id AND p.parent_id = m.scope_id)))
			AS muted_until,
		dorad.evidence(nullif(w.score, -1)) AS evidence, w.ratio, w.baseline_start AS baseline_from,
		w.alert_id AS alert,
		CASE WHEN w.state <> 'learning' THEN NULL WHEN w.lacking < 0 THEN 'few authors'
			WHEN w.lacking >= 52 THEN 'too few to say' END AS reason
	FROM dorad.watch w LEFT JOIN dorad.scope s USING (scope_id)
	-- what the daemon says of itself is counted in minutes
	CROSS JOIN LATERAL (SELECT CASE w.kind WHEN 'self' THEN
			dorad.day(div(w.since - date '1970-01-01', 1440)::int) ELSE w.since END,
		CASE w.kind WHEN 'self' THEN
			dorad.day(div(w.judged - date '1970-01-01', 1440)::int) ELSE w.judged END)
		AS d (since, judged)
	WHERE w.active AND coalesce(s.active, true);

COMMENT ON VIEW dora.watches IS 'Every series that is watched, and how it stands: also those of which there is too little to say anything yet.';
COMMENT ON COLUMN dora.watches.kind IS 'regression, guardrail, incident (only while it fires) or self (of the daemon and its sources).';
COMMENT ON COLUMN dora.watches.org IS 'Organization: name in the configuration; NULL of kind self.';
COMMENT ON COLUMN dora.watches.team IS 'Team: name in the configuration; NULL for a whole organization and of kind self.';
COMMENT ON COLUMN dora.watches.service IS 'Service: name in the configuration; NULL for a whole team or organization and of kind self.';
COMMENT ON COLUMN dora.watches.environment IS 'Rollout group: environment in dora.series; empty of kind self.';
COMMENT ON COLUMN dora.watches.metric IS 'metric in dora.alerts.';
COMMENT ON COLUMN dora.watches.name IS 'name in dora.alerts.';
COMMENT ON COLUMN dora.watches.direction IS 'What is looked for: worse or better.';
COMMENT ON COLUMN dora.watches.state IS 'learning (too little to judge, which is not ok), ok, pending (the condition holds, not yet for long enough) or firing.';
COMMENT ON COLUMN dora.watches.since IS 'Day on which the state began, in the time zone of the scope; NULL before the first day.';
COMMENT ON COLUMN dora.watches.judged_day IS 'Last day that was looked at, in the time zone of the scope; NULL: none yet.';
COMMENT ON COLUMN dora.watches.lacking_weeks IS 'State learning: about how many more weeks of data are needed; NULL if that is not what is lacking (reason), and else.';
COMMENT ON COLUMN dora.watches.nodata IS 'True if nothing has been heard of its sources for days, or a guardrail has fewer samples than its minimum: nothing is concluded from that, but what fires is withdrawn after 28 days of it.';
COMMENT ON COLUMN dora.watches.muted_until IS 'Channels are not told of it before; NULL: it is not muted.';
COMMENT ON COLUMN dora.watches.evidence IS 'Evidence when it was last judged, N : 1; not a probability. NULL where there is none.';
COMMENT ON COLUMN dora.watches.ratio IS 'After divided by before when it was last judged; NULL where there is none.';
COMMENT ON COLUMN dora.watches.baseline_from IS 'Nothing before this day counts (the last change of level that is known, or was accepted); NULL: everything does.';
COMMENT ON COLUMN dora.watches.alert IS 'alert in dora.alerts that fires; NULL: none.';
COMMENT ON COLUMN dora.watches.reason IS 'State learning: few authors (fewer than privacy.minimum_authors stand behind its last 48 weeks, which are not judged, since they would be numbers of people), or too few to say (so little comes, or nothing, that there will not be enough within half a year); NULL: lacking_weeks are lacking, or it was never judged.';

CREATE VIEW dora.change_points AS
	SELECT s.org, s.team, s.service, c.environment, c.metric, c.at, c.before, c.after
	FROM dorad.change_point c JOIN dorad.scope s USING (scope_id)
	WHERE s.active;

COMMENT ON VIEW dora.change_points IS 'When the level of a metric changed, found in its weekly values afterwards: for charts. Unlike dora.alerts it may change as weeks are added.';
COMMENT ON COLUMN dora.change_points.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.change_points.team IS 'Team: name in the configuration; NULL for a whole organization.';
COMMENT ON COLUMN dora.change_points.service IS 'Service: name in the configuration; NULL for a whole team or organization.';
COMMENT ON COLUMN dora.change_points.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.change_points.metric IS 'metric in dora.series.';
COMMENT ON COLUMN dora.change_points.at IS 'First instant of the first day of the new level, in the time zone of the scope.';
COMMENT ON COLUMN dora.change_points.before IS 'Median of the weekly values before, back to the change before: seconds, a count or a ratio, as value in dora.series. NULL of lead times of fewer different authors than privacy.minimum_authors.';
COMMENT ON COLUMN dora.change_points.after IS 'Median of the weekly values after, up to the next change; NULL likewise.';

CREATE VIEW dora.alert_deliveries AS
	SELECT o.outbox_id AS delivery, o.channel, o.group_id, o.alert_id AS alert, e.event,
		o.state, o.attempts, e.recorded_at,
		CASE WHEN o.state = 'waiting' THEN greatest(o.due_at, o.gathers_until) END
			AS due_at,
		o.failed_at, o.failure, o.delivered_at, o.failure_kind,
		o.unsure AND o.state <> 'delivered' AS may_have_arrived
	FROM dorad.outbox o JOIN dorad.alert_event e USING (event_id);

COMMENT ON VIEW dora.alert_deliveries IS 'What channels were told, and what waits. A message may be of several rows: those of one channel and group that waited together. Channels of NOTIFY are told with the event itself and have no rows.';
COMMENT ON COLUMN dora.alert_deliveries.delivery IS 'Number of the row.';
COMMENT ON COLUMN dora.alert_deliveries.channel IS 'Channel: name in the configuration.';
COMMENT ON COLUMN dora.alert_deliveries.group_id IS 'group_id in dora.alerts.';
COMMENT ON COLUMN dora.alert_deliveries.alert IS 'alert in dora.alerts.';
COMMENT ON COLUMN dora.alert_deliveries.event IS 'What is told: event in dora.alert_history.';
COMMENT ON COLUMN dora.alert_deliveries.state IS 'waiting, delivered, or folded, which is never told: it ended while it was muted, before anything of it was told; it was too old to be news; or the channel left the configuration.';
COMMENT ON COLUMN dora.alert_deliveries.attempts IS 'Count of attempts that failed.';
COMMENT ON COLUMN dora.alert_deliveries.recorded_at IS 'When it was written, with the event.';
COMMENT ON COLUMN dora.alert_deliveries.due_at IS 'When it is tried next, if it is not muted: news waits a minute for more of its group, and five minutes after the last message of it. NULL unless it waits.';
COMMENT ON COLUMN dora.alert_deliveries.failed_at IS 'When the last attempt failed; NULL: none has.';
COMMENT ON COLUMN dora.alert_deliveries.failure IS 'Why the last one failed, without secrets, or why it was folded unless it was muted; NULL: neither.';
COMMENT ON COLUMN dora.alert_deliveries.delivered_at IS 'When the receiver took it; NULL: not yet.';
COMMENT ON COLUMN dora.alert_deliveries.failure_kind IS 'What has to be done about the last failure: retry (it may pass by itself), denied (a credential or certificate was refused), data (the receiver cannot read this message), config (the configuration is wrong); NULL: none has failed, or nobody knows.';
COMMENT ON COLUMN dora.alert_deliveries.may_have_arrived IS 'An attempt ended without an answer, or with one that does not say that nothing was done: the receiver may have it. How that ends is told however long it takes.';

CREATE VIEW dora.alert_mutes AS
	SELECT m.mute_id AS mute, m.alert_id AS alert, s.org, s.team, s.service, m.metric,
		m.from_at AS muted_from, m.until_at AS muted_until, m.reason
	FROM dorad.mute m LEFT JOIN dorad.scope s USING (scope_id);

COMMENT ON VIEW dora.alert_mutes IS 'Mutes, past ones too: what channels are not told of meanwhile. Alerts fire and end as ever.';
COMMENT ON COLUMN dora.alert_mutes.mute IS 'Number of the mute.';
COMMENT ON COLUMN dora.alert_mutes.alert IS 'alert in dora.alerts that it is of; NULL: any.';
COMMENT ON COLUMN dora.alert_mutes.org IS 'Organization that it is of, with all of its teams and services; NULL: any.';
COMMENT ON COLUMN dora.alert_mutes.team IS 'Team that it is of, with all of its services; NULL: any.';
COMMENT ON COLUMN dora.alert_mutes.service IS 'Service that it is of; NULL: any.';
COMMENT ON COLUMN dora.alert_mutes.metric IS 'metric in dora.alerts that it is of; NULL: any.';
COMMENT ON COLUMN dora.alert_mutes.muted_from IS 'From when.';
COMMENT ON COLUMN dora.alert_mutes.muted_until IS 'Until when: as it was set, or when it was taken back.';
COMMENT ON COLUMN dora.alert_mutes.reason IS 'Why.';
