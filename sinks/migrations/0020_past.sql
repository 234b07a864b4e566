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
		coalesce(i.mitigated_at, i.resolved_at), NULL, NULL, NULL, NULL, NULL,
		'no_service', i.url, NULL
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'incident' AND i.attempt = 1 AND i.gone_at IS NULL
	AND NOT EXISTS (SELECT FROM dorad.service_incident c
		JOIN dorad.scope o ON o.scope_id = c.service_id
			AND (o.active OR c.restored_at IS NOT NULL)
		WHERE c.source_id = i.source_id AND c.project = i.project
		AND c.external_id = i.external_id);

COMMENT ON VIEW dora.service_incidents IS 'Every incident by the service it concerns, and the rollout it is linked to: the rows behind time_to_restore, and those left out. Those that concern no service of the configuration are there, too: with service NULL, or with the one it concerned until that left, if it was over by then.';
