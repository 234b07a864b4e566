-- Why a number is what it is: every row that made it, every row that was left out and why, what
-- linked them, how fresh the sources are and what the numbers mean.

-- A cell of dora.series by the names that the views show. bucket is any date inside the bucket.
-- SECURITY DEFINER, so that whoever may read the views may ask; it only reads.
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
	url text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $explain$
WITH asked AS (
	SELECT s.scope_id, s.kind, s.time_zone, s.definition_id, b.first, b.next,
		(b.first AT TIME ZONE s.time_zone) AS start_at,
		(b.next AT TIME ZONE s.time_zone) AS end_at
	FROM dorad.scope s
	CROSS JOIN LATERAL (
		SELECT date_trunc($3, $2::timestamp) AS first,
			date_trunc($3, $2::timestamp) + CASE $3 WHEN 'day' THEN interval '1 day'
				WHEN 'week' THEN interval '7 days'
				WHEN 'month' THEN interval '1 month'
				WHEN 'quarter' THEN interval '3 months' END AS next
	) b
	WHERE s.kind = CASE WHEN $4 IS NOT NULL THEN 'service'
			WHEN $5 IS NOT NULL THEN 'team' ELSE 'org' END
		AND s.name = coalesce($4, $5, $6)
		AND $3 IN ('day', 'week', 'month', 'quarter')
), member AS (
	SELECT a.*, o.service_id, o.valid_from, o.valid_to, m.name AS service_name
	FROM asked a
	JOIN dorad.owner o ON o.scope_id = a.scope_id
	JOIN dorad.scope m ON m.scope_id = o.service_id
), rollout AS (
	SELECT m.service_name, r.deployment_id, r.environment, r.finished_at,
		coalesce(t.kind, r.kind) AS kind, coalesce(t.state, 'pending') AS state,
		coalesce(t.unplanned, false) AS unplanned, t.recovered_at,
		t.recovery_excluded, t.pending_until, d.external_id, m.start_at, m.end_at,
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
		r.external_id AS rollout, m.start_at, m.end_at,
		local.restored >= m.first AND local.restored < m.next AS inside,
		local.started >= m.first AND local.started < m.next AS started_inside,
		-- of two services of a scope it counts once
		row_number() OVER (PARTITION BY i.environment, i.source_id, i.project,
			i.external_id, i.excluded IS NULL ORDER BY m.service_name) AS nth
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
), hidden AS (
	-- What a distribution may not show, its samples may not either.
	SELECT environment, count(DISTINCT author) < (SELECT value::bigint FROM dorad.setting
		WHERE name = 'privacy.minimum_authors') AS few
	FROM (SELECT environment, author FROM commit WHERE excluded IS NULL
			OR (excluded = 'rule' AND $1 = 'change_lead_time_all')
		UNION ALL SELECT environment, author FROM change WHERE span_us IS NOT NULL) a
	GROUP BY environment
), answer AS (
	SELECT 1 AS rank, 'number' AS part, $1 AS what, s.name AS of_service,
		r.environment AS of_environment, r.grain AS name, r.bucket_start AS at,
		NULL::double precision AS seconds, NULL::text AS reason,
		format('n = %s, value = %s', r.n, coalesce(r.value::text, 'NULL'))
			|| coalesce(', ' || r.numerator || ' of ' || r.denominator, '')
			|| coalesce(', p75 = ' || r.p75 || ', p90 = ' || r.p90 || ', p95 = '
				|| r.p95 || ', mean = ' || r.mean, '')
			|| coalesce(', pending = ' || r.pending, '')
			|| coalesce(', still open = ' || r.still_open, '') AS detail,
		NULL::text AS url
	FROM asked a JOIN dorad.series r USING (scope_id)
	JOIN dorad.scope s USING (scope_id)
	WHERE r.metric = $1 AND r.grain = $3 AND ($7 IS NULL OR r.environment = $7)
		AND (r.bucket_start AT TIME ZONE a.time_zone)::date = a.first::date

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
		CASE WHEN coalesce(few, true) THEN NULL ELSE lead_us / 1e6::double precision END, excluded,
		format('%s, shipped by %s', repo, rollout), NULL
	FROM commit LEFT JOIN hidden USING (environment)

	UNION ALL
	SELECT 2, CASE WHEN span_us IS NULL THEN 'left_out' ELSE 'used' END, 'change',
		service_name, environment, external_id, finished_at,
		CASE WHEN coalesce(few, true) THEN NULL ELSE span_us / 1e6::double precision END,
		CASE WHEN span_us IS NULL THEN 'unknown' END,
		format('%s, %s, shipped by %s', source, coalesce(title, 'no title'), rollout),
		url
	FROM change LEFT JOIN hidden USING (environment)

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
	SELECT 5, 'source', x.kind, NULL, NULL, x.name, x.ok_at, NULL,
		CASE WHEN x.failed_at > x.ok_at OR x.ok_at IS NULL THEN 'failing' END,
		x.failure, NULL
	FROM asked a JOIN dorad.scope_source u USING (scope_id)
	JOIN dorad.source x USING (source_id)
	WHERE x.active

	UNION ALL
	SELECT 6, 'definition', 'definition_version', NULL, NULL, d.definition_id::text,
		d.first_used_at, NULL, NULL, d.content::text, NULL
	FROM dorad.definition d WHERE d.definition_id IN (
		SELECT r.definition_id FROM asked a JOIN dorad.series r USING (scope_id)
		WHERE r.metric = $1 AND r.grain = $3 AND ($7 IS NULL OR r.environment = $7)
			AND (r.bucket_start AT TIME ZONE a.time_zone)::date = a.first::date)
)
SELECT part, what, of_service, of_environment, name, at, seconds, reason, detail, url
FROM answer
ORDER BY rank, part DESC, of_service, of_environment, at, name
$explain$;

COMMENT ON FUNCTION dora.explain IS 'Why a cell of dora.series is what it is: the number itself, the rows used, those left out with the reason, what is still open, the evidence of failures, how fresh the sources are and the definition. bucket is any date in the bucket; name one of service, team and org. Durations are in seconds; those of single commits and changes are NULL where fewer people than privacy.minimum_authors have any in the bucket.';
