// graphile-worker, the one for Node: a row for each job, deleted when it is done.
import { createRequire } from "node:module";
import { Logger, makeWorkerUtils, run as runWorker, runMigrations } from "graphile-worker";
import pg from "pg";
import { run } from "../../protocol/protocol.mjs";

const quiet = new Logger(() => (level, message) => {
  if (level === "error") console.error(message);
});

await run({
  name: "graphile-worker",
  version: createRequire(import.meta.url)("graphile-worker/package.json").version,
  settings: "local queue of 500, 24 at once, completions gathered (its documentation on performance), addJobs of 1000",
  async connect(connectionString) {
    const pgPool = new pg.Pool({ connectionString, max: 20 });
    pgPool.on("error", console.error);
    pgPool.on("connect", (client) => client.on("error", console.error));
    const utils = await makeWorkerUtils({ pgPool, logger: quiet });
    return {
      prepare: () => runMigrations({ pgPool, logger: quiet }),
      send: (payload) => utils.addJob("job", payload),
      async sendBatch(chunks) {
        for (const chunk of chunks) await utils.addJobs(chunk.map((payload) => ({ identifier: "job", payload })));
      },
      async work(meter) {
        meter.start();
        const runner = await runWorker({
          pgPool,
          logger: quiet,
          noHandleSignals: true,
          taskList: { job: (payload) => meter.handled(payload) },
          preset: {
            worker: {
              concurrentJobs: 24,
              localQueue: { size: 500 },
              completeJobBatchDelay: 0,
              failJobBatchDelay: 0,
            },
          },
        });
        await meter.finished;
        await runner.stop();
      },
    };
  },
});
