"""Random lives of alerts, as the orders that watch_player reads, and what the second
implementation makes of them."""

import math
import random

from evidence import NO_BOUND
from reference_watch import FROZEN, Rule, Watch, calm

TODAY = 20500


class Days:
    """What the days of a series show, one after another."""

    def __init__(self, rng, guardrail):
        self.rng, self.guardrail = rng, guardrail
        self.day = TODAY
        self.usable, self.condition, self.recent = rng.random() < 0.5, False, "unknown"
        self.masked = self.silent = False
        self.restless = rng.choice([0.02, 0.1, 0.3])
        self.ratio = rng.choice([2.0, 0.4, 1.0])
        self.onset = TODAY

    def turned(self, now, often, choices):
        return self.rng.choice(choices) if self.rng.random() < often else now

    def look(self):
        rng, restless = self.rng, self.restless
        self.day += rng.choice([1] * 30 + [0, -1, 2, 5, 40])
        self.usable = self.turned(self.usable, restless / 2, [True, True, True, False])
        self.condition = self.turned(self.condition, restless, [True, True, False])
        self.masked = self.turned(self.masked, 0.1, [True, False, False, False, False])
        self.silent = self.turned(self.silent, 0.1, [True, False, False, False, False])
        self.recent = self.turned(self.recent, restless,
                                  ["bad", "bad", "easing", "calm", "unknown"])
        if rng.random() < 0.05:
            self.ratio = rng.choice([1.5, 2.0, 3.1, 4.0, 6.5, 0.7, 0.5, 0.25, 0.1])
        if rng.random() < 0.1:
            self.onset = self.day - rng.randrange(60)
        score = rng.choice([rng.uniform(1, 3.3), rng.uniform(1, 3.3), rng.uniform(1, 5)])
        found = [rng.gauss(2, 1), rng.gauss(1, 1), rng.gauss(4, 1),
                 abs(math.log(self.ratio))]
        if self.guardrail:
            found, score = [math.nan] * 4, math.nan
        fields = [self.day, int(self.masked), int(self.silent), int(self.usable),
                  int(self.condition and self.usable), *found, self.onset, score,
                  math.nan if self.guardrail else self.ratio, self.recent,
                  int(rng.random() < 0.004)]
        return "look " + " ".join(f if isinstance(f, str) else repr(f) for f in fields)


def random_life(seed):
    rng = random.Random(seed)
    rule = "guardrail" if rng.random() < 0.2 else "shift"
    days = Days(rng, rule == "guardrail")
    lines = ["watch %s %s" % (rule, rng.choice(["-", "20000"]))]
    for _ in range(200):
        lines.append(days.look())
        if rng.random() < 0.005:
            lines.append("accept %d" % days.day)
        if rng.random() < 0.005:
            lines.append("restart %d" % days.day)
    return lines


def story(rule, *days):
    """Each (n, what): n days that show it."""
    lines, day = ["watch %s -" % rule], TODAY
    for n, what in days:
        if what == "unseen":
            day += n
            continue
        shown = {"masked": 0, "silent": 0, "usable": 1, "condition": 0, "score": 1.0,
                 "ratio": 2.0, "recent": "unknown", "undone": 0, "onset": TODAY - 20}
        shown.update(what)
        for _ in range(n):
            day += 1
            lines.append("look %d %d %d %d %d 1.0 0.0 3.0 %r %d %r %r %s %d" % (
                day, shown["masked"], shown["silent"], shown["usable"],
                shown["condition"], abs(math.log(shown["ratio"])), shown["onset"],
                float(shown["score"]), float(shown["ratio"]), shown["recent"],
                shown["undone"]))
    return lines


