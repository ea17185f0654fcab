"""The vocabularies of streets: OSM values that mean something here, as small integers."""

from __future__ import annotations

from enum import IntEnum


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set of values."""
    return frozenset(text.split())


class Highway(IntEnum):
    """Class of a street or path. ``OTHER`` is neither drivable nor walkable."""

    OTHER = 0
    MOTORWAY = 1
    MOTORWAY_LINK = 2
    TRUNK = 3
    TRUNK_LINK = 4
    PRIMARY = 5
    PRIMARY_LINK = 6
    SECONDARY = 7
    SECONDARY_LINK = 8
    TERTIARY = 9
    TERTIARY_LINK = 10
    UNCLASSIFIED = 11
    RESIDENTIAL = 12
    LIVING_STREET = 13
    SERVICE = 14
    ROAD = 15
    TRACK = 16
    PEDESTRIAN = 17
    FOOTWAY = 18
    PATH = 19
    STEPS = 20
    CYCLEWAY = 21
    BRIDLEWAY = 22
    CORRIDOR = 23

    @property
    def tag(self) -> str:
        """The OSM value."""
        return self.name.lower()


class Service(IntEnum):
    """Kind of a ``highway=service``."""

    NONE = 0
    ALLEY = 1
    DRIVEWAY = 2
    PARKING_AISLE = 3
    DRIVE_THROUGH = 4
    EMERGENCY_ACCESS = 5
    OTHER = 6


class AccessTag(IntEnum):
    """Resolved access."""

    UNTAGGED = 0
    YES = 1
    DESIGNATED = 2
    PERMISSIVE = 3
    DESTINATION = 4
    DELIVERY = 5
    CUSTOMERS = 6
    PERMIT = 7
    PRIVATE = 8
    NO = 9


class Barrier(IntEnum):
    """Barrier on a node, by whether a motor vehicle passes it when its access is untagged."""

    NONE = 0
    OPEN = 1  # passable: kerb, toll booth, cattle grid, entrance, height restrictor …
    GATE = 2  # gate, lift gate, swing gate: passable unless tagged closed
    BOLLARD = 3  # bollard, block, cycle barrier, chain …: closed unless a gap or access says otherwise


class Parking(IntEnum):
    """Parking on one side of the carriageway."""

    UNTAGGED = 0
    NO = 1
    PARALLEL = 2
    DIAGONAL = 3
    PERPENDICULAR = 4
    HALF_ON_KERB = 5
    OFF_CARRIAGEWAY = 6


class WidthSource(IntEnum):
    """Where a width comes from, in order of trust."""

    SIGN = 1
    SURVEY = 2
    TAG = 3
    LANES = 4
    DEFAULT = 5

    @property
    def label(self) -> str:
        """The word in files and maps."""
        return self.name.lower()
