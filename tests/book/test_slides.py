"""Slides: a deck for each chapter from its marked cells, which loads nothing from outside and fits its pages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import slides
from browsing import Browser, served, watch
from course import CHAPTERS, ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

each_chapter = pytest.mark.parametrize("name", list(CHAPTERS))

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def marked(kind: str, **metadata: object) -> dict[str, object]:
    return {"slideshow": {"slide_type": kind}} | metadata


def chapter() -> nbformat.NotebookNode:
    """A small one, with marked cells and others, as executed."""
    figure = {"figure": {"caption": "A red & a blue box."}, "image": {"alt": "Two <boxes> on white."}}
    shown = new_output("display_data", {"image/png": PICTURE, "text/plain": "<Figure>"})
    printed = new_output("stream", name="stdout", text="IoU 0.23\n")
    idea = "## The idea\n\nDivide {cite}`jaccard`. By all.\n\n$$\na = b\n$$ (eq-a)\n\nSee [here](x.md)."
    return new_notebook(
        cells=[
            new_markdown_cell("# Small\n\n**You will build** a box. **Time:** none.", metadata=marked("slide")),
            new_code_cell("unmarked()", outputs=[printed]),
            new_markdown_cell("Unmarked prose."),
            new_markdown_cell(f"The end of what was.\n\n{idea}", metadata=marked("slide")),
            new_markdown_cell("## Look\n\nA picture.", metadata=marked("slide")),
            new_code_cell("plot()", outputs=[shown], metadata=marked("subslide", mystnb=figure)),
            new_code_cell("print(iou(a, b))", outputs=[printed], metadata=marked("subslide")),
        ]
    )


def test_a_deck_has_what_is_marked_and_the_rest_of_the_prose_as_notes() -> None:
    made = [(c.metadata.slideshow.slide_type, c.source) for c in slides.deck(chapter(), CHAPTERS["boxes"]).cells]
    assert made == [
        ("slide", "# Small\n\n**You will build** a box. **Time:** none."),
        ("notes", "\n**You will build** a box. **Time:** none."),
        ("slide", "## The idea\n\nDivide. By all.\n\n$$\na = b\n$$"),
        ("notes", "\nDivide. By all.\n\n$$\na = b\n$$\n\nSee here."),
        (
            "slide",
            "## Look\n\nA picture.\n\n"
            f'<img alt="Two &lt;boxes&gt; on white." src="data:image/png;base64,{PICTURE}">\n\n'
            '<p class="caption">A red &amp; a blue box.</p>',
        ),
        ("notes", "\nA picture."),
        ("subslide", '<p class="above">Look</p>\n\n```python\nprint(iou(a, b))\n```\n\n```text\nIoU 0.23\n```'),
    ]


def test_what_a_sentence_announces_stands_below_it() -> None:
    layout = "## Layout\n\nThree folders (a. B.) and no more. They are:\n\n```\nImages/\n```\n\nEach is flat."
    asked = "### Two questions\n\nAsk of each prior:\n\n- **what** is here, in 95 %\n- where\n\nThen\n\n$$\ny = x.\n$$"
    bound = "### Bound\n\nBy Equation {eq}`eq-a` of {cite}`liu`, as in {doc}`priors`. Equation {eq}`eq-a` holds."
    shown = [c.source for c in slides.slides_in(slides.prose("\n\n".join([layout, asked, bound]), "slide"))]
    assert shown == [
        "## Layout\n\nThree folders (a. B.) and no more. They are:\n\n```text\nImages/\n```",
        "### Two questions\n\nAsk of each prior:\n\n- **what** is here, in 95\N{NO-BREAK SPACE}%\n- where\n\n"
        "Then\n\n$$\ny = x\n$$",
        "### Bound\n\nBy the chapter's equation, as in *Prior boxes*. The chapter's equation holds.",
    ]


def test_a_drawing_of_the_chapter_is_on_its_slide() -> None:
    drawing = "```{figure} ../assets/drawings/proposal_flows.svg\n:name: fig\n:alt: Two rows.\n\nTwo `flows`.\n```"
    (only,) = slides.slides_in(slides.prose(f"## The idea\n\n{drawing}", "slide"))
    assert re.fullmatch(
        r'## The idea\n\n<img alt="Two rows." src="data:image/svg\+xml;base64,[\w+/=]+">\n\n'
        r'<p class="caption">Two <code>flows</code>.</p>',
        only.source,
    )


def test_short_code_comes_below_the_text_and_long_code_on_a_slide_of_its_own() -> None:
    for heading, lines, expected in (("## Count\n\nHow?", 6, 2), ("## Count\n\nHow?", 24, 3), ("## Count", 40, 1)):
        text = new_markdown_cell(heading, metadata=marked("slide"))
        code = new_code_cell("count()\n" * (lines - 1) + "count()", metadata=marked("subslide"))
        notebook = new_notebook(cells=[chapter().cells[0], text, code])
        made = slides.slides_in(slides.deck(notebook, CHAPTERS["boxes"]).cells)
        assert len(made) == expected, lines  # the last is not shown, and its heading alone neither


@each_chapter
def test_each_chapter_marks_cells_for_its_deck(name: str) -> None:
    notebook = nbformat.read(CHAPTERS[name], as_version=4)
    kinds = [c.metadata.get("slideshow", {}).get("slide_type", "skip") for c in notebook.cells]
    assert set(kinds) <= {"slide", "subslide", "skip"}
    made = slides.deck(notebook, CHAPTERS[name]).cells
    shown = [c.source for c in made if c.metadata.slideshow.slide_type != "notes"]
    assert 10 <= len(shown) <= 40
    assert not re.search(r"\{\w+\}`|\{(exercise|solution)\}|\(eq-|Equations? the chapter", "\n".join(shown))
    assert [each for each in shown if not re.match(r'#{1,3} .+\n|<p class="above">', each)] == []
    headings = re.findall(r"^## (.+)$", "\n".join(shown), re.M)
    assert headings[-2:] == ["Exercises", "Summary"]
    assert "A real bug" in headings


def test_one_deck_needs_its_own_chapter_only() -> None:
    command = ["make", "--no-print-directory", "--dry-run", "--always-make", "slides", "chapters=boxes priors"]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(re.findall(r"-m book run (\S+)", planned)) == [
        CHAPTERS[name].relative_to(ROOT).as_posix() for name in ("boxes", "priors")
    ]
    assert planned.rstrip().endswith("slides.py _executed _build/slides boxes priors")


def test_a_chapter_that_is_none_is_named(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "book/tools/slides.py", tmp_path, tmp_path / "slides", "boxes", "prior"]
    path = {"PYTHONPATH": str(ROOT / "book/_ext")}  # as make sets it
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no chapter 'prior'; the chapters are first_detector, boxes, ")


# What the browser sees of each slide: its heading, whether it sticks out, formulas set and failed, silent pictures.
SEEN = """() => Reveal.getSlides().map(slide => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v);
  const text = slide.cloneNode(true);
  text.querySelectorAll("pre, code, aside, mjx-container").forEach(e => e.remove());
  return {
    name: `${h}/${v} ${slide.querySelector("h1, h2, h3")?.textContent ?? ""}`,
    tooLarge: slide.scrollHeight > 700 || slide.scrollWidth > 1200,
    failed: slide.querySelectorAll("mjx-merror").length,
    raw: text.textContent.includes("$"),
    formulas: slide.querySelectorAll("mjx-container").length,
    silent: [...slide.querySelectorAll("img")].filter(e => !e.alt).length,
  };
})"""


def test_decks_fit_their_pages_and_load_nothing_from_outside(browser: Browser, tmp_path: Path) -> None:
    if not (slides.REVEAL / "dist").exists():
        pytest.skip("reveal.js is not there: make fetches it")
    chosen = [CHAPTERS[name] for name in ("loss", "priors", "whole_network")]
    for path in chosen:  # as executed: a figure and what was printed are in each
        notebook = nbformat.read(path, as_version=4)
        notebook.cells += chapter().cells[4:]
        copy = tmp_path / "_executed" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, copy)
    for path in chosen:  # one by one: those made before stay in the list
        slides.build(tmp_path / "_executed", tmp_path / "slides", [path])

    page = browser.new_page(viewport={"width": 1200, "height": 700})
    wrong: list[object] = []
    with served(tmp_path / "slides") as home:
        watch(page, home, wrong.append, wrong.append)
        page.goto(home)
        links = [home + f"{name}.html" for name in ("priors", "loss", "whole_network")]
        assert page.eval_on_selector_all("li a", "links => links.map(a => a.href)") == links
        for link in links:
            page.goto(link)
            page.wait_for_selector("html[data-ready]", state="attached")
            seen = page.evaluate(SEEN)
            page.evaluate("document.fonts.ready.then(() => 1)")
            assert [s["name"] for s in seen if s["tooLarge"] or s["failed"] or s["raw"] or s["silent"]] == []
            assert sum(s["formulas"] for s in seen) > 5
        page.evaluate("Reveal.slide(0, 0)")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("Reveal.getIndices().h === 1")
        page.close()
    assert wrong == []


def test_arrow_keys_in_an_explorer_turn_no_page(browser: Browser, tmp_path: Path) -> None:
    if not (slides.REVEAL / "dist").exists():
        pytest.skip("reveal.js is not there: make fetches it")
    explorer = """<div class="explorer"><button>Box</button><select aria-label="Map"><option>1</option></select>
