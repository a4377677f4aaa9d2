"""A dispatch through a real Postfix that takes most, puts some off and refuses some: its log and ours agree."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from pathlib import Path

from mailservers import running_postfix, until
from office import SLUG, Office, finish, send_arguments

RECIPIENTS = int(os.environ.get("DISTRIBUTOR_POSTFIX_RECIPIENTS", "200"))
"""How many recipients there are; with 10,000 it takes some minutes."""
KINDS = {"later": 10, "gone": 10, "back": 5}
"""Of a hundred: put off at RCPT, refused at RCPT, taken and then returned. The others are taken."""
ACCESS = "/^later/ 450 4.2.0 Greylisted, come back later\n/^gone/ 550 5.1.1 No such user here\n"
WAYS = "/^back/ error:5.1.1 mailbox is closed\n/./ discard:\n"
REJECT = re.compile(r"reject: RCPT from [^:]+: (\d{3}) [^;]*; from=<[^>]*> to=<([^>]+)>")
STATUS = re.compile(r"(?:error|discard)\[\d+\]: (\w+): to=<((?:taken|back)[^>]+)>.* status=(\w+) ")


def kind_of(number: int) -> str:
    place = number % 100
    for kind, many in KINDS.items():
        if place < many:
            return kind
        place -= many
    return "taken"


def test_postfix_and_the_ledger_agree_about_everybody(office: Office, tmp_path: Path) -> None:
    people = [f"{kind_of(number)}.{number}@journal{number % 7}.example" for number in range(RECIPIENTS)]
    file = tmp_path / "relayed.csv"
    rows = (f"Anne;Petit {number};{address}" for number, address in enumerate(people))
    file.write_text("\n".join(["Prénom;Nom;E-mail", *rows]), encoding="utf-8")
    finish(office.start("contacts", "import", str(file), "--list", "relayed"), 0, seconds=300)
    with tempfile.TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers under other users can enter
        (folder / "access").write_text(ACCESS)
        (folder / "ways").write_text(WAYS)
        access = f"check_recipient_access regexp:{folder}/access, permit_mynetworks, reject"
        settings = {"smtpd_recipient_restrictions": access, "transport_maps": f"regexp:{folder}/ways"}
        with running_postfix(folder, settings=settings) as (port, _maildir, log):
            sending = office.at(port, smtp_connections=str(max(10, RECIPIENTS // 200)))
            finish(sending.start(*send_arguments(SLUG, "relayed")), 5, seconds=600)
            office.change("UPDATE delivery SET next_attempt_at = '2026-01-01 00:00:00' WHERE state = 'deferred'")
            finish(sending.start("work", "--once"), 5, seconds=300)  # they are put off once more
            taken = sum(one.startswith(("taken", "back")) for one in people)
            until(lambda: len(STATUS.findall(log.read_text())) >= taken, log)
            said = log.read_text()
    check(office, said, people)


def check(office: Office, said: str, people: list[str]) -> None:
    """Every queue id and every refusal in Postfix's log is one attempt in our ledger, and the other way round.

    After twenty refusals in a row Postfix drops a connection: whoever was next on it has an attempt without a code.
    """
    attempts = office.query(
        "SELECT address, attempt.code, attempt.reply FROM attempt JOIN delivery ON delivery.id = delivery_id"
    )
    queued = Counter(
        (reply.rpartition("queued as ")[2].strip(), address) for address, code, reply in attempts if code == 250
    )
    of_postfix = STATUS.findall(said)
    assert queued == Counter((number, address) for number, address, _ in of_postfix)
    dropped = sum(code in {None, 421} for _, code, _ in attempts)
    assert dropped <= said.count("too many errors")
    refused = Counter((str(code), address) for address, code, _ in attempts if code not in {250, None, 421})
    assert refused == Counter(REJECT.findall(said))
    kinds = Counter(one.partition(".")[0] for one in people)
    assert Counter(status for *_, status in of_postfix) == {"sent": kinds["taken"], "bounced": kinds["back"]}
    codes = Counter(code for code, _ in refused.elements())
    assert codes == {"450": 2 * kinds["later"] - dropped, "550": kinds["gone"]}
    assert office.states() == {
        "accepted": kinds["taken"] + kinds["back"],
        "deferred": kinds["later"],
        "rejected": kinds["gone"],
    }
