#!/usr/bin/python3
"""channels.py DORAD: what `dorad doctor` finds out about channels of alerts, and `dorad alerts
test` tells them: a sink for HTTP, a mail server and an Alertmanager on loopback, and the database
of tests/with_postgres. No secret is told, and nothing waits to be told afterwards."""
import email
import email.policy
import http.server
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
from alertmanager import Alertmanager  # noqa: E402
from notify_rig import Sink, check, free_port, make_certificates, same, wait_for  # noqa: E402
from rig import database_uri, fresh_database, once, sql  # noqa: E402
from smtp import PASSWORD, Server  # noqa: E402

SECRETS = {"password": PASSWORD, "token": "canary-of-a-token", "key": "canary-of-a-key",
           "secret": "canary-of-a-secret"}


class World:
    def __init__(self, dorad, folder):
        self.dorad, self.folder = dorad, folder
        self.sink, self.mail = Sink(), Server(folder, logins=True)
        self.manager = Alertmanager(folder, self.sink)
        fresh_database("channels")
        subprocess.run(["git", "init", "-q", "--bare", f"{folder}/mono.git"], check=True)
        self.files = {name: self.secret(name, text) for name, text in SECRETS.items()}
        self.hidden = self.secret("url", f"{self.sink.url}/services/canary-of-a-url")
        self.channels = {
            "hook": {"webhook": {"url": f"{self.sink.url}/hook", "token": self.file("token"),
                                 "secret": self.file("secret")}},
            "chat": {"slack": {"url": {"file": self.hidden}}},
            "cards": {"teams": {"url": {"file": self.hidden}}},
            "duty": {"pagerduty": {"url": f"{self.sink.url}/duty",
                                   "routing_key": self.file("key")}},
            "manager": {"alertmanager": {"url": self.manager.url}},
            "mail": {"email": {"server": self.mail.name, "username": "dorad",
                               "password": self.file("password"), "from": "dorad@example.org",
                               "to": ["a@example.org", "550@example.org"],
                               "ca_file": f"{folder}/ca.crt"}},
            "db": {"notify": {"channel": "told"}},
            "log": {"journal": True}}

    def close(self):
        self.manager.close()
        self.mail.close()
        self.sink.close()

    def secret(self, name, text):
        path = f"{self.folder}/{name}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(text)
        return path

    def file(self, name):
        return {"file": self.files[name]}

    def call(self, *words, **changes):
        """(exit status, output, errors) with other keys of channels."""
        path = f"{self.folder}/dorad.yaml"
        kinds = [{"name": name, **what} for name, what in self.channels.items()]
        for channel in kinds:
            for kind, keys in channel.items():
                if isinstance(keys, dict):
                    channel[kind] = keys | changes.get(channel["name"], {})
        with open(path, "w", encoding="utf-8") as out:
            json.dump({
                "database": {"uri": changes.get("database") or database_uri("channels")},
                "sources": {"git": [{"name": "mono", "url": f"{self.folder}/mono.git",
                                     "allow_file": True}]},
                "orgs": [{"name": "acme"}], "teams": [{"name": "shop", "org": "acme"}],
                "services": [{"name": "cart", "team": "shop",
                              "components": [{"repository": "mono"}],
                              "deployments": [{"from": "trunk"}]}],
                "alerts": {"link": "https://bi.example.org/?team={team}",
                           "channels": kinds}}, out)
        done = subprocess.run([self.dorad, *words, "--config", path], capture_output=True,
                              text=True, timeout=120,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        for secret in (*SECRETS.values(), "canary-of-a-url"):
            check(secret not in done.stdout + done.stderr, f"{words}: {secret} is not told")
        return done.returncode, done.stdout, done.stderr

    def host(self):
        return self.sink.url.removeprefix("http://")


class Pretender(http.server.BaseHTTPRequestHandler):
    """Answers every question with the body of its server."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        try:
            self.wfile.write(self.server.body)
        except ConnectionError:
            pass  # it is too much

    def log_message(self, *_):
        pass


# ---- dorad doctor ----

def is_prepared(world):
    status, said, _ = world.call("doctor", "db")
    same((status, "the database is reached" in said), (0, True), "before the first start")
    once(world.dorad, f"{world.folder}/dorad.yaml", world.folder)


def is_well(world):
    later = "what it answers is seen with the first message"
    reached = f"  ok     {world.host()} is reached; {later}\n"
    for name, kind, line in (
            ("hook", "webhook", reached), ("chat", "slack", reached),
            ("cards", "teams", reached), ("duty", "pagerduty", reached),
            ("mail", "email",
             f"  ok     {world.mail.name} is reached, its certificate is trusted, it takes the "
             "login; whom it takes mail from and for is seen with the first message\n"),
            ("db", "notify",
             "  ok     the database is reached; who listens there is not known\n")):
        status, said, _ = world.call("doctor", name)
        same((status, said), (0, f"{name} ({kind} channel)\n{line}\nnothing is wrong\n"), name)
    status, said, _ = world.call("doctor", "manager")
    check(re.search(r"^  ok     Alertmanager \d[\d.]*\S* answers at ", said, re.M), "manager")
    status, said, _ = world.call("doctor", "log")
    same((status, "journal" in said), (0, True), "log")
    status, said, _ = world.call("doctor")
    same([line.split()[0] for line in said.splitlines() if line.endswith("channel)")],
         list(world.channels), "all channels, after the sources")
    same(world.call("doctor", "nobody")[0], 64, "no such name")
    same((world.sink.requests, world.mail.box.mails), ([], []), "nobody was told anything")


def is_wrong(world):
    nowhere = f"127.0.0.1:{free_port()}"
    away = f"{nowhere}: no connection: Connection refused"
    gone = f"{world.folder}/gone"
    wrong = world.secret("wrong", "x")
    for name, keys, expected in (
            ("hook", {"url": f"http://{nowhere}/x"}, away),
            ("hook", {"secret": {"file": gone}}, gone),
            ("hook", {"token": {"file": gone}}, gone),
            ("hook", {"url": world.sink.url.replace("http:", "https:")}, "TLS failed"),
            ("chat", {"url": {"file": gone}}, gone),
            ("duty", {"routing_key": {"file": gone}}, gone),
            ("manager", {"url": f"http://{nowhere}"}, away),
            ("manager", {"url": world.sink.url}, "status 501"),
            ("manager", {"url": f"{world.manager.url}/x"}, "status 404"),
            ("mail", {"server": nowhere}, away),
            ("mail", {"password": {"file": gone}}, gone),
            ("mail", {"password": {"file": wrong}}, "refused the login: 535 5.7.8"),
            ("mail", {"ca_file": f"{world.folder}/wrong_ca.crt"}, "certificate not trusted"),
            ("mail", {"server": world.mail.name.replace("localhost", "127.0.0.1")},
             "certificate not trusted")):
        status, said, _ = world.call("doctor", name, **{name: keys})
        lines = re.findall("^  WRONG  reach: (.*)$", said, re.M)
        check(status == 1 and len(lines) == 1 and expected in lines[0],
              f"doctor: {name} {keys}: {lines}")
    status, said, _ = world.call("doctor", "db", database="host=/nonexistent dbname=none")
    same((status, "WRONG  reach: database: " in said), (1, True), "no database")
    same((world.sink.requests, world.mail.box.mails), ([], []), "nobody was told anything")


def is_no_alertmanager(world):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pretender) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"127.0.0.1:{server.server_address[1]}"
        none = f"  WRONG  reach: {where}: no answer of an Alertmanager"
        for what, body, status, line in (
                ("a version", '{"versionInfo": {"version": "9.9"}}',
                 0, f"  ok     Alertmanager 9.9 answers at {where}"),
                ("nothing", "", 1, none),
                ("a page", "<html>", 1, none),
                ("a list", "[]", 1, none),
                ("a version that is no text", '{"versionInfo": {"version": 9}}', 1, none),
                ("two versions", '{"versionInfo": {"version": "8", "version": "9"}}', 1, none),
                ("more after the end", '{"versionInfo": {"version": "9"}} x', 1, none),
                ("what is nested too deep", "[" * 65 + "]" * 65, 1, none),
                ("too much", '"' + "x" * (4 << 20) + '"',
                 1, f"  WRONG  reach: {where}: the answer is too big")):
            server.body = body.encode()
            got, said, _ = world.call("doctor", "manager", manager={"url": f"http://{where}"})
            same((got, said.splitlines()[1].startswith(line)), (status, True), (what, said))
        server.shutdown()


def is_not_written(world):
    for words, why in ((["doctor", "log"], "cannot write: No space left on device"),
                       (["alerts", "test", "log"], "cannot write to standard output")):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([world.dorad, *words, "--config", f"{world.folder}/dorad.yaml"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, timeout=120,
                                  check=False)
        same((done.returncode, done.stderr.splitlines()[-1]),
             (1, f"dorad {' '.join(words[:-1])}: {why}"), "no room")


# ---- dorad alerts test ----

def listens(world):
    """What psql is told while it is listened to."""
    return subprocess.Popen(["psql", "-XqAt", "-d", database_uri("channels")],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def is_told(world):
    ear = listens(world)
    ear.stdin.write("LISTEN told; SELECT 'ready';\n")
    ear.stdin.flush()
    same(ear.stdout.readline(), "ready\n", "somebody listens")
    status, said, errors = world.call("alerts", "test")
    heard, _ = ear.communicate("SELECT 1;\n", timeout=30)
    same((status, said), (0, "".join(f"{name}: accepted{more}\n" for name, more in (
        ("hook (webhook)", ""), ("chat (slack)", ""), ("cards (teams)", ""),
        ("duty (pagerduty)", ""), ("manager (alertmanager)", ""),
        ("mail (email)",
         ", but channel mail: 1 of 2 recipients refused: no. 2 (550 5.1.1)"),
        ("db (notify)", ""), ("log (journal)", "")))), "all take it")
    check("Test message of dorad for channel log: nothing is wrong" in errors, "the log")
    check('"metric": "channel_test"' in heard and '"name": "db"' in heard, f"NOTIFY: {heard}")
    hook = world.sink.at("/hook")
    same([(alert["kind"], alert["metric"], alert["severity"]) for alert in hook[0]["alerts"]],
         [("self", "channel_test", "info")], "webhook")
    check(any("X-Dorad-Signature" == key for key in world.sink.requests[0][1]), "it is signed")
    texts = [json.dumps(body) for body in world.sink.at("/services/canary-of-a-url")]
    same(["Test message of dorad for channel" in text for text in texts], [True, True], "chats")
    check(not any("bi.example.org" in text for text in texts), "there is no page of it")
    duty = [body for body in world.sink.at("/duty")]
    same([event["event_action"] for event in duty], ["trigger", "resolve"],
         "what is opened is closed")
    same((len({event["dedup_key"] for event in duty}), duty[0]["payload"]["severity"]),
         (1, "info"), "as one incident that wakes nobody")
    mail = email.message_from_bytes(world.mail.box.mails[0].content,
                                    policy=email.policy.default)
    same(mail["Subject"], "Test message of dorad for channel mail: nothing is wrong", "mail")
    fired = wait_for("Alertmanager", lambda: world.manager.get("/alerts"))
    same([alert["labels"]["metric"] for alert in fired], ["channel_test"], "Alertmanager")
    same(sql("channels", "SELECT (SELECT count(*) FROM dorad.alert) AS alerts, (SELECT count(*) "
                         "FROM dorad.outbox) AS waiting"),
         [{"alerts": "0", "waiting": "0"}], "nothing is stored")


def is_not_taken(world):
    before = len(world.sink.requests)
    world.sink.status = {"/hook": 404, "/duty": 400}
    status, said, _ = world.call("alerts", "test", "hook")
    same((status, said), (1, f"hook (webhook): not accepted: {world.host()}: status 404: ok: "
                             "correct the configuration\n"), "one channel")
    same(len(world.sink.requests), before + 1, "and no other")
    status, said, _ = world.call("alerts", "test", database="host=/nonexistent dbname=none")
    same((status, [line.split(" ")[0] for line in said.splitlines() if ": accepted" in line]),
         (1, ["chat", "cards", "manager", "mail", "log"]), "the others are told")
    for words, status in ((["nobody"], 64), (["hook", "chat"], 64)):
        same(world.call("alerts", "test", *words)[0], status, words)


def main():
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory(prefix="dorad-channels-") as folder:
        make_certificates(folder)
        world = World(os.path.realpath(sys.argv[1]), folder)
        try:
            is_prepared(world)
            is_well(world)
            is_wrong(world)
            is_no_alertmanager(world)
            is_not_written(world)
            is_told(world)
            is_not_taken(world)
        finally:
            world.close()


if __name__ == "__main__":
    main()
