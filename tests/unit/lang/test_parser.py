from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from megaql.errors import QueryCheckError, QueryError, QuerySyntaxError
from megaql.lang.nodes import (
    And,
    Between,
    Boolean,
    Call,
    Compare,
    Comparison,
    Count,
    Date,
    Deep,
    Default,
    Duration,
    Each,
    In,
    InCidr,
    Index,
    IsKind,
    Key,
    KindName,
    ListLiteral,
    Matches,
    Not,
    Null,
    Number,
    Or,
    Param,
    Path,
    Presence,
    PresenceTest,
    Quantified,
    Quantifier,
    Regex,
    Root,
    Size,
    String,
    TextOperator,
    TextTest,
    Truth,
)
from megaql.lang.parser import parse
from megaql.source import Source

A = Path((Key("a"),))
B = Path((Key("b"),))
C = Path((Key("c"),))
ONE = Number(1)


def variable(name, *segments):
    return Path((Key(name), *segments), Root.VARIABLE)


def equal(right, left=A):
    return Compare(Comparison.EQ, left, right)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("a == 1", equal(ONE)),
        ("a==1", equal(ONE)),
        ("1 == a", Compare(Comparison.EQ, ONE, A)),
        ("a != b", Compare(Comparison.NE, A, B)),
        ("a <= 1", Compare(Comparison.LE, A, ONE)),
        ("a", Truth(A)),
        ("true", Truth(Boolean(value=True))),
        ("FALSE", Truth(Boolean(value=False))),
        ("(a ?? false)", Truth(Default(A, Boolean(value=False)))),
        ("a or b and c", Or((Truth(A), And((Truth(B), Truth(C)))))),
        ("(a or b) and c", And((Or((Truth(A), Truth(B))), Truth(C)))),
        ("a AND b && c", And((Truth(A), Truth(B), Truth(C)))),
        ("a || (b || c)", Or((Truth(A), Truth(B), Truth(C)))),
        ("not a == 1", Not(equal(ONE))),
        ("!a == 1", Not(equal(ONE))),
        ("not a and b", And((Not(Truth(A)), Truth(B)))),
        ("not not a", Not(Not(Truth(A)))),
        ("not a not in [1]", Not(In(A, ListLiteral((ONE,)), negated=True))),
        ("((a == 1))", equal(ONE)),
        ("((a)) == ((1))", equal(ONE)),
        (
            "a in [1, 'x', null, true, [2]]",
            In(A, ListLiteral((ONE, String("x"), Null(), Boolean(value=True), ListLiteral((Number(2),))))),
        ),
        ("a in [1,]", In(A, ListLiteral((ONE,)))),
        ("a in []", In(A, ListLiteral(()))),
        ("a in b", In(A, B)),
        ("a in (b ?? [])", In(A, Default(B, ListLiteral(())))),
        ("a not in $ids", In(A, Param("ids"), negated=True)),
        ("a in [$x, 1]", In(A, ListLiteral((Param("x"), ONE)))),
        ("a in cidr '10.0.0.0/8'", InCidr(A, String("10.0.0.0/8"))),
        ("a not in cidr $net", InCidr(A, Param("net"), negated=True)),
        ("a ~ /x/", Matches(A, Regex("x"))),
        ("a !~ /x/mi", Matches(A, Regex("x", "im"), negated=True)),
        (r"a ~ /a\/b\\\//", Matches(A, Regex(r"a/b\\/"))),
        ("a ~ //", Matches(A, Regex(""))),
        ("a ~ $re", Matches(A, Param("re"))),
        ("a startswith 'x'", TextTest(TextOperator.STARTSWITH, A, String("x"))),
        ("a NOT EndsWith b", TextTest(TextOperator.ENDSWITH, A, B, negated=True)),
        ("a contains 'x'i", TextTest(TextOperator.CONTAINS, A, String("x", fold=True))),
        ("a like 'x*'", TextTest(TextOperator.LIKE, A, String("x*"))),
        ("a between 1 and b and c", And((Between(A, ONE, B), Truth(C)))),
        ("a not between 1 and 2", Between(A, ONE, Number(2), negated=True)),
        ("a is null", IsKind(A, KindName.NULL)),
        ("a IS NOT String", IsKind(A, KindName.STRING, negated=True)),
        ("exists a", PresenceTest(Presence.EXISTS, A)),
        ("missing a or empty b", Or((PresenceTest(Presence.MISSING, A), PresenceTest(Presence.EMPTY, B)))),
        ("not exists a", Not(PresenceTest(Presence.EXISTS, A))),
        ("a ?? 1 == 1", Compare(Comparison.EQ, Default(A, ONE), ONE)),
        ("a ?? $x == 1", Compare(Comparison.EQ, Default(A, Param("x")), ONE)),
        ("lower(a) == 'x'", equal(String("x"), Call("lower", (A,)))),
        ("NUMBER(a ?? '0') == 1", equal(ONE, Call("number", (Default(A, String("0")),)))),
        ("a > now()", Compare(Comparison.GT, A, Call("now", ()))),
        ("size == 1", equal(ONE, Path((Key("size"),)))),
        ("count == 1", equal(ONE, Path((Key("count"),)))),
        ("a == 1 # == 2", equal(ONE)),
        ("# first\na == 1", equal(ONE)),
        ('a == "# no comment"', equal(String("# no comment"))),
        ('"x"in a', In(String("x"), A)),
        ('a == "x"i', equal(String("x", fold=True))),
        ('a == "x"and b', And((equal(String("x")), Truth(B)))),
    ],
)
def test_forms(text, clause):
    assert parse(text) == clause


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("1", Number(1)),
        ("-1", Number(-1)),
        ("0", Number(0)),
        ("1_000", Number(1000)),
        ("9007199254740993", Number(9007199254740993)),
        ("0.1", Number(Decimal("0.1"))),
        ("1.5e3", Number(Decimal("1.5e3"))),
        ("1E-6144", Number(Decimal("1e-6144"))),
        ("null", Null()),
        ('"a\\"b\\\\\\n\\u00e9\\x41\\/"', String('a"b\\\né\x41/')),
        ('"\\ud83d\\ude00"', String("😀")),
        ('"\\ud83d"', String("\ud83d")),
        ("'it\\'s'", String("it's")),
        ("''", String("")),
        (r'r"\d"', String(r"\d")),
        ('r"\\"', String("\\")),
        ('"☃ 日本"', String("☃ 日本")),
        ('d"2026-01-02"', Date(datetime(2026, 1, 2, tzinfo=UTC), date_only=True)),
        ("d'2026-01-02T03:04:05.5+02:00'", Date(datetime(2026, 1, 2, 1, 4, 5, 500000, tzinfo=UTC))),
        ('d"2026-01-02 03:04"', Date(datetime(2026, 1, 2, 3, 4, tzinfo=UTC))),
        ("500ms", Duration(timedelta(milliseconds=500))),
        ("2h30m", Duration(timedelta(hours=2, minutes=30))),
        ("1.5h", Duration(timedelta(minutes=90))),
        ("1w", Duration(timedelta(days=7))),
        ("-5m", Duration(timedelta(minutes=-5))),
        ("64KiB", Size(64, "KiB")),
        ("1mb", Size(1, "MB")),
        ("1.5GB", Size(Decimal("1.5"), "GB")),
        ("12B", Size(12, "B")),
    ],
)
def test_literals(text, literal):
    right = parse(f"a == {text}").right
    assert right == literal
    assert type(right) is type(literal)
    if isinstance(literal, Number):
        assert type(right.value) is type(literal.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b", Path((Key("a"), Key("b")))),
        (".a.b", Path((Key("a"), Key("b")))),
        ("a . b", Path((Key("a"), Key("b")))),
        ("a[0][-1]", Path((Key("a"), Index(0), Index(-1)))),
        ("a[*].b", Path((Key("a"), Each(), Key("b")))),
        ("a.**.b", Path((Key("a"), Deep(), Key("b")))),
        ("a.**", Path((Key("a"), Deep()))),
        (".**.b", Path((Deep(), Key("b")))),
        (".[0].b", Path((Index(0), Key("b")))),
        ('a["weird.key"].b', Path((Key("a"), Key("weird.key"), Key("b")))),
        ('."weird key".x', Path((Key("weird key"), Key("x")))),
        ("a.'x y'", Path((Key("a"), Key("x y")))),
        ("detail-type", Path((Key("detail-type"),))),
        ("événement.日本", Path((Key("événement"), Key("日本")))),
        ("_a1", Path((Key("_a1"),))),
        ("inbox.orders", Path((Key("inbox"), Key("orders")))),
        ("and-or", Path((Key("and-or"),))),
        ("event.in.not", Path((Key("event"), Key("in"), Key("not")))),
        ("@id", Path((Key("id"),), Root.ENVELOPE)),
        ("@attributes.tenant-id", Path((Key("attributes"), Key("tenant-id")), Root.ENVELOPE)),
        ('@attributes["a.b"]', Path((Key("attributes"), Key("a.b")), Root.ENVELOPE)),
    ],
)
def test_paths(text, path):
    assert parse(f"exists {text}") == PresenceTest(Presence.EXISTS, path)
    assert parse(f"{text} == 1") == equal(ONE, path)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("any x in a: (x == 1)", Quantified(Quantifier.ANY, "x", A, equal(ONE, variable("x")))),
        ("any x of a: (x == 1)", Quantified(Quantifier.ANY, "x", A, equal(ONE, variable("x")), spread=True)),
        ("one x Of of: (x)", Quantified(Quantifier.ONE, "x", Path((Key("of"),)), Truth(variable("x")), spread=True)),
        ("count(x of a: (x)) == 1", equal(ONE, Count("x", A, Truth(variable("x")), spread=True))),
        ("ALL x IN a: (x.b == 1)", Quantified(Quantifier.ALL, "x", A, equal(ONE, variable("x", Key("b"))))),
        ("none x in a: (.x == 1)", Quantified(Quantifier.NONE, "x", A, equal(ONE, Path((Key("x"),))))),
        ("one x in a: (@id == 1)", Quantified(Quantifier.ONE, "x", A, equal(ONE, Path((Key("id"),), Root.ENVELOPE)))),
        (
            "any x in a: (any y in x.b: (y == x.c))",
            Quantified(
                Quantifier.ANY,
                "x",
                A,
                Quantified(Quantifier.ANY, "y", variable("x", Key("b")), equal(variable("x", Key("c")), variable("y"))),
            ),
        ),
        (
            "count(x in a: (x and b)) == 1",
            equal(ONE, Count("x", A, And((Truth(variable("x")), Truth(B))))),
        ),
        ("any x in x: (x)", Quantified(Quantifier.ANY, "x", Path((Key("x"),)), Truth(variable("x")))),
        (
            "any x in a: (x) and x",
            And((Quantified(Quantifier.ANY, "x", A, Truth(variable("x"))), Truth(Path((Key("x"),))))),
        ),
        ("any nil in a: (nil == 1)", Quantified(Quantifier.ANY, "nil", A, equal(ONE, variable("nil")))),
    ],
)
def test_variables_are_visible_inside_their_condition_only(text, clause):
    assert parse(text) == clause


