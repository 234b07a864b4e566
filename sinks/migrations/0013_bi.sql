-- For BI tools: all metrics of a week or month side by side, and the dimensions. And what
-- makes questions about many services fast.

-- Where a scope belongs, beside it: the planner knows how many services a team has, and no
-- view has to join for it.
ALTER TABLE dorad.scope
	ADD COLUMN org text,
	ADD COLUMN team text,
	ADD COLUMN service text;

CREATE FUNCTION dorad.place_scopes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE dorad.scope s SET org = p.org, team = p.team, service = p.service
	FROM (SELECT c.scope_id, o.name AS org, t.name AS team,
			CASE c.kind WHEN 'service' THEN c.name END AS service
		FROM dorad.scope c
		LEFT JOIN dorad.scope t ON t.scope_id = CASE c.kind
			WHEN 'team' THEN c.scope_id WHEN 'service' THEN c.parent_id END
		LEFT JOIN dorad.scope o ON o.scope_id = CASE c.kind
			WHEN 'org' THEN c.scope_id ELSE t.parent_id END) p
	WHERE p.scope_id = s.scope_id
	AND (s.org, s.team, s.service) IS DISTINCT FROM (p.org, p.team, p.service);
	RETURN NULL;
END $$;

CREATE TRIGGER place_scopes AFTER INSERT OR UPDATE OF kind, name, parent_id
	ON dorad.scope FOR EACH STATEMENT EXECUTE FUNCTION dorad.place_scopes();

UPDATE dorad.scope SET name = name;

-- The same columns and meaning as before. What is fresh is looked up once a scope, and not
-- at all for who does not ask; OFFSET keeps that a look-up by key. Services that wait are
-- found once a query.
CREATE OR REPLACE VIEW dorad.scope_state AS
	SELECT scope.scope_id, scope.kind, scope.org, scope.team, scope.service,
		state.fresh_until,
		state.clean AND scope.scope_id NOT IN (SELECT o.scope_id
			FROM dorad.attribution_due a JOIN dorad.owner o USING (service_id)
			WHERE o.scope_id IS NOT NULL) AS settled
	FROM dorad.scope scope
	LEFT JOIN LATERAL (
		SELECT CASE WHEN bool_and(x.ok_at IS NOT NULL) THEN min(x.ok_at) END
				AS fresh_until,
			NOT EXISTS (SELECT FROM dorad.dirty d
				WHERE d.scope_id = scope.scope_id) AS clean
		FROM dorad.scope_source u CROSS JOIN LATERAL (
			SELECT s.ok_at FROM dorad.source s
			WHERE s.source_id = u.source_id AND s.active OFFSET 0) x
		WHERE u.scope_id = scope.scope_id
	) state ON true;

-- The primary key finds a metric of a scope; these all metrics of a scope, and one bucket of
-- many scopes.
CREATE INDEX series_scope ON dorad.series (scope_id, grain, bucket_start);
CREATE INDEX series_bucket ON dorad.series (grain, bucket_start, metric);

-- Some instants begin a week, a month and a quarter, most only a day: taken apart, the
-- planner expects a tenth of the rows.
CREATE STATISTICS dorad.series_bucket_grain (dependencies) ON grain, bucket_start
	FROM dorad.series;

