import { StringDecoder } from "node:string_decoder";
import xml, { Parser } from "@xmpp/xml";
import { serializerContender } from "../driver.js";
import { message } from "../words.js";

const CHATSTATES = "http://jabber.org/protocol/chatstates";

export const { prepare, pass, check } = serializerContender({
  parse(chunks) {
    const trees = [];
    const parser = new Parser();
    parser.on("element", (element) => trees.push(element));
    const decoder = new StringDecoder("utf8");
    for (const chunk of chunks) parser.write(decoder.write(chunk));
    return trees;
  },
  write: (tree) => tree.toString(),
  build(n) {
    const { to, id, body } = message(n);
    return xml(
      "message",
      { to, id, type: "chat" },
      xml("body", {}, body),
      xml("active", { xmlns: CHATSTATES }),
    );
  },
});
