"""The PDF: its text is read back, every letter has a glyph, and its fonts are inside."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from inventory.problems import Refused
from policies.formats import paper
from policies.gaps import MLPS, gaps
from tests.policies.formats.made import HOSTILE, ON, whole
from tests.report.browser import chinese_font

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["zh", "en"])
def made(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    chinese_font()
    return request.param, getattr(paper, request.param)(whole(HOSTILE))


def _flat(reader: PdfReader) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in reader.pages))


def test_its_text_is_read_back(made: tuple[str, bytes]) -> None:
    language, content = made
    reader = PdfReader(io.BytesIO(content))
    text = _flat(reader)
    for one in whole(HOSTILE).verdict.findings:
        assert re.sub(r"\s", "", one.title_zh if language == "zh" else one.title_en) in text
    for gap in gaps(whole(HOSTILE).verdict, MLPS):
        assert gap.clause.number.replace(" ", "") in text
        assert gap.clause.point in text
    assert ("检查结果" if language == "zh" else "Findingsofthepolicychecks") in text
    assert "<script>" in text, "a name is printed as it is"
    assert "<U+1F600>" in text, "and what no font for Chinese has, as its number"
    assert reader.metadata is not None
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == ON


def test_every_letter_has_a_glyph_of_a_font_that_is_inside(made: tuple[str, bytes]) -> None:
    reader = PdfReader(io.BytesIO(made[1]))
    shown = 0
    for page in reader.pages:
        fonts: dict[str, Any] = {key: one.get_object() for key, one in page["/Resources"]["/Font"].items()}  # type: ignore[index]
        for one in fonts.values():
            assert one["/Subtype"] == "/Type0"
            assert one["/Encoding"] == "/Identity-H", "two bytes a glyph, 0 where there is none"
            descriptor = one["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator not in (b"Tj", b"TJ"):
                continue
            for part in operands[0] if operator == b"TJ" else operands:
                if isinstance(part, int | float):
                    continue
                raw = part if isinstance(part, bytes) else part.original_bytes
                glyphs = [raw[index : index + 2] for index in range(0, len(raw), 2)]
                assert b"\0\0" not in glyphs
                shown += len(glyphs)
    assert shown > 8000


def test_equal_results_give_equal_bytes() -> None:
    chinese_font()
    assert paper.zh(whole(HOSTILE)) == paper.zh(whole(HOSTILE, 1))


def test_without_a_font_for_chinese_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import typst

    real = typst.compile
    monkeypatch.setattr(typst, "compile", lambda *given, **named: real(*given, **named, ignore_system_fonts=True))
    with pytest.raises(Refused) as refused:
        paper.zh(whole())
    (problem,) = refused.value.problems
    assert problem.code == "judge.font"
    assert "fonts-noto-cjk" in problem.zh
    assert "fonts-noto-cjk" in problem.en
