#!/usr/bin/python3
"""devlake.py DORAD

Questions as dashboards for Apache DevLake's tables ask them, of the views that
database.devlake_schema makes: their answers are those of schema dora. And that the schema is made
once, granted, brought up to date, and never taken from somebody else. Wants DORAD_TEST_PG
(tests/with_postgres).
"""
import subprocess
import sys
import tempfile

from bi_world import Bazaar, INCIDENTS, N
from events import expect
from rig import CONNINFO

# (what, a question in the style of those dashboards, the same asked of schema dora)
SAME = (
    ("deployments by month",
     """SELECT month, sum(n) FROM (
          SELECT cdc.cicd_deployment_id, to_char(max(cdc.finished_date), 'YY/MM') AS month,
                 1 AS n
          FROM cicd_deployment_commits cdc
          JOIN project_mapping pm ON cdc.cicd_scope_id = pm.row_id AND pm.table = 'cicd_scopes'
          WHERE pm.project_name IN ('shop') AND cdc.result = 'SUCCESS'
          AND cdc.environment = 'PRODUCTION' GROUP BY 1) d
        GROUP BY month ORDER BY month""",
     """SELECT to_char(bucket_start, 'YY/MM'), deployments FROM dora.monthly
        WHERE service = 'shop' AND deployments > 0 ORDER BY 1"""),
    ("months without any, too",
     """WITH done AS (
          SELECT DISTINCT cd.id, date_trunc('month', cd.finished_date) AS at
          FROM cicd_deployments cd
          JOIN project_mapping pm ON cd.cicd_scope_id = pm.row_id AND pm.table = 'cicd_scopes'
          WHERE pm.project_name = 'shop' AND cd.result = 'SUCCESS'
          AND cd.environment = 'PRODUCTION')
        SELECT cm.month, count(done.id) FROM calendar_months cm
        LEFT JOIN done ON cm.month_timestamp = done.at
        WHERE cm.month_timestamp >= (SELECT min(at) FROM done)
        AND cm.month_timestamp < now() GROUP BY 1 ORDER BY 1""",
     """SELECT to_char(bucket_start, 'YY/MM'), deployments FROM dora.monthly
        WHERE service = 'shop' ORDER BY 1"""),
    ("time to restore, median minutes",
     """SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY i.lead_time_minutes))
        FROM incidents i JOIN project_mapping pm
          ON i.scope_id = pm.row_id AND i.table = pm.table
        WHERE pm.project_name IN ('shop') AND i.resolution_date IS NOT NULL""",
     """SELECT round(p50 / 60) FROM dora.current WHERE service = 'shop'
        AND metric = 'time_to_restore' AND window_days = 90"""),
    ("incidents as issues of a board",
     """SELECT count(DISTINCT i.id) FROM issues i
        JOIN board_issues bi ON i.id = bi.issue_id
        JOIN project_mapping pm ON bi.board_id = pm.row_id AND pm.table = 'boards'
        WHERE pm.project_name = 'shop' AND i.type = 'INCIDENT'""",
     """SELECT count(*) FROM dora.service_incidents WHERE excluded_reason IS NULL"""),
    ("deployments with an incident",
     """SELECT count(DISTINCT d.id), count(DISTINCT r.deployment_id)
        FROM cicd_deployments d
        LEFT JOIN project_incident_deployment_relationships r ON r.deployment_id = d.id
        WHERE d.result = 'SUCCESS' AND d.environment = 'PRODUCTION'""",
     """SELECT count(*), count(*) FILTER (WHERE state = 'failed') FROM dora.rollouts"""),
    ("stages of changes in minutes",
     """SELECT sum(ppm.pr_coding_time), sum(ppm.pr_pickup_time), sum(ppm.pr_review_time),
               sum(ppm.pr_deploy_time)
        FROM pull_requests pr JOIN project_pr_metrics ppm ON ppm.id = pr.id
        JOIN project_mapping pm ON pr.base_repo_id = pm.row_id AND pm.table = 'repos'
        JOIN cicd_deployment_commits cdc ON ppm.deployment_commit_id = cdc.id
        WHERE pm.project_name = 'shop' AND pr.merged_date IS NOT NULL
        AND cdc.environment = 'PRODUCTION'""",
     """SELECT sum(ceil(coding_seconds / 60)), sum(ceil(pickup_seconds / 60)),
               sum(ceil(review_seconds / 60)), sum(ceil(deploy_seconds / 60))
        FROM dora.shipped_changes"""),
    ("the cycle is its stages",
     """SELECT count(*) FROM project_pr_metrics WHERE abs(pr_cycle_time - (pr_coding_time
        + pr_pickup_time + pr_review_time + pr_deploy_time)) <= 4""",
     """SELECT count(*) FROM dora.shipped_changes WHERE pickup_seconds IS NOT NULL"""),
    ("the deployment before",
     """SELECT count(*), count(prev.id) FROM cicd_deployment_commits cdc
        LEFT JOIN cicd_deployment_commits prev
          ON cdc.prev_success_deployment_commit_id = prev.id
        WHERE cdc.environment = 'PRODUCTION'""",
     """SELECT count(*), count(*) - 1 FROM dora.rollouts"""),
    ("success rate of pipelines",
     """SELECT count(DISTINCT CASE WHEN p.result = 'SUCCESS' THEN p.id END)::float
               / nullif(count(DISTINCT CASE WHEN p.result IN ('SUCCESS', 'FAILURE')
               THEN p.id END), 0)
        FROM cicd_pipelines p
        JOIN project_mapping pm ON p.cicd_scope_id = pm.row_id AND pm.table = 'cicd_scopes'
        WHERE pm.project_name = 'shop'""",
     """SELECT sum(succeeded)::float / sum(succeeded + failed) FROM dora.pipeline_series
        WHERE grain = 'day' AND workflow IS NULL"""),
    ("tasks and their pipelines",
     """SELECT count(*), count(p.id) FROM cicd_tasks t
        JOIN cicd_pipelines p ON t.pipeline_id = p.id""",
     """SELECT count(*), count(*) FROM dora.pipeline_jobs"""),
    ("commits of a repository",
     """SELECT count(*), count(c.author_name) FROM commits c
        JOIN repo_commits rc ON c.sha = rc.commit_sha JOIN repos r ON rc.repo_id = r.id
        WHERE r.name = 'shop'""",
     """SELECT count(*), 0 FROM dorad.commit"""),
    ("benchmarks of a report",
     """SELECT metric, elite, high, medium, low FROM dora_benchmarks
        WHERE dora_report = '2023' AND metric = 'Change failure rate'""",
     """SELECT 'Change failure rate', max(words) FILTER (WHERE level = 'elite'),
               max(words) FILTER (WHERE level = 'high'),
               max(words) FILTER (WHERE level = 'medium'),
               max(words) FILTER (WHERE level = 'low')
        FROM dora.benchmarks WHERE report_year = 2023 AND metric = 'change_fail_rate'"""),
)


