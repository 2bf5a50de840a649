"""The paper's findings, measured again in small.

- `comparisons`: the experiments, a module each; every run of a variant leaves one record in data/runs/NAME/.
- `parts`: what several of them are made of.
- `machinery`: what runs them, and what reads their records for the chapters.
- `pipeline`, `gpu_speed`, `record_run`: measurements by themselves, each with its own command and one record.

`python -m book.experiments --help` says how the experiments are run.
"""
