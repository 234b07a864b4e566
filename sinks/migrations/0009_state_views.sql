-- What became of rollouts, for people and BI tools. Columns keep their names, meaning and
-- order: those of views that were there stand as they did, and new ones follow.

CREATE OR REPLACE VIEW dora.series AS
	SELECT s.org, s.team, s.service, r.environment, r.grain,
		r.bucket_start, r.bucket_end, r.metric,
		r.n, r.numerator, r.denominator, r.value,
		r.p50, r.p75, r.p90, r.p95, r.mean,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until,
		r.definition_id AS definition_version,
		r.computed_at,
		r.pending, r.still_open, r.oldest_open_at
	FROM dorad.series r JOIN dorad.scope_state s USING (scope_id);

COMMENT ON COLUMN dora.series.environment IS 'Rollout group of production environments that the rollouts went to, or that the incidents were about.';
COMMENT ON COLUMN dora.series.metric IS 'deployment_frequency, change_lead_time, change_fail_rate, failed_deployment_recovery_time, deployment_rework_rate, time_to_restore; stages of changes: lead_time_coding, lead_time_pickup, lead_time_review, lead_time_deploy (rows only where n > 0); change_lead_time_all (with what exclude rules leave out; rows only where that is something).';
COMMENT ON COLUMN dora.series.n IS 'Count of samples. deployment_frequency, deployment_rework_rate: successful production rollouts. change_lead_time, change_lead_time_all: shipped commits. change_fail_rate: rollouts whose state is known. failed_deployment_recovery_time: failed rollouts that recovered. time_to_restore: incidents that ended. lead_time_coding and the other stages: shipped changes of which it is known.';
COMMENT ON COLUMN dora.series.numerator IS 'deployment_frequency: days of the bucket with at least one rollout. change_fail_rate: rollouts that failed. deployment_rework_rate: rollouts that were unplanned. Others: NULL.';
COMMENT ON COLUMN dora.series.denominator IS 'deployment_frequency: days of the bucket inside the lifetime of the scope, from its first rollout until now. change_fail_rate, deployment_rework_rate: the same as n. Others: NULL.';
COMMENT ON COLUMN dora.series.value IS 'deployment_frequency: count of rollouts. change_fail_rate, deployment_rework_rate: numerator / denominator, from 0 to 1; NULL where n = 0. Others: median in seconds, the same as p50.';
COMMENT ON COLUMN dora.series.p50 IS 'Median in seconds, interpolated as by percentile_cont. deployment_frequency: of the time between consecutive rollouts of a service, the later of them in the bucket. change_fail_rate, deployment_rework_rate: NULL.';
COMMENT ON COLUMN dora.series.pending IS 'change_fail_rate: rollouts whose state is not known yet, because the time in which an incident would be taken for theirs is not over; they are not in n. Others: NULL.';
COMMENT ON COLUMN dora.series.still_open IS 'failed_deployment_recovery_time, time_to_restore: failed rollouts or incidents that were open at the end of the bucket (or now, if that is earlier). Others: NULL.';
COMMENT ON COLUMN dora.series.oldest_open_at IS 'When the oldest of those began (for a failed rollout: its finish); NULL where none was open.';

CREATE OR REPLACE VIEW dora.current AS
	SELECT s.org, s.team, s.service, r.environment, r.window_days,
		r.bucket_start, r.bucket_end, r.metric,
		r.n, r.numerator, r.denominator, r.value,
		r.p50, r.p75, r.p90, r.p95, r.mean,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until,
		r.definition_id AS definition_version,
		r.computed_at,
		r.deployment_days_per_week,
		r.pending, r.still_open, r.oldest_open_at, r.km_median
	FROM dorad.rolling r JOIN dorad.scope_state s USING (scope_id);

