"""A PostgreSQL cluster of one's own that may be broken, repositories with a long history,
and the program beside them. The tests of faults are built from these.

Everything lives in one folder and ends with it.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds until something that must happen counts as missing
ROOT = os.geteuid() == 0
# The server's programs run as a user of their own, and end with us.
DROP = ["setpriv", "--pdeathsig", "QUIT",
        *(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if ROOT else [])]
GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}
VIEWS = ("series", "current", "deployments", "shipped_commits", "exclusions")
# When something was done, and numbers that the database gave out.
VOLATILE = ("computed_at", "fresh_until", "first_seen_at", "definition_version",
            "deployment_id", "rollout_id")


def fail(text):
    raise AssertionError(text)


def wait_for(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            fail(f"{what}: did not happen in {patience} s")
        time.sleep(0.02)


def folder():
    """A new one, that the server's user may pass through. The caller removes it."""
    script = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../memory_folder")
    place = subprocess.run([script], check=True, capture_output=True, text=True).stdout.strip()
    top = tempfile.mkdtemp(prefix="dorad-faults-", dir=place)
    os.chmod(top, 0o755)
    return top


class Cluster:
    def __init__(self, top, name="pg", *settings):
        self.bin = (sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [""])[-1]
        self.dir = os.path.join(top, name)
        self.data = os.path.join(self.dir, "data")
        self.settings = settings
        self.server = None
        os.mkdir(self.dir)
        if ROOT:
            shutil.chown(self.dir, "postgres", "postgres")
        self.log_path = os.path.join(top, name + ".log")
        self.log = open(self.log_path, "ab")

    def initialise(self):
        # Read here: the server's user may have no way into this folder.
        script = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../new_cluster")
        with open(script, "rb") as source:
            subprocess.run([*DROP, "sh", "-s", "--", os.path.join(self.bin, "initdb"), "dorad",
                            self.data], check=True, cwd=self.dir, stdout=self.log,
                           stderr=self.log, stdin=source)
        self.start()
        return self

    def command(self, program, *args):
        return [*DROP, os.path.join(self.bin, program), *args]

    def run(self, program, *args):
        subprocess.run(self.command(program, *args), check=True, cwd=self.dir,
                       stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def start(self):
        options = [f"unix_socket_directories={self.dir}", "listen_addresses=", "fsync=off",
                   "dynamic_shared_memory_type=mmap", "shared_buffers=64MB",
                   "timezone=Asia/Kathmandu", *self.settings]
        flags = [part for option in options for part in ("-c", option)]
        self.server = subprocess.Popen(self.command("postgres", "-D", self.data, *flags),
                                       cwd=self.dir, stdout=self.log, stderr=self.log,
                                       stdin=subprocess.DEVNULL)
        wait_for("PostgreSQL", lambda: self.rows("postgres", "SELECT 1") == ["1"])

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT is -m immediate: as after a power cut; SIGINT is -m fast."""
        if self.server:
            self.server.send_signal(how)
            self.server.wait(PATIENCE)
            self.server = None

    def close(self):
        self.stop()
        self.log.close()

    def uri(self, database):
        return f"host={self.dir} dbname={database} user=dorad"

    def psql(self, database):
        return [os.path.join(self.bin, "psql"), "-XAtq", "-F|", "-v", "ON_ERROR_STOP=1",
                "-d", self.uri(database)]

    def rows(self, database, sql):
        """Rows as text; None if there is nothing to ask."""
        done = subprocess.run(self.psql(database), input=sql, capture_output=True, text=True)
        return done.stdout.splitlines() if done.returncode == 0 else None

    def sql(self, database, sql):
        done = subprocess.run(self.psql(database), input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"{sql[:200]}: {done.stderr}")
        return done.stdout.splitlines()

    def create(self, database, options=""):
        self.sql("postgres", f"CREATE DATABASE {database} {options}")
        return database

    def figures(self, database):
        """All that is published, and all commits."""
        without = " ".join(f"- '{name}'" for name in VOLATILE)
        sql = "".join(f"SELECT '{view}', to_jsonb(v) {without} FROM dora.{view} v ORDER BY 2;"
                      for view in VIEWS)
        sql += "SELECT 'commit', encode(sha, 'hex') FROM dorad.commit ORDER BY 2;"
        return self.sql(database, sql)

    def hold(self, database, sql):
        """A session that has run this and stays; .kill() ends it."""
        holder = subprocess.Popen(self.psql(database), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        holder.stdin.write(sql + ";\n\\echo held\n")
        holder.stdin.flush()
        while "held" not in (line := holder.stdout.readline()):
            if not line:
                fail(f"cannot hold {sql}")
        return holder

    def wait_blocked(self, database, what):
        """The number of the program's backend that waits for a lock."""
        return int(wait_for(what, lambda: self.rows(
            "postgres", "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            f" AND datname = '{database}' AND application_name = 'dorad'"))[0])


def release(holder):
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()


# Figures are made of every day since the first deployment: few of them, whenever this is run.
RECENT = int(time.time()) // 86400 * 86400 - 45 * 86400


def repository(path, n_commits, tag_every, side_every=7, first=1, n_authors=5, start=RECENT):
    """Adds a history with side branches that are merged, written by git fast-import."""
    if first == 1:
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path],
                       check=True, env=GIT_ENV)
    lines = []
    for n in range(first, first + n_commits):
        at = start + n * 600
        who = f"A{n % n_authors} <a{n % n_authors}@example.org> {at - n % 97 * 3600} +0000"
        merge = n > first + 2 and n % side_every == 0
        lines.append(f"commit refs/heads/main\nmark :{n}\nauthor {who}\n"
                     f"committer C <c@example.org> {at} +0000\ndata 1\nc\n")
        if n == first and first > 1:
            lines.append("from refs/heads/main^0\n")
        if merge:
            lines.append(f"from :{n - 1}\nmerge :{n - 3}\n")
        if n % tag_every == 0:
            lines.append(f"tag v{n}\nfrom :{n}\ntagger T <t@example.org> {at + 600} +0000\n"
                         "data 1\nt\n")
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], check=True, env=GIT_ENV,
                   input="".join(lines).encode())
    return path


