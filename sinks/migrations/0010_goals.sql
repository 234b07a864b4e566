-- Goals: the north star, KPIs with the samples they are made of, guardrails. What the
-- configuration says of them is kept here, so that views and dorad gate need no more than
-- the database. Nothing of it is computed before it is asked for.

-- source_id: whose polls bring its samples. A KPI that names a number of dora.series has
-- none of its own, and says which: metric, statistic, scope_id, environment. known_from:
-- the first instant whose samples were asked for; a period that began before is cut.
CREATE TABLE dorad.kpi (
	kpi_id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	name text NOT NULL UNIQUE,
	title text NOT NULL,
	unit text,
	better text NOT NULL CHECK (better IN ('higher', 'lower')),
	target double precision,
	grain text NOT NULL CHECK (grain IN ('week', 'month', 'quarter')),
	aggregate text CHECK (aggregate IN ('last', 'sum', 'mean', 'max', 'min', 'count')),
	time_zone text,
	source_id int REFERENCES dorad.source,
	metric text,
	statistic text,
	scope_id int REFERENCES dorad.scope,
	environment text,
	active boolean NOT NULL,
	known_from timestamptz,
	CHECK ((metric IS NULL) = (aggregate IS NOT NULL))
);

CREATE TABLE dorad.kpi_sample (
	kpi_id int NOT NULL REFERENCES dorad.kpi,
	at timestamptz NOT NULL,
	value double precision NOT NULL,
	PRIMARY KEY (kpi_id, at)
);

-- At most one row. metric: of dora.series, with a scope; or NULL, and then kpi_id.
CREATE TABLE dorad.north_star (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	vision text NOT NULL,
	metric text,
	statistic text,
	scope_id int REFERENCES dorad.scope,
	environment text,
	kpi_id int REFERENCES dorad.kpi,
	unit text,
	better text NOT NULL CHECK (better IN ('higher', 'lower')),
	grain text NOT NULL CHECK (grain IN ('week', 'month', 'quarter')),
	target double precision NOT NULL,
	supporting text[] NOT NULL,
	CHECK ((metric IS NULL) = (kpi_id IS NOT NULL))
);

CREATE TABLE dorad.guardrail (
	name text PRIMARY KEY,
	metric text NOT NULL,
	statistic text NOT NULL,
	scope_id int NOT NULL REFERENCES dorad.scope,
	environment text NOT NULL,
	unit text,
	at_most double precision,
	at_least double precision,
	window_days int NOT NULL,
	minimum bigint NOT NULL,
	CHECK ((at_most IS NULL) = (at_least IS NOT NULL))
);

-- The numbers of dora.series and dora.current that goals may name, one row a statistic
-- would be too many: the one that is wanted is picked by this.
CREATE FUNCTION dorad.statistic(statistic text, value double precision,
	p50 double precision, p75 double precision, p90 double precision,
	p95 double precision, mean double precision, n bigint)
	RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE statistic WHEN 'value' THEN value WHEN 'p50' THEN p50
		WHEN 'p75' THEN p75 WHEN 'p90' THEN p90 WHEN 'p95' THEN p95
		WHEN 'mean' THEN mean WHEN 'n' THEN n END;

-- Whether a figure adds up as its period goes on, so that it says little before the end.
CREATE FUNCTION dorad.adds_up(metric text, statistic text, aggregate text)
	RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(aggregate IN ('sum', 'count'), false)
		OR coalesce(statistic = 'n', false)
		OR coalesce(metric = 'deployment_frequency' AND statistic = 'value', false);

-- part: the figure adds up and the period is not whole. What would have to be taken back
-- later is open: not reached yet, or not exceeded yet.
CREATE FUNCTION dorad.target_status(value double precision, target double precision,
	better text, part boolean)
	RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN value IS NULL THEN 'no data'
		WHEN target IS NULL THEN NULL
		WHEN better = 'higher' AND value >= target THEN 'met'
		WHEN better = 'lower' AND value > target THEN 'missed'
		WHEN part THEN 'open'
		WHEN better = 'lower' THEN 'met'
		ELSE 'missed' END;

