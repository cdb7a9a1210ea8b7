"""Has stretches made in a workshop, takes them in as they come, and keeps those that are whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from footage.errors import Interrupted, ToolFailed
from footage.files import replace
from footage.video.complaints import Complaints, Damage, Scan
from footage.video.cutting import clips_in
from footage.video.encoder import Choice, Encoder
from footage.video.ffmpeg import FFmpeg
from footage.video.stretch import Made, Order, make_stretch
from footage.workshop import Kind, Terms, Workshop

log = logging.getLogger(__name__)

_CHECK_SECONDS = 0.2


@dataclass(slots=True)
class _Job:
    """An order and how far it is: `task` is with the workshop, `done` has the damage that kept it from being made."""

    number: int
    order: Order
    done: Future[tuple[Damage, ...]] = field(default_factory=Future)
    task: Future[Made] | None = None
    given_up: bool = False

    def give_up(self) -> None:
        """Nobody wants it any more; what the workshop has begun already comes to its end."""
        self.given_up = True
        if self.task is not None:
            self.task.cancel()


class Making:
    """The stretches of one film. `told` hears, in other threads, which one is begun (False) or made (True).

    One thread of its own, the clerk, chooses the encoder, hands orders over and takes in what comes.
    """

    def __init__(
        self,
        workshop: Workshop,
        *,
        tool: FFmpeg,
        work: Path,
        choice: Choice,
        scan: Scan | None,
        told: Callable[[int, bool], None],
    ) -> None:
        self._workshop, self._tool, self._work = workshop, tool, work
        self._choice, self._scan, self._told = choice, scan, told
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="film-clerk")
        self._jobs: dict[int, _Job] = {}
        self._given_up: list[_Job] = []
        self._complaints = Complaints()

    def encoder(self, order: Order) -> Encoder:
        """The encoder that the film is made with as far as is known now."""
        return self._choice.encoder(order.scene.layout.width, order.scene.layout.height)

    def path(self, order: Order) -> Path:
        """Where a stretch is once it is made."""
        return self._work / f"{order.key}-{self.encoder(order).name}.mp4"

    def begin(self, number: int, order: Order) -> None:
        """Have a stretch made, unless it is under way or there; an older order for it is given up. Never blocks."""
        job = self._jobs.get(number)
        if job is not None and job.order.key == order.key and self._stands(job):
            return
        if job is not None:
            job.give_up()
            self._given_up = [each for each in (*self._given_up, job) if not each.done.done()]
        self._jobs[number] = job = _Job(number, order)
        self._clerk.submit(self._hand_over, job)

    def wait(self) -> None:
        """Until nothing is under way. It looks up now and then, so that Ctrl-C is heard on Windows too."""
        while wait([job.done for job in self._jobs.values()], timeout=_CHECK_SECONDS).not_done:
            if self._tool.stop.is_set():
                raise Interrupted("stopped while the side-by-side film was being made")

    def raise_failure(self) -> None:
        """Raise what went wrong with a stretch, once."""
        for number, job in list(self._jobs.items()):
            if job.done.done() and (failure := job.done.exception()):
                del self._jobs[number]
                raise failure

    def damages(self) -> tuple[Damage, ...]:
        """The damage that kept stretches from being made, each once; all have to have ended."""
        return self._complaints.tell(damage for job in self._jobs.values() for damage in job.done.result())

    def stop(self) -> None:
        """End all work within a moment; what is whole is kept."""
        self._tool.stop.set()
        jobs = [*self._given_up, *self._jobs.values()]
        for job in jobs:
            job.give_up()
        wait([job.done for job in jobs])
        self._clerk.shutdown(wait=True)

    def _stands(self, job: _Job) -> bool:
        """Whether nothing has to be done any more for a job: it is under way, or its stretch is there."""
        if not job.done.done():
            return True
        return job.done.exception() is None and not job.done.result() and self.path(job.order).exists()

    def _hand_over(self, job: _Job) -> None:
        with _ending_badly(job):
            if job.given_up:
                raise Interrupted("the stretch is not wanted any more")
            if self.path(job.order).exists():
                self._told(job.number, True)
                job.done.set_result(())
                return
            encoder = self.encoder(job.order)
            job.task = self._workshop.submit(
                Terms(self._tool, Kind.FILM, lambda: self._told(job.number, False)),
                make_stretch,
                job.order,
                encoder,
                self._work,
                dict(self._complaints.known),
                self._scan,
            )
            job.task.add_done_callback(lambda task: self._clerk.submit(self._take_in, job, encoder, task))

    def _take_in(self, job: _Job, encoder: Encoder, task: Future[Made]) -> None:
        """Keep a stretch that is whole; where it is not, find out whose fault that is."""
        with _ending_badly(job):
            if task.cancelled():
                raise Interrupted("the stretch is not wanted any more")
            made = task.result()
            damage = self._complaints.news(made.examined, clips_in(job.order.scene.tiles))
            if made.path is not None and not damage:
                replace(made.path, self._work / f"{job.order.key}-{encoder.name}.mp4")
                self._told(job.number, True)
                log.info("side by side: stretch %d is made", job.number + 1)
            elif made.path is not None:
                made.path.unlink(missing_ok=True)
            elif not damage:
                self._after_failure(job, encoder, ToolFailed(made.failure))
                return
            job.done.set_result(damage)

    def _after_failure(self, job: _Job, encoder: Encoder, failure: ToolFailed) -> None:
        """A hardware encoder that fails is replaced; anything else is an error."""
        if not self._choice.fall_back(encoder):
            raise failure
        log.warning("%s failed; libx264 makes the film from here on: %s", encoder.name, failure.message)
        self._hand_over(job)


@contextmanager
def _ending_badly(job: _Job) -> Iterator[None]:
    """An error on the way becomes the end of the job, for whoever waits for it."""
    try:
        yield
    except BaseException as error:  # noqa: BLE001 - raised again where the stretch is waited for
        if not job.done.done():
            job.done.set_exception(error)
