"""Fleet against fleet: the comparison document, its differences, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fleetplan.city.classes import WidthSource
from fleetplan.city.packs import width_pack
from fleetplan.figures import Figure, bundled_figures
from fleetplan.planning.plan import Plan
from fleetplan.routing.depot import DepotPlace
from fleetplan.routing.driving import door_walk_m
from fleetplan.study.building import Materials
from fleetplan.study.inputs import FleetEntry, StudyInput
from fleetplan.study.rests import RestPlan, rules_of_country

SCHEMA = "fleetplan.comparison/1"
_DECIDED_SHOWN = 3


def comparison_document(
    study: StudyInput,
    materials: Materials,
    *,
    plans: Mapping[str, Plan],
    figures: Mapping[str, Mapping[str, Any]],
    missing: Sequence[str],
    warnings: Iterable[str],
) -> dict[str, Any]:
    """The whole of ``comparison.json`` as a JSON value: equal input gives an equal document.

    ``missing`` are fleets that an interrupted run did not plan; without them nothing is ranked.
    """
    comparable = not missing and is_comparable(plans, priced=study.unserved_price_per_parcel is not None)
    return {
        "schema": SCHEMA,
        "seed": study.seed,
        "effort": study.effort,
        "currency": study.pack.currency,
        "baseline": study.baseline,
        "inputs": _inputs(study),
        "comparable": comparable,
        "unplanned": list(missing),
        "best": best_fleet(figures) if comparable else None,
        "fleets": {name: dict(figures[name]) for name in sorted(figures)},
        "differences": differences(figures, baseline=study.baseline, comparable=comparable),
        "assumptions": [figure.to_dict() for figure in unproven_figures(study, materials)],
        "warnings": list(warnings),
    }


def _inputs(study: StudyInput) -> dict[str, Any]:
    bounds = study.streets.bounds
    return {
        "city": {"label": study.streets.label, "country": study.streets.country, "bounds": list(bounds)},
        "stops": {
            "label": study.stops.label,
            "count": len(study.stops),
            "parcels": sum(stop.parcels for stop in study.stops),
            "kg": sum(stop.demand_kg for stop in study.stops),
            "m3": sum(stop.volume_m3 for stop in study.stops),
        },
        "depot": {
            "lat": study.depot[0],
            "lon": study.depot[1],
            "reload_min": study.reload_min,
            "max_trips": study.max_trips,
            **({} if study.docks is None else {"docks": study.docks}),
        },
        "shift": {
            "start_s": study.shift.start_s,
            "end_s": study.shift.end_s,
            "max_h": study.shift.max_h,
            "paid_min_h": study.shift.paid_min_h,
        },
        "rules": {
            "max_walk_m": study.max_walk_m,
            "ordinance": study.rules.ordinance,
            "width_quantile": study.rules.width_quantile,
            "country": study.rules.country,
            "unserved_price_per_parcel": study.unserved_price_per_parcel,
            **_rest_inputs(study.rests),
        },
        "costs": study.pack.name,
        "fleets": {
            name: [_entry_inputs(entry) for entry in sorted(entries, key=lambda entry: entry.type)]
            for name, entries in sorted(study.fleets.items())
        },
    }


def _entry_inputs(entry: FleetEntry) -> dict[str, Any]:
    """A fleet's entry; limits of its day only where it has some."""
    limits = {"shift_s": entry.shift_s, "max_span_h": entry.max_span_h, "max_stops": entry.max_stops}
    row: dict[str, Any] = {"type": entry.type, "max": entry.max}
    return row | {
        key: list(value) if isinstance(value, tuple) else value for key, value in limits.items() if value is not None
    }


def _rest_inputs(plan: RestPlan) -> dict[str, Any]:
    """The rests of a study, empty where drivers have none."""
    row: dict[str, Any] = {}
    if plan.rules:
        row["rest_rules"] = [rule.name for rule in plan.rules]
    if plan.rests:
        row["rests"] = [
            {
                "minutes": rest.duration_s / 60,
                "window_s": list(rest.window_s),
                "after_h": rest.after_s / 3600,
                "paid": rest.paid,
            }
            for rest in plan.rests
        ]
    if plan.driving_rule is not None:
        rule = plan.driving_rule
        row["driving_rule"] = {"limit_h": rule.limit_s / 3600, "rest_min": rule.rest_s / 60, "paid": rule.paid}
    return row


def is_comparable(plans: Mapping[str, Plan], *, priced: bool) -> bool:
    """Whether all fleets leave the same stops unserved, or unserved parcels have a price."""
    left = [frozenset(item.stop for item in plan.unserved) for plan in plans.values()]
    return priced or len(set(left)) <= 1


