/** Damages the files of a store, and fills its disk. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileStore } from "xmpp-broker/store";

const OWNER = "xmpp soak@localhost";
const segmentBytes = 8192;

const entry = (key) => ({
  key,
  kind: "message",
  text: `<message id='${key}'><body>${"x".repeat(200)}</body></message>`,
  sent: 1,
  tries: 0,
});

async function contentOf(directory) {
  const store = fileStore(directory, { segmentBytes });
  const { entries } = await store.open(OWNER);
  try {
    const found = [];
    for await (const each of entries) found.push(JSON.stringify(each));
    return found;
  } finally {
    await store.close();
  }
}

const FAULTS = {
  "a flipped byte": (path, random) => {
    const bytes = readFileSync(path);
    bytes[random.below(bytes.length)] ^= 1 + random.below(255);
    writeFileSync(path, bytes);
  },
  "a cut tail": (path, random) => truncateSync(path, random.below(readFileSync(path).length)),
  "an emptied file": (path) => truncateSync(path, 0),
};

/** Checks that each fault is found and named, or changes nothing. */
async function damage(times, random) {
  const made = mkdtempSync(join(tmpdir(), "soak-store-"));
  const store = fileStore(made, { segmentBytes });
  await store.open(OWNER);
  for (let batch = 0; batch < 60; batch++) {
    const keys = Array.from({ length: 1 + random.below(6) }, (_, each) => `${batch}.${each}`);
    await store.append(keys.map(entry));
    if (batch % 4 === 3) await store.remove([`${batch - 1}.0`, `${batch}.0`]);
  }
  // A copy of the open store is what SIGKILL leaves.
  const killed = mkdtempSync(join(tmpdir(), "soak-store-"));
  const isKept = (path) => !basename(path).startsWith("lock");
  cpSync(made, killed, { recursive: true, filter: isKept });
  await store.close();
  const whole = JSON.stringify(await contentOf(made));
  const checks = [];
  for (const [what, fault] of Object.entries(FAULTS)) {
    const seen = { named: 0, same: 0, wrong: 0 };
    for (let count = 0; count < times; count++) {
      const copy = mkdtempSync(join(tmpdir(), "soak-store-"));
      cpSync(killed, copy, { recursive: true });
      const name = random.of(readdirSync(copy));
      fault(join(copy, name), random);
      try {
        seen[JSON.stringify(await contentOf(copy)) === whole ? "same" : "wrong"]++;
      } catch (error) {
        const isNamed = error.code === "STORE_DAMAGED" && error.message.includes(name);
        seen[isNamed ? "named" : "wrong"]++;
      }
      rmSync(copy, { recursive: true });
    }
    checks.push({
      what: `${what}: named, no effect, wrong`,
      value: `${seen.named}, ${seen.same}, ${seen.wrong}`,
      target: "0 wrong",
      met: seen.wrong === 0 && seen.named > 0,
    });
  }
  rmSync(made, { recursive: true });
  rmSync(killed, { recursive: true });
  return checks;
}

/** Fills a disk again and again; what is called stored must be there, and more goes in once there is room. */
async function fill(times, random) {
  const disk = mkdtempSync(join(tmpdir(), "soak-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], { stdio: "pipe" });
  } catch {
    rmSync(disk, { recursive: true });
    return [{ what: "a full disk (needs root for a tmpfs)", value: "left out" }];
  }
  let wrong = 0;
  let stuck = 0;
  try {
    const directory = join(disk, "outbox");
    const live = [];
    let number = 0;
    for (let time = 0; time < times; time++) {
      const store = fileStore(directory, { segmentBytes: 16_384 });
      const { entries } = await store.open(OWNER);
      for await (const { key } of entries) if (!live.includes(key)) wrong++;
      let isFull = false;
      for (let before = live.length; !isFull; ) {
        const keys = Array.from({ length: 1 + random.below(20) }, () => `key ${number++}`);
        try {
          await store.append(keys.map(entry));
          live.push(...keys);
        } catch (error) {
          if (error.code !== "STORE_FAILED") wrong++;
          isFull = true;
          if (live.length === before) stuck++;
        }
      }
      // Most of it is proven while the disk is full, and then there is room.
      await store.remove(live.splice(0, live.length - random.below(30)));
      await store.append([entry(`after ${time}`)]).then(
        () => live.push(`after ${time}`),
        () => stuck++,
      );
      await store.close();
      const found = (await contentOf(directory)).map((text) => JSON.parse(text).key);
      if (JSON.stringify(found) !== JSON.stringify(live)) wrong++;
    }
  } finally {
    execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true });
  }
  return [
    {
      what: "a full disk: not what was stored",
      value: `${wrong} of ${times}`,
      target: "0",
      met: wrong === 0,
    },
    {
      what: "a full disk: goes on with room",
      value: `${times - stuck} of ${times}`,
      target: `${times}`,
      met: stuck === 0,
    },
  ];
}

export async function faultChecks({ damages, fills }, random) {
  return [...(await damage(damages, random)), ...(await fill(fills, random))];
}
