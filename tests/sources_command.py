#!/usr/bin/python3
"""sources_command.py DORAD: `dorad sources list` and `show` tell of every kind of source what
the configuration takes: each setting, and each feed."""
import json
import os
import re
import subprocess
import sys
import tempfile

# Told once for all, or as the credential.
COMMON = {"name", "url", "ca_file", "every", "history", "read"}
CREDENTIAL = {"token", "app"}
OTHERS = {"git", "rest", "sql"}  # have no driver
# Keys that some driver takes: none takes them all.
KEYS = {"organization": "acme", "query": "x", "projects": ["a/b"], "labels": ["x"],
        "types": ["x"]}


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got}, expected {wanted}")


def main():
    dorad = os.path.realpath(sys.argv[1])

    def run(*args, stdout=subprocess.PIPE):
        done = subprocess.run([dorad, *args], env={"LC_ALL": "C.UTF-8"}, stdout=stdout,
                              stderr=subprocess.PIPE, text=True)
        return done.returncode, done.stdout, done.stderr

    def taken(name):
        """(settings, feeds) as the check of a configuration tells them."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump({"database": {"uri": "dbname=x"},
                       "sources": {"git": [{"name": "r", "url": "/r", "allow_file": True}],
                                   name: [{"name": "x", "url": "https://x.example",
                                           "token": {"env": "X"}, "read": ["nope"], **KEYS}]},
                       "orgs": [{"name": "o"}], "teams": [{"name": "t", "org": "o"}],
                       "services": [{"name": "s", "team": "t",
                                     "components": [{"repository": "r"}],
                                     "deployments": [{"from": "tags", "repository": "r"}]}]},
                      file)
            file.flush()
            _, out, error = run("config", "check", "--config", file.name)
        said = out + error
        settings = re.search(rf"is not for {name}, expected one of (.*)", said)
        feeds = re.search(rf'"nope" is no feed of {name}, expected one of (.*)', said)
        if not settings or not feeds:
            sys.exit(f"{name}: settings and feeds are not told: {said}")
        return settings[1].split(", "), feeds[1].split(", ")

    schema = json.loads(run("config", "schema")[1])
    kinds = set(schema["properties"]["sources"]["properties"])
    status, listed, _ = run("sources", "list")
    expect("list", status, 0)
    rows = {line.split()[0]: line for line in listed.split("\n\n")[0].splitlines()}
    expect("kinds of sources", set(rows), kinds)
    n_settings = n_feeds = 0
    for name in sorted(kinds):
        status, shown, error = run("sources", "show", name)
        expect(f"show {name}", (status, error), (0, ""))
        expect(f"show {name}: its summary is that of the list",
               shown.splitlines()[0].split("): ", 1)[1], rows[name][53:])
        expect(f"show {name}: lines for a terminal",
               [line for line in shown.splitlines() if not line.isprintable()], [])
        if name in OTHERS:
            expect(f"show {name}: where its settings are", "dorad config schema" in shown, True)
            continue
        settings, feeds = taken(name)
        before, after = shown.split("\nFeeds:\n")
        expect(f"show {name}: feeds", re.findall(r"^  (\S+) \(\w+\): \S", after, re.M), feeds)
        told = re.findall(r"^  (\S+) +\S", before, re.M)
        expect(f"show {name}: settings", set(told) - {"url", "credential"},
               set(settings) - COMMON - CREDENTIAL)
        expect(f"show {name}: each once", len(told), len(set(told)))
        credential = re.search(r"^  credential +(.*)", before, re.M)[1]
        expect(f"show {name}: what credential", [key for key in sorted(CREDENTIAL)
                                                 if re.search(rf"\b{key}\b", credential)],
               sorted(CREDENTIAL & set(settings)))
        n_settings += len(told)
        n_feeds += len(feeds)

    for args in ((), ("show",), ("list", "github"), ("show", "github", "gitlab"), ("tell",)):
        status, out, error = run("sources", *args)
        expect(f"sources {args}", (status, out, error.startswith("dorad sources: ")),
               (64, "", True))
    expect("no such driver", run("sources", "show", "nobody"),
           (64, "", 'dorad sources: there is no driver "nobody"; see dorad sources list\n'))
    with open("/dev/full", "w") as full:
        expect("no room", run("sources", "list", stdout=full)[0], 1)
    print(f"{len(kinds)} kinds of sources, {n_settings} settings, {n_feeds} feeds")


main()
