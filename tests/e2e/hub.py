"""A GitHub of a few runs and jobs on this machine, for end-to-end tests: lists newest first in
pages with Link headers, windows on creation, entity tags, and a count of what was asked."""
import hashlib
import http.server
import json
import re
import threading
import time
import urllib.parse

PAGE_MAX = 100


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else None


class Hub:
    """runs: dicts as GitHub has them, with a list "jobs" beside."""

    def __init__(self, project, token):
        self.project, self.token = project, token
        self.runs, self.deployments, self.asked, self.n_304 = [], [], [], 0
        self.scopes = None  # of the credential, where it has any
        self.skew = 0  # of its clock, in seconds
        self.budget = 4000  # requests left
        self.more = {}  # {path: body} of other systems
        self.refused = {}  # {start of a path: (status, message)}
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + hub.skew)

            def do_GET(self):
                hub.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forget(self):
        self.asked, self.n_304 = [], 0

    def run(self, workflow, sha, created, jobs, status="completed", conclusion="success",
            attempt=1, branch="main"):
        """jobs: (name, conclusion or None while it runs, started, finished)."""
        number = 1000 + len(self.runs)
        run = {"id": number, "name": workflow, "run_attempt": attempt, "head_sha": sha,
               "head_branch": branch, "event": "push", "status": status,
               "conclusion": conclusion if status == "completed" else None,
               "path": f".github/workflows/{workflow.lower()}.yml",
               "display_title": "whatever it was about", "created_at": stamp(created),
               "run_started_at": stamp(created), "updated_at": stamp(created + 3600),
               "html_url": f"{self.url}/runs/{number}", "jobs": []}
        self.runs.append(run)
        self.set_jobs(run, jobs)
        return run

    def set_jobs(self, run, jobs):
        run["jobs"] = [
            {"id": run["id"] * 100 + run["run_attempt"] * 20 + i, "run_id": run["id"],
             "run_attempt": run["run_attempt"], "name": name, "head_sha": run["head_sha"],
             "head_branch": run["head_branch"],
             "status": "completed" if conclusion else "in_progress",
             "conclusion": conclusion, "created_at": run["created_at"],
             "started_at": stamp(started), "completed_at": stamp(finished)}
            for i, (name, conclusion, started, finished) in enumerate(jobs)]

    # ---- answers ----

    def route(self, path, query):
        """(body or list) of a path; None: there is no such thing."""
        base = f"/repos/{self.project}"
        if path == f"{base}/actions/runs":
            created = query.get("created", "")
            low, high = (created.split("..") + ["~"])[:2] if created else ("", "~")
            return sorted((self.public(run) for run in self.runs
                           if low <= run["created_at"] <= high),
                          key=lambda run: -run["id"])
        found = re.fullmatch(f"{base}/actions/runs/([0-9]+)(/jobs)?", path)
        if found:
            run = next((run for run in self.runs if run["id"] == int(found[1])), None)
            return run and (run["jobs"] if found[2] else self.public(run))
        if path in (f"{base}/pulls", f"{base}/releases", f"{base}/issues",
                    f"{base}/deployments"):
            return []
        return ["2022-11-28"] if path == "/versions" else self.more.get(path)

    @staticmethod
    def public(run):
        return {key: value for key, value in run.items() if key != "jobs"}

    def answer(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": str(self.budget),
                   "X-RateLimit-Reset": str(int(time.time()) + 600)}
        if self.scopes:
            headers["X-OAuth-Scopes"] = self.scopes
        self.asked.append(request.path)
        body = self.route(url.path, query)
        status = 200
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            status, body = 401, {"message": "Bad credentials"}
        elif any(url.path.startswith(start) for start in self.refused):
            status, message = next(value for start, value in self.refused.items()
                                   if url.path.startswith(start))
            body = {"message": message}
        elif body is None:
            status, body = 404, {"message": "Not Found"}
        elif isinstance(body, list):
            body = self.page(url, query, body, headers)
        data = json.dumps(body).encode()
        tag = '"' + hashlib.sha256(data).hexdigest()[:20] + '"'
        if status == 200:
            headers["ETag"] = tag
            if request.headers.get("If-None-Match") == tag:
                status, data, self.n_304 = 304, b"", self.n_304 + 1
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def page(self, url, query, rows, headers):
        size = min(int(query.get("per_page", 30)), PAGE_MAX)
        number = int(query.get("page", 1))
        if number * size < len(rows):
            following = urllib.parse.urlencode({**query, "page": number + 1})
            headers["Link"] = f'<{self.url}{url.path}?{following}>; rel="next"'
        part = rows[(number - 1) * size:number * size]
        if url.path.endswith("/runs"):
            return {"total_count": len(rows), "workflow_runs": part}
        if url.path.endswith("/jobs"):
            return {"total_count": len(rows), "jobs": part}
        return part
