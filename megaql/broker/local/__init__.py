"""The embedded broker: SQS's rules on one SQLite file, for the processes of one machine, durable before a send returns.

It keeps to boto3's method names, dicts and error codes, so everything above it has one path; it never imports boto3.
"""

from megaql.broker.local.client import client
from megaql.broker.local.errors import ClientError, ParamValidationError
from megaql.broker.local.home import home

__all__ = ["ClientError", "ParamValidationError", "client", "home"]
