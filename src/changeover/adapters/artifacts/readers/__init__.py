"""Where an artifact's entries come from: one module for each kind of source."""
