import { expect } from "vitest";
import { type Broker, type BrokerOptions, xml } from "../../src/node.ts";
import { SERVICE_DOMAINS } from "../servers/server.ts";

/** Makes a component of this domain. */
type Service = (domain: string, options?: Partial<BrokerOptions>) => Broker;

/**
 * One stanza of 600 KB, or of another size. (A server that closes with much of a stanza unread resets the connection,
 * and the reset may take the stream error with it.) The default limit keeps it from the server. Where the program allows it, the server ends the
 * stream in its own way, and a new stream may begin.
 */
export async function playOversize(
  service: Service,
  condition: string,
  size = 600_000,
): Promise<void> {
  const [careful, careless] = SERVICE_DOMAINS;
  const large = (domain: string) =>
    xml("message", { to: `me@${domain}` }, xml("body", {}, "x".repeat(size)));
  await using bounded = service(careful);
  await bounded.connect();
  expect(bounded.send(large(careful)).error?.code).toBe("TOO_LARGE");
  await using unbounded = service(careless, { limits: { sendBytes: 1_000_000 } });
  await unbounded.connect();
  unbounded.send(large(careless));
  const end = { code: "STREAM_ERROR", condition, retryable: true };
  expect(await unbounded.closed).toMatchObject(end);
  await unbounded.connect();
  expect(bounded.phase.name).toBe("ready");
}
