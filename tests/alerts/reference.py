"""The engines of docs/alerts.md a second time, from its text alone: is it worse now?

evaluate() is shift_evaluate(), recent() is shift_recent() of metrics/shift.h."""

import math

from evidence import (BASELINE, LARGEST, WEEKS, clamp, counted, days_of, evidence, log,
                      mean, median, score, side, spread, unusable, verdict, week_of,
                      z_from_t)


class Series:
    def __init__(self, engine, direction, samples, baseline_start, masks=(), gate=0.0):
        """Samples are tuples: (day, seconds) of level, (day,) of count, (day, known) of
        share, (day, began, ended or None) of spans. masks are first and last days."""
        self.engine, self.direction, self.samples = engine, direction, samples
        self.baseline_start, self.masks, self.gate = baseline_start, masks, gate

    @property
    def sign(self):
        """What is looked for: 1 a rise, -1 a fall. Worse is a rise but of counts."""
        rise = self.direction == "worse"
        return 1 if rise != (self.engine == "count") else -1

    def masked(self, day):
        return any(first <= day <= last for first, last in self.masks)

    def least(self, numbers):
        return self.gate or numbers.gates[self.engine]


def evaluate(numbers, series, day, asof):
    return ENGINES[series.engine][0](numbers, series, day, asof)


def recent(numbers, series, frozen, day, asof):
    """frozen: base, low, high, onset."""
    return ENGINES[series.engine][1](numbers, series, frozen, day, asof)


def ln_hours(numbers, seconds):
    return math.log(max(seconds / 3600, numbers.shortest_hours))


# ---- level ----

def level(numbers, series, day, asof):
    threshold = numbers.thresholds["level"]
    allowed = set(counted(series, day))
    samples = {j: [] for j in range(WEEKS)}
    for at, seconds in series.samples:
        j = week_of(at, day)
        if j in allowed:
            samples[j].append((at, series.sign * ln_hours(numbers, seconds), seconds))
    reference = [x for j in range(8, WEEKS) for _, x, _ in samples[j]]
    if len(reference) < numbers.level_reference:
        reference = [x for j in range(WEEKS) for _, x, _ in samples[j]]
    if not reference:
        return unusable(threshold, day)
    m, s = spread(reference)
    low, high = m - numbers.level_clamp * s, m + numbers.level_clamp * s
    weeks = {j: level_week(numbers, samples[j], low, high) for j in allowed if samples[j]}
    windows = [level_window(numbers, weeks, w, s) for w in range(1, numbers.windows + 1)]
    windows = [window for window in windows if window]
    if not windows:
        return unusable(threshold, day)
    total, best = score(windows)
    w = best["window"]
    sign = series.sign
    before = [v for j in range(w, w + BASELINE) for _, _, v in samples[j]]
    after = [v for j in range(w) for _, _, v in samples[j]]
    gate = best["effect"] >= math.log(series.least(numbers))
    return verdict(threshold, total, best, gate, day + 1 - 7 * w,
                   math.exp(sign * best["effect"]),
                   side(days_of(weeks, w, w + BASELINE, day), before, len(before)),
                   side(days_of(weeks, 0, w, day), after, len(after)),
                   sign * best["base"], min(sign * low, sign * high),
                   max(sign * low, sign * high))


def level_week(numbers, samples, low, high):
    days = {}
    for at, x, _ in samples:
        days.setdefault(at, []).append(clamp(x, low, high))
    weights = {at: len(us) / (1 + (len(us) - 1) * numbers.icc) for at, us in days.items()}
    n = math.fsum(weights.values())
    y = math.fsum(weights[at] * mean(us) for at, us in days.items()) / n
    return {"N": n, "Y": y, "R": len(samples),
            "S": math.fsum((u - y) ** 2 for us in days.values() for u in us)}


def level_window(numbers, weeks, w, s):
    after = [weeks[j] for j in range(w) if j in weeks]
    before = [weeks[j] for j in range(w, w + BASELINE) if j in weeks]
    if (sum(a["R"] for a in after) < numbers.level_after
            or sum(b["R"] for b in before) < numbers.level_before
            or len(before) < numbers.level_weeks):
        return None
    ka, kb = len(after), len(before)
    divisor = sum(b["R"] - 1 for b in before)
    s2 = math.fsum(b["S"] for b in before) / divisor if divisor >= 5 else s * s
    s2 = max(s2, 1e-18)  # values that are all equal
    c = [b["N"] / s2 for b in before]
    s1, sq = math.fsum(c), math.fsum(x * x for x in c)
    yb = math.fsum(x * b["Y"] for x, b in zip(c, before)) / s1
    q = math.fsum(x * (b["Y"] - yb) ** 2 for x, b in zip(c, before))
    t2 = max(0.0, (q - (kb - 1)) / (s1 - sq / s1))
    t2 = (t2 * (kb - 1) + numbers.tau0 ** 2 * numbers.nu0) / (kb - 1 + numbers.nu0)

    def pooled(side_weeks):
        g = [1 / (t2 + s2 / week["N"]) for week in side_weeks]
        total = math.fsum(g)
        return total, math.fsum(x * week["Y"] for x, week in zip(g, side_weeks)) / total

    ga, ya = pooled(after)
    gb, yb = pooled(before)
    delta, variance = ya - yb, 1 / ga + 1 / gb
    z = z_from_t(numbers, delta / math.sqrt(variance), ka + kb - 2)
    return {"window": w, "effect": delta, "z": z, "L": evidence(numbers, z, variance),
            "base": yb}


