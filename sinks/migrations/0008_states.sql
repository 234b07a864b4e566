-- What became of rollouts, which incidents concern a service, what a change took. All of it
-- is derived and can be made again from the facts.

ALTER TABLE dorad.deployment ADD COLUMN ref text;
ALTER TABLE dorad.item ADD COLUMN fix text;

-- Changes that landed, in the order in which they are read.
CREATE INDEX item_landed ON dorad.item (source_id, project, external_id, attempt)
	WHERE kind = 'change' AND gone_at IS NULL AND merged_at IS NOT NULL;

CREATE INDEX item_incident ON dorad.item (source_id, project) WHERE kind = 'incident';

-- Incidents by the services that they name, whatever their source.
CREATE INDEX item_services ON dorad.item USING gin (services) WHERE kind = 'incident';

-- What the commits of a rollout were found by, as a digest: where it is another now, they are
-- found anew. NULL: of before this was kept.
ALTER TABLE dorad.rollout ADD COLUMN revisions text;

-- When a rollout whose state is pending becomes ok, if nothing happens before.
ALTER TABLE dorad.scope ADD COLUMN state_due_at timestamptz;

-- What commits say that matters: the sha a revert or cherry-pick names, a subject or trailer
-- that a rule looks for, that its author is one a rule leaves out (not who it is). patterns:
-- what was looked for.
ALTER TABLE dorad.repo ADD COLUMN patterns text;

CREATE TABLE dorad.commit_note (
	repo_id int NOT NULL REFERENCES dorad.repo,
	sha bytea NOT NULL,
	kind text NOT NULL
		CHECK (kind IN ('reverts', 'picked', 'title', 'trailer', 'author')),
	text text NOT NULL,
	PRIMARY KEY (repo_id, sha, kind, text)
);

-- What a rule leaves out keeps its lead time, for the numbers with everything.
ALTER TABLE dorad.shipped DROP CONSTRAINT shipped_check;
ALTER TABLE dorad.shipped ADD CONSTRAINT shipped_check
	CHECK ((lead_us IS NULL) = (excluded IS NOT NULL AND excluded <> 'rule'));

CREATE INDEX shipped_left_out ON dorad.shipped (service_id, repo_id)
	WHERE excluded = 'rule';

-- Which teams a service belonged to. Rows without gaps; the last has no end.
CREATE TABLE dorad.ownership (
	service_id int NOT NULL REFERENCES dorad.scope,
	team_id int NOT NULL REFERENCES dorad.scope,
	valid_from timestamptz NOT NULL,
	valid_to timestamptz NOT NULL,
	PRIMARY KEY (service_id, valid_from),
	CHECK (valid_from < valid_to)
);

-- The team a service has is its owner; where it had others, until when is told by the
-- configuration.
INSERT INTO dorad.ownership
	SELECT scope_id, parent_id, '-infinity', 'infinity' FROM dorad.scope
	WHERE kind = 'service' AND parent_id IS NOT NULL;

-- The active services that make up the numbers of a scope, and from when to when.
CREATE VIEW dorad.owner AS
	SELECT scope_id, scope_id AS service_id, '-infinity'::timestamptz AS valid_from,
		'infinity'::timestamptz AS valid_to
	FROM dorad.scope WHERE kind = 'service' AND active
	UNION ALL
	SELECT o.team_id, s.scope_id, o.valid_from, o.valid_to
	FROM dorad.scope s JOIN dorad.ownership o ON o.service_id = s.scope_id
	WHERE s.kind = 'service' AND s.active
	UNION ALL
	SELECT team.parent_id, s.scope_id, o.valid_from, o.valid_to
	FROM dorad.scope s JOIN dorad.ownership o ON o.service_id = s.scope_id
	JOIN dorad.scope team ON team.scope_id = o.team_id
	WHERE s.kind = 'service' AND s.active;

-- The same without when: whose numbers a service may touch.
CREATE OR REPLACE VIEW dorad.member AS
	SELECT DISTINCT scope_id, service_id FROM dorad.owner;

-- The first rollout of a service in each environment, of those that finished in a time. It
-- skips from one environment to the next.
CREATE FUNCTION dorad.first_rollouts(service int, since timestamptz, until timestamptz)
RETURNS TABLE (environment text, finished_at timestamptz) LANGUAGE sql STABLE AS $$
	WITH RECURSIVE e (environment) AS (
		(SELECT r.environment FROM dorad.rollout r WHERE r.service_id = service
		ORDER BY r.environment LIMIT 1)
		UNION ALL
		SELECT (SELECT r.environment FROM dorad.rollout r
			WHERE r.service_id = service AND r.environment > e.environment
			ORDER BY r.environment LIMIT 1)
		FROM e WHERE e.environment IS NOT NULL
	)
	SELECT e.environment, f.finished_at FROM e
	CROSS JOIN LATERAL (SELECT r.finished_at FROM dorad.rollout r
		WHERE r.service_id = service AND r.environment = e.environment
		AND r.finished_at >= since AND r.finished_at < until
		ORDER BY r.finished_at LIMIT 1) f
