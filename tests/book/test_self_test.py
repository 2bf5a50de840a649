"""Questions in the page: judged as in Python, by keyboard and for screen readers, without a network."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import nbformat
import pytest
import self_test
from answers import answers_of
from browsing import STICKING_OUT, Browser, Page, violations, watch
from course import CHAPTERS, CHECKED, WRITTEN
from questions import FOLDER, Choice, read

from dsod_lite.exercises import find
from dsod_lite.exercises.answers import RIGHT, judge
from dsod_lite.exercises.values import Letters, Number, Numbers, Rule, Values, Word

PAGE = """<!DOCTYPE html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>
html[data-theme=dark] {{ background: #14181e; color: #ced6dd; --pst-color-background: #14181e;
  --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b;
  --pst-color-surface: #29313d; --pst-color-success: #2dd39d; --pst-color-danger: #e57373; }}
{css}</style></head><body><main><h1>Page</h1>{body}</main><script>{script}</script></body></html>"""
ASKED: dict[str, Values] = {
    name: check for name in CHECKED if isinstance(check := cast(Any, find(name).check), Values)
}


def write_page(path: Path, body: str, theme: str = "light") -> Path:
    script, css = (file.read_text(encoding="utf-8") for file in self_test.FILES)
    path.write_text(PAGE.format(theme=theme, css=css, body=body, script=script), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with all exercises that ask for values and the questions of a chapter, opened as a file."""
    body = "".join(self_test.exercise_form(name) for name in ASKED) + self_test.self_test("boxes")
    path = write_page(tmp_path_factory.mktemp("page") / "page.html", body)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    problems: list[object] = []
    watch(page, path.as_uri(), problems.append, problems.append)
    page.goto(path.as_uri())
    yield page
    page.close()
    assert problems == []


def attempts(rule: Rule) -> list[str]:
    """What people may type: the right answer in several forms, every slip, rounded numbers, nonsense."""
    if isinstance(rule, Number):
        numbers = [rule.right, *(slip for slip, _ in rule.slips), rule.right * 1.01, rule.right + 1, -rule.right, 0]
        rounded = [f"{rule.right:.{digits}g}" for digits in (2, 3, 4, 5, 12)]
        return [repr(n) for n in numbers] + rounded + [f"{rule.right:,}", f" {rule.right} ", "words", "1/7", "1/0"]
    if isinstance(rule, Numbers):
        listed = [rule.right, *(slip for slip, _ in rule.slips), rule.right[:-1], (0, 0, 0, 0)]
        return [", ".join(map(str, values)) for values in listed] + [str(list(rule.right)), "words"]
    if isinstance(rule, Letters):
        return [rule.right, rule.right.lower(), ", ".join(rule.right), *(slip for slip, _ in rule.slips), "Z", "1"]
    assert isinstance(rule, Word)
    return [rule.right, f" {rule.right.upper()} ", *rule.among, "words"]


def in_python(name: str, rules: list[Rule], texts: list[str]) -> tuple[bool, str]:
    """The check's verdict, and its remark or hint."""
    given: list[Any] = [
        [each.strip() for each in text.strip("[]").split(",")] if isinstance(rule, Numbers) else text
        for rule, text in zip(rules, texts, strict=True)
    ]
    verdict, words = judge(find(name), *given)
    said = re.search(r"^  hint: +(.*)|right! ?(.*)$", words, re.MULTILINE)
    return verdict == RIGHT, (said[1] or said[2] or "") if said else ""


def test_the_page_judges_as_python_does(page: Page) -> None:
    """Each rule with all attempts, while the other answers of its exercise are right."""
    asked, expected = [], []
    for name, check in ASKED.items():
        rules = list(check.rules.values())
        key = {"kind": "Values", "rules": [self_test.rule_key(rule) for rule in rules]}
        for place, rule in enumerate(rules):
            for attempt in attempts(rule):
                texts = [attempts(each)[0] for each in rules]
                texts[place] = attempt
                asked.append([key, texts])
                expected.append((name, texts, *in_python(name, rules, texts)))
    found = page.evaluate("asked => asked.map(([key, texts]) => selfTest.judge(key, texts))", asked)
    assert len(found) > 150
    assert sum(right for _, _, right, _ in expected) > 30
    for (name, texts, right, said), (is_right, says, _) in zip(expected, found, strict=True):
        assert is_right == right, (name, texts)
        if said:  # no hint: what kind of answer it is, in other words than Python's
            assert says == said, (name, texts)
        assert right or says, (name, texts)


def test_every_exercise_that_asks_for_values_can_be_answered_in_the_page() -> None:
    assert list(ASKED) == [
        *("boxes.1", "priors.1", "matching.1", "loss.1", "loss.5", "deep_supervision.1", "dense_prediction.1"),
        *("one_picture.1", "from_scratch.1", "non_maximum_suppression.1", "average_precision.1", "errors.1"),
        *("full_scale.1", "your_own_data.1", "ladder.1", "three_heads.1"),
    ]
    for name, check in ASKED.items():
        assert check.rules  # as the solution has them
        assert judge(find(name), *answers_of(name, WRITTEN[name].programs()[0]))[0] == RIGHT
    assert [name for name in CHECKED if name not in ASKED and self_test.exercise_form(name)] == []


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("14,715,804", 14_715_804),
        ("14_715_804", 14_715_804),
        ("1/7", 1 / 7),
        ("4 * math.log(21)", 12.17809),
        ("4 ln 21", 12.17809),
        ("4·ln(21)", 12.17809),
        ("0.07 × 256 × 0.5**0.5", 12.67135),
        ("0.07 * 256 * sqrt(1/2)", 12.67135),
        ("math.acos(-0.8) / math.pi", 0.795167),
        ("-2^2", -4),
        ("2 ** -1", 0.5),
        ("(1 + 2) * 3 - 4 // 3", 8),
        ("−1", -1),
        ("1e-5", 1e-5),
    ],
)
def test_formulas_are_read_as_in_python_or_on_paper(page: Page, typed: str, value: float) -> None:
    assert page.evaluate("typed => selfTest.parse(typed)", typed) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("typed", ["", "one", "1 +", "(1", "1)", "1 2", "alert(1)", "constructor", "1..2", "log"])
