// The exports of the package on every runtime. `Broker` itself stands in node.ts and index.ts, which give it the
// parts of their runtimes. Left out on purpose: everything inside stream/, negotiate/ and sasl/.

export type { Crypto, HashName } from "./base/crypto/crypto.ts";
export type { ListenOptions } from "./base/emitter.ts";
export { type ErrorCode, errorCodes } from "./base/error-codes.ts";
export { BrokerError, type ErrorFacts, isBrokerError } from "./base/errors.ts";
export type { Subscription } from "./base/subscription.ts";
export type { AckedBy, Delivery, DeliveryState } from "./contract/delivery.ts";
export type { BrokerEvents, KnownEndpoint, Ready } from "./contract/events.ts";
export type { BrokerOptions, Settings } from "./contract/options.ts";
export type { Outbox, QueuedStanza } from "./contract/outbox.ts";
export type { Phase, Step } from "./contract/phase.ts";
export type { AcksOption, UnackedChoice, UnackedOption } from "./contract/rows/acks-option.ts";
export type {
  ConnectOptions,
  FilterOptions,
  GivenAddress,
  RequestOptions,
  SendOptions,
  ShutdownOptions,
  StanzasOptions,
  WaitOptions,
} from "./contract/rows/call-options.ts";
export type {
  HeaderOverrides,
  HeaderSettings,
  InboxOptions,
  InboxSettings,
  KeepAliveOptions,
  KeepAliveSettings,
  LimitOptions,
  Limits,
  QueueOptions,
  QueueSettings,
  ReconnectOptions,
  ReconnectSettings,
  TimeoutOptions,
  Timeouts,
} from "./contract/rows/option-groups.ts";
export type { TlsOptions, TlsWithoutKey } from "./contract/rows/tls-options.ts";
export type { Runtime } from "./contract/runtime.ts";
export type { SessionState, UnackedStanza } from "./contract/session-state.ts";
export type { StanzaCounts, Stats } from "./contract/stats.ts";
export type { OutboxStore, StoredEntry, StoreFailure } from "./contract/store.ts";
export type { TraceEntry, TraceListener, TraceOption, TraceOptions } from "./contract/trace.ts";
export { type ComponentOptions, component } from "./dialect/component.ts";
export type { Dialect, Inbound } from "./dialect/dialect.ts";
export { type BindOptions, type Jabberd2Options, jabberd2 } from "./dialect/jabberd2.ts";
export { type LegacyOptions, legacy } from "./dialect/legacy.ts";
export { type XmppOptions, xmpp } from "./dialect/xmpp.ts";
export { escapeLocal, unescapeLocal } from "./jid/escape.ts";
export { type Jid, type JidParts, jid, sameJid, tryJid } from "./jid/jid.ts";
export type {
  Endpoint,
  Lookup,
  LookupFailure,
  LookupOptions,
  UrlEndpoint,
} from "./lookup/endpoint.ts";
export type { NegotiationEvents } from "./negotiate/events.ts";
export type { Disclosure, Login, LoginSettings } from "./negotiate/login.ts";
export type { Memory, Protection } from "./negotiate/memory.ts";
export { AuthError } from "./sasl/auth-error.ts";
export type { Password, PasswordRequest } from "./sasl/password.ts";
export type { Strength } from "./sasl/strength.ts";
export { type Addressed, isFromSelf, isFromServer } from "./session/origin.ts";
export type { PendingRequest } from "./session/requests/requests.ts";
export { type BoshOptions, bosh } from "./stream/bosh/bosh.ts";
export type { ChannelFactory } from "./stream/channel.ts";
export type { StreamHeader } from "./stream/header.ts";
export { type ErrorReply, errorReply, type ReplyChild, reply } from "./stream/reply.ts";
export { StanzaError, type StanzaErrorFacts, type StanzaErrorType } from "./stream/stanza-error.ts";
export { StreamError } from "./stream/stream-error.ts";
export type { WebSocketOptions } from "./stream/websocket/websocket.ts";
export type { FilterHandler, FilterMatch, Responder } from "./traffic/inbox/filter-match.ts";
export type { ConnectEvents } from "./transport/connect-events.ts";
export { type MemoryOptions, type MemoryTransport, memoryPair } from "./transport/memory.ts";
export type { TlsFacts, TlsPolicy } from "./transport/tls-facts.ts";
export type {
  Address,
  SecureOptions,
  Target,
  TlsSettings,
  Transport,
  TransportEvents,
  TransportFactory,
} from "./transport/transport.ts";
export {
  type AttributeNode,
  type AttributesInit,
  type Child,
  type DocumentNode,
  Element,
  isElement,
  type TextNode,
  type XPathNode,
} from "./xml/element.ts";
export { NS } from "./xml/namespaces.ts";
export { type ParseOptions, parse } from "./xml/read/parse.ts";
export { type Hole, type Xml, xml } from "./xml/template.ts";
export { XmlError } from "./xml/xml-error.ts";
export { filters } from "./xpath/filters.ts";
export { type FindOptions, find } from "./xpath/find.ts";
export type { XPathValue } from "./xpath/value.ts";
export { XPathError } from "./xpath/xpath-error.ts";
