"""How a text message is encoded and split: GSM-7 (3GPP TS 23.038) or UCS-2, 160/153 or 70/67 units."""

from dataclasses import dataclass
from typing import Literal

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")

_GSM7 = GSM7_BASIC | GSM7_EXTENDED


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The cost of a text: ``units`` are septets (GSM-7) or UTF-16 code units (UCS-2).

    ``culprits`` are the characters that forced UCS-2, in order of appearance.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    units: int
    culprits: tuple[str, ...] = ()


def segment(text: str) -> Segmentation:
    """Count the segments a carrier would bill; an empty text still takes one."""
    culprits = tuple(dict.fromkeys(char for char in text if char not in _GSM7))
    if culprits:
        widths = [2 if ord(char) > 0xFFFF else 1 for char in text]
        return Segmentation("UCS-2", _split(widths, 70, 67), sum(widths), culprits)
    widths = [2 if char in GSM7_EXTENDED else 1 for char in text]
    return Segmentation("GSM-7", _split(widths, 160, 153), sum(widths))


def _split(widths: list[int], single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    segments, used = 1, 0
    for width in widths:
        # An escape sequence or a surrogate pair never straddles two segments.
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return segments
