/** The subprotocol that both sides name in the handshake (RFC 7395, 3.1). */
export const SUBPROTOCOL = "xmpp";
