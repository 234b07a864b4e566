#!/usr/bin/python3
"""Alerts to a real Alertmanager of its own on loopback: taken, grouped, told again, resolved. It
is asked to tell Slack and PagerDuty, which are a sink here; what it posts there is compared with
what our own notifiers post of the same alerts.

usage: alertmanager.py NOTIFY_PLAYER"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request

from notify_rig import LINK, Player, Sink, check, free_port, same, wait_for

PROGRAM = "/usr/bin/prometheus-alertmanager"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"

CONFIG = """
route:
  receiver: all
  group_by: [group]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: all
    slack_configs:
      - api_url: {sink}/slack
        channel: '#alerts'
        send_resolved: true
        title: '{{{{ .CommonAnnotations.summary }}}}'
        title_link: '{{{{ (index .Alerts 0).GeneratorURL }}}}'
        text: '{{{{ range .Alerts }}}}{{{{ .Annotations.description }}}}{{{{ end }}}}'
    pagerduty_configs:
      - url: {sink}/pagerduty
        routing_key: {key}
        send_resolved: true
        severity: '{{{{ .CommonLabels.severity }}}}'
        class: '{{{{ .CommonLabels.metric }}}}'
        component: '{{{{ .CommonLabels.team }}}}'
        group: '{{{{ .CommonLabels.team }}}}'
        links:
          - href: '{{{{ (index .Alerts 0).GeneratorURL }}}}'
            text: more
"""


class Alertmanager:
    def __init__(self, folder, sink):
        with open(f"{folder}/alertmanager.yml", "w") as file:
            file.write(CONFIG.format(sink=sink.url, key=ROUTING_KEY))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(f"{folder}/log", "w+")
        self.process = subprocess.Popen(
            (PROGRAM, f"--config.file={folder}/alertmanager.yml",
             f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
             "--cluster.listen-address="),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        wait_for("Alertmanager", self.ready)

    def ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            sys.exit(f"failed: Alertmanager ended at once: {self.log.read()}")
        try:
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/v2{path}", timeout=10) as answer:
            return json.load(answer)

    def alerts(self, group):
        """Those that it holds to fire, by metric."""
        return {alert["labels"]["metric"]: alert for alert in self.get("/alerts")
                if alert["labels"]["group"] == f"dorad-1a2b3c4d-{group}"}

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        self.log.close()


# ---- what it makes of our alerts ----

def is_taken_and_grouped(player, manager, sink):
    keys = {"url": manager.url + "/", "link": LINK, "group": 71}
    same(player.send("alertmanager", "two fired", **keys), "ok", "two alerts: taken")
    alerts = wait_for("two alerts", lambda: manager.alerts(71))
    same(sorted(alerts), ["change_fail_rate", "change_lead_time"], "two alerts: there")
    lead = alerts["change_lead_time"]
    same(lead["status"]["state"] in ("active", "unprocessed"), True, "an alert: active")
    same(lead["startsAt"], "2026-03-27T23:00:00.000Z", "an alert: since it fired")
    same(lead["generatorURL"], "https://bi.example.org/?team=payments&metric=change_lead_time",
         "an alert: link")
    groups = [group for group in manager.get("/alerts/groups")
              if group["labels"] == {"group": "dorad-1a2b3c4d-71"}]
    same([len(group["alerts"]) for group in groups], [2], "one group of two")
    told = wait_for("Slack is told", lambda: sink.at("/slack"))
    same(len(told), 1, "one message of two alerts")

    same(player.run("remind", "alertmanager", "two fired", **keys), "ok", "told again")
    again = wait_for("the later end", lambda: (
        found if (found := manager.alerts(71))["change_lead_time"]["endsAt"] > lead["endsAt"]
        else None))
    same(again["change_lead_time"]["fingerprint"], lead["fingerprint"],
         "told again: the same alert")
    same(again["change_lead_time"]["startsAt"], lead["startsAt"], "told again: the same start")

    same(player.send("alertmanager", "one of two resolved", **keys), "ok", "one ends: taken")
    wait_for("one is left", lambda: list(manager.alerts(71)) == ["change_fail_rate"])
    wait_for("Slack hears that it ended", lambda: len(sink.at("/slack")) == 2)
    told = sink.at("/slack")
    same([message["attachments"][0]["color"] for message in told], ["danger", "danger"],
         "one of two still fires")


def takes_every_kind(player, manager):
    for number, sample in enumerate(("restore fired", "frequency fired", "guardrail fired",
                                     "source stale", "source denied", "nasty names",
                                     "twenty-five fired", "lead time accepted",
                                     "lead time withdrawn", "lead time acknowledged"), 200):
        same(player.send("alertmanager", sample, url=manager.url, link=LINK, group=number), "ok",
             f"{sample}: taken")
    nasty = manager.alerts(205)["change_lead_time"]["labels"]["team"]
    check("<a&b> \"ü\"" in nasty, "names arrive as they are")
    same(manager.alerts(207), {}, "accepted: ended")


def tells_what_is_wrong(player, manager):
    host = manager.url.removeprefix("http://")
    said = player.send("alertmanager", "lead time fired", url=f"{manager.url}/nowhere")
    check(said.startswith(f"CONFIG {host}: status 404"), f"a wrong url: {said}")


# ---- whom it tells, and whom we tell ----

def shape(value):
    """What kinds of things are where."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value[:1]]
    return type(value).__name__


