"""Nothing that is secret stands in clear: not in the state, the events, the plan, the published estate."""

from __future__ import annotations

import json

import pytest

from inventory.estate import SECRET, published
from inventory.problems import Refused
from stacks import engine
from stacks.engine.sealing import Sealer, new_salt
from stacks.engine.values import secret
from tests.engine.conftest import PASSPHRASE, Bench, thing

WORD = "open-sesame-4711"


def test_a_secret_is_nowhere_in_clear(bench: Bench) -> None:
    bench.want(
        one={
            "things": [
                thing("a", secret={"$secret": WORD}, list=[{"deep": {"$secret": WORD + "-deep"}}]),
                thing("b", opts={"additional_secret_outputs": ["key"]}),
            ],
            "exports": {"word": ["a", "secret"], "key": ["b", "key"]},
        }
    )
    plan = bench.plan()
    outcome = bench.up(plan=plan)
    assert not outcome.problems
    assert bench.things()["a"]["secret"] == WORD
    bench.faults(update_a=f"the cloud repeats {WORD} in its error")
    bench.want(one={"things": [thing("a", secret={"$secret": WORD}, size=2)], "say": f"the word is {WORD}"})
    failed = bench.up()
    assert failed.problems
    assert "the word is [secret]" in repr(bench.events)
    told = repr((plan, outcome, failed, bench.events)) + json.dumps([p.data() for p in plan.stacks.values()])
    assert WORD not in told
    assert "key-of-b" not in told
    for path in bench.folder.rglob("*"):
        if path.is_file() and path.name != "graph.json" and bench.cloud not in path.parents:
            content = path.read_bytes()
            assert WORD.encode() not in content, path
            assert b"key-of-b" not in content, path
    (resource,) = [r for r in published(bench.publish) if r.name == "a"]
    assert resource["secret"] == SECRET


def test_what_the_program_prints_becomes_events(bench: Bench) -> None:
    bench.want(one={"things": [], "say": "hello from the program"})
    assert not bench.up().problems
    said = [e.message.code for e in bench.events if e.message and "hello from the program" in e.message.en]
    assert sorted(said) == ["program.info", "program.output"]


def test_unchanged_secrets_keep_their_ciphertext(bench: Bench) -> None:
    bench.want(one=[thing("a", secret={"$secret": WORD}, size=1)])
    assert not bench.up().problems
    before = _ciphertexts(bench)
    bench.want(one=[thing("a", secret={"$secret": WORD}, size=2)])
    assert not bench.up().problems
    assert before
    assert _ciphertexts(bench) == before


def _ciphertexts(bench: Bench) -> set[str]:
    import sqlite3

    db = sqlite3.connect(bench.state / "one.db")
    bodies = [
        json.loads(body)
        for (body,) in db.execute("SELECT body FROM present WHERE kind='resource' AND urn LIKE '%Thing::a'")
    ]
    db.close()
    return {value["ciphertext"] for body in bodies for value in body["inputs"].values() if isinstance(value, dict)}


def test_the_wrong_passphrase_is_a_sentence(bench: Bench) -> None:
    bench.want(one=[thing("a", secret={"$secret": WORD})])
    assert not bench.up().problems
    with pytest.raises(Refused) as refused:
        engine.plan(bench.program, bench.specs, bench.state, "wrong")
    assert refused.value.problems[0].code == "state.passphrase"
    with pytest.raises(Refused):
        engine.deployed(bench.state, "wrong")


def test_the_form_is_pulumis_own() -> None:
    """`v1:<salt>:<v1:nonce:ciphertext of "pulumi">`, and a secret is AES-256-GCM over its JSON text."""
    import base64
    import hashlib

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt = new_salt(PASSPHRASE)
    version, raw, check = salt.split(":", 2)
    key = hashlib.pbkdf2_hmac("sha256", PASSPHRASE.encode(), base64.b64decode(raw), 1_000_000, 32)
    opened = AESGCM(key).decrypt(*(base64.b64decode(part) for part in check.split(":")[1:]), None)
    assert (version, opened) == ("v1", b"pulumi")
    sealed = Sealer(PASSPHRASE, salt).seal({"x": secret([1, "two"])}, "urn")
    _, nonce, text = sealed["x"]["ciphertext"].split(":")
    assert json.loads(AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(text), None)) == [1, "two"]
    assert Sealer(PASSPHRASE, salt).open(sealed, "urn") == {"x": secret([1, "two"])}


def test_the_state_opens_again(bench: Bench) -> None:
    bench.want(one=[thing("a", secret={"$secret": WORD})])
    assert not bench.up().problems
    recorded = bench.recorded()
    (record,) = [record for record in recorded.records if record.urn.endswith("::a")]
    assert record.inputs["secret"] == secret(WORD)
    assert recorded.version > 0
    assert not recorded.pending
