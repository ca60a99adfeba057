"""What `run` does around a consumer: logs, records, shadows, reloading."""
