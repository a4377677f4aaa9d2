# ruff: noqa: E501 - texts as servers print them
"""Bounces in the forms that mail servers print them: subject, text, whom they name, verdict, reason (\"\": any)."""

from __future__ import annotations

Form = tuple[str, str, list[str], str, str]

FORMS: dict[str, Form] = {
    "exim of several": (
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  lea@journal.example\n    host mx.journal.example [192.0.2.7]\n    SMTP error from remote mail server after RCPT TO:<lea@journal.example>:\n    550-Verification failed:\n    550 5.1.1 The email account that you tried to reach does not exist.\n  tom@radio.example\n    unknown user\n",
        ["lea@journal.example", "tom@radio.example"],
        "permanent",
        "user_unknown",
    ),
    "notes in French": (
        "DELIVERY FAILURE: Utilisateur lea (lea@journal.example) non répertorié dans l'annuaire Domino",
        "Votre message\n\n  Objet : Bilan\n\nn'a pas pu être remis à :\n\n  lea@journal.example\n\npour la raison suivante :\n\n  Utilisateur lea (lea@journal.example) non répertorié dans l'annuaire Domino\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "messagingserver": (
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n\n  Message-id: <CD8C6134-C312@office.example>\n  Date: Tue, 23 Nov 2014 00:00:00 +0900\n  From: Office <press@office.example>\n  To: lea@journal.example\n  Subject: Bilan\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: lea@journal.example\n  Original address: lea@journal.example\n  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 <lea@journal.example>... User Unknown\n  Remote system: dns;mx.journal.example (TCP|17.111.174.67|47323|192.0.2.225|25)\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "notes": (
        "Delivery Failure Report",
        "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nlea@journal.example\n\n------- Returned Message --------\n\nReceived: from mx.office.example by x; Thu\nTo: lea@journal.example\nFrom: press@office.example\nSubject: x\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "mcafee": (
        "Message not delivered",
        "--- The following addresses had delivery problems ---\n\n<lea@journal.example>   (User unknown lea@journal.example)\n\n--------------Boundary-00=_0022\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "x6": (
        "There was an error sending your mail",
        "We had trouble delivering your message. Full details follow:\n\nSubject: 'Bilan'\nDate: 'Thu, 29 Apr 2013 23:34:45 +0900'\n\n1 error(s):\n\nSMTP Server <mx.journal.example> rejected recipient <lea@journal.example> \n  (Error following RCPT command). It responded as follows: [550 5.1.1 User Unknown]\n\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "courier": (
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.office.example,\nrunning the Courier mail server, version 0.65.2.\n\nThe original message was received on Sat, 11 Dec 2010 12:19:57 +0900\nfrom [127.0.0.1] (press.office.example [192.0.2.1])\n\n---------------------------------------------------------------------------\n\n                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<lea@journal.example>:\n    mx.journal.example [74.207.247.95]:\n>>> RCPT TO:<lea@journal.example>\n<<< 550 5.1.1 <lea@journal.example>... User Unknown\n\n---------------------------------------------------------------------------\n\nIf your message was also sent to additional recipients, their delivery\nstatus is not included in this report. You may or may not receive\nother delivery status notifications for additional recipients.\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "v5": (
        "Returned mail: User unknown",
        "   ----- Transcript of session follows -----\nWhile talking to mx.journal.example:\n>>> RCPT To:<lea@journal.example>\n<<< 550 <lea@journal.example>... User Unknown\n550 <lea@journal.example>... User unknown\n\n   ----- Unsent message follows -----\nReturn-Path: <press@office.example>\nReceived: by x\nFrom: press@office.example\nTo: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "v5b": (
        "Returned mail: Cannot send message for 3 days",
        "   ----- Transcript of session follows -----\n421 mx.journal.example (smtp)... Deferred: Connection timed out during user open with mx.journal.example\n554 <lea@journal.example>... Cannot send message for 3 days\n\n   ----- Unsent message follows -----\nReceived: by x\nFrom: press@office.example\nTo: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "network_or_expired",
    ),
    "mfilter": (
        "failure notice",
        "-------server message\n550 5.1.1 unknown user <lea@journal.example>\n\n-------original mail info\n  From: press@office.example\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "surfcontrol": (
        "Non Delivery Notification",
        "Your message could not be sent.\nA transcript of the attempts to send the message follows.\nThe number of attempts made: 1\nAddressed To: lea@journal.example\n\nThu 29 Apr 2010 23:34:45 +0900\nFailed to send to identified host,\nlea@journal.example: [192.0.2.5], 550 lea@journal.example... No such user\n--- Message non-deliverable.\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "imss": (
        "Mail could not be delivered",
        "The following mail could not be delivered.\n\nSent <<< RCPT TO:<lea@journal.example>\nReceived >>> 550 5.1.1 <lea@journal.example>... user unknown\n\nUnable to deliver message to <lea@journal.example>\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "interscan": (
        "Mail delivery error",
        "Requested action not taken: mailbox unavailable\nThe original message was sent to\n\n\nSMTP Protocol Returned a Permanent Error 550 5.1.1 Unknown user; lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "x1": (
        "Returned Mail: User unknown",
        "The original message was received at Thu, 29 Apr 2010 23:34:45 +0900\nfrom lea <lea@journal.example>\n\n     The following recipient(s) cannot be reached: \n lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "",
    ),
    "x5": (
        "Delivery Failure",
        "Content-type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; lea@journal.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 unknown user\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "biglobe": (
        "Returned mail: User unknown",
        "This is a MIME-encapsulated message.\n\n   ----- The following addresses had delivery problems -----\n********@biglobe.example    \n<lea@biglobe.example>\n\n   ----- Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n",
        ["lea@biglobe.example"],
        "permanent",
        "mailbox_full",
    ),
    "eins": (
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. The following addresses failed:\n\n  <lea@journal.example>\n\nSMTP error from remote server for RCPT TO command, host: mx.journal.example (192.0.2.5) reason: 550 5.1.1 <lea@journal.example>: Recipient address rejected: User unknown\n\n--- The header of the original message is following. ---\n\nReceived: from x\nFrom: press@office.example\nTo: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "ahunter": (
        "FAILURE NOTICE :",
        "\n\n  ----- The following addresses had permanent fatal errors -----\n>>> lea@journal.example <lea@journal.example>\n\n----- Transcript of session follows -----\n550 lea@journal.example... User unknown\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "mxlogic": (
        "Mail delivery failed",
        "This message was created automatically by mail delivery software.\n\nA message that you have sent could not be delivered to one or more\nrecipients.  This is a permanent error.  The following address failed:\n\n  <lea@journal.example>: 550 5.1.1 lea@journal.example... User Unknown\n\nIncluded is a copy of the message header:\n-----------------------------------------\nReceived: from x\nFrom: press@office.example\nTo: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "office365": (
        "Undeliverable: Bilan",
        "Delivery has failed to these recipients or groups:\n\nLea Petit (lea@journal.example)<mailto:lea@journal.example>\nThe recipient's mailbox is full and can't accept messages now. Please try resending your message later, or contact the recipient directly.\n\n\n\nDiagnostic information for administrators:\n\nGenerating server: AM4PR.prod.outlook.example\n\nlea@journal.example\nRemote Server returned '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception'\n\nOriginal message headers:\n\nReceived: from x\nFrom: press@office.example\nTo: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "mailbox_full",
    ),
    "exch55": (
        "Undeliverable: Bilan",
        "Your message\n\n  To:      press-list@office.example\n  Subject: Bilan\n  Sent:    Thu, 29 Apr 2010 18:14:35 +0000\n\ndid not reach the following recipient(s):\n\nlea@journal.example on Thu, 29 Apr 2010 18:14:40 +0000\n    The recipient name is not recognized\n        The MTS-ID of the original message is: c=jp;a= ;p=journal\n    MSEXCH:IMS:JOURNAL:MX:MX 0 (000C05A6) Unknown Recipient\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "qmail": (
        "failure notice",
        "Hi. This is the qmail-send program at office.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<lea@journal.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n<paul@gazette.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.7.1 Service unavailable; client [192.0.2.9] blocked using zen.spamhaus.org\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <press@office.example>\nTo: x@y.example\n",
        ["lea@journal.example", "paul@gazette.example"],
        "permanent",
        "",
    ),
    "exim-warn": (
        "Warning: message 1QeXyz delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.office.example.\n\nThe message identifier is:     1QeXyz-0001-Aa\nThe subject of the message is: Bilan\nThe date of the message is:    Thu, 29 Apr 2010 23:34:45 +0900\n\nThe address to which the message has not yet been delivered is:\n\n  lea@journal.example\n\nNo action is required on your part. Delivery attempts will continue for\nsome time, and this warning may be repeated at intervals if the message\nremains undelivered. Eventually the mail delivery software will give up,\nand when that happens, the message will be returned to you.\n",
        ["lea@journal.example"],
        "temporary",
        "",
    ),
    "french": (
        "Message non remis",
        "Votre message n'a pas pu être remis au destinataire suivant :\n\n   lea@journal.example\n\nRaison : l'adresse de messagerie est inconnue.\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "orange": (
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.office.example.\n\n<lea@orange.example>: host smtp-in.orange.example[193.252.22.65] said: 550 5.2.0\n    Mail rejete. Mail rejected. OFR_506 [506] (in reply to end of DATA command)\n",
        ["lea@orange.example"],
        "permanent",
        "spam_or_policy",
    ),
    "orange416": (
        "Undelivered Mail Returned to Sender",
        "<lea@orange.example>: host smtp-in.orange.example[193.252.22.65] said: 550 5.1.1\n    Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_416 [416] (in reply to RCPT TO command)\n",
        ["lea@orange.example"],
        "permanent",
        "user_unknown",
    ),
    "orange417": (
        "Undelivered Mail Returned to Sender",
        "<lea@wanadoo.example>: host smtp-in.orange.example said: 552 5.1.1\n    Boite du destinataire pleine. Recipient overquota. OFR204_417 [417] (in reply to RCPT TO command)\n",
        ["lea@wanadoo.example"],
        "permanent",
        "mailbox_full",
    ),
    "laposte": (
        "Undelivered Mail Returned to Sender",
        "<lea@laposte.example>: host smtpz4.laposte.example said: 550 5.1.1\n    <lea@laposte.example>: User unknown LPN007_405 (in reply to RCPT TO command)\n",
        ["lea@laposte.example"],
        "permanent",
        "user_unknown",
    ),
    "free": (
        "Undelivered Mail Returned to Sender",
        "<lea@free.example>: host mx1.free.example said: 550 spam detected\n    (in reply to end of DATA command)\n",
        ["lea@free.example"],
        "permanent",
        "spam_or_policy",
    ),
    "sfr": (
        "Undelivered Mail Returned to Sender",
        "<lea@sfr.example>: host smtp-in.sfr.example said: 550 5.7.1 Service refuse. Veuillez essayer plus tard. service refused, please try later. SFR_IN_104 (in reply to MAIL FROM)\n",
        ["lea@sfr.example"],
        "permanent",
        "rate_limited",
    ),
    "opensmtpd": (
        "Delivery status notification: error",
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\nlea@journal.example: 550 5.2.2 <lea@journal.example>... Mailbox Full\n\n    Below is a copy of the original message:\n\nReceived: x\nFrom: press@office.example\nTo: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "mailbox_full",
    ),
    "facebookish": (
        "Delivery Status Notification (Failure)",
        "Your message could not be delivered to the following recipients: lea@journal.example\n",
        ["lea@journal.example"],
        "permanent",
        "",
    ),
    "zoho": (
        "Undelivered Mail Returned to Sender",
        "This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\nlea@journal.example, ERROR CODE :550 - 5.1.1 <lea@journal.example>... User unknown\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "mailru": (
        "Mail failure.",
        "Message can't be delivered to lea@journal.example: user not found\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "groupwise": (
        "Mail System Error - Returned Mail",
        "The message that you sent was undeliverable to the following:\n\n\tlea@journal.example (user not found)\n\nPossibly truncated original message follows:\n",
        ["lea@journal.example"],
        "permanent",
        "user_unknown",
    ),
    "docomo": (
        "Undelivered Mail Returned to Sender",
        "The mail system\n\n<lea@mobile.example>: host mfsmax.mobile.example[203.138.181.240] said: 550 Unknown user lea@mobile.example (in reply to end of DATA command)\n",
        ["lea@mobile.example"],
        "permanent",
        "user_unknown_or_filtered",
    ),
    "fml": (
        "NOT MEMBER article from press@office.example",
        "Hi, I am the fml ML manager for the ML <list@journal.example>\nHello, your mail was rejected: you are not a member of this ML <list@journal.example>\nOnly members of this list are allowed to post.\n",
        ["list@journal.example"],
        "permanent",
        "spam_or_policy",
    ),
}


def bounce(subject: str, text: str, *headers: str, to: str = "press@office.example") -> bytes:
    """A bounce as a mail system sends it."""
    lines = [
        "Return-Path: <>",
        "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.office.example>",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Sat, 28 Nov 2026 10:00:00 +0100",
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
    ]
    return "\n".join(lines).encode()


def letter(sender: str, subject: str, text: str, *headers: str, to: str = "press@office.example") -> bytes:
    """A message that a person, or a program of theirs, sends."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Sat, 28 Nov 2026 10:00:00 +0100", *headers]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return "\n".join([*lines, "", text]).encode()


def report(
    *fields: str, text: str = "It could not be delivered.", returned: str = "", to: str = "press@office.example"
) -> bytes:
    """A delivery status notification (RFC 3464) with these fields of recipients, and the headers that came back."""
    return "\r\n".join(
        [
            "Return-Path: <>", "From: MAILER-DAEMON@mx.office.example", f"To: {to}",
            "Subject: Undelivered Mail Returned to Sender", "Date: Sat, 28 Nov 2026 10:00:00 +0100", "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "", "--b",
            "Content-Type: text/plain; charset=utf-8", "", text, "", "--b", "Content-Type: message/delivery-status", "",
            "Reporting-MTA: dns; mx.office.example", "", *fields, "", "--b", "Content-Type: text/rfc822-headers", "",
            returned or "From: press@office.example", "", "--b--", "",
        ]
    ).encode()  # fmt: skip


def complaint(recipient: str, message_id: str, kind: str = "abuse") -> bytes:
    """A complaint in Abuse Reporting Format (RFC 5965)."""
    return "\r\n".join(
        [
            "From: fbl@mailbox.example", "To: press@office.example", "Subject: FW: Bilan",
            f"Message-ID: <fbl.{message_id.strip('<>')}>", "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b", "", "--b",
            "Content-Type: text/plain", "", "This is an email abuse report.", "", "--b",
            "Content-Type: message/feedback-report", "", f"Feedback-Type: {kind}", "User-Agent: Box/1.0", "Version: 1",
            f"Original-Rcpt-To: {recipient}", "", "--b", "Content-Type: message/rfc822", "",
            f"Message-ID: {message_id}", f"To: {recipient}", "From: press@office.example", "Subject: Bilan", "", "Texte",
            "", "--b--", "",
        ]
    ).encode()  # fmt: skip
