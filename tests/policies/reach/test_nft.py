"""The reader of packet filters: what is rendered is understood whole, and what is not understood is refused with its line."""

from __future__ import annotations

import random

import pytest

from inventory.problems import Refused
from policies.reach.fields import FOUR, SIX, Field, Packet, addresses, packet
from policies.reach.filters import decide, passed, superfluous
from policies.reach.headers import Space
from policies.reach.nft import ruleset
from tests.policies.reach.worlds import line, packets, world

WHOLE = """\
# made by hand / 手写
table inet t
delete table inet t

table inet t {
    set friends {
        type ipv6_addr
        flags interval
        elements = { 3fff::/64,
                     3fff:1::1 }
    }
    chain guests {
        ip6 saddr @friends udp dport { 53, 5000-5010 } return
        tcp dport != 22 drop
    }
    chain input {
        type filter hook input priority filter + 10; policy drop;
        iifname { "lo", "eth1" } accept
        ct state established,related accept  # answers
        ct state invalid drop
        ip6 hoplimit 255 icmpv6 type nd-neighbor-solicit accept
        meta nfproto ipv4 icmp type echo-request counter packets 3 bytes 99 accept
        ip6 saddr 3fff::2-3fff::5 tcp dport 443 counter accept comment "web; a # b"
        ip saddr != 10.0.0.0/8 meta l4proto udp jump guests
        ip6 daddr 3fff::9 jump guests
        counter
    }
}
"""


def _boxes(text: str) -> list[dict[Field, tuple[int, int]]]:
    space = Space()
    return list(passed(space, ruleset(text, "h"), "input", "eth0").boxes())


def test_a_filter_is_read_with_its_lines() -> None:
    rules = ruleset(WHOLE, "host one")
    (chain,) = rules.at("input")
    assert (chain.priority, chain.policy, chain.line) == (10, "drop", 16)
    assert [rule.line for rule in chain.rules] == list(range(18, 27))
    assert chain.rules[5].name == "web; a # b"
    space = Space()
    web = packet("3fff::3", "3fff::9", "tcp", 443, 1)
    assert web in passed(space, rules, "input", "eth0")
    found = decide(rules, "input", web, "eth0")
    assert found.passed
    assert found.rule is chain.rules[5]
    assert packet("3fff::6", "3fff::9", "tcp", 443, 1) not in passed(space, rules, "input", "eth0")
    assert packet("3fff::6", "3fff::9", "tcp", 443, 1) in passed(space, rules, "input", "eth1")
    assert passed(space, rules, "output", "", "eth0") == space.everything


