// pg-boss: a row for each job, kept and archived.
import { createRequire } from "node:module";
import PgBoss from "pg-boss";
import { run } from "../../protocol/protocol.mjs";

const QUEUE = "jobs", WORKERS = 10, BATCH = 500;

await run({
  name: "pg-boss",
  version: createRequire(import.meta.url)("pg-boss/package.json").version,
  settings: "10 workers of batches of 500, a look every 0.5 s (the least it takes), insert of 1000",
  async connect(connectionString) {
    const boss = new PgBoss({ connectionString, max: 20 });
    boss.on("error", console.error);
    await boss.start();
    return {
      prepare: () => boss.createQueue(QUEUE),
      send: (payload) => boss.send(QUEUE, payload),
      async sendBatch(chunks) {
        for (const chunk of chunks) await boss.insert(chunk.map((data) => ({ name: QUEUE, data })));
      },
      async work(meter) {
        meter.start();
        const handle = async (jobs) => jobs.forEach((job) => meter.handled(job.data));
        const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5 };
        for (let n = 0; n < WORKERS; n++) await boss.work(QUEUE, options, handle);
        await meter.finished;
        await boss.stop({ graceful: true, wait: true, close: false });
      },
    };
  },
});
