-- What ./try shows of the figures. "watched" holds names of services between spaces.
SELECT count(*) > 0 AS windows FROM dora.current
WHERE service = ANY (string_to_array(:'watched', ' ')) \gset
\echo
\if :windows
\echo Rolling windows of whole days, up to the last midnight (dora.current)
SELECT f.service, f.window_days AS days, f.value::bigint AS deployments,
       round(f.numerator::numeric) AS "days with one",
       l.n AS changes,
       CASE WHEN l.p50 < 5400 THEN round((l.p50 / 60)::numeric) || ' min'
            WHEN l.p50 < 172800 THEN round((l.p50 / 3600)::numeric, 1) || ' h'
            ELSE round((l.p50 / 86400)::numeric, 1) || ' days' END AS "median lead time"
FROM dora.current f
JOIN dora.current l USING (org, team, service, environment, window_days)
WHERE f.metric = 'deployment_frequency' AND l.metric = 'change_lead_time'
  AND f.service = ANY (string_to_array(:'watched', ' '))
ORDER BY f.service, f.window_days;
\else
\echo No rolling windows yet: they hold whole days, and begin with the midnight
\echo after the first deployment.
\echo
\endif
\echo The six months up to the latest deployment (dora.series)
SELECT service, to_char(bucket_start, 'YYYY-MM') AS month, deployments, changes,
       CASE WHEN p50 < 5400 THEN round((p50 / 60)::numeric) || ' min'
            WHEN p50 < 172800 THEN round((p50 / 3600)::numeric, 1) || ' h'
            ELSE round((p50 / 86400)::numeric, 1) || ' days' END AS "median lead time"
FROM (SELECT f.service, f.bucket_start, f.value::bigint AS deployments, l.n AS changes, l.p50,
             row_number() OVER (PARTITION BY f.service ORDER BY f.bucket_start DESC) AS age
      FROM dora.series f
      JOIN dora.series l USING (org, team, service, environment, grain, bucket_start)
      WHERE f.grain = 'month' AND f.service = ANY (string_to_array(:'watched', ' '))
        AND f.metric = 'deployment_frequency' AND l.metric = 'change_lead_time'
        AND f.bucket_start <= (SELECT max(d.bucket_start) FROM dora.series d
                               WHERE d.service = f.service AND d.grain = 'month' AND d.n > 0
                                 AND d.metric = 'deployment_frequency')) AS months
WHERE age <= 6
ORDER BY service, bucket_start;
SELECT string_agg(service, ', ' ORDER BY service) AS waiting
FROM (SELECT service FROM dora.series JOIN dora.exclusions USING (service, environment)
      WHERE service = ANY (string_to_array(:'watched', ' ')) AND excluded_reason = 'baseline'
        AND grain = 'month' AND metric = 'change_lead_time'
      GROUP BY service HAVING sum(n) = 0) AS first \gset
\if :{?waiting}
\echo :waiting: no lead times yet. The commits of a first deployment have
\echo none, as nobody knows which of them had been deployed before (dora.exclusions).
\echo
\endif
