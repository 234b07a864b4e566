-- The rows that made a number, those left out and why, and what they came from.

CREATE VIEW dora.deployments AS
	SELECT s.org, s.team, s.service, d.environment,
		d.external_id AS deployment, d.attempt, x.name AS source,
		d.started_at, d.finished_at, d.outcome,
		last.external_id AS rollout, r.kind,
		rev.repo, rev.sha,
		CASE WHEN r.deployment_id = d.deployment_id THEN
			(SELECT count(*) FROM dorad.shipped c
			WHERE c.service_id = r.service_id AND c.environment = r.environment
			AND c.finished_at = r.finished_at
			AND c.rollout_id = r.deployment_id) END AS n_commits,
		f.deployment_id IS NOT NULL AND f.excluded IS NULL AS counted,
		CASE WHEN f.deployment_id IS NULL THEN 'pending' ELSE f.excluded END
			AS excluded_reason,
		d.first_seen_at,
		r.environment AS rollout_environment,
		d.deployment_id
	FROM dorad.deployment d
	JOIN dorad.scope_state s ON s.scope_id = d.service_id
	JOIN dorad.source x USING (source_id)
	LEFT JOIN dorad.fate f USING (deployment_id)
	LEFT JOIN dorad.rollout r ON r.deployment_id = f.rollout_id
	LEFT JOIN dorad.deployment last ON last.deployment_id = r.deployment_id
	LEFT JOIN LATERAL (
		SELECT string_agg(p.name, ', ' ORDER BY p.name, v.sha) AS repo,
			string_agg(encode(v.sha, 'hex'), ', ' ORDER BY p.name, v.sha) AS sha
		FROM dorad.deployment_revision v JOIN dorad.repo p USING (repo_id)
		WHERE v.deployment_id = d.deployment_id
	) rev ON true;

COMMENT ON VIEW dora.deployments IS 'Every deployment seen (an attempt to put revisions into an environment), whether it counts, and the rollout it became part of.';
COMMENT ON COLUMN dora.deployments.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.deployments.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.deployments.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.deployments.environment IS 'Environment deployed to, as the source names it.';
COMMENT ON COLUMN dora.deployments.deployment IS 'Identity at the source, such as tag:v1.0.';
COMMENT ON COLUMN dora.deployments.attempt IS 'Count of the attempt at this deployment, from 1.';
COMMENT ON COLUMN dora.deployments.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.deployments.started_at IS 'When it started; NULL if the source does not tell.';
COMMENT ON COLUMN dora.deployments.finished_at IS 'When it finished; NULL while it runs or where the time is not believable.';
COMMENT ON COLUMN dora.deployments.outcome IS 'success, failure, cancelled, skipped or running.';
COMMENT ON COLUMN dora.deployments.rollout IS 'Rollout it is part of, by the identity of the deployment that finished it; NULL if none.';
COMMENT ON COLUMN dora.deployments.kind IS 'What the rollout was: normal, baseline (the first known), redeploy (the same revision again), older (a revision reached before) or revision_missing.';
COMMENT ON COLUMN dora.deployments.repo IS 'Repository of the revision; several in alphabetical order, separated by commas.';
COMMENT ON COLUMN dora.deployments.sha IS 'Revision deployed, in hexadecimal; several in the order of repo, separated by commas.';
COMMENT ON COLUMN dora.deployments.n_commits IS 'Count of commits the rollout shipped, excluded ones included; NULL where this deployment did not finish a rollout.';
COMMENT ON COLUMN dora.deployments.counted IS 'True if it counts in deployment_frequency.';
COMMENT ON COLUMN dora.deployments.excluded_reason IS 'Why it does not count (not_successful, not_production, incomplete_rollout, part_of_rollout, implausible_time, rewritten, rule; pending: seen, not computed yet); NULL if it counts.';
COMMENT ON COLUMN dora.deployments.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.deployments.rollout_environment IS 'Rollout group: environment in dora.series; NULL if it is part of no rollout.';
COMMENT ON COLUMN dora.deployments.deployment_id IS 'Number of the row, the same in dora.shipped_commits; means nothing outside this database.';

CREATE VIEW dora.shipped_commits AS
	SELECT s.service, d.external_id AS deployment, p.name AS repo,
		encode(c.sha, 'hex') AS sha, c.authored_at, c.committed_at,
		c.lead_us / 1e6::double precision AS lead_seconds,
		c.excluded AS excluded_reason,
		c.environment, c.finished_at, s.org, s.team,
		c.rollout_id AS deployment_id
	FROM dorad.shipped c
	JOIN dorad.scope_state s ON s.scope_id = c.service_id
	JOIN dorad.repo p USING (repo_id)
	LEFT JOIN dorad.deployment d ON d.deployment_id = c.rollout_id;

COMMENT ON VIEW dora.shipped_commits IS 'Every commit that a rollout shipped: the samples of change_lead_time, and those left out.';
COMMENT ON COLUMN dora.shipped_commits.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.shipped_commits.deployment IS 'Deployment that finished the rollout: deployment in dora.deployments.';
COMMENT ON COLUMN dora.shipped_commits.repo IS 'Repository: name in the configuration.';
COMMENT ON COLUMN dora.shipped_commits.sha IS 'Name of the commit, in hexadecimal.';
COMMENT ON COLUMN dora.shipped_commits.authored_at IS 'Author time of the commit; NULL where it is unknown.';
COMMENT ON COLUMN dora.shipped_commits.committed_at IS 'Committer time of the commit; NULL where it is unknown.';
COMMENT ON COLUMN dora.shipped_commits.lead_seconds IS 'Change lead time in seconds: finish of the rollout less the configured commit time; NULL where the commit is left out.';
COMMENT ON COLUMN dora.shipped_commits.excluded_reason IS 'Why it is left out (baseline, merge, rule, negative, implausible_time, revision_missing); NULL if it counts.';
COMMENT ON COLUMN dora.shipped_commits.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.shipped_commits.finished_at IS 'When the rollout finished.';
COMMENT ON COLUMN dora.shipped_commits.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.shipped_commits.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.shipped_commits.deployment_id IS 'deployment_id in dora.deployments.';

