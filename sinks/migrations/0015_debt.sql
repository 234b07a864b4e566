-- Technical debt: issues as a portfolio, and what the numbers of services with and without
-- it are. Which class an issue is of and whose it is follows from the configuration, whose
-- patterns are rows here: another configuration shows in the views at once.

-- What takes long goes first, while the table can still be read.
CREATE INDEX item_debt ON dorad.item (source_id, project) WHERE kind = 'debt';

-- Not valid: what is in the table kept a narrower rule, and need not be looked at.
ALTER TABLE dorad.item DROP CONSTRAINT item_kind_check;
ALTER TABLE dorad.item ADD CONSTRAINT item_kind_check CHECK (kind IN ('deployment', 'run',
	'job', 'release', 'change', 'incident', 'artifact', 'debt')) NOT VALID;

-- What views have to know of the configuration.
CREATE TABLE IF NOT EXISTS dorad.setting (
	name text PRIMARY KEY,
	value text NOT NULL
);

-- Sources whose debt is read, and the labels (as lower() has them) of which an issue must have so
-- many to be debt still; none where the source finds them otherwise.
CREATE TABLE dorad.debt_source (
	source_id int NOT NULL REFERENCES dorad.source,
	labels text[],
	n_needed int NOT NULL
);

-- Patterns are those of LIKE. The first class counts, by position.
CREATE TABLE dorad.debt_class (
	position int NOT NULL,
	class text NOT NULL,
	labels text[] NOT NULL
);

-- Whose an issue is: of the rows that fit it those of the least rank. 1: the configuration
-- maps it; 3: its project is the service's. (2, between them: the source names it.)
CREATE TABLE dorad.debt_rule (
	rank int NOT NULL,
	service_id int NOT NULL REFERENCES dorad.scope,
	source_id int REFERENCES dorad.source,
	projects text[],
	labels text[]
);

-- Every issue that a source which is read for debt told of, once. "withdrawn": it is gone,
-- or lost the labels.
CREATE VIEW dorad.debt AS
	SELECT i.source_id, i.project, i.external_id, i.name, i.state, i.category,
		i.severity, i.labels, i.services, i.url, i.updated_at, i.first_seen_at,
		i.gone_at,
		coalesce((SELECT c.class FROM dorad.debt_class c
			WHERE EXISTS (SELECT FROM unnest(i.labels) l
				WHERE l ILIKE ANY (c.labels))
			ORDER BY c.position LIMIT 1), 'other') AS class,
		coalesce(i.created_at, i.first_seen_at) AS opened_at,
		CASE WHEN i.done THEN greatest(
			coalesce(i.closed_at, i.updated_at, i.first_seen_at),
			coalesce(i.created_at, i.first_seen_at)) END AS closed_at,
		i.done AND i.outcome <> 'success' AS dropped,
		i.gone_at IS NOT NULL OR (SELECT count(DISTINCT lower(l))
			FROM unnest(i.labels) l WHERE lower(l) = ANY (x.labels))
			< x.n_needed AS withdrawn
	FROM dorad.item i JOIN dorad.debt_source x USING (source_id)
	WHERE i.kind = 'debt';

-- Whose they are; an issue may be of several services, and of none.
CREATE VIEW dorad.debt_owner AS
	SELECT d.source_id, d.project, d.external_id, o.service_id
	FROM dorad.debt d CROSS JOIN LATERAL (
		SELECT DISTINCT f.service_id FROM (
			SELECT c.service_id, c.rank, min(c.rank) OVER () AS least FROM (
				SELECT r.service_id, r.rank FROM dorad.debt_rule r
				WHERE (r.source_id IS NULL OR r.source_id = d.source_id)
				AND (r.projects IS NULL OR d.project ILIKE ANY (r.projects))
				AND (r.labels IS NULL OR EXISTS (
					SELECT FROM unnest(d.labels) l
					WHERE l ILIKE ANY (r.labels)))
				UNION ALL
				SELECT s.scope_id, 2 FROM dorad.scope s
				WHERE s.kind = 'service' AND s.active AND lower(s.name) IN
					(SELECT lower(t) FROM unnest(d.services) t)
			) c
		) f WHERE f.rank = f.least
	) o;

