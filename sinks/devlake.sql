-- Views named like the tables of Apache DevLake's domain layer, over the same rows as schema
-- dora, so that SQL which was written for it runs here. Made only where the configuration
-- asks for it; {schema} is the schema. A project there is a service here. Columns are added at
-- the end and never changed: every statement may be repeated.

CREATE OR REPLACE VIEW {schema}.projects AS
	SELECT name, NULL::text AS description FROM dorad.scope WHERE kind = 'service';
COMMENT ON VIEW {schema}.projects IS 'Every service, as a project.';

CREATE OR REPLACE VIEW {schema}.cicd_scopes AS
	SELECT 'service:' || name AS id, name, NULL::text AS description, NULL::text AS url,
		NULL::timestamptz AS created_date, NULL::timestamptz AS updated_date
	FROM dorad.scope WHERE kind = 'service'
	UNION ALL
	SELECT DISTINCT 'ci:' || x.name || ':' || f.project,
		coalesce(nullif(f.project, ''), x.name), NULL, NULL, NULL::timestamptz,
		NULL::timestamptz
	FROM dorad.feed f JOIN dorad.source x USING (source_id);
COMMENT ON VIEW {schema}.cicd_scopes IS 'Every service, and every project of an API that pipelines are read from.';

CREATE OR REPLACE VIEW {schema}.boards AS
	SELECT 'service:' || name AS id, name, NULL::text AS description, NULL::text AS url,
		NULL::timestamptz AS created_date, NULL::text AS type
	FROM dorad.scope WHERE kind = 'service';
COMMENT ON VIEW {schema}.boards IS 'Every service, as what its incidents and debt belong to.';

CREATE OR REPLACE VIEW {schema}.repos AS
	SELECT 'repo:' || name AS id, name, NULL::text AS url, NULL::text AS description,
		NULL::text AS owner_id, NULL::text AS language, NULL::text AS forked_from,
		NULL::timestamptz AS created_date, NULL::timestamptz AS updated_date,
		false AS deleted
	FROM dorad.repo;
COMMENT ON VIEW {schema}.repos IS 'Every repository of the configuration.';

CREATE OR REPLACE VIEW {schema}.project_mapping AS
	SELECT s.name AS project_name, k.kind AS "table", 'service:' || s.name AS row_id
	FROM dorad.scope s CROSS JOIN (VALUES ('cicd_scopes'), ('boards')) k (kind)
	WHERE s.kind = 'service'
	UNION ALL
	SELECT s.name, 'repos', 'repo:' || p.name
	FROM dorad.component c JOIN dorad.scope s ON s.scope_id = c.service_id
	JOIN dorad.repo p USING (repo_id)
	UNION ALL
	SELECT DISTINCT s.name, 'cicd_scopes', 'ci:' || x.name || ':' || f.project
	FROM dorad.pipeline_use u JOIN dorad.scope s ON s.scope_id = u.service_id
	JOIN dorad.source x USING (source_id) JOIN dorad.feed f USING (source_id)
	WHERE u.project IS NULL OR u.project = f.project;
COMMENT ON VIEW {schema}.project_mapping IS 'What belongs to a project: its scopes, its board, its repositories.';

CREATE OR REPLACE VIEW {schema}.cicd_deployments AS
	SELECT 'deployment:' || d.deployment_id AS id,
		'service:' || s.name AS cicd_scope_id, d.external_id AS name,
		CASE d.outcome WHEN 'success' THEN 'SUCCESS' WHEN 'failure' THEN 'FAILURE'
			ELSE '' END AS result,
		CASE d.outcome WHEN 'running' THEN 'IN_PROGRESS' ELSE 'DONE' END AS status,
		d.outcome AS original_status, d.outcome AS original_result,
		CASE WHEN f.deployment_id IS NOT NULL AND f.excluded IS NULL
			THEN 'PRODUCTION' ELSE '' END AS environment,
		d.environment AS original_environment,
		coalesce(d.started_at, d.finished_at, d.first_seen_at) AS created_date,
		NULL::timestamptz AS queued_date, d.started_at AS started_date,
		d.finished_at AS finished_date,
		extract(epoch FROM d.finished_at - d.started_at)::double precision
			AS duration_sec,
		NULL::double precision AS queued_duration_sec,
		d.external_id AS display_title, NULL::text AS url
	FROM dorad.deployment d JOIN dorad.scope s ON s.scope_id = d.service_id
	LEFT JOIN dorad.fate f USING (deployment_id);
COMMENT ON VIEW {schema}.cicd_deployments IS 'Every deployment. environment is PRODUCTION in the one that finished a rollout, so that counting those gives deployment_frequency; others keep theirs in original_environment. Durations are in seconds.';

