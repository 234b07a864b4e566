-- What was derived: rollouts, shipped commits and published numbers. All of it can be
-- made again from the facts.

CREATE TABLE dorad.rollout (
	deployment_id bigint PRIMARY KEY REFERENCES dorad.deployment ON DELETE CASCADE,
	service_id int NOT NULL,
	environment text NOT NULL,
	finished_at timestamptz NOT NULL,
	kind text NOT NULL CHECK (kind IN
		('normal', 'baseline', 'redeploy', 'older', 'revision_missing'))
);

CREATE INDEX rollout_finished ON dorad.rollout
	(service_id, environment, finished_at, deployment_id);

CREATE TABLE dorad.fate (
	deployment_id bigint PRIMARY KEY REFERENCES dorad.deployment ON DELETE CASCADE,
	service_id int NOT NULL,
	rollout_id bigint,
	excluded text
);

CREATE INDEX fate_service ON dorad.fate (service_id);

-- No foreign keys, for the speed of a backfill. finished_at and the commit's times are
-- kept beside the sample, so that a number is read from one range of one index.
CREATE TABLE dorad.shipped (
	rollout_id bigint NOT NULL,
	finished_at timestamptz NOT NULL,
	authored_at timestamptz,
	committed_at timestamptz,
	author bigint,
	lead_us bigint,
	service_id int NOT NULL,
	repo_id int NOT NULL,
	environment text NOT NULL,
	sha bytea NOT NULL,
	excluded text,
	PRIMARY KEY (service_id, environment, repo_id, sha),
	CHECK ((lead_us IS NULL) = (excluded IS NOT NULL))
);

CREATE INDEX shipped_finished ON dorad.shipped (service_id, environment, finished_at);

CREATE TABLE dorad.series (
	scope_id int NOT NULL REFERENCES dorad.scope,
	environment text NOT NULL,
	grain text NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter')),
	bucket_start timestamptz NOT NULL,
	metric text NOT NULL,
	bucket_end timestamptz NOT NULL,
	n bigint NOT NULL,
	numerator double precision,
	denominator double precision,
	value double precision,
	p50 double precision,
	p75 double precision,
	p90 double precision,
	p95 double precision,
	mean double precision,
	definition_id int NOT NULL,
	computed_at timestamptz NOT NULL,
	PRIMARY KEY (scope_id, environment, metric, grain, bucket_start)
);

CREATE TABLE dorad.rolling (
	scope_id int NOT NULL REFERENCES dorad.scope,
	environment text NOT NULL,
	window_days int NOT NULL,
	metric text NOT NULL,
	bucket_start timestamptz NOT NULL,
	bucket_end timestamptz NOT NULL,
	n bigint NOT NULL,
	numerator double precision,
	denominator double precision,
	value double precision,
	p50 double precision,
	p75 double precision,
	p90 double precision,
	p95 double precision,
	mean double precision,
	deployment_days_per_week double precision,
	definition_id int NOT NULL,
	computed_at timestamptz NOT NULL,
	PRIMARY KEY (scope_id, environment, metric, window_days)
) WITH (fillfactor = 50);

-- Days (since 1970, UTC) whose numbers have to be made again. No key: a day marked twice
-- is two rows, because a row that another transaction is about to take must not stand for
-- one that is not committed yet.
CREATE TABLE dorad.dirty (
	scope_id int NOT NULL,
	day int NOT NULL
);

CREATE INDEX dirty_scope ON dorad.dirty (scope_id, day);
