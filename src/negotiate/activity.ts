import { type Element, xml } from "../xml/element.ts";

/** (It is not in `NS`, which the parts of the package without a broker carry too.) */
const CSI = "urn:xmpp:csi:0";

/** True if the server wants to know whether the client is in use (XEP-0352, 4.1). */
export function takesActivity(features: Element): boolean {
  return features.child("csi", CSI) !== undefined;
}

/** Tells the server whether the client is in use (XEP-0352, 4.2). There is no answer. */
export function activity(isActive: boolean): Element {
  return xml(isActive ? "active" : "inactive", { xmlns: CSI });
}
