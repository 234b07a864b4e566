"""GitHub, GitLab and PagerDuty on this machine, as far as dorad asks them: lists that grow while
they are read, things that end later, are run again, edited or deleted; and every kind of
answer that a network or a vendor has ever given instead of the right one.

Each vendor keeps the truth as the JSON that it tells; `items()` is what a reader who missed
nothing must have of it, and `deployed()` what was deployed successfully.
"""
import hashlib
import http.server
import json
import random
import re
import socket
import struct
import threading
import time
import urllib.parse

HOUR, DAY = 3600, 86400


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else None


def given(row):
    """As the database tells it: without what is not known, times with their offset."""
    times = {key: row[key].replace("Z", "+00:00") for key in row
             if key.endswith("_at") and row[key]}
    flags = {"bot": False, "draft": False, "optional": False, "attempt": 1}
    return {key: value for key, value in {**flags, **row, **times}.items() if value is not None}


class Vendor:
    """One system. `change` makes something happen; the caller holds the lock of Vendors."""
    prefix = project = ""

    def __init__(self, rng, shas):
        self.rng, self.shas, self.rows, self.n = rng, shas, {}, 1000
        self.gone = set()  # keys of rows that were there
        self.hidden = set()  # of those whose last change only a sweep finds
        self.asked, self.n_304 = [], 0
        self.limited = False  # told to stay away; nobody may ask any more

    def number(self):
        self.n += 1
        return self.n

    def forget(self):
        self.asked, self.n_304, self.limited = [], 0, False

    def born(self, number):
        """Now, or some time ago: then it is shown late."""
        if self.rng.random() < 0.7:
            return int(time.time())
        self.hidden.add(str(number))
        return int(time.time()) - self.rng.randrange(60, 40 * HOUR)

    def some(self, condition):
        keys = [key for key, row in self.rows.items() if condition(row)]
        return self.rng.choice(keys) if keys else None

    def delete(self, key):
        if key is not None:
            del self.rows[key]
            self.gone.add(str(key))


