"""Messages as they are shown: lines, JSON, tables, trees, explanations."""
