"""What the tests of the push server are made of: a running dorad beside a PostgreSQL of its own,
and somebody who pushes."""
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import cluster
from cluster import Cluster, Program, fail, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from ports import free_port  # noqa: E402

TOKEN, SECRET = "push-canary-token-5f1d", "push-canary-secret-9a27"
START = 1767225600  # 2026-01-01, before all that is pushed
FINISHED = "2026-03-01T12:00:00Z"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class World:
    def __init__(self, dorad, top):
        self.top = top
        self.postgres = Cluster(top)
        self.program = Program(dorad, top)
        self.process = None
        self.port = free_port()
        self.log = f"{top}/dorad.log"

    def prepare(self):
        self.postgres.initialise()
        self.postgres.create("dora")
        self.repo = cluster.repository(f"{self.top}/shop.git", 50, 1000, start=START)
        self.sha = subprocess.run(["git", "-C", self.repo, "rev-parse", "main", "main~10"],
                                  check=True, capture_output=True, text=True,
                                  env=cluster.GIT_ENV).stdout.split()
        for name, text in (("token", TOKEN), ("secret", SECRET)):
            path = f"{self.top}/{name}"
            with open(path, "w", encoding="ascii") as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(text + "\n")
        self.config = self.write_config("dorad.yaml", {"listen": f"127.0.0.1:{self.port}"})
        self.start(self.config)

    def write_config(self, name, push):
        path = cluster.write_config(f"{self.top}/{name}", self.postgres.uri("dora"),
                                    {"shop": self.repo})
        with open(path, encoding="utf-8") as source:
            config = json.load(source)
        config["services"][0]["deployments"] = [
            {"from": "push", "names": ["shop", "service/shop"]},
            {"from": "push", "names": ["service/image"], "revision": "image"}]
        config["push"] = {"clients": [
            {"name": "ci", "token": {"file": f"{self.top}/token"}},
            {"name": "signer", "secret": {"file": f"{self.top}/secret"},
             "services": ["shop"]}], "per_minute": 100000, **push}
        with open(path, "w", encoding="utf-8") as out:
            json.dump(config, out)
        return path

    def start(self, config):
        command = self.program.arguments("run", config)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0"})
        wait_for("the push server", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8") as log:
                fail(f"dorad ended with status {self.process.returncode}: {log.read()[-2000:]}")
        try:
            return self.post("/v1/deployments", "{}", token="wrong")[0] in (401, 429)
        except OSError:
            return False

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(cluster.PATIENCE)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def post(self, path, body, token=TOKEN, signed=None, connection=None, headers=(),
             method="POST"):
        """(status, headers, what it says)"""
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        given = {"Content-Type": "application/json", **dict(headers)}
        if signed is not None:
            given |= signed if isinstance(signed, dict) else signature(path, text, signed)
        elif token:
            given["Authorization"] = f"Bearer {token}"
        connection = connection or self.connect()
        connection.request(method, path, text, given)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        kind = answer.getheader("Content-Type")
        if answer.status != 200 and said and kind != "application/problem+json":
            fail(f"{answer.status} as {kind}: {said}")
        return answer.status, dict(answer.getheaders()), json.loads(said) if said else None

    def stored(self, where="true"):
        return self.postgres.sql("dora", f"SELECT kind, external_id, attempt FROM dorad.item "
                                         f"WHERE {where} ORDER BY 1, 2, 3")


def signature(path, body, at=None):
    at = str(int(time.time() if at is None or at is True else at))
    signed = hmac.new(SECRET.encode(), f"{at}.{path}.{body}".encode(), hashlib.sha256)
    return {"X-Dorad-Timestamp": at, "X-Dorad-Signature": f"sha256={signed.hexdigest()}"}


def deployment(number, **more):
    return {"id": f"d{number}", "service": "shop", "environment": "production",
            "outcome": "success", "finished": FINISHED, **more}


def expect(world, what, status, *args, detail=None, **kwargs):
    got, headers, said = world.post(*args, **kwargs)
    if got != status or (detail and detail not in said["detail"]):
        fail(f"{what}: {got} {said}, expected {status} {detail or ''}")
    return headers, said
