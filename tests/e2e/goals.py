#!/usr/bin/python3
"""goals.py DORAD

Samples of KPIs from a query, JSON, a Prometheus and a file; sources that fail; the correlation
with what was deployed, computed here once more; and the gate. Wants DORAD_TEST_PG
(tests/with_postgres).
"""
import json
import math
import os
import subprocess
import sys
import tempfile
import time

from events import HOUR, World, expect
from kpi_sources import Desk, Prometheus
from rig import CONNINFO, database_uri, fresh_database, sql

DAY, WEEK = 24 * HOUR, 7 * 24 * HOUR
TOKEN = "canary-of-a-desk-token"
# Deployments of 14 weeks, and what was sold in each: with equal values on both sides.
DEPLOYED = [3, 1, 4, 1, 5, 2, 2, 6, 3, 5, 4, 2, 1, 4]
SOLD = [20, 35, 10, 40, 15, 55, 20, 25, 60, 35, 50, 45, 20, 10]


def monday(at):
    return at - (at - 4 * DAY) % WEEK


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def date(at):
    return time.strftime("%Y-%m-%d", time.gmtime(at))


class Goals(World):
    def __init__(self, dorad, top):
        super().__init__(dorad, top, "goals")
        self.now = int(time.time())
        self.first = monday(self.now) - len(DEPLOYED) * WEEK
        self.shop = self.repository("shop", self.first)
        self.service("shop", [{"from": "trunk"}], {"repository": "shop"})
        for week, n in enumerate(DEPLOYED):
            for i in range(n):
                self.shop.hours = week * 168 + 30 + i * 20
                self.shop.commit(*(["main"] if week or i else []))
        self.warehouse = fresh_database("warehouse")
        sql(self.warehouse, "CREATE TABLE sale (day date PRIMARY KEY, amount numeric);")
        for week, amount in enumerate(SOLD):
            self.sell(week, amount)
        self.desk = Desk(TOKEN)
        self.desk.rows = [(date(self.first), 7), (date(self.first + DAY), "8.5"),
                          (date(self.first + 2 * DAY), None), (date(self.now + 3 * DAY), 99)]
        self.hour = self.now // HOUR * HOUR
        self.prometheus = Prometheus(f"{top}/prometheus", sorted(
            [("up", 'shop="a"', i, self.hour - (48 - i) * HOUR) for i in range(40)
             if not 10 <= i < 20] +
            [("up", 'shop="b"', 1, self.hour - (48 - i) * HOUR) for i in range(40)],
            key=lambda row: row[3]))
        with open(f"{self.top}/load.csv", "w", encoding="utf-8", newline="") as out:
            out.write('\ufeffday,"who, and where",load\r\n'
                      f'{date(self.first)},"a ""b"", c",1.5\r\n\r\n{date(self.first + DAY)},x,\r\n'
                      f'{stamp(self.first + 2 * DAY)},"two\nlines",2e1')
        self.env = {**os.environ, "DESK_TOKEN": TOKEN}
        self.configure()

    def configure(self):
        auth = {"header": "X-Desk-Key", "prefix": "key="}
        self.config["kpis"] = [
            {"name": "sold", "target": 100, "aggregate": "sum", "history": "365d",
             "sql": {"uri": f"{CONNINFO} dbname=warehouse",
                     "query": "SELECT day AS time, amount AS value FROM sale WHERE day >= $1"}},
            {"name": "tickets", "time_zone": "Europe/Berlin", "better": "lower", "target": 8,
             "http": {"url": f"{self.desk.url}/stats?kind=opened&from={{since}}",
                      "token": {"env": "DESK_TOKEN"}, "auth": auth,
                      "list": "/data/rows", "time": "/0", "value": "/1"}},
            {"name": "up", "aggregate": "max",
             "prometheus": {"url": self.prometheus.url + "/", "query": 'up{shop="a"} * 1'}},
            {"name": "load", "aggregate": "mean",
             "csv": {"file": f"{self.top}/load.csv", "time": "day", "value": "load"}},
            # a date is a midnight of the KPI's zone
            {"name": "zoned", "time_zone": "Europe/Berlin",
             "sql": {"uri": f"{CONNINFO} dbname=warehouse",
                     "query": "SELECT day::timestamptz AS time, amount AS value FROM sale"
                              f" WHERE day = '{date(self.first + DAY)}' AND day >= $1"}},
            {"name": "often", "target": 3,
             "dora": {"metric": "deployment_frequency", "service": "shop"}}]
        self.config["north_star"] = {
            "vision": "Everything is sold.", "metric": "sold", "target": 50,
            "supporting": ["tickets", "often"]}
        self.config["guardrails"] = [
            {"name": "some", "metric": "deployment_frequency", "service": "shop",
             "at_least": 1},
            {"name": "many", "metric": "deployment_frequency", "statistic": "n",
             "team": "team", "at_least": 1000, "over": "90d"},
            {"name": "fast", "metric": "change_lead_time", "statistic": "p90",
             "service": "shop", "at_least": "1d", "over": "90d"},
            {"name": "safe", "metric": "change_fail_rate", "service": "shop",
             "at_most": "15%", "minimum": 1000000}]

    def sell(self, week, amount):
        sql("warehouse", f"INSERT INTO sale VALUES ('{date(self.first + week * WEEK + DAY)}',"
            f" {amount}) ON CONFLICT (day) DO UPDATE SET amount = excluded.amount")

    def kpi(self, name):
        return next(kpi for kpi in self.config["kpis"] if kpi["name"] == name)

    def call(self, *words):
        """(status, output, errors); whatever is said, no secret is."""
        path = f"{self.top}/dorad.yaml"
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"database": {"uri": database_uri(self.database)}, **self.config}, out)
        done = subprocess.run([self.dorad, *words, "--config", path], env=self.env,
                              capture_output=True, text=True, timeout=120)
        if TOKEN in done.stdout + done.stderr:
            sys.exit(f"{words}: a secret is told: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def poll(self, status=0):
        got, _, errors = self.call("once", "--cache-dir", f"{self.top}/cache",
                                   "--state-dir", f"{self.top}/state")
        if got != status:
            sys.exit(f"dorad once: status {got}, expected {status}\n{errors}")
        return errors

    def samples(self, name):
        return self.column(
            "SELECT to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || ' ' || value"
            " FROM dorad.kpi_sample JOIN dorad.kpi USING (kpi_id)"
            f" WHERE name = '{name}' ORDER BY at")

    def versions(self):
        return self.column("SELECT ctid || ' ' || xmin FROM dorad.kpi_sample ORDER BY 1")


# ---- samples ----

def first_poll(world):
    errors = world.poll()
    expect("samples of a query", world.samples("sold"),
           [f"{stamp(world.first + week * WEEK + DAY)} {amount}"
            for week, amount in enumerate(SOLD)])
    expect("samples in a zone", world.samples("zoned"),
           [f"{stamp(berlin(world.first + DAY))} {SOLD[0]}"])
    # midnight in Berlin is an hour or two before; null is none, and the future waits
    expect("samples of JSON", world.samples("tickets"), [
        f"{stamp(berlin(world.first))} 7", f"{stamp(berlin(world.first + DAY))} 8.5"])
    expect("since is filled in", world.desk.asked[0].startswith("/stats?kind=opened&from=20"),
           True)
    expect("samples of a Prometheus", world.samples("up"),
           [f"{stamp(world.hour - (48 - i) * HOUR)} {i}" for i in range(40)
            if not 10 <= i < 20])
    expect("samples of a file", world.samples("load"), [
        f"{stamp(world.first)} 1.5", f"{stamp(world.first + 2 * DAY)} 20"])
    before = world.versions()
    world.desk.asked.clear()
    world.poll()
    expect("nothing new: no row is touched", world.versions(), before)
    expect("only the overlap is asked for", world.desk.asked[0].split("from=")[1],
           stamp(max(berlin(world.first + DAY) - 30 * DAY, 0)))
    return errors


def berlin(midnight):
    """Midnight of the same date in Berlin."""
    row = sql("postgres", f"SELECT extract(epoch FROM timestamp '{date(midnight)}'"
              " AT TIME ZONE 'Europe/Berlin')::bigint AS at")
    return int(row[0]["at"])


def late_and_corrected(world):
    world.sell(13, 11)  # corrected
    sql("warehouse", f"INSERT INTO sale VALUES ('{date(world.first + 12 * WEEK)}', 5)")  # late
    world.sell(0, 999)  # beyond the overlap: nobody looks there any more
    world.desk.rows[1] = (world.desk.rows[1][0], 9)
    world.poll()
    got = world.samples("sold")
    expect("late and corrected samples", [got[0].split()[1], got[-3], got[-1].split()[1]],
           ["20", f"{stamp(world.first + 12 * WEEK)} 5", "11"])
    expect("JSON is read whole", world.samples("tickets")[1].split()[1], "9")
    sql("warehouse", f"DELETE FROM sale WHERE day = '{date(world.first + 12 * WEEK)}'")
    world.sell(13, SOLD[13])
    sql(world.database, "INSERT INTO dorad.kpi_sample"
        " SELECT kpi_id, '2019-01-01T00:00Z', 7 FROM dorad.kpi WHERE name = 'sold'")
    known = world.column("SELECT known_from FROM dorad.kpi WHERE name = 'sold'")
    world.kpi("sold")["history"] = "300d"
    world.poll()
    expect("another history keeps what is older", world.samples("sold")[0],
           "2019-01-01T00:00:00Z 7")
    expect("of which as much is known", world.column(
        "SELECT known_from FROM dorad.kpi WHERE name = 'sold'"), known)
    world.kpi("sold")["sql"]["query"] += " AND true"
    world.poll()
    expect("another definition replaces all",
           [line.split()[1] for line in world.samples("sold")], ["999"] + [
               str(amount) for amount in SOLD[1:]])
    world.sell(0, SOLD[0])
    world.kpi("sold")["sql"]["query"] += " AND 1 = 1"
    world.poll()


# ---- failures ----

def fails(world, name, words, change=None, kind=None):
    """A poll with a change fails with these words, and leaves all samples as they were."""
    before, kept = world.versions(), json.dumps(world.config)
    if change:
        change()
    errors = world.poll(status=1)
    told = world.sql("SELECT failing, failure FROM dora.sources"
                     f" WHERE source = '{name}'")[0]
    if words not in told["failure"] or words not in errors or told["failing"] != "t":
        sys.exit(f"{name}: {told} {errors}, expected \"{words}\"")
    if TOKEN in told["failure"]:
        sys.exit(f"{name}: a secret is stored: {told}")
    expect(f"{name}: {words}: samples stay", world.versions(), before)
    world.config = json.loads(kept)


def failures(world):
    desk = world.desk
    for mode, words in (("500", "no answer now (500): out to lunch"), ("garbage", "JSON"),
                        ("moved", "moved elsewhere (302): set url"),
                        ("another", "there is no list at \"/data/rows\""),
                        ("words", "value: expected a number, found \"many\""),
                        ("timeless", "time: missing"), ("twice", "two values at 2026-01-04T23"),
                        ("huge", "too big")):
        desk.mode = mode
        fails(world, "tickets", words)
    desk.mode = "good"
    desk.token, refused = "another", desk.token
    fails(world, "tickets", "the token was refused (401)")
    desk.token = refused
    del world.env["DESK_TOKEN"]
    fails(world, "tickets", "DESK_TOKEN")
    world.env["DESK_TOKEN"] = TOKEN

    def query(name, source, text):
        return lambda: world.kpi(name)[source].update(query=text)

    for text, words in (
            ("SELECT day AS time FROM sale WHERE day >= $1", "no column \"value\""),
            ("SELECT day AS time, 1 AS value, 2 AS more FROM sale WHERE day >= $1",
             "a column \"more\""),
            ("SELECT day AS time, 'x' AS value FROM sale WHERE day >= $1",
             "expected a number, found \"x\""),
            ("SELECT 'soon' AS time, 1 AS value FROM sale WHERE day >= $1", "expected a time"),
            ("SELECT $1 + g * interval '1 s' AS time, 1 AS value "
             "FROM generate_series(1, 100001) g", "more than 100000 samples"),
            ("WITH gone AS (DELETE FROM sale WHERE day >= $1 RETURNING day) "
             "SELECT day AS time, 1 AS value FROM gone", "0A000")):
        fails(world, "sold", words, query("sold", "sql", text))
    fails(world, "sold", "nowhere", lambda: world.kpi("sold")["sql"].update(
        uri=f"{CONNINFO} dbname=nowhere"))
    fails(world, "up", "gives 2 series, expected one", query("up", "prometheus", "up"))
    fails(world, "up", "refused the request (400): 1:7: parse error",
          query("up", "prometheus", "sum(up"))
    fails(world, "up", "not one of Prometheus", lambda: world.kpi("up").update(
        prometheus={"url": desk.url, "query": "up"}))

    path = f"{world.top}/load.csv"
    with open(path, encoding="utf-8", newline="") as file:
        whole = file.read()
    for text, words in (("day,value\n", "no column \"load\""),
                        ("day,load\n2026-01-05,1,2\n", "line 2: not as many columns"),
                        ("day,load\n2026-01-05,\"1\n", "line 2: a quote has no end"),
                        ("day,load\n\n2026-01-05,0x10\n",
                         "line 3: value: expected a number, found \"0x10\""),
                        ("day,load\n01/05/26,1\n", "line 2: time: expected a time"),
                        ("day,load\n1066-10-14,1\n", "before 1971"),
                        ("day,load\n\0", "is not text"),
                        ("day,load\n" + "x" * (9 << 20), "too big")):
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        fails(world, "load", words)
    os.unlink(path)
    fails(world, "load", "No such file")
    os.mkfifo(path)
    fails(world, "load", "is not a file")
    os.unlink(path)
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write(whole)
    world.prometheus.stop()
    fails(world, "up", "127.0.0.1")
    world.kpi("up")["prometheus"]["url"] = world.prometheus.url
    world.config["kpis"] = [kpi for kpi in world.config["kpis"] if kpi["name"] != "up"]
    world.poll()
    expect("all is well again", world.column(
        "SELECT source FROM dora.sources WHERE failing AND source <> 'up'"), [])


# ---- views ----

def ranks(values):
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def spearman(one, other):
    """By its definition, from differences of means; None where it is not defined."""
    a, b = ranks(one), ranks(other)
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    products = sum((x - ma) * (y - mb) for x, y in zip(a, b))
    squares = sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b)
    return products / math.sqrt(squares) if len(a) >= 4 and squares else None