def level_recent(numbers, series, frozen, day, asof):
    chosen = lately(numbers, [(at, ln_hours(numbers, seconds))
                              for at, seconds in series.samples], frozen["onset"], day,
                    numbers.recent_samples)
    if not chosen:
        return math.nan
    return series.sign * (mean([clamp(x, frozen["low"], frozen["high"]) for _, x in chosen])
                          - frozen["base"])


def lately(numbers, samples, onset, last, least):
    """Those of the last 21 days, by whole days further back to the least."""
    samples = [s for s in samples if onset <= s[0] <= last]
    first = last - numbers.recent_days + 1
    while first > onset and sum(s[0] >= first for s in samples) < least:
        first -= 1
    return [s for s in samples if s[0] >= first]


# ---- count ----

def weekday_weights(series, day):
    """The share of each weekday in a week's events, the events of each day, and all."""
    events, days = [0] * 7, [0] * 7
    made = {}
    for (at, *_) in series.samples:
        made[at] = made.get(at, 0) + 1
    for j in counted(series, day):
        for at in range(day - 7 * j - 6, day - 7 * j + 1):
            if not series.masked(at):
                events[at % 7] += made.get(at, 0)
                days[at % 7] += 1
    weights = [(e + 0.5) / (d + 1) for e, d in zip(events, days)]
    return [x / math.fsum(weights) for x in weights], made, sum(events)


def count(numbers, series, day, asof):
    threshold = numbers.thresholds["count"]
    weights, made, events = weekday_weights(series, day)
    if events < numbers.count_events:
        return unusable(threshold, day)
    weeks = {}
    for j in counted(series, day):
        days = [at for at in range(day - 7 * j - 6, day - 7 * j + 1)
                if not series.masked(at)]
        weeks[j] = (sum(made.get(at, 0) for at in days),
                    math.fsum(weights[at % 7] for at in days))
    windows = [count_window(numbers, series, weeks, w)
               for w in range(1, numbers.windows + 1)]
    windows = [window for window in windows if window]
    if not windows:
        return unusable(threshold, day)
    total, best = score(windows)
    least, w = series.least(numbers), best["window"]
    gate = best["rho"] >= least if series.sign > 0 else best["rho"] <= 1 / least
    return verdict(threshold, total, best, gate, day + 1 - 7 * w, best["rho"],
                   side(days_of(best["weeks"], w, w + BASELINE, day), n=best["Bc"],
                        rate=best["base"]),
                   side((day + 1 - 7 * w, day), n=best["O"],
                        rate=best["O"] / best["eo"]), best["base"])


def enough(value, least):
    """Half of a window that is masked is half of it, whatever its weights add up to."""
    return value >= least - 1e-9


def count_window(numbers, series, weeks, w):
    after = [weeks[j] for j in range(w) if j in weeks]
    before = [weeks[j] for j in range(w, w + BASELINE)
              if j in weeks and weeks[j][1] > numbers.count_exposure]
    o, eo = sum(c for c, _ in after), math.fsum(e for _, e in after)
    bc, eb, kb = sum(c for c, _ in before), math.fsum(e for _, e in before), len(before)
    if kb < numbers.count_weeks or bc == 0 or not enough(eo, 0.5 * w):
        return None
    lam = bc / eb
    if not enough(lam * eo, numbers.count_expected):
        return None
    x = math.fsum((c - lam * e) ** 2 / (lam * e) for c, e in before)
    prior = numbers.count_prior
    phi = (x + (1 + numbers.count_spread * lam) * prior) / (kb - 1 + prior)
    phi = max(1, phi) * (1 + numbers.count_shorter * (1 - 1 / w))
    variance = phi * (1 / (lam * eo) + 1 / bc)
    q = max(0, o - series.sign * numbers.correction)
    rho = q / (lam * eo)
    effect = series.sign * log(rho)
    if effect > 0:
        n = q + bc
        expected = n * eo / (eo + eb)
        ratio = q * math.log(q / expected) + bc * math.log(bc / (n - expected))
        z = math.sqrt(max(0, 2 * ratio)) / math.sqrt(phi)
    else:
        z = -min(3, -effect / math.sqrt(variance))
    return {"window": w, "effect": effect, "z": z, "L": evidence(numbers, z, variance),
            "weeks": [j for j in range(w, w + BASELINE)
                      if j in weeks and weeks[j][1] > numbers.count_exposure],
            "rho": rho, "base": lam, "O": o, "Bc": bc, "eo": eo}


