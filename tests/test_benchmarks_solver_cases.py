"""The cases of the solver's benchmark: what is read, how plans are costed and checked, and how cities become cases."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.planning.problem import Access, Pay, Problem, Task, VehicleType
from fleetplan.planning.verifying import verify
from fleetplan.travel import UNREACHABLE, TravelTable
from tests.benchmarks import solver_cities
from tests.benchmarks.solver_cases import Case, CaseType, Day, days_of, read_case, routes_of
from tests.benchmarks.solver_checking import Step, evaluate, join_days, plan_of, starts_of
from tests.benchmarks.solver_cities import case_of_problem, read_problem, write_problem
from tests.benchmarks.solver_ours import days_of_plan, small_case
from tests.benchmarks.vrplib import VrplibError, read_instance, read_solution, trips_of, write_solution

SETS = ("CVRP", "HFVRP", "MTVRPTWR", "SDVRPTW", "VRPTW")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Three clients, two vehicles that may reload; node 4 is released at 30."""
    return Path(shutil.copy(Path(__file__).with_name("benchmarks") / "tiny.vrp", tmp_path))


Solved = tuple[Case, dict[int, list[list[int]]], float]


@pytest.fixture(params=SETS, scope="module")
def solved(request: pytest.FixtureRequest, shared_data: Path) -> list[Solved]:
    """Every instance of a shared set with its solution's routes and cost."""
    files = sorted((shared_data / "vrp" / request.param).glob("*.vrp"))
    if not files:
        pytest.skip(f"no shared instances of {request.param}")
    return [(read_case(file), *read_solution(file.with_suffix(".sol"))) for file in files]


def test_every_shared_solution_costs_what_it_states(solved: list[Solved]) -> None:
    """The readings of the sets' conventions: a rounding, a unit or a rule read wrongly shows in some cost or fault."""
    for case, routes, stated in solved:
        assert evaluate(case, days_of(case, routes)) == (stated, []), case.name
        assert case.best_known == stated


def test_every_shared_solution_is_a_sound_plan(solved: list[Solved]) -> None:
    """The case and fleetplan's problem say the same: a best known solution passes the checker at its stated cost."""
    for case, routes, stated in solved:
        plan = plan_of(case.problem, days_of(case, routes), cost=stated)
        assert plan is not None, case.name
        assert verify(case.problem, plan) == [], case.name


def test_shared_tables_fit_into_32_bits(solved: list[Solved]) -> None:
    """Scaled lengths survive the step into the problem's tables."""
    for case, _, _ in solved:
        for vehicle in case.problem.types[:1]:
            assert (vehicle.table.distance_m[0] == case.lengths[0]).all()
            assert (vehicle.table.time_s[0] == case.durations[0]).all()


def test_a_site_dependent_plan_by_the_wrong_vehicles_is_refused(shared_data: Path) -> None:
    """Allowed clients are read: the best known routes given to the vehicles in another order break them."""
    file = shared_data / "vrp" / "SDVRPTW" / "PR03.vrp"
    if not file.is_file():
        pytest.skip("no shared PR03")
    case = read_case(file)
    routes, _ = read_solution(file.with_suffix(".sol"))
    turned = {17 - number: trips for number, trips in routes.items()}
    _, faults = evaluate(case, days_of(case, turned))
    assert any("type may not" in fault for fault in faults)


def test_reading_by_hand(tiny: Path) -> None:
    """Units and truncation of a set with reloads: lengths × 10, 0 within a route is a reload, the depot serves none."""
    case = read_case(tiny)
    assert case.lengths[0][0].tolist() == [0, 50, 100, 14]
    assert case.service.tolist() == [0, 20, 20, 20]
    assert case.windows[2].tolist() == [400, 600]
    assert case.release.tolist() == [0, 0, 0, 300]
    assert [(kind.count, kind.capacity, kind.max_trips) for kind in case.types] == [(2, (5,), 3)]
    assert trips_of([1, 0, 0, 2, 3, 0]) == [[1], [2, 3]]


