import { expect } from "vitest";
import { type Broker, type BrokerEvents, StreamError, xml } from "../../src/node.ts";
import { type Cell, conflictsOf, isClient, lastStateOf, NAME_TAKEN } from "./cells.ts";
import { address, message, ping, question, type Stage } from "./stage.ts";

/** One step of the scenario that every cell of the matrix goes through. */
export interface Step {
  readonly title: string;
  play(stage: Stage): Promise<void>;
}

export const SCENARIO: readonly Step[] = [
  {
    title: "connects and shuts down, and the events come in the order of the table",
    async play(stage) {
      const broker = stage.broker();
      const events = record(broker);
      await broker.connect();
      await broker.shutdown();
      expect(await broker.closed).toBeUndefined();
      expect(events).toEqual(eventsOf(stage.cell));
      expect(broker.phase).toEqual({ name: "idle" });
      expect(broker.transport).toBeUndefined();
    },
  },
  {
    title: "a message reaches another client, and its answer comes back",
    async play(stage) {
      const broker = await stage.connected();
      const text = `1 < 2 & "quotes" 'too' ]]> привет 👋🏽`;
      const there = stage.peer.waitFor("/message[body]");
      broker.send(stage.toPeer(text));
      const { stanza } = await there;
      expect(stanza.childText("body")).toBe(text);
      expect(stanza.attrs.from).toBe(broker.jid);
      const back = broker.waitFor("/message[body]");
      stage.peer.send(message(address(broker), `${text} back`));
      const answer = (await back).stanza;
      expect(answer.childText("body")).toBe(`${text} back`);
      expect(answer.attrs.from).toBe(stage.peer.jid);
    },
  },
  {
    title: "the server answers a request, and the answer is no event",
    async play(stage) {
      const broker = await stage.connected();
      const seen: string[] = [];
      broker.filter("/iq[@type='result']", () => seen.push("filter"));
      broker.on("received", ({ stanza }) => {
        if (stanza.attrs.type === "result") seen.push("event");
      });
      const { domain } = stage.server.clients.required;
      const answer = await broker.request(ping(domain));
      expect(answer.attrs).toMatchObject({ type: "result", from: domain });
      expect(seen).toEqual([]);
      expect(broker.pending.size).toBe(0);
    },
  },
  {
    title: "a request to nobody is answered with an error",
    async play(stage) {
      const broker = await stage.connected();
      const request = broker.request(
        ping(`nobody@${stage.server.clients.required.domain}/nowhere`),
      );
      await expect(request).rejects.toMatchObject({
        code: "STANZA_ERROR",
        condition: "service-unavailable",
      });
    },
  },
  {
    title: "a request that is not answered ends in its time-out",
    async play(stage) {
      const broker = await stage.connected();
      const request = broker.request(question(address(stage.peer)), { timeout: 50 });
      expect(broker.pending.size).toBe(1);
      await expect(request).rejects.toMatchObject({ code: "REQUEST_TIMEOUT" });
      expect(broker.pending.size).toBe(0);
    },
  },
  {
    title: "a request of another client is answered by who is responsible for it",
    async play(stage) {
      const broker = await stage.connected();
      const to = address(broker);
      await expect(stage.peer.request(question(to))).rejects.toMatchObject({
        code: "STANZA_ERROR",
        condition: "service-unavailable",
      });
      broker.respond("/iq/query", () => xml("query", { xmlns: "urn:example:question" }, "yes"));
      const answer = await stage.peer.request(question(to));
      expect(answer.attrs).toMatchObject({ type: "result", from: to });
      expect(answer.childText("query", "urn:example:question")).toBe("yes");
    },
  },
  {
    title: "a filter sees what matches and nothing else",
    async play(stage) {
      const broker = await stage.connected();
      const seen: string[] = [];
      broker.filter("/message[@type='headline']/body", ({ stanza, matches }) => {
        seen.push(stanza.attrs.from ?? "", ...matches.map(String));
      });
      const last = broker.waitFor("/message[body='last']");
      const to = address(broker);
      stage.peer.send(message(to, "not this one"));
      stage.peer.send(xml("message", { to, type: "headline" }, xml("body", {}, "this one")));
      stage.peer.send(message(to, "last"));
      await last;
      expect(seen[0]).toBe(stage.peer.jid);
      expect(seen[1]).toContain("this one");
      expect(seen).toHaveLength(2);
    },
  },
  {
    title: "what is sent before it is ready waits, and is flushed in order",
    async play(stage) {
      const broker = stage.broker();
      const numbers = ["one", "two", "three", "four", "five"];
      const deliveries = numbers.map((number) => broker.send(stage.toPeer(number)));
      expect(deliveries.map(({ state }) => state)).toEqual(numbers.map(() => "queued"));
      await broker.connect();
      expect(broker.queue.size).toBe(5);
      const arrived: string[] = [];
      const undo = stage.peer.filter("/message/body", ({ stanza }) => {
        arrived.push(stanza.childText("body") ?? "");
      });
      const sixth = stage.peer.waitFor("/message[body='six']");
      expect(broker.queue.flush()).toBe(5);
      broker.send(stage.toPeer("six"));
      await sixth;
      undo();
      expect(arrived).toEqual([...numbers, "six"]);
      // The peer may read a stanza before the sender is told of its fate.
      const last = lastStateOf(stage.cell);
      await expect
        .poll(() => deliveries.map(({ state }) => state))
        .toEqual(numbers.map(() => last));
    },
  },
  {
    title: "a wrong password is refused, after one attempt on the wire",
    async play(stage) {
      const written: string[] = [];
      const broker = stage.broker({
        password: "wrong",
        trace: ({ direction, text }) => {
          if (direction === "out") written.push(text);
        },
      });
      const events = record(broker);
      await expect(broker.connect()).rejects.toMatchObject({
        name: "AuthError",
        code: "AUTH_FAILED",
        condition: "not-authorized",
      });
      expect(written.filter((text) => ATTEMPT.test(text))).toHaveLength(1);
      expect(events.filter((event) => event.startsWith("auth:"))).toEqual([
        "auth:start",
        "auth:failure",
      ]);
      expect(await broker.closed).toMatchObject({ code: "AUTH_FAILED" });
      expect(written.join("")).not.toContain("wrong");
    },
  },
  {
    title: "a name that is taken is dealt with as the server does it",
    async play(stage) {
      const outcome = NAME_TAKEN[stage.cell.server][stage.cell.dialect];
      const first = await stage.connected({ resource: "same" });
      const second = stage.broker({ resource: "same" });
      if (outcome === "refused") {
        await expect(second.connect()).rejects.toMatchObject(
          stage.cell.dialect === "component"
            ? { code: "STREAM_ERROR", condition: "conflict" }
            : { code: "BIND_FAILED", retryable: true },
        );
        expect(first.phase.name).toBe("ready");
      } else {
        expect((await second.connect()).jid).toBe(
          isClient(stage.cell)
            ? `alice@${stage.server.clients[stage.cell.door].domain}/same`
            : first.jid,
        );
        if (outcome === "old ends") {
          const error = await first.closed;
          expect(conflictsOf(stage.cell)).toContain(
            error instanceof StreamError ? error.condition : error?.code,
          );
        }
      }
    },
  },
  {
    title: "after shutdown it connects again",
    async play(stage) {
      const broker = await stage.connected();
      await broker.shutdown();
      await stage.server.settled(1);
      await broker.connect();
      const there = stage.peer.waitFor("/message[body='again']");
      broker.send(stage.toPeer("again"));
      expect((await there).stanza.attrs.from).toBe(broker.jid);
    },
  },
];

