#!/usr/bin/python3
"""The traps that others fell into, each with the tests that keep us out of it: traps.txt, and
for the numbers edge_cases.txt.

  traps.py ROOT       prints every fault, one a line; exit status 1 if there is any
  traps.py --control  proves on made-up trees that each rule can fail

  # section: 2                   how many traps it has
  what happens, in plain words
  <tab>seen: where it bites      edge_cases.txt: "peer:", what others make of it, and "ours:"
  <tab>test_x.c: test or row     one line each, at least one

A test is a START_TEST that is added to its suite, the first text of a row, a heading of a
.told file, or a function of a Python test.
"""
import pathlib
import re
import sys
import tempfile

SECTION = re.compile(r"# (.+): (\d+)$")
STRING = r'"((?:\\.|[^"\\])*)"'
ROW = re.compile(r"\{\s*(?:\.\w+ = )?" + STRING)
TEST = re.compile(r"START_TEST\((\w+)\)")
# What each trap of a file says once.
SAID = {"traps.txt": ("seen",), "edge_cases.txt": ("peer", "ours")}
ADDED = re.compile(r"tcase_add_(?:loop_)?test\(\s*\w+,\s*(\w+)")


def unquoted(text):
    return re.sub(r"\\(.)", r"\1", text)


def names_in_c(text):
    joined = re.sub(r'"\s*\n\s*"', "", text)
    added = set(ADDED.findall(text))
    names = {name for name in TEST.findall(text) if name in added}
    return names | {unquoted(row) for row in ROW.findall(joined)}


