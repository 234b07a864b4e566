#!/usr/bin/python3
"""events.py DORAD [PART]...

What happens to repositories and configurations while the program watches: refs rewritten,
moved and deleted, history cut and given back, files of deployments, several repositories and
services, other definitions. After each step the stored rows are what git says, or what a fresh
database has with the same configuration. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from rig import check_same, database_uri, each, fresh_database, git, once, published, sql

HOUR = 3600
DAY = 24 * HOUR
# Figures are made of every day since the first deployment: few of them, whenever this is run.
START = int(time.time()) // DAY * DAY - 60 * DAY + 20 * HOUR + 1600


class World:
    """A configuration, its database, and repositories made on the way."""

    def __init__(self, dorad, top, name):
        self.dorad, self.top, self.name = dorad, f"{top}/{name}", name
        self.runs = 0
        os.mkdir(self.top)
        self.database = fresh_database(name)
        self.config = {
            "privacy": {"minimum_authors": 0},
            "sources": {"git": []},
            "orgs": [{"name": "org", "time_zone": "UTC"}],
            "teams": [{"name": "team", "org": "org"}],
            "services": [],
        }

    def repository(self, name, start=START):
        repo = Repository(f"{self.top}/{name}.git", start)
        self.source(name, repo.path)
        return repo

    def source(self, name, path):
        self.config["sources"]["git"].append({"name": name, "url": path, "allow_file": True})

    def service(self, name, rules, *components, **more):
        self.config["services"].append({
            "name": name, "team": "team", "components": list(components),
            "deployments": rules, **more})
        return self.config["services"][-1]

    def run(self, database=None, place=None):
        place = place or self.top
        os.makedirs(place, exist_ok=True)
        path = f"{place}/dorad.yaml"
        with open(path, "w") as out:
            json.dump({"database": {"uri": database_uri(database or self.database)},
                       **self.config}, out)
        return once(self.dorad, path, place)

    def check_fresh(self, what):
        """Runs; a fresh database and cache has the same."""
        self.run()
        self.runs += 1
        name = f"{self.name}_{self.runs}"
        self.run(fresh_database(name), f"{self.top}/{name}")
        check_same(f"{self.name}: {what}", published(self.database), published(name))

    def sql(self, query):
        return sql(self.database, query)

    def column(self, query):
        return [next(iter(row.values())) for row in self.sql(query)]


class Repository:
    """A bare repository; commits follow each other by hours."""

    def __init__(self, path, start=START):
        self.path, self.hours, self.start = path, 0, start
        git(".", "init", "-q", "--bare", "-b", "main", path)

    def commit(self, *parents, branch="main", files=None):
        """A commit on top of parents (names of refs or commits) that becomes the branch."""
        self.hours += 1
        at = self.start + self.hours * HOUR
        lines = [f"commit refs/heads/{branch}", f"author A <a@example.org> {at} +0000",
                 f"committer C <c@example.org> {at} +0000", "data 1", "x"]
        for n, parent in enumerate(parents):
            lines.append(f"{'merge' if n else 'from'} {self.sha(parent)}")
        for path, content in (files or {}).items():
            lines += [f"M 644 inline {path}", f"data {len(content.encode())}", content]
        git(self.path, "fast-import", "--quiet", "--force", stdin="\n".join(lines) + "\n")
        return self.sha(branch)

    def sha(self, name):
        return git(self.path, "rev-parse", f"{name}^{{commit}}").strip()

    def tag(self, name, commit="main"):
        git(self.path, "update-ref", f"refs/tags/{name}", self.sha(commit))

    def move(self, branch, commit):
        git(self.path, "update-ref", f"refs/heads/{branch}", self.sha(commit))

    def delete(self, ref):
        git(self.path, "update-ref", "-d", ref)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got}, expected {wanted}")
    print(f"{what}: as expected")


def stamp(hours):
    at = START + hours * HOUR
    return subprocess.run(["date", "-u", "-d", f"@{at}", "+%Y-%m-%dT%H:%M:%SZ"],
                          capture_output=True, text=True).stdout.strip()


# ---- refs that should not change ----

def refs(dorad, top):
    world = World(dorad, top, "refs")
    repo = world.repository("r")
    world.service("s", [{"from": "tags"}], {"repository": "r"})
    a = repo.commit()
    b = repo.commit("main")
    repo.tag("v1", a)
    repo.tag("v2", b)
    repo.tag("gone", a)
    world.run()
    other = repo.commit(a, branch="other")
    repo.move("main", other)
    repo.delete("refs/heads/other")
    repo.tag("v2", other)
    repo.delete("refs/tags/gone")
    log = world.run()
    for line in ("branch rewritten: refs/heads/main", "tag moved: refs/tags/v2",
                 "tag deleted: refs/tags/gone"):
        if line not in log:
            sys.exit(f"refs: the log does not have \"{line}\":\n{log}")
    expect("refs: events", [tuple(row.values()) for row in world.sql(
        "SELECT kind, ref, old_sha, new_sha FROM dora.repository_events ORDER BY ref")],
        [("branch rewritten", "refs/heads/main", b, other),
         ("tag deleted", "refs/tags/gone", a, ""),
         ("tag moved", "refs/tags/v2", b, other)])
    expect("refs: attempts", world.column(
        "SELECT deployment || '#' || attempt || ' ' || sha FROM dora.deployments ORDER BY 1"),
        [f"tag:gone#1 {a}", f"tag:v1#1 {a}", f"tag:v2#1 {b}", f"tag:v2#2 {other}"])
    # what was shipped stays shipped, though the remote no longer has it
    expect("refs: shipped", set(world.column(
        "SELECT sha FROM dora.shipped_commits")), {a, b, other})
    shutil.rmtree(f"{world.top}/cache")
    before = published(world.database)
    world.run()
    check_same("refs: without its cache", before, published(world.database))


def trunk(dorad, top):
    world = World(dorad, top, "trunk")
    repo = world.repository("r")
    world.service("s", [{"from": "trunk", "each": "commit"}], {"repository": "r"})
    a = repo.commit()
    repo.commit("main")
    repo.commit("main")
    world.check_fresh("a trunk")
    repo.commit(a, branch="main")
    world.run()
    expect("trunk: rewritten", world.column(
        "SELECT coalesce(excluded_reason, 'counts') FROM dora.deployments "
        "ORDER BY finished_at"),
        ["counts", "rewritten", "rewritten", "counts"])
    world.run(fresh_database("trunk_fresh"), f"{world.top}/fresh")
    check_same("trunk: its series", *({**published(database), "deployments": []}
                                      for database in (world.database, "trunk_fresh")))


def baseline(dorad, top):
    """It is fetched after the deployments that it bounds."""
    world = World(dorad, top, "baseline")
    repo = world.repository("r")
    a = repo.commit()
    repo.commit("main")
    repo.tag("v1")
    late = repo.commit(a, branch="late")
    repo.delete("refs/heads/late")
    world.service("s", [{"from": "tags"}], {"repository": "r", "baseline": late})
    world.check_fresh("a baseline that is not there")
    expect("baseline: the first deployment is it", world.column(
        "SELECT kind FROM dora.deployments"), ["baseline"])
    git(repo.path, "update-ref", "refs/heads/late", late)
    world.check_fresh("a baseline that is there")
    expect("baseline: the first deployment is not", world.column(
        "SELECT kind FROM dora.deployments"), ["normal"])


# ---- history that is cut ----

def shallow(dorad, top):
    world = World(dorad, top, "shallow")
    full = Repository(f"{world.top}/full.git")
    for i in range(9):
        full.commit(*(["main"] if i else []))
        full.tag(f"v{i}")
    cut = f"{world.top}/cut.git"
    git(".", "clone", "-q", "--bare", "--depth", "3", "file://" + full.path, cut)
    git(cut, "fetch", "-q", "--depth", "3", "origin", "refs/tags/v8:refs/tags/v8",
        "refs/tags/v7:refs/tags/v7")
    world.source("r", cut)
    world.service("s", [{"from": "tags"}], {"repository": "r"})
    log = world.run()
    if "the remote is shallow" not in log:
        sys.exit(f"shallow: the log does not say so:\n{log}")
    expect("shallow: reported", world.column("SELECT shallow FROM dora.sources"), ["t"])
    expect("shallow: shipped", set(world.column("SELECT sha FROM dora.shipped_commits")),
           set(git(cut, "rev-list", "--all").split()))
    world.check_fresh("still shallow")
    git(cut, "fetch", "-q", "--unshallow", "--no-tags", "origin")
    world.check_fresh("whole, though no ref moved")
    expect("shallow: no more", world.column("SELECT shallow FROM dora.sources"), ["f"])
    expect("shallow: shipped in the end",
           len(world.column("SELECT sha FROM dora.shipped_commits")), 9)


# ---- several services and repositories ----

def monorepo(dorad, top):
    world = World(dorad, top, "monorepo")
    repo = world.repository("mono")
    globs = {"a": ["services/a/**", "shared/*.h"], "b": ["services/b", "docs/"]}
    for name, paths in globs.items():
        world.service(name, [{"from": "tags", "tags": [f"{name}-*"]}],
                      {"repository": "mono", "paths": paths})
    files = ["services/a/x/y.c", "services/b/z.c", "shared/s.h", "shared/deep/s.h",
             "docs/one.md", "other.txt"]
    repo.commit(files={"README": "r"})
    for name in globs:
        repo.tag(f"{name}-0")
    for i in range(30):
        touched = {files[(i * k) % 6]: str(i) for k in (1, 5)[:1 + i % 2]}
        if i % 7 == 6:
            repo.commit("main~2", branch="side", files=touched)
            repo.commit("main", "side", files={"other.txt": f"m{i}"})
            repo.delete("refs/heads/side")
        else:
            repo.commit("main", files=touched)
        if i % 4 == 3:
            repo.tag(f"{'ab'[i // 4 % 2]}-{i}")
        if i == 16:
            world.run()
    world.check_fresh("globs, in two runs")
    for name, paths in globs.items():
        tags = git(repo.path, "for-each-ref", f"refs/tags/{name}-*", "--sort=committerdate",
                   "--format=%(refname:strip=2)").split()
        spec = [f":(glob){p.rstrip('/')}" for p in paths]
        spec += [f":(glob){p.rstrip('/')}/**" for p in paths]
        for old, new in zip(tags, tags[1:]):
            wanted = git(repo.path, "log", "--full-history", "--no-merges", "--format=%H",
                         f"{old}..{new}", "--", *spec).split()
            got = world.column("SELECT sha FROM dora.shipped_commits WHERE service = "
                               f"'{name}' AND deployment = 'tag:{new}' "
                               "AND excluded_reason IS DISTINCT FROM 'merge'")
            expect(f"monorepo: {old}..{new}: {len(got)} commits", sorted(got), sorted(wanted))
    # a service that is away for a while misses nothing
    away = world.config["services"].pop()
    repo.commit("main", files={"docs/two.md": "2"})
    world.run()
    world.config["services"].append(away)
    repo.commit("main", files={"docs/three.md": "3"})
    repo.tag("b-99")
    world.check_fresh("a service that was away")


def lines(dorad, top):
    world = World(dorad, top, "lines")
    ops, app = world.repository("ops"), world.repository("app")
    world.service("all", [{"from": "file", "repository": "ops", "file": "deploys.jsonl"}],
                  {"repository": "app"}, {"repository": "ops"},
                  production=[{"name": "production", "environments": ["eu", "us"]}])
    world.service("first", [{"from": "file", "repository": "ops", "file": "deploys.jsonl"}],
                  {"repository": "app"},
                  production=[{"name": "production", "environments": ["eu", "us"],
                               "finished": "first"}])
    rows = []

    def deploy(number, environment, hours, *revisions, **more):
        rows.append({"id": f"{number}-{environment}", "environment": environment,
                     "finished_at": stamp(hours),
                     "revisions": [{"repository": r, "sha": s} for r, s in revisions], **more})
        content = "".join(json.dumps(row) + "\n" for row in rows)
        return ops.commit(*(["main"] if ops.hours else []), files={"deploys.jsonl": content})

    one = app.commit()
    op = deploy(0, "dev", 1, ("app", one))
    deploy(1, "eu", 2, ("app", one), ("ops", op))
    deploy(1, "us", 3, ("app", one), ("ops", op))
    two = app.commit("main")
    deploy(2, "eu", 5, ("app", two), ("ops", op))
    world.check_fresh("half a rollout")
    expect("lines: rollouts", [tuple(row.values()) for row in world.sql(
        "SELECT service, deployment, coalesce(excluded_reason, '') FROM dora.deployments "
        "ORDER BY 1, finished_at")],
        [("all", "file:0-dev", "not_production"), ("all", "file:1-eu", "part_of_rollout"),
         ("all", "file:1-us", ""), ("all", "file:2-eu", "incomplete_rollout"),
         ("first", "file:0-dev", "not_production"), ("first", "file:1-eu", ""),
         ("first", "file:1-us", "part_of_rollout"), ("first", "file:2-eu", "")])
    deploy(2, "us", 6, ("app", two), ("ops", op))
    rows.append("no deployment")
    # a revision that nobody has yet, beside one that is there
    later = Repository(f"{world.top}/later.git")
    git(later.path, "fetch", "-q", app.path, "main:main")
    later.hours = app.hours
    three = later.commit("main")
    deploy(3, "eu", 7, ("app", three), ("ops", op))
    op = deploy(3, "us", 8, ("app", three), ("ops", op))
    four = later.commit("main")
    deploy(4, "eu", 9, ("app", four), ("ops", op))
    deploy(4, "us", 10, ("app", four), ("ops", op))
    log = world.run()
    if "deploys.jsonl:6: expected a JSON object; the line is passed over" not in log:
        sys.exit(f"lines: the log does not say what is wrong:\n{log}")
    expect("lines: missing", world.column(
        "SELECT DISTINCT kind FROM dora.deployments WHERE deployment IN ('file:3-us', "
        "'file:4-us') AND service = 'all'"), ["revision_missing"])
    git(app.path, "fetch", "-q", later.path, "main:main")
    world.check_fresh("a missing revision came")
    expect("lines: shipped", set(world.column(
        "SELECT sha FROM dora.shipped_commits WHERE service = 'all' AND repo = 'app'")),
        {one, two, three, four})


def heads(dorad, top):
    world = World(dorad, top, "heads")
    repo = world.repository("r")
    rule = {"from": "heads", "branches": ["live/*"], "except": ["live/try"]}
    world.service("s", [rule], {"repository": "r"})
    a = repo.commit(branch="live/eu")
    repo.move("live/try", a)
    world.run()
    b = repo.commit("live/eu", branch="live/eu")
    world.run()
    world.run()
    repo.move("live/eu", a)
    world.run()
    expect("heads: seen", world.column(
        "SELECT deployment || '#' || attempt || ' ' || kind FROM dora.deployments "
        "ORDER BY finished_at"),
        [f"head:live/eu@{a}#1 baseline", f"head:live/eu@{b}#1 normal",
         f"head:live/eu@{a}#2 older"])


# ---- the configuration changes ----

PAST = ("SELECT concat_ws(' ', team, environment, metric, bucket_start, n, numerator, denominator,"
        " value, p50, mean, pending, still_open) FROM dora.series WHERE org = 'org2' AND"
        " service IS NULL AND grain = 'day' AND bucket_end < now() ORDER BY 1")


def definitions(dorad, top):
    world = World(dorad, top, "definitions")
    repo, second = world.repository("r"), world.repository("second")
    for i in range(40):
        parents = ["main"] if i else []
        repo.commit(*parents, files={f"{'ab'[i % 2]}/f": str(i)})
        repo.hours += 17
        second.commit(*parents)
        if i % 4 == 1:
            repo.tag(f"v{i}")
        if i % 5 == 2:
            repo.tag(f"w{i}")
            second.tag(f"v{i}")
    world.config["orgs"].append({"name": "org2"})
    world.config["teams"] += [{"name": "team2", "org": "org"}, {"name": "team3", "org": "org2"}]
    s = world.service("s", [{"from": "tags", "tags": ["v*"]}], {"repository": "r"})
    t = world.service("t", [{"from": "tags", "tags": ["v*"]}], {"repository": "second"})
    world.check_fresh("as it began")
    s["components"][0]["baseline"] = repo.sha("main~30")
    world.check_fresh("a baseline")
    s["commit_time"] = "committed"
    world.check_fresh("commit_time")
    s["production"] = [{"name": "live", "environments": ["eu"]},
                       {"name": "more", "environments": ["us"]}]
    s["deployments"] = [{"from": "tags", "tags": ["v*"], "environment": "eu"},
                        {"from": "tags", "tags": ["w*"], "environment": "us"}]
    world.check_fresh("production groups, environments")
    s["production"] = [{"name": "both", "environments": ["us", "eu"], "finished": "first"}]
    world.check_fresh("one group")
    s["components"][0]["paths"] = ["a/**"]
    world.check_fresh("globs")
    before = published(world.database)["shipped"]
    os.rename(repo.path, f"{repo.path}.away")
    s["components"][0]["paths"] = ["b"]
    try:
        world.run()
        sys.exit("a repository that is away was read")
    except SystemExit as failure:
        if "once: status" not in str(failure):
            raise
    expect("globs that wait for their repository", published(world.database)["shipped"], before)
    os.rename(f"{repo.path}.away", repo.path)
    world.check_fresh("other globs")
    del s["components"][0]["paths"], s["components"][0]["baseline"]
    repo.commit("main", files={"b/g": "g"})
    world.check_fresh("no globs")
    s["components"][0]["paths"] = ["b"]
    world.check_fresh("the same globs again")
    del s["components"][0]["paths"]
    s["time_zone"] = "Asia/Kathmandu"
    world.config["teams"][0]["time_zone"] = "America/St_Johns"
    world.check_fresh("time zones")
    s["team"] = "team2"
    world.check_fresh("another team")
    s["team"] = "team3"
    world.check_fresh("a team of another organization")
    past = world.column(PAST)
    world.config["services"] = [t]
    same_but(world, "a service gone, its history apart, and its team's and org's", "s", "org2")
    expect("what is past of the team and org of a service gone", world.column(PAST), past)
    repo.commit("main")
    repo.tag("v98")
    world.config["services"] = [t, s]
    world.check_fresh("the service back")
    s["production"] = [{"name": "production", "environments": ["production"]}]
    s["deployments"] = [{"from": "trunk", "each": "day"}]
    same_but(world, "other rules, what they left out apart", "rule", "not_production")
    kept = copy.deepcopy(world.config)
    world.config["services"] = [s]
    world.config["sources"]["git"].pop()
    world.run()
    world.config = kept
    second.commit("main")
    second.tag("v99")
    same_but(world, "a repository back, with what came meanwhile", "rule",
             "not_production")


def same_but(world, what, *values):
    """As check_fresh(), but for rows with one of these values, which only the older database has."""
    world.run()
    world.runs += 1
    name = f"{world.name}_{world.runs}"
    world.run(fresh_database(name), f"{world.top}/{name}")
    check_same(f"{world.name}: {what}", *(
        {view: [row for row in rows if not set(values) & set(row)] for view, rows in
         published(database).items()} for database in (world.database, name)))


# ---- nothing new ----

def quiet(dorad, top):
    world = World(dorad, top, "quiet")
    repo = world.repository("r")
    world.service("s", [{"from": "tags"}, {"from": "trunk"},
                        {"from": "file", "file": "d.jsonl"}],
                  {"repository": "r", "paths": ["a"]})
    a = repo.commit(files={"a": "1"})
    repo.tag("v1")
    line = {"id": "1", "attempt": 1, "sha": a, "finished_at": "2100-01-01T00:00:00Z"}
    repo.commit("main", files={"d.jsonl": json.dumps(line) + "\n"})
    world.run()
    tables = world.column("SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN "
                          "('r') AND relnamespace = 'dorad'::regnamespace")
    tables.remove("dorad.source")

    def rows():
        return {table: [tuple(row.values()) for row in found] for table, found in each(
            world.database, {table: f"SELECT xmin, ctid FROM {table} ORDER BY ctid"
                             for table in tables}).items()}

    before = rows()
    world.run()
    world.run()
    expect("quiet: rows of every table", rows(), before)
    shutil.rmtree(f"{world.top}/cache")
    world.run()
    expect("quiet: rows after the cache was deleted", rows(), before)
    dead = world.column("SELECT pg_stat_force_next_flush(); SELECT relname FROM "
                        "pg_stat_user_tables WHERE schemaname = 'dorad' AND "
                        "relname NOT IN ('source') AND n_tup_del + n_tup_upd > 1000")
    expect("quiet: tables with many dead rows", dead[1:], [])


PARTS = [refs, trunk, baseline, shallow, monorepo, lines, heads, definitions, quiet]


def main():
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="dorad-events-") as top:
        for part in PARTS:
            if not wanted or part.__name__ in wanted:
                part(os.path.realpath(sys.argv[1]), top)


if __name__ == "__main__":
    main()