def count_recent(numbers, series, frozen, day, asof):
    weights, made, _ = weekday_weights(series, day)
    first = max(frozen["onset"], day - numbers.recent_days + 1)
    days = [at for at in range(first, day + 1) if not series.masked(at)]
    if not days:
        return math.nan
    return against(series, sum(made.get(at, 0) for at in days)
                   / math.fsum(weights[at % 7] for at in days), frozen["base"])


def against(series, rate, base):
    return clamp(series.sign * log(rate / base), -LARGEST, LARGEST)


# ---- share ----

def threshold_by_volume(constants, a_week):
    start, slope, least, most = constants
    return clamp(start + slope * math.log(max(a_week, 0.02)), least, most)


def share(numbers, series, day, asof):
    last = day - numbers.share_delay
    allowed = set(counted(series, last))
    weeks = {}
    for at, known in series.samples:
        j = week_of(at, last)
        if j in allowed:
            n, f = weeks.get(j, (0, 0))
            weeks[j] = n + 1, f + (known <= day)
    failures = sum(f for j, (_, f) in weeks.items() if j < 26)
    threshold = threshold_by_volume(numbers.share_threshold, failures / 26)
    windows = [share_window(numbers, series, weeks, w)
               for w in range(1, numbers.windows + 1)]
    windows = [window for window in windows if window]
    if not windows:
        return unusable(threshold, day)
    total, best = score(windows)
    p0, p1, least = best["p0"], best["p1"], series.least(numbers)
    if series.sign > 0:
        gate = p1 / p0 >= least and p1 - p0 >= numbers.share_points
        gate = gate and best["f1"] >= numbers.share_failures
    else:
        gate = p0 / p1 >= least and p0 - p1 >= numbers.share_points
        gate = gate and best["f0"] >= numbers.share_failures
    w = best["window"]
    n0, n1, f0, f1 = (best[name] for name in ("n0", "n1", "f0", "f1"))
    return verdict(threshold, total, best, gate, last + 1 - 7 * w, p1 / p0,
                   side(days_of(weeks, w, w + BASELINE, last), n=n0, rate=f0 / n0,
                        failed=f0),
                   side(days_of(weeks, 0, w, last), n=n1, rate=f1 / n1, failed=f1),
                   p0)


def shrunk(numbers, week):
    n, f = week
    k = 1 / (1 + (n - 1) * numbers.share_icc)
    return n * k, f * k


def share_window(numbers, series, weeks, w):
    after = [weeks[j] for j in range(w) if j in weeks]
    before = [weeks[j] for j in range(w, w + BASELINE) if j in weeks]
    raw = {"n1": sum(n for n, _ in after), "f1": sum(f for _, f in after),
           "n0": sum(n for n, _ in before), "f0": sum(f for _, f in before)}
    kb = len(before)
    if (raw["n1"] < numbers.share_after or raw["n0"] < numbers.share_before
            or kb < numbers.share_weeks):
        return None
    after = [shrunk(numbers, week) for week in after]
    before = [shrunk(numbers, week) for week in before]
    n1, f1 = math.fsum(n for n, _ in after), math.fsum(f for _, f in after)
    n0, f0 = math.fsum(n for n, _ in before), math.fsum(f for _, f in before)
    p0 = (f0 + 0.5) / (n0 + 1)
    share_after = f1 / n1
    # what a fall is divided by is never 0; evidence is of the share as it is
    p1 = share_after if series.sign > 0 else (f1 + 0.5) / (n1 + 1)
    x = math.fsum((f - n * p0) ** 2 / (n * p0 * (1 - p0)) for n, f in before)
    prior = numbers.share_prior
    phi = max(1, (x + numbers.share_spread * prior) / (kb - 1 + prior))
    variance = phi * (1 - p0) / p0 * (1 / n1 + 1 / n0)
    sign, half = series.sign, numbers.correction
    if sign * share_after > sign * p0:
        a = clamp(f1 - sign * half, 0, n1)
        p = (a + f0) / (n1 + n0)
        if sign * (a / n1 - f0 / n0) <= 0:
            z = 0.0
        else:
            z = math.sqrt(max(0, 2 * (surprise(a, n1 * p) + surprise(n1 - a, n1 * (1 - p))
                                      + surprise(f0, n0 * p)
                                      + surprise(n0 - f0, n0 * (1 - p))))) / math.sqrt(phi)
    else:
        z = max(-3, sign * log((share_after + half / n1) / p0) / math.sqrt(variance))
    return {"window": w, "effect": sign * log(p1 / p0), "z": z,
            "L": evidence(numbers, z, variance), "p0": p0, "p1": p1, **raw}


