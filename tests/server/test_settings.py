"""Settings come from the environment, are checked once, and say what is wrong in one line."""

from __future__ import annotations

import contextlib

import pytest

from rybbit_mcp.api.errors import ConfigurationError
from rybbit_mcp.settings import load_settings, unknown_names


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://app.rybbit.io", "https://app.rybbit.io"),
        ("https://app.rybbit.io/", "https://app.rybbit.io"),
        ("https://app.rybbit.io/api", "https://app.rybbit.io"),
        ("https://app.rybbit.io/api/", "https://app.rybbit.io"),
        ("https://example.com/stats/api", "https://example.com/stats"),
        (" https://example.com:8443/stats/ ", "https://example.com:8443/stats"),
        ("http://localhost:3001", "http://localhost:3001"),
        ("http://127.0.0.5:3001/api", "http://127.0.0.5:3001"),
        ("http://[::1]:3001", "http://[::1]:3001"),
    ],
)
def test_the_address_is_taken_with_or_without_api_prefix_and_slash(make_settings, given, base):
    assert make_settings(RYBBIT_URL=given).url == base


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"RYBBIT_URL": "app.rybbit.io"}, "RYBBIT_URL must begin with https://"),
        ({"RYBBIT_URL": "http://rybbit.example.com"}, "RYBBIT_URL must use https"),
        ({"RYBBIT_URL": "http://localhost.example.com"}, "RYBBIT_URL must use https"),
        ({"RYBBIT_URL": "https://me:pw@example.com"}, "must not hold a user"),
        ({"RYBBIT_URL": "https://example.com?a=b"}, "must not hold a user"),
        ({"RYBBIT_TIME_ZONE": "Prague"}, "Did you mean Europe/Prague"),
        ({"RYBBIT_TIME_ZONE": "+02:00"}, "RYBBIT_TIME_ZONE is not an IANA zone"),
        ({"RYBBIT_PRIVACY": "none"}, "RYBBIT_PRIVACY"),
        ({"RYBBIT_OUTPUT": "xml"}, "RYBBIT_OUTPUT"),
        ({"RYBBIT_ANSWER_CHARS": "50000"}, "RYBBIT_ANSWER_CHARS"),
        ({"RYBBIT_ANSWER_CHARS": "many"}, "RYBBIT_ANSWER_CHARS"),
        ({"RYBBIT_SERVER_VERSION": "latest"}, "a Rybbit version such as 2.7.0"),
        ({"RYBBIT_API_KEY": "", "RYBBIT_API_KEY_FILE": "/no/such/file"}, "RYBBIT_API_KEY_FILE"),
        ({"RYBBIT_API_KEY": "a b"}, "characters that no key has"),
        ({"RYBBIT_API_KEY": "ключ"}, "characters that no key has"),
        ({"RYBBIT_API_KEY": ""}, "RYBBIT_API_KEY is not set"),
    ],
)
def test_a_missing_or_malformed_setting_gives_one_sentence(make_settings, environment, sentence):
    environment = {"RYBBIT_API_KEY": "secret-key-1"} | environment
    with contextlib.suppress(ValueError):
        make_settings(**environment)

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret-key-1" not in str(caught.value)


def test_the_key_can_come_from_a_file(make_settings, tmp_path):
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")

    settings = make_settings(RYBBIT_API_KEY_FILE=str(tmp_path / "key"))

    assert settings.key() == "from-file"


def test_two_keys_are_one_too_many(make_settings, tmp_path):
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")

    with pytest.raises(ValueError, match="keep one"):
        make_settings(RYBBIT_API_KEY="k", RYBBIT_API_KEY_FILE=str(tmp_path / "key"))


def test_a_public_site_needs_no_key(make_settings):
    assert make_settings(RYBBIT_API_KEY="none").key() is None


def test_the_key_is_in_no_representation(make_settings):
    settings = make_settings(RYBBIT_API_KEY="very-secret")

    assert "very-secret" not in f"{settings!r}{settings}{settings.model_dump()}"


def test_zones_may_be_written_in_any_capitals(make_settings):
    assert make_settings(RYBBIT_TIME_ZONE="europe/prague").time_zone == "Europe/Prague"


def test_misspelt_variables_are_named_with_the_nearest_real_one():
    sentences = unknown_names({"RYBBIT_APIKEY": "x", "RYBBIT_URL": "y", "HOME": "z"})

    assert sentences == [
        "RYBBIT_APIKEY is not a setting of rybbit-mcp; did you mean RYBBIT_API_KEY?"
    ]


def test_clickhouse_has_an_address_that_nobody_sees(make_settings):
    settings = make_settings(
        RYBBIT_API_KEY="k", RYBBIT_CLICKHOUSE_URL="https://reader:very-secret@db.example/analytics"
    )

    assert settings.engine == "auto"
    assert "very-secret" not in f"{settings!r}{settings}{settings.model_dump()}"


@pytest.mark.parametrize("url", ["db.example", "tcp://u:very-secret@db", "https://u:very-secret@["])
def test_what_is_no_address_of_clickhouse_is_refused_at_once(monkeypatch, url):
    monkeypatch.setenv("RYBBIT_CLICKHOUSE_URL", url)
    monkeypatch.setenv("RYBBIT_API_KEY", "k")

    with pytest.raises(ConfigurationError, match="RYBBIT_CLICKHOUSE_URL must look like") as failed:
        load_settings()
    assert "very-secret" not in str(failed.value)


def test_an_engine_that_may_not_use_clickhouse_takes_no_address(make_settings):
    with pytest.raises(ValueError, match="RYBBIT_ENGINE=local"):
        make_settings(
            RYBBIT_API_KEY="k", RYBBIT_ENGINE="local", RYBBIT_CLICKHOUSE_URL="https://db.example"
        )
