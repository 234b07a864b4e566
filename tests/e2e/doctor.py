#!/usr/bin/python3
"""doctor.py DORAD

`dorad doctor` on sources that are well and that are not: a GitHub on this machine, a query on
another database, a repository, the push server. The program's own database cannot be reached.
Wants DORAD_TEST_PG (tests/with_postgres).
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from hub import Hub
from rig import CONNINFO, fresh_database, sql

PROJECT = "acme/mono"
TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
OTHER_TOKEN = "ghp_ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210"
PASSWORD, PUSH_TOKEN = "canary-of-a-password", "canary-of-a-push-token"
SECRETS = (TOKEN, OTHER_TOKEN, PASSWORD, PUSH_TOKEN)
DAY = 86400
SHA = "0123456789abcdef0123456789abcdef01234567"
QUERY = """SELECT id::text, parent, pipeline AS workflow, sha, result AS outcome, changed AS updated,
       changed AS created, changed AS finished FROM run WHERE changed >= $1"""


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}:\n{got}\nexpected:\n{wanted}")


class World:
    def __init__(self, dorad, top):
        self.dorad, self.top, self.n = dorad, top, 0
        self.now = int(time.time())
        self.hub = Hub(PROJECT, TOKEN)
        self.hub.scopes = "repo, read:org"
        self.repo = f"{top}/mono.git"
        subprocess.run(["git", "init", "-q", "--bare", self.repo], check=True)
        self.env = {"PATH": os.environ["PATH"], "TMPDIR": f"{top}/tmp", "LC_ALL": "C.UTF-8",
                    "HUB_TOKEN": TOKEN, "OTHER_TOKEN": OTHER_TOKEN, "SQL_PASSWORD": PASSWORD,
                    "PUSH_TOKEN": PUSH_TOKEN}
        os.mkdir(self.env["TMPDIR"])
        self.config = {
            "database": {"uri": "host=/nonexistent dbname=none"},
            "sources": {
                "git": [{"name": "mono", "url": self.repo, "allow_file": True}],
                "github": [{"name": "hub", "url": self.hub.url, "projects": [PROJECT],
                            "token": {"env": "HUB_TOKEN"}}]},
            "orgs": [{"name": "org", "time_zone": "UTC"}],
            "teams": [{"name": "team", "org": "org"}],
            "services": [{"name": "shop", "team": "team",
                          "components": [{"repository": "mono"}],
                          "deployments": [{"from": "jobs", "source": "hub",
                                           "workflows": ["Deliver"], "skip": ["preview"],
                                           "jobs": ["deploy .*"]}]}]}

    def service(self):
        return self.config["services"][0]

    def doctor(self, *args):
        """(exit status, output); whatever is said, no secret is."""
        path = f"{self.top}/dorad.yaml"
        with open(path, "w", encoding="utf-8") as out:
            json.dump(self.config, out)
        done = subprocess.run([self.dorad, "doctor", "--config", path, *args], env=self.env,
                              capture_output=True, text=True, timeout=120)
        self.n += 1
        said = done.stdout + done.stderr
        for secret in SECRETS:
            expect(f"{secret} is not told", secret in said, False)
        expect("nothing is left behind", os.listdir(self.env["TMPDIR"]), [])
        return done.returncode, said.replace(self.hub.url, "URL")

    def wrong(self, *args):
        """Lines of what is wrong."""
        status, said = self.doctor(*args)
        lines = re.findall(r"^  WRONG  (.*)$", said, re.M)
        expect("exit status and lines agree", (status, f"{len(lines)} thing" in said),
               (1, True))
        return lines, said

    def runs(self):
        at = self.now - 2 * DAY
        deliver = (("deploy shop (prod)", "success"), ("deploy shop (prod)", "skipped"),
                   ("deploy shop (prod)", "cancelled"), ("deploy shop --dry-run", "success"),
                   ("deploy preview", "success"), ("build", "success"))
        for i, (name, conclusion) in enumerate(deliver):
            self.hub.run("Deliver", SHA, at + 60 * i,
                         [(name, conclusion, at + 60 * i, at + 60 * i + 30)])
        self.hub.run("CI", SHA, at, [("deploy shop (prod)", "success", at, at + 10)])


GOOD = """hub (github) URL
  ok     credential: accepted, with the scopes repo, read:org
  ok     runs of the last 14d: 7 runs, 6 jobs (N requests)
  ok     changes of the last 14d: nothing (1 request)
  ok     rate limit: 4,000 of 5,000 left until HH:MM UTC
  ok     rule shop, deployments[0]: 4 matched, 3 look wrong
           1 skipped, such as job 100120 deploy shop (prod)
           1 cancelled, such as job 100220 deploy shop (prod)
           1 sounds like a dry run or a test, such as job 100320 deploy shop --dry-run
           not matched: 1 another name, such as job 100520 build
           not matched: 1 dry run, such as job 100420 deploy preview

