#!/usr/bin/python3
"""changepoints_command.py DORAD: series as people write them through `dorad changepoints`, and
what it says of those that are none."""
import json
import os
import subprocess
import sys
import tempfile

STEP = [1] * 12 + [4] * 12
HELP = '\n"dorad changepoints --help" tells more.'
FILE = "expected one file, or - for standard input"
USAGE = [
    ([], FILE),
    (["a", "b"], FILE),
    (["a", "--format", "csv"], '--format: expected text or json, found "csv"'),
    (["a", "--nope"], "Unknown option --nope" + HELP),
]


def lines(values, times=None, end="\n"):
    rows = zip(times, values) if times else ([value] for value in values)
    return "".join(",".join(map(str, row)) + end for row in rows)


DAYS = [f"2026-01-{day:02}" for day in range(1, 25)]
GOOD = [
    ("one number a line", lines(STEP), "12\t1\t4\n"),
    ("no end of the last line", lines(STEP)[:-1], "12\t1\t4\n"),
    ("CRLF", lines(STEP, end="\r\n"), "12\t1\t4\n"),
    ("a mark of UTF-8", "\ufeff" + lines(STEP), "12\t1\t4\n"),
    ("a name of the column", "value\n" + lines(STEP), "12\t1\t4\n"),
    ("times", lines(STEP, DAYS), "12\t2026-01-13\t1\t4\n"),
    ("times and names", "day,hours\n" + lines(STEP, DAYS), "12\t2026-01-13\t1\t4\n"),
    ("times that are numbers", lines(STEP, range(24)), "12\t12\t1\t4\n"),
    ("an empty time", lines(STEP, [""] * 24), "12\t\t1\t4\n"),
    ("quotes", "".join(f'"the ""{n}"", so to say" , "{v}"\n' for n, v in enumerate(STEP)),
     '12\tthe "12", so to say\t1\t4\n'),
    ("blanks", lines(f" \t{value} " for value in STEP), "12\t1\t4\n"),
    ("a tab in a time", lines(STEP, [f'"{n}\t-"' for n in range(24)]), "12\t12 -\t1\t4\n"),
    ("comments", "# hours\n" + lines(f"{value} # {value}" for value in STEP) + "#", "12\t1\t4\n"),
    ("a sharp in quotes", lines(STEP, [f'"build #{n}"' for n in range(24)]),
     "12\tbuild #12\t1\t4\n"),
    ("empty lines around", "\n\n" + lines(STEP) + "\n \n", "12\t1\t4\n"),
    ("gaps", lines(STEP[:10] + ["nan", "", "NA", "NaN", '""'] + STEP[12:]), "13\t1\t4\n"),
    ("gaps with times", lines(["", *STEP[1:11], "na", *STEP[12:]], DAYS), "12\t2026-01-13\t1\t4\n"),
    ("exponents and signs", lines(f"{'+' if value > 1 else ''}{value}E+2" for value in STEP),
     "12\t100\t400\n"),
    ("two changes", lines([5] * 20 + [1.25] * 20 + [-3] * 20), "20\t5\t1.25\n40\t1.25\t-3\n"),
    ("no change", lines([5] * 20), ""),
    ("one value", "5\n", ""),
    ("only gaps", "nan\nnan\n", ""),
    ("4000 rows", lines([5] * 2000 + [6] * 2000), "2000\t5\t6\n"),
]
BAD = [
    ("nothing", b"", ": has no values"),
    ("only comments", b"# 1\n\n#2\n", ": has no values"),
    ("only a name", b"value\n", ": has no values"),
    ("a word", b"1\n2\nthree\n", ':3: "three" is not a number'),
    ("a second name", b"a\n1\nb\n", ':3: "b" is not a number'),
    ("a letter in the first number", b"1O.5\n2\n", ':1: "1O.5" is not a number'),
    ("a sign before it", b"t,-O1\n1,2\n", ':1: "-O1" is not a number'),
    ("a point before it", b".O\n2\n", ':1: ".O" is not a number'),
    ("a semicolon in the first line", b"12;5\n13\n", ':1: "12;5" is not a number'),
    ("a word in a row", b"t,v\n1,2\n3,x\n", ':3: "x" is not a number'),
    ("a decimal comma", b"0\n1,5\n", ":2: 2 columns, expected 1 as in line 1"),
    ("a time is missing", b"# t\nt,v\n1,2\n3\n", ":4: 1 column, expected 2 as in line 2"),
    ("a line is missing", b"1,2\n\n3,4\n", ":3: after an empty line, expected time,value in each"),
    ("three columns", b"1\n1,2,3\n", ":2: more than 2 columns, expected a value or time,value"),
    ("hexadecimal", b"1\n0x10\n", ':2: "0x10" is not a number'),
    ("infinity", b"1\n-inf\n", ':2: "-inf" is not a number'),
    ("too large", b"1\n1e999\n", ":2: a number that is too large"),
    ("too large from the first line", b"1e999\n", ":1: a number that is too large"),
    ("two numbers", b"1\n1 2\n", ':2: "1 2" is not a number'),
    ("semicolons", b"1\n1;2\n", ':2: "1;2" is not a number'),
    ("half a quote", b'1\n"2\n', ":2: a quote has no end"),
    ("after a quote", b'1\n"2"3\n', ":2: text after a quote"),
    ("long", b"1\n" + b"x" * 1000, f':2: "{"x" * 40}" is not a number'),
    ("control characters", b"1\n\x1b[2J\n", ":2: is not text"),
    ("zeros", b"1\n2\n\0\n", ":3: is not text in UTF-8"),
    ("Latin-1", b"1\n2\n# \xe4\n", ":3: is not text in UTF-8"),
    ("4001 rows", b"5\n" * 4001, ":4001: more than 4000 rows"),
    ("more than 8 MiB", b"# 34567\n" * (1 << 20) + b"\n", ": is too big, expected at most 8 MiB"),
]


