"""Hand-worked towns: a few nodes in metres and ways between them, read the way every extract is read."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from fleetplan.city.streets import Streets

LAT, LON = 60.17, 24.94
# Metres per degree on the WGS84 ellipsoid at LAT: meridional radius, and normal radius times cos LAT.
_E2, _A = 0.00669437999014, 6378137.0
_W2 = 1 - _E2 * math.sin(math.radians(LAT)) ** 2
LAT_M = math.radians(1) * _A * (1 - _E2) / _W2**1.5
LON_M = math.radians(1) * _A / math.sqrt(_W2) * math.cos(math.radians(LAT))

Point = tuple[float, float]
Way = tuple[str, Mapping[str, str]]
Turn = tuple[int, str, int, str]
Relation = tuple[Sequence[tuple[str, int | str]], Mapping[str, str]]


def lat_lon(x_m: float, y_m: float) -> tuple[float, float]:
    """WGS84 latitude and longitude of a town's point, given in metres east and north of its origin."""
    return LAT + y_m / LAT_M, LON + x_m / LON_M


def node_ids(nodes: Mapping[str, Point]) -> dict[str, int]:
    """OSM identifier of each named node: 1, 2, 3 … in the order given."""
    return {name: i + 1 for i, name in enumerate(nodes)}


def town_xml(
    *,
    nodes: Mapping[str, Point],
    ways: Sequence[Way],
    node_tags: Mapping[str, Mapping[str, str]] | None = None,
    restrictions: Sequence[Turn | tuple[int, str, int, str, Mapping[str, str]]] = (),
    relations: Sequence[Relation] = (),
) -> str:
    """The town as OSM XML. Way ``i`` has the identifier ``100 + i``, restriction ``i`` has ``1000 + i``, relation ``i``
    has ``2000 + i``.

    A name that stands in a way but not in ``nodes`` is a reference to an absent node.
    """
    ids = node_ids(nodes)
    rows = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="town">']
    for name, (x_m, y_m) in nodes.items():
        lat, lon = lat_lon(x_m, y_m)
        rows.append(f'<node id="{ids[name]}" version="1" lat="{lat:.7f}" lon="{lon:.7f}">')
        rows += _tag_rows((node_tags or {}).get(name, {}))
        rows.append("</node>")
    absent: dict[str, int] = {}
    for i, (line, tags) in enumerate(ways):
        rows.append(f'<way id="{100 + i}" version="1">')
        rows += [
            f'<nd ref="{ids[name] if name in ids else absent.setdefault(name, 90_000 + len(absent))}"/>'
            for name in line.split()
        ]
        rows += _tag_rows(tags)
        rows.append("</way>")
    for i, (from_way, via, to_way, kind, *more) in enumerate(restrictions):
        rows.append(f'<relation id="{1000 + i}" version="1">')
        rows.append(f'<member type="way" ref="{100 + from_way}" role="from"/>')
        rows.append(f'<member type="node" ref="{ids[via]}" role="via"/>')
        rows.append(f'<member type="way" ref="{100 + to_way}" role="to"/>')
        rows += _tag_rows({"type": "restriction", "restriction": kind, **(more[0] if more else {})})
        rows.append("</relation>")
    for i, (members, tags) in enumerate(relations):
        rows.append(f'<relation id="{2000 + i}" version="1">')
        for role, ref in members:
            shape, number = ("way", 100 + ref) if isinstance(ref, int) else ("node", ids[ref])
            rows.append(f'<member type="{shape}" ref="{number}" role="{role}"/>')
        rows += [*_tag_rows({"type": "restriction", **tags}), "</relation>"]
    return "\n".join([*rows, "</osm>", ""])


def town(
    *,
    nodes: Mapping[str, Point],
    ways: Sequence[Way],
    node_tags: Mapping[str, Mapping[str, str]] | None = None,
    restrictions: Sequence[Turn | tuple[int, str, int, str, Mapping[str, str]]] = (),
    relations: Sequence[Relation] = (),
    country: str | None = None,
) -> Streets:
    """Streets of a town near 60.17 N 24.94 E, written as OSM XML and read by ``Streets.from_file``.

    Args:
        nodes: metres east and north of the origin by name.
        ways: names of the nodes in order, parted by spaces, and the way's tags.
        node_tags: tags of nodes by name.
        restrictions: row of the from way, name of the via node, row of the to way, kind (``no_left_turn`` …),
            and further tags of the relation if there are any.
        relations: further restrictions: members as (role, row of a way or name of a node), and tags.
        country: as in ``Streets.from_file`` (Finland by its place when absent).
    """
    text = town_xml(nodes=nodes, ways=ways, node_tags=node_tags, restrictions=restrictions, relations=relations)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town.osm"
        path.write_text(text, encoding="utf-8")
        return Streets.from_file(path, country=country)


def node_row(streets: Streets, nodes: Mapping[str, Point], name: str) -> int:
    """Row of ``streets.nodes`` where a named node stands."""
    row: int = streets.nodes.osm_id.tolist().index(node_ids(nodes)[name])
    return row


def edge_row(streets: Streets, nodes: Mapping[str, Point], start: str, end: str) -> int:
    """Row of ``streets.edges`` that runs from one named node to another; the first where there are several."""
    u, v = node_row(streets, nodes, start), node_row(streets, nodes, end)
    pairs = list(zip(streets.edges.u.tolist(), streets.edges.v.tolist(), strict=True))
    row: int = pairs.index((u, v))
    return row


def _tag_rows(tags: Mapping[str, str]) -> list[str]:
    return [f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items()]
