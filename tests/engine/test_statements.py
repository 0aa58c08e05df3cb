"""What a stock CLI's files tell of who wrote them, on files as it writes them: no CLI is needed."""

from __future__ import annotations

import copy
import gzip
import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import signing
from inventory.verdicts import Said
from stacks.console.hands import verdict
from stacks.engine import StackPlan, Step, checkpoint, sealing, statements
from stacks.engine.attesting import Standing, Voucher
from stacks.engine.checkpoint import Unreadable, Where
from stacks.engine.values import SECRET, SIGNATURE

KEY, OTHER = (signing.new_key()[0] for _ in range(2))
RUNNER = Voucher({"verdict": "sha256:2", "pack": "sha256:1", "runner": "runner/a"}, KEY)
URN = "urn:pulumi:s::p::test:index:Thing::"
PASSPHRASE = "correct horse battery staple"


def thing(name: str, **inputs: Any) -> dict[str, Any]:
    return {
        "urn": URN + name, "custom": True, "id": f"id-{name}", "type": "test:index:Thing", "inputs": inputs,
        "dependencies": [URN + "x", URN + "y"], "propertyDependencies": {"size": [], "of": [URN + "x", URN + "y"]},
        "created": "2026-11-28T19:14:12.586633108Z", "modified": "2026-11-28T19:14:12.586633108Z",
    }  # fmt: skip


class Back:
    """A file back end with one stack, and the CLI's way to write it."""

    def __init__(self, folder: Path, suffix: str = ".json") -> None:
        self.where = Where(folder, "p", "s")
        self.kept, self.suffix = folder / "backend" / ".pulumi", suffix
        self.file = self.kept / "stacks" / "p" / f"s{suffix}"
        self.lines = folder / "attested" / "p" / "s.jsonl"
        self._clock = count(1795893256247140248)
        for path in (self.file.parent, self.where.past):
            path.mkdir(parents=True)

    def write(self, *resources: Any, **more: Any) -> None:
        """As `pulumi stack import`, `pulumi state …` and editors do."""
        manifest = {"time": f"2026-11-28T19:14:15.{next(self._clock)}Z", "magic": "", "version": "v3.260.0"}
        latest = {"manifest": manifest, "resources": list(resources), "metadata": {}, **more}
        self.dump({"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": latest}})

    def dump(self, document: Any, **how: Any) -> None:
        self.file.write_bytes(self.packed(json.dumps(document, **how)))

    def packed(self, text: str) -> bytes:
        return gzip.compress(text.encode()) if self.suffix.endswith(".gz") else text.encode()

    def document(self) -> Any:
        raw = self.file.read_bytes()
        return json.loads(gzip.decompress(raw) if self.suffix.endswith(".gz") else raw)

    def update(self, *resources: Any, kind: str = "update", changes: dict[str, int] | None = None) -> None:
        """As an update does: checkpoint, history, and a copy of the checkpoint."""
        self.write(*resources)
        at = next(self._clock)
        entry = {"kind": kind, "startTime": 1795893249, "endTime": 1795893256, "result": "succeeded",
                 "environment": {"exec.kind": "cli"}, "resourceChanges": changes or {"create": len(resources)}}  # fmt: skip
        (self.where.past / f"s-{at}.history{self.suffix}").write_bytes(self.packed(json.dumps(entry)))
        (self.where.past / f"s-{at}.checkpoint{self.suffix}").write_bytes(self.file.read_bytes())

    def ours(
        self, *resources: Any, voucher: Voucher = RUNNER, changes: dict[str, int] | None = None, **more: Any
    ) -> bool:
        """An update that we ran."""
        before = checkpoint.updates(self.where)
        self.update(*resources, changes=changes)
        return statements.attest(self.where, before, voucher, {"plan": "77", "result": "succeeded", **more})

    def stands(self) -> Standing:
        (found,) = statements.standings(self.where.folder, RUNNER.keys)
        return found


@pytest.fixture
def back(tmp_path: Path) -> Back:
    return Back(tmp_path)


def test_an_update_of_ours_is_attested_with_what_was_claimed(back: Back) -> None:
    assert back.ours(thing("a", size=1))
    found = back.stands()
    assert (found.attested, found.version, found.engine) == (True, 1, "pulumi")
    assert {key: found.claims[key] for key in RUNNER.claims} == RUNNER.claims
    assert [found.claims[key] for key in ("stack", "project", "update", "plan", "result")] == [
        "s",
        "p",
        1,
        "77",
        "succeeded",
    ]
    assert back.ours(thing("a", size=2), changes={"update": 1})
    assert (back.stands().attested, back.stands().version) == (True, 2)
    assert len(back.lines.read_text().splitlines()) == 2
    assert KEY.splitlines()[1] not in back.lines.read_text()