def told(world, query):
    """The rows of a query, by a client that looks for tables where dashboards do."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
         f"{CONNINFO} dbname={world.database}", "-c", "SET search_path = devlake",
         "-c", "SET TimeZone = 'UTC'", "-c", query], capture_output=True, text=True)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else done.stderr


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Bazaar(sys.argv[1], top)
        expect("there is something to count", world.column(
            "SELECT count(*) FROM dora.rollouts WHERE state = 'failed'"), [str(len(INCIDENTS))])
        expect("and all of it", world.column("SELECT count(*) FROM devlake.cicd_deployments"),
               [str(N)])
        # a query is of one kind; an API tells of jobs and runs alike
        world.sql("INSERT INTO dorad.item SELECT (jsonb_populate_record(r, jsonb_build_object("
                  "'source_id', j.source_id))).* FROM dorad.item r, (SELECT DISTINCT source_id"
                  " FROM dorad.item WHERE kind = 'job') j WHERE r.kind = 'run'")
        for what, theirs, ours in SAME:
            expect(what, told(world, theirs), told(world, ours))
        expect("readers may", world.column(
            "SELECT count(*) FROM pg_class c WHERE relnamespace = 'devlake'::regnamespace"
            " AND NOT has_table_privilege('dora_reader', c.oid, 'SELECT')"), ["0"])
        expect("each is explained", world.column(
            "SELECT relname FROM pg_class c WHERE relnamespace = 'devlake'::regnamespace"
            " AND obj_description(c.oid) IS NULL"), [])

        before = world.column("SELECT oid || ' ' || xmin FROM pg_class WHERE relnamespace"
                              " = 'devlake'::regnamespace ORDER BY 1")
        world.run()
        expect("started again: untouched", world.column(
            "SELECT oid || ' ' || xmin FROM pg_class WHERE relnamespace"
            " = 'devlake'::regnamespace ORDER BY 1"), before)
        world.sql("COMMENT ON SCHEMA devlake IS 'dorad: views named like Apache DevLake''s"
                  " tables; older'; CREATE OR REPLACE VIEW devlake.projects AS SELECT 'x'"
                  " ::text AS name, 'y'::text AS description")
        world.run()
        expect("an older one is brought up to date", world.column(
            "SELECT name FROM devlake.projects"), ["shop"])

        world.sql("CREATE SCHEMA theirs; CREATE TABLE theirs.commits (sha text)")
        world.config["database"]["devlake_schema"] = "theirs"
        try:
            world.run()
            said = "nothing"
        except SystemExit as refused:
            said = str(refused)
        expect("somebody else's is refused", "has something else in it" in said or said, True)
        for config in ("", None):
            world.config["database"]["devlake_schema"] = config
            if config is None:
                del world.config["database"]["devlake_schema"]
            world.run()
        expect("left out: nothing is made", world.column(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'theirs'::regnamespace"), ["1"])


main()
