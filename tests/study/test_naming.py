"""File names for fleets whose names may be any text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fleetplan.study.naming import file_names


def test_plain_names_stay() -> None:
    """Protects the files of the interface: ``plans/van.json`` for the fleet ``van``."""
    assert file_names(["van", "kei_2", "mixed-a"]) == {"van": "van", "kei_2": "kei_2", "mixed-a": "mixed-a"}


@given(st.lists(st.text(max_size=60), unique=True, max_size=12))
def test_any_names_become_safe_and_distinct(fleets: list[str]) -> None:
    """Protects the folder: no path separators, no reserved names, no two fleets in one file, upper case or not."""
    names = file_names(fleets)
    assert set(names) == set(fleets)
    assert len({name.lower() for name in names.values()}) == len(fleets)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names.values())
    assert not {name.lower() for name in names.values()} & {"con", "nul", "aux", "prn", "com1"}
