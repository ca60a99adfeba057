"""Bodies decoded in part: only the keys that somebody is going to read.

A maintainer keeps one rule: a result agrees with `decode` on everything that was asked for, and where that is not certain there is no
result. `None` means "decode it whole", never "it is something else", so that whatever is rare may be left to `decode`: text, BSON, arrays,
half of a surrogate pair, integers of thousands of digits. Two things are not seen in parts that nobody reads, for which `decode` takes the whole
body as text: a number whose exponent is out of all bounds, and nesting beyond `MAX_NESTING` (to look for that takes longer than all the rest).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, TypedDict, Union

from megaql.codec import envelopes, protocol
from megaql.codec.decode import FORMAT_ATTRIBUTE
from megaql.codec.formats import fraction, nests_deeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from megaql.codec.envelopes import SnsEnvelope

#: The keys that lead from the body to a value, through arrays as a query's names do: `("items", "price")` is read in every item.
Keys: TypeAlias = tuple[str, ...]

#: What is read of an object: its keys, each with what is read in its value; `None` is everything.
Tree: TypeAlias = "dict[str, Tree | None]"

#: What has no members, so that paths end at it and its value is of no matter.
_Scalar: TypeAlias = str | int | float | bool | None

#: Longer paths are read whole from here on.
_LONGEST: Final = 16

#: What `protocol` looks at, to tell an event from data.
_MEGA: Final[tuple[Keys, ...]] = (
    ("protocol",),
    ("version",),
    ("event",),
    *(("object", name) for name in ("id", "type", "version")),
)
#: What it wants to be objects, whatever is in them.
_MEGA_OBJECTS: Final[tuple[Keys, ...]] = (("object", "current"), ("object", "previous"), ("extra",))


class Skimmed(NamedTuple):
    """What was read of a JSON body.

    `document` holds the keys that were asked for, with some others perhaps. `mega` says that it is an event, `document` being in canonical
    form, and `reason` why a would-be event is only data; without being asked to look at that, it is `False` and `""`. `envelopes`
    are the SNS envelopes around it, outermost first.
    """

    document: dict[str, Any]
    mega: bool
    reason: str = ""
    envelopes: tuple[SnsEnvelope, ...] = ()

    @property
    def kind(self) -> Literal["mega", "data"]:
        """The payload's kind, if the skimmer looked at that."""
        return "mega" if self.mega else "data"

    @property
    def sns(self) -> SnsEnvelope | None:
        """The innermost envelope: of the topic that the payload was published to."""
        return self.envelopes[-1] if self.envelopes else None