CREATE OR REPLACE VIEW {schema}.cicd_deployment_commits AS
	SELECT c.id || ':' || p.name || ':' || encode(v.sha, 'hex') AS id,
		c.cicd_scope_id, c.id AS cicd_deployment_id, c.name, c.result, c.status,
		c.original_status, c.original_result, c.environment, c.original_environment,
		c.created_date, c.queued_date, c.started_date, c.finished_date,
		c.duration_sec, c.queued_duration_sec, c.display_title, c.url,
		encode(v.sha, 'hex') AS commit_sha, NULL::text AS commit_msg,
		d.ref AS ref_name, 'repo:' || p.name AS repo_id, NULL::text AS repo_url,
		(SELECT 'deployment:' || e.deployment_id || ':' || p.name || ':'
				|| encode(w.sha, 'hex')
			FROM dorad.rollout e JOIN dorad.deployment_revision w
				ON w.deployment_id = e.deployment_id
				AND w.repo_id = v.repo_id
			WHERE e.service_id = r.service_id AND e.environment = r.environment
			AND (e.finished_at, e.deployment_id)
				< (r.finished_at, r.deployment_id)
			ORDER BY e.finished_at DESC, e.deployment_id DESC LIMIT 1)
			AS prev_success_deployment_commit_id
	FROM dorad.deployment d
	JOIN {schema}.cicd_deployments c ON c.id = 'deployment:' || d.deployment_id
	JOIN dorad.deployment_revision v USING (deployment_id)
	JOIN dorad.repo p USING (repo_id)
	LEFT JOIN dorad.rollout r USING (deployment_id);
COMMENT ON VIEW {schema}.cicd_deployment_commits IS 'Every deployment by the revisions that it deployed. Durations are in seconds.';

CREATE OR REPLACE VIEW {schema}.cicd_pipelines AS
	SELECT 'run:' || r.source || ':' || coalesce(r.project, '') || ':' || r.run || ':'
			|| r.attempt AS id,
		coalesce(r.workflow, r.run) AS name,
		CASE r.outcome WHEN 'success' THEN 'SUCCESS' WHEN 'failure' THEN 'FAILURE'
			ELSE '' END AS result,
		CASE r.outcome WHEN 'running' THEN 'IN_PROGRESS' ELSE 'DONE' END AS status,
		r.state AS original_status, r.outcome AS original_result, ''::text AS type,
		''::text AS environment, r.created_at AS created_date,
		r.created_at AS queued_date, r.started_at AS started_date,
		r.finished_at AS finished_date, r.duration_seconds AS duration_sec,
		r.queue_seconds AS queued_duration_sec,
		'ci:' || r.source || ':' || coalesce(r.project, '') AS cicd_scope_id,
		coalesce(r.workflow, r.run) AS display_title, r.url
	FROM dora.pipeline_runs r WHERE r.gone_at IS NULL;
COMMENT ON VIEW {schema}.cicd_pipelines IS 'Every attempt at a run of a pipeline. Durations are in seconds.';

CREATE OR REPLACE VIEW {schema}.cicd_tasks AS
	SELECT 'job:' || j.source || ':' || coalesce(j.project, '') || ':' || j.job || ':'
			|| j.attempt AS id,
		j.name,
		(SELECT 'run:' || j.source || ':' || coalesce(j.project, '') || ':' || j.run
				|| ':' || max(i.attempt)
			FROM dorad.item i JOIN dorad.source x USING (source_id)
			WHERE x.name = j.source AND i.project = coalesce(j.project, '')
			AND i.kind = 'run' AND i.external_id = j.run) AS pipeline_id,
		CASE j.outcome WHEN 'success' THEN 'SUCCESS' WHEN 'failure' THEN 'FAILURE'
			ELSE '' END AS result,
		CASE j.outcome WHEN 'running' THEN 'IN_PROGRESS' ELSE 'DONE' END AS status,
		j.state AS original_status, j.outcome AS original_result, ''::text AS type,
		''::text AS environment, j.created_at AS created_date,
		j.created_at AS queued_date, j.started_at AS started_date,
		j.finished_at AS finished_date, j.duration_seconds AS duration_sec,
		j.queue_seconds AS queued_duration_sec,
		'ci:' || j.source || ':' || coalesce(j.project, '') AS cicd_scope_id
	FROM dora.pipeline_jobs j WHERE j.gone_at IS NULL;
COMMENT ON VIEW {schema}.cicd_tasks IS 'Every job of a pipeline that is known. Durations are in seconds.';