-- Up to when debt is known: by the least of its sources.
CREATE VIEW dorad.debt_fresh AS
	SELECT CASE WHEN bool_and(s.ok_at IS NOT NULL) THEN min(s.ok_at) END AS fresh_until
	FROM dorad.debt_source x JOIN dorad.source s USING (source_id);

CREATE VIEW dora.debt_items AS
	SELECT s.org, s.team, s.service, d.class, x.name AS source,
		nullif(d.project, '') AS project, d.external_id AS issue, d.name AS title,
		d.state, d.category, d.severity, d.labels, d.opened_at, d.closed_at,
		extract(epoch FROM coalesce(d.closed_at, now()) - d.opened_at)
			::double precision AS age_seconds,
		d.dropped, d.withdrawn, d.url, d.updated_at, d.first_seen_at, d.gone_at
	FROM dorad.debt d JOIN dorad.source x USING (source_id)
	LEFT JOIN dorad.debt_owner o USING (source_id, project, external_id)
	LEFT JOIN dorad.scope_state s ON s.scope_id = o.service_id;

COMMENT ON VIEW dora.debt_items IS 'Every issue that is technical debt, as its source tells it now: a row for each service it belongs to, and one with service NULL where it belongs to none.';
COMMENT ON COLUMN dora.debt_items.org IS 'Organization of the service; NULL where the issue belongs to no service.';
COMMENT ON COLUMN dora.debt_items.team IS 'Team of the service now; NULL where the issue belongs to no service.';
COMMENT ON COLUMN dora.debt_items.service IS 'Service it is debt of: by debt.services of the configuration, else as the source names it, else the services whose rules or repositories are of its project; NULL: none.';
COMMENT ON COLUMN dora.debt_items.class IS 'First class of debt.classes that fits one of its labels; other: none does.';
COMMENT ON COLUMN dora.debt_items.source IS 'Source that told of it: source in dora.sources.';
COMMENT ON COLUMN dora.debt_items.project IS 'Project at the source, such as acme/shop; NULL where the source has none.';
COMMENT ON COLUMN dora.debt_items.issue IS 'What the source calls it, such as 42.';
COMMENT ON COLUMN dora.debt_items.title IS 'Its title; NULL if the source does not tell.';
COMMENT ON COLUMN dora.debt_items.state IS 'In the source''s words, such as open.';
COMMENT ON COLUMN dora.debt_items.category IS 'Type or kind, in the source''s words; NULL if it has none.';
COMMENT ON COLUMN dora.debt_items.severity IS 'Severity or priority, in the source''s words; NULL if it has none.';
COMMENT ON COLUMN dora.debt_items.labels IS 'Its labels now; NULL if it has none.';
COMMENT ON COLUMN dora.debt_items.opened_at IS 'When it was opened: the first time. (Where the source does not tell: when dorad saw it first.)';
COMMENT ON COLUMN dora.debt_items.closed_at IS 'When it was closed: the last time; NULL while it is open, also again.';
COMMENT ON COLUMN dora.debt_items.age_seconds IS 'Time from opening to close, or until now while it is open, in seconds.';
COMMENT ON COLUMN dora.debt_items.dropped IS 'True if it was closed without being paid: not planned, a duplicate and the like, where the source tells.';
COMMENT ON COLUMN dora.debt_items.withdrawn IS 'True if it counts nowhere: the source no longer has it, or it lost the labels of debt.';
COMMENT ON COLUMN dora.debt_items.url IS 'Where people look at it.';
COMMENT ON COLUMN dora.debt_items.updated_at IS 'When it changed last at the source.';
COMMENT ON COLUMN dora.debt_items.first_seen_at IS 'When dorad saw it first.';
COMMENT ON COLUMN dora.debt_items.gone_at IS 'When the source no longer had it; NULL while it has.';

