#!/usr/bin/python3
"""canaries.py DORAD [TEST…]

No secret turns up where it does not belong. Each is a canary: the token of a git remote over
https (from a file, from the environment, as a credential), an ssh key, the password of the
database, the author key. The program runs with right and wrong ones, and with configurations
that hold a secret where none may be; then everything it left is searched: what it said, the
whole database, the server's log of every statement, cache and state directories, and the
arguments and environment of every process it started, as strace saw them begin.

Wants the servers of tests/rigs/with_remotes.
"""
import base64
import os
import shutil
import subprocess
import sys
import urllib.parse

import cluster
from cluster import Cluster, Program, fail

RIG = os.environ["RIG_DIR"]
PASSWORD = "canary-password-" + os.urandom(9).hex()
AUTHOR_KEY = "canary-author-" + os.urandom(9).hex()
WRONG = "canary-wrong-" + os.urandom(9).hex()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w",
              encoding="utf-8") as file:
        file.write(text)
    return path


def spellings(secret):
    """The secret as programs are wont to write it."""
    pairs = [secret, b"x-access-token:" + secret]
    found = {b.rstrip(b"=") for pair in pairs for b in [base64.b64encode(pair)]}
    found |= {secret, secret.hex().encode(), urllib.parse.quote(secret).encode()}
    return found


class World:
    def __init__(self, dorad, top):
        self.top = top
        self.program = Program(dorad, top)
        self.postgres = Cluster(top, "pg", "log_statement=all", "log_min_messages=debug1",
                                "log_connections=on", "password_encryption=scram-sha-256")
        self.said = []
        self.trace = f"{top}/trace"
        # The second line of an OpenSSH key is of the secret part, too.
        self.token = read(f"{RIG}/token").strip()
        self.canaries = {text for secret in (self.token, PASSWORD.encode(), AUTHOR_KEY.encode(),
                                             WRONG.encode(), *read(f"{RIG}/key").split()[-4:-1])
                         if len(secret) > 12 for text in spellings(secret)}

    def prepare(self):
        self.postgres.initialise()
        self.postgres.create("dora")
        # Not logged: this statement alone has the password in it by right.
        self.postgres.sql("dora", "SET log_statement = 'none'; CREATE ROLE secretive SUPERUSER "
                          f"LOGIN PASSWORD '{PASSWORD}'")
        hba = f"{self.postgres.data}/pg_hba.conf"
        rules = read(hba).decode()
        with open(hba, "w", encoding="utf-8") as file:
            file.write("local all secretive scram-sha-256\n" + rules)
        self.postgres.stop()
        self.postgres.start()
        os.mkdir(f"{self.top}/credentials")
        self.secret("password", PASSWORD)
        self.secret("author", AUTHOR_KEY)
        self.secret("wrong", WRONG)
        self.secret("token", self.token.decode())

    def secret(self, name, text):
        return write(f"{self.top}/credentials/{name}", text + "\n")

    def config(self, token, password="password", ssh_key=f"{RIG}/key", uri="", url=None):
        https = f"https://localhost:{os.environ['RIG_HTTPS']}/private/shop.git"
        ssh = f"ssh://{os.environ['RIG_USER']}@localhost:{os.environ['RIG_SSH']}"
        return cluster.write_config(
            f"{self.top}/dorad.yaml",
            f"host={self.postgres.dir} dbname=dora user=secretive" + uri,
            {"shop": {"name": "shop", "url": url or https, "token": token,
                      "ca_file": f"{RIG}/ca.crt"},
             "ssh": {"name": "ssh", "url": f"{ssh}{RIG}/repos/shop.git",
                     "ssh_key": {"file": ssh_key}, "known_hosts": f"{RIG}/known_hosts"}},
            database={"password": {"file": f"{self.top}/credentials/{password}"}},
            privacy={"author_key": {"file": f"{self.top}/credentials/author"}})

    def run(self, what, config, expected):
        trace = ("strace", "-f", "-qq", "-v", "-s", "65536", "-A", "-e", "trace=execve",
                 "-e", "signal=none", "-o", self.trace)
        env = {"CREDENTIALS_DIRECTORY": f"{self.top}/credentials"}
        if what == "env":
            env["TOKEN"] = self.token.decode()
        status, said = self.program.once(config, trace, env)
        self.said.append(said.encode())
        if status not in expected:
            fail(f"{what}: exit status {status}\n{said}")
        for command in "check", "show":
            done = subprocess.run([self.program.dorad, "config", command, "--config", config],
                                  capture_output=True, check=False, env=env)
            self.said.append(done.stdout + done.stderr)

    def places(self):
        """(where, bytes) of all that was left behind."""
        yield "what it said", b"\n".join(self.said)
        yield "the server's log", read(self.postgres.log_path)
        yield "the database", subprocess.run(
            [f"{self.postgres.bin}/pg_dump", "-d", self.postgres.uri("dora")],
            capture_output=True, check=True).stdout
        if os.path.exists(self.trace):
            own = f'execve("{self.program.dorad}"'.encode()
            yield "a child's arguments and environment", b"\n".join(
                line for line in read(self.trace).splitlines() if own not in line)
        for place in self.program.cache, self.program.state:
            for folder, _, files in os.walk(place):
                for name in files:
                    yield os.path.join(folder, name), read(os.path.join(folder, name))

    def leaks(self):
        return [where for where, text in self.places()
                if any(canary in text for canary in self.canaries)]


