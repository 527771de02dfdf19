import fc from "fast-check";
import { forbiddenSteps } from "../src/base/state.ts";

// Every run tries the same cases, so that a change is what makes a test fail; new cases are what `npm run fuzz`
// looks for. To try others here, change the seed.
fc.configureGlobal({ seed: 20261122 });

// A step that a table of states does not allow is a defect of the code.
forbiddenSteps.throws = true;
