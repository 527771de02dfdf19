import { expect, test } from "vitest";
import { limitsOf } from "../../src/negotiate/open.ts";
import { parse } from "../../src/xml/read/parse.ts";

const LIMITS = "urn:xmpp:stream-limits:0";
const limits = (inside: string, ns = LIMITS): string => `<limits xmlns='${ns}'>${inside}</limits>`;

test.each<[string, number | undefined]>([
  [limits("<max-bytes>10000</max-bytes><idle-seconds>1800</idle-seconds>"), 10_000],
  [limits("<max-bytes>\n 262144\n</max-bytes>"), 262_144],
  [limits("<max-bytes>99999999999999999999</max-bytes>"), Number.MAX_SAFE_INTEGER],
  ["", undefined],
  [limits("<idle-seconds>1800</idle-seconds>"), undefined],
  [limits("<max-bytes/>"), undefined],
  [limits("<max-bytes>0</max-bytes>"), undefined],
  [limits("<max-bytes>-1</max-bytes>"), undefined],
  [limits("<max-bytes>1e4</max-bytes>"), undefined],
  [limits("<max-bytes>256 KiB</max-bytes>"), undefined],
  [limits("<max-bytes xmlns='urn:x'>10000</max-bytes>"), undefined],
  [limits("<max-bytes>10000</max-bytes>", "urn:xmpp:stream-limits:1"), undefined],
])("the features %s announce %s bytes (XEP-0478)", (inside, bytes) => {
  const features = parse(
    `<stream:features xmlns:stream='http://etherx.jabber.org/streams'>${inside}</stream:features>`,
  );
  expect(limitsOf(features).maxBytes).toBe(bytes);
});

test("a stream without features announces nothing", () => {
  expect(limitsOf(undefined)).toEqual({ maxBytes: undefined, idleSeconds: undefined });
});

test.each<[string, number | undefined]>([
  ["<max-bytes>10000</max-bytes><idle-seconds>1800</idle-seconds>", 1800],
  ["<idle-seconds>\n 60\n</idle-seconds>", 60],
  ["<max-bytes>10000</max-bytes>", undefined],
  ["<idle-seconds>0</idle-seconds>", undefined],
  ["<idle-seconds>1.5</idle-seconds>", undefined],
  ["<idle-seconds>half an hour</idle-seconds>", undefined],
])("the limits %s announce %s idle seconds (XEP-0478)", (inside, seconds) => {
  const features = parse(`<features>${limits(inside)}</features>`);
  expect(limitsOf(features).idleSeconds).toBe(seconds);
});
