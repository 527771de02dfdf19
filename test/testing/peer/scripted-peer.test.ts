import { describe, expect, test } from "vitest";
import type { ScriptError } from "../../../src/testing/peer/script-error.ts";
import { ScriptedPeer } from "../../../src/testing/peer/scripted-peer.ts";
import { memoryPair } from "../../../src/transport/memory.ts";
import type { Transport } from "../../../src/transport/transport.ts";

const NO_TARGET = {} as never;
const { signal } = new AbortController();

/** Connects to a peer and keeps the pieces that come. */
async function reach(peer: ScriptedPeer): Promise<{ transport: Transport; pieces: number[][] }> {
  const transport = await peer.transport(NO_TARGET, signal);
  return { transport, pieces: listen(transport) };
}

function listen(transport: Transport): number[][] {
  const pieces: number[][] = [];
  const events = {
    data: (bytes: Uint8Array) => pieces.push([...bytes]),
    leaving: () => undefined,
    taken: () => undefined,
    end: () => undefined,
    close: () => undefined,
  };
  transport.start(events);
  return pieces;
}

const text = (pieces: number[][]): string =>
  new TextDecoder().decode(Uint8Array.from(pieces.flat()));

describe("a script", () => {
  test("is followed by both of its sides, over the same connection", async () => {
    const script = `
      # The client speaks first.
      C: <stream to='example.org'>
      S: <stream id="s1">
      S: <features>
         <starttls/>
         </features>
      C: <iq id='a1'><query/></iq>
      S: <iq id='a1'/>
      C: (end)
      S: (end)`;
    const server = new ScriptedPeer(script);
    const client = new ScriptedPeer(script, { speaks: "C" });
    client.accept(await server.transport(NO_TARGET, signal));
    await Promise.all([server.done, client.done, server.over, client.over]);
    expect(client.heard).toBe("<stream id=\"s1\"><features><starttls/></features><iq id='a1'/>");
    expect(server.heard).toBe("<stream to='example.org'><iq id='a1'><query/></iq>");
    expect([server.unread, client.unread]).toEqual(["", ""]);
    expect([server.isOver, client.isOver]).toEqual([true, true]);
  });

  test.each([
    ["<a b='1'>", `<a b="1">`, ""],
    ["<a>", "<?xml version='1.0'?><a>", ""],
    ["<?xml …?><a>", "<?xml version='1.0'?><a>", ""],
    ["<a>…</a>", "<a>x<b>y</b></a><c/>", "<c/>"],
    ["<a id='{id}'/><b id='{id}'/>", "<a id='1'/><b id='1'/>", ""],
    ["…<b/>", "<a/><b/><c/>", "<c/>"],
    ["<a>(.*)+[$]^|?</a>", "<a>(.*)+[$]^|?</a>", ""],
  ])("waits for %s, which %s is, and leaves '%s'", async (pattern, said, left) => {
    const peer = new ScriptedPeer(`C: ${pattern}`);
    const { transport } = await reach(peer);
    transport.write(said);
    await peer.done;
    expect(peer.unread).toBe(left);
  });

  test.each([
    ["something else", "C: <a>", "<b>", "the other side left the script"],
    [
      "another value than the one noted",
      "C: <a id='{id}'>\nC: <b id='{id}'>",
      "<a id='1'><b id='2'>",
      "left the script",
    ],
    ["something before its end", "C: (end)", "<b>", "left the script"],
    ["too little", "C: <a>…</a>", "<a>", "ended too early"],
    ["nothing", "C: <a>", "", "ended too early"],
  ])("that hears %s fails, and says what it expected", async (_, script, said, why) => {
    const peer = new ScriptedPeer(script);
    const { transport } = await reach(peer);
    transport.write(said);
    transport.end();
    const error = await peer.done.catch((thrown: unknown) => thrown as ScriptError);
    expect(error).toMatchObject({ name: "ScriptError", code: "SCRIPT_FAILED" });
    expect(String(error)).toContain(why);
    expect(error?.expected).toBe(script.split("\n").at(-1)?.slice(3));
    expect(error?.unread).toBe(said.replace("<a id='1'>", ""));
  });

  test("that waits too long fails, and one that is not asked for its end harms nobody", async () => {
    const peer = new ScriptedPeer("C: <a>", { timeout: 1 });
    await reach(peer);
    await expect(peer.done).rejects.toThrow("took too long; expected <a>, read nothing");
  });

  test("is not waited for longer because something comes now and then", async () => {
    const peer = new ScriptedPeer("C: <a>…</a>", { timeout: 30 });
    const { transport } = await reach(peer);
    transport.write("<a>");
    const trickle = setInterval(() => {
      transport.write("x");
    }, 1);
    await expect(peer.done).rejects.toThrow("took too long");
    clearInterval(trickle);
  });

  test("is mute after a failure, and the connection stays", async () => {
    const peer = new ScriptedPeer("C: <a>\nS: <never/>");
    const { transport, pieces } = await reach(peer);
    transport.write("<b>");
    await expect(peer.done).rejects.toMatchObject({ code: "SCRIPT_FAILED" });
    peer.say("<now/>");
    await peer.delivered();
    expect(text(pieces)).toBe("<now/>");
    expect(peer.isOver).toBe(false);
  });

  test.each([
    ["hello", "line 1 of the script must begin with S:, C: or #, got hello"],
    ["C: <a>\nS: <b id='{id}'>", "line 2 of the script says {id}, which no line before it notes"],
    ["S: (wait)", "line 1 of the script must be (end), (cut), (bytes …) or XML, got (wait)"],
    ["S: (bytes 1g)", "line 1 of the script must have pairs of hexadecimal digits"],
    ["S: (bytes)", "line 1 of the script must have pairs of hexadecimal digits"],
  ])("of %j is refused with its line", async (script, message) => {
    const refusal = expect.objectContaining({
      code: "BAD_OPTION",
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => new ScriptedPeer(script)).toThrow(refusal);
    await expect(new ScriptedPeer().play(script)).rejects.toEqual(refusal);
  });
});

describe("a peer", () => {
  test("repeats what it has noted, and notes it anew in a later script", async () => {
    const peer = new ScriptedPeer("C: <a id='{id}'/>\nS: <b id='{id}'/>");
    const { transport, pieces } = await reach(peer);
    transport.write("<a id='1'/>");
    await peer.done;
    expect(peer.notes).toEqual({ id: "1" });
    const more = peer.play("S: <c id='{id}'/>\nC: <a id='{id}'/>\nS: <d id='{id}'/>");
    transport.write("<a id='2'/>");
    await more;
    await peer.delivered();
    expect(text(pieces)).toBe("<b id='1'/><c id='1'/><d id='2'/>");
  });

  test("says bytes that are no text, and drops or ends the connection", async () => {
    const peer = new ScriptedPeer("S: <a>\nS: (bytes 3C eb 3e)\nS: (end)");
    const { transport, pieces } = await reach(peer);
    await peer.done;
    await peer.over;
    expect(pieces.flat()).toEqual([0x3c, 0x61, 0x3e, 0x3c, 0xeb, 0x3e]);
    expect(peer.said).toBe(6);

    const dropped = new ScriptedPeer("C: <a>\nS: (cut)");
    const other = await reach(dropped);
    other.transport.write("<a>");
    await dropped.over;
    expect(dropped.isOver).toBe(true);
    expect(transport.tls).toBeUndefined();
  });

  test.each<[string | RegExp, string, string]>([
    ["</iq>", "<iq/><iq></iq>", "<more/>"],
    [/id='\d+'/, "<iq id='x'/><iq id='12'", "/><more/>"],
    [/id='\d+'/g, "<iq id='12'", "/><more/>"],
  ])("hears %s after its script, and gives what came up to there", async (what, heard, left) => {
    const peer = new ScriptedPeer("C: <a/>\nS: <b/>");
    const { transport } = await reach(peer);
    for (const byte of new TextEncoder().encode("<a/>")) transport.write(Uint8Array.of(byte));
    const first = peer.hears(what);
    transport.write(heard + left);
    expect(await first).toBe(heard);
    expect(peer.unread).toBe(left);
    transport.write("</iq>id='1'");
    await expect(peer.hears(what)).resolves.toContain("more");
    const never = peer.hears(what);
    transport.end();
    await expect(never).rejects.toMatchObject({ code: "SCRIPT_FAILED", expected: String(what) });
  });

  test("reads nothing while it is paused", async () => {
    const peer = new ScriptedPeer();
    const { transport } = await reach(peer);
    peer.pause();
    transport.write("<a/>");
    peer.say("<b/>");
    await peer.delivered();
    expect(peer.heard).toBe("");
    peer.resume();
    expect(await peer.hears("/>")).toBe("<a/>");
  });

  test("is told when all that it said has arrived, or nothing can arrive any more", async () => {
    const peer = new ScriptedPeer();
    const { transport, pieces } = await reach(peer);
    transport.pause();
    peer.say("<a/>");
    const delivered = [peer.delivered(), peer.delivered()];
    transport.resume();
    await Promise.all(delivered);
    expect(text(pieces)).toBe("<a/>");
    transport.pause();
    peer.say("<lost/>");
    const never = peer.delivered();
    transport.destroy();
    await never;
    expect(peer.isOver).toBe(true);
  });

  test("drops a connection on which it hears more than it may", async () => {
    const peer = new ScriptedPeer("C: <a>…</a>", { limit: 10 });
    const { transport } = await reach(peer);
    transport.write("<a>12345678");
    await expect(peer.done).rejects.toThrow("the other side sent too much");
    await peer.over;
    expect(peer.heard).toBe("");
  });

  test("has one connection, and says nothing before it", async () => {
    const peer = new ScriptedPeer();
    for (const act of ["end", "cut", "pause", "resume"] as const) {
      expect(() => {
        peer[act]();
      }).toThrow(expect.objectContaining({ code: "DISCONNECTED" }) as Error);
    }
    await reach(peer);
    const second = peer.transport(NO_TARGET, signal);
    await expect(second).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    expect(peer.attempts).toBe(2);
    expect(() => {
      peer.accept(memoryPair()[0]);
    }).toThrow(expect.objectContaining({ code: "CONNECT_FAILED" }) as Error);
  });

  test.each([
    [true, "TLSv1.3"],
    [false, "TLS_FAILED"],
  ])("that has TLS (%s) in memory lets the client secure it: %s", async (tls, outcome) => {
    const { transport } = await reach(new ScriptedPeer("", { tls }));
    const secured = transport.secure({ direct: true }).then(
      ({ protocol }) => protocol,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(await secured).toBe(outcome);
  });
});

describe("the bytes of a peer", () => {
  const script = "S: <a>é\nS: <b/>\nC: <next/>\nS: </a>";
  const whole = "<a>é<b/></a>";
  const length = new TextEncoder().encode(whole).length;

  const cuts = [
    ["not cut", undefined, [9, 4]],
    ["cut at each byte", 1, Array.from({ length }, () => 1)],
    ["cut in threes", 3, [3, 3, 3, 3, 1]],
    ["cut inside a character", [4], [4, 5, 4]],
    ["cut twice", [11, 2], [2, 7, 2, 2]],
  ] as const;

  describe.each([
    ["over its own connection in memory", true],
    ["over a connection of the test's own", false],
  ])("%s", (_, isOwn) => {
    test.each(cuts)("arrive %s", async (_, cut, lengths) => {
      const peer = new ScriptedPeer(script, { cut });
      const [near, far] = memoryPair();
      if (!isOwn) peer.accept(far);
      const transport = isOwn ? await peer.transport(NO_TARGET, signal) : near;
      const pieces = listen(transport);
      while (pieces.flat().length < 9) await new Promise((resolve) => setTimeout(resolve, 0));
      transport.write("<next/>");
      await peer.done;
      peer.end();
      await peer.over;
      expect(text(pieces)).toBe(whole);
      expect(pieces.map((piece) => piece.length)).toEqual(lengths);
      expect([...peer.cuts()]).toEqual([
        1,
        ...Array.from({ length: length - 1 }, (_, n) => [n + 1]),
      ]);
    });
  });

  test("cannot be cut where there are fewer than two", () => {
    expect([...new ScriptedPeer().cuts()]).toEqual([]);
  });
});

test.each([
  ["speed", { speed: 1 }, "an option of ScriptedPeer must be one of cut, tls"],
  ["cut", { cut: 0 }, "cut must be a whole number of at least 1, got 0"],
  ["cut", { cut: [1, -1] }, "cut must be a whole number of at least 1, got -1"],
  ["cut", { cut: "all" }, "cut must be a number of bytes, or a list of offsets"],
  ["speaks", { speaks: "X" }, 'speaks must be one of "S", "C"'],
  ["tls", { tls: 1 }, "tls must be true or false"],
  ["limit", { limit: 0 }, "limit must be a whole number"],
  ["timeout", { timeout: Number.POSITIVE_INFINITY }, "timeout must be a whole number"],
])("an option %s that cannot be used is named: %j", (_, options, message) => {
  expect(() => new ScriptedPeer("", options as never)).toThrow(
    expect.objectContaining({
      code: "BAD_OPTION",
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});
