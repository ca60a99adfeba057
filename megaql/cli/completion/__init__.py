"""What TAB offers, and the names it remembers."""