-- All metrics of a bucket side by side. Whoever asks for one grain has the others left out
-- before they are grouped.
CREATE VIEW dorad.side_by_side AS
	SELECT s.org, s.team, s.service, r.environment, r.grain, r.bucket_start, r.bucket_end,
		max(r.n) FILTER (WHERE r.metric =
			'deployment_frequency') AS deployments,
		(max(r.numerator) FILTER (WHERE r.metric =
			'deployment_frequency'))::bigint AS deployment_days,
		max(r.p50) FILTER (WHERE r.metric =
			'change_lead_time') AS lead_time_p50,
		max(r.p75) FILTER (WHERE r.metric =
			'change_lead_time') AS lead_time_p75,
		max(r.p90) FILTER (WHERE r.metric =
			'change_lead_time') AS lead_time_p90,
		max(r.n) FILTER (WHERE r.metric =
			'change_lead_time') AS lead_time_n,
		max(r.value) FILTER (WHERE r.metric =
			'change_fail_rate') AS change_fail_rate,
		(max(r.numerator) FILTER (WHERE r.metric =
			'change_fail_rate'))::bigint AS failed,
		max(r.n) FILTER (WHERE r.metric =
			'change_fail_rate') AS known,
		max(r.pending) FILTER (WHERE r.metric =
			'change_fail_rate') AS pending,
		max(r.p50) FILTER (WHERE r.metric =
			'failed_deployment_recovery_time') AS recovery_p50,
		max(r.n) FILTER (WHERE r.metric =
			'failed_deployment_recovery_time') AS recovery_n,
		max(r.still_open) FILTER (WHERE r.metric =
			'failed_deployment_recovery_time') AS recovery_still_open,
		max(r.value) FILTER (WHERE r.metric =
			'deployment_rework_rate') AS rework_rate,
		max(r.mean) FILTER (WHERE r.metric =
			'time_to_restore') AS mttr_mean,
		max(r.p50) FILTER (WHERE r.metric =
			'time_to_restore') AS mttr_p50,
		max(r.n) FILTER (WHERE r.metric =
			'time_to_restore') AS mttr_n,
		max(r.still_open) FILTER (WHERE r.metric =
			'time_to_restore') AS mttr_still_open,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until
	FROM dorad.series r JOIN dorad.scope_state s USING (scope_id)
	WHERE r.metric IN ('deployment_frequency',
		'change_lead_time', 'change_fail_rate',
		'failed_deployment_recovery_time', 'deployment_rework_rate',
		'time_to_restore')
	GROUP BY r.scope_id, r.environment, r.grain, r.bucket_start, r.bucket_end, s.org,
		s.team, s.service, s.fresh_until, s.settled;

CREATE VIEW dora.weekly AS
	SELECT org, team, service, environment, bucket_start, bucket_end,
		deployments, deployment_days, lead_time_p50, lead_time_p75, lead_time_p90,
		lead_time_n, change_fail_rate, failed, known, pending, recovery_p50,
		recovery_n, recovery_still_open, rework_rate, mttr_mean, mttr_p50, mttr_n,
		mttr_still_open, complete, fresh_until
	FROM dorad.side_by_side WHERE grain = 'week';

COMMENT ON VIEW dora.weekly IS 'dora.series by week, all metrics side by side: one row for every scope, environment and week. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.weekly.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.weekly.team IS 'Team: name in the configuration; NULL in rows of a whole organization.';
COMMENT ON COLUMN dora.weekly.service IS 'Service: name in the configuration; NULL in rows of a whole team or organization.';
COMMENT ON COLUMN dora.weekly.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.weekly.bucket_start IS 'First instant of the week (ISO, from Monday), in the time zone of the scope.';
COMMENT ON COLUMN dora.weekly.bucket_end IS 'First instant after the week.';
COMMENT ON COLUMN dora.weekly.deployments IS 'Count of successful production rollouts; 0 if there was none, NULL before the first of all.';
COMMENT ON COLUMN dora.weekly.deployment_days IS 'Count of days with at least one rollout.';
COMMENT ON COLUMN dora.weekly.lead_time_p50 IS 'Change lead time, median in seconds: of the commits that were shipped, rollout finish less commit time.';
COMMENT ON COLUMN dora.weekly.lead_time_p75 IS 'Change lead time, 75th percentile in seconds.';
COMMENT ON COLUMN dora.weekly.lead_time_p90 IS 'Change lead time, 90th percentile in seconds.';
COMMENT ON COLUMN dora.weekly.lead_time_n IS 'Count of shipped commits behind the lead times.';
COMMENT ON COLUMN dora.weekly.change_fail_rate IS 'Change fail rate: failed rollouts / rollouts whose state is known, from 0 to 1.';
COMMENT ON COLUMN dora.weekly.failed IS 'Count of rollouts that failed.';
COMMENT ON COLUMN dora.weekly.known IS 'Count of rollouts whose state, failed or ok, is known.';
COMMENT ON COLUMN dora.weekly.pending IS 'Count of rollouts whose state is not known yet.';
COMMENT ON COLUMN dora.weekly.recovery_p50 IS 'Failed deployment recovery time, median in seconds, by the day of recovery.';
COMMENT ON COLUMN dora.weekly.recovery_n IS 'Count of failed rollouts that recovered.';
COMMENT ON COLUMN dora.weekly.recovery_still_open IS 'Count of failed rollouts that had not recovered at the end of the week (or now).';
COMMENT ON COLUMN dora.weekly.rework_rate IS 'Deployment rework rate: unplanned rollouts / all rollouts, from 0 to 1.';
COMMENT ON COLUMN dora.weekly.mttr_mean IS 'Time to restore (MTTR), mean in seconds, by the day of the restore.';
COMMENT ON COLUMN dora.weekly.mttr_p50 IS 'Time to restore, median in seconds.';
COMMENT ON COLUMN dora.weekly.mttr_n IS 'Count of incidents that were restored.';
COMMENT ON COLUMN dora.weekly.mttr_still_open IS 'Count of incidents that were open at the end of the week (or now).';
COMMENT ON COLUMN dora.weekly.complete IS 'True if the week is over, all its sources have been read since, and nothing that was seen waits to be computed.';
COMMENT ON COLUMN dora.weekly.fresh_until IS 'Up to when the facts of the scope are known: the least such time of its sources. NULL if one has never been read.';

