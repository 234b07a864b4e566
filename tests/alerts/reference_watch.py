"""The life of an alert a second time, from docs/alerts.md and metrics/watch.h alone."""

import math

from evidence import NO_BOUND

RULES = {"shift": (3, 7, 14, 84, 112), "guardrail": (3, 7, 0, 0, 0)}
FROZEN = ("base", "low", "high", "effect", "onset")
NEVER = -2**31

WATCH_FLAWS = {
    "pending": ("pending", 1),
    "calm": ("calm", 1),
    "quiet": ("quiet", 1),
    "accept": ("accept_after", 1),
    "accept anyway": ("accept_anyway", 1),
    "accept what was just told": ("told", 1),
    "easing is no end of calm": ("ends_calm", ("bad",)),
    "masked days count": ("masked", True),
    "calm is kept": ("reset", False),
    "silence": ("silence", 1),
    "counters span what is unseen": ("skips", False),
    "quiet after a restart": ("hushed", True),
    "worsens often": ("once", False),
    "baseline is kept": ("moves", False),
}


class Rule:
    masked, reset, once, moves, skips = False, True, True, True, True
    hushed = False
    ends_calm, told, silence = ("bad", "easing"), 21, 28

    def __init__(self, name, flaw=None):
        (self.pending, self.calm, self.quiet, self.accept_after,
         self.accept_anyway) = RULES[name]
        if flaw:
            field, value = WATCH_FLAWS[flaw]
            was = getattr(self, field)
            setattr(self, field, was + value if type(value) is int else value)


def calm(effect, recent):
    if math.isnan(recent):
        return "unknown"
    if recent < math.log(1.15):
        return "calm"
    return "easing" if recent < 0.8 * effect else "bad"


class Watch:
    def __init__(self, rule, baseline_start=NO_BOUND):
        self.rule, self.baseline_start = rule, baseline_start
        self.state, self.silent = "learning", False
        self.judged = self.since = NEVER
        self.streak = self.calm = self.quiet = self.silence = 0
        self.forget()

    def forget(self):
        """What only an alert has."""
        self.suspected = self.fired = NEVER
        self.score = self.ratio = math.nan
        self.frozen = dict.fromkeys(FROZEN, math.nan)
        self.frozen["onset"] = NEVER
        self.worsened = False

    def turn(self, state, day):
        self.state, self.since = state, day

    def step(self, look):
        """look: as struct watch_look, a dictionary. The events, in order."""
        events = []
        if look["day"] <= self.judged:
            return events
        if self.judged != NEVER and look["day"] > self.judged + 1 and self.rule.skips:
            self.streak = self.calm = self.silence = 0
            if self.state == "pending":
                self.turn("ok", look["day"])
                events.append("cleared")
        self.judged = look["day"]
        if self.since == NEVER:
            self.since = look["day"]
        if look["silent"] != self.silent:
            self.silent = look["silent"]
            events.append("nodata" if self.silent else "data")
        self.silence = self.silence + 1 if look["silent"] else 0
        if self.state == "firing" and self.silence >= self.rule.silence:
            self.end("withdrawn", look["day"], events)
        if look["silent"] or (look["masked"] and not self.rule.masked):
            return events
        if self.state == "firing":
            self.firing(look, events)
            return events
        if look["usable"] and self.state == "learning":
            self.turn("ok", look["day"])
            events.append("learned")
        elif not look["usable"] and self.state != "learning":
            if self.state == "pending":
                events.append("cleared")
            self.turn("learning", look["day"])
            events.append("unlearned")
        if self.quiet > 0:
            self.quiet -= 1
        elif look["usable"]:
            self.waiting(look, events)
        return events

    def waiting(self, look, events):
        day = look["day"]
        if not look["condition"]:
            if self.state == "pending":
                self.turn("ok", day)
                events.append("cleared")
            return
        if self.state == "ok":
            self.turn("pending", day)
            self.suspected_since, self.streak = day, 1
            events.append("suspected")
        else:
            self.streak += 1
        if self.streak >= self.rule.pending:
            self.turn("firing", day)
            self.suspected, self.fired, self.calm = self.suspected_since, day, 0
            self.frozen = dict(look["found"])
            self.score, self.ratio = look["score"], look["ratio"]
            events.append("fired")

    def firing(self, look, events):
        day = look["day"]
        if look["undone"]:
            return self.end("withdrawn", day, events)
        if look["recent"] == "calm":
            self.calm += 1
        elif look["recent"] in self.rule.ends_calm and self.rule.reset:
            self.calm = 0
        if self.calm >= self.rule.calm:
            return self.end("resolved", day, events)
        if self.rule.accept_after and self.is_normal(look):
            return self.accept(day, events)
        if not (self.worsened and self.rule.once) and self.is_worse(look):
            self.worsened = True
            events.append("worsened")

    def is_normal(self, look):
        """Bad for 12 weeks, or anything but calm for 16, and told for 3."""
        lasted = look["day"] - self.frozen["onset"]
        if look["recent"] == "calm" or look["day"] - self.fired < self.rule.told:
            return False
        return (lasted >= self.rule.accept_anyway
                or look["recent"] == "bad" and lasted >= self.rule.accept_after)

    def is_worse(self, look):
        """Evidence passes 30 : 1, or the ratio doubles."""
        if not look["condition"] or look["recent"] == "calm":
            return False
        return (self.score < math.log(30) <= look["score"]
                or look["found"]["effect"] - self.frozen["effect"] >= math.log(2))

    def accept(self, day, events):
        onset = self.frozen["onset"]
        self.end("accepted", day, events)
        if self.rule.moves:
            self.baseline_start = max(self.baseline_start, onset)

    def end(self, how, day, events):
        self.turn("ok", day)
        self.quiet = self.rule.quiet
        self.forget()
        events.append(how)

    def restart(self, day):
        """It is measured differently."""
        events = []
        if self.state == "firing":
            self.end("withdrawn", day, events)
            self.quiet = self.rule.quiet if self.rule.hushed else 0
        elif self.state == "pending":
            self.turn("ok", day)
            events.append("cleared")
        return events

    def accept_by_hand(self, day):
        """The events, or None if it does not fire."""
        if self.state != "firing":
            return None
        events = []
        self.accept(day, events)
        return events
