"""The process that watches: it stops the program at each call, does what the rules say, and takes down what came."""

import contextlib
import os
import shutil
import signal
import time
from types import FrameType
from typing import Final

from syscalls import kernel
from syscalls.calls import Caller
from syscalls.operations import Action, Fail, Kill, Operation, Recording, Remove, Rule, Shorten, Watch

_STOPPING: Final = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


class Gate:
    """The program waits at it until it is watched."""

    def __init__(self) -> None:
        self._way_in, self._key = os.pipe()

    def pass_through(self) -> None:
        """In the program's process, before all else."""
        os.close(self._key)
        allowed = os.read(self._way_in, 1)
        os.close(self._way_in)
        if not allowed:
            os._exit(1)
        kernel.stop_at_the_calls()

    def open(self) -> None:
        os.write(self._key, b"!")

    def close(self) -> None:
        os.close(self._way_in)
        os.close(self._key)


def watched(pid: int, gate: Gate, watch: Watch) -> int:
    """Watch a child that waits at the gate, to its end, and write the recording; its status, as of `os.waitpid`."""
    watcher = _Watcher(pid, watch)
    signal.signal(signal.SIGALRM, _time_is_over)
    signal.alarm(watch.seconds)
    try:
        kernel.seize(pid)
        gate.open()
        gate.close()
        watcher.watch()
    except (OSError, TimeoutError, NotImplementedError) as error:
        watcher.recording.trouble = f"{error}"
    finally:
        signal.alarm(0)
        watcher.end()
        watcher.recording.write(watch.recording)
    return watcher.status


def _time_is_over(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("it did not come to its end in time, and was killed")


class _Watcher:
    def __init__(self, pid: int, watch: Watch) -> None:
        self._pid = pid
        self._watch = watch
        self._caller = Caller(watch.root)
        self._rules = [_Armed(rule) for rule in watch.rules]
        self.recording = Recording(standing=dict(self._caller.numbers_by_path()))
        self.status = signal.SIGKILL.value

    def watch(self) -> None:
        """Until nobody is left to be watched."""
        while True:
            try:
                tid, status = os.waitpid(-1, kernel.WAIT_ALL)
            except ChildProcessError:
                return
            if os.WIFSTOPPED(status):
                # Who was killed meanwhile is not there to go on.
                with contextlib.suppress(ProcessLookupError):
                    self._stopped(tid, status)
            elif tid == self._pid:
                self.status = status

    def end(self) -> None:
        """Nobody is left alive, whatever went wrong."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                tid, status = os.waitpid(-1, kernel.WAIT_ALL)
                if tid == self._pid and not os.WIFSTOPPED(status):
                    self.status = status

    def _stopped(self, tid: int, status: int) -> None:
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == kernel.EVENT_SECCOMP:
            self._at_call(tid)
        elif event == kernel.EVENT_STOP and number in _STOPPING:
            kernel.stay_stopped(tid)
        elif event or number == kernel.SYSCALL_STOP:
            kernel.go_on(tid)
        else:
            kernel.go_on(tid, with_signal=number)

    def _at_call(self, tid: int) -> None:
        registers = kernel.registers_of(tid)
        call = self._caller.call(tid, kernel.CALLS[registers.orig_rax], registers.arguments())
        if call is None:
            kernel.go_on(tid)
            return
        operation = call.operation
        operation.began = time.time()
        for do in self._due(operation, carried_out=False):
            match do:
                case Kill():
                    os.kill(self._pid, signal.SIGKILL)
                    return
                case Remove(path=path):
                    shutil.rmtree(self._watch.root / path)
                case Fail(errno=errno):
                    registers.refuse(errno)
                    kernel.set_registers(tid, registers)
                    kernel.go_on(tid)
                    self._note(operation, -errno)
                    return
                case Shorten() if call.shorten(registers):
                    kernel.set_registers(tid, registers)
                case _:
                    pass
        if not self._carried_out(tid):
            return
        result = kernel.registers_of(tid).result()
        self._caller.done(call, result)
        self._note(operation, result)
        if self._due(operation, carried_out=True):
            os.kill(self._pid, signal.SIGKILL)
            return
        kernel.go_on(tid)

    def _note(self, operation: Operation, result: int) -> None:
        operation.result, operation.ended = result, time.time()
        self.recording.operations.append(operation)
        for armed in self._rules:
            armed.carried_out(operation)

    def _due(self, operation: Operation, *, carried_out: bool) -> list[Action]:
        due = []
        for number, armed in enumerate(self._rules):
            after = armed.rule.do == Kill(before=False)
            if after == carried_out and armed.counts(operation):
                self.recording.done.append(number)
                due.append(armed.rule.do)
        return due

    def _carried_out(self, tid: int) -> bool:
        """One call at a time: nothing that is watched happens meanwhile. False: it was killed in it."""
        with_signal = 0
        while True:
            kernel.go_on_to_its_end(tid, with_signal=with_signal)
            _, status = os.waitpid(tid, kernel.WAIT_ALL)
            if not os.WIFSTOPPED(status):
                if tid == self._pid:
                    self.status = status
                return False
            number = os.WSTOPSIG(status)
            if number == kernel.SYSCALL_STOP:
                return True
            with_signal = 0 if status >> 16 else number


class _Armed:
    """A rule, and how often it has matched."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._matched = 0
        self._awaited = rule.match.since is None

    def counts(self, operation: Operation) -> bool:
        """Whether this is the one, or, where a failure lasts, one after it."""
        match = self.rule.match
        if not self._awaited or not match.fits(operation):
            return False
        self._awaited = match.since is None
        self._matched += 1
        lasting = isinstance(self.rule.do, Fail) and self.rule.do.lasting
        return self._matched == self.rule.nth or (lasting and self._matched > self.rule.nth)

    def carried_out(self, operation: Operation) -> None:
        """The next one after this may be the one."""
        since = self.rule.match.since
        if since is not None and since.fits(operation):
            self._awaited = True
