-- Since when a source fails, and who has to do something about it: what the daemon tells of
-- itself (dora.alerts).

ALTER TABLE dorad.source
	ADD COLUMN failing_since timestamptz,
	ADD COLUMN failure_kind text
		CHECK (failure_kind IN ('retry', 'denied', 'data', 'config'));

CREATE OR REPLACE VIEW dora.sources AS
	SELECT x.name AS source, x.kind, p.name AS repo, x.polled_at,
		x.ok_at AS fresh_until, x.failed_at, x.failure,
		coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL) AS failing,
		x.shallow, x.active,
		CASE WHEN coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL)
			THEN x.failing_since END AS failing_since,
		CASE WHEN coalesce(x.failed_at > x.ok_at, x.failed_at IS NOT NULL)
			THEN x.failure_kind END AS failure_kind
	FROM dorad.source x LEFT JOIN dorad.repo p USING (repo_id);

COMMENT ON COLUMN dora.sources.failing_since IS 'When the first of the polls that have failed since the last good one did; NULL: it is not failing, or that was not noted.';
COMMENT ON COLUMN dora.sources.failure_kind IS 'What has to be done: retry (it may pass by itself), denied (a credential or certificate was refused), data (what the source sends makes no sense), config (the configuration or installation is wrong); NULL: it is not failing, or that was not noted.';
