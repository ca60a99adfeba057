"""Many messages at once: as numbers, as shapes, and explained; what `stats`, `schema` and `explain` do."""
