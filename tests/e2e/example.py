#!/usr/bin/python3
"""example.py DORAD PAGE

Builds what the worked example (docs/example.md) tells and compares every number there with what
is published, and every row that it names with what `dorad explain` lists. All comes from the
tables of the page. Its day 29 is today. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from rig import CONNINFO, database_uri, fresh_database, git, once, sql

TODAY = 29
HOUR = 3600
DURATIONS = {"p50", "p75", "p90", "p95", "mean", "km_median"}
SCOPE = "service = 'shop'"
BLOCK = re.compile(r"^```yaml check\n(.*?)^```$", re.M | re.S)


# ---- the page ----

def tables(text):
    """{heading: list of rows by the names of their columns}"""
    found, heading, names = {}, None, None
    for line in text.splitlines():
        if line.startswith("#"):
            heading, names = line.strip("# "), None
        elif line.startswith("|---"):
            continue
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|\n").split("|")]
            if names is None:
                names = cells
                found[heading] = []
            else:
                found[heading].append(dict(zip(names, cells, strict=True)))
    return found


def moment(text):
    """The instant of "13 10:00", in seconds; None of nothing."""
    if not text:
        return None
    day, hour, minute = re.fullmatch(r"(\d+) (\d\d):(\d\d)", text).groups()
    midnight = datetime.datetime.now(datetime.timezone.utc).replace(
        hour=0, minute=0, second=0, microsecond=0)
    at = midnight + datetime.timedelta(days=int(day) - TODAY, hours=int(hour),
                                       minutes=int(minute))
    return int(at.timestamp())


def worked_out(cell):
    """The number of "(18 + 24) / 2 = 21": the left side says how, the right side what."""
    how, _, what = cell.rpartition("=")
    if not how:
        return float(what)
    how = how.replace("×", "*").replace("−", "-")
    if not re.fullmatch(r"[\d. +*/()-]+", how):
        sys.exit(f"the page does not calculate: {cell}")
    value = eval(how)  # digits and signs alone
    decimals = len(what.partition(".")[2])
    if f"{value:.{decimals}f}" != what.strip():
        sys.exit(f"the page is wrong: {cell} (it is {value})")
    return value


def hours(cell):
    return float(cell.removesuffix(" h")) * HOUR if cell else None


# ---- the world that it tells ----

class Example:
    def __init__(self, dorad, page, top):
        text = pathlib.Path(page).read_text(encoding="utf-8")
        self.dorad, self.top, self.tables = dorad, top, tables(text)
        self.repo = f"{top}/shop.git"
        self.sha = {}
        self.database, self.tool = fresh_database("example"), fresh_database("ops")
        self.config = f"{top}/dorad.yaml"
        # a quoted string of YAML is one of JSON
        known = BLOCK.search(text)[1].replace(
            "postgresql://dorad@db.example.org/dora",
            json.dumps(database_uri(self.database))).replace(
            "postgresql://reader@ops.example.org/ops",
            json.dumps(f"{CONNINFO} dbname={self.tool}")).replace(
            "/srv/git/shop.git", json.dumps(self.repo))
        pathlib.Path(self.config).write_text(known, encoding="utf-8")

    def named(self, text):
        """c7 becomes the commit's id."""
        return re.sub(r"\bc\d+\b", lambda name: self.sha[name[0]], text)

    def commits(self):
        git(".", "init", "-q", "--bare", "-b", "main", self.repo)
        for row in self.tables["Commits"]:
            person = f"{row['author']} <{row['author'].lower()}@example.org>"
            message = self.named(row["message"]).replace(" ¶ ", "\n\n")
            lines = ["commit refs/heads/main",
                     f"author {person} {moment(row['authored'])} +0000",
                     f"committer {person} {moment(row['committed'])} +0000",
                     f"data {len(message.encode())}", message]
            lines += [f"{'merge' if n else 'from'} {self.sha[parent]}"
                      for n, parent in enumerate(row["parents"].split())]
            lines += [f"M 644 inline {row['commit']}", "data 1", "x"]
            git(self.repo, "fast-import", "--quiet", "--force", stdin="\n".join(lines) + "\n")
            self.sha[row["commit"]] = git(self.repo, "rev-parse", "main").strip()

    def tell(self, table, columns, rows):
        """Makes a table of the tool. columns: name → type"""
        lines = [f"CREATE TABLE {table} (" + ", ".join(
            f"{name} {kind}" for name, kind in columns.items()) + ");"]
        for row in rows:
            row["updated"] = max(value for name, value in row.items()
                                 if columns.get(name) == "timestamptz" and value)
            values = []
            for name, kind in columns.items():
                value = row.get(name)
                if value is None:
                    values.append("NULL")
                elif kind == "timestamptz":
                    values.append(f"to_timestamp({value})")
                else:
                    values.append("'" + str(value).replace("'", "''") + "'")
            lines.append(f"INSERT INTO {table} VALUES ({', '.join(values)});")
        sql(self.tool, "\n".join(lines))

    def build(self):
        self.commits()
        instant = "timestamptz"
        self.tell("deployment", {"id": "text", "sha": "text", "environment": "text",
                                 "started": instant, "finished": instant, "outcome": "text",
                                 "updated": instant},
                  [{"id": row["deployment"], "sha": self.named(row["commit"]),
                    "environment": "production", "started": moment(row["started"]),
                    "finished": moment(row["finished"]), "outcome": row["outcome"]}
                   for row in self.tables["Deployments"]])
        self.tell("incident", {"id": "text", "started": instant, "resolved": instant,
                               "cause": "text", "services": "text[]", "updated": instant},
                  [{"id": row["incident"], "started": moment(row["started"]),
                    "resolved": moment(row["resolved"]),
                    "cause": self.named(row["cause"]) or None, "services": "{shop}"}
                   for row in self.tables["Incidents"]])
        self.tell("change", {"id": "text", "name": "text", "labels": "text[]",
                             "first_commit": instant, "created": instant, "reviewed": instant,
                             "merged": instant, "sha": "text", "squash_sha": "text",
                             "outcome": "text", "updated": instant},
                  [{"id": row["change"], "name": row["title"],
                    "labels": "{" + row["labels"] + "}",
                    "first_commit": moment(row["first commit"]),
                    "created": moment(row["opened"]), "reviewed": moment(row["reviewed"]),
                    "merged": moment(row["merged"]),
                    "sha": self.named(row["as"].split()[1]),
                    "squash_sha": self.named(row["as"].split()[1])
                    if row["as"].startswith("squash") else None, "outcome": "success"}
                   for row in self.tables["Changes"]])

    def run(self):
        for _ in range(2):  # whichever source was polled first
            once(self.dorad, self.config, self.top)

    def sql(self, query):
        return sql(self.database, query)

    # ---- what is published ----

    def short(self, sha):
        return next((name for name, known in self.sha.items() if known == sha), sha)


