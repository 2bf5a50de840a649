"""Makes the pages of `nbgrader generate_feedback` work without a network: MathJax goes into those with formulas.

    python feedback.py 02-boxes

in the course's folder. The course has a copy of this file, and MathJax in one file beside it. A page can then be sent
by mail as it is.
"""

import argparse
import re
import sys
from pathlib import Path

LOADED = re.compile(r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->", re.DOTALL)
FORMULA = re.compile(r"\$[^$\n]+\$|\$\$[^$]+\$\$")
SETTINGS = """\
<script>MathJax = {tex: {inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]]}, options: {enableMenu: false}};</script>
"""


def offline(page: str, mathjax: str) -> str:
    """A page with MathJax in it, if it has a formula, and without the address from which it would be loaded."""
    rest = LOADED.sub("", page)
    text = re.sub(r"<(script|style|pre)\b.*?</\1>", "", rest, flags=re.DOTALL)
    script = f"{SETTINGS}<script>{mathjax.replace('</script', '<' + chr(92) + '/script')}</script>"
    return LOADED.sub(lambda _: script if FORMULA.search(text) else "", page)


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes feedback pages work without a network.")
    parser.add_argument("assignment", help="such as 02-boxes")
    assignment = parser.parse_args().assignment
    pages = sorted(Path("feedback").glob(f"*/{assignment}/*.html"))
    if not pages:
        print(f"error: there is no feedback/*/{assignment}; this is said in the course's folder", file=sys.stderr)
        return 2
    mathjax = Path(__file__).with_name("mathjax.js").read_text(encoding="utf-8")
    for path in pages:
        path.write_text(offline(path.read_text(encoding="utf-8"), mathjax), encoding="utf-8")
    print(f"{len(pages)} pages need no network")
    return 0


if __name__ == "__main__":
    sys.exit(main())