-- KPIs by period: of samples, with a row for each period from the first sample to the
-- last or to the last good poll; of dora.series as that has them. A sample belongs to the
-- period of its local date. whole: nothing of the period lies before what is known, or
-- after it.
CREATE VIEW dorad.kpi_period AS
	SELECT k.kpi_id, p.grain, p.period_start, p.period_end, v.value, v.n,
		x.ok_at AS fresh_until, true AS settled,
		coalesce(x.ok_at >= p.period_end, false)
		AND coalesce(p.period_start >= k.known_from, true) AS whole
	FROM dorad.kpi k
	JOIN dorad.source x USING (source_id)
	CROSS JOIN (VALUES ('week', interval '1 week'), ('month', interval '1 month'),
		('quarter', interval '3 months')) AS g (grain, step)
	CROSS JOIN LATERAL (SELECT min(s.at) AS first, max(s.at) AS last
		FROM dorad.kpi_sample s WHERE s.kpi_id = k.kpi_id) AS span
	CROSS JOIN LATERAL generate_series(
		date_trunc(g.grain, span.first AT TIME ZONE k.time_zone),
		greatest(span.last, x.ok_at) AT TIME ZONE k.time_zone, g.step) AS local (start)
	CROSS JOIN LATERAL (SELECT g.grain, local.start AT TIME ZONE k.time_zone
			AS period_start,
		(local.start + g.step) AT TIME ZONE k.time_zone AS period_end) AS p
	CROSS JOIN LATERAL (SELECT count(*) AS n, CASE k.aggregate
			WHEN 'last' THEN (array_agg(s.value ORDER BY s.at DESC))[1]
			WHEN 'sum' THEN sum(s.value) FILTER (WHERE k.aggregate = 'sum')
			WHEN 'mean' THEN avg(s.value) FILTER (WHERE k.aggregate = 'mean')
			WHEN 'max' THEN max(s.value) WHEN 'min' THEN min(s.value)
			WHEN 'count' THEN nullif(count(*), 0)::double precision END AS value
		FROM dorad.kpi_sample s WHERE s.kpi_id = k.kpi_id
		AND s.at >= p.period_start AND s.at < p.period_end) AS v
	WHERE k.active AND k.metric IS NULL
	UNION ALL
	SELECT k.kpi_id, r.grain, r.bucket_start, r.bucket_end,
		dorad.statistic(k.statistic, r.value, r.p50, r.p75, r.p90, r.p95, r.mean, r.n),
		r.n, s.fresh_until, s.settled,
		coalesce(s.fresh_until >= r.bucket_end, false)
	FROM dorad.kpi k
	JOIN dorad.series r USING (scope_id, environment, metric)
	JOIN dorad.scope_state s USING (scope_id)
	WHERE k.active AND r.grain <> 'day';

CREATE VIEW dora.kpi AS
	SELECT k.name AS kpi, k.title, k.unit, g.grain, p.period_start, p.period_end,
		p.value, coalesce(p.n, 0) AS n, t.target,
		dorad.target_status(p.value, t.target, k.better, NOT p.whole
			AND dorad.adds_up(k.metric, k.statistic, k.aggregate)) AS status,
		coalesce(p.whole AND p.settled, false) AS complete,
		k.better, k.aggregate,
		CASE WHEN k.metric IS NULL THEN k.name END AS source,
		k.metric, k.statistic,
		coalesce(p.fresh_until, x.ok_at, (SELECT s.fresh_until FROM dorad.scope_state s
			WHERE s.scope_id = k.scope_id)) AS fresh_until
	FROM dorad.kpi k
	LEFT JOIN dorad.kpi_period p USING (kpi_id)
	LEFT JOIN dorad.source x USING (source_id)
	CROSS JOIN LATERAL (SELECT coalesce(p.grain, k.grain)) AS g (grain)
	CROSS JOIN LATERAL (SELECT CASE WHEN g.grain = k.grain THEN k.target END)
		AS t (target)
	WHERE k.active;