def correlation(world):
    got = world.sql("SELECT lag_weeks, n, spearman FROM dora.kpi_correlation WHERE kpi = 'sold'"
                    " AND service = 'shop' AND metric = 'deployment_frequency'"
                    " ORDER BY lag_weeks")
    expect("lags", [(int(row["lag_weeks"]), int(row["n"])) for row in got],
           [(lag, len(SOLD) - lag) for lag in range(9)])
    for row in got:
        lag = int(row["lag_weeks"])
        wanted = spearman(DEPLOYED[:len(SOLD) - lag], SOLD[lag:])
        if abs(float(row["spearman"]) - wanted) > 1e-12:
            sys.exit(f"lag {lag}: {row['spearman']}, expected {wanted}")
    expect("the same for team and org", world.column(
        "SELECT count(DISTINCT spearman) FROM dora.kpi_correlation WHERE kpi = 'sold'"
        " AND metric = 'deployment_frequency' AND lag_weeks = 3"), ["1"])
    expect("numbers of our own are not correlated", world.column(
        "SELECT count(*) FROM dora.kpi_correlation WHERE kpi = 'often'"), ["0"])


def figures(world):
    expect("a KPI of our own, by week", world.column(
        "SELECT value FROM dora.kpi WHERE kpi = 'often' AND grain = 'week' AND complete"
        " ORDER BY period_start"), [str(n) for n in DEPLOYED])
    expect("and its target", world.column(
        "SELECT status FROM dora.kpi WHERE kpi = 'often' AND grain = 'week' AND complete"
        " ORDER BY period_start"), ["met" if n >= 3 else "missed" for n in DEPLOYED])
    rows = world.sql("SELECT value, attainment, change, complete, risks FROM dora.north_star"
                     " ORDER BY period_start")
    expect("the north star", [(float(row["value"]), float(row["attainment"]))
                              for row in rows[:len(SOLD)]],
           [(amount, amount / 50) for amount in SOLD])
    expect("its changes", [row["change"] for row in rows[:3]], ["", "15", "-25"])
    expect("the week that runs", (len(rows), rows[-1]["value"], rows[-1]["complete"]),
           (len(SOLD) + 1, "", "f"))
    expect("its risks", rows[0]["risks"], "{fast,many}")


