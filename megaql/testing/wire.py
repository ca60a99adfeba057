"""Requests of botocore read, and answers to them written, as SQS and SNS would: AWS JSON for the one, the Query protocol's forms and XML for the other.

Both are read and written by the shapes of botocore's own service models. A maintainer keeps one rule: what an answer leaves out, the text leaves out, so that
botocore makes of it what it makes of the service's.
"""

from __future__ import annotations

import base64
import itertools
import json
import uuid
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from megaql.broker.client import Response

#: What stands around an error in AWS JSON, as SQS names it.
_NAMESPACE = "com.amazonaws.sqs#"


class Shape(Protocol):
    """What is used of `botocore.model.Shape`; members, `member`, `key` and `value` are there where the type has them."""

    type_name: str
    serialization: dict[str, Any]
    members: dict[str, Any]
    member: Any
    key: Any
    value: Any


class Codec(Protocol):
    """A protocol as the server sees it: a request's body to parameters, an answer or an error to status, headers and body."""

    def read(self, shape: Shape | None, body: bytes) -> dict[str, Any]:
        """Return the parameters of a request."""
        ...

    def write(self, operation: str, shape: Shape | None, answer: Response) -> Reply:
        """Return the reply with an answer."""
        ...

    def refuse(self, error: Mapping[str, Any], status: int) -> Reply:
        """Return the reply with an error, from a ClientError's `Error`."""
        ...


Reply = tuple[int, dict[str, str], bytes]


class JSON:
    """AWS JSON 1.0 with the header that gives errors their names from the time when SQS spoke Query."""

    def read(self, shape: Shape | None, body: bytes) -> dict[str, Any]:
        """Return the parameters of a request."""
        given: dict[str, Any] = {} if shape is None else _from_json(shape, json.loads(body or b"{}"))
        return given

    def write(self, operation: str, shape: Shape | None, answer: Response) -> Reply:  # noqa: ARG002 - of the protocol
        """Return the reply with an answer."""
        return 200, _json_headers(), json.dumps(answer, default=_base64).encode()

    def refuse(self, error: Mapping[str, Any], status: int) -> Reply:
        """Return the reply with an error."""
        headers = _json_headers() | {"x-amzn-query-error": f"{error['Code']};{error['Type']}"}
        body = {"__type": _NAMESPACE + error["QueryErrorCode"], "message": error["Message"]}
        return status, headers, json.dumps(body).encode()


class Query:
    """The Query protocol: a form in, XML out."""

    def read(self, shape: Shape | None, body: bytes) -> dict[str, Any]:
        """Return the parameters of a request."""
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        given: dict[str, Any] = {} if shape is None else _from_form(shape, form, "")
        return given

    def write(self, operation: str, shape: Shape | None, answer: Response) -> Reply:
        """Return the reply with an answer."""
        result = "" if shape is None else _element(f"{operation}Result", _to_xml(shape, answer))
        metadata = _element("ResponseMetadata", _request_id())
        return 200, {"Content-Type": "text/xml"}, _element(f"{operation}Response", result + metadata).encode()

    def refuse(self, error: Mapping[str, Any], status: int) -> Reply:
        """Return the reply with an error."""
        told = "".join(_element(name, _text(error[name])) for name in ("Type", "Code", "Message"))
        whole = _element("ErrorResponse", _element("Error", told) + _request_id())
        return status, {"Content-Type": "text/xml"}, whole.encode()


def _json_headers() -> dict[str, str]:
    return {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": str(uuid.uuid4())}


def _request_id() -> str:
    return _element("RequestId", str(uuid.uuid4()))


def _from_json(shape: Shape, value: Any) -> Any:
    match shape.type_name:
        case "structure":
            return {
                name: _from_json(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case "list":
            return [_from_json(shape.member, item) for item in value]
        case "map":
            return {key: _from_json(shape.value, item) for key, item in value.items()}
        case "blob":
            return base64.b64decode(value)
        case _:
            return value


def _from_form(shape: Shape, form: Mapping[str, str], prefix: str) -> Any:
    """Return the value whose fields begin with a prefix, as `botocore.serialize.QuerySerializer` wrote them."""
    match shape.type_name:
        case "structure":
            places = {name: _place(prefix, name) for name in shape.members}
            return {
                name: _from_form(shape.members[name], form, place)
                for name, place in places.items()
                if _given(form, place)
            }
        case "list":
            return [_from_form(shape.member, form, place) for place in _numbered(form, f"{prefix}.member")]
        case "map":
            key, value = _entry_names(shape)
            return {
                form[f"{place}.{key}"]: _from_form(shape.value, form, f"{place}.{value}")
                for place in _numbered(form, f"{prefix}.entry")
            }
        case "blob":
            return base64.b64decode(form[prefix])
        case "boolean":
            return form[prefix] == "true"
        case "integer":
            return int(form[prefix])
        case _:
            return form[prefix]


def _entry_names(shape: Shape) -> tuple[str, str]:
    """Return what a map's entries call their keys and values: message attributes have names of their own."""
    return str(shape.key.serialization.get("name", "key")), str(shape.value.serialization.get("name", "value"))


def _place(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _given(form: Mapping[str, str], place: str) -> bool:
    return place in form or any(key.startswith(f"{place}.") for key in form)


def _numbered(form: Mapping[str, str], place: str) -> Iterator[str]:
    """Yield the places of a list's elements, which are numbered from 1."""
    for number in itertools.count(1):
        if not _given(form, f"{place}.{number}"):
            return
        yield f"{place}.{number}"


def _to_xml(shape: Shape, value: Any) -> str:
    match shape.type_name:
        case "structure":
            return "".join(
                _element(name, _to_xml(member, value[name]))
                for name, member in shape.members.items()
                if value.get(name) is not None
            )
        case "list":
            return "".join(_element("member", _to_xml(shape.member, item)) for item in value)
        case "map":
            key_name, value_name = _entry_names(shape)
            return "".join(
                _element("entry", _element(key_name, _text(key)) + _element(value_name, _to_xml(shape.value, item)))
                for key, item in value.items()
            )
        case "boolean":
            return "true" if value else "false"
        case _:
            return _text(value)


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def _text(value: object) -> str:
    # XML readers make a line feed of a carriage return that is not written as a number.
    return escape(str(value), {"\r": "&#13;"})


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
