"""The JSON bodies of an operation's requests and answers, by botocore's own model of the service.

A maintainer keeps one rule: parameters that botocore would change or refuse, and answers that are not as the model says, are refused here with
an exception, and botocore then deals with them. What is accepted is encoded and decoded as botocore does it.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

import msgspec

#: Whatever `encode` and `decode` raise: for a wrong type or an unknown name, for text that is no Unicode, for a `str` of another class.
REFUSED: Final = (msgspec.MsgspecError, UnicodeError, TypeError, OverflowError, RecursionError)

#: Makers of types at run time, which a type checker cannot follow.
_LIST: Final[Any] = list
_DICT: Final[Any] = dict
_TYPED_DICT: Final[Any] = TypedDict
_SCALARS: Final[dict[str, Any]] = {"string": str, "integer": int, "long": int, "boolean": bool, "blob": bytes}


class UnknownShapeError(Exception):
    """The model has something that is not known here, so that the operation stays with botocore."""


class Wire:
    """One operation's bodies. Raises `UnknownShapeError` for an operation whose model has anything unusual."""

    def __init__(self, operation: Any) -> None:
        self._request = _structure(operation.input_shape, _asked)
        self._encode = msgspec.json.Encoder().encode
        self._decode = (
            msgspec.json.Decoder(_structure(operation.output_shape, _answered)).decode
            if operation.output_shape
            else None
        )

    def encode(self, parameters: dict[str, Any]) -> bytes:
        """Return the body of a request; raises one of `REFUSED`."""
        if not _plain(parameters):
            raise TypeError("a parameter is of an unusual type")
        # Without `builtin_types`, a text given for bytes would be read as Base64, where botocore encodes it.
        return self._encode(msgspec.convert(parameters, self._request, builtin_types=(bytes,)))

    def decode(self, body: bytes) -> dict[str, Any]:
        """Return what an answer's body says; raises one of `REFUSED`."""
        answer: dict[str, Any] = self._decode(body) if self._decode else {}
        return answer


def _plain(value: Any) -> bool:
    """Whether a value is made of the types that JSON has, and bytes. msgspec would take sets for lists, too, and other mappings for dicts."""
    kind = type(value)
    if kind is dict:
        members = value.values()
    elif kind is list or kind is tuple:
        members = value
    else:
        return kind is str or kind is int or kind is bytes
    for member in members:  # in a loop, for all the texts of a batch: a call for each takes three times as long
        kind = type(member)
        if kind is not str and kind is not int and not _plain(member):
            return False
    return True


def _structure(shape: Any, make: Any) -> Any:
    """Return the type of a structure. `make` takes its name and its members' (name, type, whether it must be there)."""
    if getattr(shape, "is_document_type", False) or getattr(shape, "is_tagged_union", False) or shape.serialization:
        raise UnknownShapeError(shape.name)
    members = [(name, _type(member, make), name in shape.required_members) for name, member in shape.members.items()]
    return make(shape.name, members)


def _type(shape: Any, make: Any) -> Any:
    # `flattened` and a list's `locationName` are of the query protocol, which went before; a limit would have to be checked.
    if set(shape.serialization) - {"flattened"} or shape.metadata.keys() & {"min", "max", "pattern", "jsonvalue"}:
        raise UnknownShapeError(shape.name)
    if shape.type_name == "structure":
        return _structure(shape, make)
    if shape.type_name == "list":
        return _LIST[_type(shape.member, make)]
    if shape.type_name == "map" and shape.key.type_name == "string":
        return _DICT[str, _type(shape.value, make)]
    if shape.type_name in _SCALARS:
        return _SCALARS[shape.type_name]
    raise UnknownShapeError(shape.name)


def _asked(name: str, members: list[tuple[str, Any, bool]]) -> Any:
    """A class that refuses unknown names and misses none that is required."""
    fields = [(key, kind) if required else (key, kind, msgspec.UNSET) for key, kind, required in members]
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True, omit_defaults=True)


def _answered(name: str, members: list[tuple[str, Any, bool]]) -> Any:
    """A dict of what is there; names the model does not know are left out, as botocore does."""
    return _TYPED_DICT(name, {key: kind for key, kind, _ in members}, total=False)
