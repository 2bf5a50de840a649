"""What readers write in a chapter's cell before it shows the package's: empty, right, with slips, and broken."""

import ast
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from chapters import CHAPTERS, code_cells
from IPython.core.inputtransformer2 import TransformerManager
from mutants import mutants
from torch import nn

from dsod_lite.exercises.own.cell import check_own, judged
from dsod_lite.exercises.own.parts import PARTS
from dsod_lite.support.errors import SettingError

ASKED = re.compile(r'^check_own\("(\w+)", (\w+)\)$', re.MULTILINE)
CENTRAL = {"match", "mine_hard_negatives", "MultiBoxLoss", "DenseLayer", "DensePrediction", "detect"}
MODULES = {name: part.module for part in PARTS for name in part.names}


def cells() -> Iterator[tuple[str, str, str, list[str]]]:
    """Of each cell to fill in: what it asks for, what that is called there, its text, and the cells below it."""
    for path in CHAPTERS:
        code = [TransformerManager().transform_cell(cell.source) for cell in code_cells(path)]
        for place, source in enumerate(code):
            for name, called in ASKED.findall(source):
                yield name, called, source, code[place + 1 :]


CELLS = {name: (called, source, below) for name, called, source, below in cells()}
each = pytest.mark.parametrize("name", sorted(CELLS))


def shown(name: str) -> str:
    """The package's definition, as the chapter shows it below the cell."""
    marked = f"# dsod_lite/{MODULES[name].replace('.', '/')}.py\n"
    definition = re.compile(rf"^(def|class) {name}\b", re.MULTILINE)
    found = [s for s in CELLS[name][2] if s.startswith(marked) and definition.search(s)]
    assert len(found) == 1, f"{name}: the chapter shows it {len(found)} times below its cell"
    return found[0]


def space(name: str) -> dict[str, object]:
    """What a chapter has when it comes to the cell, near enough: the package's own names."""
    return dict(vars(importlib.import_module(f"dsod_lite.{MODULES[name]}")))


def verdict(name: str, program: str, called: str) -> str:
    names = space(name)
    exec(program, names)
    return judged(name, names[called], seed=3)


def test_the_central_functions_are_written_first() -> None:
    assert set(CELLS) == CENTRAL


@each
def test_an_empty_cell_says_so_and_stops_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    called, source, _ = CELLS[name]
    exec(source, space(name) | {"check_own": check_own})
    assert capsys.readouterr().out == f"{name}: not written yet. The chapter goes on with the package's.\n"
    assert called.lower().startswith("my")


@each
def test_what_the_chapter_shows_is_right_with_other_numbers_too(name: str) -> None:
    assert verdict(name, shown(name), name) == f"{name}: right!"


# Slips that are right, too: a piece of the line that they change, and why.
DEFAULT = "what a parameter is by default is not asked: the chapter's cells have what they need"
EQUIVALENT = {
    "match": {"priors + 2": "two places too many are cut off as one is"},
    "mine_hard_negatives": {"at_least=-1": "fewer than no negatives are none"},
    "MultiBoxLoss": {
        "def __init__": DEFAULT,
        "sum(dim=0)": "summed up over the priors first, or over the pictures",
        "positive.sum(dim=0)": "the same of the positives",
    },
    "detect": {
        "def detect": DEFAULT,
        ">= score_threshold": "no score is exactly the threshold",
        "- FAR": "to the other side is as far",
        ".double() + FAR": "no box asked about is so far away",
        "num_classes - label": "the groups are others, and as many",
        "picture / num_classes": "the groups are others, and as many",
        "cumsum(-1)": "a row has one dimension",
    },
}


@each
def test_slips_are_refused(name: str) -> None:
    program = ast.unparse(ast.parse(shown(name)))
    lines, unexplained, tried = set(program.splitlines()), [], 0
    for mutant in mutants(program):
        if mutant == program:  # 0.0 times 1.1
            continue
        tried += 1
        try:
            taken = verdict(name, mutant, name).endswith("right!")
        except Exception:  # the definition itself fails
            continue
        changed = "\n".join(line for line in mutant.splitlines() if line not in lines)
        if taken and not any(piece in changed for piece in EQUIVALENT.get(name, {})):
            unexplained.append(changed)
    assert tried >= 6
    assert unexplained == []


@pytest.mark.parametrize(
    ("name", "definition", "said"),
    [
        ("match", lambda iou, threshold=0.5: iou.max(dim=1)[1].where(iou.max(dim=1)[0] >= threshold, -1),
         "That is the threshold alone"),
        ("match", lambda iou, threshold=0.5: iou[9], "got:      IndexError: index 9 is out of bounds"),
        ("match", lambda iou: iou, "TypeError"),
        ("match", "words", "TypeError: 'str' object is not callable"),
        ("DenseLayer", nn.Identity, "['state']: dict of 0, not dict of 12"),
        ("detect", lambda *_: exit(), "SystemExit"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(name: str, definition: Any, said: str) -> None:
    words = judged(name, definition)
    assert words.startswith(f"{name}: not yet.\n  tried:    ")
    assert said in words


def test_the_line_of_a_reader_s_error_is_named() -> None:
    def my_match(iou: Any, threshold: float = 0.5) -> Any:
        return iou.nothing_like_it()

    assert "in my_match, line " in judged("match", my_match)


def test_a_definition_that_changes_its_arguments_spoils_nothing() -> None:
    def my_mining(background_loss: Any, positive: Any, ratio: float = 3.0, at_least: int = 0) -> Any:
        hardness = background_loss.masked_fill_(positive, -torch.inf)
        wanted = (ratio * positive.sum(dim=1, keepdim=True)).clamp(min=at_least)
        return (hardness.argsort(dim=1, descending=True).argsort(dim=1) < wanted) & ~positive

    assert judged("mine_hard_negatives", my_mining) == "mine_hard_negatives: right!"


def test_a_name_that_nobody_writes_is_refused() -> None:
    with pytest.raises(SettingError, match="nothing to write that is called 'mach'; there are encode, decode"):
        check_own("mach", lambda: None)