COMMENT ON VIEW dora.kpi IS 'Every KPI by week, month and quarter, beside its target; a single row without a period before there is one. NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.kpi.kpi IS 'Name of the KPI in the configuration.';
COMMENT ON COLUMN dora.kpi.title IS 'What people call it.';
COMMENT ON COLUMN dora.kpi.unit IS 'What value and target are in, such as EUR; seconds for durations of dora.series; NULL where the configuration does not say, and for counts and ratios of dora.series.';
COMMENT ON COLUMN dora.kpi.grain IS 'Length of the period: week (ISO, from Monday), month or quarter, in the time zone of the KPI (of dora.series: of the scope).';
COMMENT ON COLUMN dora.kpi.period_start IS 'First instant of the period; NULL if there is none yet.';
COMMENT ON COLUMN dora.kpi.period_end IS 'First instant after the period; NULL if there is none yet.';
COMMENT ON COLUMN dora.kpi.value IS 'What aggregate makes of the samples of the period, or the statistic of dora.series, in unit; NULL if there is none.';
COMMENT ON COLUMN dora.kpi.n IS 'Count of samples in the period; of dora.series: its n.';
COMMENT ON COLUMN dora.kpi.target IS 'What value should be, in unit; NULL where the configuration has none, or has it for another grain.';
COMMENT ON COLUMN dora.kpi.status IS 'met or missed; no data where value is NULL; NULL where there is no target. Of a period that is not complete it is as of now, and open where the value adds up (aggregate sum or count, statistic n, deployment_frequency) and may still come to either.';
COMMENT ON COLUMN dora.kpi.complete IS 'True if the period is over, its source has been read since, and it did not begin before what was read.';
COMMENT ON COLUMN dora.kpi.better IS 'Which direction is better: higher or lower.';
COMMENT ON COLUMN dora.kpi.aggregate IS 'What is made of the samples: last, sum, mean, max, min or count; NULL for one of dora.series.';
COMMENT ON COLUMN dora.kpi.source IS 'Where the samples come from: source in dora.sources, which has the failure if there is one; NULL for one of dora.series.';
COMMENT ON COLUMN dora.kpi.metric IS 'metric in dora.series; NULL for one of samples.';
COMMENT ON COLUMN dora.kpi.statistic IS 'Column of dora.series; NULL for one of samples.';
COMMENT ON COLUMN dora.kpi.fresh_until IS 'Up to when samples are known: the last good poll; of dora.series: its fresh_until. NULL before the first.';

-- Spearman's rank correlation is Pearson's of the ranks, where equal values share the mean
-- of the ranks they take. corr() is NULL where one side is constant.
CREATE VIEW dora.kpi_correlation AS
	WITH figure AS (
		SELECT k.name AS kpi, p.value,
			(p.period_start AT TIME ZONE k.time_zone)::date AS week
		FROM dorad.kpi_period p JOIN dorad.kpi k USING (kpi_id)
		WHERE k.metric IS NULL AND p.grain = 'week' AND p.value IS NOT NULL
		AND p.whole
	), series AS (
		SELECT s.org, s.team, s.service, r.environment, r.metric, r.value,
			(r.bucket_start AT TIME ZONE c.time_zone)::date AS week
		FROM dorad.series r JOIN dorad.scope_state s USING (scope_id)
		JOIN dorad.scope c USING (scope_id)
		WHERE r.grain = 'week' AND r.value IS NOT NULL AND c.active
		-- of which there are rows only in some weeks
		AND r.metric <> 'change_lead_time_all'
		AND r.bucket_end <= s.fresh_until
	), ranked AS (
		SELECT f.kpi, s.org, s.team, s.service, s.environment, s.metric, l.lag_weeks,
			s.week,
			rank() OVER (PARTITION BY f.kpi, s.org, s.team, s.service,
				s.environment, s.metric, l.lag_weeks ORDER BY s.value)
			+ (count(*) OVER (PARTITION BY f.kpi, s.org, s.team, s.service,
				s.environment, s.metric, l.lag_weeks, s.value) - 1) / 2.0
				::double precision AS series_rank,
			rank() OVER (PARTITION BY f.kpi, s.org, s.team, s.service,
				s.environment, s.metric, l.lag_weeks ORDER BY f.value)
			+ (count(*) OVER (PARTITION BY f.kpi, s.org, s.team, s.service,
				s.environment, s.metric, l.lag_weeks, f.value) - 1) / 2.0
				::double precision AS kpi_rank
		FROM series s CROSS JOIN generate_series(0, 8) AS l (lag_weeks)
		JOIN figure f ON f.week = s.week + 7 * l.lag_weeks
	)
	SELECT kpi, org, team, service, environment, metric, lag_weeks,
		count(*) AS n,
		CASE WHEN count(*) >= 4 THEN corr(kpi_rank, series_rank) END AS spearman,
		min(week) AS first_week, max(week) AS last_week
	FROM ranked
	GROUP BY kpi, org, team, service, environment, metric, lag_weeks;