# ---- the gate ----

def gate(world):
    status, out, _ = world.call("gate")
    expect("a breached guardrail closes the gate", status, 1)
    for words in ("ok        some: value of deployment_frequency of service shop, production, "
                  "over the 28 days to ",
                  "BREACHED  many: n of deployment_frequency of team team, production, over the "
                  "90 days to ", "limit at least 1000; n ", "0s (0 s), limit at least 1d (86400 s); n ",
                  "no data   safe: value of change_fail_rate", "why: SELECT r.* FROM dora.",
                  "facts known until 20",
                  "4 guardrails: 2 breached, 1 without data: the gate is closed"):
        if words not in out:
            sys.exit(f"gate: no \"{words}\" in:\n{out}")
    for words, wanted in ((("--guardrail", "some"), 0), (("--guardrail", "many"), 1),
                          (("--service", "shop"), 1), (("--team", "team"), 1),
                          (("--org", "org"), 64),
                          (("--service", "shop", "--guardrail", "many"), 64),
                          (("--guardrail", "safe"), 0),
                          (("--guardrail", "safe", "--no-data", "fail"), 1),
                          (("--guardrail", "none"), 64), (("--service", "shopp"), 64),
                          (("--service", "shop", "--team", "team"), 64),
                          (("--format", "xml"), 64), (("--no-data", "maybe"), 64),
                          (("shop",), 64)):
        expect(f"gate {' '.join(words)}", world.call("gate", *words)[0], wanted)

    status, out, _ = world.call("gate", "--service", "shop", "--format", "json")
    told = json.loads(out)
    expect("JSON", (status, told["open"], {row["guardrail"]: row["status"]
                                           for row in told["guardrails"]}),
           (1, False, {"fast": "breached", "safe": "no data", "some": "ok"}))
    for row in told["guardrails"]:
        if row["guardrail"] == "safe":
            continue
        expect(f"as many rows as samples: {row['why']}", len(world.sql(row["why"])), row["n"])

    world.config["guardrails"].append({
        "name": "new", "metric": "deployment_frequency", "org": "org", "at_least": 1})
    for words in ((), ("--guardrail", "new"), ("--org", "org")):
        status, _, errors = world.call("gate", *words)
        expect(f"what the daemon has not read: {words}",
               (status, "has not taken this configuration yet, reload it" in errors), (78, True))
    expect("what is not asked for is of no interest",
           world.call("gate", "--guardrail", "some")[0], 0)
    world.config["guardrails"][-1]["org"] = "other"
    expect("a wrong configuration", world.call("gate")[0], 78)
    world.config["guardrails"].pop()
    world.config["guardrails"][0]["at_least"] = 1000
    expect("another limit than the daemon's", world.call("gate", "--guardrail", "some")[0], 78)
    world.config["guardrails"][0]["at_least"] = 1
    kept = world.config.pop("guardrails")
    expect("no guardrails at all", world.call("gate")[0], 78)
    world.config["guardrails"] = kept
    sql(world.database, "UPDATE dorad.source SET ok_at = ok_at - interval '3 days'")
    status, out, _ = world.call("gate", "--guardrail", "some")
    expect("old numbers", (status, "stale     some" in out, "too old to tell" in out),
           (0, True, True))
    expect("old numbers, where no data fails", world.call(
        "gate", "--guardrail", "some", "--no-data", "fail")[0], 1)
    sql(world.database, "UPDATE dorad.source SET ok_at = ok_at + interval '3 days'")
    database, world.database = world.database, "nowhere"
    expect("a database that is not there", world.call("gate")[0], 78)
    world.database = fresh_database("empty")
    expect("one that was never prepared", world.call("gate")[0], 78)
    world.database = database
    os.environ["DORAD_TEST_PGBOUNCER"] = "host=/nonexistent user=x"
    status, _, errors = world.call("gate")
    expect("one that cannot be reached", (status, "may work at another time" in errors or errors),
           (69, True))
    del os.environ["DORAD_TEST_PGBOUNCER"]
    sql("postgres", "CREATE ROLE stranger LOGIN")
    world.database = f"{database} user=stranger"
    expect("one that refuses us", world.call("gate")[0], 78)
    world.database = database


def doctor(world):
    status, out, _ = world.call("doctor", "tickets", "--since", "365d")
    expect("the doctor", (status, "2 samples from " in out, "1 of the future" in out),
           (0, True, True))
    world.desk.mode = "500"
    status, out, _ = world.call("doctor", "tickets")
    expect("the doctor, of a failure", (status, "WRONG  samples: " in out), (1, True))
    world.desk.mode = "good"


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Goals(sys.argv[1], top)
        try:
            first_poll(world)
            late_and_corrected(world)
            doctor(world)
            correlation(world)
            figures(world)
            gate(world)
            failures(world)
        finally:
            world.prometheus.stop()


main()
