/**
 * Makes a contender of a client. A pass counts from `connect` to online, without making the client and without
 * logging out.
 */
export function connecting({ make, connect, leave }) {
  let place;
  let current;

  function prepare(given) {
    place = given;
  }

  async function pass() {
    current = make(place);
    const cpu = process.cpuUsage();
    const from = performance.now();
    await connect(current);
    const wall = performance.now() - from;
    const { user, system } = process.cpuUsage(cpu);
    return { wall, cpu: (user + system) / 1000 };
  }

  return { prepare, pass, leave: () => leave(current) };
}
