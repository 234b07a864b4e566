#!/usr/bin/python3
"""clients.py DORAD

Every view as a login of the reader role sees it through psql, SQLAlchemy, ODBC and JDBC: each of
them reads every column of every view with the type it has there, NULL as NULL, and the values that
psql shows. A client whose Debian package is missing is left out, and the test says so; with
DORAD_NO_SKIPS that is a failure. Wants DORAD_TEST_PG (tests/with_postgres).
"""
import datetime
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from bi_world import Bazaar  # noqa: E402
from events import expect  # noqa: E402
from rig import CONNINFO  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SOCKETS = re.search(r"host=(\S+)", CONNINFO).group(1)
JAR = "/usr/share/java/postgresql.jar"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# All that views may have: what every client knows.
TYPES = {"text", "int8", "int4", "float8", "bool", "timestamptz", "date", "_text", "jsonb"}
# Ages, which grow between two readings.
MOVING = {"age_seconds", "open_age_p50", "open_age_max"}


class Missing(Exception):
    """A package that is not installed."""


def micros(at):
    return (at - EPOCH) // datetime.timedelta(microseconds=1)


def bits(number):
    return struct.unpack("<q", struct.pack("<d", number))[0]


# ---- psql: what is right ----

def from_psql(value, kind):
    if value is None:
        return None
    if kind == "timestamptz":
        return micros(datetime.datetime.fromisoformat(value))
    return bits(float(value)) if kind == "float8" else value


def psql(database, query):
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
         f"host={SOCKETS} dbname={database} user=bi", "-c", "SET TimeZone = 'UTC'", "-c", query],
        capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"psql: {done.stderr}")
    return [json.loads(line) for line in done.stdout.split("\n") if line]


# ---- SQLAlchemy ----

def from_python(value, kind):
    """As psycopg2 hands it over: every type has one of Python's."""
    wanted = {"text": str, "int8": int, "int4": int, "float8": float, "bool": bool,
              "timestamptz": datetime.datetime, "date": datetime.date, "_text": list,
              "jsonb": (dict, list)}[kind]
    if value is None:
        return None
    if not isinstance(value, wanted) or (kind != "bool" and isinstance(value, bool)):
        raise TypeError(f"{value!r} for {kind}")
    if kind == "timestamptz":
        return micros(value)  # fails for one without a zone
    if kind == "date":
        return value.isoformat()
    return bits(value) if kind == "float8" else value


def sqlalchemy(database, views):
    try:
        import psycopg2  # noqa: F401
        import sqlalchemy as alchemy
    except ImportError as missing:
        raise Missing("python3-sqlalchemy, python3-psycopg2") from missing
    engine = alchemy.create_engine(
        f"postgresql+psycopg2://bi@/{database}?host={SOCKETS}",
        connect_args={"options": "-c TimeZone=Asia/Tokyo"})  # aware: the zone is no matter
    known = {schema: set(alchemy.inspect(engine).get_view_names(schema))
             for schema in {view.schema for view in views}}
    with engine.connect() as connection:
        for view in views:
            if view.name not in known[view.schema]:
                raise TypeError(f"{view.schema}.{view.name} is not reflected")
            yield [[from_python(value, kind) for value, kind in zip(row, view.kinds)]
                   for row in connection.execute(alchemy.text(view.query))]


# ---- ODBC ----

