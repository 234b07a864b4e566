#!/usr/bin/python3
"""The rules of the source tree that a compiler does not check.

  layers.py ROOT       prints every fault, one a line; exit status 1 if there is any
  layers.py --control  proves on made-up trees that each rule can fail
"""
import pathlib
import re
import sys
import tempfile

LAYERS = ("base", "metrics", "drivers", "config", "sinks", "collector")
MAX_LINES = 500
COUNTED = {".c", ".h", ".py", ".sh", ".sql", ".build", ".md"}
SKIPPED_FOLDERS = ("build", "node_modules", ".git", ".try", "vendor")
FORBIDDEN = ("strcpy", "strcat", "sprintf", "vsprintf", "gets", "atoi", "atol", "alloca", "g_alloca")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
CALL = re.compile(r"\b(" + "|".join(FORBIDDEN) + r")\s*\(")
# What is not code: comments, strings, character constants.
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    return "\n" * match.group(0).count("\n") or " "


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def sources(root):
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if any(part.startswith(SKIPPED_FOLDERS) for part in parts[:-1]):
            continue
        if path.is_file() and not path.is_symlink():
            yield path, parts


def is_script(path):
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def include_faults(where, layer, text):
    for match in INCLUDE.finditer(text):
        name = match.group(1)
        line = line_of(text, match.start())
        other = name.split("/")[0]
        if other not in LAYERS:
            yield f'{where}:{line}: "{name}" is included by a path that does not start in a layer'
        elif LAYERS.index(other) > LAYERS.index(layer):
            yield f"{where}:{line}: {layer} includes {name}, against the grain"
        elif name == "base/log.h" and layer != "collector" and where != "base/log.c":
            yield f"{where}:{line}: only collector/ logs"


def call_faults(where, text):
    code = NOT_CODE.sub(blank, text)
    for match in CALL.finditer(code):
        yield f"{where}:{line_of(code, match.start())}: {match.group(1)}() is not used here"


def faults(root):
    for path, parts in sources(root):
        where = "/".join(parts)
        if path.suffix not in COUNTED and not is_script(path):
            continue
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_LINES:
            yield f"{where}: {lines} lines, at most {MAX_LINES}"
        if path.suffix not in (".c", ".h"):
            continue
        if path.suffix == ".h" and not re.search(r"^#pragma once$", text, re.M):
            yield f"{where}: no #pragma once"
        if parts[0] in LAYERS:
            yield from include_faults(where, parts[0], text)
        yield from call_faults(where, text)


HEADER = "#pragma once\n"
CONTROLS = (
    # what, files, the fault expected (None: no fault)
    ("with the grain", {"sinks/a.c": '#include "base/b.h"\n#include "sinks/a.h"\n'}, None),
    ("against the grain", {"base/a.c": '\n#include "metrics/b.h"\n'},
     "base/a.c:2: base includes metrics/b.h, against the grain"),
    ("against the grain, indented", {"config/a.h": HEADER + '#  include "sinks/b.h"\n'},
     "config/a.h:2: config includes sinks/b.h, against the grain"),
    ("a path of its own", {"metrics/a.c": '#include "graph.h"\n'},
     'metrics/a.c:1: "graph.h" is included by a path that does not start in a layer'),
    ("upwards", {"metrics/a.c": '#include "../sinks/store.h"\n'},
     'metrics/a.c:1: "../sinks/store.h" is included by a path that does not start in a layer'),
    ("logging below the collector", {"sinks/a.c": '#include "base/log.h"\n'},
     "sinks/a.c:1: only collector/ logs"),
    ("logging in the collector", {"collector/a.c": '#include "base/log.h"\n'}, None),
    ("tests include anything", {"tests/a.c": '#include "collector/poll.h"\n#include "help.h"\n'},
     None),
    ("500 lines", {"base/a.c": "\n" * 500}, None),
    ("501 lines", {"base/a.c": "\n" * 501}, "base/a.c: 501 lines, at most 500"),
    ("a long script", {"run": "#!/bin/sh\n" + "\n" * 500}, "run: 501 lines, at most 500"),
    ("a long table of data", {"tests/data/a.json": "\n" * 501}, None),
    ("a build folder", {"build-x/a.c": "\n" * 501}, None),
    ("no #pragma once", {"base/a.h": "/* #pragma once */\n"}, "base/a.h: no #pragma once"),
    ("a forbidden call", {"base/a.c": "\n\n\tstrcpy(a, b);\n"},
     "base/a.c:3: strcpy() is not used here"),
    ("a forbidden call after a comment", {"base/a.c": "/*\n*/ n = atoi (s);\n"},
     "base/a.c:2: atoi() is not used here"),
    ("a forbidden call in a test", {"tests/a.c": "sprintf(a, b);\n"},
     "tests/a.c:1: sprintf() is not used here"),
    ("names that only look like it", {"base/a.c": "snprintf(a); g_strcpy(b); x.atoi = 1;\n"}, None),
    ("in words", {"base/a.c": '/* strcpy(a) */ f("sprintf(b)"); // atoi(c)\n'}, None),
)


def control():
    bad = 0
    for what, files, expected in CONTROLS:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            found = list(faults(root))
        if found != ([expected] if expected else []):
            print(f"{what}: expected {expected!r}, found {found!r}")
            bad += 1
    print(f"{len(CONTROLS)} made-up trees, {bad} judged wrongly")
    return bad


def main():
    if sys.argv[1:] == ["--control"]:
        return 1 if control() else 0
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    found = list(faults(pathlib.Path(sys.argv[1])))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
