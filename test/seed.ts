import fc from "fast-check";

// Every run tries the same cases, so that a change is what makes a test fail; new cases are what `npm run fuzz`
// looks for. To try others here, change the seed.
fc.configureGlobal({ seed: 20261122 });