CREATE VIEW dora.monthly AS
	SELECT org, team, service, environment, bucket_start, bucket_end,
		deployments, deployment_days, lead_time_p50, lead_time_p75, lead_time_p90,
		lead_time_n, change_fail_rate, failed, known, pending, recovery_p50,
		recovery_n, recovery_still_open, rework_rate, mttr_mean, mttr_p50, mttr_n,
		mttr_still_open, complete, fresh_until
	FROM dorad.side_by_side WHERE grain = 'month';

COMMENT ON VIEW dora.monthly IS 'dora.series by month, all metrics side by side: one row for every scope, environment and month. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.monthly.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.monthly.team IS 'Team: name in the configuration; NULL in rows of a whole organization.';
COMMENT ON COLUMN dora.monthly.service IS 'Service: name in the configuration; NULL in rows of a whole team or organization.';
COMMENT ON COLUMN dora.monthly.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.monthly.bucket_start IS 'First instant of the month, in the time zone of the scope.';
COMMENT ON COLUMN dora.monthly.bucket_end IS 'First instant after the month.';
COMMENT ON COLUMN dora.monthly.deployments IS 'Count of successful production rollouts; 0 if there was none, NULL before the first of all.';
COMMENT ON COLUMN dora.monthly.deployment_days IS 'Count of days with at least one rollout.';
COMMENT ON COLUMN dora.monthly.lead_time_p50 IS 'Change lead time, median in seconds: of the commits that were shipped, rollout finish less commit time.';
COMMENT ON COLUMN dora.monthly.lead_time_p75 IS 'Change lead time, 75th percentile in seconds.';
COMMENT ON COLUMN dora.monthly.lead_time_p90 IS 'Change lead time, 90th percentile in seconds.';
COMMENT ON COLUMN dora.monthly.lead_time_n IS 'Count of shipped commits behind the lead times.';
COMMENT ON COLUMN dora.monthly.change_fail_rate IS 'Change fail rate: failed rollouts / rollouts whose state is known, from 0 to 1.';
COMMENT ON COLUMN dora.monthly.failed IS 'Count of rollouts that failed.';
COMMENT ON COLUMN dora.monthly.known IS 'Count of rollouts whose state, failed or ok, is known.';
COMMENT ON COLUMN dora.monthly.pending IS 'Count of rollouts whose state is not known yet.';
COMMENT ON COLUMN dora.monthly.recovery_p50 IS 'Failed deployment recovery time, median in seconds, by the day of recovery.';
COMMENT ON COLUMN dora.monthly.recovery_n IS 'Count of failed rollouts that recovered.';
COMMENT ON COLUMN dora.monthly.recovery_still_open IS 'Count of failed rollouts that had not recovered at the end of the month (or now).';
COMMENT ON COLUMN dora.monthly.rework_rate IS 'Deployment rework rate: unplanned rollouts / all rollouts, from 0 to 1.';
COMMENT ON COLUMN dora.monthly.mttr_mean IS 'Time to restore (MTTR), mean in seconds, by the day of the restore.';
COMMENT ON COLUMN dora.monthly.mttr_p50 IS 'Time to restore, median in seconds.';
COMMENT ON COLUMN dora.monthly.mttr_n IS 'Count of incidents that were restored.';
COMMENT ON COLUMN dora.monthly.mttr_still_open IS 'Count of incidents that were open at the end of the month (or now).';
COMMENT ON COLUMN dora.monthly.complete IS 'True if the month is over, all its sources have been read since, and nothing that was seen waits to be computed.';
COMMENT ON COLUMN dora.monthly.fresh_until IS 'Up to when the facts of the scope are known: the least such time of its sources. NULL if one has never been read.';