CREATE OR REPLACE VIEW {schema}.commits AS
	SELECT DISTINCT ON (sha) encode(sha, 'hex') AS sha, NULL::int AS additions,
		NULL::int AS deletions, NULL::text AS message, NULL::text AS author_name,
		NULL::text AS author_email, authored_at AS authored_date,
		NULL::text AS author_id, NULL::text AS committer_name,
		NULL::text AS committer_email, committed_at AS committed_date,
		NULL::text AS committer_id
	FROM dorad.commit ORDER BY sha, repo_id;
COMMENT ON VIEW {schema}.commits IS 'Every commit. Who wrote it and what it says is not kept, and NULL.';

CREATE OR REPLACE VIEW {schema}.repo_commits AS
	SELECT 'repo:' || p.name AS repo_id, encode(c.sha, 'hex') AS commit_sha
	FROM dorad.commit c JOIN dorad.repo p USING (repo_id);
COMMENT ON VIEW {schema}.repo_commits IS 'Which commits a repository has.';

CREATE OR REPLACE VIEW {schema}.pull_requests AS
	SELECT 'change:' || x.name || ':' || i.project || ':' || i.external_id AS id,
		(SELECT min('repo:' || p.name) FROM dorad.shipped_change c
			JOIN dorad.repo p USING (repo_id) WHERE c.source_id = i.source_id
			AND c.project = i.project AND c.external_id = i.external_id)
			AS base_repo_id,
		i.base AS base_ref, NULL::text AS base_commit_sha,
		NULL::text AS head_repo_id, i.ref AS head_ref,
		i.head_sha AS head_commit_sha,
		CASE WHEN i.merged_at IS NOT NULL THEN 'MERGED' WHEN i.done THEN 'CLOSED'
			ELSE 'OPEN' END AS status,
		i.state AS original_status, i.category AS type, NULL::text AS component,
		i.name AS title, NULL::text AS description, i.url,
		NULL::text AS author_name, NULL::text AS author_id,
		NULL::text AS parent_pr_id, i.external_id AS pull_request_key,
		i.created_at AS created_date, i.merged_at AS merged_date,
		coalesce(i.closed_at, i.merged_at) AS closed_date,
		NULL::int AS additions, NULL::int AS deletions,
		coalesce(i.sha, i.squash_sha) AS merge_commit_sha, i.draft AS is_draft
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'change' AND i.gone_at IS NULL;
COMMENT ON VIEW {schema}.pull_requests IS 'Every change. base_repo_id is known of those that were shipped; authors are not kept, and NULL.';

CREATE OR REPLACE VIEW {schema}.project_pr_metrics AS
	SELECT 'change:' || x.name || ':' || c.project || ':' || c.external_id AS id,
		s.name AS project_name, NULL::text AS first_commit_sha,
		NULL::text AS first_review_id,
		'deployment:' || c.rollout_id || ':' || p.name || ':' || encode(v.sha, 'hex')
			AS deployment_commit_id,
		ceil(c.coding_us / 6e7)::bigint AS pr_coding_time,
		ceil(c.pickup_us / 6e7)::bigint AS pr_pickup_time,
		ceil(c.review_us / 6e7)::bigint AS pr_review_time,
		ceil(c.deploy_us / 6e7)::bigint AS pr_deploy_time,
		ceil((extract(epoch FROM c.finished_at - i.created_at)
			+ c.coding_us / 1e6) / 60)::bigint AS pr_cycle_time,
		i.created_at - c.coding_us * interval '1 microsecond'
			AS first_commit_authored_date,
		i.created_at AS pr_created_date, i.reviewed_at AS first_comment_date,
		i.merged_at AS pr_merged_date, c.finished_at AS pr_deployed_date
	FROM dorad.shipped_change c
	JOIN dorad.scope s ON s.scope_id = c.service_id
	JOIN dorad.source x USING (source_id)
	JOIN dorad.repo p ON p.repo_id = c.repo_id
	LEFT JOIN dorad.deployment_revision v ON v.deployment_id = c.rollout_id
		AND v.repo_id = c.repo_id
	LEFT JOIN dorad.item i ON i.source_id = c.source_id AND i.project = c.project
		AND i.kind = 'change' AND i.external_id = c.external_id AND i.attempt = 1;
COMMENT ON VIEW {schema}.project_pr_metrics IS 'Every change that was shipped, with its stages in minutes, rounded up. NULL: not known.';

