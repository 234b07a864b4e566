"""Small and nasty worlds by seed: the facts of one (all that model.py is told), and how they
came to be what they are."""

import copy
import datetime
import hmac
import json
import random
import zoneinfo

US = 10**6
HOUR = 3600 * US
DAY = 24 * HOUR
MONTHS = [  # zones, and a time at which something happens to their clocks
    (["UTC", "Europe/Berlin"], "2025-03-30T01:00"),
    (["Europe/Berlin", "America/New_York"], "2025-10-26T01:00"),
    (["Pacific/Apia", "UTC"], "2011-12-30T10:00"),
    (["Australia/Lord_Howe", "Asia/Kathmandu"], "2025-04-05T15:00"),
    (["Australia/Lord_Howe", "UTC"], "2025-10-04T15:30"),
    (["America/Sao_Paulo", "UTC"], "2018-11-04T03:00"),
    (["America/Sao_Paulo", "Europe/Dublin"], "2018-02-18T02:00"),
    (["America/Havana", "UTC"], "2012-11-04T05:00"),
    (["America/St_Johns", "Asia/Kolkata"], "2010-11-07T02:31"),
    (["UTC", "Pacific/Kiritimati"], "2024-12-31T12:00"),
]
WINDOWS = [72, 72, 72, 1, 24, 240]
COMMIT_TIMES = ["authored", "authored", "committed", "merged"]


def instant(text):
    return round(datetime.datetime.fromisoformat(text).replace(
        tzinfo=datetime.timezone.utc).timestamp()) * US


def digest(glob):
    """What stands for it, under the key of the player."""
    return hmac.new(b"\1", b"dorad: excluded author\n" + glob.encode(), "sha256").hexdigest()[:16]


