-- What the APIs tell, as they tell it (drivers/item.h), and how far each of them has been
-- read. Deployments are made of items by rules; items stay, so that other rules may be
-- tried on them.

-- Keys are compared byte by byte: it is faster, and no upgrade of the system's collations
-- can put an index out of order. project is '' where the source has none. "done": it will
-- not change by itself any more. A row is written again a few times, soon after it came to
-- be: fillfactor leaves room beside it. No foreign key, for the speed of a backfill: rows
-- are only ever written beside their source's.
CREATE TABLE dorad.item (
	source_id int NOT NULL,
	attempt bigint NOT NULL,
	project text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('deployment', 'run', 'job',
		'release', 'change', 'incident', 'artifact')),
	external_id text COLLATE "C" NOT NULL,
	outcome text NOT NULL
		CHECK (outcome IN ('success', 'failure', 'cancelled', 'skipped', 'running')),
	done boolean NOT NULL,
	bot boolean NOT NULL,
	draft boolean NOT NULL,
	optional boolean NOT NULL,
	first_seen_at timestamptz NOT NULL,
	gone_at timestamptz,
	created_at timestamptz,
	started_at timestamptz,
	finished_at timestamptz,
	updated_at timestamptz,
	closed_at timestamptz,
	first_commit_at timestamptz,
	reviewed_at timestamptz,
	approved_at timestamptz,
	merged_at timestamptz,
	detected_at timestamptz,
	acknowledged_at timestamptz,
	mitigated_at timestamptz,
	resolved_at timestamptz,
	parent text COLLATE "C",
	workflow text,
	name text,
	environment text,
	state text,
	sha text,
	head_sha text,
	squash_sha text,
	ref text,
	base text,
	event text,
	version text,
	severity text,
	category text,
	cause text,
	url text,
	labels text[],
	services text[],
	images text[],
	PRIMARY KEY (source_id, project, kind, external_id, attempt)
) WITH (fillfactor = 90);

-- In part, so that an item is never looked for by its key here: until there are statistics
-- of the table, one index looks as good for that as the other.
CREATE INDEX item_created ON dorad.item (source_id, project, kind, created_at)
	WHERE created_at IS NOT NULL;

-- What has to be asked for again.
CREATE INDEX item_unfinished ON dorad.item (source_id, project, kind, created_at)
	WHERE NOT done AND gone_at IS NULL;

-- Jobs of a run.
CREATE INDEX item_parent ON dorad.item (source_id, parent) WHERE parent IS NOT NULL;

-- Written at every poll that moves the cursor: no index but the key's, and room on the
-- page, so that a new version takes the place of an old one.
CREATE TABLE dorad.feed (
	source_id int NOT NULL REFERENCES dorad.source,
	project text COLLATE "C" NOT NULL,
	feed text COLLATE "C" NOT NULL,
	cursor timestamptz,
	history timestamptz,
	swept timestamptz,
	swept_deep timestamptz,
	mark text,
	etag text,
	etag_url text,
	trouble text,
	PRIMARY KEY (source_id, project, feed)
) WITH (fillfactor = 50);
