"""What begins, what answers, what a translation makes of it: sets of headers turned into others. Pure."""

from __future__ import annotations

from typing import Final

from policies.reach.fields import FOUR, MESSAGES, SIX, STATES, TOP, Field, Range
from policies.reach.headers import Headers, Space
from policies.reach.network import Rewrite

_MESSAGES: Final = (
    (1, FOUR, [(8, 8), (13, 13), (15, 15), (17, 17)], []),
    (58, SIX, [(128, 128), (139, 139)], [(130, 136), (143, 143)]),
)
"""protocol, family, messages that begin something, messages that are not tracked, as in Linux"""
_ECHO: Final = ((1, 8, 0), (58, 128, 129))
"""protocol, message that asks, message that answers"""


def opening(space: Space) -> Headers:
    """Packets that belong to nothing that went before, with the state that connection tracking gives them: new; an ICMP
    message that neither asks nor belongs to a connection is invalid, neighbour and listener discovery is untracked."""
    if "opening" not in space.notes:
        state = {word: [(number, number)] for number, word in enumerate(STATES)}
        messages = space.nothing
        found = []
        for protocol, family, asks, untracked in _MESSAGES:
            kind = {Field.PROTOCOL: [(protocol, protocol)], Field.TARGET: [family]}
            whole = space.box(kind)
            fine = {
                "new": space.box({**kind, Field.PORT: asks}),
                "untracked": space.box({**kind, Field.PORT: untracked}),
            }
            rest = whole - fine["new"] - fine["untracked"]
            for word, some in (*fine.items(), ("invalid", rest)):
                found.append(some & space.box({Field.STATE: state[word]}))
            messages = messages | whole
        others = (space.everything - messages) & space.box({Field.STATE: state["new"]})
        space.notes["opening"] = space.union([*found, others])
    return space.notes["opening"]


def reversed_headers(headers: Headers) -> Headers:
    """Addresses and ports changed round. An ICMP message is answered where it asks for an echo, by the reply to it."""
    space = headers.space
    turned: list[Headers] = []
    echoes: list[Headers] = []
    for box in headers.boxes():
        full = {each: box.get(each, (0, TOP[each])) for each in Field}
        addresses_ = {Field.TARGET: [full[Field.SOURCE]], Field.SOURCE: [full[Field.TARGET]]}
        ports = {Field.PORT: [full[Field.SOURCE_PORT]], Field.SOURCE_PORT: [full[Field.PORT]]}
        turned.append(space.box({**addresses_, **ports, Field.PROTOCOL: [full[Field.PROTOCOL]]}))
        for protocol, asks, answers in _ECHO:
            if _in(protocol, full[Field.PROTOCOL]) and _in(asks, full[Field.PORT]):
                kind = {Field.PROTOCOL: [(protocol, protocol)], Field.PORT: [(answers, answers)]}
                echoes.append(space.box({**addresses_, **kind}))
    return (space.union(turned) - space.box({Field.PROTOCOL: [(n, n) for n in MESSAGES]})) | space.union(echoes)


def _in(number: int, within: Range) -> bool:
    return within[0] <= number <= within[1]


def translated(headers: Headers, rewrite: Rewrite) -> Headers:
    """What a translation makes of a set that it matches."""
    for change in rewrite.changes:
        field, ranges = change.field, change.ranges
        headers = headers.assigned(field, ranges) if ranges else headers.shifted(field, (0, TOP[field]), change.delta)
    return headers & headers.space.everything


def untranslated(headers: Headers, rewrite: Rewrite, before: Headers) -> Headers:
    """What may have been before a translation: of `before`, what it makes into something of the set."""
    for change in reversed(rewrite.changes):
        field, whole = change.field, (0, TOP[change.field])
        headers = headers.assigned(field, [whole]) if change.ranges else headers.shifted(field, whole, -change.delta)
    return headers & before
