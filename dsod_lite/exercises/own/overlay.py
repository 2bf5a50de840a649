"""A student's files in the place of the package's: what they define is used wherever the package uses its own."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Collection
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .parts import PARTS, is_blank, parsed

MODULES = tuple(part.module for part in PARTS)


def written(path: Path) -> CodeType:
    """What a student's file defines, compiled, without what is still blank. Raises SyntaxError."""
    tree = parsed(path)
    tree.body = [node for node in tree.body if not is_blank(node)]
    return compile(tree, str(path), "exec")


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs the package's file, and the student's after it in the same module: its names take the others' place."""

    def __init__(self, name: str, path: str, own: Path) -> None:
        super().__init__(name, path)
        self.own = own

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        exec(written(self.own), vars(module))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, folder: Path, modules: Collection[str]) -> None:
        parts = [p for p in PARTS if p.module in modules and (folder / p.file).exists()]
        self.found = {f"dsod_lite.{p.module}": (p.source, folder / p.file) for p in parts}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in self.found:
            return None
        source, own = self.found[name]
        return importlib.util.spec_from_file_location(name, source, loader=_Loader(name, str(source), own))


def put_on(folder: Path, modules: Collection[str] = MODULES) -> None:
    """From here on, `import dsod_lite` is the package with the folder's files of these modules in it.

    For a process of its own: whatever holds names of the package holds the old ones.
    """
    sys.meta_path[:] = [_Finder(folder, modules), *(each for each in sys.meta_path if not isinstance(each, _Finder))]
    for name in [name for name in sys.modules if name.split(".")[0] == "dsod_lite"]:
        del sys.modules[name]
