#!/usr/bin/python3
"""tcpd_score.py DORAD: what tcpd.py makes of a dataset for which it was worked out by hand."""
import json
import os
import subprocess
import sys
import tempfile

STEP = [1] * 25 + [2] * 25
STEPS = [1] * 20 + [2] * 20 + [5] * 20
# One of each side of the margin; two changes near one that is found.
PERSONS = {"6": [25], "7": [22, 40], "8": [], "9": [30], "10": [31], "11": [24, 26]}
# P is 2/2: 0 is 0, and of 22, 24 ... 30 one is 25. R is (1 + 2/3 + 1 + 1 + 1/2 + 2/3) / 6 =
# 29/36, so F1 is 58/65. The persons' covers, times 50: 25 + 25, 22 * 22/25 + 18 * 15/28 + 10 *
# 10/25, 50 * 25/50, 30 * 25/30 + 20 * 20/25, 31 * 25/31 + 19 * 19/25, 24 * 24/25 + 2 * 1/26 +
# 24 * 24/25, that is 50, 33.00286, 25, 41, 39.44, 46.15692.
LINES = [
    ("step", STEP, PERSONS, "0.892  0.782  25"),
    # P is 2/3, R (1/2 + 1) / 2, F1 12/17. Covers, times 60: 10 * 10/20 + 50 * 20/50, 40 * 20/40
    # + 20.
    ("steps", STEPS, {"6": [10], "7": [40]}, "0.706  0.542  20 40"),
    ("still", [3] * 30, {"6": [], "7": [0]}, "1.000  1.000  -"),
]
MEANS = "mean of 3             0.866  0.775"
LEFT_OUT = {
    "made up": ("quality_control_1", [STEP]),
    "gaps": ("hole", [[1, None, *STEP]]),
    "several dimensions": ("plane", [STEP, STEP]),
    "not there": ("absent", None),
}


def write(top, name, columns):
    os.makedirs(f"{top}/datasets/{name}")
    if columns:
        series = [{"label": "V", "type": "int", "raw": column} for column in columns]
        with open(f"{top}/datasets/{name}/{name}.json", "w", encoding="ascii") as file:
            json.dump({"name": name, "n_dim": len(columns), "series": series}, file)


def write_all(top, scored):
    """scored: names, values and annotations."""
    os.makedirs(top)
    annotations = {name: persons for name, _, persons in scored}
    for name, values, _ in scored:
        write(top, name, [values])
    for name, columns in LEFT_OUT.values():
        write(top, name, columns)
        annotations[name] = {"6": [5]}
    with open(f"{top}/annotations.json", "w", encoding="ascii") as file:
        json.dump(annotations, file)


def main():
    tcpd = os.path.join(os.path.dirname(os.path.realpath(__file__)), "tcpd.py")
    with tempfile.TemporaryDirectory(prefix="dorad-tcpd-test-") as top:

        def expect(folder, status, lines):
            done = subprocess.run([sys.executable, tcpd, f"{top}/{folder}", sys.argv[1]],
                                  stdout=subprocess.PIPE, encoding="utf-8", check=False)
            told = done.stdout.splitlines()
            for line in lines:
                if line not in told:
                    sys.exit(f"{folder}: no line \"{line}\" in\n{done.stdout}")
            if done.returncode != status:
                sys.exit(f"{folder}: ends with {done.returncode}, expected {status}")

        left_out = [f"left out, {why}: {name}" for why, (name, _) in LEFT_OUT.items()]
        write_all(f"{top}/by hand", [line[:3] for line in LINES])
        expect("by hand", 0, [f"{name:20}  {told}" for name, _, _, told in LINES]
               + [MEANS] + left_out)
        # As many as there are bars for, by someone who saw what is found, and who did not.
        for folder, changes, status, told in (("met", [20, 40], 0, "met"),
                                              ("missed", [7, 30], 1, "MISSED")):
            write_all(f"{top}/{folder}", [(f"s{i}", STEPS, {"6": changes}) for i in range(25)])
            expect(folder, status, [f"{'at least':20}  0.750  0.690  {told}"])
    print("3 series by hand, and 25 that meet the bars or miss them")


if __name__ == "__main__":
    main()
