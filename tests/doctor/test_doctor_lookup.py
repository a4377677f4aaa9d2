"""Questions to a real DNS server of our own on the loopback: answers, absence, silence, and time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from distributor.doctor.lookup import DnsLookup, DnsSilent

Records = Mapping[tuple[str, str], list[str]]
WORLD: Records = {("org.", "NS"): ["a.nic.org."]}


@contextlib.contextmanager
def answering(records: Records, *, otherwise: dns.rcode.Rcode = dns.rcode.NXDOMAIN) -> Iterator[dns.resolver.Resolver]:
    """A resolver whose one server answers from `records`, and `otherwise` about any other name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while data := server.recvfrom(4096):
                if not data[0]:
                    return
                server.sendto(_reply(data[0], records, otherwise), data[1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.getsockname()[1]
        try:
            yield resolver
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", server.getsockname())  # the sign to leave
            thread.join(5)


def _reply(wire: bytes, records: Records, otherwise: dns.rcode.Rcode) -> bytes:
    query = dns.message.from_wire(wire)
    question = query.question[0]
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    kind = dns.rdatatype.to_text(question.rdtype)
    found = records.get((str(question.name), kind))
    if found is not None:
        reply.answer = [dns.rrset.from_text_list(question.name, 60, "IN", kind, found)] if found else []
    else:
        reply.set_rcode(otherwise)
    return reply.to_wire()


def test_records_are_given_as_text() -> None:
    texts = ['"v=spf1 include:a.exam" "ple -all"', '"caf\\195\\169"']
    mx = ["10 mx.office.org.", "0 ."]
    with answering({("office.org.", "TXT"): texts, ("office.org.", "MX"): mx}) as resolver:
        lookup = DnsLookup(resolver)
        assert sorted(lookup("office.org", "TXT")) == ["café", "v=spf1 include:a.example -all"]
        assert sorted(lookup("office.org", "MX")) == ["0 .", "10 mx.office.org."]


@pytest.mark.parametrize("records", [WORLD, {**WORLD, ("office.org.", "TXT"): []}])
def test_there_is_none(records: Records) -> None:
    with answering(records) as resolver:
        assert DnsLookup(resolver)("office.org", "TXT") == []


def test_a_resolver_that_knows_nobody_is_not_believed() -> None:
    with answering({}) as resolver, pytest.raises(DnsSilent, match=r"ending \.org"):
        DnsLookup(resolver)("office.org", "TXT")


def test_a_server_that_gives_up_is_silence() -> None:
    with answering({}, otherwise=dns.rcode.SERVFAIL) as resolver, pytest.raises(DnsSilent, match="no server"):
        DnsLookup(resolver)("office.org", "TXT")


def test_no_server_is_silence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = mute.getsockname()[1]
        lookup = DnsLookup(resolver, total_seconds=0.1)
        with pytest.raises(DnsSilent, match="in time"):
            lookup("office.org", "TXT")
        with pytest.raises(DnsSilent, match="too long"):
            lookup("office.org", "MX")


@pytest.mark.parametrize("name", ["office..org", "x" * 64 + ".org"])
def test_a_name_that_cannot_be_one_has_no_records(name: str) -> None:
    with answering(WORLD) as resolver:
        assert DnsLookup(resolver)(name, "TXT") == []


def test_names_for_examples_are_not_asked_for() -> None:
    with pytest.raises(DnsSilent, match="for examples"):
        DnsLookup()("office.example", "MX")
