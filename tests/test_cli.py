"""The commands beside ``compare`` and ``demo``: in this process, where a process of their own protects nothing more."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from fleetplan.cli import app, running
from fleetplan.cli.running import note, say
from tests.test_end_to_end import SCENARIO, fleetplan
from tests.test_public import HEAVY
from tests.towns import lat_lon, town_xml

ORDER = ["demo", "compare", "check", "verify", "explain", "vehicles", "fetch", "stops", "access", "streets", "table"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Any:
    """The command in this process, as if in a wide terminal."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_help_lists_the_commands_in_order_with_whole_sentences() -> None:
    """Protects newcomers: every command is listed with a sentence that is not cut off in a terminal of 80 columns."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    rows = shown.stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert [row.split()[0] for row in rows] == ORDER
    assert all(row.endswith(".") and not row.endswith("...") for row in rows)


@pytest.mark.parametrize("command", ORDER)
def test_each_command_has_its_help(command: str) -> None:
    """Protects options: each command shows its help, with words for every option."""
    shown = run(command, "--help")
    assert shown.exit_code == 0, shown.output
    rows = [row.strip() for row in shown.stdout.split("Options:\n")[1].splitlines() if row.startswith("  -")]
    assert rows
    assert all("  " in row for row in rows), rows


def test_help_loads_no_heavy_library() -> None:
    """Protects the wait before the first line: the command's own start and its help load none of the heavy ones."""
    heavy = (*HEAVY, "numba", "pyproj")
    code = (
        "import sys\n"
        "sys.argv = ['fleetplan', 'compare', '--help']\n"
        "from fleetplan.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "SCENARIO.toml" in found.stdout
    assert found.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "--json"),
        ("compare", "s.toml", "--seed", "-1", "--json"),
        ("compare", "s.toml", "--effort", "silly", "--json"),
        ("check", "absent.toml", "--json"),
        ("check", "--bogus", "--json"),
        ("--bogus", "check", "--json"),
        ("nonsense", "--json"),
        ("verify", "--json"),
        ("explain", "plan.json", "--json"),
        ("vehicles", "kei-vn", "--json"),
        ("access", "helsinki", "--vehicle", "kei-van", "--json"),
        ("access", "absent.pbf", "--vehicle", "kei-van", "--against", "full-size-van", "--json"),
    ],
)
def test_with_json_every_mistake_is_one_document(folder: Path, arguments: tuple[str, ...]) -> None:
    """Protects scripts: whatever is wrong, standard output is one JSON document of faults, with exit status 2."""
    done = run(*arguments)
    assert done.exit_code == 2
    faults = json.loads(done.stdout)["faults"]
    assert faults
    assert all(set(fault) == {"code", "where", "field", "message", "remedy"} for fault in faults)
    assert done.stderr


