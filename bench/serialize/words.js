/** The chat message that `build` makes; the same for every contender. */
export const message = (n) => ({
  to: `romeo${n}@example.net/orchard`,
  id: `m-${n}`,
  body: `Neither, fair saint, if either thee dislike ${n} & so on`,
});