def test_cost_and_rules_by_hand(tiny: Path) -> None:
    """Each rule fires on a plan that breaks just it, and on none that keeps it."""
    case = read_case(tiny)
    # out and back to client 1 is 100, to client 2 is 200, to client 3 is 28
    assert evaluate(case, [Day(0, ((1,), (2,), (3,)))]) == (328.0, [])
    assert evaluate(case, [Day(0, ((2,),)), Day(0, ((1,), (3,)))]) == (328.0, [])

    def only_fault(days: Sequence[Day]) -> str:
        (fault,) = evaluate(case, days)[1]
        return fault

    assert "carries [6]" in only_fault([Day(0, ((1, 2),)), Day(0, ((3,),))])
    assert "client 3 visited 0 times" in only_fault([Day(0, ((1,), (2,)))])
    assert "client 3 visited 2 times" in only_fault([Day(0, ((1,), (2,), (3,))), Day(0, ((3,),))])
    assert "3 vehicles" in only_fault([Day(0, ((1,),)), Day(0, ((2,),)), Day(0, ((3,),))])
    assert "client 9 is none" in only_fault([Day(0, ((1,), (2,), (3, 9)))])
    # client 2's window opens at 400 and closes at 600: first 3, whose goods come at 300, is soon enough, at 600 not
    assert evaluate(case, [Day(0, ((3,), (2,), (1,)))])[1] == []
    late = replace(case, release=np.array([0, 0, 0, 600]))
    assert evaluate(late, [Day(0, ((3,), (2,), (1,)))])[1] == ["day 1: misses a window"]


def test_a_release_holds_the_whole_trip_back(tiny: Path) -> None:
    """Client 3's goods come at 300: with them client 1 is reached at 350, too late for a window that closes at 340."""
    case = replace(read_case(tiny), windows=np.array([[0, 1000], [0, 340], [400, 600], [0, 1000]]))
    assert evaluate(case, [Day(0, ((1,), (2,), (3,)))])[1] == []
    assert evaluate(case, [Day(0, ((1, 3),)), Day(0, ((2,),))])[1] == ["day 1: misses a window"]


def test_the_shortest_day_waits_for_nothing() -> None:
    """Start 0 would wait 70 at the second step; the day starts 70 later, but no later than its own window allows."""
    steps = [Step(0, 0, 1000, 5), Step(10, 85, 200, 5), Step(10, 0, 1000, 0)]
    assert starts_of(steps) == [70, 85, 100]
    assert starts_of([Step(0, 0, 40, 5), *steps[1:]]) == [40, 85, 100]
    assert starts_of([Step(0, 0, 1000, 5), Step(10, 0, 14, 5)]) is None


def test_paid_minimum_and_longest_day_count_the_span() -> None:
    """Half an hour of work costs the paid hour; a longest day below the span is broken."""
    nowhere = np.zeros((31, 31), dtype=np.int64)
    one = CaseType("t", None, (30,), 7.0, 1.0, 0, np.ones(31, dtype=np.bool_))
    windows = np.tile(np.array([0, 20_000], dtype=np.int64), (31, 1))
    case = replace(small_case(), types=(one,), lengths=(nowhere,), durations=(nowhere,), windows=windows)
    case = replace(case, min_paid=3600, wage=1.0)
    whole = [Day(0, (tuple(range(1, 31)),))]
    assert evaluate(case, whole) == (7 + 3600, [])
    assert evaluate(replace(case, min_paid=60), whole) == (7 + 30 * 60, [])
    short = replace(case, types=(replace(one, max_span=1799),))
    assert evaluate(short, whole)[1] == ["day 1: lasts 1800, 1799 allowed"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2 3 4\n", "", "row 3 where 2 is due"),
        ("2 3 4\n", "2 3 x\n", "tiny.vrp, line 10"),
        ("MTVRPTWR", "TSP", "'TSP' is none of"),
        ("DIMENSION : 4\n", "", "no DIMENSION"),
        ("3 40 60\n4 0 100\n", "", "TIME_WINDOW has shape"),
        ("3 3\n4 1\nTIME", "TIME", "2 figures in DEMAND, not 4"),
        ("CAPACITY : 5\n", "", "neither a section nor a figure CAPACITY"),
        ("EUC_2D", "EXPLICIT", "no coordinates of the plane"),
    ],
)
def test_broken_files_are_named(tiny: Path, old: str, new: str, words: str) -> None:
    """A row that is missing or no number, an unknown type or measure: told with the file's name."""
    text = tiny.read_text()
    assert old in text
    tiny.write_text(text.replace(old, new, 1))
    with pytest.raises(VrplibError, match=words) as told:
        read_case(tiny)
    assert "tiny" in str(told.value)


