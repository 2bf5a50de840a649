"""Where the pages' lines may break: what line_breaks.py marks, and what it leaves alone."""

from typing import Any

import pytest
from docutils import nodes
from docutils.utils import new_document
from line_breaks import COLUMN, keep_together, mark

MATH = '<span class="math notranslate nohighlight">\\(s = 8\\)</span>'
CODE = '<code class="docutils literal notranslate"><span class="pre">dsod_tiny</span></code>'
FILE = f'<a class="reference download" href="c.yml">{CODE.replace("docutils", "xref download docutils")}</a>'
TABLE = "         ada    bob    dan\nboxes-1    1      0      1\nboxes-2    2      0      0"


def after(body: str) -> str:
    context: dict[str, Any] = {"body": body}
    keep_together(None, "", "", context, None)  # type: ignore[arg-type]
    return str(context["body"])


@pytest.mark.parametrize("whole", [f"({MATH},", f"{MATH}.", f"{CODE},", f"({CODE})", f"{FILE};", MATH])
def test_brackets_and_stops_stay_with_their_formula_or_code(whole: str) -> None:
    assert after(f"Take {whole} then") == f'Take <span class="unbroken">{whole}</span> then'


def test_an_option_of_a_command_stays_in_one_piece() -> None:
    command = '<pre>python<span class="w"> </span>-m<span class="w"> </span>dsod_lite train --weight-decay 0.05</pre>'
    found = after(command)
    assert '<span class="unbroken">--weight-decay</span> 0.05' in found
    assert '<span class="unbroken">-m</span>' in found
    assert found.count("unbroken") == 2


@pytest.mark.parametrize(
    "same", ["<pre>pre-trained, 3 - 1</pre>", "<p>with --force</p>", '<pre><i class="-a">1</i></pre>']
)
def test_all_else_stays_as_it_is(same: str) -> None:
    assert after(same) == same


@pytest.mark.parametrize(
    ("text", "classes", "added"),
    [
        (TABLE, [], ["columns"]),
        ("python train   # what there is\npython list   # and what not\npython verify   # both", [], []),
        (TABLE, ["output"], []),
        ("word " * (COLUMN // 4), ["output"], ["long-lines"]),
    ],
)
def test_a_table_is_scrolled_and_a_long_output_wrapped(text: str, classes: list[str], added: list[str]) -> None:
    document = new_document("page")
    document += nodes.literal_block(text, text, classes=list(classes))
    mark(None, document, "")  # type: ignore[arg-type]
    (block,) = document.findall(nodes.literal_block)
    assert block["classes"] == classes + added
