#!/usr/bin/python3
"""oracle.py DORAD [REPOSITORY GLOB]...

What the program stores against an independent answer: set arithmetic of `git rev-list` over
the same deployments, commit for commit; the report against the database, number for number;
a recompute, and repositories that grew tag by tag, against a fresh run. Without arguments on
generated repositories and the history this file is in, with tags strewn over it; with them on
real ones. Wants DORAD_TEST_PG (tests/with_postgres); the program goes through
DORAD_TEST_PGBOUNCER where that is set (tests/with_pgbouncer).
"""
import json
import os
import random
import subprocess
import sys
import tempfile

from rig import (GIT_ENV, check_same, database_uri, fresh_database, git, once, published, sql)

SEED = int(os.environ.get("DORAD_SEED", "20260301"))
ZONE = "America/New_York"


def configure(path, database, repositories):
    """One service a repository, its tags are deployments."""
    with open(path, "w") as out:
        json.dump({  # JSON is YAML
            "database": {"uri": database_uri(database)},
            "privacy": {"minimum_authors": 0},
            "sources": {"git": [
                {"name": name, "url": repo, "allow_file": True}
                for name, (repo, _) in repositories.items()]},
            "orgs": [{"name": "org", "time_zone": ZONE}],
            "teams": [{"name": "team", "org": "org"}],
            "services": [
                {"name": name, "team": "team", "components": [{"repository": name}],
                 "deployments": [{"from": "tags", "tags": [glob]}]}
                for name, (_, glob) in repositories.items()],
        }, out)


# ---- the independent answer ----

def deployments_of(repo, pattern):
    """(finish, tag, commit) of every tag, in order of finish."""
    listing = git(repo, "for-each-ref", f"refs/tags/{pattern}", "--format=%(refname:strip=2)%00"
                  "%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00"
                  "%(taggerdate:unix)%00%(committerdate:unix)%00%(*committerdate:unix)")
    found = []
    for line in listing.splitlines():
        name, kind, oid, peeled_kind, peeled, tagged, committed, peeled_at = line.split("\0")
        if kind == "commit":
            found.append((int(committed), name, oid))
        elif peeled_kind == "commit":
            found.append((int(tagged or peeled_at), name, peeled))
    return sorted(found)


def shipped_by_git(repo, deployments):
    """tag -> set of commits, by rev-list and nothing else."""
    shipped, earlier = {}, []
    for _, name, commit in deployments:
        lines = git(repo, "rev-list", "--stdin",
                    stdin="\n".join([commit] + ["^" + old for old in earlier]) + "\n")
        shipped[name] = set(lines.split())
        if commit not in earlier:
            earlier.append(commit)
    return shipped


def facts_by_git(repo):
    facts = {}
    for line in git(repo, "log", "--all", "--format=%H %at %ct %P").splitlines():
        sha, authored, committed, *parents = line.split()
        facts[sha] = (int(authored), int(committed), len(parents))
    return facts


def check_attribution(database, name, repo, pattern):
    deployments = deployments_of(repo, pattern)
    finish = {tag: at for at, tag, _ in deployments}
    expected = shipped_by_git(repo, deployments)
    facts = facts_by_git(repo)
    stored = {tag: {} for tag in expected}
    for row in sql(database, "SELECT deployment, sha, lead_seconds, excluded_reason, "
                   "extract(epoch FROM authored_at)::bigint AS authored "
                   f"FROM dora.shipped_commits WHERE service = '{name}'"):
        tag = row["deployment"].split("tag:", 1)[1].split("#")[0]
        stored[tag][row["sha"]] = row
    commits = 0
    for number, (_, tag, _) in enumerate(deployments):
        if set(stored[tag]) != expected[tag]:
            sys.exit(f"{name}: {tag}: stored {len(stored[tag])} commits, "
                     f"git says {len(expected[tag])}")
        for sha, row in stored[tag].items():
            authored, _, parents = facts[sha]
            reason = ("baseline" if number == 0 else "merge" if parents > 1 else
                      "negative" if authored > finish[tag] else "")
            lead = "" if reason else finish[tag] - authored
            got = row["lead_seconds"] and float(row["lead_seconds"])
            if row["excluded_reason"] != reason or (got or 0) != (lead or 0):
                sys.exit(f"{name}: {tag}: {sha}: {row}, expected {reason} {lead}")
        commits += len(expected[tag])
    print(f"{name}: {len(deployments)} deployments, {commits} shipped commits equal git's")


# ---- the report ----

# What a repository alone tells.
METRICS = "metric IN ('deployment_frequency', 'change_lead_time')"
NUMBERS = ["n", "numerator", "denominator", "value", "p50", "p75", "p90", "p95", "mean"]


def number(text):
    return None if text == "" else float(text)