BAD = {"condition": 1, "score": 2.0, "recent": "bad"}
CALM = {"recent": "calm"}
EASING = {"recent": "easing"}
EDGES = {
    "two days are not three": story("shift", (1, {}), (2, BAD), (5, {})),
    "three days, and over": story("shift", (1, {}), (6, BAD), (6, CALM), (1, BAD),
                                  (30, CALM), (9, BAD)),
    "accepted on the 84th day": story("shift", (1, {}), (100, BAD)),
    "accepted on the 112th day": story("shift", (1, {}), (20, BAD), (99, EASING)),
    "easing, and bad again": story("shift", (1, {}), (20, BAD), (60, EASING), (9, BAD)),
    "easing, and calm": story("shift", (1, {}), (20, BAD), (68, EASING), (6, CALM),
                              (1, EASING), (30, CALM)),
    "calm by the 112th day": story("shift", (1, {}), (20, BAD), (69, EASING), (30, CALM)),
    "an onset of long ago": story("shift", (1, {}), (30, {**BAD, "onset": TODAY - 300})),
    "the same, easing": story("shift", (1, {}), (3, {**BAD, "onset": TODAY - 300}),
                              (30, EASING)),
    "masked days and silent ones": story(
        "shift", (1, {}), (2, BAD), (9, {"masked": 1}), (4, {"silent": 1}), (3, BAD),
        (3, CALM), (9, {**CALM, "silent": 1}), (3, CALM), (2, {**CALM, "masked": 1}),
        (20, CALM)),
    "silent for four weeks": story("shift", (1, {}), (4, BAD), (27, {"silent": 1}),
                                   (3, BAD), (20, {"silent": 1, "masked": 1}),
                                   (9, {"silent": 1}), (30, BAD)),
    "unseen while pending": story("shift", (1, {}), (2, BAD), (1, "unseen"), (3, BAD)),
    "unseen while calm": story("shift", (1, {}), (3, BAD), (6, CALM), (40, "unseen"),
                               (7, CALM)),
    "unseen while silent": story("shift", (1, {}), (4, BAD), (20, {"silent": 1}),
                                 (1, "unseen"), (28, {"silent": 1})),
    "unlearned while it fires": story("shift", (1, {}), (4, BAD), (5, {"usable": 0}),
                                      (9, {**CALM, "usable": 0}), (20, {"usable": 0})),
    "unlearned while pending": story("shift", (1, {}), (2, BAD), (5, {"usable": 0}),
                                     (9, BAD)),
    "withdrawn": story("shift", (1, {}), (5, BAD), (1, {**BAD, "undone": 1}), (30, BAD)),
    "calm by the first": story("shift", (1, {}), (3, BAD), (30, CALM)),
    "evidence passes": story("shift", (1, {}), (5, BAD), (3, {**BAD, "score": 3.5}),
                             (3, {**BAD, "score": 2}), (3, {**BAD, "score": 4})),
    "the ratio doubles": story("shift", (1, {}), (5, BAD), (2, {**BAD, "ratio": 4}),
                               (2, {**BAD, "ratio": 9})),
    "the ratio halves": story("shift", (1, {}), (5, {**BAD, "ratio": 0.5}),
                              (2, {**BAD, "ratio": 0.25})),
    "evidence had passed": story("shift", (1, {}), (5, {**BAD, "score": 4}),
                                 (9, {**BAD, "score": 4})),
    "bad from the first": story("shift", (40, BAD)),
    "silent from the first": story("shift", (5, {"silent": 1}), (9, BAD)),
    "unknown for long": story("shift", (1, {}), (3, BAD), (3, CALM), (120, {}), (4, CALM)),
    "a guardrail": story("guardrail", (1, {}), (200, BAD), (7, CALM), (9, BAD)),
    "accepted by hand": story("shift", (1, {}), (2, BAD)) + ["accept 20504"]
    + story("shift", (1, {}), (4, BAD)) + ["accept 20506", "accept 20506"],
    "how calm": ["calm %r %r" % (effect, recent)
                 for effect in (0.1, 0.4, 0.7, 1.1, math.nan)
                 for recent in (-1.0, 0.0, 0.13, 0.14, 0.2, 0.23, 0.24, 0.36, 0.37,
                                0.55, 0.56, 0.57, 0.87, 0.88, 0.89, math.nan, math.inf, 1.8e308, -math.inf)],
}


def made(seed, n):
    yield from EDGES.items()
    for i in range(seed, seed + n):
        yield "seed %d" % i, random_life(i)


def play(lines, flaw):
    watch, answers = Watch(Rule("shift", flaw)), []
    for line in lines:
        word, *rest = line.split()
        if word == "calm":
            answers.append({"calm": calm(float(rest[0]), float(rest[1]))})
            continue
        events, done = [], {}
        if word == "watch":
            watch = Watch(Rule(rest[0], flaw),
                          NO_BOUND if rest[1] == "-" else int(rest[1]))
        elif word == "look":
            events = watch.step(look(rest))
        elif word == "restart":
            events = watch.restart(int(rest[0]))
        else:
            events = watch.accept_by_hand(int(rest[0]))
            done = {"done": events is not None}
        answers.append({**done, **said(watch, events or [])})
    return answers


def look(words):
    day, masked, silent, usable, condition = (int(w) for w in words[:5])
    base, low, high, effect = (float(w) for w in words[5:9])
    return {"day": day, "masked": bool(masked), "silent": bool(silent),
            "usable": bool(usable), "condition": bool(condition),
            "found": {"base": base, "low": low, "high": high, "effect": effect,
                      "onset": int(words[9])},
            "score": float(words[10]), "ratio": float(words[11]), "recent": words[12],
            "undone": words[13] == "1"}


def said(watch, events):
    result = {"events": "".join("%s;" % event for event in events), "state": watch.state}
    for name in ("silent", "silence", "judged", "since", "quiet", "baseline_start",
                 "suspected", "fired", "score", "ratio", "worsened"):
        result[name] = getattr(watch, name)
    result.update({name: watch.frozen[name] for name in FROZEN})
    # a count is of the state that it belongs to
    if watch.state == "pending":
        result["streak"] = watch.streak
    if watch.state == "firing":
        result["calm"] = watch.calm
    return result
