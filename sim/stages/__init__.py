"""The fourteen stages of a quarter, one function each; `sim.model` calls them in order."""
