"""A page of text borrows the last explorer of a chapter, and of the saved state what belongs to that one alone."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from borrowed_explorer import STATE, VIEW, explorer
from ipywidgets.embed import dependency_state
from sphinx.errors import ExtensionError

from dsod_lite import DSODConfig
from dsod_lite.explorers import ArchitectureExplorer, PriorExplorer


def test_the_last_explorer_is_borrowed_with_its_own_state(tmp_path: Path) -> None:
    shown = [PriorExplorer(DSODConfig()), ArchitectureExplorer(DSODConfig())]
    outputs = [nbformat.v4.new_output("display_data", {VIEW: {"model_id": one.model_id}}) for one in shown]
    cells = [nbformat.v4.new_code_cell("", outputs=[output]) for output in outputs]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["widgets"] = {STATE: {"version_major": 2, "state": dependency_state(shown)}}
    nbformat.write(notebook, tmp_path / "chapter.ipynb")

    state, view = re.findall(r"<script[^>]*>(.*?)</script>", explorer(tmp_path / "chapter.ipynb"))
    assert json.loads(view)["model_id"] == shown[1].model_id
    kept = json.loads(state)["state"]
    assert set(kept) == {shown[1].model_id, shown[1].layout.model_id}


def test_a_chapter_without_explorers_is_named(tmp_path: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "chapter.ipynb")
    with pytest.raises(ExtensionError, match=r"chapter\.ipynb shows no explorer"):
        explorer(tmp_path / "chapter.ipynb")
    with pytest.raises(ExtensionError, match=r"missing\.ipynb has not been executed"):
        explorer(tmp_path / "missing.ipynb")
