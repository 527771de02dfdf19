/**
 * The goals that were set before anything was built, one line each. `value` takes the figure from the
 * goals that a bench returned. The goal is reached when the figure is at least `least` or at most `most`.
 *
 * @type {{ bench: string, what: string, value: (of: Record<string, number>) => number,
 *   least?: number, most?: number, unit?: string }[]}
 */
export const GOALS = [
  {
    bench: "parse",
    what: "complete trees, mixed stanzas, 16 KB chunks",
    value: (of) => of["mixed, 16 KB"],
    least: 3,
    unit: "× @xmpp/xml",
  },
  {
    bench: "parse",
    what: "the same beside saxes with a tree",
    value: (of) => of["mixed, 16 KB / saxes"],
    least: 5,
    unit: "× saxes",
  },
  {
    bench: "parse",
    what: "174-byte chat stanzas",
    value: (of) => of["small: chat of 174 bytes"],
    least: 3,
    unit: "× @xmpp/xml",
  },
  {
    bench: "parse",
    what: "OMEMO-like blobs",
    value: (of) => of["blob: OMEMO, vCards, bundles"],
    least: 6,
    unit: "× @xmpp/xml",
  },
  {
    bench: "parse",
    what: "disco and roster structure",
    value: (of) => of["struct: disco, rosters, rooms"],
    least: 3,
    unit: "× @xmpp/xml",
  },
  {
    bench: "parse",
    what: "chunks of 1–64 bytes",
    value: (of) => of["mixed, 1–64 B"],
    least: 2.5,
    unit: "× @xmpp/xml",
  },
  {
    bench: "parse",
    what: "a body of 3 MB in 16 KB chunks",
    value: (of) => of["one body of 3 MB, 16 KB MB/s"],
    least: 100,
    unit: "MB/s",
  },
  {
    bench: "parse",
    what: "the worst adversarial stream",
    value: (of) =>
      Math.min(
        ...Object.keys(of)
          .filter((key) => /^adversarial: [^/]*$/.test(key) && !key.endsWith("MB/s"))
          .map((key) => of[key]),
      ),
    least: 0.5,
    unit: "× @xmpp/xml",
  },
  {
    bench: "parse",
    what: "allocation",
    value: (of) => of.allocation,
    most: 4.5,
    unit: "bytes a byte",
  },
  { bench: "parse", what: "inputs judged wrongly", value: (of) => of.strictness, most: 0 },
  {
    bench: "serialize",
    what: "tree → string",
    value: (of) => of.string,
    least: 1.5,
    unit: "× @xmpp/xml",
  },
  {
    bench: "serialize",
    what: "tree → bytes",
    value: (of) => of.bytes,
    least: 1.5,
    unit: "× @xmpp/xml",
  },
  {
    bench: "filters",
    what: "one compiled filter",
    value: (of) => of["mixed one compiled × npm xpath"],
    least: 30,
    unit: "× npm xpath",
  },
  {
    bench: "filters",
    what: "10,000 mixed filters",
    value: (of) => of["mixed 10000 × npm xpath"],
    least: 10_000,
    unit: "× npm xpath",
  },
  {
    bench: "filters",
    what: "10,000 mixed filters cost, of ten",
    value: (of) => of["mixed growth"],
    most: 5,
    unit: "×",
  },
  {
    bench: "filters",
    what: "10,000 filters on @from cost, of ten",
    value: (of) => of["from growth"],
    most: 2,
    unit: "×",
  },
  {
    bench: "filters",
    what: "one filter that nothing indexes",
    value: (of) => of.unindexable,
    most: 0.2,
    unit: "µs",
  },
  {
    bench: "filters",
    what: "compile and register 10,000",
    value: (of) => of.register,
    most: 500,
    unit: "ms",
  },
  {
    bench: "filters",
    what: "add and remove one among 10,000, in traffic",
    value: (of) => of.churn,
    most: 20,
    unit: "µs",
  },
  {
    bench: "pump",
    what: "pump in, mixed",
    value: (of) => of["in mixed xmpp-broker"],
    least: 5,
    unit: "× @xmpp/component",
  },
  {
    bench: "pump",
    what: "pump in, small",
    value: (of) => of["in small xmpp-broker"],
    least: 8,
    unit: "× @xmpp/component",
  },
  {
    bench: "pump",
    what: "pump in with 10,000 filters",
    value: (of) => of["in mixed xmpp-broker, 10,000 filters"],
    least: 3,
    unit: "× @xmpp/component without any",
  },
  {
    bench: "pump",
    what: "pump in",
    value: (of) => of["in × PCJ, dated"],
    least: 100,
    unit: "× PCJ (dated)",
  },
  {
    bench: "pump",
    what: "pump out",
    value: (of) => of["out × the better of @xmpp/component"],
    least: 3,
    unit: "× @xmpp/component, awaited or not",
  },
  {
    bench: "pump",
    what: "pump out with XEP-0198, best of many short runs",
    value: (of) => of["managed out, best"],
    least: 0.9,
    unit: "× without",
  },
  {
    bench: "pump",
    what: "pump in with XEP-0198, best of many short runs",
    value: (of) => of["managed in, best"],
    least: 0.95,
    unit: "× without",
  },
  {
    bench: "idle",
    what: "memory of a connection, just connected",
    value: (of) => of["KB a connection"],
    most: 15,
    unit: "KB",
  },
  {
    bench: "idle",
    what: "the same after eight idle seconds",
    value: (of) => of["KB a connection, rested"],
    most: 15,
    unit: "KB",
  },
  {
    bench: "roundtrips",
    what: "CPU of a request, worst of all servers and roles",
    value: (of) => worst(of, "CPU of the peer's", Math.max),
    most: 0.5,
    unit: "of the peer's",
  },
  {
    bench: "roundtrips",
    what: "requests with 64 outstanding, worst of all",
    value: (of) => worst(of, "64 of the limit", Math.min),
    least: 0.8,
    unit: "of raw sockets",
  },
  {
    bench: "finding",
    what: "what a silent first address costs",
    value: (of) =>
      of["finding: xmpp-broker, first silent, 0 ms"] - of["finding: xmpp-broker, one, 0 ms"],
    most: 300,
    unit: "ms",
  },
  {
    bench: "size",
    what: "the whole entry, gzip",
    value: (of) => of["everything KB"],
    most: 61,
    unit: "KB",
  },
  {
    bench: "size",
    what: "a client for browsers, gzip",
    value: (of) => of["browser client KB"],
    most: 66,
    unit: "KB",
  },
  {
    bench: "size",
    what: "the same without the index, gzip",
    value: (of) => of["small client KB"],
    most: 61,
    unit: "KB",
  },
  {
    bench: "size",
    what: "a client for browsers less by, without the index",
    value: (of) => of["browser client KB"] - of["small client KB"],
    least: 5,
    unit: "KB",
  },
  {
    bench: "size",
    what: "xmpp-broker/xml, gzip",
    value: (of) => of["xml KB"],
    most: 18,
    unit: "KB",
  },
  { bench: "size", what: "jid alone, gzip", value: (of) => of["jid KB"], most: 5, unit: "KB" },
  {
    bench: "size",
    what: "BrokerError alone, gzip",
    value: (of) => of["BrokerError KB"],
    most: 2,
    unit: "KB",
  },
  { bench: "size", what: "installed", value: (of) => of["install KiB"], most: 1024, unit: "KiB" },
  { bench: "size", what: "packages installed", value: (of) => of["install packages"], most: 3 },
];

function worst(of, ending, choose) {
  const values = Object.keys(of)
    .filter((key) => key.endsWith(ending))
    .map((key) => of[key]);
  return values.length === 0 ? Number.NaN : choose(...values);
}
