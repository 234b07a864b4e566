-- What the APIs tell, for people and BI tools: one view a kind of item. Columns keep
-- their names, meaning and order: later migrations add columns at the end.

CREATE VIEW dora.changes AS
	SELECT x.name AS source, nullif(i.project, '') AS project,
		i.external_id AS change, i.name AS title, i.state, i.category,
		i.ref AS branch, i.base, i.head_sha, i.sha AS merge_sha, i.squash_sha,
		i.first_commit_at, i.created_at, i.reviewed_at, i.approved_at,
		i.merged_at, i.closed_at, i.updated_at,
		extract(epoch FROM i.reviewed_at - i.created_at)
			::double precision AS review_seconds,
		extract(epoch FROM i.merged_at - i.created_at)
			::double precision AS merge_seconds,
		i.bot, i.draft, i.labels, i.url, i.done AS final, i.first_seen_at,
		i.gone_at
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'change';

COMMENT ON VIEW dora.changes IS 'Every change (pull or merge request) as its source tells it. Durations are in seconds; NULL means that the source does not tell, which is not 0.';
COMMENT ON COLUMN dora.changes.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.changes.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.changes.change IS 'What the source calls it, such as 42.';
COMMENT ON COLUMN dora.changes.title IS 'Its title; NULL if the source does not tell.';
COMMENT ON COLUMN dora.changes.state IS 'In the source''s words, such as merged.';
COMMENT ON COLUMN dora.changes.category IS 'Type or kind, in the source''s words; NULL if it has none.';
COMMENT ON COLUMN dora.changes.branch IS 'Head branch: where the change was made.';
COMMENT ON COLUMN dora.changes.base IS 'Base branch: where it goes.';
COMMENT ON COLUMN dora.changes.head_sha IS 'Its last commit, in hexadecimal; NULL if the source does not tell.';
COMMENT ON COLUMN dora.changes.merge_sha IS 'Commit on the base branch that it was merged with, in hexadecimal; NULL if not merged.';
COMMENT ON COLUMN dora.changes.squash_sha IS 'Commit that it was squashed into, in hexadecimal; NULL if it was not.';
COMMENT ON COLUMN dora.changes.first_commit_at IS 'When its first commit was made; NULL if the source does not tell.';
COMMENT ON COLUMN dora.changes.created_at IS 'When it was opened.';
COMMENT ON COLUMN dora.changes.reviewed_at IS 'When it got its first review; NULL if there is none, or the source does not tell.';
COMMENT ON COLUMN dora.changes.approved_at IS 'When it was approved; NULL if it was not, or the source does not tell.';
COMMENT ON COLUMN dora.changes.merged_at IS 'When it was merged; NULL if it was not.';
COMMENT ON COLUMN dora.changes.closed_at IS 'When it was closed, merged or not; NULL while it is open.';
COMMENT ON COLUMN dora.changes.updated_at IS 'When it changed last at the source.';
COMMENT ON COLUMN dora.changes.review_seconds IS 'Time from opening to the first review in seconds; NULL where either is unknown.';
COMMENT ON COLUMN dora.changes.merge_seconds IS 'Time from opening to the merge in seconds; NULL where it was not merged.';
COMMENT ON COLUMN dora.changes.bot IS 'True if a machine opened it.';
COMMENT ON COLUMN dora.changes.draft IS 'True if it is a draft.';
COMMENT ON COLUMN dora.changes.labels IS 'Its labels; NULL if it has none.';
COMMENT ON COLUMN dora.changes.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.changes.final IS 'True if it will not change by itself any more: merged or closed.';
COMMENT ON COLUMN dora.changes.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.changes.gone_at IS 'When the source no longer had it; NULL while it has.';

CREATE VIEW dora.incidents AS
	SELECT x.name AS source, nullif(i.project, '') AS project,
		i.external_id AS incident, i.name AS title, i.state, i.severity,
		i.category, i.cause, i.services, i.labels, i.started_at, i.detected_at,
		i.created_at, i.acknowledged_at, i.mitigated_at, i.resolved_at,
		i.closed_at, i.updated_at,
		extract(epoch FROM
			i.acknowledged_at - coalesce(i.detected_at, i.created_at))
			::double precision AS acknowledge_seconds,
		CASE WHEN i.outcome NOT IN ('cancelled', 'skipped') THEN
			extract(epoch FROM coalesce(i.mitigated_at, i.resolved_at)
				- coalesce(i.started_at, i.detected_at, i.created_at))
				::double precision END AS resolve_seconds,
		i.url, i.done AS final, i.first_seen_at, i.gone_at,
		i.outcome IN ('cancelled', 'skipped') AS withdrawn
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'incident';

