#!/usr/bin/python3
"""The JSON Schema of dorad.yaml says what the daemon says.

  config_schema.py DORAD CONFIG_TO_JSON EXAMPLE

Exit status 77 (skipped) where python3-jsonschema is not installed.
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    sys.exit(77)

GOOD = {
    "database": {"uri": "postgresql:///dora"},
    "sources": {"git": [{"name": "shop", "url": "https://git.example.org/shop.git"}]},
    "orgs": [{"name": "acme"}],
    "teams": [{"name": "checkout", "org": "acme"}],
    "services": [{"name": "shop", "team": "checkout", "components": [{"repository": "shop"}],
                  "deployments": [{"from": "tags"}]}],
}
LEFT_OUT = object()

API = {"name": "gh", "projects": ["acme/shop"], "token": {"env": "T"}}
FEED = {"name": "f", "kind": "run", "path": "/runs?since={since}", "fields": {"id": "/id"}}
REST = {"name": "r", "url": "https://r.example.org", "feeds": [FEED]}
SQL = {"name": "q", "uri": "dbname=x", "kind": "incident", "query": "SELECT $1"}
PUSH = {"listen": "127.0.0.1:9440", "clients": [{"name": "bot", "token": {"env": "T"}}]}
RULE = ("services", 0, "deployments", 0)

# What, where, the value there, and whether it is right.
ROWS = (
    ("nothing changed", (), GOOD, True),
    ("no mapping", (), [], False),
    ("an unknown section", ("metrics",), {}, False),
    ("an unknown key", ("services", 0, "timezone"), "UTC", False),
    ("no database", ("database",), LEFT_OUT, False),
    ("no service", ("services",), [], False),
    ("no from", ("services", 0, "deployments", 0, "from"), LEFT_OUT, False),
    ("an unknown from", ("services", 0, "deployments", 0, "from"), "builds", False),
    ("from trunk", ("services", 0, "deployments", 0, "from"), "trunk", True),
    ("each with tags", ("services", 0, "deployments", 0, "each"), "day", False),
    ("tags with tags", ("services", 0, "deployments", 0, "tags"), ["v*"], True),
    ("text for tags", ("services", 0, "deployments", 0, "tags"), "v*", False),
    ("no tags", ("services", 0, "deployments", 0, "tags"), [], False),
    ("a full ref", ("services", 0, "deployments", 0, "tags"), ["refs/tags/v*"], False),
    ("a name with a space", ("orgs", 0, "name"), "acme inc", False),
    ("a name that climbs", ("orgs", 0, "name"), "../acme", False),
    ("an empty name", ("orgs", 0, "name"), "", False),
    ("null for a name", ("orgs", 0, "name"), None, False),
    ("a time zone", ("orgs", 0, "time_zone"), "America/Argentina/Buenos_Aires", True),
    ("an offset as time zone", ("orgs", 0, "time_zone"), "+02:00", False),
    ("a duration", ("schedule",), {"every": "90s"}, True),
    ("a number for a duration", ("schedule",), {"every": 90}, False),
    ("a duration without a unit", ("schedule",), {"every": "90"}, False),
    ("workers", ("schedule",), {"workers": 64}, True),
    ("too many workers", ("schedule",), {"workers": 65}, False),
    ("text for workers", ("schedule",), {"workers": "4"}, False),
    ("nobody hidden", ("privacy",), {"minimum_authors": 0}, True),
    ("less than nobody", ("privacy",), {"minimum_authors": -1}, False),
    ("a secret", ("database", "password"), {"file": "/run/secret"}, True),
    ("a secret in the file", ("database", "password"), "secret", False),
    ("a secret in two places", ("database", "password"), {"file": "/s", "env": "S"}, False),
    ("a secret in no place", ("database", "password"), {}, False),
    ("a relative path", ("database", "password"), {"file": "secret"}, False),
    ("no role", ("database", "reader_role"), "", True),
    ("no views for DevLake", ("database", "devlake_schema"), "", True),
    ("text for a truth value", ("sources", "git", 0, "allow_file"), "yes", False),
    ("no truth", ("sources", "git", 0, "allow_file"), False, True),
    ("a url of an unknown kind", ("sources", "git", 0, "url"), "ftp://example.org/x", False),
    ("a short commit id", ("services", 0, "components", 0, "baseline"), "9fceb02", False),
    ("an API", ("sources", "github"), [API], True),
    ("an API without a name", ("sources", "github"), [{"projects": ["acme/shop"]}], False),
    ("an unknown system", ("sources", "githb"), [API], False),
    ("history as a number", ("sources", "github"), [{**API, "history": 30}], False),
    ("a url of ssh", ("sources", "github"), [{**API, "url": "ssh://ghe.example.org"}], False),
    ("a described API", ("sources", "rest"), [REST], True),
    ("a described API without feeds", ("sources", "rest"), [{**REST, "feeds": []}], False),
    ("an unknown order", ("sources", "rest"), [{**REST, "feeds": [{**FEED, "order": "old"}]}],
     False),
    ("a field without a slash", ("sources", "rest"),
     [{**REST, "feeds": [{**FEED, "fields": {"id": "id"}}]}], False),
    ("an unknown field", ("sources", "rest"),
     [{**REST, "feeds": [{**FEED, "fields": {"id": "/id", "author": "/author"}}]}], False),
    ("a query", ("sources", "sql"), [SQL], True),
    ("a query of everything", ("sources", "sql"), [{**SQL, "query": "SELECT 1"}], False),
    ("a query of an unknown kind", ("sources", "sql"), [{**SQL, "kind": "ticket"}], False),
    ("a push server", ("push",), PUSH, True),
    ("a push server without clients", ("push",), {**PUSH, "clients": []}, False),
    ("no requests", ("push",), {**PUSH, "per_minute": 0}, False),
    ("from push", RULE, {"from": "push", "names": ["shop", "web"]}, True),
    ("jobs without a source", RULE, {"from": "jobs", "jobs": ["deploy"]}, False),
    ("heads without branches", RULE, {"from": "heads"}, False),
    ("a file without its name", RULE, {"from": "file"}, False),
    ("names with tags", RULE, {"from": "tags", "names": ["shop"]}, False),
    ("tags with runs", RULE, {"from": "runs", "source": "gh", "tags": ["v*"]}, False),
    ("alerts of everything", ("alerts",), {}, True),
    ("no rules", ("alerts",), {"rules": []}, False),
    ("a ratio as a number", ("alerts",), {"rules": [{"name": "r", "at_least": 1.5}]}, True),
    ("nobody is told", ("alerts",), {"rules": [{"name": "r", "channels": []}]}, True),
    ("an unknown sensitivity", ("alerts",), {"rules": [{"name": "r", "sensitivity": "mid"}]},
     False),
    ("the url of a chat in the file", ("alerts",),
     {"channels": [{"name": "s", "slack": {"url": "https://hooks.example.org/x"}}]}, False),
    ("the url of a chat elsewhere", ("alerts",),
     {"channels": [{"name": "s", "slack": {"url": {"env": "S"}}}]}, True),
    ("mail to no address", ("alerts",), {"channels": [{"name": "m", "email": {
        "server": "smtp.example.org:587", "from": "d@example.org", "to": ["me"]}}]}, False),
    ("days", ("calendars",), [{"name": "c", "days": ["12-20..01-02", "easter-2"]}], True),
    ("days that are none", ("calendars",), [{"name": "c", "days": ["xmas"]}], False),
    ("a commit id", ("services", 0, "components", 0, "baseline"), "9fceb02" + 33 * "a", True),
)


def changed(where, value):
    """GOOD with another value at a place."""
    document = copy.deepcopy(GOOD)
    if not where:
        return copy.deepcopy(value)
    place = document
    for step in where[:-1]:
        place = place[step]
    if value is LEFT_OUT:
        del place[where[-1]]
    else:
        place[where[-1]] = value
    return document


def daemon_takes(dorad, document, folder):
    path = os.path.join(folder, "dorad.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)  # JSON is YAML
    run = subprocess.run([dorad, "config", "check", "--config", path], capture_output=True)
    if run.returncode not in (0, 78):
        raise RuntimeError(f"dorad config check: exit status {run.returncode}")
    return run.returncode == 0


def main(dorad, config_to_json, example):
    printed = subprocess.run([dorad, "config", "schema"], check=True, capture_output=True)
    schema = json.loads(printed.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    shown = subprocess.run([config_to_json, example], check=True, capture_output=True)
    faults = [f"the example: {error.json_path}: {error.message}"
              for error in validator.iter_errors(json.loads(shown.stdout))]
    with tempfile.TemporaryDirectory() as folder:
        for what, where, value, right in ROWS:
            document = changed(where, value)
            for who, takes in (("the schema", validator.is_valid(document)),
                               ("dorad", daemon_takes(dorad, document, folder))):
                if takes != right:
                    faults.append(f"{what}: {who} {'takes' if takes else 'refuses'} it")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
