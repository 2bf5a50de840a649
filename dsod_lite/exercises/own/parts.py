"""What students write, a file a week, and the files they begin with: the package's, with their bodies blanked."""

import ast
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from ...support.errors import one_line

BLANK = 'raise NotImplementedError("your code")'


@dataclass(frozen=True)
class Part:
    """A week's file."""

    module: str
    """In the package, such as "detector.boxes"."""
    chapter: str
    """Of the book, which builds it."""
    names: tuple[str, ...]
    """The functions and classes to write."""

    @property
    def file(self) -> str:
        return f"{self.module.rsplit('.', 1)[-1]}.py"

    @property
    def source(self) -> Path:
        """The package's own file."""
        spec = importlib.util.find_spec(f"dsod_lite.{self.module}")
        assert spec is not None and spec.origin is not None  # noqa: PT018
        return Path(spec.origin)


PARTS = (
    Part("detector.boxes", "matching", ("encode", "decode")),
    Part("detector.priors", "priors", ("cell_shapes", "prior_boxes")),
    Part("detector.matching", "matching", ("match", "bipartite_priors")),
    Part("detector.loss", "loss", ("mine_hard_negatives", "matched_targets", "MultiBoxLoss")),
    Part("detector.blocks", "deep_supervision", ("norm_relu_conv", "DenseLayer", "DenseBlock", "Transition", "Stem")),
    Part("detector.prediction", "dense_prediction", ("Reuse", "Downsample", "DensePrediction", "MultiBoxHead")),
    Part("detector.detect", "non_maximum_suppression", ("detect",)),
    Part("evaluation.voc", "average_precision", ("judge", "precision_recall", "average_precision")),
)


def parsed(path: Path) -> ast.Module:
    """A student's file. Raises SyntaxError, whatever it is that Python cannot read in it."""
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (ValueError, RecursionError, MemoryError) as error:  # a zero byte; brackets in brackets in brackets …
        raise SyntaxError(one_line(error)) from None


def is_blank(node: ast.AST) -> bool:
    """Whether a function's body is still to be written, or that of a class's method."""
    if isinstance(node, ast.ClassDef):
        return any(is_blank(child) for child in node.body)
    if not isinstance(node, ast.FunctionDef):
        return False
    match node.body[-1]:
        case ast.Expr(ast.Constant(value)):
            return value is ... or isinstance(value, str)
        case ast.Raise(exc=ast.Name("NotImplementedError") | ast.Call(func=ast.Name("NotImplementedError"))):
            return True
    return False


def blanked(part: Part) -> str:
    """The text of the file that a student begins with."""
    text = part.source.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    taken = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in part.names]
    taken.sort(key=lambda node: part.names.index(node.name))
    head = ast.get_docstring(tree) or ""
    said = f'"""{head}\n\nWhat you do not write here comes from the package, as do its constants and imports.\n"""'
    return "\n\n\n".join([said, *("\n".join(_blanked(node, lines)) for node in taken)]) + "\n"


def _blanked(node: ast.FunctionDef | ast.ClassDef, lines: list[str]) -> list[str]:
    """The lines of a definition: all up to the end of its docstring, and of a class its methods likewise."""
    first, body = node.body[0], list(node.body)
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    top = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    kept = lines[top - 1 : (first.end_lineno if documented else first.lineno - 1)]
    if documented:
        body = body[1:]
    if isinstance(node, ast.FunctionDef):
        return [*kept, " " * (node.col_offset + 4) + BLANK]
    for child in body:
        if isinstance(child, ast.FunctionDef):
            kept += ["", *_blanked(child, lines)]
        else:
            kept += lines[child.lineno - 1 : child.end_lineno]
    return kept


def start(folder: Path) -> list[Path]:
    """Writes the files into a folder, but none that is there already. Returns those written."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [part for part in PARTS if not (folder / part.file).exists()]
    for part in missing:
        (folder / part.file).write_text(blanked(part), encoding="utf-8")
    return [folder / part.file for part in missing]
