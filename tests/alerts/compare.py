#!/usr/bin/python3
"""compare.py [--engines PLAYER] [--segments PLAYER] [--watch PLAYER]
              [--cases N] [--seed FIRST] [--flaw NAME | --notices] [--replay FILE]

The programs against a second implementation of docs/alerts.md (reference.py and its
neighbours), on random series and awkward ones. Prints the first difference and writes its
case to alerts-KIND.case: feed that to the player, or to --replay.

  --flaw NAME   with a mistake in the reference: it must differ
  --notices     that each mistake is noticed"""

import argparse
import math
import subprocess
import sys

sys.dont_write_bytecode = True

import cases  # noqa: E402
import lives  # noqa: E402
import shapes  # noqa: E402
from evidence import FLAWS, NO_BOUND, Numbers  # noqa: E402
from reference import Series, evaluate, parts, recent  # noqa: E402
from reference_segments import SEGMENTS_FLAWS  # noqa: E402
from reference_watch import WATCH_FLAWS  # noqa: E402

FACTORS = 0.75, 1, 1.4
AT_ONCE = 40


def whole(word, none=None):
    return none if word == "-" else int(word)


# ---- the reference plays ----

def play_engines(lines, flaw):
    numbers, samples, masks, answers = Numbers(flaw), [], [], []
    series = None
    for line in lines:
        word, *rest = line.split()
        if word == "series":
            samples, masks = [], []
            series = Series(rest[0], rest[1], samples, whole(rest[2], NO_BOUND), masks,
                            float(rest[3]))
        elif word == "sample":
            day, known, began, ended, seconds = rest
            samples.append({"level": (int(day), float(seconds)), "count": (int(day),),
                            "share": (int(day), whole(known, 2**31 - 1)),
                            "spans": (int(day), int(began), whole(ended))}[series.engine])
        elif word == "mask":
            masks.append((int(rest[0]), int(rest[1])))
        elif word == "ask":
            answers.append(flat(evaluate(numbers, series, *map(int, rest))))
        elif word == "recent":
            frozen = dict(zip(("base", "low", "high"), map(float, rest[2:5])),
                          onset=int(rest[6]))
            answers.append({"recent": recent(numbers, series, frozen, int(rest[0]),
                                             int(rest[1]))})
        elif word == "parts":
            answers.append({"parts": parts(numbers, series, *map(int, rest))})
    return answers


def flat(shift):
    """As the player says it. What is not usable has no more to say."""
    result = {}
    for name, value in shift.items():
        if isinstance(value, dict):
            result.update({"%s_%s" % (name, n): v for n, v in value.items()})
        else:
            result[name] = value
    result["holds"] = "".join(str(int(shift["gate"] and
                                      shift["score"] >= f * shift["threshold"]))
                              for f in FACTORS)
    if shift["usable"]:
        result["lacking"] = 0
    if abs(result.get("effect", 1)) < 1e-12:  # 0, but for rounding
        del result["ratio_lo"], result["ratio_hi"]
    return result


# ---- what is told apart ----

def told(line):
    return dict(pair.split("=", 1) for pair in line.split())


def equal(expected, got):
    if isinstance(expected, str):
        return expected == got
    if got is None:
        return False
    a, b = float(expected), float(got)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def same_range(expected, value, other):
    """The logarithm of an end is effect / z away. z is the root of a difference of large
    numbers: near 0 it has lost digits."""
    if not (value > 0 and other > 0 and expected["effect"]):
        return equal(value, other)
    width = abs(math.log(value / expected["ratio"]))
    lost = 1e-12 * (width / expected["effect"]) ** 2
    return math.isclose(math.log(value), math.log(other), rel_tol=1e-9,
                        abs_tol=1e-9 + lost * width)


def differences(expected, got):
    """Of one line."""
    result = []
    for name, value in expected.items():
        other = got.get(name)
        if name in ("ratio_lo", "ratio_hi") and other:
            same = same_range(expected, value, float(other))
        else:
            same = equal(value, other)
        if not same:
            result.append("%s is %s, not %s" % (name, other, value))
    return result


