"""Prints a digest of each file below the folders named: when one changes, so does what was made of it.

    python book/tools/inputs.py [--docstrings] dsod_lite data requirements.txt

What a notebook's outputs depend on is code. So of a Python file the syntax tree counts, without docstrings: a comment,
a better word or another line break executes nothing again. The package's page shows docstrings: with --docstrings all
files count byte by byte. Digests, not dates: a file deleted, or an older one put back, is a change.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

UNSEEN = {"__pycache__", ".ipynb_checkpoints"}


class Bare(ast.NodeTransformer):
    """Drops docstrings, and strings below a name that serve as one."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_string = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_string else self.generic_visit(node)


def content(path: Path, docstrings: bool) -> bytes:
    """What counts of a file."""
    written = path.read_bytes()
    if docstrings or path.suffix != ".py":
        return written
    try:
        return ast.dump(Bare().visit(ast.parse(written))).encode()
    except SyntaxError:  # whoever runs it will say so
        return written


def files(places: list[Path]) -> Iterator[Path]:
    """The files named, and all those below the folders named, in order."""
    for place in sorted(places):
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in found if path.is_file() and not UNSEEN & set(path.parts))


def digests(places: list[Path], docstrings: bool = False) -> list[str]:
    """A line for each file: the digest of what counts of it, and where it is."""
    return [f"{hashlib.sha256(content(path, docstrings)).hexdigest()}  {path.as_posix()}" for path in files(places)]


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--docstrings"]
    print(*digests([Path(argument) for argument in arguments], "--docstrings" in sys.argv), sep="\n")
