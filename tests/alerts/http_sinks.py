#!/usr/bin/python3
"""Every notifier that speaks HTTP, to sinks that fail, hang up, say nothing and come back.

usage: http_sinks.py NOTIFY_PLAYER"""
import hashlib
import hmac
import json
import sys
import tempfile
import threading

from notify_rig import LINK, Player, Sink, check, free_port, same

KEY = "canary-key-0123456789abcdef"
KINDS = ("alertmanager", "webhook", "slack", "teams", "pagerduty")


def keys_of(player, kind, url):
    """The settings of a channel at a url."""
    if kind in ("slack", "teams"):
        return {"url_file": player.secret(f"{kind}-url", f"{url}/{KEY}")}
    if kind == "pagerduty":
        return {"url": url, "routing_key": player.secret("key", KEY)}
    return {"url": url, "token": player.secret("key", KEY), "secret": player.secret("key", KEY)}


def path_of(kind):
    return {"alertmanager": f"/{kind}/api/v2/alerts", "slack": f"/{kind}/{KEY}",
            "teams": f"/{kind}/{KEY}"}.get(kind, f"/{kind}")


def each_kind(player, sink, kind):
    keys = keys_of(player, kind, f"{sink.url}/{kind}") | {"link": LINK, "now": 1774700000}
    path, host = path_of(kind), sink.url.removeprefix("http://")
    for status, said in ((503, f"RETRY {host}: status 503: ok"),
                         (429, f"RETRY {host}: status 429: ok"),
                         (None, f"RETRY {host}: closed without an answer"),
                         (403, f"DENIED {host}: status 403: ok"),
                         (400, f"DATA {host}: status 400: ok"), (202, "ok")):
        sink.status[path] = status
        same(player.send(kind, "two fired", **keys), said, f"{kind}: answer {status}")
    bodies = sink.at(path)
    same(len(bodies), 6, f"{kind}: a request each")
    check(all(body == bodies[0] for body in bodies), f"{kind}: the same body each time")


def signature(sink):
    """As a receiver would check it."""
    _, headers, body = next(r for r in sink.requests if r[0] == "/webhook")
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    signed = hmac.new(KEY.encode(), f"{headers['X-Dorad-Timestamp']}.{text}".encode(),
                      hashlib.sha256).hexdigest()
    same(headers["X-Dorad-Signature"], f"sha256={signed}", "webhook: signed")
    same(headers["X-Dorad-Delivery"], "dorad-1a2b3c4d-12-345", "webhook: delivery")


def comes_back(player):
    """A receiver that is not there, and then is."""
    port = free_port()
    for kind in KINDS:
        keys = keys_of(player, kind, f"http://127.0.0.1:{port}/{kind}")
        same(player.send(kind, "lead time fired", **keys),
             f"RETRY 127.0.0.1:{port}: no connection: Connection refused", f"{kind}: away")
    sink = Sink(port)
    for kind in KINDS:
        keys = keys_of(player, kind, f"http://127.0.0.1:{port}/{kind}")
        same(player.send(kind, "lead time fired", **keys), "ok", f"{kind}: back")
        same(len(sink.at(path_of(kind))), 1, f"{kind}: told once")
    sink.close()


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-notify-") as folder:
        player, sink, said = Player(sys.argv[1], folder), Sink(), []
        sink.status["/stalled"] = "stall"
        stalled = threading.Thread(
            target=lambda: said.append(player.send("webhook", "lead time fired",
                                                   url=f"{sink.url}/stalled")))
        stalled.start()
        for kind in KINDS:
            each_kind(player, sink, kind)
        signature(sink)
        comes_back(player)
        stalled.join()
        same(said, [f"RETRY {sink.url.removeprefix('http://')}: no whole answer in time"],
             "webhook: a receiver that says nothing")
        sink.close()


if __name__ == "__main__":
    main()
