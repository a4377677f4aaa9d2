"""What goes on a wire: parts that were looked at once make the same message, and hide nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.lines import Fit, fit, has_leading_dot, put_together, require_fit

PARTS = st.lists(
    st.lists(st.sampled_from([b"a", b".", b"\r\n", b"\r", b"\n", b"\0", b"x" * 500, b"\xc3\xa9"]), max_size=5)
    .map(b"".join)
    .flatmap(lambda part: st.sampled_from([part, part + b"\r\n"])),
    max_size=5,
)


@given(PARTS)
@example([b"x" * 998, b"x\r\n"])
@example([b"a", b".\r\n"])
@example([b"a\r", b"\n"])
@example([b"x" * 990, b"x" * 500 + b"\r\n", b"\r\n"])
def test_parts_that_were_looked_at_make_a_message_of_which_the_same_is_true(parts: list[bytes]) -> None:
    together = put_together([fit(part) for part in parts])
    plain = b"".join(parts)
    assert together == plain
    if type(together) is Fit:
        require_fit(plain)
        assert not has_leading_dot(plain)


def test_what_is_fit_is_looked_at_no_more() -> None:
    shared = fit(b"for everybody\r\n")
    assert type(shared) is Fit
    assert type(put_together([b"for one\r\n", shared, b"", b"for one\r\n"])) is Fit


@pytest.mark.parametrize("bad", [b"a", b".a\r\n", b"a\r\n.\r\n", b"a\n", b"a\rb\r\n", b"a\0\r\n", b"x" * 999 + b"\r\n"])
def test_what_must_be_looked_at_again_is_not_fit(bad: bytes) -> None:
    assert type(fit(bad)) is bytes
    assert type(put_together([fit(b"for everybody\r\n"), bad])) is bytes
