#!/usr/bin/python3
"""foreign.py DORAD

Deployments that another database tells: a query on a table of a deployment tool that knows the
commits of a configuration repository only. What was deployed of the application is named by an
image's tag in a file there. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import subprocess
import sys
import tempfile
import time

from events import HOUR, World, expect
from rig import CONNINFO, fresh_database, sql

DAY = 24 * HOUR
FILE = "apps/shop/values.yaml"
QUERY = """
SELECT id, started_at AS started, finished_at AS finished, changed_at AS updated,
       commit AS sha, 'prod-' || region AS environment, result AS outcome
FROM rollout WHERE changed_at >= $1 -- all that changed;
"""


class Foreign(World):
    def __init__(self, dorad, top):
        super().__init__(dorad, top, "elsewhere")
        self.start = int(time.time()) // DAY * DAY - 20 * DAY + DAY // 2
        self.shop = self.repository("shop", self.start)
        self.gitops = self.repository("gitops", self.start)
        self.tool = fresh_database("tool")
        sql(self.tool, "CREATE TABLE rollout (id int PRIMARY KEY, commit text, region text,"
                       " result text, started_at timestamp, finished_at timestamptz,"
                       " changed_at timestamptz); CREATE SEQUENCE rollout_id")
        self.config["sources"]["sql"] = [
            {"name": "tool", "uri": f"{CONNINFO} dbname=tool", "kind": "deployment",
             "query": QUERY}]
        self.service("shop", [
            {"from": "deployments", "source": "tool", "environments": ["prod-*"],
             "repository": "shop", "revision": "file", "manifest": FILE,
             "manifest_repository": "gitops", "pattern": "tag: ([0-9a-f]+)"}],
            {"repository": "shop"},
            production=[{"name": "production", "environments": ["prod-eu", "prod-us"]}])

    def release(self):
        """A commit of the application, and one of the configuration that deploys it."""
        sha = self.shop.commit(*(["main"] if self.shop.hours else []))
        self.gitops.hours = self.shop.hours
        config = self.gitops.commit(*(["main"] if self.shop.hours > 1 else []),
                                    files={FILE: f"image:\n  tag: {sha[:9]}\n"})
        return sha, config

    def told(self, number, config, region, result, minutes=60):
        at = self.start + self.shop.hours * HOUR + minutes * 60
        sql(self.tool, f"INSERT INTO rollout VALUES ({number}, '{config}', '{region}',"
            f" '{result}', to_timestamp({at - 60}) AT TIME ZONE 'UTC', to_timestamp({at}),"
            f" to_timestamp({at}))")

    def deployments(self):
        return self.column(
            "SELECT concat_ws(' ', deployment, deployed_to, outcome, sha) FROM "
            "(SELECT d.external_id AS deployment, d.environment AS deployed_to, d.outcome,"
            " encode(r.sha, 'hex') AS sha FROM dorad.deployment d"
            " LEFT JOIN dorad.deployment_revision r USING (deployment_id)) x ORDER BY 1")

    def refused(self, query):
        """What the program says to a query."""
        self.config["sources"]["sql"][0]["query"] = query
        path = f"{self.top}/dorad.yaml"
        try:
            self.run()
        except SystemExit as told:
            return str(told)
        return f"nothing ({path})"


def read_in_parts(world):
    """More rows than a poll takes, and a last part that is stored in whole portions."""
    world.config["sources"]["sql"] = [
        {**world.config["sources"]["sql"][0], "query": QUERY},
        {"name": "calendar", "uri": f"{CONNINFO} dbname=tool", "kind": "incident",
         "query": "SELECT g AS id, at AS created, at AS updated, true AS done FROM "
         "generate_series(1, 105000) g, LATERAL (SELECT date_trunc('day', now()) - "
         "interval '20 days' + g * interval '10 s') AS x (at) WHERE at >= $1"}]
    for n_items, trouble in (("100001", "there is more to read"), ("105000", None)):
        world.run()
        expect(f"in parts: {n_items}", world.sql(
            "SELECT (SELECT count(*) FROM dorad.item WHERE kind = 'incident') AS n, trouble "
            "FROM dora.feeds WHERE source = 'calendar'"),
            [{"n": n_items, "trouble": trouble or ""}])


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Foreign(sys.argv[1], top)
        first, first_config = world.release()
        world.told(1, first_config, "eu", "success")
        world.told(2, first_config, "us", "failure")
        world.told(3, first_config, "us", "success", 90)
        for _ in range(2):  # whichever source was polled first
            world.run()
        expect("the application's commits, by the configuration's", world.deployments(), [
            f"deployment:1 prod-eu success {first}", f"deployment:2 prod-us failure {first}",
            f"deployment:3 prod-us success {first}"])

        second, second_config = world.release()
        world.told(4, second_config, "eu", "success")
        world.told(5, second_config, "us", "success", 61)
        for _ in range(2):
            world.run()
        expect("the next ones", world.deployments()[3:], [
            f"deployment:4 prod-eu success {second}",
            f"deployment:5 prod-us success {second}"])
        expect("one rollout each, when both regions have it", world.column(
            "SELECT count(*) FROM dora.deployments WHERE excluded_reason IS NULL"), ["2"])
        expect("its lead time", world.column(
            "SELECT lead_seconds::int FROM dora.shipped_commits "
            f"WHERE sha = '{second}' AND excluded_reason IS NULL"), [str(61 * 60)])

        before = world.column("SELECT xmin || ' ' || ctid FROM dorad.item ORDER BY 1")
        world.run()
        expect("nothing new: no row is touched", world.column(
            "SELECT xmin || ' ' || ctid FROM dorad.item ORDER BY 1"), before)

        for query, words in (
                ("SELECT 1 AS id, 'x' AS shade", "a column \"shade\""),
                ("SELECT 1 AS id, 'splendid' AS outcome", "\"splendid\""),
                ("SELECT 'x' AS id, 'today' AS finished", "finished: "),
                ("SELECT id FROM nowhere", "42P01"),
                ("WITH gone AS (DELETE FROM rollout RETURNING id) SELECT id FROM gone",
                 "0A000"),
                ("SELECT setval('rollout_id', 1) AS id", "25006"),
                ("SELECT g AS id FROM generate_series(1, 100001) g", "100000 rows")):
            said = world.refused(f"SELECT * FROM ({query}) q WHERE now() >= $1"
                                 if query.startswith("SELECT") else
                                 f"{query} WHERE now() >= $1")
            expect(f"refused: {query[:40]}",
                   ("sql tool: " in said and words in said) or said, True)
        read_in_parts(world)
        expect("and nothing was written there", sql(
            "tool", "SELECT count(*) AS n FROM rollout"), [{"n": "5"}])


main()
