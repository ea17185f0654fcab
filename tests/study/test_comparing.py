"""Verdicts of a comparison: cheaper, dearer, level, not comparable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fleetplan.errors import Refusal
from fleetplan.planning.plan import Plan, Unserved
from fleetplan.planning.problem import Pay, Problem
from fleetplan.study.comparing import best_fleet, differences, is_comparable
from fleetplan.study.measuring import seed_figures


def figures(total: float, *, spread: float = 0.0) -> dict[str, Any]:
    """A fleet's figures, as far as verdicts need them."""
    zero = dict.fromkeys(
        ("drive_m", "walk_m", "drive_s", "park_s", "walk_s", "span_s", "paid_s", "routes", "trips", "co2e_kg"), 0
    )
    return {
        **zero,
        "cost": {"total": total},
        "parcels": {"unserved": 0},
        "seeds": {"spread": spread},
    }


def plan(*left: str) -> Plan:
    """A plan that leaves the named stops."""
    unserved = tuple(Unserved(stop, Refusal("beyond_walk", "too far")) for stop in left)
    return Plan((), unserved, 0.0, len(left), "effort", (1, 1))


def test_a_difference_inside_the_spread_is_level() -> None:
    """Protects against ranking noise: 3 € apart with a spread of 4 € is level, 5 € apart is cheaper."""
    near = differences({"van": figures(100, spread=4), "kei": figures(97)}, baseline="van", comparable=True)
    far = differences({"van": figures(100, spread=4), "kei": figures(95)}, baseline="van", comparable=True)
    assert (near["kei"]["verdict"], far["kei"]["verdict"]) == ("level", "cheaper")
    assert far["kei"]["cost_share"] == -0.05


def test_a_dearer_fleet_is_called_so() -> None:
    """Protects the sign of a difference."""
    rows = differences({"van": figures(100), "kei": figures(101)}, baseline="van", comparable=True)
    assert (rows["kei"]["verdict"], rows["kei"]["cost_total"]) == ("dearer", 1)


def test_fleets_that_leave_different_stops_are_not_ranked() -> None:
    """Protects fairness: serving less is not cheaper, unless an unserved parcel has a price."""
    plans = {"kei": plan(), "van": plan("a")}
    assert not is_comparable(plans, priced=False)
    assert is_comparable(plans, priced=True)
    assert is_comparable({"kei": plan("a"), "van": plan("a")}, priced=False)
    rows = differences({"van": figures(1), "kei": figures(2)}, baseline="van", comparable=False)
    assert rows["kei"]["verdict"] == "not comparable"


def test_the_spread_counts_equally_good_seeds_only() -> None:
    """Protects the noise figure: a seed that served fewer parcels is cheaper for that reason, not by noise."""
    seeds = [Plan((), (), cost, left, "effort", (1, 1)) for cost, left in ((90, 0), (92, 0), (70, 2))]
    day = Problem((), (), (0, 3600), 0, Pay(1.0, 0, 3600, 1.25), 100.0)
    assert seed_figures(day, seeds)["spread"] == 2
    assert seed_figures(replace(day, unserved_price_per_parcel=5.0), seeds)["spread"] == 22


def test_the_best_of_equals_is_the_first_by_name() -> None:
    """Protects repeatability of the verdict on ties."""
    assert best_fleet({"b": figures(5), "a": figures(5)}) == "a"


def test_hours_that_nobody_states_are_the_cost_packs() -> None:
    """Protects own cost packs: their overtime limit and paid minimum count, unless the shift states its own."""
    from fleetplan.fleet.pricing import cost_pack
    from fleetplan.study.inputs import shift_of

    pack = cost_pack("demo")
    pack = replace(pack, figures={**pack.figures, "paid_min_h": replace(pack.figures["paid_min_h"], value=8.0)})
    shift = shift_of(0, 36_000, pack, max_h=7.0, paid_min_h=None)
    assert (shift.max_h, shift.paid_min_h) == (7.0, 8.0)