CREATE VIEW dora.exclusions AS
	SELECT service, environment, 'deployment' AS kind, deployment, repo, sha,
		coalesce(finished_at, started_at, first_seen_at) AS at, excluded_reason
	FROM dora.deployments WHERE excluded_reason IS NOT NULL
	UNION ALL
	SELECT service, environment, 'commit', deployment, repo, sha,
		finished_at, excluded_reason
	FROM dora.shipped_commits WHERE excluded_reason IS NOT NULL;

COMMENT ON VIEW dora.exclusions IS 'Every deployment and shipped commit that is left out of the numbers, and why.';
COMMENT ON COLUMN dora.exclusions.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.exclusions.environment IS 'Environment of a deployment, rollout group of a commit.';
COMMENT ON COLUMN dora.exclusions.kind IS 'deployment or commit.';
COMMENT ON COLUMN dora.exclusions.deployment IS 'Deployment left out, or the one that shipped the commit: deployment in dora.deployments.';
COMMENT ON COLUMN dora.exclusions.repo IS 'Repository: name in the configuration.';
COMMENT ON COLUMN dora.exclusions.sha IS 'Revision of the deployment, or the commit, in hexadecimal.';
COMMENT ON COLUMN dora.exclusions.at IS 'When the deployment or rollout finished (or, where that is unknown, started or was seen first).';
COMMENT ON COLUMN dora.exclusions.excluded_reason IS 'Why: excluded_reason in dora.deployments and dora.shipped_commits.';

CREATE VIEW dora.sources AS
	SELECT x.name AS source, x.kind, p.name AS repo, x.polled_at,
		x.ok_at AS fresh_until, x.failed_at, x.failure,
		coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL) AS failing,
		x.shallow, x.active
	FROM dorad.source x LEFT JOIN dorad.repo p USING (repo_id);

COMMENT ON VIEW dora.sources IS 'Where facts come from: how fresh each source is, and its last failure.';
COMMENT ON COLUMN dora.sources.source IS 'Source: name in the configuration.';
COMMENT ON COLUMN dora.sources.kind IS 'What it is: git.';
COMMENT ON COLUMN dora.sources.repo IS 'Repository: name in the configuration.';
COMMENT ON COLUMN dora.sources.polled_at IS 'When it was last asked; NULL: never.';
COMMENT ON COLUMN dora.sources.fresh_until IS 'Up to when its facts are known: its last good poll; NULL: never.';
COMMENT ON COLUMN dora.sources.failed_at IS 'When a poll failed last; NULL: never.';
COMMENT ON COLUMN dora.sources.failure IS 'Why that poll failed, in words.';
COMMENT ON COLUMN dora.sources.failing IS 'True if there has been no good poll since the last failure.';
COMMENT ON COLUMN dora.sources.shallow IS 'True if the history of the repository is cut, so that older commits are not known.';
COMMENT ON COLUMN dora.sources.active IS 'False if it has left the configuration.';

CREATE VIEW dora.repository_events AS
	SELECT p.name AS repo, e.at, e.kind, e.ref,
		encode(e.old_sha, 'hex') AS old_sha, encode(e.new_sha, 'hex') AS new_sha
	FROM dorad.repo_event e JOIN dorad.repo p USING (repo_id);

COMMENT ON VIEW dora.repository_events IS 'What happened to refs that should not change: tags moved or deleted, branches rewritten.';
COMMENT ON COLUMN dora.repository_events.repo IS 'Repository: name in the configuration.';
COMMENT ON COLUMN dora.repository_events.at IS 'When dorad saw it.';
COMMENT ON COLUMN dora.repository_events.kind IS 'What happened, in words: tag moved, tag deleted, branch rewritten and the like.';
COMMENT ON COLUMN dora.repository_events.ref IS 'Full name of the ref, such as refs/tags/v1.0.';
COMMENT ON COLUMN dora.repository_events.old_sha IS 'What it pointed to before, in hexadecimal; NULL: nothing.';
COMMENT ON COLUMN dora.repository_events.new_sha IS 'What it points to since, in hexadecimal; NULL: nothing.';

CREATE VIEW dora.definitions AS
	SELECT d.definition_id AS definition_version, s.org, s.team, s.service,
		d.fingerprint, d.content, d.first_used_at
	FROM dorad.definition d JOIN dorad.scope_state s USING (scope_id);

COMMENT ON VIEW dora.definitions IS 'What the numbers meant when they were made: the rules, zones and versions behind each definition_version.';
COMMENT ON COLUMN dora.definitions.definition_version IS 'Number that rows of dora.series and dora.current refer to.';
COMMENT ON COLUMN dora.definitions.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.definitions.team IS 'Team: name in the configuration; NULL for a whole organization.';
COMMENT ON COLUMN dora.definitions.service IS 'Service: name in the configuration; NULL for a whole team or organization.';
COMMENT ON COLUMN dora.definitions.fingerprint IS 'Digest of content: equal digests mean the same.';
COMMENT ON COLUMN dora.definitions.content IS 'The definitions as JSON.';
COMMENT ON COLUMN dora.definitions.first_used_at IS 'When the first number was made with them.';