COMMENT ON VIEW dora.incidents IS 'Every incident as its source tells it. Durations are in seconds; NULL means that the source does not tell, which is not 0.';
COMMENT ON COLUMN dora.incidents.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.incidents.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.incidents.incident IS 'What the source calls it.';
COMMENT ON COLUMN dora.incidents.title IS 'Its title; NULL if the source does not tell.';
COMMENT ON COLUMN dora.incidents.state IS 'In the source''s words, such as resolved.';
COMMENT ON COLUMN dora.incidents.severity IS 'Severity or priority, in the source''s words; NULL if it has none.';
COMMENT ON COLUMN dora.incidents.category IS 'Type or kind, in the source''s words; NULL if it has none.';
COMMENT ON COLUMN dora.incidents.cause IS 'What the source names as its cause (a commit, a deployment, a change); NULL if nothing.';
COMMENT ON COLUMN dora.incidents.services IS 'What is affected, by the source''s names; NULL if it does not tell.';
COMMENT ON COLUMN dora.incidents.labels IS 'Its labels; NULL if it has none.';
COMMENT ON COLUMN dora.incidents.started_at IS 'When users began to feel it; NULL if the source does not tell.';
COMMENT ON COLUMN dora.incidents.detected_at IS 'When it was noticed; NULL if the source does not tell.';
COMMENT ON COLUMN dora.incidents.created_at IS 'When it was entered at the source.';
COMMENT ON COLUMN dora.incidents.acknowledged_at IS 'When somebody began to work on it; NULL if nobody has, or the source does not tell.';
COMMENT ON COLUMN dora.incidents.mitigated_at IS 'When users were well again; NULL if the source does not tell.';
COMMENT ON COLUMN dora.incidents.resolved_at IS 'When it was over; NULL while it is not.';
COMMENT ON COLUMN dora.incidents.closed_at IS 'When it was closed; NULL while it is open.';
COMMENT ON COLUMN dora.incidents.updated_at IS 'When it changed last at the source.';
COMMENT ON COLUMN dora.incidents.acknowledge_seconds IS 'Time to acknowledge in seconds: from detected_at (or, where that is unknown, created_at) to acknowledged_at; NULL where either is unknown.';
COMMENT ON COLUMN dora.incidents.resolve_seconds IS 'Time to recover in seconds: from started_at (or, where that is unknown, detected_at, else created_at) to mitigated_at (or, where that is unknown, resolved_at); NULL while it is neither mitigated nor over, and where it was none after all (withdrawn).';
COMMENT ON COLUMN dora.incidents.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.incidents.final IS 'True if it will not change by itself any more.';
COMMENT ON COLUMN dora.incidents.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.incidents.gone_at IS 'When the source no longer had it; NULL while it has.';
COMMENT ON COLUMN dora.incidents.withdrawn IS 'True if it was no incident after all: declined, a duplicate, maintenance, a test.';

CREATE VIEW dora.pipeline_runs AS
	SELECT x.name AS source, nullif(i.project, '') AS project, i.external_id AS run,
		i.attempt, i.workflow, i.parent AS parent_run, i.event, i.state,
		i.outcome, i.sha, i.ref, i.version, i.created_at, i.started_at,
		i.finished_at, i.updated_at,
		extract(epoch FROM i.started_at - i.created_at)
			::double precision AS queue_seconds,
		extract(epoch FROM i.finished_at - i.started_at)
			::double precision AS duration_seconds,
		i.images, i.labels, i.url, i.done AS final, i.first_seen_at, i.gone_at
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'run';

