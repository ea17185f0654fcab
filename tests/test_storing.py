"""What is kept between runs: whole or absent, never stale, never unpickled."""

from __future__ import annotations

import dataclasses
import os
import pickle
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from fleetplan.city import keeping
from fleetplan.city.streets import Streets
from fleetplan.routing import preparing
from fleetplan.routing.hierarchy import Hierarchy
from fleetplan.storing import content_key, load_arrays, save_arrays


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of entries."""
    monkeypatch.setenv("FLEETPLAN_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def same(one: object, other: object) -> bool:
    """Two tables hold the same values, types and dtypes."""
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(getattr(one, name), getattr(other, name)) for name in names)
    return one == other


def test_arrays_come_back(folder: Path) -> None:
    """Arrays of several types and notes survive; an absent key has nothing."""
    arrays = {"a": np.arange(5), "b": np.array([True, False]), "c": np.array([1.5, np.nan])}
    save_arrays("kind", "key", arrays, {"words": ["ä", ""]})
    found = load_arrays("kind", "key")
    assert found is not None
    assert set(found[0]) == set(arrays)
    assert all(same(found[0][name], value) for name, value in arrays.items())
    assert found[1] == {"words": ["ä", ""]}
    assert load_arrays("kind", "other") is None
    assert [path.name for path in folder.iterdir()] == ["kind-key.npz"]


def test_objects_are_not_kept(folder: Path) -> None:
    """Whatever could only be pickled is refused before a file is written."""
    with pytest.raises(ValueError, match="objects are not kept: b"):
        save_arrays("kind", "key", {"a": np.arange(3), "b": np.array([{}], dtype=object)})
    assert not folder.exists()


def test_keys_tell_contents_apart() -> None:
    """Equal bytes of another type, or parts cut elsewhere, are another content."""
    keys = {
        content_key("ab", "c"),
        content_key("a", "bc"),
        content_key(np.array([1, 2])),
        content_key(np.array([1, 2], dtype=np.int32)),
        content_key(np.array([[1], [2]])),
        content_key(b"ab"),
    }
    assert len(keys) == 6


@pytest.mark.parametrize("harm", ["cut", "garbage", "flipped", "pickle"])
def test_a_broken_entry_counts_as_absent(folder: Path, harm: str) -> None:
    """Truncated, overwritten, damaged, or a pickle in disguise: nothing is loaded, nothing runs, nothing fails."""
    save_arrays("kind", "key", {"a": np.arange(10_000)}, None)
    path = folder / "kind-key.npz"
    content = path.read_bytes()
    if harm == "pickle":
        np.savez(path, a=np.array([_Trap()], dtype=object), notes=np.frombuffer(b"null", dtype=np.uint8))
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
        path.write_bytes({"cut": content[:middle], "garbage": b"?" * 100, "flipped": flipped}[harm])
    assert load_arrays("kind", "key") is None


def test_no_damage_of_a_byte_gets_through(folder: Path) -> None:
    """Whichever byte of an entry is damaged, in its headers too: the arrays come back as they were, or nothing does."""
    save_arrays("kind", "key", {"a": np.arange(6)}, {"x": 1})
    path = folder / "kind-key.npz"
    content = path.read_bytes()
    for place in range(len(content)):
        for bits in (1, 8, 255):
            path.write_bytes(content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :])
            found = load_arrays("kind", "key")
            assert found is None or found[1] == {"x": 1}
            assert found is None or all(array.tolist() == list(range(6)) for array in found[0].values())


def test_an_entry_of_others_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that may be read only, entries serve although they cannot be marked as used."""
    save_arrays("kind", "key", {"a": np.arange(3)})

    def refuse(_path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "touch", refuse)
    assert load_arrays("kind", "key") is not None


def test_what_killed_runs_left_goes(folder: Path) -> None:
    """A file half written more than a day ago is removed, one of another run that is at it now is not."""
    folder.mkdir()
    for name, age_s in ((".kind.old.part", 100_000), (".kind.new.part", 10)):
        (folder / name).write_bytes(b"half")
        stamp = time.time() - age_s
        os.utime(folder / name, (stamp, stamp))
    save_arrays("kind", "key", {"a": np.arange(3)})
    assert sorted(path.name for path in folder.iterdir()) == [".kind.new.part", "kind-key.npz"]


