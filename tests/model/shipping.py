"""What docs/metrics.md says of deployments, rollouts, changes and shipped commits, done
slowly: sets of ancestors are sets, and everything is computed from nothing each time. It
shares nothing with the program and knows no database."""

import fnmatch
import re

HOUR = 3600 * 10**6


def plausible(at):
    """1971 to 2099."""
    return at is not None and 31536000 * 10**6 <= at < 4102444800 * 10**6


def fits(globs, word, fold=False):
    if word is None:
        return False
    if fold:
        return any(fnmatch.fnmatchcase(word.lower(), g.lower()) for g in globs)
    return any(fnmatch.fnmatchcase(word, g) for g in globs)


def found(patterns, text):
    return text is not None and any(re.search(p, text) for p in patterns)


class Rollout:
    def __init__(self, group, deployment):
        self.group, self.deployment = group, deployment
        self.started = deployment["started"]
        self.finished = deployment["finished"]
        self.revisions = deployment["revisions"]
        self.commits = {}   # (repository, sha) → (lead, reason): what it shipped
        self.changes = []   # (change, repository, landed)
        self.evidence = []  # (method, by, incident)
        self.incidents = []
        self.kind = self.state = None
        self.ships = False  # anything new, of the service or not, but for a baseline
        self.bases = set()  # repositories in which it is the first
        self.unplanned = False
        self.recovered = self.pending_until = None
        self.negative = False


