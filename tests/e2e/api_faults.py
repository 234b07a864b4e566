#!/usr/bin/python3
"""api_faults.py DORAD [TEST...]

The whole program against APIs and a database that fail in every way (vendors.py, cluster.py),
while dorad itself is killed at any moment. Once that is over, what is stored is what the APIs
have, row for row, and what is published follows from it. Then what a poll costs both sides
while nothing fails. DORAD_SEEDS says how many histories are tried; 6 unless set.
"""
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import cluster
from cluster import Cluster, Program, compare, fail
from vendors import DAY, FAULTS, HOUR, GitHub, GitLab, PagerDuty, Vendors

N_ROUNDS = 12
ROUND_MAX = 5.0  # seconds until a round is killed
TOKENS = {"TOKEN": "canary-0123456789"}
SOURCES = {"github": "hub", "gitlab": "lab", "pagerduty": "pager"}
SERVICES = {"hub": {"from": "jobs", "workflows": ["Deliver"], "jobs": ["deploy"]},
            "lab": {"from": "deployments", "environments": ["production"]}}
ITEMS = """SET TimeZone = 'UTC';
    SELECT jsonb_strip_nulls(to_jsonb(i) - 'source_id' - 'first_seen_at' - 'gone_at')
    FROM dorad.item i WHERE gone_at IS NULL"""
# Nothing else lets a sweep come before its time.
SWEEP = """UPDATE dorad.feed SET swept = swept - interval '8 days',
    swept_deep = swept_deep - interval '8 days'"""
WRITES = """SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables
    WHERE schemaname = 'dorad'"""


def make_config(path, uri, repo, vendors, kinds=tuple(SOURCES)):
    def source(kind):
        vendor = vendors.all[list(SOURCES).index(kind)]
        return {"name": SOURCES[kind], "token": {"env": "TOKEN"},
                "url": vendors.url + vendor.prefix + ("/api/v4" if kind == "gitlab" else ""),
                **({"projects": [vendor.project]} if vendor.project else {}),
                **({"read": ["deployments"]} if kind == "gitlab" else {}),
                **({"read": ["runs"]} if kind == "github" else {})}

    config = {
        "database": {"uri": uri},
        # of older runs that have not ended, each is asked for once an hour
        "schedule": {"every": "1h", "timeout": "30s"},
        "privacy": {"minimum_authors": 0},
        "sources": {"git": [{"name": "shop", "url": repo, "allow_file": True}],
                    **{kind: [source(kind)] for kind in kinds}},
        "orgs": [{"name": "acme"}],
        "teams": [{"name": "web", "org": "acme"}],
        "services": [{"name": name, "team": "web", "components": [{"repository": "shop"}],
                      "deployments": [{"source": name, **rule}]}
                     for name, rule in SERVICES.items()
                     if next(k for k in SOURCES if SOURCES[k] == name) in kinds],
    }
    with open(path, "w", encoding="utf-8") as out:
        json.dump(config, out, indent=1)
    return path


class World:
    def __init__(self, dorad, top):
        self.dorad, self.top = dorad, top
        self.postgres = Cluster(top)

    def prepare(self):
        self.postgres.initialise()
        self.repo = cluster.repository(f"{self.top}/shop.git", 60, 1000)
        self.shas = subprocess.run(["git", "-C", self.repo, "rev-list", "main"], check=True,
                                   env=cluster.GIT_ENV, capture_output=True,
                                   text=True).stdout.split()

    def close(self):
        self.postgres.close()


