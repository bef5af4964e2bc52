"""What is shown of nested records, of lists, and of JSON written into a text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from rybbit_mcp.answers.clean import Gate
from rybbit_mcp.answers.privacy import Privacy
from rybbit_mcp.answers.summary_cells import HIDDEN, key_cells

KEY = b"a key of one installation"
STRICT = Privacy("strict", KEY)
STANDARD = Privacy("standard", KEY)
OPEN = Privacy("open", KEY)
ADA = STANDARD.pseudonym("name", "Ada")
LOVELACE = STANDARD.pseudonym("name", "Lovelace")
PEOPLE = [{"name": "Ada", "phone": "0171 2345678"}, {"name": "Grace", "dob": "1906-12-09"}]


def shown(record: dict[str, object]) -> dict[str, str]:
    return dict(STANDARD.properties(record))


def group(name: str, text: str, privacy: Privacy = STANDARD) -> str:
    return key_cells((f"prop:{name}",), (text,), Gate(), privacy)[0]


def test_a_list_of_objects_is_read_key_by_key() -> None:
    cart = [{"sku": "A-1", "quantity": 2}, {"sku": "B-7", "quantity": 1}]

    assert shown({"items": cart}) == {"items.sku": "A-1, B-7", "items.quantity": "2, 1"}


def test_people_in_a_list_are_named_one_by_one() -> None:
    pairs = shown({"attendees": PEOPLE})

    assert pairs["attendees.name"] == f"{ADA}, {STANDARD.pseudonym('name', 'Grace')}"
    assert pairs["attendees.phone"] == STANDARD.pseudonym("phone", "01712345678")
    assert pairs["attendees.dob"] == STANDARD.pseudonym("birth", "1906-12-09")
    assert shown({"names": ["Ada", "Lovelace"]}) == {"names": f"{ADA}, {LOVELACE}"}


def test_a_key_for_people_tells_how_many_but_not_who() -> None:
    assert shown({"attendees": ["Ada", "Lovelace"]}) == {"attendees": f"{ADA}, {LOVELACE}"}
    counts = {"attendees": "3", "users": "11-50", "guests": "2", "guest": "yes"}
    assert shown(dict(counts)) == counts


def test_what_lies_too_deep_is_folded() -> None:
    record = {"a": {"b": {"c": {"lastName": "Lovelace"}, "d": [{"x": "Ada"}], "e": [1, 2]}}}

    assert shown({**record, "rows": [["Ada", 1], ["Grace", 2]]}) == {
        "a.b.c": "{…}",
        "a.b.d": "{…}",
        "a.b.e": "1, 2",
        "rows": "[…]",
    }
    assert dict(STANDARD.traits(record))["a.b.c"] == "{…}"
    assert dict(OPEN.properties(record))["a.b.c"] == '{"lastName":"Lovelace"}'


def test_json_in_a_text_is_read_like_a_record() -> None:
    text = json.dumps({"lastName": "Lovelace", "plan": "pro"})

    assert shown({"payload": text}) == {"payload.lastName": LOVELACE, "payload.plan": "pro"}
    assert shown({"payload": f"\u200b {text}"}) == shown({"payload": text})
    assert shown({"names": '["Ada", "Lovelace"]'}) == {"names": f"{ADA}, {LOVELACE}"}
    assert dict(OPEN.properties({"payload": text})) == {"payload": text}
    assert STRICT.properties({"payload": text}) == [("payload", "")]


def test_json_in_a_text_that_cannot_be_read_is_folded() -> None:
    for text in (
        '{"lastName":"Lovelace","str',
        '[{"lastName": "Lovelace',
        "{'lastName': 'Lovelace'}",
        json.dumps({"lastName": "Lovelace", "filler": "x" * 20_000}),
        '[{"a":' * 900,
    ):
        assert shown({"payload": text}) == {"payload": "{…}"}, text[:40]
        assert group("payload", text) == "{…}"


def test_a_text_in_brackets_that_is_no_json_is_a_text() -> None:
    texts = {"a": "[slug]", "b": "{name}", "c": "[object Object]", "d": "{}", "e": "[]", "f": "{"}

    assert shown(dict(texts)) == texts


def test_a_field_with_its_name_beside_it_is_judged_by_that_name() -> None:
    fields = [{"name": "lastName", "value": "Lovelace"}, {"name": "color", "value": "red"}]

    assert shown({"fields": fields})["fields.value"] == f"{LOVELACE}, red"
    assert shown({"field": fields[0]})["field.value"] == LOVELACE


def test_a_long_list_ends_with_an_ellipsis_and_cuts_no_pseudonym() -> None:
    assert shown({"rows": [{"x": index} for index in range(10)]}) == {
        "rows.x": "0, 1, 2, 3, 4, 5, 6, 7, …"
    }
    cell = shown({"names": [f"Ada {index}" for index in range(9)]})["names"]
    assert len(cell) <= 80
    assert cell.endswith(", …")
    assert all(len(part) == 14 for part in cell.split(", ")[:-1])


def test_a_trait_below_a_group_is_judged_by_its_own_key() -> None:
    traits = {
        "plan": {"name": "Pro", "interval": "year", "owner_name": "Ada", "phone": "0171 2345678"},
        "segments": [{"n": "Ada"}],
        "role": {"name": "Ada"},
        "department_head": "Ada",
        "member_list": "Ada, Grace",
    }

    assert dict(STANDARD.traits(traits)) == snapshot(
        {
            "plan.name": "Pro",
            "plan.interval": "year",
            "plan.owner_name": "name-840386626",
            "plan.phone": "phone-522456666",
            "segments.n": "text-069796403",
            "role.name": "name-840386626",
            "department_head": "name-840386626",
            "member_list": "text-477122810",
        }
    )


def test_a_group_of_a_property_is_judged_like_the_property() -> None:
    assert group("form.lastName", "Lovelace") == LOVELACE
    assert group("nachname", "Lovelace") == LOVELACE
    assert group("a.b.c.lastName", "Lovelace") == LOVELACE
    assert group("product.name", "Shoe") == "Shoe"
    assert group("payload", '{"lastName":"Lovelace","plan":"pro"}') == (
        f"lastName={LOVELACE}, plan=pro"
    )
    assert group("payload", '{"lastName":"Lovelace"}') == f"lastName={LOVELACE}"
    assert group("tags", '["a","b"]') == "a, b"
    assert group("payload", "{}") == "{}"
    assert group("payload", '{"a":""}') == HIDDEN
    assert group("payload", '{"lastName":"Lovelace"}', STRICT) == HIDDEN


def test_a_group_of_json_is_no_longer_than_another_group() -> None:
    assert len(group("payload", json.dumps({f"k{index}": "v" * 70 for index in range(20)}))) <= 60


@given(
    st.recursive(
        st.just("Lovelace"),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["a", "plan", "form", "items"]), inner, max_size=3),
            inner.map(json.dumps),
        ),
    )
)
def test_a_last_name_shows_nowhere_below_its_key(value: object) -> None:
    for read in (STANDARD.properties, STANDARD.traits):
        for key in ("lastName", "form.lastName", "nachname"):
            assert "Lovelace" not in str(read({key: value}))
