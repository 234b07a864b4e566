#!/usr/bin/python3
"""What the documentation claims, tried.

  docs.py links ROOT          every file that a page names or links to exists, every fenced
                              block has a language we know
  docs.py commands ROOT DORAD every "dorad COMMAND" of a page is one, and so are its options
  docs.py yaml ROOT DORAD     every block marked "yaml check" passes "dorad config check"
  docs.py sql ROOT CONNINFO   every block marked "sql check" runs in this database, and names
                              the columns it gets
"""
import pathlib
import re
import subprocess
import sys
import tempfile

PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md")
LANGUAGES = {"", "sh", "yaml", "sql", "ini", "c", "json", "text"}

BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
# A path of the tree in running text or `code`: with a folder that we have, or a page.
PATH = re.compile(r"(?<![\w/.-])((?:base|metrics|drivers|config|sinks|collector|tests|docs|systemd|scripts|\.ci)/[\w./-]*\w/?)")
# `dorad COMMAND …`, in a line of its own in a block or in `code`.
COMMAND = re.compile(r"^(?:sudo )?dorad ([a-z-].*)$|`dorad ([a-z-][^`]*)`", re.M)


def pages(root):
    for pattern in PAGES:
        for path in sorted(root.glob(pattern)):
            yield path.relative_to(root), path.read_text(encoding="utf-8")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def blocks(root, mark):
    for page, text in pages(root):
        for match in BLOCK.finditer(text):
            if match.group(1) == mark:
                yield f"{page}:{line_of(text, match.start())}", match.group(2)


def check_links(root):
    for page, text in pages(root):
        for match in BLOCK.finditer(text):
            if match.group(1).split(" ")[0] not in LANGUAGES:
                yield f"{page}:{line_of(text, match.start())}: a block of {match.group(1)!r}"
        for match in LINK.finditer(text):
            target = match.group(1)
            if "://" not in target and not (root / page.parent / target).exists():
                yield f"{page}:{line_of(text, match.start())}: there is no {target}"
        prose = BLOCK.sub(lambda block: "\n" * block.group(0).count("\n"), text)
        for match in PATH.finditer(prose):
            if "<" in prose[match.end():match.end() + 1]:
                continue # tests/test_<module>.c
            if not (root / match.group(1)).exists():
                yield f"{page}:{line_of(prose, match.start())}: there is no {match.group(1)}"


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


def check_commands(root, dorad):
    known = run(dorad, "--help").stdout
    for page, text in pages(root):
        for match in COMMAND.finditer(text):
            words = (match.group(1) or match.group(2)).split()
            where = f"{page}:{line_of(text, match.start())}"
            if not re.search(rf"^  {re.escape(words[0])}\b", known, re.M):
                yield f"{where}: there is no command \"{words[0]}\""
                continue
            options = [word.strip("[]…") for word in words if word.strip("[").startswith("--")]
            told = run(dorad, words[0], "--help").stdout if options else ""
            for option in options:
                if option not in told:
                    yield f"{where}: {words[0]} has no option {option}"


def check_yaml(root, dorad):
    count = 0
    for where, text in blocks(root, "yaml check"):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            result = run(dorad, "config", "check", "--config", file.name)
        if result.returncode:
            yield f"{where}: {result.stdout}"
        count += 1
    if not count:
        yield "no block is marked: this test tests nothing"


def check_sql(root, conninfo):
    count = 0
    for where, text in blocks(root, "sql check"):
        result = run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-c", text)
        if result.returncode:
            yield f"{where}: {result.stdout}"
        count += 1
    if not count:
        yield "no block is marked: this test tests nothing"


CHECKS = {"links": check_links, "commands": check_commands, "yaml": check_yaml, "sql": check_sql}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in CHECKS:
        print(__doc__, file=sys.stderr)
        return 64
    faults = list(CHECKS[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
