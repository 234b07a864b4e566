-- Since when a source fails, and who has to do something about it: what the daemon tells of
-- itself (dora.alerts).

ALTER TABLE dorad.source
	ADD COLUMN failing_since timestamptz,
	ADD COLUMN failure_kind text
		CHECK (failure_kind IN ('retry', 'denied', 'data', 'config'));

-- What the cause of an incident may name of other services: lines of a letter and a name.
ALTER TABLE dorad.service_incident ADD COLUMN others text;

CREATE INDEX service_incident_others ON dorad.service_incident (service_id)
	WHERE others IS NOT NULL;

CREATE INDEX deployment_name ON dorad.deployment (external_id);

-- The first of them that another service has, and this one does not; NULL: none. Of a
-- repository, an index is asked and nothing else: OFFSET 0 keeps it from becoming a join.
CREATE FUNCTION dorad.elsewhere(service int, others text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT w.name
	FROM unnest(string_to_array(others, E'\n')) WITH ORDINALITY AS t (line, place)
	CROSS JOIN LATERAL (VALUES (substr(t.line, 2))) w (name)
	WHERE CASE left(t.line, 1)
		WHEN 'd' THEN (SELECT bool_and(d.service_id <> elsewhere.service)
			FROM dorad.deployment d
			WHERE d.external_id IN (w.name, 'deployment:' || w.name))
		WHEN 'c' THEN (SELECT bool_and(c.repo_id IS NULL OR c.globs IS NOT NULL
				AND NOT EXISTS (SELECT FROM dorad.touched h
					WHERE h.component_id = c.component_id
					AND h.sha = k.sha))
			FROM dorad.repo r
			CROSS JOIN LATERAL (SELECT k.sha FROM dorad.commit k
				WHERE k.repo_id = r.repo_id
				AND k.sha >= decode(rpad(w.name, (length(w.name) + 1) / 2 * 2,
					'0'), 'hex')
				AND k.sha <= decode(rpad(w.name, 64, 'f'), 'hex') OFFSET 0) k
			LEFT JOIN dorad.component c ON c.repo_id = r.repo_id
				AND c.service_id = elsewhere.service)
		WHEN 'm' THEN EXISTS (SELECT FROM dorad.source x
			JOIN dorad.item i ON i.source_id = x.source_id AND i.kind = 'change'
				AND i.project = regexp_replace(w.name, '#[0-9]+$', '')
				AND i.external_id = substring(w.name FROM '[0-9]+$')
			JOIN dorad.repo r ON r.repo_id NOT IN (SELECT c.repo_id
				FROM dorad.component c
				WHERE c.service_id = elsewhere.service)
			WHERE i.merged_at IS NOT NULL AND i.gone_at IS NULL
			AND EXISTS (SELECT FROM dorad.commit k WHERE k.repo_id = r.repo_id
				AND k.sha IN (SELECT decode(h.sha, 'hex')
					FROM (VALUES (i.sha), (i.squash_sha), (i.head_sha))
					h (sha) WHERE h.sha ~ '^([0-9a-f]{2})+$') OFFSET 0))
		ELSE false END
	ORDER BY t.place LIMIT 1
$$;

-- As incident_restored(): what was mitigated may have gone on since, and be open again.
CREATE FUNCTION dorad.restored_at(mitigated timestamptz, resolved timestamptz, done boolean,
	state text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN done OR coalesce(lower(state) IN ('mitigated', 'monitoring'), true)
		THEN coalesce(mitigated, resolved) ELSE resolved END
$$;

CREATE OR REPLACE VIEW dora.incidents AS
	SELECT x.name AS source, nullif(i.project, '') AS project,
		i.external_id AS incident, i.name AS title, i.state, i.severity,
		i.category, i.cause, i.services, i.labels, i.started_at, i.detected_at,
		i.created_at, i.acknowledged_at, i.mitigated_at, i.resolved_at,
		i.closed_at, i.updated_at,
		extract(epoch FROM
			i.acknowledged_at - coalesce(i.detected_at, i.created_at))
			::double precision AS acknowledge_seconds,
		CASE WHEN i.outcome NOT IN ('cancelled', 'skipped') THEN
			extract(epoch FROM dorad.restored_at(i.mitigated_at,
				i.resolved_at, i.done, i.state)
				- coalesce(i.started_at, i.detected_at, i.created_at))
				::double precision END AS resolve_seconds,
		i.url, i.done AS final, i.first_seen_at, i.gone_at,
		i.outcome IN ('cancelled', 'skipped') AS withdrawn
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'incident';

COMMENT ON COLUMN dora.incidents.resolve_seconds IS 'Time to recover in seconds: from started_at (or, where that is unknown, detected_at, else created_at) to mitigated_at (or, where that is unknown, or the source says that it went on since, resolved_at); NULL while it is neither, and where it was none after all (withdrawn).';

COMMENT ON COLUMN dora.service_incidents.evidence IS 'The words that name the rollout; where rollout is NULL, what its cause names of another service, for which it is put to no rollout of this one; NULL if neither.';

CREATE OR REPLACE VIEW dora.sources AS
	SELECT x.name AS source, x.kind, p.name AS repo, x.polled_at,
		x.ok_at AS fresh_until, x.failed_at, x.failure,
		coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL) AS failing,
		x.shallow, x.active,
		CASE WHEN coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL)
			THEN x.failing_since END AS failing_since,
		CASE WHEN coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL)
			THEN x.failure_kind END AS failure_kind
	FROM dorad.source x LEFT JOIN dorad.repo p USING (repo_id);

