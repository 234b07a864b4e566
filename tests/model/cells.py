"""Every cell of dora.series and dora.current, from the samples of model.Service, as the text
of docs/metrics.md has it. Each cell is computed from the samples that belong to it, without
regard to any other cell."""

import datetime
import math
import zoneinfo
from statistics import median

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
DAY0 = datetime.date(1970, 1, 1)
US = 10**6
STAGES = "coding", "pickup", "review", "deploy"
METRICS = ("deployment_frequency", "change_lead_time", "change_fail_rate",
           "failed_deployment_recovery_time", "deployment_rework_rate", "time_to_restore")
NOTHING = dict.fromkeys(("numerator", "denominator", "value", "p50", "p75", "p90", "p95",
                         "mean", "pending", "still_open", "oldest_open_at"))


# ---- the calendar ----

class Calendar:
    def __init__(self, zone):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.starts = {}

    def day(self, at):
        """The local date of an instant, as days since 1970."""
        local = (EPOCH + datetime.timedelta(microseconds=at)).astimezone(self.zone)
        return (local.date() - DAY0).days

    def start(self, day):
        """Local midnight: after a gap, or the later of two."""
        if day not in self.starts:
            naive = datetime.datetime.combine(DAY0 + datetime.timedelta(day),
                                              datetime.time())
            one = naive.replace(tzinfo=self.zone, fold=0)
            two = naive.replace(tzinfo=self.zone, fold=1)
            # before the gap's offset is greater afterwards, that of a repeated hour less
            at = one if two.utcoffset() > one.utcoffset() else two
            self.starts[day] = round((at.astimezone(UTC) - EPOCH).total_seconds()) * US
        return self.starts[day]

    def days(self, first, last):
        """The days of first … last that there were: Apia had no 30 December 2011."""
        return [d for d in range(first, last + 1) if self.start(d) < self.start(d + 1)]