-- Scopes with their zones; one without a name for issues of no service.
CREATE VIEW dorad.debt_scope AS
	SELECT s.scope_id, s.org, s.team, s.service, p.time_zone
	FROM dorad.scope_state s JOIN dorad.scope p USING (scope_id) WHERE p.active
	UNION ALL
	SELECT 0, NULL, NULL, NULL, 'UTC';

-- An issue counts once in a scope, while the scope had a service that it is of. "class" is
-- '' in the rows for all classes. Whose an issue is has to be found of all of them, once;
-- what a reader asks of scopes and months narrows what comes after that.
CREATE VIEW dora.debt_portfolio AS
	WITH issue AS MATERIALIZED (
		SELECT d.source_id, d.project, d.external_id, d.class, d.opened_at,
			d.closed_at, d.dropped, o.service_id
		FROM dorad.debt d
		LEFT JOIN dorad.debt_owner o USING (source_id, project, external_id)
		WHERE NOT d.withdrawn
	), held AS MATERIALIZED (
		SELECT m.scope_id, m.valid_from, m.valid_to, i.*
		FROM issue i JOIN dorad.owner m USING (service_id)
		UNION ALL
		SELECT 0, '-infinity', 'infinity', i.* FROM issue i
		WHERE i.service_id IS NULL
	), month AS (
		SELECT s.*, b.bucket_start, b.bucket_end,
			least(b.bucket_end, now()) AS at
		FROM (SELECT scope_id, min(opened_at) AS born FROM held
			GROUP BY scope_id) h
		JOIN dorad.debt_scope s USING (scope_id)
		CROSS JOIN LATERAL (
			SELECT l AT TIME ZONE s.time_zone AS bucket_start,
				(l + interval '1 month') AT TIME ZONE s.time_zone
					AS bucket_end
			FROM generate_series(
				date_trunc('month', h.born AT TIME ZONE s.time_zone),
				now() AT TIME ZONE s.time_zone, interval '1 month') l
		) b
	), class AS (
		SELECT DISTINCT h.scope_id, c.class
		FROM held h CROSS JOIN LATERAL (VALUES (h.class), ('')) c (class)
	), counted AS (
		SELECT m.scope_id, m.org, m.team, m.service, c.class, m.bucket_start,
			m.bucket_end, m.at, h.opened_at, h.dropped,
			bool_or(h.opened_at < m.at AND (h.closed_at IS NULL OR h.closed_at >= m.at)
				AND h.valid_from < m.at AND h.valid_to >= m.at) AS open,
			bool_or(h.opened_at >= m.bucket_start
				AND h.opened_at >= h.valid_from
				AND h.opened_at < h.valid_to) AS opened,
			bool_or(h.closed_at >= m.bucket_start AND h.closed_at < m.bucket_end
				AND h.closed_at >= h.valid_from
				AND h.closed_at < h.valid_to) AS closed
		FROM month m JOIN class c USING (scope_id)
		LEFT JOIN held h ON h.scope_id = m.scope_id
			AND (c.class = '' OR c.class = h.class)
			AND h.opened_at < m.bucket_end
			AND (h.closed_at IS NULL OR h.closed_at >= m.bucket_start)
		GROUP BY m.scope_id, m.org, m.team, m.service, c.class, m.bucket_start,
			m.bucket_end, m.at, h.source_id, h.project, h.external_id,
			h.opened_at, h.dropped
	)
	SELECT k.org, k.team, k.service, nullif(k.class, '') AS class,
		k.bucket_start, k.bucket_end,
		count(*) FILTER (WHERE k.open) AS open_items,
		count(*) FILTER (WHERE k.opened) AS opened_items,
		count(*) FILTER (WHERE k.closed) AS closed_items,
		count(*) FILTER (WHERE k.closed AND k.dropped) AS dropped_items,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY
			extract(epoch FROM k.at - k.opened_at)::double precision)
			FILTER (WHERE k.open) AS open_age_p50,
		max(extract(epoch FROM k.at - k.opened_at)::double precision)
			FILTER (WHERE k.open) AS open_age_max,
		min(k.opened_at) FILTER (WHERE k.open) AS oldest_open_at,
		coalesce(f.fresh_until >= k.bucket_end, false) AS complete,
		f.fresh_until
	FROM counted k CROSS JOIN dorad.debt_fresh f
	GROUP BY k.scope_id, k.org, k.team, k.service, k.class, k.bucket_start,
		k.bucket_end, k.at, f.fresh_until;