COMMENT ON VIEW dora.pipeline_runs IS 'Every attempt at a run of a pipeline (workflow, build) as its source tells it. Durations are in seconds; NULL means that the source does not tell, which is not 0.';
COMMENT ON COLUMN dora.pipeline_runs.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.pipeline_runs.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.pipeline_runs.run IS 'What the source calls it.';
COMMENT ON COLUMN dora.pipeline_runs.attempt IS 'Count of the attempt at this run, from 1.';
COMMENT ON COLUMN dora.pipeline_runs.workflow IS 'Name of the pipeline or workflow.';
COMMENT ON COLUMN dora.pipeline_runs.parent_run IS 'Run that started it; NULL if none did, or the source does not tell.';
COMMENT ON COLUMN dora.pipeline_runs.event IS 'What started it, in the source''s words: push, schedule, manual and the like.';
COMMENT ON COLUMN dora.pipeline_runs.state IS 'In the source''s words.';
COMMENT ON COLUMN dora.pipeline_runs.outcome IS 'success, failure, cancelled, skipped or running.';
COMMENT ON COLUMN dora.pipeline_runs.sha IS 'Revision it ran on, in hexadecimal.';
COMMENT ON COLUMN dora.pipeline_runs.ref IS 'Branch or tag it ran on.';
COMMENT ON COLUMN dora.pipeline_runs.version IS 'Version that was built or deployed; NULL if the source does not tell.';
COMMENT ON COLUMN dora.pipeline_runs.created_at IS 'When it was asked for.';
COMMENT ON COLUMN dora.pipeline_runs.started_at IS 'When it began; NULL while it waits.';
COMMENT ON COLUMN dora.pipeline_runs.finished_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN dora.pipeline_runs.updated_at IS 'When it changed last at the source.';
COMMENT ON COLUMN dora.pipeline_runs.queue_seconds IS 'Time from being asked for to its begin in seconds; NULL where either is unknown.';
COMMENT ON COLUMN dora.pipeline_runs.duration_seconds IS 'Time from begin to end in seconds; NULL where either is unknown.';
COMMENT ON COLUMN dora.pipeline_runs.images IS 'Container images it made or deployed; NULL if the source names none.';
COMMENT ON COLUMN dora.pipeline_runs.labels IS 'Its labels; NULL if it has none.';
COMMENT ON COLUMN dora.pipeline_runs.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.pipeline_runs.final IS 'True if it will not change by itself any more.';
COMMENT ON COLUMN dora.pipeline_runs.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.pipeline_runs.gone_at IS 'When the source no longer had it; NULL while it has.';

CREATE VIEW dora.pipeline_jobs AS
	SELECT x.name AS source, nullif(i.project, '') AS project, i.external_id AS job,
		i.attempt, i.parent AS run, i.workflow, i.name, i.environment, i.event,
		i.state, i.outcome, i.optional, i.sha, i.ref, i.version, i.created_at,
		i.started_at, i.finished_at, i.updated_at,
		extract(epoch FROM i.started_at - i.created_at)
			::double precision AS queue_seconds,
		extract(epoch FROM i.finished_at - i.started_at)
			::double precision AS duration_seconds,
		i.images, i.labels, i.url, i.done AS final, i.first_seen_at, i.gone_at
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'job';

