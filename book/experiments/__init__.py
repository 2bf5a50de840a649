"""The paper's findings, measured again in small: one module for each experiment, one record for each run.

`python -m book.experiments --help` says how they are run; `records` reads what they left in data/runs/.
"""
