"""Reading: ranges, windows, checkpoints, pages, and the engine that reads many streams at once."""