COMMENT ON COLUMN dora.current.environment IS 'Rollout group of production environments that the rollouts went to, or that the incidents were about.';
COMMENT ON COLUMN dora.current.metric IS 'deployment_frequency, change_lead_time, change_fail_rate, failed_deployment_recovery_time, deployment_rework_rate, time_to_restore; stages of changes: lead_time_coding, lead_time_pickup, lead_time_review, lead_time_deploy (rows only where n > 0); change_lead_time_all (with what exclude rules leave out; rows only where that is something).';
COMMENT ON COLUMN dora.current.n IS 'Count of samples. deployment_frequency, deployment_rework_rate: successful production rollouts. change_lead_time, change_lead_time_all: shipped commits. change_fail_rate: rollouts whose state is known. failed_deployment_recovery_time: failed rollouts that recovered. time_to_restore: incidents that ended. lead_time_coding and the other stages: shipped changes of which it is known.';
COMMENT ON COLUMN dora.current.numerator IS 'deployment_frequency: days of the window with at least one rollout. change_fail_rate: rollouts that failed. deployment_rework_rate: rollouts that were unplanned. Others: NULL.';
COMMENT ON COLUMN dora.current.denominator IS 'deployment_frequency: days of the window inside the lifetime of the scope, from its first rollout until now. change_fail_rate, deployment_rework_rate: the same as n. Others: NULL.';
COMMENT ON COLUMN dora.current.value IS 'deployment_frequency: count of rollouts. change_fail_rate, deployment_rework_rate: numerator / denominator, from 0 to 1; NULL where n = 0. Others: median in seconds, the same as p50.';
COMMENT ON COLUMN dora.current.p50 IS 'Median in seconds, interpolated as by percentile_cont. deployment_frequency: of the time between consecutive rollouts of a service, the later of them in the window. change_fail_rate, deployment_rework_rate: NULL.';
COMMENT ON COLUMN dora.current.pending IS 'change_fail_rate: rollouts whose state is not known yet, because the time in which an incident would be taken for theirs is not over; they are not in n. Others: NULL.';
COMMENT ON COLUMN dora.current.still_open IS 'failed_deployment_recovery_time, time_to_restore: failed rollouts or incidents that were open at the end of the window (or now, if that is earlier). Others: NULL.';
COMMENT ON COLUMN dora.current.oldest_open_at IS 'When the oldest of those began (for a failed rollout: its finish); NULL where none was open.';
COMMENT ON COLUMN dora.current.km_median IS 'failed_deployment_recovery_time, time_to_restore: Kaplan-Meier median in seconds, which lets those that are still open count as at least this long; NULL where fewer than half have ended, and for others.';

COMMENT ON COLUMN dora.deployments.kind IS 'What the rollout shipped: normal, baseline (the first known), redeploy (the same revision again), older (a revision reached before) or revision_missing. What became of it is in dora.rollouts.';

CREATE VIEW dora.rollouts AS
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
		r.deployment_id
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

COMMENT ON VIEW dora.rollouts IS 'Every successful production rollout: whether it failed, and when that was over. The rows behind deployment_frequency, change_fail_rate, failed_deployment_recovery_time and deployment_rework_rate.';
COMMENT ON COLUMN dora.rollouts.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.rollouts.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.rollouts.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.rollouts.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.rollouts.deployment IS 'Deployment that finished it: deployment in dora.deployments.';
COMMENT ON COLUMN dora.rollouts.attempt IS 'Count of the attempt at that deployment, from 1.';
COMMENT ON COLUMN dora.rollouts.source IS 'Source that told of that deployment: source in dora.sources.';
COMMENT ON COLUMN dora.rollouts.started_at IS 'When that deployment started; NULL if the source does not tell.';
COMMENT ON COLUMN dora.rollouts.finished_at IS 'When it finished.';
COMMENT ON COLUMN dora.rollouts.kind IS 'normal (ships something nothing earlier reached), baseline (the first known), redeploy (the same revision again), rollback (back to an earlier revision), late (an earlier revision by a slower pipeline), roll_forward or hotfix (repairs an earlier one, by rule) or revision_missing; NULL: seen, not computed yet.';
COMMENT ON COLUMN dora.rollouts.state IS 'failed, ok, or pending: the time in which an incident would be taken for its own is not over.';
COMMENT ON COLUMN dora.rollouts.pending_until IS 'When that time is over; NULL: not computed yet.';
COMMENT ON COLUMN dora.rollouts.failed_by IS 'Why it is failed: incident, rollback, roll_forward, hotfix, in alphabetical order; see dora.failures. NULL where nothing says so.';
COMMENT ON COLUMN dora.rollouts.unplanned IS 'True if it was rework: a rollback, a roll-forward, a hotfix, or what an incident names as its fix.';
COMMENT ON COLUMN dora.rollouts.recovered_at IS 'When a failed one had recovered; NULL while it is open, and where it has not failed.';
COMMENT ON COLUMN dora.rollouts.recovery_seconds IS 'From its finish to its recovery in seconds; NULL where there is no recovery, or it was before the finish.';
COMMENT ON COLUMN dora.rollouts.repo IS 'Repository of the revision; several in alphabetical order, separated by commas.';
COMMENT ON COLUMN dora.rollouts.sha IS 'Revision deployed, in hexadecimal; several in the order of repo, separated by commas.';
COMMENT ON COLUMN dora.rollouts.n_commits IS 'Count of commits it shipped, excluded ones included.';
COMMENT ON COLUMN dora.rollouts.deployment_id IS 'deployment_id in dora.deployments and dora.shipped_commits.';

