-- What pipelines do and cost, per service, workflow and bucket.

-- Runs whose item, or a job of which, has changed since they were last looked at. Rows are
-- only added and deleted, never updated: whoever adds one waits for nobody, and is not lost.
CREATE TABLE dorad.pipeline_due (
	due_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	source_id int NOT NULL,
	project text COLLATE "C" NOT NULL,
	run text COLLATE "C" NOT NULL
);

-- A finished attempt at a run as a sample: narrow, and found by its finish, so that a
-- bucket is read from one range of one index however many items there are. It also
-- remembers where a run that moves was counted. workflow is '' where the source names
-- none. Durations in microseconds, NULL where there is none that can be believed. n_jobs:
-- jobs that compute_us is the sum of; 0: it is the run's own. Of a child alone its jobs
-- count. retries: 1 of a second or later attempt, and 1 more for each before it that was
-- never seen. No foreign key, for the speed of a backfill.
CREATE TABLE dorad.pipeline_run (
	source_id int NOT NULL,
	project text COLLATE "C" NOT NULL,
	run text COLLATE "C" NOT NULL,
	attempt bigint NOT NULL,
	finished_at timestamptz NOT NULL,
	duration_us bigint,
	queue_us bigint,
	compute_us bigint,
	n_jobs bigint NOT NULL,
	child boolean NOT NULL,
	outcome text NOT NULL,
	workflow text COLLATE "C" NOT NULL,
	branch text,
	retries bigint NOT NULL,
	PRIMARY KEY (source_id, project, run, attempt)
) WITH (fillfactor = 90);

