#!/usr/bin/python3
"""report_command.py DORAD: wrong options and bad ends of `dorad report`, and that none of them
leaves its mirror behind."""
import os
import signal
import subprocess
import sys
import tempfile
import time

ONE = "expected one repository: --git URL_OR_PATH"
HELP = '\n"dorad report --help" tells more.'
WRONG = [
    ([], ONE),
    (["a", "b"], ONE),
    (["--git", "a", "b"], ONE),
    (["/x", "--format", "xml"], '--format: "xml", expected text, json or csv'),
    (["/x", "--grain", "year"], '--grain: "year", expected day, week, month or quarter'),
    (["/x", "--tz", "No/where"],
     '--tz: "No/where" is not a time zone, expected an IANA name such as Europe/Berlin'),
    (["/x", "--buckets", "0"], '--buckets: "0", expected at least 1'),
    (["/x", "--since", "May"], '--since: "May", expected a date such as 2026-03-01'),
    (["/x", "--each", "year"], '--each: "year" is unknown, expected commit or day'),
    (["/x", "--baseline", "12"],
     '--baseline: "12" is not a commit id, expected all 40 (or 64) hexadecimal digits'),
    (["/x", "--commit-time", "x"],
     '--commit-time: "x" is unknown, expected authored or committed'),
    (["/x", "--minimum-authors", "-1"],
     '--minimum-authors: "-1" is not a number, expected a number from 0 to 1000'),
    (["/x", "--timeout", "5"],
     '--timeout: "5" is not a duration, expected a number with s, m, h, d or w such as 5m'),
    (["/x", "--nope"], "Unknown option --nope" + HELP),
]


def main():
    dorad = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="dorad-report-test-") as top:
        temporary, repo = f"{top}/tmp", f"{top}/repo"
        os.mkdir(temporary)
        env = {"PATH": os.environ["PATH"], "TMPDIR": temporary, "LC_ALL": "C.UTF-8"}

        def report(*args, stdout=subprocess.PIPE):
            done = subprocess.run([dorad, "report", *args], env=env, text=True,
                                  stdout=stdout, stderr=subprocess.PIPE)
            if os.listdir(temporary):
                sys.exit(f"{args}: leaves {os.listdir(temporary)}")
            return done.returncode, done.stdout, done.stderr

        def expect(what, got, wanted):
            if got != wanted:
                sys.exit(f"{what}: {got}, expected {wanted}")

        for args, text in WRONG:
            expect(args, report("/x", *args[1:]) if args[:1] == ["/x"] else report(*args),
                   (64, "", f"dorad report: {text}\n"))
        status, out, error = report(f"{top}/nothing")
        expect("no repository", (status, out, f"{top}/nothing" in error), (1, "", True))

        subprocess.run(["git", "init", "-q", "--bare", repo], check=True,
                       env={"PATH": env["PATH"], "HOME": "/nonexistent"})
        expect("an empty repository", report(repo), (0,
               f"{repo}\n0 commits, 0 deployments from the last commit of each day on ?, days of "
               "UTC\n\nnote: branch (the remote names no HEAD): not there\n", ""))
        with open("/dev/full", "w") as full:
            expect("no room", report(repo, stdout=full),
                   (1, None, "dorad report: cannot write: No space left on device\n"))
        reader, writer = os.pipe()
        os.close(reader)
        expect("no reader", report(repo, stdout=writer),
               (1, None, "dorad report: cannot write: Broken pipe\n"))
        os.close(writer)

        # failures are not told by git: no rate of them is made up
        made = f"{top}/made"
        for args in (["init", "-q", made], ["-C", made, "commit", "-q", "--allow-empty", "-m", "1"]):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *args],
                           check=True, env={"PATH": env["PATH"], "HOME": "/nonexistent"})
        metrics = {line.split(",")[0] for line in report(made, "-f", "csv")[1].splitlines()}
        expect("metrics", metrics, {"metric", "deployment_frequency", "change_lead_time"})

        # any name that a folder, a branch or a tag may have, wherever it runs
        odd = f"{top}/Küche & 'Bad'"
        os.rename(made, odd)
        for args in (["branch", "größer"], ["tag", "größe-1"]):
            subprocess.run(["git", "-C", odd, *args], check=True,
                           env={"PATH": env["PATH"], "HOME": "/nonexistent"})
        for locale in ("C", "C.UTF-8", "nowhere"):
            env["LC_ALL"] = locale
            expect(locale, report("--git", odd, "--tags", "größe-*")[1].splitlines()[:2],
                   [odd, "1 commit, 1 deployment from tags größe-*, days of UTC"])
            expect(locale, report(odd, "--trunk", "-b", "größer", "-n", "1")[1].splitlines()[1],
                   "1 commit, 1 deployment from the last commit of each day on größer, days of UTC")
        expect("no such tag", report(odd, "--tags", "v*"),
               (0, f"{odd}\n1 commit, 0 deployments from tags v*, days of UTC\n\nnote: no tag is "
                "a deployment: see which there are, and --tags and --except\n", ""))

        # a git that never answers, until Ctrl-C
        os.mkdir(f"{top}/bin")
        with open(f"{top}/bin/git", "w") as out:
            out.write(f"#!/bin/sh\n: >{top}/asked\nexec sleep 600\n")
        os.chmod(f"{top}/bin/git", 0o755)
        stuck = subprocess.Popen([dorad, "report", repo], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True,
                                 env={**env, "PATH": f"{top}/bin:{env['PATH']}"})
        while not os.path.exists(f"{top}/asked") and stuck.poll() is None:
            time.sleep(0.01)
        stuck.send_signal(signal.SIGINT)
        error = stuck.communicate()[1]
        expect("interrupted", (stuck.returncode, "cancelled" in error,
                               os.listdir(temporary)), (1, True, []))
    print(f"{len(WRONG)} wrong command lines and 5 bad ends are as expected")


if __name__ == "__main__":
    main()
