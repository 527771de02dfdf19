// A page that logs in over a WebSocket, shows what goes over the wire, sends and receives.
import { Broker, websocket, xml, xmpp } from "xmpp-broker";

const byId = (id) => document.getElementById(id);
const login = byId("login");
const compose = byId("compose");

/** The most lines of the trace and of the talk that are kept. */
const MOST_LINES = 500;

let broker;

// An address in the page's own address fills in the form: index.html?jid=juliet@localhost&url=ws://…
for (const [name, value] of new URLSearchParams(location.search)) {
  const field = login.elements.namedItem(name) ?? compose.elements.namedItem(name);
  if (field !== null) field.value = value;
}

login.addEventListener("submit", (event) => {
  event.preventDefault();
  broker?.halt();
  byId("wire").replaceChildren();
  const { jid, password, url } = Object.fromEntries(new FormData(login));
  try {
    broker = new Broker({
      dialect: xmpp({ jid, password }),
      // Without an address the host-meta of the domain is asked. In clear only what is named so goes.
      ...(url !== "" && { transport: websocket(url) }),
      tls: url.startsWith("ws:") ? "plaintext" : "required",
      reconnect: true,
      trace({ direction, text }) {
        if (text !== "phase") show("wire", direction, `${SIGNS[direction]} ${text}`);
      },
    });
  } catch (error) {
    showPhase("idle", error);
    return;
  }
  const one = broker;
  watch(one);
  one.connect().catch((error) => {
    // The end of a broker that was replaced is of no interest.
    if (one === broker) showPhase("idle", error);
  });
});

byId("leave").addEventListener("click", () => broker?.shutdown());

compose.addEventListener("submit", (event) => {
  event.preventDefault();
  const { to, body } = Object.fromEntries(new FormData(compose));
  const delivery = broker.send(xml("message", { to, type: "chat" }, xml("body", {}, body)));
  const state = show("talk", "out", body, delivery.state).querySelector("small");
  const update = () => {
    state.textContent = delivery.state;
  };
  delivery.written().then(update, update);
  delivery.acked().then(update, update);
  compose.elements.namedItem("body").value = "";
});

const SIGNS = { in: "S:", out: "C:", event: "--" };

function watch(one) {
  one.on("phase", ({ to }) => {
    if (one !== broker) return;
    const { name } = to;
    if (name === "negotiating") showPhase(name, undefined, to.step);
    else if (name === "ready") showPhase(name, undefined, `as ${to.jid}`);
    else if (name === "waiting") showPhase(name, to.error);
    else showPhase(name);
  });
  one.on("ready", ({ resumed, jid }) => {
    if (!resumed) one.send(xml("presence"));
    const to = compose.elements.namedItem("to");
    if (to.value === "") to.value = jid;
  });
  one.filter("/message[@type='chat']/body", ({ stanza, elements: [body] }) => {
    show("talk", "in", body.text(), stanza.attrs.from);
  });
}

function showPhase(name, error, detail = "") {
  const phase = byId("phase");
  phase.dataset.phase = name;
  phase.toggleAttribute("data-failed", error !== undefined && name === "idle");
  phase.textContent = `${name} ${error === undefined ? detail : `(${error.code}: ${error.message})`}`;
  const isReady = name === "ready";
  for (const field of compose.elements) field.disabled = !isReady;
  byId("leave").disabled = name === "idle";
}

function show(list, kind, text, note) {
  const line = document.createElement("li");
  line.className = kind;
  line.textContent = text;
  if (note !== undefined) line.appendChild(document.createElement("small")).textContent = note;
  const all = byId(list);
  all.append(line);
  if (all.childElementCount > MOST_LINES) all.firstElementChild.remove();
  all.scrollTop = all.scrollHeight;
  return line;
}