COMMENT ON VIEW dora.kpi_correlation IS 'How business KPIs and dora.series moved together, week by week: Spearman''s rank correlation with the KPI 0 to 8 weeks later. It says nothing of causes: two figures that both grow correlate, and of many pairs some do by chance. Weeks that are not over, and those without a value on either side, are left out. Large, and made anew by every query: ask WHERE kpi = ….';
COMMENT ON COLUMN dora.kpi_correlation.kpi IS 'Name of a KPI of samples; those of dora.series are not here.';
COMMENT ON COLUMN dora.kpi_correlation.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.kpi_correlation.team IS 'Team: name in the configuration; NULL in rows of a whole organization.';
COMMENT ON COLUMN dora.kpi_correlation.service IS 'Service: name in the configuration; NULL in rows of a whole team or organization.';
COMMENT ON COLUMN dora.kpi_correlation.environment IS 'Rollout group: environment in dora.series.';
COMMENT ON COLUMN dora.kpi_correlation.metric IS 'metric in dora.series, by its value; but for change_lead_time_all, which has no row in most weeks.';
COMMENT ON COLUMN dora.kpi_correlation.lag_weeks IS 'By how many weeks the KPI is later than the metric: 0 to 8.';
COMMENT ON COLUMN dora.kpi_correlation.n IS 'Count of weeks with a value on both sides.';
COMMENT ON COLUMN dora.kpi_correlation.spearman IS 'Spearman''s rank correlation, from -1 to 1, equal values with the mean of their ranks; NULL where n is less than 4 or one side never changes. Not a cause.';
COMMENT ON COLUMN dora.kpi_correlation.first_week IS 'Monday of the first week of the metric that counts.';
COMMENT ON COLUMN dora.kpi_correlation.last_week IS 'Monday of the last.';