class Kind:
    def __init__(self, name, made, play, read, usual, flaws):
        """made(seed, n) gives names and cases; play(case, flaw) the answers expected, as
        dictionaries; read(line) those that came."""
        self.name, self.made, self.play, self.read = name, made, play, read
        self.usual, self.flaws = usual, flaws


def engine_cases(seed, n):
    for name, lines in cases.edges():
        yield name, list(lines)
    for i in range(seed, seed + n):
        yield "seed %d" % i, cases.random_case(i)


KINDS = {
    "engines": Kind("engines", engine_cases, play_engines, told, 1400, FLAWS),
    "segments": Kind("segments", shapes.made, shapes.play, told, 300, SEGMENTS_FLAWS),
    "watch": Kind("watch", lives.made, lives.play, told, 300, WATCH_FLAWS),
}


# ---- runs ----

def played(program, chunk):
    """What the program says of each case."""
    text = "\n".join("\n".join(lines) for _, lines in chunk) + "\n"
    done = subprocess.run([program], input=text.encode(), stdout=subprocess.PIPE,
                          check=False)
    return done.returncode, done.stdout.decode().splitlines()


def keep(kind, lines):
    name = "alerts-%s.case" % kind.name
    with open(name, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return name


def check(kind, program, chunk, flaw=None):
    """Its first differences, as lines, and how many answers were compared."""
    status, lines = played(program, chunk)
    if status != 0:
        if len(chunk) == 1:
            return ["%s: %s ends with %d; %s" % (chunk[0][0], program, status,
                                                 keep(kind, chunk[0][1]))], 0
        for one in chunk:
            wrong, _ = check(kind, program, [one], flaw)
            if wrong:
                return wrong, 0
        return ["%s ends with %d of many cases" % (program, status)], 0
    n = 0
    for name, case in chunk:
        expected = kind.play(case, flaw)
        got = [kind.read(line) for line in lines[n:n + len(expected)]]
        n += len(expected)
        if len(got) < len(expected):
            return ["%s: answers are missing" % name], n
        for i, (a, b) in enumerate(zip(expected, got)):
            wrong = differences(a, b)
            if wrong:
                return ["%s, answer %d:" % (name, i + 1)] + wrong + [
                    "" if flaw else "kept in %s" % keep(kind, case)], n
    return [], n


def chunks(made, size=AT_ONCE):
    chunk = []
    for one in made:
        chunk.append(one)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def compare(kind, program, options):
    total = 0
    for chunk in chunks(kind.made(options.seed, options.cases or kind.usual)):
        wrong, n = check(kind, program, chunk, options.flaw)
        total += n
        if wrong:
            print("\n    ".join(wrong))
            return False
    print("%s: %d answers are the same" % (kind.name, total))
    return True


def notices(kind, program, options):
    """Each mistake has to be seen in some case."""
    left, known = set(kind.flaws), set()
    for chunk in chunks(kind.made(options.seed, options.cases or kind.usual), 10):
        known = {flaw for flaw in left if check(kind, program, chunk, flaw)[0]}
        left -= known
        if not left:
            break
    for flaw in sorted(left):
        print("%s: not noticed: %s" % (kind.name, flaw))
    print("%s: %d mistakes noticed" % (kind.name, len(kind.flaws) - len(left)))
    return not left


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for kind in KINDS:
        parser.add_argument("--" + kind)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flaw")
    parser.add_argument("--notices", action="store_true")
    parser.add_argument("--replay")
    options = parser.parse_args()
    good = True
    for name, kind in KINDS.items():
        program = getattr(options, name)
        if not program:
            continue
        if options.replay:
            with open(options.replay, encoding="utf-8") as file:
                wrong, _ = check(kind, program, [(options.replay,
                                                  file.read().splitlines())])
            print("\n    ".join(wrong) or "the same")
            good = good and not wrong
        else:
            run = notices if options.notices else compare
            good = run(kind, program, options) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