nothing is wrong
"""


def check_hub(world):
    hub = world.hub
    world.runs()
    status, said = world.doctor("hub")
    said = re.sub(r"\d\d:\d\d UTC", "HH:MM UTC", said)
    said = re.sub(r"jobs \(\d+ requests\)", "jobs (N requests)", said)
    expect("a source that is well", (status, said), (0, GOOD))
    expect("no jobs of other workflows are asked for",
           any("/1006/jobs" in path for path in hub.asked), False)
    expect("only what rules need is asked for",
           any("/releases" in path or "/deployments" in path for path in hub.asked), False)

    hub.skew = -3600
    status, said = world.doctor("hub")
    # the second may turn on the way
    said = re.sub("59m 5[0-9]s", "1h", said)
    expect("another clock", (status, re.findall("note .*", said)),
           (0, ["note   its clock is 1h behind ours"]))
    hub.skew = 0

    world.config["sources"]["github"][0]["token"] = {"env": "OTHER_TOKEN"}
    hub.forget()
    lines, _ = world.wrong("hub")
    expect("a refused credential", lines,
           ["credential: the credential was refused (401): Bad credentials: check the "
            "credential, key or certificate and its rights"])
    expect("nothing more is asked with it", hub.asked, ["/versions"])
    world.config["sources"]["github"][0]["token"] = {"env": "NO_TOKEN"}
    lines, _ = world.wrong("hub")
    expect("no credential", (len(lines), "NO_TOKEN" in lines[0]), (1, True))
    world.config["sources"]["github"][0]["token"] = {"env": "HUB_TOKEN"}

    hub.refused = {f"/repos/{PROJECT}/actions": (403, "Resource not accessible"),
                   f"/repos/{PROJECT}/pulls": (404, "Not Found")}
    lines, said = world.wrong("hub")
    expect("missing scopes, each by its name", lines[:2], [
        "read: acme/mono: runs: the credential lacks Actions: read (403): Resource not "
        "accessible: check the credential, key or certificate and its rights",
        "read: acme/mono: changes: project not found, or the credential may not see it "
        "(404): Not Found: correct the configuration"])
    expect("no rule matches then", lines[2:], ["rule shop, deployments[0]: 0 matched"])
    hub.refused = {}

    world.service()["deployments"].append(
        {"from": "jobs", "source": "hub", "jobs": ["ship it"]})
    lines, said = world.wrong("hub")
    expect("a rule that matches nothing", lines, ["rule shop, deployments[1]: 0 matched"])
    expect("and what there is instead", "not matched: 7 another name, such as job" in said
           or said, True)
    world.service()["deployments"].pop()

    hub.budget = 12
    status, said = world.doctor("hub")
    expect("a budget", "rate limit: 12 of 5,000 left until" in said or said, True)
    hub.budget = 4000

    world.config["sources"]["github"][0]["url"] = "http://127.0.0.1:1"
    lines, said = world.wrong("hub")
    expect("an unreachable host", (len(lines), lines[0].startswith("reach: ")), (1, True))
    world.config["sources"]["github"][0]["url"] = world.hub.url


def check_who(world):
    """Others ask who they are in a path of their own, and one tells a time zone."""
    hub, sources = world.hub, world.config["sources"]
    hub.forget()
    sources["azure_devops"] = [{"name": "azure", "url": hub.url, "organization": "acme",
                                "projects": ["Shop"], "token": {"env": "HUB_TOKEN"}}]
    lines, _ = world.wrong("azure")
    expect("the path is filled in", [path.split("?")[0] for path in hub.asked],
           ["/acme/_apis/connectionData"])
    del sources["azure_devops"]

    sources["jira_server"] = [{"name": "jira", "url": hub.url, "projects": ["OPS"],
                               "query": "priority = High", "token": {"env": "HUB_TOKEN"}}]
    myself, search = "/rest/api/2/myself", {"issues": [], "total": 0}
    hub.more = {myself: {"timeZone": "Asia/Kathmandu"}, "/rest/api/2/search": search}
    status, said = world.doctor("jira")
    expect("a time zone", (status, re.findall("zone: (.*)", said)), (0, ["Asia/Kathmandu"]))
    for body in ({"timeZone": "Mars/Olympus"}, {}):
        hub.more[myself] = body
        lines, _ = world.wrong("jira")
        expect(f"no time zone: {body}", lines[0].startswith("the user's time zone: "), True)
    del sources["jira_server"]


def check_sql(world):
    database = fresh_database("tool")
    sql(database, "CREATE TABLE run (id int, parent text, pipeline text, sha text, result text,"
                  " changed timestamptz); CREATE SEQUENCE counter; INSERT INTO run VALUES "
                  f"(1, NULL, 'Deliver', '{SHA}', 'success', now() - interval '1 day'), "
                  f"(2, '1', 'Deliver', '{SHA}', 'success', now() - interval '1 day'), "
                  "(3, NULL, 'Deliver', NULL, 'success', now() - interval '1 day'), "
                  f"(4, NULL, 'Deliver', '{SHA}', 'success', now() - interval '99 day')")
    source = {"name": "tool", "uri": f"{CONNINFO} dbname=tool", "kind": "run", "query": QUERY}
    world.config["sources"]["sql"] = [source]
    rule = {"from": "runs", "source": "tool"}
    world.service()["deployments"].append(rule)
    status, said = world.doctor("tool")
    expect("a query", (status, said), (0, """tool (sql)
  ok     query of the last 14d: 3 runs
  ok     rule shop, deployments[1]: 2 matched, 1 looks wrong
           1 no revision, such as run 3 Deliver
           not matched: 1 child pipeline, such as run 2 Deliver

