import { XML_NS } from "./driver.js";

/**
 * Puts the trees of ltx and stanza, which keep names as they are written, into the compared form:
 * namespaces are looked up as those libraries' own methods do, up the parents.
 */
export function prefixedPlain({ attributesOf, namespaceOf }) {
  return function plain(element) {
    const attributes = [];
    const all = attributesOf(element);
    for (const key of Object.keys(all)) {
      if (key === "xmlns" || key.startsWith("xmlns:")) continue;
      const colon = key.indexOf(":");
      const prefix = key.slice(0, Math.max(colon, 0));
      if (prefix === "") attributes.push([key, all[key]]);
      else if (prefix === "xml") attributes.push([`{${XML_NS}}${key.slice(4)}`, all[key]]);
      else attributes.push([`{${namespaceOf(element, prefix)}}${key.slice(colon + 1)}`, all[key]]);
    }
    const colon = element.name.indexOf(":");
    return {
      name: element.name.slice(colon + 1),
      ns: namespaceOf(element, element.name.slice(0, Math.max(colon, 0))),
      attributes,
      children: element.children.map((child) => (typeof child === "string" ? child : plain(child))),
    };
  };
}
