/** Words of people, for the bodies of the corpus. */
export const ENGLISH = (
  "the of and to in we can see you at noon about that build broke again please look when you have time " +
  "no worries it works on my machine did anyone restart server yesterday thanks great idea maybe later " +
  "lunch today train is late again meeting moved half past three sounds good where are keys I think so " +
  "release notes need another pair eyes before we ship them tomorrow morning which branch was merged"
).split(" ");

export const FOREIGN = [
  "Привет, как дела?",
  "встретимся у входа",
  "今天下午三点开会",
  "わかりました、ありがとう",
  "안녕하세요",
  "Grüße aus Köln",
  "à bientôt, ça marche",
  "año nuevo, mañana",
  "👍",
  "🎉🎉",
  "😂 so true",
  "👩‍💻 on it",
];

export const WITH_ENTITIES = [
  "fish &amp; chips",
  "a &lt; b",
  "x &gt; y",
  "&quot;quoted&quot;",
  "it&apos;s",
  "&#x2014;",
];

export const NAMES = (
  "romeo juliet mercutio tybalt benvolio nurse paris rosaline hamlet ophelia horatio laertes gertrude claudius " +
  "yorick macbeth banquo duncan malcolm hecate prospero miranda ariel caliban viola orsino olivia malvolio feste " +
  "puck oberon titania bottom helena hermia lysander portia shylock antonio bassanio"
).split(" ");

export const DOMAINS = ["example.net", "example.org", "im.example.com", "chat.example.edu"];

export const RESOURCES = [
  "phone",
  "orchard",
  "Conversations.x1Zq",
  "gajim.8KQ2TF",
  "dino.91bd2a6c",
  "web-4411",
];

export const FEATURES = [
  "http://jabber.org/protocol/disco#info",
  "http://jabber.org/protocol/disco#items",
  "http://jabber.org/protocol/caps",
  "http://jabber.org/protocol/chatstates",
  "http://jabber.org/protocol/muc",
  "http://jabber.org/protocol/nick+notify",
  "http://jabber.org/protocol/xhtml-im",
  "urn:xmpp:avatar:metadata+notify",
  "urn:xmpp:blocking",
  "urn:xmpp:bookmarks:1+notify",
  "urn:xmpp:carbons:2",
  "urn:xmpp:chat-markers:0",
  "urn:xmpp:eme:0",
  "urn:xmpp:hints",
  "urn:xmpp:jingle:1",
  "urn:xmpp:jingle:apps:file-transfer:5",
  "urn:xmpp:jingle:apps:rtp:audio",
  "urn:xmpp:jingle:transports:ibb:1",
  "urn:xmpp:jingle:transports:ice-udp:1",
  "urn:xmpp:mam:2",
  "urn:xmpp:message-correct:0",
  "urn:xmpp:ping",
  "urn:xmpp:reactions:0",
  "urn:xmpp:receipts",
  "urn:xmpp:sid:0",
  "urn:xmpp:time",
  "jabber:iq:last",
  "jabber:iq:version",
];
