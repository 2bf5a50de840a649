"""The checks, a file for each chapter: `exercise_4` checks the chapter's fourth exercise.

A check's parameters are the names that the exercise asks for. It returns None for a right answer and raises what is in
`judging` for any other.
"""