COMMENT ON VIEW dora.debt_portfolio IS 'Technical debt by month: a row for every service, team and organization, each class of its debt and all classes together, from the month of its first issue on. Issues of no service are in the rows without an organization. Withdrawn issues do not count. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.debt_portfolio.org IS 'Organization: name in the configuration; NULL in rows of issues that belong to no service.';
COMMENT ON COLUMN dora.debt_portfolio.team IS 'Team: name in the configuration; NULL in rows of a whole organization. What a service did while it was another team''s counts there.';
COMMENT ON COLUMN dora.debt_portfolio.service IS 'Service: name in the configuration; NULL in rows of a whole team or organization.';
COMMENT ON COLUMN dora.debt_portfolio.class IS 'Class of the debt, by the labels that the issues have now; NULL in rows of all classes.';
COMMENT ON COLUMN dora.debt_portfolio.bucket_start IS 'First instant of the month, in the time zone of the scope (UTC where there is none).';
COMMENT ON COLUMN dora.debt_portfolio.bucket_end IS 'First instant after the month.';
COMMENT ON COLUMN dora.debt_portfolio.open_items IS 'Count of issues that were open at the end of the month, or are now if it is not over; n of open_age_p50.';
COMMENT ON COLUMN dora.debt_portfolio.opened_items IS 'Count of issues that were opened in the month.';
COMMENT ON COLUMN dora.debt_portfolio.closed_items IS 'Count of issues that were closed in the month and have not been opened again.';
COMMENT ON COLUMN dora.debt_portfolio.dropped_items IS 'Those of closed_items that were not paid: not planned, a duplicate and the like.';
COMMENT ON COLUMN dora.debt_portfolio.open_age_p50 IS 'Median age of the open issues at the end of the month, or now, in seconds, interpolated as by percentile_cont.';
COMMENT ON COLUMN dora.debt_portfolio.open_age_max IS 'Age of the oldest of them, in seconds.';
COMMENT ON COLUMN dora.debt_portfolio.oldest_open_at IS 'When the oldest of them was opened.';
COMMENT ON COLUMN dora.debt_portfolio.complete IS 'True if the month is over and all sources of debt have been read since.';
COMMENT ON COLUMN dora.debt_portfolio.fresh_until IS 'Up to when debt is known: the least such time of its sources. NULL if one has never been read.';