def number(text):
    return None if text == "" else float(text)


def seconds_of(column):
    return f"extract(epoch FROM {column})::bigint AS {column}"


class Differences:
    def __init__(self):
        self.n, self.found = 0, []

    def compare(self, what, got, wanted):
        self.n += 1
        same = got == wanted
        if isinstance(wanted, float) and isinstance(got, float):
            same = abs(got - wanted) <= 1e-9 * max(1, abs(wanted))
        if not same:
            self.found.append(f"{what}: {got}, the page says {wanted}")


def plain(name):
    """What the page calls a deployment."""
    return name.removeprefix("deployment:")


def test_rollouts(example, differences):
    failures = {}
    for row in example.sql(f"SELECT deployment, method, by_deployment, incident "
                           f"FROM dora.failures WHERE {SCOPE}"):
        failures.setdefault(plain(row["deployment"]), set()).add(
            f"{row['method']} {plain(row['by_deployment']) or row['incident']}")
    got = {plain(row["deployment"]): row for row in example.sql(
        f"SELECT deployment, kind, state, unplanned, unplanned_because, "
        f"{seconds_of('recovered_at')} "
        f"FROM dora.rollouts WHERE {SCOPE}")}
    wanted = {row["deployment"]: row for row in example.tables["Rollouts"]}
    differences.compare("rollouts", sorted(got), sorted(wanted))
    for name in got.keys() & wanted.keys():
        row, page = got[name], wanted[name]
        for column, expected in (
                ("kind", page["kind"]), ("state", page["state"]),
                ("unplanned", "f" if page["unplanned"] == "no" else "t"),
                ("recovered_at", str(moment(page["recovered"]) or ""))):
            differences.compare(f"rollout {name}: {column}", row[column], expected)
        because = re.sub(r"commit (\w+)", lambda found: "commit " + next(
            short for short, sha in example.sha.items() if sha.startswith(found[1])),
            row["unplanned_because"])
        differences.compare(f"rollout {name}: because", because or "no", page["unplanned"])
        differences.compare(f"rollout {name}: failed by", failures.get(name, set()),
                            set(filter(None, page["failed by"].split(", "))))


