"""The same tasks, driven and answered the same way, for systems in Python: see protocol/src."""

import argparse
import asyncio
import json
import time
import uuid


def now():
    """Microseconds."""
    return time.monotonic_ns() // 1000


def payload(size, sent=0):
    note = {"note": "x" * (size - 85)} if size > 100 else {}
    return {"account": str(uuid.uuid4()), "cents": 100, "sent": sent, **note}


def chunks(jobs, size):
    """So many payloads, a thousand at a time."""
    for start in range(0, jobs, 1000):
        yield [payload(size) for _ in range(min(1000, jobs - start))]


class Meter:
    def __init__(self, expected, latencies):
        self.expected = expected
        self.count = 0
        self.latencies = [] if latencies else None
        self.finished = asyncio.Event()
        self.started = self.ended = now()
        self.loop = asyncio.get_running_loop()

    def start(self):
        """Everything is connected, and the worker is about to run."""
        self.started = now()

    def handled(self, payload):
        """The whole of a handler that does nothing; from the thread of the event loop."""
        if self.latencies is not None:
            self.latencies.append((now() - payload["sent"]) / 1000)
        self.count += 1
        if self.count == self.expected:
            self.ended = now()
            self.finished.set()

    @property
    def seconds(self):
        return (self.ended - self.started) / 1e6


def run(system):
    """Does the task that the arguments name.

    A system has a name, a version, settings, and the coroutines connect(url), prepare(), send(payload),
    send_batch(chunks) and work(meter), which returns when the meter is finished and the worker has ended.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--database-url", required=True)
    parser.add_argument("task", choices=["prepare", "send-one", "send-batch", "drain", "latency"])
    parser.add_argument("--payload-bytes", type=int, default=0)
    parser.add_argument("--callers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=20)
    asyncio.run(answer(system, parser.parse_args()))


async def answer(system, arguments):
    await system.connect(arguments.database_url)
    measured = await perform(system, arguments)
    rate = measured["jobs"] / measured["seconds"] if measured["seconds"] else 0
    about = {"system": system.name, "version": system.version, "settings": system.settings}
    print(json.dumps({**about, "task": arguments.task, "rate": rate, **measured}), flush=True)
    await system.close()


async def perform(system, arguments):
    start, size = now(), arguments.payload_bytes
    if arguments.task == "prepare":
        await system.prepare()
        return {"jobs": 0, "seconds": 0}
    if arguments.task == "send-one":
        async def caller():
            sent = 0
            while now() - start < arguments.seconds * 1e6:
                await system.send(payload(size))
                sent += 1
            return sent

        sent = sum(await asyncio.gather(*(caller() for _ in range(arguments.callers))))
        return {"jobs": sent, "seconds": (now() - start) / 1e6}
    if arguments.task == "send-batch":
        await system.send_batch(chunks(arguments.jobs, size))
        return {"jobs": arguments.jobs, "seconds": (now() - start) / 1e6}
    if arguments.task == "drain":
        meter = Meter(arguments.jobs, False)
        await system.work(meter)
        return {"jobs": arguments.jobs, "seconds": meter.seconds}
    return await latency(system, arguments.rate, arguments.seconds, size)


async def latency(system, rate, seconds, size):
    jobs = int(rate * seconds)
    meter = Meter(jobs, True)
    working = asyncio.create_task(system.work(meter))
    await asyncio.sleep(0.5)  # its first look is not to find the first job
    start = now()
    for n in range(jobs):
        await asyncio.sleep(max(0, (start + n * 1e6 / rate - now()) / 1e6))
        await system.send(payload(size, now()))
    await working
    return {"jobs": jobs, "seconds": meter.seconds, "latencies": meter.latencies}
