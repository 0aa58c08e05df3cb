"""Routes between sites: the fewest are the fewest, and every change of a router's text that changes what anybody hears is
found by NET-009, and no other.

What a text means is said by a reader of single lines, asked for each of many prefixes whether it gets through.
"""

from __future__ import annotations

import random
import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from inventory.allotting.prefixes import Prefix, parse
from inventory.rendering.aggregates import minimum
from inventory.rendering.frr import frr
from policies.checks.fewest import fewest
from policies.checks.net.net_009 import compared, ground
from policies.checks.shape import Answer
from tests.policies.cases import FOLDER, case

ESTATE = case(FOLDER / "NET-009" / "pass-three.yaml").estate
ROUTERS = {
    one.name: one
    for one in sorted(ESTATE.kind("net.router"), key=lambda router: (router["role"] != "core", router.name))
}
TEXTS = {name: frr(ESTATE, name) for name in ROUTERS}
PLACE = re.compile(r"[0-9a-f:.]+/\d+")
Network = IPv4Network | IPv6Network


def least(low: int, bits: int, own: set[tuple[int, int]], foreign: set[tuple[int, int]]) -> int:
    """How many prefixes are needed at least, inside one of 2**bits places: tried from above, one bit at a time."""
    last = low + (1 << bits) - 1
    if not any(first <= last and low <= first + (1 << size) - 1 for first, size in own):
        return 0
    if not any(first <= last and low <= first + (1 << size) - 1 for first, size in foreign):
        return 1
    half = 1 << bits - 1
    return least(low, bits - 1, own, foreign) + least(low + half, bits - 1, own, foreign)


@pytest.mark.parametrize("version", [4, 6])
def test_the_fewest_are_as_few_as_can_be_and_those_that_are_rendered(version: int) -> None:
    bits, base = (32, 10 << 24) if version == 4 else (128, 0x3FFF << 112)
    for seed in range(300):
        dice = random.Random(seed)
        places, have = (
            set(range(64)),
            {"a": set[tuple[int, int]](), "b": set[tuple[int, int]](), "": set[tuple[int, int]]()},
        )
        for _ in range(dice.randint(1, 14)):
            size = dice.choice([0, 0, 1, 2])
            low = dice.randrange(64) >> size << size
            taken = set(range(low, low + (1 << size)))
            if taken <= places:
                places -= taken
                have[dice.choice(list(have))].add((low, size))
        prefixes = {
            who: [Prefix(version, base + low, bits - size) for low, size in those] for who, those in have.items()
        }
        found = fewest({"a": prefixes["a"], "b": prefixes["b"]}, prefixes[""])
        for who in "ab":
            others = have["b" if who == "a" else "a"] | have[""]
            rest = [str(prefix) for other in prefixes if other != who for prefix in prefixes[other]]
            assert set(map(str, found[who])) == set(minimum(map(str, prefixes[who]), rest)), seed
            if others:
                assert len(found[who]) == least(0, 6, have[who], others), seed
            assert all(any(mine in one for one in found[who]) for mine in prefixes[who])
            assert not any(one.meets(other) for one in found[who] for other in map(parse, rest))


def heard(text: str, names: frozenset[str]) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """(neighbour, prefix) of everything that may be said to a neighbour of another site, and what is put into BGP: line by
    line, of all prefixes that any text names, their halves and what is around them."""
    lines = [line.strip() for line in text.splitlines()]
    outside = {words[1] for line in lines if (words := line.split())[:1] == ["neighbor"] and words[2:3] == ["remote-as"]
               and f"router bgp {words[3]}" not in lines}  # fmt: skip
    through = set()
    for family, word in (("ipv4", "ip"), ("ipv6", "ipv6")):
        within = text.partition(f" address-family {family} unicast")[2].partition("exit-address-family")[0]
        for neighbour in outside:
            if f"  neighbor {neighbour} activate\n" not in within:
                continue
            to = re.findall(rf"neighbor {neighbour} prefix-list (\S+) out", within)
            for prefix in names if ":" in neighbour else ():
                if (":" in prefix) == (family == "ipv6") and (not to or permitted(lines, word, to[-1], prefix)):
                    through.add((neighbour, prefix))
    return frozenset(through), frozenset(PLACE.findall("\n".join(re.findall(r"^  network .*$", text, re.M))))


