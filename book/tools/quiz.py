"""Writes the question bank for Moodle, for Canvas, and as two exam papers with their answers.

    python book/tools/quiz.py _build/quiz

In that folder, `self_test.gift` and `exam.gift` are for Moodle, `self_test.zip` and `exam.zip` for Canvas, and
`teacher/` has the exam on paper, in two orders, each with its answers. Nothing of the exam is in the published pages.
`inventory` is the concept inventory, for before and after a course, for the same three.
"""

import html
import re
import sys
from pathlib import Path

import nbformat
from canvas import write_package
from exercises import chapters, title
from questions import INVENTORY, Choice, Number, Question, decimal, of_chapters, read

ROOT = Path(__file__).parents[2]
ORDERS = ("a", "b")
SPECIAL = re.compile(r"([~=#{}:\\])")


def gift_text(text: str) -> str:
    """Plain text as GIFT's HTML."""
    return SPECIAL.sub(r"\\\1", html.escape(text, quote=False))


def gift(name: str, question: Question) -> str:
    """A question for Moodle, with what is said about each answer, and of a wrong number where to look again."""
    if isinstance(question, Choice):
        answers = [f"={gift_text(question.right)}#{gift_text(question.why)}"]
        answers += [f"~{gift_text(wrong)}#{gift_text(said)}" for wrong, said in question.wrong.items()]
        kind = ""
    else:
        within = decimal(question.within)
        answers = [f"=%100%{decimal(question.right)}:{within}#{gift_text(question.why)}"]
        answers += [f"=%0%{decimal(slip)}:{within}#{gift_text(said)}" for slip, said in question.slips]
        kind = "#"
    lines = "\n".join(f"\t{answer}" for answer in answers)
    again = gift_text(look_again(question))
    return f"::{gift_text(name)}::[html]{gift_text(question.ask)}{{{kind}\n{lines}\n\t####{again}\n}}\n"


def look_again(question: Question) -> str:
    """Where in the chapter it is explained."""
    return f"In the chapter: {question.see}."


def moodle(bank: dict[str, list[Question]], folder: str) -> str:
    """All chapters' questions as GIFT, a category for each chapter."""
    parts = []
    for number, (chapter, questions) in enumerate(bank.items(), start=1):
        parts.append(f"$CATEGORY: $course$/DSOD from scratch/{folder}/{number:02} {chapter}\n")
        parts += [gift(f"{chapter} {place}", each) for place, each in enumerate(questions, start=1)]
    return "\n".join(parts)


def paper(bank: dict[str, list[Question]], titles: dict[str, str], order: str) -> tuple[str, str]:
    """The questions on paper, and the answers, in Markdown. Another `order` has the choices in another one."""
    asked, answered, number = [f"# Paper {order.upper()}"], [f"# Paper {order.upper()}: answers"], 0
    for chapter, questions in bank.items():
        asked.append(f"## {titles[chapter]}")
        answered.append(f"## {titles[chapter]}")
        for question in questions:
            number += 1
            asked.append(f"**{number}.** {question.ask}")
            if isinstance(question, Choice):
                options = question.options(order)
                asked.append("\n".join(f"- ( ) {chr(97 + i)}) {text}" for i, text in enumerate(options)))
                right = chr(97 + options.index(question.right))
            else:
                asked.append("Answer: ______")
                within = f"{question.right:.5g} (± {question.within:g})"
                right = within if question.within else decimal(question.right)
            answered.append(f"**{number}.** {right}. {question.why}")
    return "\n\n".join(asked) + "\n", "\n\n".join(answered) + "\n"


def build(target: Path) -> dict[str, list[Question]]:
    """Writes everything below `target`, and returns the whole bank. Raises QuestionError."""
    paths = {path.stem: path for path in chapters(ROOT)}
    titles = {name: title(nbformat.read(path, as_version=4)) for name, path in paths.items()}
    bank = of_chapters(paths)
    (target / "teacher").mkdir(parents=True, exist_ok=True)
    parts = {
        "self_test": {chapter: [q for q in questions if not q.exam] for chapter, questions in bank.items()},
        "exam": {chapter: [q for q in questions if q.exam] for chapter, questions in bank.items()},
        "inventory": {"concepts": read(INVENTORY)},
    }
    titles["concepts"] = "Object detection: twelve questions"
    for name, part in parts.items():
        (target / f"{name}.gift").write_text(moodle(part, name), encoding="utf-8")
        write_package(target / f"{name}.zip", part, {chapter: f"{titles[chapter]} ({name})" for chapter in part})
        for order in ORDERS if name != "self_test" else ():
            asked, answered = paper(part, titles, order)
            (target / "teacher" / f"{name}_{order}.md").write_text(asked, encoding="utf-8")
            (target / "teacher" / f"{name}_{order}_answers.md").write_text(answered, encoding="utf-8")
    return bank


def main() -> int:
    target = Path(sys.argv[1])
    bank = build(target)
    numbers = sum(isinstance(each, Number) for questions in bank.values() for each in questions)
    print(f"{sum(map(len, bank.values()))} questions, {numbers} of them numbers, for Moodle and Canvas: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