class _Trap:
    """Would run at loading if anything were unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.abort, ()


def test_the_trap_is_one() -> None:
    """The entry above does hold a pickle that calls something."""
    assert b"abort" in pickle.dumps(_Trap())


def test_nothing_is_kept_when_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``FLEETPLAN_CACHE=off`` writes and reads nothing, and a folder that cannot be made is done without."""
    monkeypatch.setenv("FLEETPLAN_CACHE", "off")
    save_arrays("kind", "key", {"a": np.arange(3)})
    assert load_arrays("kind", "key") is None
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FLEETPLAN_CACHE", str(tmp_path / "file" / "below"))
    save_arrays("kind", "key", {"a": np.arange(3)})
    assert load_arrays("kind", "key") is None


def test_the_oldest_entries_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the entries that were not used for longest are removed."""
    for number in range(3):
        save_arrays("kind", str(number), {"a": np.zeros(1000)})
        os.utime(folder / f"kind-{number}.npz", (1000 + number, 1000 + number))
    monkeypatch.setattr("fleetplan.storing.KEPT_BYTES", 20_000)
    save_arrays("kind", "3", {"a": np.zeros(1000)})
    assert sorted(path.name for path in folder.iterdir()) == ["kind-2.npz", "kind-3.npz"]


def test_streets_come_back_whole(folder: Path, helsinki_path: Path) -> None:
    """A second reading takes the entry and gives the same tables, texts and types."""
    first = Streets.from_file(helsinki_path)
    assert [path.name.split("-")[0] for path in folder.iterdir()] == ["streets"]
    second = Streets.from_file(helsinki_path)
    assert second is not first
    assert same(first, second)


def test_another_content_is_read_anew(folder: Path, helsinki_path: Path, tmp_path: Path) -> None:
    """The key is the file's content, not its path; another country or other sources of reading are another entry."""
    copy = tmp_path / "copy" / helsinki_path.name
    copy.parent.mkdir()
    shutil.copy(helsinki_path, copy)
    assert keeping.streets_key(copy, None) == keeping.streets_key(helsinki_path, None)
    assert keeping.streets_key(copy, "JP") != keeping.streets_key(copy, None)
    content = copy.read_bytes()
    copy.write_bytes(content + b" ")
    assert keeping.streets_key(copy, None) != keeping.streets_key(helsinki_path, None)


def test_a_stale_entry_is_never_found(folder: Path, helsinki_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the sources that read streets change, the old entry's key is asked for no more."""
    before = keeping.streets_key(helsinki_path, None)
    monkeypatch.setattr(keeping, "_reading_digest", lambda: "other sources")
    assert keeping.streets_key(helsinki_path, None) != before


def test_a_file_that_may_not_be_read_has_no_key(
    folder: Path, helsinki_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for an entry is no reason to fail: the reader itself says what is wrong with a file."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert keeping.streets_key(helsinki_path, None) is None


def test_other_libraries_make_an_entry_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer borders of time zones or another reading of opening hours would give other streets of the same file."""
    keeping._reading_digest.cache_clear()
    before = keeping._reading_digest()
    for name in ("tzfpy", "opening-hours-py", "osmium"):
        monkeypatch.setattr(keeping, "version", lambda asked, newer=name: "0" if asked == newer else version(asked))
        keeping._reading_digest.cache_clear()
        assert keeping._reading_digest() != before
    monkeypatch.undo()
    keeping._reading_digest.cache_clear()
    assert keeping._reading_digest() == before
    assert "unknown" not in keeping._libraries()


def test_a_hierarchy_of_other_code_is_not_found(
    folder: Path, helsinki_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers are rows that compiled code reads unchecked: what another release left is another entry."""
    for source in (b"one", b"other"):
        monkeypatch.setattr(preparing, "_sources", lambda source=source: (source,))
        preparing.prepare_city(Streets.from_file(helsinki_path))
    assert len(list(folder.glob("hierarchy-*"))) == 2


def test_the_hierarchy_comes_back(folder: Path, helsinki_path: Path) -> None:
    """Two readings of a city have the same hierarchy, the second from disk; a broken entry is made again."""
    found: list[Hierarchy] = []
    for _ in range(3):
        found.append(preparing.prepare_city(Streets.from_file(helsinki_path)))
        for path in folder.glob("hierarchy-*"):
            if len(found) == 2:
                path.write_bytes(b"broken")
    assert same(found[0], found[1])
    assert same(found[0], found[2])