-- A minimum is for what samples say. How many there are is known of none, too, in a window
-- that has been computed: of some metrics there is no row then, of deployment_frequency
-- always. A daemon that does not run makes no window end: what it said last is no proof that
-- a guardrail holds, and still one that it does not.
CREATE VIEW dora.guardrails AS
	SELECT g.name AS guardrail, c.kind AS scope, s.org, s.team, s.service,
		g.environment, g.metric, g.statistic, g.unit,
		v.value, coalesce(r.n, 0) AS n, m.minimum AS minimum_n,
		coalesce(g.at_most, g.at_least) AS limit_value,
		CASE WHEN g.at_most IS NULL THEN 'at least' ELSE 'at most' END AS direction,
		CASE WHEN coalesce(r.n, 0) >= m.minimum
				AND (v.value > g.at_most OR v.value < g.at_least) THEN 'breached'
			WHEN w.bucket_end < old.until THEN 'stale'
			WHEN s.fresh_until IS NULL OR s.fresh_until < old.until THEN 'stale'
			WHEN v.value IS NULL OR coalesce(r.n, 0) < m.minimum THEN 'no data'
			ELSE 'ok' END AS status,
		g.window_days, w.bucket_start AS window_start, w.bucket_end AS window_end,
		s.fresh_until,
		coalesce(s.fresh_until >= w.bucket_end AND s.settled, false) AS complete
	FROM dorad.guardrail g
	JOIN dorad.scope c USING (scope_id)
	JOIN dorad.scope_state s USING (scope_id)
	LEFT JOIN dorad.rolling r USING (scope_id, environment, metric, window_days)
	LEFT JOIN dorad.rolling f ON f.scope_id = g.scope_id
		AND f.environment = g.environment AND f.window_days = g.window_days
		AND f.metric = 'deployment_frequency'
	CROSS JOIN LATERAL (SELECT coalesce(r.bucket_start, f.bucket_start),
		coalesce(r.bucket_end, f.bucket_end)) AS w (bucket_start, bucket_end)
	CROSS JOIN LATERAL (SELECT coalesce(dorad.statistic(g.statistic, r.value, r.p50,
		r.p75, r.p90, r.p95, r.mean, r.n),
		CASE WHEN g.statistic = 'n' AND w.bucket_end IS NOT NULL THEN 0 END)) AS v (value)
	CROSS JOIN LATERAL (SELECT CASE WHEN dorad.adds_up(g.metric, g.statistic, NULL)
		THEN 0 ELSE g.minimum END) AS m (minimum)
	CROSS JOIN LATERAL (SELECT (date_trunc('day', now() AT TIME ZONE c.time_zone)
		- interval '1 day') AT TIME ZONE c.time_zone) AS old (until);

COMMENT ON VIEW dora.guardrails IS 'Every guardrail of the configuration, and whether it holds over its rolling window: what dorad gate reads. NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.guardrails.guardrail IS 'Name in the configuration.';
COMMENT ON COLUMN dora.guardrails.scope IS 'What it is about: org, team or service.';
COMMENT ON COLUMN dora.guardrails.org IS 'Organization: name in the configuration.';
COMMENT ON COLUMN dora.guardrails.team IS 'Team: name in the configuration; NULL for a whole organization.';
COMMENT ON COLUMN dora.guardrails.service IS 'Service: name in the configuration; NULL for a whole team or organization.';
COMMENT ON COLUMN dora.guardrails.environment IS 'Rollout group: environment in dora.current.';
COMMENT ON COLUMN dora.guardrails.metric IS 'metric in dora.current.';
COMMENT ON COLUMN dora.guardrails.statistic IS 'Column of dora.current that it looks at: value, p50, p75, p90, p95, mean or n.';
COMMENT ON COLUMN dora.guardrails.unit IS 'What value and limit_value are in: seconds, or NULL for counts and ratios.';
COMMENT ON COLUMN dora.guardrails.value IS 'The number of dora.current, in unit; NULL if there is none.';
COMMENT ON COLUMN dora.guardrails.n IS 'Count of its samples.';
COMMENT ON COLUMN dora.guardrails.minimum_n IS 'With fewer samples the status is no data. 0 where value is itself a count, of which 0 is one.';
COMMENT ON COLUMN dora.guardrails.limit_value IS 'What value is held against, in unit.';
COMMENT ON COLUMN dora.guardrails.direction IS 'at most: it holds while value is not above limit_value; at least: not below.';
COMMENT ON COLUMN dora.guardrails.status IS 'breached; stale: the window ended, or fresh_until is, more than a day before the last midnight, or fresh_until is NULL, so that nobody knows; no data: value is NULL or n is less than minimum_n; ok. What was breached stays so when it is old.';
COMMENT ON COLUMN dora.guardrails.window_days IS 'Length of the window in days of the time zone of the scope: 7, 28 or 90.';
COMMENT ON COLUMN dora.guardrails.window_start IS 'First instant of the window; NULL if there is none yet.';
COMMENT ON COLUMN dora.guardrails.window_end IS 'First instant after the window: a midnight in the time zone of the scope; NULL if there is none yet.';
COMMENT ON COLUMN dora.guardrails.fresh_until IS 'Up to when the facts of the scope are known; NULL if one of its sources has never been read.';
COMMENT ON COLUMN dora.guardrails.complete IS 'True if all sources have been read since the window ended, and nothing that was seen waits to be computed.';

