"""The detector as a course: its parts with their bodies blanked, a file a week, and tests that say what is wrong.

`parts` writes the files, `overlay` puts what is written into the package's place, `cases` and `judging` test a week's
file in a process of its own, and `run` trains, judges and exports with the student's parts. `cell` asks the same of
a definition in a notebook, before the chapter shows the package's.
"""
