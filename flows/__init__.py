"""When things run and in what order."""