def check_report(dorad, database, name, repo, pattern):
    done = subprocess.run([dorad, "report", "--git", repo, "--tags", pattern, "--tz", ZONE,
                           "--format", "json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"dorad report: {done.stderr}")
    report = json.loads(done.stdout)
    rows = {}
    for row in report["series"] + report["current"]:
        key = (row["metric"], row.get("grain") or row["window_days"], row["bucket_start"])
        rows[key] = [row[column] for column in NUMBERS]
    stamp = "to_char(bucket_start, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS start"
    columns = ", ".join(NUMBERS)
    stored = {}
    for row in sql(database, f"SELECT metric, grain AS part, {stamp}, {columns} FROM dora.series "
                   f"WHERE service = '{name}' AND {METRICS}"):
        stored[row["metric"], row["part"], row["start"]] = [number(row[c]) for c in NUMBERS]
    for row in sql(database, f"SELECT metric, window_days AS part, {stamp}, {columns} "
                   f"FROM dora.current WHERE service = '{name}' AND {METRICS}"):
        stored[row["metric"], int(row["part"]), row["start"]] = [number(row[c]) for c in NUMBERS]
    if rows != stored:
        for key in sorted(set(rows) | set(stored), key=str):
            if rows.get(key) != stored.get(key):
                sys.exit(f"{name}: {key}: report {rows.get(key)}, database {stored.get(key)} "
                         f"({len(rows)} and {len(stored)} rows)")
    print(f"{name}: {len(rows)} numbers of the report equal the database's")


def recompute(dorad, config, top, database):
    sql(database, "TRUNCATE dorad.shipped, dorad.rollout, dorad.fate, dorad.series, "
        "dorad.rolling; UPDATE dorad.scope SET definition_id = NULL, published_until = NULL")
    once(dorad, config, top)


# ---- generated repositories ----

def generate(repo, rng):
    """A random history with merges, octopuses and several roots; tags in any order of time, on any
    commit, some twice."""
    git(".", "init", "-q", "--bare", repo)
    start = 1_780_000_000  # 2026-05-28
    out, marks = [], []
    for i in range(1, rng.randint(20, 80)):
        at = start + i * 7200 + rng.randint(-20_000, 20_000)
        parents = rng.sample(marks[-8:], min(len(marks[-8:]), rng.choice([1, 1, 1, 1, 2, 2, 3])))
        if rng.random() < 0.04:
            parents = []
        out.append(f"commit refs/heads/b{i}\nmark :{i}\n"
                   f"author A{i % 4} <a{i % 4}@example.org> {at - rng.randint(0, 90_000)} +0000\n"
                   f"committer C <c@example.org> {at} +0000\ndata 1\nx\n")
        out += [f"{'merge' if n else 'from'} :{mark}\n" for n, mark in enumerate(parents)]
        marks.append(i)
    for n in range(rng.randint(1, 15)):
        mark = rng.choice(marks)
        at = start + mark * 7200 + rng.randint(0, 400_000)
        if rng.random() < 0.7:
            out.append(f"tag v{n}\nfrom :{mark}\ntagger T <t@example.org> {at} +0000\n"
                       "data 1\nx\n")
        else:
            out.append(f"reset refs/tags/v{n}\nfrom :{mark}\n\n")
    git(repo, "fast-import", "--quiet", "--force", stdin="".join(out))


def strew_tags(repo, rng):
    """A copy of the history this file is in, some of its commits tagged. False if there is none."""
    here = os.path.dirname(os.path.realpath(__file__))
    if subprocess.run(["git", "-C", here, "rev-parse"], env=GIT_ENV, capture_output=True).returncode:
        print("this file is in no repository: its history is not looked at")
        return False
    git(here, "clone", "-q", "--bare", "--no-local", git(here, "rev-parse", "--show-toplevel").strip(),
        repo)
    for tag in git(repo, "tag").split():
        git(repo, "tag", "-d", tag)
    for number, sha in enumerate(git(repo, "rev-list", "--all").split()):
        if rng.random() < 0.2:
            git(repo, "update-ref", f"refs/tags/t{number}", sha)
    return True


def check_growth(dorad, top, repositories, rng):
    """The same repositories, but their tags appear one by one, in any order, between runs."""
    grown = {}
    for name, (repo, pattern) in repositories.items():
        copy = f"{top}/grown-{name}"
        git(".", "init", "-q", "--bare", copy)
        git(repo, "push", "-q", copy, "refs/heads/*:refs/heads/*")
        grown[name] = (copy, pattern)
    left = {name: git(repo, "tag").split() for name, (repo, _) in repositories.items()}
    for tags in left.values():
        rng.shuffle(tags)
    database = fresh_database("grown")
    config = f"{top}/grown.yaml"
    configure(config, database, grown)
    runs = 0
    while any(left.values()) or runs == 0:
        once(dorad, config, f"{top}/grown")
        runs += 1
        for name, tags in left.items():
            for tag in tags[:rng.randint(1, 4)]:
                git(repositories[name][0], "push", "-q", grown[name][0], f"refs/tags/{tag}")
                tags.remove(tag)
    once(dorad, config, f"{top}/grown")
    return database, runs + 1


def repositories_given(arguments):
    pairs = list(zip(arguments[::2], arguments[1::2]))
    return {os.path.basename(path.rstrip("/").removesuffix("/repo")).split("+")[-1] or f"r{i}":
            (os.path.realpath(path), pattern) for i, (path, pattern) in enumerate(pairs)}


def main():
    dorad = sys.argv[1]
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="dorad-oracle-") as top:
        repositories = repositories_given(sys.argv[2:])
        generated = not repositories
        for i in range(24 if generated else 0):
            generate(f"{top}/g{i}", rng)
            repositories[f"g{i}"] = (f"{top}/g{i}", "*")
        if generated and strew_tags(f"{top}/this", rng):
            repositories["this"] = (f"{top}/this", "*")
        database = fresh_database("fresh")
        config = f"{top}/fresh.yaml"
        configure(config, database, repositories)
        once(dorad, config, f"{top}/fresh")
        first = published(database)
        for name, (repo, pattern) in repositories.items():
            check_attribution(database, name, repo, pattern)
        for name, (repo, pattern) in list(repositories.items())[:6]:
            check_report(dorad, database, name, repo, pattern)
        once(dorad, config, f"{top}/fresh")
        check_same("nothing new", first, published(database))
        recompute(dorad, config, f"{top}/fresh", database)
        check_same("recomputed from the facts", first, published(database))
        if generated:
            grown, runs = check_growth(dorad, top, repositories, rng)
            check_same(f"grown in {runs} runs", first, published(grown))


if __name__ == "__main__":
    main()