CREATE VIEW dora.north_star AS
	WITH period AS (
		SELECT r.bucket_start AS period_start, r.bucket_end AS period_end,
			dorad.statistic(t.statistic, r.value, r.p50, r.p75, r.p90, r.p95, r.mean,
				r.n) AS value,
			r.n, s.fresh_until, s.settled,
			coalesce(s.fresh_until >= r.bucket_end, false) AS whole,
			dorad.adds_up(t.metric, t.statistic, NULL) AS adds_up
		FROM dorad.north_star t
		JOIN dorad.series r USING (scope_id, environment, metric, grain)
		JOIN dorad.scope_state s USING (scope_id)
		UNION ALL
		SELECT p.period_start, p.period_end, p.value, p.n, p.fresh_until, p.settled,
			p.whole, dorad.adds_up(k.metric, k.statistic, k.aggregate)
		FROM dorad.north_star t JOIN dorad.kpi k USING (kpi_id)
		JOIN dorad.kpi_period p ON p.kpi_id = t.kpi_id AND p.grain = t.grain
	), counted AS (
		-- half a period of what adds up would look like a collapse
		SELECT p.*, CASE WHEN p.whole OR NOT p.adds_up THEN p.value END AS comparable
		FROM period p
	), compared AS (
		SELECT p.*,
			CASE WHEN lag(p.period_end) OVER before = p.period_start
				THEN lag(p.value) OVER before END AS previous,
			CASE WHEN lag(p.period_end) OVER before = p.period_start
				THEN p.comparable - lag(p.comparable) OVER before END AS change,
			CASE WHEN count(p.comparable) OVER few >= 3 THEN
				regr_slope(p.comparable, extract(epoch FROM p.period_start)
					::double precision) OVER few END AS slope
		FROM counted p
		WINDOW before AS (ORDER BY p.period_start),
			few AS (ORDER BY p.period_start ROWS 3 PRECEDING)
	)
	SELECT t.vision, coalesce(t.metric, k.name) AS metric,
		coalesce(t.statistic, k.statistic) AS statistic, t.grain,
		s.org, s.team, s.service, t.environment, t.unit, t.better,
		c.period_start, c.period_end, c.value, c.n, t.target,
		-- where either is below 0, a ratio would not say how far it is
		CASE WHEN c.value IS NULL THEN NULL
			WHEN t.better = 'higher' AND c.value >= t.target
				THEN greatest(1, c.value / nullif(t.target, 0))
			WHEN t.better = 'lower' AND c.value <= t.target
				THEN greatest(1, t.target / nullif(c.value, 0))
			WHEN least(c.value, t.target) < 0 THEN NULL
			WHEN t.better = 'higher' THEN c.value / t.target
			ELSE t.target / c.value END AS attainment,
		c.previous, c.change,
		CASE WHEN c.comparable IS NULL OR c.slope IS NULL THEN NULL
			WHEN c.slope = 0 THEN 'steady'
			WHEN (c.slope > 0) = (t.better = 'higher') THEN 'improving'
			ELSE 'worsening' END AS trend,
		t.supporting, risk.risks,
		coalesce(c.whole AND c.settled, false) AS complete,
		c.fresh_until,
		dorad.target_status(c.value, t.target, t.better, NOT c.whole AND c.adds_up)
			AS status
	FROM dorad.north_star t
	LEFT JOIN dorad.kpi k USING (kpi_id)
	LEFT JOIN dorad.scope_state s ON s.scope_id = coalesce(t.scope_id, k.scope_id)
	LEFT JOIN compared c ON true
	CROSS JOIN LATERAL (SELECT array_agg(v.guardrail ORDER BY v.guardrail) AS risks
		FROM dora.guardrails v
		WHERE v.status = 'breached' AND (s.scope_id IS NULL OR (v.org = s.org
			AND (s.team IS NULL OR v.team = s.team)
			AND (s.service IS NULL OR v.service = s.service)))) AS risk;