def test_who_changes_nothing_writes_nothing(back: Back) -> None:
    assert back.ours(thing("a"))
    assert back.ours(thing("a"), changes={"same": 1})
    assert len(back.lines.read_text().splitlines()) == 1
    back.update(thing("a"), kind="refresh", changes={"same": 1})
    assert back.stands().attested
    assert back.stands().last["kind"] == "up", "who wrote last is who changed something"


def by_hand(back: Back) -> None:
    back.update(thing("a", size=2), changes={"update": 1})


def refreshed(back: Back) -> None:
    back.update(thing("a", size=9), kind="refresh", changes={"update": 1})


def edited(back: Back) -> None:
    document = back.document()
    document["checkpoint"]["latest"]["resources"][0]["id"] = "another"
    back.dump(document)


def secret_swapped(back: Back) -> None:
    back.write({**thing("a", size=1), "outputs": {"word": {SIGNATURE: SECRET, "ciphertext": "v1:other:other"}}})


def deleted(back: Back) -> None:
    back.write(thing("b"))


def pending(back: Back) -> None:
    back.write(thing("a", size=1), pending_operations=[{"resource": thing("c"), "type": "creating"}])


def of_another_version(back: Back) -> None:
    document = back.document()
    document["checkpoint"]["latest"]["snippets"] = [{"id": "1", "body": "resource x {}"}]
    back.dump(document)


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        (by_hand, "up"), (refreshed, "refresh"), (edited, "edit"), (secret_swapped, "edit"), (deleted, "edit"),
        (pending, "edit"), (of_another_version, "edit"),
    ],
)  # fmt: skip
def test_whoever_goes_round_the_judge_is_seen(back: Back, way: Callable[[Back], None], kind: str) -> None:
    assert back.ours(thing("a", size=1), thing("b"))
    way(back)
    found = back.stands()
    assert (found.why, found.last["kind"]) == ("moved", kind)
    problem = found.problem()
    assert problem.code == "state.unattested"
    for language in ("zh", "en"):
        assert "./lz stack up s --engine pulumi" in problem.text(language)
    assert back.ours(thing("a", size=3), changes={"update": 1})
    assert back.stands().attested, "what is judged again is attested again"


def test_an_older_state_put_back_is_seen_whatever_is_put_back_with_it(back: Back) -> None:
    assert back.ours(thing("a", size=1))
    first, statement = back.file.read_bytes(), back.lines.read_bytes()
    assert back.ours(thing("a", size=2), changes={"update": 1})
    back.file.write_bytes(first)
    assert back.stands().why == "moved"
    back.lines.write_bytes(statement)
    assert back.stands().why == "moved", "the history tells of an update after it"
    newest = checkpoint.updates(back.where)[-1]
    (back.where.past / newest).unlink()
    assert back.stands().attested, "all three together are a backup"
    (back.where.past / checkpoint.updates(back.where)[0]).unlink()
    assert back.stands().why == "altered"


def test_statements_are_bound_to_their_stack_their_place_and_their_key(back: Back, tmp_path: Path) -> None:
    for size in (1, 2, 3):
        assert back.ours(thing("a", size=size), changes={"update": 1})
    whole = back.lines.read_bytes().splitlines(keepends=True)
    assert back.stands().attested

    def reads(*lines: bytes) -> str:
        back.lines.write_bytes(b"".join(lines))
        return back.stands().why

    assert reads(*whole[:2]) == "moved", "the last one removed"
    assert reads(*whole[1:]) == "altered", "the first one removed"
    assert reads(whole[0].replace(b"succeeded", b"failed"), *whole[1:]) == "altered"
    assert reads(*whole[:2], whole[2].replace(b"succeeded", b"failed")) == "unknown-key"
    assert reads(*whole[:2], whole[2][:-20]) == "unreadable"
    assert reads(*whole, b"{}\n") == "unreadable"
    assert reads(*whole, b"\n") == "unreadable"
    assert reads(*whole[:2], b'{"version": NaN, "signature": "ed25519:a:b"}\n') == "unknown-key"
    back.lines.unlink()
    assert back.stands().why == "never"
    assert reads(*whole) == ""

    other = Where(back.where.folder, "p", "t")
    (back.file.parent / "t.json").write_bytes(back.file.read_bytes())
    statements._file(other).write_bytes(b"".join(whole))
    whys = {one.stack: one.why for one in statements.standings(back.where.folder, RUNNER.keys)}
    assert whys == {"s": "", "t": "altered"}


