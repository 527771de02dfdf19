import { ours } from "../../harness/ours.js";
import { parserContender, XML_NS } from "../driver.js";

const { StreamParser } = await ours("xml.js");

/** Wide enough for the 3 MB body; the rest are the defaults. */
const LIMITS = { limits: { bytes: 16 * 1024 * 1024 } };

export const { prepare, pass, check, verdicts, attack } = parserContender({
  start(onStanza, { defaults = false } = {}) {
    const parser = new StreamParser(
      {
        open() {},
        element: onStanza,
        close() {},
        error(error) {
          throw error;
        },
      },
      defaults ? {} : LIMITS,
    );
    return (chunk) => parser.write(chunk);
  },
  plain: function plain(element, inherited = "jabber:client") {
    const ns = element.ns ?? inherited;
    return {
      name: element.name,
      ns,
      attributes: Object.keys(element.attrs).map((key) => [
        key.startsWith("xml:") ? `{${XML_NS}}${key.slice(4)}` : key,
        element.attrs[key],
      ]),
      children: element.children.map((child) =>
        typeof child === "string" ? child : plain(child, ns),
      ),
    };
  },
});
