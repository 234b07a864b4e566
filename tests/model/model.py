"""What docs/metrics.md says of what became of rollouts: kinds, repairs, incidents, failed or
ok. Facts of a world (world.py) and a moment in; with cells.py every row of the views out.

FLAWS are mistakes to make on purpose: "notices" checks that each is found."""

import re

from shipping import HOUR, Shipping, fits, found, plausible

FLAWS = {
    "rollback marks only the last": "of several rollouts taken back, the one before it",
    "window of 73 hours": "an incident is put down to a rollout an hour too long",
    "merges counted": "merge commits have a lead time",
    "by clock": "a rollout ships what was committed before it",
    "links by any window": "an incident is put down to the latest rollout, however old",
    "open incidents dropped": "what is open is not there",
    "fail rate by day of incident": "a failure counts when its incident began",
    "mean of medians": "teams are averaged over services",
    "days of UTC": "buckets are cut at midnight in Greenwich",
    "current team has all": "history goes with the service",
    "late is rollback": "a slower pipeline went back",
    "another's cause is ours": "what names another service is put to the latest of this",
    "rework without fixes": "what an incident names as its fix was planned",
    "first incident recovers": "a rollout recovers with the first of its incidents",
    "bots counted": "what a rule leaves out has a lead time",
    "failed attempts count": "an attempt that failed is a rollout",
}


