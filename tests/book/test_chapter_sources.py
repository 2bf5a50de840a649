"""What a chapter's page has beside its executed copy: figures at half their size, exercises by their checker's name."""

import chapter_sources
from course import CHAPTERS
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dsod_lite.exercises import find


def test_a_figure_is_shown_at_half_its_resolution() -> None:
    sharp = new_output("display_data", {"image/png": "…"}, metadata={"image/png": {"width": 548, "height": 274}})
    plain = new_output("display_data", {"image/png": "…"})
    named = {"mystnb": {"image": {"alt": "A line."}}}
    cells = [new_code_cell("a", outputs=[sharp], metadata=named), new_code_cell("b", outputs=[plain])]
    notebook = new_notebook(cells=cells)
    chapter_sources.set_widths(notebook)
    assert notebook.cells[0].metadata["mystnb"]["image"] == {"alt": "A line.", "width": "548px"}
    assert notebook.cells[1].metadata == {}


def test_an_exercise_has_the_name_that_its_check_prints() -> None:
    text = "```{exercise} On paper\n:label: a\n\n★ How?\n```\n\n````{exercise} Below zero\n:label: b\n\n★★ Why?\n````"
    notebook = new_notebook(cells=[new_markdown_cell(text), new_code_cell("x = '```{exercise} No'")])
    chapter_sources.name_exercises(notebook, "boxes")
    assert "```{exercise} boxes.1, On paper\n:nonumber:\n:label: a\n" in notebook.cells[0].source
    assert "````{exercise} boxes.2, Below zero\n:nonumber:\n:label: b\n" in notebook.cells[0].source
    assert notebook.cells[1].source == "x = '```{exercise} No'"
    assert find("boxes.1").title == "On paper"
    assert "boxes" in CHAPTERS
