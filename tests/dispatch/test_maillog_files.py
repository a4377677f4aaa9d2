"""The files of a mail server's log, as they lie there: packed, in another encoding, damaged, no log at all."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from distributor.dispatch.afterwards.maillogs import TakenMessage, look_through
from distributor.dispatch.afterwards.resolving import Doubt
from distributor.errors import BadInput
from distributor.transport.maillog import Fate, Found

NOW = datetime(2026, 11, 28, 16, tzinfo=UTC)
MINE, OTHER = "<5f1.3@office.example>", "<600.3@office.example>"
SENT = NOW - timedelta(minutes=40)
DOUBT = Doubt(1, "known@journal.example", "Zoë Known", MINE, SENT, SENT, "here:1", "mx.office.example", "")
OTHERS = [TakenMessage(OTHER, SENT, "mx.office.example")]


def line(minute: int, text: str) -> str:
    return f"Nov 28 15:{minute:02}:46 mx {text}\n"


START = "".join(line(minute, "postfix/anvil[1]: statistics: rélevé") for minute in range(10))
BEGUN = line(20, "postfix/cleanup[59]: 0DE299845DA: message-id=<5f1.3@office.example>")
ACTIVE = line(20, "postfix/qmgr[52]: 0DE299845DA: from=<r@office.example>, size=325, nrcpt=1 (queue active)")
THEIRS = line(20, "postfix/cleanup[59]: 1DE299845DA: message-id=<600.3@office.example>")
END = line(59, "postfix/anvil[1]: statistics: rélevé")
LOG = START + BEGUN + ACTIVE + THEIRS + END


def looked(path: Path) -> Found:
    (found,) = look_through([path], [DOUBT], OTHERS, NOW)
    return found


def written(folder: Path, data: bytes, name: str = "mail.log") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


PACKED: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}


@pytest.mark.parametrize("ending", PACKED)
def test_a_packed_log_is_read_whatever_it_is_called(tmp_path: Path, ending: str) -> None:
    pack = PACKED[ending]
    for name in (f"mail.log.2.{ending}", "mail.log.2"):
        assert looked(written(tmp_path, pack(LOG.encode()), name)).fate is Fate.ACCEPTED
    assert looked(written(tmp_path, pack(START.encode()) + pack((BEGUN + ACTIVE + END).encode()))).fate is Fate.ACCEPTED


def test_two_that_begin_in_the_same_second_are_read_the_rotated_one_first(tmp_path: Path) -> None:
    bounced = line(
        20,
        "postfix/error[60]: 0DE299845DA: to=<known@journal.example>, relay=none, dsn=5.2.2, status=bounced (full)",
    )
    old = written(tmp_path, (BEGUN + ACTIVE).encode(), "mail.log.1")
    new = written(tmp_path, (bounced + END).encode())
    for files in ([old, new], [new, old]):
        (found,) = look_through(files, [DOUBT], OTHERS, NOW)
        assert found.fate is Fate.BOUNCED


@pytest.mark.parametrize("ending", PACKED)
def test_a_packed_log_that_is_damaged_is_refused(tmp_path: Path, ending: str) -> None:
    """A log that ends before its end would prove what it does not say."""
    packed = PACKED[ending]((START * 60 + BEGUN + ACTIVE + END).encode())
    middle = len(packed) // 2
    for damaged in (packed[:-5], packed[:middle], packed[:middle] + b"\xff\x00\xff" * 9 + packed[middle + 27 :]):
        with pytest.raises(BadInput, match=r"mail\.log: It is packed, and damaged\.") as caught:
            looked(written(tmp_path, damaged))
        assert caught.value.mend
    with pytest.raises(BadInput):  # a head alone, and nothing behind it
        looked(written(tmp_path, packed[:6]))


def test_a_stream_that_is_none_behind_a_right_head_is_damaged(tmp_path: Path) -> None:
    head = gzip.compress(b"")[:10]
    with pytest.raises(BadInput, match="packed, and damaged"):
        looked(written(tmp_path, head + b"\xff" * 200))


@pytest.mark.parametrize(
    ("head", "how"),
    [(b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip"), (b"\x1f\x9d", "compress")],
)
def test_what_is_packed_otherwise_is_named(tmp_path: Path, head: bytes, how: str) -> None:
    with pytest.raises(BadInput, match=rf"It is packed \({how}\)\. Unpack it first\."):
        looked(written(tmp_path, head + bytes(range(256)) * 20))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_log_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    data = marks.get(encoding, b"") + (BEGUN + ACTIVE + LOG).encode(encoding)
    for packed in (data, gzip.compress(data)):
        assert looked(written(tmp_path, packed)).fate is Fate.ACCEPTED


def test_a_log_with_a_hole_of_zeros_proves_no_absence(tmp_path: Path) -> None:
    """As a machine that lost its power leaves it: what stood there is gone."""
    whole = (START + THEIRS + END).encode()
    assert looked(written(tmp_path, whole)).fate is Fate.NOT_TAKEN
    holed = (START + THEIRS).encode() + bytes(4096) + (END + END).encode()
    assert looked(written(tmp_path, holed)).fate is Fate.UNSURE
