-- What is known of people and of services that are no more.

-- Whom exclude.authors leaves out was kept as it was written, which may be an address: from
-- now on a keyed digest stands for it. Commits are looked at again at the next poll. A
-- digest of a text with an address in it goes, too.
UPDATE dorad.definition SET fingerprint = 'erased ' || definition_id,
	content = jsonb_set(content, '{service,exclude,authors}',
		(SELECT jsonb_agg('erased'::text)
		FROM jsonb_array_elements(content #> '{service,exclude,authors}')))
	WHERE content #> '{service,exclude,authors}' <> '[]';
UPDATE dorad.repo SET patterns = NULL WHERE repo_id IN
	(SELECT repo_id FROM dorad.commit_note WHERE kind = 'author');
DELETE FROM dorad.commit_note WHERE kind = 'author';

-- History stays with the team that owned it, also that of a service which is no more.
ALTER TABLE dorad.scope ADD COLUMN left_at timestamptz;
UPDATE dorad.scope SET left_at = coalesce(published_until, now()) WHERE NOT active;

-- Until when a service that has left the configuration counts for its teams: until it left,
-- or until the first rollout of one that has taken its place. Such a one has the deployment
-- that was its last, and has it since: a service by another name, which is not to count twice.
CREATE FUNCTION dorad.counts_until(service int) RETURNS timestamptz LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT least(s.left_at, (SELECT min(heir.since)
		FROM (SELECT r.deployment_id FROM dorad.rollout r WHERE r.service_id = s.scope_id
			ORDER BY r.finished_at DESC, r.deployment_id DESC LIMIT 1) last
		JOIN dorad.deployment d USING (deployment_id)
		JOIN dorad.scope a ON a.kind = 'service' AND a.active
		JOIN dorad.deployment same ON same.service_id = a.scope_id
			AND (same.source_id, same.external_id, same.attempt)
			= (d.source_id, d.external_id, d.attempt)
			AND same.first_seen_at >= s.left_at - interval '1 minute'
		CROSS JOIN LATERAL (SELECT min(r.finished_at) AS since FROM dorad.rollout r
			WHERE r.service_id = a.scope_id) heir))
	FROM dorad.scope s WHERE s.scope_id = $1
$$;

-- The services that make up the numbers of a scope, and from when to when: those of
-- dorad.owner, and those that were there before. left_at: from when on nothing of it is
-- open any more, for nobody waits for it; NULL: it is there.
CREATE VIEW dorad.counted AS
	SELECT scope_id, scope_id AS service_id, '-infinity'::timestamptz AS valid_from,
		'infinity'::timestamptz AS valid_to, NULL::timestamptz AS left_at
	FROM dorad.scope WHERE kind = 'service'
	UNION ALL
	SELECT t.scope_id, o.service_id, o.valid_from, least(o.valid_to, l.left_at), l.left_at
	FROM dorad.ownership o JOIN dorad.scope s ON s.scope_id = o.service_id
	CROSS JOIN LATERAL (SELECT o.team_id AS scope_id UNION ALL
		SELECT team.parent_id FROM dorad.scope team WHERE team.scope_id = o.team_id) t
	CROSS JOIN LATERAL (SELECT CASE WHEN NOT s.active
		THEN dorad.counts_until(s.scope_id) END AS left_at OFFSET 0) l
	WHERE coalesce(o.valid_from < l.left_at, true);

CREATE OR REPLACE VIEW dora.team_history AS
	SELECT s.name AS service, t.name AS team, o.name AS org,
		nullif(h.valid_from, '-infinity') AS valid_from,
		nullif(h.valid_to, 'infinity') AS valid_to
	FROM dorad.counted h JOIN dorad.scope s ON s.scope_id = h.service_id
	JOIN dorad.scope t ON t.scope_id = h.scope_id AND t.kind = 'team'
	LEFT JOIN dorad.scope o ON o.scope_id = t.parent_id;

COMMENT ON COLUMN dora.team_history.valid_to IS 'First instant after it: also when the service left the configuration, or got another name. NULL: it still holds.';

-- As before, but for incidents that are over of services that were there: they count.
CREATE OR REPLACE VIEW dora.service_incidents AS
	SELECT s.org, s.team, s.service, c.environment, x.name AS source,
		nullif(c.project, '') AS project, c.external_id AS incident,
		i.name AS title, i.severity, c.started_at, c.restored_at,
		CASE WHEN c.excluded IS NULL THEN
			extract(epoch FROM c.restored_at - c.started_at)
			::double precision END AS restore_seconds,
		d.external_id AS rollout, c.method AS linked_by,
		CASE c.method WHEN 'window' THEN 0.5 WHEN 'change' THEN 0.9
			WHEN 'revision' THEN 0.95 WHEN 'deployment' THEN 1
			END::double precision AS confidence,
		c.evidence, c.excluded AS excluded_reason, i.url,
		c.rollout_id AS deployment_id
	FROM dorad.service_incident c
	JOIN dorad.scope_state s ON s.scope_id = c.service_id
	JOIN dorad.scope o ON o.scope_id = c.service_id
		AND (o.active OR c.restored_at IS NOT NULL)
	JOIN dorad.source x USING (source_id)
	LEFT JOIN dorad.deployment d ON d.deployment_id = c.rollout_id
	LEFT JOIN dorad.item i ON i.source_id = c.source_id AND i.project = c.project
		AND i.kind = 'incident' AND i.external_id = c.external_id
		AND i.attempt = 1
	UNION ALL
	SELECT NULL, NULL, NULL, NULL, x.name, nullif(i.project, ''), i.external_id,
		i.name, i.severity, coalesce(i.started_at, i.detected_at, i.created_at),
		dorad.restored_at(i.mitigated_at, i.resolved_at, i.done, i.state),
		NULL, NULL, NULL, NULL, NULL, 'no_service', i.url, NULL
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'incident' AND i.attempt = 1 AND i.gone_at IS NULL
	AND NOT EXISTS (SELECT FROM dorad.service_incident c
		JOIN dorad.scope o ON o.scope_id = c.service_id
			AND (o.active OR c.restored_at IS NOT NULL)
		WHERE c.source_id = i.source_id AND c.project = i.project
		AND c.external_id = i.external_id);

COMMENT ON VIEW dora.service_incidents IS 'Every incident by the service it concerns, and the rollout it is linked to: the rows behind time_to_restore, and those left out. Those that concern no service of the configuration are there, too: with service NULL, or with the one it concerned until that left, if it was over by then.';

-- As before, with services that are no more, and with what each commit and change took: the
-- rows behind a number are in views, too, with the times of which it is made, and hiding it
-- here alone hid nothing.
CREATE OR REPLACE FUNCTION dorad.explain_rows(
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
		t.recovery_excluded, t.pending_until, d.external_id, m.start_at, m.end_at,
		m.left_at,
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

COMMENT ON FUNCTION dora.explain IS 'Why a cell of dora.series is what it is: the number itself, the rows used, those left out with the reason, what is still open, the evidence of failures, how fresh the sources are and the definition. bucket is any date in the bucket; name one of service, team and org. Durations are in seconds, those of single commits and changes without who made them. figures: of the number, its columns in dora.series, durations under names that end in _seconds, and the unit of value: seconds, ratio (0 to 1) or rollouts; NULL in other rows.';
