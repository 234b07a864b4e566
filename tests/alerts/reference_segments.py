"""The segmenter of docs/alerts.md a second time, from its text alone: when did the level
change? changes() is segment_changes() of metrics/segment.h."""

import math

SEGMENTS_FLAWS = {
    "penalty": ("penalty", {"A": 3.0, "B": 4.0, "L": 2.5}),
    "small jumps": ("jump", 0.0),
    "shorter pieces": ("shortest", 4),
    "bisection": ("gain", 2.0),
    "hazard": ("hazard", 1 / 20),
    "outliers stay": ("hampel", 1e9),
    "four voters": ("votes", 4),
    "narrow votes": ("width", 3),
}


class SegmentNumbers:
    penalty = {"A": 4.0, "B": 4.0, "L": 2.5}
    jump = 1.0
    shortest, most = 5, 10
    gain, splits, shortest_split = 3.0, 5, 2
    hazard = 1 / 100
    hampel = 8.0
    votes, votes_light, width, reach = 3, 2, 5, 2

    def __init__(self, flaw=None):
        if flaw:
            name, value = SEGMENTS_FLAWS[flaw]
            getattr(self, name)
            setattr(self, name, value)


def median(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def mean(values):
    return math.fsum(values) / len(values)


# ---- preparation ----

def filled(values):
    known = [i for i, v in enumerate(values) if not math.isnan(v)]
    result = list(values)
    for i, v in enumerate(values):
        if not math.isnan(v):
            continue
        before = [k for k in known if k < i]
        after = [k for k in known if k > i]
        if before and after:
            a, b = before[-1], after[0]
            result[i] = values[a] + (values[b] - values[a]) * (i - a) / (b - a)
        else:
            result[i] = values[before[-1] if before else after[0]]
    return result


def despiked(numbers, y):
    """Hampel's filter; looks at what the values were."""
    n, result = len(y), list(y)
    steps = [b - a for a, b in zip(y, y[1:])]
    usual = median(steps)
    noise = 1.4826 * median([abs(d - usual) for d in steps]) / math.sqrt(2)
    for i in range(1, n - 1):
        around = y[max(0, i - 3):i] + y[i + 1:i + 4]
        if len(around) < 4:
            continue
        m = median(around)
        s = max(1.4826 * median([abs(v - m) for v in around]), noise)
        limit = numbers.hampel * s
        if (abs(y[i] - m) > limit and abs(y[i - 1] - m) <= limit
                and abs(y[i + 1] - m) <= limit):
            result[i] = m
    return result


# ---- exact segmentation ----

class Fits:
    """The cost of each stretch [i, j): of a constant, or a line."""

    def __init__(self, z, form):
        self.z, self.form = z, form
        self.s, self.ss, self.st = [0.0], [0.0], [0.0]
        for t, v in enumerate(z):
            self.s.append(self.s[-1] + v)
            self.ss.append(self.ss[-1] + v * v)
            self.st.append(self.st[-1] + t * v)

    def cost(self, i, j):
        n = j - i
        s, ss = self.s[j] - self.s[i], self.ss[j] - self.ss[i]
        rss = ss - s * s / n
        if self.form == "l":
            centre = (i + j - 1) / 2
            stv = self.st[j] - self.st[i] - centre * s
            rss -= stv * stv / (n * (n * n - 1) / 12)
        return max(rss, 0.0)

    def residuals(self, edges):
        result = []
        for i, j in zip(edges, edges[1:]):
            piece = self.z[i:j]
            m, centre, slope = mean(piece), (j - i - 1) / 2, 0.0
            if self.form == "l":
                slope = (math.fsum((t - centre) * v for t, v in enumerate(piece))
                         / math.fsum((t - centre) ** 2 for t in range(j - i)))
            result += [v - m - slope * (t - centre) for t, v in enumerate(piece)]
        return result


def best_cuts(numbers, z, form):
    """For 0, 1 … changes: the edges of the cheapest segmentation, with its fit."""
    n, least = len(z), numbers.shortest
    most = max(0, min(numbers.most, n // 10 - 1))
    fits = Fits(z, form)
    cost = {}
    for i in range(n):
        for j in range(i + least, n + 1):
            cost[i, j] = fits.cost(i, j)
    table = [{j: (cost[0, j], 0) for j in range(least, n + 1)}]
    for k in range(1, most + 1):
        row = {}
        for j in range((k + 1) * least, n + 1):
            row[j] = min((table[-1][i][0] + cost[i, j], i)
                         for i in range(k * least, j - least + 1))
        table.append(row)
    for k in range(most + 1):
        if n < least:
            yield Fit(fits, [0, n])
            continue
        edges = [n]
        for row in reversed(table[:k + 1]):
            edges.append(row[edges[-1]][1])
        yield Fit(fits, edges[::-1])


class Fit:
    def __init__(self, fits, edges):
        n = len(fits.z)
        residuals = fits.residuals(edges)
        self.changes = edges[1:-1]
        self.rss = math.fsum(r * r for r in residuals)
        self.dim = {"c": 1, "l": 2}[fits.form]
        self.parameters = len(self.changes) * (1 + self.dim) + self.dim
        phi = (math.fsum(a * b for a, b in zip(residuals, residuals[1:])) / self.rss
               if self.rss > 0 else 0.0)
        phi = max(0.0, phi)
        self.n, self.ne = n, max(3.0, n * (1 - phi) / (1 + phi))
        levels = [mean(fits.z[i:j]) for i, j in zip(edges, edges[1:])]
        self.jumps = [abs(b - a) for a, b in zip(levels, levels[1:])]

    def criterion(self, n, penalty):
        return (n * math.log(max(self.rss / self.n, 1e-4))
                + penalty * self.parameters * math.log(self.n))


def cheapest(fits, value):
    return min(fits, key=value).changes if fits else []


# ---- the other voters ----

def bisected(numbers, z):
    n, fits, edges = len(z), Fits(z, "c"), [0, len(z)]
    for _ in range(numbers.splits):
        best = (-1.0, None)
        for i, j in zip(edges, edges[1:]):
            whole = fits.cost(i, j)
            for at in range(i + numbers.shortest_split, j - numbers.shortest_split + 1):
                gain = whole - fits.cost(i, at) - fits.cost(at, j)
                if gain > best[0]:
                    best = gain, at
        if best[1] is None or best[0] <= numbers.gain * math.log(n):
            break
        edges = sorted(edges + [best[1]])
    return edges[1:-1]


def student(x, mu, kappa, alpha, beta):
    """The log of the predictive density of a normal with a Normal-Gamma prior."""
    df, scale = 2 * alpha, beta * (kappa + 1) / (alpha * kappa)
    return (math.lgamma((df + 1) / 2) - math.lgamma(df / 2)
            - 0.5 * math.log(df * math.pi * scale)
            - (df + 1) / 2 * math.log1p((x - mu) ** 2 / (df * scale)))


def online(numbers, z):
    """The most probable path of run lengths."""
    prior = (0.0, 1.0, 1.0, 1.0)
    path, state, came = [0.0], [prior], []
    for x in z:
        v = [m + student(x, *p) for m, p in zip(path, state)]
        r = max(range(len(v)), key=v.__getitem__)
        came.append(r)
        path = [v[r] + math.log(numbers.hazard)] + [m + math.log(1 - numbers.hazard)
                                                    for m in v]
        state = [prior] + [((k * mu + x) / (k + 1), k + 1, a + 0.5,
                            b + k * (x - mu) ** 2 / (2 * (k + 1)))
                           for mu, k, a, b in state]
    start = len(z) - max(range(len(path)), key=path.__getitem__)
    changes = set()
    while start > 0:
        if start < len(z):
            changes.add(start)
        start -= came[start - 1] + 1
    return sorted(changes)


# ---- the vote ----

def voted(numbers, ballots, needed):
    points = sorted((at, voter) for voter, ballot in enumerate(ballots) for at in ballot)
    changes = []
    while points:
        best = []
        for first, _ in points:
            window = [p for p in points if first <= p[0] <= first + numbers.width]
            if len({v for _, v in window}) > len({v for _, v in best}):
                best = window
        if len({v for _, v in best}) < needed:
            break
        inside = [at for at, _ in best]
        changes.append(math.floor(median(inside)))
        points = [p for p in points if not
                  inside[0] - numbers.reach <= p[0] <= inside[-1] + numbers.reach]
    return sorted(changes)


def changes(numbers, values, light):
    if sum(not math.isnan(v) for v in values) < 2:
        return []
    y = filled(values)
    if min(y) == max(y):
        return []
    y = despiked(numbers, y)
    centre = mean(y)
    sd = math.sqrt(math.fsum((v - centre) ** 2 for v in y) / (len(y) - 1))
    if min(y) == max(y) or sd == 0:
        return []
    z = [(v - centre) / sd for v in y]
    constants, lines = list(best_cuts(numbers, z, "c")), list(best_cuts(numbers, z, "l"))
    penalty = numbers.penalty
    ballots = [
        cheapest(constants + lines, lambda f: f.criterion(f.n, penalty["A"])),
        cheapest([f for f in constants
                  if all(j >= numbers.jump * math.sqrt(f.rss / f.n) for j in f.jumps)],
                 lambda f: f.criterion(f.ne, penalty["B"])),
        bisected(numbers, z)]
    if light:
        return voted(numbers, ballots, numbers.votes_light)
    ballots += [cheapest(lines, lambda f: f.criterion(f.ne, penalty["L"])),
                online(numbers, z)]
    return voted(numbers, ballots, numbers.votes)