def write_config(path, uri, repositories, **more):
    """One service a repository: its tags, or its trunk as well. JSON is YAML."""
    sources = [source if isinstance(source, dict) else
               {"name": name, "url": source, "allow_file": True}
               for name, source in repositories.items()]
    config = {
        "database": {"uri": uri, **more.get("database", {})},
        "schedule": {"every": "10s", "timeout": "30s"},
        "privacy": {"minimum_authors": 0, **more.get("privacy", {})},
        "sources": {"git": sources},
        "orgs": [{"name": "acme", "time_zone": "Europe/Berlin"}],
        "teams": [{"name": "web", "org": "acme"}],
        "services": [{"name": name, "team": "web", "components": [{"repository": name}],
                      "deployments": [{"from": "tags"}]} for name in repositories],
    }
    with open(path + ".new", "w", encoding="utf-8") as out:
        json.dump(config, out, indent=1)
    os.rename(path + ".new", path)
    return path


class Program:
    """dorad, with a cache of its own and a state directory that all share, so that the
    hashes of authors are the same."""

    def __init__(self, dorad, top, cache="cache"):
        self.dorad = os.path.abspath(dorad)
        self.top = top
        self.cache = os.path.join(top, cache)
        self.state = os.path.join(top, "state")

    def arguments(self, command, config):
        return [self.dorad, command, "--verbose", "--config", config, "--cache-dir", self.cache,
                "--state-dir", self.state]

    def start(self, command, config, before=(), env=None):
        # Leaks are for e2e-daemon and the module tests to find: what strace follows cannot
        # look for them, and libcrypto keeps what belongs to threads until the program ends.
        sanitizer = {"ASAN_OPTIONS": "detect_leaks=0"}
        return subprocess.Popen(
            [*before, *self.arguments(command, config)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": os.environ["PATH"], **sanitizer, **(env or {})})

    def once(self, config, before=(), env=None):
        """(status, what it said)"""
        process = self.start("once", config, before, env)
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()
        return process.returncode, said

    def good(self, config, what, tries=1):
        """Until it ends well."""
        said = ""
        for _ in range(tries):
            status, said = self.once(config)
            if status == 0:
                return
        fail(f"{what}: exit status {status} after {tries} tries\n{said}")


def compare(what, expected, got):
    if expected == got:
        return
    missing, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
    fail("\n  ".join([f"{what}: {len(missing)} rows missing, {len(extra)} too many",
                      *missing[:3], "--", *extra[:3]]))


def run_tests(tests, world, wanted):
    """0 if all went well. `world` is what each test is called with."""
    failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        begin = time.monotonic()
        try:
            said = test(world)
            print(f"ok {test.__name__} ({time.monotonic() - begin:.1f} s)"
                  + (f": {said}" if said else ""), flush=True)
        except (AssertionError, subprocess.SubprocessError, OSError) as error:
            failed += 1
            print(f"FAILED {test.__name__}: {error}", flush=True)
    return 1 if failed else 0
