import { connecting } from "../connect/driver.js";
import { asks } from "./asks.js";

/** Makes a contender of a client. `load` imports its library, once this process asks the bench's servers; `make` is given it. */
export function finding({ load, make, connect, leave }) {
  let library;
  const driver = connecting({ make: (place) => make(library, place), connect, leave });

  async function prepare(place) {
    asks(place);
    library = await load();
    driver.prepare(place);
  }

  return { ...driver, prepare };
}
