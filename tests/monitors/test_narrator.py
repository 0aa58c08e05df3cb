"""What the terminal is told while a step runs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from inventory.allocations import Allocations, Moved
from inventory.problems import Language
from monitors.narrator import Narrator
from stacks.engine.events import Event


def told(*events: Event) -> str:
    screen = io.StringIO()
    narrator = Narrator("up", "demo", "zh", Console(file=screen, width=100))
    for event in events:
        narrator.observe(event)
    return screen.getvalue()


def test_what_is_no_doing_is_no_sign_of_life() -> None:
    assert told(Event("", "run-started"), Event("", "run-done")) == ""
    assert told(Event("city-network", "step-done", op="create", name="core-a")).split() == [
        "…",
        "1",
        "·",
        "city-network",
        "core-a",
    ]


MOVED = (
    Moved("segment6", "things-app-a", "3fff:430:1501:1::/64", "3fff:430:1201:f::/64", "dedicated", "iot"),
    Moved("vip4", "air-app-a", "198.18.35.34", "198.18.0.12", "access-a", ""),
    Moved("host6", "air-app-a-1", "3fff:430:110a:1::10", "3fff:430:120a:1::10", "air-app-a", "air-web-a"),
    Moved("host4", "air-app-a-1", "198.18.35.35", None, "air-app-a", "air-web-a"),
    Moved("host6", "things-console-a-1", "3fff:430:1501:1::12", "3fff:430:1201:f::10", "things-app-a", "things-app-a"),
    Moved("vip6", "air-app-a", "3fff:430:110a:1::1000", "3fff:430:1300:1::100a", "access-a", ""),
)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "zh",
            [
                "网段 things-app-a:3fff:430:1501:1::/64 → 3fff:430:1201:f::/64(它属于 dedicated 区,原地址属于 iot 区)",
                "主机 air-app-a-1:3fff:430:110a:1::10 → 3fff:430:120a:1::10,198.18.35.35 → 无"
                "(应在网段 air-app-a,原在 air-web-a)",
                "主机 things-console-a-1:3fff:430:1501:1::12 → 3fff:430:1201:f::10(所在网段 things-app-a 换了前缀)",
                "负载均衡 air-app-a:3fff:430:110a:1::1000 → 3fff:430:1300:1::100a,198.18.35.34 → 198.18.0.12"
                "(应在网段 access-a)",
            ],
        ),
        (
            "en",
            [
                "segment things-app-a: 3fff:430:1501:1::/64 → 3fff:430:1201:f::/64 (it is of zone dedicated, the old prefix of iot)",
                "host air-app-a-1: 3fff:430:110a:1::10 → 3fff:430:120a:1::10, 198.18.35.35 → none "
                "(belongs in segment air-app-a, was in air-web-a)",
                "host things-console-a-1: 3fff:430:1501:1::12 → 3fff:430:1201:f::10 (its segment things-app-a has another prefix)",
                "load balancer air-app-a: 3fff:430:110a:1::1000 → 3fff:430:1300:1::100a, 198.18.35.34 → 198.18.0.12 "
                "(belongs in segment access-a)",
            ],
        ),
    ],
)
def test_what_moves_is_told_in_a_line_each_with_both_families_and_the_reason(
    language: Language, lines: list[str]
) -> None:
    screen = io.StringIO()
    narrator = Narrator("plan", "demo", language, Console(file=screen, width=200, soft_wrap=True))
    narrator.step("address", lambda: Allocations(moved=MOVED))
    first, *told = screen.getvalue().splitlines()
    assert told == [f"  ↷ {line}" for line in lines]
    assert ("换址 4" if language == "zh" else "4 moved") in first
    narrator.step("address", Allocations)
    assert len(screen.getvalue().splitlines()) == 1 + len(lines) + 1, "nothing moved, nothing said"