<svg><g tabindex="0" role="button"><rect width="9" height="9"/></g></svg></div>"""
    cells = [slides.cell(text, "slide") for text in (f"# One\n\n{explorer}", "# Two")]
    page_text, _ = slides.slides_exporter().from_notebook_node(new_notebook(cells=cells, metadata={"title": "Keys"}))
    slides.copy_libraries(tmp_path)
    (tmp_path / "keys.html").write_text(page_text, encoding="utf-8")
    page = browser.new_page()
    with served(tmp_path) as home:
        page.goto(f"{home}keys.html")
        page.wait_for_selector("html[data-ready]", state="attached")
        for used, turned in ((".explorer g", 0), (".explorer select", 0), (".explorer button", 1)):
            page.locator(used).focus()
            page.keyboard.press("ArrowRight")
            assert page.evaluate("Reveal.getIndices().h") == turned, used
        page.close()


def test_a_chapter_that_was_not_executed_is_named(tmp_path: Path) -> None:
    if not (slides.REVEAL / "dist").exists():
        pytest.skip("reveal.js is not there: make fetches it")
    with pytest.raises(FileNotFoundError, match=r"boxes\.ipynb"):
        slides.build(tmp_path / "_executed", tmp_path / "slides", [CHAPTERS["boxes"]])
