import { xmpp } from "../../src/dialect/xmpp.ts";

export const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
export const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
export const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
export const SESSION = "urn:ietf:params:xml:ns:xmpp-session";
export const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";
export const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

export const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='c2s' from='example.org' version='1.0'>`;

/** The headers are exchanged. */
export const OPENING = `
  C: <stream:stream …>
  S: ${HEADER}`;

/** The connection becomes a protected one. */
export const STARTTLS = `${OPENING}
  S: <stream:features><starttls xmlns='${TLS}'><required/></starttls></stream:features>
  C: <starttls xmlns='${TLS}'/>
  S: <proceed xmlns='${TLS}'/>`;

/** The conversation of RFC 5802, 5. */
export const SCRAM = `${OPENING}
  S: <stream:features><mechanisms xmlns='${SASL}'>
     <mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>
  C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM</auth>
  S: <challenge xmlns='${SASL}'>
     cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==
     </challenge>
  C: <response xmlns='${SASL}'>
     Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==
     </response>`;

/** The server has proved itself, in success. */
export const PROVED = `${SCRAM}
  S: <success xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success>`;

/** A stream that offers this. */
export const features = (text: string): string => `${OPENING}
  S: <stream:features>${text}</stream:features>`;

/** The client asks for its resource. */
export const BINDING = `${features(`<bind xmlns='${BIND}'/>`)}
  C: <iq type='set' id='{id}'><bind xmlns='${BIND}'><resource>balcony</resource></bind></iq>`;

/** The server binds this address. */
export const bound = (jid: string): string =>
  `
  S: <iq type='result' id='{id}'><bind xmlns='${BIND}'><jid>${jid}</jid></bind></iq>`;

/** The account of the conversation, whose password is `pencil`. */
export const romeo = xmpp({ jid: "user@example.org/balcony", password: "pencil" });