def floor(grain, day):
    date = DAY0 + datetime.timedelta(day)
    if grain == "week":
        return day - date.weekday()
    if grain == "month":
        return (date.replace(day=1) - DAY0).days
    if grain == "quarter":
        return (date.replace(day=1, month=(date.month - 1) // 3 * 3 + 1) - DAY0).days
    return day


def following(grain, first):
    return floor(grain, first + {"day": 1, "week": 7, "month": 31, "quarter": 92}[grain])


# ---- statistics ----

def percentile(values, q):
    """percentile_cont of ascending values."""
    at = q * (len(values) - 1)
    low = math.floor(at)
    if at == low:
        return values[low]
    return values[low] + (at - low) * (values[low + 1] - values[low])


def distribution(spans):
    """Of µs, in seconds."""
    values = sorted(s / 1e6 for s in spans)
    if not values:
        return {}
    row = {"p%d" % round(100 * q): percentile(values, q) for q in (0.5, 0.75, 0.9, 0.95)}
    row["mean"] = sum(values) / len(values)
    return row


def kaplan_meier(over, still):
    """The least span at which at most half lasts longer, in exact arithmetic."""
    num, den = 1, 1
    for t in sorted(set(over)):
        at_risk = sum(s >= t for s in over) + sum(s >= t for s in still)
        ended = over.count(t)
        num, den = num * (at_risk - ended), den * at_risk
        if 2 * num <= den:
            return t / 1e6
    return None


# ---- scopes ----

class Scope:
    """The samples of a service, team or org in one environment, each with the day that it
    belongs to."""

    def __init__(self, calendar, environment):
        self.calendar, self.environment = calendar, environment
        self.rollouts = []    # (day, rollout, previous finish)
        self.leads = []       # (day, lead, author, by rule)
        self.stages = []      # (day, {stage: span}, author)
        self.recoveries = []  # (began, ended)
        self.restores = []
        self.incidents = set()
        self.born = self.incidents_born = None

    def add_rollout(self, service, rollout, previous):
        day = self.calendar.day(rollout.finished)
        self.rollouts.append((day, rollout, previous))
        self.born = min(self.born or rollout.finished, rollout.finished)
        for (repo, sha), (lead, reason) in rollout.commits.items():
            if reason in (None, "rule"):
                author = service.commit(repo, sha)["author"]
                self.leads.append((day, lead, author, reason == "rule"))
        for change, repo, sha in rollout.changes:
            if repo not in rollout.bases:
                self.stages.append((day, service.stages(rollout, change, repo, sha),
                                    service.maker(change)))
        if rollout.state == "failed" and not rollout.negative:
            self.recoveries.append((rollout.finished, rollout.recovered))

    def add_incident(self, name, start, restored):
        """Once, though several services have it."""
        if name in self.incidents:
            return
        self.incidents.add(name)
        self.restores.append((start, restored))
        self.incidents_born = min(self.incidents_born or start, start)


def owner(world, service, at):
    """The team that a service belonged to."""
    for period in service["owners"]:
        if at < Calendar(zone_of(world, service)).start(
                (datetime.date.fromisoformat(period["until"]) - DAY0).days):
            return period["team"]
    return service["team"]


def by_name(rows, name):
    return next(r for r in rows if r["name"] == name)


def zone_of(world, thing):
    """Its own, or that of what it belongs to."""
    if thing.get("time_zone"):
        return thing["time_zone"]
    if thing.get("team"):
        return zone_of(world, by_name(world["teams"], thing["team"]))
    if thing.get("org"):
        return zone_of(world, by_name(world["orgs"], thing["org"]))
    return "UTC"


def scopes_of(world, services, flaw):
    """(org, team, service, environment) → Scope."""
    scopes = {}

    def places(service, at):
        def place(thing, key):
            zone = "UTC" if flaw == "days of UTC" else zone_of(world, thing)
            return scopes.setdefault(key, Scope(Calendar(zone), key[3]))
        own = by_name(world["teams"], service.service["team"])
        then = own if flaw == "current team has all" else by_name(
            world["teams"], owner(world, service.service, at))
        return [
            lambda env: place(service.service,
                              (own["org"], own["name"], service.name, env)),
            lambda env: place(then, (then["org"], then["name"], None, env)),
            lambda env: place(by_name(world["orgs"], then["org"]),
                              (then["org"], None, None, env)),
        ]

    for service in services:
        for group in service.groups:
            previous = None
            for rollout in service.of(group):
                for place in places(service, rollout.finished):
                    place(group).add_rollout(service, rollout, previous)
                previous = rollout.finished
        for incident, group, start, restored, reason, _, _ in service.incidents:
            if reason is None:
                name = incident["source"], incident["project"], incident["id"]
                for place in places(service, start):
                    place(group).add_incident(name, start, restored)
    return scopes


# ---- cells ----

class Cell:
    """One bucket or window of a scope: the days first … last, start to end."""

    def __init__(self, world, scope, now, first, last, window=0, flaw=None):
        self.scope, self.now, self.window, self.flaw = scope, now, window, flaw
        self.first, self.last = first, last
        self.start = scope.calendar.start(first)
        self.end = scope.calendar.start(last + 1)
        self.minimum = world["minimum_authors"]

    def holds(self, day):
        return self.first <= day <= self.last

    def rows(self):
        born, scope = self.scope.born, self.scope
        alive = born is not None and scope.calendar.day(born) <= self.last
        if alive:
            yield "deployment_frequency", self.frequency()
            yield "change_lead_time", self.leads([s for s in scope.leads if not s[3]])
            yield "change_fail_rate", self.fail_rate()
            yield "failed_deployment_recovery_time", self.spans(scope.recoveries)
            yield "deployment_rework_rate", self.rework()
        starts = [t for t in (born, scope.incidents_born) if t is not None]
        if scope.calendar.day(min(starts)) <= self.last:
            yield "time_to_restore", self.spans(scope.restores)
        if alive and any(s[3] for s in scope.leads if self.holds(s[0])):
            yield "change_lead_time_all", self.leads(scope.leads)
        for stage in STAGES:
            some = [(day, spans[stage], author, False)
                    for day, spans, author in scope.stages if spans[stage] is not None]
            row = self.leads(some)
            if alive and row["n"] > 0:
                yield "lead_time_" + stage, row

    def mine(self):
        return [(day, r, previous) for day, r, previous in self.scope.rollouts
                if self.holds(day)]

    def frequency(self):
        mine, calendar = self.mine(), self.scope.calendar
        with_one = {day for day, _, _ in mine}
        born, today = calendar.day(self.scope.born), calendar.day(self.now)
        row = {
            "n": len(mine), "value": float(len(mine)), "numerator": len(with_one),
            "denominator": len(calendar.days(max(self.first, born),
                                             min(self.last, today))),
            **distribution([r.finished - p for _, r, p in mine if p is not None]),
        }
        if self.window:
            weeks = [self.last + 1 - 7 * i for i in range(1, self.window // 7 + 1)]
            counts = [sum(week <= d < week + 7 for d in with_one)
                      for week in weeks if week >= born]
            row["deployment_days_per_week"] = float(median(counts)) if counts else None
        return row

    def leads(self, samples):
        mine = [s for s in samples if self.holds(s[0])]
        row = {"n": len(mine)}
        if len({author for _, _, author, _ in mine if author}) >= self.minimum:
            row.update(distribution([lead for _, lead, _, _ in mine]))
            row["value"] = row.get("p50")
        return row

    def fail_rate(self):
        states = [r.state for _, r, _ in self.mine()]
        if self.flaw == "fail rate by day of incident":
            states = [r.state for _, r, _ in self.mine() if r.state != "failed"]
            states += ["failed" for _, r, _ in self.scope.rollouts
                       if r.state == "failed" and self.holds(self.scope.calendar.day(
                           min((s for s, _ in r.incidents), default=r.finished)))]
        n = len(states) - states.count("pending")
        failed = states.count("failed")
        return {"n": n, "denominator": n, "numerator": failed,
                "value": failed / n if n else None, "pending": states.count("pending")}

    def rework(self):
        mine = self.mine()
        unplanned = sum(r.unplanned for _, r, _ in mine)
        return {"n": len(mine), "denominator": len(mine), "numerator": unplanned,
                "value": unplanned / len(mine) if mine else None}

    def spans(self, spans):
        day = self.scope.calendar.day
        over = [ended - began for began, ended in spans
                if ended is not None and self.holds(day(ended))]
        row = {"n": len(over), **distribution(over)}
        row["value"] = row.get("p50")
        # at the last instant of the bucket, or now
        at = min(self.end - 1, self.now)
        still = [began for began, ended in spans
                 if began <= at and (ended is None or ended > at)]
        row["still_open"] = len(still)
        row["oldest_open_at"] = min(still, default=None)
        if self.window:
            row["km_median"] = kaplan_meier(over, [self.end - began for began in still])
        return row


def tidy(n, row):
    return {**NOTHING, **n, **row}


def series(world, services, now, flaw=None):
    """(org, team, service, environment, grain, start, end, metric) → columns."""
    rows = {}
    for key, scope in scopes_of(world, services, flaw).items():
        calendar, today = scope.calendar, scope.calendar.day(now)
        starts = [t for t in (scope.born, scope.incidents_born) if t is not None]
        for grain in ("day", "week", "month", "quarter"):
            first = floor(grain, calendar.day(min(starts)))
            while first <= today:
                last = following(grain, first) - 1
                cell = Cell(world, scope, now, first, last, flaw=flaw)
                if cell.start < cell.end:
                    for metric, row in cell.rows():
                        rows[key + (grain, cell.start, cell.end, metric)] = tidy(
                            {"complete": cell.end <= now}, row)
                first = last + 1
    if flaw == "mean of medians":
        spoil(rows)
    return rows


def current(world, services, now, flaw=None):
    """(org, team, service, environment, days, start, end, metric) → columns."""
    rows = {}
    for key, scope in scopes_of(world, services, flaw).items():
        today = scope.calendar.day(now)
        for days in (7, 28, 90):
            cell = Cell(world, scope, now, today - days, today - 1, days, flaw)
            starts = [t for t in (scope.born, scope.incidents_born) if t is not None]
            if min(starts) >= cell.end:
                continue
            for metric, row in cell.rows():
                rows[key + (days, cell.start, cell.end, metric)] = tidy(
                    {"complete": True, "km_median": None,
                     "deployment_days_per_week": None}, row)
    return rows


def spoil(rows):
    """A mistake made on purpose: teams as averages of services."""
    for key, row in rows.items():
        if key[2] is None and key[1] is not None and key[7] == "change_lead_time":
            some = [r["p50"] for k, r in rows.items() if k[:2] == key[:2] and k[2] and
                    k[3:] == key[3:] and r["p50"] is not None]
            if some:
                row["p50"] = row["value"] = sum(some) / len(some)