def test_no_leak(world):
    file = {"file": f"{world.top}/credentials/token"}
    wrong = {"file": f"{world.top}/credentials/wrong"}
    pair = f"https://x:{WRONG}@localhost/shop.git"
    runs = (
        ("file", world.config, [file], {}, (0,)),
        ("env", world.config, [{"env": "TOKEN"}], {}, (0,)),
        ("credential", world.config, [{"credential": "token"}], {}, (0,)),
        ("wrong token", world.config, [wrong], {}, (1,)),
        ("wrong password", world.config, [file, "wrong"], {}, (78,)),
        ("wrong key", world.config, [file], {"ssh_key": f"{RIG}/stranger_key"}, (1,)),
        ("no database", world.config, [file], {"uri": " host=/nonexistent"}, (69,)),
        ("no git server", world.config, [file],
         {"url": f"https://localhost:{os.environ['RIG_DEAD']}/x.git"}, (1,)),
        ("token in url", world.config, [file], {"url": pair}, (78,)),
        ("password in uri", world.config, [file], {"uri": f" password={WRONG}"}, (78,)),
    )
    for what, make, args, named, expected in runs:
        world.run(what, make(*args, **named), expected)
        leaks = world.leaks()
        if leaks:
            fail(f"{what}: a secret is in {', '.join(leaks)}")
    trace = read(world.trace) if os.path.exists(world.trace) else b""
    return f"{len(runs)} runs, {len(world.canaries)} spellings, {trace.count(b'execve(')} processes"


def sample(pid, into):
    """Command lines of the program and of its children, and the children's environments."""
    try:
        into.append(read(f"/proc/{pid}/cmdline"))
        for thread in os.listdir(f"/proc/{pid}/task"):
            for child in read(f"/proc/{pid}/task/{thread}/children").decode().split():
                into += [read(f"/proc/{child}/{name}") for name in ("cmdline", "environ")]
    except OSError:
        pass  # it has ended meanwhile


def test_daemon(world):
    """dorad run, good and then refused: what dashboards are shown of it, and /proc."""
    failing = "SELECT count(*) FROM dora.sources WHERE failing"
    seen = []
    # Each daemon has something to change, so that it is known to have worked.
    world.program.once(world.config({"file": f"{world.top}/credentials/wrong"}))
    for token, expected in ("token", "0"), ("wrong", "1"):
        config = world.config({"file": f"{world.top}/credentials/{token}"})
        daemon = world.program.start("run", config)

        def done():
            sample(daemon.pid, seen)
            return world.postgres.rows("dora", failing) == [expected]
        cluster.wait_for(f"{expected} failing", done)
        for _ in range(100):
            sample(daemon.pid, seen)
        daemon.terminate()
        world.said.append(daemon.communicate(timeout=cluster.PATIENCE)[0].encode())
        if daemon.returncode != 0:
            fail(f"exit status {daemon.returncode}\n{world.said[-1].decode()}")
    world.said += seen
    leaks = world.leaks()
    if leaks:
        fail(f"a secret is in {', '.join(leaks)}")
    return f"{len(seen)} samples"


def test_control(world):
    """Planted ones are found."""
    text = base64.b64encode(b"x-access-token:" + world.token).decode()
    planted = write(f"{world.program.cache}/planted", text)
    world.postgres.sql("dora", f"CREATE TABLE planted AS SELECT '{PASSWORD}'::text")
    with open(world.trace, "ab") as file:
        file.write(b'1 execve("/bin/git", ["git", "' + AUTHOR_KEY.encode() + b'"])\n')
    world.said.append(WRONG.encode())
    found = set(world.leaks())
    expected = {planted, "what it said", "the server's log", "the database",
                "a child's arguments and environment"}
    if not expected <= found:
        fail(f"not found in: {expected - found}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    top = cluster.folder()
    world = World(sys.argv[1], top)
    try:
        world.prepare()
        return cluster.run_tests((test_no_leak, test_daemon, test_control), world, sys.argv[2:])
    finally:
        world.postgres.close()
        shutil.rmtree(top)


if __name__ == "__main__":
    sys.exit(main())