def best_fleet(figures: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Name of the cheapest fleet; of equals the first by name."""
    return min(sorted(figures), key=lambda name: figures[name]["cost"]["total"], default=None)


def differences(
    figures: Mapping[str, Mapping[str, Any]], *, baseline: str, comparable: bool
) -> dict[str, dict[str, Any]]:
    """Each other fleet minus the baseline, with the solver's noise beside it and the verdict.

    The verdict is ``level`` when the difference in cost is no larger than the greater of the two fleets' spreads over
    seeds, ``not comparable`` when the fleets serve different stops, else ``cheaper`` or ``dearer``.
    """
    if baseline not in figures:
        return {}
    base = figures[baseline]
    rows: dict[str, dict[str, Any]] = {}
    for name in sorted(figures):
        if name == baseline:
            continue
        row = figures[name]
        total = row["cost"]["total"] - base["cost"]["total"]
        noise = max(row["seeds"]["spread"], base["seeds"]["spread"])
        if not comparable:
            verdict = "not comparable"
        elif abs(total) <= noise:
            verdict = "level"
        else:
            verdict = "cheaper" if total < 0 else "dearer"
        base_total = base["cost"]["total"]
        rows[name] = {
            "cost_total": total,
            "cost_share": total / base_total if base_total else None,
            "noise": noise,
            "verdict": verdict,
            "co2e_kg": row["co2e_kg"] - base["co2e_kg"],
            **{
                key: row[key] - base[key]
                for key in ("drive_m", "walk_m", "drive_s", "park_s", "walk_s", "span_s", "paid_s", "routes", "trips")
            },
            "unserved_parcels": row["parcels"]["unserved"] - base["parcels"]["unserved"],
        }
    return rows


def unproven_figures(study: StudyInput, materials: Materials) -> list[Figure]:
    """Every figure behind the answer that is an assumption or unverified, once, sorted by key."""
    found: dict[str, Figure] = {}

    def add(prefix: str, figures: Iterable[Figure]) -> None:
        for figure in figures:
            if figure.unproven:
                key = f"{prefix}.{figure.key}"
                found[key] = Figure(key, figure.value, figure.unit, figure.source, figure.confidence, figure.date)

    for name in study.types:
        add(f"vehicles.{name}", study.vehicles[name].figures.values())
        costs = materials.costs[name]
        pack = [figure for term in costs.terms for figure in term.figures] + list(costs.co2e_figures)
        own = set(study.vehicles[name].figures.values())
        add(f"costs.{study.pack.name}", (figure for figure in pack if figure not in own))
    add(f"costs.{study.pack.name}", (study.pack.figures[key] for key in ("overtime_factor", "max_h", "paid_min_h")))
    for part in ("driving", "access", "deliveries", "reading"):
        add(part, bundled_figures(f"{part}.toml").values())
    for rule in study.rests.rules:
        add(f"rests.{rule.name}", rule.figures)
    add("demand", study.stops.figures)
    add("widths", width_pack(study.streets.country).figures.values())
    return [found[key] for key in sorted(found)]


def depot_warnings(study: StudyInput, place: DepotPlace) -> list[str]:
    """That the vehicles start elsewhere than asked, where it is more than a few metres."""
    if place.distance_m <= door_walk_m():
        return []
    name = study.streets.names[int(study.streets.stretches.name[place.stretch])] or "an unnamed street"
    return [
        f"all vehicles start {place.distance_m:.0f} m from the depot's position, on {name}: "
        "the nearest street that each of them may use"
    ]


def rest_warnings(study: StudyInput, plans: Mapping[str, Plan]) -> list[str]:
    """What rule sets leave out, and days that a country's rules would interrupt where no rest is asked for."""
    warnings = [f"rests {rule.name}: {rule.title}. {rule.note}" for rule in study.rests.rules]
    if study.rests.rests or study.rests.driving_rule is not None:
        return warnings
    for rule in rules_of_country(study.rules.country):
        after_s = min(after_s for _, after_s in rule.rests)
        counts = []
        for name, plan in sorted(plans.items()):
            long = sum(route.end_s - route.start_s > after_s for route in plan.routes)
            if long:
                counts.append(f"{name} {long} of {len(plan.routes)} routes")
        if counts:
            warnings.append(
                f"no rests are planned, yet days are longer than {after_s / 3600:g} h: {', '.join(counts)} "
                f'({rule.title}; rest_rules = "{rule.name}" plans them)'
            )
    return warnings


def stop_warnings(study: StudyInput) -> list[str]:
    """Columns of stops that mean nothing here."""
    priced = sum(stop.unserved_price_per_parcel is not None for stop in study.stops)
    if priced and study.unserved_price_per_parcel is None:
        noun = "stop has" if priced == 1 else "stops have"
        return [f"{priced} {noun} a price of being left out, which counts only with unserved_price_per_parcel for all"]
    ranked = sum(stop.priority > 0 for stop in study.stops)
    if ranked and study.unserved_price_per_parcel is not None:
        noun = "stop has" if ranked == 1 else "stops have"
        return [f"{ranked} {noun} a priority, which counts only without unserved_price_per_parcel"]
    return []


def decided_warnings(decided: Sequence[str]) -> list[str]:
    """How many rules bound to hours decided something in this shift, and the first few of them."""
    if not decided:
        return []
    more = f" and {len(decided) - _DECIDED_SHOWN} more" if len(decided) > _DECIDED_SHOWN else ""
    return [
        f"{len(decided)} conditional rules of the map decided something in this shift: "
        f"{'; '.join(decided[:_DECIDED_SHOWN])}{more}"
    ]


def heading_warning(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """How much the routes' driving grows when every stop is left in the heading it was reached in."""
    parts = []
    for name, row in sorted(figures.items()):
        planned, driven = row["retimed"]["table_s"], row["retimed"]["retimed_s"]
        if planned > 0:
            word = "more" if driven >= planned else "less"
            parts.append(f"{name} {abs(driven / planned - 1):.1%} {word}")
    return f"driving with headings kept at every stop, against the planned driving: {', '.join(parts) or 'no driving'}"


def width_warning(study: StudyInput) -> str:
    """How much of the drivable street length rests on a class default."""
    stretches = study.streets.stretches
    length = np.where(stretches.drivable, stretches.length_m, 0.0)
    by_source = {
        source.label: float(length[stretches.width_source == source].sum()) / max(float(length.sum()), 1e-9)
        for source in WidthSource
    }
    shares = ", ".join(f"{name} {share:.0%}" for name, share in by_source.items() if share >= 0.005)
    pack = width_pack(study.streets.country)
    shape = ", small streets refined by the shape of the network" if pack.model else ""
    return (
        f"street widths by source, share of drivable street length: {shares}; "
        f"lanes and defaults are those of the width pack {pack.name}{shape}"
    )
