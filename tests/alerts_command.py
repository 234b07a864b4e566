#!/usr/bin/python3
"""alerts_command.py DORAD: what `dorad alerts` tells of alerts and does to them, for people and
programs, and how it ends. Wants DORAD_TEST_PG (tests/with_postgres)."""
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "e2e"))
from rig import CONNINFO, GIT_ENV, database_uri, fresh_database, once, sql  # noqa: E402

CONFIG = """
database:
  uri: "{uri}"
sources:
  git:
    - name: shop
      url: {repository}
      allow_file: true
orgs:
  - name: acme
teams:
  - name: checkout
    org: acme
  - name: other
    org: acme
services:
  - name: payments
    team: checkout
    components:
      - repository: shop
    deployments:
      - from: trunk
guardrails:
  - name: slow
    metric: change_lead_time
    service: payments
    at_most: 2d
alerts:
  channels:
    - name: ops
      journal: true
"""

# A service's regression that was told, a guardrail of its team, an improvement, what the daemon
# says of itself, and one that is over.
WORLD = """
TRUNCATE dorad.watch RESTART IDENTITY CASCADE;
CREATE FUNCTION pg_temp.scope(k text, n text) RETURNS int LANGUAGE sql AS
    'SELECT scope_id FROM dorad.scope WHERE kind = k AND name = n';
INSERT INTO dorad.watch (scope_id, kind, name, metric, environment, direction, state, silent,
    judged, since, streak, calm, quiet, suspected, fired, frozen_base, frozen_low, frozen_high,
    frozen_effect, frozen_onset, worsened, lacking, score, ratio)
SELECT s, k, n, m, e, d, 'firing', false, '2026-03-20', '2026-03-20', 0, 0, 0, '2026-03-18',
    '2026-03-20', 1, 0, 2, 0.7, '2026-03-03', false, 0, 2.639, 2.1
FROM (VALUES (pg_temp.scope('service', 'payments'), 'regression', '', 'change_lead_time',
        'production', 'worse'),
    (pg_temp.scope('team', 'checkout'), 'guardrail', 'few failures', 'change_fail_rate',
        'production', 'worse'),
    (pg_temp.scope('service', 'payments'), 'regression', '', 'deployment_frequency',
        'production', 'better'),
    (NULL, 'self', E'git\\x1bhub', 'source_stale', '', 'worse'),
    (pg_temp.scope('service', 'payments'), 'regression', '', 'change_fail_rate', 'production',
        'worse')) AS w (s, k, n, m, e, d);
INSERT INTO dorad.alert_group (scope_id, made_at) VALUES (pg_temp.scope('team', 'checkout'), now());
INSERT INTO dorad.alert (watch_id, group_id, scope_id, org, team, service, kind, name, metric,
    environment, direction, state, rule, sensitivity, engine, time_zone, onset, first_seen_at,
    fired_at, window_size,
    threshold, score, effect, ratio, ratio_lo, ratio_hi, before_from, before_to, before_n,
    before_median, before_p85, before_rate, before_failed, after_from, after_to, after_n,
    after_median, after_p85, after_rate, after_failed, parts, false_alerts, reason)
SELECT watch_id, CASE WHEN direction = 'worse' THEN 1 END, scope_id, org, team, service, kind,
    name, metric, environment, direction, 'firing',
    CASE kind WHEN 'regression' THEN 'default' END, CASE kind WHEN 'regression' THEN 'default' END,
    CASE WHEN kind = 'regression' THEN CASE metric WHEN 'change_lead_time' THEN 'level'
        WHEN 'change_fail_rate' THEN 'share' ELSE 'count' END END,
    'Europe/Berlin', '2026-03-02 23:00Z', '2026-03-18 23:00Z', '2026-03-20 23:00Z', 3,
    CASE kind WHEN 'regression' THEN 1.6 END, CASE kind WHEN 'regression' THEN ln(14) END, ln(2.1),
    CASE kind WHEN 'regression' THEN 2.1 END, 1.4, 3, '2025-05-27', '2026-03-02', 402, 68400,
    252000, 0.15, 0, '2026-03-03', '2026-03-20', 38, 147600, 532800, 0.21, 4,
    CASE metric WHEN 'change_lead_time' THEN '[{"name": "payments", "n": 21, "of": 38}]'::jsonb END,
    0.25, CASE kind WHEN 'self' THEN 'nothing was read for two days' END
FROM (SELECT w.*, s.org, s.team, s.service FROM dorad.watch w
    LEFT JOIN dorad.scope s USING (scope_id)) w ORDER BY watch_id;
UPDATE dorad.watch w SET alert_id = a.alert_id FROM dorad.alert a WHERE a.watch_id = w.watch_id;
INSERT INTO dorad.alert_event (watch_id, alert_id, event, at, recorded_at, score, ratio)
SELECT watch_id, alert_id, 'fired', fired_at, '2026-03-21 06:00Z', score, ratio FROM dorad.alert
ORDER BY alert_id;
INSERT INTO dorad.outbox (event_id, alert_id, group_id, channel, state, attempts, due_at, failure,
    delivered_at)
SELECT event_id, alert_id, 1, 'ops', 'delivered', 1, now(), 'it hung', '2026-03-21 06:01Z'
FROM dorad.alert_event WHERE alert_id = 1;
UPDATE dorad.watch SET alert_id = NULL, state = 'ok' WHERE watch_id = 5;
UPDATE dorad.alert SET state = 'resolved', ended_at = '2026-04-20 22:00Z' WHERE alert_id = 5;
"""