class Maker:
    def __init__(self, seed):
        self.rand = random.Random(seed)
        self.zones, middle = self.rand.choice(MONTHS)
        self.middle = instant(middle)
        self.span = self.rand.choice([4, 8, 8, 15, 15, 30, 80]) * DAY
        self.begin = self.middle - round(self.span * self.rand.choice([0.2, 0.5, 0.9]))
        self.told = []  # instants used so far
        self.world = {"minimum_authors": self.rand.choice([0, 0, 1, 2, 3])}
        self.histories = []  # of each fact: [(kind, what, state, …)], in their order
        self.config()
        for repo in self.world["repos"]:
            self.commits(repo)
        self.world["changes"], self.world["incidents"] = [], []
        self.world["deployments"] = []
        for repo in self.world["repos"]:
            self.changes(repo)
        for service in self.world["services"]:
            self.deployments(service)
        for n in range(self.rand.choice([0, 3, 6, 12])):
            self.incident(n)
        self.now = max(self.told) + self.rand.choice([0, 1, US, 5 * HOUR, 2 * DAY, 4 * DAY])

    def likely(self, p):
        return self.rand.random() < p

    def some(self, words, p=0.5):
        return [w for w in words if self.likely(p)]

    def time(self, near=None, spread=2 * DAY):
        """An instant of the world: anywhere, near another, as another, at a midnight or by
        a change of the clock."""
        dice = self.rand.random()
        if near is not None:
            at = near + self.rand.randrange(-spread, spread)
        elif dice < 0.1 and self.told:
            at = self.rand.choice(self.told)
        elif dice < 0.2:
            at = self.middle + self.rand.choice([-1, 0, 1, -US, US, HOUR, -HOUR])
        elif dice < 0.35:
            at = self.midnight() + self.rand.choice([-1, 0, 1, -US, US])
        else:
            at = self.begin + self.rand.randrange(self.span)
        if self.likely(0.6):
            at -= at % US
        at = max(self.begin, min(at, self.begin + self.span))
        self.told.append(at)
        return at

    def midnight(self):
        zone = zoneinfo.ZoneInfo(self.rand.choice(self.zones))
        at = datetime.datetime.fromtimestamp(
            (self.begin + self.rand.randrange(self.span)) // US, zone)
        at = at.replace(hour=0, minute=0, second=0)
        return round(at.timestamp()) * US

    # ---- configuration ----

    def config(self):
        rand, world = self.rand, self.world
        world["orgs"] = [{"name": "o%d" % i, "time_zone": rand.choice(self.zones)}
                         for i in range(rand.choice([1, 2]))]
        world["teams"] = []
        for i in range(rand.choice([1, 1, 2, 2, 3])):
            team = {"name": "t%d" % i, "org": rand.choice(world["orgs"])["name"]}
            if self.likely(0.4):
                team["time_zone"] = rand.choice(self.zones)
            world["teams"].append(team)
        # of those called p, services may have a part
        world["repos"] = {rand.choice("rrp") + str(i): {}
                          for i in range(rand.choice([1, 1, 2, 3]))}
        world["services"] = [self.service("s%d" % i)
                             for i in range(rand.choice([1, 1, 1, 2, 2, 3, 4]))]

    def team(self):
        return self.rand.choice(self.world["teams"])["name"]

    def service(self, name):
        rand = self.rand
        repos = list(self.world["repos"])
        service = {
            "name": name,
            "team": self.team(),
            "owners": [],
            "repos": {repo: {"paths": repo[0] == "p" and self.likely(0.7)}
                      for repo in rand.sample(repos, min(len(repos),
                                                         rand.choice([1, 1, 1, 2])))},
            "groups": [{"name": "production", "environments": ["production"],
                        "finished": "all"}],
            "window": rand.choice(WINDOWS),
            "commit_time": rand.choice(COMMIT_TIMES),
            "remediation": [
                {"kind": "roll_forward", "reverts": True},
                {"kind": "hotfix", "branches": ["hotfix/*", "hotfix-*"],
                 "labels": ["hotfix"]}],
            "incidents": [{"services": [name]}],
            "exclude": None,
            "default": True,
        }
        if self.likely(0.4):
            service["time_zone"] = rand.choice(self.zones)
        if self.likely(0.4):
            day = datetime.datetime.fromtimestamp(
                (self.begin + rand.randrange(self.span)) // US, datetime.timezone.utc)
            for i in range(rand.choice([1, 1, 2])):
                until = (day + datetime.timedelta(i * 3)).date().isoformat()
                service["owners"].append(
                    {"team": self.team(), "until": until})
        if self.likely(0.4):
            service["groups"] = [
                {"name": "main", "environments": ["eu", "us"],
                 "finished": rand.choice(["all", "first"])},
                {"name": "canary", "environments": ["canary"], "finished": "all"},
            ][:rand.choice([1, 2, 2])]
        if self.likely(0.3):
            service["exclude"] = {"bots": self.likely(0.7), "authors": self.some(
                ["robot*", "nobody*"]), "labels": self.some(["dependencies"])}
        if self.likely(0.3):
            service["remediation"] = self.some([
                {"kind": "hotfix", "titles": [r"^\[fix\]"], "labels": ["urgent*"]},
                {"kind": "roll_forward", "reverts": True, "trailers": ["Fixes"]},
                {"kind": "hotfix", "branches": ["hotfix/*"]},
            ], 0.7)
            service["default"] = False
        if self.likely(0.3):
            service["incidents"] = self.some([
                {"source": "pager", "severities": ["p1", "SEV*"]},
                {"labels": ["team-*"], "skip": ["drill"]},
                {"titles": ["outage", "^Down"],
                 "environment": service["groups"][-1]["name"]},
                {"source": "desk", "project": "ops", "services": ["s*"],
                 "environment": service["groups"][0]["name"]},
            ], 0.6)
            service["default"] = False
        return service

    def earlier(self, rand):
        """The configuration as it might have been before: of the same things, for facts
        are told of what is configured."""
        world = copy.deepcopy({k: self.world[k] for k in (
            "repos", "orgs", "teams", "services", "minimum_authors")})
        world["minimum_authors"] = rand.choice([0, 3])
        for thing in world["orgs"] + world["teams"] + world["services"]:
            if rand.random() < 0.3:
                thing["time_zone"] = rand.choice(self.zones)
        for team in world["teams"]:
            team["org"] = rand.choice(world["orgs"])["name"]
        for service in world["services"]:
            changes = {"team": rand.choice(world["teams"])["name"], "owners": [],
                       "window": rand.choice(WINDOWS), "exclude": None, "default": True,
                       "commit_time": rand.choice(COMMIT_TIMES)}
            service.update({k: v for k, v in changes.items() if rand.random() < 0.3})
            if service["default"] and rand.random() < 0.3:
                service["groups"] = [{"name": "production", "finished": "first",
                                      "environments": ["us", "production"]}]
        return world

    def yaml(self, world=None):
        """JSON is YAML."""
        world = world or self.world
        source = {"uri": "postgresql://nobody@127.0.0.1/none", "query": "SELECT $1"}
        services = []
        for s in world["services"]:
            row = {
                "name": s["name"], "team": s["team"], "commit_time": s["commit_time"],
                "failure_window": "%dh" % s["window"],
                "components": [
                    {"repository": name, **({"paths": ["src/**"]} if c["paths"] else {}),
                     **({"baseline": c["baseline"]} if c.get("baseline") else {})}
                    for name, c in s["repos"].items()],
                "deployments": [{"from": "deployments", "source": "ci",
                                 "repository": next(iter(s["repos"]))}],
                "production": s["groups"],
            }
            if s["owners"]:
                row["owners"] = s["owners"]
            if s["exclude"]:
                row["exclude"] = {k: v for k, v in s["exclude"].items() if v}
            if s.get("time_zone"):
                row["time_zone"] = s["time_zone"]
            if not s["default"]:
                row["remediation"] = s["remediation"]
                row["incidents"] = s["incidents"]
            services.append(row)
        return json.dumps({
            "database": {"uri": "@URI@"},
            "privacy": {"minimum_authors": world["minimum_authors"]},
            "sources": {
                "git": [{"name": r, "url": "https://git.example/" + r}
                        for r in world["repos"]],
                "sql": [{"name": "ci", "kind": "deployment", **source},
                        {"name": "pager", "kind": "incident", **source},
                        {"name": "desk", "kind": "incident", **source},
                        {"name": "hub", "kind": "change", **source}]},
            "orgs": world["orgs"], "teams": world["teams"],
            "services": services})

    # ---- git ----

    def sha(self):
        """Some begin alike."""
        start = 0xabc1234567 if self.likely(0.03) else self.rand.getrandbits(40)
        return "%010x%030x" % (start, self.rand.getrandbits(120))

    def commits(self, repo):
        rand, commits = self.rand, self.world["repos"][repo]
        using = [s["name"] for s in self.world["services"] if repo in s["repos"]]
        order, at = [], self.begin - rand.choice([0, DAY, 5 * DAY])
        n = rand.choice([5, 12, 25, 60])
        for i in range(n):
            at += rand.choice([0, US, 20 * US, 50 * US, self.span // n, self.span // n])
            parents = []
            if order and not self.likely(0.03):
                parents = [order[-1] if self.likely(0.8) else rand.choice(order[-6:])]
            if parents and self.likely(0.15):
                parents += [p for p in rand.sample(order[-6:], min(len(order[-6:]),
                                                                  rand.choice([1, 1, 2])))
                            if p not in parents]
            committed = at + rand.choice([0, 0, 0, -HOUR, 3 * HOUR])
            authored = committed - rand.choice([0, 1, US, HOUR, DAY, -HOUR])
            subject = rand.choice(["Add a thing", "Mend a thing", "[fix] a thing"])
            commit = {
                "parents": parents, "committed": committed,
                "authored": authored if self.likely(0.97) else None,
                "author": rand.choice([1, 2, 3, 4]),
                "who": rand.choice(["ann <a@x>", "robot <r@x>", "bob <b@x>"]),
                "subject": subject, "reverts": [], "picked": [], "trailers": [],
                "touches": self.some(using, 0.7)}
            if order and self.likely(0.07):
                commit["reverts"] = [rand.choice(order[-9:] + [self.sha()])]
            if order and self.likely(0.05):
                commit["picked"] = [rand.choice(order)]
            if order and self.likely(0.06):
                commit["trailers"] = [["Fixes", rand.choice(order[-9:] + [self.sha()])]]
            if self.likely(0.05):
                commit["subject"] = 'Revert "Change %d"%s' % (
                    rand.randint(0, 6), rand.choice(["", " (#3)"]))
            sha = self.sha()
            commits[sha] = commit
            order.append(sha)
        self.told.append(max(c["committed"] for c in commits.values()))
        for service in self.world["services"]:
            if repo in service["repos"] and self.likely(0.1):
                service["repos"][repo]["baseline"] = rand.choice(order[:6])
        cuts = sorted(rand.sample(range(1, n), rand.choice([0, 1, 3])) + [0, n])
        self.histories.append([("commits", repo, order[a:b])
                               for a, b in zip(cuts, cuts[1:])])

    def notes(self, sha, commit):
        """What a reader of the commit keeps."""
        rules = [r for s in self.world["services"] for r in s["remediation"]]
        rows = [[sha, "reverts", s] for s in commit["reverts"]]
        rows += [[sha, "picked", s] for s in commit["picked"]]
        if commit["subject"].startswith(('Revert "', "[fix]")):
            rows.append([sha, "title", commit["subject"]])
        for name, value in commit["trailers"]:
            if any(name in r.get("trailers", []) for r in rules):
                rows.append([sha, "trailer", "%s: %s" % (name, value)])
        for glob in {g for s in self.world["services"] if s["exclude"]
                     for g in s["exclude"]["authors"]}:
            if commit["who"].startswith(glob.rstrip("*")):
                rows.append([sha, "author", digest(glob)])
        return rows

    def changes(self, repo):
        rand, commits = self.rand, self.world["repos"][repo]
        used = set()
        for sha, commit in commits.items():
            if sha in used or not self.likely(0.3):
                continue
            merged = commit["committed"] + rand.choice([0, US, -US, HOUR])
            n = len(self.world["changes"])
            change = {
                "source": "hub", "project": "acme/" + repo, "id": str(n // 2 * 2 + 1),
                "name": rand.choice(["Change %d", "Change %d", 'Revert "Change %d"',
                                     "[fix] it %d"]) % (n % 7),
                "url": "https://hub.example/%s/%d" % (repo, n), "sha": sha,
                "squash_sha": None, "head_sha": self.sha(),
                "ref": rand.choice(["feature", "hotfix/a", None]),
                "created": merged - rand.choice([0, HOUR, 9 * HOUR, -US]),
                "first_commit": None if self.likely(0.7) else merged - DAY,
                "reviewed": None if self.likely(0.4) else merged - rand.choice(
                    [0, US, 2 * HOUR, -HOUR]),
                "merged": merged, "bot": self.likely(0.15),
                "labels": self.some(["hotfix", "urgent-1", "dependencies"], 0.1),
                "gone": self.likely(0.04)}
            change["id"] = str(1 + sum(c["project"] == change["project"]
                                       for c in self.world["changes"]))
            if len(commit["parents"]) > 1:
                if commit["parents"][1] not in used:
                    change["head_sha"] = commit["parents"][1]
            elif self.likely(0.4):
                change["squash_sha"] = sha
                change["sha"] = rand.choice([sha, None])
            elif self.likely(0.2):
                change["head_sha"] = sha
            used.update([sha, change["head_sha"]])
            self.told.append(merged)
            self.world["changes"].append(change)
            states = [change]
            if self.likely(0.3):
                states.insert(0, {**change, "merged": None, "sha": None, "labels": [],
                                  "gone": False})
            self.history("change", states)

    def history(self, kind, states):
        """A fact as it was told, from first to last."""
        rows = [(kind, {k: v for k, v in s.items() if k != "gone"}) for s in states]
        if states[-1].get("gone"):
            rows.append(("gone", kind, states[-1]))
        self.histories.append(rows)

    # ---- deployments ----

    def deployments(self, service):
        rand = self.rand
        repo = next(iter(service["repos"]))
        commits = list(self.world["repos"][repo])
        others = [(r, list(self.world["repos"][r])) for r in list(service["repos"])[1:]]
        n = rand.choice([0, 3, 3, 8, 8, 15])
        times = sorted(self.time() for _ in range(n))
        place, parallel = 0, []
        environments = [e for g in service["groups"] for e in g["environments"]]
        for i, finished in enumerate(times):
            place = min(len(commits) - 1, place + rand.randint(0, 2 * len(commits) // n + 1))
            sha = commits[place]
            if self.likely(0.15):
                sha = rand.choice(commits[:place + 1])
            if self.likely(0.05):
                sha = self.sha()
            if parallel and self.likely(0.1):
                sha = parallel[-1]
            began = None
            if parallel and self.likely(0.12):  # a pipeline that others overtook
                sha = rand.choice(commits[:place + 1][-4:])
                began = times[i - 1] - rand.choice([0, 1, 600 * US, 5 * HOUR])
            parallel.append(sha)
            revisions = {repo: sha}
            for other, its in others:
                if self.likely(0.6):
                    revisions[other] = its[min(len(its) - 1, rand.randint(0, 2 + 2 * i))]
            where = [rand.choice(environments + ["staging"])]
            if "eu" in environments and self.likely(0.6):
                where = ["eu", "us"]
            for environment in where:
                self.deployment(service, "dep-%d" % len(self.world["deployments"]),
                                environment, revisions, finished, began)
                finished = self.time(finished, HOUR) if self.likely(0.7) else finished

    def deployment(self, service, name, environment, revisions, finished, began):
        rand = self.rand
        for attempt in range(1, rand.choice([2, 2, 2, 2, 3])):
            deployment = {
                "service": service["name"], "source": "ci", "id": name,
                "attempt": attempt, "environment": environment, "revisions": revisions,
                "started": None if self.likely(0.3) else finished - rand.choice(
                    [0, US, 600 * US, HOUR, 5 * HOUR]),
                "finished": finished if self.likely(0.98) else None,
                "outcome": rand.choice(["success"] * 9 + ["failure", "cancelled",
                                                          "running"]),
                "ref": rand.choice([None, "main", "main", "main", "hotfix/1",
                                    "refs/heads/hotfix-2"]),
                "withheld": rand.choice([None] * 20 + ["rule", "rewritten"])}
            if began is not None:
                deployment["started"] = began
            if deployment["outcome"] == "running":
                deployment["finished"] = None
            self.world["deployments"].append(deployment)
            states = [deployment]
            if self.likely(0.3):
                states.insert(0, {**deployment, "outcome": "running", "finished": None,
                                  "withheld": None})
            if self.likely(0.1):
                states.insert(-1, {**deployment, "finished": finished - HOUR,
                                   "environment": "staging", "outcome": "success"})
            if self.likely(0.1):
                states.insert(-1, {**deployment, "finished": finished - DAY,
                                   "outcome": "success", "withheld": None})
            self.histories.append([("deployment", s) for s in states])
            finished = self.time(finished, 2 * HOUR)

    # ---- incidents ----

    def cause(self, nothing=0.4):
        """What a person might write."""
        rand = self.rand
        if self.likely(nothing):
            return None
        commits = [s for repo in self.world["repos"].values() for s in repo]
        deployed = [s for d in self.world["deployments"] for s in d["revisions"].values()]
        sha = rand.choice(deployed if deployed and self.likely(0.5) else commits)
        words = [sha, sha[:10], "commit %s." % sha[:8], "nothing-1", "#%d" % rand.randint(1, 9),
                 sha[:6], "see #%d and nothing-2" % rand.randint(1, 9)]
        if self.world["deployments"]:
            name = rand.choice(self.world["deployments"])["id"]
            words += [name, "it was %s, says Bob" % name, name, name]
        if self.world["changes"]:
            change = rand.choice(self.world["changes"])
            words += [change["url"], change["url"], "%s#%s" % (change["project"], change["id"]),
                      "see %s!%s" % (change["project"], change["id"])]
        return rand.choice(words)

    def incident(self, n):
        rand = self.rand
        start = self.time()
        finishes = [d["finished"] for d in self.world["deployments"] if d["finished"]]
        if finishes and self.likely(0.5):
            start = rand.choice(finishes) + rand.choice(
                [0, 1, -1, US, HOUR, 24 * HOUR, 72 * HOUR - 1, 72 * HOUR, 72 * HOUR + HOUR // 2])
            self.told.append(start)
        end = start + rand.choice([0, US, HOUR, 8 * HOUR, DAY, 3 * DAY, -HOUR])
        names = [s["name"] for s in self.world["services"]]
        incident = {
            "source": rand.choice(["pager", "desk"]), "project": rand.choice(["", "ops"]),
            "id": "i%d" % n, "name": rand.choice(["Down again", "an outage", "drill", "slow"]),
            "url": "https://pager.example/%d" % n,
            "services": self.some(names, 0.6), "severity": rand.choice(["P1", "p3", "sev1",
                                                                        None]),
            "labels": self.some(["team-a", "drill"], 0.3), "category": None,
            "started": None, "detected": None, "created": start + US,
            "state": None, "mitigated": None, "resolved": None,
            "cause": self.cause(), "fix": self.cause(0.7),
            "outcome": rand.choice(["success"] * 6 + ["running", "running", "cancelled",
                                                      "skipped"]),
            "gone": self.likely(0.05)}
        incident[rand.choice(["started", "detected", "created"])] = start
        if self.likely(0.2):
            title = self.cause(0)
            incident["name"] = "%s %s" % (rand.choice(["Down since", "an outage after"]), title)
        if incident["outcome"] == "success":
            incident["resolved"] = end
            if self.likely(0.3):
                incident["mitigated"] = end - rand.choice([0, US, HOUR])
            if self.likely(0.1):
                incident["resolved"] = None if incident["mitigated"] is not None else end
        elif incident["outcome"] == "running" and self.likely(0.5):
            incident.update(mitigated=end, state=rand.choice(
                [None, "Mitigated", "monitoring", "investigating"]))
            self.told.append(end)
        if self.likely(0.02):
            incident.update(started=None, detected=None, created=None)
        self.told.append(max(start, end) if incident["outcome"] == "success" else start)
        self.world["incidents"].append(incident)
        states = [incident]
        if self.likely(0.5):
            states.insert(0, {**incident, "outcome": "running", "mitigated": None,
                              "state": None, "resolved": None, "gone": False, "cause": None})
        if self.likely(0.15):  # resolved, and opened again
            states.insert(-1, {**incident, "outcome": "success", "mitigated": None,
                               "state": None, "resolved": start + US, "gone": False})
        if self.likely(0.2):  # edited
            states.insert(-1, {**incident, "severity": "P1", "services": names[:1],
                               "name": "slow", "fix": None})
        self.history("incident", states)
