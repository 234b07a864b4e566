#!/usr/bin/python3
"""daemon.py DORAD

The program as a whole: its size, its memory and processor time with many idle sources, and
the time from an empty database to the first number. Wants DORAD_TEST_PG (tests/with_postgres).
DORAD_BENCH=full: 500 sources polled each minute instead of 83 each ten seconds.
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DORAD = sys.argv[1]
FULL = os.environ.get("DORAD_BENCH") == "full"
SOURCES = 500 if FULL else 83
EVERY = "1m" if FULL else "10s"  # as many polls a second
OBSERVED = 65 if FULL else 20  # seconds
COMMITS = 20000  # of the history whose first number is timed
TICK = os.sysconf("SC_CLK_TCK")
GIT_ENV = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
}
missed = 0


def fail(text):
    sys.exit(f"not measured: {text}")


def run(*command, stdin=None):
    done = subprocess.run(command, input=stdin, env=dict(os.environ, **GIT_ENV),
                          capture_output=True, check=False)
    if done.returncode:
        fail(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


def row(what, value, unit, limit=None):
    global missed
    goal = ""
    if limit is not None:
        met = value <= limit
        missed += not met
        goal = f"goal <= {limit:g} {unit}: {'met' if met else 'MISSED'}"
    print(f"{what:<58} {value:>11.3g} {unit:<3} {goal}", flush=True)


def import_history(path, commits, every):
    """A straight history, a tag each so many commits."""
    run("git", "init", "-q", "--bare", path)
    run("git", "-C", path, "symbolic-ref", "HEAD", "refs/heads/main")
    run("git", "-C", path, "config", "uploadpack.allowFilter", "true")
    stream = []
    for i in range(1, commits + 1):
        stream.append(f"commit refs/heads/main\nmark :{i}\n"
                      f"committer C <c{i % 20}@example.org> {1500000000 + i * 5000} +0000\n"
                      "data 2\nc\n" + (f"from :{i - 1}\n" if i > 1 else "") + "\n")
        if i % every == 0:
            stream.append(f"reset refs/tags/v{i:08}\nfrom :{i}\n\n")
    run("git", "-C", path, "fast-import", "--quiet", stdin="".join(stream).encode())
    run("git", "-C", path, "pack-refs", "--all")


def configure(path, database, repositories, every):
    parts = dict(part.split("=", 1) for part in os.environ["DORAD_TEST_PG"].split())
    run("psql", "-Xq", "-c", f"CREATE DATABASE {database}", os.environ["DORAD_TEST_PG"])
    names = [f"s{i}" for i in range(len(repositories))]
    with open(path, "w", encoding="utf-8") as out:
        json.dump({  # JSON is YAML
            "database": {"uri": f"host={parts['host']} user={parts['user']} dbname={database}"},
            "schedule": {"every": every},
            "sources": {"git": [{"name": name, "url": url, "allow_file": True}
                                for name, url in zip(names, repositories)]},
            "orgs": [{"name": "acme"}],
            "teams": [{"name": "red", "org": "acme"}],
            "services": [{"name": name, "team": "red", "components": [{"repository": name}],
                          "deployments": [{"from": "tags"}]} for name in names],
        }, out)


def command(word, top, config):
    return [DORAD, word, "--config", config, "--cache-dir", f"{top}/cache",
            "--state-dir", f"{top}/state"]


def size(top):
    shutil.copy(DORAD, f"{top}/stripped")
    run("strip", f"{top}/stripped")
    row("binary, stripped", os.path.getsize(f"{top}/stripped") / 1e6, "MB", 2)
    libraries = run("ldd", DORAD).count("=>")
    row("shared libraries, those of libraries included", libraries, "")


def first_number(top):
    import_history(f"{top}/first", COMMITS, 40)
    configure(f"{top}/first.yaml", "first", [f"{top}/first"], "5m")
    start = time.monotonic()
    run(*command("once", top, f"{top}/first.yaml"))
    row(f"empty database to numbers: {COMMITS} commits, {COMMITS // 40} tags",
        time.monotonic() - start, "s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    row("  largest process of it, git included", peak / 1024, "MiB", 128)


def processor(pid):
    """Seconds of the process, and of the children it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return ((int(fields[11]) + int(fields[12])) / TICK,
            (int(fields[13]) + int(fields[14])) / TICK)


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def idle(top):
    import_history(f"{top}/idle", 100, 10)
    repositories = []
    for i in range(SOURCES):
        shutil.copytree(f"{top}/idle", f"{top}/idle{i}")
        repositories.append(f"{top}/idle{i}")
    configure(f"{top}/idle.yaml", "idle", repositories, EVERY)
    with open(f"{top}/log", "wb") as log:
        start = time.monotonic()
        run(*command("once", top, f"{top}/idle.yaml"))
        row(f"{SOURCES} sources, first time, each", (time.monotonic() - start) / SOURCES, "s")
        daemon = subprocess.Popen(command("run", top, f"{top}/idle.yaml"), stdout=log,
                                  stderr=log)
        try:
            time.sleep(OBSERVED)  # the first round
            before = processor(daemon.pid)
            time.sleep(OBSERVED)
            after = processor(daemon.pid)
            if daemon.poll() is not None:
                with open(f"{top}/log", encoding="utf-8", errors="replace") as text:
                    fail(text.read())
            row(f"{SOURCES} idle sources, each {EVERY}: resident", resident(daemon.pid) / 1024,
                "MiB", 64)
            own, children = (100 * (b - a) / OBSERVED for a, b in zip(before, after))
            row("  the daemon itself, of one core", own, "%", 1)
            row("  its git children, of one core", children, "%")
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()


def main():
    if "DORAD_TEST_PG" not in os.environ:
        fail("start this with tests/with_postgres")
    print(f"== daemon ({'full' if FULL else 'small'} size)\n")
    top = tempfile.mkdtemp(prefix="dorad-bench-")
    try:
        size(top)
        first_number(top)
        idle(top)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    print(f"\n{missed} goal{'' if missed == 1 else 's'} missed")


if __name__ == "__main__":
    main()