# Words, status, and what is said on standard error.
WRONG = [
    ([], 64, "usage: dorad alerts list"),
    (["sing"], 64, 'there is no "sing"'),
    (["list", "17"], 64, 'unexpected argument "17"'),
    (["list", "--format", "xml"], 64, '--format: expected text or json, found "xml"'),
    (["list", "--team", "nobody"], 64, 'there is no team "nobody"'),
    (["list", "--team", "checkout", "--org", "acme"], 64,
     "expected one of --service, --team and --org"),
    (["show"], 64, "expected a number"),
    (["show", "x"], 64, 'expected a number, found "x"'),
    (["show", "99"], 65, "dorad alerts show: there is no alert 99"),
    (["show", "99", "--format", "json"], 65, "there is no alert 99"),
    (["ack", "99"], 65, "no alert 99 fires"),
    (["ack", "5"], 65, "no alert 5 fires"),
    (["accept", "5"], 65, "no alert 5 fires"),
    (["accept", "2"], 65, "a guardrail is a limit of the configuration"),
    (["accept", "4"], 65, "what the daemon says of itself is mended, or muted"),
    (["unmute", "7"], 65, "there is no mute 7"),
    (["mute", "1", "--for", "7d"], 64, "expected --reason"),
    (["mute", "--for", "7d", "--reason", "x"], 64,
     "expected an alert, --service, --team, --org or --metric"),
    (["mute", "1", "--reason", "x"], 64, "expected one of --until and --for"),
    (["mute", "1", "--for", "soon", "--reason", "x"], 64, "expected a span such as 7d"),
    (["mute", "1", "--until", "soon", "--reason", "x"], 64, "expected a date (2026-12-01)"),
    (["mute", "1", "--until", "2020-01-01", "--reason", "x"], 64, "2020-01-01 has gone by"),
    (["mute", "--metric", "joy", "--for", "1d", "--reason", "x"], 64, 'there is no metric "joy"'),
    (["mute", "--service", "x", "--for", "1d", "--reason", "x"], 64, 'there is no service "x"'),
    (["mute", "1", "--team", "other", "--for", "1d", "--reason", "x"], 64,
     "expected an alert alone, or --service, --team, --org or --metric"),
    (["mute", "1", "--metric", "change_lead_time", "--for", "1d", "--reason", "x"], 64,
     "expected an alert alone"),
    (["mute", "99", "--for", "1d", "--reason", "x"], 65, "there is no alert 99"),
    (["replay"], 64, "expected --since"),
    (["replay", "--since", "soon"], 64, '--since: "soon", expected a date such as 2026-03-02'),
    (["replay", "--since", "2190-01-01"], 64, "nothing is judged yet from 2190-01-01 on"),
    (["replay", "--since", f"{datetime.now(timezone.utc):%Y-%m-%d}"], 64,
     "nothing is judged yet from 20"),
    (["replay", "--since", "2026-01-01", "--rule", "a", "--guardrail", "b"], 64,
     "expected one of --rule and --guardrail"),
    (["replay", "--since", "2026-01-01", "--rule", "a"], 64, 'has no rule "a"'),
    (["replay", "--since", "2026-01-01", "--guardrail", "b"], 64, 'has no guardrail "b"'),
    (["replay", "--since", "2026-01-01", "--guardrail", "slow", "--org", "acme"], 64,
     'guardrail "slow" is about another scope'),
    (["replay", "--since", "2026-01-01", "--team", "nobody"], 64, 'there is no team "nobody"'),
]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, expected {wanted!r}")