def surprise(seen, expected):
    return seen * math.log(seen / expected) if seen > 0 else 0.0


def share_recent(numbers, series, frozen, day, asof):
    chosen = lately(numbers, series.samples, frozen["onset"], day - numbers.share_delay,
                    numbers.recent_deployments)
    if not chosen:
        return math.nan
    return against(series, sum(known <= day for _, known in chosen) / len(chosen),
                   frozen["base"])


# ---- spans ----

def walk(numbers, series, day, asof):
    """Of those that began by then in order: (day, ln(hours), seconds, index)."""
    values = []
    for i, (at, began, ended) in enumerate(series.samples):
        if at < series.baseline_start or at > day or began > asof:
            continue
        is_open = ended is None or ended > asof
        seconds = ((asof if is_open else ended) - began) / 1e6
        x = ln_hours(numbers, seconds)
        if is_open:
            others = [value[1] for value in values[-numbers.spans_base:]]
            if len(others) < numbers.spans_known or x <= median(others):
                continue
        values.append((at, x, seconds, i))
    return values


def spans(numbers, series, day, asof):
    begun = [at for at, began, _ in series.samples
             if series.baseline_start <= at <= day and began <= asof]
    threshold = threshold_by_volume(numbers.spans_threshold,
                                    sum(at > day - 26 * 7 for at in begun) / 26)
    if not begun or day - max(begun) > numbers.spans_newest:
        return unusable(threshold, day)
    values = [(at, series.sign * x, seconds)
              for at, x, seconds, _ in walk(numbers, series, day, asof)]
    windows = [spans_window(numbers, values, k)
               for k in range(numbers.spans_least, numbers.spans_most + 1)
               if len(values) - k >= numbers.spans_earlier]
    if not windows:
        return unusable(threshold, day)
    total, best = score(windows)
    after = values[-best["window"]:]
    before = values[:-best["window"]][-numbers.spans_base:]
    sign, low, high = series.sign, best["low"], best["high"]
    gate = best["effect"] >= math.log(series.least(numbers))
    return verdict(threshold, total, best, gate, after[0][0],
                   math.exp(sign * best["effect"]),
                   *(side((values[0][0], values[-1][0]), [v for _, _, v in values],
                          len(values)) for values in (before, after)),
                   sign * best["base"], min(sign * low, sign * high),
                   max(sign * low, sign * high))


def spans_window(numbers, values, k):
    last = [x for _, x, _ in values[-k:]]
    base = [x for _, x, _ in values[:-k][-numbers.spans_base:]]
    m, s = spread(base)
    low, high = m - numbers.spans_clamp * s, m + numbers.spans_clamp * s
    last, base = ([clamp(x, low, high) for x in xs] for xs in (last, base))
    nb, centre, prior = len(base), mean(base), numbers.spans_prior
    v = ((math.fsum((x - centre) ** 2 for x in base) + numbers.spans_sd ** 2 * prior)
         / (nb - 1 + prior))
    delta, variance = mean(last) - centre, v * (1 / k + 1 / nb)
    z = z_from_t(numbers, delta / math.sqrt(variance), nb + 3)
    return {"window": k, "effect": delta, "z": z, "L": evidence(numbers, z, variance),
            "base": centre, "low": low, "high": high}


def spans_recent(numbers, series, frozen, day, asof):
    values = [value[1] for value in walk(numbers, series, day, asof)
              if value[0] >= frozen["onset"]]
    if not values:
        return math.nan
    return series.sign * (mean([clamp(x, frozen["low"], frozen["high"])
                                for x in values[-numbers.recent_spans:]]) - frozen["base"])


ENGINES = {"level": (level, level_recent), "count": (count, count_recent),
           "share": (share, share_recent), "spans": (spans, spans_recent)}


def parts(numbers, series, onset, day, asof):
    """How the samples since onset share out among parts, as the player writes it; the
    player gives samples the parts 0, 1, 2, 0 …"""
    last = day - numbers.share_delay if series.engine == "share" else day
    if series.engine == "spans":
        chosen = [i for *_, i in walk(numbers, series, day, asof)]
    elif series.engine == "share":
        chosen = [i for i, (_, known) in enumerate(series.samples) if known <= day]
    else:
        chosen = [i for i, (at, *_) in enumerate(series.samples)
                  if series.engine == "level" or not series.masked(at)]
    chosen = [i % 3 for i in chosen if onset <= series.samples[i][0] <= last]
    rows = sorted((-chosen.count(part), part) for part in set(chosen))
    return "".join("%d:%d/%d;" % (part, -n, len(chosen)) for n, part in rows)
