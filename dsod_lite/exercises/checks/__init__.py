"""The checks, a file for each chapter: `exercise_4` checks the chapter's fourth exercise.

A check's parameters are the names that the exercise asks for. It returns nothing or a remark for a right answer, and
raises what is in `judging` for any other. One that asks for numbers or words is a `Values`, whose rules are data.
"""
