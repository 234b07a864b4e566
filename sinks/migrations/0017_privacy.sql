-- What is erased, and what of it stays: people who asked for it, and facts for their age.

-- Keyed hashes of author hashes, under the key that made those: enough to see that somebody
-- is to stay forgotten when a repository is read again, and good for nothing else.
CREATE TABLE dorad.forgotten (
	token bytea PRIMARY KEY
);

-- How far each kind of fact has been deleted.
CREATE TABLE dorad.retention (
	kind text PRIMARY KEY
		CHECK (kind IN ('authors', 'runs', 'changes', 'incidents', 'kpis')),
	kept_from timestamptz NOT NULL
);

-- Buckets that begin before it stay as they were published: facts behind them are gone.
ALTER TABLE dorad.scope ADD COLUMN frozen_before timestamptz;

CREATE OR REPLACE VIEW dora.series AS
	SELECT s.org, s.team, s.service, r.environment, r.grain,
		r.bucket_start, r.bucket_end, r.metric,
		r.n, r.numerator, r.denominator, r.value,
		r.p50, r.p75, r.p90, r.p95, r.mean,
		coalesce(s.fresh_until >= r.bucket_end AND s.settled, false) AS complete,
		s.fresh_until,
		r.definition_id AS definition_version,
		r.computed_at,
		r.pending, r.still_open, r.oldest_open_at,
		coalesce(r.bucket_start < f.frozen_before, false) AS frozen
	FROM dorad.series r
	JOIN dorad.scope_state s USING (scope_id)
	JOIN dorad.scope f USING (scope_id);

COMMENT ON COLUMN dora.series.frozen IS 'True if facts behind the bucket have been deleted for their age (dora.retention): the number stays as it was published, with the definitions of then.';

CREATE VIEW dora.retention AS
	SELECT kind, kept_from FROM dorad.retention;

COMMENT ON VIEW dora.retention IS 'Kinds of facts that are deleted for their age, and how far that has been done.';
COMMENT ON COLUMN dora.retention.kind IS 'authors (hashes of authors), runs (of pipelines, with their jobs), changes, incidents or kpis (samples of KPIs): a key of retention in the configuration.';
COMMENT ON COLUMN dora.retention.kept_from IS 'What ended before this instant is deleted.';