/** Matches each element that carries credentials, or asks for a challenge. A login sends one of them. */
const ATTEMPT = /^<(?:auth|handshake)\b|^<iq\b[^>]*type=["']set["'].*jabber:iq:auth/;

/** The events that are about the connection. */
const EVENTS = [
  ...["connect", "connecting", "connected", "connect:failure", "stream:start", "stream:end"],
  ...["tls:start", "tls:success", "tls:failure", "auth:start", "auth:success", "auth:failure"],
  ...["bind:start", "bind:success", "bind:failure", "session:start", "session:success"],
  ...["session:failure", "ready", "shutdown:start", "shutdown:finish", "socket:error"],
  "socket:close",
] as readonly (keyof BrokerEvents)[];

/** Collects the names of all events of the connection, in order. */
function record(broker: Broker): string[] {
  const events: string[] = [];
  for (const event of EVENTS) broker.on(event, () => events.push(event));
  return events;
}

/** The events from `connect` to the end of `shutdown`, in a cell without failures. */
function eventsOf({ dialect, protection }: Cell): string[] {
  const tls = ["tls:start", "tls:success"];
  const binds = dialect === "xmpp" || dialect === "jabberd2";
  return [
    ...["connect", "connecting", "connected"],
    ...(protection === "direct TLS" ? tls : []),
    "stream:start",
    ...(protection === "STARTTLS" ? [...tls, "stream:start"] : []),
    ...["auth:start", "auth:success"],
    ...(binds ? ["stream:start", "bind:start", "bind:success"] : []),
    ...["ready", "shutdown:start", "stream:end", "socket:close", "shutdown:finish"],
  ];
}