-- Services by whether they had open debt of a class when a month began: whoever was an
-- organization's then, and deployed before the month's end.
CREATE VIEW dorad.debt_group AS
	WITH issue AS MATERIALIZED (
		SELECT DISTINCT c.class, o.service_id, d.opened_at, d.closed_at
		FROM dorad.debt d
		JOIN dorad.debt_owner o USING (source_id, project, external_id)
		CROSS JOIN LATERAL (VALUES (d.class), ('')) c (class)
		WHERE NOT d.withdrawn
	), class AS (
		SELECT m.scope_id, i.class, min(i.opened_at) AS born
		FROM issue i JOIN dorad.owner m USING (service_id)
		JOIN dorad.scope g ON g.scope_id = m.scope_id AND g.kind = 'org'
		GROUP BY m.scope_id, i.class
	), alive AS MATERIALIZED (
		SELECT service_id, environment, min(finished_at) AS born
		FROM dorad.rollout_state GROUP BY service_id, environment
	)
	SELECT c.scope_id, c.class, a.environment, b.bucket_start, b.bucket_end,
		EXISTS (SELECT FROM issue i
			WHERE i.class = c.class AND i.service_id = a.service_id
			AND i.opened_at < b.bucket_start
			AND (i.closed_at IS NULL OR i.closed_at >= b.bucket_start)) AS with_debt,
		array_agg(a.service_id) AS services
	FROM class c JOIN dorad.scope g USING (scope_id)
	CROSS JOIN LATERAL (
		SELECT l AT TIME ZONE g.time_zone AS bucket_start,
			(l + interval '1 month') AT TIME ZONE g.time_zone AS bucket_end
		FROM generate_series(
			date_trunc('month', c.born AT TIME ZONE g.time_zone),
			now() AT TIME ZONE g.time_zone, interval '1 month') l
	) b
	JOIN dorad.owner m ON m.scope_id = c.scope_id
		AND m.valid_from <= b.bucket_start AND m.valid_to > b.bucket_start
	JOIN alive a ON a.service_id = m.service_id AND a.born < b.bucket_end
	GROUP BY 1, 2, 3, 4, 5, 6;

CREATE VIEW dora.debt_cost AS
	SELECT s.org, g.environment, nullif(g.class, '') AS class, g.bucket_start,
		g.bucket_end, g.with_debt, cardinality(g.services) AS services,
		i.incidents,
		i.incidents::double precision / cardinality(g.services)
			AS incidents_per_service,
		r.rollouts, r.rollouts_known, r.rollouts_failed,
		r.rollouts_failed::double precision / nullif(r.rollouts_known, 0)
			AS change_fail_rate,
		r.rollouts_unplanned,
		r.rollouts_unplanned::double precision / nullif(r.rollouts, 0)
			AS deployment_rework_rate,
		c.commits,
		CASE WHEN c.shown THEN c.lead[1] END AS lead_p50,
		CASE WHEN c.shown THEN c.lead[2] END AS lead_p75,
		CASE WHEN c.shown THEN c.lead[3] END AS lead_p90,
		CASE WHEN c.shown THEN c.lead[4] END AS lead_p95,
		coalesce(least(s.fresh_until, f.fresh_until) >= g.bucket_end
			AND s.fresh_until IS NOT NULL AND f.fresh_until IS NOT NULL
			AND s.settled, false) AS complete,
		CASE WHEN s.fresh_until IS NOT NULL AND f.fresh_until IS NOT NULL
			THEN least(s.fresh_until, f.fresh_until) END AS fresh_until
	FROM dorad.debt_group g JOIN dorad.scope_state s USING (scope_id)
	CROSS JOIN dorad.debt_fresh f
	CROSS JOIN LATERAL (
		SELECT count(DISTINCT (x.source_id, x.project, x.external_id)) AS incidents
		FROM dorad.service_incident x
		WHERE x.service_id = ANY (g.services) AND x.environment = g.environment
		AND x.excluded IS NULL
		AND x.started_at >= g.bucket_start AND x.started_at < g.bucket_end
	) i
	CROSS JOIN LATERAL (
		SELECT count(*) AS rollouts,
			count(*) FILTER (WHERE x.state <> 'pending') AS rollouts_known,
			count(*) FILTER (WHERE x.state = 'failed') AS rollouts_failed,
			count(*) FILTER (WHERE x.unplanned) AS rollouts_unplanned
		FROM dorad.rollout_state x
		WHERE x.service_id = ANY (g.services) AND x.environment = g.environment
		AND x.finished_at >= g.bucket_start AND x.finished_at < g.bucket_end
	) r
	CROSS JOIN LATERAL (
		SELECT count(*) AS commits,
			count(DISTINCT x.author) >= coalesce((SELECT value::int
				FROM dorad.setting WHERE name = 'privacy.minimum_authors'), 3)
				AS shown,
			percentile_cont(ARRAY[0.5, 0.75, 0.9, 0.95]) WITHIN GROUP
				(ORDER BY x.lead_us / 1e6::double precision) AS lead
		FROM dorad.shipped x
		WHERE x.service_id = ANY (g.services) AND x.environment = g.environment
		AND x.excluded IS NULL
		AND x.finished_at >= g.bucket_start AND x.finished_at < g.bucket_end
	) c;

