"""Where the end-to-end tests have their business samples from: JSON on this machine, which can
misbehave, and a Prometheus with samples of the past."""
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request


class Desk:
    """Answers every GET with the rows it has; mode says how."""

    def __init__(self, token):
        self.token, self.rows, self.mode, self.asked = token, [], "good", []
        desk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.tell(*desk.answer(self.path, self.headers))

            def do_POST(self):
                self.tell(200, b'{"status": "success", "data": []}')

            def tell(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # it had enough

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, headers):
        self.asked.append(path)
        if headers.get("X-Desk-Key") != f"key={self.token}":
            return 401, json.dumps({"error": f"no such token: {headers.get('X-Desk-Key')}"
                                    }).encode()
        body = {"data": {"rows": [[day, value] for day, value in self.rows]}}
        return {
            "500": (500, b'{"error": "out to lunch"}'),
            "moved": (302, b""),
            "garbage": (200, b"<html>"),
            "another": (200, b'{"data": {}}'),
            "words": (200, b'{"data": {"rows": [["2026-01-05", "many"]]}}'),
            "timeless": (200, b'{"data": {"rows": [[null, 1]]}}'),
            "twice": (200, b'{"data": {"rows": [["2026-01-05", 1], ["2026-01-05", 2]]}}'),
            "huge": (200, b'{"data": {"rows": ["' + b"x" * (9 << 20) + b'"]}}'),
        }.get(self.mode, (200, json.dumps(body).encode()))


class Prometheus:
    """samples: (metric, labels, value, time), by time."""

    def __init__(self, top, samples):
        self.top = top
        os.mkdir(top)
        with open(f"{top}/samples", "w", encoding="ascii") as out:
            for metric in sorted({name for name, *_ in samples}):
                out.write(f"# TYPE {metric} gauge\n")
                for name, labels, value, at in samples:
                    if name == metric:
                        out.write(f"{name}{{{labels}}} {value} {at}\n")
            out.write("# EOF\n")
        done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics",
                               f"{top}/samples", f"{top}/data"], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"promtool: {done.stderr}")
        with open(f"{top}/prometheus.yml", "w", encoding="ascii") as out:
            out.write("scrape_configs: []\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        with open(f"{top}/log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={top}/prometheus.yml",
                 f"--storage.tsdb.path={top}/data", "--storage.tsdb.retention.time=10y",
                 f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log, cwd=top)
        self.wait()

    def wait(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        with open(f"{self.top}/log", encoding="utf-8") as log:
            sys.exit(f"prometheus did not start: {log.read()}")

    def stop(self):
        self.process.kill()
        self.process.wait()