class Service(Shipping):
    """One service: what it shipped, and what became of that."""

    def __init__(self, world, service, now, flaw=None):
        super().__init__(world, service, now, flaw)
        for group in self.groups:
            self.kinds(group)
        self.link_all()
        for group in self.groups:
            self.states(group)

    # ---- kinds and repairs ----

    def known(self, rollout):
        return bool(rollout.revisions) and all(
            self.commit(repo, sha) for repo, sha in rollout.revisions.items())

    def reaches(self, newer, older):
        """Is the revision of newer that of older, or a descendant of it?"""
        both = [r for r in newer.revisions if r in older.revisions]
        return bool(both) and all(
            self.commit(r, newer.revisions[r]) and
            older.revisions[r] in self.ancestors(r, newer.revisions[r]) for r in both)

    def kinds(self, group):
        before = []
        for rollout in self.of(group):
            rollout.before = list(before)
            rollout.kind = self.kind(rollout, before)
            before.append(rollout)

    def kind(self, rollout, before):
        if not rollout.ships and not self.known(rollout):
            return "revision_missing"
        if not rollout.ships and (rollout.bases or not before):
            return "baseline"
        if self.again(rollout, before):
            return "redeploy"
        if not rollout.ships:
            started = rollout.started
            if started is not None and self.flaw != "late is rollback" and any(
                    started < b.finished and not self.reaches(rollout, b) for b in before):
                return "late"
            timely = [b for b in before if b.kind != "late"]
            if timely and (self.reaches(rollout, timely[-1]) or
                           self.forward(rollout, before, timely[-1])):
                return "redeploy"
            return "rollback"
        rule = self.rule(rollout)
        if rule:
            self.repair(rollout, rule["kind"])
            return rule["kind"]
        return "normal"

    def again(self, rollout, before):
        """The same in each of its repositories as the latest before that has one there?"""
        return all([b.revisions[repo] for b in before if repo in b.revisions][-1:] == [sha]
                   for repo, sha in rollout.revisions.items())

    def forward(self, rollout, before, live):
        """Again to what the last rollback went back from?"""
        moves = [i for i, b in enumerate(before) if b.kind not in ("redeploy", "late")]
        if before[moves[-1]].kind != "rollback":
            return False
        earlier = before[:moves[-1]]
        reached = [i for i, b in enumerate(earlier) if self.reaches(live, b)]
        return any(b.revisions == rollout.revisions
                   for b in earlier[reached[-1] + 1 if reached else 0:])

    def broken(self, before):
        """What a repair repairs that names nothing, as a list of one or none."""
        whole = len(before)
        while whole > 1 and before[whole - 1].kind == "redeploy" and self.again(
                before[whole - 1], before[:whole - 1]):
            whole -= 1
        if whole and before[whole - 1].kind == "rollback":
            return self.broken(before[:whole - 1])
        return before[-1:]

    def news(self, rollout):
        """Commits and changes it ships that are not a baseline's."""
        return ([(repo, self.commit(repo, sha)) for repo, sha in rollout.commits
                 if repo not in rollout.bases],
                [change for change, repo, _ in rollout.changes
                 if repo not in rollout.bases])

    def fits_change(self, rule, change):
        return (fits(rule.get("branches", []), change["ref"]) or
                any(fits(rule.get("labels", []), label) for label in change["labels"]) or
                found(rule.get("titles", []), change["name"]) or
                (rule.get("reverts") and change["name"].startswith('Revert "')))

    def rule(self, rollout):
        """The first rule of remediation that something in a rollout fits."""
        ref = rollout.deployment["ref"]
        if ref and ref.startswith("refs/heads/"):
            ref = ref[len("refs/heads/"):]
        commits, changes = self.news(rollout)
        for rule in self.service["remediation"]:
            if fits(rule.get("branches", []), ref) or any(
                    self.fits_change(rule, c) for c in changes):
                return rule
            for _, c in commits:
                if rule.get("reverts") and (c["reverts"] or
                                            c["subject"].startswith('Revert "')):
                    return rule
                if found(rule.get("titles", []), c["subject"]):
                    return rule
                if any(name in rule.get("trailers", []) for name, _ in c["trailers"]):
                    return rule
        return None

    def named(self, rollout):
        """The rollouts that shipped what this one says it repairs, and whether as a baseline.
        None: nothing that is known is named. Only what fits a rule is looked at."""
        rules = self.service["remediation"]
        reverts = any(rule.get("reverts") for rule in rules)
        trailers = [t for rule in rules for t in rule.get("trailers", [])]
        commits, changes = self.news(rollout)
        titles = [c["name"] for c in changes if any(self.fits_change(r, c) for r in rules)]
        names = []
        for repo, c in commits:
            if reverts:
                names += [(repo, s) for s in c["reverts"]]
            names += [(repo, s) for name, s in c["trailers"] if name in trailers]
            if reverts or any(found(r.get("titles", []), c["subject"]) for r in rules):
                titles.append(c["subject"])
        shippers = [(self.shipper(rollout.group, repo, sha), repo) for repo, sha in names]
        if any(shipped for shipped, _ in shippers):
            titles = []  # commits have no namesakes
        for title in titles:
            match = re.match(r'Revert "(.*)"( \(#\d+\))?$', title)
            if match:
                same = [(r, repo) for r in rollout.before + [rollout]
                        for change, repo, _ in r.changes
                        if change["name"] == match.group(1)]
                earlier = [s for s in same if s[0] is not rollout]
                shippers += earlier[-1:] or same[-1:]
        return [s for s in shippers if s[0]] or None

    def repair(self, rollout, kind):
        shippers = self.named(rollout)
        if shippers is None:
            shippers = self.broken(rollout.before)
        else:
            shippers = [r for r, repo in shippers
                        if r in rollout.before and repo not in r.bases]
        for one in shippers:
            if (kind, rollout, None) not in one.evidence:
                one.evidence.append((kind, rollout, None))

    # ---- incidents ----

    def link_all(self):
        """self.incidents: (incident, group, start, restored, reason, rollout, method)."""
        self.incidents = []
        for incident in self.world["incidents"]:
            groups = self.concerns(incident)
            if not groups:
                continue
            start = next((incident[k] for k in ("started", "detected", "created")
                          if incident[k] is not None), None)
            restored = self.restored(incident)
            reason = None
            if incident["gone"]:
                reason = "gone"
            elif incident["outcome"] == "cancelled":
                reason = "withdrawn"
            elif incident["outcome"] == "skipped":
                reason = "exempt"
            elif not plausible(start):
                reason = "implausible_time"
            elif restored is not None and restored < start:
                reason = "negative"
            if reason is None and self.flaw == "open incidents dropped" and restored is None:
                continue
            links = {}
            if reason is None:
                links = self.link(incident, groups, start)
                self.fix(incident, groups, start)
            for group in groups:
                rollout, method = links.get(group, (None, None))
                self.incidents.append((incident, group, start, restored, reason, rollout,
                                       method))
                if rollout:
                    rollout.evidence.append(("incident", None, incident))
                    rollout.incidents.append((start, restored))

    def restored(self, incident):
        over = incident["outcome"] != "running"
        state = incident["state"]
        if incident["mitigated"] is not None and (
                over or state is None or state.lower() in ("mitigated", "monitoring")):
            return incident["mitigated"]
        return incident["resolved"]

    def concerns(self, incident):
        """The groups that it is about, by all rules that fit."""
        groups = []
        for rule in self.service["incidents"]:
            if rule.get("source", incident["source"]) != incident["source"]:
                continue
            if rule.get("project", incident["project"]) != incident["project"]:
                continue
            if "services" in rule and not any(
                    fits(rule["services"], s) for s in incident["services"]):
                continue
            if "labels" in rule and not any(
                    fits(rule["labels"], s) for s in incident["labels"]):
                continue
            if "severities" in rule and not fits(rule["severities"], incident["severity"],
                                                 fold=True):
                continue
            if "titles" in rule and not found(rule["titles"], incident["name"]):
                continue
            if "skip" in rule and any(found(rule["skip"], text) for text in
                                      [incident["name"], incident["category"],
                                       *incident["labels"]]):
                continue
            groups += [rule["environment"]] if "environment" in rule else self.groups
        return [g for g in self.groups if g in groups]

    def nearest(self, rollouts, start):
        """The latest that finished before, or else the first."""
        order = [r for r in self.rollouts if r in rollouts]
        earlier = [r for r in order if r.finished <= start]
        return earlier[-1] if earlier else order[0] if order else None

    def after(self, rollouts, start):
        """Of a fix: the first that finished then or later, or else the latest."""
        order = [r for r in self.rollouts if r in rollouts]
        later = [r for r in order if r.finished >= start]
        return later[0] if later else order[-1] if order else None

    def link(self, incident, groups, start):
        window = self.window + {"window of 73 hours": HOUR,
                                "links by any window": 10**18}.get(self.flaw, 0)
        for text, is_title in ((incident["cause"], False), (incident["name"], True)):
            rollout, method = self.read(text, groups, start, is_title)
            if rollout:
                return {rollout.group: (rollout, method)}
        if self.flaw != "another's cause is ours" and self.elsewhere(incident["cause"]):
            return {}
        for rollout in reversed(self.rollouts):
            if rollout.group in groups and rollout.finished <= start:
                if start - rollout.finished < window:
                    return {rollout.group: (rollout, "window")}
                break
        return {}

    def elsewhere(self, text):
        """Does a cause name what another service has, and this one does not?"""
        words = [w.strip(".,;:()") for w in text.split()] if text else []
        ids = [(d["service"], d["id"]) for d in self.world["deployments"]]
        for word in words:
            owners = {service for service, name in ids if name == word}
            if owners and self.name not in owners:
                return True
            match = re.fullmatch(r"([^#!\s]+)[#!](\d+)", word)
            for key, change in self.change_of.items():
                if match and key[1:] == match.groups() and key not in self.landed and (
                        change["merged"] is not None and not change["gone"]):
                    return True
            if not self.is_sha(word):
                continue
            ours = [repo in self.repos and self.belongs(repo, sha)
                    for repo, commits in self.world["repos"].items()
                    for sha in commits if sha.startswith(word)]
            if ours and not any(ours):
                return True
        return False

    def is_sha(self, word):
        return re.fullmatch(r"[0-9a-f]{7,40}", word) and (len(word) == 40 or (
            re.search("[0-9]", word) and re.search("[a-f]", word)))

    def fix(self, incident, groups, start):
        rollout, _ = self.read(incident["fix"], groups, start, False, self.after)
        if rollout and self.flaw != "rework without fixes":
            rollout.unplanned = True

    def read(self, text, groups, start, is_title, choose=None):
        """The rollout that a text names, and how."""
        if not text:
            return None, None
        as_fix = choose is not None
        choose = choose or self.nearest
        mine = [r for r in self.rollouts if r.group in groups]
        words = [w.strip(".,;:()") for w in text.split()]
        if not is_title:
            rollouts = [r for (name, _), (_, r) in self.fate.items()
                        if r and r in mine and name in words + [text.strip()]]
            if rollouts:
                return choose(rollouts, start), "deployment"
        found = []
        for repo in self.repos:
            for word in words:
                if not self.is_sha(word):
                    continue
                names = [s for s in self.world["repos"][repo] if s.startswith(word)]
                if len(names) != 1:
                    continue
                for group in groups:
                    shipped = self.shipper(group, repo, names[0])
                    if shipped and repo in shipped.bases:
                        shipped = None  # it is older than all that is measured
                    deployed = [r for r in mine if r.group == group and
                                r.revisions.get(repo) == names[0]]
                    if as_fix:
                        found += deployed
                    found.append(shipped or choose(deployed, start))
        if is_title:
            found = [r for r in found if r and r.finished <= start]
            mine = [r for r in mine if r.finished <= start]
        if any(found):
            return choose(found, start), "revision"
        return self.read_changes(words, mine, start, is_title, choose)

    def read_changes(self, words, mine, start, is_title, choose):
        rollouts = []
        for word in words:
            match = re.fullmatch(r"([^#!\s]*)[#!](\d+)", word)
            for key, change in self.change_of.items():
                if key not in self.landed:
                    continue
                if word == change["url"] or (match and match.group(1) and key[1:] == (
                        match.group(1), match.group(2))):
                    pass
                elif match and not match.group(1) and not is_title and [
                        k for k in self.landed if k[2] == match.group(2)] == [key]:
                    pass
                else:
                    continue
                rollouts += [r for r in mine for c, repo, _ in r.changes
                             if c is change and repo not in r.bases]
        if rollouts:
            return choose(rollouts, start), "change"
        return None, None

    # ---- failed, ok, pending ----

    def states(self, group):
        rollouts = self.of(group)
        for rollout in rollouts:
            if rollout.kind == "rollback":
                targets = [b for b in rollout.before if self.reaches(rollout, b)]
                after = rollout.before[-1:]
                if targets and self.flaw != "rollback marks only the last":
                    after = rollout.before[rollout.before.index(targets[-1]) + 1:]
                for one in after:
                    one.evidence.append(("rollback", rollout, None))
        for rollout in rollouts:
            self.state(rollout)

    def state(self, rollout):
        rollout.unplanned = rollout.unplanned or rollout.kind in (
            "rollback", "hotfix", "roll_forward")
        rollout.pending_until = rollout.finished + self.window
        if not rollout.evidence:
            rollout.state = "pending" if self.now < rollout.pending_until else "ok"
            return
        rollout.state = "failed"
        ends = [restored for _, restored in rollout.incidents]
        if not rollout.incidents:
            rollout.recovered = min(by.finished for _, by, _ in rollout.evidence)
        elif self.flaw == "first incident recovers":
            rollout.recovered = min((e for e in ends if e is not None), default=None)
        elif None not in ends:
            rollout.recovered = max(ends)
        rollout.negative = (rollout.recovered is not None and
                            rollout.recovered < rollout.finished)
