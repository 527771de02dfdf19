/**
 * The stanzas of a busy connection, one function a kind. Each gets the shared `World` and returns
 * XML text. `w.el(name, attributes, ...content)` writes a tag in the quotes of the day, `w.text()`
 * a sentence that is already escaped.
 */
import {
  bundle,
  disco,
  discoItems,
  iqError,
  iqGet,
  iqResult,
  iqSet,
  jingle,
  roster,
  vcard,
} from "./iqs.js";
import {
  carbon,
  chat,
  chatState,
  groupchat,
  mam,
  omemo,
  pubsubEvent,
  receipt,
  shortChat,
  xhtmlIm,
} from "./messages.js";
import { NS } from "./namespaces.js";
import { mucPresence, presence } from "./presences.js";

const smRequest = (w) => w.el("r", { xmlns: NS.sm });
const smAnswer = (w) => w.el("a", { xmlns: NS.sm, h: String(w.r.int(1, 99999)) });

/** Kind and weight, as a busy client sees them. */
const MIXED = [
  [chat, 24],
  [groupchat, 11],
  [presence, 10],
  [mam, 9],
  [mucPresence, 8],
  [chatState, 5],
  [receipt, 5],
  [carbon, 5],
  [pubsubEvent, 5],
  [omemo, 4],
  [disco, 2.6],
  [discoItems, 0.8],
  [roster, 0.7],
  [xhtmlIm, 2],
  [jingle, 1],
  [iqGet, 3],
  [iqSet, 1],
  [iqResult, 2],
  [iqError, 1],
  [smRequest, 2],
  [smAnswer, 1],
  [vcard, 0.25],
  [bundle, 0.4],
];

/** @type {Record<string, [(w: any) => string, number][]>} */
export const PROFILES = {
  mixed: MIXED,
  /** As `mixed`, without characters outside ASCII. */
  ascii: MIXED,
  small: [[shortChat, 1]],
  blob: [
    [omemo, 6],
    [vcard, 1],
    [bundle, 1],
  ],
  struct: [
    [disco, 3],
    [discoItems, 1],
    [roster, 1],
    [mucPresence, 3],
  ],
};

/** A component's stream carries no stream management. */
export const COMPONENT_KINDS = MIXED.filter(([kind]) => kind !== smRequest && kind !== smAnswer);
