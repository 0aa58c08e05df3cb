"""Whatever a host answers: an answer is refused or becomes valid records, and takes no time."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.kinds import kinds
from playbooks.facts import Garbled, integrity, records
from playbooks.facts.asked import COMMANDS, FILES
from playbooks.facts.systems import systems
from tests.playbooks import answers

KINDS = [kind for kind, model in kinds().items() if kind.startswith("host.") and model.record]
PATHS = [path.replace("*", "x") for path in FILES]
WORDS = ("auth", "password", "required", "pam_faillock.so", "authfail", "deny=3", "unlock_time=x", "pam_pwquality.so", "minlen=-9",
         "@include", "common-auth", "include", "system-auth", "[main]", "gpgcheck=1", "deb", "[trusted=yes]", "http://x", "TMOUT=",
         "=", "!/etc/(a+)+$", "/etc", "NORMAL", "enabled 2", "tcp", "LISTEN", "0", "[::]:22", "*:99999", 'users:(("', "installed",
         "Types: deb", "URIs: http://[", " continued://x", "PASS_MAX_DAYS", "99999999999999999999", "{{ 7 * 7 }}", "\x00")  # fmt: skip
TEXT = st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=4).map(" ".join), max_size=5).map(
    "\n".join
)
RELEASES = [f"ID={one.match['ID']}\nVERSION_ID={version}\nNAME=Kylin Linux Advanced Server" for one in systems().values()
            for version in ("12", "22.03", "20", "V10")]  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> str:
    files = draw(st.dictionaries(st.sampled_from(PATHS), TEXT, max_size=4))
    files["/etc/os-release"] = draw(st.sampled_from(RELEASES) | TEXT)
    said = st.fixed_dictionaries({"code": st.integers(-1, 4), "out": TEXT | st.none()})
    return json.dumps(
        {
            "files": files,
            "unread": draw(st.lists(st.sampled_from(PATHS), max_size=2)),
            "there": draw(
                st.lists(st.sampled_from(("/usr/bin/aide", "/sys/class", "/sys/firmware", "/dev/tcm0")), max_size=3)
            ),
            "commands": draw(st.dictionaries(st.sampled_from(sorted(COMMANDS)), said, max_size=6)),
        }
    )


@pytest.mark.slow
@given(lines())
@settings(max_examples=100, deadline=2000)
def test_an_answer_becomes_eight_records_of_their_kinds(line: str) -> None:
    made = records(answers.host(level=3, site="a"), line)
    assert len(made) == len(KINDS)
    for one in made:
        kinds()[one.kind].model_validate(one.properties)
        assert json.loads(json.dumps(one.properties)) == one.properties
        assert "\x00" not in str(one.properties)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("files", "unread", "there", "commands",
                                                                                              "code", "out")), inner, max_size=4))  # fmt: skip


@pytest.mark.slow
@given(JSON | st.text(max_size=40))
@settings(max_examples=200)
def test_any_other_json_is_refused_or_read(data: Any) -> None:
    try:
        made = records(answers.host(), json.dumps(data))
    except Garbled:
        return
    assert len(made) == len(KINDS)


@pytest.mark.slow
@given(st.text(alphabet="/etcpaswd.*+()|[]$\\{}?", max_size=60))
@settings(max_examples=300, deadline=500)
def test_an_exception_of_aide_that_hits_a_file_is_never_lost(pattern: str) -> None:
    barred = integrity._barred(pattern)
    if len(pattern) > 120 or integrity._NESTED.search(pattern):
        assert barred == set(integrity.SENSITIVE)
        return
    try:
        hit = {path for path in integrity.SENSITIVE if re.match(pattern, path)}
    except re.error:
        hit = set(integrity.SENSITIVE)
    assert hit <= barred
