"""The bibliography: each entry says where it can be found for good."""

import re

import pytest
from chapters import ROOT

BIB = (ROOT / "book/references.bib").read_text(encoding="utf-8")
ENTRY = re.compile(r"^@(\w+)\{([^,\s]+),\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
ENTRIES = {key: (kind, body) for kind, key, body in ENTRY.findall(BIB)}
HAVE_DOIS = ("article", "inproceedings")


def field(body: str, name: str) -> str:
    found = re.search(rf"^ *{name} *= *\{{(.*)\}},?$", body, re.MULTILINE)
    return found[1] if found else ""


def test_all_entries_are_read() -> None:
    assert len(ENTRIES) == BIB.count("\n@") > 30


@pytest.mark.parametrize("key", [key for key, (kind, _) in ENTRIES.items() if kind in HAVE_DOIS])
def test_an_entry_has_a_doi_or_says_why_not(key: str) -> None:
    body = ENTRIES[key][1]
    doi, reason = field(body, "doi"), field(body, "nodoi")
    assert bool(doi) != bool(reason)
    assert not doi or re.fullmatch(r"10\.\d{4,5}/\S+", doi)
    assert not reason or len(reason.split()) >= 4


def test_no_doi_stands_twice() -> None:
    dois = [field(body, "doi").lower() for _, body in ENTRIES.values() if field(body, "doi")]
    assert len(dois) == len(set(dois))


@pytest.mark.parametrize("key", ENTRIES)
def test_arxiv_s_dois_are_those_of_the_address(key: str) -> None:
    body = ENTRIES[key][1]
    doi = field(body, "doi")
    named = re.findall(r"(?:arxiv\.org/abs/|arXiv:)(\d{4}\.\d{5})", body)
    if doi.startswith("10.48550/") and named:
        assert doi == f"10.48550/arXiv.{named[0]}"
