import { createRequire } from "node:module";
import { openStanzaParser } from "../../parse/contenders/stanza.js";
import { serializerContender } from "../driver.js";
import { message } from "../words.js";

const require = createRequire(import.meta.url);
const { XMLElement } = require("stanza/jxt");
const CHATSTATES = "http://jabber.org/protocol/chatstates";

export const { prepare, pass, check } = serializerContender({
  parse(chunks) {
    const trees = [];
    const write = openStanzaParser((element) => trees.push(element));
    for (const chunk of chunks) write(chunk);
    return trees;
  },
  write: (tree) => tree.toString(),
  build(n) {
    const { to, id, body } = message(n);
    const element = new XMLElement("message", { to, id, type: "chat" });
    element.appendChild(new XMLElement("body", {}, [body]));
    element.appendChild(new XMLElement("active", { xmlns: CHATSTATES }));
    return element;
  },
});