def has(what, text, *parts):
    for part in parts:
        if part not in text:
            sys.exit(f"{what}: {part!r} is not in\n{text}")


class Alerts:
    def __init__(self, dorad, top):
        self.dorad, self.top = dorad, top
        self.database = fresh_database("alerts")
        repository = f"{top}/shop"
        for args in (["init", "-q", "-b", "main", repository],
                     ["-C", repository, "commit", "-q", "--allow-empty", "-m", "1"]):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *args],
                           check=True, env=GIT_ENV)
        self.config = self.write("dorad", database_uri(self.database), repository)
        once(dorad, self.config, top)
        sql(self.database, WORLD)
        sql(self.database, "CREATE ROLE looker LOGIN IN ROLE dora_reader;")
        uri = " ".join(part for part in CONNINFO.split()
                       if not part.startswith(("dbname=", "user=")))
        self.looker = self.write("looker", f"{uri} user=looker dbname={self.database}", repository)
        self.bare = self.write("bare", database_uri(fresh_database("bare")), repository)
        self.nowhere = self.write("nowhere", f"host={top} dbname=x user=x", repository)

    def write(self, name, uri, repository):
        path = f"{self.top}/{name}.yaml"
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(uri=uri, repository=repository))
        return path

    def call(self, *words, config=None, locale="C.UTF-8"):
        done = subprocess.run([self.dorad, "alerts", *words] +
                              (["--config", config or self.config] if words else []),
                              capture_output=True, text=True, env={
                                  "PATH": os.environ["PATH"], "LC_ALL": locale})
        return done.returncode, done.stdout, done.stderr

    def told(self, *words, config=None):
        status, out, errors = self.call(*words, config=config)
        expect(words, (status, errors), (0, ""))
        return out

    def ids(self, *words):
        return [row["alert"] for row in json.loads(self.told("list", "--format", "json", *words))]


def check_list(world):
    table = world.told("list").splitlines()
    expect("heading", table[0].split(),
           ["id", "state", "since", "scope", "metric", "change", "evidence"])
    expect("table", [line.split()[:3] for line in table[1:]],
           [["4", "firing", "2026-03-03"], ["2", "firing", "2026-03-03"],
            ["1", "firing", "2026-03-03"]])
    has("rows", table[3], "payments", "change_lead_time", "2.1×", "14 : 1, strong")
    has("a guardrail", table[2], "checkout (team)", "change_fail_rate (few failures)",
        "21 %, at most 15 %")
    has("the daemon", table[1], "(dorad)", "source_stale")
    expect("what is no text", [char for char in "".join(table) if ord(char) < 32], [])
    expect("those that ended", world.ids("--all"), [5, 4, 2, 1])
    expect("what got better", world.ids("--improvements"), [4, 3, 2, 1])
    expect("of a service", world.ids("--service", "payments"), [1])
    expect("of a team", world.ids("--team", "checkout"), [2, 1])
    expect("of another", world.ids("--team", "other"), [])
    expect("none", world.told("list", "--team", "other"), "no alerts\n")
    expect("of an org", world.ids("--org", "acme"), [2, 1])
    row = json.loads(world.told("list", "--format", "json", "--service", "payments"))[0]
    expect("a row", {key: row[key] for key in (
        "kind", "org", "team", "service", "state", "strength", "onset", "ratio", "parts")}, {
            "kind": "regression", "org": "acme", "team": "checkout", "service": "payments",
            "state": "firing", "strength": "strong", "onset": "2026-03-02T23:00:00+00:00",
            "ratio": 2.1, "parts": [{"n": 21, "of": 38, "name": "payments"}]})


