"""Stops from files and data frames, and back: every fault at once, with its row as a spreadsheet counts."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetplan.demand.cells import COLUMNS, REQUIRED, RowReader
from fleetplan.demand.checking import check_stops
from fleetplan.demand.records import columns_used, record_of
from fleetplan.demand.stops import Stop, Stops
from fleetplan.errors import Fault, InputError
from fleetplan.writing import write_atomically

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["check_stops", "read_stops", "stops_frame", "write_stops"]

_TEXT = (".csv", ".tsv", ".txt")
_LAYERS = (".gpkg", ".geojson", ".json")
_DELIMITERS = (",", ";", "\t")


def read_stops(source: str | Path | pd.DataFrame | gpd.GeoDataFrame) -> Stops:
    """Stops of a file or a data frame.

    Files: ``.csv`` or ``.tsv`` in UTF-8 with the columns ``id,lat,lon[,name,parcels,demand_kg,volume_m3,service_min,
    window_start,window_end]`` (commas, semicolons or tabs; with the latter two, decimal commas), ``.gpkg`` or
    ``.geojson`` with points in any CRS. Frames: the same columns, or point geometry for ``lat`` and ``lon``. Further
    columns, none of which is needed: ``windows`` (several: ``09:00-11:00;15:00-17:00``), ``late_until,
    late_price_per_h``, ``collect_parcels, collect_kg, collect_m3``, ``ready``, ``priority``, ``vehicles``,
    ``not_vehicles`` (types, separated by semicolons) and ``unserved_price_per_parcel``.

    Missing kg or m³ follow from the parcels; a stop without any demand is one parcel; both are counted in the
    notes.

    Raises:
        InputError: everything that is wrong, at once.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        suffix = path.suffix.lower()
        if suffix in _TEXT:
            return _read_text(path)
        if suffix in _LAYERS:
            return _read_layer(path)
        remedy = "save the stops as .csv, .tsv, .gpkg or .geojson"
        raise InputError.one("stops.format", path.name, "", f"files ending in {suffix!r} are not read", remedy)
    return _read_frame(source, label="stops", unit="row")


def stops_frame(stops: Stops) -> gpd.GeoDataFrame:
    """One row per stop with the columns of the stops file and a point geometry (EPSG:4326).

    Of the columns that few files have (``windows`` and after) those that some stop uses.
    """
    import geopandas as gpd
    import pandas as pd
    import shapely

    records = [record_of(stop) for stop in stops]
    frame = pd.DataFrame(records, columns=columns_used(records))
    points = shapely.points([stop.lon for stop in stops], [stop.lat for stop in stops])
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, crs="EPSG:4326"))


def write_stops(stops: Stops, path: str | Path) -> None:
    """Write the stops as a csv file that :func:`read_stops` reads back as the same stops.

    The file appears whole or not at all; missing folders are made.

    Raises:
        InputError: the file cannot be written.
    """
    records = [record_of(stop) for stop in stops]
    columns = columns_used(records)
    lines = [",".join(columns)]
    lines += [",".join(_cell(record[column]) for column in columns) for record in records]
    write_atomically(path, "\n".join(lines) + "\n")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    text = str(value)
    # csv.writer leaves a lone carriage return unquoted, which its reader takes for the end of the row
    if any(sign in text for sign in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def _read_text(path: Path) -> Stops:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError.one("stops.absent", str(path), "", "there is no such file", "check the path") from None
    except OSError as error:
        message = f"it cannot be read ({error.strerror or error})"
        raise InputError.one("stops.unreadable", str(path), "", message, "check the path and the permissions") from None
    except UnicodeDecodeError:
        remedy = "save it as CSV in UTF-8"
        raise InputError.one("stops.encoding", path.name, "", "it is not UTF-8 text", remedy) from None
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _find_delimiter(text)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        remedy = "mend the quotes; save it anew as CSV"
        raise InputError.one("stops.syntax", path.name, "", f"it is not a table of cells: {error}", remedy) from None
    if not records:
        raise _no_stops(path.name)
    header = [cell.strip().lower() for cell in records[0]]
    rows: list[tuple[int, Mapping[str, Any]]] = []
    faults: list[Fault] = []
    for number, record in enumerate(records[1:], start=2):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) > len(header) and any(cell.strip() for cell in record[len(header) :]):
            message = f"the row has {len(record)} cells, the header {len(header)}"
            remedy = "put text with separators, and numbers with decimal commas, in quotes"
            faults.append(Fault("stops.cells", f"{path.name} row {number}", "", message, remedy))
            continue
        rows.append((number, dict(zip(header, record, strict=False))))
    return _stops_of(rows, header, label=path.name, decimal_comma=delimiter != ",", faults=faults)


def _find_delimiter(text: str) -> str:
    """The separator that finds most known columns in the header."""
    first = text.partition("\n")[0]

    def known(delimiter: str) -> int:
        cells = {cell.strip().strip('"').lower() for cell in first.split(delimiter)}
        return len(cells & set(COLUMNS))

    return max(_DELIMITERS, key=known)


