"""A telephone number as people write it → the `tel:` target a telephone dials (RFC 3966)."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s.\-/()\u2010-\u2015]+")


@lru_cache(maxsize=256)  # of a release's few contacts, for every recipient
def tel_target(phone: str) -> str:
    """`tel:+33140528288` of "01.40.52.82.88" or "+33 (0)1 40 52 82 88"; "" where the number's country is not plain.

    Ten digits beginning 01 to 09 are French; other national numbers are not guessed.
    """
    digits = _SEPARATORS.sub("", phone.replace("(0)", ""))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if re.fullmatch(r"0[1-9]\d{8}", digits):
        digits = f"+33{digits[1:]}"
    return f"tel:{digits}" if re.fullmatch(r"\+[1-9]\d{6,14}", digits) else ""
