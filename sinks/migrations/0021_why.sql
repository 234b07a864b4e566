-- Why a rollout is unplanned, and what the numbers of rolling windows are made of.

-- In words, of the rule and what fits it, or of the incident that it mended. It is written
-- when what became of the rollouts is looked at again, which is due now.
ALTER TABLE dorad.rollout_state ADD COLUMN unplanned_because text;
UPDATE dorad.scope SET state_due_at = least(state_due_at, now())
	WHERE kind = 'service' AND active
	AND EXISTS (SELECT FROM dorad.rollout_state t WHERE t.service_id = scope_id AND t.unplanned);

CREATE OR REPLACE VIEW dora.rollouts AS
	SELECT s.org, s.team, s.service, r.environment,
		d.external_id AS deployment, d.attempt, x.name AS source,
		d.started_at, r.finished_at, t.kind,
		coalesce(t.state, 'pending') AS state, t.pending_until,
		why.failed_by, coalesce(t.unplanned, false) AS unplanned,
		t.recovered_at,
		CASE WHEN t.recovery_excluded IS NULL THEN
			extract(epoch FROM t.recovered_at - t.finished_at)
			::double precision END AS recovery_seconds,
		rev.repo, rev.sha,
		(SELECT count(*) FROM dorad.shipped c
		WHERE c.service_id = r.service_id AND c.environment = r.environment
		AND c.finished_at = r.finished_at
		AND c.rollout_id = r.deployment_id) AS n_commits,
		r.deployment_id, t.unplanned_because
	FROM dorad.rollout r
	JOIN dorad.deployment d USING (deployment_id)
	JOIN dorad.scope_state s ON s.scope_id = r.service_id
	JOIN dorad.source x USING (source_id)
	LEFT JOIN dorad.rollout_state t ON t.rollout_id = r.deployment_id
	LEFT JOIN LATERAL (
		SELECT array_agg(DISTINCT f.method ORDER BY f.method) AS failed_by
		FROM dorad.failure f
		WHERE f.service_id = r.service_id AND f.rollout_id = r.deployment_id
	) why ON true
	LEFT JOIN LATERAL (
		SELECT string_agg(p.name, ', ' ORDER BY p.name, v.sha) AS repo,
			string_agg(encode(v.sha, 'hex'), ', ' ORDER BY p.name, v.sha) AS sha
		FROM dorad.deployment_revision v JOIN dorad.repo p USING (repo_id)
		WHERE v.deployment_id = r.deployment_id
	) rev ON true;

COMMENT ON COLUMN dora.rollouts.unplanned_because IS 'Why it is unplanned: that it went back, the rule in the service''s remediation (counted from 0) with what fits it, or the incidents that name it as their fix. NULL where it is not.';

-- Every published number, of buckets and of windows. grain of a window: 7d, 28d, 90d.
CREATE VIEW dorad.cell AS
	SELECT scope_id, environment, metric, grain, bucket_start,
		n, numerator, denominator, value, p50, p75, p90, p95, mean,
		pending, still_open, definition_id,
		NULL::double precision AS km_median,
		NULL::double precision AS deployment_days_per_week
	FROM dorad.series
	UNION ALL
	SELECT scope_id, environment, metric, window_days || 'd', bucket_start,
		n, numerator, denominator, value, p50, p75, p90, p95, mean,
		pending, still_open, definition_id,
		km_median, deployment_days_per_week
	FROM dorad.rolling;

