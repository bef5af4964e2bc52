"""Replays recorded requests and compares the demo's answers with a real server's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rybbit_mcp.demo import DEMO_KEY
from rybbit_mcp.demo.account import ORGANIZATION_ID, SITES
from rybbit_mcp.demo.data import LONG_VISIT_ID

if TYPE_CHECKING:
    from tests.demo.demo_requests import Ask

RECORDED = Path(__file__).parent.parent / "recorded"
# Keys of other kinds, public sites, outages, throttling and SQL are not part of the demo;
# redacted headers cannot be sent again.
LEFT_OUT = ("outage-", "rate-limited-", "scoped-", "orgkey-", "query-", "auth-", "public-site")
LEFT_OUT_NAMES = {
    "legacy/gen-a-private-site-bearer-key",
    # visits that exist only in the recorded data
    "legacy/detail-custom-only",
    "legacy/list-user-id-device",
    "current/detail-custom-only",
    "current/c-detail-default",
    "legacy/detail-minutes",
    "current/detail-minutes",
}
REPLACED = {
    "ORG_ID_1": ORGANIZATION_ID,
    "LongSession001": LONG_VISIT_ID,
    "SingleEvent_01": "-DashedVisit-1",
    "-HostileTexts_": "-DashedVisit-1",
    "RecentSession1": "-DashedVisit-1",
    "NowhereSession": "12345678901234",
    "CustomOnly_001": "12345678901234",
    "OddNumber00003/2": "12345678901234/1",
    "2/sessions/OddNumber00003": "1/sessions/12345678901234",
    "sessions/..": "sessions/%2E%2E",
    '"beta"': '"web-2.14"',
    **dict.fromkeys(
        ("2490434d3bf3", "5446921379a6", "3d07a744c680", "267b07874ff3"), SITES[0].text_id
    ),
}
MUNGED = frozenset(
    {"city", "browser", "browser_version", "operating_system", "operating_system_version"}
    | {"referrer", "hostname", "utm_source", "utm_medium", "utm_campaign", "utm_term"}
    | {"utm_content", "entry_page", "exit_page", "tag", "page_title", "pathname", "event_name"}
    | {"querystring", "language"}
)
OPTIONAL = frozenset({"ip", "traits"})


def recordings() -> list[Any]:
    found = []
    for path in sorted(RECORDED.glob("*/*.json")):
        name = f"{path.parent.name}/{path.stem}"
        bare = path.stem.removeprefix("c-")
        if not bare.startswith(LEFT_OUT) and name not in LEFT_OUT_NAMES:
            found.append(pytest.param(path, id=name))
    return found


def letter_of(path: Path) -> str:
    if path.parent.name == "legacy":
        return "A" if path.stem.startswith("gen-a-") else "B"
    return "C" if path.stem.startswith("c-") else "D"


def translated(value: Any) -> Any:
    if isinstance(value, str):
        for recorded, ours in REPLACED.items():
            value = value.replace(recorded, ours)
    return value


def replay(ask: Ask, path: Path, request: dict[str, Any], row_count: int | None) -> Any:
    address = translated(request["path"])
    if row_count and row_count >= 2_000:
        # everything there is; the smaller site answers faster
        address = address.replace("sessions/1", "sessions/2").replace("sites/1", "sites/2")
    query = {
        name: (value.split("…")[0] + "X" * int(value.split("(")[1].split()[0]))
        if isinstance(value, str) and value.endswith(", cut)")
        else translated(value)
        for name, value in request["query"].items()
    }
    if path.stem == "http-8k-url":
        query["filters"] = json.dumps(
            [{"parameter": "country", "type": "equals", "value": ["X" * 7900]}]
        )
    keys = {"Bearer <key>": DEMO_KEY, None: None}
    return ask(
        letter_of(path),
        address,
        method=request["method"],
        key=keys.get(request.get("authorization"), "another-key"),
        headers=request.get("headers") or {},
        **query,
    )


@pytest.mark.parametrize("path", recordings())
def test_recorded_request_gets_the_same_status_and_shape(path: Path, ask: Ask) -> None:
    recording = json.loads(path.read_text(encoding="utf-8"))

    response = replay(ask, path, recording["request"], recording.get("rows_in_answer"))

    assert response.status_code == recording["status"], response.text[:300]
    assert response.headers["content-type"] == recording["headers"]["content-type"]
    assert response.headers.get("vary") == recording["headers"].get("vary")
    body = json.loads(translated(json.dumps(recording["body"])))
    if isinstance(body, str):
        assert response.text == body
    elif recording["status"] >= 400:
        assert response.json() == body
        assert list(response.json()) == list(body)
    else:
        compare(response.json(), body, recording.get("rows_in_answer"), recording["request"])


def compare(ours: Any, recorded: Any, row_count: int | None, request: dict[str, Any]) -> None:
    if isinstance(recorded, dict) and isinstance(recorded.get("data"), list):
        limit = request["query"].get("limit", 100)
        if row_count == 0 or (isinstance(limit, int) and "filters" not in request["query"]):
            assert len(ours["data"]) == row_count or limit > 5
        assert bool(ours["data"]) == bool(row_count)
        if ours["data"]:
            compare_fields(ours["data"][0], recorded["data"][0])
        return
    if isinstance(recorded, dict) and "data" in recorded:
        compare_fields(ours["data"]["session"], recorded["data"]["session"])
        assert list(ours["data"]) == list(recorded["data"])
        assert list(ours["data"]["pagination"]) == list(recorded["data"]["pagination"])
        if ours["data"]["events"] and recorded["data"]["events"]:
            compare_fields(ours["data"]["events"][0], recorded["data"]["events"][0])
        return
    compare_keys(ours, recorded)


def compare_fields(ours: dict[str, Any], recorded: dict[str, Any]) -> None:
    # two recordings keep a few fields of each row only
    if len(recorded) > 10 or "count" in recorded or "timestamp" in recorded:
        assert list(ours) == list(recorded)
    for name, value in recorded.items():
        if name in MUNGED or name in OPTIONAL:
            continue
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        assert isinstance(ours[name], int | float if numeric else type(value)), name


def compare_keys(ours: Any, recorded: Any) -> None:
    assert type(ours) is type(recorded)
    if isinstance(recorded, dict):
        assert list(ours) == list(recorded)
        for name, value in recorded.items():
            compare_keys(ours[name], value)
    elif isinstance(recorded, list) and recorded:
        compare_keys(ours[0], recorded[0])


@pytest.mark.parametrize("letter", ["B", "C", "D"])
@pytest.mark.parametrize(
    "header", [{"Authorization": f"bearer {DEMO_KEY}"}, {"Authorization": DEMO_KEY}]
)
def test_key_without_its_exact_scheme_is_no_key(
    letter: str, header: dict[str, str], ask: Ask
) -> None:
    path = "/api/sites/1/sessions" if letter in "CD" else "/api/sessions/1"

    assert ask(letter, path, key=None, headers=header).status_code in (401, 403)
    assert ask(letter, path, key=None, api_key=DEMO_KEY, limit=1).status_code == 200