def test_a_wrong_option_without_json_leaves_standard_output_empty(folder: Path) -> None:
    """Protects pipes: without --json a mistake is told on standard error only."""
    done = run("compare", "s.toml", "--seed", "-1")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "--seed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stops", "absent.pbf", "-n", "3", "-o", "file/s.csv"), ("absent.pbf", "file")),
        (("stops", "helsinki", "-n", "3", "-o", "s.gpkg"), ("s.gpkg",)),
        (("streets", "absent.pbf", "-o", "s.txt", "--vehicles", "foo, bar"), ("absent.pbf", "s.txt", "foo", "bar")),
        (
            ("table", "absent.pbf", "--points", "p.csv", "--vehicle", "foo", "-o", "file/t.csv", "--ordinance", "x"),
            ("absent.pbf", "p.csv", "foo", "file", "--ordinance"),
        ),
        (
            ("access", "absent.pbf", "--vehicle", "foo", "--against", "foo", "-o", "m.pdf", "--width-quantile", "2"),
            ("absent.pbf", "--vehicle", "--against", "different", "m.pdf", "--width-quantile"),
        ),
        (("compare", "s.toml", "-o", "file/out", "--effort", "silly"), ("--effort", "file/out", "s.toml")),
        (("check", "."), ("folder",)),
    ],
)
def test_all_faults_of_a_command_line_come_at_once(
    folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Protects against mending one at a time, and against learning after the work that the output cannot be written."""
    (folder / "file").touch()
    done = run(*arguments)
    assert done.exit_code == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert [path.name for path in folder.iterdir()] == ["file"]


@pytest.mark.parametrize("ending", ["csv", "gpkg"])
def test_streets_writes_bands_per_vehicle(folder: Path, ending: str) -> None:
    """Protects the streets table: the interface's columns, and band, reason and speed for each vehicle."""
    name = f"out/streets.{ending}"
    done = run("streets", "helsinki", "-o", name, "--vehicles", "kei-van,full-size-van")
    assert done.exit_code == 0, done.stderr
    if ending == "csv":
        with (folder / name).open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
    else:
        columns = list(gpd.read_file(folder / name, rows=1).columns)
    base = "way_id u v highway oneway length_m width_m width_min_m width_lo_m width_hi_m road_width_m width_source"
    judged = "band_{0} reason_{0} speed_kph_{0}"
    wanted = " ".join([base, judged.format("kei-van"), judged.format("full-size-van")]).split()
    assert columns[: len(wanted)] == wanted


def test_streets_names_every_unknown_vehicle(folder: Path) -> None:
    """Protects against mending one at a time: two misspelt vehicles are two faults, and nothing is written."""
    done = run("streets", "helsinki", "-o", "s.csv", "--vehicles", "foo,bar")
    assert done.exit_code == 2
    assert "2 faults" in done.stderr
    assert "foo" in done.stderr
    assert "bar" in done.stderr
    assert not (folder / "s.csv").exists()


def test_stops_are_drawn_by_seed(folder: Path) -> None:
    """Protects samples: the same seed draws the same file, in another process too; another seed another one."""
    done = fleetplan("stops", "helsinki", "-n", "12", "--seed", "1", "-o", "a.csv", cwd=folder, hash_seed="7")
    assert done.returncode == 0, done.stderr
    for name, seed in (("b", "1"), ("c", "2")):
        done = run("stops", "helsinki", "-n", "12", "--seed", seed, "-o", f"{name}.csv")
        assert done.exit_code == 0, done.stderr
    texts = [(folder / f"{name}.csv").read_text(encoding="utf-8") for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    assert len(texts[0].splitlines()) == 13


def test_vehicles_are_listed_with_whole_names() -> None:
    """Protects what users type: in a narrow terminal every name is whole; with --json every figure has its source."""
    shown = CliRunner().invoke(app, ["vehicles"], env={"COLUMNS": "80"})
    listed = json.loads(run("vehicles", "--json").stdout)
    assert {"kei-truck", "kei-van", "kei-van-electric", "small-van", "full-size-van", "full-size-van-electric"} <= set(
        listed
    )
    assert all(name in shown.stdout for name in listed)
    assert all(figure["source"] for vehicle in listed.values() for figure in vehicle["figures"].values())


def test_check_tells_what_each_vehicle_reaches(tmp_path: Path) -> None:
    """Protects the dry run, in a process: a sound scenario is told so in one JSON document, and nothing is made."""
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    done = fleetplan("check", "s.toml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["faults"] == []
    assert set(document["types"]) == {"kei-van", "full-size-van"}
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


RULE = "no @ (Mo-Fr 09:00-12:00)"


def test_check_tells_rules_of_the_hour_and_km_on_defaults(folder: Path) -> None:
    """Protects the reader of a plan: of 900 m, 400 m without a width rest on defaults; 7 rules closed a street of 100 m
    each, of which five are shown and two counted."""
    nodes = {"a": (0.0, 0.0), "b": (400.0, 0.0), "c": (400.0, 500.0)}
    ways: list[Any] = [("a b", {"highway": "residential"}), ("b c", {"highway": "residential", "width": "6"})]
    for number, name in enumerate("defghij"):
        nodes[name] = (400.0 + 100, 50.0 * (number + 1))
        nodes[name.upper()] = (400.0, 50.0 * (number + 1))
    ways[1] = ("b D E F G H I J c", ways[1][1])
    tags = {"highway": "residential", "width": "6", "motor_vehicle:conditional": RULE}
    ways += [(f"{name.upper()} {name}", tags) for name in "defghij"]
    (folder / "t.osm").write_text(town_xml(nodes=nodes, ways=ways), encoding="utf-8")
    (lat, lon), (stop_lat, stop_lon) = lat_lon(390, 0), lat_lon(100, 5)
    (folder / "p.csv").write_text(f"id,lat,lon\nx,{stop_lat},{stop_lon}\n", encoding="utf-8")
    (folder / "s.toml").write_text(
        f'schema = "fleetplan.scenario/1"\n[city]\nfile = "t.osm"\n[depot]\nlat = {lat}\nlon = {lon}\n'
        '[stops]\nfile = "p.csv"\n[fleets]\nkei = [{ type = "kei-van" }]\n',
        encoding="utf-8",
    )
    done = run("check", "s.toml")
    assert done.exit_code == 0, done.output
    assert "kei-van reaches 1 of 1 stops, 1 of them from a street whose width is a class default" in done.stdout
    assert "free 0.9 (0.4)" in done.stdout
    assert "by rule 0.7 (0.0)" in done.stdout
    assert "decide something in this shift: 7" in done.stdout
    assert done.stdout.count(RULE) == 5
    assert "and 2 more" in done.stdout
    document = json.loads(run("check", "s.toml", "--json").stdout)
    assert len(document["decided"]) == 7
    assert sum(document["types"]["kei-van"]["street_km_on_defaults"].values()) == pytest.approx(0.4, abs=0.002)


def test_table_tells_places_that_were_moved_far(folder: Path) -> None:
    """Protects times of the wrong place: of places 20, 60, 120 and 5,000 m from the only street, two are told as moved
    with the furthest first, and one as having no street."""
    nodes = {"a": (0.0, 0.0), "b": (500.0, 0.0), "c": (500.0, 100.0)}
    streets = [("a b", {"highway": "residential"}), ("b c", {"highway": "residential"})]
    (folder / "t.osm").write_text(town_xml(nodes=nodes, ways=streets), encoding="utf-8")
    places = {"near": (100, -20), "off": (200, -60), "far": (300, -120), "gone": (0, -5000)}
    rows = [f"{name},{lat},{lon}" for name, (lat, lon) in ((name, lat_lon(*at)) for name, at in places.items())]
    (folder / "p.csv").write_text("\n".join(["id,lat,lon", *rows]) + "\n", encoding="utf-8")
    done = run("table", "t.osm", "--points", "p.csv", "--vehicle", "kei-van", "-o", "t.csv")
    assert done.exit_code == 0, done.output
    assert "4 × 4 pairs written to t.csv, 7 without a way" in done.stdout
    assert "2 places were moved more than 50 m to a street: far 120 m, off 60 m\n" in done.stderr
    assert "1 place has no street near that kei-van can reach and leave: gone\n" in done.stderr


def test_text_of_maps_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Protects terminals: escapes, markup and emoji codes in names come out as plain text."""
    say("a\x1b[31m [red]b[/red] :car:")
    note(["c\x9b[bold]d\ne"])
    shown = capsys.readouterr()
    assert shown.out == "a\ufffd[31m [red]b[/red] :car:\n"
    assert shown.err == "note: c\ufffd[bold]d\ufffde\n"


def test_each_step_is_drawn_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects patience: on a terminal a step is on the screen at once, though no other thread may run during it; with
    --quiet, and where standard error is no terminal, nothing is drawn."""
    for terminal, quiet in ((True, False), (True, True), (False, False)):
        screen = io.StringIO()
        console = Console(file=screen, force_terminal=terminal, width=100)
        monkeypatch.setattr(running, "on_stderr", lambda console=console: console)
        with running.progress_bar(quiet=quiet) as progress:
            progress("reading the city", 0, 2)
            drawn = screen.getvalue()
        assert ("reading the city" in drawn) == (terminal and not quiet)
        assert terminal or screen.getvalue() == ""


def test_a_folder_that_cannot_be_made_is_told_before_planning(folder: Path) -> None:
    """Protects a long run's result: an output path below a file is a fault at once, with exit status 2."""
    (folder / "s.toml").write_text(SCENARIO, encoding="utf-8")
    (folder / "file").touch()
    done = run("compare", "s.toml", "-o", "file/out", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["faults"][0]["code"] == "output.write"


def test_a_plan_file_that_is_none_is_a_fault(folder: Path) -> None:
    """Protects verify: an absent file, foreign text and a foreign document are faults with exit status 2."""
    (folder / "text.json").write_text("not json", encoding="utf-8")
    (folder / "other.json").write_text("{}", encoding="utf-8")
    for name in ("absent.json", "text.json", "other.json"):
        done = run("verify", name, "--json")
        assert done.exit_code == 2, name
        assert json.loads(done.stdout)["faults"], name