-- In part, which it is not, so that a run is never looked for by its key here: until there
-- are statistics of the table, one index looks as good for that as the other.
CREATE INDEX pipeline_run_finished ON dorad.pipeline_run
	(source_id, project, finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE dorad.pipeline_definition (
	definition_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	service_id int NOT NULL REFERENCES dorad.scope,
	fingerprint text NOT NULL,
	content jsonb NOT NULL,
	first_used_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (service_id, fingerprint)
);

-- What the published rows of a service were made with.
CREATE TABLE dorad.pipeline_state (
	service_id int PRIMARY KEY REFERENCES dorad.scope,
	definition_id int NOT NULL REFERENCES dorad.pipeline_definition
);

-- Whose rows the runs of a project go into; project NULL: of any.
CREATE TABLE dorad.pipeline_use (
	service_id int NOT NULL REFERENCES dorad.scope,
	source_id int NOT NULL REFERENCES dorad.source,
	project text COLLATE "C"
);

CREATE INDEX pipeline_use_source ON dorad.pipeline_use (source_id);
CREATE INDEX pipeline_use_service ON dorad.pipeline_use (service_id);

-- Days (since 1970, UTC) on which runs of a service changed. No key, as in dorad.dirty.
CREATE TABLE dorad.pipeline_dirty (
	service_id int NOT NULL,
	day int NOT NULL
);

CREATE INDEX pipeline_dirty_service ON dorad.pipeline_dirty (service_id, day);

-- whole: of all workflows.
CREATE TABLE dorad.pipeline_series (
	service_id int NOT NULL REFERENCES dorad.scope,
	grain text NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter')),
	bucket_start timestamptz NOT NULL,
	whole boolean NOT NULL,
	workflow text COLLATE "C" NOT NULL,
	bucket_end timestamptz NOT NULL,
	runs bigint NOT NULL,
	succeeded bigint NOT NULL,
	failed bigint NOT NULL,
	cancelled bigint NOT NULL,
	skipped bigint NOT NULL,
	retries bigint NOT NULL,
	success_rate double precision,
	duration_n bigint NOT NULL,
	duration_excluded bigint NOT NULL,
	duration_p50 double precision,
	duration_p75 double precision,
	duration_p90 double precision,
	duration_p95 double precision,
	duration_mean double precision,
	queue_n bigint NOT NULL,
	queue_p50 double precision,
	queue_p90 double precision,
	compute_n bigint NOT NULL,
	compute_minutes double precision,
	compute_from text CHECK (compute_from IN ('jobs', 'runs', 'both')),
	watts double precision,
	energy_kwh double precision,
	cost_per_minute double precision,
	cost double precision,
	definition_id int NOT NULL,
	computed_at timestamptz NOT NULL,
	PRIMARY KEY (service_id, grain, bucket_start, whole, workflow)
) WITH (fillfactor = 90);

-- What has been read before there was any of this.
INSERT INTO dorad.pipeline_due (source_id, project, run)
	SELECT DISTINCT source_id, project, external_id FROM dorad.item WHERE kind = 'run';

-- Up to when the runs of a service are known, and whether all that was seen is counted.
CREATE VIEW dorad.pipeline_fresh AS
	SELECT t.service_id,
		(SELECT CASE WHEN bool_and(x.ok_at IS NOT NULL) THEN min(x.ok_at) END
			FROM dorad.pipeline_use u JOIN dorad.source x USING (source_id)
			WHERE u.service_id = t.service_id AND x.active) AS fresh_until,
		NOT EXISTS (SELECT FROM dorad.pipeline_dirty d
			WHERE d.service_id = t.service_id)
		AND NOT EXISTS (SELECT FROM dorad.pipeline_due d
			JOIN dorad.pipeline_use u USING (source_id)
			WHERE u.service_id = t.service_id) AS settled
	FROM dorad.pipeline_state t;

CREATE VIEW dora.pipeline_series AS
	SELECT s.org, s.team, s.service,
		CASE WHEN NOT r.whole THEN r.workflow END AS workflow,
		r.grain, r.bucket_start, r.bucket_end,
		r.runs, r.succeeded, r.failed, r.cancelled, r.skipped, r.retries,
		r.success_rate,
		r.duration_n, r.duration_excluded, r.duration_p50, r.duration_p75,
		r.duration_p90, r.duration_p95, r.duration_mean,
		r.queue_n, r.queue_p50, r.queue_p90,
		r.compute_n, r.compute_minutes, r.compute_from,
		r.watts, r.energy_kwh, r.cost_per_minute, r.cost,
		coalesce(f.fresh_until >= r.bucket_end AND f.settled, false) AS complete,
		f.fresh_until, r.definition_id AS definition_version, r.computed_at
	FROM dorad.pipeline_series r
	JOIN dorad.scope_state s ON s.scope_id = r.service_id
	LEFT JOIN dorad.pipeline_fresh f USING (service_id);

COMMENT ON VIEW dora.pipeline_series IS 'What the pipelines of a service did and cost, per workflow (NULL: all of them) and bucket, by the finish of the run. There are rows of services alone: counts, minutes and cost of a team or an organization are their sums (a run that two services use is in both), percentiles are not and cannot be made of these rows. A bucket in which no run finished has no row. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.pipeline_series.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_series.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_series.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_series.workflow IS 'Pipeline or workflow; '''' where the source names none. NULL: all of them, computed from the runs and not from the rows of workflows.';
COMMENT ON COLUMN dora.pipeline_series.grain IS 'Length of the bucket: day, week (ISO, from Monday), month or quarter, in the time zone of the service.';
COMMENT ON COLUMN dora.pipeline_series.bucket_start IS 'First instant of the bucket.';
COMMENT ON COLUMN dora.pipeline_series.bucket_end IS 'First instant after the bucket.';
COMMENT ON COLUMN dora.pipeline_series.runs IS 'Count of finished runs, each attempt by itself: succeeded + failed + cancelled + skipped. A run that another one started (a child pipeline) is a part of that one and is none itself: its jobs'' minutes count in the bucket and workflow of its own, which may make a row of 0 runs with minutes.';
COMMENT ON COLUMN dora.pipeline_series.succeeded IS 'Count of runs that succeeded.';
COMMENT ON COLUMN dora.pipeline_series.failed IS 'Count of runs that failed.';
COMMENT ON COLUMN dora.pipeline_series.cancelled IS 'Count of runs that were cancelled.';
COMMENT ON COLUMN dora.pipeline_series.skipped IS 'Count of runs that were skipped: they did nothing, and are in no duration.';
COMMENT ON COLUMN dora.pipeline_series.retries IS 'Count of second and later attempts at a run. Where the source lists the latest attempt alone (GitHub), earlier ones may never be seen: they are in no other count, but are retries here, by the number of the next attempt that was.';
COMMENT ON COLUMN dora.pipeline_series.success_rate IS 'succeeded / (succeeded + failed), 0 to 1; NULL if there is neither.';
COMMENT ON COLUMN dora.pipeline_series.duration_n IS 'Count of runs behind the durations.';
COMMENT ON COLUMN dora.pipeline_series.duration_excluded IS 'Count of runs, other than skipped ones, that are left out of the durations: finish and start are the same instant, the wrong way round, or not known.';
COMMENT ON COLUMN dora.pipeline_series.duration_p50 IS 'Median time from start to finish of a run in seconds, interpolated as by percentile_cont. Where a source tells no start or no finish of its own: from the first start to the last finish of its jobs if those are known, else from the request or to the last change, which may come much later than the end.';
COMMENT ON COLUMN dora.pipeline_series.duration_p75 IS '75th percentile in seconds, of the same runs as duration_p50.';
COMMENT ON COLUMN dora.pipeline_series.duration_p90 IS '90th percentile in seconds, of the same runs as duration_p50.';
COMMENT ON COLUMN dora.pipeline_series.duration_p95 IS '95th percentile in seconds, of the same runs as duration_p50.';
COMMENT ON COLUMN dora.pipeline_series.duration_mean IS 'Arithmetic mean in seconds, of the same runs as duration_p50.';
COMMENT ON COLUMN dora.pipeline_series.queue_n IS 'Count of runs behind the queue times: first attempts alone (a re-run keeps the time at which the first was asked for), none that was skipped, and none of which no start is known that is later than the request. Some sources tell none but by the jobs of a run.';
COMMENT ON COLUMN dora.pipeline_series.queue_p50 IS 'Median time from being asked for to the start of a run in seconds, interpolated as by percentile_cont.';
COMMENT ON COLUMN dora.pipeline_series.queue_p90 IS '90th percentile in seconds, of the same runs as queue_p50.';
COMMENT ON COLUMN dora.pipeline_series.compute_n IS 'Count of runs, child pipelines among them, behind the minutes; it may be more than runs.';
COMMENT ON COLUMN dora.pipeline_series.compute_minutes IS 'Minutes that machines worked: of each run the sum of its jobs'' durations where jobs are known, else the duration of the run, which is less where jobs ran side by side. Of a child pipeline its jobs count. NULL if compute_n is 0.';
COMMENT ON COLUMN dora.pipeline_series.compute_from IS 'What compute_minutes is a sum of: jobs, runs, or both where the jobs of some runs alone are known; NULL if compute_n is 0.';
COMMENT ON COLUMN dora.pipeline_series.watts IS 'Configured power of a machine that runs a job, in watts (ci_cost.watts), that energy_kwh was estimated with; NULL: off.';
COMMENT ON COLUMN dora.pipeline_series.energy_kwh IS 'Estimate in kilowatt-hours: compute_minutes / 60 * watts / 1000. No measurement: it is as good as watts is. NULL if watts is off or compute_n is 0.';
COMMENT ON COLUMN dora.pipeline_series.cost_per_minute IS 'Configured price of a minute (ci_cost.cost_per_minute), in the currency of whoever configured it; NULL: none.';
COMMENT ON COLUMN dora.pipeline_series.cost IS 'compute_minutes * cost_per_minute, in the same currency; NULL if either is.';
COMMENT ON COLUMN dora.pipeline_series.complete IS 'True if the bucket is over, all sources of its runs have been read since, and nothing that was seen waits to be computed.';
COMMENT ON COLUMN dora.pipeline_series.fresh_until IS 'Up to when the runs of the service are known: the least such time of their sources. NULL if one has never been read.';
COMMENT ON COLUMN dora.pipeline_series.definition_version IS 'The definitions that made the row: definition_version in dora.pipeline_definitions.';
COMMENT ON COLUMN dora.pipeline_series.computed_at IS 'When the row got the numbers it has; computing the same again does not change it.';

CREATE VIEW dora.pipeline_definitions AS
	SELECT d.definition_id AS definition_version, s.org, s.team, s.service,
		d.fingerprint, d.content, d.first_used_at
	FROM dorad.pipeline_definition d
	JOIN dorad.scope_state s ON s.scope_id = d.service_id;

COMMENT ON VIEW dora.pipeline_definitions IS 'What the rows of dora.pipeline_series meant when they were made: which runs, in which zone, at which power and price.';
COMMENT ON COLUMN dora.pipeline_definitions.definition_version IS 'Number that rows of dora.pipeline_series refer to.';
COMMENT ON COLUMN dora.pipeline_definitions.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_definitions.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_definitions.service IS 'Service: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_definitions.fingerprint IS 'Digest of content: equal digests mean the same.';
COMMENT ON COLUMN dora.pipeline_definitions.content IS 'The definitions as JSON.';
COMMENT ON COLUMN dora.pipeline_definitions.first_used_at IS 'When the first row was made with them.';

CREATE VIEW dora.pipeline_run_costs AS
	SELECT s.org, s.team, s.service, x.name AS source,
		nullif(r.project, '') AS project, r.run, r.attempt,
		r.workflow, r.outcome, r.child, r.finished_at,
		r.duration_us / 1e6::double precision AS duration_seconds,
		r.queue_us / 1e6::double precision AS queue_seconds,
		r.compute_us / 6e7::double precision AS compute_minutes,
		CASE WHEN r.compute_us IS NULL THEN NULL WHEN r.n_jobs > 0 THEN 'jobs'
			ELSE 'runs' END AS compute_from,
		r.n_jobs
	FROM dorad.pipeline_use u JOIN dorad.scope_state s ON s.scope_id = u.service_id
	JOIN dorad.source x USING (source_id)
	JOIN dorad.pipeline_run r ON r.source_id = u.source_id
		AND (u.project IS NULL OR r.project = u.project)
	WHERE u.project IS NULL OR NOT EXISTS (SELECT FROM dorad.pipeline_use w
		WHERE w.service_id = u.service_id AND w.source_id = u.source_id
		AND w.project IS NULL);

COMMENT ON VIEW dora.pipeline_run_costs IS 'Every finished attempt at a run of the projects that a service uses, as dora.pipeline_series counts it: the rows behind its numbers, once for each such service. Where the pipelines of a service choose workflows or branches, its numbers are made of those rows alone; these are not narrowed by that. dora.pipeline_runs has those that are not finished too, with all that the source tells.';
COMMENT ON COLUMN dora.pipeline_run_costs.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_run_costs.team IS 'Team: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_run_costs.service IS 'Service that uses the project of the run: name in the configuration.';
COMMENT ON COLUMN dora.pipeline_run_costs.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.pipeline_run_costs.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.pipeline_run_costs.run IS 'What the source calls it: run in dora.pipeline_runs.';
COMMENT ON COLUMN dora.pipeline_run_costs.attempt IS 'Count of the attempt at this run, from 1.';
COMMENT ON COLUMN dora.pipeline_run_costs.workflow IS 'Pipeline or workflow; '''' where the source names none.';
COMMENT ON COLUMN dora.pipeline_run_costs.outcome IS 'success, failure, cancelled or skipped.';
COMMENT ON COLUMN dora.pipeline_run_costs.child IS 'True if another run started it: then its jobs count, and it does not.';
COMMENT ON COLUMN dora.pipeline_run_costs.finished_at IS 'When it ended, which says in which bucket it is: by its jobs where they are known and the source tells the last change alone.';
COMMENT ON COLUMN dora.pipeline_run_costs.duration_seconds IS 'Time from start to finish in seconds, as in duration_p50 of dora.pipeline_series; NULL where it is left out: skipped, a child, or not more than 0.';
COMMENT ON COLUMN dora.pipeline_run_costs.queue_seconds IS 'Time from being asked for to its start in seconds; NULL where it is left out: skipped, a child, a later attempt, or no start known that is later than the request.';
COMMENT ON COLUMN dora.pipeline_run_costs.compute_minutes IS 'Minutes that machines worked for it; NULL if nothing is known.';
COMMENT ON COLUMN dora.pipeline_run_costs.compute_from IS 'What compute_minutes is: jobs (their sum) or runs (its own duration); NULL if nothing is known.';
COMMENT ON COLUMN dora.pipeline_run_costs.n_jobs IS 'Count of jobs that compute_minutes is the sum of.';