CREATE VIEW dora.failures AS
	SELECT s.service, t.environment, d.external_id AS deployment, t.finished_at,
		f.method, b.external_id AS by_deployment,
		x.name AS source, nullif(f.project, '') AS project,
		nullif(f.incident, '') AS incident, i.name AS title, i.url,
		s.org, s.team, f.rollout_id AS deployment_id
	FROM dorad.failure f
	JOIN dorad.rollout_state t USING (rollout_id)
	JOIN dorad.scope_state s ON s.scope_id = f.service_id
	LEFT JOIN dorad.deployment d ON d.deployment_id = f.rollout_id
	LEFT JOIN dorad.deployment b ON b.deployment_id = f.by_rollout_id
	LEFT JOIN dorad.source x ON x.source_id = f.source_id
	LEFT JOIN dorad.item i ON i.source_id = f.source_id AND i.project = f.project
		AND i.kind = 'incident' AND i.external_id = f.incident AND i.attempt = 1;

COMMENT ON VIEW dora.failures IS 'Why rollouts are failed: one row for every piece of evidence.';
COMMENT ON COLUMN dora.failures.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.failures.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.failures.deployment IS 'Deployment that finished the failed rollout: deployment in dora.rollouts.';
COMMENT ON COLUMN dora.failures.finished_at IS 'When the failed rollout finished.';
COMMENT ON COLUMN dora.failures.method IS 'What says so: incident (one is linked to it), rollback (it was taken back), roll_forward or hotfix (a later one repaired it, by rule).';
COMMENT ON COLUMN dora.failures.by_deployment IS 'Deployment that repaired it or took it back; NULL for an incident.';
COMMENT ON COLUMN dora.failures.source IS 'Source that told of the incident: source in dora.sources; NULL for others.';
COMMENT ON COLUMN dora.failures.project IS 'Project of the incident at the source; NULL where there is none.';
COMMENT ON COLUMN dora.failures.incident IS 'Incident: incident in dora.incidents; NULL for others.';
COMMENT ON COLUMN dora.failures.title IS 'Title of the incident; NULL for others.';
COMMENT ON COLUMN dora.failures.url IS 'Where people look at the incident; NULL for others.';
COMMENT ON COLUMN dora.failures.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.failures.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.failures.deployment_id IS 'deployment_id in dora.rollouts.';

CREATE VIEW dora.service_incidents AS
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
	JOIN dorad.scope o ON o.scope_id = c.service_id AND o.active
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
		JOIN dorad.scope o ON o.scope_id = c.service_id AND o.active
		WHERE c.source_id = i.source_id AND c.project = i.project
		AND c.external_id = i.external_id);

COMMENT ON VIEW dora.service_incidents IS 'Every incident by the service it concerns, and the rollout it is linked to: the rows behind time_to_restore, and those left out. Those that concern no service of the configuration are there, too, with service NULL.';
COMMENT ON COLUMN dora.service_incidents.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.service_incidents.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.service_incidents.service IS 'Service: name in the configuration; NULL if it concerns none.';
COMMENT ON COLUMN dora.service_incidents.environment IS 'Rollout group it is about: environment in dora.series. An incident about several has a row for each.';
COMMENT ON COLUMN dora.service_incidents.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.service_incidents.project IS 'Project at the source; NULL where the source has none.';
COMMENT ON COLUMN dora.service_incidents.incident IS 'What the source calls it: incident in dora.incidents.';
COMMENT ON COLUMN dora.service_incidents.title IS 'Its title; NULL if the source gives it none.';
COMMENT ON COLUMN dora.service_incidents.severity IS 'In the source''s words.';
COMMENT ON COLUMN dora.service_incidents.started_at IS 'When it began to harm (or, where that is unknown, was detected or told of); NULL where no such time is believable.';
COMMENT ON COLUMN dora.service_incidents.restored_at IS 'When service was restored; NULL while it is open.';
COMMENT ON COLUMN dora.service_incidents.restore_seconds IS 'From started_at to restored_at in seconds; NULL while it is open, and where it does not count.';
COMMENT ON COLUMN dora.service_incidents.rollout IS 'Rollout that it is taken to be caused by: deployment in dora.rollouts; NULL if none.';
COMMENT ON COLUMN dora.service_incidents.linked_by IS 'How that is known: deployment, revision or change (its cause names one that the rollout is, deployed or shipped) or window (the rollout was the latest before it); NULL if it is linked to none.';
COMMENT ON COLUMN dora.service_incidents.confidence IS 'How sure that is: 1 (deployment), 0.95 (revision), 0.9 (change), 0.5 (window). An order, not a probability.';
COMMENT ON COLUMN dora.service_incidents.evidence IS 'The words that name the rollout; NULL if none do.';
COMMENT ON COLUMN dora.service_incidents.excluded_reason IS 'Why it does not count: withdrawn, exempt (by rule or severity), negative (it ended before it began), implausible_time, no_service; NULL if it counts.';
COMMENT ON COLUMN dora.service_incidents.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.service_incidents.deployment_id IS 'deployment_id in dora.rollouts; NULL if it is linked to none.';

