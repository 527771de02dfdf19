import { ours } from "../../harness/ours.js";
import { idling } from "../driver.js";

const { Broker, component } = await ours("node.js");

export const { pass } = idling(async (port, n) => {
  const broker = new Broker({
    dialect: component({ domain: `bot${n}.example.net`, secret: "secret" }),
    host: "127.0.0.1",
    port,
  });
  broker.filter("/message/body", () => {});
  await broker.connect();
  return broker;
});
