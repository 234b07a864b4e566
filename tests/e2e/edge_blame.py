"""What failed, and who is to blame for it: edges of causes, mends and rollbacks. Imported by
edges.py."""
from edge_world import expect
from events import HOUR


def test_what_another_service_caused_is_not_ours(world):
    shas = {}
    for name in ("cause", "innocent"):
        world.product(name)
        for i, days in enumerate((31, 30, 29)):
            shas[name, i] = world.commit(name, world.ago(days))
            world.deploy(name, i, shas[name, i], world.ago(days, 10))
    change = world.commit("cause", world.ago(28))
    world.tell("change", id="91", name="Break it", sha=change, squash_sha=change,
               outcome="success", created=world.ago(28), merged=world.ago(28))
    world.deploy("cause", 3, change, world.ago(28, 10))
    for i, (day, services, cause) in enumerate((
            (30, "innocent", "deploy cause-1 did it"), (29, "innocent", shas["cause", 2]),
            (29, "innocent", "cause-9"), (29, "innocent,cause", "cause-1"))):
        world.tell("incident", id=f"other-{i}", services=f"{{{services}}}", cause=cause,
                   started=world.ago(day, 11), resolved=world.ago(day, 12))
    yield
    sql_links = ("SELECT service || ' ' || incident || ' ' || coalesce(rollout, '-') || ' ' || "
                 "coalesce(linked_by, '-') || ' ' || coalesce(evidence, '-') "
                 "FROM dora.service_incidents WHERE service IN ('cause', 'innocent') "
                 "ORDER BY incident, service")
    links = ["innocent other-0 - - cause-1",
             f"innocent other-1 - - {shas['cause', 2]}",
             "innocent other-2 deployment:innocent-2 window -",
             "cause other-3 deployment:cause-1 deployment cause-1",
             "innocent other-3 - - cause-1"]
    expect("another's: links", world.column(sql_links), links)
    # the other service gets to have it later
    world.deploy("cause", 9, change, world.ago(27, 10))
    yield
    links[2] = "innocent other-2 - - cause-9"
    expect("another's: told later", world.column(sql_links), links)


def test_a_title_that_names_the_mend_names_no_cause(world):
    name = world.product("mend")
    shas = [world.commit(name, world.ago(31 - i)) for i in range(4)]
    for i, sha in enumerate(shas):
        world.deploy(name, i, sha, world.ago(31 - i, 1))
    world.tell("incident", id="mend-1", services="{mend}", started=world.ago(29, 5),
               resolved=world.ago(28, 2), name=f"Down, fixed by {shas[3][:10]}")
    world.tell("incident", id="mend-2", services="{mend}", started=world.ago(29, 5),
               resolved=world.ago(28, 2), name=f"Down since {shas[1][:10]}")
    yield
    expect("mend: links", world.column(
        "SELECT rollout || ' ' || linked_by FROM dora.service_incidents "
        "WHERE service = 'mend' ORDER BY incident"),
        ["deployment:mend-2 window", "deployment:mend-1 revision"])


def test_mitigated_and_gone_on_since_is_open(world):
    name = world.product("goeson")
    world.deploy(name, 0, world.commit(name, world.ago(31)), world.ago(31, 1))
    world.deploy(name, 1, world.commit(name, world.ago(20)), world.ago(20, 1))
    times = {"started": world.ago(20, 2), "mitigated": world.ago(20, 3), "services": "{goeson}"}
    world.tell("incident", id="goeson-1", state="investigating", **times)
    world.tell("incident", id="goeson-2", state="Monitoring", **times)
    world.tell("incident", id="goeson-3", resolved=world.ago(10), **times)
    yield
    expect("goeson: restored", world.column(
        "SELECT coalesce(restore_seconds::int::text, 'open') FROM dora.service_incidents "
        "WHERE service = 'goeson' ORDER BY incident"), ["open", str(HOUR), str(HOUR)])
    expect("goeson: likewise as told", world.column(
        "SELECT coalesce(resolve_seconds::int::text, 'open') FROM dora.incidents "
        "WHERE incident LIKE 'goeson-%' ORDER BY incident"), ["open", str(HOUR), str(HOUR)])


def test_a_hotfix_after_a_rollback_repairs_what_was_broken(world):
    name = world.product("hot")
    shas = [world.commit(name, world.ago(days)) for days in (30, 29, 28)]
    for i, sha in enumerate(shas):
        world.deploy(name, i, sha, world.ago(30 - i, 1))
    world.deploy(name, 3, shas[1], world.ago(28, 2))
    mend = world.commit(name, world.ago(26))
    world.tell("change", id="92", name="Mend", labels="{hotfix}", sha=mend, squash_sha=mend,
               outcome="success", created=world.ago(26), merged=world.ago(26))
    world.deploy(name, 4, mend, world.ago(26, 1))
    yield
    expect("hot: states", world.column(
        "SELECT kind || ' ' || state || coalesce(' ' || recovery_seconds::int, '') "
        "FROM dora.rollouts WHERE service = 'hot' ORDER BY finished_at"),
        ["baseline ok", "normal ok", f"normal failed {HOUR}", "rollback ok", "hotfix ok"])