def check_show(world):
    text = world.told("show", "1")
    has("show", text, "alert 1: change_lead_time, payments: firing",
        "2026-03-03, seen 2026-03-18, fired 2026-03-20\n", "2.1×, 90 % range 1.4 to 3×",
        "median 19h, P85 2d 22h, n 402, 2025-05-27 to 2026-03-02",
        "median 1d 17h, P85 6d 4h, n 38, 2026-03-03 to 2026-03-20",
        '14 : 1, strong (rule "default", sensitivity default)', "about 0.25 a year",
        "payments 21 of 38", "2026-03-20            fired, 14 : 1, 2.1×",
        "fired to ops: delivered, failed 1 times: it hung",
        "dorad explain payments change_lead_time 2026-W10 --environment production")
    has("a guardrail", world.told("show", "2"), "few failures", "21 %, at most 15 %",
        "2026-03-20            fired\n",
        "dorad explain checkout change_fail_rate 2026-W10 --team")
    has("the daemon", world.told("show", "4"), "nothing was read for two days",
        "2026-03-20T23:00:00Z  fired\n")
    has("a share", world.told("show", "5"), "21.0 %, 4 of 38", "ended 2026-04-20")
    whole = json.loads(world.told("show", "1", "--format", "json"))
    expect("JSON", (sorted(whole), whole["alert"]["alert"], whole["history"][0]["event"],
                    whole["deliveries"][0]["channel"]),
           (["alert", "deliveries", "history"], 1, "fired", "ops"))


def check_words(world):
    """Commands say what messages say."""
    sql(world.database, """
        UPDATE dorad.alert SET environment = 'eu', metric = 'change_lead_time', unit = 'seconds',
            statistic = 'p95', began_before = true, before_rate = 259200, after_rate = 452100
        WHERE alert_id = 2""")
    has("a span", world.told("list"), "checkout (team, eu)", "5.2 d, at most 72 h")
    has("an environment", world.told("show", "2"), "change_lead_time, checkout (team, eu): firing",
        "since         2026-03-03 or before, seen 2026-03-18",
        "value         P95 of lead time for changes 5.2 d, at most 72 h\n")
    sql(world.database, """
        UPDATE dorad.alert SET kind = 'incident', service = 'payments', name = 'pagerduty Q1XJ',
            before_rate = 50400, after_rate = 273600 WHERE alert_id = 2""")
    has("an incident", world.told("list"), "payments (eu)", "open for 76 h, 95 % at most 14 h")


