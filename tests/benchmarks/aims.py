"""The aims of the benchmark: which ratio, which figure, met or missed. Arithmetic only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Aim:
    """One aim: what is compared, and the value from or up to which it is met."""

    text: str
    value: float
    sense: Literal["at least", "at most"]

    def judge(self, value: float | None, *, reason: str = "") -> dict[str, Any]:
        """The ratio with its aim and verdict; ``not measured`` with the reason where there is no value."""
        entry: dict[str, Any] = {"what": self.text, "value": value, "aim": f"{self.sense} {self.value:g}"}
        if value is None or not math.isfinite(value):
            return entry | {"value": None, "verdict": "not measured", "reason": reason or "a figure is absent"}
        met = value >= self.value if self.sense == "at least" else value <= self.value
        return entry | {"verdict": "met" if met else "missed"}


def aims(*, osaka: bool) -> dict[str, Aim]:
    """The aims by key; on Osaka the table alone shall be ahead of OSRM's contraction hierarchy too."""
    return {
        "cold_vs_osrm": Aim("better OSRM pipeline, cold, three profiles ÷ ours", 3.0, "at least"),
        "reweight_vs_osrm": Aim("better OSRM pipeline for one more vehicle ÷ ours", 3.0, "at least"),
        "table_vs_osrm_mld": Aim("table of OSRM multi-level Dijkstra ÷ ours", 1.0, "at least"),
        "table_vs_osrm_ch": Aim("table of OSRM contraction hierarchy ÷ ours", 1.0 if osaka else 0.5, "at least"),
        "table_vs_valhalla": Aim("matrix of Valhalla with vehicle dimensions ÷ ours", 100.0, "at least"),
        "streets_vs_osmnx": Aim("osmnx graph_from_xml + simplify_graph ÷ our Streets", 4.0, "at least"),
        "second_run_share": Aim("second run, ready for tables ÷ cold run with three tables", 0.2, "at most"),
        "peak_mb": Aim("our peak memory in MB", 2500.0, "at most"),
        "growth_time": Aim("exponent of our table's time over points", 2.0, "at most"),
        "growth_memory": Aim("exponent of our peak memory over points", 2.0, "at most"),
    }


def ratios(document: Figures, *, osaka: bool) -> dict[str, dict[str, Any]]:
    """Every aim's ratio with its verdict, from the figures of one run."""
    ours = document["ours"]
    growth = ours.get("growth_exponent") or {}
    values: dict[str, tuple[float | None, str]] = {
        "cold_vs_osrm": _over(_better(document, "cold_s"), ours.get("cold_s")),
        "reweight_vs_osrm": _over(_better(document, "reweight_s"), ours.get("reweight_s")),
        "second_run_share": _over((ours.get("second_ready_s"), ""), ours.get("cold_s")),
        "peak_mb": (ours.get("peak_mb"), ""),
        "growth_time": (growth.get("time"), "growth was not measured"),
        "growth_memory": (growth.get("memory"), "growth was not measured"),
        "streets_vs_osmnx": _over(_figure(document, "osmnx", "total_s"), ours.get("streets_s")),
    }
    for peer in ("osrm_mld", "osrm_ch", "valhalla"):
        values[f"table_vs_{peer}"] = _over(_figure(document, peer, "table_s"), ours.get("table_s"))
    answer = {}
    for key, aim in aims(osaka=osaka).items():
        value, reason = values[key]
        answer[key] = aim.judge(value, reason=reason)
    if document.get("valhalla", {}).get("extrapolated") and answer["table_vs_valhalla"]["value"] is not None:
        answer["table_vs_valhalla"]["note"] = "extrapolated"
    return answer


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float | None:
    """Slope of the values over the sizes on logarithmic scales, by least squares; ``None`` for fewer than two."""
    if len(sizes) < 2 or min(values) <= 0:
        return None
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - middle_x) ** 2 for each in x)
    return sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread if spread else None


def extrapolated(sizes_s: Mapping[int, float], points: int) -> tuple[float, float]:
    """Seconds at ``points`` from two or more measured sizes, and the exponent used, 1 to 2.

    A matrix grows between linearly (searches) and quadratically (pairs); what was measured decides.
    """
    largest = max(sizes_s)
    if points <= largest:
        return sizes_s[largest], 0.0
    slope = exponent(list(sizes_s), list(sizes_s.values()))
    power = 2.0 if slope is None else min(max(slope, 1.0), 2.0)
    return sizes_s[largest] * (points / largest) ** power, power


def _figure(document: Figures, side: str, key: str) -> tuple[float | None, str]:
    figures = document.get(side) or {}
    return figures.get(key), figures.get("not_measured", f"{side} was not measured")


def _better(document: Figures, key: str) -> tuple[float | None, str]:
    both = [_figure(document, peer, key) for peer in ("osrm_ch", "osrm_mld")]
    known = [value for value, _ in both if value is not None]
    return (min(known), "") if known else (None, both[0][1])


def _over(above: tuple[float | None, str], below: float | None) -> tuple[float | None, str]:
    value, reason = above
    if value is None:
        return None, reason or "a figure of ours is absent"
    return (value / below, "") if below else (None, "a figure of ours is absent")