def permitted(lines: list[str], word: str, name: str, text: str) -> bool:
    """What a prefix list says of a prefix, its lines tried by number."""
    rows = {}
    for line in lines:
        if found := re.fullmatch(rf"{word} prefix-list {name} seq (\d+) (permit|deny) (\S+)((?: [gl]e \d+)*)", line):
            rows[int(found[1])] = found
    asked = network(text)
    for _, row in sorted(rows.items()):
        limits = {key: int(value) for key, value in re.findall(r"([gl]e) (\d+)", row[4])}
        if row[3] == "any":
            return row[2] == "permit"
        place = network(row[3])
        low, high = (
            limits.get("ge", place.prefixlen),
            limits.get("le", asked.max_prefixlen if "ge" in limits else place.prefixlen),
        )
        if (
            low <= asked.prefixlen <= high
            and asked.prefixlen >= place.prefixlen
            and asked.supernet(new_prefix=place.prefixlen) == place
        ):
            return row[2] == "permit"
    return False


@cache
def network(text: str) -> Network:
    return ip_network(text, strict=False)


def asked(*texts: str) -> frozenset[str]:
    """Every prefix of some texts, its halves, and what is around it."""
    found = {str(network(word)) for text in texts for word in PLACE.findall(text)}
    for word in list(found):
        one = network(word)
        found |= {str(half) for half in one.subnets()} if one.prefixlen < one.max_prefixlen else set()
        found |= {str(one.supernet())} if one.prefixlen else set()
    return frozenset(found)


def mutated(text: str, dice: random.Random) -> str:
    """One change of a line that has to do with BGP, or a line more."""
    lines = text.splitlines()
    some = [at for at, line in enumerate(lines) if "prefix-list" in line or "network " in line or "activate" in line]
    at = dice.choice(some)
    kind = dice.choice(["drop", "twice", "length", "verdict", "range", "other", "seq", "move"])
    line = lines[at]
    place = PLACE.search(line)
    if kind == "drop":
        del lines[at]
    elif kind == "twice":
        lines.insert(at, line)
    elif kind == "length" and place:
        one = network(place[0])
        length = one.prefixlen + (1 if one.prefixlen < one.max_prefixlen and dice.random() < 0.5 else -1)
        lines[at] = line.replace(place[0], str(ip_network((one.network_address, length), strict=False)))
    elif kind == "verdict":
        lines[at] = line.replace("permit", "deny") if "permit" in line else line.replace("deny", "permit")
    elif kind == "range" and place and "seq" in line:
        lines[at] += f" le {dice.choice([24, 32]) if ':' not in place[0] else dice.choice([64, 128])}"
    elif kind == "other" and place:
        others = [word for word in PLACE.findall(text) if (":" in word) == (":" in place[0])]
        lines[at] = line.replace(place[0], dice.choice(others))
    elif kind == "seq" and "seq" in line:
        lines[at] = re.sub(r"seq \d+", f"seq {dice.choice([5, 10, 15, 500])}", line)
    elif kind == "move":
        same = [n for n in some if lines[n].split()[:3] == line.split()[:3] and "seq" in line]
        if same:
            other = dice.choice(same)
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines) + "\n"


@pytest.mark.slow
def test_every_change_of_what_is_announced_is_found_and_no_other() -> None:
    of, real, idle = ground(ESTATE, ROUTERS), 0, 0
    assert {one.answer for one in compared(of, TEXTS)} == {Answer.PASS}
    for seed in range(400):
        dice = random.Random(seed)
        router = dice.choice(list(TEXTS))
        try:
            changed = mutated(TEXTS[router], dice)
            answers = {one.answer for one in compared(of, {**TEXTS, router: changed})}
        except ValueError:
            continue  # no text that FRR would take
        names = asked(TEXTS[router], changed)
        truly = heard(changed, names) != heard(TEXTS[router], names)
        assert (answers != {Answer.PASS}) == truly, f"seed {seed}: {router}"
        real, idle = real + truly, idle + (not truly)
    assert min(real, idle) > 60, f"{real} changes of meaning, {idle} without: too few of one kind to say anything"


@pytest.mark.parametrize(
    "line",
    ["redistribute connected", "aggregate-address 3fff::/20", "neighbor 3fff:0:0:1::3 default-originate",
     "neighbor 3fff:0:0:1::3 route-map any out"],
)  # fmt: skip
def test_what_may_announce_anything_is_never_passed_over(line: str) -> None:
    text = TEXTS["core-a"].replace(" address-family ipv6 unicast\n", f" address-family ipv6 unicast\n  {line}\n")
    answers = {
        one.resource.name: one.answer
        for one in compared(ground(ESTATE, ROUTERS), {**TEXTS, "core-a": text})
        if one.resource
    }
    assert answers["core-a"] is Answer.UNKNOWN
    assert answers["core-b"] is Answer.PASS
