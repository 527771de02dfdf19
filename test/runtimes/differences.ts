import type { RuntimeName } from "./runtimes.ts";

/** A test of the tiers that fails on a runtime, and the reason. */
export interface Difference {
  /** The file, from `test/`. */
  readonly file: string;
  /** The full name of the test, as Vitest prints it with `>`. */
  readonly test: string;
  /** The property of the runtime. `docs/runtimes.md` has the same sentence. */
  readonly why: string;
  /** True if the test would wait for its time-out. It is left out then, and not tried. */
  readonly hangs?: boolean;
}

const BUN_NAMES = "Bun prints `<unsupported>` for an XMPP address in a certificate.";
const BUN_WS = "Vitest on Bun cannot put another module in the place of Bun's own `ws`.";
const BUN_GC = "Bun has no `--expose-gc`.";
const DENO_NAMES = "Deno prints the names in a certificate in a notation of its own.";
const DENO_SIGNALS =
  "Deno tells of a child that was sent a signal as ended by it, even if the child ended by itself.";
const DENO_DNS = "Deno gives no records where a name server fails, refuses, or names an alias.";
const RECORDS = "A TLS socket may give several records as one chunk.";
const DENO_TLS_TAKES_ALL = "A TLS socket of Deno takes all that is written to it at once.";

/**
 * The tests of the tiers that fail on Bun and Deno. All others pass. A test of this table that passes is an error too,
 * so the table stays true. Node 20, 22 and 24 have no rows.
 */
export const DIFFERENCES: Readonly<Partial<Record<RuntimeName, readonly Difference[]>>> = {
  bun: [
    {
      file: "base/fifo.node.test.ts",
      test: "a member that was taken is held no more, while others wait",
      why: BUN_GC,
    },
    {
      file: "stores/unread.node.test.ts",
      test: "the keys of what is removed while nothing is read are not all kept",
      why: BUN_GC,
    },
    ...[
      "a runtime whose ws takes no socket is CONNECT_FAILED, and our socket is dropped",
      "messages of 16 KiB at a time are given to ws > and an end of the server's before the last of them is none in order",
      "messages of 16 KiB at a time are given to ws > and none is given to it after the connection is dropped",
      "messages of 16 KiB at a time are given to ws > and none of a turn that is not over",
      "messages of 16 KiB at a time are given to ws > and one that is larger goes alone",
      "messages of 16 KiB at a time are given to ws > and the end comes behind them",
    ].map((test) => ({
      file: "transport/websocket/node-websocket.node.test.ts",
      test,
      why: BUN_WS,
      hangs: true,
    })),
    {
      file: "jid/jid.test.ts",
      test: "what would take long is bounded > a domain of more than twice the bytes it may have",
      why: "Bun's `URL` refuses an internationalized host that is longer than a domain may be.",
    },
    {
      file: "testing/certificate/certificate.node.test.ts",
      test: "a bare JID is the address of a client, as EXTERNAL wants it",
      why: BUN_NAMES,
    },
    {
      file: "testing/loopback/faults.node.test.ts",
      test: "split: every byte is written by itself, and nothing is lost, over TLS too",
      why: RECORDS,
    },
    {
      file: "testing/loopback/http/websocket.node.test.ts",
      test: "over wss > TLS is told as an event, as far as there is any",
      why: "An HTTPS server of Bun agrees on no application protocol (ALPN).",
    },
  ],
  deno: [
    {
      file: "broker/outage-process.node.test.ts",
      test: "a broker that waits keeps its process alive, and SIGTERM ends both at once",
      why: DENO_SIGNALS,
    },
    ...["ejabberd", "prosody"].map((habits) => ({
      file: "docs/redeployed-client.node.test.ts",
      test: `with the habits of ${habits} > examples/redeployed-client.js: three processes share one session, nothing is lost, and nobody sees it go`,
      why: DENO_SIGNALS,
    })),
    ...["leads to another name (CNAME)", "fails (SERVFAIL)", "refuses"].map((fault) => ({
      file: "lookup/dns.node.test.ts",
      test: `a DNS server on loopback > ${fault}`,
      why: DENO_DNS,
    })),
    {
      file: "testing/certificate/certificate.node.test.ts",
      test: "a bare JID is the address of a client, as EXTERNAL wants it",
      why: DENO_NAMES,
    },
    {
      file: "testing/certificate/certificate.node.test.ts",
      test: "the certificate says every name it was asked for",
      why: DENO_NAMES,
    },
    {
      file: "testing/loopback/server-options.node.test.ts",
      test: "the certificate is valid for the domain, its subdomains and this machine",
      why: DENO_NAMES,
    },
    {
      file: "testing/certificate/certificate.node.test.ts",
      test: "an expired certificate is refused as expired",
      why: "Deno refuses an expired certificate with the code `UNABLE_TO_VERIFY_LEAF_SIGNATURE`.",
    },
    {
      file: "transport/certificate.node.test.ts",
      test: "a certificate with > names and addresses is for the hosts that OpenSSL says",
      why: "Deno's `checkHost` knows no wildcards and no options.",
    },
    {
      file: "testing/loopback/faults.node.test.ts",
      test: "split: every byte is written by itself, and nothing is lost, over TLS too",
      why: RECORDS,
    },
    {
      file: "testing/loopback/faults.node.test.ts",
      test: "the faults of one connection > refuse is a reset for the client's TLS",
      why: "A TLS socket of Deno ends without an error when its connection is reset.",
      hangs: true,
    },
    {
      file: "testing/relay/cutting-relay.node.test.ts",
      test: "reset > lets so many bytes pass, and then does what it says",
      why: "Deno gives `EPIPE` where the others give `ECONNRESET`.",
    },
    {
      file: "transport/progress.node.test.ts",
      test: "progress over TLSv1.2 > grows while the peer reads, and stands while it does not",
      why: DENO_TLS_TAKES_ALL,
    },
    {
      file: "transport/progress.node.test.ts",
      test: "progress over TLSv1.3 > grows while the peer reads, and stands while it does not",
      why: DENO_TLS_TAKES_ALL,
    },
    {
      file: "transport/progress.node.test.ts",
      test: "progress over TLSv1.2 > joins the writes of many turns into pieces while the peer does not read",
      why: DENO_TLS_TAKES_ALL,
    },
    {
      file: "transport/progress.node.test.ts",
      test: "progress over TLSv1.3 > joins the writes of many turns into pieces while the peer does not read",
      why: DENO_TLS_TAKES_ALL,
    },
    {
      file: "transport/progress.node.test.ts",
      test: "TLS in the middle of a transport's progress > begins when all clear text is taken, and the counts go on",
      why: "A server on Deno must take the socket for TLS in the turn in which it read the client's wish.",
      hangs: true,
    },
  ],
};
