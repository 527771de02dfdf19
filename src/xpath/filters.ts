/**
 * Everyday filters as XPath text. All select the stanza itself, so that they can be combined, as in
 * `` `${filters.chat}[@from='romeo@example.net']` ``.
 */
export const filters = {
  message: "/message",
  presence: "/presence",
  iq: "/iq",

  /** A message with a body in a one-to-one chat. */
  chat: "/message[@type='chat'][body]",
  /** A message with a body in a room. */
  groupchat: "/message[@type='groupchat'][body]",
  /** A message with a body outside any conversation; it may have no type (RFC 6121, 5.2.2). */
  normal: "/message[not(@type) or @type='normal'][body]",
  /** A message that announces or warns. */
  headline: "/message[@type='headline']",
  /** Any message with a body, except errors. */
  text: "/message[not(@type='error')][body]",

  /** A presence that says "available": it has no type (RFC 6121, 4.7.1). */
  available: "/presence[not(@type)]",
  unavailable: "/presence[@type='unavailable']",
  /** A request to see our presence. */
  subscribe: "/presence[@type='subscribe']",
  subscribed: "/presence[@type='subscribed']",
  unsubscribe: "/presence[@type='unsubscribe']",
  unsubscribed: "/presence[@type='unsubscribed']",

  /** A request for information. */
  iqGet: "/iq[@type='get']",
  /** A request to change something. */
  iqSet: "/iq[@type='set']",
  iqResult: "/iq[@type='result']",
  /** Any request. Exactly one answer is due. */
  request: "/iq[@type='get' or @type='set']",

  /** Any stanza that reports an error. */
  error: "/*[@type='error']",
} as const;
