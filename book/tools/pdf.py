"""Prints the built book into one PDF: each page through Chromium, put together with an outline and page numbers.

    .venv/bin/python book/tools/pdf.py _build/html _build/dsod-from-scratch.pdf

How a page looks on paper says `book/assets/book.css`.
"""

import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

if TYPE_CHECKING:
    from playwright.sync_api import Page, PdfMargins

ROOT = Path(__file__).parents[2]

# Solutions are unfolded, pictures that wait until they come near are loaded, and formulas are set. The places that a
# page's own links lead to get names that no other page has.
PREPARE = """async (name) => {
  document.documentElement.dataset.theme = "light";
  document.querySelectorAll(".toggle-hidden").forEach(e => e.classList.remove("toggle-hidden"));
  document.querySelectorAll("img").forEach(e => { e.loading = "eager"; });
  for (const link of document.querySelectorAll('main a[href^="#"]')) {
    const place = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (place && !place.id.startsWith(name)) place.id = name + place.id;
    if (place) link.hash = "#" + place.id;
  }
  await window.MathJax?.startup?.promise;
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
  await document.fonts.ready;
}"""


def contents(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Caption and documents of each part of the book, as `_toc.yml` has them; first of all the landing page."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    yield "", [toc["root"]]
    for part in toc["parts"]:
        yield part["caption"], [chapter["file"] for chapter in part["chapters"]]


def add_page(book: PdfWriter, page: "Page", address: str) -> str:
    """Prints a page of the built book and adds it. Returns its title."""
    page.goto(address, wait_until="load")
    title = page.title().split(" — ")[0]
    page.evaluate(PREPARE, f"sheet-{len(book.pages)}-")
    margin: PdfMargins = {"top": "18mm", "bottom": "20mm", "left": "17mm", "right": "17mm"}
    printed = page.pdf(format="A4", margin=margin, scale=0.75, print_background=True)
    book.append(io.BytesIO(printed), import_outline=False)
    return title


def add_numbers(book: PdfWriter, page: "Page") -> None:
    """Lays a sheet with nothing but its number over each page."""
    style = "position: absolute; bottom: 9mm; width: 100%; text-align: center; font: 9pt sans-serif; color: #555"
    sheet = '<div style="position: relative; height: 296mm; break-after: page"><div style="{}">{}</div></div>'
    sheets = "".join(sheet.format(style, i + 1) for i in range(len(book.pages)))
    page.set_content(f'<body style="margin: 0">{sheets}</body>')
    numbers = PdfReader(io.BytesIO(page.pdf(format="A4")))
    for paper, number in zip(book.pages, numbers.pages, strict=True):
        paper.merge_page(number)


def keep_links_inside(book: PdfWriter, first: dict[str, int]) -> None:
    """Links to another page of the book lead to its first sheet. `first` has the sheet of each page's address."""
    for sheet in book.pages:
        for annotation in sheet.get("/Annots", []):
            link = annotation.get_object()
            address = str(link.get("/A", {}).get("/URI", "")).partition("#")[0]
            if address in first:
                place = ArrayObject([book.pages[first[address]].indirect_reference, NameObject("/Fit")])
                action = {NameObject("/S"): NameObject("/GoTo"), NameObject("/D"): place}
                link[NameObject("/A")] = DictionaryObject(action)
            elif address.startswith("file:"):  # a file for downloading, which is not in the PDF
                del link["/A"]


def main(html: Path, target: Path) -> None:
    from playwright.sync_api import sync_playwright  # here, so that its tests are skipped where there is none

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("The PDF needs Chromium; on Debian and Ubuntu: apt install chromium")
    book = PdfWriter()
    first: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 1200}, color_scheme="light")
        for caption, documents in contents(ROOT):
            begun = len(book.pages)
            titles = []
            for document in documents:
                address = (html / f"{document}.html").resolve().as_uri()
                first[address] = len(book.pages)
                titles.append((add_page(book, page, address), first[address]))
            part = book.add_outline_item(title=caption, page_number=begun) if caption else None
            for title, sheet in titles:
                book.add_outline_item(title=title, page_number=sheet, parent=part)
        add_numbers(book, page)
        browser.close()
    keep_links_inside(book, first)
    book.add_metadata({"/Title": "DSOD from scratch"})
    book.compress_identical_objects()
    book.write(target)
    print(f"{target}: {len(book.pages)} pages, {target.stat().st_size / 2**20:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