COMMENT ON VIEW dora.north_star IS 'The north star of the configuration, one row a period, the latest with the largest period_start; a single row without a period before there is one. NULL means there is no data, which is not 0.';
COMMENT ON COLUMN dora.north_star.vision IS 'What all of it is for, as configured.';
COMMENT ON COLUMN dora.north_star.metric IS 'metric in dora.series, or kpi in dora.kpi.';
COMMENT ON COLUMN dora.north_star.statistic IS 'Column of dora.series; NULL for a KPI of samples.';
COMMENT ON COLUMN dora.north_star.grain IS 'Length of the period: week (ISO, from Monday), month or quarter, in the time zone of the scope or KPI.';
COMMENT ON COLUMN dora.north_star.org IS 'Organization that it is of; NULL for a KPI of samples.';
COMMENT ON COLUMN dora.north_star.team IS 'Team that it is of; NULL for a whole organization.';
COMMENT ON COLUMN dora.north_star.service IS 'Service that it is of; NULL for a whole team or organization.';
COMMENT ON COLUMN dora.north_star.environment IS 'Rollout group: environment in dora.series; NULL for a KPI.';
COMMENT ON COLUMN dora.north_star.unit IS 'What value, target, previous and change are in; NULL for counts and ratios, or where the configuration does not say.';
COMMENT ON COLUMN dora.north_star.better IS 'Which direction is better: higher or lower.';
COMMENT ON COLUMN dora.north_star.period_start IS 'First instant of the period.';
COMMENT ON COLUMN dora.north_star.period_end IS 'First instant after the period.';
COMMENT ON COLUMN dora.north_star.value IS 'The figure in the period, in unit; NULL if there is none.';
COMMENT ON COLUMN dora.north_star.n IS 'Count of samples behind it.';
COMMENT ON COLUMN dora.north_star.target IS 'What value should be, in unit.';
COMMENT ON COLUMN dora.north_star.attainment IS 'How far the target is reached, as a ratio: value / target where higher is better, target / value where lower is. 1 or more if the target is met, whatever the ratio is by then, and less if it is missed; NULL without a value, and where one below 0 misses it.';
COMMENT ON COLUMN dora.north_star.previous IS 'value of the period right before, in unit; NULL if there is none.';
COMMENT ON COLUMN dora.north_star.change IS 'value less previous, in unit; NULL where one of them adds up (such as deployment_frequency or a sum) and its period is not whole.';
COMMENT ON COLUMN dora.north_star.trend IS 'improving, worsening or steady: the sign of the least-squares slope through the values of this period and the three rows before, in the direction that is better; NULL with fewer than three values. Periods that are not whole do not count where the value adds up, and have none.';
COMMENT ON COLUMN dora.north_star.supporting IS 'The two KPIs beside it: kpi in dora.kpi.';
COMMENT ON COLUMN dora.north_star.risks IS 'Guardrails of the same scope and of those inside it (teams, services) that are breached now, whatever the period; for a KPI of samples, those of any scope. NULL if none is.';
COMMENT ON COLUMN dora.north_star.complete IS 'True if the period is over, its sources have been read since, and it did not begin before what was read.';
COMMENT ON COLUMN dora.north_star.fresh_until IS 'Up to when the facts behind it are known; NULL if a source has never been read.';
COMMENT ON COLUMN dora.north_star.status IS 'met, missed, or no data where value is NULL. Of a period that is not complete it is as of now, and open where the value adds up and may still come to either.';