def check_covers(theirs, ours, where, left_out):
    """Whatever they say we say too, in the same place and form, but for what is left out."""
    for key, value in theirs.items():
        place = f"{where}/{key}"
        if place in left_out:
            continue
        check(key in ours, f"{place} is there")
        if isinstance(value, dict):
            check_covers(value, ours[key], place, left_out)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            check_covers(value[0], ours[key][0], f"{place}/0", left_out)
        else:
            same(shape(ours[key]), shape(value), f"{place}: the same type")


# Where it says nothing with an empty text, or speaks of itself.
SLACK_LEFT_OUT = {"/channel", "/username", "/attachments/0/callback_id", "/attachments/0/footer"}
PAGERDUTY_LEFT_OUT = set()


def pair(player, manager, sink, group, sample):
    """What it and we post of a message: two of Slack, two of PagerDuty."""
    before = len(sink.at("/slack")), len(sink.at("/pagerduty"))
    url, key = player.secret("slack", f"{sink.url}/ours"), player.secret("pd", ROUTING_KEY)
    keys = {"link": LINK, "group": group}
    same(player.send("alertmanager", sample, url=manager.url, **keys), "ok", f"{sample}: taken")
    wait_for("Slack", lambda: len(sink.at("/slack")) > before[0])
    wait_for("PagerDuty", lambda: len(sink.at("/pagerduty")) > before[1])
    same(player.send("slack", sample, url_file=url, **keys), "ok", f"{sample}: Slack by us")
    same(player.send("pagerduty", sample, url=f"{sink.url}/ours-pd", routing_key=key, **keys),
         "ok", f"{sample}: PagerDuty by us")
    return (sink.at("/slack")[-1], sink.at("/ours")[-1], sink.at("/pagerduty")[-1],
            sink.at("/ours-pd")[-1])


def compare_slack(theirs, ours, what):
    check_covers(theirs, ours, "", SLACK_LEFT_OUT)
    theirs, ours = theirs["attachments"][0], ours["attachments"][0]
    for key in ("color", "mrkdwn_in", "title", "title_link"):
        same(ours[key], theirs[key], f"{what}: {key}")
    check(ours["text"].startswith(theirs["text"].strip()), f"{what}: the same text, and a link")


def compare_pagerduty(theirs, ours, what):
    check_covers(theirs, ours, "", PAGERDUTY_LEFT_OUT)
    for key in ("routing_key", "event_action"):
        same(ours[key], theirs[key], f"{what}: {key}")
    for key in ("severity", "class", "component", "group"):
        same(ours["payload"][key], theirs["payload"][key], f"{what}: {key}")
    for key in ("num_firing", "num_resolved"):
        same(ours["payload"]["custom_details"][key], theirs["payload"]["custom_details"][key],
             f"{what}: {key}")
    same(ours["links"][0]["href"], theirs["links"][0]["href"], f"{what}: link")
    check(len(ours["payload"]["summary"]) <= 1024, f"{what}: the summary is short enough")


def says_what_it_says(player, manager, sink):
    dedup = {}
    for group, fired, ended in ((81, "lead time fired", "lead time resolved"),
                                (82, "guardrail fired", "guardrail resolved")):
        for sample in (fired, ended):
            slack, our_slack, duty, our_duty = pair(player, manager, sink, group, sample)
            compare_slack(slack, our_slack, f"{sample}: Slack")
            compare_pagerduty(duty, our_duty, f"{sample}: PagerDuty")
            dedup.setdefault(group, set()).add((duty["dedup_key"], our_duty["dedup_key"]))
    same([len(keys) for keys in dedup.values()], [1, 1], "a dedup key lasts as long as a group")
    check(len({ours for keys in dedup.values() for _, ours in keys}) == 2, "each has its own")


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-am-") as folder:
        player, sink = Player(sys.argv[1], folder), Sink()
        manager = Alertmanager(folder, sink)
        try:
            is_taken_and_grouped(player, manager, sink)
            tells_what_is_wrong(player, manager)
            says_what_it_says(player, manager, sink)
            takes_every_kind(player, manager)
        finally:
            manager.close()
            sink.close()


if __name__ == "__main__":
    main()