class GitHub(Vendor):
    """Runs with their jobs. Of "Deliver", jobs named deploy are deployments."""
    prefix, project = "/gh", "acme/shop"
    ends = ("success", "success", "success", "failure", "cancelled", "skipped")
    outcomes = {"failure": "failure", "timed_out": "failure", "cancelled": "cancelled",
                "skipped": "skipped", "success": "success"}

    def add(self, at=None, workflow="Deliver", done=None):
        number = self.number()
        at = at or self.born(number)
        run = {"id": number, "name": workflow, "run_attempt": 1, "status": "in_progress",
               "conclusion": None, "path": f".github/workflows/{workflow}.yml",
               "head_sha": self.rng.choice(self.shas), "head_branch": "main", "event": "push",
               "display_title": f"Mend the basket (#{number})", "created_at": stamp(at),
               "run_started_at": stamp(at), "updated_at": stamp(at),
               "html_url": f"https://git.example/acme/shop/actions/runs/{number}", "jobs": []}
        self.rows[number] = run
        for name in ("build", "deploy") if workflow == "Deliver" else ():
            self.add_job(run, name, at)
        if done is True or done is None and self.rng.random() < 0.6:
            self.end(run, at + self.rng.randrange(30, 600) if at < time.time() - HOUR else at)
        return run

    def add_job(self, run, name, at):
        run["jobs"].append(
            {"id": self.number(), "run_id": run["id"], "run_attempt": run["run_attempt"],
             "name": name, "status": "in_progress", "conclusion": None,
             "head_sha": run["head_sha"], "head_branch": run["head_branch"],
             "created_at": stamp(at), "started_at": stamp(at), "completed_at": None})

    def end(self, run, at=None):
        at = at or int(time.time())
        for job in run["jobs"]:
            if not job["conclusion"]:
                end = "success" if job["name"] == "build" else self.rng.choice(self.ends)
                job.update(status="completed", conclusion=end, completed_at=stamp(at))
        ends = [job["conclusion"] for job in run["jobs"]]
        run.update(status="completed", updated_at=stamp(at),
                   conclusion="success" if set(ends) <= {"success"} else "failure")

    def run_again(self, run):
        """The jobs that failed: others stay what and when they were."""
        at = int(time.time())
        self.hidden.add(str(run["id"]))
        run.update(run_attempt=run["run_attempt"] + 1, status="queued", conclusion=None,
                   run_started_at=stamp(at), updated_at=stamp(at))
        failed = [job for job in run["jobs"] if job["conclusion"] != "success"]
        for job in failed:
            run["jobs"].remove(job)
            self.gone.add(str(job["id"]))
            self.add_job(run, job["name"], at)

    def change(self):
        what = self.rng.random()
        if what < 0.45:
            self.add(workflow=self.rng.choice(("Deliver", "CI")))
        elif what < 0.75:
            key = self.some(lambda run: run["status"] != "completed")
            if key:
                self.end(self.rows[key])
        elif what < 0.85:
            key = self.some(lambda run: run["conclusion"] == "failure" and run["jobs"])
            if key:
                self.run_again(self.rows[key])
        elif what < 0.95:
            key = self.some(lambda run: run["status"] == "completed")
            if key:
                self.hidden.add(str(key))
                self.rows[key].update(display_title=f"Edited {self.number()}",
                                      updated_at=stamp(int(time.time())))
        else:
            self.delete(self.some(lambda run: run["status"] == "completed"))

    def finish_all(self):
        for run in self.rows.values():
            if run["status"] != "completed":
                self.end(run)

    # ---- answers ----

    @staticmethod
    def public(run):
        return {key: value for key, value in run.items() if key != "jobs"}

    def answer(self, path, query, link):
        base = f"/repos/{self.project}/actions/runs"
        if path == base:
            low, _, high = query.get("created", "..~").partition("..")
            rows = sorted((run for run in self.rows.values()
                           if low <= run["created_at"] <= (high or "~")),
                          key=lambda run: (run["created_at"], run["id"]), reverse=True)
            total = len(rows)
            if "created" in query:
                rows = rows[:1000]
            return {"total_count": total,
                    "workflow_runs": [self.public(run) for run in paged(rows, query, link)]}
        found = re.fullmatch(base + "/([0-9]+)(/jobs)?", path)
        run = self.rows.get(int(found[1])) if found else None
        if not run or not found[2]:
            return run and self.public(run)
        return {"total_count": len(run["jobs"]), "jobs": paged(run["jobs"], query, link)}

    # ---- what must have been stored ----

    def item(self, kind, row, **more):
        word = row["conclusion"] or row["status"]
        return given({
            "project": self.project, "kind": kind, "external_id": str(row["id"]),
            "attempt": row["run_attempt"], "state": word, "sha": row["head_sha"],
            "outcome": self.outcomes.get(word, "running"), "done": word in self.outcomes,
            "ref": row["head_branch"], "created_at": row["created_at"], **more})

    def items(self):
        for run in self.rows.values():
            over = run["status"] == "completed"
            yield self.item("run", run, workflow=run["name"], name=run["display_title"],
                            event=run["event"], url=run["html_url"],
                            started_at=run["run_started_at"], updated_at=run["updated_at"],
                            finished_at=run["updated_at"] if over else None)
            for job in run["jobs"]:
                yield self.item("job", job, parent=str(run["id"]), workflow=run["name"],
                                name=job["name"], event=run["event"],
                                started_at=job["started_at"],
                                finished_at=job["completed_at"])

    def deployed(self):
        for run in self.rows.values():
            for job in run["jobs"]:
                if job["name"] == "deploy" and job["conclusion"] == "success":
                    yield f"{job['completed_at']} {job['head_sha']}"