CREATE VIEW dora.shipped_changes AS
	SELECT s.service, c.environment, x.name AS source,
		nullif(c.project, '') AS project, c.external_id AS change,
		i.name AS title, d.external_id AS deployment, c.finished_at,
		p.name AS repo, encode(c.sha, 'hex') AS sha,
		c.coding_us / 1e6::double precision AS coding_seconds,
		c.pickup_us / 1e6::double precision AS pickup_seconds,
		c.review_us / 1e6::double precision AS review_seconds,
		c.deploy_us / 1e6::double precision AS deploy_seconds,
		i.url, s.org, s.team, c.rollout_id AS deployment_id
	FROM dorad.shipped_change c
	JOIN dorad.scope_state s ON s.scope_id = c.service_id
	JOIN dorad.source x USING (source_id)
	JOIN dorad.repo p ON p.repo_id = c.repo_id
	LEFT JOIN dorad.deployment d ON d.deployment_id = c.rollout_id
	LEFT JOIN dorad.item i ON i.source_id = c.source_id AND i.project = c.project
		AND i.kind = 'change' AND i.external_id = c.external_id AND i.attempt = 1;

COMMENT ON VIEW dora.shipped_changes IS 'Every change (pull or merge request) that a rollout shipped, and how long its stages took: the rows behind lead_time_coding, lead_time_pickup, lead_time_review and lead_time_deploy. A stage is NULL where it is not known.';
COMMENT ON COLUMN dora.shipped_changes.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.shipped_changes.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.shipped_changes.source IS 'Source that told of the change: source in dora.sources.';
COMMENT ON COLUMN dora.shipped_changes.project IS 'Project at the source; NULL where the source has none.';
COMMENT ON COLUMN dora.shipped_changes.change IS 'What the source calls it: change in dora.changes.';
COMMENT ON COLUMN dora.shipped_changes.title IS 'Its title; NULL if the source does not tell.';
COMMENT ON COLUMN dora.shipped_changes.deployment IS 'Deployment that finished the rollout: deployment in dora.rollouts.';
COMMENT ON COLUMN dora.shipped_changes.finished_at IS 'When the rollout finished.';
COMMENT ON COLUMN dora.shipped_changes.repo IS 'Repository it landed in: name in the configuration.';
COMMENT ON COLUMN dora.shipped_changes.sha IS 'Commit by which it was shipped, in hexadecimal.';
COMMENT ON COLUMN dora.shipped_changes.coding_seconds IS 'From its first commit to its opening, in seconds.';
COMMENT ON COLUMN dora.shipped_changes.pickup_seconds IS 'From its opening to its first review, in seconds.';
COMMENT ON COLUMN dora.shipped_changes.review_seconds IS 'From its first review to its merge, in seconds.';
COMMENT ON COLUMN dora.shipped_changes.deploy_seconds IS 'From its merge to the finish of the rollout, in seconds.';
COMMENT ON COLUMN dora.shipped_changes.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.shipped_changes.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.shipped_changes.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.shipped_changes.deployment_id IS 'deployment_id in dora.rollouts.';

