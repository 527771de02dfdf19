/** What `xmpp-broker --help` prints. */
export const help = `xmpp-broker: see the four dialects of XMPP at work

Usage
  xmpp-broker demo                      everything on a server it starts itself
  xmpp-broker demo --dialect D …        the same, as one guest of a server of yours
  xmpp-broker --help | --version

Who logs in
  --dialect xmpp       --jid ADDRESS                     a client (RFC 6120)
  --dialect legacy     --jid ADDRESS [--plaintext]       a client from before XMPP (XEP-0078)
  --dialect component  --domain NAME                     a component (XEP-0114)
  --dialect jabberd2   --domain NAME --username NAME     a service on a jabberd2 router

Where
  --host NAME     the server (default: the domain of the dialect)
  --port NUMBER   its port (default: the dialect's)
  --tls POLICY    required, direct, opportunistic or plaintext (default: the dialect's)
  --ca FILE       certificates to trust, in PEM, instead of the system's

What is seen
  --trace         every element on the wire as well, without what is secret

The password, or a component's secret, comes from XMPP_PASSWORD or is asked for. It is never taken
from the command line, where others could read it. With NO_COLOR set, nothing is coloured.

Exit status: 0 all went well, 1 it failed (one line with the code), 2 wrong arguments.
`;