COMMENT ON VIEW dora.debt_cost IS 'Services with open debt of a class beside those without, by month: two rows for each organization, environment, class and all classes together, where there are such services. A comparison with its counts, not a cause: services differ in more than their debt. Computed from the samples of all services of a row, never from medians of medians. Durations are in seconds; NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.debt_cost.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.debt_cost.environment IS 'Rollout group of production environments that the rollouts went to.';
COMMENT ON COLUMN dora.debt_cost.class IS 'Class of the debt, by the labels that the issues have now; NULL in rows of all classes.';
COMMENT ON COLUMN dora.debt_cost.bucket_start IS 'First instant of the month, in the time zone of the organization.';
COMMENT ON COLUMN dora.debt_cost.bucket_end IS 'First instant after the month.';
COMMENT ON COLUMN dora.debt_cost.with_debt IS 'True: services that had an open issue of the class when the month began. False: those that had none.';
COMMENT ON COLUMN dora.debt_cost.services IS 'Count of these services: of the organization when the month began, with a rollout before its end.';
COMMENT ON COLUMN dora.debt_cost.incidents IS 'Count of their incidents that started in the month and count in time to restore; one of several services counts once.';
COMMENT ON COLUMN dora.debt_cost.incidents_per_service IS 'incidents / services.';
COMMENT ON COLUMN dora.debt_cost.rollouts IS 'Count of their successful production rollouts that finished in the month.';
COMMENT ON COLUMN dora.debt_cost.rollouts_known IS 'Those of rollouts whose state is known: failed or ok.';
COMMENT ON COLUMN dora.debt_cost.rollouts_failed IS 'Those of rollouts that failed.';
COMMENT ON COLUMN dora.debt_cost.change_fail_rate IS 'rollouts_failed / rollouts_known, 0 to 1; NULL if none is known.';
COMMENT ON COLUMN dora.debt_cost.rollouts_unplanned IS 'Those of rollouts that were not planned: rollbacks, roll-forwards, hotfixes, fixes of incidents.';
COMMENT ON COLUMN dora.debt_cost.deployment_rework_rate IS 'rollouts_unplanned / rollouts, 0 to 1; NULL without rollouts.';
COMMENT ON COLUMN dora.debt_cost.commits IS 'Count of the commits they shipped that count in the change lead time; n of the percentiles.';
COMMENT ON COLUMN dora.debt_cost.lead_p50 IS 'Median change lead time of these commits in seconds, interpolated as by percentile_cont; NULL without commits, or of fewer authors than privacy.minimum_authors.';
COMMENT ON COLUMN dora.debt_cost.lead_p75 IS '75th percentile in seconds, likewise.';
COMMENT ON COLUMN dora.debt_cost.lead_p90 IS '90th percentile in seconds, likewise.';
COMMENT ON COLUMN dora.debt_cost.lead_p95 IS '95th percentile in seconds, likewise.';
COMMENT ON COLUMN dora.debt_cost.complete IS 'True if the month is over, all sources of the organization and of debt have been read since, and nothing that was seen waits to be computed.';
COMMENT ON COLUMN dora.debt_cost.fresh_until IS 'Up to when both the facts of the organization and debt are known. NULL if a source has never been read.';