CREATE OR REPLACE VIEW dora.shipped_commits AS
	SELECT s.service, d.external_id AS deployment, p.name AS repo,
		encode(c.sha, 'hex') AS sha, c.authored_at, c.committed_at,
		c.lead_us / 1e6::double precision AS lead_seconds,
		c.excluded AS excluded_reason,
		c.environment, c.finished_at, s.org, s.team,
		c.rollout_id AS deployment_id,
		o.external_id AS change, x.name AS change_source,
		o.method AS change_method, nullif(o.project, '') AS change_project
	FROM dorad.shipped c
	JOIN dorad.scope_state s ON s.scope_id = c.service_id
	JOIN dorad.repo p USING (repo_id)
	LEFT JOIN dorad.deployment d ON d.deployment_id = c.rollout_id
	LEFT JOIN dorad.commit_change o ON o.service_id = c.service_id
		AND o.repo_id = c.repo_id AND o.sha = c.sha
	LEFT JOIN dorad.source x ON x.source_id = o.source_id;

COMMENT ON COLUMN dora.shipped_commits.lead_seconds IS 'Change lead time in seconds: finish of the rollout less the configured commit time; NULL where the commit is left out, but for what a rule leaves out: that is in change_lead_time_all.';
COMMENT ON COLUMN dora.shipped_commits.change IS 'Change it came from: change in dora.changes; NULL if none is known.';
COMMENT ON COLUMN dora.shipped_commits.change_source IS 'Source of that change.';
COMMENT ON COLUMN dora.shipped_commits.change_method IS 'How that is known: merge, squash or head (the commit is the one the change names), rebase (a commit of it before its last) or cherry_pick.';
COMMENT ON COLUMN dora.shipped_commits.change_project IS 'Project of that change at its source.';

CREATE OR REPLACE VIEW dora.exclusions AS
	SELECT service, environment, 'deployment' AS kind, deployment, repo, sha,
		coalesce(finished_at, started_at, first_seen_at) AS at, excluded_reason,
		NULL::text AS source, NULL::text AS project, NULL::text AS incident
	FROM dora.deployments WHERE excluded_reason IS NOT NULL
	UNION ALL
	SELECT service, environment, 'commit', deployment, repo, sha,
		finished_at, excluded_reason, NULL, NULL, NULL
	FROM dora.shipped_commits WHERE excluded_reason IS NOT NULL
	UNION ALL
	SELECT service, environment, 'incident', rollout, NULL, NULL,
		coalesce(started_at, restored_at), excluded_reason, source, project,
		incident
	FROM dora.service_incidents WHERE excluded_reason IS NOT NULL
	UNION ALL
	SELECT s.service, t.environment, 'recovery', d.external_id, NULL, NULL,
		t.finished_at, t.recovery_excluded, NULL, NULL, NULL
	FROM dorad.rollout_state t
	JOIN dorad.scope_state s ON s.scope_id = t.service_id
	LEFT JOIN dorad.deployment d ON d.deployment_id = t.rollout_id
	WHERE t.recovery_excluded IS NOT NULL;

COMMENT ON VIEW dora.exclusions IS 'Every deployment, shipped commit, incident and recovery that is left out of the numbers, and why.';

COMMENT ON COLUMN dora.exclusions.service IS 'Service: name in the configuration; NULL for an incident that concerns none.';
COMMENT ON COLUMN dora.exclusions.environment IS 'Environment of a deployment; rollout group of a commit, incident or recovery.';
COMMENT ON COLUMN dora.exclusions.kind IS 'deployment, commit, incident or recovery (of a failed rollout).';
COMMENT ON COLUMN dora.exclusions.deployment IS 'Deployment left out, or the one that shipped the commit, finished the rollout that failed, or finished the rollout that the incident is linked to: deployment in dora.deployments.';
COMMENT ON COLUMN dora.exclusions.repo IS 'Repository: name in the configuration; NULL for an incident or recovery.';
COMMENT ON COLUMN dora.exclusions.sha IS 'Revision of the deployment, or the commit, in hexadecimal; NULL for an incident or recovery.';
COMMENT ON COLUMN dora.exclusions.at IS 'When the deployment or rollout finished (or, where that is unknown, started or was seen first), or the incident began.';
COMMENT ON COLUMN dora.exclusions.excluded_reason IS 'Why: excluded_reason in dora.deployments, dora.shipped_commits and dora.service_incidents; of a recovery negative: it was before the rollout finished.';
COMMENT ON COLUMN dora.exclusions.source IS 'Source of the incident; NULL for others.';
COMMENT ON COLUMN dora.exclusions.project IS 'Project of the incident at its source; NULL for others.';
COMMENT ON COLUMN dora.exclusions.incident IS 'Incident left out: incident in dora.incidents; NULL for others.';
