"""Random series and the awkward ones, as the orders that shift_player reads: a case is a
list of lines, so that one that differs can be kept and played again."""

import math
import random

from evidence import DAY

TODAY = 20500  # a local day: 2026-02-16
BACK = 52 * 7


class Story:
    """The lines of a case, made in words."""

    def __init__(self, engine, direction="worse", baseline=None, gate=0.0):
        self.engine = engine
        self.lines = ["series %s %s %s %r" % (
            engine, direction, "-" if baseline is None else baseline, gate)]
        self.asked = []

    def sample(self, day, known=None, began=0, ended=0, seconds=0.0):
        self.lines.append("sample %d %s %d %s %r" % (
            day, "-" if known is None else known, began,
            "-" if ended is None else ended, float(seconds)))

    def span(self, began, seconds):
        """began is an instant; seconds of what is still open: None."""
        self.sample(began // DAY, began=began,
                    ended=None if seconds is None else began + round(seconds * 1e6))

    def mask(self, first, last):
        self.lines.append("mask %d %d" % (first, last))

    def ask(self, *days):
        for day in days or (TODAY,):
            self.lines.append("ask %d %d" % (day, (day + 1) * DAY))
        return self.lines

    def recent(self, day, base, low, high, onset):
        self.lines.append("recent %d %d %r %r %r 0.5 %d" % (
            day, (day + 1) * DAY, base, low, high, onset))

    def parts(self, onset, day):
        self.lines.append("parts %d %d %d" % (onset, day, (day + 1) * DAY))


def poisson(rng, mean):
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, n, p = math.exp(-mean), 0, rng.random()
    while p > limit:
        p *= rng.random()
        n += 1
    return n


# ---- random series ----

class World:
    """What a random series is like."""

    def __init__(self, rng, engine):
        self.rng, self.engine = rng, engine
        most = 8 if engine == "spans" else 100
        self.a_week = rng.choice([0, 0.5, 2, 5, 10, 20, 35, rng.uniform(0, most)])
        self.a_week = min(self.a_week, most)
        self.first = TODAY - rng.choice([40, 90, 150, 250, BACK, BACK, BACK, BACK])
        self.weekdays = [rng.choice([0.2, 1, 1, 1.2, 2]) for _ in range(7)]
        self.weekdays = [w * 7 / sum(self.weekdays) for w in self.weekdays]
        self.onset = TODAY - rng.randrange(-20, 200)
        self.factor = rng.choice([1, 1, 1.3, 1.5, 2, 3, 0.7, 0.5, 0.3])
        self.gap = (0, -1)
        if rng.random() < 0.3:
            start = TODAY - rng.randrange(300)
            self.gap = start, start + rng.randrange(60)

    def days(self):
        """Each day with how many there are."""
        thinned = self.factor if self.engine == "count" else 1
        for day in range(self.first, TODAY + 12):
            a_day = self.a_week / 7 * self.weekdays[day % 7]
            if day >= self.onset:
                a_day *= thinned
            if not self.gap[0] <= day <= self.gap[1]:
                yield day, poisson(self.rng, a_day)


def seconds_of(rng, day, world, middle, sd, batch):
    if rng.random() < 0.03:
        return rng.choice([0.0, 1.0, 59.0, 60.0, 0.25])
    value = math.exp(rng.gauss(middle + batch, sd))
    if rng.random() < 0.04:
        value *= rng.choice([12, 30, 1 / 12])
    if day >= world.onset:
        value *= world.factor
    return float(round(value / 3600) * 3600) if rng.random() < 0.1 else value


def make_level(rng, world, story):
    middle, sd = math.log(rng.uniform(2000, 500000)), rng.choice([0.3, 0.9, 1.2, 2])
    for day, n in world.days():
        batch = rng.gauss(0, 0.5)
        for _ in range(n):
            story.sample(day, seconds=seconds_of(rng, day, world, middle, sd, batch))


def make_count(rng, world, story):
    for day, n in world.days():
        for _ in range(n):
            story.sample(day)
    for _ in range(rng.choice([0, 0, 1, 3, 6])):
        first = TODAY - rng.randrange(-5, BACK)
        story.mask(first, first + rng.choice([0, 0, 1, 6, 13, 30]))


def make_share(rng, world, story):
    p = rng.choice([0, 0.02, 0.05, 0.1, 0.2, 0.5, 0.95, 1])
    for day, n in world.days():
        now = min(1, p * world.factor) if day >= world.onset else p
        for _ in range(n):
            failed = rng.random() < now
            story.sample(day, known=day + int(rng.expovariate(0.5)) if failed else None)


