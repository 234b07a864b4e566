"""What the end-to-end tests share: git, the private PostgreSQL of tests/with_postgres, `dorad
once`, and everything that is published, to be compared."""
import csv
import io
import os
import subprocess
import sys

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
CONNINFO = os.environ["DORAD_TEST_PG"]


def git(repo, *args, stdin=None):
    done = subprocess.run(["git", "-C", repo, *args], input=stdin, env=GIT_ENV,
                          capture_output=True, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"git {' '.join(args)}: {done.stderr}")
    return done.stdout


def psql(database, query):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--csv",
                           f"{CONNINFO} dbname={database}"],
                          input="SET TimeZone='UTC';" + query, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"psql: {done.stderr}")
    return done.stdout


def sql(database, query):
    return list(csv.DictReader(io.StringIO(psql(database, query))))


def each(database, queries):
    """What each of the queries finds, by their names, in one session."""
    mark = "-- the next one --"
    script = "".join(f"{query}\n;\\echo '{mark}'\n" for query in queries.values())
    told = psql(database, script).split(mark + "\n")
    return {name: list(csv.DictReader(io.StringIO(text))) for name, text in zip(queries, told)}


def database_uri(database):
    """Where the program finds it: through DORAD_TEST_PGBOUNCER if that is set."""
    server = os.environ.get("DORAD_TEST_PGBOUNCER", CONNINFO)
    uri = " ".join(part for part in server.split() if not part.startswith("dbname="))
    return f"{uri} dbname={database}"


def fresh_database(name):
    sql("postgres", f"CREATE DATABASE {name}")
    return name


def once(dorad, config, top):
    done = subprocess.run([dorad, "once", "--config", config, "--cache-dir", f"{top}/cache",
                           "--state-dir", f"{top}/state"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"dorad once: status {done.returncode}\n{done.stderr}")
    return done.stderr


# ---- everything published ----

PUBLISHED = {
    "series": "SELECT org, team, service, environment, grain, bucket_start, bucket_end, metric, "
              "n, numerator, denominator, value, p50, p75, p90, p95, mean, pending, still_open, "
              "oldest_open_at FROM dora.series",
    "current": "SELECT org, team, service, environment, window_days, bucket_start, metric, n, "
               "numerator, denominator, value, p50, p75, p90, p95, mean, pending, still_open, "
               "oldest_open_at, km_median FROM dora.current",
    "rollouts": "SELECT service, environment, deployment, attempt, finished_at, kind, state, "
                "pending_until, unplanned, recovered_at FROM dora.rollouts",
    "failures": "SELECT service, deployment, method, by_deployment, source, project, incident "
                "FROM dora.failures",
    "incidents": "SELECT service, environment, source, project, incident, started_at, "
                 "restored_at, rollout, linked_by, excluded_reason FROM dora.service_incidents",
    "deployments": "SELECT service, environment, deployment, finished_at, outcome, kind, "
                   "excluded_reason FROM dora.deployments",
    "shipped": "SELECT service, deployment, repo, sha, authored_at, committed_at, lead_seconds, "
               "excluded_reason FROM dora.shipped_commits",
}


def published(database):
    return {name: sorted(tuple(row.values()) for row in rows)
            for name, rows in each(database, PUBLISHED).items()}


def check_same(what, one, other):
    for name in PUBLISHED:
        if one[name] != other[name]:
            only = set(one[name]) ^ set(other[name])
            sys.exit(f"{what}: {name}: {len(one[name])} rows against {len(other[name])}; "
                     f"differing: {sorted(only, key=lambda row: row[::-1])[:3]}")
    print(f"{what}: {sum(map(len, one.values()))} published rows are the same")
