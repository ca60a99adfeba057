"""Clauses as patterns of other services: what each part asks in matchers, put together so that no message is lost that the query takes."""
