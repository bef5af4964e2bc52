"""Small words for building SQL that both engines read alike, from values that are never pasted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from rybbit_mcp.api.errors import BadRequestError

if TYPE_CHECKING:
    Term = exp.Expr

NULL = exp.Null()


def column(table: str, name: str) -> Term:
    """The column of a relation, always with the relation's name before it.

    Bare names would be read as an alias of the same SELECT by one engine and not by the other.
    """
    return exp.Column(this=exp.to_identifier(name), table=exp.to_identifier(table))


def text(value: str) -> Term:
    """The literal that reads as exactly this text.

    Raises:
        BadRequestError: half a character, which no query can hold.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequestError(
            "An argument holds half a character (a lone surrogate).", "Write it again."
        ) from None
    return exp.Literal.string(value)


def number(value: float) -> Term:
    """The literal of a number: fractions in floating point, which one engine has to be told."""
    digits = repr(abs(value))
    is_whole = digits.isdigit() or "e" in digits
    literal = exp.Literal.number(digits if is_whole else f"{digits}e0")
    return exp.Neg(this=literal) if value < 0 else literal


def call(name: str, *arguments: Term) -> Term:
    """A function under the name its engine knows it by."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def equal(left: Term, right: Term) -> Term:
    """Whether both are the same."""
    return exp.EQ(this=left, expression=right)


def differ(left: Term, right: Term) -> Term:
    """Whether both are not the same."""
    return exp.NEQ(this=left, expression=right)


def above(left: Term, right: Term) -> Term:
    """Whether the left is greater."""
    return exp.GT(this=left, expression=right)


def at_least(left: Term, right: Term) -> Term:
    """Whether the left is not less."""
    return exp.GTE(this=left, expression=right)


def distance(left: Term, right: Term) -> Term:
    """How far two numbers are from each other."""
    return call("abs", exp.Sub(this=left, expression=right))


def ranked(moment: Term, rank: Term) -> Term:
    """A moment and a rank of 0 to 3 within it as one number to order by."""
    return exp.Add(this=exp.Mul(this=moment, expression=number(4)), expression=rank)


def among(left: Term, values: Iterable[Term]) -> Term:
    """Whether the left is one of the values."""
    listed = list(values)
    return equal(left, listed[0]) if len(listed) == 1 else exp.In(this=left, expressions=listed)


def all_of(conditions: Sequence[Term]) -> Term:
    """Whether all hold; true of none."""
    return exp.and_(*conditions, copy=False) if conditions else equal(number(1), number(1))


def any_of(conditions: Sequence[Term]) -> Term:
    """Whether one of them holds."""
    return exp.or_(*conditions, copy=False)


def no(condition: Term) -> Term:
    """Whether the condition does not hold."""
    return exp.Not(this=exp.Paren(this=condition))


def is_known(value: Term) -> Term:
    """Whether there is a value at all."""
    return exp.Not(this=exp.Is(this=value, expression=NULL.copy()))


def either(value: Term, default: Term) -> Term:
    """The value, the default where there is none."""
    return exp.Coalesce(this=value, expressions=[default])


def chosen(cases: Iterable[tuple[Term, Term]], default: Term) -> Term:
    """The value of the first case that holds."""
    ifs = [exp.If(this=condition, true=value) for condition, value in cases]
    return exp.Case(ifs=ifs, default=default)


def yes_no(condition: Term) -> Term:
    """The condition as a text to group by."""
    return chosen([(condition, text("yes"))], text("no"))


def count(condition: Term | None = None) -> Term:
    """How many rows there are, or those of which the condition holds."""
    return filtered(exp.Count(this=exp.Star()), condition)


def count_known(value: Term) -> Term:
    """How many rows have a value."""
    return exp.Count(this=value)


def count_distinct(value: Term) -> Term:
    """How many different values there are, missing ones left out."""
    return exp.Count(this=exp.Distinct(expressions=[value]))


def total(value: Term, condition: Term | None = None) -> Term:
    """The sum of the values."""
    return filtered(exp.Sum(this=value), condition)


def filtered(aggregate: Term, condition: Term | None) -> Term:
    """The aggregate of the rows of which the condition holds."""
    if condition is None:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def named(value: Term, name: str) -> Term:
    """The value as a column of a SELECT."""
    return exp.Alias(this=value, alias=exp.to_identifier(name))


def relation(name: str, alias: str) -> exp.Table:
    """A table, or an earlier part of the query, to read from."""
    return exp.Table(
        this=exp.to_identifier(name), alias=exp.TableAlias(this=exp.to_identifier(alias))
    )


def joined(rows: exp.Select, left: str, name: str, right: str, *columns: str) -> exp.Select:
    """The rows, each beside those of a relation that agree with it in these columns, or none."""
    same = all_of([equal(column(left, shared), column(right, shared)) for shared in columns])
    return rows.join(relation(name, right), on=same, join_type="left", copy=False)


def select(columns: Mapping[str, Term], name: str, alias: str) -> exp.Select:
    """The columns, by name, of a relation."""
    listed = (named(value, label) for label, value in columns.items())
    return exp.select(*listed, copy=False).from_(relation(name, alias), copy=False)


def columns_of(terms: Iterable[Term], table: str) -> set[str]:
    """The names of the relation's columns that these terms read."""
    found = (part for term in terms for part in term.find_all(exp.Column))
    return {part.name for part in found if part.table == table}
