-- Since when a source fails, and who has to do something about it: what the daemon tells of
-- itself (dora.alerts).

ALTER TABLE dorad.source
	ADD COLUMN failing_since timestamptz,
	ADD COLUMN failure_kind text
		CHECK (failure_kind IN ('retry', 'denied', 'data', 'config'));

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
