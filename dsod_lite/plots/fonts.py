"""Fonts that have the letters of a class's name, in whichever script."""

import warnings
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

USUAL = FontProperties(family="DejaVu Sans", weight="bold")
"""Comes with Matplotlib, and has the letters of Europe and of Arabic, and mathematics."""


@cache
def font_for(text: str) -> FontProperties | None:
    """A font that has every letter of a text: DejaVu, or else one of this machine's; None: there is none.

    Looking through all fonts takes a second or two, and happens only where DejaVu lacks a letter.
    """
    wanted = {ord(letter) for letter in text if letter.isprintable()}
    if wanted <= _letters(findfont(USUAL)):
        return USUAL
    paths = sorted({font.fname for font in fontManager.ttflist})
    return next((FontProperties(fname=path) for path in paths if wanted <= _letters(path)), None)


@cache
def _letters(path: str) -> frozenset[int]:
    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that FreeType cannot read is none
        return frozenset()


def writable(name: str, label: int) -> str:
    """A class's name; its number, said once, where no font of this machine has the letters."""
    if font_for(name) is not None:
        return name
    _say(name, label)
    return str(label)


@cache
def _say(name: str, label: int) -> None:
    warnings.warn(f"no font here has the letters of {name!r}: in pictures the class is called {label}", stacklevel=4)
