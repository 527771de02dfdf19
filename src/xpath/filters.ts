/**
 * Everyday filters, as XPath text: to be used as they are, read, and combined, as in
 * `` `${filters.chat}[@from='romeo@example.net']` ``. All name the stanza itself.
 */
export const filters = {
  message: "/message",
  presence: "/presence",
  iq: "/iq",

  /** A message of a one-to-one chat that says something. */
  chat: "/message[@type='chat'][body]",
  /** A message in a room that says something. */
  groupchat: "/message[@type='groupchat'][body]",
  /** A message outside any conversation; the type may be left out (RFC 6121, 5.2.2). */
  normal: "/message[not(@type) or @type='normal'][body]",
  /** A message that announces or warns. */
  headline: "/message[@type='headline']",
  /** Any message with text to read, errors aside. */
  text: "/message[not(@type='error')][body]",

  /** Somebody is there (RFC 6121, 4.7.1: no type). */
  available: "/presence[not(@type)]",
  unavailable: "/presence[@type='unavailable']",
  /** Somebody asks to see our presence. */
  subscribe: "/presence[@type='subscribe']",
  subscribed: "/presence[@type='subscribed']",
  unsubscribe: "/presence[@type='unsubscribe']",
  unsubscribed: "/presence[@type='unsubscribed']",

  /** A request for information. */
  iqGet: "/iq[@type='get']",
  /** A request to change something. */
  iqSet: "/iq[@type='set']",
  iqResult: "/iq[@type='result']",
  /** Any request: exactly one answer is due. */
  request: "/iq[@type='get' or @type='set']",

  /** Any stanza that reports an error. */
  error: "/*[@type='error']",
} as const;