def make_spans(rng, world, story):
    middle, sd = math.log(rng.uniform(600, 50000)), rng.choice([0.3, 1, 1.3])
    beginnings = sorted(day * DAY + rng.randrange(DAY)
                        for day, n in world.days() for _ in range(n))
    for began in beginnings:
        never = rng.random() < 0.04
        story.span(began, None if never else
                   seconds_of(rng, began // DAY, world, middle, sd, 0))


MAKERS = {"level": make_level, "count": make_count, "share": make_share,
          "spans": make_spans}


def random_case(seed):
    rng = random.Random(seed)
    engine = rng.choice(["level", "count", "share", "spans"])
    world = World(rng, engine)
    baseline = None
    if rng.random() < 0.4:
        baseline = TODAY - rng.choice([10, 60, 100, 150, rng.randrange(350)])
    story = Story(engine, rng.choice(["worse", "worse", "better"]), baseline,
                  rng.choice([0.0, 0.0, 0.0, 1.1, 1.5, 2.0]))
    MAKERS[engine](rng, world, story)
    story.ask(*(TODAY - back for back in (0, rng.randrange(1, 9), rng.randrange(9, 60))))
    onset = TODAY - rng.randrange(-2, 90)
    base = {"level": rng.gauss(2, 1), "spans": rng.gauss(1, 1), "count": rng.uniform(1, 40),
            "share": rng.uniform(0.02, 0.5)}[engine]
    low, high = base - rng.uniform(0.5, 3), base + rng.uniform(0.5, 3)
    if engine in ("count", "share"):
        low = high = math.nan
    for back in (0, rng.randrange(30)):
        story.recent(TODAY - back, base, low, high, onset)
    story.parts(onset, TODAY)
    return story.lines


# ---- the awkward ones ----

def weekly(story, n, weeks, first=0, **fields):
    """n samples in each of so many weeks before today, the first so many weeks ago."""
    for j in reversed(range(first, first + weeks)):
        for i in range(n):
            story.sample(TODAY - 7 * j - 6 + min(i, 6), **fields)


def edges():
    """Names and cases."""
    for engine in ("level", "count", "share", "spans"):
        for direction in ("worse", "better"):
            both = engine, direction
            yield "no %s at all, %s" % both, Story(*both).ask()
            for name, case in EDGES.items():
                if name.split(":")[0] == engine:
                    story = Story(*both)
                    case(story)
                    yield "%s, %s" % (name, direction), story.ask()
    yield from minimums()
    yield from boundaries()


def all_equal(story):
    weekly(story, 5, 48, seconds=7200.0)


def all_zero(story):
    weekly(story, 5, 48, seconds=0.0)


def one_outlier(story):
    weekly(story, 5, 40, first=8, seconds=7200.0)
    weekly(story, 5, 7, first=1, seconds=7200.0)
    for i in range(5):
        story.sample(TODAY - 6 + i, seconds=7200.0 if i else 1e9)


def two_values(story):
    for j in reversed(range(48)):
        for i in range(6):
            story.sample(TODAY - 7 * j - 6 + i, seconds=3600.0 if (i + j) % 2 else 7200.0)


def step_up(story, factor=2.0):
    rng = random.Random(5)
    for day in range(TODAY - 400, TODAY + 1):
        story.sample(day, seconds=rng.lognormvariate(10, 1) *
                     (factor if day > TODAY - 30 else 1))


def step_down(story):
    step_up(story, 0.4)


def landing(story):
    rng = random.Random(6)
    for day in range(TODAY - 340, TODAY + 1):
        for _ in range(200 if day == TODAY - 3 else 1):
            story.sample(day, seconds=rng.lognormvariate(10, 1))


def many(story):
    rng = random.Random(7)
    for day in range(TODAY - 340, TODAY + 1):
        for _ in range(60):
            story.sample(day, seconds=rng.lognormvariate(10, 1))


def daily(story, before, after=None, since=30):
    for day in range(TODAY - 340, TODAY + 1):
        for _ in range(before if after is None or day <= TODAY - since else after):
            story.sample(day)


def half_masked(story):
    """One of the last two weeks; the other has an exposure of exactly half of them."""
    weekdays = 3, 1, 2, 2, 1, 1, 1
    for day in range(TODAY - 335, TODAY + 1):
        for _ in range(weekdays[day % 7] if day <= TODAY - 14 else 1):
            story.sample(day)
    story.mask(TODAY - 13, TODAY - 7)


def failing(story, n, every, weeks=49):
    made = 0
    for day in range(TODAY - 7 * weeks, TODAY + 1):
        for _ in range(n):
            made += 1
            story.sample(day, known=day if every and made % every == 0 else None)


def incidents(story, seconds, every=7, n=60):
    for i in reversed(range(n)):
        story.span((TODAY - every * i) * DAY + DAY // 3, seconds(n - 1 - i))


EDGES = {
    "level: all equal": all_equal,
    "level: all zero": all_zero,
    "level: one outlier": one_outlier,
    "level: two values": two_values,
    "level: a doubling": step_up,
    "level: much faster": step_down,
    "level: a landing of branches": landing,
    "level: many": many,
    "count: the same every day": lambda s: daily(s, 2),
    "count: none since a month": lambda s: daily(s, 2, 0),
    "count: a third since a month": lambda s: daily(s, 3, 1),
    "count: three times since a week": lambda s: daily(s, 1, 3, 7),
    "count: huge": lambda s: daily(s, 300),
    "count: huge, halved": lambda s: daily(s, 200, 100),
    "count: half of a window masked": half_masked,
    "count: all masked": lambda s: (daily(s, 1), s.mask(TODAY - 400, TODAY)),
    "count: the last weeks masked": lambda s: (daily(s, 1, 0), s.mask(TODAY - 29, TODAY)),
    "count: no Sunday but masked ones": lambda s: (daily(s, 1), [
        s.mask(day, day) for day in range(TODAY - 340, TODAY, 7)]),
    "share: none fails": lambda s: failing(s, 2, 0),
    "share: all fail": lambda s: failing(s, 2, 1),
    "share: every tenth fails": lambda s: failing(s, 3, 10),
    "share: huge": lambda s: failing(s, 150, 12),
    "spans: all equal": lambda s: incidents(s, lambda i: 3600.0),
    "spans: all over at once": lambda s: incidents(s, lambda i: 0.0),
    "spans: two values": lambda s: incidents(s, lambda i: 3600.0 * (1 + i % 2)),
    "spans: longer at the end": lambda s: incidents(s, lambda i: 900.0 * (1 + i % 5) *
                                                    (4 if i > 50 else 1)),
    "spans: shorter at the end": lambda s: incidents(s, lambda i: 9000.0 * (1 + i % 5) /
                                                     (6 if i > 50 else 1)),
    "spans: all open": lambda s: incidents(s, lambda i: None),
    "spans: the last ones open": lambda s: incidents(s, lambda i: None if i > 55
                                                     else 600.0 * (1 + i % 7)),
    "spans: one outlier": lambda s: incidents(s, lambda i: 1e7 if i == 59 else 600.0),
    "spans: many": lambda s: incidents(s, lambda i: 600.0 * (1 + i % 7), every=1, n=300),
}


def minimums():
    """Just enough, and one too few."""
    for after, before, weeks in ((5, 20, 6), (4, 20, 6), (5, 19, 6), (5, 20, 5)):
        story = Story("level")
        for i in range(before):
            story.sample(TODAY - 7 * (9 + i % weeks), seconds=1000.0 + 100 * i)
        story.lines[1:] = sorted(story.lines[1:], key=lambda line: int(line.split()[1]))
        for i in range(after):
            story.sample(TODAY - i, seconds=9000.0 + i)
        story.lines[-after:] = story.lines[:-after - 1:-1]
        yield "level: %d after, %d in %d weeks before" % (after, before, weeks), story.ask()
    for after, before, weeks in ((4, 20, 6), (3, 20, 6), (4, 19, 6), (4, 20, 5)):
        story = Story("share")
        days = sorted([TODAY - 3 - 7 * (9 + i % weeks) for i in range(before)]
                      + [TODAY - 3 - i for i in range(after)])
        for i, day in enumerate(days):
            story.sample(day, known=day + 1 if i >= before - 1 else None)
        yield "share: %d after, %d in %d weeks before" % (after, before, weeks), story.ask()
    for events in (19, 20, 40):
        for baseline in (None, TODAY - 62, TODAY - 63, TODAY - 69, TODAY - 70):
            story = Story("count", baseline=baseline)
            for i in range(events):
                story.sample(TODAY - 62 + i)
            yield "count: %d events since %s" % (events, baseline), story.ask()
    for n in (10, 11, 12, 13, 30, 101, 120):
        story = Story("spans")
        incidents(story, lambda i: 600.0 * (1 + i % 7) * (5 if i > n - 4 else 1), n=n)
        yield "spans: %d" % n, story.ask(TODAY, TODAY + 59, TODAY + 60, TODAY + 61)


def boundaries():
    """The first and the last days of weeks and of what counts."""
    for baseline in range(TODAY - 73, TODAY - 60):
        for engine in ("level", "count", "share", "spans"):
            story, rng = Story(engine, baseline=baseline), random.Random(9)
            for day in range(TODAY - 350, TODAY + 5):
                for _ in range(2):
                    if engine == "spans":
                        story.span(day * DAY, rng.lognormvariate(9, 1))
                    else:
                        story.sample(day, known=day + rng.randrange(9),
                                     seconds=rng.lognormvariate(10, 1))
            yield "%s: baseline %d days ago" % (engine, TODAY - baseline), story.ask()
    for late in range(-2, 3):
        for began in (0, 1):
            story = Story("spans")
            incidents(story, lambda i: 600.0 * (1 + i % 7), n=30)
            story.span((TODAY + 1) * DAY - 3600 * 10**6, 3600 + late * 1e-6)
            story.span((TODAY + 1) * DAY + late * began, 60)
            yield "spans: over %d us after" % late, story.ask()
    for late in (-1, 0, 1):
        story = Story("spans")
        incidents(story, lambda i: 600.0 * (1 + i % 7), n=31)
        story.span((TODAY + 1) * DAY - 2400 * 10**6 - late, None)
        yield "spans: open for %d us more than the median" % late, story.ask()
