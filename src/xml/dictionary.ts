const NOTHING = Object.freeze(Object.create(null)) as object;

/**
 * A plain dictionary that inherits nothing: `"toString" in attrs` is false and a key `__proto__` is
 * a key like any other. (An instance of a class with an empty prototype costs less than half of
 * `Object.create(null)`.)
 */
export const Dictionary = function Dictionary() {} as unknown as new () => Record<string, string>;
Dictionary.prototype = NOTHING;

/** A `Dictionary` that will stay empty most likely, with no room in it. */
export const EmptyDictionary = function EmptyDictionary() {} as unknown as new () => Record<
  string,
  string
>;
EmptyDictionary.prototype = NOTHING;

// V8 gives all instances of a constructor the room that the first seven of them came to need: here for
// four attributes, and for none. What is more goes to an array of its own.
for (let i = 0; i < 8; i++) {
  new EmptyDictionary();
  const common = new Dictionary();
  for (const key of ["from", "to", "id", "type"]) common[key] = "";
}

/** The prefixes of an element that declares none. */
export const NO_PREFIXES: Readonly<Record<string, string>> = Object.freeze(new Dictionary());

/** The attributes of a tag that has none so far. */
export const NONE: Record<string, string> = Object.freeze(new Dictionary());

/**
 * A string of its own: one that was cut out of another would keep that alive. As it comes from the key
 * of an object, engines have one string for all of the same text, and need not look into two of them
 * to see whether they are equal: so elements are written a tenth faster.
 */
export function unique(text: string): string {
  // (An object without a prototype: another would teach V8 a new shape for each text.)
  const keys = Object.create(null) as Record<string, undefined>;
  keys[text] = undefined;
  return Object.keys(keys)[0] ?? text;
}
