#!/usr/bin/python3
"""bi.py DORAD

The views for BI tools say what dora.series says, metric for metric; dimensions follow the
configuration, also when a service changes its team and a team its organization. Wants
DORAD_TEST_PG (tests/with_postgres).
"""
import sys
import tempfile

from bi_world import Bazaar
from events import expect

# (column of the wide views, metric, column of dora.series)
WIDE = (
    ("deployments", "deployment_frequency", "n"),
    ("deployment_days", "deployment_frequency", "numerator"),
    ("lead_time_p50", "change_lead_time", "p50"),
    ("lead_time_p75", "change_lead_time", "p75"),
    ("lead_time_p90", "change_lead_time", "p90"),
    ("lead_time_n", "change_lead_time", "n"),
    ("change_fail_rate", "change_fail_rate", "value"),
    ("failed", "change_fail_rate", "numerator"),
    ("known", "change_fail_rate", "denominator"),
    ("pending", "change_fail_rate", "pending"),
    ("recovery_p50", "failed_deployment_recovery_time", "p50"),
    ("recovery_n", "failed_deployment_recovery_time", "n"),
    ("recovery_still_open", "failed_deployment_recovery_time", "still_open"),
    ("rework_rate", "deployment_rework_rate", "value"),
    ("mttr_mean", "time_to_restore", "mean"),
    ("mttr_p50", "time_to_restore", "p50"),
    ("mttr_n", "time_to_restore", "n"),
    ("mttr_still_open", "time_to_restore", "still_open"),
)
KEY = "org, team, service, environment, bucket_start, bucket_end, complete, fresh_until"


def wide(world, view, grain):
    for column, metric, origin in WIDE:
        mine = f"SELECT {KEY}, {column}::float8 AS v FROM dora.{view}"
        series = (f"SELECT {KEY}, {origin}::float8 AS v FROM dora.series WHERE grain = '{grain}'"
                  f" AND metric = '{metric}'")
        expect(f"{view}.{column}", world.sql(
            f"SELECT (SELECT count(*) FROM ({mine} EXCEPT ALL {series}) x) AS more,"
            f" (SELECT count(*) FROM ({series} EXCEPT ALL {mine}) x) AS less,"
            f" (SELECT count(v) > 0 FROM ({mine}) x) AS some"),
            [{"more": "0", "less": "0", "some": "t"}])


def dates(world):
    expect("dates", world.column(
        "SELECT concat_ws(' ', count(*), min(date), max(date), count(DISTINCT date))"
        " FROM dora.dates"), ["14976 2000-01-01 2040-12-31 14976"])
    for date, wanted in (
            ("2020-12-31", "2020 53 2020-12-28 2020 4 2020-10-01 12 2020-12-01 31 4 f"),
            ("2021-01-03", "2020 53 2020-12-28 2021 1 2021-01-01 1 2021-01-01 3 7 t"),
            ("2024-12-30", "2025 1 2024-12-30 2024 4 2024-10-01 12 2024-12-01 30 1 f")):
        expect(date, world.column(
            "SELECT concat_ws(' ', iso_year, iso_week, week_start, year, quarter, quarter_start,"
            " month, month_start, day_of_month, weekday, weekend) FROM dora.dates"
            f" WHERE date = '{date}'"), [wanted])
    expect("every week of the series is one", world.column(
        "SELECT count(*) FROM dora.weekly w JOIN dora.orgs o USING (org) LEFT JOIN dora.dates d"
        " ON d.date = (w.bucket_start AT TIME ZONE o.time_zone)::date"
        " WHERE d.date IS DISTINCT FROM d.week_start"), ["0"])


def dimensions(world):
    expect("dimensions", world.column(
        "SELECT concat_ws(' ', 'service', service, team, org, time_zone, active)"
        " FROM dora.services UNION ALL"
        " SELECT concat_ws(' ', 'team', team, org, time_zone, active) FROM dora.teams UNION ALL"
        " SELECT concat_ws(' ', 'org', org, time_zone, active) FROM dora.orgs UNION ALL"
        " SELECT concat_ws(' ', 'history', service, team, org, coalesce(valid_from::text, '-'),"
        " coalesce(valid_to::text, '-')) FROM dora.team_history ORDER BY 1"),
        ["history shop team org - -", "org org UTC t", "service shop team org UTC t",
         "team team org UTC t"])
    world.config["orgs"].append({"name": "other", "time_zone": "Asia/Kathmandu"})
    world.config["teams"] = [{"name": "team", "org": "other"}, {"name": "blue", "org": "org"}]
    world.config["services"][0].update(team="blue", owners=[
        {"team": "team", "until": "2026-01-01"}])
    world.run()
    expect("a service and a team that moved", world.column(
        "SELECT concat_ws(' ', 'service', service, team, org) FROM dora.services UNION ALL"
        " SELECT concat_ws(' ', 'team', team, org, time_zone) FROM dora.teams UNION ALL"
        " SELECT concat_ws(' ', 'history', service, team, org, valid_from IS NULL,"
        " valid_to IS NULL) FROM dora.team_history ORDER BY 1"),
        ["history shop blue org f t", "history shop team other t f", "service shop blue org",
         "team blue org UTC", "team team other Asia/Kathmandu"])
    expect("and where their numbers are", world.column(
        "SELECT DISTINCT concat_ws(' ', org, team, service) FROM dora.series"
        " WHERE service IS NOT NULL"), ["org blue shop"])
    expect("readers may", world.column(
        "SET ROLE dora_reader; SELECT (SELECT count(*) FROM dora.weekly) > 0"
        " AND (SELECT count(*) FROM dora.monthly) > 0 AND (SELECT count(*) FROM dora.services)"
        " = 1 AND (SELECT count(*) FROM dora.placement) > 0"), ["t"])


def main():
    with tempfile.TemporaryDirectory(prefix="dorad-e2e-") as top:
        world = Bazaar(sys.argv[1], top)
        wide(world, "weekly", "week")
        wide(world, "monthly", "month")
        dates(world)
        dimensions(world)


main()
