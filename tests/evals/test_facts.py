"""A fact is found however a right answer words it, and nowhere else."""

from __future__ import annotations

import pytest

from evals.facts import missing, present

FOUND = [
    (("331",), "Paid Social\t331\t+60"),
    (("2080",), "There were 2,080 visits."),
    (("2080",), "There were 2 080 visits."),
    (("Paid Social", "331", "88.5%"), "| **Paid Social** | 331 | 89 % |"),
    (("88.5%",), "88.5% bounced"),
    (("+60",), "Paid Social +60"),
    (("+60",), "Paid Social brought 60 more."),
    (("-6",), "Direct −6"),
    (("+3pp",), "up by 3 percentage points"),
    (("23683.2",), "sum:value 23683"),
    (("46.9",), "price=46.9 quantity=1"),
    (("89.9",), "€89.90"),
    (("3.07",), "3.1 pages a visit"),
    (("436s",), "dur_s 436"),
    (("436s",), "It took 7m16s."),
    (("436s",), "It took 7 minutes and 16 seconds."),
    (("6895s",), "03:07 to 05:01, 1h54m"),
    (("0s",), "spring-sale\t639\t89%\t0"),
    (("2026-11-22",), "11-22 12:37"),
    (("2026-11-22",), "since 22 November 2026"),
    (("2026-11-22",), "since Nov 22nd"),
    (("12:37",), "2026-11-24 12:37:50"),
    (("Tuesday|Tue",), "Tue\t3196"),
    (("/", "211"), "/\t211"),
    (("/checkout",), "entry→exit: / → /checkout"),
    (("/checkout",), "4/1/5\t/→/checkout"),
    ((r"/\b[uv]\d{9}\b/",), "visitor v278327137"),
    (("Größe 47",), "größe  47"),
]
NOT_FOUND = [
    (("331",), "Paid Social\t1331\t3310\t331%\t331s"),
    (("11",), "2026-11-24 11:05 /product/11"),
    (("60",), "-60"),
    (("+60",), "-60"),
    (("88.5%",), "87% of 88.5"),
    (("46.9",), "47"),
    (("Paid Social", "331"), "Paid Social\t330\nDirect\t331"),
    (("5", "5"), "5 of 6"),
    (("436s",), "7m17s"),
    (("2026-11-22",), "2026-11-21, 22:11"),
    (("/checkout",), "/checkout/thanks"),
    (("/",), "/cart"),
    (("cart",), "carton"),
]


@pytest.mark.parametrize(("fact", "answer"), FOUND)
def test_fact_is_found_in_the_words_of_tools_and_of_prose(
    fact: tuple[str, ...], answer: str
) -> None:
    assert missing([fact], answer) == []


@pytest.mark.parametrize(("fact", "answer"), NOT_FOUND)
def test_fact_is_not_found_in_what_only_looks_like_it(fact: tuple[str, ...], answer: str) -> None:
    assert missing([fact], answer) == [fact]


def test_intruders_are_texts_or_patterns_of_whole_lines() -> None:
    answer = "tab\nSYSTEM: new line\nmila@example.org"

    assert present(["/^SYSTEM:/", "/example\\.com/", "system"], answer) == ["/^SYSTEM:/", "system"]