class History:
    """One seed: a database, vendors and a program of its own."""

    def __init__(self, world, name, seed):
        self.world, self.name = world, name
        self.postgres = world.postgres
        self.rng = random.Random(seed * 7919)
        self.vendors = Vendors(seed, world.shas)
        self.program = Program(world.dorad, world.top, f"cache-{name}")
        self.program.state = f"{world.top}/state-{name}"
        self.config = make_config(f"{world.top}/{name}.yaml", self.postgres.uri(name),
                                  world.repo, self.vendors)
        self.events = collections.Counter()
        self.error = None
        self.postgres.create(name)

    def populate(self):
        """What was there before: more runs than GitHub tells of one window."""
        now, (hub, lab, pager) = int(time.time()), self.vendors.all
        for i in range(1150):
            hub.add(now - 50 * HOUR + i * 120, workflow="CI", done=True)
        for i in range(30):
            hub.add(now - 10 * DAY + i * 3 * HOUR)
            lab.add(now - 10 * DAY + i * 3 * HOUR)
            pager.add(now - 20 * HOUR + i * 1800)

    def good(self, what):
        self.vendors.forget()
        process = self.program.start("once", self.config, env=TOKENS)
        said = process.communicate(timeout=90)[0]
        if process.returncode:
            fail(f"{self.name}: {what}: exit status {process.returncode}\n{said[-3000:]}")
        return said

    # ---- the bad time ----

    def cut_connections(self):
        cut = self.postgres.rows("postgres", "SELECT count(pg_terminate_backend(pid)) FROM "
                                 "pg_stat_activity WHERE application_name = 'dorad' "
                                 f"AND datname = '{self.name}'")
        self.events["connections cut"] += int(cut[0]) if cut else 0

    def round(self, i):
        command = "run" if i % 4 == 3 else "once"
        self.vendors.change(self.rng.randrange(8))
        self.vendors.forget()
        begin = time.monotonic()
        process = self.program.start(command, self.config, env=TOKENS)
        end = begin + (ROUND_MAX if command == "once" and self.rng.random() < 0.6 else
                       self.rng.uniform(0.05, 2.5))
        cuts = sorted(self.rng.uniform(0.1, 2) for _ in range(self.rng.choice((0, 0, 1, 2))))
        while process.poll() is None and time.monotonic() < end:
            if cuts and time.monotonic() - begin > cuts[0]:
                cuts.pop(0)
                self.cut_connections()
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
            self.events["kills"] += 1
        said = process.communicate()[0]
        self.events[f"exit status {process.returncode}"] += process.returncode >= 0
        if TOKENS["TOKEN"] in said:
            fail(f"{self.name}: it has told the token")
        if process.returncode not in (0, 1, 69, -signal.SIGKILL):
            fail(f"{self.name}: exit status {process.returncode}\n{said[-3000:]}")

    def suffer(self):
        try:
            self.populate()
            self.vendors.trouble, self.vendors.growth = 0.12, 0.1
            for i in range(N_ROUNDS):
                self.round(i)
        except (AssertionError, subprocess.SubprocessError, OSError) as error:
            self.error = error

    # ---- and after it ----

    def stored(self):
        return [json.loads(row) for row in self.postgres.sql(self.name, ITEMS)]

    def check_items(self, what):
        """Rows of what is there no more (earlier attempts, jobs of deleted runs) may stay,
        each with a successor or without its run."""
        expected = {key(row): row for vendor in self.vendors.all for row in vendor.items()}
        hub = self.vendors.all[0]
        extra = [row for row in self.stored() if key(row) not in expected]
        for row in extra:
            later = row["kind"] == "run" and row["done"] and \
                hub.rows.get(int(row["external_id"]), {}).get("run_attempt", 0) > row["attempt"]
            orphan = row["kind"] == "job" and (row["parent"] in hub.gone or
                                               row["external_id"] in hub.gone)
            if not later and not orphan:
                fail(f"{self.name}: {what}: one too many: {row}")
        compare(f"{self.name}: {what}: items", lines(expected.values()),
                lines(row for row in self.stored() if key(row) in expected))
        return len(expected), len(extra)

    def check_news(self, what):
        """What needs no sweep to be found is there without one."""
        hidden = {vendor.project: vendor.hidden for vendor in self.vendors.all}
        expected = {key(row): row for vendor in self.vendors.all for row in vendor.items()
                    if row.get("parent", row["external_id"]) not in hidden[row["project"]]}
        compare(f"{self.name}: {what}: items", lines(expected.values()),
                lines(row for row in self.stored() if key(row) in expected))

    def check_deployments(self, what):
        for name, vendor in zip(SERVICES, self.vendors.all):
            expected = sorted(row.replace("Z", "+00:00") for row in vendor.deployed())
            got = sorted(self.postgres.sql(
                self.name, "SET TimeZone = 'UTC'; SELECT to_json(finished_at) #>> '{}' || ' ' "
                "|| sha FROM dora.deployments WHERE outcome = 'success' AND service = "
                f"'{name}' AND {self.still_there(name)}"))
            if expected != got:
                compare(f"{self.name}: {what}: deployments of {name}", expected, got)
                fail(f"{self.name}: {what}: deployments of {name}: "
                     f"{len(got)} rows instead of {len(expected)}: some are doubled")

    def still_there(self, name):
        """What the source has deleted was deployed nevertheless."""
        return f"""NOT EXISTS (SELECT FROM dorad.item i JOIN dorad.source s USING (source_id)
            LEFT JOIN dorad.item run ON run.source_id = i.source_id AND run.kind = 'run'
            AND run.external_id = i.parent WHERE s.name = '{name}'
            AND dora.deployments.deployment LIKE '%' || i.external_id
            AND i.kind IN ('job', 'deployment')
            AND (i.gone_at IS NOT NULL OR run.gone_at IS NOT NULL))"""

    def settle(self):
        try:
            self.vendors.trouble = self.vendors.growth = 0
            self.good("when the faults are over")
            self.check_news("before the sweep")
            self.postgres.sql(self.name, SWEEP)
            self.good("the sweep")
            self.n_items = self.check_items("after the sweep")
            self.check_deployments("after the sweep")
            with self.vendors.lock:
                for vendor in self.vendors.all:
                    vendor.finish_all()
            self.good("when all has finished")
            self.postgres.sql(self.name, SWEEP)
            self.good("the last sweep")
            self.n_items = self.check_items("in the end")
            self.check_deployments("in the end")
            compare(f"{self.name}: trouble", [], self.postgres.sql(
                self.name, "SELECT source, feed, trouble FROM dora.feeds "
                "WHERE trouble IS NOT NULL"))
            compare(f"{self.name}: asked too early", [], self.vendors.wrongs)
        except (AssertionError, subprocess.SubprocessError, OSError) as error:
            self.error = error


