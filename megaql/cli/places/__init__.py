"""Queues, topics, aliases and the embedded broker, listed, looked into, set up and examined."""
