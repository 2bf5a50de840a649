"""What every room needs and no chapter teaches: whole files, processes, batches, errors."""
