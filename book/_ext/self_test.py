"""Sphinx extension: questions that answer for themselves in the page, without a kernel and without a network.

At the end of a chapter its questions come, folded, but for those of the exam. Under an exercise that asks for a number
or a word there is a line to type it in; it is judged as `check` does. The answers are in the page, coded so that nobody
reads them by accident. self_test.js does the rest.
"""

import base64
import html
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell
from questions import FOLDER, Choice, Question, read
from sphinx.application import Sphinx

from dsod_lite.exercises import find
from dsod_lite.exercises.values import Number, Rule, Values

FILES = [Path(__file__).with_suffix(suffix) for suffix in (".js", ".css")]
CHECKED = re.compile(r'^check\("(\S+?)"', re.MULTILINE)
HEAD = "## Ask yourself"
FOLDED = """\
<details class="self-test"><summary>{count} questions on this chapter</summary>
{questions}
</details>"""
FORM = """\
<form class="question" data-key="{key}" novalidate><fieldset><legend>{legend}</legend>
{inputs}
</fieldset><button type="submit" hidden>Check</button><p role="status"></p></form>"""


def coded(key: Any) -> str:
    return base64.b64encode(json.dumps(key).encode()).decode()


def form(legend: str, inputs: list[str], key: Any) -> str:
    return FORM.format(key=coded(key), legend=html.escape(legend, quote=False), inputs="\n".join(inputs))


def line(label: str, name: str) -> str:
    """A labelled line to type an answer into."""
    asked = html.escape(label, quote=False)
    return f'<label>{asked} <input type="text" name="{name}" autocomplete="off" spellcheck="false"></label>'


def question_form(question: Question, name: str, place: int) -> str:
    legend = f"{place}. {question.ask}"
    if isinstance(question, Choice):
        options = question.options()
        said = [question.why if option == question.right else question.wrong[option] for option in options]
        inputs = [
            f'<label><input type="radio" name="{name}" value="{i}"> {html.escape(option, quote=False)}</label>'
            for i, option in enumerate(options)
        ]
        key = {"kind": "Choice", "right": options.index(question.right), "said": said, "see": question.see}
        return form(legend, inputs, key)
    key = {"kind": "Measure", "right": question.right, "within": question.within, "why": question.why,
           "slips": question.slips, "see": question.see}  # fmt: skip
    return form(legend, [line("Your answer:", name)], key)


def self_test(chapter: str) -> str:
    """The chapter's questions, as HTML without an empty line, which would end it in Markdown."""
    shown = [each for each in read(FOLDER / f"{chapter}.yml") if not each.exam]
    forms = [question_form(each, f"{chapter}-{place}", place) for place, each in enumerate(shown, start=1)]
    return FOLDED.format(count=len(forms), questions="\n".join(forms))


def rule_key(rule: Rule) -> dict[str, Any]:
    """A rule of a check, for the script."""
    exact = {"exact": rule.exact} if isinstance(rule, Number) else {}
    return {"kind": type(rule).__name__, **asdict(rule), **exact}


def exercise_form(name: str) -> str:
    """Where an exercise's answers are typed in; "" for one that asks for code."""
    check = find(name).check
    if not isinstance(check, Values):
        return ""
    inputs = [line(f"{asked} =", f"{name}-{asked}") for asked in check.rules]
    key = {"kind": "Values", "rules": [rule_key(rule) for rule in check.rules.values()]}
    return form("Without Python: type the answer, or the formula, here", inputs, key)


def put_in(app: Sphinx, docname: str, source: list[str]) -> None:
    chapter = Path(app.env.doc2path(docname))
    if chapter.suffix != ".ipynb":
        return
    notebook = nbformat.reads(source[0], as_version=4)
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        checked = CHECKED.search(cell.source) if cell.cell_type == "code" else None
        if checked and (shown := exercise_form(checked[1])):
            cells.append(new_markdown_cell(shown, id=f"form-{checked[1].replace('.', '-')}"))
    if (FOLDER / f"{chapter.stem}.yml").exists():
        cells.append(new_markdown_cell(f"{HEAD}\n\n{self_test(chapter.stem)}", id="ask-yourself"))
    notebook.cells = cells
    source[0] = nbformat.writes(notebook)


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if '<form class="question"' in context.get("body", ""):
        app.add_css_file("self_test.css")
        app.add_js_file("self_test.js", loading_method="defer")


def copy_files(app: Sphinx) -> None:
    if app.builder.format == "html":
        (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)
        for file in FILES:
            shutil.copy2(file, Path(app.outdir) / "_static" / file.name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", put_in, priority=650)  # after executed_notebooks and chapter_sources
    app.connect("html-page-context", add_script)
    app.connect("builder-inited", copy_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
