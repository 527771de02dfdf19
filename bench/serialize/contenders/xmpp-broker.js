import { ours } from "../../harness/ours.js";
import { serializerContender } from "../driver.js";
import { message } from "../words.js";

const { serialize, StreamParser, xml } = await ours("xml.js");
const CHATSTATES = "http://jabber.org/protocol/chatstates";
/** The context of every stanza there. */
const ON_A_STREAM = {
  ns: "jabber:client",
  prefixes: { stream: "http://etherx.jabber.org/streams" },
};

export const { prepare, pass, check } = serializerContender({
  parse(chunks) {
    const trees = [];
    const parser = new StreamParser({
      open() {},
      element: (element) => trees.push(element),
      close() {},
      error(error) {
        throw error;
      },
    });
    for (const chunk of chunks) parser.write(chunk);
    return trees;
  },
  write: (tree) => serialize(tree, ON_A_STREAM),
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
