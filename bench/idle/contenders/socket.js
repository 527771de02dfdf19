import { connect } from "node:net";
import { idling } from "../driver.js";

/** A socket that has said hello and listens. */
export const { pass } = idling(
  (port) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", reject);
      socket.on("data", () => {});
      socket.on("connect", () => {
        socket.write("<stream:stream xmlns='jabber:component:accept'>");
        socket.once("data", () => resolve(socket));
      });
    }),
);
