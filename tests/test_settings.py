"""The settings: `.env.example` is `Settings`, the environment wins, secrets stay hidden, mistakes are named."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.settings import (
    PREFIX,
    SECRET_NAMES,
    SETTING_NAMES,
    InDoubtPolicy,
    Secret,
    Security,
    Settings,
    load_settings,
)

EXAMPLE = Path(__file__).parents[1] / ".env.example"
SECRET = "an-invented-key-that-is-long-enough-0123"


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / ".env"
    file.write_bytes(text.encode())
    file.chmod(mode)
    return folder


# The example


def blocks() -> list[list[str]]:
    return [block.splitlines() for block in EXAMPLE.read_text(encoding="utf-8").strip().split("\n\n")]


def test_the_example_has_every_setting_once_and_nothing_else() -> None:
    names = [line.partition("=")[0] for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if "=" in line]
    assert names == [PREFIX + name.upper() for name in SETTING_NAMES]


def test_every_setting_of_the_example_has_a_comment() -> None:
    for block in blocks():
        comments = [line for line in block if line.startswith("#")]
        assert block[: len(comments)] == comments, "the comment stands above"
        assert comments, f"no comment: {block}"


def test_the_examples_values_are_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, EXAMPLE.read_text(encoding="utf-8"))
    written, default = load_settings(tmp_path, {}), load_settings(tmp_path / "empty", {})
    for name in SETTING_NAMES:
        if name != "database_url":  # each in its own workspace
            assert getattr(written, name) == getattr(default, name), name
    assert written.warnings == ()
    assert written.database_url == f"sqlite:///{tmp_path}/press.db"
    assert set(default.sources.values()) == {"default"}


# Where a value comes from


def test_the_environment_beats_the_file_and_the_file_beats_the_default(tmp_path: Path) -> None:
    write(tmp_path, "DISTRIBUTOR_LANGUAGE=en\nDISTRIBUTOR_SMTP_HOST=file.example\n")
    found = load_settings(tmp_path, {"DISTRIBUTOR_SMTP_HOST": "environment.example"})
    assert (found.smtp_host, found.language, found.in_doubt) == ("environment.example", "en", InDoubtPolicy.HOLD)
    assert [found.sources[name] for name in ("smtp_host", "language", "in_doubt")] == ["environment", ".env", "default"]
    assert set(found.sources) == set(SETTING_NAMES)


def test_no_variable_without_our_prefix_counts(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {"SMTP_HOST": "x.example", "DATABASE_URL": "mysql://x"}).smtp_host == ""


def test_a_dollar_sign_is_a_dollar_sign(tmp_path: Path) -> None:
    write(tmp_path, "DISTRIBUTOR_SMTP_PASSWORD='p$HOME${HOME}#x'\n")
    assert load_settings(tmp_path, {}).smtp_password.reveal() == "p$HOME${HOME}#x"


@pytest.mark.parametrize("text", ["\ufeffDISTRIBUTOR_SMTP_HOST=a.example\r\nDISTRIBUTOR_LANGUAGE=en\r\n"])
def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    found = load_settings(tmp_path, {})
    assert (found.smtp_host, found.language, found.warnings) == ("a.example", "en", ())


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DISTRIBUTOR_ORGANISATION=\xe9t\xe9\n")
    with pytest.raises(BadInput, match="is not UTF-8 text") as caught:
        load_settings(tmp_path, {})
    assert caught.value.mend == "Save it as UTF-8 text."
    assert "codec" not in str(caught.value)


def test_a_folder_in_the_place_of_the_settings_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(BadInput, match="It is a folder"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_settings_in_a_pipe_or_a_device_are_not_passed_over(tmp_path: Path, what: str) -> None:
    if what == "pipe":
        os.mkfifo(tmp_path / ".env")
    else:
        (tmp_path / ".env").symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="It is a device or a pipe"):
        load_settings(tmp_path, {})


def test_a_file_far_too_large_to_hold_settings_is_not_read_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, "")
    with (tmp_path / ".env").open("wb") as file:
        file.truncate(1 << 34)  # a hole: it takes no room on the disk, and would take all of the memory
    with pytest.raises(BadInput, match="far too large"):
        load_settings(tmp_path, {})


def test_a_line_that_cannot_be_read_is_named_and_not_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, '# mine\nDISTRIBUTOR_LANGUAGE=en\nDISTRIBUTOR_SMTP_PASSWORD="no end\n')
    with caplog.at_level(logging.DEBUG), pytest.raises(BadInput) as caught:
        load_settings(tmp_path, {})
    assert (caught.value.line, caught.value.file) == (3, str(tmp_path / ".env"))
    assert "no end" not in str(caught.value) + caplog.text


# Secrets


def test_secrets_never_show_themselves(tmp_path: Path) -> None:
    found = load_settings(
        tmp_path,
        {
            "DISTRIBUTOR_SMTP_PASSWORD": "hunter2-hunter2",
            "DISTRIBUTOR_SECRET_KEY": SECRET,
            "DISTRIBUTOR_DATABASE_URL": "postgresql://anne:swordfish@db.example/press",
        },
    )
    shown = f"{found!r} {found} {found.smtp_password} {found.secret_key!r} {dataclasses.replace(found)!r}"
    for secret in ("hunter2", SECRET, "swordfish"):
        assert secret not in shown
    assert found.smtp_password.reveal() == "hunter2-hunter2"
    assert found.database_url == "postgresql+psycopg://anne:swordfish@db.example/press"
    assert set(SETTING_NAMES) >= SECRET_NAMES
    assert (repr(Secret("x")), repr(Secret()), bool(Secret())) == ("Secret(set)", "Secret(empty)", False)


@pytest.mark.parametrize(
    "line",
    [
        "DISTRIBUTOR_SMTP_PASSWORD=hunter2",
        "DISTRIBUTOR_DATABASE_URL=postgresql://anne:swordfish@db.example/press",
        "DISTRIBUTOR_DATABASE_URL=postgresql://db.example/press?user=anne&password=swordfish",
        "DISTRIBUTOR_DATABASE_URL=postgresql://db.example/press?user=anne&%70assword=swordfish",
        "DISTRIBUTOR_DATABASE_URL=postgresql://db.example/press?sslkey=k&sslpassword=swordfish",
    ],
)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_with_a_password_that_others_can_read_is_refused(tmp_path: Path, line: str, mode: int) -> None:
    write(tmp_path, line + "\n", mode)
    with pytest.raises(BadInput, match="others on this machine can read it") as caught:
        load_settings(tmp_path, {})
    assert caught.value.mend == f"Run: chmod 600 {tmp_path / '.env'}"
    (tmp_path / ".env").chmod(0o600)
    load_settings(tmp_path, {})


def test_limits_of_domains_are_read(tmp_path: Path) -> None:
    write(tmp_path, "DISTRIBUTOR_DOMAIN_LIMITS=orange.fr 200/hour, écho.example 1 / second,orange.fr 2 at once\n")
    found = load_settings(tmp_path, {}).domain_limits
    assert found == {"orange.fr": {"per_hour": 200, "connections": 2}, "xn--cho-9la.example": {"per_second": 1}}


def test_a_file_without_a_password_may_be_read_by_all(tmp_path: Path) -> None:
    write(tmp_path, "DISTRIBUTOR_SMTP_PASSWORD=\nDISTRIBUTOR_DATABASE_URL=sqlite:///press.db\n", 0o644)
    assert not load_settings(tmp_path, {"DISTRIBUTOR_SMTP_PASSWORD": ""}).smtp_password


# Mistakes


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("DISTRIBUTOR_SMTP_PASWORD", "DISTRIBUTOR_SMTP_PASSWORD"),
        ("DISTRIBUTOR_SMPT_HOST", "DISTRIBUTOR_SMTP_HOST"),
        ("DISTRIBUTOR_MAILFROM", "DISTRIBUTOR_MAIL_FROM"),
    ],
)
def test_a_typo_is_named_with_what_was_meant(tmp_path: Path, typo: str, meant: str) -> None:
    write(tmp_path, f"{typo}=x\nOTHERS_VARIABLE=y\n")
    (warning,) = load_settings(tmp_path, {}).warnings
    assert warning == f".env: {typo} is no setting of ours; did you mean {meant}?"


BAD = [
    ("DATABASE_URL", "mysql://a/b"),
    ("DATABASE_URL", "press.db"),
    ("DATABASE_URL", "sqlite:///"),
    ("DATABASE_URL", "sqlite:///press.db?mode=ro"),
    ("DATABASE_URL", "sqlite:///press%00.db"),
    ("SMTP_HOST", ".."),
    ("SMTP_HOST", "mail..example"),
    ("SMTP_HOST", "a" * 64 + ".example"),
    ("SMTP_HOST", "mail.example:25"),
    ("SMTP_HOST", "mail example"),
    ("SMTP_HOST", "[mail.example]"),
    ("SMTP_PORT", "0"),
    ("SMTP_PORT", "65536"),
    ("SMTP_PORT", "smtp"),
    ("SMTP_SECURITY", "ssl"),
    ("SMTP_CONNECTIONS", "0"),
    ("SMTP_CONNECTIONS", "201"),
    ("SMTP_CONNECTIONS", "many"),
    ("SMTP_MESSAGES_PER_CONNECTION", "0"),
    ("MAIL_FROM", "Service presse"),
    ("MAIL_FROM", "Service presse <presse>"),
    ("MAIL_FROM", "<>"),
    ("MAIL_FROM", "Service\npresse <presse@halle.example>"),
    ("MAIL_FROM", "Été <été@halle.example>"),
    ("SENDER", "Relais"),
    ("SENDER", "Relais <été@relais.example>"),
    ("DKIM_KEY", "/etc/press.pem"),
    ("DKIM_KEY", ".dkim/../../press.pem"),
    ("DKIM_KEY", ".dkim/a.pem,"),
    ("DKIM_SELECTOR", "Press_2026"),
    ("DKIM_SELECTOR", "a,a"),
    ("DKIM_SELECTOR", "a..b"),
    ("DKIM_DOMAIN", "horizon"),
    ("DKIM_DOMAIN", "a@horizon.example"),
    ("DKIM_DOMAIN", "horizon.example; p=x"),
    ("REPLY_TO", "presse@"),
    ("REPLY_TO", "été@halle.example"),
    ("BOUNCE_ADDRESS", "retours-dépêches@halle.example"),
    ("OBJECTION_ADDRESS", "arrêt@halle.example"),
    ("BOUNCE_ADDRESS", "Retours <retours@halle.example>"),
    ("OBJECTION_ADDRESS", "stop"),
    ("PUBLIC_URL", "http://presse.halle.example"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://[presse"),
    ("PUBLIC_URL", "https://presse.halle.example:port"),
    ("PUBLIC_URL", "https://presse.halle.example/?a=b"),
    ("PUBLIC_URL", "https://presse.halle.example/#a"),
    ("SECRET_KEY", "short"),
    ("SIGNING_KEYS", "short"),
    ("SIGNING_KEYS", f"{'a' * 32},{'a' * 32}"),
    ("SIGNING_KEYS", f"{'a' * 32},"),
    ("VERP", "perhaps"),
    ("VERP", "yes"),
    ("TIMEZONE", "Paris"),
    ("TIMEZONE", "Europe"),
    ("TIMEZONE", "../../etc/passwd"),
    ("TIMEZONE", "A" * 300),
    ("LANGUAGE", "français"),
    ("LANGUAGE", "f"),
    ("RETRY_MINUTES", "5,,15"),
    ("RETRY_MINUTES", "0"),
    ("RETRY_MINUTES", "soon"),
    ("RETRY_HOURS", "-1"),
    ("RETRY_HOURS", "nan"),
    ("RETRY_HOURS", "inf"),
    ("IN_DOUBT", "perhaps"),
    ("LATE_MINUTES", "0"),
    ("QUIET_HOURS", "at night"),
    ("DOMAIN_LIMITS", "orange.fr"),
    ("DOMAIN_LIMITS", "200/hour"),
    ("DOMAIN_LIMITS", "orange 200/hour"),
    ("DOMAIN_LIMITS", "orange.fr 0/hour"),
    ("DOMAIN_LIMITS", "orange.fr 2/week"),
    ("DOMAIN_LIMITS", "orange.fr 2/hour, orange.fr 3/hour"),
    ("DOMAIN_LIMITS", "orange.fr 2/hour,"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
@pytest.mark.parametrize("source", ["environment", ".env"])
def test_every_bad_value_is_named_with_what_is_wanted(tmp_path: Path, name: str, value: str, source: str) -> None:
    environ = {}
    if source == "environment":
        environ[PREFIX + name] = value
    else:
        quoted = '"' + value.replace("\n", "\\n") + '"'
        write(tmp_path, f"{PREFIX}{name}={quoted}\n")
    with pytest.raises(BadInput) as caught:
        load_settings(tmp_path, environ)
    assert caught.value.field == PREFIX + name
    assert caught.value.mend
    assert "swordfish" not in str(caught.value)
    if name == "SECRET_KEY":
        assert "short" not in str(caught.value)


@given(st.sampled_from(SETTING_NAMES), st.text(max_size=30).filter(lambda text: "\0" not in text))
def test_whatever_is_written_is_used_or_refused_by_name(name: str, value: str) -> None:
    try:
        load_settings(Path("/nowhere"), {PREFIX + name.upper(): value})
    except BadInput as error:
        assert error.field == PREFIX + name.upper()  # noqa: PT017 - values may be good as well


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("SMTP_PORT", "99999", "1 to 65535"),
        ("SMTP_MESSAGES_PER_CONNECTION", "999999", "1 to 100000"),
        ("SMTP_PER_DAY", "9999999999", "1 to 1000000000"),
        ("SMTP_PER_SECOND", "99999", "above 0 and below 10000"),
        ("RETRY_HOURS", "99999", "above 0 and below 10000"),
        ("RETRY_MINUTES", "5,99999", "above 0 and below 10000"),
        ("ASK_NUMBER_ABOVE", "9999999999", "0 to 1000000000"),
    ],
)
def test_a_number_that_is_too_large_is_told_how_large_it_may_be(
    tmp_path: Path, name: str, value: str, most: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings(tmp_path, {f"DISTRIBUTOR_{name}": value})
    assert most in caught.value.mend


@pytest.mark.parametrize(("security", "port"), [("", 465), ("tls", 465), ("starttls", 587), ("plain", 25)])
def test_the_port_follows_the_security_unless_it_is_set(tmp_path: Path, security: str, port: int) -> None:
    environ = {"DISTRIBUTOR_SMTP_SECURITY": security}
    assert load_settings(tmp_path, environ).smtp_port == port
    assert load_settings(tmp_path, environ | {"DISTRIBUTOR_SMTP_PORT": "2525"}).smtp_port == 2525
    assert load_settings(tmp_path, environ).smtp_security == Security(security or "tls")


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        (
            "Service de presse, Halle S.A. <presse@halle.example>",
            "Service de presse, Halle S.A.",
            "presse@halle.example",
        ),
        ('"Halle" <presse@halle.example>', "Halle", "presse@halle.example"),
        ("presse@halle.example", "", "presse@halle.example"),
        ("Été <ete@hällé.example>", "Été", "ete@hällé.example"),
    ],
)
def test_a_sender_is_written_as_people_write_it(tmp_path: Path, text: str, name: str, address: str) -> None:
    sender = load_settings(tmp_path, {"DISTRIBUTOR_MAIL_FROM": text}).mail_from
    assert sender is not None
    assert (sender.name, str(sender.address)) == (name, address)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:///base/press.db", "sqlite:///{folder}/base/press.db"),
        ("sqlite:////srv/press.db", "sqlite:////srv/press.db"),
        ("sqlite:///une%20base.db", "sqlite:///{folder}/une%20base.db"),
        ("sqlite:///caf%C3%A9#2.db", "sqlite:///{folder}/caf%C3%A9%232.db"),
        ("postgres://db.example/press", "postgresql+psycopg://db.example/press"),
        ("postgresql:///press", "postgresql+psycopg:///press"),
        ("postgresql+psycopg://a:b%40c@[::1]:5433/press?x=y", "postgresql+psycopg://a:b%40c@[::1]:5433/press?x=y"),
    ],
)
def test_the_database_is_a_file_of_the_workspace_or_a_server(tmp_path: Path, url: str, wanted: str) -> None:
    found = load_settings(tmp_path, {"DISTRIBUTOR_DATABASE_URL": url}).database_url
    assert found == wanted.format(folder=tmp_path)


@pytest.mark.parametrize("url", ["postgresql://anne:***@db.example/press", "postgresql:///press?password=***"])
def test_an_address_as_it_was_shown_wants_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput, match="password that was not shown") as caught:
        load_settings(tmp_path, {"DISTRIBUTOR_DATABASE_URL": url})
    assert caught.value.field == "DISTRIBUTOR_DATABASE_URL"
    assert caught.value.mend == "Write the password itself in its place."


def test_a_servers_address_that_cannot_be_taken_apart_is_named_without_its_password(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {"DISTRIBUTOR_DATABASE_URL": "postgresql://anne:swordfish@db.example:abc/press"})
    with pytest.raises(BadInput) as caught:
        Database(found.database_url)
    assert caught.value.field == "DISTRIBUTOR_DATABASE_URL"
    assert "swordfish" not in str(caught.value)


def test_paths_and_addresses_of_the_web_are_made_whole(tmp_path: Path) -> None:
    environ = {"DISTRIBUTOR_SMTP_CA_FILE": "ca.pem", "DISTRIBUTOR_PUBLIC_URL": "https://presse.halle.example/a/"}
    found = load_settings(tmp_path, environ)
    assert (found.smtp_ca_file, found.public_url) == (tmp_path / "ca.pem", "https://presse.halle.example/a")
    assert found.retry_minutes == (5, 15, 30, 60)


@pytest.mark.parametrize("local", ["a-mailbox-of-23-letters", '"re bonds"'])
def test_a_signed_bounce_address_wants_room(tmp_path: Path, local: str) -> None:
    environ = {"DISTRIBUTOR_VERP": "yes", "DISTRIBUTOR_BOUNCE_ADDRESS": f"{local}@halle.example"}
    with pytest.raises(BadInput, match="no room for a signature") as caught:
        load_settings(tmp_path, environ)
    assert caught.value.field == "DISTRIBUTOR_BOUNCE_ADDRESS"
    assert load_settings(tmp_path, environ | {"DISTRIBUTOR_VERP": "no"}).verp is False
    assert load_settings(tmp_path, environ | {"DISTRIBUTOR_BOUNCE_ADDRESS": "rebonds@halle.example"}).verp


def test_signing_keys_are_read_in_their_order_and_never_shown(tmp_path: Path) -> None:
    newer, older = "newer-" * 6, "older-" * 6
    found = load_settings(tmp_path, {"DISTRIBUTOR_SIGNING_KEYS": f"{newer}, {older}"})
    assert [key.reveal() for key in found.signing_keys] == [newer, older]
    assert "newer" not in repr(found)


def test_a_key_is_called_like_its_file_unless_it_has_a_selector(tmp_path: Path) -> None:
    def read(**values: str) -> Settings:
        return load_settings(tmp_path, {f"{PREFIX}DKIM_{name}": value for name, value in values.items()})

    both = read(KEY=".dkim/press2026.pem, ./keys/e.pem", DOMAIN="Hällé.example")
    assert both.dkim_key == (".dkim/press2026.pem", "keys/e.pem")
    assert both.dkim_selector == ("press2026", "e")
    assert both.signing_domain == "xn--hll-qla1a.example"
    assert read(KEY="a.pem,b.pem", SELECTOR="x.y, z").dkim_selector == ("x.y", "z")
    assert (read().dkim_key, read().signing_domain) == ((), "")
    for values in (
        {"KEY": "a.pem", "SELECTOR": "x,y"},
        {"KEY": "a.pem,k/a.pem"},
        {"KEY": "Clé.pem"},
        {"SELECTOR": "x"},
    ):
        with pytest.raises(BadInput) as caught:
            read(**values)
        assert caught.value.field == PREFIX + ("DKIM_SELECTOR" if "SELECTOR" in values else "DKIM_KEY")
        assert "one selector for each" in caught.value.mend


@pytest.mark.parametrize("host", ["mail.halle.example", "mail.halle.example.", "smtp_1", "courrier-été.example"])
@pytest.mark.parametrize("form", ["{}", "127.0.0.1", "::1", "[::1]"])
def test_a_server_is_named_as_a_resolver_takes_it(tmp_path: Path, host: str, form: str) -> None:
    assert load_settings(tmp_path, {"DISTRIBUTOR_SMTP_HOST": form.format(host)}).smtp_host == form.format(host)


@pytest.mark.parametrize("name", ["#h?a", "a%20b", "un bureau", "café", "100%", "a&b=c+d", "@:;"])
def test_a_workspace_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    assert Database(load_settings(folder, {}).database_url).file == folder / "press.db"


def test_a_value_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not UTF-8") as caught:
        load_settings(tmp_path, {"DISTRIBUTOR_ORGANISATION": "caf\udce9"})
    assert caught.value.field == "DISTRIBUTOR_ORGANISATION"