@pytest.mark.parametrize(
    "bad",
    [
        "tcp dport 443 limit rate 3/second accept", "ip6 saddr 10.0.0.1 accept", "tcp dport 70000 accept",
        "tcp dport 443-1 accept", "iifname \"eth*\" accept", "meta mark 1 accept", "ip6 hoplimit 64 accept", "goto there",
        "ip6 nexthdr tcp accept", "tcp flags syn accept", "accept accept", "ip6 saddr { } accept", "ct state new", "dnat to 3fff::1",
        "jump nowhere", "ip6 saddr @nobody accept", "log accept", "comment \"open", "icmp type 256 accept extra", "tcp", "policy maybe;",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_line(bad: str) -> None:
    text = WHOLE.replace("        counter\n", f"        {bad}\n")
    if bad == "ct state new":  # nothing wrong with it: it only counts nothing
        assert ruleset(text, "h").chains
        return
    with pytest.raises(Refused) as refused:
        ruleset(text, "h")
    assert {(p.file, p.line) for p in refused.value.problems} == {("h", 26)}


@pytest.mark.parametrize(
    ("bad", "line_"),
    [("chain x {\n", 1), ("table inet t {\n  chain c {\n", 3), ("table arp t {\n}\n", 1), ("}\n", 1),
     ("table inet t {\n  chain c {\n  type nat hook prerouting priority 0; policy accept;\n  }\n}\n", 3),
     ("table inet t {\n  chain c {\n  }\n  chain c {\n  }\n}\n", 4), ("flush ruleset\n", 1)],
)  # fmt: skip
def test_a_broken_structure_is_refused(bad: str, line_: int) -> None:
    with pytest.raises(Refused) as refused:
        ruleset(bad, "h")
    assert refused.value.problems[0].line == line_


def test_every_line_that_is_wrong_is_told_at_once() -> None:
    text = WHOLE.replace("ct state invalid drop", "ct mark 1 drop").replace("        counter\n", "        queue\n")
    with pytest.raises(Refused) as refused:
        ruleset(text, "h")
    assert [p.line for p in refused.value.problems] == [20, 26]


def test_a_comment_may_say_anything_but_a_quote() -> None:
    for comment in ("{ a", "b }", "# c", "; d", "= {", "accept", "中文"):
        rules = ruleset(WHOLE.replace("web; a # b", comment), "h")
        assert (rules.at("input")[0].rules[5].name, len(rules.at("input")[0].rules)) == (comment, 9)


def test_a_match_says_what_the_kernel_takes_it_to_say() -> None:
    space = Space()

    def says(rule: str) -> dict[Field, list[tuple[int, int]]]:
        text = (
            f"table inet t {{\n chain c {{\n type filter hook input priority 0; policy drop;\n {rule} accept\n }}\n}}\n"
        )
        (one,) = ruleset(text, "h").chains[0].rules
        return {field: list(ranges) for field, ranges in one.ranges}

    assert says("icmp type echo-request") == {Field.TARGET: [FOUR], Field.PROTOCOL: [(1, 1)], Field.PORT: [(8, 8)]}
    assert says("tcp dport 443") == {Field.PROTOCOL: [(6, 6)], Field.PORT: [(443, 443)]}
    assert says("ip6 saddr 3fff::/64") == {Field.TARGET: [SIX], Field.SOURCE: [addresses("3fff::/64")]}
    assert says("ip protocol icmp") == {Field.TARGET: [FOUR], Field.PROTOCOL: [(1, 1)]}
    assert says("tcp dport { 1, 2, 5-9 } tcp sport != 0-1023")[Field.SOURCE_PORT] == [(1024, 65535)]
    assert not space.box(says("meta nfproto ipv4 ip6 saddr ::1"))


@pytest.mark.parametrize("seed", range(20))
def test_sets_and_single_packets_agree_at_every_hook(seed: int) -> None:
    every, space = list(packets())[::7], Space()
    for box in world(seed).boxes.values():
        rules = ruleset(box.text(), box.name)
        for hook in ("prerouting", "input", "forward", "output", "postrouting"):
            through = passed(space, rules, hook, "r0-h0", "r0-r1")
            for one in every:
                assert decide(rules, hook, one, "r0-h0", "r0-r1").passed is (one in through), (hook, one)


def test_a_rule_for_nothing_is_told_and_no_other() -> None:
    dice, space, told, kept = random.Random(7), Space(), 0, 0
    for _ in range(60):
        lines = [line(dice, "input", [], ("accept", "drop")) for _ in range(6)]
        text = "table inet t {{\n chain c {{\n type filter hook input priority 0; policy drop;\n{}\n }}\n}}\n"
        rules = ruleset(text.format("\n".join(one.text("input") for one in lines)), "h")
        idle = [rule for rule, _ in superfluous(space, rules.chains[0])]
        whole = passed(space, rules, "input")
        for rule in rules.chains[0].rules:
            without = "\n".join(one.text for one in rules.chains[0].rules if one is not rule)
            same = passed(space, ruleset(text.format(without), "h"), "input") == whole
            told, kept = told + (rule in idle), kept + (rule not in idle)
            assert same or rule not in idle, "a rule that decides something was called superfluous"
    assert told > 5
    assert kept > 100


def test_a_decision_of_no_filter_is_to_pass() -> None:
    assert decide(ruleset("", "h"), "input", Packet(0, 0, 6)).passed