def names_in(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".told":
        return set(re.findall(r"^== (.+)$", text, re.M))
    if path.suffix == ".py":
        return set(re.findall(r"^def (test_\w+)\(", text, re.M))
    return names_in_c(text)


def is_built(build, path):
    """Whether a C file is one of the tests: test_a_b.c is 'a_b', or 'b' of a loop."""
    if path.suffix != ".c":
        return True
    words = path.stem.split("_")[1:]
    ends = ("_".join(words[i:]) for i in range(len(words)))
    return f"'{path.name}'" in build or any(f"'{end}'" in build for end in ends)


class Reader:
    def __init__(self, folder, file):
        self.folder, self.file = folder, file
        self.build = (folder / "meson.build").read_text(encoding="utf-8")
        self.names = {}
        self.faults = []
        self.section = self.trap = None
        self.seen = set()

    def fault(self, number, text):
        self.faults.append(f"{self.file}:{number}: {text}")

    def check_test(self, number, line):
        file, _, name = line.partition(": ")
        path = self.folder / file
        if not path.is_file():
            self.fault(number, f"there is no {file}")
            return
        if file not in self.names:
            self.names[file] = names_in(path)
            if not is_built(self.build, path):
                self.fault(number, f"{file} is in no meson.build")
        if name not in self.names[file]:
            self.fault(number, f'{file} has no "{name}"')

    def end_trap(self):
        if self.trap:
            number, said, n_tests = self.trap
            for word in SAID[self.file]:
                if said.count(word) != 1:
                    self.fault(number, f'says not once "{word}"')
            if n_tests == 0:
                self.fault(number, "has no test")
        self.trap = None

    def end_section(self):
        self.end_trap()
        if self.section and self.section[1] != self.section[2]:
            number, promised, n = self.section
            self.fault(number, f"promises {promised} traps and has {n}")
        self.section = None

    def begin_trap(self, number, line):
        self.end_trap()
        self.trap = [number, [], 0]
        if not self.section:
            self.fault(number, "is in no section")
            return
        self.section[2] += 1
        key = (self.section[0], line)
        if key in self.seen:
            self.fault(number, "is there twice")
        self.seen.add(key)

    def line(self, number, line):
        section = SECTION.match(line)
        if section:
            self.end_section()
            self.section = [number, int(section[2]), 0]
        elif line.startswith("\t") and not self.trap:
            self.fault(number, "belongs to no trap")
        elif line.startswith(tuple(f"\t{word}: " for word in SAID[self.file])):
            self.trap[1].append(line[1:].partition(": ")[0])
        elif line.startswith("\t"):
            self.trap[2] += 1
            self.check_test(number, line[1:])
        elif line.strip():
            self.begin_trap(number, line)


def faults(root, file):
    reader = Reader(root / "tests", file)
    text = (reader.folder / file).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        reader.line(number, line)
    reader.end_section()
    if not reader.seen and not reader.faults:
        reader.faults.append(f"{file}: no trap at all")
    return reader.faults


C_TEST = """static const struct { const char *what; } rows[] = {
	{ "a row", 1 }, { "a row of "
	  "two lines", 2 }, { .what = "a \\"third\\"" },
};
START_TEST(works) { } END_TEST
START_TEST(forgotten) { } END_TEST
int main(void) { tcase_add_loop_test(tests, works, 0, 3); }
"""
FILES = {"meson.build": "test('a', 'b')", "test_a.c": C_TEST, "test_rest_b.c": C_TEST,
         "test_c.c": C_TEST, "x.told": "== a heading\n", "e.py": "def test_it(world):\n"}
GOOD = "# one: 1\n\nit hurts\n\tseen: here\n"
CONTROLS = (
    # what, traps.txt, the fault expected (None: no fault)
    ("a test", GOOD + "\ttest_a.c: works\n", None),
    ("a row", GOOD + "\ttest_a.c: a row\n", None),
    ("a row of two lines", GOOD + "\ttest_a.c: a row of two lines\n", None),
    ("a row by member", GOOD + '\ttest_a.c: a "third"\n', None),
    ("a loop's file", GOOD + "\ttest_rest_b.c: works\n", None),
    ("a heading", GOOD + "\tx.told: a heading\n", None),
    ("Python", GOOD + "\te.py: test_it\n", None),
    ("no such test", GOOD + "\ttest_a.c: worked\n", 'traps.txt:5: test_a.c has no "worked"'),
    ("part of a row", GOOD + "\ttest_a.c: a ro\n", 'traps.txt:5: test_a.c has no "a ro"'),
    ("a test that is not run", GOOD + "\ttest_a.c: forgotten\n",
     'traps.txt:5: test_a.c has no "forgotten"'),
    ("no such heading", GOOD + "\tx.told: heading\n", 'traps.txt:5: x.told has no "heading"'),
    ("no such function", GOOD + "\te.py: test_i\n", 'traps.txt:5: e.py has no "test_i"'),
    ("no such file", GOOD + "\ttest_z.c: works\n", "traps.txt:5: there is no test_z.c"),
    ("a file that is not built", GOOD + "\ttest_c.c: works\n",
     "traps.txt:5: test_c.c is in no meson.build"),
    ("no test", GOOD, "traps.txt:3: has no test"),
    ("seen nowhere", "# one: 1\nit hurts\n\ttest_a.c: works\n",
     'traps.txt:2: says not once "seen"'),
    ("too few", GOOD.replace(": 1", ": 2") + "\ttest_a.c: works\n",
     "traps.txt:1: promises 2 traps and has 1"),
    ("too many", GOOD + "\ttest_a.c: works\nmore\n\tseen: here\n\ttest_a.c: works\n",
     "traps.txt:1: promises 1 traps and has 2"),
    ("twice", GOOD.replace(": 1", ": 2") + "\ttest_a.c: works\nit hurts\n\tseen: here\n"
     "\ttest_a.c: works\n", "traps.txt:6: is there twice"),
    ("twice, in two sections", (GOOD + "\ttest_a.c: works\n") * 2, None),
    ("no section", "it hurts\n\tseen: here\n\ttest_a.c: works\n",
     "traps.txt:1: is in no section"),
    ("of no trap", "# one: 0\n\tseen: here\n", "traps.txt:2: belongs to no trap"),
    ("nothing", "\n", "traps.txt: no trap at all"),
)
EDGE = "# one: 1\nit is odd\n\tpeer: 0\n\tours: 1\n\ttest_a.c: works\n"
EDGES = (
    ("an edge", EDGE, None),
    ("nobody's answer", EDGE.replace("\tpeer: 0\n", ""),
     'edge_cases.txt:2: says not once "peer"'),
    ("two answers", EDGE + "\tours: 2\n", 'edge_cases.txt:2: says not once "ours"'),
)


def control():
    bad = 0
    for file, what, text, expected in (*(("traps.txt", *row) for row in CONTROLS),
                                       *(("edge_cases.txt", *row) for row in EDGES)):
        with tempfile.TemporaryDirectory() as top:
            folder = pathlib.Path(top) / "tests"
            folder.mkdir()
            for name, content in FILES.items():
                (folder / name).write_text(content, encoding="utf-8")
            (folder / file).write_text(text, encoding="utf-8")
            found = faults(pathlib.Path(top), file)
        if (expected is None and found) or (expected and expected not in found):
            print(f"{what}: {found}, expected {expected}")
            bad += 1
    return bad


def main():
    if sys.argv[1:] == ["--control"]:
        return 1 if control() else 0
    found = [fault for file in SAID for fault in faults(pathlib.Path(sys.argv[1]), file)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
