"""What `publish` sends, and how it waits for what comes of it."""
