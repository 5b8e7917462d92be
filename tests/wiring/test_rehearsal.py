"""What a dry run says of those who are to send."""

import anyio
from kept_log import Log

from batchreset.settings.model import Settings
from batchreset.wiring.rehearsal import look_for_senders
from batchreset.wiring.signals import Signals


def said_of(scheduler: str) -> list[str]:
    lines: list[str] = []
    settings = Settings.model_validate({"cluster": {"scheduler": scheduler}})
    look_for_senders(settings, run=anyio.run, signals=Signals(), log=Log(), say=lines.append)
    return lines


def test_where_this_process_sends_there_is_nothing_to_say_and_local_workers_are_not_started() -> None:
    assert said_of("") == []
    assert said_of("local:4") == [
        "--dry-run starts no worker processes: a run would be sent by 4 worker processes of this machine"
    ]
