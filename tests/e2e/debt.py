#!/usr/bin/python3
"""debt.py DORAD

Technical debt from the issues of a GitHub on this machine and from a query on another database:
what the views have is what both say, also when issues are closed, opened again and relabelled,
and when the configuration looks at them in another way. Wants DORAD_TEST_PG
(tests/with_postgres).
"""
import os
import sys
import tempfile
import time

from events import World, expect
from hub import Hub, stamp
from rig import CONNINFO, fresh_database, sql

PROJECT = "acme/shop"
TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
DAY = 86400
QUERY = """
SELECT id, title AS name, array[kind] AS labels, array[owner] AS services, opened AS created,
       closed, coalesce(closed, opened) AS updated
FROM wish WHERE $1::timestamptz IS NOT NULL -- debt is read whole
"""


class Issues(Hub):
    """A hub that has issues, and tells those with all the labels that are asked for."""

    def __init__(self, project, token):
        super().__init__(project, token)
        self.issues = {}

    def issue(self, number, title, labels, created, **more):
        self.issues[number] = {
            "number": number, "title": title, "state": "open", "state_reason": None,
            "labels": [{"name": name} for name in labels], "created_at": stamp(created),
            "updated_at": stamp(created), "closed_at": None,
            "user": {"login": "somebody", "id": 7},
            "html_url": f"https://hub.test/{self.project}/issues/{number}", **more}

    def change(self, number, at, **what):
        if "labels" in what:
            what["labels"] = [{"name": name} for name in what["labels"]]
        self.issues[number].update(what, updated_at=stamp(at))

    def route(self, path, query):
        base = f"/repos/{self.project}/issues"
        if path == base:
            wanted = set(query["labels"].split(","))
            return sorted((issue for issue in self.issues.values()
                           if issue["updated_at"] >= query["since"]
                           and wanted <= {label["name"] for label in issue["labels"]}),
                          key=lambda issue: issue["updated_at"])
        if path.startswith(base + "/"):
            return self.issues.get(int(path.rsplit("/", 1)[1]))
        return super().route(path, query)


class Debts(World):
    def __init__(self, dorad, top):
        super().__init__(dorad, top, "debts")
        self.now = int(time.time()) // DAY * DAY
        self.hub = Issues(PROJECT, TOKEN)
        os.environ["HUB_TOKEN"] = TOKEN
        repo = self.repository("shop", self.now - 30 * DAY)
        repo.commit()
        repo.tag("v1")
        self.service("shop", [{"from": "tags"},
                              {"from": "jobs", "source": "hub", "jobs": ["deploy"]}],
                     {"repository": "shop"})
        self.service("pay", [{"from": "tags"}], {"repository": "shop"})
        self.config["sources"]["github"] = [
            {"name": "hub", "url": self.hub.url, "projects": [PROJECT],
             "token": {"env": "HUB_TOKEN"}, "debt_labels": ["tech-debt"], "history": "7d"}]
        tool = fresh_database("wishes")
        sql(tool, "CREATE TABLE wish (id text, title text, kind text, owner text,"
                  " opened timestamptz, closed timestamptz);"
                  "INSERT INTO wish VALUES ('W1', 'Split it', 'scale', 'pay',"
                  " '2024-02-01Z', NULL), ('W2', 'Old', 'safety', 'nobody',"
                  " '2024-02-01Z', '2024-03-01Z')")
        self.config["sources"]["sql"] = [
            {"name": "wishes", "uri": f"{CONNINFO} dbname={tool}", "kind": "debt",
             "query": QUERY}]
        self.config["debt"] = {"classes": [{"class": "safety", "labels": ["safety"]}]}

    def items(self):
        return self.column(
            "SELECT concat_ws(' ', source, issue, coalesce(service, '-'), class, title,"
            " to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), CASE WHEN closed_at IS NULL"
            " THEN 'open' WHEN dropped THEN 'dropped' ELSE 'closed' END,"
            " CASE WHEN withdrawn THEN 'withdrawn' END)"
            " FROM dora.debt_items ORDER BY source, issue, service")


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Debts(sys.argv[1], top)
        hub, now = world.hub, world.now
        years = 1_650_000_000  # 2022-04-15: long before the history that is read
        hub.issue(1, "Tokens", ["tech-debt", "safety"], years)
        hub.issue(2, "Slow", ["tech-debt"], now - 9 * DAY)
        hub.issue(3, "A wish", ["feature"], now - 9 * DAY)
        hub.issue(4, "A change", ["tech-debt"], now - 9 * DAY, pull_request={"url": "x"})
        world.run()
        slow = time.strftime("%Y-%m-%d", time.gmtime(now - 9 * DAY))
        wishes = ["wishes W1 pay other Split it 2024-02-01 open",
                  "wishes W2 - safety Old 2024-02-01 closed"]
        expect("both sources", world.items(), [
            "hub 1 shop safety Tokens 2022-04-15 open",
            f"hub 2 shop other Slow {slow} open", *wishes])
        expect("nobody is stored", world.column(
            "SELECT count(*) FROM dorad.item i WHERE i::text LIKE '%somebody%'"), ["0"])

        world.run()  # asks for what is new, no more from the beginning
        hub.forget()
        before = world.column("SELECT xmin || ' ' || ctid FROM dorad.item ORDER BY 1")
        world.run()
        expect("idle: requests that were not answered 304", len(hub.asked) - hub.n_304, 0)
        expect("idle: no row is touched", world.column(
            "SELECT xmin || ' ' || ctid FROM dorad.item ORDER BY 1"), before)

        hub.change(1, now - 2 * DAY, state="closed", state_reason="completed",
                   closed_at=stamp(now - 2 * DAY))
        hub.change(2, now - 2 * DAY, state="closed", state_reason="not_planned",
                   closed_at=stamp(now - 2 * DAY))
        world.run()
        expect("closed", world.items()[:2], ["hub 1 shop safety Tokens 2022-04-15 closed",
                                             f"hub 2 shop other Slow {slow} dropped"])
        hub.change(1, now - DAY, state="open", state_reason="reopened", labels=["tech-debt"])
        world.run()
        expect("opened again, with another label", world.items()[:1],
               ["hub 1 shop other Tokens 2022-04-15 open"])

        # the list lacks it: the issue itself tells, when it is read whole again
        hub.change(2, now, labels=["safety"])
        world.run()
        expect("a label taken off is not seen yet", world.items()[1],
               f"hub 2 shop other Slow {slow} dropped")
        world.sql("UPDATE dorad.feed SET swept_deep = swept_deep - interval '8 days'"
                  " WHERE feed = 'debt'")
        world.run()
        expect("a label taken off", world.items()[1],
               f"hub 2 shop safety Slow {slow} dropped withdrawn")
        expect("and counts nowhere", world.column(
            "SELECT DISTINCT class FROM dora.debt_portfolio WHERE service = 'shop'"
            " AND class IS NOT NULL"), ["other"])

        # another configuration asks nothing anew
        world.run()
        hub.forget()
        world.config["debt"] = {
            "classes": [{"class": "growth", "labels": ["scal*"]}],
            "services": [{"service": "pay", "source": "hub", "labels": ["tech-*"]}]}
        world.run()
        expect("in another way", world.items(), [
            "hub 1 pay other Tokens 2022-04-15 open",
            f"hub 2 shop other Slow {slow} dropped withdrawn",
            "wishes W1 pay growth Split it 2024-02-01 open",
            "wishes W2 - other Old 2024-02-01 closed"])
        expect("in another way: requests that were not answered 304",
               len(hub.asked) - hub.n_304, 0)


main()
