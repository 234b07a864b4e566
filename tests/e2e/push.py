#!/usr/bin/python3
"""push.py DORAD [TEST…]

The push server of a running dorad beside a PostgreSQL of its own: who is let in, what is
stored, what is answered while the database is away, after kill -9, over TCP, TLS and a Unix
socket, and to clients that misbehave.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

import cluster
from cluster import fail, wait_for
from push_rig import (SECRET, TOKEN, UnixConnection, World, deployment, expect, free_port,
                      signature)


def test_becomes_a_number(world):
    """From the request to the published number, commit by commit."""
    base, head = world.sha[1], world.sha[0]
    expect(world, "the first", 200, "/v1/deployments",
           deployment(1, sha=base, finished="2026-02-01T12:00:00Z"))
    expect(world, "the second", 200, "/v1/deployments", deployment(2, sha=head))
    count = ("SELECT count(*) FROM dora.shipped_commits WHERE deployment = '%s' "
             "AND excluded_reason IS DISTINCT FROM 'baseline'")
    key = wait_for("the attribution", lambda: world.postgres.rows(
        "dora", "SELECT deployment FROM dora.deployments WHERE counted "
                f"AND sha = '{head}'"))[0]
    between = subprocess.run(["git", "-C", world.repo, "rev-list", "--count", head, "^" + base],
                             check=True, capture_output=True, text=True,
                             env=cluster.GIT_ENV).stdout.strip()
    if world.postgres.sql("dora", count % key) != [between]:
        fail(f"{world.postgres.sql('dora', count % key)} commits shipped, expected {between}")
    return f"{between} commits of deployment {key}"


def test_idempotent(world):
    for _ in range(3):
        expect(world, "again", 200, "/v1/deployments", deployment(3))
    if world.stored("external_id = 'd3'") != ["deployment|d3|1"]:
        fail(f"{world.stored()}")
    before = world.postgres.sql("dora", "SELECT xmin FROM dorad.item WHERE external_id = 'd3'")
    expect(world, "once more", 200, "/v1/deployments", deployment(3))
    if world.postgres.sql("dora",
                          "SELECT xmin FROM dorad.item WHERE external_id = 'd3'") != before:
        fail("a repetition wrote the row again")


def test_running_then_over(world):
    expect(world, "running", 200, "/v1/deployments",
           {"id": "d4", "service": "shop", "environment": "production", "outcome": "running",
            "started": "2026-03-01T11:50:00Z"})
    expect(world, "over", 200, "/v1/deployments", deployment(4))
    row = world.postgres.sql("dora", "SELECT outcome, done, started IS NOT NULL, finished FROM "
                                     "(SELECT outcome, done, started_at AS started, finished_at "
                                     "AS finished FROM dorad.item WHERE external_id = 'd4') x")
    if row[0].split("|")[:3] != ["success", "t", "t"]:
        fail(f"{row}")


def test_told_thrice(world):
    """The last telling in a request is what is."""
    running = {"id": "d5", "service": "shop", "environment": "production",
               "outcome": "running"}
    expect(world, "thrice", 200, "/v1/deployments", [running, running, deployment(5)])
    if world.postgres.sql("dora", "SELECT outcome FROM dorad.item WHERE external_id = 'd5'") != [
            "success"]:
        fail("an earlier telling won")


def test_artifact_after_deployment(world):
    """Events arrive in any order: the revision is found when its artifact is told."""
    digest = "cd" * 32
    purl = f"pkg:oci/late@sha256%3A{digest}"

    def event(kind, subject, at):
        return {"context": {"id": f"late-{kind}", "source": "/ci", "version": "0.4.1",
                            "type": f"dev.cdevents.{kind}.0.2.0", "timestamp": at},
                "subject": subject}
    expect(world, "deployed", 200, "/v1/cdevents",
           event("service.deployed", {"id": "service/image", "content": {
               "environment": {"id": "production"}, "artifactId": purl}},
               "2026-03-05T10:00:00Z"))
    expect(world, "packaged", 200, "/v1/cdevents",
           event("artifact.packaged", {"id": purl, "content": {
               "change": {"id": world.sha[0]}}}, "2026-03-05T10:01:00Z"))
    wait_for("the revision", lambda: world.postgres.rows(
        "dora", "SELECT 1 FROM dora.deployments WHERE deployment LIKE '%late-service.deployed' "
                f"AND sha = '{world.sha[0]}'"))


def test_all_or_nothing(world):
    before = world.stored()
    expect(world, "one of three is wrong", 422, "/v1/deployments",
           [deployment(50), deployment(51, outcome="great"), deployment(52)],
           detail="deployment 2: outcome")
    if world.stored() != before:
        fail("a part of a refused request was stored")


def test_refusals(world):
    good = json.dumps(deployment(60))
    rows = [
        ("no credential", 401, {"token": None}, good, "expected a bearer token"),
        ("a wrong token", 401, {"token": "nobody"}, good, "is not one of a client"),
        ("an old signature", 401, {"signed": time.time() - 400}, good, "5 minutes"),
        ("a signature of another body", 401,
         {"signed": signature("/v1/deployments", "{}")}, good, "is not one of a client"),
        ("not JSON", 400, {}, "{", ""),
        ("two documents", 400, {}, "{} {}", ""),
        ("an unknown service", 422, {}, json.dumps(deployment(61, service="nope")),
         'there is no service "nope"'),
        ("the future", 422, {}, json.dumps(deployment(62, finished="2099-01-01T00:00:00Z")),
         "finished is in the future"),
        ("text as Content-Type", 415, {"headers": {"Content-Type": "text/plain"}.items()},
         good, "application/json"),
        ("GET", 405, {"method": "GET"}, "", "expected POST"),
        ("too big", 413, {}, " " * (2 << 20) + good, "1 MiB"),
    ]
    before = world.stored()
    for what, status, kwargs, body, detail in rows:
        headers, _ = expect(world, what, status, "/v1/deployments", body, detail=detail, **kwargs)
        if status == 401 and "Bearer" not in headers.get("WWW-Authenticate", ""):
            fail(f"{what}: no WWW-Authenticate")
    expect(world, "another path", 404, "/v1/deployment", good, detail="/v1/cdevents")
    if world.stored() != before:
        fail("something refused was stored")
    return f"{len(rows) + 1} refusals"


def test_signature_and_replay(world):
    body = json.dumps(deployment(7))
    once = signature("/v1/deployments", body)
    expect(world, "signed", 200, "/v1/deployments", body, signed=once)
    expect(world, "moved on", 200, "/v1/deployments", deployment(7, outcome="failure"))
    _, said = expect(world, "replayed", 200, "/v1/deployments", body, signed=once)
    if not said.get("seen_before"):
        fail(f"a replay was applied: {said}")
    if world.postgres.sql("dora", "SELECT outcome FROM dorad.item WHERE external_id = 'd7'") != [
            "failure"]:
        fail("a replay took the deployment back")


def test_cdevents(world):
    def event(kind, subject, at="2026-03-02T09:00:00Z"):
        return {"context": {"version": "0.4.1", "id": f"{kind}-{at}", "source": "/ci",
                            "type": f"dev.cdevents.{kind}.0.2.0", "timestamp": at},
                "subject": subject}
    digest = "sha256%3A" + "ab" * 32
    artifact = f"pkg:oci/shop@{digest}"
    service = {"id": "service/shop", "type": "service",
               "content": {"environment": {"id": "production"}, "artifactId": artifact}}
    incident = {"id": "i1", "source": "/mon", "content": {"service": {"id": "shop"},
                                                          "description": "slow"}}
    events = [
        event("artifact.packaged", {"id": artifact, "content": {
            "change": {"id": world.sha[0]}}}),
        *(event(f"service.{verb}", service, f"2026-03-02T1{n}:00:00Z")
          for n, verb in enumerate(("deployed", "upgraded", "rolledback", "removed"))),
        event("incident.detected", incident, "2026-03-02T15:00:00Z"),
        event("incident.reported", incident, "2026-03-02T15:05:00Z"),
        event("incident.resolved", incident, "2026-03-02T16:00:00Z"),
        event("change.merged", {"id": "42", "content": {"repository": {"id": "acme/shop"}}}),
    ]
    for one in events[:-1]:  # bare, and in CloudEvents' structured mode
        expect(world, one["context"]["type"], 200, "/v1/cdevents", one)
    expect(world, "structured", 200, "/v1/cdevents",
           {"specversion": "1.0", "id": "x", "source": "/ci", "type": "y", "data": events[-1]},
           headers={"Content-Type": "application/cloudevents+json; charset=utf-8"}.items())
    got = world.postgres.sql("dora", "SELECT started_at, resolved_at FROM dorad.item WHERE "
                                     "kind = 'incident' AND external_id = 'i1'")
    if len(got) != 1 or not all(got[0].split("|")):
        fail(f"the incident is {got}")
    deployed = world.stored("kind = 'deployment' AND external_id LIKE 'service.%'")
    if len(deployed) != 4:
        fail(f"{deployed}")
    expect(world, "a service nobody knows", 422, "/v1/cdevents",
           event("service.deployed", dict(service, id="other")), detail="other")
    return f"{len(events)} events"


def test_alertmanager(world):
    def alert(status, **more):
        return {"version": "4", "groupKey": "g", "status": status, "receiver": "dorad",
                "alerts": [{"status": status, "fingerprint": "feed", "startsAt":
                            "2026-03-03T10:00:00Z", "labels": {"alertname": "Down",
                                                                "service": "shop"}, **more}]}
    expect(world, "firing", 200, "/v1/alertmanager",
           alert("firing", endsAt="0001-01-01T00:00:00Z"))
    expect(world, "resolved", 200, "/v1/alertmanager",
           alert("resolved", endsAt="2026-03-03T10:20:00Z"))
    # a notification is refused as a whole, and not sent again: a strange label is no reason
    strange = alert("firing", labels={"alertname": "Disk", "service": "nobody's"},
                    fingerprint="cafe")
    expect(world, "a service nobody knows", 200, "/v1/alertmanager", strange)
    rows = world.postgres.sql("dora", "SELECT done, resolved_at - started_at FROM dorad.item "
                                      "WHERE external_id LIKE 'feed@%'")
    if rows != ["t|00:20:00"]:
        fail(f"{rows}")


def test_acknowledged_survives_kill(world):
    """2xx only after the commit: whatever was acknowledged is there after kill -9."""
    acknowledged = []
    for number in range(1000, 1030):
        try:
            status, _, _ = world.post("/v1/deployments", deployment(number))
        except (OSError, http.client.HTTPException):
            status = 0
        if status == 200:
            acknowledged.append(f"deployment|d{number}|1")
        if number % 10 == 5:
            world.kill()
            world.start(world.config)
    missing = set(acknowledged) - set(world.stored())
    if missing or len(acknowledged) < 25:
        fail(f"{len(acknowledged)} acknowledged, missing: {missing}")
    return f"{len(acknowledged)} acknowledged"


def test_database_away(world):
    world.postgres.stop()
    headers, _ = expect(world, "no database", 503, "/v1/deployments", deployment(2000),
                        detail="send it again")
    if not headers.get("Retry-After", "").isdigit():
        fail(f"no Retry-After: {headers}")
    world.postgres.start()
    wait_for("the database to be used again",
             lambda: world.post("/v1/deployments", deployment(2000))[0] == 200)
    if not world.stored("external_id = 'd2000'"):
        fail("acknowledged, and not stored")


def test_bad_clients(world):
    """Half a request, bytes that are no HTTP, two lengths at once: others are served."""
    idle = [socket.create_connection(("127.0.0.1", world.port)) for _ in range(40)]
    for number, one in enumerate(idle):
        one.sendall([b"POST /v1/deployments HTTP/1.1\r\nHost: x\r\nContent-Le",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(64),
                     b"POST /v1/deployments HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Type: application/json\r\nContent-Length: 5\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST /v1/deployments HTTP/1.1\r\nHost: x\r\nContent-Type: "
                     b"application/json\r\nContent-Length: 1000000\r\n\r\n{"][number % 4])
    expect(world, "beside bad clients", 200, "/v1/deployments", deployment(3000))
    smuggled = idle[2]
    smuggled.settimeout(20)
    answer = smuggled.recv(4096)
    if answer and not answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")):
        fail(f"two lengths at once: {answer[:100]}")
    for one in idle:
        one.close()
    resident = int(next(line for line in open(f"/proc/{world.process.pid}/status",
                                              encoding="ascii")
                        if line.startswith("VmRSS:")).split()[1])
    return f"{resident >> 10} MiB resident"


def test_rate_limit(world):
    config = world.write_config("limit.yaml", {"listen": f"127.0.0.1:{world.port}",
                                               "per_minute": 5})
    world.kill(signal.SIGTERM)
    world.start(config)
    got = [world.post("/v1/deployments", deployment(4000 + n))[0] for n in range(8)]
    headers, _ = expect(world, "one too many", 429, "/v1/deployments", deployment(4009),
                        detail="client ci may send 5 requests a minute")
    if got.count(200) != 5 or "Retry-After" not in headers:
        fail(f"{got} {headers}")
    world.kill(signal.SIGTERM)
    world.start(world.config)


def certificate(world):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", f"{world.top}/key.pem", "-out", f"{world.top}/cert.pem"],
                   check=True, capture_output=True)
    os.chmod(f"{world.top}/key.pem", 0o600)
    return {"certificate": f"{world.top}/cert.pem", "key": {"file": f"{world.top}/key.pem"}}


def test_tls(world):
    port = free_port()
    config = world.write_config("tls.yaml", {"listen": f"127.0.0.1:{port}", **certificate(world)})
    context = ssl.create_default_context(cafile=f"{world.top}/cert.pem")

    def secure(tls=context):
        return http.client.HTTPSConnection("localhost", port, timeout=30, context=tls)

    def answers():
        try:
            return world.post("/v1/deployments", "{}", token="wrong", connection=secure())
        except OSError:
            return None

    world.kill(signal.SIGTERM)
    plain, world.answers = world.answers, answers
    world.start(config)
    expect(world, "over TLS", 200, "/v1/deployments", deployment(5000), connection=secure())
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(f"{world.top}/cert.pem")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        world.post("/v1/deployments", deployment(5001), connection=secure(old))
        fail("TLS 1.1 was accepted")
    except (ssl.SSLError, ConnectionError):
        pass
    world.kill(signal.SIGTERM)
    world.answers = plain
    world.start(world.config)


def test_unix_socket(world):
    path = f"{world.top}/push.sock"
    config = world.write_config("unix.yaml", {"listen": path})
    world.kill()  # and a dead socket is in the way
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    plain = world.answers
    world.answers = lambda: os.path.exists(path) and not refused(path)
    world.start(config)
    expect(world, "over a socket", 200, "/v1/deployments", deployment(6000),
           connection=UnixConnection(path))
    if os.stat(path).st_mode & 0o7:
        fail("others may use the socket")
    world.kill(signal.SIGTERM)
    if os.path.exists(path):
        fail("the socket stays when the program ends")
    world.answers = plain
    world.start(world.config)


def refused(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) != 0


def test_reload(world):
    """Another address after a reload; the old one is closed."""
    port = free_port()
    old, world.port = world.port, port
    shutil.copy(world.config, f"{world.top}/before.yaml")
    world.write_config("dorad.yaml", {"listen": f"127.0.0.1:{port}"})
    world.process.send_signal(signal.SIGHUP)
    wait_for("the new address", world.answers)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", old)) == 0:
            fail("the old address is still open")


def test_no_secret_anywhere(world):
    with open(world.log, "rb") as log:
        said = log.read()
    dump = subprocess.run([f"{world.postgres.bin}/pg_dump", "-d", world.postgres.uri("dora")],
                          check=True, capture_output=True).stdout
    if b"d1000" not in dump:
        fail("the dump is not of this database")
    for canary in (TOKEN, SECRET):
        for where, text in (("log", said), ("database", dump)):
            if canary.encode() in text:
                fail(f"a secret is in the {where}")


TESTS = [test_becomes_a_number, test_idempotent, test_running_then_over, test_told_thrice,
         test_artifact_after_deployment, test_all_or_nothing,
         test_refusals, test_signature_and_replay, test_cdevents, test_alertmanager,
         test_acknowledged_survives_kill, test_database_away, test_bad_clients,
         test_rate_limit, test_tls, test_unix_socket, test_reload, test_no_secret_anywhere]


def main():
    top = cluster.folder()
    world = World(sys.argv[1], top)
    try:
        world.prepare()
        return cluster.run_tests(TESTS, world, sys.argv[2:])
    finally:
        if world.process and world.process.poll() is None:
            world.kill()
        world.postgres.close()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
