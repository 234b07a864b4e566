#!/usr/bin/python3
"""outages.py DORAD SOURCE_ROOT [TEST…]

What the database and the disks do to the program in its life: the server stops dead in the
middle of a backfill or while nothing happens, a migration is killed half-way, two start at
once, nothing may be written, no room is left, the server is too old. Nothing is left to
chance: locks hold the program at the place that is meant. The rows must be those of an
undisturbed run.
"""
import contextlib
import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading

import cluster
from cluster import Cluster, Program, compare, fail, release, wait_for

N_COMMITS = 2000
N_MORE = 40


class World:
    def __init__(self, dorad, root, top):
        self.top = top
        self.dorad = dorad
        self.migrations = sorted(glob.glob(f"{root}/sinks/migrations/*.sql"))
        self.postgres = Cluster(top)
        self.program = Program(dorad, top)
        self.started = []

    def prepare(self):
        self.postgres.initialise()
        self.repo = cluster.repository(f"{self.top}/shop.git", N_COMMITS, 40)
        self.reference = self.undisturbed("reference", self.repo)

    def undisturbed(self, database, repo):
        config = self.config(database, repo)
        self.postgres.create(database)
        self.program.good(config, "the undisturbed run")
        return self.postgres.figures(database)

    def config(self, database, repo=None, uri=None):
        return cluster.write_config(f"{self.top}/{database}.yaml",
                                    uri or self.postgres.uri(database),
                                    {"shop": repo or self.repo})

    def same(self, database, what):
        compare(what, self.reference, self.postgres.figures(database))

    def start(self, command, config, program=None):
        process = (program or self.program).start(command, config)
        self.started.append(process)
        return process

    def end(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        return process.communicate(timeout=cluster.PATIENCE)[0]

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.postgres.close()


def settled(postgres, database, expected):
    """Facts, attribution and figures are stored one after the other: all of them are there."""
    what = f"{database}: the figures of an undisturbed run"
    try:
        wait_for(what, lambda: (postgres.rows(database, "SELECT 1 FROM dora.sources") and
                                postgres.figures(database) == expected))
    except AssertionError:
        compare(what, expected, postgres.figures(database))


def test_server_restarts(world):
    """In the middle of storing facts, in the middle of publishing, and while idle."""
    repo = shutil.copytree(world.repo, f"{world.top}/restart.git")
    config = world.config("restart", repo)
    world.postgres.create("restart")
    tables = ["dorad.commit", "dorad.deployment", "dorad.shipped", "dorad.series"]
    # Makes the schema and fails, so that there is something to lock.
    world.program.once(cluster.write_config(f"{world.top}/nothing.yaml",
                                            world.postgres.uri("restart"),
                                            {"shop": f"{world.top}/nothing.git"}))
    holder = world.postgres.hold("restart", f"BEGIN; LOCK TABLE {tables[0]}")
    daemon = world.start("run", config)
    for i in range(len(tables)):
        world.postgres.wait_blocked("restart", f"the program at {tables[i]}")
        world.postgres.stop()
        release(holder)
        world.postgres.start()
        holder = None
        if i + 1 < len(tables):
            holder = world.postgres.hold("restart", f"BEGIN; LOCK TABLE {tables[i + 1]}")
    settled(world.postgres, "restart", world.reference)
    cluster.repository(repo, N_MORE, 40, first=N_COMMITS + 1)
    expected = world.undisturbed("restart_grown", repo)
    for how in signal.SIGQUIT, signal.SIGINT:
        world.postgres.stop(how)
        world.postgres.start()
    settled(world.postgres, "restart", expected)
    said = world.end(daemon)
    if daemon.returncode:
        fail(f"exit status {daemon.returncode}\n{said}")
    compare("after restarts", expected, world.postgres.figures("restart"))
    return f"{len(tables)} in the middle, 2 idle"


# ---- migrations ----

SHAPE = """SELECT n.nspname, c.relname, c.relkind, a.attname, a.atttypid::regtype
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE n.nspname IN ('dora', 'dorad') AND c.relname !~ '^migration' ORDER BY 1, 2, 4;"""
# Stops at the n-th thing that is made, until nobody holds the lock.
STOP_AT = """
    CREATE SEQUENCE public.made;
    CREATE FUNCTION public.stop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF pg_catalog.nextval('public.made') = {n} THEN
    PERFORM pg_catalog.pg_advisory_xact_lock(7); END IF; END $$;
    CREATE EVENT TRIGGER stop ON ddl_command_end EXECUTE FUNCTION public.stop()"""
UNDO = "DROP EVENT TRIGGER stop; DROP FUNCTION public.stop(); DROP SEQUENCE public.made"


def shapes(world):
    """The schema after each migration, the empty one first."""
    world.postgres.create("shapes")
    world.postgres.sql("shapes", "CREATE SCHEMA dorad; CREATE SCHEMA dora")
    found = [world.postgres.sql("shapes", SHAPE)]
    for path in world.migrations:
        with open(path, encoding="utf-8") as file:
            world.postgres.sql("shapes", "BEGIN;" + file.read() + ";COMMIT")
        found.append(world.postgres.sql("shapes", SHAPE))
    return found


def test_migration_killed(world):
    allowed = shapes(world)
    config = world.config("migrate")
    world.postgres.create("migrate", "")
    world.postgres.sql("migrate", STOP_AT.format(n=-1))
    world.program.good(config, "a run with the trigger")
    n_made = int(world.postgres.sql("migrate", "SELECT last_value FROM public.made")[0])
    places = sorted({2 + (n_made - 2) * i // 8 for i in range(9)})
    seen = set()
    for i, n in enumerate(places):
        what = f"killed at statement {n} of {n_made}"
        world.postgres.sql("postgres", "DROP DATABASE migrate WITH (FORCE)")
        world.postgres.create("migrate")
        world.postgres.sql("migrate", STOP_AT.format(n=n))
        holder = world.postgres.hold("migrate", "SELECT pg_advisory_lock(7)")
        process = world.start("once", config)
        backend = world.postgres.wait_blocked("migrate", what)
        if i % 3 == 0:
            process.kill()
            process.communicate()
            release(holder)
        elif i % 3 == 1 and cluster.ROOT:
            os.kill(backend, signal.SIGKILL)  # the whole server recovers from it
        else:
            world.postgres.sql("postgres", f"SELECT pg_terminate_backend({backend})")
        said = process.communicate()[0] if i % 3 else ""
        if i % 3 and (process.returncode != 69 or "database" not in said):
            fail(f"{what}: exit status {process.returncode}\n{said}")
        release(holder)
        wait_for("the server", lambda: world.postgres.rows("migrate", "SELECT 1"))
        wait_for("the end of the session", lambda: world.postgres.rows(
            "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'migrate'"
            " AND application_name = 'dorad'") == ["0"])
        shape = world.postgres.sql("migrate", SHAPE)
        if shape not in allowed:
            fail(f"{what}: a schema between two versions")
        seen.add(allowed.index(shape))
        world.postgres.sql("migrate", UNDO)
        world.program.good(config, what)
        if world.postgres.sql("migrate", SHAPE) != allowed[-1]:
            fail(f"{what}: another schema than at once")
        world.same("migrate", what)
    return f"{len(places)} places of {n_made}, left at versions {sorted(seen)}"


# ---- two at once ----

def test_two_at_once(world):
    refused = 0
    for turn in range(6):
        apart = turn % 2 == 1
        world.postgres.create(f"two{turn}")
        config = world.config(f"two{turn}")
        if turn >= 2:  # there is a history, and work
            part = shutil.copytree(world.repo, f"{world.top}/part{turn}.git")
            subprocess.run(["git", "-C", part, "tag", "-d",
                            *[f"v{n}" for n in range(1040, N_COMMITS + 1, 40)]], check=True,
                           env=cluster.GIT_ENV, capture_output=True)
            subprocess.run(["git", "-C", part, "update-ref", "refs/heads/main", "v1000^{commit}"],
                           check=True, env=cluster.GIT_ENV)
            world.program.good(world.config(f"two{turn}", part), "the first half")
            config = world.config(f"two{turn}")
        other = Program(world.dorad, world.top, "cache-other" if apart else "cache")
        both = [world.start("once", config), world.start("once", config, other)]
        for process in both:
            said = process.communicate(timeout=cluster.PATIENCE)[0]
            if process.returncode == 0:
                continue
            refused += 1
            if process.returncode != 1 or not ("another dorad" in said or "in use" in said):
                fail(f"turn {turn}: exit status {process.returncode}\n{said}")
        if all(process.returncode for process in both):
            fail(f"turn {turn}: neither has done the work")
        world.program.good(config, "after the two")
        world.same(f"two{turn}", f"turn {turn}")
    return f"6 pairs, {refused} were told to try again"


# ---- nothing may be written ----

def run_refused(world, what, config, statuses, *words):
    status, said = world.program.once(config)
    if status not in statuses or not any(word in said for word in words):
        fail(f"{what}: exit status {status}\n{said}")
    return said


def test_standby(world):
    """A server that is only read, until it is promoted."""
    standby = Cluster(world.top, "standby")
    os.rmdir(standby.dir)
    os.mkdir(standby.dir)
    if cluster.ROOT:
        shutil.chown(standby.dir, "postgres", "postgres")
    try:
        world.postgres.create("failover")
        world.postgres.run("pg_basebackup", "-h", world.postgres.dir, "-U", "dorad", "-D",
                           standby.data, "--checkpoint=fast", "--no-sync",
                           "--write-recovery-conf", "-X", "stream")
        standby.start()
        config = world.config("failover", uri=standby.uri("failover"))
        run_refused(world, "standby", config, (69,), "hot standby", "read-only")
        daemon = world.start("run", config)
        standby.sql("postgres", "SELECT pg_promote()")
        settled(standby, "failover", world.reference)
        world.end(daemon)
        compare("promoted", world.reference, standby.figures("failover"))
    finally:
        standby.close()


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of this size, where that may be made; else None."""
    os.mkdir(path)
    made = cluster.ROOT and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", path],
        capture_output=True, check=False).returncode == 0
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", "--lazy", path], check=True)


def enlarge(path, options):
    subprocess.run(["mount", "-o", f"remount,{options}", path], check=True)


def test_database_full(world):
    place = f"{world.top}/small"
    with small_disk(place, "12m") as made:
        if not made:
            return "SKIPPED: no file systems may be mounted here"
        shutil.chown(place, "postgres", "postgres")
        world.postgres.sql("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
        world.postgres.create("no_room", "TABLESPACE small")
        config = world.config("no_room")
        filler = f"{place}/filler"
        with open(filler, "wb") as file:  # leaves room for the schema alone
            file.write(bytes(max(0, (lambda s: s.f_bavail * s.f_frsize)(os.statvfs(place)) -
                                 1_200_000)))
        said = run_refused(world, "full", config, (1, 69), "No space left", "53100")
        daemon = world.start("run", config)
        enlarge(place, "size=200m")
        settled(world.postgres, "no_room", world.reference)
        world.end(daemon)
        world.same("no_room", "after the disk was full")
        world.postgres.sql("postgres", "DROP DATABASE no_room; DROP TABLESPACE small")
    return next(line for line in said.splitlines() if "space" in line)[:160]


def test_cache_full_or_read_only(world):
    place = f"{world.top}/tiny"
    world.postgres.create("cache")
    config = world.config("cache")
    with small_disk(place, "64k") as made:
        program = Program(world.dorad, world.top, "tiny")
        if made:
            status, said = program.once(config)
            if status != 1 or "No space left" not in said or place not in said:
                fail(f"full cache: exit status {status}\n{said}")
            enlarge(place, "size=100m,ro")
        else:
            os.chmod(place, 0o500)
        status, said = program.once(config)
        if status != 1 or not ("Read-only file system" in said or "Permission denied" in said) \
                or place not in said:
            fail(f"read-only cache: exit status {status}\n{said}")
        if made:
            enlarge(place, "size=100m,rw")
        else:
            os.chmod(place, 0o700)
        program.good(config, "the cache can be written again")
        world.same("cache", "the cache can be written again")


# ---- an old server ----

def pretend(listener, version):
    """A server that lets everybody in, says its version and knows nothing else."""
    def message(kind, body):
        return kind + struct.pack("!I", len(body) + 4) + body

    def parameter(name, value):
        return message(b"S", f"{name}\0{value}\0".encode())
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.recv(4096)
            client.sendall(message(b"R", struct.pack("!I", 0)) +
                           parameter("server_version", version) +
                           parameter("in_hot_standby", "off") +
                           parameter("default_transaction_read_only", "off") +
                           message(b"K", bytes(8)) + message(b"Z", b"I"))
            client.recv(4096)


def test_old_server(world):
    for version, status, words in (("14.11", 78, "PostgreSQL 14; 15 or newer is needed"),
                                   ("15.2", 69, "database")):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=pretend, args=(listener, version), daemon=True).start()
            config = world.config("old", uri="host=127.0.0.1 sslmode=disable dbname=x user=x "
                                  f"port={listener.getsockname()[1]}")
            said = run_refused(world, version, config, (status,), words)
            if (status == 69) == ("is needed" in said):
                fail(f"{version}:\n{said}")
            listener.shutdown(socket.SHUT_RDWR)


TESTS = (test_server_restarts, test_migration_killed, test_two_at_once, test_standby,
         test_database_full, test_cache_full_or_read_only, test_old_server)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    top = cluster.folder()
    world = World(sys.argv[1], sys.argv[2], top)
    try:
        world.prepare()
        return cluster.run_tests(TESTS, world, sys.argv[3:])
    finally:
        world.close()
        shutil.rmtree(top)


if __name__ == "__main__":
    sys.exit(main())