def test_specifications_with_tabs_and_quotes(tmp_path: Path) -> None:
    """The CVRP files write their head with tabs and quotes."""
    path = tmp_path / "x.vrp"
    path.write_text('NAME : \tX-n3\t\nCOMMENT : \t"by hand"\nDIMENSION : \t3\t\nNODE_COORD_SECTION\t\n1\t0\t0\n')
    found = read_instance(path)
    assert (found.name, found.dimension, found.specifications["COMMENT"]) == ("X-n3", 3, "by hand")


def test_solutions_written_are_read_back(tmp_path: Path, shared_data: Path) -> None:
    """Vehicles keep their type's numbers, also those that stay at home have a line; trips and cost survive."""
    file = shared_data / "vrp" / "HFVRP" / "X125-HVRP.vrp"
    if not file.is_file():
        pytest.skip("no shared X125-HVRP")
    case = read_case(file)
    routes, cost = read_solution(file.with_suffix(".sol"))
    days = days_of(case, routes)
    write_solution(tmp_path / "a" / "x.sol", routes_of(case, days), cost, vehicles=32)
    again, stated = read_solution(tmp_path / "a" / "x.sol")
    assert stated == cost
    assert evaluate(case, days_of(case, again)) == (cost, [])
    assert (tmp_path / "a" / "x.sol").read_text().count("Route #") == 32


def test_trips_are_joined_only_where_it_pays() -> None:
    """Two short days become one, which saves a vehicle; two that must serve at the same moment stay two."""
    case = small_case()
    apart = [Day(0, ((client,),)) for client in (1, 2)]
    joined = join_days(case, apart)
    assert [len(day.trips) for day in joined] == [2]
    assert evaluate(case, joined)[0] < evaluate(case, apart)[0]
    same = case.windows.copy()
    same[[1, 2]] = [5000, 5000]
    assert len(join_days(replace(case, windows=same), apart)) == 2


# --- problems of fleetplan as cases


def _city() -> Problem:
    """Two stops at one standing place and one at another; the second type cannot reach the last stop."""
    time_s = np.array([[[0, 100, 200], [110, 0, 50], [210, 60, 0]]], dtype=np.int32)
    far = time_s.copy()
    far[0, 1, 2] = UNREACHABLE
    walk, door, other = Access(1, 30.0, 2, 20, 60), Access(1, 0.0, 1, 0, 0), Access(2, 10.0, 1, 7, 7)

    def kind(name: str, table: Any, access: tuple[tuple[Access, ...], ...]) -> VehicleType:
        lengths = np.where(table == UNREACHABLE, UNREACHABLE, table * 10).astype(np.int32)
        return VehicleType(
            name=name,
            count=None,
            capacity_kg=10.0,
            capacity_m3=0.5,
            capacity_parcels=None,
            cost_per_day=1000.0,
            distance_cost_per_km=20.0,
            energy_cost_per_km=10.0,
            max_trips=3,
            table=TravelTable(name, np.zeros(3), np.zeros(3), table, lengths),
            park_s=(0, 40, 50),
            access=access,
            refusals=(None, None, None),
        )

    tasks = tuple(Task(f"s{n}", n, 1.5, 0.1, ((0, 36_000),), 100 + n) for n in (1, 2, 3))
    types = (kind("one", time_s, ((walk,), (door,), (other,))), kind("two", far, ((walk,), (door,), ())))
    return Problem(tasks, types, (0, 36_000), 300, Pay(36.0, 3600, 36_000, 1.0), 150.0)