COMMENT ON COLUMN dora.sources.failing_since IS 'When the first of the polls that have failed since the last good one did; NULL: it is not failing, or that was not noted.';
COMMENT ON COLUMN dora.sources.failure_kind IS 'What has to be done: retry (it may pass by itself), denied (a credential or certificate was refused), data (what the source sends makes no sense), config (the configuration or installation is wrong); NULL: it is not failing, or that was not noted.';

-- The number of an explanation says what its figures are in: to people in detail, to programs
-- in figures.
ALTER FUNCTION dora.explain SET SCHEMA dorad;
ALTER FUNCTION dorad.explain RENAME TO explain_rows;

CREATE FUNCTION dorad.in_unit(value double precision, unit text) RETURNS text
	LANGUAGE sql IMMUTABLE AS $$
	SELECT trim_scale(round($1::numeric, 3)) || CASE $2 WHEN 'seconds' THEN ' s' ELSE '' END
$$;

CREATE FUNCTION dora.explain(
	metric text,
	bucket date,
	grain text DEFAULT 'week',
	service text DEFAULT NULL,
	team text DEFAULT NULL,
	org text DEFAULT NULL,
	environment text DEFAULT NULL)
RETURNS TABLE (
	part text,
	what text,
	of_service text,
	of_environment text,
	name text,
	at timestamptz,
	seconds double precision,
	reason text,
	detail text,
	url text,
	figures jsonb)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $explain$
SELECT e.part, e.what, e.of_service, e.of_environment, e.name, e.at, e.seconds, e.reason,
	coalesce(f.detail, e.detail), e.url, f.figures
