"""A small world that has something of everything: for tests of what BI tools read."""
import time

from events import HOUR, World
from rig import CONNINFO, database_uri, fresh_database, sql

DAY = 24 * HOUR
N = 16  # deployments, three days apart
FAILED = 5  # this attempt fails; its commit goes with the next
INCIDENTS = (3, 9, 13)  # after these, an hour later; the last is still open

TABLES = """
CREATE TABLE deployment (id int, sha text, environment text, outcome text, started timestamptz,
    finished timestamptz, updated timestamptz);
CREATE TABLE change (id int, name text, sha text, first_commit timestamptz, created timestamptz,
    reviewed timestamptz, merged timestamptz, updated timestamptz, done boolean, labels text[]);
CREATE TABLE incident (id text, name text, severity text, services text[], started timestamptz,
    resolved timestamptz, updated timestamptz, done boolean);
CREATE TABLE run (id int, workflow text, outcome text, created timestamptz, started timestamptz,
    finished timestamptz, updated timestamptz, done boolean);
CREATE TABLE job (id int, parent text, name text, outcome text, created timestamptz,
    started timestamptz, finished timestamptz, updated timestamptz, done boolean);
CREATE TABLE release (id text, name text, created timestamptz, updated timestamptz,
    finished timestamptz, done boolean);
CREATE TABLE debt (id text, name text, labels text[], created timestamptz, closed timestamptz,
    updated timestamptz, services text[]);
"""
KINDS = ("deployment", "change", "incident", "run", "job", "release", "debt")


class Bazaar(World):
    """One service; all that is known of it but its commits is told by another database."""

    def __init__(self, dorad, top):
        super().__init__(dorad, top, "bazaar")
        self.start = int(time.time()) // DAY * DAY - 60 * DAY
        self.shop = self.repository("shop", self.start)
        self.tool = fresh_database("tool")
        sql(self.tool, TABLES)
        self.config["database"] = {"uri": database_uri(self.database),
                                   "devlake_schema": "devlake"}
        self.config["sources"]["sql"] = [
            {"name": f"{kind}s", "uri": f"{CONNINFO} dbname={self.tool}", "kind": kind,
             "query": f"SELECT * FROM {kind} WHERE "
                      + ("$1::timestamptz IS NOT NULL" if kind == "debt" else "updated >= $1")}
            for kind in KINDS]
        self.service("shop", [{"from": "deployments", "source": "deployments",
                               "repository": "shop", "revision": "sha"}],
                     {"repository": "shop"}, pipelines=[{"source": "runs"}])
        self.config["debt"] = {"classes": [{"class": "safety", "labels": ["safety"]}]}
        self.config["kpis"] = [
            {"name": "rollouts", "target": 2, "grain": "week",
             "dora": {"metric": "deployment_frequency", "org": "org"}},
            {"name": "restore", "better": "lower",
             "dora": {"metric": "time_to_restore", "statistic": "mean", "org": "org"}}]
        self.config["north_star"] = {
            "vision": "Every day better", "metric": "change_lead_time", "org": "org",
            "grain": "week", "target": "1d", "supporting": ["rollouts", "restore"]}
        self.config["guardrails"] = [{"name": "often", "metric": "deployment_frequency",
                                      "org": "org", "at_least": 100}]
        self.fill()
        for _ in range(2):  # whichever source was polled first
            self.run()

    def at(self, number, hours=0.0):
        return f"to_timestamp({self.start + number * 3 * DAY + int(hours * HOUR)})"

    def put(self, table, *values):
        sql(self.tool, f"INSERT INTO {table} VALUES ({', '.join(values)})")

    def fill(self):
        for i in range(N):
            self.shop.hours = i * 72
            self.shop.commit(*(["main"] if i else []))
            sha = f"'{self.shop.commit('main')}'"
            outcome = "failure" if i == FAILED else "success"
            self.put("deployment", str(i), sha, "'production'", f"'{outcome}'", self.at(i, 9),
                     self.at(i, 10), self.at(i, 10))
            self.put("change", str(i), f"'change \"{i}\", ä'", sha, self.at(i, 1),
                     self.at(i, 2.5), self.at(i, 4) if i % 2 else "NULL", self.at(i, 6.01),
                     self.at(i, 10), "true", "'{a,\"b c\"}'" if i % 3 else "NULL")
            if i in INCIDENTS:
                open_ = i == INCIDENTS[-1]
                self.put("incident", f"'INC-{i}'", f"'it broke {i}'", "'P1'", "'{shop}'",
                         self.at(i, 11), "NULL" if open_ else self.at(i, 12.5),
                         self.at(i, 13), "false" if open_ else "true")
            running = i == N - 1
            end = "NULL" if running else self.at(i, 8.5)
            done = "false" if running else "true"
            result = "running" if running else "failure" if i % 4 == 3 else "success"
            self.put("run", str(i), "'build'", f"'{result}'", self.at(i, 8), self.at(i, 8.1),
                     end, self.at(i, 8.5), done)
            self.put("job", str(i), f"'{i}'", "'test'", f"'{result}'", self.at(i, 8),
                     self.at(i, 8.2), end, self.at(i, 8.5), done)
        self.put("change", "99", "'open'", "NULL", "NULL", self.at(2), "NULL", "NULL",
                 self.at(2), "false", "NULL")
        self.put("release", "'v1'", "'v1'", self.at(1), self.at(1), self.at(1), "true")
        self.put("debt", "'D1'", "'old lock'", "'{safety}'", self.at(1), "NULL", self.at(1),
                 "'{shop}'")
        self.put("debt", "'D2'", "'slow'", "'{speed}'", self.at(1), self.at(4), self.at(4),
                 "'{shop}'")