CREATE VIEW dora.dates AS
	SELECT d AS date, extract(isoyear FROM d)::int AS iso_year,
		extract(week FROM d)::int AS iso_week,
		date_trunc('week', d::timestamp)::date AS week_start,
		extract(year FROM d)::int AS year,
		extract(quarter FROM d)::int AS quarter,
		date_trunc('quarter', d::timestamp)::date AS quarter_start,
		extract(month FROM d)::int AS month,
		date_trunc('month', d::timestamp)::date AS month_start,
		extract(day FROM d)::int AS day_of_month,
		extract(isodow FROM d)::int AS weekday,
		extract(isodow FROM d) >= 6 AS weekend
	FROM (SELECT date '2000-01-01' + n AS d FROM generate_series(0,
		date '2040-12-31' - date '2000-01-01') n) day;

COMMENT ON VIEW dora.dates IS 'Every day from 2000 to 2040. A date has no time zone: join the local date of an instant, (bucket_start AT TIME ZONE time_zone)::date with time_zone from dora.services, dora.teams or dora.orgs.';
COMMENT ON COLUMN dora.dates.date IS 'The day.';
COMMENT ON COLUMN dora.dates.iso_year IS 'Year that the ISO week belongs to.';
COMMENT ON COLUMN dora.dates.iso_week IS 'ISO week of that year, from 1 to 53.';
COMMENT ON COLUMN dora.dates.week_start IS 'Monday of the week.';
COMMENT ON COLUMN dora.dates.year IS 'Calendar year.';
COMMENT ON COLUMN dora.dates.quarter IS 'Quarter of the calendar year, from 1 to 4.';
COMMENT ON COLUMN dora.dates.quarter_start IS 'First day of the quarter.';
COMMENT ON COLUMN dora.dates.month IS 'Month of the calendar year, from 1 to 12.';
COMMENT ON COLUMN dora.dates.month_start IS 'First day of the month.';
COMMENT ON COLUMN dora.dates.day_of_month IS 'Day of the month, from 1.';
COMMENT ON COLUMN dora.dates.weekday IS 'Day of the week, from 1 (Monday) to 7 (Sunday).';
COMMENT ON COLUMN dora.dates.weekend IS 'True on Saturday and Sunday.';

CREATE VIEW dora.orgs AS
	SELECT name AS org, time_zone, active FROM dorad.scope WHERE kind = 'org';

COMMENT ON VIEW dora.orgs IS 'Every organization that is or was in the configuration.';
COMMENT ON COLUMN dora.orgs.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.orgs.time_zone IS 'IANA time zone in which its buckets are cut.';
COMMENT ON COLUMN dora.orgs.active IS 'False if it has left the configuration.';

CREATE VIEW dora.teams AS
	SELECT t.name AS team, o.name AS org, t.time_zone, t.active
	FROM dorad.scope t LEFT JOIN dorad.scope o ON o.scope_id = t.parent_id
	WHERE t.kind = 'team';

COMMENT ON VIEW dora.teams IS 'Every team that is or was in the configuration.';
COMMENT ON COLUMN dora.teams.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.teams.org IS 'Organization it belongs to now.';
COMMENT ON COLUMN dora.teams.time_zone IS 'IANA time zone in which its buckets are cut.';
COMMENT ON COLUMN dora.teams.active IS 'False if it has left the configuration.';