class Shipping:
    """One service: fates, rollouts, ties, shipped commits."""

    def __init__(self, world, service, now, flaw=None):
        self.world, self.service, self.now, self.flaw = world, service, now, flaw
        self.name = service["name"]
        self.window = service["window"] * HOUR
        self.repos = service["repos"]
        self.groups = [g["name"] for g in service["groups"]]
        self.ancestors_of = {}
        self.fates()
        self.ties()
        for group in self.groups:
            self.ship(group)
        for group in self.groups:
            self.land(group)

    # ---- the graph ----

    def commit(self, repo, sha):
        return self.world["repos"][repo].get(sha) if sha else None

    def ancestors(self, repo, sha):
        """Everything reachable, itself included."""
        if (repo, sha) not in self.ancestors_of:
            seen, todo = set(), [sha]
            while todo:
                one = todo.pop()
                if one not in seen:
                    seen.add(one)
                    todo.extend(self.commit(repo, one)["parents"])
            self.ancestors_of[repo, sha] = seen
        return self.ancestors_of[repo, sha]

    def belongs(self, repo, sha):
        return not self.repos[repo].get("paths") or self.name in self.commit(
            repo, sha)["touches"]

    # ---- deployments and rollouts ----

    def fates(self):
        """self.rollouts, in order; self.fate: deployment → reason, rollout."""
        self.rollouts, self.fate = [], {}
        collecting = {}  # (group, revisions) → {environment: …} still waiting
        mine = [d for d in self.world["deployments"] if d["service"] == self.name]
        taken = []
        for d in mine:
            group = next((g for g in self.service["groups"]
                          if d["environment"] in g["environments"]), None)
            good = d["outcome"] == "success" or (
                self.flaw == "failed attempts count" and d["outcome"] == "failure")
            if not good:
                reason = "not_successful"
            elif not group:
                reason = "not_production"
            elif d["withheld"]:
                reason = d["withheld"]
            elif not plausible(d["finished"]):
                reason = "implausible_time"
            else:
                taken.append((d["finished"], d["id"].encode(), d["attempt"], d, group))
                continue
            self.fate[d["id"], d["attempt"]] = reason, None
        taken.sort(key=lambda t: t[:3])
        for _, _, _, d, group in taken:
            key = group["name"], tuple(sorted(d["revisions"].items()))
            waiting = collecting.setdefault(key, {"members": [], "rollout": None})
            self.take(d, group, waiting)
        for waiting in collecting.values():
            for d in waiting["members"]:
                self.fate.setdefault((d["id"], d["attempt"]), ("incomplete_rollout", None))
        self.rollouts.sort(key=lambda r: (r.finished, r.deployment["id"].encode(),
                                          r.deployment["attempt"]))

    def take(self, d, group, waiting):
        members = waiting["members"]
        if group["finished"] == "first":
            # the others join the rollout that the first of them finished
            if waiting["rollout"] and d["environment"] not in [
                    m["environment"] for m in members]:
                members.append(d)
                self.fate[d["id"], d["attempt"]] = "part_of_rollout", waiting["rollout"]
                return
            members[:] = [d]
            waiting["rollout"] = self.finish(d, group)
            return
        members.append(d)
        if {m["environment"] for m in members} == set(group["environments"]):
            rollout = self.finish(d, group)
            for m in members[:-1]:
                self.fate[m["id"], m["attempt"]] = "part_of_rollout", rollout
            members.clear()

    def finish(self, d, group):
        rollout = Rollout(group["name"], d)
        self.rollouts.append(rollout)
        self.fate[d["id"], d["attempt"]] = None, rollout
        return rollout

    def of(self, group):
        return [r for r in self.rollouts if r.group == group]

    # ---- changes ----

    def ties(self):
        """self.tied: (repository, sha) → change key, method; self.landed: the same of
        changes → (repository, sha)."""
        self.tied, self.landed = {}, {}
        self.change_of = {(c["source"], c["project"], c["id"]): c
                          for c in self.world["changes"]}
        changes = sorted((c for c in self.world["changes"]
                          if c["merged"] is not None and not c["gone"]),
                         key=lambda c: (c["merged"], c["source"], c["project"], c["id"]))
        for repo in self.repos:
            self.tie(repo, changes)

    def tie(self, repo, changes):
        mine = []
        for c in changes:
            named = [c[k] for k in ("sha", "squash_sha", "head_sha")
                     if self.commit(repo, c[k])]
            if not named:
                continue
            key = c["source"], c["project"], c["id"]
            mine.append((key, c))
            self.landed[key] = repo, named[0]
            for sha in named:
                self.tied.setdefault((repo, sha), (
                    key, "head" if sha == c["head_sha"] else "squash"))
        brought = []
        for key, c in mine:
            parents = self.commit(repo, c["sha"])["parents"] if self.commit(
                repo, c["sha"]) else []
            if len(parents) > 1:
                first = self.ancestors(repo, parents[0])
                new = set().union(*(self.ancestors(repo, p) for p in parents[1:])) - first
                brought.append((len(new), key, new))
        for _, key, new in sorted(brought, key=lambda b: b[0]):  # innermost first
            for sha in new:
                self.tied.setdefault((repo, sha), (key, "merge"))
        for key, c in mine:
            commit = self.commit(repo, c["sha"])
            if not commit or len(commit["parents"]) != 1 or c["squash_sha"]:
                continue
            at = commit["parents"][0]
            while at:
                before = self.commit(repo, at)
                if (repo, at) in self.tied or len(before["parents"]) > 1 or abs(
                        before["committed"] - commit["committed"]) > 60 * 10**6:
                    break
                self.tied[repo, at] = key, "rebase"
                at = before["parents"][0] if before["parents"] else None
        grown = True
        while grown:
            grown = False
            for sha, commit in self.world["repos"][repo].items():
                for picked in commit["picked"]:
                    if (repo, sha) not in self.tied and (repo, picked) in self.tied:
                        self.tied[repo, sha] = self.tied[repo, picked][0], "cherry_pick"
                        grown = True

    def change_by(self, repo, sha):
        tie = self.tied.get((repo, sha))
        return self.change_of[tie[0]] if tie else None

    # ---- shipped commits ----

    def ship(self, group):
        for repo, component in self.repos.items():
            base = component.get("baseline")
            reached = set(self.ancestors(repo, base)) if self.commit(repo, base) else None
            for rollout in self.of(group):
                sha = rollout.revisions.get(repo)
                if not self.commit(repo, sha):
                    continue
                new = self.ancestors(repo, sha) - (reached or set())
                if self.flaw == "by clock" and reached is not None:
                    new = {s for s in self.world["repos"][repo] if s not in reached and
                           self.commit(repo, s)["committed"] <= rollout.finished}
                if reached is None:
                    rollout.bases.add(repo)
                reached = (reached or set()) | new
                rollout.ships = rollout.ships or (bool(new) and repo not in rollout.bases)
                for one in new:
                    if self.belongs(repo, one):
                        rollout.commits[repo, one] = self.judge(rollout, repo, one)

    def judge(self, rollout, repo, sha):
        """A shipped commit's lead time and the first reason it does not count."""
        commit = self.commit(repo, sha)
        start = commit["authored"]
        if self.service["commit_time"] != "authored":
            start = commit["committed"]
        if self.service["commit_time"] == "merged":
            change = self.change_by(repo, sha)
            if change:
                start = change["merged"]
        reason = None
        if repo in rollout.bases:
            reason = "baseline"
        elif len(commit["parents"]) > 1 and self.flaw != "merges counted":
            reason = "merge"
        elif not plausible(start):
            reason = "implausible_time"
        elif start > rollout.finished:
            reason = "negative"
        elif self.left_out(repo, sha) and self.flaw != "bots counted":
            reason = "rule"
        lead = None if reason not in (None, "rule") else rollout.finished - start
        return lead, reason

    def left_out(self, repo, sha):
        rule = self.service["exclude"]
        if not rule:
            return False
        change = self.change_by(repo, sha)
        if fits(rule.get("authors", []), self.commit(repo, sha)["who"]):
            return True
        return bool(change) and (
            (rule.get("bots") and change["bot"]) or
            any(fits(rule.get("labels", []), label) for label in change["labels"]))

    def shipper(self, group, repo, sha):
        """The rollout of a group that shipped a commit."""
        return next((r for r in self.of(group) if (repo, sha) in r.commits), None)

    def land(self, group):
        for key, (repo, sha) in self.landed.items():
            commits = [(repo, sha)]
            if self.repos[repo].get("paths"):
                commits += [commit for commit, (other, how) in self.tied.items()
                            if other == key and commit[0] == repo and how != "cherry_pick"]
            shippers = [self.shipper(group, *commit) for commit in commits]
            known = [r for r in shippers if r and repo not in r.bases] or [
                r for r in shippers if r]
            if known:
                rollout = max(known, key=self.rollouts.index)
                rollout.changes.append((self.change_of[key], repo, sha))

    def maker(self, change):
        """The author of its first commit that is no merge; None: nobody's."""
        made = []
        for (repo, sha), (key, how) in self.tied.items():
            commit = self.commit(repo, sha)
            if (self.change_of[key] is change and how != "cherry_pick" and
                    len(commit["parents"]) < 2 and plausible(commit["authored"])):
                made.append((commit["authored"], commit["author"]))
        return min(made)[1] if made else None

    def stages(self, rollout, change, repo, sha):
        first = change["first_commit"]
        if first is None:
            times = [self.commit(r, s)["authored"] for (r, s), (key, how)
                     in self.tied.items()
                     if self.change_of[key] is change and how != "cherry_pick"]
            first = min((t for t in times if plausible(t)), default=None)
        ends = {
            "coding": (first, change["created"]),
            "pickup": (change["created"], change["reviewed"]),
            "review": (change["reviewed"] if change["reviewed"] is not None
                       else change["created"], change["merged"]),
            "deploy": (change["merged"], rollout.finished),
        }
        return {name: b - a if a is not None and b is not None and a <= b else None
                for name, (a, b) in ends.items()}
