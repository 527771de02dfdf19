import { beforeAll, describe } from "vitest";
import { redeploying } from "../real/redeploying.ts";
import { startLoopback } from "../servers/loopback.ts";
import type { Server } from "../servers/server.ts";

describe.each(["ejabberd", "prosody"] as const)("with the habits of %s", (like) => {
  let server: Server;

  beforeAll(async () => {
    server = await startLoopback("off", { management: { like } });
    return () => server.close();
  });

  redeploying(() => server, "plaintext");
});
