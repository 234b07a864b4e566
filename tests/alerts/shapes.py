"""Series with and without changes of level, as the orders that segment_player reads, and
what the second segmenter makes of them."""

import math
import random

import reference_segments as segments


def random_values(seed):
    rng = random.Random(seed)
    n = rng.choice([rng.randrange(2, 12), rng.randrange(12, 40), rng.randrange(40, 90),
                    rng.randrange(40, 90), rng.randrange(90, 150)])
    noise = rng.choice([0.05, 0.3, 1.0, 1.0])
    values, level, slope, carried = [], rng.gauss(0, 5), 0.0, 0.0
    memory = rng.choice([0, 0, 0.4, 0.8])
    for _ in range(n):
        if rng.random() < 0.03:
            level += rng.choice([-1, 1]) * rng.uniform(0.5, 6)
        if rng.random() < 0.02:
            slope = rng.choice([0, 0, 0.1, -0.1, 0.4])
        level += slope
        carried = memory * carried + rng.gauss(0, noise)
        values.append(level + carried)
    for i in range(n):
        if rng.random() < 0.02:
            values[i] += rng.choice([-1, 1]) * rng.uniform(5, 40)
        if rng.random() < 0.03:
            values[i] = math.nan
    if rng.random() < 0.1:
        start = rng.randrange(n)
        values[start:start + rng.randrange(1, 20)] = [math.nan] * 8
    return values


def random_steps(seed):
    """Clear steps, for which voters agree."""
    rng = random.Random(seed)
    values = []
    for _ in range(rng.randrange(1, 5)):
        level = rng.choice([0, 3, 6, 10, 20])
        values += [level + rng.gauss(0, 0.5) for _ in range(rng.randrange(6, 40))]
    return values


def wave(n, amount):
    return [amount * math.sin(12.9898 * i) for i in range(n)]


def noisy_ramp(seed):
    """Of two levels, as far as one looks for levels alone, less than their noise apart."""
    rng = random.Random(seed)
    return [1.75 * i / 300 + rng.gauss(0, 1) for i in range(300)]


EDGES = {
    "nothing": [],
    "one": [1.0],
    "gaps alone": [math.nan] * 30,
    "one between gaps": [math.nan] * 10 + [3.0] + [math.nan] * 10,
    "all equal": [4.5] * 40,
    "two": [1.0, 2.0],
    "four": [1.0, 2.0, 1.5, 9.0],
    "five": [1.0, 2.0, 1.5, 9.0, 9.5],
    "equal but one": [2.0] * 20 + [50.0] + [2.0] * 20,
    "equal but two": [2.0] * 20 + [50.0, 51.0] + [2.0] * 20,
    "equal but the first": [50.0] + [2.0] * 30,
    "equal but the last": [2.0] * 30 + [50.0],
    "a step at nineteen": wave(9, 0.3) + [9 + v for v in wave(10, 0.3)],
    "a step at twenty": wave(10, 0.3) + [9 + v for v in wave(10, 0.3)],
    "a late step": wave(40, 1.0) + [12 + v for v in wave(4, 1.0)],
    "a step of nothing but gaps": wave(20, 1.0) + [math.nan] * 15
                                  + [10 + v for v in wave(20, 1.0)],
    "a ramp": [0.3 * i + v for i, v in enumerate(wave(80, 0.7))],
    "up and down": wave(30, 1.0) + [8 + v for v in wave(30, 1.0)] + wave(30, 0.9),
    "many steps": [8 * (i // 12 % 2) + v for i, v in enumerate(wave(140, 0.5))],
    "a ramp in noise": noisy_ramp(0),
    "another": noisy_ramp(4),
    "huge": [1e12 + 1e9 * v + (8e9 if i > 30 else 0) for i, v in enumerate(wave(60, 1.0))],
    "tiny": [1e-12 * v + (8e-12 if i > 30 else 0) for i, v in enumerate(wave(60, 1.0))],
}


def made(seed, n):
    for name, values in EDGES.items():
        yield name, orders(values)
    for i in range(seed, seed + n):
        yield "seed %d" % i, orders((random_steps if i % 3 == 0 else random_values)(i))


def orders(values):
    text = " ".join([str(len(values))] + ["%r" % v for v in values])
    return ["full " + text, "light " + text]


def play(lines, flaw):
    numbers, answers = segments.SegmentNumbers(flaw), []
    for line in lines:
        how, _, *values = line.split()
        found = segments.changes(numbers, [float(v) for v in values], how == "light")
        answers.append({"changes": "".join("%d;" % at for at in found)})
    return answers
