#!/usr/bin/python3
"""contract.py CONTRACT_POLL PRISM [DRIVER…]

Has the REST engine poll the vendors' own API descriptions, served by Prism (README.md). A proxy
in between keeps what was asked and what Prism said of it.
"""
import base64
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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from ports import free_port  # noqa: E402

SPECS = pathlib.Path(__file__).parent / "specs"
ROUNDS = int(os.environ.get("DORAD_CONTRACT_ROUNDS", "3"))  # with random bodies
PATIENCE = 120
LINES_SHOWN = 8  # messages of a driver in the summary
MASKED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|-?[0-9]+")

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
    # documented in another description of the vendor's, that of the service Location
    "azure_devops": [r"^GET /acme/_apis/connectionData$"],
    # "Get a release" of the same API
    "github": [r"^GET /repos/acme/shop/releases/-?\d+$"],
    # "Identity" and "Get current user", which are left out of the cut ones
    "incident_io": [r"^GET /v1/identity$"],
    "rootly": [r"^GET /v1/users/me$"],
}

# Examples name the same next page for ever, where random ones name others: in an answer to
# this parameter there is no more (path of the token).
ENDS = {
    "circleci": ("page-token=", ["next_page_token"]),
    "firehydrant": ("&page=", ["pagination", "next"]),
    "incident_io": ("after=", ["pagination_meta", "after"]),
}

# Requests that the vendor documents in words, put as its description has them.
TIME = r"\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\dZ"
PUT_AS = {
    # `created` is called a date-time and in the text beside it a range, by the syntax of
    # searches: one end of it is shown
    "github": [(rf"([?&]created=)({TIME})\.\.({TIME})(?=&|$)", r"\1\2")],
    # timelineId is optional, which a path cannot tell
    "azure_devops": [
        (r"(/builds/-?\d+/timeline)(?=\?)", r"\1/5034460f-c7c4-4c43-9457-de07e2029e7b"),
        # "Get Pull Request By Id" is left out; "Get Pull Request" answers the same
        (r"^/acme(/_apis/git)(/pullrequests/-?\d+)(?=\?)", r"/acme/Shop\1/repositories/r\2")],
}

# The descriptions say a list where examples and the service itself have {count, value}.
LIST_AT_VALUE = ("azure_devops",)

# What the id of an item may be where the description is strict and lists are empty.
IDS = {"circleci": "5034460f-c7c4-4c43-9457-de07e2029e7b"}

# Each of Azure's descriptions defines personal access tokens, by basic authentication, for
# all of its operations, and then names OAuth alone in each one: Prism is shown a bearer token
# for a good personal one.
BASIC_FOR_BEARER = {
    "Basic " + base64.b64encode(b"dora:contract-token").decode(): "Bearer contract-token"}

# Paths of a driver that no answer of its description leads to, and why.
UNASKED = {
}

# Random times are of a century, and most are refused for that alone: in every second answer
# they are recent.
RANDOM_DATE = re.compile(rb'(?<=")(19|20)[0-9]{2}(?=-[0-9]{2}-[0-9]{2}T)')
LAST_YEAR = str(time.gmtime().tm_year - 1).encode()

# Times that the description calls text, and nothing more.
TEXT_FOR_TIME = {"rootly": re.compile(rb'("[a-z_]+_at": ?)"[^"]*"')}

