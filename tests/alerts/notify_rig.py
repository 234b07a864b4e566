"""What the tests of notifiers share: the player, secrets in files, certificates, and a sink for
HTTP requests on loopback."""
import http.server
import json
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from ports import free_port  # noqa: E402, F401

LINK = "https://bi.example.org/?team={team}&metric={metric}"


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")
    print(f"ok: {what}")


def same(found, expected, what):
    if found != expected:
        sys.exit(f"failed: {what}: found {found!r}, expected {expected!r}")
    print(f"ok: {what}")


def wait_for(what, condition, seconds=30):
    """The value of the condition, once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    sys.exit(f"failed: {what}: not within {seconds} seconds")


class Player:
    """The notifiers, by tests/alerts/notify_player.c."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def secret(self, name, text):
        path = f"{self.folder}/{name}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return path

    def run(self, verb, kind, sample, **keys):
        """What it prints: "ok", or the code of the error and its message."""
        command = [self.program, verb, kind, sample, *(f"{k}={v}" for k, v in keys.items())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode not in (0, 1):
            sys.exit(f"failed: {' '.join(command)}: status {done.returncode}: {done.stderr}")
        return done.stdout.rstrip("\n")

    def send(self, kind, sample, **keys):
        return self.run("send", kind, sample, **keys)


def openssl(*command, cwd):
    subprocess.run(("openssl", *command), cwd=cwd, check=True, capture_output=True)


def make_certificates(folder):
    """ca.crt, wrong_ca.crt, and good.crt with good.key for localhost."""
    for name in ("ca", "wrong_ca"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", cwd=folder)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            "good.key", "-out", "good.csr", cwd=folder)
    with open(f"{folder}/extensions", "w") as file:
        file.write("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "good.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", "good.crt",
            cwd=folder)


class Sink(http.server.ThreadingHTTPServer):
    """Keeps what is posted to it. status: what it answers with, by path; None: it closes the
    connection, "stall": it says nothing until it is closed."""
    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.requests, self.status, self.lock = [], {}, threading.Lock()
        self.raw = []  # the bodies as they came, with their paths
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def at(self, path):
        """The bodies that came to a path."""
        with self.lock:
            return [body for where, _, body in self.requests if where == path]

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
            self.server.raw.append((self.path, body))
            status = self.server.status.get(self.path, 200)
        if status == "stall":
            self.server.closing.wait()
            return
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass
