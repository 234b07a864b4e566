"""What the engines of docs/alerts.md share: the numbers in their formulas, evidence, and
the statistics of one side of a comparison. Plain and slow.

FLAWS are mistakes to make on purpose: compare.py --flaw has to notice each."""

import math

NEVER = 2**31 - 1
NO_BOUND = -2**31
DAY = 86400 * 10**6  # instants are microseconds
WEEKS = 48
BASELINE = 40
LARGEST = 1.7976931348623157e308


class Numbers:
    """Every number that the text names."""
    prior = 0.49
    wallace = (8, 1, 3)
    one_sided = math.log(2)
    windows = 8
    # level
    icc = 0.3
    tau0, nu0 = 0.25, 8
    level_clamp = 2.5
    level_after, level_before, level_weeks = 5, 20, 6
    level_reference = 20
    shortest_hours = 1 / 60
    # count
    count_events = 20
    count_weeks = 8
    count_expected = 4
    count_exposure = 0.25
    count_shorter = 0.4
    count_spread = 0.1
    count_prior = 8
    correction = 0.25
    # share
    share_delay = 3
    share_icc = 0.03
    share_after, share_before, share_weeks = 4, 20, 6
    share_spread, share_prior = 1.1, 8
    share_points, share_failures = 0.03, 3
    # spans
    spans_clamp = 2.0
    spans_most, spans_least, spans_earlier = 20, 3, 8
    spans_base = 80
    spans_known = 5
    spans_sd, spans_prior = 1.2, 4
    spans_newest = 60
    gates = {"level": 1.2, "count": 1.25, "share": 1.3, "spans": 1.3}
    thresholds = {"level": 1.6, "count": 1.6}
    share_threshold = (1.1, 0.2, 0.8, 1.4)
    spans_threshold = (1.2, 0.5, 0.7, 2.1)
    # while an alert lasts
    recent_days, recent_samples, recent_deployments, recent_spans = 21, 8, 20, 5

    def __init__(self, flaw=None):
        if flaw:
            name, value = FLAWS[flaw]
            getattr(self, name)
            setattr(self, name, value)


FLAWS = {
    "prior": ("prior", 0.5),
    "wallace": ("wallace", (8, 1, 2)),
    "two-sided": ("one_sided", 0.0),
    "seven windows": ("windows", 7),
    "icc": ("icc", 0.31),
    "tau0": ("tau0", 0.26),
    "nu0": ("nu0", 7),
    "level clamp": ("level_clamp", 2.6),
    "level minimum": ("level_after", 6),
    "exposure": ("count_exposure", 0.3),
    "shorter windows": ("count_shorter", 0.35),
    "continuity": ("correction", 0.26),
    "maturity": ("share_delay", 2),
    "share icc": ("share_icc", 0.04),
    "share gate": ("share_points", 0.04),
    "spans clamp": ("spans_clamp", 2.1),
    "spans prior": ("spans_sd", 1.3),
    "spans base": ("spans_base", 70),
    "recent": ("recent_samples", 9),
    "recent deployments": ("recent_deployments", 21),
    "recent days": ("recent_days", 22),
}


def phi(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def evidence(numbers, z, variance):
    """z > 0 is what is looked for; the variance is of the log effect."""
    r = numbers.prior / (variance + numbers.prior)
    return (numbers.one_sided + 0.5 * math.log(variance / (variance + numbers.prior))
            + 0.5 * z * z * r + math.log(max(phi(z * math.sqrt(r)), 1e-300)))


def z_from_t(numbers, t, df):
    """Wallace 1959: the normal deviate of a Student t."""
    a, b, c = numbers.wallace
    return (math.copysign(1, t) * (a * df + b) / (a * df + c)
            * math.sqrt(df * math.log1p(t * t / df)) if t else 0.0)


def score(windows):
    """The log of the mean of the evidence of the usable windows, and the best of them."""
    best = max(windows, key=lambda window: window["L"])
    m = best["L"]
    total = math.fsum(math.exp(window["L"] - m) for window in windows)
    return m + math.log(total / len(windows)), best


def log(x):
    return math.log(x) if x > 0 else -math.inf


def quantile(values, p):
    """By linear interpolation."""
    values = sorted(values)
    if not values:
        return math.nan
    at = p * (len(values) - 1)
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def median(values):
    return quantile(values, 0.5)


def mean(values):
    return math.fsum(values) / len(values)


def spread(values):
    """The median, and a robust standard deviation."""
    m = median(values)
    mad = median([abs(v - m) for v in values])
    s = 1.4826 * mad
    if mad == 0:
        centre = mean(values)
        s = math.sqrt(math.fsum((v - centre) ** 2 for v in values) / len(values))
    return m, max(s, 1e-9)


def clamp(x, low, high):
    return min(max(x, low), high)


def week_of(day, last):
    """Counted back from the last day: 0 is the week that ends with it. None: after it."""
    return (last - day) // 7 if day <= last else None


def counted(series, last):
    """The weeks that do not begin before the baseline does."""
    return [j for j in range(WEEKS) if last - 7 * j - 6 >= series.baseline_start]


def side(days, values=(), n=0, rate=math.nan, failed=0):
    """days: the first and the last."""
    return {"from": days[0], "to": days[1], "n": n,
            "median": quantile(values, 0.5), "p85": quantile(values, 0.85),
            "rate": rate, "failed": failed}


def days_of(weeks, newest, end, last):
    """From the oldest of these weeks that lies before end, to the last day of newest."""
    oldest = max((j for j in weeks if newest <= j < end), default=newest)
    return last - 7 * oldest - 6, last - 7 * newest


def unusable(threshold, day):
    return {"usable": False, "gate": False, "score": -1.0, "threshold": threshold,
            "window": 0, "onset": day + 1, "effect": math.nan, "ratio": math.nan,
            "ratio_lo": math.nan, "ratio_hi": math.nan, "base": math.nan,
            "low": math.nan, "high": math.nan}


def verdict(threshold, total, best, gate, onset, ratio, before, after, base,
            low=math.nan, high=math.nan):
    """best is the window: its name, effect and z. ratio is after : before as it is."""
    effect, z = best["effect"], best["z"]
    bounds = [math.nan, math.nan]
    if z != 0 and math.isfinite(effect):
        width = 1.645 * abs(effect / z)
        if abs(math.log(ratio)) + width < 700:
            bounds = [ratio * math.exp(-width), ratio * math.exp(width)]
    return {"usable": True, "gate": gate, "score": total if gate else -1.0,
            "threshold": threshold, "window": best["window"], "onset": onset,
            "effect": clamp(effect, -LARGEST, LARGEST), "ratio": ratio,
            "ratio_lo": bounds[0], "ratio_hi": bounds[1],
            "before": before, "after": after, "base": base, "low": low, "high": high}