def test_a_city_as_a_case_by_hand() -> None:
    """Walks and parking lie on the arcs: stops that share a place park once, walks back precede the next drive."""
    case = case_of_problem(_city(), name="c", set_name="city-3")
    # depot to 1: drive 100, park 40, walk 20; 1 to 2: walk back 60, no drive; 2 to 3: drive 50, park 50, walk 7
    one, _ = case.durations
    assert [one[0, 1], one[1, 2], one[2, 3], one[3, 0]] == [160, 60, 107, 217]
    assert case.types[1].allowed.tolist() == [True, True, True, False]
    assert case.types[0].capacity == (10_000, 500_000)
    assert case.demand[1].tolist() == [1500, 100_000]
    days = [Day(0, ((1, 2), (3,)))]
    # two loadings, drives 100 + 110 and 200 + 210, parking 40 + 50, walks 80 + 14, service 101 + 102 + 103
    span_s = 600 + 620 + 90 + 94 + 306
    cost = 1000.0 + 30.0 * 6.2 + 36.0
    assert span_s < 3600
    assert evaluate(case, days) == (cost, [])
    plan = plan_of(case.problem, days, cost=cost)
    assert plan is not None
    assert plan.routes[0].end_s - plan.routes[0].start_s == span_s
    assert verify(case.problem, plan) == []
    assert days_of_plan(case.problem, plan) == days


def test_unreachable_pairs_stay_so_in_a_case() -> None:
    """An arc that no street joins is infeasible, however parking and walks add up on it."""
    problem = _city()
    second = replace(problem.types[1], access=problem.types[0].access)
    case = case_of_problem(replace(problem, types=(second,)), name="c", set_name="city-3")
    assert int(case.durations[0][1, 3]) == UNREACHABLE
    assert evaluate(case, [Day(0, ((2, 1), (3,)))])[1] == []
    assert evaluate(case, [Day(0, ((2, 1, 3),))])[1] == ["day 1: misses a window"]


def test_a_city_is_kept_and_read_back(tmp_path: Path) -> None:
    """What the disk gives is the problem that was built, field by field."""
    problem = _city()
    write_problem(tmp_path / "c.npz", problem)
    again = read_problem(tmp_path / "c.npz")
    assert replace(again, types=problem.types) == problem
    for left, right in zip(again.types, problem.types, strict=True):
        assert replace(left, table=right.table) == right
        assert (left.table.time_s == right.table.time_s).all()
        assert (left.table.distance_m == right.table.distance_m).all()


def test_helsinki_is_built_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The bundled place gives a sound case of the size asked for, and the same the second time without building."""
    monkeypatch.setenv("FLEETPLAN_CACHE", str(tmp_path))
    first = solver_cities.city_problem("city:helsinki:12", tmp_path)
    monkeypatch.setattr(solver_cities, "_build", None)
    again = solver_cities.city_problem("city:helsinki:12", tmp_path)
    assert first.tasks == again.tasks
    assert len(first.tasks) == 12
    assert sum(task.windows_s[0] != first.shift_s for task in first.tasks) == 4
    assert all(any(vehicle.access[n] for vehicle in first.types) for n in range(12))
    case = case_of_problem(first, name="h", set_name="city-12")
    days = [Day(2, ((client,),)) for client in range(1, 13)]
    cost, faults = evaluate(case, days)
    assert faults == []
    plan = plan_of(first, days, cost=cost)
    assert plan is not None
    assert verify(first, plan) == []
