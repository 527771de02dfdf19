/** The words that the two ends of a pump agree on. */

export const DOMAIN = "bot.example.net";
/** In the id of the message that asks for the corpus so many times: `pour-3.`. */
export const POUR = "pour-";
/** The id of the last message of an outbound pass. */
export const LAST = "last-of-pass";
/** The id of the answer to it. */
export const SEEN = "all-seen";
