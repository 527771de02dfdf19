import { NAMESPACES } from "../../filters/sets.js";
import { ours } from "../../harness/ours.js";
import { factsOf, linkOf, pumpContender } from "../driver.js";
import { DOMAIN } from "../names.js";

const { Broker, component, xml } = await ours("node.js");

export const { prepare, pass, check } = pumpContender({
  async connect({ port, ca, filters = [] }, onStanza) {
    const broker = new Broker({
      dialect: component({ domain: DOMAIN, secret: "secret" }),
      host: "127.0.0.1",
      port,
      ...(ca === undefined ? {} : { tls: { policy: "direct", ca, servername: "localhost" } }),
    });
    broker.on("received", ({ stanza }) => onStanza(stanza));
    for (const filter of filters) broker.filter(filter, () => {}, { namespaces: NAMESPACES });
    await broker.connect();
    return linkOf(xml, (stanza) => broker.send(stanza));
  },
  facts: factsOf,
});
