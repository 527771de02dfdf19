/**
 * The program of a child: it loads one contender and carries out the parent's calls, until the parent ends.
 * `pass` is timed here, so that the way between the processes does not count.
 */
const contender = await import(process.argv[2]);

async function timed(argument) {
  // The heap is measured only if a task asks for it, in a process that does not collect meanwhile.
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
