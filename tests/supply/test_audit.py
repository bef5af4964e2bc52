"""What is made of an audit's report."""

from __future__ import annotations

import json

import pytest

from scripts.audit import read_report

SOUND = {"name": "h11", "version": "0.16.0", "vulns": []}
UNSOUND = {
    "name": "h11",
    "version": "0.14.0",
    "vulns": [{"id": "PYSEC-2025-1", "fix_versions": ["0.16.0"], "description": "…"}],
}
UNKNOWN = {"name": "h11", "skip_reason": "Dependency not found on PyPI"}


def test_an_advisory_is_reported_with_the_version_that_ends_it():
    report = read_report(json.dumps({"dependencies": [SOUND, UNSOUND, UNKNOWN]}))

    assert report.advisories == ("h11 0.14.0: PYSEC-2025-1, fixed in 0.16.0",)
    assert report.audited == ("h11 0.16.0", "h11 0.14.0")
    assert report.skipped == ("h11",)


@pytest.mark.parametrize(
    "output",
    ["", "Traceback (most recent call last):", "{}", json.dumps({"dependencies": [UNKNOWN]})],
)
def test_a_service_that_knows_nothing_is_no_clearance(output):
    assert read_report(output) is None
