#!/usr/bin/python3
"""cuts.py DORAD [TEST…]

The first backfill, broken off at many places: the connection to the database cut before, in
and after its messages, and the program killed at its system calls. Each time it is run again
until it ends well, and must then have stored what an undisturbed run stores. Half of the
time the server stays away after the cut, too.

The places are drawn with a seed (DORAD_TEST_SEED); DORAD_TEST_CUTS says how many.
"""
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading

import cluster
from cluster import Cluster, Program, compare, fail

SEED = int(os.environ.get("DORAD_TEST_SEED", "20260401"))
CUTS = int(os.environ.get("DORAD_TEST_CUTS", "32"))


class Cut(Exception):
    pass


class Proxy:
    """Passes messages of the PostgreSQL protocol on, and counts them, both ways and over all
    connections. At message number `at` the connection ends: before it, in its middle or after
    it, with a FIN or a RST. With `away` nobody gets through any more."""

    def __init__(self, target):
        self.target = target
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.reset()
        threading.Thread(target=self.accept, daemon=True).start()

    def reset(self, at=None, where="before", rst=False, away=False):
        with self.lock:
            self.n, self.at, self.where, self.rst, self.away = 0, at, where, rst, away
            self.was_cut, self.kinds = False, []

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            with self.lock:
                gone = self.was_cut and self.away
            server = socket.socket(socket.AF_UNIX)
            try:
                if gone:
                    raise OSError
                server.connect(self.target)
            except OSError:
                client.close()
                server.close()
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, first in (client, server, True), (server, client, False):
                threading.Thread(target=self.pump, args=(source, sink, client, first),
                                 daemon=True).start()

    @staticmethod
    def exactly(source, n):
        data = b""
        while len(data) < n:
            more = source.recv(n - len(data))
            if not more:
                raise Cut
            data += more
        return data

    def message(self, source, first):
        """The first message of a client has no type byte."""
        head = self.exactly(source, 4 if first else 5)
        length, = struct.unpack("!I", head[-4:])
        return head + self.exactly(source, length - 4)

    def pass_on(self, kind, message, sink, client):
        with self.lock:
            self.n += 1
            self.kinds.append(kind)
            cut = self.n == self.at
            if cut:
                self.was_cut = True
        if not cut:
            sink.sendall(message)
            return
        part = {"before": 0, "middle": len(message) // 2, "after": len(message)}[self.where]
        sink.sendall(message[:part])
        if self.rst:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Cut

    def pump(self, source, sink, client, first):
        try:
            while True:
                message = self.message(source, first)
                self.pass_on(None if first else message[:1], message, sink, client)
                first = False
        except (Cut, OSError):
            pass
        # close() alone would not wake the other thread, and a full shutdown() of a client
        # would send the FIN that a RST is to stand for.
        for end in source, sink:
            quiet = end is client and self.rst and self.was_cut
            try:
                end.shutdown(socket.SHUT_RD if quiet else socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class World:
    def __init__(self, dorad, top):
        self.top = top
        self.random = random.Random(SEED)
        self.postgres = Cluster(top)
        self.program = Program(dorad, top)

    def prepare(self):
        top = self.top
        self.postgres.initialise()
        self.repo = cluster.repository(f"{top}/shop.git", 400, 8)
        self.direct = self.config("reference", self.postgres.uri("reference"))
        self.postgres.create("reference")
        self.program.good(self.direct, "the undisturbed run")
        self.reference = self.postgres.figures("reference")
        if sum(row.startswith("commit|") for row in self.reference) != 400:
            fail("the undisturbed run has not stored the commits")

    def config(self, name, uri):
        return cluster.write_config(f"{self.top}/{name}.yaml", uri, {"shop": self.repo})

    def fresh(self, database):
        self.postgres.sql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.postgres.create(database)

    def same(self, database, what):
        compare(what, self.reference, self.postgres.figures(database))

    def places(self, last, n):
        """n numbers of 1 to last, spread evenly but not regularly."""
        n = min(n, last)
        return sorted({1 + int((i + self.random.random()) * last / n) for i in range(n)})


def test_connection_cut(world):
    proxy = Proxy(f"{world.postgres.dir}/.s.PGSQL.5432")
    config = world.config("cut", f"host=127.0.0.1 port={proxy.port} dbname=cut user=dorad "
                          "sslmode=disable")
    world.fresh("cut")
    world.program.good(config, "a run through the proxy")
    world.same("cut", "through the proxy")
    n_messages, failed = proxy.n, 0
    # Of a stream of rows one place is like the next: few of them, and many of the others.
    rows = [i for i, kind in enumerate(proxy.kinds, 1) if kind in (b"d", b"D")]
    others = [i for i, kind in enumerate(proxy.kinds, 1) if kind not in (b"d", b"D")]
    # COMMIT and what is around it is where rows are lost or doubled: the last ones, all.
    chosen = sorted({rows[i - 1] for i in world.places(len(rows), CUTS // 5)} |
                    {others[i - 1] for i in world.places(len(others), CUTS - CUTS // 5 - 6)} |
                    set(others[-6:]))
    for at in chosen:
        where = world.random.choice(("before", "middle", "after"))
        rst, away = world.random.random() < 0.3, world.random.random() < 0.5
        what = (f"seed {SEED}: cut {where} message {at} of {n_messages}"
                f"{', RST' if rst else ''}{', away' if away else ''}")
        world.fresh("cut")
        proxy.reset(at, where, rst, away)
        status, said = world.program.once(config)
        if status not in (0, 1, 69):
            fail(f"{what}: exit status {status}\n{said}")
        if status and "database" not in said:
            fail(f"{what}: the message does not name the database:\n{said}")
        failed += status != 0
        if not proxy.was_cut and at < n_messages - 20:
            fail(f"{what}: there were {proxy.n} messages only")
        proxy.reset()
        world.program.good(config, what, 2)
        world.same("cut", what)
    if failed < len(chosen) // 4:
        fail(f"of {len(chosen)} cuts only {failed} were felt: is the proxy cutting?")
    return f"{len(chosen)} of {n_messages} messages ({len(others)} besides rows), " \
        f"{failed} runs failed and were repeated"


# What reaches the database and the cache: all of the program's effects.
CALLS = ("sendto", "recvfrom", "write", "openat", "rename", "unlink", "mkdir", "poll", "execve")


def count_calls(world, config):
    """call -> the most that one thread or process of a run makes of it; inject counts so."""
    trace = f"{world.top}/trace"
    status, said = world.program.once(
        config, ("strace", "-f", "-qq", "-e", "signal=none", "-o", trace, "-e",
                 "trace=" + ",".join(CALLS)))
    if status:
        fail(f"under strace: {said}")
    counts = {}
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = re.match(r"(\d+) +(\w+)\(", line)
            if found:
                counts[found.groups()] = counts.get(found.groups(), 0) + 1
    most = {}
    for (_, call), n in counts.items():
        most[call] = max(n, most.get(call, 0))
    return most


def test_killed_at_calls(world):
    probe = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False,
                           capture_output=True)
    if probe.returncode:
        return "SKIPPED: processes may not be traced here"
    config = world.config("killed", world.postgres.uri("killed"))
    world.fresh("killed")
    shutil.rmtree(world.program.cache)
    most = count_calls(world, config)
    world.same("killed", "under strace")
    places = [(call, at) for call in CALLS if call in most
              for at in world.places(most[call], -(-CUTS * (3 if call == "sendto" else 1) //
                                                   (len(most) + 2)))]
    killed = 0
    for i, (call, at) in enumerate(places):
        what = f"seed {SEED}: killed at {call} {at}"
        # The calls were counted without a mirror; those to the database are made with one, too.
        if i % 2 == 0 or call not in ("sendto", "recvfrom"):
            shutil.rmtree(world.program.cache, ignore_errors=True)
        world.fresh("killed")
        status, _ = world.program.once(
            config, ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                     "-e", f"inject={call}:signal=KILL:when={at}"))
        killed += status != 0
        world.program.good(config, what, 2)
        world.same("killed", what)
    if killed < len(places) // 2:
        fail(f"of {len(places)} kills only {killed} were felt")
    return f"{len(places)} places in {len(most)} calls, {killed} runs failed and were repeated"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    top = cluster.folder()
    world = World(sys.argv[1], top)
    try:
        world.prepare()
        return cluster.run_tests((test_connection_cut, test_killed_at_calls), world,
                                 sys.argv[2:])
    finally:
        world.postgres.close()
        shutil.rmtree(top)


if __name__ == "__main__":
    sys.exit(main())