class Skimmer:
    """A reader of some paths. Any number of threads may use one at once.

    `paths` are what is read, `()` everything. Only with `mega`, an event is told from data and brought to its canonical form: needed by whoever asks
    for the kind of a payload or for one of the paths that `depends_on_mega`.
    """

    __slots__ = ("_envelope", "decode", "errors", "mega", "tree")

    def __init__(self, paths: Iterable[Keys], *, mega: bool) -> None:
        import msgspec  # noqa: PLC0415 - only programs that route messages in numbers need it

        def decoder(shape: Any) -> Callable[[bytes | str], dict[str, Any]]:
            return msgspec.json.Decoder(shape, float_hook=fraction).decode

        self.mega = mega
        #: What is read of an object, the sign of an envelope not among it.
        self.tree = tree = _tree([*paths, *(_MEGA if mega else ())], _MEGA_OBJECTS if mega else ())
        #: Returns that of a text, whatever stands there; `errors` is what it raises.
        self.decode = decoder(dict[str, Any] if tree is None else _shape(tree | {"Type": tree.get("Type")}))
        self._envelope = decoder(dict[str, Any])
        self.errors = (msgspec.MsgspecError, ValueError, RecursionError)

    def read(self, body: str, attributes: Mapping[str, Any] | None = None) -> Skimmed | None:
        """Return what the paths lead to in a body, or `None` if it has to be decoded whole. Never raises.

        `attributes` are the message's, as boto3 gives them.
        """
        try:
            opened = self._opened(body, attributes)
        except self.errors:
            return None
        if opened is None:
            return None
        document, around = opened
        if not self.mega or not protocol.is_mega(document):
            return Skimmed(document, False, "", around)
        if breach := protocol.violation(document):
            return Skimmed(document, False, str(breach), around)
        return Skimmed(protocol.canonical(document), True, "", around)

    def read_document(self, body: str, attributes: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Return the document that `read` finds, as it stands in the body, to those who want no more."""
        try:
            document = self.decode(body)
            if not attributes and "Type" not in document:  # as nearly always
                return None if nests_deeper(document) else document
            opened = self._opened(body, attributes, document)
        except self.errors:
            return None
        return None if opened is None else opened[0]

    def read_object(self, data: bytes) -> dict[str, Any] | None:
        """Return what the paths lead to in a JSON object in UTF-8 as it stands, be it an envelope or an event; `None` as for `read`.

        In strings that are not read, the UTF-8 is taken on trust.
        """
        try:
            document = self.decode(data)
        except self.errors:
            return None
        return None if nests_deeper(document) else document

    def _opened(
        self, body: str, attributes: Mapping[str, Any] | None, document: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], tuple[SnsEnvelope, ...]] | None:
        """Return what is read of a body out of its envelopes, and these; `None` if it has to be decoded whole. `document` is what was read of the body already."""
        around: tuple[SnsEnvelope, ...] = ()
        while True:
            settled = attributes.get(FORMAT_ATTRIBUTE) if attributes else None
            if settled is not None and not _says_json(settled):
                return None
            document = self.decode(body) if document is None else document
            if nests_deeper(document):
                return None
            if "Type" not in document or document["Type"] != "Notification" or settled is not None:
                return document, around
            notification = self._envelope(body)
            if nests_deeper(notification):
                return None
            envelope = envelopes.unwrap(notification)
            if envelope is None:
                return document, around
            around += (envelope,)
            body, attributes, document = envelope.message, envelope.attributes, None


def _says_json(attribute: object) -> bool:
    return isinstance(attribute, Mapping) and attribute.get("StringValue") == "json"


def depends_on_mega(path: Keys) -> bool:
    """Tell whether a path can lead to something else in an event than in the same document taken as data: see `protocol.canonical`."""
    match path:
        case () | ("event",) | ("object",) | ("event" | "object", "version", *_) | ("event", "attributes", *_):
            return True
        case ("event", name, *_):
            return name not in protocol.EVENT_FIELDS
        case _:
            return False


def _tree(paths: Iterable[Keys], objects: Iterable[Keys]) -> Tree | None:
    """Merge paths by their beginnings; `None` is everything. Of what lies at the end of `objects` nothing is read but what it is.

    An object of which a name beyond ASCII is asked is read whole: msgspec (0.22) confuses such names of a type, with the empty one for example.
    """
    tree: Tree = {}
    for path in paths:
        plain = tuple(takewhile(str.isascii, path[:_LONGEST]))
        if not plain:
            return None
        _plant(tree, plain, None)
    for path in objects:
        _plant(tree, path, {})
    return tree


def _plant(tree: Tree, path: Keys, end: Tree | None) -> None:
    *way, last = path
    for name in way:
        inner = tree.setdefault(name, {})
        if inner is None:
            return
        tree = inner
    if end is None:
        tree[last] = None
    else:
        tree.setdefault(last, end)


def _shape(tree: Tree) -> Any:
    """Return the type of objects of which only some keys are read; they come as plain dicts."""
    return TypedDict("Shape", {name: _value(inner) for name, inner in tree.items()}, total=False)  # type: ignore[operator]


def _value(tree: Tree | None) -> Any:
    """Return the type of a value that a path goes through: objects, arrays of them, or what has no members."""
    if tree is None:
        return Any
    members = _shape(tree)
    elements = Union[members, list[Any], _Scalar]  # type: ignore[valid-type]  # noqa: UP007 - made while the program runs
    return Union[members, list[elements], _Scalar]  # noqa: UP007 - as above
