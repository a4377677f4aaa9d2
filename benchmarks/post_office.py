"""The other side of `send`: django-post_office, which queues the same messages in SQLite and sends them from there."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
from pathlib import Path

from benchmarks.invented import contacts_csv
from benchmarks.mailmerge import bodies, people
from benchmarks.office import SENDER
from benchmarks.sink import HOST

_SCRIPT = '''\
"""Queue a message for everybody in people.json, and send them: one process, post_office's own threads."""
import json, sys
from pathlib import Path
import django
from django.conf import settings

here = Path(__file__).parent
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": here / "post.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_BACKEND="post_office.EmailBackend",
    EMAIL_HOST="@HOST@",
    EMAIL_PORT=@PORT@,
    POST_OFFICE={"BATCH_SIZE": 5000, "THREADS_PER_PROCESS": 5, "MAX_RETRIES": 0},
    SECRET_KEY="measured",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    USE_TZ=True,
)
django.setup()
if sys.argv[1] == "prepare":
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    sys.exit()
from post_office import mail
from post_office.models import Email, STATUS
people = json.loads((here / "people.json").read_text())
content = json.loads((here / "content.json").read_text())
mail.send_many([
    {
        "sender": content["sender"],
        "recipients": [one["email"]],
        "subject": content["subject"],
        "message": content["text"].replace("{{salutation}}", one["salutation"]),
        "html_message": content["html"].replace("{{salutation}}", one["salutation"]),
    }
    for one in people
])
sent, failed, requeued = mail.send_queued(processes=1, log_level=0)
assert sent == len(people), (sent, failed, requeued)
'''


def prepare(folder: Path, python: Path, sample: bytes, count: int, *, port: int) -> tuple[list[str], list[str]]:
    """Write the script, the people and the text into `folder`; return the commands that set up and that send to all."""
    folder.mkdir()
    message = email.message_from_bytes(sample, policy=email.policy.default)
    text, html = bodies(message)
    content = {"sender": SENDER, "subject": str(message["Subject"]), "text": text, "html": html}
    (folder / "content.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "people.json").write_text(json.dumps(people(contacts_csv(count))), encoding="utf-8")
    script = folder / "post.py"
    script.write_text(_SCRIPT.replace("@HOST@", HOST).replace("@PORT@", str(port)), encoding="utf-8")
    return [str(python), str(script), "prepare"], [str(python), str(script), "send"]


def has_post_office(python: Path) -> bool:
    """Whether this interpreter has django-post_office."""
    return (
        python.exists()
        and subprocess.run(
            [str(python), "-c", "from importlib.metadata import version; version('django-post_office')"], check=False
        ).returncode
        == 0
    )