CREATE VIEW dora.services AS
	SELECT s.name AS service, t.name AS team, o.name AS org, s.time_zone, s.active
	FROM dorad.scope s LEFT JOIN dorad.scope t ON t.scope_id = s.parent_id
	LEFT JOIN dorad.scope o ON o.scope_id = t.parent_id
	WHERE s.kind = 'service';

COMMENT ON VIEW dora.services IS 'Every service that is or was in the configuration.';
COMMENT ON COLUMN dora.services.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.services.team IS 'Team it belongs to now; before: dora.team_history.';
COMMENT ON COLUMN dora.services.org IS 'Organization of that team.';
COMMENT ON COLUMN dora.services.time_zone IS 'IANA time zone in which its buckets are cut.';
COMMENT ON COLUMN dora.services.active IS 'False if it has left the configuration.';

CREATE VIEW dora.team_history AS
	SELECT s.name AS service, t.name AS team, o.name AS org,
		nullif(h.valid_from, '-infinity') AS valid_from,
		nullif(h.valid_to, 'infinity') AS valid_to
	FROM dorad.ownership h JOIN dorad.scope s ON s.scope_id = h.service_id
	JOIN dorad.scope t ON t.scope_id = h.team_id
	LEFT JOIN dorad.scope o ON o.scope_id = t.parent_id;

COMMENT ON VIEW dora.team_history IS 'Which team a service belonged to, and when: its numbers of that time are in the rows of that team. Rows of a service follow each other without gaps.';
COMMENT ON COLUMN dora.team_history.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.team_history.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.team_history.org IS 'Organization of that team now.';
COMMENT ON COLUMN dora.team_history.valid_from IS 'First instant of it; NULL: from the beginning.';
COMMENT ON COLUMN dora.team_history.valid_to IS 'First instant after it; NULL: it still holds.';

-- A number of ours in the units of the benchmarks: a rate of deployments is over the days of
-- the window inside the lifetime, and a service that is too young has no level. From the keys
-- of the rows: an estimate that is far too high makes PostgreSQL compile the query each time.
CREATE VIEW dora.placement AS
	SELECT s.org, s.team, s.service, w.environment, m.metric, y.report_year,
		p.value, m.unit, coalesce(p.n, 0) AS n,
		CASE WHEN b.placed THEN b.levels END AS levels,
		CASE WHEN NOT b.published THEN 'not published'
			WHEN p.value IS NULL THEN 'no data'
			WHEN w.lifetime_days < 28 THEN 'too young'
			WHEN b.levels = '{}' THEN 'between levels'
			ELSE 'within' END AS placement,
		CASE WHEN b.placed THEN b.better END AS better_levels,
		CASE WHEN b.placed THEN b.worse END AS worse_levels,
		p.deployment_days_per_week, w.bucket_start, w.bucket_end, w.lifetime_days
	FROM (SELECT scope_id, environment, bucket_start, bucket_end, min(denominator)
			FILTER (WHERE metric = 'deployment_frequency') AS lifetime_days
		FROM dorad.rolling WHERE window_days = 90
		GROUP BY scope_id, environment, bucket_start, bucket_end) w
	JOIN dorad.scope s ON s.scope_id = w.scope_id AND s.kind = 'service'
	CROSS JOIN (VALUES ('deployment_frequency', 'deployments per week', false),
		('change_lead_time', 'seconds', true),
		('change_fail_rate', 'ratio', true),
		('failed_deployment_recovery_time', 'seconds', true),
		('deployment_rework_rate', 'ratio', true),
		('time_to_restore', 'seconds', true)) m (metric, unit, less_is_better)
	CROSS JOIN (SELECT report_year FROM dorad.benchmark_report o WHERE EXISTS (
		SELECT FROM dorad.benchmark b WHERE b.report_year = o.report_year)) y
	LEFT JOIN LATERAL (
		SELECT r.n, r.deployment_days_per_week,
			CASE r.metric WHEN 'deployment_frequency'
				THEN r.value / nullif(r.denominator, 0) * 7
				ELSE r.value END AS value
		FROM dorad.rolling r
		WHERE r.scope_id = w.scope_id AND r.environment = w.environment
		AND r.metric = m.metric AND r.window_days = 90
	) p ON true
	CROSS JOIN LATERAL (
		SELECT count(*) > 0 AS published,
			count(*) > 0 AND p.value IS NOT NULL
				AND coalesce(w.lifetime_days >= 28, true) AS placed,
			coalesce(array_agg(b.level ORDER BY i.rank)
				FILTER (WHERE NOT i.below AND NOT i.above), '{}') AS levels,
			coalesce(array_agg(b.level ORDER BY i.rank)
				FILTER (WHERE CASE WHEN m.less_is_better THEN i.above
					ELSE i.below END), '{}') AS better,
			coalesce(array_agg(b.level ORDER BY i.rank)
				FILTER (WHERE CASE WHEN m.less_is_better THEN i.below
					ELSE i.above END), '{}') AS worse
		FROM dorad.benchmark b
		CROSS JOIN LATERAL (SELECT
			array_position(ARRAY['elite', 'high', 'medium', 'low'], b.level),
			coalesce(p.value < b.lower
				OR (p.value = b.lower AND NOT b.lower_included), false),
			coalesce(p.value > b.upper
				OR (p.value = b.upper AND NOT b.upper_included), false)
			) i (rank, below, above)
		WHERE b.report_year = y.report_year AND b.metric = m.metric
	) b
	WHERE m.metric <> 'time_to_restore' OR b.published;

