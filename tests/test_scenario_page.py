"""The page about scenario files is what people copy from: each of its blocks is read, and says what its text says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fleetplan.demand.files import read_stops
from fleetplan.errors import InputError
from fleetplan.fleet.catalogue import read_vehicles
from fleetplan.planning.problem import Rest
from fleetplan.resources import data_path
from fleetplan.scenario import parse_scenario
from fleetplan.study.building import battery_of, build_problem, gather_materials
from fleetplan.study.inputs import check_input
from fleetplan.study.rests import rest_plan
from fleetplan.study.scenarios import study_of_scenario

PAGE = (Path(__file__).resolve().parent.parent / "examples" / "scenario.md").read_text(encoding="utf-8")
H = 3600


def blocks(kind: str) -> list[str]:
    """The page's blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


SCENARIOS = [text for text in blocks("toml") if text.startswith("schema")]


def switched_on(text: str) -> dict[str, str]:
    """The scenario with each of its keys that stand behind a # switched on, by key; one_of keys are left out."""
    lines, found = text.splitlines(), {}
    for number, line in enumerate(lines):
        key = re.match(r"# (\w+) = ", line)
        if key is None or key[1] in ("place", "bbox"):
            continue
        table = max((row for row in range(number) if re.match(r"#? ?\[", lines[row])), default=0)
        rows = range(table, number + 1) if lines[table].startswith("# [") else [number]
        on = [row[2:] if place in rows else row for place, row in enumerate(lines)]
        found[key[1]] = "\n".join(on)
    return found


def test_scenarios_are_sound_with_every_key_switched_on() -> None:
    """Keys that the page shows behind a # are keys all the same: each is accepted."""
    first, second = SCENARIOS
    for text in SCENARIOS:
        parse_scenario(tomllib.loads(text), where="page")
    keys = switched_on(first)
    assert set(keys) == {
        "max_seconds", "bound", "currency", "baseline", "unserved_price_per_parcel", "country", "docks", "file",
    }  # fmt: skip
    for text in keys.values():
        parse_scenario(tomllib.loads(text), where="page")
    parse_scenario(tomllib.loads(switched_on(second)["rest_min"]), where="page")


def test_the_page_with_its_stops_reaches_the_problem(tmp_path: Path) -> None:
    """The second scenario with the second stops block: rests by the clock, docks, limits, windows, collections."""
    (tmp_path / "stops.csv").write_text(blocks("csv")[1], encoding="utf-8")
    (tmp_path / "scenario.toml").write_text(SCENARIOS[1], encoding="utf-8")
    study = study_of_scenario(tmp_path / "scenario.toml")
    check_input(study)
    day = build_problem(study, gather_materials(study), "kei")
    shift = (8 * H, 18 * H)
    assert day.rests == (
        Rest(1800, shift, 6 * H), Rest(900, shift, 9 * H), Rest(900, (9 * H + 1800, 10 * H + 1800), 3 * H, True),
    )  # fmt: skip
    assert day.docks == 2
    electric, petrol = day.types
    assert electric.battery is not None and petrol.battery is None
    assert (petrol.shift_s, petrol.max_span_s, petrol.max_stops) == ((8 * H, 13 * H), 16_200, 60)
    shop, bank, returns, baker = day.tasks
    assert shop.windows_s == ((9 * H, 10 * H + 1800), (15 * H, 17 * H))
    assert shop.late is not None and (shop.late.until_s, shop.late.price_per_h) == (17 * H + 1800, 24.0)
    assert (bank.priority, returns.parcels, returns.collect_parcels, baker.ready_s) == (9, 0, 3, 10 * H)
    van = build_problem(study, gather_materials(study), "van").types[0]
    assert [refusal and refusal.code for refusal in van.refusals] == [
        None, "forbidden_vehicle", None, "other_vehicle_required",
    ]  # fmt: skip


def test_the_first_stops_block_is_read(tmp_path: Path) -> None:
    """The short stops file of the page."""
    (tmp_path / "stops.csv").write_text(blocks("csv")[0], encoding="utf-8")
    assert [stop.id for stop in read_stops(tmp_path / "stops.csv")] == ["k1", "k2"]


def test_the_pages_vehicle_has_its_battery(tmp_path: Path) -> None:
    """20 kWh of which a fifth is kept, 6 kW, 20 minutes."""
    (text,) = [text for text in blocks("toml") if not text.startswith("schema")]
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    battery = battery_of(read_vehicles(tmp_path / "own.toml")["kei-van-swap"])
    assert battery is not None
    assert (battery.capacity_wh, battery.reserve_wh, battery.wh_per_km) == (20_000, 4_000, 130)
    assert (battery.charge_w, battery.stand_s) == (6_000, 1_200)


def test_every_rule_set_is_on_the_page() -> None:
    """No rule set is a secret, and those named there exist."""
    with data_path("rests.toml").open("rb") as file:
        names = list(tomllib.load(file))
    assert all(f"`{name}`" in PAGE for name in names)
    for name in names:
        assert rest_plan(shift_s=(0, H), names=[name], rests=(), driving_rule=None).rules


def test_unknown_rules_and_absent_vehicles_are_told_together(tmp_path: Path) -> None:
    """A rule set that does not exist is told with the other faults of the scenario, in the scenario's name."""
    (tmp_path / "stops.csv").write_text(blocks("csv")[1], encoding="utf-8")
    text = SCENARIOS[1].replace('rest_rules = "DE"', 'rest_rules = "ED"').replace('"full-size-van"', '"fullsize-van"')
    (tmp_path / "scenario.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        study_of_scenario(tmp_path / "scenario.toml")
    assert [(fault.where, fault.field) for fault in caught.value.faults] == [
        ("scenario.toml", "rest_rules"), ("scenario.toml", "fleets.van.0.type"),
    ]  # fmt: skip
