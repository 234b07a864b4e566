#!/usr/bin/python3
"""alerts.py DORAD CLOCK

A team gets slower, and hears of it: a repository of 60 weeks whose lead times triple at the end,
`dorad once` on one day after the other (CLOCK preloads one), and real receivers: an Alertmanager, a mail
server, webhooks, LISTEN. Each is told once, whatever is killed meanwhile; when the figures turn
out to be wrong that is told once, too. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import datetime
import email
import email.policy
import hashlib
import hmac
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "alerts"))

from alertmanager import Alertmanager
from notify_rig import Sink, check, same, wait_for
from rig import CONNINFO, database_uri, fresh_database, git, sql
from smtp import PASSWORD, Server

HOUR, DAY = 3600, 86400
DAYS = 60 * 7
LATE = "Late <late@example.org>"
KEYS = {name: f"canary-{name}-{os.urandom(9).hex()}" for name in ("slack", "hook", "token", "pager")}
CANARIES = [*KEYS.values(), PASSWORD]


def midnight(at):
    return at - at % DAY


def date(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d")


def clock(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def at_time(at):
    """The environment of a program that begins then."""
    return {**os.environ, "LD_PRELOAD": os.path.abspath(sys.argv[2]), "DORAD_TEST_CLOCK": str(at)}


class Repository:
    """Two deployments a day; the last weeks' changes have waited three times as long."""

    def __init__(self, path, first, onset):
        self.path, self.first, self.onset, self.day = path, first, onset, 0
        self.random = random.Random(5)
        git(".", "init", "-q", "--bare", "-b", "main", path)

    def grow(self, day):
        """Up to the end of this day."""
        lines = []
        for day in range(self.day, day + 1):
            for hour in (10, 15):
                lines += self.deployment(day, hour, self.first + day * DAY + hour * HOUR,
                                         not lines)
        self.day = max(self.day, day + 1)
        if lines:
            git(self.path, "fast-import", "--quiet", "--force", stdin="\n".join(lines) + "\n")

    def deployment(self, day, hour, at, begins):
        lead = 24 * HOUR * math.exp(self.random.gauss(0, 0.6)) * (3 if day >= self.onset else 1)
        author = LATE if day >= self.onset else "Ann <ann@example.org>"
        name = f"v{day}.{hour}"
        lines = ["commit refs/heads/main", "mark :1", f"author {author} {at - int(lead)} +0000",
                 f"committer C <c@example.org> {at - int(lead)} +0000", f"data {len(name)}", name]
        if begins and day:
            lines.append("from refs/heads/main^0")
        return lines + ["M 644 inline f", f"data {len(name)}", name, f"tag {name}", "from :1",
                        f"tagger T <t@example.org> {at} +0000", "data 0", ""]


class Watch(threading.Thread):
    """Looks at the arguments of all programs while they run."""

    def __init__(self):
        super().__init__(daemon=True)
        self.found, self.over = set(), threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.005):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        words = file.read()
                except OSError:
                    continue
                self.found |= {c for c in CANARIES if c.encode() in words}


def make_certificates(folder):
    """For localhost, older than any day that is lived here."""
    def openssl(*command):
        subprocess.run(("openssl", *command), cwd=folder, check=True, capture_output=True,
                       env=at_time(int(time.time()) - 30 * DAY))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=ca",
            "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            "good.key", "-out", "good.csr")
    with open(f"{folder}/extensions", "w", encoding="utf-8") as file:
        file.write("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "good.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "90", "-extfile", "extensions", "-out", "good.crt")