def test_commits(example, differences):
    got = {example.short(row["sha"]): row for row in example.sql(
        f"SELECT sha, deployment, lead_seconds, excluded_reason, change "
        f"FROM dora.shipped_commits WHERE {SCOPE}")}
    wanted = {row["commit"]: row for row in example.tables["Commits shipped"]}
    differences.compare("commits", sorted(got), sorted(wanted))
    for name in got.keys() & wanted.keys():
        row, page = got[name], wanted[name]
        differences.compare(f"{name}: by", plain(row["deployment"]), page["deployment"])
        differences.compare(f"{name}: lead", number(row["lead_seconds"]),
                            hours(page["lead time"]))
        differences.compare(f"{name}: left out", row["excluded_reason"], page["left out"])
        differences.compare(f"{name}: change", row["change"], page["change"])


def test_changes(example, differences):
    stages = ("coding", "pickup", "review", "deploy")
    got = {row["change"]: row for row in example.sql(
        f"SELECT change, deployment, {', '.join(f'{s}_seconds' for s in stages)} "
        f"FROM dora.shipped_changes WHERE {SCOPE}")}
    wanted = {row["change"]: row for row in example.tables["Changes shipped"]}
    differences.compare("changes", sorted(got), sorted(wanted))
    for name in got.keys() & wanted.keys():
        differences.compare(f"change {name}: by", plain(got[name]["deployment"]),
                            wanted[name]["deployment"])
        for stage in stages:
            differences.compare(f"change {name}: {stage}",
                                number(got[name][f"{stage}_seconds"]),
                                hours(wanted[name][stage]))


def test_incidents(example, differences):
    got = {row["incident"]: row for row in example.sql(
        f"SELECT incident, rollout, linked_by, restore_seconds FROM dora.service_incidents "
        f"WHERE {SCOPE} AND excluded_reason IS NULL")}
    wanted = {row["incident"]: row for row in example.tables["Incidents linked"]}
    differences.compare("incidents", sorted(got), sorted(wanted))
    for name in got.keys() & wanted.keys():
        row, page = got[name], wanted[name]
        differences.compare(f"{name}: by", plain(row["rollout"]), page["deployment"])
        differences.compare(f"{name}: linked by", row["linked_by"], page["linked by"])
        differences.compare(f"{name}: restored", number(row["restore_seconds"]),
                            hours(page["restored after"]))


def test_numbers(example, differences):
    places = {
        "day 22": f"dora.series WHERE {SCOPE} AND grain = 'day' "
                  f"AND bucket_start = to_timestamp({moment('22 00:00')})",
        "7 days": f"dora.current WHERE {SCOPE} AND window_days = 7",
        "28 days": f"dora.current WHERE {SCOPE} AND window_days = 28",
    }
    for place, where in places.items():
        rows = {row["metric"]: row for row in example.sql(
            f"SELECT *, {seconds_of('oldest_open_at').replace('AS ', 'AS open_since_')} "
            f"FROM {where}")}
        for page in example.tables["The numbers"]:
            cell, column = page[place], page["column"]
            row = rows.get(page["metric"])
            what = f"{page['metric']} {column}, {place}"
            if cell == "":
                continue  # there is no such column
            if cell == "no row" or row is None:
                differences.compare(what, "a row" if row else "no row", cell)
            elif column == "oldest_open_at":
                differences.compare(what, row["open_since_oldest_open_at"],
                                    "" if cell == "NULL" else str(moment(cell)))
            else:
                unit = HOUR if column in DURATIONS else 1
                differences.compare(what, number(row[column]), worked_out(cell) * unit)


# ---- dorad explain ----

