import { LoopbackServer } from "../../src/testing/index.ts";

/** An example that writes to itself: its file, its address, its own settings, and the port that it goes to. */
export interface Example {
  readonly file: string;
  readonly jid: string;
  readonly own: Readonly<Record<string, string>>;
  readonly port: "client" | "component" | "router";
}

export const EXAMPLES: readonly Example[] = [
  {
    file: "xmpp-client.js",
    jid: "juliet@verona.example/balcony",
    own: { XMPP_JID: "juliet@verona.example/balcony", XMPP_PASSWORD: "wherefore" },
    port: "client",
  },
  {
    file: "legacy-client.js",
    jid: "romeo@verona.example/orchard",
    own: { XMPP_JID: "romeo@verona.example/orchard", XMPP_PASSWORD: "but soft" },
    port: "client",
  },
  {
    file: "component.js",
    jid: "echo.verona.example",
    own: { XMPP_DOMAIN: "echo.verona.example", XMPP_PASSWORD: "secret" },
    port: "component",
  },
  {
    file: "jabberd2-component.js",
    jid: "news.verona.example",
    own: {
      XMPP_DOMAIN: "news.verona.example",
      XMPP_USERNAME: "jabberd",
      XMPP_PASSWORD: "secret of the router",
    },
    port: "router",
  },
];

/** Starts a server with the accounts of all examples. */
export const startVerona = (): Promise<LoopbackServer> =>
  LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
    components: { "echo.verona.example": "secret" },
    router: { username: "jabberd", password: "secret of the router" },
  });

/** The environment in which an example reaches that server. */
export const environmentOf = ({ own, port }: Example, server: LoopbackServer) => ({
  ...own,
  XMPP_HOST: "127.0.0.1",
  XMPP_CA: server.ca,
  XMPP_PORT: String(server.ports[port]),
});

/** The lines that an example prints from its login on. */
export const linesOf = ({ jid }: Example): string[] => [
  `ready as ${jid}`,
  "received Note 1 to self",
  "received Note 2 to self",
  "received Note 3 to self",
  "closed",
];