# Headers of answers. Links of examples lead to the vendor's own host: they must be refused,
# which is seen in a poll of its own.
PASSED = ("content-type", "x-total-count", "x-next-page", "x-ms-continuationtoken")
LINKING = ("github",)


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

    def __init__(self, driver, prisms):
        super().__init__(("127.0.0.1", 0), Handler)
        self.driver, self.prisms = driver, prisms
        self.prefer = None
        self.links = False  # whether Link headers of examples are passed on
        self.asked = []  # (method, path, status, what Prism says is wrong)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def without(said, path):
    """An answer without the member at a path, if it has it."""
    document = place = json.loads(said)
    for key in path[:-1]:
        place = place.get(key) or {}
    place.pop(path[-1], None)
    return json.dumps(document).encode()


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
        if self.server.driver == "azure_devops":
            headers["Authorization"] = BASIC_FOR_BEARER.get(headers.get("Authorization"), "")
        if self.server.prefer and self.path not in STATIC:
            headers["Prefer"] = self.server.prefer
        path = self.path
        for pattern, replacement in PUT_AS.get(self.server.driver, ()):
            path = re.sub(pattern, replacement, path)
        for prism in self.server.prisms:
            status, said_headers, said = prism.ask(self.command, path, headers, body)
            if not (status == 404 and b"NO_PATH_MATCHED" in said):
                break
        if self.server.prefer and len(self.server.asked) % 2:
            said = RANDOM_DATE.sub(LAST_YEAR, said)
        if self.server.driver in TEXT_FOR_TIME and len(self.server.asked) % 4:
            said = TEXT_FOR_TIME[self.server.driver].sub(
                rb'\1"' + LAST_YEAR + b'-03-01T12:00:00Z"', said)
        if ENDS.get(self.server.driver, ("\n",))[0] in self.path:
            said = without(said, ENDS[self.server.driver][1])
        if self.server.driver in LIST_AT_VALUE and said.startswith(b"["):
            said = b'{"count": %d, "value": %s}' % (len(json.loads(said)), said)
        given = dict((name.lower(), value) for name, value in said_headers)
        wrong = given.get("sl-violations", "")
        if status >= 400:
            wrong = said.decode(errors="replace")
        self.server.asked.append((self.command, self.path, status, wrong))
        self.send_response(status)
        for name, value in said_headers:
            if name.lower() in PASSED or (self.server.links and name.lower() == "link"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = serve


def poll(program, driver, port, rounds):
    environment = dict(os.environ, CONTRACT_TOKEN="contract-token", CONTRACT_USER="user")
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        environment.pop(name, None)
    done = subprocess.run([program, driver, f"http://127.0.0.1:{port}", str(rounds),
                           IDS.get(driver, "1")],
                          env=environment, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


def of_request(code, wrong):
    """What is wrong with a request; Prism's own examples of answers are wrong, too."""
    if code >= 400:
        return wrong[:500]
    return wrong[:500] if '"location":["request"' in wrong else ""


def count_items(said):
    return sum(int(match) for match in re.findall(r"(\d+) items", said))


def asked_paths(said):
    """({path: whether it was asked}, requests that are in none of the driver's tables)"""
    paths = {match[2]: match[1] == "asked"
             for match in re.finditer(r"^(asked|never asked): (.*)$", said, re.M)}
    return paths, re.findall(r"^strange: (.*)$", said, re.M)


def expected(driver, method, path):
    return any(re.search(pattern, f"{method} {path}") for pattern in UNDESCRIBED.get(driver, ()))


def refusals(said):
    return [line for line in said.splitlines()
            if not re.match(r"\d+ requests, \d+ items$|asked: |never asked: |strange: ", line)]


def unclear(line):
    """A message must say in words what is wrong, and nothing that a terminal obeys."""
    text = re.sub(r"^(refused|\d+ requests, \d+ items): ", "", line)
    return not re.search(r"[a-z]{3}.*[ :].*[a-z]{3}", text) or not text.isprintable() or (
        "contract-token" in text)


def test(program, prism, driver):
    begin = time.monotonic()
    prisms = [Prism(prism, spec) for spec in DRIVERS[driver]]
    proxy = Proxy(driver, prisms)
    faults, said, n_known = [], {}, 0
    try:
        for what, prefer, rounds in (("links", None, driver in LINKING),
                                     ("examples", None, 2),
                                     ("random bodies", "dynamic=true", ROUNDS)):
            proxy.prefer, proxy.asked, proxy.links = prefer, [], what == "links"
            status, said[what] = poll(program, driver, proxy.server_address[1], int(rounds))
            if status != 0:
                faults.append(f"{what}: exit status {status}: {said[what][-1500:]}")
            for method, path, code, wrong in proxy.asked:
                wrong = of_request(code, wrong)
                if wrong and not expected(driver, method, path):
                    faults.append(f"{method} {path}: {code} {wrong}")
            for line in refusals(said[what]):
                if unclear(line):
                    faults.append(f"{what}: an unclear message: {line!r}")
            n_known += len(proxy.asked)
        if driver in LINKING and "at another origin" not in said["links"]:
            faults.append(f"a link to another host was not refused: {said['links']}")
    finally:
        proxy.shutdown()
        for each in prisms:
            each.close()
    faults += uncovered(driver, said)
    n_items = {what: count_items(text) for what, text in said.items()}
    if not sum(n_items.values()) and "refused: " not in said.get("examples", ""):
        faults.append("no item was ever understood, and none refused")
    print(f"{driver}: {n_known} requests known, {n_items['examples']} items of examples and "
          f"{n_items['random bodies']} of random bodies, {time.monotonic() - begin:.0f} s",
          flush=True)
    for what, text in said.items():
        lines = sorted({MASKED.sub("N", line) for line in refusals(text)})
        for line in lines[:LINES_SHOWN]:
            print(f"  {what}: {line[:200]}", flush=True)
    for fault in dict.fromkeys(re.sub(r"[0-9]{9,}", "N", fault) for fault in faults):
        print(f"FAILED {driver}: {fault}", flush=True)
    return len(faults)


def uncovered(driver, said):
    """A feed, a detail or an item's path that was never tried proves nothing."""
    faults, paths = [], {}
    for text in said.values():
        asked, strange = asked_paths(text)
        for name, whether in asked.items():
            paths[name] = paths.get(name, False) or whether
        faults += [f"in none of the driver's tables: {url}" for url in strange]
    if not paths:
        faults.append("no path is listed")
    excused = UNASKED.get(driver, {})
    for name, whether in paths.items():
        if not whether and name not in excused:
            faults.append(f"never asked: {name}")
        elif whether and name in excused:
            faults.append(f"asked after all: {name}")
    return faults + [f"no such path: {name}" for name in excused if name not in paths]


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
