"""The rows of the views: how they are asked for, and how model.py has them."""

import cells
from model import Service

AT = "(extract(epoch FROM %s) * 1000000)::bigint AS %s"


class View:
    def __init__(self, key, columns, instants, source):
        """source is what follows FROM; key tells rows apart."""
        self.key, self.columns = key, columns
        self.sql = "SELECT %s FROM %s" % (", ".join(
            AT % (name, name.split(".")[-1]) if name in instants else name
            for name in key + columns), source)


STATISTICS = ["n", "numerator", "denominator", "value", "p50", "p75", "p90", "p95", "mean",
              "pending", "still_open", "oldest_open_at", "complete"]
BUCKET = ["bucket_start", "bucket_end"]
VIEWS = {
    "deployments": View(
        ["service", "deployment", "attempt"], ["excluded_reason"], [],
        "dora.deployments"),
    "rollouts": View(
        ["service", "environment", "deployment", "attempt"],
        ["org", "team", "finished_at", "kind", "state", "unplanned", "recovered_at",
         "recovery_seconds", "n_commits", "failed_by", "pending_until"],
        ["finished_at", "recovered_at", "pending_until"], "dora.rollouts"),
    "failures": View(
        ["service", "environment", "deployment", "finished_at", "method", "by_deployment",
         "source", "project", "incident"], [], ["finished_at"], "dora.failures"),
    "service_incidents": View(
        ["service", "environment", "source", "project", "incident"],
        ["started_at", "restored_at", "restore_seconds", "rollout", "linked_by",
         "confidence", "excluded_reason"],
        ["started_at", "restored_at"], "dora.service_incidents WHERE service IS NOT NULL"),
    "shipped_commits": View(
        ["service", "environment", "repo", "sha"],
        ["deployment", "finished_at", "lead_seconds", "excluded_reason", "change",
         "change_source", "change_project", "change_method"],
        ["finished_at"], "dora.shipped_commits"),
    "shipped_changes": View(
        ["service", "environment", "source", "project", "change"],
        ["deployment", "finished_at", "repo", "sha", "coding_seconds", "pickup_seconds",
         "review_seconds", "deploy_seconds"], ["finished_at"], "dora.shipped_changes"),
    "series": View(
        ["org", "team", "service", "environment", "grain"] + BUCKET + ["metric"],
        STATISTICS, BUCKET + ["oldest_open_at"], "dora.series"),
    "current": View(
        ["org", "team", "service", "environment", "window_days"] + BUCKET + ["metric"],
        STATISTICS + ["deployment_days_per_week", "km_median"],
        BUCKET + ["oldest_open_at"], "dora.current"),
}


def index(view, found):
    """Rows as JSON, by key; a key that comes twice gets a count."""
    table = {}
    for row in found:
        key = tuple(row[name] for name in view.key)
        while key in table:
            key += ("again",)
        table[key] = {name: row[name] for name in view.columns}
    return table


def expected(world, now, flaw=None):
    services = [Service(world, s, now, flaw) for s in world["services"]]
    found = {
        name: index(VIEWS[name], [row for s in services for row in make(world, s)])
        for name, make in MAKERS.items()}
    for name, make in ("series", cells.series), ("current", cells.current):
        found[name] = make(world, services, now, flaw)
    return found


def seconds(us):
    return None if us is None else us / 1e6


def deployments(_, s):
    for (name, attempt), (reason, rollout) in s.fate.items():
        yield {"service": s.name, "deployment": name, "attempt": attempt,
               "excluded_reason": reason}


def rollouts(world, s):
    team = cells.by_name(world["teams"], s.service["team"])
    for r in s.rollouts:
        recovery = None
        if r.recovered is not None and not r.negative:
            recovery = r.recovered - r.finished
        yield {"service": s.name, "org": team["org"], "team": team["name"],
               "environment": r.group, "deployment": r.deployment["id"],
               "attempt": r.deployment["attempt"], "finished_at": r.finished,
               "kind": r.kind, "state": r.state, "unplanned": r.unplanned,
               "recovered_at": r.recovered, "recovery_seconds": seconds(recovery),
               "n_commits": len(r.commits), "pending_until": r.pending_until,
               "failed_by": sorted({m for m, _, _ in r.evidence}) or None}


def failures(_, s):
    for r in s.rollouts:
        for method, by, incident in r.evidence:
            yield {"service": s.name, "environment": r.group,
                   "deployment": r.deployment["id"], "finished_at": r.finished,
                   "method": method, "by_deployment": by and by.deployment["id"],
                   "source": incident and incident["source"],
                   "project": incident and (incident["project"] or None),
                   "incident": incident and incident["id"]}


CONFIDENCE = {"window": 0.5, "change": 0.9, "revision": 0.95, "deployment": 1}


def service_incidents(_, s):
    for incident, group, start, restored, reason, rollout, method in s.incidents:
        lasted = None if reason or restored is None else restored - start
        yield {"service": s.name, "environment": group, "source": incident["source"],
               "project": incident["project"] or None, "incident": incident["id"],
               "started_at": start, "restored_at": restored,
               "restore_seconds": seconds(lasted),
               "rollout": rollout and rollout.deployment["id"], "linked_by": method,
               "confidence": CONFIDENCE.get(method), "excluded_reason": reason}


def shipped_commits(_, s):
    for r in s.rollouts:
        for (repo, sha), (lead, reason) in r.commits.items():
            key, method = s.tied.get((repo, sha), ((None, None, None), None))
            yield {"service": s.name, "environment": r.group, "repo": repo, "sha": sha,
                   "deployment": r.deployment["id"], "finished_at": r.finished,
                   "lead_seconds": seconds(lead), "excluded_reason": reason,
                   "change_source": key[0], "change_project": key[1], "change": key[2],
                   "change_method": method}


def shipped_changes(_, s):
    for r in s.rollouts:
        for change, repo, sha in r.changes:
            if repo not in r.bases:
                spans = s.stages(r, change, repo, sha)
                yield {"service": s.name, "environment": r.group,
                       "source": change["source"], "project": change["project"] or None,
                       "change": change["id"], "deployment": r.deployment["id"],
                       "finished_at": r.finished, "repo": repo, "sha": sha,
                       **{k + "_seconds": seconds(v) for k, v in spans.items()}}


MAKERS = {f.__name__: f for f in (deployments, rollouts, failures, service_incidents,
                                  shipped_commits, shipped_changes)}
