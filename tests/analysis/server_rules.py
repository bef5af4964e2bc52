"""What a server refuses in analytics queries, as measured, written as strictly as it may be meant.

The server's own reading of SQL is not known; this one refuses all that was seen refused, and
beyond that whatever a coarser reading might trip over.
"""

from __future__ import annotations

import re

LONGEST = 20_000
WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        ALTER ATTACH BACKUP CREATE DELETE DESCRIBE DETACH DROP EXCHANGE EXPLAIN FORMAT GRANT INFILE
        INSERT INTO KILL OPTIMIZE OUTFILE RENAME RESTORE REVOKE SET SETTINGS SHOW SYSTEM TRUNCATE
        USE WATCH
        """,
    )
)
FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        """
        azureblobstorage cluster clusterallreplicas deltalake dictionary executable file format
        fuzzjson generaterandom generateseries hdfs hudi iceberg input jdbc loop merge
        mergetreeindex mongodb mysql null numbers numbers_mt odbc postgresql redis remote
        remotesecure s3 s3cluster sqlite timeseriesdata url urlcluster values view zeros zeros_mt
        """,
    )
)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_READ = re.compile(r"\b(?:FROM|JOIN)\s+(\S+)", re.IGNORECASE)
_PART = re.compile(r"(?:\bWITH|,)\s+(\w+)\s+AS\s+\(\s*SELECT\b", re.IGNORECASE)


def refusals(query: str) -> list[str]:
    """The reasons for which a server might refuse the query."""
    bare = _COMMENT.sub(" ", _LITERAL.sub("''", query)).strip()
    bare = bare.removesuffix(";")
    found = []
    if len(query) > LONGEST:
        found.append("too long")
    if not re.match(r"(SELECT|WITH)\b", bare, re.IGNORECASE):
        found.append("not a SELECT")
    if ";" in bare:
        found.append("a second statement")
    found += [f"the word {word}" for word in re.findall(r"\w+", bare.upper()) if word in WORDS]
    if '"' in bare or "`" in bare:
        found.append("a quoted name")
    for name in re.findall(r"(\w+)\s*\(", bare.lower()):
        if name in FUNCTIONS or name.startswith("dict"):
            found.append(f"the function {name}")
    parts = set(_PART.findall(bare))
    tables = [name.rstrip(")") for name in _READ.findall(bare)]
    found += [f"the table {name}" for name in tables if name not in {"scoped_events", *parts}]
    if "scoped_events" not in tables:
        found.append("no scoped_events")
    if re.search(r"\bIN\s+[^\s(]", bare, re.IGNORECASE):
        found.append("IN table")
    return found


def is_plain(query: str) -> bool:
    """Whether no literal holds a sign that a coarse reading could take for its end."""
    literals = _LITERAL.findall(query)
    bare = _LITERAL.sub("", query)
    signs = re.compile(r"[\"`;#*${}\x00-\x1f]|--|/\*|\\(?!x[0-9a-f]{2})")
    return "'" not in bare and not any(signs.search(literal) for literal in literals)


def unscoped_reads(query: str, site_id: int) -> int:
    """How often `scoped_events` is read without being narrowed to the site."""
    bare = _LITERAL.sub("''", query)
    narrowed = re.findall(
        rf"FROM scoped_events AS (\w+) WHERE \1\.site_id = {site_id}(?= AND | GROUP | LIMIT |\))",
        bare,
    )
    return len(re.findall(r"\bscoped_events\b", bare)) - len(narrowed)
