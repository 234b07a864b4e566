"""The world that the edges play in: what is deployed, changed and broken stands in tables of
another database, the commits in repositories. Imported by edges.py."""
import json
import subprocess
import sys
import time

from events import HOUR, World
from rig import CONNINFO, fresh_database, git, sql


DAY = 24 * HOUR
TIMES = ("created", "started", "finished", "mitigated", "resolved", "merged", "first_commit", "reviewed",
         "updated")
COLUMNS = {
    "deployment": ("id", "sha", "environment", "outcome", "started", "finished", "updated"),
    "incident": ("id", "name", "services", "cause", "fix", "state", "created", "started",
                 "mitigated", "resolved", "updated"),
    "change": ("id", "name", "labels", "bot", "sha", "squash_sha", "outcome", "created",
               "first_commit", "reviewed", "merged", "updated"),
}
TYPES = {"services": "text[]", "labels": "text[]", "bot": "boolean",
         **{name: "timestamptz" for name in TIMES}}


class Edges(World):
    def __init__(self, dorad, top):
        super().__init__(dorad, top, "edges")
        self.today = int(time.time()) // DAY * DAY
        self.tool = fresh_database("tool")
        for table, columns in COLUMNS.items():
            self.tell_sql(f"CREATE TABLE {table} (" + ", ".join(
                f"{name} {TYPES.get(name, 'text')}" for name in columns) + ")")
        self.tell_sql("CREATE TABLE alarm (LIKE incident)")
        self.config["sources"]["sql"] = [
            {"name": name, "uri": f"{CONNINFO} dbname={self.tool}", "kind": kind,
             "query": f"SELECT * FROM {table} WHERE updated >= $1"}
            for name, kind, table in (("deployer", "deployment", "deployment"),
                                      ("pager", "incident", "incident"),
                                      ("alarms", "incident", "alarm"),
                                      ("reviews", "change", "change"))]

    def ago(self, days, hours=0):
        """An instant, in seconds."""
        return self.today - days * DAY + int(hours * HOUR)

    def tell_sql(self, text):
        sql(self.tool, text)

    def tell(self, table, **row):
        """A row, which replaces that of its id."""
        row.setdefault("updated", int(time.time()))
        values = [f"to_timestamp({value})" if name in TIMES else f"'{value}'"
                  for name, value in row.items()]
        self.tell_sql(f"DELETE FROM {table} WHERE id = '{row['id']}'; INSERT INTO {table} "
                      f"({', '.join(row)}) VALUES ({', '.join(values)})")

    def product(self, name, **more):
        """A service with a repository, both of this name."""
        self.source(name, f"{self.top}/{name}.git")
        git(".", "init", "-q", "--bare", "-b", "main", f"{self.top}/{name}.git")
        self.service(name, [{"from": "deployments", "source": "deployer",
                             "environments": [name], "environment": "production"}],
                     {"repository": name}, **more)
        return name

    def commit(self, name, at, *parents, branch="main", committed=None, message=None,
               files=None, author="A"):
        """A commit on top of parents, or of the branch."""
        path = f"{self.top}/{name}.git"
        message = message or name
        known = git(path, "for-each-ref", "--format=%(objectname)",
                    f"refs/heads/{branch}").split()
        lines = [f"commit refs/heads/{branch}",
                 f"author {author} <{author.lower()}@example.org> {at} +0000",
                 f"committer C <c@example.org> {committed or at} +0000",
                 f"data {len(message.encode())}", message]
        lines += [f"{'merge' if n else 'from'} {parent}"
                  for n, parent in enumerate(parents or known)]
        for file, content in (files or {}).items():
            lines += [f"M 644 inline {file}", f"data {len(content)}", content]
        git(path, "fast-import", "--quiet", "--force", stdin="\n".join(lines) + "\n")
        return git(path, "rev-parse", branch).strip()

    def deploy(self, name, number, sha, at, outcome="success"):
        self.tell("deployment", id=f"{name}-{number}", sha=sha, environment=name,
                  outcome=outcome, started=at - 600, finished=at)

    def cell(self, name, metric, at, grain="day", scope="service"):
        """The row of a metric whose bucket an instant is in, {} if there is none."""
        of = {"service": "service = ", "team": "service IS NULL AND team = "}[scope]
        rows = self.sql(f"SELECT * FROM dora.series WHERE {of} '{name}' AND grain = '{grain}' "
                        f"AND metric = '{metric}' AND bucket_start <= to_timestamp({at}) "
                        f"AND bucket_end > to_timestamp({at})")
        return rows[0] if rows else {}

    def explain(self, name, metric, at, *options):
        """The rows as (part, what, name, reason)."""
        day = time.strftime("%Y-%m-%d", time.gmtime(at))
        done = subprocess.run([self.dorad, "explain", name, metric, day, "--format", "json",
                               "--config", f"{self.top}/dorad.yaml", *options],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"dorad explain {name} {metric}: {done.stderr}")
        return [(row["part"], row["what"], row["name"], row["reason"])
                for row in json.loads(done.stdout)]


WRONG = []


def expect(what, got, wanted):
    """All is looked at: an edge that is wrong hides no other."""
    if got != wanted:
        WRONG.append(what)
    print(f"{what}: " + ("as expected" if got == wanted else f"{got}, expected {wanted}"))


def some(row, *names):
    return tuple(row.get(name) for name in names)


def seconds(text):
    return text and int(float(text))
