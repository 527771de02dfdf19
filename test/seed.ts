import fc from "fast-check";

// Every run tries the same cases, so a test fails because of a change and not by chance. `npm run fuzz` looks for new
// cases. To try others here, change the seed.
fc.configureGlobal({ seed: 20261122 });