COMMENT ON VIEW dora.pipeline_jobs IS 'Jobs of pipeline runs as their source tells them: those of runs that a rule may match. Durations are in seconds; NULL means that the source does not tell, which is not 0.';
COMMENT ON COLUMN dora.pipeline_jobs.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.pipeline_jobs.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.pipeline_jobs.job IS 'What the source calls it.';
COMMENT ON COLUMN dora.pipeline_jobs.attempt IS 'Count of the attempt at this job, from 1.';
COMMENT ON COLUMN dora.pipeline_jobs.run IS 'Run it is part of: run in dora.pipeline_runs; of a job inside a workflow of CircleCI, that workflow.';
COMMENT ON COLUMN dora.pipeline_jobs.workflow IS 'Name of the pipeline or workflow.';
COMMENT ON COLUMN dora.pipeline_jobs.name IS 'Name of the job.';
COMMENT ON COLUMN dora.pipeline_jobs.environment IS 'Environment it deploys to, as the source names it; NULL if none.';
COMMENT ON COLUMN dora.pipeline_jobs.event IS 'What started it, in the source''s words.';
COMMENT ON COLUMN dora.pipeline_jobs.state IS 'In the source''s words.';
COMMENT ON COLUMN dora.pipeline_jobs.outcome IS 'success, failure, cancelled, skipped or running.';
COMMENT ON COLUMN dora.pipeline_jobs.optional IS 'True if it may fail without failing its run.';
COMMENT ON COLUMN dora.pipeline_jobs.sha IS 'Revision it ran on, in hexadecimal.';
COMMENT ON COLUMN dora.pipeline_jobs.ref IS 'Branch or tag it ran on.';
COMMENT ON COLUMN dora.pipeline_jobs.version IS 'Version that was built or deployed; NULL if the source does not tell.';
COMMENT ON COLUMN dora.pipeline_jobs.created_at IS 'When it was asked for.';
COMMENT ON COLUMN dora.pipeline_jobs.started_at IS 'When it began; NULL while it waits, or if it never ran.';
COMMENT ON COLUMN dora.pipeline_jobs.finished_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN dora.pipeline_jobs.updated_at IS 'When it changed last at the source.';
COMMENT ON COLUMN dora.pipeline_jobs.queue_seconds IS 'Time from being asked for to its begin in seconds; NULL where either is unknown.';
COMMENT ON COLUMN dora.pipeline_jobs.duration_seconds IS 'Time from begin to end in seconds; NULL where either is unknown.';
COMMENT ON COLUMN dora.pipeline_jobs.images IS 'Container images it made or deployed; NULL if the source names none.';
COMMENT ON COLUMN dora.pipeline_jobs.labels IS 'Its labels; NULL if it has none.';
COMMENT ON COLUMN dora.pipeline_jobs.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.pipeline_jobs.final IS 'True if it will not change by itself any more.';
COMMENT ON COLUMN dora.pipeline_jobs.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.pipeline_jobs.gone_at IS 'When the source no longer had it; NULL while it has.';

CREATE VIEW dora.deployment_records AS
	SELECT x.name AS source, nullif(i.project, '') AS project,
		i.external_id AS record, i.attempt, i.name, i.environment, i.state,
		i.outcome, i.sha, i.ref, i.version, i.images, i.created_at,
		i.started_at, i.finished_at, i.updated_at,
		extract(epoch FROM
			i.finished_at - coalesce(i.started_at, i.created_at))
			::double precision AS duration_seconds,
		i.labels, i.url, i.done AS final, i.first_seen_at, i.gone_at
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'deployment';

COMMENT ON VIEW dora.deployment_records IS 'Every record of a deployments API, and every deployment that was pushed, as its source tells it; which of them are deployments of a service, rules say: see dora.deployments. Durations are in seconds; NULL means that the source does not tell, which is not 0.';
COMMENT ON COLUMN dora.deployment_records.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.deployment_records.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.deployment_records.record IS 'What the source calls it.';
COMMENT ON COLUMN dora.deployment_records.attempt IS 'Count of the attempt at this deployment, from 1.';
COMMENT ON COLUMN dora.deployment_records.name IS 'Its name; NULL if the source gives it none.';
COMMENT ON COLUMN dora.deployment_records.environment IS 'Environment deployed to, as the source names it.';
COMMENT ON COLUMN dora.deployment_records.state IS 'In the source''s words.';
COMMENT ON COLUMN dora.deployment_records.outcome IS 'success, failure, cancelled, skipped or running.';
COMMENT ON COLUMN dora.deployment_records.sha IS 'Revision deployed, in hexadecimal; NULL if the source does not tell.';
COMMENT ON COLUMN dora.deployment_records.ref IS 'Branch or tag deployed.';
COMMENT ON COLUMN dora.deployment_records.version IS 'Version deployed; NULL if the source does not tell.';
COMMENT ON COLUMN dora.deployment_records.images IS 'Container images deployed; NULL if the source names none.';
COMMENT ON COLUMN dora.deployment_records.created_at IS 'When it was asked for.';
COMMENT ON COLUMN dora.deployment_records.started_at IS 'When it began; NULL if the source does not tell.';
COMMENT ON COLUMN dora.deployment_records.finished_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN dora.deployment_records.updated_at IS 'When it changed last at the source.';
COMMENT ON COLUMN dora.deployment_records.duration_seconds IS 'Time from begin (or, where that is unknown, being asked for) to end in seconds; NULL where either is unknown.';
COMMENT ON COLUMN dora.deployment_records.labels IS 'Its labels; NULL if it has none.';
COMMENT ON COLUMN dora.deployment_records.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.deployment_records.final IS 'True if it will not change by itself any more.';
COMMENT ON COLUMN dora.deployment_records.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.deployment_records.gone_at IS 'When the source no longer had it; NULL while it has.';

