"""The filter language: what each text means, and the errors of what means nothing."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import ValidationFailed
from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import MAX_DEPTH, MAX_FILTER_LENGTH, MAX_TERMS, parse
from analytics.filters.tree import (
    EVERYTHING,
    Either,
    Equals,
    Every,
    Exists,
    Fits,
    HasText,
    InTime,
    Node,
    OfData,
    OfName,
    Ordered,
    Test,
    Without,
    paths,
)

DAY = 86_400_000_000
THEN = 1_705_276_800_000_000
"""2024-01-15T00:00:00Z."""


def type_(text: str, *, exact: bool = False) -> OfName:
    return OfName("type", Equals(text, is_exact=exact))


def total(test: Test) -> OfData:
    return OfData("total", test)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYTHING),
        ("   ", EVERYTHING),
        ("gift card", HasText("gift card")),
        ("  Gift  Card ", HasText("gift  card")),
        ("größe 7", HasText("größe 7")),
        ("<b>", HasText("<b>")),
        ("f(x) g", HasText("f(x) g")),
        ('5" screen', HasText('5" screen')),
        ("order-4711", HasText("order-4711")),
        ("--flag", HasText("--flag")),
        ("a - b", HasText("a - b")),
        ("http://shop/x?a=b", HasText("http://shop/x?a=b")),
        (r"c:\temp", HasText(r"c:\temp")),
        ("10:30", HasText("10:30")),
        ("bot*", HasText("bot*")),
        ("ORDER", HasText("order")),
        ('"gift card"', HasText("gift card")),
        (r'"a \"b\" c:\\d \x"', HasText(r'a "b" c:\d \x')),
        ('"a" "b"', Every((HasText("a"), HasText("b")))),
        ("a AND b", Every((HasText("a"), HasText("b")))),
        ("a b OR c", Either((HasText("a b"), HasText("c")))),
        ("-a b", Every((Without(HasText("a")), HasText("b")))),
        ("NOT a b", Every((Without(HasText("a")), HasText("b")))),
        ("a -b c", Every((HasText("a"), Without(HasText("b")), HasText("c")))),
        ("-(a OR b) c", Every((Without(Either((HasText("a"), HasText("b")))), HasText("c")))),
        ("NOT -a", Without(Without(HasText("a")))),
        ("(a OR b) (c OR d)", Every((Either((HasText("a"), HasText("b"))), Either((HasText("c"), HasText("d")))))),
        ("a OR b AND c", Either((HasText("a"), Every((HasText("b"), HasText("c")))))),
        ("type:purchase", type_("purchase")),
        ("type:Purchase", type_("purchase")),
        ("type=Purchase", type_("Purchase", exact=True)),
        ("type:=Purchase", type_("Purchase", exact=True)),
        ("type!=view", Every((OfName("type", Exists()), Without(type_("view", exact=True))))),
        ("gift type:a card", Every((HasText("gift"), type_("a"), HasText("card")))),
        ('type:"a b"', type_("a b")),
        ('type:"a*"', type_("a*")),
        (r"type:a\*", type_("a*")),
        (r"type:a\ b", type_("a b")),
        (r"type:a\b", type_("a\\b")),
        ('type:""', type_("")),
        ("type:a:b", type_("a:b")),
        ("(type:a)", type_("a")),
        ("type:f(x)", type_("f(x)")),
        ("user:bot*", OfName("user_id", Fits(("bot", "")))),
        ("user_id:*Bot*x*", OfName("user_id", Fits(("", "bot", "x", "")))),
        ("user:*", OfName("user_id", Exists())),
        ("user:**", OfName("user_id", Exists())),
        ("id:1..5", Every((OfName("id", Ordered(">=", "1")), OfName("id", Ordered("<=", "5"))))),
        ("id:5", OfName("id", Equals("5"))),
        ("data.total>=100", total(Ordered(">=", 100.0))),
        ("data.total:>=100", total(Ordered(">=", 100.0))),
        ("data.total<-1.5e2", total(Ordered("<", -150.0))),
        ("data.total>m", total(Ordered(">", "m"))),
        ('data.total>"100"', total(Ordered(">", "100"))),
        ("data.total:10..20", Every((total(Ordered(">=", 10.0)), total(Ordered("<=", 20.0))))),
        ("data.total:10..", total(Ordered(">=", 10.0))),
        ("data.total:..20", total(Ordered("<=", 20.0))),
        ("data.total:..", total(Equals(".."))),
        ("data.total:100", total(Equals("100", 100.0))),
        ('data.total:"100"', total(Equals("100"))),
        ("data.total:007", total(Equals("007"))),
        ("data.total:12345678901234567", total(Equals("12345678901234567"))),
        ("data.total:-", total(Equals("-"))),
        ("data.a.b:x", OfData("a.b", Equals("x"))),
        ('data."a b":x', OfData("a b", Equals("x"))),
        (r'data."a\"b":x', OfData('a"b', Equals("x"))),
        ("data.total", HasText("data.total")),
        ("time:2024-01-15", InTime(THEN, THEN + DAY)),
        ("time>2024-01-15", InTime(THEN + DAY, None)),
        ("time<=2024-01-15", InTime(None, THEN + DAY)),
        ("time:2024-01-15..2024-01-16", InTime(THEN, THEN + 2 * DAY)),
        ("time<2024-01-15T01:00+01:00", InTime(None, THEN)),
        ("time:2024-01-15T00:00Z", InTime(THEN, THEN + 60_000_000)),
        ("time:2024-01-15T00:00:00Z", InTime(THEN, THEN + 1_000_000)),
        ("time:2024-01-15T00:00:00.25Z", InTime(THEN + 250_000, THEN + 260_000)),
        ("time!=2024-01-15", Without(InTime(THEN, THEN + DAY))),
        ("time:*", EVERYTHING),
    ],
)
def test_each_text_has_its_meaning(text: str, tree: Node) -> None:
    assert parse(text, EVENT_FIELDS) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("typ:a", "typ is not a field of events, which have type, service, user_id, id, user, time, data.total and so"),
        ("type:a b:c", "(at character 8: b:c)."),
        ("data:5", "data is not a field"),
        ("a (b", "This parenthesis is not closed (at character 3: (b)."),
        ("a b)", "No parenthesis is open here; put text with parentheses in quotes (at character 4: ))."),
        ('a "b', r"This quote is not closed; inside of quotes, \" stands for a quote (at character 3: "),
        ('type:"b', "This quote is not closed"),
        ('""', 'There is no text between these quotes (at character 1: "").'),
        ("type: a", 'A value is missing after type:; "" is the empty text (at character 1: type: a).'),
        ("data.x>=", "A value is missing after data.x>="),
        ("type:(a OR b)", "A list of values is not possible; write type:a OR type:b (at character 6: "),
        (
            "data.x=>5",
            "These are two operators; write one of : = != < <= > >= after data.x, or the value in quotes (at",
        ),
        (
            "type==a",
            "These are two operators; write one of : = != < <= > >= after type, or the value in quotes (at char",
        ),
        ("type<>a", "(at character 5: <>a)."),
        ("data.x:>>5", "(at character 8: >>5)."),
        ("a OR", "A condition or a text is missing here (at the end)."),
        ("OR a", "A condition or a text is missing here (at character 1: OR a)."),
        ("()", "A condition or a text is missing here (at character 2: ))."),
        ("a OR OR b", "A condition or a text is missing here (at character 6: OR b)."),
        ("NOT", "Something must follow that is not to match (at character 1: NOT)."),
        ('data."a".b:x', "A comparison must follow this name, such as = or >= (at character 1: "),
        ("a AND", "A condition or a text is missing here (at the end)."),
        ("time>yesterday", "This is not a time such as 2024-01-15"),
        ("time:2024-02-30", "This is not a time"),
        ("time:a..b", "This is not a time"),
        ("data.x>1e999", "This number is too large (at character 8: 1e999)."),
        ("type:" + "a*" * 11, "A value has at most 10 wildcards"),
        ('data."":1', "A name is missing after data."),
        ("a" * (MAX_FILTER_LENGTH + 1), f"Must be at most {MAX_FILTER_LENGTH} characters long"),
        (" OR ".join("a" * (MAX_TERMS + 1)), f"A filter has at most {MAX_TERMS} conditions and texts"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), f"At most {MAX_DEPTH} parentheses and negations"),
        ("NOT " * (MAX_DEPTH + 1) + "a", f"At most {MAX_DEPTH} parentheses and negations"),
    ],
)
def test_each_error_says_what_is_wrong_and_where(text: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse(text, EVENT_FIELDS)
    (told,) = refused.value.fields["q"]
    assert message in told


@given(st.text(st.sampled_from("atype:data.x<>=!()-\"\\* ORNDtime12.T'é"), max_size=40))
def test_any_text_has_a_meaning_or_an_error(text: str) -> None:
    with suppress(ValidationFailed):
        parse(text, EVENT_FIELDS)


@given(st.text(st.sampled_from("abÄ1 .,;%&/_?#+~'$€"), min_size=1, max_size=30))
def test_plain_words_are_one_text_with_the_blanks_as_they_are(text: str) -> None:
    assert parse(text, EVENT_FIELDS) == (HasText(text.strip().lower()) if text.strip() else EVERYTHING)


def test_the_fields_of_data_are_known_once_each() -> None:
    node = parse("data.b:1 OR -(data.a>2 data.b:x) type:c time>2024-01-15 word", EVENT_FIELDS)
    assert paths(node) == ("b", "a")
