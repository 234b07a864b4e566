#!/usr/bin/python3
"""tcpd.py FOLDER [DORAD] [--light]

How well `dorad changepoints` finds the changes that people see: scores it on a clone of the
Turing Change Point Dataset (github.com/alan-turing-institute/TCPD), FOLDER. Each series was
annotated by several people. Ends with 1 if a bar is missed.

Measures, as G. J. J. van den Burg, C. K. I. Williams, "An Evaluation of Change Point Detection
Algorithms" (arXiv:2003.06222, 2020) define them. Changes are indices from 0, T those of one
person, T* of all, X those found; 0 is added to each:

  F1      2 P R / (P + R), P = |TP(T*, X)| / |X|, R the mean over persons of |TP(T, X)| / |T|.
          TP: those of T with one of X at most 5 away; none of X counts twice
  cover   the mean over persons of 1 / n times the sum over the stretches A between their
          changes of |A| max |A and B| / |A or B|, B the stretches between those found (P.
          Arbelaez et al., "Contour Detection and Hierarchical Image Segmentation", IEEE Trans.
          Pattern Anal. Mach. Intell. 33 (2011) 898-916)

Scored are the series of one dimension, without those that were made up (quality_control_*) and
without those that have gaps, which most of the published scores leave out. 25 such are in the
repository itself; with those that its README says how to download they are 32."""

import argparse
import json
import os
import subprocess
import sys

MARGIN = 5
# By the number of series: F1 and cover, of all voters and of --light.
BARS = {(25, False): (0.75, 0.69), (32, False): (0.77, 0.71), (32, True): (0.74, 0.70)}


def n_true(real, found):
    """Each takes the nearest that is left, from the first on."""
    left, n = set(found), 0
    for at in sorted(real):
        near = min(left, key=lambda x: (abs(x - at), x), default=None)
        if near is not None and abs(near - at) <= MARGIN:
            left.remove(near)
            n += 1
    return n


def f1(persons, found):
    found = {0, *found}
    persons = [{0, *changes} for changes in persons]
    precision = n_true(set().union(*persons), found) / len(found)
    recall = sum(n_true(p, found) / len(p) for p in persons) / len(persons)
    return 2 * precision * recall / (precision + recall)


def stretches(changes, n):
    edges = sorted({0, n, *changes})
    return list(zip(edges, edges[1:]))


def overlap(a, b):
    """Of two stretches, as a share of both together."""
    common = min(a[1], b[1]) - max(a[0], b[0])
    return max(0, common) / (a[1] - a[0] + b[1] - b[0] - common)


def cover(persons, found, n):
    result = stretches(found, n)
    total = sum((a[1] - a[0]) * max(overlap(a, b) for b in result)
                for changes in persons for a in stretches(changes, n))
    return total / n / len(persons)


def values_of(folder, name):
    """None, and why it is not scored, if it is not."""
    path = os.path.join(folder, "datasets", name, name + ".json")
    if name.startswith("quality_control"):
        return None, "made up"
    if not os.path.exists(path):
        return None, "not there"
    with open(path, encoding="utf-8") as file:
        series = json.load(file)["series"]
    if len(series) != 1:
        return None, "several dimensions"
    if None in series[0]["raw"]:
        return None, "gaps"
    return series[0]["raw"], None


def changes_of(dorad, light, values):
    command = [dorad, "changepoints", "--format", "json", "-"] + ["--light"] * light
    done = subprocess.run(command, input="".join(f"{value!r}\n" for value in values),
                          stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return [change["index"] for change in json.loads(done.stdout)["changes"]]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder")
    parser.add_argument("dorad", nargs="?", default="dorad")
    parser.add_argument("--light", action="store_true")
    options = parser.parse_args()
    with open(os.path.join(options.folder, "annotations.json"), encoding="utf-8") as file:
        annotations = json.load(file)
    scores, left_out = [], {}
    print(f"{'':20}     F1  cover  changes")
    for name in sorted(annotations):
        values, why = values_of(options.folder, name)
        if why:
            left_out.setdefault(why, []).append(name)
            continue
        persons = list(annotations[name].values())
        found = changes_of(options.dorad, options.light, values)
        scores.append((f1(persons, found), cover(persons, found, len(values))))
        print(f"{name:20}  %.3f  %.3f " % scores[-1], *found or "-")
    if not scores:
        sys.exit("no series")
    means = [sum(column) / len(scores) for column in zip(*scores)]
    print(f"{f'mean of {len(scores)}':20}  %.3f  %.3f" % tuple(means))
    bars = BARS.get((len(scores), options.light))
    met = not bars or all(mean >= bar for mean, bar in zip(means, bars))
    if bars:
        print(f"{'at least':20}  %.3f  %.3f  %s" % (*bars, "met" if met else "MISSED"))
    for why, names in left_out.items():
        print(f"left out, {why}: {', '.join(names)}")
    return 0 if met else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FileNotFoundError as error:
        sys.exit(f"{error.filename}: not found")
