"""reliable-cmd, the original: the same tables and messages as ours."""

import asyncio
import importlib.resources
import sys
import uuid
from importlib.metadata import version
from pathlib import Path

from commandbus import CommandBus, HandlerRegistry, Worker
from commandbus.models import SendRequest
from commandbus.pgmq.client import PgmqClient, PgmqMessage
from psycopg_pool import AsyncConnectionPool

sys.path.insert(0, str(Path(__file__).parents[2] / "protocol"))
import protocol  # noqa: E402

DOMAIN, TYPE, CONCURRENCY = "jobs", "Job", 20


async def read(_client, connection, queue, visibility_timeout, batch_size):
    """Its own, with the columns named: newer versions of PGMQ answer more of them, and in another order."""
    sql = "SELECT msg_id, read_ct, enqueued_at, vt, message FROM pgmq.read(%s, %s, %s)"
    cursor = await connection.execute(sql, (queue, visibility_timeout, batch_size))
    return [PgmqMessage(row[0], row[1], str(row[2]), str(row[3]), row[4]) for row in await cursor.fetchall()]


PgmqClient._read = read


class ReliableCmd:
    name = "reliable-cmd"
    version = version("reliable-cmd")
    settings = "the asynchronous worker, 20 at once, notified, send_batch of 1000"

    async def connect(self, url):
        self.pool = AsyncConnectionPool(url, min_size=CONCURRENCY + 2, max_size=2 * CONCURRENCY, open=False)
        await self.pool.open(wait=True)
        self.bus = CommandBus(self.pool)

    async def close(self):
        await self.pool.close()

    async def prepare(self):
        """PGMQ is there already, from SQL and not as the extension that its first migration asks for."""
        folder = importlib.resources.files("commandbus.migrations")
        async with self.pool.connection() as connection:
            for file in sorted(file for file in folder.iterdir() if file.name.endswith(".sql")):
                sql = file.read_text(encoding="utf-8").replace("CREATE EXTENSION IF NOT EXISTS pgmq;", "")
                await connection.execute(sql)
        await PgmqClient(self.pool).create_queue(f"{DOMAIN}__commands")

    async def send(self, payload):
        await self.bus.send(domain=DOMAIN, command_type=TYPE, command_id=uuid.uuid4(), data=payload)

    async def send_batch(self, chunks):
        for chunk in chunks:
            await self.bus.send_batch([SendRequest(DOMAIN, TYPE, uuid.uuid4(), payload) for payload in chunk])

    async def work(self, meter):
        registry = HandlerRegistry()

        async def handle(command, _context):
            meter.handled(command.data)

        registry.register(DOMAIN, TYPE, handle)
        worker = Worker(self.pool, domain=DOMAIN, registry=registry)
        meter.start()
        running = asyncio.create_task(worker.run(concurrency=CONCURRENCY, poll_interval=0.5))
        await meter.finished.wait()
        await worker.stop()
        # It waits for a notification that need not come; what is in flight it finishes all the same.
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


protocol.run(ReliableCmd())
