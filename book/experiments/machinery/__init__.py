"""What runs the experiments (`catalogue`, `runner`, `verify`), and what reads their records.

Those are `records`, `findings` and `figures`, for the chapters. Nothing here knows any one experiment, but `findings`:
which variants the paper's sentences compare.
"""
