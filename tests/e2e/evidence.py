#!/usr/bin/python3
"""evidence.py DORAD [TEST]...

What incidents, fixes and reverts name, and which rollout that is: services in one world, as in
edges.py. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import sys

from edges import expect, main


def rollouts(world, name, *days, **more):
    """A service with a rollout on each of the days; the commits they shipped."""
    world.product(name, **more)
    shas = []
    for number, day in enumerate(days):
        shas.append(world.commit(name, world.ago(day)))
        world.deploy(name, number, shas[-1], world.ago(day, 10))
    return shas


def links(world, name):
    """Incident and rollout it is linked to, without the name of the service."""
    return [tuple(row.values()) for row in world.sql(
        f"SELECT replace(incident, '{name}-', ''), "
        f"coalesce(replace(rollout, 'deployment:{name}-', ''), 'none') "
        f"FROM dora.service_incidents WHERE service = '{name}' ORDER BY 1")]


def test_any_project_is_any(world):
    rollouts(world, "anything", 40, 30, incidents=[
        {"source": "pager", "project": "*", "titles": ["anything"]}])
    world.tell("incident", id="anything-1", name="anything broke", services="{else}",
               started=world.ago(30, 11), resolved=world.ago(30, 12))
    yield
    expect("any project", links(world, "anything"), [("1", "1")])


def test_a_number_in_a_title_is_no_change(world):
    shas = rollouts(world, "titles", 40, 30, 20)
    world.tell("change", id="42", name="old", sha=shas[1], outcome="success",
               created=world.ago(31), merged=world.ago(30))
    incident = {"services": "{titles}", "started": world.ago(20, 11),
                "resolved": world.ago(20, 12)}
    world.tell("incident", id="titles-1", name="Incident #42: checkout down", **incident)
    world.tell("incident", id="titles-2", name="checkout down", cause="#42", **incident)
    world.tell("incident", id="titles-3", name=f"checkout down since {shas[1]}",
               **incident)
    yield
    expect("titles: of numbers only the cause's is a change", links(world, "titles"),
           [("1", "2"), ("2", "1"), ("3", "1")])


def test_a_number_in_a_cause_is_no_deployment(world):
    rollouts(world, "numbers", 40)
    for number, day in (("503", 30), ("504", 20)):
        world.tell("deployment", id=number, sha=world.commit("numbers", world.ago(day)),
                   environment="numbers", outcome="success", started=world.ago(day, 9),
                   finished=world.ago(day, 10))
    incident = {"services": "{numbers}", "started": world.ago(20, 11),
                "resolved": world.ago(20, 12)}
    for number, cause in enumerate(("HTTP 503 since noon", "503", "Deploy #503 broke it",
                                    "deploys 503 broke it")):
        world.tell("incident", id=f"numbers-{number}", cause=cause, **incident)
    yield
    expect("numbers: where they are deployments", links(world, "numbers"), [
        ("0", "deployment:504"), ("1", "deployment:503"),
        ("2", "deployment:503"), ("3", "deployment:504")])


def test_a_version_is_a_tag_with_its_letter(world):
    rollouts(world, "versions", 40)
    for version, day in (("v1.1.0", 30), ("v1.2.0", 20)):
        world.tell("deployment", id=version, sha=world.commit("versions", world.ago(day)),
                   environment="versions", outcome="success", started=world.ago(day, 9),
                   finished=world.ago(day, 10))
    incident = {"services": "{versions}", "started": world.ago(20, 11),
                "resolved": world.ago(20, 12)}
    for number, cause in enumerate(("v1.1.0", "1.1.0", "tags@1.1.0", "@acme/tags@v1.1.0",
                                    "1.3.0", "since acme/tags@1.1.0.")):
        world.tell("incident", id=f"versions-{number}", cause=cause, **incident)
    yield
    expect("versions: with a package, and without a v", links(world, "versions"), [
        ("0", "deployment:v1.1.0"), ("1", "deployment:v1.1.0"),
        ("2", "deployment:v1.1.0"), ("3", "deployment:v1.1.0"),
        ("4", "deployment:v1.2.0"), ("5", "deployment:v1.1.0")])


def test_a_fix_comes_after_what_it_fixes(world):
    shas = rollouts(world, "fixed", 40, 30)
    world.deploy("fixed", 2, shas[0], world.ago(30, 14))
    world.deploy("fixed", 3, shas[1], world.ago(20))
    world.deploy("fixed", 4, shas[1], world.ago(10))
    incident = {"services": "{fixed}", "resolved": world.ago(19)}
    world.tell("incident", id="fixed-1", started=world.ago(30, 12), fix=shas[1], **incident)
    yield
    fixes = "SELECT concat_ws(' ', deployment, unplanned_because) FROM dora.rollouts " \
            "WHERE service = 'fixed' AND unplanned ORDER BY 1"
    expect("fixed: by the first that came then", world.column(fixes),
           ["deployment:fixed-2 back to an earlier revision",
            "deployment:fixed-3 the fix of incident fixed-1 of pager"])


def test_a_sha_says_more_than_a_title(world):
    shas = []
    world.product("namesakes")
    for number, (day, title) in enumerate(((50, "x"), (40, "bump"), (30, "bump"))):
        shas.append(world.commit("namesakes", world.ago(day), message=title))
        world.deploy("namesakes", number, shas[-1], world.ago(day, 10))
        world.tell("change", id=f"n{number}", name=title, sha=shas[-1], outcome="success",
                   created=world.ago(day), merged=world.ago(day))
    world.deploy("namesakes", 3, world.commit(
        "namesakes", world.ago(20),
        message=f'Revert "bump"\n\nThis reverts commit {shas[1]}.'), world.ago(20, 10))
    yield
    expect("namesakes: only the one that is named", world.column(
        "SELECT deployment FROM dora.failures WHERE service = 'namesakes'"),
        ["deployment:namesakes-1"])


def digits_alone(world, name, day):
    """A commit whose first 7 digits have no letter; what is before it is not deployed."""
    for second in range(500):
        sha = world.commit(name, world.ago(day) + second)
        if sha[:7].isdigit():
            return sha
    sys.exit("none of 500 commits begins with 7 digits that are no letters")


def test_digits_alone_are_a_commit_where_one_is_named(world):
    names = {"reverting": "This reverts commit {}.", "fixing": "Fixes: {} (x)"}
    for name, message in names.items():
        world.product(name, remediation=[{"kind": "hotfix", "reverts": True,
                                          "trailers": ["Fixes"]}])
        world.deploy(name, 0, world.commit(name, world.ago(50)), world.ago(50, 1))
        world.deploy(name, 1, sha := digits_alone(world, name, 40), world.ago(40, 1))
        world.deploy(name, 2, world.commit(name, world.ago(30)), world.ago(30, 1))
        world.deploy(name, 3, world.commit(
            name, world.ago(20), message="x\n\n" + message.format(sha[:7])),
            world.ago(20, 1))
    yield
    for name, noun in zip(names, ("message", "trailer")):
        expect(f"{name}: seven digits", world.column(
            f"SELECT deployment FROM dora.failures WHERE service = '{name}'"),
            [f"deployment:{name}-1"])
        words, sha = world.column("SELECT unplanned_because FROM dora.rollouts "
                                  f"WHERE deployment = 'deployment:{name}-3'")[0].rsplit(" ", 1)
        expect(f"{name}: and why it is a hotfix", (words, world.sql(
            f"SELECT sha FROM dora.shipped_commits WHERE sha LIKE '{sha}%' "
            f"AND deployment = 'deployment:{name}-3'") != []),
            (f"remediation[0]: the {noun} of commit", True))


def test_a_change_lands_by_a_commit_outside_the_paths(world):
    name = "monorepo"
    world.product(name)
    world.config["services"][-1]["components"][0]["paths"] = ["api/**"]
    times = {"outcome": "success", "created": world.ago(31), "merged": world.ago(30)}
    world.deploy(name, 0, world.commit(name, world.ago(40), files={"api/a": "1"}),
                 world.ago(40, 1))
    world.commit(name, world.ago(32), committed=world.ago(30), files={"api/a": "2"})
    last = world.commit(name, world.ago(31), committed=world.ago(30), files={"web/a": "1"})
    world.tell("change", id="m1", name="both", sha=last, **times)
    other = world.commit(name, world.ago(29), files={"web/a": "2"})
    world.tell("change", id="m2", name="elsewhere", sha=other, squash_sha=other,
               **{**times, "merged": world.ago(29)})
    world.deploy(name, 1, other, world.ago(20))
    yield
    expect("monorepo: changes of the service", [tuple(row.values()) for row in world.sql(
        "SELECT change, deployment FROM dora.shipped_changes WHERE service = 'monorepo'")],
        [("m1", "deployment:monorepo-1")])


def test_who_merged_a_change_did_not_make_it(world):
    name = "merged"
    world.product(name)
    main_line = world.commit(name, world.ago(40))
    world.deploy(name, 0, main_line, world.ago(40, 1))
    for number, author in enumerate("BC"):
        arm = world.commit(name, world.ago(32 - number), main_line, branch=author,
                           author=author)
        main_line = world.commit(name, world.ago(30 - number), main_line, arm, author="M")
        world.tell("change", id=f"by-{author}", name="x", sha=main_line, outcome="success",
                   created=world.ago(31 - number), merged=world.ago(30 - number))
    world.deploy(name, 1, main_line, world.ago(20))
    yield
    expect("merged: two authors, none of them who merged", world.column(
        "SELECT count(DISTINCT c.author) FROM dorad.shipped_change c JOIN dorad.scope s "
        "ON s.scope_id = c.service_id WHERE s.name = 'merged' AND c.author IN (SELECT author "
        "FROM dorad.commit JOIN dorad.repo USING (repo_id) WHERE name = 'merged')"), ["2"])


main(globals())