def check_people(world):
    world.told("ack", "1", "--note", "we know")
    has("acknowledged", world.told("list", "--service", "payments"), "firing, known")
    has("the note", world.told("show", "1"), "we know")
    expect("a mute", world.told("mute", "1", "--until", "2090-01-01", "--reason", "migration"),
           "mute 1 until 2090-01-01T00:00:00Z\n")
    has("for a while", world.told("mute", "--team", "checkout", "--metric", "change_lead_time",
                                  "--for", "7d", "--reason", "a move"), "mute 2 until 20")
    has("mutes", world.told("mutes"), "1  until 2090-01-01T00:00:00Z  alert 1: migration\n",
        " team checkout change_lead_time: a move\n")
    expect("as JSON", [(row["mute"], row["alert"], row["team"], row["reason"]) for row in
                       json.loads(world.told("mutes", "--format", "json"))],
           [(1, 1, None, "migration"), (2, None, "checkout", "a move")])
    has("it is muted", world.told("list", "--service", "payments"), "firing, known, muted")
    has("until", world.told("show", "1"), "muted until   2090-01-01T00:00:00Z")
    expect("words in any tongue, wherever it runs",
           world.call("mute", "--metric", "change_lead_time", "--for", "1h", "--reason",
                      "Umzug: größer", locale="C")[0], 0)
    has("whole seconds", world.told("mutes"), "change_lead_time: Umzug: größer\n")
    expect("a fraction", [line for line in world.told("mutes").splitlines() if "." in line], [])
    world.told("unmute", "3")
    world.told("unmute", "1")
    world.told("unmute", "2")
    expect("once", world.call("unmute", "2")[0], 65)
    expect("none", world.told("mutes"), "no mutes\n")
    for what, words, muted in (
            ("one that is over", ["5"], False),
            ("nobody is told of what got better", ["3"], False),
            ("a metric that is not watched", ["--metric", "lead_time_review"], False),
            ("what the daemon says is no team's", ["--team", "checkout", "--metric",
                                                   "source_stale"], False),
            ("what the daemon says", ["--metric", "source_stale"], True),
            ("of a team's service", ["--team", "checkout", "--metric", "change_lead_time"], True)):
        out = world.told("mute", *words, "--for", "1h", "--reason", what)
        expect(what, ": nothing that is watched now is muted by it\n" in out, not muted)
        world.told("unmute", out.split()[1])


def check_accept(world):
    world.told("accept", "1", "--note", "we test more")
    row = json.loads(world.told("show", "1", "--format", "json"))
    expect("accepted", (row["alert"]["state"], row["alert"]["reason"],
                        [event["event"] for event in row["history"]]),
           ("accepted", "we test more", ["fired", "accepted"]))
    expect("who was told hears of it", [(told["channel"], told["event"], told["state"])
                                        for told in row["deliveries"]],
           [("ops", "fired", "delivered"), ("ops", "accepted", "waiting")])
    expect("the watch", sql(world.database, """
        SELECT state, baseline_from, alert IS NULL AS free FROM dora.watches
        WHERE metric = 'change_lead_time'"""),
           [{"state": "ok", "baseline_from": "2026-03-03", "free": "t"}])
    expect("once", world.call("accept", "1")[0], 65)


def main():
    dorad = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="dorad-alerts-test-") as top:
        os.chmod(top, 0o755)
        world = Alerts(dorad, top)
        for words, status, said in WRONG:
            got, out, errors = world.call(*words)
            expect(words, (got, out), (status, ""))
            has(words, errors, said)
        check_list(world)
        check_show(world)
        check_words(world)

        # who may read the views may look, and no more
        expect("a reader", world.told("list", config=world.looker), world.told("list"))
        world.told("show", "1", config=world.looker)
        world.told("mutes", "--format", "json", config=world.looker)
        for words in (["ack", "1"], ["accept", "1"],
                      ["mute", "1", "--for", "1d", "--reason", "x"], ["unmute", "1"]):
            status, _, errors = world.call(*words, config=world.looker)
            expect(words, status, 78)
            has(words, errors, "permission denied")
        status, _, errors = world.call("list", config=world.nowhere)
        expect("no database", (status, errors.count("\n")), (69, 1))
        has("no database", errors, "dorad alerts list: database: ", "(may work at another time)")
        status, _, errors = world.call("list", config=world.bare)
        expect("a database without the schema", (status, errors.count("\n")), (78, 1))
        has("a database without the schema", errors, "made and brought up to date when dorad starts")

        check_people(world)
        check_accept(world)
    print(f"{len(WRONG)} wrong command lines, and alerts listed, shown, muted and accepted")


if __name__ == "__main__":
    main()
