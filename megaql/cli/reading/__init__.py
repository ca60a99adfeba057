"""Reading queues, topics and files: consent first, one scan, and a report after every way out."""