class GitLab(Vendor):
    """Deployments, by their change. It finishes and edits them in any order."""
    prefix, project = "/gl", "acme/pay"
    outcomes = {"success": "success", "failed": "failure", "canceled": "cancelled"}

    def add(self, at=None, done=None):
        number = self.number()
        at = at or self.born(number)
        row = {"id": number, "iid": number, "status": "running", "ref": "main",
               "sha": self.rng.choice(self.shas), "created_at": stamp(at),
               "updated_at": stamp(at), "finished_at": None,
               "environment": {"name": "production", "tier": "production"},
               "deployable": {"name": f"ship {number}", "started_at": stamp(at),
                              "web_url": f"https://git.example/acme/pay/-/jobs/{number}"}}
        self.rows[number] = row
        if done is True or done is None and self.rng.random() < 0.6:
            self.end(row, at)
        return row

    def end(self, row, at=None):
        at = at or int(time.time())
        row.update(status=self.rng.choice(("success", "success", "failed", "canceled")),
                   finished_at=stamp(at), updated_at=stamp(at))

    def change(self):
        what = self.rng.random()
        if what < 0.45:
            self.add()
        elif what < 0.8:
            key = self.some(lambda row: row["status"] == "running")
            if key:
                self.hidden.discard(str(key))
                self.end(self.rows[key])
        elif what < 0.93:
            key = self.some(lambda row: True)
            if key:
                self.hidden.discard(str(key))
                self.rows[key].update(ref=f"release/{self.number()}",
                                      updated_at=stamp(int(time.time())))
        else:
            self.delete(self.some(lambda row: row["status"] != "running"))

    def finish_all(self):
        for row in self.rows.values():
            if row["status"] == "running":
                self.end(row)

    def answer(self, path, query, link):
        base = f"/api/v4/projects/{urllib.parse.quote(self.project, safe='')}/deployments"
        if path == base:
            rows = sorted((row for row in self.rows.values()
                           if row["updated_at"] >= query.get("updated_after", "")),
                          key=lambda row: (row["updated_at"], row["id"]))
            return paged(rows, query, link)
        found = re.fullmatch(base + "/([0-9]+)", path)
        return self.rows.get(int(found[1])) if found else None

    def items(self):
        for row in self.rows.values():
            yield given({
                "project": self.project, "kind": "deployment", "external_id": str(row["id"]),
                "state": row["status"], "environment": row["environment"]["name"],
                "outcome": self.outcomes.get(row["status"], "running"),
                "done": row["status"] in self.outcomes, "sha": row["sha"], "ref": row["ref"],
                "name": row["deployable"]["name"], "url": row["deployable"]["web_url"],
                "labels": [row["environment"]["tier"]], "created_at": row["created_at"],
                "started_at": row["deployable"]["started_at"],
                "finished_at": row["finished_at"], "updated_at": row["updated_at"]})

    def deployed(self):
        for row in self.rows.values():
            if row["status"] == "success":
                yield f"{row['finished_at']} {row['sha']}"


class PagerDuty(Vendor):
    """Incidents and their log. They are never deleted."""
    prefix, project = "/pd", ""

    def add(self, at=None, done=None):
        number = f"Q{self.number()}"
        at = at or self.born(number)
        row = {"id": number, "title": f"Slow basket {number}", "status": "triggered",
               "urgency": "high", "created_at": stamp(at), "resolved_at": None,
               "last_status_change_at": stamp(at), "updated_at": stamp(at),
               "service": {"id": "PIJ90N7", "summary": "shop"},
               "teams": [{"summary": "web"}], "log": [],
               "html_url": f"https://acme.example/incidents/{number}"}
        self.rows[number] = row
        if done is True or done is None and self.rng.random() < 0.5:
            self.move(row, "acknowledged", at)
            self.move(row, "resolved", at)
        return row

    @staticmethod
    def move(row, status, at=None):
        at = stamp(at or int(time.time()))
        row.update(status=status, last_status_change_at=at, updated_at=at)
        if status == "resolved":
            row["resolved_at"] = at
        else:
            row["log"].append({"type": "acknowledge_log_entry", "created_at": at})

    def change(self):
        if self.rng.random() < 0.5:
            self.add()
            return
        key = self.some(lambda row: row["status"] != "resolved")
        if key:
            row = self.rows[key]
            self.move(row, "acknowledged" if row["status"] == "triggered" else "resolved")

    def finish_all(self):
        for row in self.rows.values():
            if row["status"] != "resolved":
                self.move(row, "resolved")

    def answer(self, path, query, link):
        if path == "/incidents":
            rows = sorted((row for row in self.rows.values()
                           if query["since"] <= row["created_at"] <= query["until"]),
                          key=lambda row: (row["created_at"], row["id"]))
            offset = int(query.get("offset", 0))
            return {"incidents": [self.public(row) for row in rows[offset:offset + 100]],
                    "offset": offset, "limit": 100, "more": offset + 100 < len(rows)}
        found = re.fullmatch("/incidents/([^/]+)(/log_entries)?", path)
        row = self.rows.get(found[1]) if found else None
        if row and found[2]:
            return {"log_entries": row["log"][int(query.get("offset", 0)):], "more": False}
        return row and {"incident": self.public(row)}

    @staticmethod
    def public(row):
        return {key: value for key, value in row.items() if key != "log"}

    def items(self):
        for row in self.rows.values():
            done = row["status"] == "resolved"
            yield given({
                "project": "", "kind": "incident", "external_id": row["id"],
                "name": row["title"], "state": row["status"], "severity": row["urgency"],
                "outcome": "success" if done else "running", "done": done,
                "services": ["shop"], "labels": ["web"], "url": row["html_url"],
                "created_at": row["created_at"], "detected_at": row["created_at"],
                "acknowledged_at": row["log"][0]["created_at"] if row["log"] else None,
                "resolved_at": row["resolved_at"], "updated_at": row["updated_at"]})

    def deployed(self):
        return ()


