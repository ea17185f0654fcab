"""Joins the edges of a graph into ways again: graphs that were not simplified have an edge per segment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleetplan.city.raw import Tags

_SIDED = ("parking:left", "parking:right", "parking:lane:left", "parking:lane:right")
_OTHER_WAY = {"forward": "backward", "backward": "forward"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A street between two nodes of a graph.

    Attributes:
        way_id: OSM way.
        ref, lon, lat: its points in the direction of the first edge that was met.
        tags: tags of that edge, without ``oneway``.
        both: there is an edge in the other direction too, and it is open.
        drawn_against: that first edge runs against the way as it was drawn.
        closed_back: the other direction is closed though the graph has an edge for it, because such a street is
            one-way without a tag.
    """

    way_id: int
    ref: list[int]
    lon: list[float]
    lat: list[float]
    tags: Tags
    both: bool
    drawn_against: bool
    closed_back: bool = False

    def opened(self, *, closed_back: bool) -> Piece:
        """The piece with an edge in its other direction too."""
        return replace(self, both=True, closed_back=closed_back)

    def finished(self) -> Piece:
        """The piece in the way's own direction where that may matter, its directions told by ``oneway``."""
        turned = self.turned() if self.both and self.drawn_against else self
        both = self.both and not self.closed_back
        tags = (
            self.tags if self.both or not self.drawn_against else {_swapped(key): self.tags[key] for key in self.tags}
        )
        return replace(turned, tags={**tags, "oneway": "no" if both else "yes"}, both=both, drawn_against=False)

    def turned(self) -> Piece:
        """The same points the other way round."""
        return replace(self, ref=self.ref[::-1], lon=self.lon[::-1], lat=self.lat[::-1])

    @property
    def may_turn(self) -> bool:
        """Nothing about it depends on its direction."""
        return self.both and not any(key.startswith(_SIDED) or key != _swapped(key) for key in self.tags)


def _swapped(key: str) -> str:
    """The key of the same rule for the other direction."""
    parts = [_OTHER_WAY.get(part, part) for part in key.split(":")]
    return ":".join(parts)


def chained(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one way with equal tags joined wherever exactly two of them meet, in the order of their first ones."""
    groups: dict[tuple[int, tuple[tuple[str, str], ...]], list[Piece]] = {}
    for piece in pieces:
        groups.setdefault((piece.way_id, tuple(sorted(piece.tags.items()))), []).append(piece)
    chains: list[Piece] = []
    for group in groups.values():
        chains += group if len(group) == 1 else _chained_group(group)
    return chains


def _chained_group(group: list[Piece]) -> list[Piece]:
    ends: dict[int, list[int]] = {}
    for row, piece in enumerate(group):
        ends.setdefault(piece.ref[0], []).append(row)
        ends.setdefault(piece.ref[-1], []).append(row)
    used = [False] * len(group)
    chains = []
    for row, piece in enumerate(group):
        if used[row]:
            continue
        used[row] = True
        after = _run(group, ends, used, piece)
        if piece.may_turn:
            before = [part.turned() for part in _run(group, ends, used, piece.turned())]
        else:
            before = _run_back(group, ends, used, piece)
        chains.append(_joined([*reversed(before), piece, *after]))
    return chains


def _joined(parts: list[Piece]) -> Piece:
    """One piece of several, each of which begins where the one before it ends."""
    ref, lon, lat = parts[0].ref[:1], parts[0].lon[:1], parts[0].lat[:1]
    for part in parts:
        ref += part.ref[1:]
        lon += part.lon[1:]
        lat += part.lat[1:]
    return replace(parts[0], ref=ref, lon=lon, lat=lat)


def _run(group: list[Piece], ends: dict[int, list[int]], used: list[bool], piece: Piece) -> list[Piece]:
    """Unused pieces that follow on from a piece's end, one after the other, turned where they may be."""
    run: list[Piece] = []
    while True:
        row = _other(ends, used, piece.ref[-1])
        if row is None:
            return run
        if group[row].ref[0] == piece.ref[-1]:
            piece = group[row]
        elif group[row].may_turn:
            piece = group[row].turned()
        else:
            return run
        used[row] = True
        run.append(piece)


def _run_back(group: list[Piece], ends: dict[int, list[int]], used: list[bool], piece: Piece) -> list[Piece]:
    """Unused pieces that lead to a piece's start, the nearest first, in their own direction."""
    run: list[Piece] = []
    while True:
        row = _other(ends, used, piece.ref[0])
        if row is None or group[row].ref[-1] != piece.ref[0]:
            return run
        piece = group[row]
        used[row] = True
        run.append(piece)


def _other(ends: dict[int, list[int]], used: list[bool], node: int) -> int | None:
    """The one unused piece at a node where exactly two ends meet."""
    rows = ends[node]
    free = [row for row in rows if not used[row]]
    return free[0] if len(rows) == 2 and len(free) == 1 else None
