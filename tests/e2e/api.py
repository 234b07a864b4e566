#!/usr/bin/python3
"""api.py DORAD

Deployments that are jobs of workflow runs, from the API of a GitHub on this machine: two
services in one repository, each with the jobs that are its own. What is published is what git
and the list of runs say, computed here once more. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import os
import statistics
import sys
import tempfile
import time

from events import HOUR, World, expect
from hub import Hub, stamp
from rig import check_same, git, published

PROJECT = "acme/mono"
TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
SERVICES = ("shop", "pay")
DAY = 24 * HOUR


def rule(service, **more):
    return {"from": "jobs", "source": "hub", "workflows": ["Deliver"],
            "jobs": [f"deploy {service} \\(prod\\)"], **more}


class Mono(World):
    """A repository with two services and the runs that deployed them, some days ago."""

    def __init__(self, dorad, top):
        super().__init__(dorad, top, "mono")
        # noon: the hours of a run and its jobs are of one day
        self.start = int(time.time()) // DAY * DAY - 20 * DAY + DAY // 2
        self.hub = Hub(PROJECT, TOKEN)
        self.repo = self.repository("mono", self.start)
        os.environ["HUB_TOKEN"] = TOKEN
        self.config["sources"]["github"] = [
            {"name": "hub", "url": self.hub.url, "projects": [PROJECT],
             "token": {"env": "HUB_TOKEN"},
             "every": "1h"}]  # so that older runs need not wait for their turn
        for name in SERVICES:
            self.service(name, [rule(name)],
                         {"repository": "mono", "paths": [f"{name}/**"]})
        self.deployed = {name: [] for name in SERVICES}  # (finish, sha) of good ones

    def commit(self, *names):
        files = {f"{name}/file": f"{self.repo.hours}\n" for name in names}
        return self.repo.commit(*(["main"] if self.repo.hours else []), files=files)

    def deliver(self, sha, shop, pay, workflow="Deliver", counts=True):
        """A run with both deploy jobs, which end as told."""
        at = self.start + self.repo.hours * HOUR + 1800
        jobs = [("build", "success", at, at + 60),
                ("Build bicep prod", "success", at + 60, at + 90)]
        for i, (name, conclusion) in enumerate((("shop", shop), ("pay", pay))):
            finish = at + 300 + 60 * i
            jobs.append((f"deploy {name} (prod)", conclusion, at + 100, finish))
            if conclusion == "success" and counts:
                self.deployed[name].append((finish, sha))
        # what comes after the deployment does not move its finish
        jobs.append(("smoke test", "failure", at + 1000, at + 2000))
        return self.hub.run(workflow, sha, at, jobs, conclusion="failure")

    # ---- what should be published, from git and the runs alone ----

    def shipped(self, name):
        """{sha: (seconds from authoring to the deployment)} without the baseline's."""
        leads, known = {}, set()
        for i, (finish, sha) in enumerate(sorted(self.deployed[name])):
            reached = set(git(self.repo.path, "log", "--format=%H", sha, "--",
                              f"{name}/").split())
            for commit in reached - known if i else ():
                authored = int(git(self.repo.path, "log", "-1", "--format=%at", commit))
                leads[commit] = (finish, finish - authored)
            known |= reached
        return leads

    def check(self, what):
        for name in SERVICES:
            expect(f"{what}: {name}: deployments", sorted(self.column(
                f"SELECT extract(epoch FROM finished_at)::bigint || ' ' || sha "
                f"FROM dora.deployments WHERE service = '{name}' "
                f"AND excluded_reason IS NULL")),
                sorted(f"{finish} {sha}" for finish, sha in self.deployed[name]))
            leads = self.shipped(name)
            expect(f"{what}: {name}: lead times", {
                row["sha"]: float(row["lead_seconds"]) for row in self.sql(
                    "SELECT sha, lead_seconds FROM dora.shipped_commits "
                    f"WHERE service = '{name}' AND excluded_reason IS NULL")},
                {sha: lead for sha, (_, lead) in leads.items()})
            self.check_series(what, name, leads)

    def check_series(self, what, name, leads):
        counts, days = {}, {}
        for finish, _ in self.deployed[name]:
            day = stamp(finish // DAY * DAY)
            counts[day] = counts.get(day, 0) + 1
        for finish, lead in leads.values():
            days.setdefault(stamp(finish // DAY * DAY), []).append(lead)
        rows = self.sql(
            "SELECT to_char(bucket_start, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS day, metric, "
            f"value, n FROM dora.series WHERE service = '{name}' AND grain = 'day' "
            "AND coalesce(n, 0) > 0")
        expect(f"{what}: {name}: frequency", {
            row["day"]: int(float(row["value"])) for row in rows
            if row["metric"] == "deployment_frequency"}, counts)
        expect(f"{what}: {name}: medians", {
            row["day"]: float(row["value"]) for row in rows
            if row["metric"] == "change_lead_time"},
            {day: statistics.median(values) for day, values in days.items()})


def no_jobs_of(hub, workflow):
    """Details are asked for only where a rule may match."""
    others = {run["id"] for run in hub.runs if run["name"] == workflow}
    return not any(f"/runs/{number}/" in path for path in hub.asked for number in others)


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Mono(sys.argv[1], top)
        hub = world.hub
        outcomes = ["success", "success", "skipped", "failure", "cancelled"]
        for i in range(40):
            sha = world.commit(*SERVICES[i % 3 == 0:1 + (i % 3 != 1)])
            hub.run("CI", sha, world.start + world.repo.hours * HOUR,
                    [("deploy shop (prod)", "success", world.start, world.start + 1)])
            if i % 2 == 0:
                world.deliver(sha, outcomes[i // 2 % 5], outcomes[i // 2 % 3])
        legacy = world.commit("pay")
        world.deliver(legacy, "skipped", "success", workflow="Legacy", counts=False)
        world.run()
        world.check("first")
        expect("no jobs of other workflows", no_jobs_of(hub, "CI"), True)

        hub.forget()
        before = published(world.database)
        world.run()
        check_same("idle", before, published(world.database))
        expect("idle: requests that were not answered 304",
               len(hub.asked) - hub.n_304, 0)

        # a run that is still going on, and later is not
        sha = world.commit("shop", "pay")
        at = world.start + world.repo.hours * HOUR
        run = hub.run("Deliver", sha, at, [("deploy shop (prod)", None, at + 10, None)],
                      status="in_progress")
        world.run()
        world.check("while it runs")
        run.update(status="completed", conclusion="success")
        hub.set_jobs(run, [("deploy shop (prod)", "success", at + 10, at + 70)])
        world.deployed["shop"].append((at + 70, sha))
        world.run()
        world.check("when it has run")

        # a re-run of another job lists the deployment again: it is one
        run.update(run_attempt=2, updated_at=stamp(at + 9000))
        hub.set_jobs(run, [("deploy shop (prod)", "success", at + 10, at + 70),
                           ("smoke test", "success", at + 8000, at + 8100)])
        world.run()
        world.check("when another job was run again")

        # rules that find what was not asked for before
        world.config["services"][1]["deployments"] = [
            rule("pay", workflows=["Deliver", "Legacy"])]
        at = world.start + 41 * HOUR + 1800
        world.deployed["pay"].append((at + 360, legacy))
        world.run()
        world.check("by other rules")
        hub.forget()
        world.run()
        expect("by other rules: they are asked about once",
               len(hub.asked) - hub.n_304, 0)

        # and rules that find less
        world.config["services"][0]["deployments"] = [rule("shop", branches=["release/*"])]
        world.deployed["shop"] = []
        world.run()
        world.check("by fewer rules")
        expect("what no rule finds is kept", world.column(
            "SELECT DISTINCT excluded_reason FROM dora.deployments "
            "WHERE service = 'shop' ORDER BY 1"), ["not_successful", "rule"])


main()