def paged(rows, query, link):
    """One page; link() is told if there is another."""
    size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    if page * size < len(rows):
        link(page + 1)
    return rows[(page - 1) * size:page * size]


# ---- what goes wrong ----

def error(status, body=b'{"message": "try again"}', **headers):
    return lambda handler, data, good: handler.send(
        status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def cut(handler, data, good, how):
    """Half of a body that promises more."""
    handler.send(200, data[:len(data) // 2], good, length=len(data))
    handler.wfile.flush()
    if how == "reset":
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def drip(handler, data, good):
    """All of it, slowly."""
    handler.send(200, data[:len(data) // 2], good, length=len(data))
    handler.wfile.flush()
    time.sleep(0.2)
    handler.wfile.write(data[len(data) // 2:])


FAULTS = {
    "500": error(500, b"<html>oops</html>"),
    "502": error(502, b""),
    "503": error(503, Retry_After="1"),
    "429": error(429, Retry_After="1"),
    "429 for an hour": error(429, Retry_After="3600"),
    "secondary limit": error(403, b'{"message": "You have exceeded a secondary rate limit"}',
                             Retry_After="1"),
    "reset": lambda *answer: cut(*answer, "reset"),
    "cut off": lambda *answer: cut(*answer, "end"),
    "truncated": lambda handler, data, good: handler.send(200, data[:len(data) // 2], good),
    "empty": lambda handler, data, good: handler.send(200, b"", good),
    "web page": error(200, b"<!DOCTYPE html><p>Log in</p>", Content_Type="text/html"),
    "slow": drip,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendors = None

    def log_message(self, *_):
        pass

    def send(self, status, data, headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        try:
            self.vendors.serve(self)
        except OSError:  # the program was killed
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """The program was killed, or the connection was."""


class Vendors:
    def __init__(self, seed, shas):
        self.rng = random.Random(seed)
        self.all = [kind(self.rng, shas) for kind in (GitHub, GitLab, PagerDuty)]
        self.lock = threading.Lock()
        self.trouble, self.growth = 0.0, 0.0  # chances of a request
        # Every fault once, each history beginning with others, so that none stays away.
        first = seed * 2 % len(FAULTS)
        self.next = (list(FAULTS)[first:] + list(FAULTS)[:first])[::-1]
        self.met, self.wrongs = {}, []
        handler = type("Bound", (Handler,), {"vendors": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def change(self, n):
        with self.lock:
            for _ in range(n):
                self.rng.choice(self.all).change()

    def forget(self):
        for vendor in self.all:
            vendor.forget()

    def serve(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        vendor = next(each for each in self.all if url.path.startswith(each.prefix + "/"))
        query, headers = dict(urllib.parse.parse_qsl(url.query)), {}
        with self.lock:
            body, fault = self.look(vendor, url, query, headers)
            vendor.asked.append(handler.path)
            tag = '"' + hashlib.sha256(body).hexdigest()[:20] + '"' if body else ""
            same = bool(body) and handler.headers.get("If-None-Match") == tag
            vendor.n_304 += same and not fault
        if body is None and fault in (None, "slow"):
            handler.send(404, b'{"message": "Not Found"}')
        elif fault:
            FAULTS[fault](handler, body or b"{}", {"ETag": tag, **headers})
        elif same:
            handler.send(304, b"", {"ETag": tag})
        else:
            handler.send(200, body, {"ETag": tag, "Content-Type": "application/json",
                                     **headers})

    def look(self, vendor, url, query, headers):
        """(body or None, name of a fault or None), with the lock held."""
        def link(page):
            following = urllib.parse.urlencode({**query, "page": page})
            headers["Link"] = f'<{self.url}{url.path}?{following}>; rel="next"'

        if vendor.limited:
            self.wrongs.append(f"{url.path} was asked for within the hour of a limit")
        if self.rng.random() < self.growth:
            vendor.change()
        answer = vendor.answer(url.path[len(vendor.prefix):], query, link)
        body = None if answer is None else json.dumps(answer).encode()
        if self.rng.random() >= self.trouble:
            return body, None
        fault = self.next.pop() if self.next else self.rng.choice(list(FAULTS))
        self.met[fault] = self.met.get(fault, 0) + 1
        vendor.limited = fault == "429 for an hour"
        return body, fault
