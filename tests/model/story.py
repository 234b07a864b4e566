"""The orders that play a world (player.c) in some order of arrival."""

import random

US = 10**6
DAY = 24 * 3600 * US

BOMBS = ["series", "rolling", "rollout", "shipped", "rollout_state", "failure",
         "service_incident", "shipped_change", "commit_change", "dirty", "scope"]


def latest(made, fact):
    """When the world knew it."""
    if fact[0] == "commits":
        commits = made.world["repos"][fact[1]]
        return max(commits[s]["committed"] for s in fact[2])
    what = fact[-1]
    times = [v for k, v in what.items() if k in (
        "started", "finished", "created", "detected", "mitigated", "resolved", "merged",
        "reviewed") and v is not None]
    return max(times, default=made.begin)


def order_of(made, fact, now):
    """What tells the player a fact."""
    kind = fact[0]
    if kind == "commits":
        commits = made.world["repos"][fact[1]]
        rows = [[s, commits[s]["parents"], commits[s]["authored"], commits[s]["committed"],
                 commits[s]["author"]] for s in fact[2]]
        touched = {s["name"]: [sha for sha in fact[2] if s["name"] in commits[sha]["touches"]]
                   for s in made.world["services"]
                   if s["repos"].get(fact[1], {}).get("paths")}
        return {"do": "commits", "repo": fact[1], "rows": rows, "touched": touched,
                "notes": [n for s in fact[2] for n in made.notes(s, commits[s])]}
    if kind == "deployment":
        d = fact[1]
        return {"do": "deployments", "service": d["service"], "source": d["source"],
                "rows": [{**d, "seen": now}]}
    if kind == "gone":
        item = fact[2]
        return {"do": "gone", "kind": fact[1], "source": item["source"],
                "project": item["project"], "ids": [item["id"]], "now": now}
    item = {k: v for k, v in fact[1].items() if k != "source" and v is not None}
    return {"do": "items", "kind": kind, "source": fact[1]["source"], "now": now,
            "rows": [item]}


def merge(orders, order):
    """Facts that come one after another may come together, each once."""
    last = orders[-1]
    same = all(last.get(k) == order.get(k) for k in ("do", "service", "source", "kind", "now"))
    if not same or order["do"] not in ("deployments", "items"):
        return False
    keys = [(r.get("project"), r["id"], r.get("attempt")) for r in last["rows"]]
    row = order["rows"][0]
    if (row.get("project"), row["id"], row.get("attempt")) in keys:
        return False
    last["rows"].append(row)
    return True


def story(made, seed):
    """The world in an order of arrival: orders for the player, the last evaluation in it.
    Seed 0: everything at once. In some the configuration was another before."""
    rand = random.Random(seed)
    histories = [list(h) for h in made.histories]
    changed = seed and rand.random() < 0.3
    orders = [{"do": "world", "yaml": made.yaml(made.earlier(rand) if changed else None)}]
    chronological = seed and rand.random() < 0.5
    now = made.now
    if chronological:
        now = made.begin
    elif seed:
        now -= rand.choice([0, 1, DAY, 2 * DAY])
    # some two evaluations on the way: the last one costs like each of them
    often = 2 / sum(len(h) for h in histories)
    while histories:
        if seed == 0:
            history = histories[0]
        elif chronological and rand.random() < 0.9:
            history = min(histories, key=lambda h: latest(made, h[0]))
        else:
            history = rand.choice(histories)
        fact = history.pop(0)
        histories = [h for h in histories if h]
        if chronological:
            now = max(now, min(made.now, latest(made, fact)))
        order = order_of(made, fact, now)
        if not merge(orders, order):
            orders.append(order)
        if seed and rand.random() < often:
            orders.append({"do": "evaluate", "now": now})
            if rand.random() < 0.3:
                orders[-1]["bomb"] = rand.choice(BOMBS)
        if seed and rand.random() < often / 2:
            orders.append({"do": "restart"})
        if changed and rand.random() < often / 2:
            changed = False
            orders.append({"do": "config", "yaml": made.yaml()})
    if changed:
        orders += [{"do": "evaluate", "now": now}, {"do": "config", "yaml": made.yaml()}]
    return orders + [{"do": "fresh", "now": made.now}, {"do": "evaluate", "now": made.now}]