def explain(example, metric, day, *options):
    bucket = datetime.datetime.fromtimestamp(moment(f"{day} 12:00"), datetime.timezone.utc)
    done = subprocess.run([example.dorad, "explain", "shop", metric, f"{bucket:%Y-%m-%d}",
                           "--config", example.config, *options],
                          capture_output=True, text=True,
                          env={**os.environ, "STATE_DIRECTORY": f"{example.top}/state"})
    if done.returncode:
        sys.exit(f"dorad explain {metric} {bucket}: {done.returncode} {done.stderr}")
    return done.stdout


def told(example, row):
    """A row of the answer in the words of the page."""
    if row["part"] == "evidence":
        by = re.search(r"^by (\S+)|^pager (\S+)|; after (\S+)", row["detail"] or "")
        name = by and plain(by[1] or by[2] or by[3]).strip(",")
        return f"{row['what']} {name or row['detail']}"
    name = plain(example.short(row["name"]))
    return f"{name} {row['reason']}" if row["part"] == "left_out" else name


def as_people_read(seconds):
    """3723 is 1h 2m."""
    left, words = int(float(seconds)), []
    for suffix, unit in (("d", 24 * HOUR), ("h", HOUR), ("m", 60), ("s", 1)):
        words.append(f"{left // unit}{suffix}" if left >= unit else "")
        left %= unit
    first = next((i for i, word in enumerate(words) if word), None)
    return "0s" if first is None else " ".join(filter(None, words[first:first + 2]))


def figures_have_units(example, what, row, text, differences):
    """Names that end in _seconds are the columns of dora.series, and are spans in the text."""
    unit = {"deployment_frequency": "rollouts", "change_fail_rate": "ratio",
            "deployment_rework_rate": "ratio"}.get(row["what"], "seconds")
    figures, line = row["figures"], next(x for x in text.splitlines() if row["what"] in x)
    differences.compare(f"{what}: unit", figures["unit"], unit)
    series = example.sql(f"""SELECT n, value, numerator, denominator, pending, still_open,
        p50 AS p50_seconds, p75 AS p75_seconds, p90 AS p90_seconds, p95 AS p95_seconds,
        mean AS mean_seconds FROM dora.series WHERE {SCOPE} AND metric = '{row["what"]}'
        AND grain = 'day' AND bucket_start = '{row["at"]}'""")[0]
    for name, value in series.items():
        differences.compare(f"{what}: {name}", figures.get(name), number(value))
        if value and name.endswith("_seconds"):
            word = {"p50_seconds": "median"}.get(name, name.removesuffix("_seconds"))
            differences.compare(f"{what}: {name} is told", f"{word} {as_people_read(value)}"
                                in line, True)


def test_explained(example, differences):
    parts = {"used": "used", "left_out": "left out", "open": "open", "evidence": "evidence"}
    for page in example.tables["Why is it that number"]:
        what = f"explain {page['metric']} of day {page['day']}"
        rows = json.loads(explain(example, page["metric"], page["day"], "--format", "json"))
        text = explain(example, page["metric"], page["day"])
        for part, heading in parts.items():
            got = sorted(told(example, row) for row in rows if row["part"] == part)
            differences.compare(f"{what}: {heading}", got,
                                sorted(filter(None, page[heading].split(", "))))
        for row in rows:
            differences.compare(f"{what}: the text has {row['name']}",
                                row["name"] in text, True)
            if row["part"] == "number":
                figures_have_units(example, what, row, text, differences)
            elif row["seconds"] is not None and row["part"] != "open":
                differences.compare(f"{what}: {row['name']} in units",
                                    as_people_read(row["seconds"]) in text, True)
        differences.compare(f"{what}: sources", sorted(
            row["name"] for row in rows if row["part"] == "source"),
            ["deployer", "pager", "shop"])
        differences.compare(f"{what}: the number's definitions", *(
            len([row for row in rows if row["part"] == part])
            for part in ("definition", "number")))


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        left = moment(f"{TODAY} 00:00") + 24 * HOUR - time.time()
        if left < 120:  # so that today is one day throughout
            time.sleep(left + 1)
        example = Example(sys.argv[1], sys.argv[2], top)
        example.build()
        example.run()
        differences = Differences()
        for test in (test_rollouts, test_commits, test_changes, test_incidents,
                      test_numbers, test_explained):
            test(example, differences)
        print("\n".join(differences.found))
        print(f"{differences.n} comparisons, {len(differences.found)} differences")
        if differences.found:
            sys.exit(1)


main()
