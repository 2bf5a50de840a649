"""The package's rooms: arrows go down only, and the detector stands on nothing but torch."""

import ast
import graphlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dsod_lite"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS: tuple[set[str], ...] = (
    {"detector", "support"},
    {"datasets", "evaluation", "weights"},
    {"deploy", "plots"},
    {"exercises", "explorers", "training"},
    {"report"},
    {"commands"},
    {"__init__", "__main__"},
)
"""From the ground up. A room's files import from floors below it, and from their own room."""
FLOOR = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
DETECTOR = sorted((PACKAGE / "detector").glob("*.py"))
STEP = [PACKAGE / "training" / f"{name}.py" for name in ("loop", "step", "recipe")]
"""What a newcomer reads to know what a step of training does."""


def name_of(path: Path) -> tuple[str, ...]:
    """("detector", "boxes") for detector/boxes.py; a folder's own name for its __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def room_of(path: Path) -> str:
    return name_of(path)[0]


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """All that a file imports, inside of functions too: ours as in `name_of`, others as ("", "torch")."""
    folder = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (("", alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield ("", (node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            start = (*folder[: len(folder) - node.level + 1], *(node.module or "").split("."))
            start = tuple(part for part in start if part)
            for alias in node.names:
                inside = PACKAGE.joinpath(*start, alias.name)
                is_module = inside.is_dir() or inside.with_suffix(".py").exists()
                yield (*start, alias.name) if is_module else start


def ours(path: Path) -> set[tuple[str, ...]]:
    return {name for name in imports(path) if name[0]}


def test_every_file_is_in_a_room_that_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} == set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_import_points_upwards(path: Path) -> None:
    room = room_of(path)
    upwards = [name for name in ours(path) if name[0] != room and FLOOR[name[0]] >= FLOOR[room]]
    assert upwards == []


def test_no_file_imports_itself_in_a_circle() -> None:
    graph = {name_of(path): ours(path) - {name_of(path)} for path in FILES}
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, with the circle
    assert len(order) >= len(FILES)


@pytest.mark.parametrize("path", DETECTOR, ids=lambda p: p.name)
def test_the_detector_stands_on_torch_alone(path: Path) -> None:
    others = {name[1] for name in imports(path) if not name[0]} - set(sys.stdlib_module_names)
    assert others <= {"torch", "torchvision"}
    assert {name[0] for name in ours(path)} <= {"detector"}


def lines(paths: list[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_the_detector_is_read_in_an_hour_and_a_step_in_half_of_that() -> None:
    assert lines(DETECTOR) <= 1100
    assert lines(STEP) <= 500


def test_the_street_shows_two_files() -> None:
    assert sorted(path.name for path in PACKAGE.glob("*.py")) == ["__init__.py", "__main__.py"]
