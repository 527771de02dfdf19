/**
 * The child's side: loads one contender and does what the parent says, until the parent goes.
 * `pass` is timed here, so that the way between the processes does not count.
 */
const contender = await import(process.argv[2]);

async function timed(argument) {
  // Only where asked for: what a pass puts on the heap, in a process that does not collect meanwhile.
  const collect = argument?.measure === "heap" ? globalThis.gc : undefined;
  collect?.();
  const before = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  const from = performance.now();
  const work = contender.pass(argument);
  const result = work instanceof Promise ? await work : work;
  const wall = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  const heap = collect && process.memoryUsage().heapUsed - before;
  return { wall, cpu: (user + system) / 1000, heap, ...result };
}

process.on("message", async ({ id, call, argument }) => {
  try {
    const result = call === "pass" ? await timed(argument) : await contender[call](argument);
    process.send({ id, result });
  } catch (error) {
    process.send({
      id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
process.on("disconnect", () => process.exit());
if (process.connected) process.send({ id: 0 });
