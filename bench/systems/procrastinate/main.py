"""procrastinate: a row for each job and its events, kept."""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path

import procrastinate

sys.path.insert(0, str(Path(__file__).parents[2] / "protocol"))
import protocol  # noqa: E402


class Procrastinate:
    name = "procrastinate"
    version = version("procrastinate")
    settings = "100 at once, LISTEN, batch_defer of 1000"
    meter = None

    async def connect(self, url):
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=10, max_size=20))

        @self.app.task(name="job")
        async def job(payload):
            self.meter.handled(payload)

        self.job = job
        await self.app.open_async()

    async def close(self):
        await self.app.close_async()

    async def prepare(self):
        await self.app.schema_manager.apply_schema_async()

    async def send(self, payload):
        await self.job.defer_async(payload=payload)

    async def send_batch(self, chunks):
        for chunk in chunks:
            await self.job.batch_defer_async(*({"payload": payload} for payload in chunk))

    async def work(self, meter):
        self.meter = meter
        meter.start()
        worker = asyncio.create_task(self.app.run_worker_async(concurrency=100, install_signal_handlers=False))
        await meter.finished.wait()
        # An orderly end: what was handled is settled.
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


protocol.run(Procrastinate())
