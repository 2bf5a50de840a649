"""What every chapter holds, and that the code it teaches is the package's."""

import ast
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from chapters import CHAPTERS, ROOT, code_cells, each_chapter
from IPython.core.inputtransformer2 import TransformerManager

# The modules that the book builds: whatever they offer is defined in one chapter.
HEART = ("boxes", "priors", "blocks", "prediction", "matching", "loss", "detect")
TAUGHT = (*(f"detector/{module}" for module in HEART), "evaluation/voc")
MARK = re.compile(r"# (?:dsod_lite/)?(\S+)\.py\n")
"""A definition of the package's, or of the one experiment that a chapter builds, is marked with its file."""


def prose(path: Path) -> list[str]:
    return [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]


@each_chapter
def test_chapter_begins_with_what_you_will_build_and_ends_with_a_summary(path: Path) -> None:
    header = prose(path)[0]
    assert header.startswith("# ")
    assert [word for word in ("**You will build** ", "**Time:** ", "**You need** ") if word not in header] == []

    headings = re.findall(r"^## +(.+)$", "\n".join(prose(path)), re.MULTILINE)
    assert headings[-1] == "Summary"
    assert [name for name in ("A real bug", "Exercises") if headings.count(name) != 1] == []


@each_chapter
def test_chapter_has_three_to_five_exercises_each_with_a_folded_solution(path: Path) -> None:
    text = "\n".join(prose(path))
    exercises = re.findall(r"\{exercise\}[^\n]*\n:label: (ex-\S+)\n\n★{1,3} ", text)
    assert len(exercises) == text.count("{exercise}")
    assert 3 <= len(exercises) <= 5
    solutions = re.findall(r"\{solution\} (\S+)\n:class: dropdown\n", text)
    assert len(solutions) == text.count("{solution}")
    assert sorted(solutions) == sorted(exercises)


@each_chapter
def test_a_solution_s_code_is_shown_as_it_is_written(path: Path) -> None:
    """A line of more than 69 characters is wrapped at the margin, on a screen of 1280 pixels."""
    blocks = re.findall(r"^```python\n(.*?)^```", "\n".join(prose(path)), re.MULTILINE | re.DOTALL)
    assert [line for block in blocks for line in block.splitlines() if len(line) > 69] == []


class Bare(ast.NodeTransformer):
    """Drops what a chapter may leave out: docstrings and annotations. What decides what the code does stays."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return self.generic_visit(ast.Assign([node.target], node.value)) if node.value else None

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # In a class an annotation makes a dataclass's field: that there is one counts, but not what it says.
        fields = {i: child for i, child in enumerate(node.body) if isinstance(child, ast.AnnAssign)}
        for i, field in fields.items():
            node.body[i] = ast.Assign([ast.Name("field")], ast.Tuple([field.target, field.value or ast.Name("none")]))
        return self.generic_visit(node)


def definitions(source: str) -> dict[str, str]:
    """The names that a piece of Python defines at its top level, each with its syntax tree, as text."""
    found = {}
    for statement in Bare().visit(ast.parse(source)).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found[statement.name] = ast.dump(statement)
        elif isinstance(statement, ast.Assign):
            found |= {t.id: ast.dump(statement) for t in statement.targets if isinstance(t, ast.Name)}
    return found


def package(module: str) -> dict[str, str]:
    home = ROOT if module.startswith("book/") else ROOT / "dsod_lite"
    return definitions((home / f"{module}.py").read_text(encoding="utf-8"))


def taught_in(path: Path) -> list[tuple[str, str, str]]:
    """Module, name and tree of each of the package's definitions that a chapter holds."""
    found = []
    for cell in code_cells(path):
        if named := MARK.match(cell.source):
            found += [(named[1], name, tree) for name, tree in definitions(cell.source).items()]
    return found


@each_chapter
def test_chapter_defines_what_the_package_defines(path: Path) -> None:
    drifted = [f"{module}.{name}" for module, name, tree in taught_in(path) if package(module).get(name) != tree]
    assert drifted == []


@each_chapter
def test_chapter_marks_the_package_s_definitions_and_nothing_else(path: Path) -> None:
    ours = {name for module in TAUGHT for name in package(module)}
    for cell in code_cells(path):
        source = TransformerManager().transform_cell(cell.source)
        if MARK.match(source):
            assert len(definitions(source)) == len(ast.parse(source).body)  # no imports, no calls, nothing twice
        else:
            assert set(definitions(source)) & ours == set()


def test_each_definition_is_in_one_chapter() -> None:
    taught = Counter((module, name) for path in CHAPTERS for module, name, _ in taught_in(path))
    assert [name for name, count in taught.items() if count > 1] == []

    begun = {module for module, _ in taught}
    source = {m: ast.parse((ROOT / "dsod_lite" / f"{m}.py").read_text(encoding="utf-8")) for m in TAUGHT if m in begun}
    offered = {
        (module, statement.name)
        for module, tree in source.items()
        for statement in tree.body
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and not statement.name.startswith("_")
    }
    assert offered - set(taught) == set()


ORIGINAL = '''
@dataclass(frozen=True)
class Grid:
    """A map's cells."""

    size: int
    step: float = 8.0
    """Pixels."""


def centres(grid: Grid, offset: float = 0.5) -> list[float]:
    """Where the cells' centres are."""
    found: list[float] = []
    for i in range(grid.size):
        found.append((i + offset) * grid.step)  # in pixels
    return found
'''


def test_a_copy_may_leave_out_annotations_docstrings_and_comments() -> None:
    copy = """
# dsod_lite/grids.py
@dataclass(frozen=True)
class Grid:
    size: int
    step: "pixels" = 8.0

def centres(grid, offset=0.5):
    found = []
    for i in range(grid.size):
        found.append(
            (i + offset) * grid.step
        )
    return found
"""
    assert definitions(copy) == definitions(ORIGINAL)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("(i + offset) * grid.step", "i * grid.step + offset", "centres"),
        ("offset: float = 0.5", "offset: float = 0", "centres"),
        ("offset: float = 0.5", "offset: float", "centres"),
        ("    return found", "    return found or None", "centres"),
        ("step: float = 8.0", "step: float = 16.0", "Grid"),
        ("step: float = 8.0", "step = 8.0", "Grid"),  # no annotation, no field
        ("size: int", "length: int", "Grid"),
        ("(frozen=True)", "", "Grid"),
    ],
)
def test_a_copy_that_drifted_is_caught(old: str, new: str, name: str) -> None:
    assert old in ORIGINAL
    copy, original = definitions(ORIGINAL.replace(old, new)), definitions(ORIGINAL)
    assert [n for n in original if copy[n] != original[n]] == [name]