-- As before, with windows and the evidence of what was unplanned; and one function does it,
-- for two read all numbers of a kind of scope to find one.
CREATE OR REPLACE FUNCTION dora.explain(
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
SET jit = off
AS $explain$
WITH asked AS (
	SELECT s.scope_id, s.name, s.time_zone, b.first, b.next,
		(b.first AT TIME ZONE s.time_zone) AS start_at,
		(b.next AT TIME ZONE s.time_zone) AS end_at
	FROM dorad.scope s
	CROSS JOIN LATERAL (
		SELECT date_trunc(g.grain, $2::timestamp) AS first,
			date_trunc(g.grain, $2::timestamp) + g.length AS next
		FROM (VALUES ('day', interval '1 day'), ('week', interval '7 days'),
			('month', interval '1 month'), ('quarter', interval '3 months'))
			g (grain, length)
		WHERE g.grain = $3
		UNION ALL
		-- of windows only the newest is there, and all of a scope are of the same days
		(SELECT r.bucket_start AT TIME ZONE s.time_zone,
			r.bucket_end AT TIME ZONE s.time_zone
		FROM dorad.rolling r
		WHERE r.scope_id = s.scope_id AND r.window_days || 'd' = $3
			AND ($2 IS NULL OR ($2 >= (r.bucket_start AT TIME ZONE s.time_zone)::date
			AND $2 < (r.bucket_end AT TIME ZONE s.time_zone)::date))
		LIMIT 1)
	) b
	WHERE s.kind = CASE WHEN $4 IS NOT NULL THEN 'service'
			WHEN $5 IS NOT NULL THEN 'team' ELSE 'org' END
		AND s.name = coalesce($4, $5, $6)
), member AS (
	SELECT a.*, o.service_id, o.valid_from, o.valid_to, m.name AS service_name,
		-- from then on nothing of it is open
		coalesce(o.left_at, 'infinity') AS left_at
	FROM asked a
	JOIN dorad.counted o ON o.scope_id = a.scope_id
	JOIN dorad.scope m ON m.scope_id = o.service_id
), rollout AS (
	SELECT m.service_name, r.deployment_id, r.environment, r.finished_at,
		coalesce(t.kind, r.kind) AS kind, coalesce(t.state, 'pending') AS state,
		coalesce(t.unplanned, false) AS unplanned, t.recovered_at,
		t.recovery_excluded, t.pending_until, t.unplanned_because, d.external_id,
		m.start_at, m.end_at, m.left_at,
		local.finished >= m.first AND local.finished < m.next AS inside,
		local.recovered >= m.first AND local.recovered < m.next AS recovered_inside,
		r.service_id
	FROM member m
	-- in the bucket, and for recoveries what ended in it or later, or has not ended: one
	-- range of one index each
	JOIN LATERAL (
		SELECT b.deployment_id FROM dorad.rollout b
		WHERE b.service_id = m.service_id AND ($7 IS NULL OR b.environment = $7)
			AND b.finished_at >= m.start_at - interval '1 day'
			AND b.finished_at < m.end_at + interval '1 day'
		UNION
		SELECT f.rollout_id FROM dorad.rollout_state f
		WHERE $1 = 'failed_deployment_recovery_time' AND f.state = 'failed'
			AND f.service_id = m.service_id AND ($7 IS NULL OR f.environment = $7)
			AND f.recovered_at >= m.start_at - interval '1 day'
		UNION
		SELECT f.rollout_id FROM dorad.rollout_state f
		WHERE $1 = 'failed_deployment_recovery_time' AND f.state = 'failed'
			AND f.service_id = m.service_id AND ($7 IS NULL OR f.environment = $7)
			AND f.recovered_at IS NULL
	) candidate ON $1 <> 'time_to_restore'
	JOIN dorad.rollout r ON r.deployment_id = candidate.deployment_id
		AND r.finished_at >= m.valid_from AND r.finished_at < m.valid_to
		AND r.finished_at < m.end_at + interval '1 day'
	JOIN dorad.deployment d ON d.deployment_id = r.deployment_id
	LEFT JOIN dorad.rollout_state t ON t.rollout_id = r.deployment_id
	CROSS JOIN LATERAL (SELECT r.finished_at AT TIME ZONE m.time_zone AS finished,
		t.recovered_at AT TIME ZONE m.time_zone AS recovered) local
), incident AS (
	SELECT m.service_name, i.*, x.name AS source, t.name AS title, t.url,
		r.external_id AS rollout, m.start_at, m.end_at, m.left_at,
		local.restored >= m.first AND local.restored < m.next AS inside,
		local.started >= m.first AND local.started < m.next AS started_inside,
		-- of two services of a scope it counts once
		row_number() OVER (PARTITION BY i.environment, i.source_id, i.project,
			i.external_id, i.excluded IS NULL ORDER BY m.left_at DESC,
			m.service_name) AS nth
	FROM member m
	JOIN dorad.service_incident i ON i.service_id = m.service_id
		AND ($7 IS NULL OR i.environment = $7)
		AND (i.started_at IS NULL
			OR (i.started_at >= m.valid_from AND i.started_at < m.valid_to
			AND i.started_at < m.end_at + interval '1 day'))
	JOIN dorad.source x USING (source_id)
	LEFT JOIN dorad.item t ON t.source_id = i.source_id AND t.project = i.project
		AND t.kind = 'incident' AND t.external_id = i.external_id
	LEFT JOIN dorad.deployment r ON r.deployment_id = i.rollout_id
	CROSS JOIN LATERAL (SELECT i.restored_at AT TIME ZONE m.time_zone AS restored,
		i.started_at AT TIME ZONE m.time_zone AS started) local
	WHERE $1 = 'time_to_restore'
), commit AS (
	SELECT m.service_name, c.*, p.name AS repo, d.external_id AS rollout
	FROM member m
	JOIN dorad.shipped c ON c.service_id = m.service_id
		AND ($7 IS NULL OR c.environment = $7)
		AND c.finished_at >= m.valid_from AND c.finished_at < m.valid_to
		AND c.finished_at >= m.start_at - interval '1 day'
		AND c.finished_at < m.end_at + interval '1 day'
	JOIN dorad.repo p USING (repo_id)
	JOIN dorad.deployment d ON d.deployment_id = c.rollout_id
	CROSS JOIN LATERAL (SELECT c.finished_at AT TIME ZONE m.time_zone AS finished) local
	WHERE $1 IN ('change_lead_time', 'change_lead_time_all')
		AND local.finished >= m.first AND local.finished < m.next
), change AS (
	SELECT m.service_name, c.*, x.name AS source, t.name AS title, t.url,
		d.external_id AS rollout,
		CASE $1 WHEN 'lead_time_coding' THEN c.coding_us
			WHEN 'lead_time_pickup' THEN c.pickup_us
			WHEN 'lead_time_review' THEN c.review_us
			WHEN 'lead_time_deploy' THEN c.deploy_us END AS span_us
	FROM member m
	JOIN dorad.shipped_change c ON c.service_id = m.service_id
		AND ($7 IS NULL OR c.environment = $7)
		AND c.finished_at >= m.valid_from AND c.finished_at < m.valid_to
		AND c.finished_at >= m.start_at - interval '1 day'
		AND c.finished_at < m.end_at + interval '1 day'
	JOIN dorad.source x USING (source_id)
	JOIN dorad.deployment d ON d.deployment_id = c.rollout_id
	LEFT JOIN dorad.item t ON t.source_id = c.source_id AND t.project = c.project
		AND t.kind = 'change' AND t.external_id = c.external_id
	CROSS JOIN LATERAL (SELECT c.finished_at AT TIME ZONE m.time_zone AS finished) local
	WHERE $1 IN ('lead_time_coding', 'lead_time_pickup', 'lead_time_review',
			'lead_time_deploy')
		AND local.finished >= m.first AND local.finished < m.next
), number AS (
	SELECT a.name AS scope, r.environment, r.grain, r.bucket_start, r.definition_id,
		concat_ws(', ', 'n = ' || r.n,
			'value = ' || coalesce(dorad.in_unit(r.value, u.unit), 'NULL'),
			r.numerator || ' of ' || r.denominator
				|| CASE u.unit WHEN 'rollouts' THEN ' days' ELSE '' END,
			CASE u.unit WHEN 'rollouts' THEN
				'between rollouts: p50 = ' || dorad.in_unit(r.p50, 'seconds') END,
			'p75 = ' || dorad.in_unit(r.p75, 'seconds'),
			'p90 = ' || dorad.in_unit(r.p90, 'seconds'),
			'p95 = ' || dorad.in_unit(r.p95, 'seconds'),
			'mean = ' || dorad.in_unit(r.mean, 'seconds'),
			'pending = ' || r.pending, 'still open = ' || r.still_open,
			'Kaplan-Meier median = ' || dorad.in_unit(r.km_median, 'seconds'),
			'deployment days per week = ' || r.deployment_days_per_week) AS detail,
		jsonb_build_object('value', r.value) || jsonb_strip_nulls(jsonb_build_object(
			'unit', u.unit, 'n', r.n, 'numerator', r.numerator,
			'denominator', r.denominator, 'p50_seconds', r.p50,
			'p75_seconds', r.p75, 'p90_seconds', r.p90, 'p95_seconds', r.p95,
			'mean_seconds', r.mean, 'pending', r.pending,
			'still_open', r.still_open, 'km_median_seconds', r.km_median,
			'deployment_days_per_week', r.deployment_days_per_week)) AS figures
	FROM asked a JOIN dorad.cell r USING (scope_id)
	CROSS JOIN LATERAL (SELECT CASE WHEN r.metric = 'deployment_frequency' THEN 'rollouts'
		WHEN r.metric IN ('change_fail_rate', 'deployment_rework_rate') THEN 'ratio'
		ELSE 'seconds' END AS unit) u
	WHERE r.metric = $1 AND r.grain = $3 AND ($7 IS NULL OR r.environment = $7)
		AND r.bucket_start >= a.start_at - interval '1 day'
		AND r.bucket_start < a.start_at + interval '1 day'
		AND (r.bucket_start AT TIME ZONE a.time_zone)::date = a.first::date
), answer AS (
	SELECT 1 AS rank, 'number' AS part, $1 AS what, scope AS of_service,
		environment AS of_environment, grain AS name, bucket_start AS at,
		NULL::double precision AS seconds, NULL::text AS reason, detail,
		NULL::text AS url
	FROM number

	UNION ALL
	SELECT 2, CASE WHEN $1 = 'change_fail_rate' AND state = 'pending' THEN 'left_out'
			ELSE 'used' END,
		'rollout', service_name, environment, external_id, finished_at, NULL,
		CASE $1 WHEN 'change_fail_rate' THEN state
			WHEN 'deployment_rework_rate' THEN
				CASE WHEN unplanned THEN 'unplanned' ELSE 'planned' END END,
		kind || CASE WHEN $1 = 'change_fail_rate' AND state = 'pending'
			THEN format(', its state is known at %s at the latest', pending_until)
			ELSE '' END, NULL
	FROM rollout
	WHERE inside AND $1 IN ('deployment_frequency', 'change_fail_rate',
		'deployment_rework_rate')

	UNION ALL
	SELECT 2, 'used', 'recovery', service_name, environment, external_id, recovered_at,
		extract(epoch FROM recovered_at - finished_at)::double precision, NULL,
		format('finished at %s', finished_at), NULL
	FROM rollout
	WHERE $1 = 'failed_deployment_recovery_time' AND state = 'failed'
		AND recovered_inside AND recovery_excluded IS NULL

	UNION ALL
	SELECT 2, 'open', 'rollout', service_name, environment, external_id, finished_at,
		extract(epoch FROM least(now(), end_at) - finished_at)::double precision, NULL,
		'failed, and not recovered at the end of the bucket', NULL
	FROM rollout
	WHERE $1 = 'failed_deployment_recovery_time' AND state = 'failed'
		AND recovery_excluded IS NULL AND finished_at < least(now(), end_at)
		AND (recovered_at IS NULL OR recovered_at >= least(now(), end_at))
		AND left_at > least(now(), end_at)

	UNION ALL
	SELECT 2, 'left_out', 'recovery', service_name, environment, external_id,
		finished_at, extract(epoch FROM recovered_at - finished_at)::double precision,
		recovery_excluded, format('recovered at %s', recovered_at), NULL
	FROM rollout
	WHERE $1 = 'failed_deployment_recovery_time' AND recovery_excluded IS NOT NULL
		AND (inside OR recovered_inside)

	UNION ALL
	SELECT 2, CASE WHEN excluded IS NULL
			OR (excluded = 'rule' AND $1 = 'change_lead_time_all')
			THEN 'used' ELSE 'left_out' END,
		'commit', service_name, environment, encode(sha, 'hex'), finished_at,
		lead_us / 1e6::double precision, excluded,
		format('%s, shipped by %s', repo, rollout), NULL
	FROM commit

	UNION ALL
	SELECT 2, CASE WHEN span_us IS NULL THEN 'left_out' ELSE 'used' END, 'change',
		service_name, environment, external_id, finished_at,
		span_us / 1e6::double precision,
		CASE WHEN span_us IS NULL THEN 'unknown' END,
		format('%s, %s, shipped by %s', source, coalesce(title, 'no title'), rollout),
		url
	FROM change

	UNION ALL
	SELECT 2, CASE WHEN excluded IS NULL THEN 'used' ELSE 'left_out' END, 'incident',
		service_name, environment, external_id, coalesce(restored_at, started_at),
		extract(epoch FROM restored_at - started_at)::double precision, excluded,
		concat_ws(', ', source, title, 'linked to ' || rollout || ' by ' || method),
		url
	FROM incident
	WHERE (excluded IS NULL AND inside AND nth = 1)
		OR (excluded IS NOT NULL AND coalesce(inside, started_inside, true))

	UNION ALL
	SELECT 2, 'open', 'incident', service_name, environment, external_id, started_at,
		extract(epoch FROM least(now(), end_at) - started_at)::double precision, NULL,
		concat_ws(', ', source, title), url
	FROM incident
	WHERE excluded IS NULL AND nth = 1 AND started_at < least(now(), end_at)
		AND (restored_at IS NULL OR restored_at >= least(now(), end_at))
		AND left_at > least(now(), end_at)

	UNION ALL
	-- What was tried and is no rollout, by its finish.
	SELECT 3, 'left_out', 'deployment', m.service_name, d.environment, d.external_id,
		d.finished_at, NULL, coalesce(f.excluded, 'pending'),
		format('attempt %s, %s', d.attempt, d.outcome), NULL
	FROM member m
	JOIN dorad.deployment d ON d.service_id = m.service_id
		AND d.finished_at >= m.start_at AND d.finished_at < m.end_at
		AND d.finished_at >= m.valid_from AND d.finished_at < m.valid_to
	LEFT JOIN dorad.fate f USING (deployment_id)
	LEFT JOIN dorad.rollout g ON g.deployment_id = f.rollout_id
	WHERE (f.deployment_id IS NULL OR f.excluded IS NOT NULL)
		AND ($7 IS NULL OR g.environment IS NULL OR g.environment = $7)
		AND $1 NOT IN ('time_to_restore', 'failed_deployment_recovery_time')

	UNION ALL
	SELECT 4, 'evidence', f.method, r.service_name, r.environment, r.external_id,
		coalesce(b.finished_at, i.started_at), NULL,
		CASE WHEN l.method IS NOT NULL THEN 'linked by ' || l.method END,
		concat_ws(', ', 'by ' || b.external_id,
			x.name || ' ' || nullif(f.incident, ''), i.name,
			'because it says "' || l.evidence || '"'), i.url
	FROM rollout r
	JOIN dorad.failure f ON f.service_id = r.service_id
		AND f.rollout_id = r.deployment_id
	LEFT JOIN dorad.deployment b ON b.deployment_id = f.by_rollout_id
	LEFT JOIN dorad.source x ON x.source_id = f.source_id
	LEFT JOIN dorad.item i ON i.source_id = f.source_id AND i.project = f.project
		AND i.kind = 'incident' AND i.external_id = f.incident
	LEFT JOIN dorad.service_incident l ON l.service_id = r.service_id
		AND l.environment = r.environment AND l.source_id = f.source_id
		AND l.project = f.project AND l.external_id = f.incident
	WHERE ($1 = 'change_fail_rate' AND r.inside)
		OR ($1 = 'failed_deployment_recovery_time'
			AND (r.recovered_inside
			OR (r.recovery_excluded IS NOT NULL AND r.inside)
			OR (r.finished_at < r.end_at AND (r.recovered_at IS NULL
			OR r.recovered_at >= r.end_at))))

	UNION ALL
	-- Why a rollout is unplanned, and what it took back or repaired.
	SELECT 4, 'evidence', CASE WHEN r.kind IN ('rollback', 'roll_forward', 'hotfix')
			THEN r.kind ELSE 'incident' END,
		r.service_name, r.environment, r.external_id, r.finished_at, NULL, NULL,
		concat_ws('; ', r.unplanned_because, 'after ' || f.repaired), NULL
	FROM rollout r
	LEFT JOIN LATERAL (SELECT string_agg(d.external_id, ', '
			ORDER BY d.finished_at, d.external_id) AS repaired
		FROM dorad.failure f
		JOIN dorad.deployment d ON d.deployment_id = f.rollout_id
		WHERE f.service_id = r.service_id AND f.by_rollout_id = r.deployment_id) f ON true
	WHERE $1 = 'deployment_rework_rate' AND r.inside AND r.unplanned

	UNION ALL
	SELECT 5, 'source', x.kind, NULL, NULL, x.name, x.ok_at, NULL,
		CASE WHEN x.failed_at > x.ok_at OR x.ok_at IS NULL THEN 'failing' END,
		x.failure, NULL
	FROM asked a JOIN dorad.scope_source u USING (scope_id)
	JOIN dorad.source x USING (source_id)
	WHERE x.active

	UNION ALL
	SELECT 6, 'definition', 'definition_version', NULL, NULL, d.definition_id::text,
		d.first_used_at, NULL, NULL, d.content::text, NULL
	FROM dorad.definition d WHERE d.definition_id IN (SELECT n.definition_id FROM number n)
)
SELECT a.part, a.what, a.of_service, a.of_environment, a.name, a.at, a.seconds, a.reason,
	a.detail, a.url, n.figures
FROM answer a LEFT JOIN number n ON a.part = 'number' AND n.environment = a.of_environment
ORDER BY a.rank, a.part DESC, a.of_service, a.of_environment, a.at, a.name
$explain$;

DROP FUNCTION dorad.explain_rows;

COMMENT ON FUNCTION dora.explain IS 'Why a cell of dora.series or dora.current is what it is: the number itself, the rows used, those left out with the reason, what is still open, the evidence of failures and of what was unplanned, how fresh the sources are and the definition. grain: day, week, month or quarter, or 7d, 28d or 90d for a window of dora.current. bucket is any date in the bucket (of a window, or NULL); name one of service, team and org. Durations are in seconds, those of single commits and changes without who made them. figures: of the number, its columns in the view, durations under names that end in _seconds, and the unit of value: seconds, ratio (0 to 1) or rollouts; NULL in other rows.';
