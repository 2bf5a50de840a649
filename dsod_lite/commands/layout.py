"""What the commands that read a folder say about it."""

import textwrap

from ..datasets.formats.table import FORMATS


def _row(words: str) -> str:
    return textwrap.fill(words, 100, initial_indent="  - ", subsequent_indent="    ")


LAYOUT = "\n".join(["FOLDER holds labelled pictures in one of these formats, and is recognised by itself:"]
                   + [_row(row.words) for row in FORMATS])  # fmt: skip