FROM dorad.explain_rows($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY e (part, what, of_service,
	of_environment, name, at, seconds, reason, detail, url, nth)
LEFT JOIN LATERAL (
	SELECT concat_ws(', ', 'n = ' || r.n,
			'value = ' || coalesce(dorad.in_unit(r.value, u.unit), 'NULL'),
			r.numerator || ' of ' || r.denominator
				|| CASE u.unit WHEN 'rollouts' THEN ' days' ELSE '' END,
			CASE u.unit WHEN 'rollouts' THEN
				'between rollouts: p50 = ' || dorad.in_unit(r.p50, 'seconds') END,
			'p75 = ' || dorad.in_unit(r.p75, 'seconds'),
			'p90 = ' || dorad.in_unit(r.p90, 'seconds'),
			'p95 = ' || dorad.in_unit(r.p95, 'seconds'),
			'mean = ' || dorad.in_unit(r.mean, 'seconds'),
			'pending = ' || r.pending, 'still open = ' || r.still_open) AS detail,
		jsonb_build_object('value', r.value) || jsonb_strip_nulls(jsonb_build_object(
			'unit', u.unit, 'n', r.n, 'numerator', r.numerator,
			'denominator', r.denominator, 'p50_seconds', r.p50,
			'p75_seconds', r.p75, 'p90_seconds', r.p90, 'p95_seconds', r.p95,
			'mean_seconds', r.mean, 'pending', r.pending,
			'still_open', r.still_open)) AS figures
	FROM dorad.scope s
	JOIN dorad.series r USING (scope_id)
	CROSS JOIN LATERAL (SELECT CASE WHEN r.metric = 'deployment_frequency' THEN 'rollouts'
		WHEN r.metric IN ('change_fail_rate', 'deployment_rework_rate') THEN 'ratio'
		ELSE 'seconds' END AS unit) u
	WHERE e.part = 'number' AND s.name = e.of_service
	AND s.kind = CASE WHEN $4 IS NOT NULL THEN 'service'
		WHEN $5 IS NOT NULL THEN 'team' ELSE 'org' END
	AND r.environment = e.of_environment AND r.metric = e.what AND r.grain = e.name
	AND r.bucket_start = e.at
) f ON true
ORDER BY e.nth
$explain$;

COMMENT ON FUNCTION dora.explain IS 'Why a cell of dora.series is what it is: the number itself, the rows used, those left out with the reason, what is still open, the evidence of failures, how fresh the sources are and the definition. bucket is any date in the bucket; name one of service, team and org. Durations are in seconds; those of single commits and changes are NULL where fewer people than privacy.minimum_authors have any in the bucket. figures: of the number, its columns in dora.series, durations under names that end in _seconds, and the unit of value: seconds, ratio (0 to 1) or rollouts; NULL in other rows.';

-- Comments that said less than the columns do.
COMMENT ON COLUMN dora.current.deployment_days_per_week IS 'deployment_frequency: median, over the whole weeks of the window counted back from its end, of the days with at least one rollout (0 to 7). Others: NULL.';
COMMENT ON COLUMN dora.service_incidents.excluded_reason IS 'Why it does not count: withdrawn (no incident after all), exempt (never one: maintenance, a test), gone (the source has it no more), negative (it ended before it began), implausible_time, no_service; NULL if it counts.';
COMMENT ON COLUMN dora.shipped_changes.coding_seconds IS 'From its first commit to its opening, in seconds; NULL where either is unknown, or they are the wrong way round.';
COMMENT ON COLUMN dora.shipped_changes.pickup_seconds IS 'From its opening to its first review, in seconds; NULL likewise.';
COMMENT ON COLUMN dora.shipped_changes.review_seconds IS 'From its first review (of one that had none, from its opening) to its merge, in seconds; NULL likewise.';
COMMENT ON COLUMN dora.shipped_changes.deploy_seconds IS 'From its merge to the finish of the rollout, in seconds; NULL likewise.';

-- What makes questions of BI tools fast.

-- Scopes of which a service waits to be attributed: nearly always none. A function, because a
-- session plans what is inside once, and every question of a view planned it twice.
CREATE FUNCTION dorad.unattributed_scopes() RETURNS int[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN ARRAY(SELECT o.scope_id
		FROM dorad.attribution_due a JOIN dorad.owner o USING (service_id)
		WHERE o.scope_id IS NOT NULL);
END $$;

-- The same columns and meaning as before.
CREATE OR REPLACE VIEW dorad.scope_state AS
	SELECT scope.scope_id, scope.kind, scope.org, scope.team, scope.service,
		state.fresh_until,
		state.clean AND scope.scope_id <> ALL (
			(SELECT dorad.unattributed_scopes())::int[]) AS settled
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

-- Grouped by keys, before freshness is looked up. Names of the scope are inside, so that who
-- asks for one service has the others left out before anything is grouped.
CREATE OR REPLACE VIEW dorad.side_by_side AS
	SELECT r.org, r.team, r.service, r.environment, r.grain, r.bucket_start, r.bucket_end,
		r.deployments, r.deployment_days, r.lead_time_p50, r.lead_time_p75,
		r.lead_time_p90, r.lead_time_n, r.change_fail_rate, r.failed, r.known,
		r.pending, r.recovery_p50, r.recovery_n, r.recovery_still_open, r.rework_rate,
		r.mttr_mean, r.mttr_p50, r.mttr_n, r.mttr_still_open,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until
	FROM (SELECT p.scope_id, p.org, p.team, p.service, r.environment, r.grain,
		r.bucket_start, max(r.bucket_end) AS bucket_end,
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
			'time_to_restore') AS mttr_still_open
		FROM dorad.series r JOIN dorad.scope p USING (scope_id)
		WHERE r.metric IN ('deployment_frequency',
			'change_lead_time', 'change_fail_rate',
			'failed_deployment_recovery_time', 'deployment_rework_rate',
			'time_to_restore')
		GROUP BY p.scope_id, r.environment, r.grain, r.bucket_start
	) r JOIN dorad.scope_state s USING (scope_id);

-- The levels of a report and metric in one row, so that a value is held against them without
-- a query for each.
CREATE VIEW dorad.benchmark_bounds AS
	SELECT report_year, metric,
		count(*) FILTER (WHERE level = 'elite') > 0 AS elite,
		max(lower) FILTER (WHERE level = 'elite') AS elite_lower,
		max(upper) FILTER (WHERE level = 'elite') AS elite_upper,
		bool_or(lower_included) FILTER (WHERE level = 'elite') AS elite_lower_included,
		bool_or(upper_included) FILTER (WHERE level = 'elite') AS elite_upper_included,
		count(*) FILTER (WHERE level = 'high') > 0 AS high,
		max(lower) FILTER (WHERE level = 'high') AS high_lower,
		max(upper) FILTER (WHERE level = 'high') AS high_upper,
		bool_or(lower_included) FILTER (WHERE level = 'high') AS high_lower_included,
		bool_or(upper_included) FILTER (WHERE level = 'high') AS high_upper_included,
		count(*) FILTER (WHERE level = 'medium') > 0 AS medium,
		max(lower) FILTER (WHERE level = 'medium') AS medium_lower,
		max(upper) FILTER (WHERE level = 'medium') AS medium_upper,
		bool_or(lower_included) FILTER (WHERE level = 'medium') AS medium_lower_included,
		bool_or(upper_included) FILTER (WHERE level = 'medium') AS medium_upper_included,
		count(*) FILTER (WHERE level = 'low') > 0 AS low,
		max(lower) FILTER (WHERE level = 'low') AS low_lower,
		max(upper) FILTER (WHERE level = 'low') AS low_upper,
		bool_or(lower_included) FILTER (WHERE level = 'low') AS low_lower_included,
		bool_or(upper_included) FILTER (WHERE level = 'low') AS low_upper_included
	FROM dorad.benchmark GROUP BY report_year, metric;

-- The same columns and meaning as before. Of a level: -1, the value is below it, 0 within,
-- 1 above; NULL, the report has no such level.
CREATE OR REPLACE VIEW dora.placement AS
	SELECT w.org, w.team, w.service, w.environment, m.metric, y.report_year,
		p.value, m.unit, coalesce(p.n, 0) AS n,
		CASE WHEN b.placed THEN array_remove(ARRAY[
			CASE b.elite WHEN 0 THEN 'elite' END,
			CASE b.high WHEN 0 THEN 'high' END,
			CASE b.medium WHEN 0 THEN 'medium' END,
			CASE b.low WHEN 0 THEN 'low' END], NULL) END AS levels,
		CASE WHEN NOT b.published THEN 'not published'
			WHEN p.value IS NULL THEN 'no data'
			WHEN w.lifetime_days < 28 THEN 'too young'
			WHEN 0 IN (b.elite, b.high, b.medium, b.low) THEN 'within'
			ELSE 'between levels' END AS placement,
		CASE WHEN b.placed THEN array_remove(ARRAY[
			CASE b.elite WHEN m.better THEN 'elite' END,
			CASE b.high WHEN m.better THEN 'high' END,
			CASE b.medium WHEN m.better THEN 'medium' END,
			CASE b.low WHEN m.better THEN 'low' END], NULL) END AS better_levels,
		CASE WHEN b.placed THEN array_remove(ARRAY[
			CASE b.elite WHEN -m.better THEN 'elite' END,
			CASE b.high WHEN -m.better THEN 'high' END,
			CASE b.medium WHEN -m.better THEN 'medium' END,
			CASE b.low WHEN -m.better THEN 'low' END], NULL) END AS worse_levels,
		p.deployment_days_per_week, w.bucket_start, w.bucket_end, w.lifetime_days
	FROM (SELECT s.scope_id, s.org, s.team, s.service, r.environment, r.bucket_start,
			r.bucket_end, min(r.denominator) FILTER (WHERE r.metric =
				'deployment_frequency') AS lifetime_days
		FROM dorad.rolling r JOIN dorad.scope s USING (scope_id)
		WHERE r.window_days = 90 AND s.kind = 'service'
		GROUP BY s.scope_id, r.environment, r.bucket_start, r.bucket_end) w
	CROSS JOIN (VALUES ('deployment_frequency', 'deployments per week', -1),
		('change_lead_time', 'seconds', 1),
		('change_fail_rate', 'ratio', 1),
		('failed_deployment_recovery_time', 'seconds', 1),
		('deployment_rework_rate', 'ratio', 1),
		('time_to_restore', 'seconds', 1)) m (metric, unit, better)
	CROSS JOIN (SELECT DISTINCT report_year FROM dorad.benchmark) y
	LEFT JOIN LATERAL (
		SELECT r.n, r.deployment_days_per_week,
			CASE r.metric WHEN 'deployment_frequency'
				THEN r.value / nullif(r.denominator, 0) * 7
				ELSE r.value END AS value
		FROM dorad.rolling r
		WHERE r.scope_id = w.scope_id AND r.environment = w.environment
		AND r.metric = m.metric AND r.window_days = 90
	) p ON true
	LEFT JOIN dorad.benchmark_bounds l ON l.report_year = y.report_year
		AND l.metric = m.metric
	CROSS JOIN LATERAL (SELECT
		CASE WHEN l.elite THEN CASE WHEN p.value < l.elite_lower OR (p.value = l.elite_lower
				AND NOT l.elite_lower_included) THEN -1
			WHEN p.value > l.elite_upper OR (p.value = l.elite_upper
				AND NOT l.elite_upper_included) THEN 1
			ELSE 0 END END AS elite,
		CASE WHEN l.high THEN CASE WHEN p.value < l.high_lower OR (p.value = l.high_lower
				AND NOT l.high_lower_included) THEN -1
			WHEN p.value > l.high_upper OR (p.value = l.high_upper
				AND NOT l.high_upper_included) THEN 1
			ELSE 0 END END AS high,
		CASE WHEN l.medium THEN CASE WHEN p.value < l.medium_lower OR (p.value = l.medium_lower
				AND NOT l.medium_lower_included) THEN -1
			WHEN p.value > l.medium_upper OR (p.value = l.medium_upper
				AND NOT l.medium_upper_included) THEN 1
			ELSE 0 END END AS medium,
		CASE WHEN l.low THEN CASE WHEN p.value < l.low_lower OR (p.value = l.low_lower
				AND NOT l.low_lower_included) THEN -1
			WHEN p.value > l.low_upper OR (p.value = l.low_upper
				AND NOT l.low_upper_included) THEN 1
			ELSE 0 END END AS low,
		l.metric IS NOT NULL AS published,
		l.metric IS NOT NULL AND p.value IS NOT NULL
			AND coalesce(w.lifetime_days >= 28, true) AS placed
	) b
	WHERE m.metric <> 'time_to_restore' OR b.published;
