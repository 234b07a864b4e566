#!/usr/bin/python3
"""dorad config as people and scripts meet it: exit statuses and streams.

  config_command.py DORAD EXAMPLE
"""
import os
import subprocess
import sys
import tempfile

WRONG = "database: {uri: postgresql:///dora, pasword: {env: X}}\nservices: []\n"
WRONG_FAULTS = """\
{0}:1: database.pasword: is not a known key, did you mean "password"?
{0}:1: sources: is missing, expected a mapping of git, github, gitlab, gitea, forgejo, bitbucket, \
bitbucket_server, jenkins, buildkite, circleci, azure_devops, argocd, pagerduty, opsgenie, jira, \
jira_server, jsm, servicenow, statuspage, grafana, incident_io, rootly, firehydrant, sentry, alertmanager, \
rest, sql
{0}:1: orgs: is missing, expected a list
{0}:1: teams: is missing, expected a list
{0}:2: services: is an empty list, expected at least 1 entry
"""


def main(dorad, example):
    with tempfile.TemporaryDirectory() as folder:
        wrong = os.path.join(folder, "wrong.yaml")
        missing = os.path.join(folder, "missing.yaml")
        shown = os.path.join(folder, "shown.yaml")
        with open(wrong, "w", encoding="utf-8") as file:
            file.write(WRONG)

        def run(*arguments, **environment):
            return subprocess.run([dorad, "config", *arguments], capture_output=True, text=True,
                                  env={"LC_ALL": "C.UTF-8", **environment})

        effective = run("show", "--config", example)
        with open(shown, "w", encoding="utf-8") as file:
            file.write(effective.stdout)
        faults = WRONG_FAULTS.format(wrong)
        no_file = f"{missing}: cannot be read: No such file or directory, expected a readable file\n"
        good = f"{example}: no faults\n"
        # What, the run, exit status, standard output and error (None: anything).
        rows = (
            ("a good file", run("check", "--config", example), 0, good, ""),
            ("the option first", run("--config", example, "check"), 0, good, ""),
            ("an equals sign", run("check", f"--config={example}"), 0, good, ""),
            ("the environment's file", run("check", DORAD_CONFIG=example), 0, good, ""),
            ("the option before the environment",
             run("check", "--config", example, DORAD_CONFIG=wrong), 0, good, ""),
            ("a wrong file", run("check", "--config", wrong), 78, "", faults),
            ("showing a wrong file", run("show", "--config", wrong), 78, "", faults),
            ("no file", run("check", "--config", missing), 78, "", no_file),
            ("showing", effective, 0, None, ""),
            ("showing what was shown", run("show", "--config", shown), 0, effective.stdout, ""),
            ("the schema needs no file", run("schema", DORAD_CONFIG=missing), 0, None, ""),
            ("help", run("--help"), 0, None, ""),
            ("nothing to do", run(), 64, "", None),
            ("an unknown action", run("verify"), 64, "", None),
            ("two actions", run("check", "show"), 64, "", None),
            ("an unknown option", run("check", "--file", example), 64, "", None),
        )
        bad = 0
        for what, result, status, out, err in rows:
            expected = (status, result.stdout if out is None else out,
                        result.stderr if err is None else err)
            if (result.returncode, result.stdout, result.stderr) != expected:
                print(f"{what}: expected {expected}, found {result}")
                bad = 1
        return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
