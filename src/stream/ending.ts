import type { BrokerError } from "../base/errors.ts";
import type { XmlError } from "../xml/xml-error.ts";

/** The end of the server's side, once nothing more can be read: its footer, the end of its half, or a fault. */
export type ChannelEnding =
  /** `text`: the footer as the trace shows it. Default: that of RFC 6120. */
  | { readonly by: "footer"; readonly text?: string | undefined }
  | { readonly by: "half" }
  | { readonly by: "fault"; readonly error: XmlError | BrokerError };