def test_a_signature_of_somebody_else_is_none_and_cut_lines_are_written_after(back: Back) -> None:
    assert back.ours(thing("a"), voucher=Voucher(RUNNER.claims, OTHER))
    assert back.stands().why == "unknown-key"
    with back.lines.open("ab") as file:
        file.write(b'{"at": "2026')
    assert back.stands().why == "unreadable"
    assert back.ours(thing("a"), changes={"same": 1})
    assert back.stands().attested


def test_only_an_update_that_is_surely_ours_is_vouched_for(back: Back) -> None:
    before = checkpoint.updates(back.where)
    assert not statements.attest(back.where, before, RUNNER, {}), "nothing was run"
    back.update(thing("a"))
    back.update(thing("a", size=666), changes={"update": 1})
    assert not statements.attest(back.where, before, RUNNER, {}), "one of the two is somebody else's"
    assert back.stands().why == "never"
    before = checkpoint.updates(back.where)
    back.update(thing("a", size=1), changes={"update": 1})
    back.write(thing("a", size=666))  # after ours ended, and before it is vouched for
    assert statements.attest(back.where, before, RUNNER, {})
    assert back.stands().why == "moved"


def test_what_is_gone_is_told_unless_it_may_go(back: Back) -> None:
    def removed() -> None:
        back.file.unlink()
        for path in back.where.past.iterdir():
            path.unlink()

    assert back.ours(thing("a"))
    removed()
    assert back.stands().why == "gone"
    assert back.ours(thing("a"))
    assert back.ours(changes={"delete": 1}, result=statements.DESTROYED)
    assert back.stands().attested, "what is empty needs none"
    removed()
    assert statements.standings(back.where.folder, RUNNER.keys) == ()
    assert statements.standings(back.where.folder, Voucher({}, OTHER).keys)[0].why == "gone"
    back.update(thing("a"))
    assert back.stands().why in ("moved", "altered")


def test_a_stack_without_a_statement_has_none(back: Back) -> None:
    assert statements.standings(back.where.folder, RUNNER.keys) == ()
    back.write()
    assert statements.standings(back.where.folder, RUNNER.keys) == ()
    assert checkpoint.recorded(back.where.folder) == ()
    back.write(thing("a"))
    assert back.stands().why == "never"
    assert checkpoint.recorded(back.where.folder) == ("s",)


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_compressed_states_are_read_and_ambiguous_ones_are_not(tmp_path: Path, suffix: str) -> None:
    back = Back(tmp_path, suffix)
    assert back.ours(thing("a"))
    assert back.stands().attested
    (back.file.parent / "s.json.zst").write_bytes(b"(\xb5/\xfd")
    assert back.stands().why == "unreadable"
    assert checkpoint.recorded(tmp_path) == ("s",)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"checkpoint": 7}', '{"checkpoint": {"latest": {}, "Latest": {"resources": [{}]}}}',
        '{"checkpoint": {"latest": {"re\\u017fources": [{}]}}}', '{"checkpoint": {"latest": {"resources": [{}], "resources": []}}}',
        '{"CHECKPOINT": {"latest": {"resources": [{}]}}}', '{"checkpoint": {"latest": {"resources": [{"a": NaN}]}}}',
        '{"checkpoint": {"latest": {"resources": [{"a": "\\ud800"}]}}}', "[" * 100_000,
        '{"checkpoint": {"latest": {"resources": [{"a": 1e999}]}}}',
    ],
)  # fmt: skip
def test_what_readers_may_take_differently_is_never_taken_for_empty(back: Back, text: str) -> None:
    assert back.ours(thing("a"))
    back.file.write_text(text, encoding="utf-8")
    assert back.stands().why == "unreadable"
    with pytest.raises(Unreadable):
        checkpoint.now(back.where)