def main():
    dorad = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="dorad-changepoints-test-") as top:
        path = f"{top}/series.csv"

        def changepoints(*args, stdin=b"", stdout=subprocess.PIPE):
            # a locale that writes a comma, where the machine has it
            done = subprocess.run([dorad, "changepoints", *args], input=stdin, stdout=stdout,
                                  stderr=subprocess.PIPE, check=False,
                                  env={"PATH": os.environ["PATH"], "LC_ALL": "de_DE.UTF-8"})
            return done.returncode, (done.stdout or b"").decode(), done.stderr.decode()

        def expect(what, got, wanted):
            if got != wanted:
                sys.exit(f"{what}: {got}, expected {wanted}")

        for args, text in USAGE:
            expect(args, changepoints(*args), (64, "", f"dorad changepoints: {text}\n"))
        for what, series, told in GOOD:
            with open(path, "wb") as file:
                file.write(series.encode())
            expect(what, changepoints(path), (0, told, ""))
            expect(what, changepoints("--light", path), (0, told, ""))
            expect(what, changepoints("-", stdin=series.encode()), (0, told, ""))
        for what, series, told in BAD:
            with open(path, "wb") as file:
                file.write(series)
            expect(what, changepoints(path), (65, "", f"{path}{told}\n"))
            expect(what, changepoints("-", stdin=series), (65, "", f"standard input{told}\n"))

        status, out, error = changepoints(f"{top}/nothing")
        expect("no file", (status, out, error),
               (66, "", f"{top}/nothing: cannot be read: No such file or directory\n"))
        status, out, error = changepoints(top)
        expect("a folder", (status, out, f"{top}: cannot be read: " in error), (66, "", True))

        def as_json(series):
            status, out, error = changepoints("--format", "json", "-", stdin=series.encode())
            expect("json", (status, error), (0, ""))
            return json.loads(out)

        expect("json", as_json(lines([5] * 20 + [1.25] * 20)),
               {"n": 40, "changes": [{"index": 20, "time": None, "before": 5, "after": 1.25}]})
        expect("json with times", as_json(lines(STEP, [f'"{day} ""ä"""' for day in DAYS])),
               {"n": 24, "changes": [{"index": 12, "time": '2026-01-13 "ä"', "before": 1,
                                      "after": 4}]})
        huge, = as_json(lines(["1e308", "-1e308"] * 20 + ["1.7e308"] * 20))["changes"]
        expect("as large as can be", (huge["index"], huge["after"]), (40, 1.7e308))
        expect("their mean", huge["before"] is not None and abs(huge["before"]) < 1e300, True)
        expect("json without changes", as_json("1\n"), {"n": 1, "changes": []})

        with open("/dev/full", "w", encoding="ascii") as full:
            expect("no room", changepoints("-", stdin=lines(STEP).encode(), stdout=full),
                   (1, "", "dorad changepoints: cannot write: No space left on device\n"))
        reader, writer = os.pipe()
        os.close(reader)
        expect("no reader", changepoints("-", stdin=lines(STEP).encode(), stdout=writer),
               (1, "", "dorad changepoints: cannot write: Broken pipe\n"))
        os.close(writer)
    print(f"{len(GOOD)} series are read, {len(BAD)} are refused")


if __name__ == "__main__":
    main()