class World:
    """Configuration and database of one daemon."""

    def __init__(self, dorad, top, name, repository, channels):
        self.dorad, self.top, self.database = dorad, f"{top}/{name}", fresh_database(name)
        self.said = ""
        self.begun, self.real = 0, time.monotonic()
        os.makedirs(self.top)
        self.config = {
            "privacy": {"minimum_authors": 0},
            "sources": {"git": [{"name": "shop", "url": repository.path, "allow_file": True}]},
            "orgs": [{"name": "org", "time_zone": "UTC"}],
            "teams": [{"name": "team", "org": "org"}],
            "services": [{"name": "shop", "team": "team", "deployments": [{"from": "tags"}],
                          "components": [{"repository": "shop"}]}],
            # every day counts
            "calendars": [{"name": "default", "days": ["2001-01-01"]}],
            "alerts": {"channels": channels,
                       "rules": [{"name": "lead", "services": ["shop"],
                                  "metrics": ["change_lead_time"]}]},
        }

    def command(self, at, *words, database=None):
        path = f"{self.top}/dorad.yaml"
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"database": {"uri": database_uri(database or self.database)},
                       **self.config}, out)
        # the clock never goes back: what was written by then would not be due
        begin = max(at, math.ceil(self.begun + time.monotonic() - self.real))
        self.begun, self.real = begin, time.monotonic()
        return [self.dorad, *words, "--config", path], {**at_time(begin), "TZ": "UTC"}

    def places(self):
        return "--cache-dir", f"{self.top}/cache", "--state-dir", f"{self.top}/state"

    def call(self, at, *words, status=0, database=None):
        command, env = self.command(at, *words, database=database)
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
        self.said += done.stdout + done.stderr
        if done.returncode != status:
            sys.exit(f"failed: {' '.join(words)} on {clock(at)}: status {done.returncode}\n"
                     f"{done.stdout}{done.stderr}")
        return done.stdout

    def once(self, at, status=0, database=None):
        return self.call(at, "once", *self.places(), status=status, database=database)

    def kill(self, at, when):
        """Runs and kills it once `when` says so; False: it ended before."""
        command, env = self.command(at, "once", *self.places())
        with open(f"{self.top}/killed.log", "a+", encoding="utf-8") as log:
            process = subprocess.Popen(command, env=env, stdout=log, stderr=log,
                                       start_new_session=True)
            end = time.monotonic() + 60
            while process.poll() is None and not when() and time.monotonic() < end:
                time.sleep(0.002)
            running = process.poll() is None
            if running:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with open(f"{self.top}/killed.log", encoding="utf-8") as log:
            self.said += log.read()
        # what its server still does for it
        wait_for("the end of its connections", lambda: self.one(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'dorad%'") == ["0"])
        return running

    def one(self, query, database=None):
        rows = sql(database or self.database, query)
        return list(rows[0].values()) if rows else None

    def state(self):
        return self.one("SELECT state FROM dora.watches WHERE metric = 'change_lead_time'"
                        " AND direction = 'worse'")[0]

    def replay(self, at, since):
        return json.loads(self.call(at, "alerts", "replay", "--since", date(since), "--until",
                                    date(at - DAY), "--format", "json"))


def morning(day_start):
    """When the day before can be judged."""
    return day_start + 7 * HOUR


# ---- when it will fire ----

def scout(dorad, top):
    """The day that fires as of a replay, and the first day of the repository: so that it fires
    two days ago, whatever the days of the week make of it."""
    today, first = midnight(int(time.time())), None
    first = today - DAYS * DAY
    onset = DAYS - 45
    for n in range(4):
        repository = Repository(f"{top}/scout{n}.git", first, onset)
        repository.grow(DAYS - 1)
        world = World(dorad, top, f"scout{n}", repository, [{"name": "log", "journal": True}])
        now = morning(first + DAYS * DAY)
        world.once(now)
        told = [a for a in world.replay(now, first + (onset - 5) * DAY)["alerts"]
                if a["metric"] == "change_lead_time"]
        if len(told) != 1:
            sys.exit(f"failed: a replay of tripled lead times tells {told}")
        fired = midnight(int(datetime.datetime.fromisoformat(
            told[0]["fired"][:10] + "T00:00:00+00:00").timestamp()))
        print(f"ok: a replay fires {(fired - first) // DAY - onset} days after the onset")
        if 0 <= (today - 2 * DAY - fired) <= DAY:
            return first, onset, fired, told[0]
        first += today - 2 * DAY - fired
    sys.exit("failed: it never fires when it is to")


# ---- the receivers ----

class Receivers:
    def __init__(self, top):
        self.sink = Sink()
        self.bodies = []
        self.manager = Alertmanager(top, self.sink)
        self.mail = Server(top, "starttls", logins=True)
        self.top = top
        for name, text in (*KEYS.items(), ("password", PASSWORD),
                           ("slack-url", f"{self.sink.url}/slack-{KEYS['slack']}")):
            with open(os.open(f"{top}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "w",
                      encoding="utf-8") as file:
                file.write(text)

    def channels(self):
        top = self.top
        return [
            {"name": "manager", "alertmanager": {"url": self.manager.url}},
            {"name": "slack", "slack": {"url": {"file": f"{top}/slack-url"}}},
            {"name": "hook", "webhook": {"url": f"{self.sink.url}/hook",
                                         "token": {"file": f"{top}/token"},
                                         "secret": {"file": f"{top}/hook"}}},
            {"name": "pager", "pagerduty": {"url": f"{self.sink.url}/pager",
                                            "routing_key": {"file": f"{top}/pager"}}},
            {"name": "mail", "email": {"server": self.mail.name, "tls": "starttls",
                                       "username": "dorad",
                                       "password": {"file": f"{top}/password"},
                                       "from": "dorad@example.org", "to": ["a@example.org"],
                                       "ca_file": f"{top}/ca.crt"}},
            {"name": "database", "notify": {}},
            {"name": "log", "journal": True},
        ]

    def hooks(self):
        return [(headers, body) for path, headers, body in self.sink.requests if path == "/hook"]

    def counts(self):
        """Messages of: Slack, the webhook, PagerDuty, mail; what Alertmanager told."""
        return {"slack": len(self.sink.at(f"/slack-{KEYS['slack']}")),
                # copies of a database give out the same numbers
                "hook": len({(h["X-Dorad-Delivery"], *(a["state"] for a in body["alerts"]))
                             for h, body in self.hooks()}),
                "pager": len(self.sink.at("/pager")), "mail": len(self.mail.box.mails),
                "manager": len(self.sink.at("/slack"))}

    def expect(self, n, what):
        wait_for("Alertmanager to tell", lambda: self.counts()["manager"] >= n)
        same(self.counts(), dict.fromkeys(("slack", "hook", "pager", "mail", "manager"), n),
             f"{what}: each is told once")

    def close(self):
        self.manager.close()
        self.mail.close()
        self.sink.close()


def check_signature(receivers):
    headers, _ = receivers.hooks()[0]
    body = next(body for path, body in receivers.sink.raw if path == "/hook")
    signed = hmac.new(KEYS["hook"].encode(), headers["X-Dorad-Timestamp"].encode() + b"." + body,
                      hashlib.sha256).hexdigest()
    same(headers["X-Dorad-Signature"], f"sha256={signed}", "the webhook is signed")
    same(headers["Authorization"], f"Bearer {KEYS['token']}", "and says who asks")


class Listener:
    def __init__(self, database):
        self.connection = psycopg2.connect(f"{CONNINFO} dbname={database}")
        self.connection.autocommit = True
        self.connection.cursor().execute("LISTEN dorad_alerts")

    def heard(self):
        self.connection.poll()
        return [json.loads(n.payload)["event"] for n in self.connection.notifies]


# ---- what is lived ----

def live_until_it_fires(world, repository, receivers, first, since, fired):
    """Day after day; returns the day with which it fired. Is killed on the way."""
    states = []
    for day in range((since - first) // DAY, (fired - first) // DAY + 3):
        repository.grow(day)
        now = morning(first + (day + 1) * DAY)
        if states[-1:] == ["ok"] and "killed" not in states:
            for n in range(1, 6):
                begun = time.monotonic()
                world.kill(now, lambda: time.monotonic() - begun > 0.1 * n)
        if states[-2:] == ["pending", "pending"]:
            with receivers.sink.lock:
                receivers.sink.status["/hook"] = "stall"
            check(world.kill(now, receivers.hooks), "killed while the webhook says nothing")
            with receivers.sink.lock:
                receivers.sink.status["/hook"] = 200
            states.append(world.state())
            return states, day, now
        world.once(now)
        states.append(world.state())
        same(receivers.counts(), dict.fromkeys(receivers.counts(), 0), f"{date(now)}: nothing told")
    sys.exit(f"failed: it does not fire: {states}")


def commands(world, receivers, now):
    listed = world.call(now, "alerts", "list")
    check("change_lead_time" in listed and "firing" in listed, "alerts list: it fires")
    number = world.one("SELECT alert FROM dora.alerts WHERE state = 'firing'")[0]
    shown = world.call(now, "alerts", "show", number)
    check(f"alert {number}: change_lead_time" in shown and "History" in shown, "alerts show")
    world.call(now, "alerts", "ack", number, "--note", "known")
    check("known" in world.call(now, "alerts", "list"), "alerts ack: it is known")
    same(world.one("SELECT acknowledged_note FROM dora.alerts")[0], "known", "and in the view")
    return number


def accept_elsewhere(world, receivers, number, now):
    """In a copy of the database: it is the new normal, and told to the same people."""
    before = receivers.counts()
    sql("postgres", f"CREATE DATABASE accepted TEMPLATE {world.database}")
    world.call(now, "alerts", "accept", number, "--note", "bigger changes", database="accepted")
    same(world.one("SELECT state FROM dora.alerts", database="accepted")[0], "accepted",
         "alerts accept: accepted")
    channels = world.config["alerts"]["channels"]
    world.config["alerts"]["channels"] = [c for c in channels if c["name"] != "manager"]
    world.once(now, database="accepted")
    world.config["alerts"]["channels"] = channels
    after = receivers.counts()
    same({k: after[k] - before[k] for k in after},
         {"slack": 1, "hook": 1, "pager": 1, "mail": 1, "manager": 0}, "accepted: told once")


def is_withdrawn(world, receivers, now):
    """What made it slow turns out not to count."""
    before = receivers.counts()
    world.config["services"][0]["exclude"] = {"authors": [LATE]}
    world.once(now)
    same(world.one("SELECT state FROM dora.alerts WHERE direction = 'worse'")[0], "withdrawn",
         "a late correction: withdrawn")
    wait_for("Alertmanager to say so", lambda: receivers.counts()["manager"] > before["manager"])
    for _ in range(2):
        after = receivers.counts()
        same({k: after[k] - before[k] for k in after}, dict.fromkeys(after, 1),
             "withdrawn: told once")
        world.once(now + HOUR)


def no_secrets(world, watch):
    dump = subprocess.run(["pg_dump", f"{CONNINFO} dbname={world.database}"], check=True,
                          capture_output=True, text=True).stdout
    check("dorad" in dump and len(dump) > 10000, "there is a dump")
    for canary in CANARIES:
        for place, text in (("log", world.said), ("database", dump)):
            for spelling in (canary, urllib.parse.quote(canary), canary.encode().hex()):
                if spelling in text:
                    sys.exit(f"failed: {canary} is in the {place}")
    same(watch.found, set(), "no secret in log, database and arguments")


def mute(world, now):
    world.call(now, "alerts", "mute", "--team", "team", "--until", date(now + 30 * DAY),
               "--reason", "moving")
    check("muted" in world.call(now, "alerts", "list"), "alerts mute: muted")
    number = world.one("SELECT max(mute) FROM dora.alert_mutes")[0]
    world.call(now, "alerts", "unmute", number)


def refused(world, receivers, number, now):
    """Every receiver says no, in a copy of the database, and shows what it was sent."""
    sql("postgres", f"CREATE DATABASE refused TEMPLATE {world.database}")
    world.call(now, "alerts", "accept", number, "--note", "x", database="refused")
    with receivers.sink.lock:
        receivers.sink.status |= {"/hook": 401, "/pager": 400, f"/slack-{KEYS['slack']}": 404}
    box, receivers.mail.box.data = receivers.mail.box, f"554 {PASSWORD}"
    # to Alertmanager it would be the same alert
    channels = world.config["alerts"]["channels"]
    world.config["alerts"]["channels"] = [c for c in channels if c["name"] != "manager"]
    world.once(now, status=1, database="refused")
    world.config["alerts"]["channels"] = channels
    with receivers.sink.lock:
        receivers.sink.status.clear()
    box.data = "250 taken"
    rows = sql("refused", "SELECT channel, failure FROM dora.alert_deliveries"
               " WHERE state = 'waiting' AND channel <> 'manager' ORDER BY channel")
    same([row["channel"] for row in rows], ["hook", "mail", "pager", "slack"],
         "refused: they wait")
    failures = " ".join(row["failure"] for row in rows)
    check(not any(c in failures for c in CANARIES), "failures have no secret")


def main():
    dorad = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="dorad-alerts-") as top:
        os.chmod(top, 0o755)
        make_certificates(top)
        first, onset, fired, foreseen = scout(dorad, top)
        watch, receivers = Watch(), Receivers(top)
        try:
            repository = Repository(f"{top}/shop.git", first, onset)
            since = first + (onset - 5) * DAY
            repository.grow((since - first) // DAY - 1)
            world = World(dorad, top, "live", repository, receivers.channels())
            world.once(morning(since))
            listener = Listener(world.database)
            states, day, now = live_until_it_fires(world, repository, receivers, first, since,
                                                   fired)
            print("ok: lived", " ".join(states))
            # the lease of what was being sent when it was killed has to go by
            world.once(now + 10 * 60)
            receivers.expect(1, "it fires")
            same(len(receivers.hooks()), 2, "the webhook got what was killed once more")
            check_signature(receivers)
            same(listener.heard(), ["fired"], "LISTEN hears of it once")
            mail = email.message_from_bytes(receivers.mail.box.mails[0].content,
                                            policy=email.policy.default)
            check("Lead time for changes, shop" in mail["Subject"], mail["Subject"])
            check(world.said.count("scope=shop") == 1, "the log has one line with fields")
            for _ in range(2):
                world.once(now + HOUR)
            receivers.expect(1, "the same day again")
            number = commands(world, receivers, now + HOUR)
            replayed = [a for a in world.replay(now, since)["alerts"]
                        if a["metric"] == "change_lead_time"]
            lived = world.one("SELECT (fired_at - interval '1 day')::date::text,"
                              " evidence FROM dora.alerts WHERE direction = 'worse'")
            same([a["fired"][:10] for a in replayed], [lived[0]], "replay says what was lived")
            same(f"{replayed[0]['evidence']:.9g}", f"{float(lived[1]):.9g}", "to the digit")
            same(foreseen["fired"][:10], lived[0], "and did before")
            mute(world, now + HOUR)
            listener.connection.close()  # a database that somebody is in is not copied
            accept_elsewhere(world, receivers, number, now + HOUR)
            refused(world, receivers, number, now + HOUR)
            repository.grow(day + 1)
            listener = Listener(world.database)
            is_withdrawn(world, receivers, now + DAY)
            same(listener.heard(), ["withdrawn"], "LISTEN hears that it is withdrawn, once")
            no_secrets(world, watch)
        finally:
            watch.over.set()
            receivers.close()


if __name__ == "__main__":
    main()
