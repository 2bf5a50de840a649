"""The book's exercises, with tests that say in words what is wrong.

In a chapter, `check("boxes.4", giou)` looks at an answer. In a shell, `python -m dsod_lite.exercises check boxes.4`
looks at the one in the file `answers/boxes.py`. An exercise is named by its chapter's file and its place there.
"""

from .answers import AnswerError, check, check_file, grade
from .contents import CONTENTS, Exercise, find

__all__ = ["CONTENTS", "AnswerError", "Exercise", "check", "check_file", "find", "grade"]
