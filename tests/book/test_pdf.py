"""The book as one PDF: in the order of its contents, unfolded, with links that stay inside."""

from typing import Any

import pdf
import pytest
from browsing import CHROMIUM, HAS_PLAYWRIGHT, require
from pypdf import PdfReader

TOC = """format: jb-book
root: book/index
parts:
  - caption: First part
    chapters:
      - file: book/a
      - file: book/b
"""
PAGE = (
    "<html><head><title>{0} — The book</title><style>.toggle-hidden {{ display: none }}</style></head><body><main>{1}"
)
PAGES = {
    "index": ("Start", '<a href="a.html">to a</a> <a href="https://example.org/">outside</a>'),
    "a": ("Chapter A", '<a href="#place">here</a> <p style="break-before: page" id="place">second sheet'),
    "b": (
        "Chapter B",
        '<a href="a.html#place">back</a> <a href="x.json">data</a> <a href="#place">here</a>'
        '<p style="break-before: page" id="place">of b <p class="toggle-hidden">the solution</p>',
    ),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    require(HAS_PLAYWRIGHT, "playwright is not installed; make test installs it")
    require(CHROMIUM is not None, "no Chromium found; on Debian: apt install chromium")
    root = tmp_path_factory.mktemp("pdf")
    (root / "_toc.yml").write_text(TOC)
    (root / "html/book").mkdir(parents=True)
    for name, (title, text) in PAGES.items():
        (root / f"html/book/{name}.html").write_text(PAGE.format(title, text), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "ROOT", root)
        pdf.main(root / "html", root / "book.pdf")
    return PdfReader(root / "book.pdf")


def links(sheet: Any) -> list[Any]:
    return [annotation.get_object() for annotation in sheet.get("/Annots", [])]


def test_sheets_are_in_order_numbered_and_unfolded(book: Any) -> None:
    texts = [sheet.extract_text() for sheet in book.pages]
    assert [text.split()[-1] for text in texts] == ["1", "2", "3", "4", "5"]
    assert ["outside" in texts[0], "here" in texts[1], "second sheet" in texts[2], "back" in texts[3]] == [True] * 4
    assert "the solution" in texts[4]


def test_outline_has_the_parts_and_their_pages(book: Any) -> None:
    start, part, pages = book.outline
    found = [(item.title, book.get_destination_page_number(item)) for item in (start, part, *pages)]
    assert found == [("Start", 0), ("First part", 1), ("Chapter A", 1), ("Chapter B", 3)]


def test_links_lead_to_sheets_of_the_book(book: Any) -> None:
    to_a, outside = links(book.pages[0])
    assert to_a["/A"]["/D"][0].get_object() == book.pages[1].get_object()
    assert outside["/A"]["/URI"] == "https://example.org/"

    back, data, here = links(book.pages[3])
    assert back["/A"]["/D"][0].get_object() == book.pages[1].get_object()
    assert "/A" not in data
    (own,) = links(book.pages[1])
    places = {name.lstrip("/"): book.get_destination_page_number(d) for name, d in book.named_destinations.items()}
    assert [places[link["/Dest"].lstrip("/")] for link in (own, here)] == [2, 4]
