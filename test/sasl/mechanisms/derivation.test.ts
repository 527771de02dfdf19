import { describe, expect, test } from "vitest";
import { type Deferred, deferred } from "../../../src/base/deferred.ts";
import { derive } from "../../../src/sasl/mechanisms/derivation.ts";
import { attemptAtMute, knownCrypto } from "../../dialect/attempt.ts";
import { romeo, SCRAM, STARTTLS } from "../../dialect/xmpp-conversation.ts";
import { settled } from "../../virtual-clock.ts";

const calm = { signal: new AbortController().signal };

/** Derivations that end when the test says so, and the order in which they started. */
class Bench {
  readonly started: string[] = [];
  readonly #ends = new Map<string, Deferred<string>>();

  derive(name: string, login: { readonly signal: AbortSignal } = calm): Promise<string> {
    const end = deferred<string>();
    this.#ends.set(name, end);
    return derive(() => {
      this.started.push(name);
      return end.promise;
    }, login);
  }

  end(name: string): void {
    this.#ends.get(name)?.resolve(`key of ${name}`);
  }

  fail(name: string): void {
    this.#ends.get(name)?.reject(new RangeError(name));
  }
}

describe("keys are derived one at a time in a process", () => {
  test("in the order in which they were asked for", async () => {
    const bench = new Bench();
    const keys = ["a", "b", "c"].map((name) => bench.derive(name));
    await settled();
    expect(bench.started).toEqual(["a"]);
    bench.end("a");
    await settled();
    expect(bench.started).toEqual(["a", "b"]);
    const late = bench.derive("d");
    for (const name of ["b", "c", "d"]) {
      bench.end(name);
      await settled();
    }
    expect(bench.started).toEqual(["a", "b", "c", "d"]);
    expect(await Promise.all([...keys, late])).toEqual(
      ["a", "b", "c", "d"].map((name) => `key of ${name}`),
    );
  });

  test("and one that fails gives its turn on", async () => {
    const bench = new Bench();
    const failing = bench.derive("a");
    const next = bench.derive("b");
    bench.fail("a");
    await expect(failing).rejects.toBeInstanceOf(RangeError);
    bench.end("b");
    expect(await next).toBe("key of b");
  });

  test("and a login that is over waits no longer, also before its turn", async () => {
    const bench = new Bench();
    const controller = new AbortController();
    const running = bench.derive("a");
    const given = bench.derive("b", controller);
    const behind = bench.derive("c");
    const reason = new TypeError("no more");
    controller.abort(reason);
    await expect(given).rejects.toMatchObject({ code: "ABORTED", cause: reason });
    await expect(bench.derive("d", controller)).rejects.toMatchObject({ code: "ABORTED" });
    bench.end("a");
    bench.end("c");
    expect(await Promise.all([running, behind])).toEqual(["key of a", "key of c"]);
    expect(bench.started).toEqual(["a", "c"]);
  });

  test("and a login that has not to wait makes no signal", async () => {
    const login = {
      get signal(): AbortSignal {
        throw new TypeError("the signal was read");
      },
    };
    expect(await derive(() => Promise.resolve("key"), login)).toBe("key");
  });
});

test("a login waits for its turn no longer than authentication may take", async () => {
  const bench = new Bench();
  const running = bench.derive("a");
  let derivations = 0;
  const crypto = {
    ...knownCrypto,
    pbkdf2() {
      derivations++;
      return Promise.resolve(new Uint8Array(20));
    },
  };
  const challenged = `${STARTTLS}${SCRAM.slice(0, SCRAM.indexOf("C: <response"))}`;
  const { events } = await attemptAtMute(romeo, challenged, "TIMEOUT_AUTH", { crypto });
  expect(events).toContain("auth:failure TIMEOUT_AUTH");
  bench.end("a");
  expect(await running).toBe("key of a");
  // The turn of a login that is over is nobody's.
  expect(await derive(() => Promise.resolve("b"), calm)).toBe("b");
  expect(derivations).toBe(0);
});
