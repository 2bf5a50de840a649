"""Training: `loop` is where it begins, `step` what one step does, `recipe` how; the rest hangs on these three."""
