// The same tasks, driven and answered the same way, for systems on Node: see protocol/src.
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";

const PREPARE = "prepare", SEND_ONE = "send-one", SEND_BATCH = "send-batch", DRAIN = "drain", LATENCY = "latency";

const now = () => Number(process.hrtime.bigint() / 1000n); // microseconds

export function payload(bytes, sent = 0) {
  const note = bytes > 100 ? { note: "x".repeat(bytes - 85) } : {};
  return { account: randomUUID(), cents: 100, sent, ...note };
}

/** So many payloads, a thousand at a time. */
export function* chunks(jobs, bytes) {
  for (let start = 0; start < jobs; start += 1000) {
    yield Array.from({ length: Math.min(1000, jobs - start) }, () => payload(bytes));
  }
}

class Meter {
  constructor(expected, latencies) {
    this.expected = expected;
    this.count = 0;
    this.latencies = latencies ? [] : undefined;
    this.finished = new Promise((resolve) => (this.finish = resolve));
    this.started = now();
  }

  /** Everything is connected, and the worker is about to run. */
  start() {
    this.started = now();
  }

  /** The whole of a handler that does nothing. */
  handled(payload) {
    this.latencies?.push((now() - payload.sent) / 1000);
    if (++this.count === this.expected) {
      this.seconds = (now() - this.started) / 1e6;
      this.finish();
    }
  }
}

/**
 * Does the task that the arguments name. A system has a name, a version, settings, and with `connect(url)` the functions
 * prepare(), send(payload), sendBatch(chunks) and work(meter), which returns when the meter is finished and the worker has
 * ended.
 */
export async function run(system) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "database-url": { type: "string" },
      "payload-bytes": { type: "string", default: "0" },
      callers: { type: "string", default: "10" },
      seconds: { type: "string", default: "2" },
      jobs: { type: "string", default: "10000" },
      rate: { type: "string", default: "20" },
    },
  });
  const [task] = positionals;
  const bytes = Number(values["payload-bytes"]), jobs = Number(values.jobs), seconds = Number(values.seconds);
  const connected = await system.connect(values["database-url"]);
  const measured = await perform(connected, task, { bytes, jobs, seconds, callers: Number(values.callers), rate: Number(values.rate) });
  const { name, version, settings } = system;
  const rate = measured.seconds > 0 ? measured.jobs / measured.seconds : 0;
  const answer = JSON.stringify({ system: name, version, settings, task, rate, ...measured });
  process.stdout.write(answer + "\n", () => process.exit(0));
}

async function perform(system, task, { bytes, jobs, seconds, callers, rate }) {
  const start = now();
  const measured = (jobs) => ({ jobs, seconds: (now() - start) / 1e6 });
  switch (task) {
    case PREPARE:
      await system.prepare();
      return { jobs: 0, seconds: 0 };
    case SEND_ONE: {
      let sent = 0;
      const caller = async () => {
        for (; now() - start < seconds * 1e6; sent++) await system.send(payload(bytes));
      };
      await Promise.all(Array.from({ length: callers }, caller));
      return measured(sent);
    }
    case SEND_BATCH:
      await system.sendBatch(chunks(jobs, bytes));
      return measured(jobs);
    case DRAIN: {
      const meter = new Meter(jobs, false);
      await system.work(meter);
      return { jobs, seconds: meter.seconds };
    }
    case LATENCY:
      return await latency(system, rate, seconds, bytes);
    default:
      throw new Error(`no task is ${task}`);
  }
}

async function latency(system, rate, seconds, bytes) {
  const jobs = Math.floor(rate * seconds), meter = new Meter(jobs, true);
  const working = system.work(meter);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(500); // its first look is not to find the first job
  const start = now();
  for (let n = 0; n < jobs; n++) {
    await pause(Math.max(0, (start + (n * 1e6) / rate - now()) / 1000));
    await system.send(payload(bytes, now()));
  }
  await working;
  return { jobs, seconds: meter.seconds, latencies: meter.latencies };
}
