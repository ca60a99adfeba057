import megaql
from megaql import analysis
from megaql.lang.record import Record
from megaql.lang.relate import Found


def test_relate_takes_queries():
    relation = analysis.relate(megaql.compile("a > 5"), megaql.compile("a > 3"))
    assert isinstance(relation, analysis.Relation)
    assert relation.implies is True


def test_coverage_takes_queries():
    found = analysis.coverage({"large": megaql.compile("a > 5"), "larger": megaql.compile("a > 50")})
    assert isinstance(found, analysis.Coverage)
    assert found.covered == (("larger", "large"),)


def test_a_record_that_no_payload_gives_is_no_witness():
    """A body that calls itself MEGA is read as an event, whose attributes stand in one place."""
    query = megaql.compile("event.x == 1 and missing event.attributes.x")
    event = {"protocol": "mega", "version": 1, "event": {"name": "x", "timestamp": "2026-01-01T00:00:00Z", "x": 1}}
    found = Found(possible=True, record=Record(event, {"kind": "data"}))
    assert query.matches(found.record)
    assert analysis.as_payload(found, [(query, True)], None) == Found(possible=None)