COMMENT ON VIEW dora.placement IS 'Where the last 90 days of a service lie among the levels that each of DORA''s reports published (dora.benchmarks). Levels are clusters of what people answered in a survey, no cut-offs, and our numbers are exact where theirs are ticks in a list: so there is not one label. A value may lie in several levels, or in none.';
COMMENT ON COLUMN dora.placement.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.placement.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.placement.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.placement.environment IS 'Rollout group: environment in dora.current.';
COMMENT ON COLUMN dora.placement.metric IS 'Metric as in dora.current; time_to_restore in those years alone that asked for it.';
COMMENT ON COLUMN dora.placement.report_year IS 'Report that the levels are from.';
COMMENT ON COLUMN dora.placement.value IS 'The number in unit. deployment_frequency: rollouts of the window per day of it inside the lifetime, times 7. Else value in dora.current, a median or ratio. NULL: no data.';
COMMENT ON COLUMN dora.placement.unit IS 'Unit of value: seconds, ratio (0 to 1) or deployments per week.';
COMMENT ON COLUMN dora.placement.n IS 'Count of samples behind value.';
COMMENT ON COLUMN dora.placement.levels IS 'Levels whose published bounds have the value in them, best first: none, one or several. NULL without data, below 28 days of lifetime, or where the report published nothing.';
COMMENT ON COLUMN dora.placement.placement IS 'within (levels), between levels (in none of them), no data, too young (lifetime_days is below 28: a few days are no rate), or not published (by that report, of that metric). In 2023 and 2024 the change fail rate of a cluster is one figure: a value is between levels unless it is just that.';
COMMENT ON COLUMN dora.placement.better_levels IS 'Levels that are better than the value as a whole, best first; NULL as levels. Where clusters are not monotone (change_fail_rate in 2024), neither is this.';
COMMENT ON COLUMN dora.placement.worse_levels IS 'Levels that are worse than the value as a whole, best first; NULL as levels.';
COMMENT ON COLUMN dora.placement.deployment_days_per_week IS 'deployment_frequency: median of days with a rollout in the weeks of the window. The reports ask how often, and a rate cannot tell ten deployments on one day from one on each of ten: read both. Other metrics: NULL.';
COMMENT ON COLUMN dora.placement.bucket_start IS 'First instant of the window.';
COMMENT ON COLUMN dora.placement.bucket_end IS 'First instant after the window.';
COMMENT ON COLUMN dora.placement.lifetime_days IS 'Days of the window inside the lifetime of the service: denominator of deployment_frequency in dora.current. NULL if not known.';