def test_only_the_passphrase_tells_secrets_that_were_sealed_anew(back: Back) -> None:
    salt = sealing.new_salt(PASSPHRASE)
    keeper = {"type": "passphrase", "state": {"salt": salt}}

    def sealed(word: str) -> dict[str, Any]:
        value = {SIGNATURE: SECRET, "value": word}
        return {**thing("a"), "outputs": {"word": sealing.Sealer(PASSPHRASE, salt).seal(value, "a")}}

    def digests(word: str) -> tuple[str, str | None]:
        back.write(sealed(word), secrets_providers=keeper)
        return checkpoint.now(back.where).digest, checkpoint.opened(back.file, PASSPHRASE)

    (bare, opened), (bare2, opened2), (_, other) = digests("open-sesame"), digests("open-sesame"), digests("guessed")
    assert bare != bare2
    assert opened == opened2 != other
    assert checkpoint.opened(back.file, "another passphrase") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(
        st.characters(exclude_categories=["Cs"]), max_size=5
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
                                                                inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
STATES = st.lists(st.fixed_dictionaries({"urn": st.sampled_from("abcd"), "inputs": JSON}), min_size=1, max_size=4)


def _shuffled(value: Any) -> Any:
    """The same JSON, its keys the other way round."""
    if isinstance(value, dict):
        return {key: _shuffled(value[key]) for key in reversed(list(value))}
    return [_shuffled(one) for one in value] if isinstance(value, list) else value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(STATES, st.data())
def test_equal_states_have_one_digest_and_others_another(back: Back, state: list[Any], data: st.DataObject) -> None:
    back.write(*state)
    first = checkpoint.now(back.where).digest
    back.dump(
        _shuffled(back.document()),
        indent=data.draw(st.sampled_from([None, 1, 4])),
        ensure_ascii=data.draw(st.booleans()),
    )
    assert checkpoint.now(back.where).digest == first, "however it is written"
    back.write(*data.draw(st.permutations(state)))
    assert checkpoint.now(back.where).digest == first, "in whatever order"
    changed = copy.deepcopy(state)
    one = data.draw(st.sampled_from(changed))
    one["inputs"] = {"was": one["inputs"]}
    back.write(*changed)
    assert checkpoint.now(back.where).digest != first


def test_the_clis_own_rewriting_is_no_change(back: Back) -> None:
    one = thing("a", size=1)
    back.write(one, thing("b"))
    before = checkpoint.now(back.where).digest
    again = {**one, "dependencies": one["dependencies"][::-1]}
    again["propertyDependencies"] = {"of": one["propertyDependencies"]["of"][::-1]}
    back.write(thing("b"), again)
    assert checkpoint.now(back.where).digest == before
    again["propertyDependencies"] = {"of": []}
    back.write(thing("b"), again)
    assert checkpoint.now(back.where).digest != before


def test_the_history_is_read_as_it_is(back: Back) -> None:
    back.update(thing("a"))
    for name in (
        "s-1.history.json.bak",
        "s-x.history.json",
        "t-1.history.json",
        "s-5.checkpoint.json",
        "s-7.history.json.zst",
    ):
        (back.where.past / name).write_bytes(b"{")
    names = checkpoint.updates(back.where)
    assert [name.partition(".")[0] for name in names] == ["s-7", os.path.basename(names[-1]).partition(".")[0]]
    assert checkpoint.update(back.where, names[0]).changed, "what cannot be read may have changed anything"
    assert not checkpoint.update(back.where, names[-1]).data["started"]


def test_an_update_is_vouched_for_with_what_was_said_of_it() -> None:
    """Of what was made; where it ended before anybody was asked, of the preview, which it may not have left."""
    made, refused = Said("s", False, True, {"verdict": "1"}), Said("s", False, False, {"verdict": "2"})
    preview, unsaid = Said("s", True, True, {"verdict": "3"}), Said("s", True, False, {"verdict": "4"})
    plan = StackPlan("s", (Step("create", URN + "a"), Step("replace", URN + "b")), (), {}, 0)
    within = (Step("create", URN + "a"), Step("update", URN + "b"), Step("read", URN + "z"))
    beyond = (*within, Step("delete", URN + "c"))
    assert verdict({"preview": preview, "up": made}, beyond, plan) == made
    assert verdict({"preview": preview, "up": refused}, within, plan) is None, "what was made may not be"
    assert verdict({"preview": preview, "up": None}, within, plan) == preview
    assert verdict({"preview": preview, "up": None}, beyond, plan) is None, "the preview did not hold it"
    assert verdict({"preview": unsaid, "up": None}, within, plan) is None
    assert verdict({"preview": None, "up": None}, (), plan) is None, "the pack was not asked"