@pytest.mark.parametrize(
    "text", ["a=1andb=2", "a==1andb==2", "a == 1and b", "in", "not", "a == 1.2.3", "a .. b", "a == b c"]
)
def test_no_query(text):
    with pytest.raises(QuerySyntaxError):
        parse(text)


def test_all_mistakes_of_a_check_are_told():
    with pytest.raises(QueryCheckError) as caught:
        parse("@foo == 1 and nubmer(a) > 1 and b contains 5")
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [
        "unknown-field",
        "unknown-function",
        "text-operand",
    ]


def test_errors_say_where_the_text_came_from():
    with pytest.raises(QueryError, match=r"^rules\.mql: error: "):
        parse(Source("a = 1", "rules.mql"))


def test_an_error_keeps_no_trace_of_the_parser_underneath():
    with pytest.raises(QuerySyntaxError) as caught:
        parse("a = 1")
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "kind", "written"),
    [
        ("a and (b or c) and d", Or, "b or c"),
        ("x == 1 and (b == 1 and c)", And, "x == 1 and (b == 1 and c)"),
        ("not (a or b)", Not, "not (a or b)"),
        ("(a ?? 1) == 2", Compare, "(a ?? 1) == 2"),
        ("z or any x in a: (x.b)", Quantified, "any x in a: (x.b)"),
        ("1 < count( x in a: (x) )", Count, "count( x in a: (x) )"),
        ("b and a in [1, 2]", ListLiteral, "[1, 2]"),
        ("b and a in [1, 2]", In, "a in [1, 2]"),
        ("b ~ /x/i", Regex, "/x/i"),
        ("b < ago( 5m )", Call, "ago( 5m )"),
        ("b and a is not  null", IsKind, "a is not  null"),
        ("b and a ?? 'x' == 'y'", Default, "a ?? 'x'"),
        ("b and a == (5)", Compare, "a == (5)"),
        ("b and (5) == a", Compare, "(5) == a"),
        ("(b and (true))", And, "b and (true)"),
        ("b and lower(('x')) == a", Call, "lower(('x'))"),
    ],
)
def test_spans_cover_the_text_of_a_node(text, kind, written):
    from megaql.lang.tree import walk

    node = next(node for node in walk(parse(text)) if isinstance(node, kind))
    assert text[node.span.start : node.span.end] == written


def test_spans_of_segments():
    text = """.a["b"][0][*].**.'c' == 1"""
    spans = [text[s.span.start : s.span.end] for s in parse(text).left.segments]
    assert spans == ["a", '["b"]', "[0]", "[*]", "**", "'c'"]
