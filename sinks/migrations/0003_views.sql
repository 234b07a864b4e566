-- The views people and BI tools read. Their columns keep their names, meaning and order:
-- later migrations add columns at the end and never change one.

-- Where a scope belongs, and up to when its facts are known: by the least of its sources,
-- NULL if one has never been read. "settled": nothing that was seen waits to be computed.
CREATE VIEW dorad.scope_state AS
	SELECT scope.scope_id, scope.kind,
		org.name AS org, team.name AS team,
		CASE scope.kind WHEN 'service' THEN scope.name END AS service,
		fresh.fresh_until,
		NOT EXISTS (SELECT FROM dorad.dirty d WHERE d.scope_id = scope.scope_id)
		AND NOT EXISTS (SELECT FROM dorad.member m
			JOIN dorad.attribution_due a USING (service_id)
			WHERE m.scope_id = scope.scope_id) AS settled
	FROM dorad.scope scope
	LEFT JOIN dorad.scope team ON team.scope_id =
		CASE scope.kind WHEN 'team' THEN scope.scope_id
			WHEN 'service' THEN scope.parent_id END
	LEFT JOIN dorad.scope org ON org.scope_id =
		CASE scope.kind WHEN 'org' THEN scope.scope_id ELSE team.parent_id END
	CROSS JOIN LATERAL (
		SELECT CASE WHEN bool_and(x.ok_at IS NOT NULL) THEN min(x.ok_at) END AS fresh_until
		FROM dorad.scope_source u JOIN dorad.source x USING (source_id)
		WHERE u.scope_id = scope.scope_id AND x.active
	) fresh;

CREATE VIEW dora.series AS
	SELECT s.org, s.team, s.service, r.environment, r.grain,
		r.bucket_start, r.bucket_end, r.metric,
		r.n, r.numerator, r.denominator, r.value,
		r.p50, r.p75, r.p90, r.p95, r.mean,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until,
		r.definition_id AS definition_version,
		r.computed_at
	FROM dorad.series r JOIN dorad.scope_state s USING (scope_id);

COMMENT ON VIEW dora.series IS 'One row for every scope, environment, bucket and metric: the numbers themselves. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.series.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.series.team IS 'Team: name in the configuration; NULL in rows of a whole organization.';
COMMENT ON COLUMN dora.series.service IS 'Service: name in the configuration; NULL in rows of a whole team or organization.';
COMMENT ON COLUMN dora.series.environment IS 'Rollout group of production environments that the rollouts went to.';
COMMENT ON COLUMN dora.series.grain IS 'Length of the bucket: day, week (ISO, from Monday), month or quarter, in the time zone of the scope.';
COMMENT ON COLUMN dora.series.bucket_start IS 'First instant of the bucket.';
COMMENT ON COLUMN dora.series.bucket_end IS 'First instant after the bucket.';
COMMENT ON COLUMN dora.series.metric IS 'deployment_frequency or change_lead_time.';
COMMENT ON COLUMN dora.series.n IS 'Count of samples: successful production rollouts (deployment_frequency) or shipped commits that count (change_lead_time).';
COMMENT ON COLUMN dora.series.numerator IS 'deployment_frequency: days of the bucket with at least one rollout. change_lead_time: NULL.';
COMMENT ON COLUMN dora.series.denominator IS 'deployment_frequency: days of the bucket inside the lifetime of the scope, from its first rollout until now. change_lead_time: NULL.';
COMMENT ON COLUMN dora.series.value IS 'deployment_frequency: count of rollouts. change_lead_time: median in seconds, the same as p50.';
COMMENT ON COLUMN dora.series.p50 IS 'Median in seconds, interpolated as by percentile_cont. deployment_frequency: of the time between consecutive rollouts of a service, the later of them in the bucket.';
COMMENT ON COLUMN dora.series.p75 IS '75th percentile in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.series.p90 IS '90th percentile in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.series.p95 IS '95th percentile in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.series.mean IS 'Arithmetic mean in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.series.complete IS 'True if the bucket is over, all its sources have been read since, and nothing that was seen waits to be computed.';
COMMENT ON COLUMN dora.series.fresh_until IS 'Up to when the facts of the scope are known: the least such time of its sources. NULL if one has never been read.';
COMMENT ON COLUMN dora.series.definition_version IS 'The definitions that made the number: definition_version in dora.definitions.';
COMMENT ON COLUMN dora.series.computed_at IS 'When the row got the numbers it has; computing the same again does not change it.';

CREATE VIEW dora.current AS
	SELECT s.org, s.team, s.service, r.environment, r.window_days,
		r.bucket_start, r.bucket_end, r.metric,
		r.n, r.numerator, r.denominator, r.value,
		r.p50, r.p75, r.p90, r.p95, r.mean,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until,
		r.definition_id AS definition_version,
		r.computed_at,
		r.deployment_days_per_week
	FROM dorad.rolling r JOIN dorad.scope_state s USING (scope_id);

COMMENT ON VIEW dora.current IS 'The same numbers over rolling windows of whole days that end with the last midnight of the scope. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.current.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.current.team IS 'Team: name in the configuration; NULL in rows of a whole organization.';
COMMENT ON COLUMN dora.current.service IS 'Service: name in the configuration; NULL in rows of a whole team or organization.';
COMMENT ON COLUMN dora.current.environment IS 'Rollout group of production environments that the rollouts went to.';
COMMENT ON COLUMN dora.current.window_days IS 'Length of the window in days of the time zone of the scope: 7, 28 or 90.';
COMMENT ON COLUMN dora.current.bucket_start IS 'First instant of the window.';
COMMENT ON COLUMN dora.current.bucket_end IS 'First instant after the window: a midnight in the time zone of the scope.';
COMMENT ON COLUMN dora.current.metric IS 'deployment_frequency or change_lead_time.';
COMMENT ON COLUMN dora.current.n IS 'Count of samples: successful production rollouts (deployment_frequency) or shipped commits that count (change_lead_time).';
COMMENT ON COLUMN dora.current.numerator IS 'deployment_frequency: days of the window with at least one rollout. change_lead_time: NULL.';
COMMENT ON COLUMN dora.current.denominator IS 'deployment_frequency: days of the window inside the lifetime of the scope, from its first rollout until now. change_lead_time: NULL.';
COMMENT ON COLUMN dora.current.value IS 'deployment_frequency: count of rollouts. change_lead_time: median in seconds, the same as p50.';
COMMENT ON COLUMN dora.current.p50 IS 'Median in seconds, interpolated as by percentile_cont. deployment_frequency: of the time between consecutive rollouts of a service, the later of them in the window.';
COMMENT ON COLUMN dora.current.p75 IS '75th percentile in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.current.p90 IS '90th percentile in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.current.p95 IS '95th percentile in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.current.mean IS 'Arithmetic mean in seconds, of the same samples as p50.';
COMMENT ON COLUMN dora.current.complete IS 'True if all sources have been read since the window ended, and nothing that was seen waits to be computed.';
COMMENT ON COLUMN dora.current.fresh_until IS 'Up to when the facts of the scope are known: the least such time of its sources. NULL if one has never been read.';
COMMENT ON COLUMN dora.current.definition_version IS 'The definitions that made the number: definition_version in dora.definitions.';
COMMENT ON COLUMN dora.current.computed_at IS 'When the row got the numbers it has; computing the same again does not change it.';
COMMENT ON COLUMN dora.current.deployment_days_per_week IS 'deployment_frequency: median, over the whole weeks of the window counted back from its end, of the days with at least one rollout (0 to 7). change_lead_time: NULL.';