nothing is wrong
"""))
    rule["workflows"] = ["Deliver"]
    status, said = world.doctor("tool")
    expect("a rule that means child pipelines", (status, said), (0, """tool (sql)
  ok     query of the last 14d: 3 runs
  ok     rule shop, deployments[1]: 3 matched, 2 look wrong
           1 started by another run, which may count too, such as run 2 Deliver
           1 no revision, such as run 3 Deliver

nothing is wrong
"""))
    for change, words in (
            ({"query": "SELECT nextval('counter')::text AS id, now() AS updated WHERE now() > $1"},
             "(25006)"),
            ({"query": "SELECT 1 AS id, 'x' AS shade WHERE now() > $1"}, 'column "shade"'),
            ({"query": "SELECT id FROM nowhere WHERE now() > $1"}, "(42P01)"),
            ({"uri": "host=127.0.0.1 port=1 user=x dbname=x",
              "password": {"env": "SQL_PASSWORD"}}, "127.0.0.1")):
        world.config["sources"]["sql"] = [{**source, **change}]
        lines, _ = world.wrong("tool")
        expect(f"a bad query: {change}", (len(lines), words in lines[0]), (1, True))
    expect("nothing was written", sql(database, "SELECT is_called FROM counter"),
           [{"is_called": "f"}])
    world.config["sources"]["sql"] = [source]


def check_all(world):
    world.config["push"] = {"listen": "127.0.0.1:9440", "clients": [
        {"name": "ci", "token": {"env": "PUSH_TOKEN"}},
        {"name": "signer", "secret": {"env": "PUSH_TOKEN"}, "services": ["shop"]}]}
    status, said = world.doctor()
    expect("all sources", (status, re.findall(r"^\S.*", said, re.M)), (0, [
        "mono (git)", "hub (github) URL", "tool (sql)", "push (push)", "nothing is wrong"]))
    expect("a repository", "  ok     lists its branches and tags\n" in said, True)
    expect("the push server", said[said.index("push (push)"):], """push (push)
  ok     is told, and not asked, at 127.0.0.1:9440
  ok     client ci: a bearer token, for every service
  ok     client signer: signatures, for shop

nothing is wrong
""")
    world.config["push"]["clients"][0]["token"] = {"env": "NO_TOKEN"}
    world.config["sources"]["git"][0]["url"] = f"{world.top}/nowhere.git"
    lines, _ = world.wrong()
    expect("each thing that is wrong", [line.split(":")[0] for line in lines],
           ["reach", "client ci"])
    expect("no such source", world.doctor("nobody")[0], 64)


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = World(os.path.realpath(sys.argv[1]), top)
        check_hub(world)
        check_who(world)
        check_sql(world)
        check_all(world)
        names = [row["datname"] for row in sql("postgres", "SELECT datname FROM pg_database "
                                               "WHERE NOT datistemplate ORDER BY 1")]
        expect("no other database came to be", names, ["postgres", "tool"])
        print(f"{world.n} examinations told what is wrong, and no secret")


main()