def from_odbc(value, kind):
    """ODBC has neither zones, arrays nor JSON: instants are those of the session's zone, the
    others text."""
    if value is None:
        return None
    if kind == "timestamptz":
        return micros(value.replace(tzinfo=datetime.timezone.utc))
    if kind == "_text":
        return [part[1:-1].replace('\\"', '"').replace("\\\\", "\\") if part[:1] == '"' else part
                for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^",{}]+', value)]
    if kind == "jsonb":
        return json.loads(value)
    return from_python(value, kind)


def odbc(database, views):
    driver = [path for path in (f"/usr/lib/{arch}/odbc/psqlodbcw.so" for arch in
                                (os.listdir("/usr/lib"))) if os.path.exists(path)]
    try:
        import pyodbc
    except ImportError as missing:
        raise Missing("python3-pyodbc") from missing
    if not driver:
        raise Missing("odbc-postgresql")
    connection = pyodbc.connect(
        f"Driver={driver[0]};Servername={SOCKETS};Port=5432;Database={database};Uid=bi;"
        "BoolsAsChar=0;MaxLongVarcharSize=1000000;ConnSettings=SET TimeZone TO 'UTC'",
        autocommit=True)
    for view in views:
        yield [[from_odbc(value, kind) for value, kind in zip(row, view.kinds)]
               for row in connection.execute(view.query).fetchall()]
    connection.close()


# ---- JDBC ----

def forward(port_of):
    """Carries TCP, which is all that JDBC speaks, to the socket of the server."""
    listener = socket.create_server(("127.0.0.1", 0))
    port_of.append(listener.getsockname()[1])

    def carry(source, sink):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def serve():
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{SOCKETS}/.s.PGSQL.5432")
            for ends in ((client, server), (server, client)):
                threading.Thread(target=carry, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def from_java(text, kind):
    if text == "\\N":
        return None
    if kind == "_text":
        return [from_java(part, "text") for part in text.split("\x1f")] if text else []
    if kind in ("int8", "int4", "float8", "timestamptz"):
        return int(text)
    if kind == "bool":
        return text == "true"
    text = re.sub(r"\\(.)", lambda found: {"t": "\t", "n": "\n", "r": "\r", "u": "\x1f"}.get(
        found.group(1), found.group(1)), text)
    return json.loads(text) if kind == "jsonb" else text


def jdbc(database, views):
    if subprocess.run(["sh", "-c", "command -v javac"], capture_output=True).returncode:
        raise Missing("default-jdk-headless")
    if not os.path.exists(JAR):
        raise Missing("libpostgresql-jdbc-java")
    port_of = []
    forward(port_of)
    done = subprocess.run(
        ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Duser.timezone=America/Lima",
         "-cp", JAR, f"{HERE}/Views.java",
         f"jdbc:postgresql://127.0.0.1:{port_of[0]}/{database}?user=bi&sslmode=disable"
         "&gssEncMode=disable"],
        input="".join(f"{view.query}\n" for view in views), capture_output=True, text=True)
    if done.returncode:
        raise TypeError(done.stderr)
    answers = done.stdout.split("\\.\n")
    for view, answer in zip(views, answers):
        yield [[from_java(text, kind) for text, kind in zip(line.split("\t"), view.kinds)]
               for line in answer.split("\n")[:-1]]


# ---- the test ----

class View:
    def __init__(self, schema, name, columns):
        self.schema, self.name = schema, name
        self.names, self.kinds = zip(*columns)
        self.query = f"SELECT * FROM {schema}.{name} q ORDER BY q::text LIMIT 60"

    def psql(self, database):
        rows = psql(database, f"SELECT to_jsonb(x) FROM ({self.query}) x")
        return [[from_psql(row[name], kind) for name, kind in zip(self.names, self.kinds)]
                for row in rows]

    def differs(self, one, other):
        """What does, as text."""
        if len(one) != len(other):
            return f"{len(other)} rows, psql has {len(one)}"
        for row, seen in zip(one, other):
            for name, mine, theirs in zip(self.names, row, seen):
                if mine != theirs and not (name in MOVING and theirs is not None):
                    return f"{name}: {theirs!r}, psql has {mine!r}"
        return ""


def all_views(database):
    return [View(row["schema"], row["name"], row["columns"]) for row in psql(
        database, """
        SELECT jsonb_build_object('schema', n.nspname, 'name', c.relname, 'columns',
            jsonb_agg(jsonb_build_array(a.attname, t.typname) ORDER BY a.attnum))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE n.nspname IN ('dora', 'devlake') AND c.relkind = 'v'
        GROUP BY n.nspname, c.relname ORDER BY 1""")]


def main():
    skipped = []
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Bazaar(sys.argv[1], top)
        world.sql("CREATE ROLE bi LOGIN IN ROLE dora_reader")
        views = all_views(world.database)
        expect("types of columns", sorted({kind for view in views for kind in view.kinds}
                                          - TYPES), [])
        right = [view.psql(world.database) for view in views]
        filled = {kind for view, rows in zip(views, right) for row in rows
                  for kind, value in zip(view.kinds, row) if value is not None}
        expect("every type has values", filled, TYPES)
        print(f"{len(views)} views, {sum(map(len, right))} rows, without rows: "
              f"{' '.join(view.name for view, rows in zip(views, right) if not rows) or 'none'}")
        for client in (sqlalchemy, odbc, jdbc):
            try:
                answers = list(client(world.database, views))
            except Missing as missing:
                skipped.append(f"{client.__name__}: not installed: {missing}")
                continue
            expect(client.__name__, [
                f"{view.schema}.{view.name}: {difference}"
                for view, one, other in zip(views, right, answers)
                if (difference := view.differs(one, other))] + [len(answers)], [len(views)])
    for line in skipped:
        print(f"SKIPPED {line}")
    if skipped:
        sys.exit(1 if os.environ.get("DORAD_NO_SKIPS") else 77)


main()
