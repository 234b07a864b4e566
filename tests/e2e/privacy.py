#!/usr/bin/python3
"""privacy.py DORAD

What is erased and what stays: people who are forgotten, facts that are deleted for their age,
and figures that are computed once more, or only tried. 500 days of a service with changes,
incidents and runs. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import json
import subprocess
import sys
import tempfile
import time

from events import HOUR, World, expect
from rig import CONNINFO, each, fresh_database, git, sql

DAY = 24 * HOUR
STEP = 5 * DAY
N = 100
PEOPLE = ["ada", "bob", "cyd", "dan", "eve"]

NUMBERS = ("n, numerator, denominator, value, p50, p75, p90, p95, mean, pending, still_open,"
           " oldest_open_at")
SERIES = ("SELECT concat_ws('/', org, team, service) AS scope, environment, metric, grain,"
          f" bucket_start, {NUMBERS}, definition_version, computed_at, frozen FROM dora.series")
CURRENT = ("SELECT concat_ws('/', org, team, service) AS scope, environment, metric,"
           f" window_days || ' days' AS grain, bucket_start, {NUMBERS} FROM dora.current")
KEY = ("scope", "environment", "metric", "grain", "bucket_start")
RUNS = ("SELECT to_jsonb(s) - 'fresh_until' - 'complete' AS row FROM dora.pipeline_series s"
        " ORDER BY 1")


class Private(World):
    def __init__(self, dorad, top):
        super().__init__(dorad, top, "private")
        self.start = int(time.time()) // DAY * DAY - 500 * DAY + DAY // 2
        self.path = f"{self.top}/shop.git"
        self.shas = self.history()
        self.source("shop", self.path)
        self.tool = fresh_database("told")
        sql(self.tool, "CREATE TABLE told (i int, at timestamptz, sha text)")
        sql(self.tool, "INSERT INTO told VALUES " + ", ".join(
            f"({i}, to_timestamp({self.at(i)}), '{sha}')" for i, sha in enumerate(self.shas)))
        self.config["privacy"]["minimum_authors"] = 3
        self.config["sources"]["sql"] = [
            self.asked("forge", "change", "'title ' || i AS name, sha,"
                       " at - interval '3 hours' AS created, at AS merged, at AS closed,"
                       " true AS done"),
            self.asked("pager", "incident", "at AS created, at + interval '1 hour' AS started,"
                       " CASE WHEN i <> 10 THEN at + interval '4 hours' END AS resolved,"
                       " i <> 10 AS done, ARRAY['shop'] AS services", "i % 10 = 0"),
            self.asked("ci", "run", "'build' AS workflow, at AS created, at AS started,"
                       " at + interval '10 minutes' AS finished, 'success' AS outcome,"
                       " true AS done"),
        ]
        self.service("shop", [{"from": "trunk", "each": "commit"}], {"repository": "shop"},
                     pipelines=[{"source": "ci"}])

    def at(self, i):
        return self.start + i * STEP

    def history(self):
        git(".", "init", "-q", "--bare", "-b", "main", self.path)
        lines = []
        for i in range(N):
            person, at = PEOPLE[i % len(PEOPLE)], self.at(i)
            lines += ["commit refs/heads/main",
                      f"author {person} <{person}@Example.org> {at - (i % 7 + 1) * HOUR} +0000",
                      f"committer C <c@example.org> {at} +0000", "data 1", "x"]
        git(self.path, "fast-import", "--quiet", stdin="\n".join(lines) + "\n")
        return git(self.path, "rev-list", "--reverse", "main").split()

    def asked(self, name, kind, columns, which="true"):
        return {"name": name, "uri": f"{CONNINFO} dbname=told", "kind": kind,
                "history": "600d", "query": "SELECT * FROM (SELECT i AS id, at AS updated, "
                f"{columns} FROM told WHERE {which}) x WHERE updated >= $1"}

    def command(self, *words, stdin="", wanted=0):
        done = subprocess.run(
            [self.dorad, words[0], "--config", f"{self.top}/dorad.yaml", "--cache-dir",
             f"{self.top}/cache", *words[1:]], input=stdin, capture_output=True, text=True)
        if done.returncode != wanted:
            sys.exit(f"dorad {' '.join(words)}: status {done.returncode}\n"
                     f"{done.stdout}{done.stderr}")
        return done.stdout

    def write(self):
        """The configuration, without a run."""
        with open(f"{self.top}/dorad.yaml") as old:
            kept = json.load(old)["database"]
        with open(f"{self.top}/dorad.yaml", "w") as out:
            json.dump({"database": kept, **self.config}, out)

    def numbers(self):
        rows = self.sql(SERIES) + self.sql(CURRENT)
        return {tuple(row[k] for k in KEY): row for row in rows}

    def rows(self):
        """Every row of every table, with its version."""
        tables = self.column("SELECT table_name FROM information_schema.tables WHERE "
                             "table_schema = 'dorad' AND table_type = 'BASE TABLE' ORDER BY 1")
        return {table: sorted(tuple(row.values()) for row in rows) for table, rows in each(
            self.database, {table: f"SELECT ctid, xmin, t.* FROM dorad.{table} t"
                            for table in tables}).items()}

    def count(self, what):
        return int(self.column(f"SELECT count(*) FROM {what}")[0])


def figures(row):
    return {k: v for k, v in row.items()
            if k not in ("definition_version", "computed_at", "frozen")}


def differing(before, after):
    return {key for key in before.keys() | after.keys()
            if figures(before.get(key, {})) != figures(after.get(key, {}))}


def scope_of(change):
    return {"org": "org", "team": "org/team", "service": "org/team/shop"}[change["kind"]]


def recomputed(world):
    before = world.numbers()
    expect("once more: nothing is another number", world.command("recompute"),
           "0 rows changed\n")
    rows = world.rows()
    expect("tried with the same configuration", world.command("recompute", "--dry-run"),
           "no number would change\n")
    expect("a trial leaves no trace", world.rows() == rows, True)
    expect("and all numbers", world.numbers() == before, True)


def tried(world):
    """What a trial says is what happens then."""
    service = world.config["services"][0]
    service["exclude"] = {"authors": ["* <ada@*"]}
    service["failure_window"] = "1h"
    service["deployments"][0]["environment"] = "elsewhere"
    service["production"] = [{"name": "production", "environments": ["elsewhere"]}]
    world.write()
    rows, before = world.rows(), world.numbers()
    state = ("--state-dir", f"{world.top}/state")
    said = json.loads(world.command("recompute", "--dry-run", "--format", "json", *state, wanted=1))
    expect("a trial of another leaves no trace", world.rows() == rows, True)
    expect("it needs the key, where authors are named", world.command(
        "recompute", "--dry-run", "--state-dir", world.top, wanted=78), "")
    expect("everything could be tried", said["notes"], [])
    world.run()
    world.run()
    changes = differing(before, world.numbers())
    predicted = {(scope_of(change), change["environment"], change["metric"], change["grain"],
                  change["bucket_start"].replace("T", " ").replace("Z", "+00"))
                 for change in said["changes"]}
    expect(f"a trial tells the {len(changes)} numbers that change",
           sorted(predicted ^ changes)[:5], [])
    expect("which are some", len(changes) > 100, True)
    expect("who is left out is named nowhere", [
        table for table, stored in world.rows().items() if "<ada" in str(stored)], [])
    expect("tried with the same authors", world.command("recompute", "--dry-run", *state),
           "no number would change\n")
    for key in ("exclude", "failure_window", "production"):
        del service[key]
    del service["deployments"][0]["environment"]
    world.run()
    world.run()
    expect("and back", sorted(differing(before, world.numbers()))[:5], [])


def aged(world):
    """Facts go, numbers stay."""
    before, runs = world.numbers(), world.sql(RUNS)
    shipped = world.sql("SELECT * FROM dora.shipped_commits ORDER BY sha")
    world.sql("INSERT INTO dorad.kpi (name, title, better, grain, aggregate, active) VALUES"
              " ('sold', 'Sold', 'higher', 'week', 'sum', false); INSERT INTO dorad.kpi_sample"
              " SELECT kpi_id, now() - g * interval '100 days', g FROM dorad.kpi,"
              " generate_series(1, 5) g WHERE name = 'sold'")
    world.config["retention"] = {kind: "200d" for kind in (
        "authors", "runs", "changes", "incidents", "kpis")}
    log = world.run()
    expect("the log tells", "were deleted for their age" in log or log, True)
    limit = int(time.time()) // DAY * DAY - 200 * DAY
    kept = [i for i in range(N) if world.at(i) >= limit]
    expect("kept from", set(world.column(
        "SELECT extract(epoch FROM kept_from)::bigint FROM dora.retention")), {str(limit)})
    old = N - len(kept)
    for what, wanted in (
            ("dorad.item WHERE kind = 'run'", len(kept)),
            ("dorad.item WHERE kind = 'change'", len(kept)),
            # the one that is still open is as old as it may be
            ("dorad.item WHERE kind = 'incident'", sum(i % 10 == 0 for i in kept) + 1),
            ("dorad.kpi_sample", 1 if limit > time.time() - 200 * DAY else 2),
            ("dorad.commit WHERE author IS NULL", old),
            ("dorad.shipped WHERE author IS NULL", old),
            ("dorad.shipped_change WHERE author IS NOT NULL AND finished_at < "
             f"to_timestamp({limit})", 0),
            ("dorad.deployment", N), ("dorad.commit", N)):
        expect(f"after its age: {what}", world.count(what), wanted)

    def check(what):
        after = world.numbers()
        frozen = [key for key, row in after.items() if row.get("frozen") == "t"]
        expect(f"{what}: frozen numbers are those they were, to the bit", [
            key for key in frozen
            if {**after[key], "frozen": ""} != {**before[key], "frozen": ""}], [])
        expect(f"{what}: none is missing", [
            key for key in before if key not in after], [])
        expect(f"{what}: they are many", len(frozen) > 2000, True)
        return after

    expect("no number is another", sorted(differing(before, check("deleted")))[:5], [])
    expect("nor is one of pipelines", world.sql(RUNS), runs)
    expect("nor what was shipped", world.sql(
        "SELECT * FROM dora.shipped_commits ORDER BY sha") == shipped, True)
    world.command("recompute")
    expect("computed anew", sorted(differing(before, check("computed anew")))[:5], [])
    rows = {table: data for table, data in world.rows().items()
            if table not in ("source", "feed")}
    world.run()
    expect("nothing more to do", [table for table, data in world.rows().items()
                                  if table in rows and rows[table] != data], [])
    world.config["services"][0]["commit_time"] = "committed"
    world.run()
    changed = differing(before, check("another definition"))
    expect("another definition changes nothing frozen", sorted(
        key for key in changed if key[4] < time.strftime("%F", time.gmtime(limit))), [])
    expect("and something else", len(changed) > 10 or changed, True)
    del world.config["services"][0]["commit_time"]
    world.run()
    expect("and back", sorted(differing(before, check("back")))[:5], [])


def forgotten(world):
    """A person is erased, and does not come back."""
    quarter = ("SELECT bool_and(p50 IS NOT NULL) FROM dora.current WHERE service = 'shop' AND"
               " metric = 'change_lead_time' AND window_days = 90")
    authors = world.count("(SELECT DISTINCT author FROM dorad.commit) x WHERE author "
                          "IS NOT NULL")
    expect("five people", authors, 5)
    ada = world.column(f"SELECT author FROM dorad.commit WHERE sha = '\\x{world.shas[-5]}'")[0]
    state = ("--state-dir", f"{world.top}/state")
    said = world.command("forget", *state, stdin=" ADA@example.ORG\n\nnobody@example.org\n")
    n = world.count("dorad.commit WHERE author IS NOT NULL")
    expect("forget tells counts alone", said.split(":")[0] + str("ada" in said.lower()),
           "2 addressesFalse")
    expect("no hash of hers is left", [world.count(f"dorad.{table} WHERE author = {ada}")
                                       for table in ("commit", "shipped", "shipped_change")],
           [0, 0, 0])
    expect("nor in what stands for her", world.count(
        "dorad.forgotten WHERE encode(token, 'hex') LIKE '%' || to_hex("
        f"{ada}::bigint) || '%'"), 0)
    expect("four people are a group", world.column(quarter), ["t"])
    world.sql("DELETE FROM dorad.commit; UPDATE dorad.source SET cursor = NULL"
              " WHERE name = 'shop'")
    world.run()
    expect("the repository is read again: she stays forgotten", world.count(
        f"dorad.commit WHERE author = {ada}"), 0)
    expect("others do not", world.count("dorad.commit WHERE author IS NOT NULL") >= n, True)
    world.command("forget", *state, stdin="Bob B. <bob@example.org>\ncyd@example.org")
    expect("two people are none, at once", world.column(quarter), ["f"])
    expect("but are counted", world.column(quarter.replace("bool_and(p50 IS NOT NULL)",
                                                           "min(n) > 0")), ["t"])
    expect("no address", world.command("forget", *state, stdin="\n", wanted=65), "")
    expect("another key", world.command("forget", "--state-dir", world.top, stdin="x",
                                        wanted=78), "")


def views(world):
    """Nothing published names, or could name, a person."""
    expect("no column is of a person", world.column(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'dora' AND column_name ~ '(author|mail|person|login|user)'"
        " AND column_name <> 'authored_at'"), [])
    expect("the role of readers sees no table", world.column(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace"
        " WHERE s.nspname = 'dorad' AND c.relkind IN ('r', 'v') AND"
        " has_table_privilege('dora_reader', c.oid, 'SELECT')"), [])
    small = world.column(
        "SELECT metric FROM dora.series s WHERE metric ~ 'lead_time' AND grain = 'day'"
        " AND n > 0 AND coalesce(p50, p75, p90, p95, mean, value) IS NOT NULL")
    expect("days of one author have no distribution", small, [])


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Private(sys.argv[1], top)
        for _ in range(3):  # whichever source was polled first
            world.run()
        expect("there is something to look at", world.column(
            "SELECT count(*) > 100 AND count(*) FILTER (WHERE metric = 'time_to_restore' AND"
            " n > 0) > 10 FROM dora.series"), ["t"])
        views(world)
        recomputed(world)
        tried(world)
        aged(world)
        forgotten(world)


main()