def _read_layer(path: Path) -> Stops:
    if not path.is_file():
        raise InputError.one("stops.absent", str(path), "", "there is no such file", "check the path")
    import geopandas as gpd

    try:
        frame = gpd.read_file(path)
    except Exception as error:  # the drivers raise classes of their own
        message = f"it cannot be read as a layer of points ({str(error)[:120]})"
        raise InputError.one(
            "stops.unreadable", path.name, "", message, "save it anew as GeoPackage or GeoJSON"
        ) from None
    return _read_frame(frame, label=path.name, unit="feature")


def _read_frame(source: Any, *, label: str, unit: str) -> Stops:
    """Stops of a pandas or geopandas frame; geometry, where there is any, is the position."""
    import pandas as pd

    if not isinstance(source, pd.DataFrame):
        message = f"a {type(source).__name__} is neither a path nor a data frame"
        raise InputError.one("stops.format", label, "", message, "give a path, a DataFrame or a GeoDataFrame")
    geometry = getattr(source, "geometry", None) if hasattr(source, "set_crs") else None
    columns: dict[str, Sequence[Any]] = {}
    header = []
    for position, column in enumerate(source.columns):
        if geometry is not None and column == geometry.name:
            continue
        name = str(column).strip().lower()
        header.append(name)
        columns.setdefault(name, source.iloc[:, position].astype(object).tolist())
    faults: list[Fault] = []
    if geometry is not None:
        lat, lon = _positions(geometry, label=label, unit=unit, faults=faults)
        columns["lat"], columns["lon"] = lat, lon
        header = [*(name for name in header if name not in ("lat", "lon")), "lat", "lon"]
    rows = [(row + 1, {name: values[row] for name, values in columns.items()}) for row in range(len(source))]
    broken = {fault.where for fault in faults}
    rows = [(number, row) for number, row in rows if f"{label} {unit} {number}" not in broken]
    return _stops_of(rows, header, label=label, decimal_comma=False, faults=faults, unit=unit)


def _positions(
    geometry: gpd.GeoSeries, *, label: str, unit: str, faults: list[Fault]
) -> tuple[list[float | None], list[float | None]]:
    """Latitudes and longitudes of point geometry in any CRS; a fault for each row that is no point."""
    if geometry.crs is None:
        remedy = 'set it, for example frame.set_crs("EPSG:4326")'
        raise InputError.one("stops.crs", label, "geometry", "the geometry has no CRS", remedy)
    import shapely

    points = geometry.to_crs("EPSG:4326")
    lat: list[float | None] = []
    lon: list[float | None] = []
    for number, point in enumerate(points, start=1):
        if point is None or point.is_empty or point.geom_type != "Point":
            kind = "missing" if point is None or point.is_empty else f"a {point.geom_type}"
            faults.append(
                Fault(
                    "stops.geometry",
                    f"{label} {unit} {number}",
                    "geometry",
                    f"it is {kind}",
                    "give each stop one point",
                )
            )
            lat.append(None)
            lon.append(None)
        else:
            lat.append(float(shapely.get_y(point)))
            lon.append(float(shapely.get_x(point)))
    return lat, lon


def _stops_of(
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    header: Sequence[str],
    *,
    label: str,
    decimal_comma: bool,
    faults: list[Fault],
    unit: str = "row",
) -> Stops:
    twice = sorted(name for name, times in Counter(header).items() if times > 1 and name in COLUMNS)
    faults += [Fault("stops.columns", label, name, "the column stands twice", "keep one of them") for name in twice]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        found = ", ".join(name[:30] for name in header[:12]) or "no columns"
        message = f"the column is missing (found {found})"
        remedy = f"the first row names the columns: {','.join(COLUMNS)}"
        faults += [Fault("stops.columns", label, name, message, remedy) for name in missing]
    if missing or twice:
        raise InputError(faults)
    reader = RowReader(decimal_comma=decimal_comma)
    items: list[Stop] = []
    numbers: list[int] = []
    for number, row in rows:
        stop = reader.read(row, where=f"{label} {unit} {number}")
        if stop is not None:
            items.append(stop)
            numbers.append(number)
    faults += reader.faults
    if faults:
        raise InputError(sorted(faults, key=_row_of))
    if not items:
        raise _no_stops(label)
    ignored = sorted({name for name in header if name and name not in COLUMNS})
    notes = reader.notes()
    if ignored:
        notes += (f"columns that mean nothing here: {', '.join(name[:30] for name in ignored[:12])}",)
    return Stops(tuple(items), label=label, notes=notes, rows=tuple(numbers))


def _row_of(fault: Fault) -> int:
    tail = fault.where.rpartition(" ")[2]
    return int(tail) if tail.isdigit() else 0


def _no_stops(label: str) -> InputError:
    remedy = f"put the columns in the first row ({','.join(COLUMNS)}) and one stop in each further row"
    return InputError.one("stops.empty", label, "", "there are no stops", remedy)