def test_what_is_no_formula_is_no_number_and_runs_nothing(page: Page, typed: str) -> None:
    assert page.evaluate("typed => Number.isNaN(selfTest.parse(typed))", typed)


def test_a_question_is_answered_with_the_keyboard_and_the_verdict_is_announced(page: Page) -> None:
    question = next(each for each in read(FOLDER / "boxes.yml") if isinstance(each, Choice))
    page.get_by_text("questions on this chapter").press("Enter")
    group = page.get_by_role("group", name=question.ask)
    status = group.locator("xpath=..").get_by_role("status")
    wrong = next(option for option in question.options() if option != question.right)
    options = group.get_by_role("radio")
    assert options.count() == len(question.options())
    options.first.focus()
    page.keyboard.press("Space")
    for _ in range(question.options().index(wrong)):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert status.inner_text() == f"Not yet. {question.wrong[wrong]}"
    assert group.get_by_role("radio", checked=True).get_attribute("value") == str(question.options().index(wrong))
    group.get_by_label(question.right, exact=True).focus()
    page.keyboard.press("Space")
    assert status.inner_text() == ""  # nothing old stands beside a new answer
    page.keyboard.press("Enter")
    assert status.inner_text() == f"Right! {question.why}"


def test_an_exercise_is_answered_and_names_what_is_missing(page: Page) -> None:
    first = page.get_by_label("an_epoch =")
    form = first.locator("xpath=ancestor::form")
    first.fill("21503 // 128")
    first.press("Enter")
    assert form.get_by_role("status").inner_text() == "Not answered yet."
    form.get_by_label("in_all =").fill("100,627")
    form.get_by_role("button", name="Check").click()
    assert "Each epoch has whole batches" in form.get_by_role("status").inner_text()
    form.get_by_label("in_all =").fill("599 * 167")
    form.get_by_role("button", name="Check").click()
    assert form.get_by_role("status").inner_text() == "Right!"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_fit_for_screen_readers_and_phones(browser: Browser, tmp_path: Path, theme: str) -> None:
    body = self_test.exercise_form("full_scale.1") + self_test.self_test("loss").replace("<details", "<details open")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(write_page(tmp_path / "page.html", body, theme).as_uri())
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Check").nth(1).click()
    assert page.evaluate(STICKING_OUT) == []
    assert [violation["help"] for violation in violations(page)] == []
    page.close()


def test_answers_are_not_to_be_read_in_the_page_at_a_glance() -> None:
    for name in CHAPTERS:
        shown = self_test.self_test(name)
        keys = re.findall(r'data-key="([^"]+)"', shown)
        bare = re.sub(r'data-key="[^"]+"', "", shown)
        for question, key in zip([q for q in read(FOLDER / f"{name}.yml") if not q.exam], keys, strict=True):
            assert question.why not in bare
            said = json.loads(base64.b64decode(key))
            assert question.why in (said.get("said") or [said["why"]])
        assert "\n\n" not in shown  # an empty line would end the HTML in Markdown


def test_forms_come_under_their_exercises_and_questions_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("boxes", "first_detector"):
        source = [CHAPTERS[name].read_text(encoding="utf-8")]
        app = SimpleNamespace(env=SimpleNamespace(doc2path=lambda _, name=name: str(CHAPTERS[name])))
        self_test.put_in(app, name, source)  # type: ignore[arg-type]
        notebook = nbformat.reads(source[0], as_version=4)
        nbformat.validate(notebook)
        assert notebook.cells[-1].source.startswith("## Ask yourself\n\n<details")
        below = [i for i, cell in enumerate(notebook.cells) if cell.source.startswith("<form")]
        assert [notebook.cells[i - 1].source.splitlines()[-1] for i in below] == (
            ['check("boxes.1", iou_on_paper)'] if name == "boxes" else []
        )
    text = ["# A page of text"]
    self_test.put_in(SimpleNamespace(env=SimpleNamespace(doc2path=lambda _: "index.md")), "index", text)  # type: ignore[arg-type]
    assert text == ["# A page of text"]