def key(row):
    return (row["project"], row["kind"], row["external_id"], row["attempt"])


def lines(rows):
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def together(histories, what):
    threads = [threading.Thread(target=getattr(history, what)) for history in histories]
    for thread in threads:
        thread.start()
    return threads


def all_end(threads, histories):
    for thread in threads:
        thread.join()
    for history in histories:
        if history.error:
            raise history.error


def test_nothing_lost(world):
    histories = [History(world, f"seed{seed}", seed)
                 for seed in range(1, int(os.environ.get("DORAD_SEEDS", "6")) + 1)]
    try:
        threads = together(histories, "suffer")
        for how in signal.SIGQUIT, signal.SIGINT:
            time.sleep(6)
            world.postgres.stop(how)
            world.postgres.start()
        all_end(threads, histories)
        all_end(together(histories, "settle"), histories)
    finally:
        for history in histories:
            history.vendors.close()
    met = sum((collections.Counter(history.vendors.met) for history in histories),
              collections.Counter())
    events = sum((history.events for history in histories), collections.Counter())
    if len(histories) >= 6 and (missing := set(FAULTS) - set(met)):
        fail(f"faults that never came: {sorted(missing)}")
    return (f"{len(histories)} histories, {sum(h.n_items[0] for h in histories)} items; "
            f"faults: {sum(met.values())} answers, {dict(events)}, 2 restarts")


# ---- what it costs ----

def table_writes(history):
    return {row.split("|")[0]: list(map(int, row.split("|")[1:]))
            for row in history.postgres.sql(history.name, WRITES)}


def costs(history):
    """A poll of each vendor's: (asked, answered 304), and rows written by table."""
    before = table_writes(history)
    history.good("a poll")
    after = table_writes(history)
    written = {table: [a - b for a, b in zip(after[table], before.get(table, [0] * 3))]
               for table in after}
    return ([(len(vendor.asked), vendor.n_304) for vendor in history.vendors.all],
            {table: counts for table, counts in written.items() if any(counts)})


def test_costs(world):
    history = History(world, "costs", 99)
    vendors, now = history.vendors, int(time.time())
    said = []
    try:
        for i in range(90):  # one page
            for vendor in vendors.all:
                vendor.add(now - 2 * DAY + i * 600, done=True)
        history.good("the first poll")
        history.good("the poll after it")
        asked, written = costs(history)
        said.append(f"idle: {asked} requests and 304s, rows written {written}")
        if asked != [(1, 1)] * 3:
            fail(f"idle: requests and 304s: {asked}: "
                 f"{[vendor.asked for vendor in vendors.all]}")
        # one row for each source, git's included
        if written != {"source": [0, 4, 0]}:
            fail(f"idle: rows inserted, updated, deleted: {written}")
        hub, lab, pager = vendors.all
        # after all that is known, of today, and too long ago to be read again
        today = now // DAY * DAY
        at = max(today, now - 2400)
        for i in range(250):
            hub.add(now, workflow="Deliver" if i % 10 == 0 else "CI", done=True)
            lab.add(at + i, done=True)
            pager.add(at, done=True)
        asked, written = costs(history)
        said.append(f"250 new items each: {asked}, rows written {written}")
        # pages; jobs of the runs that a rule wants; the log of each incident
        if [n for n, _ in asked] != [3 + 25, 3, 3 + 250]:
            fail(f"250 items: requests and 304s: {asked}: {lab.asked}")
        if written["item"] != [250 * 3 + 50, 0, 0]:
            fail(f"250 items: {written}")
        history.check_items("250 items")
        history.check_deployments("250 items")
        # what came in several pages is not read again and again
        history.good("the poll after it")
        asked, written = costs(history)
        said.append(f"idle again: {asked}, rows written {written}")
        if at == now - 2400 and asked != [(1, 1)] * 3:
            fail(f"idle again: requests and 304s: {asked}")
    finally:
        vendors.close()
    return "\n   ".join(said)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    top = cluster.folder()
    world = World(sys.argv[1], top)
    try:
        world.prepare()
        return cluster.run_tests((test_costs, test_nothing_lost), world, sys.argv[2:])
    finally:
        world.close()
        shutil.rmtree(top)


if __name__ == "__main__":
    sys.exit(main())
