#!/usr/bin/python3
"""edges.py DORAD

The edges where other programs go wrong (tests/edge_cases.txt), each with a service of its own in
one world: what is deployed, changed and broken stands in tables of another database, the
commits in repositories. A test yields where the program is to look; what follows expects what is
published then. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import json
import subprocess
import sys
import tempfile
import time

import edge_blame
from edge_world import DAY, WRONG, Edges, expect, some, seconds
from events import HOUR
from rig import git, sql


def test_a_late_incident_turns_a_past_day(world):
    name = world.product("late")
    for i, days in enumerate((31, 30, 29)):
        world.deploy(name, i, world.commit(name, world.ago(days)), world.ago(days, 10))
    yield
    names = ("n", "numerator", "value", "computed_at")
    was = some(world.cell(name, "change_fail_rate", world.ago(29)), *names)
    expect("late: before", some(world.cell(name, "change_fail_rate", world.ago(30)), "n",
                                "numerator", "value"), ("1", "0", "0"))
    world.tell("incident", id="late-1", services="{late}", started=world.ago(30, 12),
               resolved=world.ago(30, 14))
    yield
    row = world.cell(name, "change_fail_rate", world.ago(30))
    expect("late: after", some(row, "n", "numerator", "value"), ("1", "1", "1"))
    expect("late: the day after it was left alone", some(world.cell(
        name, "change_fail_rate", world.ago(29)), *names), was)
    expect("late: it recovered", seconds(world.cell(
        name, "failed_deployment_recovery_time", world.ago(30))["value"]), 4 * HOUR)


def test_resolved_before_it_was_deployed(world):
    name = world.product("before")
    world.deploy(name, 0, world.commit(name, world.ago(30)), world.ago(30, 10))
    world.deploy(name, 1, world.commit(name, world.ago(20)), world.ago(20, 10))
    world.tell("incident", id="before-1", services="{before}", started=world.ago(20, 5),
               resolved=world.ago(20, 8), cause="before-1")
    yield
    expect("before: it failed", some(world.cell(name, "change_fail_rate", world.ago(20)),
                                     "n", "numerator"), ("1", "1"))
    row = world.cell(name, "failed_deployment_recovery_time", world.ago(20))
    expect("before: no time to recovery, and not open", some(row, "n", "value", "still_open"),
           ("0", "", "0"))
    expect("before: left out", world.column(
        "SELECT excluded_reason FROM dora.exclusions WHERE service = 'before' "
        "AND kind = 'recovery'"), ["negative"])
    expect("before: and it is said", [row for row in world.explain(
        name, "failed_deployment_recovery_time", world.ago(20)) if row[0] == "left_out"],
        [("left_out", "recovery", "deployment:before-1", "negative")])


def test_reopened_it_counts_to_its_last_end(world):
    name = world.product("reopened")
    world.deploy(name, 0, world.commit(name, world.ago(30)), world.ago(30, 10))
    world.deploy(name, 1, world.commit(name, world.ago(20)), world.ago(20, 10))
    incident = {"id": "reopened-1", "services": "{reopened}", "started": world.ago(20, 12)}
    world.tell("incident", **incident, resolved=world.ago(20, 14))
    metrics = ("time_to_restore", "failed_deployment_recovery_time")
    yield
    expect("reopened: resolved", [seconds(world.cell(name, metric, world.ago(20))["value"])
                                  for metric in metrics], [2 * HOUR, 4 * HOUR])
    world.tell("incident", **incident)
    yield
    for metric in metrics:
        expect(f"reopened: {metric} while it is open", some(
            world.cell(name, metric, world.ago(20)), "n", "value", "still_open"),
            ("0", "", "1"))
    world.tell("incident", **incident, resolved=world.ago(18, 12))
    yield
    expect("reopened: its last end", [seconds(world.cell(name, metric, world.ago(18))["value"])
                                      for metric in metrics], [48 * HOUR, 50 * HOUR])
    expect("reopened: on its first day it was open", some(world.cell(
        name, metrics[0], world.ago(20)), "n", "still_open"), ("0", "1"))


def test_an_incident_of_two_services(world):
    world.config["teams"].append({"name": "pair", "org": "org",
                                  "time_zone": "America/New_York"})
    for name in ("left", "right", "apart"):
        world.product(name)
        world.config["services"][-1]["team"] = "pair"
        world.deploy(name, 0, world.commit(name, world.ago(30)), world.ago(30, 10))
    world.tell("incident", id="pair-1", services="{left,right}", started=world.ago(30, 11),
               resolved=world.ago(30, 12))
    yield
    expect("two services: linked", [tuple(row.values()) for row in world.sql(
        "SELECT service, rollout FROM dora.service_incidents WHERE incident = 'pair-1' "
        "ORDER BY 1")],
        [("left", "deployment:left-0"), ("right", "deployment:right-0")])
    expect("two services: failed", world.column(
        "SELECT service || ' ' || state FROM dora.rollouts WHERE team = 'pair' ORDER BY 1"),
        ["apart ok", "left failed", "right failed"])
    expect("two services: of a team it is one incident", some(world.cell(
        "pair", "time_to_restore", world.ago(30, 12), scope="team"), "n", "mean"), ("1", "3600"))
    expect("two services: and is told once", len([row for row in world.explain(
        "pair", "time_to_restore", world.ago(30), "--team") if row[0] == "used"]), 1)


def test_a_team_keeps_what_was_its(world):
    world.config["teams"] += [{"name": name, "org": "org"} for name in ("former", "latter")]
    until = time.strftime("%Y-%m-%d", time.gmtime(world.ago(29)))
    name = world.product("moved", owners=[{"team": "former", "until": until}])
    world.config["services"][-1]["team"] = "latter"
    for i, days in enumerate((31, 30, 29)):
        world.deploy(name, i, world.commit(name, world.ago(days)), world.ago(days, 10))
    world.tell("incident", id="moved-1", services="{moved}", started=world.ago(30, 20),
               resolved=world.ago(29, 8))
    yield
    expect("moved: a failure is its team's of then, whenever it recovered", [some(world.cell(
        team, metric, world.ago(29), scope="team"), "n", "value")
        for team in ("former", "latter") for metric in
        ("deployment_frequency", "failed_deployment_recovery_time", "time_to_restore")],
        [("0", "0"), ("1", str(22 * HOUR)), ("1", str(12 * HOUR)),
         ("1", "1"), ("0", ""), ("0", "")])


def test_what_no_rollout_caused_counts_in_restore_alone(world):
    name = world.product("outage")
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 10))
    world.tell("incident", id="outage-1", services="{outage}", started=world.ago(20, 10),
               resolved=world.ago(20, 11))
    yield
    expect("outage: nobody's", world.column(
        "SELECT coalesce(rollout, 'none') FROM dora.service_incidents "
        "WHERE incident = 'outage-1'"), ["none"])
    expect("outage: it did not fail", world.cell(
        name, "change_fail_rate", world.ago(40))["value"], "0")
    expect("outage: it is in the time to restore", world.cell(
        name, "time_to_restore", world.ago(20))["n"], "1")


def test_two_sources_may_call_theirs_the_same(world):
    name = world.product("namesake")
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 10))
    for hours, table in ((1, "incident"), (3, "alarm")):
        world.tell(table, id="7", services="{namesake}", started=world.ago(20, 10),
                   resolved=world.ago(20, 10 + hours))
    yield
    expect("namesake: both count", some(world.cell(name, "time_to_restore", world.ago(20)),
                                        "n", "mean"), ("2", "7200"))


def test_a_source_that_leaves_leaves_its_incidents(world):
    name = world.product("left-behind")
    world.tell_sql("CREATE TABLE leaver (LIKE incident)")
    world.config["sources"]["sql"].append({
        **world.config["sources"]["sql"][1], "name": "leaver",
        "query": "SELECT * FROM leaver WHERE updated >= $1"})
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 10))
    for number, end in (("1", {"resolved": world.ago(40, 14)}), ("2", {})):
        world.tell("leaver", id=number, services="{left-behind}", started=world.ago(40, 12),
                   **end)
    yield
    names = ("n", "value", "still_open")
    was = some(world.cell(name, "time_to_restore", world.ago(40)), *names)
    expect("leaver: before", was, ("1", str(2 * HOUR), "1"))
    world.config["sources"]["sql"].pop()
    world.deploy(name, 1, world.commit(name, world.ago(30)), world.ago(30, 10))
    yield
    expect("leaver: what it told stays", some(world.cell(
        name, "time_to_restore", world.ago(40)), *names), was)
    expect("leaver: and what that meant", world.column(
        "SELECT state FROM dora.rollouts WHERE service = 'left-behind' ORDER BY finished_at"),
        ["failed", "ok"])


def test_a_service_without_rollouts_has_incidents(world):
    name = world.product("never")
    world.commit(name, world.ago(40))
    world.tell("incident", id="never-1", services="{never}", started=world.ago(20, 10),
               resolved=world.ago(20, 11))
    yield
    expect("never deployed: restored", some(world.cell(
        name, "time_to_restore", world.ago(20)), "n", "value"), ("1", "3600"))
    expect("never deployed: no day without a rollout is its", world.column(
        "SELECT DISTINCT metric FROM dora.series WHERE service = 'never' "
        "AND metric <> 'time_to_restore'"), [])


# ---- lead times ----

def test_other_definitions_reach_today(world):
    names = [world.product(name) for name in ("redefined", "troubled")]
    services = world.config["services"][-2:]
    world.deploy(names[0], 0, world.commit(names[0], world.ago(31)), world.ago(31, 10))
    world.tell("incident", id="troubled-1", services="{troubled}", started=world.ago(30, 12),
               resolved=world.ago(30, 14))
    yield
    for service in services:
        service["commit_time"] = "committed"
    yield
    expect("other definitions: no number is of the old ones", [
        tuple(row.values()) for row in world.sql(
            "SELECT service, count(DISTINCT definition_version) FROM dora.series "
            "WHERE service IN ('redefined', 'troubled') GROUP BY 1 ORDER BY 1")],
        [("redefined", "1"), ("troubled", "1")])


def test_every_way_to_land(world):
    name = world.product("ways")
    base = world.commit(name, world.ago(40))
    world.deploy(name, 0, base, world.ago(40, 1))
    times = {"outcome": "success", "created": world.ago(31), "first_commit": world.ago(32),
             "merged": world.ago(30)}
    squash = world.commit(name, world.ago(30), message="a squash")
    world.tell("change", id="1", name="squash", sha=squash, squash_sha=squash, **times)
    first = world.commit(name, world.ago(33), committed=world.ago(29))
    last = world.commit(name, world.ago(32), committed=world.ago(29))
    world.tell("change", id="2", name="rebase", sha=last, **times)
    arm = world.commit(name, world.ago(34), squash, branch="feature")
    merge = world.commit(name, world.ago(28), last, arm)
    world.tell("change", id="3", name="merge", sha=merge, **times)
    elsewhere = world.commit(name, world.ago(35), base, branch="next")
    world.tell("change", id="4", name="pick", sha=elsewhere, **times)
    pick = world.commit(name, world.ago(35), committed=world.ago(27),
                        message=f"x\n\n(cherry picked from commit {elsewhere})")
    direct = world.commit(name, world.ago(26))
    world.deploy(name, 1, direct, world.ago(25))
    yield
    got = {row["sha"]: tuple(row.values())[1:] for row in world.sql(
        "SELECT sha, lead_seconds::int AS lead, excluded_reason, change, change_method "
        "FROM dora.shipped_commits WHERE deployment = 'deployment:ways-1'")}
    expect("ways: commits and where they came from", got, {
        squash: (str(5 * DAY), "", "1", "squash"), first: (str(8 * DAY), "", "2", "rebase"),
        last: (str(7 * DAY), "", "2", "squash"), arm: (str(9 * DAY), "", "3", "merge"),
        merge: ("", "merge", "3", "squash"), pick: (str(10 * DAY), "", "4", "cherry_pick"),
        direct: (str(DAY), "", "", "")})
    expect("ways: each change that landed, once", world.column(
        "SELECT change FROM dora.shipped_changes WHERE service = 'ways' ORDER BY 1"),
        ["1", "2", "3"])


def test_machines_are_left_out_and_kept(world):
    name = world.product("bots", exclude={"bots": True})
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 1))
    robot = world.commit(name, world.ago(30))
    world.tell("change", id="11", name="Bump", sha=robot, bot="true", outcome="success",
               created=world.ago(30), merged=world.ago(30))
    world.deploy(name, 1, world.commit(name, world.ago(20)), world.ago(20, 2))
    yield
    expect("bots: without", some(world.cell(name, "change_lead_time", world.ago(20)), "n",
                                 "value"), ("1", str(2 * HOUR)))
    expect("bots: with", some(world.cell(name, "change_lead_time_all", world.ago(20)), "n",
                              "value"), ("2", str((2 * HOUR + 10 * DAY + 2 * HOUR) // 2)))


def test_what_failed_ships_with_the_next_success(world):
    name = world.product("again")
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 1))
    sha = world.commit(name, world.ago(30))
    world.deploy(name, 1, sha, world.ago(30, 1), outcome="failure")
    world.deploy(name, 2, sha, world.ago(29))
    yield
    expect("again: by the success", [tuple(row.values()) for row in world.sql(
        f"SELECT deployment, lead_seconds::int FROM dora.shipped_commits "
        f"WHERE sha = '{sha}'")], [("deployment:again-2", str(DAY))])
    expect("again: an attempt that failed is no rollout", some(world.cell(
        name, "deployment_frequency", world.ago(30)), "n", "value"), ("0", "0"))
    expect("again: nor a failed change", some(world.cell(
        name, "change_fail_rate", world.ago(30), "quarter"), "numerator"), ("0",))
    expect("again: but it is told", ("left_out", "deployment", "deployment:again-1",
                                     "not_successful") in world.explain(
        name, "deployment_frequency", world.ago(30)), True)


def test_a_corrected_revision_ships_what_it_has(world):
    name = world.product("corrected")
    shas = [world.commit(name, world.ago(31, hour)) for hour in range(3)]
    world.deploy(name, 0, shas[0], world.ago(31, 10))
    world.deploy(name, 1, shas[2], world.ago(29))
    yield
    world.deploy(name, 1, shas[1], world.ago(29))
    yield
    expect("corrected: it ships what it has", world.column(
        "SELECT sha FROM dora.shipped_commits WHERE deployment LIKE '%corrected-1'"),
        [shas[1]])


def test_several_repositories_in_one_deployment(world):
    for name in ("front", "back"):
        world.source(name, f"{world.top}/{name}.git")
        git(".", "init", "-q", "--bare", "-b", "main", f"{world.top}/{name}.git")
    world.service("both", [{"from": "file", "repository": "front", "file": "d.jsonl",
                            "branch": "ops"}], {"repository": "front"}, {"repository": "back"})
    shas = [(world.commit("front", world.ago(days)), world.commit("back", world.ago(days, 6)))
            for days in (40, 30)]
    shas.append((shas[1][0], world.commit("back", world.ago(20))))
    text = "".join(json.dumps({
        "id": str(i), "finished_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(
            world.ago(40 - 10 * i, 12))),
        "revisions": [{"repository": r, "sha": s} for r, s in zip(("front", "back"), pair)]})
        + "\n" for i, pair in enumerate(shas))
    git(f"{world.top}/front.git", "fast-import", "--quiet", stdin="\n".join([
        "commit refs/heads/ops", f"committer C <c@example.org> {world.ago(19)} +0000",
        "data 1", "x", "M 644 inline d.jsonl", f"data {len(text)}", text]))
    yield
    expect("both: each repository has a chain", {tuple(row.values()) for row in world.sql(
        "SELECT deployment, repo, sha, lead_seconds::int FROM dora.shipped_commits "
        "WHERE service = 'both' AND excluded_reason IS NULL")},
        {("file:1", "front", shas[1][0], str(12 * HOUR)),
         ("file:1", "back", shas[1][1], str(6 * HOUR)),
         ("file:2", "back", shas[2][1], str(12 * HOUR))})
    expect("both: a deployment is one", world.cell(
        "both", "deployment_frequency", world.ago(30))["n"], "1")


# ---- buckets ----

def test_an_even_count_and_empty_months(world):
    name = world.product("seldom")
    world.deploy(name, 0, world.commit(name, world.ago(80)), world.ago(80, 1))
    world.commit(name, world.ago(75, -3))
    world.deploy(name, 1, world.commit(name, world.ago(75, -1)), world.ago(75))
    world.deploy(name, 2, world.commit(name, world.ago(5)), world.ago(5, 1))
    yield
    expect("seldom: the median of two lies between", some(world.cell(
        name, "change_lead_time", world.ago(76, 24)), "n", "value"), ("2", str(2 * HOUR)))
    at = world.ago(40)  # more than a month from either
    expect("seldom: no deployment is 0", some(world.cell(
        name, "deployment_frequency", at, "month"), "n", "value"), ("0", "0"))
    for metric in ("change_lead_time", "change_fail_rate", "deployment_rework_rate",
                   "failed_deployment_recovery_time", "time_to_restore"):
        expect(f"seldom: no {metric} is NULL", some(world.cell(name, metric, at, "month"),
                                                    "n", "value"), ("0", ""))
    expect("seldom: before the first there is nothing", world.cell(
        name, "deployment_frequency", world.ago(120), "month"), {})


def test_partial_weeks_say_so(world):
    name = world.product("partial")
    world.deploy(name, 0, world.commit(name, world.ago(30)), world.ago(30, 1))
    yield
    monday = time.gmtime(world.ago(30)).tm_wday
    expect("partial: days of the first week", world.cell(
        name, "deployment_frequency", world.ago(30), "week")["denominator"], str(7 - monday))
    expect("partial: a week that is over", some(world.cell(
        name, "deployment_frequency", world.ago(20), "week"), "denominator", "complete"),
        ("7", "t"))
    row = world.cell(name, "deployment_frequency", world.ago(0), "week")
    expect("partial: this week", some(row, "denominator", "complete"),
           (str(time.gmtime(world.ago(0)).tm_wday + 1), "f"))


def test_days_are_those_of_the_service(world):
    name = world.product("tokyo", time_zone="Asia/Tokyo")
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 1))
    world.deploy(name, 1, world.commit(name, world.ago(30)), world.ago(30, 14.9))
    world.deploy(name, 2, world.commit(name, world.ago(30, 1)), world.ago(30, 15))
    yield
    expect("tokyo: a minute to midnight and midnight are of two days", [
        (row["value"], row["bucket_start"][:19]) for row in (world.cell(
            name, "deployment_frequency", world.ago(30, hours)) for hours in (14.9, 15))],
        [("1", time.strftime("%Y-%m-%d 15:00:00", time.gmtime(world.ago(days))))
         for days in (31, 30)])


# ---- what cannot be explained ----

def test_a_stranger_asks(world):
    name = world.product("asked")
    world.deploy(name, 0, world.commit(name, world.ago(40)), world.ago(40, 10))
    yield
    asked = ("asked", "change_fail_rate", "2020-01")
    for arguments, status, words in (
            (asked[:2], 64, "expected a service, a metric and a bucket"),
            (("askd", *asked[1:]), 64, "there is no service \"askd\""),
            (("asked", "cfr", "2020-01"), 64, "there is no metric \"cfr\""),
            ((*asked[:2], "2021-W53"), 64, "\"2021-W53\" is no bucket"),
            ((*asked[:2], "2023-02-29"), 64, "is no bucket"),
            ((*asked, "--format", "xml"), 64, "expected text or json, found \"xml\""),
            ((*asked, "--team", "--org"), 64, "expected one of them"),
            ((*asked, "--team"), 64, "there is no team \"asked\""),
            (asked, 0, "asked has no change_fail_rate in this month")):
        done = subprocess.run([world.dorad, "explain", *arguments, "--config",
                               f"{world.top}/dorad.yaml"], capture_output=True, text=True)
        expect(f"asked: {' '.join(arguments)}", (done.returncode, words in done.stderr
                                                 or done.stderr), (status, True))


# ---- all of it ----

def every_number_is_explained(world):
    """As many rows are listed as a number is made of, and as are open or left out."""
    rows = world.sql("""
        SELECT concat_ws(' ', s.service, s.team, s.metric, s.grain, s.bucket_start) AS cell,
            s.n, coalesce(s.still_open, 0) AS still_open, coalesce(s.pending, 0) AS pending,
            e.used, e.open, e.waiting
        FROM (SELECT org, team, service, environment, grain, bucket_start, metric, n,
                still_open, pending FROM dora.series
            UNION ALL SELECT org, team, service, environment, window_days || 'd', bucket_start,
                metric, n, still_open, pending FROM dora.current) s CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE part = 'used') AS used,
                count(*) FILTER (WHERE part = 'open') AS open,
                count(*) FILTER (WHERE part = 'left_out' AND what = 'rollout') AS waiting
            FROM dora.explain(s.metric, (s.bucket_start + interval '12 hours')::date, s.grain,
                s.service, CASE WHEN s.service IS NULL THEN s.team END,
                CASE WHEN s.team IS NULL THEN s.org END, s.environment)) e
        WHERE s.grain IN ('month', '28d') OR (s.grain = 'day' AND s.n > 0)""")
    for count, listed in (("n", "used"), ("still_open", "open"), ("pending", "waiting")):
        expect(f"every cell of {len(rows)}: {count} as explained", [
            (row["cell"], row[count], row[listed]) for row in rows
            if row[count] != row[listed]], [])


def what_has_left_stays_in_the_past(world):
    """Every other service leaves; months that are over are what they were."""
    months = ("SELECT concat_ws(' ', org, team, environment, metric, bucket_start) AS cell, n,"
              " numerator, denominator, value, p90, mean, pending, still_open, oldest_open_at"
              " FROM dora.series WHERE service IS NULL AND grain = 'month'"
              " AND bucket_end <= date_trunc('month', now()) ORDER BY 1")
    before = world.sql(months)
    del world.config["services"][::2]
    world.run()
    expect(f"services have left: {len(before)} months of teams and orgs stay", [
        (was, now) for was, now in zip(before, world.sql(months)) if was != now], [])
    every_number_is_explained(world)


def main(namespace):
    with tempfile.TemporaryDirectory(prefix="dorad-edges-") as top:
        world = Edges(sys.argv[1], top)
        tests = [test(world) for name, test in namespace.items()
                 if name.startswith("test_") and name[5:] in (sys.argv[2:] or [name[5:]])]
        # every source may be polled before what it needs is there
        first = True
        while True:
            tests = [test for test in tests if next(test, tests) is None]
            if not tests:
                break
            for _ in range(2 if first else 1):
                world.run()
            first = False
        every_number_is_explained(world)
        what_has_left_stays_in_the_past(world)
    sys.exit(1 if WRONG else 0)


if __name__ == "__main__":
    main({**vars(edge_blame), **globals()})
