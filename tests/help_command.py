#!/usr/bin/python3
"""help_command.py DORAD MANUAL: every command tells of itself, in words that all terminals get
alike, and the manual page has each command and option that there is, and none that is not."""
import re
import subprocess
import sys


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, expected {wanted!r}")


def words_of(page):
    """The text of a page, without what is for troff."""
    text = re.sub(r"\\f[BIRP]", "", page).replace(r"\-", "-").replace('"', " ")
    text = re.sub(r"^\.(?:B|I|BR|RB|RI|BI|IR|TP|SS|SH)\b ?", "", text, flags=re.M)
    return re.sub(r"\s+", " ", text)


def main(dorad, manual):
    def run(*words, **environment):
        done = subprocess.run([dorad, *words], capture_output=True, encoding="utf-8",
                              stdin=subprocess.DEVNULL, env=environment, check=False)
        return done.returncode, done.stdout, done.stderr

    with open(manual, encoding="utf-8") as file:
        page = file.read()
    synopsis = words_of(page[page.index(".SH SYNOPSIS"):page.index(".SH DESCRIPTION")])
    whole = words_of(page)

    usage = run("--help")
    expect("help", (usage[0], usage[2]), (0, ""))
    for word in ("help", "-h"):
        expect(word, run(word), usage)
    names = re.findall(r"^  (\w+) ", usage[1], re.M)
    parts = [f"alerts {word}" for word in
             re.findall(r"dorad alerts (\w+)", run("alerts", "--help")[1])]
    expect("alerts help", [run("alerts", word) for word in ("-h", "--help")],
           [run("help", "alerts")] * 2)

    told = set()
    for name in names + parts:
        status, text, errors = run(*name.split(), "--help")
        expect(name, (status, errors), (0, ""))
        expect(f"{name}: in other places", run(*name.split(), "--help", LC_ALL="C"),
               (status, text, errors))
        expect(f"{name}: a letter is lost", re.findall(r"OPTION\?|\? *$", text, re.M), [])
        if name in names:
            expect(f"help {name}", run("help", name), (status, text, errors))
        told |= set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.M))
        words = name.split()
        either = r"(?:\w+ \| )*"  # alerts ack | accept
        found = re.search(f"dorad {either.join(word + ' ' for word in words)}", synopsis)
        expect(f"{name}: in the synopsis", found is not None, True)
    known = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", whole))
    expect("options that the manual lacks", sorted(told - known), [])
    expect("options that are not", sorted(known - told), [])

    for words, said in (
            (["nonsense"], 'dorad: there is no command "nonsense"\n"dorad --help" lists them.\n'),
            (["--nonsense"], 'dorad: there is no command "--nonsense"\n"dorad --help" lists them.\n'),
            (["help", "nonsense"],
             'dorad: there is no command "nonsense"\n"dorad --help" lists them.\n'),
            ([], usage[1]),
            (["version", "x"], 'dorad version: unexpected argument "x"\n'),
            (["once", "x"], 'dorad once: unexpected argument "x"\n')):
        expect(words, run(*words), (64, "", said))
    expect("the version", run("--version"), run("version"))
    print(f"{len(names + parts)} commands and {len(told)} options are in the manual")


main(*sys.argv[1:])
