"""What several experiments are made of: pictures and training (`common`), other blocks, rivals, a clock for a GPU."""
