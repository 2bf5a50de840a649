"""The experiments, a module each: what is compared is in its VARIANTS, and `run(variant, seed, epochs)` makes one run.

A file here is an experiment by being here. EPOCHS is its budget; SEEDS, MEASURE and DEVICE have defaults in
`machinery.catalogue`. What two of them share is in `parts`.
"""
