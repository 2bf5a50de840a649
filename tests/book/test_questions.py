"""The question bank: whole, checkable against the chapters, and the same for Moodle, for Canvas and on paper."""

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
import quiz
import yaml
from course import CHAPTERS
from questions import FOLDER, INVENTORY, Choice, Number, Question, QuestionError, decimal, read

BANK = {name: read(FOLDER / f"{name}.yml") for name in CHAPTERS}
each_chapter = pytest.mark.parametrize("name", list(CHAPTERS))


def texts(question: Question) -> list[str]:
    if isinstance(question, Choice):
        return [question.ask, question.why, question.right, *question.wrong, *question.wrong.values()]
    return [question.ask, question.why, *(said for _, said in question.slips)]


@each_chapter
def test_each_chapter_has_ten_questions_and_an_exam_that_is_not_in_the_pages(name: str) -> None:
    assert sum(not each.exam for each in BANK[name]) >= 6
    assert sum(each.exam for each in BANK[name]) >= 4
    assert len({each.ask for each in BANK[name]}) == len(BANK[name])


@each_chapter
def test_each_answer_hears_something_and_each_question_says_where_to_read(name: str) -> None:
    cells = nbformat.read(CHAPTERS[name], as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#{2,3} (.+)$", prose, re.MULTILINE)
    for question in BANK[name]:
        assert question.see in headings, question.ask
        assert len(question.wrong if isinstance(question, Choice) else question.slips) >= 2, question.ask
        assert all(text.strip() for text in texts(question)), question.ask
        assert not re.search(r"[$`]|\{\w+\}", "".join(texts(question))), question.ask  # plain text, for every reader


HYPHEN = re.compile(r"(?<!\w)-(?=[\d(a-z])|(?<=[\w)²]) - (?=[\w(])")
"""One that stands for a minus."""


@each_chapter
def test_a_minus_is_no_hyphen(name: str) -> None:
    assert [text for question in BANK[name] for text in texts(question) if HYPHEN.search(text)] == []


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == set(CHAPTERS)


WHOLE = {"ask": "1 + 1?", "number": "1 + 1", "why": "So.", "slips": {"3": "No."}, "see": "The idea"}
CHOICE = {"ask": "Who?", "right": "A", "wrong": {"B": "No."}, "why": "So.", "see": "The idea"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (WHOLE | {"answer": "2"}, "there is no field 'answer'"),
        ({k: v for k, v in WHOLE.items() if k != "why"}, "the field 'why' is missing"),
        ({k: v for k, v in CHOICE.items() if k != "wrong"}, "the field 'wrong' is missing"),
        (WHOLE | {"exam": "true"}, "exam: 'true' is not yes"),
        (WHOLE | {"number": "1 +"}, "number: or slips: "),
        (WHOLE | {"number": "one"}, "number: or slips: "),
        (WHOLE | {"number": "1 / 3"}, "within: is missing, for the number is not whole"),
        (WHOLE | {"slips": {"2": "No."}}, "slips: one of them counts as right"),
        (CHOICE | {"wrong": {"A": "No."}}, "wrong: has the right answer among its own"),
    ],
)
def test_a_question_that_is_not_whole_is_named(fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "boxes.yml"
    path.write_text(yaml.safe_dump([WHOLE, fields]), encoding="utf-8")
    with pytest.raises(QuestionError) as error:
        read(path)
    assert str(error.value).startswith(f"boxes.yml, question 2: {message}")


def test_numbers_are_written_without_exponents() -> None:
    assert [decimal(n) for n in (0, 2.0, -1 / 3, 1e-5, 1_658_880_000)] == [
        *("0", "2", "-0.3333333333", "0.00001", "1658880000")
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quiz")
    quiz.build(folder)
    return folder


def asked(is_exam: bool) -> dict[str, list[Question]]:
    return {name: [each for each in BANK[name] if each.exam == is_exam] for name in BANK}


PARTS = pytest.mark.parametrize(("part", "is_exam"), [("self_test", False), ("exam", True)])

# GIFT, as Moodle's page on the format has it. What is special is escaped, so a bare one has its own meaning.
TEXT = r"(?:[^~=#{}:\\]|\\.)*"
ITEM = re.compile(rf"::({TEXT})::\[html\]({TEXT})\{{(#?)\n(.*?)\t####({TEXT})\n\}}\n", re.DOTALL)
ANSWER = re.compile(rf"\t([=~])(?:%(\d+)%)?({TEXT}(?::{TEXT})?)#({TEXT})\n")


def plain(text: str) -> str:
    unescaped = re.sub(r"\\(.)", r"\1", text)
    return unescaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@PARTS
def test_moodle_reads_every_question_with_its_answers(part: str, is_exam: bool, written: Path) -> None:
    text = (written / f"{part}.gift").read_text(encoding="utf-8")
    categories = re.split(r"^\$CATEGORY: \$course\$/DSOD from scratch/\w+/\d\d (\w+)\n", text, flags=re.MULTILINE)
    assert categories[0] == ""
    for name, body in zip(categories[1::2], categories[2::2], strict=True):
        rest, found = ITEM.sub("", body), ITEM.findall(body)
        assert rest.strip() == ""
        for question, (_, stem, numeric, lines, again) in zip(asked(is_exam)[name], found, strict=True):
            assert plain(stem) == question.ask
            assert question.see in plain(again)
            assert ANSWER.sub("", lines) == ""
            answers = [(sign, weight, plain(of), plain(said)) for sign, weight, of, said in ANSWER.findall(lines)]
            if isinstance(question, Choice):
                assert not numeric
                wrong = [("~", "", of, said) for of, said in question.wrong.items()]
                assert answers == [("=", "", question.right, question.why), *wrong]
            else:
                assert numeric
                (sign, weight, of, said), *slips = answers
                assert (sign, weight, said) == ("=", "100", question.why)
                number, within = map(float, of.split(":"))
                assert abs(number - question.right) <= question.within + 1e-9
                assert within == pytest.approx(question.within)
                assert [said for _, _, _, said in slips] == [said for _, said in question.slips]
                assert {weight for _, weight, _, _ in slips} == {"0"}
    assert categories[1::2] == list(CHAPTERS)


def scored(item: ElementTree.Element, answer: str) -> tuple[int, list[str]]:
    """What QTI's rules give for an answer: points, and the feedback that is shown."""
    points, shown = 0, []
    for rule in item.findall("resprocessing/respcondition"):
        if holds(rule.find("conditionvar")[0], answer):
            points = int(rule.findtext("setvar", "0")) or points
            shown.append(rule.find("displayfeedback").get("linkrefid"))
            if rule.get("continue") == "No":
                break
    words = {each.get("ident"): "".join(each.itertext()) for each in item.findall("itemfeedback")}
    return points, [re.sub(r"</?p>", "", words[name]) for name in shown]


def holds(asked: ElementTree.Element, answer: str) -> bool:
    match asked.tag:
        case "or":
            return any(holds(each, answer) for each in asked)
        case "and":
            return all(holds(each, answer) for each in asked)
        case "other":
            return True
        case "varequal":
            return answer == asked.text
        case "vargte":
            return float(answer) >= float(asked.text or "")
        case "varlte":
            return float(answer) <= float(asked.text or "")
    raise AssertionError(asked.tag)


def without_namespace(data: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", data))


@PARTS
def test_canvas_scores_every_answer_as_it_should(part: str, is_exam: bool, written: Path) -> None:
    with zipfile.ZipFile(written / f"{part}.zip") as archive:
        manifest = without_namespace(archive.read("imsmanifest.xml"))
        files = [file.get("href") or "" for file in manifest.iter("file")]
        assert sorted([*files, "imsmanifest.xml"]) == sorted(archive.namelist())
        assessments = {file.removesuffix(".xml"): without_namespace(archive.read(file)) for file in files}
    idents = [each.get("ident") for root in assessments.values() for each in root.iter() if each.get("ident")]
    named = [ident for ident in idents if ident and ident.startswith(part)]  # others are known by their item
    assert len(named) == len(set(named))
    for name, root in zip(CHAPTERS, assessments.values(), strict=True):
        for question, item in zip(asked(is_exam)[name], root.iter("item"), strict=True):
            order = [child.tag for child in item if child.tag != "itemfeedback"]
            assert order == ["itemmetadata", "presentation", "resprocessing"]
            assert (item.findtext("presentation/material/mattext") or "") == f"<p>{escaped(question.ask)}</p>"
            again = f"Look again at: {escaped(question.see)}."
            if isinstance(question, Choice):
                labels = {
                    re.sub(r"</?p>", "", label.findtext("material/mattext") or ""): label.get("ident") or ""
                    for label in item.iter("response_label")
                }
                assert set(labels) == {escaped(each) for each in (question.right, *question.wrong)}
                assert scored(item, labels[escaped(question.right)]) == (100, [escaped(question.why)])
                for wrong, said in question.wrong.items():
                    assert scored(item, labels[escaped(wrong)]) == (0, [escaped(said), again])
            else:
                assert scored(item, decimal(question.right)) == (100, [escaped(question.why)])
                inside, outside = question.right + 0.9 * question.within, question.right + 1.1 * question.within + 1e-6
                assert scored(item, decimal(inside))[0] == 100
                assert scored(item, decimal(outside)) == (0, [again])


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_two_papers_have_the_exam_in_two_orders_and_an_answer_to_each(written: Path) -> None:
    papers = [(written / f"teacher/exam_{order}.md").read_text(encoding="utf-8") for order in quiz.ORDERS]
    assert papers[0] != papers[1]
    for order, paper in zip(quiz.ORDERS, papers, strict=True):
        answers = (written / f"teacher/exam_{order}_answers.md").read_text(encoding="utf-8")
        said = dict(re.findall(r"^\*\*(\d+)\.\*\* (\S+?)\.? ", answers, re.MULTILINE))
        blocks = dict(re.findall(r"^\*\*(\d+)\.\*\* (.+?)(?=^\*\*\d|^## |\Z)", paper, re.MULTILINE | re.DOTALL))
        exam = [each for questions in asked(True).values() for each in questions]
        assert len(said) == len(blocks) == len(exam)
        for number, question in enumerate(exam, start=1):
            block = blocks[str(number)]
            assert block.startswith(question.ask)
            if isinstance(question, Choice):
                assert f"- ( ) {said[str(number)]}) {question.right}\n" in block
            else:
                assert isinstance(question, Number)
                assert float(said[str(number)]) == pytest.approx(question.right, rel=1e-4)


def test_the_concept_inventory_has_twelve_choices_and_comes_in_every_form(written: Path) -> None:
    inventory = read(INVENTORY)
    assert len(inventory) == 12
    assert {each.see for each in inventory} <= set(CHAPTERS)
    assert all(isinstance(each, Choice) and len(each.wrong) == 3 for each in inventory)
    gift = plain((written / "inventory.gift").read_text(encoding="utf-8"))
    with zipfile.ZipFile(written / "inventory.zip") as archive:
        canvas = archive.read("inventory_concepts/inventory_concepts.xml").decode()
    on_paper = (written / "teacher/inventory_b.md").read_text(encoding="utf-8")
    for each in inventory:
        assert all(each.ask in text for text in (gift, canvas, on_paper)), each.ask


def test_the_self_test_has_no_question_of_the_exam(written: Path) -> None:
    text = plain((written / "self_test.gift").read_text(encoding="utf-8"))
    assert [each.ask for questions in asked(True).values() for each in questions if each.ask in text] == []