CREATE VIEW dora.releases AS
	SELECT x.name AS source, nullif(i.project, '') AS project,
		i.external_id AS release, i.name AS tag, i.state, i.draft, i.sha, i.ref,
		i.created_at, i.finished_at AS published_at, i.updated_at, i.labels,
		i.url, i.first_seen_at, i.gone_at
	FROM dorad.item i JOIN dorad.source x USING (source_id)
	WHERE i.kind = 'release';

COMMENT ON VIEW dora.releases IS 'Every release as its source tells it. NULL means that the source does not tell.';
COMMENT ON COLUMN dora.releases.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.releases.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.releases.release IS 'What the source calls it.';
COMMENT ON COLUMN dora.releases.tag IS 'Its tag.';
COMMENT ON COLUMN dora.releases.state IS 'In the source''s words; NULL if it has none.';
COMMENT ON COLUMN dora.releases.draft IS 'True if it is a draft or prerelease.';
COMMENT ON COLUMN dora.releases.sha IS 'Revision released, in hexadecimal; NULL if the source does not tell.';
COMMENT ON COLUMN dora.releases.ref IS 'Branch or tag it was made from; NULL if the source does not tell.';
COMMENT ON COLUMN dora.releases.created_at IS 'When it came to be.';
COMMENT ON COLUMN dora.releases.published_at IS 'When it was published; NULL if it was not, or the source does not tell.';
COMMENT ON COLUMN dora.releases.updated_at IS 'When it changed last at the source; NULL if the source does not tell.';
COMMENT ON COLUMN dora.releases.labels IS 'Its labels; NULL if it has none.';
COMMENT ON COLUMN dora.releases.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.releases.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.releases.gone_at IS 'When the source no longer had it; NULL while it has.';

CREATE VIEW dora.feeds AS
	SELECT x.name AS source, nullif(f.project, '') AS project, f.feed,
		f.history AS read_from, f.cursor AS read_until,
		f.swept AS swept_at, f.swept_deep AS swept_deep_at, f.trouble, x.active
	FROM dorad.feed f JOIN dorad.source x USING (source_id);

COMMENT ON VIEW dora.feeds IS 'How far every feed of every project has been read, and whether anything is missing.';
COMMENT ON COLUMN dora.feeds.source IS 'Source: source in dora.sources.';
COMMENT ON COLUMN dora.feeds.project IS 'Project at the source; NULL where the source has none.';
COMMENT ON COLUMN dora.feeds.feed IS 'What is read, by the driver''s name for it: runs, deployments, changes and the like.';
COMMENT ON COLUMN dora.feeds.read_from IS 'From when on its items are stored; NULL: nothing has been read yet, or the source does not tell how far back it goes.';
COMMENT ON COLUMN dora.feeds.read_until IS 'Up to when its items are stored; NULL: nothing has been read yet, or the present state is all that can be read.';
COMMENT ON COLUMN dora.feeds.swept_at IS 'When items of the last days were last read anew (or, before that, at all), for what came late or was edited; NULL: nothing has been read yet.';
COMMENT ON COLUMN dora.feeds.swept_deep_at IS 'When items of the last weeks were last read anew (or, before that, at all); NULL: nothing has been read yet.';
COMMENT ON COLUMN dora.feeds.trouble IS 'Why something may be missing, in words; NULL: nothing is known to be.';
COMMENT ON COLUMN dora.feeds.active IS 'False if the source has left the configuration.';

-- Sources are not git repositories alone any more.
COMMENT ON COLUMN dora.sources.kind IS 'What it is: git, the name of the driver that reads its API (github, gitlab, pagerduty and the like), rest, sql or push.';
COMMENT ON COLUMN dora.sources.repo IS 'Repository: name in the configuration; NULL for what is not git.';
COMMENT ON COLUMN dora.sources.fresh_until IS 'Up to when its facts are known: its last good poll, or the last push; NULL: never.';
