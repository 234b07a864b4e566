-- What was seen outside (repositories, commits, deployments) and what the configuration
-- names. Rows are keyed by what they are upstream, so that writing them again is harmless.
-- The large tables (commit, touched) have no foreign keys: they would double the cost of
-- a backfill, and their rows are only ever written beside the row they belong to.

CREATE TABLE dorad.scope (
	scope_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	kind text NOT NULL CHECK (kind IN ('org', 'team', 'service')),
	name text NOT NULL,
	parent_id int REFERENCES dorad.scope,
	time_zone text NOT NULL,
	definition_id int,
	published_until timestamptz,
	active boolean NOT NULL DEFAULT true,
	UNIQUE (kind, name)
) WITH (fillfactor = 50);

CREATE INDEX scope_parent ON dorad.scope (parent_id);

-- What the numbers of a scope meant when they were made: rules, zones, versions.
CREATE TABLE dorad.definition (
	definition_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	scope_id int NOT NULL REFERENCES dorad.scope,
	fingerprint text NOT NULL,
	content jsonb NOT NULL,
	first_used_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (scope_id, fingerprint)
);

ALTER TABLE dorad.scope ADD FOREIGN KEY (definition_id) REFERENCES dorad.definition;

CREATE TABLE dorad.repo (
	repo_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	name text NOT NULL UNIQUE
);

CREATE TABLE dorad.source (
	source_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	kind text NOT NULL,
	name text NOT NULL,
	repo_id int REFERENCES dorad.repo,
	cursor text,
	polled_at timestamptz,
	ok_at timestamptz,
	failed_at timestamptz,
	failure text,
	shallow boolean NOT NULL DEFAULT false,
	active boolean NOT NULL DEFAULT true,
	UNIQUE (kind, name)
) WITH (fillfactor = 50);

-- Whose numbers a source's facts go into; for services, teams and orgs alike.
CREATE TABLE dorad.scope_source (
	scope_id int NOT NULL REFERENCES dorad.scope,
	source_id int NOT NULL REFERENCES dorad.source,
	PRIMARY KEY (scope_id, source_id)
);

CREATE TABLE dorad.git_ref (
	repo_id int NOT NULL REFERENCES dorad.repo,
	name text NOT NULL,
	object bytea NOT NULL,
	commit bytea,
	first_seen_at timestamptz NOT NULL,
	PRIMARY KEY (repo_id, name)
);

CREATE TABLE dorad.repo_event (
	repo_event_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	repo_id int NOT NULL REFERENCES dorad.repo,
	at timestamptz NOT NULL,
	kind text NOT NULL,
	ref text NOT NULL,
	old_sha bytea,
	new_sha bytea
);

CREATE UNIQUE INDEX repo_event_once ON dorad.repo_event
	(repo_id, at, kind, ref, coalesce(old_sha, ''), coalesce(new_sha, ''));

-- parents: their ids one after another. author: a salted hash, NULL where none is kept.
CREATE TABLE dorad.commit (
	authored_at timestamptz,
	committed_at timestamptz,
	author bigint,
	repo_id int NOT NULL,
	sha bytea NOT NULL,
	parents bytea NOT NULL,
	PRIMARY KEY (repo_id, sha)
);

-- globs: what the rows of "touched" were made for; NULL where none were made.
CREATE TABLE dorad.component (
	component_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	service_id int NOT NULL REFERENCES dorad.scope,
	repo_id int NOT NULL REFERENCES dorad.repo,
	globs text,
	UNIQUE (service_id, repo_id)
);

CREATE TABLE dorad.touched (
	component_id int NOT NULL,
	sha bytea NOT NULL,
	PRIMARY KEY (component_id, sha)
);

CREATE TABLE dorad.deployment (
	deployment_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	service_id int NOT NULL REFERENCES dorad.scope,
	source_id int NOT NULL REFERENCES dorad.source,
	external_id text NOT NULL,
	attempt int NOT NULL,
	environment text NOT NULL,
	started_at timestamptz,
	finished_at timestamptz,
	outcome text NOT NULL
		CHECK (outcome IN ('success', 'failure', 'cancelled', 'skipped', 'running')),
	withheld text,
	first_seen_at timestamptz NOT NULL,
	UNIQUE (service_id, source_id, external_id, attempt)
);

CREATE TABLE dorad.deployment_revision (
	deployment_id bigint NOT NULL REFERENCES dorad.deployment ON DELETE CASCADE,
	repo_id int NOT NULL REFERENCES dorad.repo,
	sha bytea NOT NULL,
	PRIMARY KEY (deployment_id, repo_id, sha)
);

-- Services whose deployments or commits changed since their last attribution. Rows are
-- only added and deleted, never updated: whoever adds one while an attribution is under
-- way waits for nobody, and is not lost.
CREATE TABLE dorad.attribution_due (
	due_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	service_id int NOT NULL REFERENCES dorad.scope
);

CREATE INDEX attribution_due_service ON dorad.attribution_due (service_id);

-- The active services that make up the numbers of a scope.
CREATE VIEW dorad.member AS
	SELECT scope_id, scope_id AS service_id
	FROM dorad.scope WHERE kind = 'service' AND active
	UNION ALL
	SELECT parent_id, scope_id
	FROM dorad.scope WHERE kind = 'service' AND active
	UNION ALL
	SELECT team.parent_id, service.scope_id
	FROM dorad.scope service JOIN dorad.scope team ON team.scope_id = service.parent_id
	WHERE service.kind = 'service' AND service.active;
