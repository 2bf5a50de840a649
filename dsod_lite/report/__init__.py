"""A run's page: what was learned, how good it is, and what to do next, in one file that works offline."""
