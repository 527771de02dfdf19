import { $msg, Strophe } from "strophe.js";
import { CHATSTATES, message, pumpContender } from "../driver.js";
import { DOMAIN } from "../names.js";

export const { prepare, pass, check } = pumpContender({
  connect({ port }, onStanza) {
    const connection = new Strophe.Connection(`tcp://127.0.0.1:${port}`, { protocol: "component" });
    connection.addHandler((stanza) => {
      onStanza(stanza);
      return true;
    });
    const link = {
      control: (id) => connection.send($msg({ from: DOMAIN, to: "x.example.net", id })),
      chat(n) {
        const { to, id, body } = message(n);
        connection.send(
          $msg({ from: DOMAIN, to, id, type: "chat" })
            .c("body")
            .t(body)
            .up()
            .c("active", { xmlns: CHATSTATES }),
        );
      },
    };
    return new Promise((resolve, reject) => {
      connection.connect(DOMAIN, "secret", (status) => {
        if (status === Strophe.Status.CONNECTED) resolve(link);
        if (status === Strophe.Status.CONNFAIL) reject(new Error("strophe cannot connect"));
      });
    });
  },
  facts: (stanza) => ({
    name: stanza.nodeName,
    type: stanza.getAttribute("type") ?? undefined,
    id: stanza.getAttribute("id") ?? undefined,
  }),
});
