"""Writes questions as Canvas imports them into Classic Quizzes: a package of QTI 1.2, an assessment for each chapter.

The shape is that of Canvas's own exports, as text2qti (https://github.com/gpoore/text2qti) writes it, too.
"""

import html
import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from questions import Choice, Number, Question, decimal

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, tag, attributes)
    child.text = text
    return child


def material(parent: Element, text: str) -> None:
    """Plain text, as HTML within XML."""
    shown = f"<p>{html.escape(text, quote=False)}</p>"
    add(add(parent, "material"), "mattext", shown, texttype="text/html")


def metadata(item: Element, **fields: str) -> None:
    rows = add(add(item, "itemmetadata"), "qtimetadata")
    for label, entry in fields.items():
        row = add(rows, "qtimetadatafield")
        add(row, "fieldlabel", label)
        add(row, "fieldentry", entry)


def condition(processing: Element, feedback: str, points: bool = False) -> Element:
    """A rule of how to score; what it asks is to be put into the element that is returned."""
    rule = add(processing, "respcondition", **{"continue": "No" if points else "Yes"})
    asked = add(rule, "conditionvar")
    if points:
        add(rule, "setvar", "100", action="Set", varname="SCORE")
    add(rule, "displayfeedback", feedbacktype="Response", linkrefid=feedback)
    return asked


def item_of(section: Element, name: str, question: Question) -> None:
    """One question. Of a number's slips Canvas hears nothing: for wrong numbers it has one feedback."""
    item = add(section, "item", ident=name, title=name)
    is_choice = isinstance(question, Choice)
    options = question.options() if isinstance(question, Choice) else []
    idents = [f"{name}_{i}" for i in range(len(options))]
    kind = "multiple_choice_question" if is_choice else "numerical_question"
    metadata(item, question_type=kind, points_possible="1", original_answer_ids=",".join(idents),
             assessment_question_identifierref=f"{name}_question")  # fmt: skip
    presentation = add(item, "presentation")
    material(presentation, question.ask)
    processing = Element("resprocessing")
    add(add(processing, "outcomes"), "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    feedback = {"correct_fb": question.why, "general_incorrect_fb": f"Look again at: {question.see}."}
    if isinstance(question, Number):
        answer = add(presentation, "response_str", ident="response1", rcardinality="Single")
        add(add(answer, "render_fib", fibtype="Decimal"), "response_label", ident="answer1")
        either = add(condition(processing, "correct_fb", points=True), "or")
        low, high = question.right - question.within, question.right + question.within
        add(either, "varequal", decimal(question.right), respident="response1")
        between = add(either, "and")
        add(between, "vargte", decimal(low), respident="response1")
        add(between, "varlte", decimal(high), respident="response1")
    else:
        answer = add(presentation, "response_lid", ident="response1", rcardinality="Single")
        choices = add(answer, "render_choice")
        for ident, text in zip(idents, options, strict=True):
            material(add(choices, "response_label", ident=ident), text)
            if text != question.right:
                add(condition(processing, f"{ident}_fb"), "varequal", ident, respident="response1")
                feedback[f"{ident}_fb"] = question.wrong[text]
        right = idents[options.index(question.right)]
        add(condition(processing, "correct_fb", points=True), "varequal", right, respident="response1")
    add(condition(processing, "general_incorrect_fb"), "other")
    item.append(processing)
    for ident, text in feedback.items():
        material(add(add(item, "itemfeedback", ident=ident), "flow_mat"), text)


def assessment(name: str, title: str, questions: list[Question]) -> Element:
    root = Element("questestinterop", {"xmlns": QTI})
    section = add(add(root, "assessment", ident=name, title=title), "section", ident="root_section")
    for place, question in enumerate(questions, start=1):
        item_of(section, f"{name}_{place}", question)
    return root


def write_package(path: Path, bank: dict[str, list[Question]], titles: dict[str, str]) -> None:
    """Writes a zip file with a quiz for each chapter; the same bytes in every run."""
    manifest = Element("manifest", {"xmlns": PACKAGE, "identifier": path.stem})
    about = add(manifest, "metadata")
    add(about, "schema", "IMS Content")
    add(about, "schemaversion", "1.1.3")
    add(manifest, "organizations")
    resources = add(manifest, "resources")
    files = {}
    for chapter, questions in bank.items():
        name = f"{path.stem}_{chapter}"
        resource = add(resources, "resource", identifier=name, type="imsqti_xmlv1p2")
        add(resource, "file", href=f"{name}/{name}.xml")
        files[f"{name}/{name}.xml"] = assessment(name, titles[chapter], questions)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, root in {"imsmanifest.xml": manifest, **files}.items():
            archive.writestr(zipfile.ZipInfo(file), HEAD + tostring(root), zipfile.ZIP_DEFLATED)