-- Those that count in the time to restore, once a service.
CREATE OR REPLACE VIEW {schema}.incidents AS
	SELECT DISTINCT 'incident:' || x.name || ':' || c.project || ':' || c.external_id
			AS id,
		i.url, c.external_id AS incident_key, i.name AS title,
		NULL::text AS description,
		CASE WHEN c.restored_at IS NULL THEN 'TODO' ELSE 'DONE' END AS status,
		i.state AS original_status, c.restored_at AS resolution_date,
		c.started_at AS created_date, i.updated_at AS updated_date,
		ceil(extract(epoch FROM c.restored_at - c.started_at) / 60)::bigint
			AS lead_time_minutes,
		NULL::text AS priority, i.severity, NULL::text AS urgency,
		s.name AS component, nullif(c.project, '') AS original_project,
		'boards'::text AS "table", 'service:' || s.name AS scope_id
	FROM dorad.service_incident c
	JOIN dorad.scope s ON s.scope_id = c.service_id
	JOIN dorad.source x USING (source_id)
	LEFT JOIN dorad.item i ON i.source_id = c.source_id AND i.project = c.project
		AND i.kind = 'incident' AND i.external_id = c.external_id AND i.attempt = 1
	WHERE c.excluded IS NULL;
COMMENT ON VIEW {schema}.incidents IS 'Every incident that counts in the time to restore, once for each service. lead_time_minutes runs from its start to the restore, rounded up.';

CREATE OR REPLACE VIEW {schema}.project_incident_deployment_relationships AS
	SELECT DISTINCT 'incident:' || x.name || ':' || c.project || ':' || c.external_id
			AS id,
		s.name AS project_name, 'deployment:' || c.rollout_id AS deployment_id
	FROM dorad.service_incident c
	JOIN dorad.scope s ON s.scope_id = c.service_id
	JOIN dorad.source x USING (source_id)
	WHERE c.excluded IS NULL AND c.rollout_id IS NOT NULL;
COMMENT ON VIEW {schema}.project_incident_deployment_relationships IS 'Which deployment an incident is linked to.';

-- An issue of several services is one row here, and a row for each in board_issues.
CREATE OR REPLACE VIEW {schema}.issues AS
	SELECT DISTINCT id, url, incident_key AS issue_key, title, description,
		'INCIDENT'::text AS type, NULL::text AS original_type, status,
		original_status, resolution_date, created_date, updated_date,
		lead_time_minutes, priority, severity, NULL::text AS component,
		original_project
	FROM {schema}.incidents
	UNION ALL
	SELECT 'debt:' || x.name || ':' || d.project || ':' || d.external_id, d.url,
		d.external_id, d.name, NULL, 'TASK', d.class,
		CASE WHEN d.closed_at IS NULL THEN 'TODO' ELSE 'DONE' END, d.state,
		d.closed_at, d.opened_at, d.updated_at,
		ceil(extract(epoch FROM d.closed_at - d.opened_at) / 60)::bigint, NULL,
		d.severity, NULL, nullif(d.project, '')
	FROM dorad.debt d JOIN dorad.source x USING (source_id) WHERE NOT d.withdrawn;
COMMENT ON VIEW {schema}.issues IS 'Incidents (type INCIDENT) and technical debt (type TASK, its class in original_type).';

CREATE OR REPLACE VIEW {schema}.board_issues AS
	SELECT scope_id AS board_id, id AS issue_id FROM {schema}.incidents
	UNION ALL
	SELECT 'service:' || s.name, 'debt:' || x.name || ':' || o.project || ':'
		|| o.external_id
	FROM dorad.debt_owner o JOIN dorad.scope s ON s.scope_id = o.service_id
	JOIN dorad.source x USING (source_id);
COMMENT ON VIEW {schema}.board_issues IS 'Which services an issue belongs to.';

CREATE OR REPLACE VIEW {schema}.dora_benchmarks AS
	SELECT row_number() OVER (ORDER BY b.report_year, b.metric)::int AS id,
		CASE b.metric WHEN 'deployment_frequency' THEN 'Deployment frequency'
			WHEN 'change_lead_time' THEN 'Lead time for changes'
			WHEN 'change_fail_rate' THEN 'Change failure rate'
			WHEN 'time_to_restore' THEN 'Time to restore service'
			ELSE 'Failed deployment recovery time' END AS metric,
		max(b.words) FILTER (WHERE b.level = 'low') AS low,
		max(b.words) FILTER (WHERE b.level = 'medium') AS medium,
		max(b.words) FILTER (WHERE b.level = 'high') AS high,
		max(b.words) FILTER (WHERE b.level = 'elite') AS elite,
		b.report_year::text AS dora_report
	FROM dorad.benchmark b GROUP BY b.report_year, b.metric;
COMMENT ON VIEW {schema}.dora_benchmarks IS 'What each report published, in its words; dora.benchmarks has the bounds.';

CREATE OR REPLACE VIEW {schema}.calendar_months AS
	SELECT to_char(m, 'YY/MM') AS month, m::date AS month_timestamp
	FROM generate_series(timestamp '2000-01-01', timestamp '2040-12-01',
		interval '1 month') m;
COMMENT ON VIEW {schema}.calendar_months IS 'Every month from 2000 to 2040.';
