#!/usr/bin/python3
"""contract.py CONTRACT_POLL PRISM [DRIVER…]

Has the REST engine poll the vendors' own API descriptions, served by Prism (README.md). A proxy
in between keeps what was asked and what Prism said of it.
"""
import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

SPECS = pathlib.Path(__file__).parent / "specs"
ROUNDS = int(os.environ.get("DORAD_CONTRACT_ROUNDS", "6"))  # with random bodies
PATIENCE = 120

# driver: the descriptions that together know its requests
DRIVERS = {
    "github": ["github"],
    "gitea": ["gitea"],
    "forgejo": ["forgejo"],
    "circleci": ["circleci"],
    "azure_devops": ["azdo-build", "azdo-git", "azdo-release"],
    "argocd": ["argocd"],
    "opsgenie": ["opsgenie"],
    "jira": ["jira-cloud"],
    "firehydrant": ["firehydrant"],
    "incident_io": ["incidentio"],
    "rootly": ["rootly"],
    "alertmanager": ["alertmanager"],
}

# Answers that are always the example: nothing can be asked in a random time zone.
STATIC = ("/rest/api/3/myself",)

# Requests that the cut descriptions do not know, and why that is no fault of ours.
UNDESCRIBED = {
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prism:
    def __init__(self, prism, spec):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["node", prism, "mock", "-h", "127.0.0.1", "-p", str(self.port),
             str(SPECS / f"{spec}.json")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"prism does not serve {spec}")
            time.sleep(0.05)

    def ask(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), said

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


class Proxy(http.server.ThreadingHTTPServer):
    """Asks each description in turn until one knows the path."""
    daemon_threads = True

    def __init__(self, prisms):
        super().__init__(("127.0.0.1", 0), Handler)
        self.prisms = prisms
        self.prefer = None
        self.asked = []  # (method, path, status, what Prism says is wrong)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "accept-encoding",
                                           "if-none-match")}
        if self.server.prefer and self.path not in STATIC:
            headers["Prefer"] = self.server.prefer
        for prism in self.server.prisms:
            status, said_headers, said = prism.ask(self.command, self.path, headers, body)
            if not (status == 404 and b"NO_PATH_MATCHED" in said):
                break
        given = dict((name.lower(), value) for name, value in said_headers)
        wrong = given.get("sl-violations", "")
        if status >= 400:
            wrong = said.decode(errors="replace")
        self.server.asked.append((self.command, self.path, status, wrong))
        self.send_response(status)
        for name, value in said_headers:
            if name.lower() in ("content-type", "link", "x-total-count", "x-next-page"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = serve


def poll(program, driver, port, rounds):
    environment = dict(os.environ, CONTRACT_TOKEN="contract-token", CONTRACT_USER="user")
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        environment.pop(name, None)
    done = subprocess.run([program, driver, f"http://127.0.0.1:{port}", str(rounds)],
                          env=environment, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


def of_request(code, wrong):
    """What is wrong with a request; Prism's own examples of answers are wrong, too."""
    if code >= 400:
        return wrong[:500]
    return wrong[:500] if '"location":["request"' in wrong else ""


def count_items(said):
    return sum(int(match) for match in re.findall(r"(\d+) items", said))


def expected(driver, method, path):
    return any(re.search(pattern, f"{method} {path}") for pattern in UNDESCRIBED.get(driver, ()))


def test(program, prism, driver):
    prisms = [Prism(prism, spec) for spec in DRIVERS[driver]]
    proxy = Proxy(prisms)
    faults = []
    try:
        status, said = poll(program, driver, proxy.server_address[1], 2)
        if status != 0:
            faults.append(f"exit status {status}: {said[-1500:]}")
        asked = list(proxy.asked)
        if not asked:
            faults.append(f"nothing was asked: {said}")
        for method, path, code, wrong in asked:
            wrong = of_request(code, wrong)
            if wrong and not expected(driver, method, path):
                faults.append(f"{method} {path}: {code} {wrong}")
        lines = said.splitlines()
        items = count_items(said)
        proxy.prefer = "dynamic=true"
        status, random_said = poll(program, driver, proxy.server_address[1], ROUNDS)
        if status != 0:
            faults.append(f"random bodies: exit status {status}: {random_said[-1500:]}")
        if items == 0 and "refused: " not in said:
            faults.append(f"no example was understood or refused: {said}")
        print(f"{driver}: {len(asked)} requests known, {items} items of examples; "
              f"{len(proxy.asked) - len(asked)} random answers, {count_items(random_said)} items of them",
              flush=True)
        for line in sorted({re.sub(r"[0-9]+", "N", line) for line in lines
                            if not re.fullmatch(r"\d+ requests, \d+ items", line)}):
            print(f"  {line[:200]}", flush=True)
    finally:
        proxy.shutdown()
        for each in prisms:
            each.close()
    for fault in dict.fromkeys(faults):
        print(f"FAILED {driver}: {fault}", flush=True)
    return len(faults)


def main():
    program, prism = sys.argv[1], sys.argv[2]
    drivers = sys.argv[3:] or DRIVERS
    if not os.path.exists(prism):
        print("Prism is not installed: npm ci --prefix tests/contract")
        return 77  # skipped
    failed = [driver for driver in drivers if test(program, prism, driver)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
