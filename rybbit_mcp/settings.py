"""Settings: environment variables, checked once, before anything else happens."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rybbit_mcp.api.errors import BadRequestError, ConfigurationError
from rybbit_mcp.api.window import canonical_zone

CLOUD_URL = "https://app.rybbit.io"
PREFIX = "RYBBIT_"
NO_KEY = "none"


def _base_url(value: str) -> str:
    """The address without `/api` and trailing slashes; plain http only to this machine."""
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must begin with https:// and name a host, such as " + CLOUD_URL)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must not hold a user, password, query or fragment")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("must use https: over http the key would be readable on the way")
    path = parts.path.rstrip("/").removesuffix("/api").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _zone(value: str) -> str:
    try:
        return canonical_zone(value.strip())
    except BadRequestError as error:
        raise ValueError(f"is not an IANA zone such as Europe/Prague. {error.hint}") from None


def _version(value: str) -> str:
    if value and not re.fullmatch(r"v?\d+\.\d+(\.\d+)?", value):
        raise ValueError("must be a Rybbit version such as 2.7.0")
    return value


def _clickhouse_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value().strip())
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError("must look like https://reader:password@host:8443/analytics")
    return value


def _site_list(value: str) -> str:
    if value and not _entries(value):
        raise ValueError("names no site; leave it out to allow all that the key opens")
    return value


def _entries(value: str) -> tuple[str, ...]:
    return tuple([entry.strip() for entry in value.split(",") if entry.strip()])


class Settings(BaseSettings):
    """What the environment says. Names are these, in capitals, after `RYBBIT_`.

    The description of each field is its line in the documentation.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    url: Annotated[str, AfterValidator(_base_url)] = Field(
        CLOUD_URL,
        description="Address of the Rybbit server, with or without `/api`. "
        "Plain http is refused except to this machine.",
    )
    api_key: SecretStr | None = Field(
        None,
        description="API key, from Rybbit's settings; the scope `sessions:read` suffices, "
        f"`org:read` lets sites be listed. `{NO_KEY}` for a public site.",
    )
    api_key_file: Path | None = Field(
        None, description="File that holds the key, instead of `RYBBIT_API_KEY`."
    )
    site: str = Field(
        "",
        max_length=200,
        description="Default site: number, text id, domain or name.",
    )
    sites: Annotated[str, AfterValidator(_site_list)] = Field(
        "",
        max_length=4000,
        description="Sites that may be asked about, separated by commas: whole numbers, text ids, "
        "domains or names. Without it, all that the key opens.",
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Default zone of days and printed times, such as `Europe/Prague`."
    )
    privacy: Literal["strict", "standard", "open"] = Field(
        "standard", description="What of visitors is shown: `strict`, `standard` or `open`."
    )
    output: Literal["text", "structured"] = Field(
        "text",
        description="`structured` sends columns and rows as JSON with an output schema, "
        "for programs; models read `text` better.",
    )
    answer_chars: int = Field(
        8000, ge=1000, le=40_000, description="Longest answer, in characters (1000 to 40000)."
    )
    server_version: Annotated[str, AfterValidator(_version)] = Field(
        "", description="Version of the server, such as `2.6.0`, if it is not found out rightly."
    )
    engine: Literal["auto", "local", "clickhouse"] = Field(
        "auto",
        description="Who computes summaries: `local` reads the visits, `clickhouse` has the "
        "database count (a key with `sql:read`, or `RYBBIT_CLICKHOUSE_URL`), `auto` tries that "
        "first.",
    )
    clickhouse_url: Annotated[SecretStr, AfterValidator(_clickhouse_url)] | None = Field(
        None,
        description="Your own Rybbit's ClickHouse, such as "
        "`https://reader:password@host:8443/analytics`; give it a user who may only read. Needs "
        "`rybbit-mcp[clickhouse]`.",
    )
    ca_file: Path | None = Field(
        None, description="Certificate (PEM) of a private CA, besides the system's."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="How much is logged to stderr."
    )

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        if self.api_key is not None and self.api_key_file is not None:
            raise ValueError("RYBBIT_API_KEY and RYBBIT_API_KEY_FILE are both set; keep one")
        for name, path in (("API_KEY_FILE", self.api_key_file), ("CA_FILE", self.ca_file)):
            if path is not None and not path.is_file():
                raise ValueError(f"RYBBIT_{name} does not name a readable file")
        if self.clickhouse_url is not None and self.engine == "local":
            raise ValueError("RYBBIT_CLICKHOUSE_URL is set, and RYBBIT_ENGINE=local forbids it")
        return self

    @property
    def allowed_sites(self) -> tuple[str, ...]:
        """The entries of `sites`; none allow all."""
        return _entries(self.sites)

    def key(self) -> str | None:
        """The key, or None for public sites.

        Raises:
            ConfigurationError: no key is set, or it cannot be one.
        """
        if self.api_key_file is not None:
            try:
                key = self.api_key_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise ConfigurationError("RYBBIT_API_KEY_FILE cannot be read.") from None
        else:
            key = self.api_key.get_secret_value().strip() if self.api_key else ""
        if key.lower() == NO_KEY:
            return None
        if not key:
            raise ConfigurationError(
                "RYBBIT_API_KEY is not set.",
                "Make a key in Rybbit under Settings, API keys; or try rybbit-mcp --demo.",
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigurationError(
                "RYBBIT_API_KEY holds characters that no key has.", "Copy it again."
            )
        return key


def load_settings(*, is_demo: bool = False) -> Settings:
    """The settings of the environment, complete and checked.

    Raises:
        ConfigurationError: one sentence about the first setting that is missing or malformed.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else ""
        reason = first["msg"].removeprefix("Value error, ")
        sentence = f"{name} {reason}".strip()
        raise ConfigurationError(sentence.rstrip(".?") + ".") from None
    if not is_demo:
        settings.key()
    return settings


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like ours and is none."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    sentences = []
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            sentences.append(f"{name} is not a setting of rybbit-mcp{meant}")
    return sentences
