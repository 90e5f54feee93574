"""Which encoding a text file is in."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from shrinkage.data.codepages import best_code_page

_SAMPLE_BYTES = 64 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JAPANESE_ESCAPES = (b"\x1b$B", b"\x1b$@")
_LEAST_ASCII = 0.05  # delimiters, digits and line ends
_SURE = 0.7


def encoding_of_head(head: bytes) -> str | None:
    """The encoding that a mark, the zeros of wide characters or escapes give away, else None."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if b"\0" not in head:
        return "iso2022_jp" if any(escape in head for escape in _JAPANESE_ESCAPES) else None
    for encodings in (("utf-32-le", "utf-32-be"), ("utf-16-le", "utf-16-be")):
        readings = [(_reads_as_wide(head, encoding), encoding) for encoding in encodings]
        likeliness, likeliest = max(readings)
        if likeliness > 0:
            return likeliest
    return None


def has_mark(head: bytes) -> bool:
    """Whether the text says its encoding itself, by a byte order mark."""
    return any(head.startswith(mark) for mark, _ in _BOMS)


def _reads_as_wide(head: bytes, encoding: str) -> float:
    """Share of ASCII among the characters in this encoding; 0 if it is no text in it."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except UnicodeDecodeError:
        return 0.0
    kinds = {unicodedata.category(character) for character in set(text) - set("\t\r\n\ufeff")}
    if not text or kinds & {"Cc", "Cn", "Co", "Cs"}:
        return 0.0
    share = sum(character.isascii() for character in text) / len(text)
    return share if share > _LEAST_ASCII else 0.0


@dataclass
class TextScan:
    """What one pass over the bytes of a text file finds, in constant memory.

    Attributes:
        n_bytes: length of the content.
        is_utf8: every byte so far belongs to valid UTF-8.
        longest_line: length in bytes of the longest line that crosses blocks.
        sample: lines that hold bytes above 127, up to 64 KiB; what the encoding is judged by.
    """

    n_bytes: int = 0
    is_utf8: bool = True
    longest_line: int = 0
    sample: bytearray = field(default_factory=bytearray)
    _open_line: int = 0
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("strict")
    )

    def feed(self, block: bytes, *, final: bool = False) -> None:
        """Take the next bytes."""
        self.n_bytes += len(block)
        if self.is_utf8:
            try:
                self._decoder.decode(block, final)
            except UnicodeDecodeError:
                self.is_utf8 = False
        self._measure_lines(block)
        if len(self.sample) < _SAMPLE_BYTES and not block.isascii():
            lines = [line for line in block.splitlines(keepends=True) if not line.isascii()]
            self.sample += b"".join(lines)[: _SAMPLE_BYTES - len(self.sample)]

    def _measure_lines(self, block: bytes) -> None:
        # Lines within one block are short; only the one that goes on from block to block is not.
        end = b"\n" if b"\n" in block else b"\r"
        first = block.find(end)
        self._open_line += len(block) if first < 0 else first
        self.longest_line = max(self.longest_line, self._open_line)
        if first >= 0:
            self._open_line = len(block) - block.rfind(end) - 1


def guess_encoding(sample: bytes) -> str:
    """The likeliest encoding of text that is not UTF-8, from its lines with bytes above 127.

    Each candidate that can decode the sample is scored by the share of its non-ASCII characters
    that belong to the everyday repertoire of the languages it serves: UTF-8 with damaged bytes, the
    two-byte codes of East Asia, and the likeliest of the one-byte code pages. Where all are
    unlikely, charset-normalizer is asked, if it is installed.
    """
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    best, best_score = "latin-1", 0.0
    for encoding, score_of in _CANDIDATES:
        text = _decoded(sample, encoding)
        letters = sum(character > "\x7f" for character in text)
        score = score_of(text) / letters if letters else 0.0
        if score > best_score + 0.02:
            best, best_score = encoding, score
    page, share = best_code_page(sample)
    if share > best_score + 0.02:
        best, best_score = page, share
    return best if best_score >= _SURE else _asked(sample) or best


def _asked(sample: bytes) -> str | None:
    """What charset-normalizer takes it for; None if it is not installed or does not know."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    found = from_bytes(sample).best()
    return None if found is None else str(found.encoding)


def _decoded(sample: bytes, encoding: str) -> str:
    text = sample.decode(encoding, errors="replace")
    damaged = text.count("\ufffd")
    # A damaged byte or two must not turn a page of one encoding into letter salad of another.
    beyond = sum(character > "\x7f" for character in text)
    if encoding == "utf-8":
        return text if 2 * damaged < beyond else ""
    return text if damaged <= 0.005 * beyond else ""


def _count(pattern: str) -> Callable[[str], float]:
    """Characters of the text that lie in matches of the pattern."""
    compiled = re.compile(pattern)
    return lambda text: float(sum(len(match) for match in compiled.findall(text)))


def _two_byte(encoding: str, leads: range, lowest_trail: int) -> str:
    """The characters of a two-byte code with these lead bytes, as a string."""
    codes = (bytes((lead, trail)) for lead in leads for trail in range(lowest_trail, 0xFF))
    return "".join(code.decode(encoding, errors="ignore") for code in codes)


def _count_korean(text: str) -> float:
    # Chinese in GBK often decodes to Hangul too, but not to the syllables that Korean is made of.
    hangul = [character for character in text if "\uac00" <= character <= "\ud7a3"]
    common = sum(character in _COMMON_HANGUL for character in hangul)
    return len(hangul) if common > 0.25 * len(hangul) else 0.3 * len(hangul)


_COMMON_HANGUL = frozenset(
    "이다는의에하고가을지사로한기리은도대자인시어정아나전제부그해수서성스라일보구과원"
    "장있것상주들를연무공여동국면소신용유선만비안미산년월온습울광강중경남북오트드"
)
_CJK_PUNCTUATION = "\u3000-\u3002\uff01-\uff5e"
_LEVEL_1 = {
    # the everyday characters of each standard, ordered before the rare ones
    "gb2312": _two_byte("gb2312", range(0xB0, 0xD8), 0xA1),
    "big5": _two_byte("big5", range(0xA4, 0xC7), 0x40),
    "jis": _two_byte("euc_jp", range(0xB0, 0xD0), 0xA1),
}
_JAPANESE = f"[\u3041-\u30ff{_CJK_PUNCTUATION}{_LEVEL_1['jis']}]+"

# Big5 counts only in runs: "é" and "öß" decode to it.
_CANDIDATES: tuple[tuple[str, Callable[[str], float]], ...] = (
    ("utf-8", _count("[^\x00-\x7f\ufffd]+")),
    ("gb18030", _count(f"[{_LEVEL_1['gb2312']}{_CJK_PUNCTUATION}]+")),
    ("cp949", lambda text: 1.05 * _count_korean(text)),
    ("shift_jis", _count(_JAPANESE)),
    ("euc_jp", _count(_JAPANESE)),
    ("big5", _count(f"[{_LEVEL_1['big5']}{_CJK_PUNCTUATION}]{{2,}}")),
)