$$;

-- No foreign key: whoever takes a rollout out takes its state along, and sees to the days
-- that it was counted on.
CREATE TABLE dorad.rollout_state (
	rollout_id bigint PRIMARY KEY,
	service_id int NOT NULL,
	environment text NOT NULL,
	finished_at timestamptz NOT NULL,
	kind text NOT NULL CHECK (kind IN ('normal', 'baseline', 'redeploy', 'rollback',
		'late', 'roll_forward', 'hotfix', 'revision_missing')),
	state text NOT NULL CHECK (state IN ('ok', 'failed', 'pending')),
	pending_until timestamptz NOT NULL,
	unplanned boolean NOT NULL,
	recovered_at timestamptz,
	recovery_excluded text,
	CHECK (state = 'failed' OR (recovered_at IS NULL AND recovery_excluded IS NULL))
);

CREATE INDEX rollout_state_finished ON dorad.rollout_state
	(service_id, environment, finished_at, rollout_id);

-- Failed ones by when they ended, and those that have not.
CREATE INDEX rollout_state_recovered ON dorad.rollout_state
	(service_id, environment, recovered_at) WHERE state = 'failed';
CREATE INDEX rollout_state_open ON dorad.rollout_state
	(service_id, environment, finished_at)
	WHERE state = 'failed' AND recovered_at IS NULL;

-- The evidence: why a rollout is failed. 0 and '' where there is none.
CREATE TABLE dorad.failure (
	service_id int NOT NULL,
	rollout_id bigint NOT NULL,
	method text NOT NULL
		CHECK (method IN ('incident', 'rollback', 'roll_forward', 'hotfix')),
	by_rollout_id bigint NOT NULL,
	source_id int NOT NULL,
	project text COLLATE "C" NOT NULL,
	incident text COLLATE "C" NOT NULL,
	PRIMARY KEY (service_id, rollout_id, method, by_rollout_id, source_id, project,
		incident)
);

CREATE TABLE dorad.service_incident (
	service_id int NOT NULL,
	environment text NOT NULL,
	source_id int NOT NULL,
	project text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	started_at timestamptz,
	restored_at timestamptz,
	rollout_id bigint,
	method text CHECK (method IN ('window', 'change', 'revision', 'deployment')),
	evidence text,
	excluded text,
	PRIMARY KEY (service_id, environment, source_id, project, external_id)
);

CREATE INDEX service_incident_restored ON dorad.service_incident
	(service_id, environment, restored_at) WHERE excluded IS NULL;

CREATE INDEX service_incident_item ON dorad.service_incident
	(source_id, project, external_id);

-- A change by the rollout that shipped it. Spans in µs, NULL where not known.
CREATE TABLE dorad.shipped_change (
	service_id int NOT NULL,
	environment text NOT NULL,
	source_id int NOT NULL,
	project text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	rollout_id bigint NOT NULL,
	finished_at timestamptz NOT NULL,
	repo_id int NOT NULL,
	sha bytea NOT NULL,
	coding_us bigint,
	pickup_us bigint,
	review_us bigint,
	deploy_us bigint,
	author bigint,
	PRIMARY KEY (service_id, environment, source_id, project, external_id)
);

CREATE INDEX shipped_change_finished ON dorad.shipped_change
	(service_id, environment, finished_at);

CREATE INDEX shipped_change_item ON dorad.shipped_change
	(source_id, project, external_id);

-- Which change a commit came from, and how that is known.
CREATE TABLE dorad.commit_change (
	service_id int NOT NULL,
	repo_id int NOT NULL,
	sha bytea NOT NULL,
	source_id int NOT NULL,
	project text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	method text NOT NULL
		CHECK (method IN ('merge', 'squash', 'head', 'rebase', 'cherry_pick')),
	PRIMARY KEY (service_id, repo_id, sha)
);

CREATE INDEX commit_change_item ON dorad.commit_change
	(source_id, project, external_id);

ALTER TABLE dorad.series
	ADD COLUMN pending bigint,
	ADD COLUMN still_open bigint,
	ADD COLUMN oldest_open_at timestamptz;

ALTER TABLE dorad.rolling
	ADD COLUMN pending bigint,
	ADD COLUMN still_open bigint,
	ADD COLUMN oldest_open_at timestamptz,
	ADD COLUMN km_median double precision;
